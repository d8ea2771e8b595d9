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
-- Name: assertions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.assertions (
    client_id text NOT NULL,
    jti text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: attempts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.attempts (
    id uuid NOT NULL,
    browser bytea NOT NULL,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    scope text NOT NULL,
    state text,
    nonce text,
    code_challenge text NOT NULL,
    language text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);


--
-- Name: bank_identification_numbers; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.bank_identification_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: bank_visits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bank_visits (
    id_digest bytea NOT NULL,
    bank text NOT NULL,
    browser bytea NOT NULL,
    request text[] NOT NULL,
    step text NOT NULL,
    user_id text,
    failures integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: grants; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.grants (
    id uuid NOT NULL,
    code_digest bytea NOT NULL,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    code_challenge text NOT NULL,
    nonce text,
    scope text NOT NULL,
    claims_sealed bytea NOT NULL,
    code_expires_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    redeemed_at timestamp with time zone,
    revoked_at timestamp with time zone
);


--
-- Name: handshakes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.handshakes (
    stamp text NOT NULL,
    attempt_id uuid NOT NULL,
    bank text NOT NULL,
    consumed_at timestamp with time zone
);


--
-- Name: identifications; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identifications (
    bank text NOT NULL,
    idnbr text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);


--
-- Name: staff; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.staff (
    id uuid NOT NULL,
    username text NOT NULL,
    password_hash text NOT NULL,
    name text NOT NULL,
    roles text[] NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: throttles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.throttles (
    name_digest bytea NOT NULL,
    failures integer NOT NULL,
    last_failed_at timestamp with time zone NOT NULL
);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0001
\.


--
-- Data for Name: assertions; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.assertions (client_id, jti, expires_at) FROM stdin;
\.


--
-- Data for Name: attempts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.attempts (id, browser, client_id, redirect_uri, scope, state, nonce, code_challenge, language, expires_at, ended_at) FROM stdin;
\.


--
-- Data for Name: bank_visits; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.bank_visits (id_digest, bank, browser, request, step, user_id, failures, expires_at) FROM stdin;
\.


--
-- Data for Name: grants; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.grants (id, code_digest, client_id, redirect_uri, code_challenge, nonce, scope, claims_sealed, code_expires_at, expires_at, redeemed_at, revoked_at) FROM stdin;
\.


--
-- Data for Name: handshakes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.handshakes (stamp, attempt_id, bank, consumed_at) FROM stdin;
\.


--
-- Data for Name: identifications; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.identifications (bank, idnbr, seen_at) FROM stdin;
\.


--
-- Data for Name: staff; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.staff (id, username, password_hash, name, roles, created_at) FROM stdin;
9b295b93-cc69-4164-b344-17c7643855d5	operator	$argon2id$v=19$m=19456,t=2,p=1$zD29hQmxtjzmqvdYRqaHpg$AGoB35nrF3/G/sqUd1dyBYMAtdNQtj00qGMGham/5vw	Olli Operaattori	{operator}	2026-11-26 01:19:26.886408+00
\.


--
-- Data for Name: throttles; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.throttles (name_digest, failures, last_failed_at) FROM stdin;
\.


--
-- Name: bank_identification_numbers; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.bank_identification_numbers', 1, false);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: assertions assertions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.assertions
    ADD CONSTRAINT assertions_pkey PRIMARY KEY (client_id, jti);


--
-- Name: attempts attempts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id);


--
-- Name: bank_visits bank_visits_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bank_visits
    ADD CONSTRAINT bank_visits_pkey PRIMARY KEY (id_digest);


--
-- Name: grants grants_code_digest_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_code_digest_key UNIQUE (code_digest);


--
-- Name: grants grants_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (id);


--
-- Name: handshakes handshakes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.handshakes
    ADD CONSTRAINT handshakes_pkey PRIMARY KEY (stamp);


--
-- Name: identifications identifications_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identifications
    ADD CONSTRAINT identifications_pkey PRIMARY KEY (bank, idnbr);


--
-- Name: staff staff_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT staff_pkey PRIMARY KEY (id);


--
-- Name: staff staff_username_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.staff
    ADD CONSTRAINT staff_username_key UNIQUE (username);


--
-- Name: throttles throttles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.throttles
    ADD CONSTRAINT throttles_pkey PRIMARY KEY (name_digest);


--
-- Name: ix_assertions_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_assertions_expires_at ON public.assertions USING btree (expires_at);


--
-- Name: ix_attempts_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_attempts_expires_at ON public.attempts USING btree (expires_at);


--
-- Name: ix_bank_visits_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_bank_visits_expires_at ON public.bank_visits USING btree (expires_at);


--
-- Name: ix_grants_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_grants_expires_at ON public.grants USING btree (expires_at);


--
-- Name: ix_handshakes_attempt_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_handshakes_attempt_id ON public.handshakes USING btree (attempt_id);


--
-- Name: ix_identifications_seen_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_identifications_seen_at ON public.identifications USING btree (seen_at);


--
-- Name: ix_throttles_last_failed_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_throttles_last_failed_at ON public.throttles USING btree (last_failed_at);


--
-- Name: handshakes handshakes_attempt_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.handshakes
    ADD CONSTRAINT handshakes_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES public.attempts(id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


