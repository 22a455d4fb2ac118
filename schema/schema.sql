-- Made from the migrations by t/schema/dump.t; do not edit.

--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: lapor; Type: SCHEMA; Schema: -; Owner: lapor_owner
--

CREATE SCHEMA lapor;

ALTER SCHEMA lapor OWNER TO lapor_owner;

--
-- Name: alert_close(smallint, text, text, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    UPDATE lapor.alert a
       SET closed_at = greatest(p_now, a.opened_at)
     WHERE a.part = p_part AND a.kind = p_kind AND a.subject = p_subject
       AND a.closed_at IS NULL;

    RETURN FOUND;
END
$$;

ALTER FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: alert_open_counts(); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.alert_open_counts() RETURNS TABLE(kind text, severity text, n bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT a.kind, a.severity, count(*)
      FROM lapor.alert a
     WHERE a.closed_at IS NULL
     GROUP BY a.kind, a.severity;
END
$$;

ALTER FUNCTION lapor.alert_open_counts() OWNER TO lapor_owner;

--
-- Name: alert_raise(smallint, text, text, text, text, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    c_rank  constant text[] := '{info,warning,critical}';
    v_times bigint;
    v_now   timestamptz;
BEGIN
    -- one of the same transaction may be closed already, and have this time
    SELECT greatest(p_now, max(a.opened_at) + interval '1 microsecond')
      INTO v_now
      FROM lapor.alert a
     WHERE a.part = p_part AND a.kind = p_kind AND a.subject = p_subject
       AND a.closed_at IS NOT NULL
       AND a.opened_at >= p_now
       AND a.opened_at < p_now + interval '1 millisecond';

    INSERT INTO lapor.alert AS a (part, kind, subject, opened_at, last_at,
                                  severity, detail)
    VALUES (p_part, p_kind, p_subject, v_now, v_now, p_severity,
            p_detail::jsonb)
    ON CONFLICT (part, kind, subject) WHERE closed_at IS NULL DO UPDATE
       SET last_at = greatest(a.last_at, excluded.last_at),
           times = a.times + 1,
           severity = CASE WHEN array_position(c_rank, excluded.severity)
                                > array_position(c_rank, a.severity)
                      THEN excluded.severity ELSE a.severity END,
           detail = excluded.detail
    RETURNING a.times INTO v_times;

    RETURN v_times = 1;
END
$$;

ALTER FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: alert_store(smallint, text[], text[], text[], text[], text[], timestamp with time zone[], timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.alert_store(p_part smallint, p_kind text[], p_subject text[], p_mode text[], p_severity text[], p_detail text[], p_at timestamp with time zone[], p_now timestamp with time zone) RETURNS TABLE(idx integer, opened boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    c_often  constant interval := '10 seconds';
    u        record;
    v_closes boolean;
    v_done   boolean;
BEGIN
    FOR u IN
        SELECT n.*
          FROM unnest(p_kind, p_subject, p_mode, p_severity, p_detail, p_at)
               WITH ORDINALITY
               AS n (kind, subject, mode, severity, detail, at, ord)
         ORDER BY n.kind, n.subject, n.ord
    LOOP
        IF u.at IS NOT NULL THEN
            INSERT INTO lapor.alert_word AS w (part, kind, subject, at,
                                               closes)
            VALUES (p_part, u.kind, u.subject, u.at, u.mode = 'close')
            ON CONFLICT (part, kind, subject) DO UPDATE
               SET at = greatest(w.at, excluded.at),
                   closes = CASE WHEN excluded.at > w.at THEN excluded.closes
                                 WHEN excluded.at = w.at
                                 THEN excluded.closes AND w.closes
                                 ELSE w.closes END
            RETURNING w.closes INTO v_closes;

            CONTINUE WHEN v_closes <> (u.mode = 'close');
        END IF;

        IF u.mode = 'close' THEN
            v_done := lapor.alert_close(p_part, u.kind, u.subject, p_now);

        ELSE
            CONTINUE WHEN u.mode = 'once'
                AND EXISTS (SELECT FROM lapor.alert a
                             WHERE a.part = p_part AND a.kind = u.kind
                               AND a.subject = u.subject);

            CONTINUE WHEN u.mode = 'often'
                AND EXISTS (SELECT FROM lapor.alert a
                             WHERE a.part = p_part AND a.kind = u.kind
                               AND a.subject = u.subject
                               AND a.closed_at IS NULL
                               AND a.severity = u.severity
                               AND a.last_at > p_now - c_often);

            v_done := lapor.alert_raise(p_part, u.kind, u.subject,
                                        u.severity, u.detail, p_now);
        END IF;

        IF v_done THEN
            idx := u.ord;
            opened := u.mode <> 'close';
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;

ALTER FUNCTION lapor.alert_store(p_part smallint, p_kind text[], p_subject text[], p_mode text[], p_severity text[], p_detail text[], p_at timestamp with time zone[], p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: claim_time(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.claim_time(p_urgency text) RETURNS interval
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    RETURN CASE p_urgency WHEN 'P1' THEN interval '10 seconds'
                          WHEN 'P2' THEN interval '30 seconds'
                          ELSE interval '120 seconds' END;
END
$$;

ALTER FUNCTION lapor.claim_time(p_urgency text) OWNER TO lapor_owner;

--
-- Name: code_make(smallint, bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.code_make(p_part smallint, p_n bigint) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
DECLARE
    c_symbols constant text := '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
    v_n       bigint := p_n;
    v_len     integer := 2;
    v_space   bigint := 961;            -- 31 ^ v_len
    v_factor  bigint;
    v_check   integer := 0;
    v_digit   integer;
    v_digits  integer[];
    v_text    text := '';
BEGIN
    -- two symbols beside the part's, then four, then six
    WHILE v_n >= v_space LOOP
        v_n := v_n - v_space;
        v_len := v_len + 2;
        v_space := v_space * 961;

        IF v_len > 6 THEN
            RAISE EXCEPTION 'no report codes are left in part %', p_part;
        END IF;
    END LOOP;

    -- any factor prime to 31 permutes the numbers; the offset by part keeps
    -- the first reports of all parts from ending alike
    v_factor := CASE v_len WHEN 2 THEN 367 WHEN 4 THEN 350377
                ELSE 337351 END;
    v_n := (v_n * v_factor + p_part * 7919) % v_space;

    FOR i IN 1 .. v_len LOOP
        v_digits := (v_n % 31)::integer || v_digits;
        v_n := v_n / 31;
    END LOOP;

    v_digits := ARRAY[p_part / 31, p_part % 31]::integer[] || v_digits;

    FOR i IN 1 .. array_length(v_digits, 1) LOOP
        v_digit := v_digits[i];
        v_check := (v_check + (i + 1) * v_digit) % 31;
        v_text := v_text || substr(c_symbols, v_digit + 1, 1);
    END LOOP;

    RETURN 'K-' || substr(v_text, 1, 4)
           || CASE WHEN v_len > 2 THEN '-' || substr(v_text, 5) ELSE '' END
           || '-' || substr(c_symbols, v_check + 1, 1);
END
$$;

ALTER FUNCTION lapor.code_make(p_part smallint, p_n bigint) OWNER TO lapor_owner;

--
-- Name: code_read(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.code_read(p_text text, OUT part smallint, OUT code text) RETURNS record
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $_$
DECLARE
    c_symbols constant text := '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
    v_text    text := upper(regexp_replace(p_text, '[\s\u2010-\u2015-]', '',
                                           'g'));
    v_check   integer := 0;
    v_first   integer;
BEGIN
    IF v_text !~ '^K[2-9A-HJKMNP-Z]{5}([2-9A-HJKMNP-Z]{2}){0,2}$' THEN
        RETURN;
    END IF;

    v_text := substr(v_text, 2);

    FOR i IN 1 .. length(v_text) - 1 LOOP
        v_check := (v_check + (i + 1)
                    * (position(substr(v_text, i, 1) IN c_symbols) - 1)) % 31;
    END LOOP;

    IF substr(c_symbols, v_check + 1, 1) <> right(v_text, 1) THEN
        RETURN;
    END IF;

    v_first := (position(substr(v_text, 1, 1) IN c_symbols) - 1) * 31
               + position(substr(v_text, 2, 1) IN c_symbols) - 1;
    part := v_first % 256;
    code := 'K-' || substr(v_text, 1, 4)
            || CASE WHEN length(v_text) > 5
               THEN '-' || substr(v_text, 5, length(v_text) - 5) ELSE '' END
            || '-' || right(v_text, 1);
END
$_$;

ALTER FUNCTION lapor.code_read(p_text text, OUT part smallint, OUT code text) OWNER TO lapor_owner;

--
-- Name: correct_forget(smallint, text[], timestamp with time zone[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.correct_forget(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM lapor.seen s
     USING unnest(p_wamid, p_sent_at) AS u (wamid, sent_at)
     WHERE s.part = p_part AND s.wamid = u.wamid AND s.sent_at = u.sent_at;
END
$$;

ALTER FUNCTION lapor.correct_forget(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[]) OWNER TO lapor_owner;

--
-- Name: correct_open(smallint, text[], timestamp with time zone[], text[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.correct_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[]) RETURNS TABLE(idx integer, home_part smallint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.ord::integer, i.home_part
      FROM unnest(p_wamid, p_sent_at, p_identity) WITH ORDINALITY
           AS u (wamid, sent_at, identity, ord)
      JOIN lapor.seen s ON s.part = p_part AND s.wamid = u.wamid
                           AND s.sent_at = u.sent_at
      LEFT JOIN lapor.identity i
             ON i.part = p_part AND i.identity = u.identity
     ORDER BY u.ord;
END
$$;

ALTER FUNCTION lapor.correct_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[]) OWNER TO lapor_owner;

--
-- Name: default_months(); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.default_months() RETURNS TABLE(month text, n bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT to_char(d.at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*)
      FROM ((SELECT w.received_at AS at FROM lapor.raw_webhook_default w
              LIMIT 10000)
            UNION ALL
            (SELECT s.sent_at FROM lapor.seen_default s
              WHERE s.sent_at <> 'epoch' LIMIT 10000)
            UNION ALL
            (SELECT m.sent_at FROM lapor.message_default m
              WHERE m.sent_at <> 'epoch' LIMIT 10000)
            UNION ALL
            (SELECT e.at FROM lapor.event_default e LIMIT 10000)) d
     GROUP BY 1
     ORDER BY 1;
END
$$;

ALTER FUNCTION lapor.default_months() OWNER TO lapor_owner;

--
-- Name: distribute(regclass); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.distribute(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE format('SELECT create_distributed_table(%L, ''part'')',
                       p_table);
    END IF;
END
$$;

ALTER FUNCTION lapor.distribute(p_table regclass) OWNER TO lapor_owner;

--
-- Name: distribute_reference(regclass); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.distribute_reference(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE format('SELECT create_reference_table(%L)', p_table);
    END IF;
END
$$;

ALTER FUNCTION lapor.distribute_reference(p_table regclass) OWNER TO lapor_owner;

--
-- Name: distributed(); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.distributed() RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus');
END
$$;

ALTER FUNCTION lapor.distributed() OWNER TO lapor_owner;

--
-- Name: error_advice(integer, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.error_advice(p_code integer, p_lang text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN (SELECT jsonb_build_object('meaning', c.meaning,
                                      'action', c.action)
              FROM lapor.error_code c
             WHERE p_code BETWEEN c.code AND c.to_code
               AND c.lang IN (p_lang, 'en')
             ORDER BY c.lang = p_lang DESC
             LIMIT 1);
END
$$;

ALTER FUNCTION lapor.error_advice(p_code integer, p_lang text) OWNER TO lapor_owner;

--
-- Name: event_append(smallint, bigint, text, text, jsonb); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.event_append(p_part smallint, p_report_id bigint, p_kind text, p_actor text, p_data jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_seq  integer;
    v_prev bytea;
    e      lapor.event%ROWTYPE;
BEGIN
    SELECT r.events + 1, r.head INTO STRICT v_seq, v_prev
      FROM lapor.report r
     WHERE r.part = p_part AND r.report_id = p_report_id
       FOR UPDATE;

    e := lapor.event_link(p_part, p_report_id, v_seq, v_prev, p_kind,
                          p_actor, p_data);

    INSERT INTO lapor.event (part, report_id, at, seq, kind, actor, data,
                             prev, hash)
    VALUES (p_part, e.report_id, e.at, e.seq, e.kind, e.actor, e.data,
            e.prev, e.hash);

    UPDATE lapor.report
       SET events = e.seq, head = e.hash
     WHERE part = p_part AND report_id = p_report_id;
END
$$;

ALTER FUNCTION lapor.event_append(p_part smallint, p_report_id bigint, p_kind text, p_actor text, p_data jsonb) OWNER TO lapor_owner;

--
-- Name: event_check(smallint, bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.event_check(p_part smallint, p_report_id bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_head bytea := decode(repeat('00', 32), 'hex');
    v_seq  integer := 0;
    e      lapor.event%ROWTYPE;
BEGIN
    FOR e IN
        SELECT * FROM lapor.event v
         WHERE v.part = p_part AND v.report_id = p_report_id
         ORDER BY v.seq
    LOOP
        v_seq := v_seq + 1;

        IF e.seq <> v_seq OR e.prev <> v_head
           OR e.hash <> lapor.event_hash(v_head, e.report_id, e.seq, e.at,
                                         e.kind, e.actor, e.data)
        THEN
            RETURN false;
        END IF;

        v_head := e.hash;
    END LOOP;

    RETURN EXISTS (SELECT FROM lapor.report r
                    WHERE r.part = p_part AND r.report_id = p_report_id
                      AND r.events = v_seq AND r.head = v_head);
END
$$;

ALTER FUNCTION lapor.event_check(p_part smallint, p_report_id bigint) OWNER TO lapor_owner;

--
-- Name: event_hash(bytea, bigint, integer, timestamp with time zone, text, text, jsonb); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.event_hash(p_prev bytea, p_report_id bigint, p_seq integer, p_at timestamp with time zone, p_kind text, p_actor text, p_data jsonb) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    RETURN sha256(p_prev
        || convert_to(p_report_id || E'\n' || p_seq || E'\n'
                      || (extract(epoch FROM p_at) * 1000000)::bigint || E'\n'
                      || p_kind || E'\n' || p_actor || E'\n'
                      || p_data::text || E'\n', 'UTF8'));
END
$$;

ALTER FUNCTION lapor.event_hash(p_prev bytea, p_report_id bigint, p_seq integer, p_at timestamp with time zone, p_kind text, p_actor text, p_data jsonb) OWNER TO lapor_owner;

--
-- Name: event; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.event (
    part smallint NOT NULL,
    report_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    data jsonb NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT event_actor_check CHECK ((actor ~ '^[^\n]+$'::text)),
    CONSTRAINT event_hash_check CHECK (((octet_length(prev) = 32) AND (octet_length(hash) = 32))),
    CONSTRAINT event_kind_check CHECK ((kind ~ '^[a-z_]+$'::text)),
    CONSTRAINT event_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT event_seq_check CHECK ((seq >= 1))
)
PARTITION BY RANGE (at);

ALTER TABLE lapor.event OWNER TO lapor_owner;

--
-- Name: event_link(smallint, bigint, integer, bytea, text, text, jsonb); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.event_link(p_part smallint, p_report_id bigint, p_seq integer, p_prev bytea, p_kind text, p_actor text, p_data jsonb) RETURNS lapor.event
    LANGUAGE plpgsql
    AS $$
DECLARE
    e lapor.event%ROWTYPE;
BEGIN
    e.part := p_part;
    e.report_id := p_report_id;
    e.at := clock_timestamp();
    e.seq := p_seq;
    e.kind := p_kind;
    e.actor := p_actor;
    e.data := p_data;
    e.prev := p_prev;
    e.hash := lapor.event_hash(p_prev, p_report_id, p_seq, e.at, p_kind,
                               p_actor, p_data);
    RETURN e;
END
$$;

ALTER FUNCTION lapor.event_link(p_part smallint, p_report_id bigint, p_seq integer, p_prev bytea, p_kind text, p_actor text, p_data jsonb) OWNER TO lapor_owner;

--
-- Name: id_draw(integer); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.id_draw(p_count integer) RETURNS SETOF bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT nextval('lapor.id_seq') FROM generate_series(1, p_count);
END
$$;

ALTER FUNCTION lapor.id_draw(p_count integer) OWNER TO lapor_owner;

--
-- Name: identity_find(smallint, text[], timestamp with time zone[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_find(p_part smallint, p_identity text[], p_at timestamp with time zone[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS TABLE(idx integer, home_part smallint, reporter_id bigint, peer text, early boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT u.idx, i.home_part, i.reporter_id, i.peer,
           coalesce(u.at < i.first_seen_at, true)
      FROM (SELECT n AS idx, p_parts[n] AS part, p_identity[n] AS identity,
                   CASE p_at[n] WHEN 'epoch' THEN 'infinity'
                   ELSE p_at[n] END AS at
              FROM generate_series(1, cardinality(p_identity)) AS n) u
      LEFT JOIN lapor.identity i
             ON i.part = coalesce(p_part, u.part) AND i.identity = u.identity
     WHERE i.identity IS NOT NULL
        OR EXISTS (SELECT FROM lapor.identity_past t
                    WHERE t.part = coalesce(p_part, u.part)
                      AND t.identity = u.identity
                      AND t.until_at > u.at);
END
$$;

ALTER FUNCTION lapor.identity_find(p_part smallint, p_identity text[], p_at timestamp with time zone[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: identity_held(smallint, smallint, bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_held(p_part smallint, p_home_part smallint, p_reporter_id bigint) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT i.identity FROM lapor.identity i
     WHERE i.part = p_part AND i.home_part = p_home_part
       AND i.reporter_id = p_reporter_id
    UNION
    SELECT o.identity FROM lapor.identity_past o
     WHERE o.part = p_part AND o.home_part = p_home_part
       AND o.reporter_id = p_reporter_id;
END
$$;

ALTER FUNCTION lapor.identity_held(p_part smallint, p_home_part smallint, p_reporter_id bigint) OWNER TO lapor_owner;

--
-- Name: identity_image(smallint, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_image(p_part smallint, p_identity text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN (
        SELECT string_agg(concat_ws(' ', lapor.time_ms(t.since),
                                    lapor.time_ms(t.until_at), t.home_part,
                                    t.reporter_id,
                                    lapor.time_ms(t.first_seen_at),
                                    coalesce(t.peer, '')),
                          E'\n' ORDER BY t.until_at)
          FROM (SELECT o.since, o.until_at, o.home_part, o.reporter_id,
                       o.first_seen_at, o.peer
                  FROM lapor.identity_past o
                 WHERE o.part = p_part AND o.identity = p_identity
                UNION ALL
                SELECT i.since, 'infinity', i.home_part, i.reporter_id,
                       i.first_seen_at, i.peer
                  FROM lapor.identity i
                 WHERE i.part = p_part AND i.identity = p_identity) t);
END
$$;

ALTER FUNCTION lapor.identity_image(p_part smallint, p_identity text) OWNER TO lapor_owner;

--
-- Name: identity_link(smallint, text[], text[], text[], smallint[], bigint[], timestamp with time zone[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_link(p_part smallint, p_identity text[], p_kind text[], p_peer text[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at timestamp with time zone[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    v_written integer;
BEGIN
    INSERT INTO lapor.identity AS i (part, identity, kind, peer, home_part,
                                     reporter_id, first_seen_at, since)
    SELECT u.part, u.identity, p_kind[u.n], p_peer[u.n], p_home_part[u.n],
           p_reporter_id[u.n], u.seen_at,
           coalesce((SELECT max(t.until_at)
                       FROM lapor.identity_past t
                      WHERE t.part = u.part AND t.identity = u.identity),
                    '-infinity')
      FROM (SELECT coalesce(p_part, p_parts[n]) AS part,
                   p_identity[n] AS identity, max(n) AS n,
                   min(p_seen_at[n]) AS seen_at
              FROM generate_series(1, cardinality(p_identity)) AS n
             GROUP BY 1, 2
             ORDER BY 1, 2) u
    ON CONFLICT (part, identity) DO UPDATE SET peer = excluded.peer
     WHERE i.peer IS DISTINCT FROM excluded.peer
       AND i.reporter_id = excluded.reporter_id;

    GET DIAGNOSTICS v_written = ROW_COUNT;

    -- where each was written, each belongs to whom it was written for; the
    -- statement comes after the locks, so that it sees what they waited for

    IF (v_written < cardinality(p_identity)
        AND EXISTS (SELECT FROM generate_series(1, cardinality(p_identity))
                                AS n
                      JOIN lapor.identity i
                        ON i.part = coalesce(p_part, p_parts[n])
                           AND i.identity = p_identity[n]
                     WHERE i.reporter_id <> p_reporter_id[n]))
       -- it was given up while we looked
       OR EXISTS (SELECT FROM generate_series(1, cardinality(p_identity))
                              AS n
                    JOIN lapor.identity_past t
                      ON t.part = coalesce(p_part, p_parts[n])
                         AND t.identity = p_identity[n]
                   WHERE t.until_at > p_seen_at[n])
    THEN
        RAISE EXCEPTION 'an identity has moved'
              USING ERRCODE = 'serialization_failure';
    END IF;
END
$$;

ALTER FUNCTION lapor.identity_link(p_part smallint, p_identity text[], p_kind text[], p_peer text[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at timestamp with time zone[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: identity_read(smallint, text[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_read(p_part smallint, p_identity text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT lapor.identity_image(p_part, u.identity)
      FROM unnest(p_identity) WITH ORDINALITY AS u (identity, ord)
     ORDER BY u.ord;
END
$$;

ALTER FUNCTION lapor.identity_read(p_part smallint, p_identity text[]) OWNER TO lapor_owner;

--
-- Name: identity_tell(smallint, text, text, bigint, text, smallint, bigint, smallint, bigint, bigint, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_tell(p_part smallint, p_identity text, p_what text, p_at bigint, p_peer text, p_from_part smallint, p_from_reporter bigint, p_to_part smallint, p_to_reporter bigint, p_raw_id bigint, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO lapor.identity_history (part, history_id, identity, what, at,
        told_at, peer, from_part, from_reporter, to_part, to_reporter, raw_id)
    VALUES (p_part, nextval('lapor.id_seq'), p_identity, p_what,
            lapor.ms_time(p_at), p_now, p_peer, p_from_part, p_from_reporter,
            p_to_part, p_to_reporter, p_raw_id);
END
$$;

ALTER FUNCTION lapor.identity_tell(p_part smallint, p_identity text, p_what text, p_at bigint, p_peer text, p_from_part smallint, p_from_reporter bigint, p_to_part smallint, p_to_reporter bigint, p_raw_id bigint, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: identity_use(smallint, text, smallint, bigint, timestamp with time zone, bigint, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_use(p_part smallint, p_identity text, p_home_part smallint, p_reporter_id bigint, p_at timestamp with time zone, p_raw_id bigint, p_now timestamp with time zone) RETURNS TABLE(home_part smallint, reporter_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    i lapor.identity%ROWTYPE;
BEGIN
    INSERT INTO lapor.identity (part, identity, kind, home_part, reporter_id,
                                first_seen_at)
    VALUES (p_part, p_identity, 'username', p_home_part, p_reporter_id, p_at)
    ON CONFLICT (part, identity) DO NOTHING;

    IF FOUND THEN
        RETURN;
    END IF;

    SELECT * INTO i
      FROM lapor.identity t
     WHERE t.part = p_part AND t.identity = p_identity
       FOR UPDATE;

    -- the older word of two
    IF i.reporter_id = p_reporter_id OR p_at <= i.since
       OR p_at <= i.first_seen_at
    THEN
        RETURN;
    END IF;

    INSERT INTO lapor.identity_past (part, home_part, identity, kind, since,
                                     until_at, reporter_id, first_seen_at)
    VALUES (p_part, i.home_part, p_identity, 'username', i.since, p_at,
            i.reporter_id, i.first_seen_at)
    ON CONFLICT (part, identity, until_at) DO NOTHING;

    UPDATE lapor.identity t
       SET home_part = p_home_part, reporter_id = p_reporter_id, since = p_at,
           first_seen_at = p_at
     WHERE t.part = p_part AND t.identity = p_identity;

    PERFORM lapor.identity_tell(p_part, p_identity, 'taken',
        lapor.time_ms(p_at), NULL, i.home_part, i.reporter_id, p_home_part,
        p_reporter_id, p_raw_id, p_now);

    home_part := i.home_part;
    reporter_id := i.reporter_id;
    RETURN NEXT;
END
$$;

ALTER FUNCTION lapor.identity_use(p_part smallint, p_identity text, p_home_part smallint, p_reporter_id bigint, p_at timestamp with time zone, p_raw_id bigint, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: identity_write(smallint, text, text, text, bigint[], bigint[], smallint[], bigint[], bigint[], text[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.identity_write(p_part smallint, p_identity text, p_kind text, p_image text, p_since bigint[], p_until bigint[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at bigint[], p_peer text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    c_ever constant bigint := 9223372036854775807;
    v_now  boolean;
BEGIN
    -- an identity without a row, too, has one writer at a time
    PERFORM pg_advisory_xact_lock(hashtextextended(p_identity, p_part));

    PERFORM FROM lapor.identity i
      WHERE i.part = p_part AND i.identity = p_identity
        FOR UPDATE;

    v_now := FOUND;

    IF lapor.identity_image(p_part, p_identity) IS DISTINCT FROM p_image THEN
        RAISE EXCEPTION 'an identity has moved'
              USING ERRCODE = 'serialization_failure';
    END IF;

    DELETE FROM lapor.identity_past o
     WHERE o.part = p_part AND o.identity = p_identity;

    INSERT INTO lapor.identity_past (part, home_part, identity, kind, since,
                                     until_at, peer, reporter_id,
                                     first_seen_at)
    SELECT p_part, u.home_part, p_identity, p_kind, lapor.ms_time(u.since),
           lapor.ms_time(u.until), u.peer, u.reporter_id,
           lapor.ms_time(u.seen)
      FROM unnest(p_since, p_until, p_home_part, p_reporter_id, p_seen_at,
                  p_peer)
           AS u (since, until, home_part, reporter_id, seen, peer)
     WHERE u.until < c_ever;

    IF v_now AND c_ever = ANY (p_until) THEN
        UPDATE lapor.identity i
           SET since = lapor.ms_time(u.since), home_part = u.home_part,
               reporter_id = u.reporter_id, peer = u.peer,
               first_seen_at = lapor.ms_time(u.seen)
          FROM unnest(p_since, p_until, p_home_part, p_reporter_id, p_seen_at,
                      p_peer)
               AS u (since, until, home_part, reporter_id, seen, peer)
         WHERE i.part = p_part AND i.identity = p_identity
           AND u.until = c_ever;

    ELSIF v_now THEN
        DELETE FROM lapor.identity i
         WHERE i.part = p_part AND i.identity = p_identity;

    ELSE
        -- also one that is given up, so that nobody puts it in unseen

        INSERT INTO lapor.identity (part, home_part, identity, kind, since,
                                    peer, reporter_id, first_seen_at)
        SELECT p_part, u.home_part, p_identity, p_kind,
               lapor.ms_time(u.since), u.peer, u.reporter_id,
               lapor.ms_time(u.seen)
          FROM unnest(p_since, p_until, p_home_part, p_reporter_id, p_seen_at,
                      p_peer)
               AS u (since, until, home_part, reporter_id, seen, peer)
         ORDER BY u.until DESC
         LIMIT 1
        ON CONFLICT (part, identity) DO NOTHING;

        IF NOT FOUND THEN
            RAISE EXCEPTION 'an identity has a new holder'
                  USING ERRCODE = 'serialization_failure';
        END IF;

        IF NOT c_ever = ANY (p_until) THEN
            DELETE FROM lapor.identity i
             WHERE i.part = p_part AND i.identity = p_identity;
        END IF;
    END IF;
END
$$;

ALTER FUNCTION lapor.identity_write(p_part smallint, p_identity text, p_kind text, p_image text, p_since bigint[], p_until bigint[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at bigint[], p_peer text[]) OWNER TO lapor_owner;

--
-- Name: intake_open(smallint, text[], timestamp with time zone[], text[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.intake_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS TABLE(idx integer, home_part smallint, reporter_id bigint, peer text, early boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    v_count integer := cardinality(p_wamid);
    v_new   integer[];
BEGIN
    WITH ins AS (
        INSERT INTO lapor.seen (part, wamid, sent_at)
        SELECT coalesce(p_part, p_parts[n.i]), p_wamid[n.i], p_sent_at[n.i]
          FROM (SELECT i
                  FROM generate_series(1, v_count) AS i
                 ORDER BY p_parts[i], p_wamid[i] COLLATE "C", p_sent_at[i]) n
        ON CONFLICT (part, wamid, sent_at) DO NOTHING
        RETURNING part, wamid, sent_at
    ), item AS (
        SELECT i, coalesce(p_part, p_parts[i]) AS part, p_wamid[i] AS wamid,
               p_sent_at[i] AS sent_at
          FROM generate_series(1, v_count) AS i
    ), first AS (
        SELECT min(item.i) AS i
          FROM ins
          JOIN item ON item.part = ins.part AND item.wamid = ins.wamid
                       AND item.sent_at = ins.sent_at
         GROUP BY item.part, item.wamid, item.sent_at
    )
    SELECT array_agg(first.i) INTO v_new FROM first;

    -- looked up one by one, whatever the planner thinks of the table's size

    RETURN QUERY
    SELECT n.i, o.home_part, o.reporter_id, o.peer,
           CASE WHEN o.identity IS NOT NULL THEN n.at < o.first_seen_at
           ELSE EXISTS (SELECT FROM lapor.identity_past t
                         WHERE t.part = n.part AND t.identity = n.identity
                           AND t.until_at > n.at) END
      FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part,
                   p_identity[i] AS identity,
                   CASE p_sent_at[i] WHEN 'epoch' THEN 'infinity'
                   ELSE p_sent_at[i] END AS at
              FROM unnest(v_new) AS u (i)) n
      LEFT JOIN LATERAL (SELECT *
                           FROM lapor.identity w
                          WHERE w.part = n.part AND w.identity = n.identity
                         OFFSET 0) o ON true;
END
$$;

ALTER FUNCTION lapor.intake_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: intake_rules(text[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.intake_rules(p_phone_number_id text[]) RETURNS TABLE(phone_number_id text, unit_id integer, unit_name text, join_ms bigint, reopen_ms bigint, burst_ms bigint, answer_every boolean, second_topic boolean, topic_confidence double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH RECURSIVE number AS (
        SELECT n.phone_number_id, n.unit_id
          FROM lapor.phone_number n
         WHERE p_phone_number_id IS NULL
            OR n.phone_number_id = ANY (p_phone_number_id)
        UNION ALL
        SELECT NULL, 1 WHERE p_phone_number_id IS NULL
    ), up AS (
        SELECT DISTINCT number.unit_id AS leaf, number.unit_id, 0 AS height
          FROM number
        UNION ALL
        SELECT up.leaf, u.parent_id, up.height + 1
          FROM up
          JOIN lapor.unit u ON u.unit_id = up.unit_id
         WHERE u.parent_id IS NOT NULL AND up.height < 10
    ), rule AS (
        SELECT up.leaf,
               (array_agg(r.join_window ORDER BY up.height)
                FILTER (WHERE r.join_window IS NOT NULL))[1] AS join_window,
               (array_agg(r.reopen_window ORDER BY up.height)
                FILTER (WHERE r.reopen_window IS NOT NULL))[1]
               AS reopen_window,
               (array_agg(r.burst_gap ORDER BY up.height)
                FILTER (WHERE r.burst_gap IS NOT NULL))[1] AS burst_gap,
               (array_agg(r.answer_every ORDER BY up.height)
                FILTER (WHERE r.answer_every IS NOT NULL))[1]
               AS answer_every,
               (array_agg(r.second_topic ORDER BY up.height)
                FILTER (WHERE r.second_topic IS NOT NULL))[1]
               AS second_topic,
               (array_agg(r.topic_confidence ORDER BY up.height)
                FILTER (WHERE r.topic_confidence IS NOT NULL))[1]
               AS topic_confidence
          FROM up
          JOIN lapor.unit_rule r ON r.unit_id = up.unit_id
         GROUP BY up.leaf
    )
    SELECT number.phone_number_id, u.unit_id, u.name,
           (extract(epoch FROM rule.join_window) * 1000)::bigint,
           (extract(epoch FROM rule.reopen_window) * 1000)::bigint,
           (extract(epoch FROM rule.burst_gap) * 1000)::bigint,
           rule.answer_every, rule.second_topic,
           rule.topic_confidence::double precision
      FROM number
      JOIN lapor.unit u ON u.unit_id = number.unit_id
      JOIN rule ON rule.leaf = number.unit_id;
END
$$;

ALTER FUNCTION lapor.intake_rules(p_phone_number_id text[]) OWNER TO lapor_owner;

--
-- Name: intake_texts(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.intake_texts(p_lang text) RETURNS TABLE(key text, body text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.key, t.body FROM lapor.text t WHERE t.lang = p_lang;
END
$$;

ALTER FUNCTION lapor.intake_texts(p_lang text) OWNER TO lapor_owner;

--
-- Name: media_claim(smallint, text, integer, interval); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.media_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) RETURNS TABLE(task_id bigint, attempt integer, failures integer, media_id text, phone_number_id text, mime_type text, announced_sha256 text, url text, expired boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    v_due bigint[];
BEGIN
    SELECT array_agg(q.task_id) INTO v_due
      FROM (SELECT d.task_id
              FROM lapor.task d
             WHERE d.part = p_part AND d.kind = 'media'
               AND d.finished_at IS NULL AND d.run_at <= v_now
             ORDER BY d.run_at
             LIMIT p_limit
               FOR UPDATE SKIP LOCKED) q;

    RETURN QUERY
    UPDATE lapor.task t
       SET state = 'running', lease_owner = p_owner,
           attempts = t.attempts + 1, run_at = v_now + p_lease
      FROM lapor.media m
     WHERE t.part = p_part AND t.task_id = ANY (v_due)
       AND m.part = p_part AND m.media_id = t.media_id
    RETURNING t.task_id, t.attempts, t.failures, m.media_id,
              m.phone_number_id, m.mime_type, m.announced_sha256, m.url,
              t.expires_at <= v_now;
END
$$;

ALTER FUNCTION lapor.media_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) OWNER TO lapor_owner;

--
-- Name: media_failed(smallint, bigint, integer, text, integer, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.media_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_state text, p_error_code integer, p_error text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    t lapor.task%ROWTYPE;
BEGIN
    UPDATE lapor.task
       SET state = 'failed', finished_at = clock_timestamp(),
           lease_owner = NULL, error_code = p_error_code, error = p_error
     WHERE part = p_part AND task_id = p_task_id AND kind = 'media'
       AND attempts = p_attempt AND state = 'running'
    RETURNING * INTO t;

    IF NOT FOUND THEN
        RETURN false;
    END IF;

    UPDATE lapor.media m
       SET state = p_state, error_code = p_error_code, error = p_error
     WHERE m.part = p_part AND m.media_id = t.media_id;

    PERFORM lapor.event_append(p_part, t.report_id, 'media_' || p_state,
        'lapor-media',
        jsonb_build_object('media_id', t.media_id, 'error', p_error));
    RETURN true;
END
$$;

ALTER FUNCTION lapor.media_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_state text, p_error_code integer, p_error text) OWNER TO lapor_owner;

--
-- Name: media_release(smallint, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.media_release(p_part smallint, p_owner text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_count integer;
BEGIN
    UPDATE lapor.task t
       SET state = 'ready', lease_owner = NULL, run_at = clock_timestamp()
     WHERE t.part = p_part AND t.kind = 'media' AND t.finished_at IS NULL
       AND t.state = 'running' AND t.lease_owner = p_owner;

    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

ALTER FUNCTION lapor.media_release(p_part smallint, p_owner text) OWNER TO lapor_owner;

--
-- Name: media_stored(smallint, bigint, integer, text, text, bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.media_stored(p_part smallint, p_task_id bigint, p_attempt integer, p_sha256 text, p_path text, p_size bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    t lapor.task%ROWTYPE;
BEGIN
    UPDATE lapor.task
       SET state = 'done', finished_at = clock_timestamp(),
           lease_owner = NULL, error_code = NULL, error = NULL
     WHERE part = p_part AND task_id = p_task_id AND kind = 'media'
       AND attempts = p_attempt AND state = 'running'
    RETURNING * INTO t;

    IF NOT FOUND THEN
        RETURN false;
    END IF;

    UPDATE lapor.media m
       SET state = 'stored', sha256 = p_sha256, path = p_path, size = p_size,
           stored_at = clock_timestamp(), error_code = NULL, error = NULL
     WHERE m.part = p_part AND m.media_id = t.media_id;

    PERFORM lapor.event_append(p_part, t.report_id, 'media_stored',
        'lapor-media',
        jsonb_build_object('media_id', t.media_id, 'sha256', p_sha256,
                           'size', p_size));
    RETURN true;
END
$$;

ALTER FUNCTION lapor.media_stored(p_part smallint, p_task_id bigint, p_attempt integer, p_sha256 text, p_path text, p_size bigint) OWNER TO lapor_owner;

--
-- Name: message_correct(smallint, timestamp with time zone, text[], timestamp with time zone[], timestamp with time zone[], bigint[], text[], text[], text[], boolean[], text[], text[], text[], text[], text[], text[], text[], text[], boolean[], real[], double precision[], double precision[], boolean[], boolean[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.message_correct(p_part smallint, p_now timestamp with time zone, p_wamid text[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_body text[], p_detail text[], p_damaged boolean[], p_media_id text[], p_mime_type text[], p_filename text[], p_sha256 text[], p_url text[], p_category text[], p_urgency text[], p_function text[], p_sensitive boolean[], p_confidence real[], p_lat double precision[], p_lon double precision[], p_first boolean[], p_media_first boolean[]) RETURNS TABLE(idx integer, corrected boolean, media_task boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    u     record;
    v_old jsonb;
BEGIN
    FOR u IN
        SELECT n.*, m.message_id, m.sent_at AS stored_at, m.report_id,
               m.phone_number_id, m.type AS old_type, m.body AS old_body,
               m.detail AS old_detail, m.damaged AS old_damaged,
               m.media_id AS old_media_id,
               m.raw_id = n.raw_id AND m.received_at = n.received_at
               AND n.first AS own,
               d.media_id IS NULL AS media_new,
               d.created_at = n.received_at AND d.report_id = m.report_id
               AND n.media_first
               AND (d.kind, d.mime_type, d.filename, d.announced_sha256)
                   IS DISTINCT FROM (n.type, n.mime_type, n.filename,
                                     n.sha256)
               AND NOT EXISTS (
                   SELECT FROM lapor.message o
                    WHERE o.part = p_part AND o.report_id = m.report_id
                      AND o.media_id = n.media_id
                      AND o.received_at = n.received_at
                      AND o.raw_id <> n.raw_id) AS media_differs
          FROM (SELECT x.*, x.json::jsonb AS detail
                  FROM unnest(p_wamid, p_sent_at, p_received_at, p_raw_id,
                              p_type, p_body, p_detail, p_damaged,
                              p_media_id, p_mime_type, p_filename, p_sha256,
                              p_url, p_category, p_urgency, p_function,
                              p_sensitive, p_confidence, p_lat, p_lon,
                              p_first, p_media_first)
                       WITH ORDINALITY
                       AS x (wamid, sent_at, received_at, raw_id, type, body,
                             json, damaged, media_id, mime_type, filename,
                             sha256, url, category, urgency, function,
                             sensitive, confidence, lat, lon, first,
                             media_first, ord)) n
          JOIN lapor.message m
            ON m.part = p_part AND m.wamid = n.wamid
               AND m.sent_at IN (n.sent_at, 'epoch') AND m.direction = 'in'
          LEFT JOIN lapor.media d
                 ON d.part = p_part AND d.media_id = n.media_id
         ORDER BY m.report_id, n.ord
    LOOP
        idx := u.ord;
        corrected := false;
        media_task := false;

        v_old := jsonb_strip_nulls(jsonb_build_object(
            'type', CASE WHEN u.old_type <> u.type THEN u.old_type END,
            'damaged', CASE WHEN u.old_damaged <> u.damaged
                       THEN u.old_damaged END,
            'media_id', CASE WHEN u.old_media_id IS DISTINCT FROM u.media_id
                        THEN coalesce(u.old_media_id, '') END,
            'body_sha256', CASE WHEN u.old_body IS DISTINCT FROM u.body
                THEN encode(sha256(convert_to(coalesce(u.old_body, ''),
                                              'UTF8')), 'hex') END,
            'detail_sha256', CASE WHEN u.old_detail IS DISTINCT FROM u.detail
                THEN encode(sha256(convert_to(coalesce(u.old_detail::text,
                                                       ''), 'UTF8')), 'hex')
                END,
            'media', CASE WHEN u.media_differs THEN true END));

        IF u.own AND v_old <> '{}' THEN
            UPDATE lapor.message m
               SET type = u.type, body = u.body, detail = u.detail,
                   damaged = u.damaged, media_id = u.media_id
             WHERE m.part = p_part AND m.message_id = u.message_id
               AND m.sent_at = u.stored_at;

            IF u.media_differs THEN
                UPDATE lapor.media d
                   SET kind = u.type, mime_type = u.mime_type,
                       filename = u.filename, announced_sha256 = u.sha256
                 WHERE d.part = p_part AND d.media_id = u.media_id;
            END IF;

            PERFORM lapor.event_append(p_part, u.report_id, 'corrected',
                'lapor-intake', jsonb_build_object('wamid', u.wamid,
                                                   'old', v_old));

            -- a pin that was not understood; one that came later stays
            UPDATE lapor.report r SET lat = u.lat, lon = u.lon
             WHERE r.part = p_part AND r.report_id = u.report_id
               AND r.lat IS NULL AND u.lat IS NOT NULL;

            IF u.confidence > 0 AND v_old ? 'body_sha256' THEN
                PERFORM lapor.report_correct(p_part, u.report_id, u.wamid,
                    u.category, u.urgency, u.function, u.sensitive,
                    u.confidence, p_now);
            END IF;

            corrected := true;
        END IF;

        IF u.own AND u.media_id IS NOT NULL AND u.media_new THEN
            INSERT INTO lapor.media (part, report_id, media_id,
                                     phone_number_id, kind, mime_type,
                                     filename, announced_sha256, url,
                                     created_at)
            VALUES (p_part, u.report_id, u.media_id, u.phone_number_id,
                    u.type, u.mime_type, u.filename, u.sha256, u.url,
                    u.received_at)
            ON CONFLICT (part, media_id) DO NOTHING;

            IF FOUND THEN
                -- as lapor.message_store says
                INSERT INTO lapor.task (part, task_id, report_id, run_at,
                                        created_at, expires_at, kind,
                                        media_id, phone_number_id)
                VALUES (p_part, nextval('lapor.id_seq'), u.report_id, p_now,
                        p_now, u.received_at + interval '7 days', 'media',
                        u.media_id, u.phone_number_id)
                ON CONFLICT (part, media_id) WHERE kind = 'media' DO NOTHING;

                media_task := FOUND;
            END IF;
        END IF;

        RETURN NEXT;
    END LOOP;
END
$$;

ALTER FUNCTION lapor.message_correct(p_part smallint, p_now timestamp with time zone, p_wamid text[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_body text[], p_detail text[], p_damaged boolean[], p_media_id text[], p_mime_type text[], p_filename text[], p_sha256 text[], p_url text[], p_category text[], p_urgency text[], p_function text[], p_sensitive boolean[], p_confidence real[], p_lat double precision[], p_lon double precision[], p_first boolean[], p_media_first boolean[]) OWNER TO lapor_owner;

--
-- Name: message_find(smallint, text[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.message_find(p_part smallint, p_wamid text[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS TABLE(idx integer, report_id bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT n.i, m.report_id
      FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part,
                   p_wamid[i] AS wamid
              FROM generate_series(1, cardinality(p_wamid)) AS i
             WHERE p_wamid[i] IS NOT NULL) n
      JOIN lapor.message m ON m.part = n.part AND m.wamid = n.wamid;
END
$$;

ALTER FUNCTION lapor.message_find(p_part smallint, p_wamid text[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: message_store(smallint, timestamp with time zone, bigint[], timestamp with time zone[], timestamp with time zone[], bigint[], text[], text[], text[], text[], text[], text[], boolean[], bigint[], text[], text[], text[], text[], text[], text[], text[], timestamp with time zone[], smallint[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.message_store(p_part smallint, p_now timestamp with time zone, p_report_id bigint[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_wamid text[], p_phone_number_id text[], p_body text[], p_media_id text[], p_detail text[], p_damaged boolean[], p_media_report_id bigint[], p_media_media_id text[], p_media_phone_number_id text[], p_media_kind text[], p_media_mime_type text[], p_media_filename text[], p_media_sha256 text[], p_media_url text[], p_media_created_at timestamp with time zone[], p_parts smallint[] DEFAULT NULL::smallint[], p_media_parts smallint[] DEFAULT NULL::smallint[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    v_media bigint := 0;
BEGIN
    INSERT INTO lapor.message (part, message_id, report_id, sent_at,
                               received_at, raw_id, direction, type, wamid,
                               phone_number_id, body, media_id, detail,
                               damaged)
    SELECT coalesce(p_part, p_parts[i]), nextval('lapor.id_seq'),
           p_report_id[i], p_sent_at[i], p_received_at[i], p_raw_id[i], 'in',
           p_type[i], p_wamid[i], p_phone_number_id[i], p_body[i],
           p_media_id[i], p_detail[i]::jsonb, p_damaged[i]
      FROM generate_series(1, cardinality(p_report_id)) AS i;

    IF cardinality(p_media_media_id) > 0 THEN
        WITH ins AS (
            INSERT INTO lapor.media AS m (part, report_id, media_id,
                                          phone_number_id, kind, mime_type,
                                          filename, announced_sha256, url,
                                          created_at)
            SELECT coalesce(p_part, p_media_parts[n.i]),
                   p_media_report_id[n.i], p_media_media_id[n.i],
                   p_media_phone_number_id[n.i], p_media_kind[n.i],
                   p_media_mime_type[n.i], p_media_filename[n.i],
                   p_media_sha256[n.i], p_media_url[n.i],
                   p_media_created_at[n.i]
              FROM (SELECT i
                      FROM generate_series(1, cardinality(p_media_media_id))
                           AS i
                     ORDER BY p_media_parts[i], p_media_media_id[i], i) n
            ON CONFLICT (part, media_id) DO NOTHING
            RETURNING m.part, m.report_id, m.media_id, m.phone_number_id,
                      m.created_at
        )
        -- Meta keeps a file for seven days (Cloud API, media)
        INSERT INTO lapor.task (part, task_id, report_id, run_at, created_at,
                                expires_at, kind, media_id, phone_number_id)
        SELECT ins.part, nextval('lapor.id_seq'), ins.report_id, p_now,
               p_now, ins.created_at + interval '7 days', 'media',
               ins.media_id, ins.phone_number_id
          FROM ins;

        GET DIAGNOSTICS v_media = ROW_COUNT;
    END IF;

    RETURN v_media;
END
$$;

ALTER FUNCTION lapor.message_store(p_part smallint, p_now timestamp with time zone, p_report_id bigint[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_wamid text[], p_phone_number_id text[], p_body text[], p_media_id text[], p_detail text[], p_damaged boolean[], p_media_report_id bigint[], p_media_media_id text[], p_media_phone_number_id text[], p_media_kind text[], p_media_mime_type text[], p_media_filename text[], p_media_sha256 text[], p_media_url text[], p_media_created_at timestamp with time zone[], p_parts smallint[], p_media_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: months_ahead(integer); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.months_ahead(p_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
DECLARE
    v_table text;
    v_month date;
    v_name  text;
    v_made  integer := 0;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['raw_webhook', 'seen', 'message', 'event']
    LOOP
        FOR k IN -1 .. p_ahead LOOP
            v_month := (date_trunc('month', now() AT TIME ZONE 'UTC')
                        + make_interval(months => k))::date;
            v_name := v_table || to_char(v_month, '_YYYY_MM');

            CONTINUE WHEN to_regclass('lapor.' || v_name) IS NOT NULL;

            BEGIN
                EXECUTE format(
                    'CREATE TABLE lapor.%I PARTITION OF lapor.%I '
                    'FOR VALUES FROM (%L) TO (%L)', v_name, v_table,
                    v_month::text || ' 00:00+00',
                    (v_month + interval '1 month')::date::text || ' 00:00+00');
                v_made := v_made + 1;
            EXCEPTION
                WHEN check_violation OR duplicate_table THEN
                    NULL;
            END;
        END LOOP;
    END LOOP;

    RETURN v_made;
END
$$;

ALTER FUNCTION lapor.months_ahead(p_ahead integer) OWNER TO lapor_owner;

--
-- Name: ms_time(bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.ms_time(p_ms bigint) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    RETURN CASE p_ms WHEN -9223372036854775808 THEN '-infinity'
                     WHEN 9223372036854775807 THEN 'infinity'
           ELSE timestamptz 'epoch' + p_ms * interval '1 millisecond' END;
END
$$;

ALTER FUNCTION lapor.ms_time(p_ms bigint) OWNER TO lapor_owner;

--
-- Name: notice_known(smallint, bigint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.notice_known(p_part smallint, p_notice_id bigint[]) RETURNS SETOF integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT i
      FROM generate_series(1, cardinality(p_notice_id)) AS i
      JOIN lapor.notice n ON n.part = p_part AND n.notice_id = p_notice_id[i];
END
$$;

ALTER FUNCTION lapor.notice_known(p_part smallint, p_notice_id bigint[]) OWNER TO lapor_owner;

--
-- Name: notice_store(smallint, bigint[], timestamp with time zone[], text[], text[], text[], text[], bigint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.notice_store(p_part smallint, p_notice_id bigint[], p_received_at timestamp with time zone[], p_field text[], p_waba_id text[], p_phone_number_id text[], p_data text[], p_raw_id bigint[]) RETURNS TABLE(idx integer, before text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    c_limits constant text := 'business_capability_update';
    u        record;
BEGIN
    FOR u IN
        WITH item AS (
            SELECT n.*
              FROM unnest(p_notice_id, p_received_at, p_field, p_waba_id,
                          p_phone_number_id, p_data, p_raw_id)
                   WITH ORDINALITY
                   AS n (notice_id, received_at, field, waba_id,
                         phone_number_id, data, raw_id, ord)
        ), ins AS (
            INSERT INTO lapor.notice (part, notice_id, received_at, field,
                                      waba_id, phone_number_id, data, raw_id)
            SELECT p_part, i.notice_id, i.received_at, i.field, i.waba_id,
                   i.phone_number_id, i.data::jsonb, i.raw_id
              FROM item i
             ORDER BY i.notice_id, i.ord
            ON CONFLICT (part, notice_id) DO NOTHING
            RETURNING notice_id
        )
        SELECT DISTINCT ON (i.notice_id) i.*
          FROM ins
          JOIN item i ON i.notice_id = ins.notice_id
         ORDER BY i.notice_id, i.ord
    LOOP
        idx := u.ord;
        before := NULL;

        IF u.field = c_limits THEN
            SELECT n.data::text INTO before
              FROM lapor.notice n
             WHERE n.part = p_part AND n.field = c_limits
               AND n.waba_id = u.waba_id AND n.notice_id <> u.notice_id
               AND n.received_at <= u.received_at
             ORDER BY n.received_at DESC
             LIMIT 1;
        END IF;

        RETURN NEXT;
    END LOOP;
END
$$;

ALTER FUNCTION lapor.notice_store(p_part smallint, p_notice_id bigint[], p_received_at timestamp with time zone[], p_field text[], p_waba_id text[], p_phone_number_id text[], p_data text[], p_raw_id bigint[]) OWNER TO lapor_owner;

--
-- Name: number_answered(text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.number_answered(p_phone_number_id text, p_from timestamp with time zone, p_now timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN (
        SELECT max(s.at)
          FROM lapor.message m,
               unnest(ARRAY[m.server_at, m.delivered_at, m.read_at,
                            m.played_at, m.failed_at]) AS s (at)
         WHERE m.phone_number_id = p_phone_number_id AND m.direction = 'out'
           AND m.received_at BETWEEN p_from AND p_now
           AND (m.sent_at BETWEEN p_from - interval '1 day'
                              AND p_now + interval '1 day'
                OR m.sent_at = 'epoch')
           AND s.at <= p_now);
END
$$;

ALTER FUNCTION lapor.number_answered(p_phone_number_id text, p_from timestamp with time zone, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: number_days(text, timestamp with time zone, interval); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.number_days(p_phone_number_id text, p_end timestamp with time zone, p_length interval) RETURNS integer[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    c_days  constant integer := 14;
    v_first timestamptz;
    v_to    timestamptz;
    v_count integer;
    v_days  integer[] := '{}';
BEGIN
    SELECT m.received_at INTO v_first
      FROM lapor.message m
     WHERE m.phone_number_id = p_phone_number_id AND m.direction = 'in'
       AND m.received_at BETWEEN p_end - interval '42 days' AND p_end
       AND (m.sent_at BETWEEN p_end - interval '50 days'
                          AND p_end + interval '1 day'
            OR m.sent_at = 'epoch')
     ORDER BY m.received_at LIMIT 1;

    FOR k IN 0 .. c_days - 1 LOOP
        v_to := p_end - make_interval(hours => 24 * k);

        EXIT WHEN v_first IS NULL OR v_first > v_to - p_length;

        SELECT count(DISTINCT m.report_id) INTO v_count
          FROM lapor.message m
         WHERE m.phone_number_id = p_phone_number_id AND m.direction = 'in'
           AND m.received_at >= v_to - p_length AND m.received_at < v_to
           AND (m.sent_at BETWEEN v_to - p_length - interval '8 days'
                              AND v_to + interval '1 day'
                OR m.sent_at = 'epoch');

        v_days := v_days || v_count;
    END LOOP;

    RETURN v_days;
END
$$;

ALTER FUNCTION lapor.number_days(p_phone_number_id text, p_end timestamp with time zone, p_length interval) OWNER TO lapor_owner;

--
-- Name: number_heard(text, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.number_heard(p_phone_number_id text, p_now timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    v_last timestamptz;
BEGIN
    -- Meta repeats a webhook for seven days, so it can be that much older
    SELECT m.received_at INTO v_last
      FROM lapor.message m
     WHERE m.phone_number_id = p_phone_number_id AND m.direction = 'in'
       AND m.received_at BETWEEN p_now - interval '31 days' AND p_now
       AND (m.sent_at BETWEEN p_now - interval '39 days'
                          AND p_now + interval '1 day'
            OR m.sent_at = 'epoch')
     ORDER BY m.received_at DESC LIMIT 1;

    IF NOT FOUND THEN
        SELECT m.received_at INTO v_last
          FROM lapor.message m
         WHERE m.phone_number_id = p_phone_number_id AND m.direction = 'in'
           AND m.received_at <= p_now
         ORDER BY m.received_at DESC LIMIT 1;
    END IF;

    RETURN v_last;
END
$$;

ALTER FUNCTION lapor.number_heard(p_phone_number_id text, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: officer_put(text, text, boolean, smallint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.officer_put(p_identity text, p_code text, p_active boolean, p_part smallint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_unit integer;
BEGIN
    SELECT u.unit_id INTO v_unit FROM lapor.unit u WHERE u.unit_code = p_code;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no unit "%"', p_code
              USING ERRCODE = 'foreign_key_violation';
    END IF;

    INSERT INTO lapor.officer (identity, unit_id, active, part)
    VALUES (p_identity, v_unit, p_active, p_part)
    ON CONFLICT (identity) DO NOTHING;

    IF FOUND THEN
        RETURN 'added';
    END IF;

    UPDATE lapor.officer o
       SET unit_id = v_unit, active = p_active,
           added_at = CASE WHEN o.active THEN o.added_at ELSE now() END
     WHERE o.identity = p_identity
       AND (o.unit_id, o.active) IS DISTINCT FROM (v_unit, p_active);

    RETURN CASE WHEN FOUND THEN 'changed' ELSE 'same' END;
END
$$;

ALTER FUNCTION lapor.officer_put(p_identity text, p_code text, p_active boolean, p_part smallint) OWNER TO lapor_owner;

--
-- Name: phone_mask(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.phone_mask(p_phone text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $_$
BEGIN
    IF p_phone !~ '^[0-9]{12,}$' THEN
        RETURN '••••' || right(p_phone, least(4, length(p_phone) / 3));
    END IF;

    RETURN '+' || substr(p_phone, 1, 2) || ' ' || substr(p_phone, 3, 3)
           || '-••••-' || right(p_phone, 4);
END
$_$;

ALTER FUNCTION lapor.phone_mask(p_phone text) OWNER TO lapor_owner;

--
-- Name: quarantine_replayed(smallint, bigint, timestamp with time zone, integer); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.quarantine_replayed(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    UPDATE lapor.quarantine q
       SET state = 'replayed', replayed_at = clock_timestamp()
     WHERE q.part = p_part AND q.raw_id = p_raw_id
       AND q.received_at = p_received_at AND q.item = p_item;

    RETURN FOUND;
END
$$;

ALTER FUNCTION lapor.quarantine_replayed(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer) OWNER TO lapor_owner;

--
-- Name: quarantine_settle(smallint, bigint[], timestamp with time zone[], integer[], timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.quarantine_settle(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_item integer[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    UPDATE lapor.quarantine q SET state = 'replayed', replayed_at = p_now
      FROM unnest(p_raw_id, p_received_at, p_item)
           AS u (raw_id, received_at, item)
     WHERE q.part = p_part AND q.raw_id = u.raw_id
       AND q.received_at = u.received_at AND q.item = u.item
       AND q.state = 'dead';
END
$$;

ALTER FUNCTION lapor.quarantine_settle(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_item integer[], p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: quarantine_store(smallint, bigint, timestamp with time zone, integer, text, text, text, text, bytea, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.quarantine_store(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer, p_stream text, p_entry_id text, p_reason text, p_sqlstate text, p_body bytea, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO lapor.quarantine AS q (part, raw_id, received_at, item,
                                       stream, entry_id, reason, sqlstate,
                                       body, dead_at)
    VALUES (p_part, p_raw_id, p_received_at, p_item, p_stream, p_entry_id,
            p_reason, p_sqlstate, p_body, p_now)
    ON CONFLICT (part, raw_id, received_at, item) DO UPDATE
       SET state = 'dead', replayed_at = NULL, times = q.times + 1,
           reason = excluded.reason, sqlstate = excluded.sqlstate,
           dead_at = excluded.dead_at
     WHERE q.state <> 'dead'
        OR (q.reason, q.sqlstate)
           IS DISTINCT FROM (excluded.reason, excluded.sqlstate);
END
$$;

ALTER FUNCTION lapor.quarantine_store(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer, p_stream text, p_entry_id text, p_reason text, p_sqlstate text, p_body bytea, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: raw_store(smallint, bigint[], timestamp with time zone[], text[], text[], bytea[], bytea[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.raw_store(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_stream text[], p_entry_id text[], p_sha256 bytea[], p_body bytea[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    v_count       integer := cardinality(p_raw_id);
    v_new         bigint;
    v_raw_id      bigint[];
    v_received_at timestamptz[];
BEGIN
    WITH ins AS (
        INSERT INTO lapor.raw_webhook AS w (part, raw_id, received_at, stream,
                                            entry_id, sha256, body)
        SELECT coalesce(p_part, p_parts[n.i]), p_raw_id[n.i],
               p_received_at[n.i], p_stream[n.i], p_entry_id[n.i],
               p_sha256[n.i], p_body[n.i]
          FROM (SELECT i
                  FROM generate_series(1, v_count) AS i
                 WHERE p_body[i] IS NOT NULL
                 ORDER BY p_parts[i], p_raw_id[i], p_received_at[i], i) n
        ON CONFLICT (part, raw_id, received_at) DO NOTHING
        RETURNING w.part, w.stream, w.entry_id, w.raw_id, w.received_at
    ), cnt AS (
        INSERT INTO lapor.stream_count AS c (part, stream, done, last)
        SELECT ins.part, ins.stream, count(*),
               max((lpad(split_part(ins.entry_id, '-', 1), 20, '0')
                    || lpad(split_part(ins.entry_id, '-', 2), 20, '0'))
                   COLLATE "C")
          FROM ins
         GROUP BY ins.part, ins.stream
         ORDER BY ins.part, ins.stream
        ON CONFLICT (part, stream) DO UPDATE
           SET done = c.done + excluded.done,
               last = greatest(c.last COLLATE "C", excluded.last)
    )
    SELECT count(*), array_agg(ins.raw_id), array_agg(ins.received_at)
      INTO v_new, v_raw_id, v_received_at
      FROM ins;

    -- the others are known, or come from another entry: a statement of its
    -- own, so that it sees what somebody else has committed meanwhile; looked
    -- up one by one, whatever the planner thinks of the table's size

    IF v_new < v_count THEN
        WITH item AS (
            SELECT coalesce(p_part, p_parts[i]) AS part, p_raw_id[i] AS raw_id,
                   p_received_at[i] AS received_at, p_stream[i] AS stream,
                   p_entry_id[i] AS entry_id, p_body[i] IS NULL AS empty
              FROM generate_series(1, v_count) AS i
        ), other AS (
            SELECT item.raw_id, item.received_at FROM item
            EXCEPT ALL
            SELECT * FROM unnest(v_raw_id, v_received_at)
        ), ins AS (
            INSERT INTO lapor.raw_again AS a (part, stream, entry_id, raw_id,
                                              received_at)
            SELECT u.part, u.stream, u.entry_id, u.raw_id, u.received_at
              FROM (SELECT DISTINCT * FROM other) o
              JOIN item u
                ON u.raw_id = o.raw_id AND u.received_at = o.received_at
              LEFT JOIN LATERAL (SELECT w.stream, w.entry_id
                                   FROM lapor.raw_webhook w
                                  WHERE w.part = coalesce(p_part, u.part)
                                    AND w.raw_id = u.raw_id
                                    AND w.received_at = u.received_at
                                 OFFSET 0) w ON true
             WHERE u.empty OR (w.stream, w.entry_id) <> (u.stream, u.entry_id)
             ORDER BY u.part, u.stream, u.entry_id
            ON CONFLICT (part, stream, entry_id) DO NOTHING
            RETURNING a.part, a.stream, a.entry_id
        )
        INSERT INTO lapor.stream_count AS c (part, stream, done, last)
        SELECT ins.part, ins.stream, count(*),
               max((lpad(split_part(ins.entry_id, '-', 1), 20, '0')
                    || lpad(split_part(ins.entry_id, '-', 2), 20, '0'))
                   COLLATE "C")
          FROM ins
         GROUP BY ins.part, ins.stream
         ORDER BY ins.part, ins.stream
        ON CONFLICT (part, stream) DO UPDATE
           SET done = c.done + excluded.done,
               last = greatest(c.last COLLATE "C", excluded.last);
    END IF;

    RETURN v_new;
END
$$;

ALTER FUNCTION lapor.raw_store(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_stream text[], p_entry_id text[], p_sha256 bytea[], p_body bytea[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: reconcile_last(); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reconcile_last() RETURNS TABLE(at timestamp with time zone, verdict text, streams integer, accepted bigint, done bigint, waiting bigint, spooled bigint, differences bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT r.at, r.verdict, r.streams, r.accepted, r.done, r.waiting,
           r.spooled, r.differences
      FROM lapor.reconcile r
     WHERE r.part = 0 AND r.verdict <> 'unsettled'
     ORDER BY r.at DESC LIMIT 1;
END
$$;

ALTER FUNCTION lapor.reconcile_last() OWNER TO lapor_owner;

--
-- Name: reconcile_store(smallint, timestamp with time zone, text, integer, bigint, bigint, bigint, bigint, bigint, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reconcile_store(p_part smallint, p_at timestamp with time zone, p_verdict text, p_streams integer, p_accepted bigint, p_done bigint, p_waiting bigint, p_spooled bigint, p_differences bigint, p_detail text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM lapor.reconcile r
     WHERE r.part = p_part AND r.at < p_at - interval '90 days';

    INSERT INTO lapor.reconcile (part, at, verdict, streams, accepted, done,
                                 waiting, spooled, differences, detail)
    VALUES (p_part, p_at, p_verdict, p_streams, p_accepted, p_done,
            p_waiting, p_spooled, p_differences, p_detail::jsonb)
    ON CONFLICT (part, at) DO NOTHING;
END
$$;

ALTER FUNCTION lapor.reconcile_store(p_part smallint, p_at timestamp with time zone, p_verdict text, p_streams integer, p_accepted bigint, p_done bigint, p_waiting bigint, p_spooled bigint, p_differences bigint, p_detail text) OWNER TO lapor_owner;

--
-- Name: reply_claim(smallint, text, integer, interval); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reply_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) RETURNS TABLE(task_id bigint, attempt integer, failures integer, unknowns integer, phone_number_id text, recipient text, recipient_kind text, body text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := clock_timestamp();
    t     lapor.task%ROWTYPE;
BEGIN
    FOR t IN
        SELECT *
          FROM lapor.task d
         WHERE d.part = p_part AND d.kind = 'reply'
           AND d.finished_at IS NULL AND d.run_at <= v_now
         ORDER BY d.run_at
         LIMIT p_limit
           FOR UPDATE SKIP LOCKED
    LOOP
        task_id := t.task_id;
        attempt := t.attempts + 1;
        failures := t.failures;
        phone_number_id := t.phone_number_id;
        recipient := t.recipient;
        recipient_kind := t.recipient_kind;

        IF t.expires_at <= v_now THEN
            PERFORM lapor.reply_end(p_part, t.task_id, NULL,
                                    'the reply window is closed');
            unknowns := t.unknowns;
            body := NULL;
            RETURN NEXT;
            CONTINUE;
        END IF;

        IF t.state = 'sending' THEN
            t.unknowns := t.unknowns + 1;

            PERFORM lapor.event_append(p_part, t.report_id, 'answer_resent',
                'lapor-reply',
                jsonb_build_object('task_id', t.task_id,
                                   'unknowns', t.unknowns));
        END IF;

        UPDATE lapor.task u
           SET state = 'sending', lease_owner = p_owner,
               attempts = t.attempts + 1, unknowns = t.unknowns,
               run_at = v_now + p_lease
         WHERE u.part = p_part AND u.task_id = t.task_id;

        unknowns := t.unknowns;
        body := t.body;
        RETURN NEXT;
    END LOOP;
END
$$;

ALTER FUNCTION lapor.reply_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) OWNER TO lapor_owner;

--
-- Name: reply_end(smallint, bigint, integer, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reply_end(p_part smallint, p_task_id bigint, p_error_code integer, p_error text) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_report_id bigint;
BEGIN
    UPDATE lapor.task t
       SET state = 'failed', finished_at = clock_timestamp(),
           lease_owner = NULL, error_code = p_error_code, error = p_error
     WHERE t.part = p_part AND t.task_id = p_task_id
    RETURNING t.report_id INTO STRICT v_report_id;

    PERFORM lapor.event_append(p_part, v_report_id, 'answer_failed',
        'lapor-reply',
        jsonb_build_object('task_id', p_task_id, 'code', p_error_code,
                           'error', p_error));
END
$$;

ALTER FUNCTION lapor.reply_end(p_part smallint, p_task_id bigint, p_error_code integer, p_error text) OWNER TO lapor_owner;

--
-- Name: reply_failed(smallint, bigint, integer, integer, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reply_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_error_code integer, p_error text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM lapor.task t
      WHERE t.part = p_part AND t.task_id = p_task_id
        AND t.attempts = p_attempt AND t.state = 'sending'
        FOR UPDATE;

    IF NOT FOUND THEN
        RETURN false;
    END IF;

    PERFORM lapor.reply_end(p_part, p_task_id, p_error_code, p_error);
    RETURN true;
END
$$;

ALTER FUNCTION lapor.reply_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_error_code integer, p_error text) OWNER TO lapor_owner;

--
-- Name: reply_sent(smallint, bigint, text, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reply_sent(p_part smallint, p_task_id bigint, p_wamid text, p_at timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    t            lapor.task%ROWTYPE;
    v_message_id bigint;
    w            record;
    s            record;
BEGIN
    SELECT * INTO t
      FROM lapor.task
     WHERE part = p_part AND task_id = p_task_id AND kind = 'reply'
       FOR UPDATE;

    IF NOT FOUND THEN
        RETURN false;
    END IF;

    IF t.wamid = p_wamid
       OR (t.wamid IS NOT NULL
           AND EXISTS (SELECT FROM lapor.message m
                        WHERE m.part = p_part AND m.wamid = p_wamid))
    THEN
        RETURN true;
    END IF;

    PERFORM lapor.status_lock(p_part, ARRAY[p_wamid], '{true}');

    v_message_id := nextval('lapor.id_seq');

    INSERT INTO lapor.message (part, message_id, report_id, sent_at,
                               received_at, task_id, direction, type, wamid,
                               phone_number_id, body, status, accepted_at)
    VALUES (p_part, v_message_id, t.report_id, p_at, clock_timestamp(),
            p_task_id, 'out', 'text', p_wamid, t.phone_number_id, t.body,
            'accepted', p_at);

    IF t.wamid IS NULL THEN
        UPDATE lapor.task
           SET state = 'done', finished_at = clock_timestamp(),
               lease_owner = NULL, wamid = p_wamid,
               message_id = v_message_id, message_sent_at = p_at,
               error_code = NULL, error = NULL
         WHERE part = p_part AND task_id = p_task_id;
    END IF;

    PERFORM lapor.event_append(p_part, t.report_id,
        CASE WHEN t.wamid IS NULL THEN 'answered' ELSE 'answered_twice' END,
        'lapor-reply',
        jsonb_build_object('task_id', p_task_id, 'occasion', t.occasion,
                           'wamid', p_wamid, 'attempts', t.attempts,
                           'unknowns', t.unknowns));

    WITH gone AS (
        DELETE FROM lapor.status_wait
         WHERE part = p_part AND wamid = p_wamid
        RETURNING *
    )
    SELECT array_agg(NULL::bigint) AS task_id, array_agg(g.wamid) AS wamid,
           array_agg(g.state) AS state, array_agg(g.at) AS at,
           array_agg(g.error_code) AS error_code,
           array_agg(g.error_title) AS error_title,
           array_agg(g.billable) AS billable,
           array_agg(g.price_category) AS price_category,
           array_agg(g.price_type) AS price_type,
           array_agg(g.origin) AS origin
      INTO w
      FROM gone g;

    IF w.wamid IS NOT NULL THEN
        s := lapor.status_apply(p_part, w.task_id, w.wamid, w.state, w.at,
                 w.error_code, w.error_title, w.billable, w.price_category,
                 w.price_type, w.origin);

        PERFORM lapor.status_failed(p_part, s.failed_id, s.failed_sent_at,
                                    s.failed_report)
          WHERE s.failed_id IS NOT NULL;
    END IF;

    RETURN true;
END
$$;

ALTER FUNCTION lapor.reply_sent(p_part smallint, p_task_id bigint, p_wamid text, p_at timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: reply_unknown(smallint, bigint, integer, interval, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reply_unknown(p_part smallint, p_task_id bigint, p_attempt integer, p_wait interval, p_error text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    UPDATE lapor.task t
       SET run_at = clock_timestamp() + p_wait, error = p_error
     WHERE t.part = p_part AND t.task_id = p_task_id
       AND t.attempts = p_attempt AND t.state = 'sending';

    RETURN FOUND;
END
$$;

ALTER FUNCTION lapor.reply_unknown(p_part smallint, p_task_id bigint, p_attempt integer, p_wait interval, p_error text) OWNER TO lapor_owner;

--
-- Name: report_correct(smallint, bigint, text, text, text, text, boolean, real, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.report_correct(p_part smallint, p_report_id bigint, p_wamid text, p_category text, p_urgency text, p_function text, p_sensitive boolean, p_confidence real, p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    c_vague constant text[] := '{ambigu,bukan_laporan,spam_prank}';
    r       lapor.report%ROWTYPE;
BEGIN
    SELECT * INTO STRICT r
      FROM lapor.report t
     WHERE t.part = p_part AND t.report_id = p_report_id
       FOR UPDATE;

    IF r.closed_at IS NOT NULL
       OR NOT (p_urgency < r.urgency OR (p_sensitive AND NOT r.sensitive)
               OR (r.category = ANY (c_vague)
                   AND p_category <> ALL (c_vague)))
    THEN
        RETURN;
    END IF;

    IF p_category <> ALL (c_vague)
       AND (p_urgency < r.urgency OR r.category = ANY (c_vague))
    THEN
        r.category := p_category;
        r.function := p_function;
        r.confidence := p_confidence;
    END IF;

    r.urgency := least(r.urgency, p_urgency);
    r.sensitive := r.sensitive OR p_sensitive;

    UPDATE lapor.report t
       SET version = r.version + 1, category = r.category,
           urgency = r.urgency, function = r.function,
           sensitive = r.sensitive, confidence = r.confidence
     WHERE t.part = p_part AND t.report_id = p_report_id;

    UPDATE lapor.timer t
       SET version = r.version + 1,
           due_at = least(t.due_at, p_now + lapor.claim_time(r.urgency))
     WHERE t.part = p_part AND t.report_id = p_report_id
       AND t.kind = 'claim';

    PERFORM lapor.event_append(p_part, p_report_id, 'raised', 'lapor-intake',
        jsonb_build_object('wamid', p_wamid, 'unit_id', r.unit_id,
                           'state', r.state, 'category', r.category,
                           'urgency', r.urgency, 'function', r.function,
                           'sensitive', r.sensitive,
                           'answered', r.answered));
END
$$;

ALTER FUNCTION lapor.report_correct(p_part smallint, p_report_id bigint, p_wamid text, p_category text, p_urgency text, p_function text, p_sensitive boolean, p_confidence real, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: report_list(text, integer); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.report_list(p_unit_code text, p_limit integer) RETURNS SETOF jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT jsonb_build_object(
               'code', r.code, 'unit', u.unit_code, 'state', r.state,
               'urgency', r.urgency, 'category', r.category,
               'function', r.function, 'sensitive', r.sensitive,
               'origin', r.origin, 'drill', r.drill,
               'attention_at', r.attention_at,
               'withdraw_asked_at', r.withdraw_asked_at,
               'first_message_at', r.first_message_at,
               'last_message_at', r.last_message_at,
               'messages', (SELECT count(*) FROM lapor.message m
                             WHERE m.part = r.part
                               AND m.report_id = r.report_id
                               AND m.direction = 'in'),
               'media', (SELECT count(*) FROM lapor.media m
                          WHERE m.part = r.part
                            AND m.report_id = r.report_id),
               'media_stored', (SELECT count(*) FROM lapor.media m
                                 WHERE m.part = r.part
                                   AND m.report_id = r.report_id
                                   AND m.state = 'stored'),
               'answer', coalesce(
                   (SELECT m.status FROM lapor.message m
                     WHERE m.part = r.part AND m.report_id = r.report_id
                       AND m.direction = 'out'
                     ORDER BY m.sent_at LIMIT 1),
                   (SELECT t.state FROM lapor.task t
                     WHERE t.part = r.part AND t.report_id = r.report_id
                       AND t.kind = 'reply' LIMIT 1),
                   'none'))
      FROM lapor.report r
      JOIN lapor.unit u ON u.unit_id = r.unit_id
     WHERE p_unit_code IS NULL OR u.unit_code = p_unit_code
     ORDER BY r.first_message_at DESC, r.report_id DESC
     LIMIT p_limit;
END
$$;

ALTER FUNCTION lapor.report_list(p_unit_code text, p_limit integer) OWNER TO lapor_owner;

--
-- Name: report_show(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.report_show(p_code text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_part smallint;
    v_code text;
    r      lapor.report%ROWTYPE;
BEGIN
    SELECT c.part, c.code INTO v_part, v_code FROM lapor.code_read(p_code) c;

    SELECT * INTO r
      FROM lapor.report t
     WHERE t.part = v_part AND t.code = v_code;

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    RETURN jsonb_build_object(
        'report', (
            SELECT jsonb_build_object(
                       'code', r.code, 'part', r.part,
                       'report_id', r.report_id, 'unit', u.unit_code,
                       'unit_name', u.name, 'number', n.display_phone,
                       'phone_number_id', r.phone_number_id,
                       'state', r.state, 'urgency', r.urgency,
                       'category', r.category, 'function', r.function,
                       'sensitive', r.sensitive, 'prank', r.prank,
                       'confidence', r.confidence, 'version', r.version,
                       'first_message_at', r.first_message_at,
                       'last_message_at', r.last_message_at,
                       'lat', r.lat, 'lon', r.lon, 'origin', r.origin,
                       'drill', r.drill, 'attention_at', r.attention_at,
                       'withdraw_asked_at', r.withdraw_asked_at,
                       'links', coalesce((
                           SELECT jsonb_agg(jsonb_build_object(
                                      'link', CASE o.report_id
                                              WHEN r.link_report_id
                                              THEN r.link ELSE o.link END,
                                      'code', o.code,
                                      'to', o.report_id
                                            IS NOT DISTINCT FROM
                                            r.link_report_id)
                                      ORDER BY o.first_message_at)
                             FROM lapor.report o
                            WHERE o.part = r.part
                              AND o.reporter_id = r.reporter_id
                              AND (o.report_id = r.link_report_id
                                   OR o.link_report_id = r.report_id)),
                           '[]'),
                       'reporter', p.name,
                       'identities', (
                           SELECT jsonb_agg(lapor.phone_mask(i.identity)
                                            ORDER BY i.kind)
                             FROM lapor.identity i
                            WHERE i.home_part = r.part
                              AND i.reporter_id = r.reporter_id))
              FROM lapor.unit u
              JOIN lapor.reporter p
                ON p.part = r.part AND p.reporter_id = r.reporter_id
              LEFT JOIN lapor.phone_number n
                     ON n.phone_number_id = r.phone_number_id
             WHERE u.unit_id = r.unit_id),
        'messages', coalesce((
            SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'direction', m.direction, 'type', m.type,
                       'sent_at', CASE m.sent_at WHEN 'epoch'
                                  THEN m.received_at ELSE m.sent_at END,
                       'body', m.body, 'media_id', m.media_id,
                       'detail', m.detail - '{from,wa_id}'::text[],
                       'wamid', m.wamid,
                       'damaged', nullif(m.damaged, false),
                       'status', m.status, 'server_at', m.server_at,
                       'delivered_at', m.delivered_at,
                       'read_at', m.read_at, 'played_at', m.played_at,
                       'failed_at', m.failed_at,
                       'error_code', m.error_code,
                       'error_title', m.error_title,
                       'error_advice', lapor.error_advice(m.error_code, 'id'),
                       'billable', m.billable,
                       'price_category', m.price_category,
                       'price_type', m.price_type, 'origin', m.origin))
                       ORDER BY CASE m.sent_at WHEN 'epoch'
                                THEN m.received_at ELSE m.sent_at END,
                                m.message_id)
              FROM lapor.message m
             WHERE m.part = r.part AND m.report_id = r.report_id), '[]'),
        'media', coalesce((
            SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'media_id', m.media_id, 'kind', m.kind,
                       'state', m.state, 'mime_type', m.mime_type,
                       'filename', m.filename, 'size', m.size,
                       'sha256', m.sha256, 'path', m.path,
                       'stored_at', m.stored_at, 'error', m.error))
                       ORDER BY m.created_at, m.media_id)
              FROM lapor.media m
             WHERE m.part = r.part AND m.report_id = r.report_id), '[]'),
        'outbound', coalesce((
            SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'task_id', t.task_id, 'occasion', t.occasion,
                       'state', t.state, 'attempts', t.attempts,
                       'unknowns', t.unknowns, 'run_at', t.run_at,
                       'finished_at', t.finished_at, 'wamid', t.wamid,
                       'error_code', t.error_code, 'error', t.error,
                       'error_advice', lapor.error_advice(t.error_code, 'id')))
                       ORDER BY t.task_id)
              FROM lapor.task t
             WHERE t.part = r.part AND t.report_id = r.report_id
               AND t.kind = 'reply'), '[]'),
        'timeline', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                       'seq', e.seq, 'at', e.at, 'kind', e.kind,
                       'actor', e.actor, 'data', e.data)
                       ORDER BY e.seq)
              FROM lapor.event e
             WHERE e.part = r.part AND e.report_id = r.report_id), '[]'),
        'audit_intact', lapor.event_check(r.part, r.report_id));
END
$$;

ALTER FUNCTION lapor.report_show(p_code text) OWNER TO lapor_owner;

--
-- Name: report_store(smallint, timestamp with time zone, bigint[], boolean[], boolean[], bigint[], bigint[], integer[], integer[], text[], text[], text[], text[], text[], text[], boolean[], boolean[], real[], real[], timestamp with time zone[], timestamp with time zone[], timestamp with time zone[], double precision[], double precision[], integer[], bytea[], text[], boolean[], text[], bigint[], integer[], boolean[], timestamp with time zone[], timestamp with time zone[], timestamp with time zone[], bigint[], integer[], text[], text[], bytea[], bytea[], bigint[], text[], timestamp with time zone[], text[], text[], text[], text[], smallint[], smallint[], smallint[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.report_store(p_part smallint, p_now timestamp with time zone, p_codes bigint[], p_opened boolean[], p_moved boolean[], p_report_id bigint[], p_reporter_id bigint[], p_unit_id integer[], p_version integer[], p_code text[], p_phone_number_id text[], p_category text[], p_urgency text[], p_function text[], p_state text[], p_sensitive boolean[], p_answered boolean[], p_prank real[], p_confidence real[], p_first_message_at timestamp with time zone[], p_last_message_at timestamp with time zone[], p_closed_at timestamp with time zone[], p_lat double precision[], p_lon double precision[], p_events integer[], p_head bytea[], p_origin text[], p_drill boolean[], p_link text[], p_link_report_id bigint[], p_bursts integer[], p_called boolean[], p_attention_at timestamp with time zone[], p_withdraw_asked_at timestamp with time zone[], p_album_at timestamp with time zone[], p_event_report_id bigint[], p_event_seq integer[], p_event_kind text[], p_event_data text[], p_event_prev bytea[], p_event_hash bytea[], p_reply_report_id bigint[], p_reply_occasion text[], p_reply_expires_at timestamp with time zone[], p_reply_phone_number_id text[], p_reply_recipient text[], p_reply_recipient_kind text[], p_reply_body text[], p_parts smallint[] DEFAULT NULL::smallint[], p_codes_parts smallint[] DEFAULT NULL::smallint[], p_event_parts smallint[] DEFAULT NULL::smallint[], p_reply_parts smallint[] DEFAULT NULL::smallint[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    v_count   integer := cardinality(p_report_id);
    v_replies bigint := 0;
BEGIN
    IF cardinality(p_codes) > 0 THEN
        UPDATE lapor.part_counter c SET reports = n.codes
          FROM (SELECT coalesce(p_part, p_codes_parts[i]) AS part,
                       p_codes[i] AS codes
                  FROM generate_series(1, cardinality(p_codes)) AS i) n
         WHERE c.part = n.part;
    END IF;

    IF true = ANY (p_opened) THEN
        PERFORM FROM (SELECT DISTINCT unnest(p_unit_id) AS unit_id) n
          WHERE NOT EXISTS (SELECT FROM lapor.unit u
                             WHERE u.unit_id = n.unit_id);

        IF FOUND THEN
            RAISE EXCEPTION 'a unit does not exist'
                  USING ERRCODE = 'foreign_key_violation';
        END IF;

        INSERT INTO lapor.report (part, report_id, reporter_id, unit_id,
               version, code, phone_number_id, category, urgency, function,
               state, sensitive, answered, prank, confidence,
               first_message_at, last_message_at, closed_at, lat, lon,
               events, head, origin, drill, link, link_report_id, bursts,
               called, attention_at, withdraw_asked_at, album_at)
        SELECT coalesce(p_part, p_parts[i]), p_report_id[i],
               p_reporter_id[i], p_unit_id[i], p_version[i], p_code[i],
               p_phone_number_id[i], p_category[i], p_urgency[i],
               p_function[i], p_state[i], p_sensitive[i], p_answered[i],
               p_prank[i], p_confidence[i], p_first_message_at[i],
               p_last_message_at[i], p_closed_at[i], p_lat[i], p_lon[i],
               p_events[i], p_head[i], p_origin[i], p_drill[i], p_link[i],
               p_link_report_id[i], p_bursts[i], p_called[i],
               p_attention_at[i], p_withdraw_asked_at[i], p_album_at[i]
          FROM generate_series(1, v_count) AS i
         WHERE p_opened[i];

        INSERT INTO lapor.timer (part, report_id, version, kind, due_at)
        SELECT coalesce(p_part, p_parts[i]), p_report_id[i], p_version[i],
               'claim', p_now + lapor.claim_time(p_urgency[i])
          FROM generate_series(1, v_count) AS i
         WHERE p_opened[i] AND p_closed_at[i] IS NULL;
    END IF;

    IF false = ANY (p_opened) THEN
        UPDATE lapor.report t
           SET version = p_version[n.i], category = p_category[n.i],
               urgency = p_urgency[n.i], function = p_function[n.i],
               sensitive = p_sensitive[n.i], answered = p_answered[n.i],
               prank = p_prank[n.i], confidence = p_confidence[n.i],
               first_message_at = p_first_message_at[n.i],
               last_message_at = p_last_message_at[n.i], lat = p_lat[n.i],
               lon = p_lon[n.i], events = p_events[n.i], head = p_head[n.i],
               bursts = p_bursts[n.i], called = p_called[n.i],
               attention_at = p_attention_at[n.i],
               withdraw_asked_at = p_withdraw_asked_at[n.i],
               album_at = p_album_at[n.i]
          FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part
                  FROM generate_series(1, v_count) AS i
                 WHERE NOT p_opened[i]) n
         WHERE t.part = n.part AND t.report_id = p_report_id[n.i];
    END IF;

    -- a timer goes with the version, and is never put off

    IF true = ANY (p_moved) THEN
        UPDATE lapor.timer t
           SET version = p_version[n.i],
               due_at = least(t.due_at,
                              p_now + lapor.claim_time(p_urgency[n.i]))
          FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part
                  FROM generate_series(1, v_count) AS i
                 WHERE p_moved[i]) n
         WHERE t.part = n.part AND t.report_id = p_report_id[n.i]
           AND t.kind = 'claim';
    END IF;

    IF cardinality(p_event_report_id) > 0 THEN
        INSERT INTO lapor.event (part, report_id, at, seq, kind, actor, data,
                                 prev, hash)
        SELECT coalesce(p_part, p_event_parts[i]), p_event_report_id[i],
               p_now, p_event_seq[i], p_event_kind[i], 'lapor-intake',
               p_event_data[i]::jsonb, p_event_prev[i], p_event_hash[i]
          FROM generate_series(1, cardinality(p_event_report_id)) AS i;
    END IF;

    IF cardinality(p_reply_report_id) > 0 THEN
        INSERT INTO lapor.task (part, task_id, report_id, run_at, created_at,
                                expires_at, kind, occasion, phone_number_id,
                                recipient, recipient_kind, body)
        SELECT coalesce(p_part, p_reply_parts[i]), nextval('lapor.id_seq'),
               p_reply_report_id[i], p_now, p_now, p_reply_expires_at[i],
               'reply', p_reply_occasion[i], p_reply_phone_number_id[i],
               p_reply_recipient[i], p_reply_recipient_kind[i],
               p_reply_body[i]
          FROM generate_series(1, cardinality(p_reply_report_id)) AS i
        ON CONFLICT (part, report_id, occasion) WHERE kind = 'reply'
        DO NOTHING;

        GET DIAGNOSTICS v_replies = ROW_COUNT;
    END IF;

    RETURN v_replies;
END
$$;

ALTER FUNCTION lapor.report_store(p_part smallint, p_now timestamp with time zone, p_codes bigint[], p_opened boolean[], p_moved boolean[], p_report_id bigint[], p_reporter_id bigint[], p_unit_id integer[], p_version integer[], p_code text[], p_phone_number_id text[], p_category text[], p_urgency text[], p_function text[], p_state text[], p_sensitive boolean[], p_answered boolean[], p_prank real[], p_confidence real[], p_first_message_at timestamp with time zone[], p_last_message_at timestamp with time zone[], p_closed_at timestamp with time zone[], p_lat double precision[], p_lon double precision[], p_events integer[], p_head bytea[], p_origin text[], p_drill boolean[], p_link text[], p_link_report_id bigint[], p_bursts integer[], p_called boolean[], p_attention_at timestamp with time zone[], p_withdraw_asked_at timestamp with time zone[], p_album_at timestamp with time zone[], p_event_report_id bigint[], p_event_seq integer[], p_event_kind text[], p_event_data text[], p_event_prev bytea[], p_event_hash bytea[], p_reply_report_id bigint[], p_reply_occasion text[], p_reply_expires_at timestamp with time zone[], p_reply_phone_number_id text[], p_reply_recipient text[], p_reply_recipient_kind text[], p_reply_body text[], p_parts smallint[], p_codes_parts smallint[], p_event_parts smallint[], p_reply_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: reporter_add(smallint, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reporter_add(p_part smallint, p_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_id bigint := nextval('lapor.id_seq');
BEGIN
    INSERT INTO lapor.reporter (part, reporter_id, first_seen_at)
    VALUES (p_part, v_id, p_at);

    RETURN v_id;
END
$$;

ALTER FUNCTION lapor.reporter_add(p_part smallint, p_at timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: reporter_audit(smallint, bigint, text, text, text, bigint, bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reporter_audit(p_part smallint, p_reporter_id bigint, p_kind text, p_identity text, p_peer text, p_at bigint, p_raw_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_report_id bigint;
BEGIN
    PERFORM FROM lapor.reporter p
      WHERE p.part = p_part AND p.reporter_id = p_reporter_id
        FOR UPDATE;

    FOR v_report_id IN
        SELECT r.report_id
          FROM lapor.report r
         WHERE r.part = p_part AND r.reporter_id = p_reporter_id
           AND r.closed_at IS NULL
         ORDER BY r.report_id
    LOOP
        PERFORM lapor.event_append(p_part, v_report_id, p_kind,
            'lapor-intake',
            jsonb_strip_nulls(jsonb_build_object(
                'identity', lapor.phone_mask(p_identity),
                'peer', lapor.phone_mask(p_peer),
                'at', lapor.ms_time(p_at), 'raw_id', p_raw_id)));
    END LOOP;
END
$$;

ALTER FUNCTION lapor.reporter_audit(p_part smallint, p_reporter_id bigint, p_kind text, p_identity text, p_peer text, p_at bigint, p_raw_id bigint) OWNER TO lapor_owner;

--
-- Name: reporter_name(smallint, bigint[], text[], text[], timestamp with time zone[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reporter_name(p_part smallint, p_reporter_id bigint[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
BEGIN
    UPDATE lapor.reporter p
       SET name = coalesce(n.name, p.name),
           username = coalesce(n.username, p.username), named_at = n.at
      FROM (SELECT DISTINCT ON (1, 2) coalesce(p_part, p_parts[i]) AS part,
                   p_reporter_id[i] AS reporter_id, p_name[i] AS name,
                   p_username[i] AS username, p_named_at[i] AS at
              FROM generate_series(1, cardinality(p_reporter_id)) AS i
             ORDER BY 1, 2, 5 DESC) n
     WHERE p.part = n.part AND p.reporter_id = n.reporter_id
       AND n.at >= coalesce(p.named_at, '-infinity');
END
$$;

ALTER FUNCTION lapor.reporter_name(p_part smallint, p_reporter_id bigint[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: reporter_open(smallint, bigint[], text[], text[], text[], text[], text[], timestamp with time zone[], timestamp with time zone[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reporter_open(p_part smallint, p_reporter_id bigint[], p_identity text[], p_kind text[], p_peer text[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_seen_at timestamp with time zone[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS TABLE(idx integer, reporter_id bigint, name text, username text, officer boolean, codes bigint, report_id bigint, unit_id integer, version integer, code text, phone_number_id text, category text, urgency text, function text, state text, sensitive boolean, answered boolean, prank double precision, confidence double precision, first_message_at timestamp with time zone, last_message_at timestamp with time zone, closed_at timestamp with time zone, lat double precision, lon double precision, events integer, head bytea, origin text, drill boolean, bursts integer, called boolean, attention_at timestamp with time zone, withdraw_asked_at timestamp with time zone, album_at timestamp with time zone, made boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
DECLARE
    v_count    integer := cardinality(p_reporter_id);
    v_new      integer := cardinality(array_positions(p_reporter_id, NULL));
    v_made     integer := 0;
    v_reporter bigint[] := p_reporter_id;
    v_part     smallint[];
    v_away     boolean;
    v_locked   integer;
BEGIN
    IF v_new > 0 THEN
        INSERT INTO lapor.identity (part, identity, kind, peer, home_part,
                                    reporter_id, first_seen_at, since)
        SELECT n.part, p_identity[n.i], p_kind[n.i], p_peer[n.i], n.part,
               nextval('lapor.id_seq'), p_seen_at[n.i],
               coalesce((SELECT max(t.until_at)
                           FROM lapor.identity_past t
                          WHERE t.part = n.part
                            AND t.identity = p_identity[n.i]), '-infinity')
          FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part
                  FROM generate_series(1, v_count) AS i
                 WHERE p_reporter_id[i] IS NULL
                 ORDER BY p_parts[i], p_identity[i]) n
        ON CONFLICT (part, identity) DO NOTHING;

        GET DIAGNOSTICS v_made = ROW_COUNT;

        -- given up while we looked: whoever wrote before that is known

        IF EXISTS (SELECT
                     FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part
                             FROM generate_series(1, v_count) AS i
                            WHERE p_reporter_id[i] IS NULL) n
                     JOIN lapor.identity_past t
                       ON t.part = n.part AND t.identity = p_identity[n.i]
                    WHERE t.until_at > p_seen_at[n.i])
        THEN
            RAISE EXCEPTION 'an identity was given up'
                  USING ERRCODE = 'serialization_failure';
        END IF;

        SELECT array_agg(coalesce(n.reporter_id, w.reporter_id)
                         ORDER BY n.i),
               bool_or(n.reporter_id IS NULL AND w.home_part <> n.part)
          INTO v_reporter, v_away
          FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part,
                       p_reporter_id[i] AS reporter_id
                  FROM generate_series(1, v_count) AS i) n
          LEFT JOIN lapor.identity w
                 ON w.part = n.part AND w.identity = p_identity[n.i]
                    AND n.reporter_id IS NULL;

        -- or his identity was there, and is gone with its owner since

        IF v_away OR array_position(v_reporter, NULL) IS NOT NULL THEN
            RAISE EXCEPTION 'a new reporter was given a home elsewhere'
                  USING ERRCODE = 'serialization_failure';
        END IF;

        INSERT INTO lapor.reporter (part, reporter_id, name, username,
                                    named_at, first_seen_at)
        SELECT coalesce(p_part, p_parts[n.i]), v_reporter[n.i], p_name[n.i],
               p_username[n.i], p_named_at[n.i], p_seen_at[n.i]
          FROM (SELECT i
                  FROM generate_series(1, v_count) AS i
                 WHERE p_reporter_id[i] IS NULL
                 ORDER BY p_parts[i], v_reporter[i]) n
        ON CONFLICT (part, reporter_id) DO NOTHING;
    END IF;

    -- one writer a reporter from here to the commit; the reports are read by
    -- a statement of its own, since another writer's must be seen

    PERFORM FROM (SELECT DISTINCT coalesce(p_part, p_parts[i]) AS part,
                                  v_reporter[i] AS reporter_id
                    FROM generate_series(1, v_count) AS i) n
      JOIN lapor.reporter p
        ON p.part = n.part AND p.reporter_id = n.reporter_id
      ORDER BY p.part, p.reporter_id
        FOR UPDATE OF p;

    GET DIAGNOSTICS v_locked = ROW_COUNT;

    IF v_locked < v_count
       AND v_locked < (SELECT count(DISTINCT u.id)
                         FROM unnest(v_reporter) AS u (id))
    THEN
        RAISE EXCEPTION 'a reporter does not exist'
              USING ERRCODE = 'foreign_key_violation';
    END IF;

    -- an identity that changed hands since it was listed makes no officer of
    -- who has it now; who wrote under it before that has been remembered

    UPDATE lapor.reporter p
       SET officer = o.identity, officer_at = now()
      FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part,
                   v_reporter[i] AS reporter_id
              FROM generate_series(1, v_count) AS i) n
      JOIN lapor.officer o ON o.identity IN (p_identity[n.i], p_peer[n.i])
     WHERE p.part = n.part AND p.reporter_id = n.reporter_id
       AND o.active
       AND (p.officer IS DISTINCT FROM o.identity
            OR p.officer_at < o.added_at)
       AND NOT EXISTS (SELECT FROM lapor.identity t
                        WHERE t.part = coalesce(p_part, o.part)
                          AND t.identity = o.identity
                          AND t.since > o.added_at);

    v_part := ARRAY(SELECT DISTINCT coalesce(p_part, p_parts[i])
                      FROM generate_series(1, v_count) AS i);

    PERFORM FROM unnest(v_part) AS n (part)
      JOIN lapor.part_counter c ON c.part = n.part
      ORDER BY c.part
        FOR UPDATE OF c;

    GET DIAGNOSTICS v_locked = ROW_COUNT;

    IF v_locked < cardinality(v_part) THEN
        RAISE EXCEPTION 'a part has no counter of codes'
              USING ERRCODE = 'no_data_found';
    END IF;

    RETURN QUERY
    SELECT n.i, p.reporter_id, p.name, p.username,
           EXISTS (SELECT FROM lapor.officer o
                    WHERE o.identity = p.officer AND o.active
                      AND o.added_at <= p.officer_at),
           c.reports, t.report_id, t.unit_id, t.version, t.code,
           t.phone_number_id, t.category, t.urgency, t.function, t.state,
           t.sensitive, t.answered, t.prank::double precision,
           t.confidence::double precision, t.first_message_at,
           t.last_message_at, t.closed_at, t.lat, t.lon, t.events, t.head,
           t.origin, t.drill, t.bursts, t.called, t.attention_at,
           t.withdraw_asked_at, t.album_at,
           p_reporter_id[n.i] IS NULL AND v_made = v_new
      FROM (SELECT i, coalesce(p_part, p_parts[i]) AS part,
                   v_reporter[i] AS reporter_id
              FROM generate_series(1, v_count) AS i) n
      JOIN lapor.reporter p
        ON p.part = n.part AND p.reporter_id = n.reporter_id
      JOIN lapor.part_counter c ON c.part = n.part
      LEFT JOIN LATERAL (
               SELECT *
                 FROM lapor.report r
                WHERE r.part = n.part AND r.reporter_id = n.reporter_id
                ORDER BY r.first_message_at DESC
                LIMIT 16
                  FOR UPDATE) t ON true;
END
$$;

ALTER FUNCTION lapor.reporter_open(p_part smallint, p_reporter_id bigint[], p_identity text[], p_kind text[], p_peer text[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_seen_at timestamp with time zone[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: reporter_tie(smallint, bigint, smallint, bigint, text, bigint, bigint); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.reporter_tie(p_part smallint, p_reporter_id bigint, p_other_part smallint, p_other_id bigint, p_why text, p_at bigint, p_raw_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO lapor.reporter_link (part, reporter_id, other_part, other_id,
                                     why, at, raw_id)
    VALUES (p_part, p_reporter_id, p_other_part, p_other_id, p_why,
            lapor.ms_time(p_at), p_raw_id)
    ON CONFLICT (part, reporter_id, other_part, other_id, why) DO NOTHING;
END
$$;

ALTER FUNCTION lapor.reporter_tie(p_part smallint, p_reporter_id bigint, p_other_part smallint, p_other_id bigint, p_why text, p_at bigint, p_raw_id bigint) OWNER TO lapor_owner;

--
-- Name: schema_version(); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.schema_version() RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    RETURN (SELECT max(version) FROM lapor.schema_migration);
END
$$;

ALTER FUNCTION lapor.schema_version() OWNER TO lapor_owner;

--
-- Name: silence(integer, timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.silence(p_minutes integer, p_now timestamp with time zone) RETURNS SETOF jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    c_enough   constant integer := 8;
    c_week     constant integer := 7;
    c_day      constant integer := 86400;
    v_limit    interval := make_interval(mins => p_minutes);
    v_last     timestamptz;
    v_seconds  double precision;
    v_days     integer[];
    v_expected double precision;
    n          record;
BEGIN
    FOR n IN
        SELECT p.phone_number_id, u.unit_code
          FROM lapor.phone_number p
          JOIN lapor.unit u ON u.unit_id = p.unit_id
         WHERE p.active AND u.active
         ORDER BY u.unit_code, p.phone_number_id
    LOOP
        v_days := NULL;
        v_expected := NULL;
        v_last := lapor.number_heard(n.phone_number_id, p_now);

        IF v_last <= p_now - v_limit THEN
            -- answers are read late; a day covers nearly all
            v_last := greatest(v_last, lapor.number_answered(
                n.phone_number_id, v_last - interval '1 day', p_now));
        END IF;

        v_seconds := extract(epoch FROM p_now - v_last);

        IF v_last <= p_now - v_limit THEN
            -- days that end before the silence began, or it would become its
            -- own measure
            v_days := lapor.number_days(n.phone_number_id,
                p_now - make_interval(
                            hours => 24 * ceil(v_seconds / c_day)::integer),
                make_interval(secs => least(v_seconds, c_day)));

            SELECT percentile_disc(0.25) WITHIN GROUP (ORDER BY d.count)
                   * greatest(1, v_seconds / c_day)
              INTO v_expected
              FROM unnest(v_days) AS d (count);
        END IF;

        RETURN NEXT jsonb_build_object(
            'unit', n.unit_code, 'phone_number_id', n.phone_number_id,
            'verdict', CASE WHEN v_last IS NULL THEN 'never'
                            WHEN v_days IS NULL THEN 'alive'
                            WHEN cardinality(v_days) < c_week THEN 'new'
                            WHEN v_expected >= c_enough THEN 'silent'
                            ELSE 'quiet' END,
            'last_at', v_last,
            'silent_minutes', floor(v_seconds / 60),
            'expected', round(v_expected::numeric, 1),
            'days', cardinality(v_days));
    END LOOP;
END
$$;

ALTER FUNCTION lapor.silence(p_minutes integer, p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: status_apply(smallint, bigint[], text[], text[], timestamp with time zone[], integer[], text[], boolean[], text[], text[], text[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.status_apply(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[] DEFAULT NULL::smallint[], OUT left_ord integer[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]) RETURNS record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_material TO 'off'
    SET enable_memoize TO 'off'
    SET enable_nestloop TO 'on'
    AS $$
#variable_conflict use_column
DECLARE
    -- `failed` may follow `sent`; whatever says that it arrived outranks it
    c_rank constant text[] := '{accepted,sent,failed,delivered,read,played}';
BEGIN
    WITH told AS MATERIALIZED (
        SELECT u.part, u.wamid, max(u.task_id) AS task_id,
               array_agg(u.ord) AS ords,
               max(array_position(c_rank, u.state)) AS rank,
               min(u.at) FILTER (WHERE u.state = 'sent') AS server_at,
               min(u.at) FILTER (WHERE u.state = 'delivered')
                   AS delivered_at,
               min(u.at) FILTER (WHERE u.state = 'read') AS read_at,
               min(u.at) FILTER (WHERE u.state = 'played') AS played_at,
               min(u.at) FILTER (WHERE u.state = 'failed') AS failed_at,
               max(p_error_code[u.ord]) AS error_code,
               max(p_error_title[u.ord]) AS error_title,
               bool_or(p_billable[u.ord]) AS billable,
               max(p_price_category[u.ord]) AS price_category,
               max(p_price_type[u.ord]) AS price_type,
               max(p_origin[u.ord]) AS origin
          FROM (SELECT n AS ord, coalesce(p_part, p_parts[n]) AS part,
                       p_task_id[n] AS task_id, p_wamid[n] AS wamid,
                       p_state[n] AS state, p_at[n] AS at
                  FROM generate_series(1, cardinality(p_wamid)) AS n) u
         GROUP BY u.part, u.wamid
    ), item AS MATERIALIZED (
        SELECT told.*, coalesce(t.message_id, o.message_id) AS message_id,
               coalesce(t.message_sent_at, o.sent_at) AS sent_at
          FROM told
          LEFT JOIN lapor.task t ON t.part = coalesce(p_part, told.part)
                AND t.task_id = told.task_id AND t.wamid = told.wamid
          LEFT JOIN LATERAL (
              SELECT m.message_id, m.sent_at
                FROM lapor.message m
               WHERE t.task_id IS NULL
                 AND m.part = coalesce(p_part, told.part)
                 AND m.wamid = told.wamid AND m.direction = 'out'
               LIMIT 1) o ON true
         ORDER BY told.part, coalesce(t.message_id, o.message_id)
         LIMIT cardinality(p_wamid)
    ), done AS (
        UPDATE lapor.message m
           SET status = CASE WHEN i.rank > array_position(c_rank, m.status)
                        THEN c_rank[i.rank] ELSE m.status END,
               server_at = least(m.server_at, i.server_at),
               delivered_at = least(m.delivered_at, i.delivered_at),
               read_at = least(m.read_at, i.read_at),
               played_at = least(m.played_at, i.played_at),
               failed_at = least(m.failed_at, i.failed_at),
               error_code = CASE WHEN m.error_code IS NULL
                                      OR i.failed_at < m.failed_at
                            THEN coalesce(i.error_code, m.error_code)
                            ELSE m.error_code END,
               error_title = CASE WHEN m.error_title IS NULL
                                       OR i.failed_at < m.failed_at
                             THEN coalesce(i.error_title, m.error_title)
                             ELSE m.error_title END,
               billable = CASE WHEN m.billable THEN true
                          ELSE coalesce(i.billable, m.billable) END,
               price_category = greatest(m.price_category,
                                         i.price_category),
               price_type = greatest(m.price_type, i.price_type),
               origin = greatest(m.origin, i.origin)
          FROM item i
         WHERE m.part = coalesce(p_part, i.part)
           AND m.message_id = i.message_id AND m.sent_at = i.sent_at
           AND (i.rank > array_position(c_rank, m.status)
                OR least(m.server_at, i.server_at)
                   IS DISTINCT FROM m.server_at
                OR least(m.delivered_at, i.delivered_at)
                   IS DISTINCT FROM m.delivered_at
                OR least(m.read_at, i.read_at) IS DISTINCT FROM m.read_at
                OR least(m.played_at, i.played_at)
                   IS DISTINCT FROM m.played_at
                OR least(m.failed_at, i.failed_at)
                   IS DISTINCT FROM m.failed_at
                OR (m.error_code IS NULL AND i.error_code IS NOT NULL)
                OR (m.error_title IS NULL AND i.error_title IS NOT NULL)
                OR (i.billable AND m.billable IS DISTINCT FROM true)
                OR (m.billable IS NULL AND i.billable IS NOT NULL)
                OR greatest(m.price_category, i.price_category)
                   IS DISTINCT FROM m.price_category
                OR greatest(m.price_type, i.price_type)
                   IS DISTINCT FROM m.price_type
                OR greatest(m.origin, i.origin) IS DISTINCT FROM m.origin)
        RETURNING m.part, m.message_id, m.sent_at, m.report_id,
                  m.status = 'failed' AND i.failed_at IS NOT NULL AS failed
    )
    SELECT (SELECT array_agg(n) FROM item i, unnest(i.ords) n
             WHERE i.message_id IS NULL),
           array_agg(d.part) FILTER (WHERE d.failed),
           array_agg(d.message_id) FILTER (WHERE d.failed),
           array_agg(d.sent_at) FILTER (WHERE d.failed),
           array_agg(d.report_id) FILTER (WHERE d.failed)
      INTO left_ord, failed_part, failed_id, failed_sent_at, failed_report
      FROM done d;
END
$$;

ALTER FUNCTION lapor.status_apply(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[], OUT left_ord integer[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]) OWNER TO lapor_owner;

--
-- Name: status_failed(smallint, bigint[], timestamp with time zone[], bigint[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.status_failed(p_part smallint, p_message_id bigint[], p_sent_at timestamp with time zone[], p_report_id bigint[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS void
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'on'
    AS $$
DECLARE
    m lapor.message%ROWTYPE;
    u record;
BEGIN
    PERFORM FROM generate_series(1, cardinality(p_report_id)) AS n
       JOIN lapor.report r
         ON r.part = coalesce(p_part, p_parts[n])
            AND r.report_id = p_report_id[n]
      ORDER BY r.part, r.report_id
        FOR UPDATE OF r;

    FOR u IN
        SELECT coalesce(p_part, p_parts[n]) AS part,
               p_message_id[n] AS message_id, p_sent_at[n] AS sent_at
          FROM generate_series(1, cardinality(p_message_id)) AS n
         ORDER BY 1, 2
    LOOP
        SELECT * INTO STRICT m
          FROM lapor.message o
         WHERE o.part = coalesce(p_part, u.part)
           AND o.message_id = u.message_id AND o.sent_at = u.sent_at;

        CONTINUE WHEN EXISTS (
            SELECT FROM lapor.event e
             WHERE e.part = coalesce(p_part, u.part)
               AND e.report_id = m.report_id
               AND e.kind = 'answer_undelivered'
               AND (e.data->>'message_id')::bigint = m.message_id);

        PERFORM lapor.event_append(m.part, m.report_id, 'answer_undelivered',
            'lapor-intake',
            jsonb_build_object('message_id', m.message_id,
                               'task_id', m.task_id, 'wamid', m.wamid,
                               'code', m.error_code,
                               'title', m.error_title));
    END LOOP;
END
$$;

ALTER FUNCTION lapor.status_failed(p_part smallint, p_message_id bigint[], p_sent_at timestamp with time zone[], p_report_id bigint[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: status_left(smallint, smallint[], bigint[], bigint[], text[], text[], timestamp with time zone[], timestamp with time zone[], integer[], text[], boolean[], text[], text[], text[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.status_left(p_part smallint, p_report_part smallint[], p_report_id bigint[], p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[] DEFAULT NULL::smallint[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]) RETURNS record
    LANGUAGE plpgsql
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'on'
    AS $$
#variable_conflict use_column
DECLARE
    -- those whose task is there
    v_known  boolean[] := array_fill(false, ARRAY[cardinality(p_wamid)]);
    v_part   smallint[] := p_report_part;
    v_report bigint[] := p_report_id;
    u        record;
    s        record;
BEGIN
    FOR u IN
        SELECT n AS ord, t.part, t.report_id
          FROM generate_series(1, cardinality(p_wamid)) AS n
          JOIN lapor.task t
            ON t.part = coalesce(p_part, p_parts[n])
               AND t.task_id = p_task_id[n]
         WHERE t.kind = 'reply'
         ORDER BY t.part, t.task_id
           FOR UPDATE OF t
    LOOP
        v_known[u.ord] := true;
        v_part := v_part || u.part;
        v_report := v_report || u.report_id;
    END LOOP;

    PERFORM lapor.status_lock(p_part, p_wamid, v_known, p_parts);

    PERFORM FROM generate_series(1, cardinality(v_report)) AS n
       JOIN lapor.report r
         ON r.part = coalesce(p_part, v_part[n])
            AND r.report_id = v_report[n]
      ORDER BY r.part, r.report_id
        FOR UPDATE OF r;

    PERFORM lapor.reply_sent(m.part, m.task_id, m.wamid, m.at)
       FROM (SELECT coalesce(p_part, p_parts[n]) AS part,
                    p_task_id[n] AS task_id, p_wamid[n] AS wamid,
                    min(p_at[n]) AS at
               FROM generate_series(1, cardinality(p_wamid)) AS n
              WHERE v_known[n]
              GROUP BY 1, 2, 3
              ORDER BY 1, 2, 4, 3) m;

    s := lapor.status_apply(p_part, p_task_id, p_wamid, p_state, p_at,
             p_error_code, p_error_title, p_billable, p_price_category,
             p_price_type, p_origin, p_parts);
    failed_part := s.failed_part;
    failed_id := s.failed_id;
    failed_sent_at := s.failed_sent_at;
    failed_report := s.failed_report;

    IF s.left_ord IS NULL THEN
        RETURN;
    END IF;

    INSERT INTO lapor.status_wait AS w (part, wamid, state, at, received_at,
                                        error_code, error_title, billable,
                                        price_category, price_type, origin)
    SELECT DISTINCT ON (n.part, n.wamid, n.state) n.part, n.wamid, n.state,
           n.at, min(n.received_at) OVER (PARTITION BY n.part, n.wamid,
                                                       n.state),
           p_error_code[n.ord], p_error_title[n.ord], p_billable[n.ord],
           p_price_category[n.ord], p_price_type[n.ord], p_origin[n.ord]
      FROM (SELECT l.ord, coalesce(p_part, p_parts[l.ord]) AS part,
                   p_wamid[l.ord] AS wamid, p_state[l.ord] AS state,
                   p_at[l.ord] AS at, p_received_at[l.ord] AS received_at
              FROM unnest(s.left_ord) AS l (ord)) n
     ORDER BY n.part, n.wamid, n.state, n.at, n.received_at, n.ord
    ON CONFLICT (part, wamid, state) DO UPDATE
       SET at = least(w.at, excluded.at),
           received_at = least(w.received_at, excluded.received_at)
     WHERE excluded.at < w.at OR excluded.received_at < w.received_at;
END
$$;

ALTER FUNCTION lapor.status_left(p_part smallint, p_report_part smallint[], p_report_id bigint[], p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]) OWNER TO lapor_owner;

--
-- Name: status_lock(smallint, text[], boolean[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.status_lock(p_part smallint, p_wamid text[], p_alone boolean[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
DECLARE
    c_class constant integer := 7021112;
    u       record;
BEGIN
    FOR u IN
        SELECT coalesce(p_part, p_parts[n]) * 4 + (hashtext(p_wamid[n]) & 3)
                   AS key,
               bool_or(p_alone[n]) AS alone
          FROM generate_series(1, cardinality(p_wamid)) AS n
         GROUP BY 1
         ORDER BY 1
    LOOP
        IF u.alone THEN
            PERFORM pg_advisory_xact_lock(c_class, u.key);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(c_class, u.key);
        END IF;
    END LOOP;
END
$$;

ALTER FUNCTION lapor.status_lock(p_part smallint, p_wamid text[], p_alone boolean[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: status_store(smallint, bigint[], text[], text[], timestamp with time zone[], timestamp with time zone[], integer[], text[], boolean[], text[], text[], text[], smallint[]); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.status_store(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[] DEFAULT NULL::smallint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    s record;
    l record;
    n record;
BEGIN
    IF array_position(p_wamid, NULL) > 0 OR array_position(p_state, NULL) > 0
    THEN
        RAISE not_null_violation
            USING MESSAGE = 'a status without a wamid or a state';
    END IF;

    s := lapor.status_apply(p_part, p_task_id, p_wamid, p_state, p_at,
             p_error_code, p_error_title, p_billable, p_price_category,
             p_price_type, p_origin, p_parts);

    IF s.left_ord IS NOT NULL THEN
        SELECT array_agg(p_task_id[o.n]) AS task_id,
               array_agg(p_wamid[o.n]) AS wamid,
               array_agg(p_state[o.n]) AS state, array_agg(p_at[o.n]) AS at,
               array_agg(p_received_at[o.n]) AS received_at,
               array_agg(p_error_code[o.n]) AS error_code,
               array_agg(p_error_title[o.n]) AS error_title,
               array_agg(p_billable[o.n]) AS billable,
               array_agg(p_price_category[o.n]) AS price_category,
               array_agg(p_price_type[o.n]) AS price_type,
               array_agg(p_origin[o.n]) AS origin,
               array_agg(coalesce(p_part, p_parts[o.n])) AS parts
          INTO n
          FROM unnest(s.left_ord) AS o (n);

        l := lapor.status_left(p_part, s.failed_part, s.failed_report,
                 n.task_id, n.wamid, n.state, n.at, n.received_at,
                 n.error_code, n.error_title, n.billable, n.price_category,
                 n.price_type, n.origin, n.parts);

        s.failed_part := s.failed_part || l.failed_part;
        s.failed_id := s.failed_id || l.failed_id;
        s.failed_sent_at := s.failed_sent_at || l.failed_sent_at;
        s.failed_report := s.failed_report || l.failed_report;
    END IF;

    IF s.failed_id IS NOT NULL THEN
        PERFORM lapor.status_failed(p_part, s.failed_id, s.failed_sent_at,
                                    s.failed_report, s.failed_part);
    END IF;
END
$$;

ALTER FUNCTION lapor.status_store(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[]) OWNER TO lapor_owner;

--
-- Name: status_wait_clean(smallint, timestamp with time zone, integer); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.status_wait_clean(p_part smallint, p_before timestamp with time zone, p_limit integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_count integer;
BEGIN
    DELETE FROM lapor.status_wait w
     WHERE w.part = p_part
       AND (w.wamid, w.state) IN (
           SELECT o.wamid, o.state
             FROM lapor.status_wait o
            WHERE o.part = p_part AND o.received_at < p_before
            ORDER BY o.received_at
            LIMIT p_limit
              FOR UPDATE SKIP LOCKED);

    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

ALTER FUNCTION lapor.status_wait_clean(p_part smallint, p_before timestamp with time zone, p_limit integer) OWNER TO lapor_owner;

--
-- Name: stream_done(); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.stream_done() RETURNS TABLE(stream text, done bigint, last_id text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT n.stream, n.done, ltrim(left(n.last, 19), '0')
                             || substr(n.last, 20, 1) || '-'
                             || ltrim(substr(n.last, 21, 19), '0')
                             || substr(n.last, 40, 1)
      FROM (SELECT c.stream, sum(c.done)::bigint AS done,
                   max(c.last COLLATE "C") AS last
              FROM lapor.stream_count c
             GROUP BY c.stream) n;
END
$$;

ALTER FUNCTION lapor.stream_done() OWNER TO lapor_owner;

--
-- Name: stream_looked(smallint, text[], bigint[], bigint[], text[], timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.stream_looked(p_part smallint, p_stream text[], p_base bigint[], p_accepted bigint[], p_last_id text[], p_now timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO lapor.stream_base AS b (part, stream, base, accepted, last_id,
                                        seen_at)
    SELECT p_part, u.stream, u.base, u.accepted, u.last_id, p_now
      FROM unnest(p_stream, p_base, p_accepted, p_last_id)
           AS u (stream, base, accepted, last_id)
     ORDER BY u.stream
    ON CONFLICT (part, stream) DO UPDATE
       SET lives = b.lives + (b.base <> excluded.base
                              AND b.base IS NOT NULL)::integer,
           base = excluded.base, accepted = excluded.accepted,
           last_id = excluded.last_id, seen_at = excluded.seen_at;
END
$$;

ALTER FUNCTION lapor.stream_looked(p_part smallint, p_stream text[], p_base bigint[], p_accepted bigint[], p_last_id text[], p_now timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: task_backlog(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.task_backlog(p_kind text, OUT due bigint, OUT oldest_ms bigint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
    v_n   bigint;
    v_min timestamptz;
    v_all timestamptz := v_now;
BEGIN
    due := 0;

    FOR v_part IN 0 .. 255 LOOP
        SELECT count(*), min(d.run_at)
          INTO v_n, v_min
          FROM (SELECT t.run_at
                  FROM lapor.task t
                 WHERE t.part = v_part AND t.kind = p_kind
                   AND t.finished_at IS NULL AND t.run_at <= v_now
                 ORDER BY t.run_at
                 LIMIT 1000) d;

        due := due + v_n;
        v_all := least(v_all, v_min);
    END LOOP;

    oldest_ms := (extract(epoch FROM v_now - v_all) * 1000)::bigint;
END
$$;

ALTER FUNCTION lapor.task_backlog(p_kind text, OUT due bigint, OUT oldest_ms bigint) OWNER TO lapor_owner;

--
-- Name: task_due(text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.task_due(p_kind text) RETURNS SETOF smallint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_now timestamptz := clock_timestamp();
BEGIN
    FOR v_part IN 0 .. 255 LOOP
        IF EXISTS (SELECT FROM lapor.task t
                    WHERE t.part = v_part AND t.kind = p_kind
                      AND t.finished_at IS NULL AND t.run_at <= v_now)
        THEN
            RETURN NEXT v_part::smallint;
        END IF;
    END LOOP;
END
$$;

ALTER FUNCTION lapor.task_due(p_kind text) OWNER TO lapor_owner;

--
-- Name: task_retry(smallint, bigint, integer, interval, boolean, integer, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.task_retry(p_part smallint, p_task_id bigint, p_attempt integer, p_delay interval, p_counts boolean, p_error_code integer, p_error text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
BEGIN
    UPDATE lapor.task t
       SET state = 'ready', lease_owner = NULL,
           run_at = clock_timestamp() + p_delay,
           failures = t.failures + p_counts::integer,
           error_code = CASE WHEN p_error IS NULL THEN t.error_code
                        ELSE p_error_code END,
           error = coalesce(p_error, t.error)
     WHERE t.part = p_part AND t.task_id = p_task_id
       AND t.attempts = p_attempt AND t.state IN ('running', 'sending');

    RETURN FOUND;
END
$$;

ALTER FUNCTION lapor.task_retry(p_part smallint, p_task_id bigint, p_attempt integer, p_delay interval, p_counts boolean, p_error_code integer, p_error text) OWNER TO lapor_owner;

--
-- Name: time_ms(timestamp with time zone); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.time_ms(p_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE STRICT
    AS $$
BEGIN
    RETURN CASE p_at WHEN '-infinity' THEN -9223372036854775808
                     WHEN 'infinity' THEN 9223372036854775807
           ELSE floor(extract(epoch FROM p_at) * 1000)::bigint END;
END
$$;

ALTER FUNCTION lapor.time_ms(p_at timestamp with time zone) OWNER TO lapor_owner;

--
-- Name: unit_area_put(text, text, text, date, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.unit_area_put(p_code text, p_op text, p_area_code text, p_valid_from date, p_note text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_unit integer;
BEGIN
    SELECT u.unit_id INTO v_unit FROM lapor.unit u WHERE u.unit_code = p_code;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no unit "%"', p_code
              USING ERRCODE = 'foreign_key_violation';
    END IF;

    INSERT INTO lapor.unit_area (unit_id, op, area_code, valid_from, note)
    VALUES (v_unit, p_op, p_area_code, coalesce(p_valid_from, '-infinity'),
            p_note)
    ON CONFLICT (unit_id, op, area_code, valid_from) DO NOTHING;

    RETURN CASE WHEN FOUND THEN 'added' ELSE 'same' END;
END
$$;

ALTER FUNCTION lapor.unit_area_put(p_code text, p_op text, p_area_code text, p_valid_from date, p_note text) OWNER TO lapor_owner;

--
-- Name: unit_put(text, text, text, text, text, double precision, double precision, boolean, text, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.unit_put(p_code text, p_level text, p_type text, p_name text, p_parent_code text, p_hq_lat double precision, p_hq_lon double precision, p_active boolean, p_phone_number_id text, p_display_phone text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_parent integer;
    v_old    lapor.unit%ROWTYPE;
    v_new    lapor.unit%ROWTYPE;
    v_phone  lapor.phone_number%ROWTYPE;
    v_action text := 'same';
BEGIN
    IF p_level <> 'mabes' THEN
        SELECT u.unit_id INTO v_parent
          FROM lapor.unit u
         WHERE u.unit_code = coalesce(p_parent_code, 'MABES');

        IF NOT FOUND THEN
            RAISE EXCEPTION 'unit "%" has no parent "%"', p_code,
                  p_parent_code USING ERRCODE = 'foreign_key_violation';
        END IF;
    END IF;

    SELECT * INTO v_old FROM lapor.unit u WHERE u.unit_code = p_code;

    IF NOT FOUND THEN
        INSERT INTO lapor.unit (parent_id, unit_code, level, type, name,
                                hq_lat, hq_lon, active)
        VALUES (v_parent, p_code, p_level, p_type, p_name, p_hq_lat,
                p_hq_lon, p_active)
        RETURNING * INTO v_new;

        v_action := 'added';

    ELSE
        UPDATE lapor.unit u
           SET parent_id = v_parent, level = p_level, type = p_type,
               name = p_name, hq_lat = p_hq_lat, hq_lon = p_hq_lon,
               active = p_active
         WHERE u.unit_id = v_old.unit_id
        RETURNING * INTO v_new;

        IF v_new IS DISTINCT FROM v_old THEN
            v_action := 'changed';
        END IF;
    END IF;

    IF p_phone_number_id IS NULL THEN
        RETURN v_action;
    END IF;

    SELECT * INTO v_phone
      FROM lapor.phone_number n
     WHERE n.phone_number_id = p_phone_number_id;

    IF NOT FOUND THEN
        INSERT INTO lapor.phone_number (phone_number_id, unit_id,
                                        display_phone)
        VALUES (p_phone_number_id, v_new.unit_id, p_display_phone);

        RETURN CASE v_action WHEN 'same' THEN 'changed' ELSE v_action END;
    END IF;

    IF v_phone.unit_id <> v_new.unit_id THEN
        RAISE EXCEPTION 'number "%" belongs to another unit',
              p_phone_number_id USING ERRCODE = 'unique_violation';
    END IF;

    IF v_phone.display_phone IS DISTINCT FROM p_display_phone THEN
        UPDATE lapor.phone_number n SET display_phone = p_display_phone
         WHERE n.phone_number_id = p_phone_number_id;

        RETURN CASE v_action WHEN 'same' THEN 'changed' ELSE v_action END;
    END IF;

    RETURN v_action;
END
$$;

ALTER FUNCTION lapor.unit_put(p_code text, p_level text, p_type text, p_name text, p_parent_code text, p_hq_lat double precision, p_hq_lon double precision, p_active boolean, p_phone_number_id text, p_display_phone text) OWNER TO lapor_owner;

--
-- Name: unit_rule_put(text, text, text); Type: FUNCTION; Schema: lapor; Owner: lapor_owner
--

CREATE FUNCTION lapor.unit_rule_put(p_code text, p_rule text, p_value text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'lapor', 'pg_temp'
    AS $$
DECLARE
    v_unit integer;
BEGIN
    SELECT u.unit_id INTO v_unit FROM lapor.unit u WHERE u.unit_code = p_code;

    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no unit "%"', p_code
              USING ERRCODE = 'foreign_key_violation';
    END IF;

    -- headquarters has its row, and an empty one would be refused
    INSERT INTO lapor.unit_rule (unit_id)
    SELECT v_unit
     WHERE NOT EXISTS (SELECT FROM lapor.unit_rule r
                        WHERE r.unit_id = v_unit)
    ON CONFLICT (unit_id) DO NOTHING;

    CASE p_rule
    WHEN 'join_window' THEN
        UPDATE lapor.unit_rule SET join_window = p_value::interval
         WHERE unit_id = v_unit;
    WHEN 'reopen_window' THEN
        UPDATE lapor.unit_rule SET reopen_window = p_value::interval
         WHERE unit_id = v_unit;
    WHEN 'burst_gap' THEN
        UPDATE lapor.unit_rule SET burst_gap = p_value::interval
         WHERE unit_id = v_unit;
    WHEN 'answer_every' THEN
        UPDATE lapor.unit_rule SET answer_every = p_value::boolean
         WHERE unit_id = v_unit;
    WHEN 'second_topic' THEN
        UPDATE lapor.unit_rule SET second_topic = p_value::boolean
         WHERE unit_id = v_unit;
    WHEN 'topic_confidence' THEN
        UPDATE lapor.unit_rule SET topic_confidence = p_value::real
         WHERE unit_id = v_unit;
    ELSE
        RAISE EXCEPTION 'there is no rule "%"', p_rule
              USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END
$$;

ALTER FUNCTION lapor.unit_rule_put(p_code text, p_rule text, p_value text) OWNER TO lapor_owner;

SET default_table_access_method = heap;

--
-- Name: alert; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.alert (
    part smallint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    times bigint DEFAULT 1 NOT NULL,
    severity text NOT NULL,
    detail jsonb NOT NULL,
    CONSTRAINT alert_kind_check CHECK ((kind ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT alert_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT alert_severity_check CHECK ((severity = ANY (ARRAY['critical'::text, 'warning'::text, 'info'::text]))),
    CONSTRAINT alert_subject_check CHECK (((octet_length(subject) >= 1) AND (octet_length(subject) <= 200))),
    CONSTRAINT alert_times_check CHECK (((times >= 1) AND (last_at >= opened_at) AND (closed_at >= opened_at)))
);

ALTER TABLE lapor.alert OWNER TO lapor_owner;

--
-- Name: alert_word; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.alert_word (
    part smallint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    at timestamp with time zone NOT NULL,
    closes boolean NOT NULL,
    CONSTRAINT alert_word_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.alert_word OWNER TO lapor_owner;

--
-- Name: error_code; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.error_code (
    code integer NOT NULL,
    to_code integer NOT NULL,
    lang text NOT NULL,
    meaning text NOT NULL,
    action text NOT NULL,
    CONSTRAINT error_code_lang_check CHECK ((lang ~ '^[a-z]{2}$'::text)),
    CONSTRAINT error_code_to_code_check CHECK ((to_code >= code))
);

ALTER TABLE lapor.error_code OWNER TO lapor_owner;

--
-- Name: event_default; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.event_default (
    part smallint NOT NULL,
    report_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    seq integer NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    data jsonb NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT event_actor_check CHECK ((actor ~ '^[^\n]+$'::text)),
    CONSTRAINT event_hash_check CHECK (((octet_length(prev) = 32) AND (octet_length(hash) = 32))),
    CONSTRAINT event_kind_check CHECK ((kind ~ '^[a-z_]+$'::text)),
    CONSTRAINT event_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT event_seq_check CHECK ((seq >= 1))
);

ALTER TABLE lapor.event_default OWNER TO lapor_owner;

--
-- Name: id_seq; Type: SEQUENCE; Schema: lapor; Owner: lapor_owner
--

CREATE SEQUENCE lapor.id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 512;

ALTER TABLE lapor.id_seq OWNER TO lapor_owner;

--
-- Name: identity; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.identity (
    part smallint NOT NULL,
    home_part smallint NOT NULL,
    identity text NOT NULL,
    kind text NOT NULL,
    peer text,
    reporter_id bigint NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    since timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT identity_identity_check CHECK ((((char_length(identity) >= 1) AND (char_length(identity) <= 256)) AND (peer <> identity))),
    CONSTRAINT identity_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'user_id'::text, 'username'::text]))),
    CONSTRAINT identity_part_check CHECK ((((part >= 0) AND (part <= 255)) AND ((home_part >= 0) AND (home_part <= 255)))),
    CONSTRAINT identity_username_check CHECK (((kind = 'username'::text) = ("left"(identity, 1) = '@'::text)))
);

ALTER TABLE lapor.identity OWNER TO lapor_owner;

--
-- Name: identity_history; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.identity_history (
    part smallint NOT NULL,
    history_id bigint NOT NULL,
    identity text NOT NULL,
    what text NOT NULL,
    at timestamp with time zone NOT NULL,
    told_at timestamp with time zone NOT NULL,
    peer text,
    from_part smallint,
    from_reporter bigint,
    to_part smallint NOT NULL,
    to_reporter bigint NOT NULL,
    raw_id bigint NOT NULL,
    CONSTRAINT identity_history_from_check CHECK ((((from_part IS NULL) = (from_reporter IS NULL)) AND ((what = ANY (ARRAY['joined'::text, 'moved'::text, 'given'::text])) OR (from_part IS NOT NULL)))),
    CONSTRAINT identity_history_part_check CHECK ((((part >= 0) AND (part <= 255)) AND ((to_part >= 0) AND (to_part <= 255)) AND ((from_part >= 0) AND (from_part <= 255)))),
    CONSTRAINT identity_history_what_check CHECK ((what = ANY (ARRAY['joined'::text, 'moved'::text, 'given'::text, 'taken'::text, 'merged'::text])))
);

ALTER TABLE lapor.identity_history OWNER TO lapor_owner;

--
-- Name: identity_past; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.identity_past (
    part smallint NOT NULL,
    home_part smallint NOT NULL,
    identity text NOT NULL,
    kind text NOT NULL,
    since timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    peer text,
    reporter_id bigint NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT identity_past_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'user_id'::text, 'username'::text]))),
    CONSTRAINT identity_past_part_check CHECK ((((part >= 0) AND (part <= 255)) AND ((home_part >= 0) AND (home_part <= 255)))),
    CONSTRAINT identity_past_until_at_check CHECK (((since < until_at) AND (until_at < 'infinity'::timestamp with time zone)))
);

ALTER TABLE lapor.identity_past OWNER TO lapor_owner;

--
-- Name: media; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.media (
    part smallint NOT NULL,
    report_id bigint NOT NULL,
    media_id text NOT NULL,
    phone_number_id text NOT NULL,
    kind text NOT NULL,
    mime_type text,
    filename text,
    announced_sha256 text,
    url text,
    state text DEFAULT 'pending'::text NOT NULL,
    sha256 text,
    path text,
    size bigint,
    created_at timestamp with time zone NOT NULL,
    stored_at timestamp with time zone,
    error_code integer,
    error text,
    CONSTRAINT media_error_check CHECK (((state <> ALL (ARRAY['failed'::text, 'gone'::text])) OR (error IS NOT NULL))),
    CONSTRAINT media_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT media_path_check CHECK ((path !~ '(^/|\.\.)'::text)),
    CONSTRAINT media_sha256_check CHECK (((octet_length(sha256) = 64) AND (sha256 !~ '[^0-9a-f]'::text) AND (octet_length(announced_sha256) = 64) AND (announced_sha256 !~ '[^0-9a-f]'::text))),
    CONSTRAINT media_size_check CHECK ((size >= 0)),
    CONSTRAINT media_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'stored'::text, 'failed'::text, 'gone'::text, 'infected'::text]))),
    CONSTRAINT media_stored_check CHECK ((num_nonnulls(sha256, path, size, stored_at) =
CASE
    WHEN (state = ANY (ARRAY['stored'::text, 'infected'::text])) THEN 4
    ELSE 0
END))
);

ALTER TABLE lapor.media OWNER TO lapor_owner;

--
-- Name: message; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.message (
    part smallint NOT NULL,
    message_id bigint NOT NULL,
    report_id bigint NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    raw_id bigint,
    task_id bigint,
    direction text NOT NULL,
    type text NOT NULL,
    wamid text NOT NULL,
    phone_number_id text NOT NULL,
    body text,
    media_id text,
    detail jsonb,
    damaged boolean DEFAULT false NOT NULL,
    status text,
    accepted_at timestamp with time zone,
    server_at timestamp with time zone,
    delivered_at timestamp with time zone,
    read_at timestamp with time zone,
    played_at timestamp with time zone,
    failed_at timestamp with time zone,
    error_code integer,
    error_title text,
    billable boolean,
    price_category text,
    price_type text,
    origin text,
    CONSTRAINT message_direction_check CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT message_origin_check CHECK (
CASE direction
    WHEN 'in'::text THEN ((raw_id IS NOT NULL) AND (num_nonnulls(status, task_id, accepted_at, server_at, delivered_at, read_at, played_at, failed_at, error_code, error_title) = 0))
    ELSE ((num_nonnulls(status, task_id, accepted_at) = 3) AND (raw_id IS NULL))
END),
    CONSTRAINT message_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT message_price_check CHECK (((direction = 'out'::text) OR (num_nonnulls(billable, price_category, price_type, origin) = 0))),
    CONSTRAINT message_status_at_check CHECK ((
CASE status
    WHEN 'sent'::text THEN server_at
    WHEN 'failed'::text THEN failed_at
    WHEN 'delivered'::text THEN delivered_at
    WHEN 'read'::text THEN read_at
    WHEN 'played'::text THEN played_at
    ELSE received_at
END IS NOT NULL)),
    CONSTRAINT message_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'sent'::text, 'failed'::text, 'delivered'::text, 'read'::text, 'played'::text])))
)
PARTITION BY RANGE (sent_at);

ALTER TABLE lapor.message OWNER TO lapor_owner;

--
-- Name: message_default; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.message_default (
    part smallint NOT NULL,
    message_id bigint NOT NULL,
    report_id bigint NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    raw_id bigint,
    task_id bigint,
    direction text NOT NULL,
    type text NOT NULL,
    wamid text NOT NULL,
    phone_number_id text NOT NULL,
    body text,
    media_id text,
    detail jsonb,
    damaged boolean DEFAULT false NOT NULL,
    status text,
    accepted_at timestamp with time zone,
    server_at timestamp with time zone,
    delivered_at timestamp with time zone,
    read_at timestamp with time zone,
    played_at timestamp with time zone,
    failed_at timestamp with time zone,
    error_code integer,
    error_title text,
    billable boolean,
    price_category text,
    price_type text,
    origin text,
    CONSTRAINT message_direction_check CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT message_origin_check CHECK (
CASE direction
    WHEN 'in'::text THEN ((raw_id IS NOT NULL) AND (num_nonnulls(status, task_id, accepted_at, server_at, delivered_at, read_at, played_at, failed_at, error_code, error_title) = 0))
    ELSE ((num_nonnulls(status, task_id, accepted_at) = 3) AND (raw_id IS NULL))
END),
    CONSTRAINT message_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT message_price_check CHECK (((direction = 'out'::text) OR (num_nonnulls(billable, price_category, price_type, origin) = 0))),
    CONSTRAINT message_status_at_check CHECK ((
CASE status
    WHEN 'sent'::text THEN server_at
    WHEN 'failed'::text THEN failed_at
    WHEN 'delivered'::text THEN delivered_at
    WHEN 'read'::text THEN read_at
    WHEN 'played'::text THEN played_at
    ELSE received_at
END IS NOT NULL)),
    CONSTRAINT message_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'sent'::text, 'failed'::text, 'delivered'::text, 'read'::text, 'played'::text])))
);

ALTER TABLE lapor.message_default OWNER TO lapor_owner;

--
-- Name: notice; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.notice (
    part smallint NOT NULL,
    notice_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    field text NOT NULL,
    waba_id text,
    phone_number_id text,
    data jsonb NOT NULL,
    raw_id bigint NOT NULL,
    CONSTRAINT notice_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.notice OWNER TO lapor_owner;

--
-- Name: officer; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.officer (
    identity text NOT NULL,
    unit_id integer NOT NULL,
    active boolean DEFAULT true NOT NULL,
    part smallint NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT officer_identity_check CHECK (((char_length(identity) >= 1) AND (char_length(identity) <= 256))),
    CONSTRAINT officer_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.officer OWNER TO lapor_owner;

--
-- Name: part_counter; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.part_counter (
    part smallint NOT NULL,
    reports bigint DEFAULT 0 NOT NULL,
    CONSTRAINT part_counter_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT part_counter_reports_check CHECK ((reports >= 0))
)
WITH (fillfactor='50');

ALTER TABLE lapor.part_counter OWNER TO lapor_owner;

--
-- Name: phone_number; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.phone_number (
    phone_number_id text NOT NULL,
    unit_id integer NOT NULL,
    display_phone text,
    active boolean DEFAULT true NOT NULL,
    CONSTRAINT phone_number_phone_number_id_check CHECK ((phone_number_id ~ '^[0-9]{1,32}$'::text))
);

ALTER TABLE lapor.phone_number OWNER TO lapor_owner;

--
-- Name: quarantine; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.quarantine (
    part smallint NOT NULL,
    raw_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    item integer NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    reason text NOT NULL,
    sqlstate text,
    body bytea NOT NULL,
    state text DEFAULT 'dead'::text NOT NULL,
    times integer DEFAULT 1 NOT NULL,
    dead_at timestamp with time zone NOT NULL,
    replayed_at timestamp with time zone,
    CONSTRAINT quarantine_item_check CHECK (((item >= '-1'::integer) AND (times >= 1))),
    CONSTRAINT quarantine_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT quarantine_replayed_at_check CHECK (((state = 'replayed'::text) = (replayed_at IS NOT NULL))),
    CONSTRAINT quarantine_state_check CHECK ((state = ANY (ARRAY['dead'::text, 'replayed'::text])))
);

ALTER TABLE lapor.quarantine OWNER TO lapor_owner;

--
-- Name: raw_again; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.raw_again (
    part smallint NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    raw_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT raw_again_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.raw_again OWNER TO lapor_owner;

--
-- Name: raw_webhook; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.raw_webhook (
    part smallint NOT NULL,
    raw_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    sha256 bytea NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT raw_webhook_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT raw_webhook_sha256_check CHECK ((octet_length(sha256) = 32))
)
PARTITION BY RANGE (received_at);
ALTER TABLE ONLY lapor.raw_webhook ALTER COLUMN body SET COMPRESSION lz4;

ALTER TABLE lapor.raw_webhook OWNER TO lapor_owner;

--
-- Name: raw_webhook_default; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.raw_webhook_default (
    part smallint NOT NULL,
    raw_id bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    stream text NOT NULL,
    entry_id text NOT NULL,
    sha256 bytea NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT raw_webhook_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT raw_webhook_sha256_check CHECK ((octet_length(sha256) = 32))
);
ALTER TABLE ONLY lapor.raw_webhook_default ALTER COLUMN body SET COMPRESSION lz4;

ALTER TABLE lapor.raw_webhook_default OWNER TO lapor_owner;

--
-- Name: reconcile; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.reconcile (
    part smallint NOT NULL,
    at timestamp with time zone NOT NULL,
    verdict text NOT NULL,
    streams integer NOT NULL,
    accepted bigint NOT NULL,
    done bigint NOT NULL,
    waiting bigint NOT NULL,
    spooled bigint NOT NULL,
    differences bigint NOT NULL,
    detail jsonb NOT NULL,
    CONSTRAINT reconcile_counts_check CHECK (((LEAST((streams)::bigint, accepted, done, waiting, spooled, differences) >= 0) AND ((differences > 0) = (verdict = 'difference'::text)))),
    CONSTRAINT reconcile_part_check CHECK ((part = 0)),
    CONSTRAINT reconcile_verdict_check CHECK ((verdict = ANY (ARRAY['exact'::text, 'difference'::text, 'unsettled'::text])))
);

ALTER TABLE lapor.reconcile OWNER TO lapor_owner;

--
-- Name: report; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.report (
    part smallint NOT NULL,
    report_id bigint NOT NULL,
    reporter_id bigint NOT NULL,
    unit_id integer NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    code text NOT NULL,
    phone_number_id text NOT NULL,
    category text NOT NULL,
    urgency text NOT NULL,
    function text NOT NULL,
    state text NOT NULL,
    sensitive boolean NOT NULL,
    answered boolean NOT NULL,
    prank real NOT NULL,
    confidence real NOT NULL,
    first_message_at timestamp with time zone NOT NULL,
    last_message_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    lat double precision,
    lon double precision,
    events integer NOT NULL,
    head bytea NOT NULL,
    origin text DEFAULT 'citizen'::text NOT NULL,
    drill boolean DEFAULT false NOT NULL,
    link text,
    link_report_id bigint,
    bursts integer DEFAULT 0 NOT NULL,
    called boolean DEFAULT false NOT NULL,
    attention_at timestamp with time zone,
    withdraw_asked_at timestamp with time zone,
    album_at timestamp with time zone,
    CONSTRAINT report_bursts_check CHECK ((bursts >= 0)),
    CONSTRAINT report_category_check CHECK ((category = ANY (ARRAY['curas'::text, 'pencurian'::text, 'penipuan_siber'::text, 'tipidter'::text, 'penganiayaan'::text, 'premanisme'::text, 'tawuran'::text, 'kdrt_anak'::text, 'kekerasan_seksual'::text, 'bom_teror'::text, 'narkoba'::text, 'pekat'::text, 'ketertiban'::text, 'laka_lantas'::text, 'lalin'::text, 'kebakaran'::text, 'bencana'::text, 'perairan'::text, 'orang_hilang'::text, 'darurat_medis'::text, 'keluhan_polisi'::text, 'layanan'::text, 'bukan_laporan'::text, 'spam_prank'::text, 'instansi_lain'::text, 'ambigu'::text]))),
    CONSTRAINT report_closed_at_check CHECK (((closed_at IS NOT NULL) = (state = ANY (ARRAY['closed'::text, 'info'::text, 'withdrawn'::text, 'invalid'::text, 'prank'::text])))),
    CONSTRAINT report_code_check CHECK ((
CASE length(translate(code, '-'::text, ''::text))
    WHEN 6 THEN (code ~~ 'K-____-_'::text)
    WHEN 8 THEN (code ~~ 'K-____-__-_'::text)
    WHEN 10 THEN (code ~~ 'K-____-____-_'::text)
    ELSE false
END AND (translate(substr(code, 2), '-23456789ABCDEFGHJKMNPQRSTUVWXYZ'::text, ''::text) = ''::text))),
    CONSTRAINT report_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT report_function_check CHECK ((function = ANY (ARRAY['pamapta'::text, 'reskrim'::text, 'ppa_ppo'::text, 'siber'::text, 'resnarkoba'::text, 'lantas'::text, 'samapta'::text, 'intelkam'::text, 'binmas'::text, 'polairud'::text, 'brimob'::text, 'propam'::text, 'operator'::text]))),
    CONSTRAINT report_head_check CHECK (((octet_length(head) = 32) AND (events >= 1))),
    CONSTRAINT report_link_check CHECK ((((link IS NULL) = (link_report_id IS NULL)) AND (link = ANY (ARRAY['follows'::text, 'second_topic'::text, 'elsewhere'::text])) AND (link_report_id <> report_id))),
    CONSTRAINT report_origin_check CHECK ((origin = ANY (ARRAY['citizen'::text, 'officer'::text]))),
    CONSTRAINT report_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT report_pin_check CHECK ((((lat IS NULL) = (lon IS NULL)) AND ((lat >= ('-90'::integer)::double precision) AND (lat <= (90)::double precision)) AND ((lon >= ('-180'::integer)::double precision) AND (lon <= (180)::double precision)))),
    CONSTRAINT report_prank_check CHECK (((prank >= (0)::double precision) AND (prank <= (1)::double precision))),
    CONSTRAINT report_state_check CHECK ((state = ANY (ARRAY['gathering'::text, 'new'::text, 'triage'::text, 'awaiting_reporter'::text, 'forwarded'::text, 'accepted'::text, 'en_route'::text, 'on_scene'::text, 'handling'::text, 'done'::text, 'closed'::text, 'reopened'::text, 'joined'::text, 'transferred'::text, 'info'::text, 'withdrawn'::text, 'invalid'::text, 'suspected_prank'::text, 'prank'::text]))),
    CONSTRAINT report_times_check CHECK ((last_message_at >= first_message_at)),
    CONSTRAINT report_urgency_check CHECK ((urgency = ANY (ARRAY['P1'::text, 'P2'::text, 'P3'::text, 'P4'::text])))
)
WITH (fillfactor='70');

ALTER TABLE lapor.report OWNER TO lapor_owner;

--
-- Name: reporter; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.reporter (
    part smallint NOT NULL,
    reporter_id bigint NOT NULL,
    name text,
    username text,
    first_seen_at timestamp with time zone NOT NULL,
    officer text,
    officer_at timestamp with time zone,
    named_at timestamp with time zone,
    CONSTRAINT reporter_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.reporter OWNER TO lapor_owner;

--
-- Name: reporter_link; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.reporter_link (
    part smallint NOT NULL,
    other_part smallint NOT NULL,
    reporter_id bigint NOT NULL,
    other_id bigint NOT NULL,
    why text NOT NULL,
    at timestamp with time zone NOT NULL,
    raw_id bigint NOT NULL,
    CONSTRAINT reporter_link_other_check CHECK ((reporter_id <> other_id)),
    CONSTRAINT reporter_link_part_check CHECK ((((part >= 0) AND (part <= 255)) AND ((other_part >= 0) AND (other_part <= 255)))),
    CONSTRAINT reporter_link_why_check CHECK ((why = ANY (ARRAY['same'::text, 'username'::text, 'number'::text])))
);

ALTER TABLE lapor.reporter_link OWNER TO lapor_owner;

--
-- Name: schema_migration; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.schema_migration (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE lapor.schema_migration OWNER TO lapor_owner;

--
-- Name: seen; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.seen (
    part smallint NOT NULL,
    wamid text NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    CONSTRAINT seen_part_check CHECK (((part >= 0) AND (part <= 255)))
)
PARTITION BY RANGE (sent_at);

ALTER TABLE lapor.seen OWNER TO lapor_owner;

--
-- Name: seen_default; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.seen_default (
    part smallint NOT NULL,
    wamid text NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    CONSTRAINT seen_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.seen_default OWNER TO lapor_owner;

--
-- Name: status_wait; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.status_wait (
    part smallint NOT NULL,
    wamid text NOT NULL,
    state text NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    error_code integer,
    error_title text,
    billable boolean,
    price_category text,
    price_type text,
    origin text,
    CONSTRAINT status_wait_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT status_wait_state_check CHECK ((state = ANY (ARRAY['sent'::text, 'failed'::text, 'delivered'::text, 'read'::text, 'played'::text])))
);

ALTER TABLE lapor.status_wait OWNER TO lapor_owner;

--
-- Name: stream_base; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.stream_base (
    part smallint NOT NULL,
    stream text NOT NULL,
    base bigint,
    lives integer DEFAULT 1 NOT NULL,
    accepted bigint DEFAULT 0 NOT NULL,
    last_id text DEFAULT '0-0'::text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT stream_base_counts_check CHECK (((lives >= 1) AND (accepted >= 0))),
    CONSTRAINT stream_base_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.stream_base OWNER TO lapor_owner;

--
-- Name: stream_count; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.stream_count (
    part smallint NOT NULL,
    stream text NOT NULL,
    done bigint NOT NULL,
    last text NOT NULL,
    CONSTRAINT stream_count_done_check CHECK ((done >= 0)),
    CONSTRAINT stream_count_part_check CHECK (((part >= 0) AND (part <= 255)))
)
WITH (fillfactor='50');

ALTER TABLE lapor.stream_count OWNER TO lapor_owner;

--
-- Name: task; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.task (
    part smallint NOT NULL,
    task_id bigint NOT NULL,
    report_id bigint NOT NULL,
    run_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    unknowns integer DEFAULT 0 NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'ready'::text NOT NULL,
    lease_owner text,
    media_id text,
    occasion text,
    phone_number_id text NOT NULL,
    recipient text,
    recipient_kind text,
    body text,
    wamid text,
    message_id bigint,
    message_sent_at timestamp with time zone,
    error_code integer,
    error text,
    CONSTRAINT task_counts_check CHECK (((attempts >= 0) AND ((failures >= 0) AND (failures <= attempts)) AND ((unknowns >= 0) AND (unknowns <= attempts)))),
    CONSTRAINT task_finished_at_check CHECK (((finished_at IS NOT NULL) = (state = ANY (ARRAY['done'::text, 'failed'::text])))),
    CONSTRAINT task_kind_check CHECK ((kind = ANY (ARRAY['media'::text, 'reply'::text]))),
    CONSTRAINT task_lease_owner_check CHECK (((lease_owner IS NOT NULL) = (state = ANY (ARRAY['running'::text, 'sending'::text])))),
    CONSTRAINT task_media_check CHECK ((((kind = 'media'::text) = (media_id IS NOT NULL)) AND ((kind = 'media'::text) OR (state <> 'running'::text)))),
    CONSTRAINT task_part_check CHECK (((part >= 0) AND (part <= 255))),
    CONSTRAINT task_recipient_kind_check CHECK ((recipient_kind = ANY (ARRAY['phone'::text, 'user_id'::text]))),
    CONSTRAINT task_reply_check CHECK (((num_nonnulls(occasion, recipient, recipient_kind, body) =
CASE kind
    WHEN 'reply'::text THEN 4
    ELSE 0
END) AND ((kind = 'reply'::text) OR (state <> 'sending'::text)))),
    CONSTRAINT task_state_check CHECK ((state = ANY (ARRAY['ready'::text, 'running'::text, 'sending'::text, 'done'::text, 'failed'::text]))),
    CONSTRAINT task_wamid_check CHECK ((((wamid IS NOT NULL) = ((kind = 'reply'::text) AND (state = 'done'::text))) AND ((wamid IS NULL) = (message_id IS NULL)) AND ((wamid IS NULL) = (message_sent_at IS NULL))))
)
WITH (fillfactor='80');

ALTER TABLE lapor.task OWNER TO lapor_owner;

--
-- Name: text; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.text (
    key text NOT NULL,
    lang text NOT NULL,
    body text NOT NULL,
    CONSTRAINT text_body_check CHECK (((char_length(body) >= 1) AND (char_length(body) <= 4000))),
    CONSTRAINT text_lang_check CHECK ((lang ~ '^[a-z]{2}$'::text))
);

ALTER TABLE lapor.text OWNER TO lapor_owner;

--
-- Name: timer; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.timer (
    part smallint NOT NULL,
    report_id bigint NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT timer_kind_check CHECK ((kind = 'claim'::text)),
    CONSTRAINT timer_part_check CHECK (((part >= 0) AND (part <= 255)))
);

ALTER TABLE lapor.timer OWNER TO lapor_owner;

--
-- Name: unit; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.unit (
    unit_id integer NOT NULL,
    parent_id integer,
    unit_code text NOT NULL,
    level text NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    hq_lat double precision,
    hq_lon double precision,
    active boolean DEFAULT true NOT NULL,
    CONSTRAINT unit_headquarters_check CHECK (((level = 'mabes'::text) = (unit_code = 'MABES'::text))),
    CONSTRAINT unit_hq_check CHECK ((((hq_lat IS NULL) = (hq_lon IS NULL)) AND ((hq_lat >= ('-90'::integer)::double precision) AND (hq_lat <= (90)::double precision)) AND ((hq_lon >= ('-180'::integer)::double precision) AND (hq_lon <= (180)::double precision)))),
    CONSTRAINT unit_level_check CHECK ((level = ANY (ARRAY['mabes'::text, 'polda'::text, 'polres'::text, 'polsek'::text]))),
    CONSTRAINT unit_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 200))),
    CONSTRAINT unit_parent_id_check CHECK ((((level = 'mabes'::text) = (parent_id IS NULL)) AND (parent_id <> unit_id))),
    CONSTRAINT unit_unit_code_check CHECK ((unit_code ~ '^[A-Z0-9][A-Z0-9_-]{1,62}$'::text))
);

ALTER TABLE lapor.unit OWNER TO lapor_owner;

--
-- Name: unit_area; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.unit_area (
    unit_id integer NOT NULL,
    op text NOT NULL,
    area_code text NOT NULL,
    valid_from date DEFAULT '-infinity'::date NOT NULL,
    note text,
    CONSTRAINT unit_area_area_code_check CHECK ((area_code ~ '^[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?$'::text)),
    CONSTRAINT unit_area_op_check CHECK ((op = ANY (ARRAY['include'::text, 'exclude'::text])))
);

ALTER TABLE lapor.unit_area OWNER TO lapor_owner;

--
-- Name: unit_rule; Type: TABLE; Schema: lapor; Owner: lapor_owner
--

CREATE TABLE lapor.unit_rule (
    unit_id integer NOT NULL,
    join_window interval,
    reopen_window interval,
    burst_gap interval,
    answer_every boolean,
    second_topic boolean,
    topic_confidence real,
    CONSTRAINT unit_rule_complete_check CHECK (((unit_id <> 1) OR (num_nulls(join_window, reopen_window, burst_gap, answer_every, second_topic, topic_confidence) = 0))),
    CONSTRAINT unit_rule_topic_confidence_check CHECK (((topic_confidence >= (0)::double precision) AND (topic_confidence <= (1)::double precision))),
    CONSTRAINT unit_rule_windows_check CHECK ((((join_window >= '00:01:00'::interval) AND (join_window <= '30 days'::interval)) AND ((reopen_window >= '00:00:00'::interval) AND (reopen_window <= '365 days'::interval)) AND ((burst_gap >= '00:00:01'::interval) AND (burst_gap <= '30 days'::interval))))
);

ALTER TABLE lapor.unit_rule OWNER TO lapor_owner;

--
-- Name: unit_unit_id_seq; Type: SEQUENCE; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE lapor.unit ALTER COLUMN unit_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME lapor.unit_unit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: event_default; Type: TABLE ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.event ATTACH PARTITION lapor.event_default DEFAULT;

--
-- Name: message_default; Type: TABLE ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.message ATTACH PARTITION lapor.message_default DEFAULT;

--
-- Name: raw_webhook_default; Type: TABLE ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.raw_webhook ATTACH PARTITION lapor.raw_webhook_default DEFAULT;

--
-- Name: seen_default; Type: TABLE ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.seen ATTACH PARTITION lapor.seen_default DEFAULT;

--
-- Name: alert alert_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (part, kind, subject, opened_at);

--
-- Name: alert_word alert_word_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.alert_word
    ADD CONSTRAINT alert_word_pkey PRIMARY KEY (part, kind, subject);

--
-- Name: error_code error_code_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.error_code
    ADD CONSTRAINT error_code_pkey PRIMARY KEY (code, lang);

--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (part, report_id, seq, at);

--
-- Name: event_default event_default_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.event_default
    ADD CONSTRAINT event_default_pkey PRIMARY KEY (part, report_id, seq, at);

--
-- Name: identity_history identity_history_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.identity_history
    ADD CONSTRAINT identity_history_pkey PRIMARY KEY (part, history_id);

--
-- Name: identity_past identity_past_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.identity_past
    ADD CONSTRAINT identity_past_pkey PRIMARY KEY (part, identity, until_at);

--
-- Name: identity identity_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (part, identity);

--
-- Name: media media_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.media
    ADD CONSTRAINT media_pkey PRIMARY KEY (part, media_id);

--
-- Name: message message_wamid_key; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.message
    ADD CONSTRAINT message_wamid_key UNIQUE (part, wamid, sent_at);

--
-- Name: message_default message_default_part_wamid_sent_at_key; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.message_default
    ADD CONSTRAINT message_default_part_wamid_sent_at_key UNIQUE (part, wamid, sent_at);

--
-- Name: message message_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (part, message_id, sent_at);

--
-- Name: message_default message_default_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.message_default
    ADD CONSTRAINT message_default_pkey PRIMARY KEY (part, message_id, sent_at);

--
-- Name: notice notice_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (part, notice_id);

--
-- Name: officer officer_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.officer
    ADD CONSTRAINT officer_pkey PRIMARY KEY (identity);

--
-- Name: part_counter part_counter_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.part_counter
    ADD CONSTRAINT part_counter_pkey PRIMARY KEY (part);

--
-- Name: phone_number phone_number_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.phone_number
    ADD CONSTRAINT phone_number_pkey PRIMARY KEY (phone_number_id);

--
-- Name: quarantine quarantine_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (part, raw_id, received_at, item);

--
-- Name: raw_again raw_again_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.raw_again
    ADD CONSTRAINT raw_again_pkey PRIMARY KEY (part, stream, entry_id);

--
-- Name: raw_webhook raw_webhook_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.raw_webhook
    ADD CONSTRAINT raw_webhook_pkey PRIMARY KEY (part, raw_id, received_at);

--
-- Name: raw_webhook_default raw_webhook_default_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.raw_webhook_default
    ADD CONSTRAINT raw_webhook_default_pkey PRIMARY KEY (part, raw_id, received_at);

--
-- Name: reconcile reconcile_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.reconcile
    ADD CONSTRAINT reconcile_pkey PRIMARY KEY (part, at);

--
-- Name: report report_code_key; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.report
    ADD CONSTRAINT report_code_key UNIQUE (part, code);

--
-- Name: report report_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.report
    ADD CONSTRAINT report_pkey PRIMARY KEY (part, report_id);

--
-- Name: reporter_link reporter_link_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.reporter_link
    ADD CONSTRAINT reporter_link_pkey PRIMARY KEY (part, reporter_id, other_part, other_id, why);

--
-- Name: reporter reporter_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.reporter
    ADD CONSTRAINT reporter_pkey PRIMARY KEY (part, reporter_id);

--
-- Name: schema_migration schema_migration_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

--
-- Name: seen seen_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.seen
    ADD CONSTRAINT seen_pkey PRIMARY KEY (part, wamid, sent_at);

--
-- Name: seen_default seen_default_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.seen_default
    ADD CONSTRAINT seen_default_pkey PRIMARY KEY (part, wamid, sent_at);

--
-- Name: status_wait status_wait_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.status_wait
    ADD CONSTRAINT status_wait_pkey PRIMARY KEY (part, wamid, state);

--
-- Name: stream_base stream_base_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.stream_base
    ADD CONSTRAINT stream_base_pkey PRIMARY KEY (part, stream);

--
-- Name: stream_count stream_count_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.stream_count
    ADD CONSTRAINT stream_count_pkey PRIMARY KEY (part, stream);

--
-- Name: task task_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (part, task_id);

--
-- Name: text text_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.text
    ADD CONSTRAINT text_pkey PRIMARY KEY (key, lang);

--
-- Name: timer timer_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.timer
    ADD CONSTRAINT timer_pkey PRIMARY KEY (part, report_id, kind);

--
-- Name: unit_area unit_area_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit_area
    ADD CONSTRAINT unit_area_pkey PRIMARY KEY (unit_id, op, area_code, valid_from);

--
-- Name: unit unit_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit
    ADD CONSTRAINT unit_pkey PRIMARY KEY (unit_id);

--
-- Name: unit_rule unit_rule_pkey; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit_rule
    ADD CONSTRAINT unit_rule_pkey PRIMARY KEY (unit_id);

--
-- Name: unit unit_unit_code_key; Type: CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit
    ADD CONSTRAINT unit_unit_code_key UNIQUE (unit_code);

--
-- Name: alert_open_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX alert_open_idx ON lapor.alert USING btree (kind, severity) WHERE (closed_at IS NULL);

--
-- Name: alert_open_key; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE UNIQUE INDEX alert_open_key ON lapor.alert USING btree (part, kind, subject) WHERE (closed_at IS NULL);

--
-- Name: alert_opened_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX alert_opened_at_idx ON lapor.alert USING btree (opened_at);

--
-- Name: event_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX event_at_idx ON ONLY lapor.event USING brin (at);

--
-- Name: event_default_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX event_default_at_idx ON lapor.event_default USING brin (at);

--
-- Name: identity_history_identity_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX identity_history_identity_idx ON lapor.identity_history USING btree (part, identity, at);

--
-- Name: identity_past_reporter_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX identity_past_reporter_idx ON lapor.identity_past USING btree (home_part, reporter_id);

--
-- Name: identity_reporter_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX identity_reporter_idx ON lapor.identity USING btree (home_part, reporter_id);

--
-- Name: media_report_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX media_report_idx ON lapor.media USING btree (part, report_id);

--
-- Name: message_report_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX message_report_idx ON ONLY lapor.message USING btree (part, report_id, sent_at);

--
-- Name: message_default_part_report_id_sent_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX message_default_part_report_id_sent_at_idx ON lapor.message_default USING btree (part, report_id, sent_at);

--
-- Name: message_number_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX message_number_idx ON ONLY lapor.message USING btree (phone_number_id, received_at);

--
-- Name: message_default_phone_number_id_received_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX message_default_phone_number_id_received_at_idx ON lapor.message_default USING btree (phone_number_id, received_at);

--
-- Name: notice_received_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX notice_received_at_idx ON lapor.notice USING btree (received_at);

--
-- Name: officer_unit_id_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX officer_unit_id_idx ON lapor.officer USING btree (unit_id);

--
-- Name: phone_number_unit_id_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX phone_number_unit_id_idx ON lapor.phone_number USING btree (unit_id);

--
-- Name: quarantine_dead_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX quarantine_dead_at_idx ON lapor.quarantine USING btree (dead_at) WHERE (state = 'dead'::text);

--
-- Name: raw_again_entry_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX raw_again_entry_idx ON lapor.raw_again USING btree (stream, entry_id);

--
-- Name: raw_webhook_received_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX raw_webhook_received_at_idx ON ONLY lapor.raw_webhook USING btree (received_at);

--
-- Name: raw_webhook_default_received_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX raw_webhook_default_received_at_idx ON lapor.raw_webhook_default USING btree (received_at);

--
-- Name: report_reporter_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX report_reporter_idx ON lapor.report USING btree (part, reporter_id, first_message_at);

--
-- Name: report_unit_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX report_unit_idx ON lapor.report USING btree (unit_id, first_message_at);

--
-- Name: status_wait_received_at_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX status_wait_received_at_idx ON lapor.status_wait USING btree (part, received_at);

--
-- Name: task_due_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX task_due_idx ON lapor.task USING btree (part, kind, run_at) WHERE (finished_at IS NULL);

--
-- Name: task_media_key; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE UNIQUE INDEX task_media_key ON lapor.task USING btree (part, media_id) WHERE (kind = 'media'::text);

--
-- Name: task_reply_key; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE UNIQUE INDEX task_reply_key ON lapor.task USING btree (part, report_id, occasion) WHERE (kind = 'reply'::text);

--
-- Name: timer_due_idx; Type: INDEX; Schema: lapor; Owner: lapor_owner
--

CREATE INDEX timer_due_idx ON lapor.timer USING btree (due_at);

--
-- Name: event_default_at_idx; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.event_at_idx ATTACH PARTITION lapor.event_default_at_idx;

--
-- Name: event_default_pkey; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.event_pkey ATTACH PARTITION lapor.event_default_pkey;

--
-- Name: message_default_part_report_id_sent_at_idx; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.message_report_idx ATTACH PARTITION lapor.message_default_part_report_id_sent_at_idx;

--
-- Name: message_default_part_wamid_sent_at_key; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.message_wamid_key ATTACH PARTITION lapor.message_default_part_wamid_sent_at_key;

--
-- Name: message_default_phone_number_id_received_at_idx; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.message_number_idx ATTACH PARTITION lapor.message_default_phone_number_id_received_at_idx;

--
-- Name: message_default_pkey; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.message_pkey ATTACH PARTITION lapor.message_default_pkey;

--
-- Name: raw_webhook_default_pkey; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.raw_webhook_pkey ATTACH PARTITION lapor.raw_webhook_default_pkey;

--
-- Name: raw_webhook_default_received_at_idx; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.raw_webhook_received_at_idx ATTACH PARTITION lapor.raw_webhook_default_received_at_idx;

--
-- Name: seen_default_pkey; Type: INDEX ATTACH; Schema: lapor; Owner: lapor_owner
--

ALTER INDEX lapor.seen_pkey ATTACH PARTITION lapor.seen_default_pkey;

--
-- Name: officer officer_unit_id_fkey; Type: FK CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.officer
    ADD CONSTRAINT officer_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES lapor.unit(unit_id);

--
-- Name: phone_number phone_number_unit_id_fkey; Type: FK CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.phone_number
    ADD CONSTRAINT phone_number_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES lapor.unit(unit_id);

--
-- Name: reporter_link reporter_link_reporter_id_fkey; Type: FK CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.reporter_link
    ADD CONSTRAINT reporter_link_reporter_id_fkey FOREIGN KEY (part, reporter_id) REFERENCES lapor.reporter(part, reporter_id);

--
-- Name: unit_area unit_area_unit_id_fkey; Type: FK CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit_area
    ADD CONSTRAINT unit_area_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES lapor.unit(unit_id);

--
-- Name: unit unit_parent_id_fkey; Type: FK CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit
    ADD CONSTRAINT unit_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES lapor.unit(unit_id);

--
-- Name: unit_rule unit_rule_unit_id_fkey; Type: FK CONSTRAINT; Schema: lapor; Owner: lapor_owner
--

ALTER TABLE ONLY lapor.unit_rule
    ADD CONSTRAINT unit_rule_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES lapor.unit(unit_id);

--
-- Name: SCHEMA lapor; Type: ACL; Schema: -; Owner: lapor_owner
--

GRANT USAGE ON SCHEMA lapor TO lapor_intake;
GRANT USAGE ON SCHEMA lapor TO lapor_media;
GRANT USAGE ON SCHEMA lapor TO lapor_reply;
GRANT USAGE ON SCHEMA lapor TO lapor_ctl;
GRANT USAGE ON SCHEMA lapor TO lapor_reader;

--
-- Name: FUNCTION alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) TO lapor_intake;
GRANT ALL ON FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) TO lapor_media;
GRANT ALL ON FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) TO lapor_reply;
GRANT ALL ON FUNCTION lapor.alert_close(p_part smallint, p_kind text, p_subject text, p_now timestamp with time zone) TO lapor_ctl;

--
-- Name: FUNCTION alert_open_counts(); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.alert_open_counts() FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.alert_open_counts() TO lapor_intake;
GRANT ALL ON FUNCTION lapor.alert_open_counts() TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.alert_open_counts() TO lapor_reader;

--
-- Name: FUNCTION alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) TO lapor_intake;
GRANT ALL ON FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) TO lapor_media;
GRANT ALL ON FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) TO lapor_reply;
GRANT ALL ON FUNCTION lapor.alert_raise(p_part smallint, p_kind text, p_subject text, p_severity text, p_detail text, p_now timestamp with time zone) TO lapor_ctl;

--
-- Name: FUNCTION alert_store(p_part smallint, p_kind text[], p_subject text[], p_mode text[], p_severity text[], p_detail text[], p_at timestamp with time zone[], p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.alert_store(p_part smallint, p_kind text[], p_subject text[], p_mode text[], p_severity text[], p_detail text[], p_at timestamp with time zone[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.alert_store(p_part smallint, p_kind text[], p_subject text[], p_mode text[], p_severity text[], p_detail text[], p_at timestamp with time zone[], p_now timestamp with time zone) TO lapor_intake;

--
-- Name: FUNCTION claim_time(p_urgency text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.claim_time(p_urgency text) FROM PUBLIC;

--
-- Name: FUNCTION code_make(p_part smallint, p_n bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.code_make(p_part smallint, p_n bigint) FROM PUBLIC;

--
-- Name: FUNCTION code_read(p_text text, OUT part smallint, OUT code text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.code_read(p_text text, OUT part smallint, OUT code text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.code_read(p_text text, OUT part smallint, OUT code text) TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.code_read(p_text text, OUT part smallint, OUT code text) TO lapor_reader;

--
-- Name: FUNCTION correct_forget(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.correct_forget(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.correct_forget(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[]) TO lapor_intake;

--
-- Name: FUNCTION correct_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.correct_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.correct_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[]) TO lapor_intake;

--
-- Name: FUNCTION default_months(); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.default_months() FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.default_months() TO lapor_intake;
GRANT ALL ON FUNCTION lapor.default_months() TO lapor_ctl;

--
-- Name: FUNCTION distribute(p_table regclass); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.distribute(p_table regclass) FROM PUBLIC;

--
-- Name: FUNCTION distribute_reference(p_table regclass); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.distribute_reference(p_table regclass) FROM PUBLIC;

--
-- Name: FUNCTION distributed(); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.distributed() FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.distributed() TO lapor_intake;

--
-- Name: FUNCTION error_advice(p_code integer, p_lang text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.error_advice(p_code integer, p_lang text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.error_advice(p_code integer, p_lang text) TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.error_advice(p_code integer, p_lang text) TO lapor_reader;

--
-- Name: FUNCTION event_append(p_part smallint, p_report_id bigint, p_kind text, p_actor text, p_data jsonb); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.event_append(p_part smallint, p_report_id bigint, p_kind text, p_actor text, p_data jsonb) FROM PUBLIC;

--
-- Name: FUNCTION event_check(p_part smallint, p_report_id bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.event_check(p_part smallint, p_report_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.event_check(p_part smallint, p_report_id bigint) TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.event_check(p_part smallint, p_report_id bigint) TO lapor_reader;

--
-- Name: FUNCTION event_hash(p_prev bytea, p_report_id bigint, p_seq integer, p_at timestamp with time zone, p_kind text, p_actor text, p_data jsonb); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.event_hash(p_prev bytea, p_report_id bigint, p_seq integer, p_at timestamp with time zone, p_kind text, p_actor text, p_data jsonb) FROM PUBLIC;

--
-- Name: TABLE event; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.event TO lapor_reader;

--
-- Name: FUNCTION event_link(p_part smallint, p_report_id bigint, p_seq integer, p_prev bytea, p_kind text, p_actor text, p_data jsonb); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.event_link(p_part smallint, p_report_id bigint, p_seq integer, p_prev bytea, p_kind text, p_actor text, p_data jsonb) FROM PUBLIC;

--
-- Name: FUNCTION id_draw(p_count integer); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.id_draw(p_count integer) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.id_draw(p_count integer) TO lapor_intake;

--
-- Name: FUNCTION identity_find(p_part smallint, p_identity text[], p_at timestamp with time zone[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_find(p_part smallint, p_identity text[], p_at timestamp with time zone[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_find(p_part smallint, p_identity text[], p_at timestamp with time zone[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION identity_held(p_part smallint, p_home_part smallint, p_reporter_id bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_held(p_part smallint, p_home_part smallint, p_reporter_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_held(p_part smallint, p_home_part smallint, p_reporter_id bigint) TO lapor_intake;

--
-- Name: FUNCTION identity_image(p_part smallint, p_identity text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_image(p_part smallint, p_identity text) FROM PUBLIC;

--
-- Name: FUNCTION identity_link(p_part smallint, p_identity text[], p_kind text[], p_peer text[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at timestamp with time zone[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_link(p_part smallint, p_identity text[], p_kind text[], p_peer text[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at timestamp with time zone[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_link(p_part smallint, p_identity text[], p_kind text[], p_peer text[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at timestamp with time zone[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION identity_read(p_part smallint, p_identity text[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_read(p_part smallint, p_identity text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_read(p_part smallint, p_identity text[]) TO lapor_intake;

--
-- Name: FUNCTION identity_tell(p_part smallint, p_identity text, p_what text, p_at bigint, p_peer text, p_from_part smallint, p_from_reporter bigint, p_to_part smallint, p_to_reporter bigint, p_raw_id bigint, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_tell(p_part smallint, p_identity text, p_what text, p_at bigint, p_peer text, p_from_part smallint, p_from_reporter bigint, p_to_part smallint, p_to_reporter bigint, p_raw_id bigint, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_tell(p_part smallint, p_identity text, p_what text, p_at bigint, p_peer text, p_from_part smallint, p_from_reporter bigint, p_to_part smallint, p_to_reporter bigint, p_raw_id bigint, p_now timestamp with time zone) TO lapor_intake;

--
-- Name: FUNCTION identity_use(p_part smallint, p_identity text, p_home_part smallint, p_reporter_id bigint, p_at timestamp with time zone, p_raw_id bigint, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_use(p_part smallint, p_identity text, p_home_part smallint, p_reporter_id bigint, p_at timestamp with time zone, p_raw_id bigint, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_use(p_part smallint, p_identity text, p_home_part smallint, p_reporter_id bigint, p_at timestamp with time zone, p_raw_id bigint, p_now timestamp with time zone) TO lapor_intake;

--
-- Name: FUNCTION identity_write(p_part smallint, p_identity text, p_kind text, p_image text, p_since bigint[], p_until bigint[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at bigint[], p_peer text[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.identity_write(p_part smallint, p_identity text, p_kind text, p_image text, p_since bigint[], p_until bigint[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at bigint[], p_peer text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.identity_write(p_part smallint, p_identity text, p_kind text, p_image text, p_since bigint[], p_until bigint[], p_home_part smallint[], p_reporter_id bigint[], p_seen_at bigint[], p_peer text[]) TO lapor_intake;

--
-- Name: FUNCTION intake_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.intake_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.intake_open(p_part smallint, p_wamid text[], p_sent_at timestamp with time zone[], p_identity text[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION intake_rules(p_phone_number_id text[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.intake_rules(p_phone_number_id text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.intake_rules(p_phone_number_id text[]) TO lapor_intake;

--
-- Name: FUNCTION intake_texts(p_lang text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.intake_texts(p_lang text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.intake_texts(p_lang text) TO lapor_intake;

--
-- Name: FUNCTION media_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.media_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.media_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) TO lapor_media;

--
-- Name: FUNCTION media_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_state text, p_error_code integer, p_error text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.media_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_state text, p_error_code integer, p_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.media_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_state text, p_error_code integer, p_error text) TO lapor_media;

--
-- Name: FUNCTION media_release(p_part smallint, p_owner text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.media_release(p_part smallint, p_owner text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.media_release(p_part smallint, p_owner text) TO lapor_media;

--
-- Name: FUNCTION media_stored(p_part smallint, p_task_id bigint, p_attempt integer, p_sha256 text, p_path text, p_size bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.media_stored(p_part smallint, p_task_id bigint, p_attempt integer, p_sha256 text, p_path text, p_size bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.media_stored(p_part smallint, p_task_id bigint, p_attempt integer, p_sha256 text, p_path text, p_size bigint) TO lapor_media;

--
-- Name: FUNCTION message_correct(p_part smallint, p_now timestamp with time zone, p_wamid text[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_body text[], p_detail text[], p_damaged boolean[], p_media_id text[], p_mime_type text[], p_filename text[], p_sha256 text[], p_url text[], p_category text[], p_urgency text[], p_function text[], p_sensitive boolean[], p_confidence real[], p_lat double precision[], p_lon double precision[], p_first boolean[], p_media_first boolean[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.message_correct(p_part smallint, p_now timestamp with time zone, p_wamid text[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_body text[], p_detail text[], p_damaged boolean[], p_media_id text[], p_mime_type text[], p_filename text[], p_sha256 text[], p_url text[], p_category text[], p_urgency text[], p_function text[], p_sensitive boolean[], p_confidence real[], p_lat double precision[], p_lon double precision[], p_first boolean[], p_media_first boolean[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.message_correct(p_part smallint, p_now timestamp with time zone, p_wamid text[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_body text[], p_detail text[], p_damaged boolean[], p_media_id text[], p_mime_type text[], p_filename text[], p_sha256 text[], p_url text[], p_category text[], p_urgency text[], p_function text[], p_sensitive boolean[], p_confidence real[], p_lat double precision[], p_lon double precision[], p_first boolean[], p_media_first boolean[]) TO lapor_intake;

--
-- Name: FUNCTION message_find(p_part smallint, p_wamid text[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.message_find(p_part smallint, p_wamid text[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.message_find(p_part smallint, p_wamid text[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION message_store(p_part smallint, p_now timestamp with time zone, p_report_id bigint[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_wamid text[], p_phone_number_id text[], p_body text[], p_media_id text[], p_detail text[], p_damaged boolean[], p_media_report_id bigint[], p_media_media_id text[], p_media_phone_number_id text[], p_media_kind text[], p_media_mime_type text[], p_media_filename text[], p_media_sha256 text[], p_media_url text[], p_media_created_at timestamp with time zone[], p_parts smallint[], p_media_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.message_store(p_part smallint, p_now timestamp with time zone, p_report_id bigint[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_wamid text[], p_phone_number_id text[], p_body text[], p_media_id text[], p_detail text[], p_damaged boolean[], p_media_report_id bigint[], p_media_media_id text[], p_media_phone_number_id text[], p_media_kind text[], p_media_mime_type text[], p_media_filename text[], p_media_sha256 text[], p_media_url text[], p_media_created_at timestamp with time zone[], p_parts smallint[], p_media_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.message_store(p_part smallint, p_now timestamp with time zone, p_report_id bigint[], p_sent_at timestamp with time zone[], p_received_at timestamp with time zone[], p_raw_id bigint[], p_type text[], p_wamid text[], p_phone_number_id text[], p_body text[], p_media_id text[], p_detail text[], p_damaged boolean[], p_media_report_id bigint[], p_media_media_id text[], p_media_phone_number_id text[], p_media_kind text[], p_media_mime_type text[], p_media_filename text[], p_media_sha256 text[], p_media_url text[], p_media_created_at timestamp with time zone[], p_parts smallint[], p_media_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION months_ahead(p_ahead integer); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.months_ahead(p_ahead integer) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.months_ahead(p_ahead integer) TO lapor_intake;
GRANT ALL ON FUNCTION lapor.months_ahead(p_ahead integer) TO lapor_ctl;

--
-- Name: FUNCTION ms_time(p_ms bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.ms_time(p_ms bigint) FROM PUBLIC;

--
-- Name: FUNCTION notice_known(p_part smallint, p_notice_id bigint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.notice_known(p_part smallint, p_notice_id bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.notice_known(p_part smallint, p_notice_id bigint[]) TO lapor_intake;

--
-- Name: FUNCTION notice_store(p_part smallint, p_notice_id bigint[], p_received_at timestamp with time zone[], p_field text[], p_waba_id text[], p_phone_number_id text[], p_data text[], p_raw_id bigint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.notice_store(p_part smallint, p_notice_id bigint[], p_received_at timestamp with time zone[], p_field text[], p_waba_id text[], p_phone_number_id text[], p_data text[], p_raw_id bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.notice_store(p_part smallint, p_notice_id bigint[], p_received_at timestamp with time zone[], p_field text[], p_waba_id text[], p_phone_number_id text[], p_data text[], p_raw_id bigint[]) TO lapor_intake;

--
-- Name: FUNCTION number_answered(p_phone_number_id text, p_from timestamp with time zone, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.number_answered(p_phone_number_id text, p_from timestamp with time zone, p_now timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION number_days(p_phone_number_id text, p_end timestamp with time zone, p_length interval); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.number_days(p_phone_number_id text, p_end timestamp with time zone, p_length interval) FROM PUBLIC;

--
-- Name: FUNCTION number_heard(p_phone_number_id text, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.number_heard(p_phone_number_id text, p_now timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION officer_put(p_identity text, p_code text, p_active boolean, p_part smallint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.officer_put(p_identity text, p_code text, p_active boolean, p_part smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.officer_put(p_identity text, p_code text, p_active boolean, p_part smallint) TO lapor_ctl;

--
-- Name: FUNCTION phone_mask(p_phone text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.phone_mask(p_phone text) FROM PUBLIC;

--
-- Name: FUNCTION quarantine_replayed(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.quarantine_replayed(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.quarantine_replayed(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer) TO lapor_ctl;

--
-- Name: FUNCTION quarantine_settle(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_item integer[], p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.quarantine_settle(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_item integer[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.quarantine_settle(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_item integer[], p_now timestamp with time zone) TO lapor_intake;

--
-- Name: FUNCTION quarantine_store(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer, p_stream text, p_entry_id text, p_reason text, p_sqlstate text, p_body bytea, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.quarantine_store(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer, p_stream text, p_entry_id text, p_reason text, p_sqlstate text, p_body bytea, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.quarantine_store(p_part smallint, p_raw_id bigint, p_received_at timestamp with time zone, p_item integer, p_stream text, p_entry_id text, p_reason text, p_sqlstate text, p_body bytea, p_now timestamp with time zone) TO lapor_intake;

--
-- Name: FUNCTION raw_store(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_stream text[], p_entry_id text[], p_sha256 bytea[], p_body bytea[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.raw_store(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_stream text[], p_entry_id text[], p_sha256 bytea[], p_body bytea[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.raw_store(p_part smallint, p_raw_id bigint[], p_received_at timestamp with time zone[], p_stream text[], p_entry_id text[], p_sha256 bytea[], p_body bytea[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION reconcile_last(); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reconcile_last() FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reconcile_last() TO lapor_intake;
GRANT ALL ON FUNCTION lapor.reconcile_last() TO lapor_media;
GRANT ALL ON FUNCTION lapor.reconcile_last() TO lapor_reply;
GRANT ALL ON FUNCTION lapor.reconcile_last() TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.reconcile_last() TO lapor_reader;

--
-- Name: FUNCTION reconcile_store(p_part smallint, p_at timestamp with time zone, p_verdict text, p_streams integer, p_accepted bigint, p_done bigint, p_waiting bigint, p_spooled bigint, p_differences bigint, p_detail text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reconcile_store(p_part smallint, p_at timestamp with time zone, p_verdict text, p_streams integer, p_accepted bigint, p_done bigint, p_waiting bigint, p_spooled bigint, p_differences bigint, p_detail text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reconcile_store(p_part smallint, p_at timestamp with time zone, p_verdict text, p_streams integer, p_accepted bigint, p_done bigint, p_waiting bigint, p_spooled bigint, p_differences bigint, p_detail text) TO lapor_ctl;

--
-- Name: FUNCTION reply_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reply_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reply_claim(p_part smallint, p_owner text, p_limit integer, p_lease interval) TO lapor_reply;

--
-- Name: FUNCTION reply_end(p_part smallint, p_task_id bigint, p_error_code integer, p_error text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reply_end(p_part smallint, p_task_id bigint, p_error_code integer, p_error text) FROM PUBLIC;

--
-- Name: FUNCTION reply_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_error_code integer, p_error text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reply_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_error_code integer, p_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reply_failed(p_part smallint, p_task_id bigint, p_attempt integer, p_error_code integer, p_error text) TO lapor_reply;

--
-- Name: FUNCTION reply_sent(p_part smallint, p_task_id bigint, p_wamid text, p_at timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reply_sent(p_part smallint, p_task_id bigint, p_wamid text, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reply_sent(p_part smallint, p_task_id bigint, p_wamid text, p_at timestamp with time zone) TO lapor_reply;

--
-- Name: FUNCTION reply_unknown(p_part smallint, p_task_id bigint, p_attempt integer, p_wait interval, p_error text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reply_unknown(p_part smallint, p_task_id bigint, p_attempt integer, p_wait interval, p_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reply_unknown(p_part smallint, p_task_id bigint, p_attempt integer, p_wait interval, p_error text) TO lapor_reply;

--
-- Name: FUNCTION report_correct(p_part smallint, p_report_id bigint, p_wamid text, p_category text, p_urgency text, p_function text, p_sensitive boolean, p_confidence real, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.report_correct(p_part smallint, p_report_id bigint, p_wamid text, p_category text, p_urgency text, p_function text, p_sensitive boolean, p_confidence real, p_now timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION report_list(p_unit_code text, p_limit integer); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.report_list(p_unit_code text, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.report_list(p_unit_code text, p_limit integer) TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.report_list(p_unit_code text, p_limit integer) TO lapor_reader;

--
-- Name: FUNCTION report_show(p_code text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.report_show(p_code text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.report_show(p_code text) TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.report_show(p_code text) TO lapor_reader;

--
-- Name: FUNCTION report_store(p_part smallint, p_now timestamp with time zone, p_codes bigint[], p_opened boolean[], p_moved boolean[], p_report_id bigint[], p_reporter_id bigint[], p_unit_id integer[], p_version integer[], p_code text[], p_phone_number_id text[], p_category text[], p_urgency text[], p_function text[], p_state text[], p_sensitive boolean[], p_answered boolean[], p_prank real[], p_confidence real[], p_first_message_at timestamp with time zone[], p_last_message_at timestamp with time zone[], p_closed_at timestamp with time zone[], p_lat double precision[], p_lon double precision[], p_events integer[], p_head bytea[], p_origin text[], p_drill boolean[], p_link text[], p_link_report_id bigint[], p_bursts integer[], p_called boolean[], p_attention_at timestamp with time zone[], p_withdraw_asked_at timestamp with time zone[], p_album_at timestamp with time zone[], p_event_report_id bigint[], p_event_seq integer[], p_event_kind text[], p_event_data text[], p_event_prev bytea[], p_event_hash bytea[], p_reply_report_id bigint[], p_reply_occasion text[], p_reply_expires_at timestamp with time zone[], p_reply_phone_number_id text[], p_reply_recipient text[], p_reply_recipient_kind text[], p_reply_body text[], p_parts smallint[], p_codes_parts smallint[], p_event_parts smallint[], p_reply_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.report_store(p_part smallint, p_now timestamp with time zone, p_codes bigint[], p_opened boolean[], p_moved boolean[], p_report_id bigint[], p_reporter_id bigint[], p_unit_id integer[], p_version integer[], p_code text[], p_phone_number_id text[], p_category text[], p_urgency text[], p_function text[], p_state text[], p_sensitive boolean[], p_answered boolean[], p_prank real[], p_confidence real[], p_first_message_at timestamp with time zone[], p_last_message_at timestamp with time zone[], p_closed_at timestamp with time zone[], p_lat double precision[], p_lon double precision[], p_events integer[], p_head bytea[], p_origin text[], p_drill boolean[], p_link text[], p_link_report_id bigint[], p_bursts integer[], p_called boolean[], p_attention_at timestamp with time zone[], p_withdraw_asked_at timestamp with time zone[], p_album_at timestamp with time zone[], p_event_report_id bigint[], p_event_seq integer[], p_event_kind text[], p_event_data text[], p_event_prev bytea[], p_event_hash bytea[], p_reply_report_id bigint[], p_reply_occasion text[], p_reply_expires_at timestamp with time zone[], p_reply_phone_number_id text[], p_reply_recipient text[], p_reply_recipient_kind text[], p_reply_body text[], p_parts smallint[], p_codes_parts smallint[], p_event_parts smallint[], p_reply_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.report_store(p_part smallint, p_now timestamp with time zone, p_codes bigint[], p_opened boolean[], p_moved boolean[], p_report_id bigint[], p_reporter_id bigint[], p_unit_id integer[], p_version integer[], p_code text[], p_phone_number_id text[], p_category text[], p_urgency text[], p_function text[], p_state text[], p_sensitive boolean[], p_answered boolean[], p_prank real[], p_confidence real[], p_first_message_at timestamp with time zone[], p_last_message_at timestamp with time zone[], p_closed_at timestamp with time zone[], p_lat double precision[], p_lon double precision[], p_events integer[], p_head bytea[], p_origin text[], p_drill boolean[], p_link text[], p_link_report_id bigint[], p_bursts integer[], p_called boolean[], p_attention_at timestamp with time zone[], p_withdraw_asked_at timestamp with time zone[], p_album_at timestamp with time zone[], p_event_report_id bigint[], p_event_seq integer[], p_event_kind text[], p_event_data text[], p_event_prev bytea[], p_event_hash bytea[], p_reply_report_id bigint[], p_reply_occasion text[], p_reply_expires_at timestamp with time zone[], p_reply_phone_number_id text[], p_reply_recipient text[], p_reply_recipient_kind text[], p_reply_body text[], p_parts smallint[], p_codes_parts smallint[], p_event_parts smallint[], p_reply_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION reporter_add(p_part smallint, p_at timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reporter_add(p_part smallint, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reporter_add(p_part smallint, p_at timestamp with time zone) TO lapor_intake;

--
-- Name: FUNCTION reporter_audit(p_part smallint, p_reporter_id bigint, p_kind text, p_identity text, p_peer text, p_at bigint, p_raw_id bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reporter_audit(p_part smallint, p_reporter_id bigint, p_kind text, p_identity text, p_peer text, p_at bigint, p_raw_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reporter_audit(p_part smallint, p_reporter_id bigint, p_kind text, p_identity text, p_peer text, p_at bigint, p_raw_id bigint) TO lapor_intake;

--
-- Name: FUNCTION reporter_name(p_part smallint, p_reporter_id bigint[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reporter_name(p_part smallint, p_reporter_id bigint[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reporter_name(p_part smallint, p_reporter_id bigint[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION reporter_open(p_part smallint, p_reporter_id bigint[], p_identity text[], p_kind text[], p_peer text[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_seen_at timestamp with time zone[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reporter_open(p_part smallint, p_reporter_id bigint[], p_identity text[], p_kind text[], p_peer text[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_seen_at timestamp with time zone[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reporter_open(p_part smallint, p_reporter_id bigint[], p_identity text[], p_kind text[], p_peer text[], p_name text[], p_username text[], p_named_at timestamp with time zone[], p_seen_at timestamp with time zone[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION reporter_tie(p_part smallint, p_reporter_id bigint, p_other_part smallint, p_other_id bigint, p_why text, p_at bigint, p_raw_id bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.reporter_tie(p_part smallint, p_reporter_id bigint, p_other_part smallint, p_other_id bigint, p_why text, p_at bigint, p_raw_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.reporter_tie(p_part smallint, p_reporter_id bigint, p_other_part smallint, p_other_id bigint, p_why text, p_at bigint, p_raw_id bigint) TO lapor_intake;

--
-- Name: FUNCTION schema_version(); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.schema_version() FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.schema_version() TO lapor_intake;
GRANT ALL ON FUNCTION lapor.schema_version() TO lapor_media;
GRANT ALL ON FUNCTION lapor.schema_version() TO lapor_reply;
GRANT ALL ON FUNCTION lapor.schema_version() TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.schema_version() TO lapor_reader;

--
-- Name: FUNCTION silence(p_minutes integer, p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.silence(p_minutes integer, p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.silence(p_minutes integer, p_now timestamp with time zone) TO lapor_ctl;
GRANT ALL ON FUNCTION lapor.silence(p_minutes integer, p_now timestamp with time zone) TO lapor_reader;

--
-- Name: FUNCTION status_apply(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[], OUT left_ord integer[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.status_apply(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[], OUT left_ord integer[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]) FROM PUBLIC;

--
-- Name: FUNCTION status_failed(p_part smallint, p_message_id bigint[], p_sent_at timestamp with time zone[], p_report_id bigint[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.status_failed(p_part smallint, p_message_id bigint[], p_sent_at timestamp with time zone[], p_report_id bigint[], p_parts smallint[]) FROM PUBLIC;

--
-- Name: FUNCTION status_left(p_part smallint, p_report_part smallint[], p_report_id bigint[], p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.status_left(p_part smallint, p_report_part smallint[], p_report_id bigint[], p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[], OUT failed_part smallint[], OUT failed_id bigint[], OUT failed_sent_at timestamp with time zone[], OUT failed_report bigint[]) FROM PUBLIC;

--
-- Name: FUNCTION status_lock(p_part smallint, p_wamid text[], p_alone boolean[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.status_lock(p_part smallint, p_wamid text[], p_alone boolean[], p_parts smallint[]) FROM PUBLIC;

--
-- Name: FUNCTION status_store(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[]); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.status_store(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.status_store(p_part smallint, p_task_id bigint[], p_wamid text[], p_state text[], p_at timestamp with time zone[], p_received_at timestamp with time zone[], p_error_code integer[], p_error_title text[], p_billable boolean[], p_price_category text[], p_price_type text[], p_origin text[], p_parts smallint[]) TO lapor_intake;

--
-- Name: FUNCTION status_wait_clean(p_part smallint, p_before timestamp with time zone, p_limit integer); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.status_wait_clean(p_part smallint, p_before timestamp with time zone, p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.status_wait_clean(p_part smallint, p_before timestamp with time zone, p_limit integer) TO lapor_intake;

--
-- Name: FUNCTION stream_done(); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.stream_done() FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.stream_done() TO lapor_intake;
GRANT ALL ON FUNCTION lapor.stream_done() TO lapor_ctl;

--
-- Name: FUNCTION stream_looked(p_part smallint, p_stream text[], p_base bigint[], p_accepted bigint[], p_last_id text[], p_now timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.stream_looked(p_part smallint, p_stream text[], p_base bigint[], p_accepted bigint[], p_last_id text[], p_now timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.stream_looked(p_part smallint, p_stream text[], p_base bigint[], p_accepted bigint[], p_last_id text[], p_now timestamp with time zone) TO lapor_ctl;

--
-- Name: FUNCTION task_backlog(p_kind text, OUT due bigint, OUT oldest_ms bigint); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.task_backlog(p_kind text, OUT due bigint, OUT oldest_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.task_backlog(p_kind text, OUT due bigint, OUT oldest_ms bigint) TO lapor_media;
GRANT ALL ON FUNCTION lapor.task_backlog(p_kind text, OUT due bigint, OUT oldest_ms bigint) TO lapor_reply;

--
-- Name: FUNCTION task_due(p_kind text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.task_due(p_kind text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.task_due(p_kind text) TO lapor_media;
GRANT ALL ON FUNCTION lapor.task_due(p_kind text) TO lapor_reply;

--
-- Name: FUNCTION task_retry(p_part smallint, p_task_id bigint, p_attempt integer, p_delay interval, p_counts boolean, p_error_code integer, p_error text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.task_retry(p_part smallint, p_task_id bigint, p_attempt integer, p_delay interval, p_counts boolean, p_error_code integer, p_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.task_retry(p_part smallint, p_task_id bigint, p_attempt integer, p_delay interval, p_counts boolean, p_error_code integer, p_error text) TO lapor_media;
GRANT ALL ON FUNCTION lapor.task_retry(p_part smallint, p_task_id bigint, p_attempt integer, p_delay interval, p_counts boolean, p_error_code integer, p_error text) TO lapor_reply;

--
-- Name: FUNCTION time_ms(p_at timestamp with time zone); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.time_ms(p_at timestamp with time zone) FROM PUBLIC;

--
-- Name: FUNCTION unit_area_put(p_code text, p_op text, p_area_code text, p_valid_from date, p_note text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.unit_area_put(p_code text, p_op text, p_area_code text, p_valid_from date, p_note text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.unit_area_put(p_code text, p_op text, p_area_code text, p_valid_from date, p_note text) TO lapor_ctl;

--
-- Name: FUNCTION unit_put(p_code text, p_level text, p_type text, p_name text, p_parent_code text, p_hq_lat double precision, p_hq_lon double precision, p_active boolean, p_phone_number_id text, p_display_phone text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.unit_put(p_code text, p_level text, p_type text, p_name text, p_parent_code text, p_hq_lat double precision, p_hq_lon double precision, p_active boolean, p_phone_number_id text, p_display_phone text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.unit_put(p_code text, p_level text, p_type text, p_name text, p_parent_code text, p_hq_lat double precision, p_hq_lon double precision, p_active boolean, p_phone_number_id text, p_display_phone text) TO lapor_ctl;

--
-- Name: FUNCTION unit_rule_put(p_code text, p_rule text, p_value text); Type: ACL; Schema: lapor; Owner: lapor_owner
--

REVOKE ALL ON FUNCTION lapor.unit_rule_put(p_code text, p_rule text, p_value text) FROM PUBLIC;
GRANT ALL ON FUNCTION lapor.unit_rule_put(p_code text, p_rule text, p_value text) TO lapor_ctl;

--
-- Name: TABLE alert; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.alert TO lapor_reader;

--
-- Name: TABLE alert_word; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.alert_word TO lapor_reader;

--
-- Name: TABLE error_code; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.error_code TO lapor_reader;

--
-- Name: TABLE event_default; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.event_default TO lapor_reader;

--
-- Name: TABLE identity; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.identity TO lapor_reader;

--
-- Name: TABLE identity_history; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.identity_history TO lapor_reader;

--
-- Name: TABLE identity_past; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.identity_past TO lapor_reader;

--
-- Name: TABLE media; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.media TO lapor_reader;

--
-- Name: TABLE message; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.message TO lapor_reader;

--
-- Name: TABLE message_default; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.message_default TO lapor_reader;

--
-- Name: TABLE notice; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.notice TO lapor_reader;

--
-- Name: TABLE officer; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.officer TO lapor_reader;

--
-- Name: TABLE part_counter; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.part_counter TO lapor_reader;

--
-- Name: TABLE phone_number; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.phone_number TO lapor_reader;

--
-- Name: TABLE quarantine; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.quarantine TO lapor_reader;

--
-- Name: TABLE raw_again; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.raw_again TO lapor_reader;

--
-- Name: TABLE raw_webhook; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.raw_webhook TO lapor_reader;

--
-- Name: TABLE raw_webhook_default; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.raw_webhook_default TO lapor_reader;

--
-- Name: TABLE reconcile; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.reconcile TO lapor_reader;

--
-- Name: TABLE report; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.report TO lapor_reader;

--
-- Name: TABLE reporter; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.reporter TO lapor_reader;

--
-- Name: TABLE reporter_link; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.reporter_link TO lapor_reader;

--
-- Name: TABLE schema_migration; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.schema_migration TO lapor_reader;

--
-- Name: TABLE seen; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.seen TO lapor_reader;

--
-- Name: TABLE seen_default; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.seen_default TO lapor_reader;

--
-- Name: TABLE status_wait; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.status_wait TO lapor_reader;

--
-- Name: TABLE stream_base; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.stream_base TO lapor_reader;

--
-- Name: TABLE stream_count; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.stream_count TO lapor_reader;

--
-- Name: TABLE task; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.task TO lapor_reader;

--
-- Name: TABLE text; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.text TO lapor_reader;

--
-- Name: TABLE timer; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.timer TO lapor_reader;

--
-- Name: TABLE unit; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.unit TO lapor_reader;

--
-- Name: TABLE unit_area; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.unit_area TO lapor_reader;

--
-- Name: TABLE unit_rule; Type: ACL; Schema: lapor; Owner: lapor_owner
--

GRANT SELECT ON TABLE lapor.unit_rule TO lapor_reader;

--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: lapor; Owner: lapor_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE lapor_owner IN SCHEMA lapor GRANT SELECT ON TABLES  TO lapor_reader;

--
-- PostgreSQL database dump complete
--
