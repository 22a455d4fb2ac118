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
    last    numeric[] NOT NULL,         -- the highest id: its two numbers
    CONSTRAINT stream_count_pkey PRIMARY KEY (part, stream),
    CONSTRAINT stream_count_part_check CHECK (part BETWEEN 0 AND 255),
    CONSTRAINT stream_count_done_check CHECK (done >= 0),
    CONSTRAINT stream_count_last_check CHECK (cardinality(last) = 2)
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
-- body (NULL) is only counted. Returns how many webhooks were new.
--
-- Locks rows in the order of their keys, table by table.

CREATE OR REPLACE FUNCTION lapor.raw_store(p_part smallint,
    p_raw_id bigint[], p_received_at timestamptz[], p_stream text[],
    p_entry_id text[], p_sha256 bytea[], p_body bytea[])
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
DECLARE
    v_new    bigint;
    v_stream text[];                    -- of each entry that is done now
    v_entry  text[];
BEGIN
    WITH ins AS (
        INSERT INTO lapor.raw_webhook AS w (part, raw_id, received_at, stream,
                                            entry_id, sha256, body)
        SELECT p_part, u.raw_id, u.received_at, u.stream, u.entry_id,
               u.sha256, u.body
          FROM unnest(p_raw_id, p_received_at, p_stream, p_entry_id,
                      p_sha256, p_body)
               AS u (raw_id, received_at, stream, entry_id, sha256, body)
         WHERE u.body IS NOT NULL
         ORDER BY u.raw_id, u.received_at
        ON CONFLICT (part, raw_id, received_at) DO NOTHING
        RETURNING w.stream, w.entry_id
    )
    SELECT count(*), array_agg(ins.stream), array_agg(ins.entry_id)
      INTO v_new, v_stream, v_entry
      FROM ins;

    -- the others are known, or come from another entry: a statement of its
    -- own, so that it sees what somebody else has committed meanwhile

    IF v_new < cardinality(p_raw_id) THEN
        WITH ins AS (
            INSERT INTO lapor.raw_again AS a (part, stream, entry_id, raw_id,
                                              received_at)
            SELECT p_part, u.stream, u.entry_id, u.raw_id, u.received_at
              FROM unnest(p_raw_id, p_received_at, p_stream, p_entry_id,
                          p_body)
                   AS u (raw_id, received_at, stream, entry_id, body)
              LEFT JOIN lapor.raw_webhook w
                     ON w.part = p_part AND w.raw_id = u.raw_id
                        AND w.received_at = u.received_at
             WHERE u.body IS NULL
                OR (w.stream, w.entry_id) <> (u.stream, u.entry_id)
             ORDER BY u.stream, u.entry_id
            ON CONFLICT (part, stream, entry_id) DO NOTHING
            RETURNING a.stream, a.entry_id
        )
        SELECT v_stream || array_agg(ins.stream),
               v_entry || array_agg(ins.entry_id)
          INTO v_stream, v_entry
          FROM ins;
    END IF;

    IF v_stream IS NOT NULL THEN
        INSERT INTO lapor.stream_count AS c (part, stream, done, last)
        SELECT p_part, s.stream, count(*),
               max(string_to_array(s.entry_id, '-')::numeric[])
          FROM unnest(v_stream, v_entry) AS s (stream, entry_id)
         GROUP BY s.stream
         ORDER BY s.stream
        ON CONFLICT (part, stream) DO UPDATE
           SET done = c.done + excluded.done,
               last = greatest(c.last, excluded.last);
    END IF;

    RETURN v_new;
END
$$;


-- What is done of each stream: how many entries, and the highest id of them.
-- A stream whose last id Redis gives below it has lost entries.

CREATE FUNCTION lapor.stream_done()
RETURNS TABLE (stream text, done bigint, last_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.stream, sum(c.done)::bigint, array_to_string(max(c.last), '-')
      FROM lapor.stream_count c
     GROUP BY c.stream;
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


-- The last run's result, for a metric; no row before the first.

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
     WHERE r.part = 0
     ORDER BY r.at DESC LIMIT 1;
END
$$;


GRANT EXECUTE ON FUNCTION lapor.stream_looked, lapor.reconcile_store
   TO lapor_ctl;

GRANT EXECUTE ON FUNCTION lapor.stream_done TO lapor_intake, lapor_ctl;

GRANT EXECUTE ON FUNCTION lapor.reconcile_last
   TO lapor_intake, lapor_media, lapor_reply, lapor_ctl, lapor_reader;
