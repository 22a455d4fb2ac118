-- Alerts many at a time; statuses of outgoing messages, many at a time, and
-- what errors mean.

SET LOCAL lock_timeout = '10s';


-- The last word on an alert of which somebody else keeps the time: Meta's
-- notices come late and out of order, and one that says that a number is
-- flagged may follow the one that says that it is not any more.

CREATE TABLE lapor.alert_word (
    part     smallint    NOT NULL,
    kind     text        NOT NULL,
    subject  text        NOT NULL,
    at       timestamptz NOT NULL,  -- the sender's
    closes   boolean     NOT NULL,
    CONSTRAINT alert_word_pkey PRIMARY KEY (part, kind, subject),
    CONSTRAINT alert_word_part_check CHECK (part BETWEEN 0 AND 255)
);

SELECT lapor.distribute('lapor.alert_word');


-- Raises and closes alerts of one part, in the order of their keys whatever
-- order they come in; of one key, in the order given. p_mode is what each
-- does:
--
--   open   opens one, or counts one that is open
--   often  the same for what goes on and on, such as a message to a number
--          of nobody: one that is open, as severe, and was told less than ten
--          seconds before p_now is not even locked
--   once   opens one if there never was one: what a person has closed stays
--   close  closes it
--
-- p_at is the sender's time of it, NULL where only we say so. An opening does
-- nothing if a closing of the same kind and subject has a later time, and the
-- other way round; of one time, the opening stays. p_detail is a JSON object.
-- Called last in a transaction. One row back for each that changed the state:
-- opened is false if it was closed.

CREATE FUNCTION lapor.alert_store(p_part smallint, p_kind text[],
    p_subject text[], p_mode text[], p_severity text[], p_detail text[],
    p_at timestamptz[], p_now timestamptz)
RETURNS TABLE (idx integer, opened boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


GRANT EXECUTE ON FUNCTION lapor.alert_store TO lapor_intake;


-- What a message costs, as Meta tells with its statuses: `sent` and one of
-- `delivered` and `read` carry it, twice the same.

ALTER TABLE lapor.message
    ADD COLUMN billable boolean,
    ADD COLUMN price_category text,     -- service, utility, marketing ...
    ADD COLUMN price_type text,         -- regular, free_customer_service ...
    ADD COLUMN origin text,             -- what began the conversation
    ADD CONSTRAINT message_price_check
        CHECK (direction = 'out'
               OR num_nonnulls(billable, price_category, price_type,
                               origin) = 0);

ALTER TABLE lapor.status_wait
    ADD COLUMN billable boolean,
    ADD COLUMN price_category text,
    ADD COLUMN price_type text,
    ADD COLUMN origin text;

-- the oldest of one part, to be removed
DROP INDEX lapor.status_wait_received_at_idx;
CREATE INDEX status_wait_received_at_idx
    ON lapor.status_wait (part, received_at);


DROP FUNCTION lapor.message_status(smallint, bigint, timestamptz, text,
                                   timestamptz, integer, text);
DROP FUNCTION lapor.status_lock(smallint, text);
DROP FUNCTION lapor.status_store(smallint, bigint[], text[], text[],
                                 timestamptz[], timestamptz[], integer[],
                                 text[]);


-- Keeps a status from being put to wait while the transaction that brings its
-- message is not committed: neither would see the other. Who brings the
-- message is alone; those who only look for it are not in each other's way.
-- There are four locks a part, so that a batch of any size holds few of them;
-- taken in one order, held until the end of the transaction.

CREATE FUNCTION lapor.status_lock(p_part smallint, p_wamid text[],
    p_alone boolean[], p_parts smallint[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
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


-- Writes statuses to the messages that are there: those of the tasks named,
-- where the task knows the wamid, else those found by their wamid. What one
-- message is told at once is folded first; a state never falls, each keeps
-- the earliest time told of it, and so does the error; what a status tells
-- again changes nothing. Rows are locked in the order of parts and their ids.
--
-- One row back: left_ord, the positions of those without a message; failed_*,
-- the messages that failed now and did not arrive, for status_failed.
--
-- One plan is kept, and it goes from the statuses to the messages by indexes,
-- even if it was made while the tables were empty. For this some ways to join
-- are closed; and the LIMIT, which takes away nothing, lets the planner
-- expect few rows.

CREATE FUNCTION lapor.status_apply(p_part smallint, p_task_id bigint[],
    p_wamid text[], p_state text[], p_at timestamptz[],
    p_error_code integer[], p_error_title text[], p_billable boolean[],
    p_price_category text[], p_price_type text[], p_origin text[],
    p_parts smallint[] DEFAULT NULL,
    OUT left_ord integer[], OUT failed_part smallint[],
    OUT failed_id bigint[], OUT failed_sent_at timestamptz[],
    OUT failed_report bigint[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off SET enable_memoize = off
SET enable_nestloop = on AS $$
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


-- Says on the reports that these messages of ours did not arrive: an operator
-- must reach the reporter in another way. Once a message.

CREATE FUNCTION lapor.status_failed(p_part smallint, p_message_id bigint[],
    p_sent_at timestamptz[], p_report_id bigint[],
    p_parts smallint[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_nestloop = on AS $$
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


-- As before, Meta accepted what a reply task sent: writes the outgoing
-- message and ends the task, whoever says so first, the answer to our own
-- POST or a status that carries the task's key. A second wamid for one task
-- means that it went out twice; the second message is kept too and the audit
-- says so. False if there is no such task here. Locks the task, then the
-- wamid, then the report.

CREATE OR REPLACE FUNCTION lapor.reply_sent(p_part smallint,
    p_task_id bigint, p_wamid text, p_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Stores the statuses that status_apply left: brings the messages of tasks
-- that did not know yet that Meta took them, and puts to wait what has no
-- message here. The order of locks: tasks by part and id, wamids, reports by
-- part and id, rows that wait. p_report_id, with p_report_part, are the reports
-- that the caller will write to next.

CREATE FUNCTION lapor.status_left(p_part smallint, p_report_part smallint[],
    p_report_id bigint[], p_task_id bigint[], p_wamid text[],
    p_state text[], p_at timestamptz[], p_received_at timestamptz[],
    p_error_code integer[], p_error_title text[], p_billable boolean[],
    p_price_category text[], p_price_type text[], p_origin text[],
    p_parts smallint[] DEFAULT NULL,
    OUT failed_part smallint[], OUT failed_id bigint[],
    OUT failed_sent_at timestamptz[], OUT failed_report bigint[])
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_nestloop = on AS $$
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


-- Stores statuses of our own messages. p_task_id is the task named by the
-- callback data, and its part then the one named there; NULL where a status
-- carries none, its part then being the recipient's. One that finds no message
-- waits for it. p_part and p_parts: see lapor.distributed.
--
-- The usual path is one statement for all, and locks messages alone. What it
-- leaves locks tasks, wamids, reports, and at last messages that came in
-- between: if two batches of statuses meet in just these, PostgreSQL may end
-- one of them (40P01), and it is done again.

CREATE FUNCTION lapor.status_store(p_part smallint, p_task_id bigint[],
    p_wamid text[], p_state text[], p_at timestamptz[],
    p_received_at timestamptz[], p_error_code integer[],
    p_error_title text[], p_billable boolean[], p_price_category text[],
    p_price_type text[], p_origin text[], p_parts smallint[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Removes statuses that waited for their message until p_before, at most
-- p_limit of a part: messages of other programs at the same number, mostly.
-- Returns how many.

CREATE FUNCTION lapor.status_wait_clean(p_part smallint,
    p_before timestamptz, p_limit integer)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


GRANT EXECUTE ON FUNCTION lapor.status_store, lapor.status_wait_clean
   TO lapor_intake;


-- What an error of Meta means and what to do about it, for people (Cloud API,
-- error codes). One row a language; code to to_code are a range.

CREATE TABLE lapor.error_code (
    code     integer NOT NULL,
    to_code  integer NOT NULL,
    lang     text    NOT NULL,           -- ISO 639-1
    meaning  text    NOT NULL,
    action   text    NOT NULL,
    CONSTRAINT error_code_pkey PRIMARY KEY (code, lang),
    CONSTRAINT error_code_lang_check CHECK (lang ~ '^[a-z]{2}$'),
    CONSTRAINT error_code_to_code_check CHECK (to_code >= code)
);

SELECT lapor.distribute_reference('lapor.error_code');

INSERT INTO lapor.error_code (code, to_code, lang, meaning, action) VALUES
(0, 0, 'id',
 'Token tidak diterima',
 'Periksa token; semua kiriman nomor ini berhenti'),
(0, 0, 'en',
 'The token was not accepted',
 'Check the token; all sends of this number stop'),
(1, 1, 'id',
 'Permintaan tidak dikenal',
 'Dicoba lagi beberapa kali'),
(1, 1, 'en',
 'Unknown or invalid request',
 'Tried again a few times'),
(2, 2, 'id',
 'Layanan Meta sedang terganggu',
 'Dicoba lagi'),
(2, 2, 'en',
 'Meta''s service is down for now',
 'Tried again'),
(3, 3, 'id',
 'Aplikasi tidak punya kemampuan ini',
 'Periksa izin aplikasi di Meta'),
(3, 3, 'en',
 'The app lacks this capability',
 'Check the app''s permissions at Meta'),
(4, 4, 'id',
 'Batas panggilan aplikasi tercapai',
 'Dicoba lagi beberapa menit kemudian'),
(4, 4, 'en',
 'The app''s call rate is used up',
 'Tried again minutes later'),
(10, 10, 'id',
 'Izin tidak ada atau dicabut',
 'Periksa izin aplikasi di Meta'),
(10, 10, 'en',
 'A permission is missing or was removed',
 'Check the app''s permissions at Meta'),
(33, 33, 'id',
 'Nomor layanan dihapus atau salah',
 'Periksa nomor di Meta dan di laporctl unit'),
(33, 33, 'en',
 'Our number was deleted or is wrong',
 'Check the number at Meta and in the units'),
(100, 100, 'id',
 'Isian permintaan salah',
 'Laporkan ke pengelola sistem'),
(100, 100, 'en',
 'A parameter is wrong',
 'Tell the system''s maintainers'),
(190, 190, 'id',
 'Token kedaluwarsa atau dicabut',
 'Pasang token baru'),
(190, 190, 'en',
 'The token expired or was revoked',
 'Install a new token'),
(200, 299, 'id',
 'Izin tidak cukup',
 'Periksa izin aplikasi di Meta'),
(200, 299, 'en',
 'Permission is missing',
 'Check the app''s permissions at Meta'),
(368, 368, 'id',
 'Akun diblokir sementara karena kebijakan',
 'Ajukan banding di Meta; hubungi pelapor lewat telepon'),
(368, 368, 'en',
 'The account is blocked for a policy',
 'Appeal at Meta; reach reporters by phone'),
(613, 613, 'id',
 'Batas permintaan izin panggilan tercapai',
 'Dicoba lagi'),
(613, 613, 'en',
 'Too many questions for call permission',
 'Tried again'),
(80007, 80007, 'id',
 'Batas panggilan akun WhatsApp tercapai',
 'Dicoba lagi beberapa menit kemudian'),
(80007, 80007, 'en',
 'The account''s call rate is used up',
 'Tried again minutes later'),
(130429, 130429, 'id',
 'Batas kecepatan nomor tercapai',
 'Dicoba lagi, pengiriman diperlambat'),
(130429, 130429, 'en',
 'The number''s throughput is exceeded',
 'Tried again, the sender slows down'),
(130472, 130472, 'id',
 'Pelapor termasuk kelompok uji Meta',
 'Hubungi pelapor lewat telepon'),
(130472, 130472, 'en',
 'The person is in an experiment of Meta',
 'Reach the reporter by phone'),
(130497, 130497, 'id',
 'Nomor ini tidak boleh mengirim ke negara itu',
 'Hubungi pelapor lewat telepon; periksa akun'),
(130497, 130497, 'en',
 'Not allowed to message that country',
 'Reach the reporter by phone; check the account'),
(131000, 131000, 'id',
 'Galat yang tidak dijelaskan Meta',
 'Dicoba lagi beberapa kali'),
(131000, 131000, 'en',
 'Something went wrong at Meta',
 'Tried again a few times'),
(131005, 131005, 'id',
 'Akses ditolak',
 'Periksa izin aplikasi di Meta'),
(131005, 131005, 'en',
 'Access denied',
 'Check the app''s permissions at Meta'),
(131008, 131009, 'id',
 'Isian permintaan kurang atau salah',
 'Laporkan ke pengelola sistem'),
(131008, 131009, 'en',
 'A parameter is missing or wrong',
 'Tell the system''s maintainers'),
(131016, 131016, 'id',
 'Layanan Meta tidak tersedia',
 'Dicoba lagi'),
(131016, 131016, 'en',
 'The service is unavailable',
 'Tried again'),
(131020, 131020, 'id',
 'Galat grup WhatsApp',
 'Hubungi anggota secara langsung'),
(131020, 131020, 'en',
 'An error of the group',
 'Write to the person directly'),
(131021, 131021, 'id',
 'Pengirim dan penerima sama',
 'Tidak perlu tindakan'),
(131021, 131021, 'en',
 'Sender and recipient are the same',
 'Nothing to do'),
(131026, 131026, 'id',
 'Pesan tidak dapat diantar: tidak memakai WhatsApp, aplikasi lama, atau '
 'memblokir nomor ini',
 'Telepon pelapor; laporan tetap terbuka'),
(131026, 131026, 'en',
 'Undeliverable: not on WhatsApp, an old version, or we are blocked',
 'Phone the reporter; the report stays open'),
(131030, 131030, 'id',
 'Penerima tidak ada dalam daftar uji',
 'Tambahkan nomor pada daftar uji di Meta'),
(131030, 131030, 'en',
 'The recipient is not on the test list',
 'Add the number to the test list at Meta'),
(131031, 131031, 'id',
 'Akun dikunci',
 'Ajukan banding di Meta; layani lewat 110'),
(131031, 131031, 'en',
 'The account is locked',
 'Appeal at Meta; serve people by 110'),
(131037, 131037, 'id',
 'Nama tampilan belum disetujui',
 'Urus nama tampilan di Meta'),
(131037, 131037, 'en',
 'The display name is not approved',
 'See to the display name at Meta'),
(131041, 131041, 'id',
 'Galat grup WhatsApp',
 'Hubungi anggota secara langsung'),
(131041, 131041, 'en',
 'An error of the group',
 'Write to the person directly'),
(131042, 131042, 'id',
 'Masalah pembayaran',
 'Lunasi atau perbaiki pembayaran di Meta'),
(131042, 131042, 'en',
 'A payment problem',
 'Settle the payment at Meta'),
(131044, 131044, 'id',
 'Masalah pembayaran untuk panggilan',
 'Lunasi atau perbaiki pembayaran di Meta'),
(131044, 131044, 'en',
 'A payment problem, for calls',
 'Settle the payment at Meta'),
(131045, 131045, 'id',
 'Nomor tidak terdaftar dengan benar',
 'Daftarkan nomor kembali'),
(131045, 131045, 'en',
 'The number is not registered correctly',
 'Register the number again'),
(131047, 131047, 'id',
 'Lebih dari 24 jam sejak pesan terakhir pelapor',
 'Kirim template, atau telepon pelapor'),
(131047, 131047, 'en',
 'More than 24 hours since the person wrote',
 'Send a template, or phone the reporter'),
(131048, 131048, 'id',
 'Dibatasi karena dianggap spam',
 'Kurangi kiriman; dicoba lagi beberapa jam kemudian'),
(131048, 131048, 'en',
 'Limited as spam',
 'Send less; tried again hours later'),
(131049, 131049, 'id',
 'Tidak diantar demi kenyamanan pengguna',
 'Jangan kirim ulang dalam 24 jam'),
(131049, 131049, 'en',
 'Held back to keep the ecosystem healthy',
 'Do not send again within 24 hours'),
(131050, 131050, 'id',
 'Pelapor menolak pesan pemasaran',
 'Jangan kirim pesan pemasaran'),
(131050, 131050, 'en',
 'The person stopped marketing messages',
 'Send no marketing'),
(131051, 131051, 'id',
 'Jenis pesan tidak didukung',
 'Minta pelapor mengirim dalam bentuk lain'),
(131051, 131051, 'en',
 'The type is not supported',
 'Ask for it in another form'),
(131052, 131052, 'id',
 'Berkas pelapor gagal diunduh Meta',
 'Minta pelapor mengirim ulang'),
(131052, 131052, 'en',
 'Meta could not fetch the person''s file',
 'Ask the person to send it again'),
(131053, 131053, 'id',
 'Berkas kita gagal diunggah',
 'Periksa jenis dan ukuran berkas, kirim ulang sekali'),
(131053, 131053, 'en',
 'Our file could not be uploaded',
 'Check its type and size, send once more'),
(131056, 131056, 'id',
 'Terlalu banyak pesan ke nomor yang sama',
 'Dicoba lagi, makin jarang'),
(131056, 131056, 'en',
 'Too many messages to one person',
 'Tried again, less and less often'),
(131057, 131057, 'id',
 'Akun dalam pemeliharaan',
 'Dicoba lagi'),
(131057, 131057, 'en',
 'The account is in maintenance',
 'Tried again'),
(131059, 131059, 'id',
 'Galat grup WhatsApp',
 'Hubungi anggota secara langsung'),
(131059, 131059, 'en',
 'An error of the group',
 'Write to the person directly'),
(131060, 131060, 'id',
 'Isi pesan tidak tersedia',
 'Minta pelapor mengirim ulang'),
(131060, 131060, 'en',
 'The message is not available',
 'Ask the person to send it again'),
(131062, 131062, 'id',
 'Template ini tidak boleh ke ID pengguna',
 'Telepon pelapor, atau pakai template lain'),
(131062, 131062, 'en',
 'Not allowed to a user id with this template',
 'Phone the reporter, or use another template'),
(131063, 131063, 'id',
 'Pesan pemasaran tidak lewat Cloud API',
 'Jangan kirim pesan pemasaran'),
(131063, 131063, 'en',
 'Marketing does not go by the Cloud API',
 'Send no marketing'),
(131064, 131064, 'id',
 'Batas penyalahgunaan template',
 'Tunggu pembatasan berakhir; periksa akun'),
(131064, 131064, 'en',
 'The limit for misused templates',
 'Wait until it ends; check the account'),
(131201, 131215, 'id',
 'Galat grup WhatsApp',
 'Hubungi anggota secara langsung'),
(131201, 131215, 'en',
 'An error of the group',
 'Write to the person directly'),
(132000, 132001, 'id',
 'Template tidak cocok atau tidak ada dalam bahasa ini',
 'Perbaiki template'),
(132000, 132001, 'en',
 'The template does not fit or does not exist in this language',
 'Correct the template'),
(132005, 132005, 'id',
 'Template terlalu panjang setelah diisi',
 'Perpendek isinya'),
(132005, 132005, 'en',
 'The template is too long when filled',
 'Shorten its content'),
(132007, 132008, 'id',
 'Isi template melanggar kebijakan atau format',
 'Perbaiki template'),
(132007, 132008, 'en',
 'The template breaks a policy or its format',
 'Correct the template'),
(132012, 132012, 'id',
 'Format isian template salah',
 'Perbaiki template'),
(132012, 132012, 'en',
 'A parameter of the template has a wrong format',
 'Correct the template'),
(132015, 132015, 'id',
 'Template dijeda karena mutu rendah',
 'Pakai template lain'),
(132015, 132015, 'en',
 'The template is paused for its quality',
 'Use another template'),
(132016, 132016, 'id',
 'Template dinonaktifkan karena mutu rendah',
 'Pakai template lain'),
(132016, 132016, 'en',
 'The template is disabled for its quality',
 'Use another template'),
(132018, 132018, 'id',
 'Isian template salah',
 'Perbaiki template'),
(132018, 132018, 'en',
 'The template''s parameters are wrong',
 'Correct the template'),
(132068, 132068, 'id',
 'Flow diblokir',
 'Periksa Flow di Meta'),
(132068, 132068, 'en',
 'The flow is blocked',
 'Check the flow at Meta'),
(132069, 132069, 'id',
 'Flow dibatasi',
 'Dicoba lagi'),
(132069, 132069, 'en',
 'The flow is throttled',
 'Tried again'),
(133000, 133000, 'id',
 'Pendaftaran sebelumnya belum dihapus',
 'Daftarkan nomor kembali'),
(133000, 133000, 'en',
 'An earlier registration is not gone',
 'Register the number again'),
(133004, 133004, 'id',
 'Server Meta sementara tidak tersedia',
 'Dicoba lagi'),
(133004, 133004, 'en',
 'The server is unavailable for now',
 'Tried again'),
(133005, 133006, 'id',
 'PIN salah atau nomor belum diverifikasi',
 'Periksa PIN dan pendaftaran nomor'),
(133005, 133006, 'en',
 'A wrong PIN, or the number is not verified',
 'Check the PIN and the registration'),
(133008, 133010, 'id',
 'Terlalu banyak PIN salah, atau nomor tidak terdaftar',
 'Tunggu, lalu daftarkan nomor kembali'),
(133008, 133010, 'en',
 'Too many wrong PINs, or not registered',
 'Wait, then register the number again'),
(133015, 133016, 'id',
 'Pendaftaran nomor terlalu sering',
 'Tunggu, lalu daftarkan nomor kembali'),
(133015, 133016, 'en',
 'The number was registered too often',
 'Wait, then register the number again'),
(135000, 135000, 'id',
 'Galat umum, biasanya isi permintaan salah',
 'Laporkan ke pengelola sistem'),
(135000, 135000, 'en',
 'A generic error, mostly a malformed request',
 'Tell the system''s maintainers'),
(137000, 137000, 'id',
 'Identitas pelapor berubah',
 'Pastikan identitasnya sebelum membalas'),
(137000, 137000, 'en',
 'The person''s identity has changed',
 'Confirm who it is before answering'),
(138000, 138023, 'id',
 'Galat panggilan WhatsApp',
 'Telepon pelapor dengan telepon biasa'),
(138000, 138023, 'en',
 'An error of WhatsApp calls',
 'Phone the reporter in the usual way'),
(139000, 139004, 'id',
 'Galat Flow',
 'Periksa Flow di Meta'),
(139000, 139004, 'en',
 'An error of the flow',
 'Check the flow at Meta'),
(139100, 139103, 'id',
 'Galat daftar blokir',
 'Periksa daftar blokir'),
(139100, 139103, 'en',
 'An error of the block list',
 'Check the block list'),
(2494100, 2494100, 'id',
 'Akun dalam pemeliharaan',
 'Dicoba lagi'),
(2494100, 2494100, 'en',
 'The account is in maintenance',
 'Tried again');


-- The words for one code, in this language, else in English: {"meaning":,
-- "action":}. NULL for a code that nobody described: then its title must do.

CREATE FUNCTION lapor.error_advice(p_code integer, p_lang text)
RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


-- One report as JSON, as before, and what errors mean: itself, its messages in
-- both directions, its media, what is still to be sent, and its timeline with
-- the audit chain checked. NULL if there is none of this code.

CREATE OR REPLACE FUNCTION lapor.report_show(p_code text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


GRANT EXECUTE ON FUNCTION lapor.error_advice
   TO lapor_ctl, lapor_reader;


-- Keeps account notices, and errors that belong to no message. One told
-- before is the same row. One row back for each that is new: idx counts from
-- 1; before is what the account's last notice of limits said, where this is
-- one, too.

DROP FUNCTION lapor.notice_store(smallint, bigint[], timestamptz[], text[],
                                 text[], text[], text[], bigint[]);

CREATE FUNCTION lapor.notice_store(p_part smallint, p_notice_id bigint[],
    p_received_at timestamptz[], p_field text[], p_waba_id text[],
    p_phone_number_id text[], p_data text[], p_raw_id bigint[])
RETURNS TABLE (idx integer, before text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


GRANT EXECUTE ON FUNCTION lapor.notice_store TO lapor_intake;


CREATE INDEX alert_open_idx ON lapor.alert (kind, severity)
    WHERE closed_at IS NULL;
