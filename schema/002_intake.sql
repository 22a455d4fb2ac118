-- What lapor-intake calls. Every function here works on one part and takes it
-- first; a batch is a handful of such calls, parts ascending, in one
-- transaction:
--
--   raw_store      the webhooks themselves
--   intake_open    new messages are told from known ones; who wrote is looked
--                  up by the identity that the payload names first
--   identity_find  for those not found so: by the other identity
--   intake_store   reporters, reports, messages, media, tasks, timers, audit
--   identity_link  the identities learnt on the way
--
-- and, in transactions of their own, status_store, notice_store and
-- quarantine_store. All are safe to repeat.

SET LOCAL lock_timeout = '10s';


-- The hash of one link of a report's audit chain: SHA-256 over the previous
-- hash and the link's own fields, as text with a line feed behind each. `at`
-- counts in microseconds since 1970; jsonb prints in one form only.

CREATE FUNCTION lapor.event_hash(p_prev bytea, p_report_id bigint,
    p_seq integer, p_at timestamptz, p_kind text, p_actor text, p_data jsonb)
RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN sha256(p_prev
        || convert_to(p_report_id || E'\n' || p_seq || E'\n'
                      || (extract(epoch FROM p_at) * 1000000)::bigint || E'\n'
                      || p_kind || E'\n' || p_actor || E'\n'
                      || p_data::text || E'\n', 'UTF8'));
END
$$;


-- Makes one link; whoever stores it keeps its hash as the chain's head.

CREATE FUNCTION lapor.event_link(p_part smallint, p_report_id bigint,
    p_seq integer, p_prev bytea, p_kind text, p_actor text, p_data jsonb)
RETURNS lapor.event
LANGUAGE plpgsql AS $$
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


-- Adds a link to the audit chain of a stored report. Locks the report's row.

CREATE FUNCTION lapor.event_append(p_part smallint, p_report_id bigint,
    p_kind text, p_actor text, p_data jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
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


-- The code of the n-th report (from 0) of a part, as people read it:
-- K-7Q4M-2, K-7Q4M-9X-3, K-7Q4M-9XKD-5. The first two symbols carry the
-- part (their value modulo 256), the others the number, spread so that
-- neighbours do not look alike; the last is a check symbol. There are 31
-- symbols, a prime: the check finds each single wrong symbol and each swap.

CREATE FUNCTION lapor.code_make(p_part smallint, p_n bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
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


-- Reads a code as people type it (any case, with or without dashes, of
-- whatever length, and spaces). NULL unless every symbol and the check symbol are right.

CREATE FUNCTION lapor.code_read(p_text text, OUT part smallint, OUT code text)
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
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
$$;


-- Keeps webhooks as they came. Returns how many were new.

CREATE FUNCTION lapor.raw_store(p_part smallint, p_raw_id bigint[],
    p_received_at timestamptz[], p_stream text[], p_entry_id text[],
    p_sha256 bytea[], p_body bytea[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
DECLARE
    v_new bigint;
BEGIN
    WITH ins AS (
        INSERT INTO lapor.raw_webhook (part, raw_id, received_at, stream,
                                       entry_id, sha256, body)
        SELECT p_part, u.raw_id, u.received_at, u.stream, u.entry_id,
               u.sha256, u.body
          FROM unnest(p_raw_id, p_received_at, p_stream, p_entry_id,
                      p_sha256, p_body)
               AS u (raw_id, received_at, stream, entry_id, sha256, body)
         ORDER BY u.raw_id, u.received_at
        ON CONFLICT (part, raw_id, received_at) DO NOTHING
        RETURNING 1
    )
    SELECT count(*) INTO v_new FROM ins;

    RETURN v_new;
END
$$;


-- Writes messages into the dedupe ledger and looks their senders up. One row
-- back for each item that is new here (an item known before, or standing
-- twice in the batch, comes back once or not at all): idx counts from 1;
-- reporter_id is NULL for an identity never seen; peer is the identity that
-- came with this one last time.

CREATE FUNCTION lapor.intake_open(p_part smallint, p_wamid text[],
    p_sent_at timestamptz[], p_identity text[])
RETURNS TABLE (idx integer, home_part smallint, reporter_id bigint, peer text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH item AS (
        SELECT u.wamid, u.sent_at, u.identity, u.ord
          FROM unnest(p_wamid, p_sent_at, p_identity)
               WITH ORDINALITY AS u (wamid, sent_at, identity, ord)
    ), ins AS (
        INSERT INTO lapor.seen (part, wamid, sent_at)
        SELECT DISTINCT p_part, item.wamid, item.sent_at
          FROM item
         ORDER BY item.wamid, item.sent_at
        ON CONFLICT (part, wamid, sent_at) DO NOTHING
        RETURNING wamid, sent_at
    ), fresh AS (
        SELECT DISTINCT ON (item.wamid, item.sent_at)
               item.ord, item.identity
          FROM ins
          JOIN item ON item.wamid = ins.wamid AND item.sent_at = ins.sent_at
         ORDER BY item.wamid, item.sent_at, item.ord
    )
    SELECT fresh.ord::integer, i.home_part, i.reporter_id, i.peer
      FROM fresh
      LEFT JOIN lapor.identity i
             ON i.part = p_part AND i.identity = fresh.identity
     ORDER BY fresh.ord;
END
$$;


-- Where identities lead. Only those known come back.

CREATE FUNCTION lapor.identity_find(p_part smallint, p_identity text[])
RETURNS TABLE (identity text, home_part smallint, reporter_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.identity, i.home_part, i.reporter_id
      FROM lapor.identity i
     WHERE i.part = p_part AND i.identity = ANY (p_identity);
END
$$;


-- Remembers identities of this part, and the identity each came with. One
-- that is known keeps its reporter.

CREATE FUNCTION lapor.identity_link(p_part smallint, p_identity text[],
    p_kind text[], p_peer text[], p_home_part smallint[],
    p_reporter_id bigint[], p_seen_at timestamptz[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    INSERT INTO lapor.identity AS i (part, identity, kind, peer, home_part,
                                     reporter_id, first_seen_at)
    SELECT DISTINCT ON (u.identity) p_part, u.identity, u.kind, u.peer,
           u.home_part, u.reporter_id, u.seen_at
      FROM unnest(p_identity, p_kind, p_peer, p_home_part, p_reporter_id,
                  p_seen_at) WITH ORDINALITY
           AS u (identity, kind, peer, home_part, reporter_id, seen_at, ord)
     ORDER BY u.identity, u.ord DESC
    ON CONFLICT (part, identity) DO UPDATE SET peer = excluded.peer
     WHERE i.peer IS DISTINCT FROM excluded.peer;
END
$$;


-- Within how long somebody must have claimed a report (reference: 10, 30, 120
-- seconds by urgency, P4 as P3).

CREATE FUNCTION lapor.claim_time(p_urgency text) RETURNS interval
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE p_urgency WHEN 'P1' THEN interval '10 seconds'
                          WHEN 'P2' THEN interval '30 seconds'
                          ELSE interval '120 seconds' END;
END
$$;


-- Writes what intake_store may have changed in a stored report. Its timer
-- goes with the version, and is never put off.

CREATE FUNCTION lapor.report_write(p_part smallint, p_report lapor.report,
    p_now timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lapor.report t
       SET version = p_report.version, category = p_report.category,
           urgency = p_report.urgency, function = p_report.function,
           sensitive = p_report.sensitive, answered = p_report.answered,
           prank = p_report.prank, confidence = p_report.confidence,
           first_message_at = p_report.first_message_at,
           last_message_at = p_report.last_message_at,
           lat = p_report.lat, lon = p_report.lon,
           events = p_report.events, head = p_report.head
     WHERE t.part = p_part AND t.report_id = p_report.report_id;

    UPDATE lapor.timer t
       SET version = p_report.version,
           due_at = least(t.due_at,
                          p_now + lapor.claim_time(p_report.urgency))
     WHERE t.part = p_part AND t.report_id = p_report.report_id
       AND t.kind = 'claim' AND t.version <> p_report.version;
END
$$;


-- Stores new messages of reporters who live in this part: opens or joins
-- reports, writes messages, media, tasks, timers and the audit.
--
-- One array element a message. p_reporter_id is NULL for a sender never seen
-- (this part is then his identity's own, and becomes his home). p_sent_at is
-- 'epoch' where Meta's time is unknown. p_opens: may this message open a
-- report although the reporter has an older one (a reaction may not)?
-- p_answers: does it deserve the automatic answer? p_confidence 0 says that
-- the classification does not come from words of this message, so that a
-- photo alone opens a report but never raises an open one. p_detail is JSON.
--
-- A message joins the reporter's latest report at the same number that is
-- not closed and had a message within 24 hours; else it opens one. One that
-- may not open joins without keeping the conversation alive: a thumb up to
-- last week's answer must not draw the next emergency into last week's
-- report. The automatic answer is ordered once a report, by the first message
-- that deserves it while there is time to send it: after 24 hours Meta would
-- refuse it (Cloud API, customer service window).
--
-- Raises 40001 where two processes met the same new sender and the other one
-- found him a home elsewhere: run the batch again.
--
-- One row back a message.

CREATE FUNCTION lapor.intake_store(p_part smallint, p_now timestamptz,
    p_reporter_id bigint[], p_identity text[], p_identity_kind text[],
    p_peer text[], p_name text[], p_username text[], p_wamid text[],
    p_sent_at timestamptz[], p_received_at timestamptz[], p_raw_id bigint[],
    p_phone_number_id text[], p_type text[], p_body text[], p_detail text[],
    p_damaged boolean[], p_media_id text[], p_mime_type text[],
    p_filename text[], p_sha256 text[], p_url text[], p_category text[],
    p_urgency text[], p_function text[], p_sensitive boolean[],
    p_prank real[], p_confidence real[], p_opens boolean[],
    p_answers boolean[], p_lat double precision[], p_lon double precision[])
RETURNS TABLE (idx integer, reporter_id bigint, report_id bigint,
               opened boolean, answer_task boolean, media_task boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
#variable_conflict use_column
DECLARE
    c_window   constant interval := '24 hours';
    c_margin   constant interval := '1 minute';
    c_vague    constant text[] := '{ambigu,bukan_laporan,spam_prank}';
    v_count    integer := cardinality(p_wamid);
    v_at       timestamptz[];       -- when each was said, as far as known
    v_reporter bigint[];
    v_report   bigint[] := array_fill(NULL::bigint, ARRAY[v_count]);
    v_opened   boolean[] := array_fill(false, ARRAY[v_count]);
    v_answer   boolean[] := array_fill(false, ARRAY[v_count]);
    v_media    text[];              -- files announced for the first time
    v_order    integer[];
    v_next     bigint;              -- the next code's number
    v_reserved bigint := 0;         -- how many numbers are ours
    v_away     boolean;
    v_new      boolean := false;    -- r is not in the table yet
    v_event    text;
    v_reports  lapor.report[] := '{}';      -- the new ones
    v_events   lapor.event[] := '{}';
    r          lapor.report%ROWTYPE;
    e          lapor.event%ROWTYPE;
    i          integer;
BEGIN
    -- new senders

    INSERT INTO lapor.identity (part, identity, kind, peer, home_part,
                                reporter_id, first_seen_at)
    SELECT p_part, n.identity, n.kind, n.peer, p_part,
           nextval('lapor.id_seq'), n.received_at
      FROM (SELECT DISTINCT ON (u.identity) u.identity, u.kind, u.peer,
                   u.received_at
              FROM unnest(p_identity, p_identity_kind, p_peer, p_received_at,
                          p_reporter_id) WITH ORDINALITY
                   AS u (identity, kind, peer, received_at, reporter_id, ord)
             WHERE u.reporter_id IS NULL
             ORDER BY u.identity, u.ord) n
     ORDER BY n.identity
    ON CONFLICT (part, identity) DO NOTHING;

    SELECT array_agg(coalesce(u.reporter_id, i.reporter_id) ORDER BY u.ord),
           array_agg(CASE u.sent_at WHEN 'epoch' THEN u.received_at
                     ELSE u.sent_at END ORDER BY u.ord),
           bool_or(u.reporter_id IS NULL AND i.home_part <> p_part)
      INTO v_reporter, v_at, v_away
      FROM unnest(p_identity, p_reporter_id, p_sent_at, p_received_at)
           WITH ORDINALITY
           AS u (identity, reporter_id, sent_at, received_at, ord)
      LEFT JOIN lapor.identity i
             ON i.part = p_part AND i.identity = u.identity
                AND u.reporter_id IS NULL;

    IF v_away THEN
        RAISE EXCEPTION 'a new reporter was given a home in another part'
              USING ERRCODE = 'serialization_failure';
    END IF;

    INSERT INTO lapor.reporter (part, reporter_id, name, username,
                                first_seen_at)
    SELECT DISTINCT ON (u.reporter_id) p_part, u.reporter_id, u.name,
           u.username, u.received_at
      FROM unnest(v_reporter, p_name, p_username, p_received_at,
                  p_reporter_id) WITH ORDINALITY
           AS u (reporter_id, name, username, received_at, known, ord)
     WHERE u.known IS NULL
     ORDER BY u.reporter_id, u.ord
    ON CONFLICT (part, reporter_id) DO NOTHING;

    -- one writer a reporter from here to the commit

    PERFORM FROM lapor.reporter p
      WHERE p.part = p_part AND p.reporter_id = ANY (v_reporter)
      ORDER BY p.reporter_id
        FOR UPDATE;

    UPDATE lapor.reporter p SET name = coalesce(u.name, p.name),
                                username = coalesce(u.username, p.username)
      FROM (SELECT n.reporter_id,
                   (array_agg(n.name ORDER BY n.ord DESC)
                    FILTER (WHERE n.name IS NOT NULL))[1] AS name,
                   (array_agg(n.username ORDER BY n.ord DESC)
                    FILTER (WHERE n.username IS NOT NULL))[1] AS username
              FROM unnest(v_reporter, p_name, p_username) WITH ORDINALITY
                   AS n (reporter_id, name, username, ord)
             GROUP BY n.reporter_id) u
     WHERE p.part = p_part AND p.reporter_id = u.reporter_id
       AND (p.name, p.username)
           IS DISTINCT FROM (coalesce(u.name, p.name),
                             coalesce(u.username, p.username));

    -- reports, reporter by reporter, in the order in which things were said;
    -- r is the one in hand, put down when a message is not for it, and by the
    -- last turn, which has no message. New ones are collected, since one row
    -- a statement costs most of the time, and need not be found again: they
    -- are not closed, and what comes later in a batch was said later.

    SELECT array_agg(u.ord::integer
                     ORDER BY u.reporter_id, u.phone_number_id, u.at, u.ord)
      INTO v_order
      FROM unnest(v_reporter, p_phone_number_id, v_at) WITH ORDINALITY
           AS u (reporter_id, phone_number_id, at, ord);

    FOR k IN 1 .. v_count + 1 LOOP
        i := v_order[k];

        IF r.report_id IS NOT NULL
           AND (i IS NULL OR r.reporter_id <> v_reporter[i]
                OR r.phone_number_id <> p_phone_number_id[i]
                OR (p_opens[i] AND (r.closed_at IS NOT NULL
                                    OR v_at[i] > r.last_message_at + c_window
                                    OR v_at[i] < r.first_message_at
                                                 - c_window)))
        THEN
            IF v_new THEN
                v_reports[cardinality(v_reports) + 1] := r;
            ELSE
                PERFORM lapor.report_write(p_part, r, p_now);
            END IF;

            r := NULL;
        END IF;

        EXIT WHEN i IS NULL;

        IF r.report_id IS NULL THEN
            v_new := false;

            SELECT * INTO r
              FROM lapor.report t
             WHERE t.part = p_part AND t.reporter_id = v_reporter[i]
               AND t.phone_number_id = p_phone_number_id[i]
               AND (NOT p_opens[i]
                    OR (t.closed_at IS NULL
                        AND t.last_message_at >= v_at[i] - c_window
                        AND t.first_message_at <= v_at[i] + c_window))
             ORDER BY t.last_message_at DESC
             LIMIT 1
               FOR UPDATE;
        END IF;

        v_event := NULL;

        IF r.report_id IS NULL THEN

            -- code numbers are taken for the rest of the batch at once and
            -- what is left is given back below: the counter's row stays
            -- locked, so nobody comes between

            IF v_reserved = 0 THEN
                v_reserved := v_count - k + 1;

                UPDATE lapor.part_counter c
                   SET reports = c.reports + v_reserved
                 WHERE c.part = p_part
                RETURNING c.reports - v_reserved INTO STRICT v_next;
            END IF;

            -- the number's own unit; headquarters for a number of nobody

            SELECT coalesce(max(n.unit_id), 1) INTO r.unit_id
              FROM lapor.phone_number n
             WHERE n.phone_number_id = p_phone_number_id[i];

            r.part := p_part;
            r.report_id := nextval('lapor.id_seq');
            r.reporter_id := v_reporter[i];
            r.version := 1;
            r.code := lapor.code_make(p_part, v_next);
            r.phone_number_id := p_phone_number_id[i];
            r.category := p_category[i];
            r.urgency := p_urgency[i];
            r.function := p_function[i];
            r.state := 'new';
            r.sensitive := p_sensitive[i];
            r.answered := false;
            r.prank := p_prank[i];
            r.confidence := p_confidence[i];
            r.first_message_at := v_at[i];
            r.last_message_at := v_at[i];
            r.events := 0;
            r.head := decode(repeat('00', 32), 'hex');

            v_next := v_next + 1;
            v_reserved := v_reserved - 1;
            v_new := true;
            v_opened[i] := true;
            v_event := 'opened';

        ELSIF p_confidence[i] > 0 AND r.closed_at IS NULL
              AND (p_urgency[i] < r.urgency
                   OR (p_sensitive[i] AND NOT r.sensitive)
                   OR (r.category = ANY (c_vague)
                       AND p_category[i] <> ALL (c_vague)))
        THEN
            -- the words of a later message say more; nothing said before is
            -- taken back: urgency only rises, sensitive stays

            IF p_category[i] <> ALL (c_vague)
               AND (p_urgency[i] < r.urgency OR r.category = ANY (c_vague))
            THEN
                r.category := p_category[i];
                r.function := p_function[i];
                r.confidence := p_confidence[i];
            END IF;

            r.urgency := least(r.urgency, p_urgency[i]);
            r.sensitive := r.sensitive OR p_sensitive[i];
            r.version := r.version + 1;
            v_event := 'raised';
        END IF;

        v_report[i] := r.report_id;

        IF p_opens[i] THEN
            r.first_message_at := least(r.first_message_at, v_at[i]);
            r.last_message_at := greatest(r.last_message_at, v_at[i]);
        END IF;

        r.lat := coalesce(p_lat[i], r.lat);
        r.lon := coalesce(p_lon[i], r.lon);

        IF p_answers[i] AND NOT r.answered
           AND v_at[i] > p_now - c_window + c_margin
        THEN
            r.answered := true;
            v_answer[i] := true;
        END IF;

        IF v_event IS NOT NULL THEN
            e := lapor.event_link(p_part, r.report_id, r.events + 1, r.head,
                v_event, 'lapor-intake',
                jsonb_build_object('wamid', p_wamid[i], 'unit_id', r.unit_id,
                                   'state', r.state, 'category', r.category,
                                   'urgency', r.urgency,
                                   'function', r.function,
                                   'sensitive', r.sensitive,
                                   'answered', r.answered));
            v_events[cardinality(v_events) + 1] := e;
            r.events := e.seq;
            r.head := e.hash;
        END IF;
    END LOOP;

    IF v_reserved > 0 THEN
        UPDATE lapor.part_counter c SET reports = c.reports - v_reserved
         WHERE c.part = p_part;
    END IF;

    INSERT INTO lapor.report
    SELECT n.* FROM unnest(v_reports) n WHERE n.part = p_part;

    INSERT INTO lapor.timer (part, report_id, version, kind, due_at)
    SELECT p_part, n.report_id, n.version, 'claim',
           p_now + lapor.claim_time(n.urgency)
      FROM unnest(v_reports) n;

    INSERT INTO lapor.event
    SELECT n.* FROM unnest(v_events) n WHERE n.part = p_part;

    INSERT INTO lapor.task (part, task_id, report_id, run_at, created_at,
                            expires_at, kind, occasion, phone_number_id,
                            recipient, recipient_kind, body)
    SELECT p_part, nextval('lapor.id_seq'), t.report_id, p_now, p_now,
           u.at + c_window - c_margin, 'reply', 'opening', t.phone_number_id,
           u.identity, u.kind,
           replace(replace(x.body, '{unit}', n.name), '{code}', t.code)
      FROM unnest(v_report, v_answer, v_at, p_identity, p_identity_kind)
           AS u (report_id, answer, at, identity, kind)
      JOIN lapor.report t ON t.part = p_part AND t.report_id = u.report_id
      JOIN lapor.unit n ON n.unit_id = t.unit_id
      JOIN lapor.text x ON x.key = 'reply.opening' AND x.lang = 'id'
     WHERE u.answer;

    INSERT INTO lapor.message (part, message_id, report_id, sent_at,
                               received_at, raw_id, direction, type, wamid,
                               phone_number_id, body, media_id, detail,
                               damaged)
    SELECT p_part, nextval('lapor.id_seq'), u.report_id, u.sent_at,
           u.received_at, u.raw_id, 'in', u.type, u.wamid,
           u.phone_number_id, u.body, u.media_id, u.detail::jsonb, u.damaged
      FROM unnest(v_report, p_sent_at, p_received_at, p_raw_id, p_type,
                  p_wamid, p_phone_number_id, p_body, p_media_id, p_detail,
                  p_damaged)
           AS u (report_id, sent_at, received_at, raw_id, type, wamid,
                 phone_number_id, body, media_id, detail, damaged);

    WITH ins AS (
        INSERT INTO lapor.media AS m (part, report_id, media_id,
                                      phone_number_id, kind, mime_type,
                                      filename, announced_sha256, url,
                                      created_at)
        SELECT DISTINCT ON (u.media_id) p_part, u.report_id, u.media_id,
               u.phone_number_id, u.type, u.mime_type, u.filename, u.sha256,
               u.url, u.received_at
          FROM unnest(v_report, p_media_id, p_phone_number_id, p_type,
                      p_mime_type, p_filename, p_sha256, p_url,
                      p_received_at) WITH ORDINALITY
               AS u (report_id, media_id, phone_number_id, type, mime_type,
                     filename, sha256, url, received_at, ord)
         WHERE u.media_id IS NOT NULL
         ORDER BY u.media_id, u.ord
        ON CONFLICT (part, media_id) DO NOTHING
        RETURNING m.report_id, m.media_id, m.phone_number_id, m.created_at
    ), task AS (
        -- Meta keeps a file for seven days (Cloud API, media)
        INSERT INTO lapor.task (part, task_id, report_id, run_at, created_at,
                                expires_at, kind, media_id, phone_number_id)
        SELECT p_part, nextval('lapor.id_seq'), ins.report_id, p_now, p_now,
               ins.created_at + interval '7 days', 'media', ins.media_id,
               ins.phone_number_id
          FROM ins
    )
    SELECT array_agg(ins.media_id) INTO v_media FROM ins;

    RETURN QUERY
    SELECT u.ord::integer, u.reporter_id, u.report_id, u.opened, u.answer,
           coalesce(u.media_id = ANY (v_media), false)
      FROM unnest(v_reporter, v_report, v_opened, v_answer, p_media_id)
           WITH ORDINALITY
           AS u (reporter_id, report_id, opened, answer, media_id, ord);
END
$$;


-- Records one status of one outgoing message. A state never falls; each keeps
-- the earliest time that was told of it.

CREATE FUNCTION lapor.message_status(p_part smallint, p_message_id bigint,
    p_sent_at timestamptz, p_state text, p_at timestamptz,
    p_error_code integer, p_error_title text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- `failed` may follow `sent`; whatever says that it arrived outranks it
    c_rank constant text[] := '{accepted,sent,failed,delivered,read,played}';
BEGIN
    UPDATE lapor.message m
       SET status = CASE WHEN array_position(c_rank, p_state)
                              > array_position(c_rank, m.status)
                         THEN p_state ELSE m.status END,
           server_at = CASE p_state WHEN 'sent'
                       THEN least(m.server_at, p_at) ELSE m.server_at END,
           delivered_at = CASE p_state WHEN 'delivered'
                          THEN least(m.delivered_at, p_at)
                          ELSE m.delivered_at END,
           read_at = CASE p_state WHEN 'read'
                     THEN least(m.read_at, p_at) ELSE m.read_at END,
           played_at = CASE p_state WHEN 'played'
                       THEN least(m.played_at, p_at) ELSE m.played_at END,
           failed_at = CASE p_state WHEN 'failed'
                       THEN least(m.failed_at, p_at) ELSE m.failed_at END,
           error_code = coalesce(p_error_code, m.error_code),
           error_title = coalesce(p_error_title, m.error_title)
     WHERE m.part = p_part AND m.message_id = p_message_id
       AND m.sent_at = p_sent_at
       -- a status told twice changes nothing
       AND p_at IS DISTINCT FROM
           CASE p_state WHEN 'sent' THEN m.server_at
                        WHEN 'delivered' THEN m.delivered_at
                        WHEN 'read' THEN m.read_at
                        WHEN 'played' THEN m.played_at
                        WHEN 'failed' THEN m.failed_at END;
END
$$;


-- Keeps a status from being put to wait while the transaction that brings its
-- message is not committed: neither would see the other. Holds until the end
-- of the transaction.

CREATE FUNCTION lapor.status_lock(p_part smallint, p_wamid text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(p_wamid, p_part));
END
$$;


-- Meta accepted what a reply task sent: writes the outgoing message and ends
-- the task, whoever says so first, the answer to our own POST or a status
-- that carries the task's key. A second wamid for one task means that it went
-- out twice; the second message is kept too and the audit says so. False if
-- there is no such task here.

CREATE FUNCTION lapor.reply_sent(p_part smallint, p_task_id bigint,
    p_wamid text, p_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
DECLARE
    t            lapor.task%ROWTYPE;
    v_message_id bigint;
    w            record;
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

    PERFORM lapor.status_lock(p_part, p_wamid);

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

    FOR w IN
        DELETE FROM lapor.status_wait
         WHERE part = p_part AND wamid = p_wamid
        RETURNING *
    LOOP
        PERFORM lapor.message_status(p_part, v_message_id, p_at, w.state,
                                     w.at, w.error_code, w.error_title);
    END LOOP;

    RETURN true;
END
$$;


-- Stores statuses of our own messages. p_task_id is the task named by the
-- callback data, and p_part then the part named there; NULL where a status
-- carries none, p_part then being the recipient's. One that finds no message
-- waits for it.

CREATE FUNCTION lapor.status_store(p_part smallint, p_task_id bigint[],
    p_wamid text[], p_state text[], p_at timestamptz[],
    p_received_at timestamptz[], p_error_code integer[],
    p_error_title text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
DECLARE
    s record;
    m record;
BEGIN
    FOR s IN
        SELECT *
          FROM unnest(p_task_id, p_wamid, p_state, p_at, p_received_at,
                      p_error_code, p_error_title)
               AS u (task_id, wamid, state, at, received_at, error_code,
                     error_title)
         ORDER BY u.task_id NULLS LAST, u.wamid, u.at, u.state
    LOOP
        IF s.task_id IS NOT NULL THEN
            PERFORM lapor.reply_sent(p_part, s.task_id, s.wamid, s.at);
        END IF;

        SELECT o.message_id, o.sent_at INTO m
          FROM lapor.message o
         WHERE o.part = p_part AND o.wamid = s.wamid AND o.direction = 'out'
         LIMIT 1;

        IF NOT FOUND THEN
            PERFORM lapor.status_lock(p_part, s.wamid);

            SELECT o.message_id, o.sent_at INTO m
              FROM lapor.message o
             WHERE o.part = p_part AND o.wamid = s.wamid
               AND o.direction = 'out'
             LIMIT 1;
        END IF;

        IF FOUND THEN
            PERFORM lapor.message_status(p_part, m.message_id, m.sent_at,
                                         s.state, s.at, s.error_code,
                                         s.error_title);
        ELSE
            INSERT INTO lapor.status_wait (part, wamid, state, at,
                                           received_at, error_code,
                                           error_title)
            VALUES (p_part, s.wamid, s.state, s.at, s.received_at,
                    s.error_code, s.error_title)
            ON CONFLICT (part, wamid, state) DO NOTHING;
        END IF;
    END LOOP;
END
$$;


-- Keeps account notices, and errors that belong to no message. One told
-- before is the same row.

CREATE FUNCTION lapor.notice_store(p_part smallint, p_notice_id bigint[],
    p_received_at timestamptz[], p_field text[], p_waba_id text[],
    p_phone_number_id text[], p_data text[], p_raw_id bigint[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    INSERT INTO lapor.notice (part, notice_id, received_at, field, waba_id,
                              phone_number_id, data, raw_id)
    SELECT p_part, u.notice_id, u.received_at, u.field, u.waba_id,
           u.phone_number_id, u.data::jsonb, u.raw_id
      FROM unnest(p_notice_id, p_received_at, p_field, p_waba_id,
                  p_phone_number_id, p_data, p_raw_id)
           AS u (notice_id, received_at, field, waba_id, phone_number_id,
                 data, raw_id)
     ORDER BY u.notice_id
    ON CONFLICT (part, notice_id) DO NOTHING;
END
$$;


-- Keeps one item that could not be stored (or, item -1, a whole webhook). An
-- item that fails again after a replay is dead again.

CREATE FUNCTION lapor.quarantine_store(p_part smallint, p_raw_id bigint,
    p_received_at timestamptz, p_item integer, p_stream text,
    p_entry_id text, p_reason text, p_sqlstate text, p_body bytea,
    p_now timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    INSERT INTO lapor.quarantine AS q (part, raw_id, received_at, item,
                                       stream, entry_id, reason, sqlstate,
                                       body, dead_at)
    VALUES (p_part, p_raw_id, p_received_at, p_item, p_stream, p_entry_id,
            p_reason, p_sqlstate, p_body, p_now)
    ON CONFLICT (part, raw_id, received_at, item) DO UPDATE
       SET state = 'dead', replayed_at = NULL, times = q.times + 1,
           reason = excluded.reason, sqlstate = excluded.sqlstate,
           dead_at = excluded.dead_at;
END
$$;
