-- What came out of the streams, so that it can be compared with what went in:
-- how many entries of each stream are done, whatever came twice, and since
-- when that count and the stream's own can be compared.

SET LOCAL lock_timeout = '10s';


-- How many entries of a stream are done: its webhook is kept, or it has none.
-- Counted in the transaction that keeps them, so it is exact whoever dies. One
-- row for each part that a stream brings, so that no two streams wait for each
-- other.

CREATE TABLE lapor.stream_count (
    part    smallint  NOT NULL,         -- of the webhooks
    stream  text      NOT NULL,
    done    bigint    NOT NULL,
    last    text      NOT NULL,         -- the highest id: its two numbers, of
                                        --   20 digits each
    CONSTRAINT stream_count_pkey PRIMARY KEY (part, stream),
    CONSTRAINT stream_count_part_check CHECK (part BETWEEN 0 AND 255),
    CONSTRAINT stream_count_done_check CHECK (done >= 0)
) WITH (fillfactor = 50);

SELECT lapor.distribute('lapor.stream_count');


-- Entries that are done and have no row of their own in raw_webhook: another
-- entry brought the same bytes with the same time of receipt (a replay; one
-- that was in Redis and in the spool), or they had no body. An entry that is
-- read once more meets its row here and is not counted again.

CREATE TABLE lapor.raw_again (
    part         smallint    NOT NULL,
    stream       text        NOT NULL,
    entry_id     text        NOT NULL,
    raw_id       bigint      NOT NULL,  -- with part and received_at: the row
    received_at  timestamptz NOT NULL,  --   of raw_webhook, if there is one
    CONSTRAINT raw_again_pkey PRIMARY KEY (part, stream, entry_id),
    CONSTRAINT raw_again_part_check CHECK (part BETWEEN 0 AND 255)
);

SELECT lapor.distribute('lapor.raw_again');

CREATE INDEX raw_again_entry_idx ON lapor.raw_again (stream, entry_id);


-- Keeps webhooks as they came, and counts their entries. An entry without a
-- body (NULL) is only counted; of entries with the same bytes the first has
-- the webhook's row. Returns how many webhooks were new. p_part and p_parts:
-- see lapor.distributed.
--
-- One statement where all is new, since each costs more than its rows.

DROP FUNCTION lapor.raw_store(smallint, bigint[], timestamptz[], text[],
    text[], bytea[], bytea[]);

CREATE FUNCTION lapor.raw_store(p_part smallint,
    p_raw_id bigint[], p_received_at timestamptz[], p_stream text[],
    p_entry_id text[], p_sha256 bytea[], p_body bytea[],
    p_parts smallint[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
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

GRANT EXECUTE ON FUNCTION lapor.raw_store TO lapor_intake;


-- What is done of each stream: how many entries, and the highest id of them.
-- A stream whose last id Redis gives below it has lost entries.

CREATE FUNCTION lapor.stream_done()
RETURNS TABLE (stream text, done bigint, last_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


-- Keeps one item that could not be stored (or, item -1, a whole webhook). An
-- item that fails again after a replay is dead again; one that is dead already
-- and fails for the same reason, because its entry was read once more, is left
-- as it is.

CREATE OR REPLACE FUNCTION lapor.quarantine_store(p_part smallint,
    p_raw_id bigint, p_received_at timestamptz, p_item integer,
    p_stream text, p_entry_id text, p_reason text, p_sqlstate text,
    p_body bytea, p_now timestamptz)
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
           dead_at = excluded.dead_at
     WHERE q.state <> 'dead'
        OR (q.reason, q.sqlstate)
           IS DISTINCT FROM (excluded.reason, excluded.sqlstate);
END
$$;


-- Replay. Entries that `laporctl raw replay` queues are compared with what is
-- stored, before lapor-intake goes its usual way:
--
--   correct_open       which messages the ledger knows
--   message_correct    compares and corrects those that are found in a part
--   correct_forget     known and nowhere to be found: they are new once more
--   notice_known       which notices are stored already
--   quarantine_settle  items that could be stored now


-- Which messages of this part the ledger knows: idx counts from 1; home_part
-- is where their sender's messages lie today, NULL if he is not known.

CREATE FUNCTION lapor.correct_open(p_part smallint, p_wamid text[],
    p_sent_at timestamptz[], p_identity text[])
RETURNS TABLE (idx integer, home_part smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


-- Takes messages out of the ledger of which there is no row: the ledger was
-- written with the row, so somebody has deleted that.

CREATE FUNCTION lapor.correct_forget(p_part smallint, p_wamid text[],
    p_sent_at timestamptz[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    DELETE FROM lapor.seen s
     USING unnest(p_wamid, p_sent_at) AS u (wamid, sent_at)
     WHERE s.part = p_part AND s.wamid = u.wamid AND s.sent_at = u.sent_at;
END
$$;


-- The words of a corrected message may say more than the wrong ones did. What
-- was said before is not taken back: urgency only rises, sensitive stays, a
-- report that has ended stays as it is.

CREATE FUNCTION lapor.report_correct(p_part smallint, p_report_id bigint,
    p_wamid text, p_category text, p_urgency text, p_function text,
    p_sensitive boolean, p_confidence real, p_now timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
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


-- Compares messages with what is stored of them in this part, and corrects
-- what differs: type, body, detail, the mark `damaged` and the file. The old
-- values go to the audit, words as a hash. Only the webhook that brought a
-- message is asked, since another delivery may tell other details, and of it
-- the first item (p_first); likewise of a file only the first that announced
-- it (p_media_first), and nobody if that cannot be told because two webhooks
-- did in one millisecond. p_detail is JSON.
--
-- p_sent_at are the ledger's times: one that was not believed when the message
-- came is stored as 'epoch', and another delivery may have come later.
--
-- Answers nobody, reopens nothing. One row back for each message that is here:
-- was it corrected, has its file a new task?

CREATE FUNCTION lapor.message_correct(p_part smallint, p_now timestamptz,
    p_wamid text[], p_sent_at timestamptz[], p_received_at timestamptz[],
    p_raw_id bigint[], p_type text[], p_body text[], p_detail text[],
    p_damaged boolean[], p_media_id text[], p_mime_type text[],
    p_filename text[], p_sha256 text[], p_url text[], p_category text[],
    p_urgency text[], p_function text[], p_sensitive boolean[],
    p_confidence real[], p_lat double precision[], p_lon double precision[],
    p_first boolean[], p_media_first boolean[])
RETURNS TABLE (idx integer, corrected boolean, media_task boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Which of these notices are stored: their places, from 1.

CREATE FUNCTION lapor.notice_known(p_part smallint, p_notice_id bigint[])
RETURNS SETOF integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT i
      FROM generate_series(1, cardinality(p_notice_id)) AS i
      JOIN lapor.notice n ON n.part = p_part AND n.notice_id = p_notice_id[i];
END
$$;


-- Items that are stored now, and were dead.

CREATE FUNCTION lapor.quarantine_settle(p_part smallint, p_raw_id bigint[],
    p_received_at timestamptz[], p_item integer[], p_now timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    UPDATE lapor.quarantine q SET state = 'replayed', replayed_at = p_now
      FROM unnest(p_raw_id, p_received_at, p_item)
           AS u (raw_id, received_at, item)
     WHERE q.part = p_part AND q.raw_id = u.raw_id
       AND q.received_at = u.received_at AND q.item = u.item
       AND q.state = 'dead';
END
$$;


-- Since when a stream and the count of its entries can be compared: an entry
-- of it that was done before counts among the first `base`. It changes when
-- Redis lost its data or was replaced, and begins anew with the stream.

CREATE TABLE lapor.stream_base (
    part      smallint    NOT NULL,     -- the two digits in the stream's name
    stream    text        NOT NULL,
    base      bigint,                   -- NULL: the first look finds it out
    lives     integer     NOT NULL DEFAULT 1,   -- how often it began
    accepted  bigint      NOT NULL DEFAULT 0,   -- entries that Redis had added
                                                --   at the last look
    last_id   text        NOT NULL DEFAULT '0-0',
    seen_at   timestamptz NOT NULL,
    CONSTRAINT stream_base_pkey PRIMARY KEY (part, stream),
    CONSTRAINT stream_base_part_check CHECK (part BETWEEN 0 AND 255),
    CONSTRAINT stream_base_counts_check CHECK (lives >= 1 AND accepted >= 0)
);

SELECT lapor.distribute('lapor.stream_base');

-- what came before this migration was not counted
INSERT INTO lapor.stream_base (part, stream, seen_at)
SELECT ('x' || substr(w.stream, 8, 2))::bit(8)::integer, w.stream,
       max(w.received_at)
  FROM lapor.raw_webhook w
 WHERE w.stream ~ '^lapor:\{[0-9a-f]{2}\}:(msg|status)$'
 GROUP BY w.stream;


-- What a look at streams of one part found, kept for the next one. Another
-- base than before says that the stream began anew.

CREATE FUNCTION lapor.stream_looked(p_part smallint, p_stream text[],
    p_base bigint[], p_accepted bigint[], p_last_id text[],
    p_now timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- What `laporctl reconcile` found, run by run.

CREATE TABLE lapor.reconcile (
    part         smallint    NOT NULL,  -- 0: it is about all
    at           timestamptz NOT NULL,
    verdict      text        NOT NULL,
    streams      integer     NOT NULL,
    accepted     bigint      NOT NULL,  -- entries, since the streams began
    done         bigint      NOT NULL,  -- of them
    waiting      bigint      NOT NULL,  -- of them, in Redis
    spooled      bigint      NOT NULL,  -- webhooks that are not in Redis yet
    differences  bigint      NOT NULL,  -- entries and streams
    detail       jsonb       NOT NULL,  -- a list of the first differences
    CONSTRAINT reconcile_pkey PRIMARY KEY (part, at),
    CONSTRAINT reconcile_part_check CHECK (part = 0),
    -- unsettled: a stream never stood still for long enough to be counted
    CONSTRAINT reconcile_verdict_check
        CHECK (verdict IN ('exact', 'difference', 'unsettled')),
    CONSTRAINT reconcile_counts_check
        CHECK (least(streams, accepted, done, waiting, spooled,
                     differences) >= 0
               AND (differences > 0) = (verdict = 'difference'))
);

SELECT lapor.distribute('lapor.reconcile');


-- Keeps what a run found, for 90 days. A second run at the same instant is
-- the same run.

CREATE FUNCTION lapor.reconcile_store(p_part smallint, p_at timestamptz,
    p_verdict text, p_streams integer, p_accepted bigint, p_done bigint,
    p_waiting bigint, p_spooled bigint, p_differences bigint, p_detail text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- The result of the last run that came to a verdict, for a metric: one that
-- could not count says nothing of what is missing, and makes nothing fresh. No
-- row before the first.

CREATE FUNCTION lapor.reconcile_last()
RETURNS TABLE (at timestamptz, verdict text, streams integer,
               accepted bigint, done bigint, waiting bigint, spooled bigint,
               differences bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


GRANT EXECUTE ON FUNCTION lapor.stream_looked, lapor.reconcile_store
   TO lapor_ctl;

GRANT EXECUTE ON FUNCTION lapor.correct_open, lapor.correct_forget,
      lapor.message_correct, lapor.notice_known, lapor.quarantine_settle
   TO lapor_intake;

GRANT EXECUTE ON FUNCTION lapor.stream_done TO lapor_intake, lapor_ctl;

GRANT EXECUTE ON FUNCTION lapor.reconcile_last
   TO lapor_intake, lapor_media, lapor_reply, lapor_ctl, lapor_reader;
