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
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    event_id text NOT NULL,
    request_id uuid NOT NULL,
    template text NOT NULL,
    language text NOT NULL,
    work_number text NOT NULL,
    service_title text NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    message_id text NOT NULL,
    traceparent text,
    contents bytea,
    state text DEFAULT 'pending'::text NOT NULL,
    attempts bigint DEFAULT '0'::bigint NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now(),
    owner bigint,
    last_reply text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    trying_since timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT deliveries_state CHECK ((state = ANY (ARRAY['pending'::text, 'sending'::text, 'sent'::text, 'deferred'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.deliveries ALTER COLUMN contents SET STORAGE EXTERNAL;


--
-- Name: deliveries_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: outcomes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outcomes (
    id bigint NOT NULL,
    request_id uuid NOT NULL,
    event_id text NOT NULL,
    template text NOT NULL,
    message_id text NOT NULL,
    traceparent text,
    state text NOT NULL,
    attempt bigint NOT NULL,
    reply text NOT NULL,
    occurred_at timestamp with time zone DEFAULT now() NOT NULL,
    retry_at timestamp with time zone
);


--
-- Name: outcomes_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.outcomes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outcomes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0001
\.


--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deliveries (id, event_id, request_id, template, language, work_number, service_title, submitted_at, due_at, occurred_at, message_id, traceparent, contents, state, attempts, next_attempt_at, owner, last_reply, created_at, trying_since, finished_at) FROM stdin;
1	01a2156f-ae2f-736a-ae3c-320bfb42cde3	5a624bf0-5d4d-51bb-9633-36ad00c9e681	receipt	fi	549774797	Pyydä laskukopio	2026-11-26 01:19:30.090872+00	2026-12-01 14:00:00+00	2026-11-26 01:19:30.351677+00	<01a2156f-ae2f-736a-ae3c-320bfb42cde3.receipt@kunta.example>	00-c5ebd7168497aeab5b8884643c60f05a-3a3d73b83c38d3b3-01	\N	sent	1	\N	\N	250	2026-11-26 01:19:30.533337+00	2026-11-26 01:19:30.533337+00	2026-11-26 01:19:30.779308+00
2	01a2156f-af4b-725a-9aba-75c1411478d1	54b65f70-c161-5e8a-a1dd-54e58f89d0a1	receipt	fi	669804905	Pyydä laskukopio	2026-11-26 01:19:30.388381+00	2026-12-01 14:00:00+00	2026-11-26 01:19:30.635289+00	<01a2156f-af4b-725a-9aba-75c1411478d1.receipt@kunta.example>	00-3c266730c0c351f40fd3648c7a4dbf9b-723411331117f294-01	\N	sent	1	\N	\N	250	2026-11-26 01:19:30.694015+00	2026-11-26 01:19:30.694015+00	2026-11-26 01:19:30.858416+00
3	01a2156f-af4a-7376-96c5-d8d8bc9da1f6	e7e47506-35a6-59d6-8be8-38c0fb9802e4	receipt	fi	225386690	Pyydä laskukopio	2026-11-26 01:19:30.170195+00	2026-12-01 14:00:00+00	2026-11-26 01:19:30.634737+00	<01a2156f-af4a-7376-96c5-d8d8bc9da1f6.receipt@kunta.example>	00-7ccba2f1a3c6412268aeafdc57bb96d7-cd955d0de79fc387-01	\N	sent	1	\N	\N	250	2026-11-26 01:19:30.694015+00	2026-11-26 01:19:30.694015+00	2026-11-26 01:19:30.858416+00
4	01a2156f-af4b-725a-9aba-75c0a9b62dee	7a036108-c9ad-5244-847f-5a3c5b742343	receipt	fi	003872918	Pyydä laskukopio	2026-11-26 01:19:30.354065+00	2026-12-01 14:00:00+00	2026-11-26 01:19:30.635086+00	<01a2156f-af4b-725a-9aba-75c0a9b62dee.receipt@kunta.example>	00-9bf06ac9952feff026b9901ee390f643-560aec2a250551a3-01	\N	sent	1	\N	\N	250	2026-11-26 01:19:30.694015+00	2026-11-26 01:19:30.694015+00	2026-11-26 01:19:30.858416+00
5	01a2156f-b13f-77f8-b7a8-1f5d5e16bb61	05338432-1221-535a-b684-d154c11249ab	receipt	fi	494653812	Pyydä laskukopio	2026-11-26 01:19:30.202085+00	2026-12-01 14:00:00+00	2026-11-26 01:19:31.135184+00	<01a2156f-b13f-77f8-b7a8-1f5d5e16bb61.receipt@kunta.example>	00-34325f47b65b9621c9ddda180405dc9e-9aa7e0da5fe0759d-01	\N	sent	1	\N	\N	250	2026-11-26 01:19:31.167112+00	2026-11-26 01:19:31.167112+00	2026-11-26 01:19:31.26565+00
6	01a2156f-b2bc-728a-a031-f9f72ad5e3c7	7a036108-c9ad-5244-847f-5a3c5b742343	resolution	fi	003872918	Pyydä laskukopio	2026-11-26 01:19:30.354065+00	2026-12-01 14:00:00+00	2026-11-26 01:19:31.516193+00	<01a2156f-b2bc-728a-a031-f9f72ad5e3c7.resolution@kunta.example>	\N	\N	sent	1	\N	\N	250	2026-11-26 01:19:31.592716+00	2026-11-26 01:19:31.592716+00	2026-11-26 01:19:31.824548+00
7	01a2156f-b39a-7286-abff-09b47ea10031	54b65f70-c161-5e8a-a1dd-54e58f89d0a1	question	fi	669804905	Pyydä laskukopio	2026-11-26 01:19:30.388381+00	2026-12-01 14:00:00+00	2026-11-26 01:19:31.737682+00	<01a2156f-b39a-7286-abff-09b47ea10031.question@kunta.example>	\N	\N	sent	1	\N	\N	250	2026-11-26 01:19:31.92495+00	2026-11-26 01:19:31.92495+00	2026-11-26 01:19:31.991894+00
8	01a2156f-b4f2-77f7-91ec-74f36bccd95b	3b92335f-b936-5ba9-a613-7422ac712aee	receipt	fi	787560885	Pyydä laskukopio	2026-11-26 01:19:32.01858+00	2026-12-01 14:00:00+00	2026-11-26 01:19:32.081999+00	<01a2156f-b4f2-77f7-91ec-74f36bccd95b.receipt@kunta.example>	00-07910feffc1443112f6a42003851dbcd-e6977d0fcf4db123-01	\\xd97a1ad8d6bfcc3a4e6f3e5fa499525faa92e128470c5535f171337765cc85700d78774b320ba7f370a915358ddb38062e6820a3bfbee22f11cc6dde75b8a27aba50bcd0d59c173fb5cf7fc4e7a5cd9ed67476a623a56ff1999d2459e9acfee5	failed	1	\N	\N	550 5.1.1	2026-11-26 01:19:32.233004+00	2026-11-26 01:19:32.233004+00	2026-11-26 01:19:32.266973+00
\.


--
-- Data for Name: outcomes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.outcomes (id, request_id, event_id, template, message_id, traceparent, state, attempt, reply, occurred_at, retry_at) FROM stdin;
\.


--
-- Name: deliveries_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.deliveries_id_seq', 33, true);


--
-- Name: outcomes_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.outcomes_id_seq', 33, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: deliveries deliveries_event; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_event UNIQUE (event_id, template);


--
-- Name: deliveries deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);


--
-- Name: outcomes outcomes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outcomes
    ADD CONSTRAINT outcomes_pkey PRIMARY KEY (id);


--
-- Name: deliveries_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_due ON public.deliveries USING btree (next_attempt_at, id) WHERE (state = ANY (ARRAY['pending'::text, 'deferred'::text]));


--
-- Name: deliveries_failed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_failed ON public.deliveries USING btree (id) WHERE (state = 'failed'::text);


--
-- Name: deliveries_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_held ON public.deliveries USING btree (request_id, id) WHERE ((state = 'pending'::text) AND (next_attempt_at IS NULL));


--
-- Name: deliveries_request; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_request ON public.deliveries USING btree (request_id, id);


--
-- Name: deliveries_sending; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_sending ON public.deliveries USING btree (owner) WHERE (state = 'sending'::text);


--
-- PostgreSQL database dump complete
--


