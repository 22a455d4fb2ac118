-- Which report a message belongs to, and writing what lapor-intake decided.
--
-- lapor-intake decides in C (workers/intake/talk.c); here is what it is told
-- for that and what it writes, by home part, in this order:
--
--   reporter_open   makes new senders, locks reporters, tells their reports
--   message_find    where a quoted message belongs
--   report_store    reports, timers, audit and answers, all together
--   message_store   messages, media and their tasks
--   reporter_name   what reporters are called now
--
-- Each works on whole lists: no loop over rows, no statement a row. And each
-- looks rows up by their keys, whatever the planner thinks: a plan lasts as
-- long as the session, and one that was made when a table was small would read
-- all of it when it is not.

SET LOCAL lock_timeout = '10s';


-- lapor-intake draws many at a time; see lapor.id_draw.

ALTER SEQUENCE lapor.id_seq CACHE 512;


-- A report is written at each message that joins it, so a new version of its
-- row should find room beside the old one, and change no index: the time of
-- the last message stands in none.

ALTER TABLE lapor.report SET (fillfactor = 70);

DROP INDEX lapor.report_reporter_idx;
CREATE INDEX report_reporter_idx
    ON lapor.report (part, reporter_id, first_message_at);


-- The same form as before, without a regular expression: that cost as much as
-- an index.

ALTER TABLE lapor.report DROP CONSTRAINT report_code_check;
ALTER TABLE lapor.report ADD CONSTRAINT report_code_check
    CHECK (CASE length(translate(code, '-', ''))
           WHEN 6 THEN code LIKE 'K-____-_'
           WHEN 8 THEN code LIKE 'K-____-__-_'
           WHEN 10 THEN code LIKE 'K-____-____-_'
           ELSE false END
           AND translate(substr(code, 2), '-23456789ABCDEFGHJKMNPQRSTUVWXYZ',
                         '') = '');


-- Likewise: with a count of 64 each match cost 16 us.

ALTER TABLE lapor.media DROP CONSTRAINT media_sha256_check;
ALTER TABLE lapor.media ADD CONSTRAINT media_sha256_check
    CHECK (octet_length(sha256) = 64 AND sha256 !~ '[^0-9a-f]'
           AND octet_length(announced_sha256) = 64
           AND announced_sha256 !~ '[^0-9a-f]');


-- Events are written in the order of their times, and read by their report.

DROP INDEX lapor.event_at_idx;
CREATE INDEX event_at_idx ON lapor.event USING brin (at);


-- Foreign keys from the reports cost a look-up and a row lock for each row,
-- and on the unit's row all processes meet, which makes them wait for each
-- other. What they forbade is forbidden by the functions that write these
-- rows: reporter_open refuses a reporter who does not exist and holds the
-- lock on those who do, report_store refuses an unknown unit and writes the
-- timer together with its report; nothing deletes any of them.

ALTER TABLE lapor.report DROP CONSTRAINT report_reporter_id_fkey;
ALTER TABLE lapor.report DROP CONSTRAINT report_unit_id_fkey;
ALTER TABLE lapor.timer DROP CONSTRAINT timer_report_id_fkey;


ALTER TABLE lapor.report
    ADD COLUMN origin text NOT NULL DEFAULT 'citizen',
    ADD COLUMN drill boolean NOT NULL DEFAULT false,  -- LATIHAN
    ADD COLUMN link text,               -- why it stands beside another report
    ADD COLUMN link_report_id bigint,   --   of the same reporter
    ADD COLUMN bursts integer NOT NULL DEFAULT 0,     -- later ones, answered
    ADD COLUMN called boolean NOT NULL DEFAULT false, -- a call was answered
    ADD COLUMN attention_at timestamptz,      -- written to after its end; a
                                              --   person clears it
    ADD COLUMN withdraw_asked_at timestamptz, -- the reporter wrote BATAL
    ADD COLUMN album_at timestamptz,          -- when its last photo or other
                                              --   file was sent
    ADD CONSTRAINT report_origin_check
        CHECK (origin IN ('citizen', 'officer')),
    ADD CONSTRAINT report_link_check
        CHECK ((link IS NULL) = (link_report_id IS NULL)
               AND link IN ('follows', 'second_topic', 'elsewhere')
               AND link_report_id <> report_id),
    ADD CONSTRAINT report_bursts_check CHECK (bursts >= 0);


-- Rules of conversation that may differ by unit. NULL: as the unit above; the
-- row of headquarters has them all.

CREATE TABLE lapor.unit_rule (
    unit_id           integer NOT NULL,
    join_window       interval,  -- how far from a report's messages a message
                                 --   may lie and still join it
    reopen_window     interval,  -- after its end: for so long a new report is
                                 --   linked to it
    burst_gap         interval,  -- silence that ends a burst of messages
    answer_every      boolean,   -- are later bursts answered too?
    second_topic      boolean,   -- does a second topic open a second report?
    topic_confidence  real,      -- how sure both categories must be for that
    CONSTRAINT unit_rule_pkey PRIMARY KEY (unit_id),
    CONSTRAINT unit_rule_complete_check
        CHECK (unit_id <> 1
               OR num_nulls(join_window, reopen_window, burst_gap,
                            answer_every, second_topic, topic_confidence)
                  = 0),
    CONSTRAINT unit_rule_windows_check
        CHECK (join_window BETWEEN '1 minute' AND '30 days'
               AND reopen_window BETWEEN '0' AND '365 days'
               AND burst_gap BETWEEN '1 second' AND '30 days'),
    CONSTRAINT unit_rule_topic_confidence_check
        CHECK (topic_confidence BETWEEN 0 AND 1)
);

SELECT lapor.distribute_reference('lapor.unit_rule');

ALTER TABLE lapor.unit_rule ADD CONSTRAINT unit_rule_unit_id_fkey
    FOREIGN KEY (unit_id) REFERENCES lapor.unit;

-- 24 hours is as long as an answer is free of a template (Cloud API, customer
-- service window); 7 days is the reference's time for opening again.
INSERT INTO lapor.unit_rule (unit_id, join_window, reopen_window, burst_gap,
                             answer_every, second_topic, topic_confidence)
VALUES (1, '24 hours', '7 days', '5 minutes', false, true, 0.7);


-- Officers' own numbers: what they write is a report, not a citizen's, and is
-- not answered by the machine.

CREATE TABLE lapor.officer (
    identity  text    NOT NULL,         -- digits without +, or a user id
    unit_id   integer NOT NULL,
    active    boolean NOT NULL DEFAULT true,
    part      smallint NOT NULL,        -- the identity's
    added_at  timestamptz NOT NULL DEFAULT now(),   -- or made active again
    CONSTRAINT officer_pkey PRIMARY KEY (identity),
    CONSTRAINT officer_identity_check
        CHECK (char_length(identity) BETWEEN 1 AND 256),
    CONSTRAINT officer_part_check CHECK (part BETWEEN 0 AND 255)
);

SELECT lapor.distribute_reference('lapor.officer');

CREATE INDEX officer_unit_id_idx ON lapor.officer (unit_id);

ALTER TABLE lapor.officer ADD CONSTRAINT officer_unit_id_fkey
    FOREIGN KEY (unit_id) REFERENCES lapor.unit;


-- An officer stays one when his number changes or his messages come under his
-- user id alone; and who inherits his number is none.

ALTER TABLE lapor.reporter
    ADD COLUMN officer     text,        -- as what identity he was listed
    ADD COLUMN officer_at  timestamptz, -- when he last proved to be that
    ADD COLUMN named_at    timestamptz; -- Meta's time of name and username


INSERT INTO lapor.text (key, lang, body) VALUES
('reply.later', 'id',
 E'Pesan Anda sudah masuk ke laporan *{code}* di {unit} dan akan dibaca '
 'petugas.\n\nJika ada bahaya bagi nyawa, segera telepon *110*.'),
('reply.later', 'en',
 E'Your message was added to report *{code}* at {unit}; an officer will read '
 'it.\n\nIf a life is in danger, call *110* now.'),
('reply.call', 'id',
 E'Panggilan WhatsApp tidak dijawab di nomor {unit} ini. Tulis apa yang '
 'terjadi dan kirim lokasi Anda di sini, atau telepon *110* jika darurat '
 '(gratis).\n\nPetugas sudah diberi tahu bahwa Anda menelepon. Kode '
 'laporan: *{code}*'),
('reply.call', 'en',
 E'WhatsApp calls are not answered at this number of {unit}. Write here what '
 'has happened and send your location, or call *110* in an emergency (free '
 'of charge).\n\nOfficers have been told that you called. Report code: '
 '*{code}*');


-- Sets one rule of one unit; p_value is the text of it, NULL: as the unit
-- above. Errors: 23503 unknown unit, 22023 unknown rule, 22P02 or 22007 a
-- value that is none, 23514 one that is not allowed.

CREATE FUNCTION lapor.unit_rule_put(p_code text, p_rule text, p_value text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Adds, moves or (p_active false) takes out an officer's number, whose part is
-- p_part. Who was known by it as an officer until it was taken out has to prove
-- it again. Returns added, changed or same. Errors: 23503 unknown unit, 23514 no
-- identity.

CREATE FUNCTION lapor.officer_put(p_identity text, p_code text,
    p_active boolean, p_part smallint)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Whose each number is, and that unit's rules: of these numbers, or of all
-- and of headquarters (phone_number_id is NULL) if p_phone_number_id is NULL.
-- Windows in milliseconds.

CREATE FUNCTION lapor.intake_rules(p_phone_number_id text[])
RETURNS TABLE (phone_number_id text, unit_id integer, unit_name text,
               join_ms bigint, reopen_ms bigint, burst_ms bigint,
               answer_every boolean, second_topic boolean,
               topic_confidence double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


-- What the service says to people.

CREATE FUNCTION lapor.intake_texts(p_lang text)
RETURNS TABLE (key text, body text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.key, t.body FROM lapor.text t WHERE t.lang = p_lang;
END
$$;


-- So many ids that nobody else has. Those not used are lost, which costs
-- nothing.

CREATE FUNCTION lapor.id_draw(p_count integer) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT nextval('lapor.id_seq') FROM generate_series(1, p_count);
END
$$;


-- Who wrote. One array element a sender, in the order of their parts; his
-- p_reporter_id is NULL if he was never seen (his part is then his identity's
-- own, and becomes his home). p_part and p_parts: see lapor.distributed. Locks
-- the reporters and the parts' counters of report codes to the end of the
-- transaction.
--
-- One row back for each sender and report of his, the 16 that began last, or
-- with report_id NULL: his id; what he was called until now; is he an
-- officer; how many codes his part has given out; the report, locked; made is
-- true if his identity was written here, with its peer.
--
-- Raises 40001 where two processes met the same new sender and the other one
-- found him a home elsewhere: run the batch again. 23503: no such reporter.
-- P0002: a part has lost its counter.

CREATE FUNCTION lapor.reporter_open(p_part smallint, p_reporter_id bigint[],
    p_identity text[], p_kind text[], p_peer text[], p_name text[],
    p_username text[], p_named_at timestamptz[], p_seen_at timestamptz[],
    p_parts smallint[] DEFAULT NULL)
RETURNS TABLE (idx integer, reporter_id bigint, name text, username text,
               officer boolean, codes bigint, report_id bigint,
               unit_id integer, version integer, code text,
               phone_number_id text, category text, urgency text,
               function text, state text, sensitive boolean,
               answered boolean, prank double precision,
               confidence double precision, first_message_at timestamptz,
               last_message_at timestamptz, closed_at timestamptz,
               lat double precision, lon double precision, events integer,
               head bytea, origin text, drill boolean, bursts integer,
               called boolean, attention_at timestamptz,
               withdraw_asked_at timestamptz, album_at timestamptz,
               made boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- Which report messages belong to, of either direction: idx is the place in
-- p_wamid, from 1. Only those found come back. p_part and p_parts: see
-- lapor.distributed.

CREATE FUNCTION lapor.message_find(p_part smallint, p_wamid text[],
    p_parts smallint[] DEFAULT NULL)
RETURNS TABLE (idx integer, report_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- Writes reports that lapor-intake opened or changed, with their timers,
-- their audit and the answers ordered: what belongs together in one call. The
-- reporters are locked (reporter_open), and so are the counters of codes, which
-- p_codes sets. p_part and p_parts: see lapor.distributed; p_codes_parts,
-- p_event_parts and p_reply_parts: the same for these lists.
--
-- One array element a report; p_opened tells the new ones, p_moved those
-- whose version grew. A new one that is not closed gets the timer `claim`; a
-- changed one keeps its reporter, unit, code, number, state, origin and link.
-- p_event_*: one element a link of the audit chain, made by C as
-- lapor.event_hash would, at the time p_now; p_head is the last one's hash.
-- p_reply_*: one element an answer; one that was ordered before for the same
-- occasion is left out. Returns how many answers are new.
--
-- Errors: 23503 unknown unit.

CREATE FUNCTION lapor.report_store(p_part smallint, p_now timestamptz,
    p_codes bigint[], p_opened boolean[], p_moved boolean[],
    p_report_id bigint[], p_reporter_id bigint[], p_unit_id integer[],
    p_version integer[], p_code text[], p_phone_number_id text[],
    p_category text[], p_urgency text[], p_function text[], p_state text[],
    p_sensitive boolean[], p_answered boolean[], p_prank real[],
    p_confidence real[], p_first_message_at timestamptz[],
    p_last_message_at timestamptz[], p_closed_at timestamptz[],
    p_lat double precision[], p_lon double precision[], p_events integer[],
    p_head bytea[], p_origin text[], p_drill boolean[], p_link text[],
    p_link_report_id bigint[], p_bursts integer[], p_called boolean[],
    p_attention_at timestamptz[], p_withdraw_asked_at timestamptz[],
    p_album_at timestamptz[],
    p_event_report_id bigint[], p_event_seq integer[], p_event_kind text[],
    p_event_data text[], p_event_prev bytea[], p_event_hash bytea[],
    p_reply_report_id bigint[], p_reply_occasion text[],
    p_reply_expires_at timestamptz[], p_reply_phone_number_id text[],
    p_reply_recipient text[], p_reply_recipient_kind text[],
    p_reply_body text[], p_parts smallint[] DEFAULT NULL,
    p_codes_parts smallint[] DEFAULT NULL,
    p_event_parts smallint[] DEFAULT NULL,
    p_reply_parts smallint[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- Writes messages; their part is their report's; p_detail is JSON. Those that
-- announce a file stand in p_media_* too: one announced for the first time
-- gets its row, as the first of those that do tells it, and the task to fetch
-- it. Returns how many did. p_part and p_parts: see lapor.distributed;
-- p_media_parts: the same for the files.

CREATE FUNCTION lapor.message_store(p_part smallint, p_now timestamptz,
    p_report_id bigint[], p_sent_at timestamptz[],
    p_received_at timestamptz[], p_raw_id bigint[], p_type text[],
    p_wamid text[], p_phone_number_id text[], p_body text[],
    p_media_id text[], p_detail text[], p_damaged boolean[],
    p_media_report_id bigint[], p_media_media_id text[],
    p_media_phone_number_id text[], p_media_kind text[],
    p_media_mime_type text[], p_media_filename text[],
    p_media_sha256 text[], p_media_url text[],
    p_media_created_at timestamptz[], p_parts smallint[] DEFAULT NULL,
    p_media_parts smallint[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- What reporters are called since p_named_at; NULL keeps what is known, and so
-- does an older word than what is known. They are locked. p_part and p_parts:
-- see lapor.distributed.

CREATE FUNCTION lapor.reporter_name(p_part smallint, p_reporter_id bigint[],
    p_name text[], p_username text[], p_named_at timestamptz[],
    p_parts smallint[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- What they replace.

DROP FUNCTION lapor.intake_store(smallint, timestamptz, bigint[], text[],
    text[], text[], text[], text[], text[], timestamptz[], timestamptz[],
    bigint[], text[], text[], text[], text[], boolean[], text[], text[],
    text[], text[], text[], text[], text[], text[], boolean[], real[],
    real[], boolean[], boolean[], double precision[], double precision[]);
DROP FUNCTION lapor.report_write(smallint, lapor.report, timestamptz);


-- Reports as JSON, newest first: of one unit, or of all if p_unit_code is
-- NULL; p_limit at most.

CREATE OR REPLACE FUNCTION lapor.report_list(p_unit_code text, p_limit integer)
RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


GRANT EXECUTE ON FUNCTION lapor.intake_rules, lapor.intake_texts,
      lapor.id_draw, lapor.reporter_open, lapor.message_find,
      lapor.report_store, lapor.message_store, lapor.reporter_name
   TO lapor_intake;

GRANT EXECUTE ON FUNCTION lapor.unit_rule_put, lapor.officer_put
   TO lapor_ctl;
