--
-- PostgreSQL database dump
--


-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alarms; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alarms (
    id bigint NOT NULL,
    reason text NOT NULL,
    place text NOT NULL,
    most bigint NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    told_at timestamp with time zone,
    end_told_at timestamp with time zone
);


--
-- Name: alarms_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.alarms ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alarms_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: dead_letters; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dead_letters (
    id bigint NOT NULL,
    origin_topic text NOT NULL,
    origin_partition integer NOT NULL,
    origin_offset bigint NOT NULL,
    origin_group text NOT NULL,
    digest bytea NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    buried_at timestamp with time zone NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL,
    redriven_at timestamp with time zone,
    redriven_by text,
    dismissed_at timestamp with time zone,
    dismissed_by text
);


--
-- Name: dead_letters_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.dead_letters ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.dead_letters_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.history (
    request_id uuid NOT NULL,
    id bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor text,
    action text,
    state text,
    text text,
    details jsonb,
    traceparent text,
    value bytea,
    published_at timestamp with time zone
)
WITH (toast_tuple_target='8160');


--
-- Name: history_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: ledger_counts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_counts (
    id bigint NOT NULL,
    name text NOT NULL,
    n bigint NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');


--
-- Name: ledger_counts_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.ledger_counts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_counts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: mail_outcomes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mail_outcomes (
    request_id uuid NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    cause_id text NOT NULL,
    template text NOT NULL,
    message_id text NOT NULL,
    attempt integer NOT NULL,
    reply text,
    retry_at timestamp with time zone
);


--
-- Name: owed_mails; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.owed_mails (
    event_id text NOT NULL,
    request_id uuid NOT NULL,
    template text NOT NULL,
    since timestamp with time zone NOT NULL,
    failed_at timestamp with time zone,
    settled_at timestamp with time zone,
    settled_by text
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');


--
-- Name: processed_commands; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.processed_commands (
    source text NOT NULL,
    command_id text NOT NULL,
    processed_at timestamp with time zone NOT NULL
);


--
-- Name: read_positions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.read_positions (
    reader text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL
)
WITH (fillfactor='50');


--
-- Name: requests; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.requests (
    request_id uuid NOT NULL,
    work_number text NOT NULL,
    service text NOT NULL,
    service_title text NOT NULL,
    service_title_fi text NOT NULL,
    role text NOT NULL,
    language text NOT NULL,
    authentication text NOT NULL,
    channel text NOT NULL,
    queue text NOT NULL,
    state text NOT NULL,
    assignee text,
    submitted_at timestamp with time zone NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    closed_at timestamp with time zone,
    retention_days integer NOT NULL,
    body_digest text NOT NULL,
    sealed_contact text NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    phone text NOT NULL,
    email text NOT NULL,
    business_id text,
    name_key text NOT NULL,
    email_index bytea NOT NULL,
    personal_code bytea,
    personal_code_index bytea,
    answers jsonb NOT NULL
)
WITH (toast_tuple_target='8160');


--
-- Name: skipped_records; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.skipped_records (
    id bigint NOT NULL,
    reader text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    first_offset bigint NOT NULL,
    next_offset bigint NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    settled_by text
);


--
-- Name: skipped_records_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.skipped_records ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.skipped_records_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: work_number_sequence; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.work_number_sequence
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 99999999
    CACHE 1;


--
-- Data for Name: alarms; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alarms (id, reason, place, most, began_at, ended_at, told_at, end_told_at) FROM stdin;
1	mail-failed		1	2026-11-26 01:19:34.510546+00	\N	\N	\N
2	dead-letter		1	2026-11-26 01:19:34.510546+00	\N	\N	\N
\.


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0006
\.


--
-- Data for Name: dead_letters; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.dead_letters (id, origin_topic, origin_partition, origin_offset, origin_group, digest, reason, detail, buried_at, key, value, headers, redriven_at, redriven_by, dismissed_at, dismissed_by) FROM stdin;
1	requests.submitted	3	0	tracker.submitted	\\x3d373d9b132cba74a3e94709c05cdbe303e000b4840ad85cef63f8d4efcb7d48	no-event	ce_specversion is not 1.0	2026-11-26 01:19:32.271018+00	\\x706f69736f6e	\\x6e6f7420616e206576656e74	[]	\N	\N	\N	\N
\.


--
-- Data for Name: history; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.history (request_id, id, event_id, type, occurred_at, actor_kind, actor, action, state, text, details, traceparent, value, published_at) FROM stdin;
5a624bf0-5d4d-51bb-9633-36ad00c9e681	1	01a2156f-ae2f-736a-ae3c-320bfb42cde3	request.registered.v1	2026-11-26 01:19:30.351677+00	system	\N	register	received	\N	\N	00-c5ebd7168497aeab5b8884643c60f05a-3a3d73b83c38d3b3-01	\N	2026-11-26 01:19:30.609444+00
e7e47506-35a6-59d6-8be8-38c0fb9802e4	2	01a2156f-af4a-7376-96c5-d8d8bc9da1f6	request.registered.v1	2026-11-26 01:19:30.634737+00	system	\N	register	received	\N	\N	00-7ccba2f1a3c6412268aeafdc57bb96d7-cd955d0de79fc387-01	\N	2026-11-26 01:19:30.689661+00
7a036108-c9ad-5244-847f-5a3c5b742343	3	01a2156f-af4b-725a-9aba-75c0a9b62dee	request.registered.v1	2026-11-26 01:19:30.635086+00	system	\N	register	received	\N	\N	00-9bf06ac9952feff026b9901ee390f643-560aec2a250551a3-01	\N	2026-11-26 01:19:30.689661+00
54b65f70-c161-5e8a-a1dd-54e58f89d0a1	4	01a2156f-af4b-725a-9aba-75c1411478d1	request.registered.v1	2026-11-26 01:19:30.635289+00	system	\N	register	received	\N	\N	00-3c266730c0c351f40fd3648c7a4dbf9b-723411331117f294-01	\N	2026-11-26 01:19:30.689661+00
05338432-1221-535a-b684-d154c11249ab	5	01a2156f-b13f-77f8-b7a8-1f5d5e16bb61	request.registered.v1	2026-11-26 01:19:31.135184+00	system	\N	register	received	\N	\N	00-34325f47b65b9621c9ddda180405dc9e-9aa7e0da5fe0759d-01	\N	2026-11-26 01:19:31.175681+00
3b92335f-b936-5ba9-a613-7422ac712aee	9	01a2156f-b4f2-77f7-91ec-74f36bccd95b	request.registered.v1	2026-11-26 01:19:32.081999+00	system	\N	register	received	\N	\N	00-07910feffc1443112f6a42003851dbcd-e6977d0fcf4db123-01	\N	2026-11-26 01:19:32.213642+00
7a036108-c9ad-5244-847f-5a3c5b742343	6	01a2156f-b2bc-728a-a031-f9f72ad5e3c7	request.resolved.v1	2026-11-26 01:19:31.516193+00	client	backoffice	resolve	resolved	Lasku on lähetetty.	\N	\N	\N	2026-11-26 01:19:31.593069+00
54b65f70-c161-5e8a-a1dd-54e58f89d0a1	7	01a2156f-b337-755f-ba58-45742e01fee9	request.assigned.v1	2026-11-26 01:19:31.639011+00	client	backoffice	take	in_progress	\N	\N	\N	\N	2026-11-26 01:19:31.754761+00
54b65f70-c161-5e8a-a1dd-54e58f89d0a1	8	01a2156f-b39a-7286-abff-09b47ea10031	request.state_changed.v1	2026-11-26 01:19:31.737682+00	client	backoffice	ask_customer	waiting_for_customer	Mikä on laskun numero?	\N	\N	\N	2026-11-26 01:19:31.92255+00
9ef812df-a00f-5a41-b9c9-0805f6866d4b	10	01a2156f-c57f-7410-9c26-51b096d94a42	request.registered.v1	2026-11-26 01:19:36.319627+00	system	\N	register	received	\N	\N	00-c1a307b382a8259750f73aa4eba8c2cd-58227eb2603271fa-01	\N	2026-11-26 01:19:36.442067+00
f37154b6-7979-5f60-add4-0d6eb6777726	11	01a2156f-c69e-71b7-946a-2d60d7975c71	request.registered.v1	2026-11-26 01:19:36.606079+00	system	\N	register	received	\N	\N	00-bfa51d1062d943c9f6cb31c97e4b101a-b4c047f60964eb9a-01	\N	2026-11-26 01:19:36.699756+00
\.


--
-- Data for Name: ledger_counts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.ledger_counts (id, name, n) FROM stdin;
14	receipted	5
15	numbered	6
16	resolved	1
17	numbered	1
18	numbered	1
\.


--
-- Data for Name: mail_outcomes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.mail_outcomes (request_id, event_id, type, occurred_at, cause_id, template, message_id, attempt, reply, retry_at) FROM stdin;
e7e47506-35a6-59d6-8be8-38c0fb9802e4	405970a4-4190-5078-9747-8ca3b8b11dc8	mail.sent.v1	2026-11-26 01:19:30.858416+00	01a2156f-af4a-7376-96c5-d8d8bc9da1f6	receipt	<01a2156f-af4a-7376-96c5-d8d8bc9da1f6.receipt@kunta.example>	1	\N	\N
54b65f70-c161-5e8a-a1dd-54e58f89d0a1	5e4528ed-fb24-5aa7-be08-336bdca4117c	mail.sent.v1	2026-11-26 01:19:30.858416+00	01a2156f-af4b-725a-9aba-75c1411478d1	receipt	<01a2156f-af4b-725a-9aba-75c1411478d1.receipt@kunta.example>	1	\N	\N
5a624bf0-5d4d-51bb-9633-36ad00c9e681	9eba5810-73e6-51d1-8f0d-a6023e118f3c	mail.sent.v1	2026-11-26 01:19:30.779308+00	01a2156f-ae2f-736a-ae3c-320bfb42cde3	receipt	<01a2156f-ae2f-736a-ae3c-320bfb42cde3.receipt@kunta.example>	1	\N	\N
7a036108-c9ad-5244-847f-5a3c5b742343	200e3fdb-ba9e-5187-babb-b2851ebda4e0	mail.sent.v1	2026-11-26 01:19:30.858416+00	01a2156f-af4b-725a-9aba-75c0a9b62dee	receipt	<01a2156f-af4b-725a-9aba-75c0a9b62dee.receipt@kunta.example>	1	\N	\N
05338432-1221-535a-b684-d154c11249ab	deba968e-d66e-5920-a6bc-e156e450e9eb	mail.sent.v1	2026-11-26 01:19:31.26565+00	01a2156f-b13f-77f8-b7a8-1f5d5e16bb61	receipt	<01a2156f-b13f-77f8-b7a8-1f5d5e16bb61.receipt@kunta.example>	1	\N	\N
7a036108-c9ad-5244-847f-5a3c5b742343	4f0c67db-6039-5445-8e7f-7d52024394c0	mail.sent.v1	2026-11-26 01:19:31.824548+00	01a2156f-b2bc-728a-a031-f9f72ad5e3c7	resolution	<01a2156f-b2bc-728a-a031-f9f72ad5e3c7.resolution@kunta.example>	1	\N	\N
54b65f70-c161-5e8a-a1dd-54e58f89d0a1	f21e852b-0ea9-52cc-9690-e8753df03bbf	mail.sent.v1	2026-11-26 01:19:31.991894+00	01a2156f-b39a-7286-abff-09b47ea10031	question	<01a2156f-b39a-7286-abff-09b47ea10031.question@kunta.example>	1	\N	\N
3b92335f-b936-5ba9-a613-7422ac712aee	7c7365a1-27c0-57d6-b8d7-d70233a0c573	mail.failed.v1	2026-11-26 01:19:32.266973+00	01a2156f-b4f2-77f7-91ec-74f36bccd95b	receipt	<01a2156f-b4f2-77f7-91ec-74f36bccd95b.receipt@kunta.example>	1	5xx	\N
\.


--
-- Data for Name: owed_mails; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.owed_mails (event_id, request_id, template, since, failed_at, settled_at, settled_by) FROM stdin;
01a2156f-b4f2-77f7-91ec-74f36bccd95b	3b92335f-b936-5ba9-a613-7422ac712aee	receipt	2026-11-26 01:19:32.081999+00	2026-11-26 01:19:32.266973+00	\N	\N
01a2156f-c57f-7410-9c26-51b096d94a42	9ef812df-a00f-5a41-b9c9-0805f6866d4b	receipt	2026-11-26 01:19:36.319627+00	\N	\N	\N
01a2156f-c69e-71b7-946a-2d60d7975c71	f37154b6-7979-5f60-add4-0d6eb6777726	receipt	2026-11-26 01:19:36.606079+00	\N	\N	\N
\.


--
-- Data for Name: processed_commands; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.processed_commands (source, command_id, processed_at) FROM stdin;
\.


--
-- Data for Name: read_positions; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.read_positions (reader, topic, partition, next_offset) FROM stdin;
tracker.submitted	requests.submitted	1	0
tracker.submitted	requests.submitted	5	1
tracker.submitted	requests.submitted	0	1
tracker.submitted	requests.submitted	3	1
tracker.submitted	requests.submitted	2	3
tracker.submitted	requests.submitted	4	3
\.


--
-- Data for Name: requests; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.requests (request_id, work_number, service, service_title, service_title_fi, role, language, authentication, channel, queue, state, assignee, submitted_at, registered_at, due_at, changed_at, resolved_at, closed_at, retention_days, body_digest, sealed_contact, first_name, last_name, phone, email, business_id, name_key, email_index, personal_code, personal_code_index, answers) FROM stdin;
5a624bf0-5d4d-51bb-9633-36ad00c9e681	549774797	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	received	\N	2026-11-26 01:19:30.090872+00	2026-11-26 01:19:30.351677+00	2026-12-01 14:00:00+00	2026-11-26 01:19:30.351677+00	\N	\N	365	4c53d71c2d34a666234125f50c4e0f27	931f7843.EegfUSFqGeOFbKC6kHWh3JJAB3y3a49PN2hBNu0_l3AWAxAcFrPUT3R5QqD-qLvEY64srYcZgV9Rf29a_Q9EVucSQViPY6P-lpBjcFWa1v5xP0YM2WMUCx5iR5sLZ8ZbknMpYfZnDPGmFsme_MUJqB5hV3Q60Mreh338ymGoSdH_rsWUrAZT4HF4S4qxtZCIOGr_Akm_Zu7fckeRpLpssCrfXvM55QO_QyRU7hweaTBTJgACJPZyYmwfLvmhPM7Adz4JxiB_b--mippSBVf1PWsIWsVltMgjU2Cz5oLFhpi5OF2H89QN5OoV7oKNjuzK1TYFyJPxclDDoSMpQXlSRNerNzczzergWBPks-y9j2_Kd1MwEQmhyrJGRYpfLHxBgVbtWir30lCqhFRGrzluMkfauqIdbfInqLSb9UW8tMY3w33fV-TLjLOjJ1rD9BfpTlLN_hgGlElE3OWrTecFm_fpckr2ugjTAZJbRoHCLflJ-J72VYelO5zo-bqClOvwaR0r_AyDqbqfwU-fcokigW1_C-ivLM4TqfDJ5Z3BM7sZvO7ARm0y-kmWp9q6vp4HloU_Rqzke0Bxviyh7833OcuHwWDBBZskyxKln1Zv19IRqgFw79pFOQsez47xC_C0gDM9QFjMhd9HZk6oL8RWqfxSrE0ZB8rZOXqxYHU7KfETkmvAhwI7uOZor7tFmS3zb6srGQ0RNw2QfJgJ1VboSN5F61fhaszKoZsVlEm1FwwC8EmUIS3hLAcZpdTBQrvXX9UO7NGn6WobPCUOockQrFAUheA7gsldgJuoUg6eWb-oFIj5DESNBgJAzEr11Rig9CVYSL7D18waU19L7jywDFvDZMOOdQ_FmSn7JpNBrRRSv-nHhZSJoyTLmPrnc9Mn1SxyRkAXGM32nq61d7eYITJJzqVWfCrtqk6wCUqWEDss9GPrjP0cSgNnTlF0Z4dtGZocu2kvR_PVDAGmm0hacOsJbDKbV3uWyP_ElWUWLr9tNV_2Gapu1wgePTnCKhnlKqv1_9kr2TYC1bRwwQlFRiLiUvQb_ax_-hfqNUTtK2Tpd4KMDdAB0ryKAUTZEn373LvrwGKQ7BNs3I2eE4TdCCFySLyNTGo8Y957rW215-MjTAJ2WUjbd4AG5pF4Ld-YJRJmKMQND9svNXAj2d_FckVb4_04SlBzNWW0J_v8Uy8J-nD2D3LG_v8WQGi5yO3lHst2kb4PkmQ2owLg2LPAmozFdRuHm23JotMcJPg7INfOxUR7PmjxLwy7kXW1Dt31f8qRRgdRnoCGDLNNQZ7d4QtT8zW1qbTlmAdrnZQzg3XIR9rVpYbrWK4Vu11DwXXpWp_QxMYbht4gIkilOlPl6AY_xXiHDOc7h3tHWvzAhinoh8VxuT50wUG3NSpXWXwjNtv3_-XV0_SUiaTCY2DkpoVK9zyDXe71OvH_zkNWsogVPgKdtQBlOLUp29DFkkSTCVp8Afy5YwsIsd5Mu8FwMdbYcS2rX6x8wLthy6R1tsYD46EU5Ep59CkvXgmMoHg1Jl_xzInWndrnNuQwmVyuNkSGkDMh3Vl5q1IHszW9LP9BIQ8	Anna	Mallikas	0401234567	anna.0@esimerkki.fi	\N	mallikas anna	\\x4511f78b0d960c362f6d447b3e6d2ce4	\\x01a7035529c110f50dd63983fd3d58ee47c1149587d3a2a8575b57b49cd1b4a20afc46bc98c3c575	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
e7e47506-35a6-59d6-8be8-38c0fb9802e4	225386690	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	received	\N	2026-11-26 01:19:30.170195+00	2026-11-26 01:19:30.634737+00	2026-12-01 14:00:00+00	2026-11-26 01:19:30.634737+00	\N	\N	365	5d1ae36335c78e674fcada41055288df	931f7843.PjiXQzLnBLSEBcFurXLUSxS1Ayn2FHr3zhpoF3RpvBVo1RN6RrZzs89uPDLYv-c4PjxWJJJD51fNPlDL-Vbjhxr1MQzLlTkGBgnxizUpKQoOJGQyBfNAmdEQqiBsIIO6YHBSNq2yOAJyC6cQbdXS9Iyx_TGc_6CIZqmOjIPyzJySnrz3fOxfgsKJb8J5ORYrYK2bBFGluUd26gaUrWPGUAnVRJHLfX-9hlq8iE6R-TNFGf6qX-KaCtfWwHAADMvbLdxZeO4NReNeLi0KEpZzouaOFA0FEpl5HrNZlnxDJb8Ah8IOccqZ3eqCvOG5EJ8OF4own__lVfTts4i0g3nqQsdbGXzMijYzBSAXe8RkJYTLRrtY3ifIZJHgUYMLdV7qDgGUplSG-jDMdJOsqOyYm07dCU8sl4VuDr75sWD3NwDCKUamhAIxUsJP4e-47fxJDLaLpvdzP3VvJBD3rkQG6qhFMXyMvBBXKqON3axoh7eG3XPHK3G0TjMrmoza8Ru3jIV3vuQ-195svwIsf07wbcWTFy4FepBfax6fN9uH8tjc_60OjIFhEDMfWuC6G9qPylCn6OHtrYJeVDwPlRmERSLsGWdqge6_HCw8k3eFIdG1oy9uGprIJrPpF08oBexehiUME5MlDRwhMGfpne9enoyl1PbCGgc2jSHpuFchi4bjZDqgwrK_PwyaUZXvMbaHzxe2Gx8IJ96ap3-p-IOEIS8SA8MW0v13kj_z5zdScalxanf-2z_4aWtgUPoTfvhhVw96P5WDvYMj9GY4TCrktQbe2zmZ2GkQkToLw32NcGkroSxbB7vCpHofMoWcRdqfkQr2197lF2E22FN4sXbdxM-26CYEocmW-nTjH9_UOFpO_stvA3z6Qqj3QWhBxjnCuSjD-1PwQzq10Riw5zmXE5_4h-JQbzq44aw4YjOjtu6cuzyKluc2vyGEV70BB68vM6E-KIZCVzqXiFThPndFA-mkogPAUykSnd8XoJvwD_kYkwmrMAUxaygWHWchoglwZvL-3ijIAssLgVSwK8lee1s2fXePm3VBRZ6gNx__ITZiZp67h3Wt-5c9TEJOOXene7T5ck6ke3klngTYVwEJEWLCnOrLakQ-rb8KWJ_2QTC02h-B7KNit21g_uzcFs23PgzqnVM0W_AdCM98gEqHBM0arEzupLmOq_U6219LyYB_QsxS70zGJM7ZbanBGvRNMbYKMhwibitfFGvI8h4bcGyDqTlpyw0Ms4Y6yfQPD1h2cL8geLRT0Om-3PeL8vYKlA0uhM2oL-vnx4nf6RhpRlerBHOY5x630SZ31_rdfjrKgxVR55jh430fZ3ZkrKb0_6iHmanwijVxMqPNotVP0Bf7aiOKrXFqge5CSYOOi-K-RMHCKlHYmvPyuNxf0WkVLGq4RU0Ovz55tyBAm63v5wmaEpvtYOseKWJsaplcrt4Y_wrEcwLbAHgqfYf7XQahuSkWl2WILWda4i2QQeaFA6EjhQCb0dkuXdmWjoTk4peP-jGbhc_fbLZlbX-ilLU1obdGZwVs9PVgrUW5lgwWYchSHUpLKyfwx0SostrXugKXLec	Anna	Mallikas	0401234567	anna.1@esimerkki.fi	\N	mallikas anna	\\x3fe9fa4ee470961690a475354e045434	\\x01ec8b98b79af888a2d047dab6d92976eefc66178308a8bf0b26e9ed4b3dbacdfee154653577b073	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
05338432-1221-535a-b684-d154c11249ab	494653812	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	received	\N	2026-11-26 01:19:30.202085+00	2026-11-26 01:19:31.135184+00	2026-12-01 14:00:00+00	2026-11-26 01:19:31.135184+00	\N	\N	365	19121319fc18517db341cfa7f5314cc2	931f7843.ALw2vY0qodd6lRdZVTnI7a5M8t1oa8BRGPZUjyftzqx7FayKI2U3nILxpQHAvldp_iFvxhQKth9kO5UBj3h4TOeJKj44nGCrEVQ1At5eMhU4tAWiQS5og-_GpA4CBwxl0xgumaNgYelDkYbAfNnDPgxBBvwE-SnfpgKFkmB3B9uPIUS4EdIM9vYx-kTabGX5WYuA629MhMNfuDV9IJgRTzvadz1Avs-4JqjJSE7K5LcyVz1UTDrDXbGx6Pife-6LKEWPccvIldF3r_yc5blJZNU2tYJZCtIO5vmoiPZM_5MLe40vTf-7PvecfZ7Nf6biYSxAtZfuPol8GY9QSGg4CFp_qMCOxSnvokKmvRO4yhqu5_tqS0EQd-PS1v6RR9rBp20t0V_LDhJo3HaMzkyBHW6WiyzbMiul-njk0FmsCypJmYvef_YOvqPzk_T6tdSef0yqh0F4rztXGClUMkxuJJiCTI8fxcx6DWHqs9XidEgA0wS9oWEo6e9Q7toE3L2shLReRD_zvz_C5v8xYBYjL2-t2o7fByHX1QFKa7Op7-9sC0X7wFFgTKhVI3dHLKWrwS6rlkWlduqzYa2CL2e_zNzvMk2I5W4Tr5b0FBz-j8a9NiAH7pNHuZEhzIToemFAbYJMnHx_YMQDBHYMt9Ktv5K2FTEYUNInITIZcGi-njtABpyGYnjzXeTYMza5Tu5ADMiOF8OEmWvJkgeRrYdGCP4kjEwkmAL8Uj9qk74SG_iai8CsyhWPOLFtOPxJRZ2ds8Cr_-mh_noV1Nh1zn5oXDgmOKOgezVblE025nVvTV6ZlotCCpiGfLNHIXhGmScwRwMHfjrkovNbNd9SZk4WBbZzTazHY62FkoInWprcOwXYT6S7sjBUBXzRSX7biUi9VCEWdOpu7itqwdDbDU65w8YRSS3BQbw9clZIM70R_d11vRVKcyCsVfLSgae6AL25Ioxi67xxR90hnDNmfBwoORlfTVcctLKyICV6vCMN_9r3VjPqkEz1ET9zpCTY_fjYNw0cp_gHvaNwF1dHhwdVdBcWPQ4bHjTPD6jofQwuRT3f72s6jf3shMW1G-rCoBPbK5TNo4vOtoGJAF_cJrnDrsDzWt1xWAUDICyN1-C1SVFDYiKVI02-R2u-FlOL5c2RgL3IBKf9yTrbmSxMO5rP5U2Y9LZsy1uvhAG6nNQI7AFnzVOpXmakD8fNQAtx_5d3xDujoypfSiBLPSdrwJMlt9hAA9N6yDmTTQ67ASrCogMISOqu3KpCbHVAs2_yShDHUiMbyBmKTSisqieS2SOKI0ckEXEnoewBXQxwqNKVaMvePRLYsolV06PQnDNkfG_LB0DVCI0WmcMSb3HE8CYxBALITfNjnGpB-qtMTd32vufByNeh3lv6mmXaryee-flp8mYW7UX9ZV4wUAB_LWJGFHVfyNLc7HBg0NH8qqAlmEeOQRGf6R37k9wK586jh3kzlH9wn4vgt-vO1gfl2Rl9VX98QsSY9CPI4UwWx7HQ1M_wH5-3rHjtRBxamzzS9zV9nspvdGGZsOXIrlqGSFCgjrLiNCgxIGCAVrAlqyzaI6YO1DQ	Anna	Mallikas	0401234567	anna.2@esimerkki.fi	\N	mallikas anna	\\xed7055bdbfe26870b3f573d77daf2f1c	\\x013b3f5ee7b3c87e5af4d7fb7c4832ca897a40bd73d99c64b6c5f10c820b2904f76a835dd8cbd95f	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
7a036108-c9ad-5244-847f-5a3c5b742343	003872918	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	resolved	\N	2026-11-26 01:19:30.354065+00	2026-11-26 01:19:30.635086+00	2026-12-01 14:00:00+00	2026-11-26 01:19:31.516193+00	2026-11-26 01:19:31.516193+00	\N	365	c52972161c2b9df549dd9e6e4f315e22	931f7843.z8_YjtsIgEh7mhtjYIjXgz0cydCX8aaLoQM6wqVFplRQpCT9Zh6cyGlc7miIAqCSoOaymejmXe85FX6I_vOq0pYX97jQZe3tZnX2KgjwqOaktV7S3Wnkm-a_TNZex6AS9qjTasRphsYO3RHhmOPnn6jLo3qQGOza0yrOeUczt_vRQw6yFkoexAHJOYJRgh19f-Io5txV8eAIq-WExSN_Rk4TQCBvszA-aOMDL6NICsCpKdSGEU3V-eGwMw25X6OlTQvnLx68mJXCxMfBI6sZKv3QHdQkW255Uzhu1iiCtTredb2o5oIG5eS595rF8ZbkKirmOLpI29pKunHpDnR7Nya6Y7jpzULfJbSlu7FonL3p21xGApVXq5Gp41oaASOEb9kKeyGbBYCNE0avSqoddcuMyu-rEJfOORyhbs_lGes-rG5OcDVtz4KFzFe_iZ9MQJhu1RjIEcYJ0blYWdsKPlncpVnJ1FhF_ljKcd-pajkbpbdRQlOLxYilAvBw3NWBasLgHCBraPF5MRVVGTgXgc-Yp7Ug96-MPccm2Q8-ThTT2pFxR_QzUwBdEdEdpAJ1FITMH7Ct8oYv0h2BFEV3cONrBfNopRWIJFRfTyURVh27fRebQVUyjGF-JTwO1gihDJTCJtxT4pny0-ooFsojp3EGQJRu-oVba-EYIg9hiJbXq6WcVWZsrWDWdFa3VIKjgeX5SE4ewa-JnZEn4__xyPaDefgEoZlgPGjAeclO1dtHP2H15j20sQbainC3x_4FtYmpUAP7QCojLTRxvNAS-AjNwnfdrpJonHTKpyzvnO0dGHsHT40SjwLBwLWUeeTmXmjqdoLyV32fH0NtgBEZsl-K14vbpCGZFylU4or8uwLWwRubZQox9aWgrTlrQ_zIIUxHBGZWsiLUkfFlNZfxxCk7xqCj2RSvMmmJwEQdSVXiK8C_jBGvN6OuCeB_VqCwdutkLH7fC0o8CAcbw-mE9Ps7CVIW2zvtsG4B1mvcc_nIeWIctgoFr6KlGqAGG5abiUp0_q4lMn1a0_jYNlxppavQZUH6wYGYtcfXCM3a0YpEOneiMu2eM4tNtsGvTl59JDyQBKaLYApwso3DrGS1HAwMbzU58rYmEe9Pnmczf1mZ7xTouSm3mWogSPSN2vkmdkTqECMcd_-1bF4Pd8k7JTELV1MrjKU4cV1xREQmooWJCus7AQRCzoq32jD49EUdxR79pOAGd5w7gR39lHW_Xg3gQBfXBC_kOf_h3gs3t1Lfu27WFir3UJIK7RconcY4pWqDywNXCHvUyXtgvDL37kzJ-REyV-cogdT9mU25vL_3HzcqHuSORoYmoYxlNsKNqcmE7HRh3SGn_PBkcG-fgPwwExg3N5YtxuGKSPp4avdWyaoaOhgSHMB8Tp8fiTcmEetIqffIaFvIV6G4yaYGUTvaadh0xT-S5vHmn_MCm7HWXvzIoPyuQw0TsFJNrONf-WRbs2gcOu7ANgITHT7EIJ5OJ09j2PbzATPM7p5D5IsXDJitLBO8nBDxSOqpcoadznHsAXY2QxRhJ6wF-X8buSpucazSYUA1lar3POOsLuUQDw	Anna	Mallikas	0401234567	risto@esimerkki.fi	\N	mallikas anna	\\x41985bc2beccf8f115c2c50f8c1d44fb	\\x01515f6ba42eee8fd2805b0aa669efd4dd75765185551d32c3e0973f692227ab4479d19a9e5ac2c3	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
3b92335f-b936-5ba9-a613-7422ac712aee	787560885	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	received	\N	2026-11-26 01:19:32.01858+00	2026-11-26 01:19:32.081999+00	2026-12-01 14:00:00+00	2026-11-26 01:19:32.081999+00	\N	\N	365	daaa58dc401546dabb39f53bd488ce20	931f7843.Ugefwx3vmtOZ5VFJQTqjDv54n-DTPpllOiGZfZdESDxWnO30VmUXbsBcRpAfUsb6fF7xLAUQD7dHRYRtqxvw234ZEu08hApZBtSt5qYU_fMQhX5z8_XhyZ4dB59VE1o4qhUYs8-DNKrkLCHf-Et0a79SUw4LwakOemy33i5p8iwSiuUTiHEAmdWzmo1FGFK82lcqolZdMe3JtM8i3DN8Au12ADmJlNt9XI8luaz91ouFw6eikRIraireo7Cxd720agle_b5K2N-soqLF71lp2spmUcXl5WoasJT5nDgynoi8yODEbyEuhAyJCPN8wwMjoOWbotQ4ckiNdxG0aNSbTL5baKC8k8pTbCsFuPmBgXu_e489s00qZD1RfGL2kZ9qdrxuNFCMpZbToHNzjSBT_Nk_X5fJxILbA44NTn9av_quxVB-fc-fpm11IQqlgBm4Tfrydxi3TJKgUYJT4zJ0vpcKTE91VbMHS6eZATe8b0l1nTdGvltKa5gD3acXN5icXrO_4fGy8duPJWij71CUOBs4bcp3GqyxK4wu2w0mCWVW0TZOHOSfVlryhpHGOPPo23X2-DVCf4hXvdNCkCZLgR1aV-PU2Il7mUkasKZ-y8cvQeRjDhq8452l98aHgxx3JD3p21xdCV0WcZ0hPozX6KuxzCBcAbzBqk-aT82fzZHpAqd_kCPv_Cg2dLmpaE-smh0E_JgU4XLOPafmKwws9LPoSnr31CBIkgB9CSePz-EdJs3t2Ygr3iRFvpdVKeYivKvbG2IzVtRdT_agzlMZtYSMljbccjV66FZx3gVr8zNB_tsWPEJOpRtwA2FbLEkGn3pxHuBRf2NMUJXmespB5AxKqEcpI31ZIBGxr9aE9GG0xHIuHCJLo_oAblWZ6UcFb0Z8pJOt41BsBnIh8h7NNyJtX7O-npxhK5iNFYGyXHsjPeHe3NnlWX-SUOCpYizC9E_5r2wW4L41Q6oL1wAliPHhlRdNWoWZzHfB492hJe7ThWqFAbAF9cr3VOpEZe8ezzl8eswnhgOR26iCmU9mfeOi3NSIwf52VHdTz50QtPNbxCTjnd8x77d80OndUtFE5opGg9xYPGhXKNxDDFL9mI4Tj_rJ87N3yattM2Smg8ArXND1FNNGx3Iqs0mrMmqXodVIGeVSDBKNdNfsiGaE60VHFuxW1o3ZFLhK4Kiy9uo-b_8zrhq5XtMNOZdNkSxhNb7xjHm7EsADRR17Z-h2wNpWBmdfJY1a7emoc1I-ADyPBpJCsH8JuRdQ16b-brqhG2Emt9ZO7X2wuvQlG5gVRozh3a_u19RNROXpIaFTLaKb_lsAt7JptO6S8lXhGRu3lyuEAmn06GMpYyETl5Ez9-DksGs5KNLVxnvREuKRex7wl9RDZ9wuCjWXC_ltGV2yNEF3VI7NGqXSuBxK_hbZSuS7OkAccrFiYKHuBSufjDHCVFmtY3to3YubSjtYIh2RUuLMbr4TzrtBcwlai79meKHGr4mfli6iM_vLWZpvYmO2HrJQx3MffYdDga8y8Asp5pxUnkNvGqPjjiZHMjPx8uaOHdj94tUTeBjdf5yH-A1-inCshzI	Anna	Mallikas	0401234567	perm-fail@esimerkki.fi	\N	mallikas anna	\\xf421f4dc10c44ee6983d88ab108653a2	\\x01494643bb5b6159a862c467bb1f55404928a4df9b3a53389af11f5488b105e94704afff731c4b94	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
54b65f70-c161-5e8a-a1dd-54e58f89d0a1	669804905	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	waiting_for_customer	backoffice	2026-11-26 01:19:30.388381+00	2026-11-26 01:19:30.635289+00	2026-12-01 14:00:00+00	2026-11-26 01:19:31.737682+00	\N	\N	365	b595108fd4b5f58bbca88ceb4debee27	931f7843.HKL9o1GPeB0CB1QhZDRgbAWKpQLnrkm1TVW79jFvbYgAJ8WkOI31E8hzZnrt1ffz9628831d8zhFPu7crRMa9rS2XnvmFGlZL3d4nGC5UejwRzVuu0_gauKG7DLkgYwKDp-IgGI2qfIdHs4AF3vW60HUVL1olIPD63mjuTrlR9EMkBdd1XKf9AdePV5xcB6XRb0cw-qcIL5lBgAnb1VF8ybXAiXrEaNaf1dcm6Qzo_kViOlF-WJpAb_c5NoKjjxqKvKuNNb3yzOQPu2foBKK0lppp8qsQa7XWan-G1eGr7gE00grM4snn82GvzYJt4jsIvh5UWHRygu5-S6rQA6Xx8RbyYWHLVrUCKG4GAD_wzOHCBZq8KVvX9h955lWE3sIyJloHfc_-FV5lYJbRa-6uz1WXehYNJchnldnaO9kDmxiAaO9Cx8_6Mh_BQ8IokysNhLQ4GrBCrMxR0qYZruSj2UMd38n8TL8r07NaaZLZi5ytegCVlrg6nBs7IYbTA0Ac6BvDD_bLYFIwKPqP9zGnxkciieauajP5dB1bL1kD7KsuazqL5y7GwvsMClWf5DBz8RzaWYjZCXW2Dt6ur14IdLCKpj9-Y1H_26CDQScbJphzuHJf1YfGRgSVn-u836mnr-CoHAktz0CcpjVu6d2NReOJiBT6-7Xor95HqYbIMkm8tFJBmrKfaQzNCi-yP-KzeqipUmd7nHS3VgzXV3FHSsNnhE0uX__u5M-M8ylV3jmlo8xVV3yXwvbk5hIw6dbDcRpjqd_Y8-etOGFoLT1ICW5mZta9-7p7X-5UdyQ78pKmpzLYJWmRqZIogF1s2n8PsZMARmj22WWTon9SAnESuivZgR5cCSSVKyA4kLemKsNW_msMRRXEd8XD_B1kU35ru0LBZ8q6nVWqE9SAN-yX7sU-5kzd004pipcSYRkjtOn6TDa0K9rkQD2aG-4ikGcyKGWsal-YSlMUT6fGudDd5edSYDkoKvvrA_1gGc2jb2gosvS4LJHHopIHFLuhwt-jY12pLSyAk98rRyfgCxSl9HL56-D_z8XyRmrP1qQnR6ypNSESkutrCzQXENgvlt87oqlgAUT2qAll8-j6cdifalhX25qset3yvCX6OYbrpZz1UycZLvGHRjy-zatswRqF-96EuVP_6tRyh2qfnLTWRSxIQVcIpj00gKQK-JMQeM2lgUn9qS43wpS4VACITy2Im5JO9pKuzRBmDWBZVx5PmRyYLkiqBOS1qLnbv7lZd_BK-iANTZCk8PyqW_Q5ATXW_iiQhw_DqcW_4Ua8Ok2I1zlXAnLGu4d24udD5owL_UIdTGHz50qX01BbW7W12cAybq1_qHXaMADCKeBFcYGdtib0QbXrcv5X6EBv41QF5RBVOOP1h27wxFYSKWkLotPC4lrTJujSPbjU7_tXpGFuhvwnccmbLguLvxf1gTjQI0C8QCa91iJW2oJ4yeUxVPYL_fOvPfh6J6n6lHMuO7mQehvh_hp449plXxwvzyTxsfrfgLG5Xhl1lJSGKdpMWcW9sRm3N7S6IKNH5qQGtszpBNxJa3H3Ev4yi_4Dp_iGzQeww	Anna	Mallikas	0401234567	ville@esimerkki.fi	\N	mallikas anna	\\x6876d402b60a8327180666a137118990	\\x0123fea5f5bab8d974fbec547cbc2816c20349d0775b83362844d8e7c31d7bf8f6adb47f21c5e19d	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
9ef812df-a00f-5a41-b9c9-0805f6866d4b	358177075	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	received	\N	2026-11-26 01:19:36.311202+00	2026-11-26 01:19:36.319627+00	2026-12-01 14:00:00+00	2026-11-26 01:19:36.319627+00	\N	\N	365	54df0e84ca234c316d935c2bed64c122	931f7843.PwzmgActbhjcVdKlCtq-QNMm50h5K4AcxAhp1u5ESvC2X15hFRtxzHlzRPhoEnPXxVlQ1E8fJ2wBVTeM2UwypBZ59AzNa6Z8FKuAUWZo4f7eNc1i0hA-CcAIvpC3oWtZ6QOYx4nNyVERLmrKsmUnBjAOIS_A8L2q6mcfk-WbYY6sF4c8R6JeQ0fMcM-Cw9XGYfMq4Ae_W-YnohYVeOskwHaYvlpliTTyEEBAas-M2rxM3cl2Tb8nLFroS6W61c-2vHNXlf4V9H4K38T85pvSWxqY_-bEKWPYRRJsW0kJ11qsL0lOS0GvtYVJgxIzhOqbSwvussJ76m8YZ7HGnh0BNboA3uTjPNn0xDUqPnVxEM4QJnwVZQl19M2ohUuuNaM4BH3kU1Vq11khIxUXkNrIPNvRE1eRL-XQ1rvcqcTzLZPZE7YZfIn01siQpMUzSKBGi2ziLfbjc0l5JpHSE7ziu3Px4aCvv1mkSNwd3d26sO-xdZh9OTVnLX12ctHDXeJX9aRruLc5FsiAR-_jtqrzOgR2W3Bs0T7E2Ab47dM0LotB7JlImFXkBcdl8gjiNl68LQYmoJWFAOkPWq_px92xs18FjE9RpSDz3gz_8XJItGXNJXlC1-X2Bz_CB7DfzSb0Zwze_GCpl0Dbx2Yn_KyAJ-MvPa6HgGuvktvFSGh-lLOX1GHrdgmiiMDD0w0xlnNvYcqJ2Vpa3IPzhVsGxKb33LVWhgbvG-C2ZmZCHIOFMsH_bfr1bMAz0Frjl91dhHxbYElt660Eel7w3isltBOXLTfrbRfmvUqatswdqsyXxB1rKMoIRS4ntURid291HpWBPN88efmxn2zqsnNl1co5FtmTvBKanGJBdE_CW6iIN-il_d1RqnCyM1kVKfdn3a2tPOoKQN8MZPxRUFdJVqOeRGv8sNGjC87C55YOpATsK1tYDKyKuiuw45Tfs7pVPzJq2df1OtReTLU4ucCx1dvE4r2oeCkU3f3iN6rLo-WfSzbuYHA86d5UP_FpzV_SYqjA_EXMes4zYvnCVvPjdP6ngredNNgt2xl1nhnmlCwpxR2fIwXze1jGsppxCqRnG9h07cbh8HCX4H02ueDC0dynxpTxz2HAA14ja5w1kcBeqqR5sNEHeJAWbl7KMw-s93UcAjz49NfgBOYL6ZIIogiVvqfgmpSznBlIO383P1Ulq1L6ZzjVPowiij4KJ7jrA1yCDd-JQsegfKZQ_7PckrhYJNoSnrUTJmPTzIRAtn1VIvOyE0UTMIAYcK-gCW-fuPfOI71QDwbWgh1a20uJJl36tICy02zxaAb2TDol8G4QOowOsmqMcQX0VjMWxVY99WLUiBNUIVCtouYjeWF8k886bUa3dhK4_am6rQdki5QPuatA1waUViDVOOoFMy1r7401DWUVVqQiFgRTNPalIXi3dIlG1mtGMbxiHW_k1SxPhzQufJlp3XilvCS_Z-HzCc49UlKJ9jo-j54AIJsEdoeXM6wsJjBN7jAuEeqe9f5nBLnKFd3bgZbDhGyqTggB1FfR-ElYwMfRD4ecDuD9h8oW7fyC2hczqTHnuWnWZD5vrZmNUkc	Anna	Mallikas	0401234567	unto.0@esimerkki.fi	\N	mallikas anna	\\x5cb1bb41c050f195c1211a95f46e6dab	\\x010d604c4c9395ef69b60de7a3131f7ac0e7c2152d9a63c5ba3881afe17f8331bd553b93e75f057d	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
f37154b6-7979-5f60-add4-0d6eb6777726	834445549	pyyda-laskukopio	Pyydä laskukopio	Pyydä laskukopio	person	fi	none	api	laskutus	received	\N	2026-11-26 01:19:36.471666+00	2026-11-26 01:19:36.606079+00	2026-12-01 14:00:00+00	2026-11-26 01:19:36.606079+00	\N	\N	365	2e96e1f45ff222abaf80eb879e231196	931f7843.nC_GZYGKzl-fzKkzycDz9ZGh-KHcvpWqLLwpUBkhWg24pq8XuMDCFETlfsxo9DKMPACjzhLxs4AnG9asDJ_C5rJnU1tzSu3uEluSMtdwB0q1bcs_LL5K3-qX8X6-QYxbbzx4U5MmBQZmffoPooG-0YKLtO5XaXAidxQ_1S6REubYWoyZ3tIz0RiP-CYkjCUcsEs4GFxmo1Z6OGDjHxQ_QrQrXhgxOK1_BETA5TXbj4W1bySxH3xi_ZJehahgEUenZYlCAK2szV0hLljkPkCM0tapfyYiuDL-C6tbToe5uFN7SI54EUJyQCf04hcMo7y9LSVZbysFVvs2LZr_o4Jo0MsJpqnmYwWL3Ul984SnYJIoZdrxsedd1Xwg3Eo9XnDLplf7qgp8V3v3kCkZsN0Jlkf53jI92gwHh7zx55K3dGalvPKSGlR9aY885comypmrsUkmkAKvcqrtQoAWUQWRqH7O8D0GtuFJwPU3suHbhJWO6EmJGWAk9OjDzNW9OL0UgIk6NLLh4BeSDFiiaN_WbZ0SH5y30gt-Ki68jbBU3zEk3f02ey9XCxEa8vhqVhkc8W5g36Tq15YNBMSnYJZth9-LqY8-7Al1Xx5YPqyzVGvml41AWws7ZaHIP4CVC8enGcuVKCgME8kqPuH531YOvNJp2bjQ9RtaP94TyBMLoTR4-N57Ieuq6rQS9wqUstZzrJdeiKo2cqClemNOgidElXb1DKDuDp6QzQhdfabiAIeMNELRzi8JfvoiViftjnd881PJPTx20FoqrE8wL8G85DwrnrIMpT64w3i4bvGT1YY0fmHpkFnpSbDh0uRneCQT_IrUM93Hric_TedUArmMSUNCQOiqihm-gAB6N9KeNMzPkG0Gb0CfuzBGqLjs_pJMe12BDD2vcF5zAQxjUIYW_UZhibrGTBhI4tQTh9DYTQVADnWasN4MQeXBK_NUolhlUFCXoL3OIiXycteQecqlY2pOjmsLdTaHpbtVY7v22cLozR3-hj-leRHhyvslIos8V-tbkl-PmLpROC-HfaTC9Da5f775Atllc3tcB8dHKgiiWwzH-wjrUQDupNxZwdUZPEolE_2meDzTIpyg445mNRkyeeaCAxsoZXGBYNBjx3WDh3UvmeBkj5cFziC58B_rbVfJQ-gPK2kUSQtqWqBKBR4IBj8sQ68s4MYoyzRaRiVdXixR_Z3SHh2lCxfc7Jrv7tHeu_qSTiGYdZAIing1AmMUNw9CoXoK5-MalW4y-7mbDO3tSsE6ttG0Crrd-1V9PaYTyqnyBYzM2Jj-D7ppBKp6hkqGahNivXgyDhgN64W9DwHwIDQQ-RJxjTPIDCklH55NhsEQVptxla1rSnLDZjeIZPzRdnw1E9jRo77r8DubRlvMLdhocPzD0nAHFLxhFdgLJTH_MAB5XM9g3INPsRtaM0iywqoT-DsAZVr6Z8Jc2IEEuxwVSGFLh9kQRXWSzjSVY506Maxncfj51btIR8XrsZbsAuHeE0ou2HRvD60yV4mwDLhib1Eyo6ok2NQLjJxHLiYcU0D-x9fMzljOQmHP-wIxj1WL23rV-cZFid2-80c	Anna	Mallikas	0401234567	unto.1@esimerkki.fi	\N	mallikas anna	\\xd8f94efb2a94e027d9cbb0ed6a0986e8	\\x0103bd8f9dbdf946bf60a1bc75e85c6d08347e320b9fa480db56331743a023baee242509fc67950c	\\xbb1b31903a38a6e09b2a03a2d42cbaee	[{"field": "invoice_number", "label": "Laskun numero", "value": "10042317"}, {"field": "invoice_subject", "label": "Mitä lasku koskee", "value": "Päivähoitomaksu, huhtikuu"}, {"field": "delivery", "label": "Toimitustapa", "value": "Sähköpostiin"}, {"field": "further_information", "label": "Lisätietoja", "value": "Lasku oli erääntynyt 15.5.2026."}]
\.


--
-- Data for Name: skipped_records; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.skipped_records (id, reader, topic, partition, first_offset, next_offset, noticed_at, settled_at, settled_by) FROM stdin;
\.


--
-- Name: alarms_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.alarms_id_seq', 33, true);


--
-- Name: dead_letters_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.dead_letters_id_seq', 33, true);


--
-- Name: history_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.history_id_seq', 33, true);


--
-- Name: ledger_counts_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.ledger_counts_id_seq', 33, true);


--
-- Name: skipped_records_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.skipped_records_id_seq', 1, false);


--
-- Name: work_number_sequence; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.work_number_sequence', 32, true);


--
-- Name: alarms alarms_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_pkey PRIMARY KEY (id);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: dead_letters dead_letters_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (id);


--
-- Name: history history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (request_id, id);


--
-- Name: ledger_counts ledger_counts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_counts
    ADD CONSTRAINT ledger_counts_pkey PRIMARY KEY (id);


--
-- Name: mail_outcomes mail_outcomes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mail_outcomes
    ADD CONSTRAINT mail_outcomes_pkey PRIMARY KEY (request_id, event_id);


--
-- Name: owed_mails owed_mails_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.owed_mails
    ADD CONSTRAINT owed_mails_pkey PRIMARY KEY (event_id);


--
-- Name: processed_commands processed_commands_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.processed_commands
    ADD CONSTRAINT processed_commands_pkey PRIMARY KEY (source, command_id);


--
-- Name: read_positions read_positions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.read_positions
    ADD CONSTRAINT read_positions_pkey PRIMARY KEY (reader, topic, partition);


--
-- Name: requests requests_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (request_id);


--
-- Name: requests requests_work_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_work_number_key UNIQUE (work_number);


--
-- Name: skipped_records skipped_records_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.skipped_records
    ADD CONSTRAINT skipped_records_pkey PRIMARY KEY (id);


--
-- Name: alarms_began_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alarms_began_at_idx ON public.alarms USING btree (began_at);


--
-- Name: alarms_open; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX alarms_open ON public.alarms USING btree (reason, place) WHERE (ended_at IS NULL);


--
-- Name: alarms_untold; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alarms_untold ON public.alarms USING btree (id) WHERE ((told_at IS NULL) OR ((ended_at IS NOT NULL) AND (end_told_at IS NULL)));


--
-- Name: dead_letters_origin; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX dead_letters_origin ON public.dead_letters USING btree (origin_topic, origin_partition, origin_offset, origin_group, digest);


--
-- Name: dead_letters_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX dead_letters_waiting ON public.dead_letters USING btree (id) WHERE ((redriven_at IS NULL) AND (dismissed_at IS NULL));


--
-- Name: history_unpublished; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX history_unpublished ON public.history USING btree (id) WHERE (value IS NOT NULL);


--
-- Name: owed_mails_failed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX owed_mails_failed ON public.owed_mails USING btree (failed_at) WHERE (failed_at IS NOT NULL);


--
-- Name: owed_mails_unsettled; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX owed_mails_unsettled ON public.owed_mails USING btree (failed_at, event_id) WHERE ((failed_at IS NOT NULL) AND (settled_at IS NULL));


--
-- Name: owed_mails_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX owed_mails_waiting ON public.owed_mails USING btree (since) WHERE (failed_at IS NULL);


--
-- Name: processed_commands_processed_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX processed_commands_processed_at_idx ON public.processed_commands USING btree (processed_at);


--
-- Name: requests_closed_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_closed_at_idx ON public.requests USING btree (closed_at) WHERE (state = 'closed'::text);


--
-- Name: requests_due_at_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_due_at_request_id_idx ON public.requests USING btree (due_at, request_id) WHERE (state = ANY (ARRAY['received'::text, 'in_progress'::text, 'waiting_for_customer'::text]));


--
-- Name: requests_email_index_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_email_index_idx ON public.requests USING btree (email_index);


--
-- Name: requests_name_key_submitted_at_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_name_key_submitted_at_request_id_idx ON public.requests USING btree (name_key text_pattern_ops, submitted_at, request_id);


--
-- Name: requests_personal_code_index_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_personal_code_index_idx ON public.requests USING btree (personal_code_index) WHERE (personal_code_index IS NOT NULL);


--
-- Name: requests_resolved_at_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_resolved_at_idx ON public.requests USING btree (resolved_at) WHERE (resolved_at IS NOT NULL);


--
-- Name: requests_service_submitted_at_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_service_submitted_at_request_id_idx ON public.requests USING btree (service, submitted_at, request_id);


--
-- Name: requests_state_queue_submitted_at_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_state_queue_submitted_at_request_id_idx ON public.requests USING btree (state, queue, submitted_at, request_id);


--
-- Name: requests_submitted_at_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX requests_submitted_at_request_id_idx ON public.requests USING btree (submitted_at, request_id);


--
-- Name: skipped_records_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX skipped_records_waiting ON public.skipped_records USING btree (id) WHERE (settled_at IS NULL);


--
-- PostgreSQL database dump complete
--


