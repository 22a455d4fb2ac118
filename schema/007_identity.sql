-- Who is who: identities that move from one reporter to another.
--
-- A phone number, a user id, a username belongs to somebody for a time. Who
-- has it now stands in lapor.identity, from when (since); who had it before,
-- in lapor.identity_past. All times are Meta's. A tenure is [since, until_at)
-- and one of a message's identity is found by the message's own time, so that
-- late and repeated webhooks end where timely ones do. An identity that was
-- given up has no row in lapor.identity: whoever appears under it is new.
--
-- lapor-intake decides what a change means (workers/intake/who.c) and writes
-- the outcome here. It holds no locks while it thinks; identity_write compares
-- what it read with what is there now, and fails with 40001 if somebody came
-- between. Locks: parts ascending, identities ascending, reporters after them.

SET LOCAL lock_timeout = '10s';


ALTER TABLE lapor.identity
    ADD COLUMN since timestamptz NOT NULL DEFAULT '-infinity',
    DROP CONSTRAINT identity_kind_check,
    ADD CONSTRAINT identity_kind_check
        CHECK (kind IN ('phone', 'user_id', 'username')),
    -- a name may look like a number
    ADD CONSTRAINT identity_username_check
        CHECK ((kind = 'username') = (left(identity, 1) = '@'));


-- Earlier tenures of identities; those of a chain of moves that arrived in
-- another order may have been seen by nobody (first_seen_at 'infinity').

CREATE TABLE lapor.identity_past (
    part           smallint    NOT NULL,
    home_part      smallint    NOT NULL,
    identity       text        NOT NULL,
    kind           text        NOT NULL,
    since          timestamptz NOT NULL,
    until_at       timestamptz NOT NULL,
    peer           text,
    reporter_id    bigint      NOT NULL,
    first_seen_at  timestamptz NOT NULL,
    CONSTRAINT identity_past_pkey PRIMARY KEY (part, identity, until_at),
    CONSTRAINT identity_past_part_check
        CHECK (part BETWEEN 0 AND 255 AND home_part BETWEEN 0 AND 255),
    CONSTRAINT identity_past_kind_check
        CHECK (kind IN ('phone', 'user_id', 'username')),
    CONSTRAINT identity_past_until_at_check
        CHECK (since < until_at AND until_at < 'infinity')
);

SELECT lapor.distribute('lapor.identity_past');

CREATE INDEX identity_past_reporter_idx
    ON lapor.identity_past (home_part, reporter_id);


-- What happened to identities: append-only, no function changes a row.
--   joined   was seen together with one of this reporter
--   moved    its holder says that he has `peer` now; it is retired
--   given    came to this reporter by such a move
--   taken    went from one reporter to another, since it came with an
--            account that is not the first one's
--   merged   its reporter turned out to be the other one

CREATE TABLE lapor.identity_history (
    part           smallint    NOT NULL,
    history_id     bigint      NOT NULL,
    identity       text        NOT NULL,
    what           text        NOT NULL,
    at             timestamptz NOT NULL,  -- Meta's
    told_at        timestamptz NOT NULL,  -- when we learnt it
    peer           text,                  -- the other identity concerned
    from_part      smallint,
    from_reporter  bigint,
    to_part        smallint    NOT NULL,
    to_reporter    bigint      NOT NULL,
    raw_id         bigint      NOT NULL,  -- the webhook that says so
    CONSTRAINT identity_history_pkey PRIMARY KEY (part, history_id),
    CONSTRAINT identity_history_part_check
        CHECK (part BETWEEN 0 AND 255 AND to_part BETWEEN 0 AND 255
               AND from_part BETWEEN 0 AND 255),
    CONSTRAINT identity_history_what_check
        CHECK (what IN ('joined', 'moved', 'given', 'taken', 'merged')),
    CONSTRAINT identity_history_from_check
        CHECK ((from_part IS NULL) = (from_reporter IS NULL)
               AND (what IN ('joined', 'moved', 'given')
                    OR from_part IS NOT NULL))
);

SELECT lapor.distribute('lapor.identity_history');

CREATE INDEX identity_history_identity_idx
    ON lapor.identity_history (part, identity, at);


-- Reporters who are, or may be, one person: each of both has a row. A merge
-- moves identities alone and leaves reports where they are; this is how the
-- others are found.
--   same       merged: `other` has the identities, or had them
--   username   wrote under the same username, one after the other: a hint for
--              people, since a username may be given up and taken
--   number     had the same number, one after the other: likewise

CREATE TABLE lapor.reporter_link (
    part         smallint    NOT NULL,
    other_part   smallint    NOT NULL,
    reporter_id  bigint      NOT NULL,
    other_id     bigint      NOT NULL,
    why          text        NOT NULL,
    at           timestamptz NOT NULL,
    raw_id       bigint      NOT NULL,
    CONSTRAINT reporter_link_pkey
        PRIMARY KEY (part, reporter_id, other_part, other_id, why),
    CONSTRAINT reporter_link_part_check
        CHECK (part BETWEEN 0 AND 255 AND other_part BETWEEN 0 AND 255),
    CONSTRAINT reporter_link_other_check
        CHECK (reporter_id <> other_id),
    CONSTRAINT reporter_link_why_check
        CHECK (why IN ('same', 'username', 'number'))
);

SELECT lapor.distribute('lapor.reporter_link');

ALTER TABLE lapor.reporter_link ADD CONSTRAINT reporter_link_reporter_id_fkey
    FOREIGN KEY (part, reporter_id) REFERENCES lapor.reporter;


-- Milliseconds since 1970, the ends of bigint for the infinities; and back.

CREATE FUNCTION lapor.time_ms(p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CASE p_at WHEN '-infinity' THEN -9223372036854775808
                     WHEN 'infinity' THEN 9223372036854775807
           ELSE floor(extract(epoch FROM p_at) * 1000)::bigint END;
END
$$;

CREATE FUNCTION lapor.ms_time(p_ms bigint) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CASE p_ms WHEN -9223372036854775808 THEN '-infinity'
                     WHEN 9223372036854775807 THEN 'infinity'
           ELSE timestamptz 'epoch' + p_ms * interval '1 millisecond' END;
END
$$;


-- Is the database distributed by part? If not, lapor-intake calls the
-- functions that take p_part and p_parts once for all parts of a batch: p_part
-- is then NULL, and each element's part stands in p_parts. If it is, once for
-- each part, which p_part names, so that the call can be handed to the node
-- that has it; p_parts is then not read. Their statements say coalesce(p_part,
-- part of the element), which is p_part alone wherever there is one.

CREATE FUNCTION lapor.distributed() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus');
END
$$;


-- Writes messages into the dedupe ledger and looks their senders up. One row
-- back for each item that is new here (an item known before, or standing
-- twice in the batch, comes back once or not at all): idx counts from 1;
-- reporter_id is NULL for an identity that nobody has; peer is the identity
-- that came with this one last time. early: the message is older than the
-- first sighting of who has the identity now, so that reporter_id may be
-- somebody else's and who.c must have a look. p_part and p_parts: see
-- lapor.distributed.

DROP FUNCTION lapor.intake_open(smallint, text[], timestamptz[], text[]);

CREATE FUNCTION lapor.intake_open(p_part smallint, p_wamid text[],
    p_sent_at timestamptz[], p_identity text[],
    p_parts smallint[] DEFAULT NULL)
RETURNS TABLE (idx integer, home_part smallint, reporter_id bigint, peer text,
               early boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
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


-- Where identities lead at certain times ('epoch': now), as intake_open says
-- it: a row for each that leads to somebody, or did after that time.

DROP FUNCTION lapor.identity_find(smallint, text[]);

CREATE FUNCTION lapor.identity_find(p_part smallint, p_identity text[],
    p_at timestamptz[], p_parts smallint[] DEFAULT NULL)
RETURNS TABLE (idx integer, home_part smallint, reporter_id bigint, peer text,
               early boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- Remembers identities, and the identity each came with. A new one begins
-- where its last holder ended. Raises 40001 where one belongs to somebody
-- else by now: run the batch again. Locks: parts ascending, identities
-- ascending.

DROP FUNCTION lapor.identity_link(smallint, text[], text[], text[],
    smallint[], bigint[], timestamptz[]);

CREATE FUNCTION lapor.identity_link(p_part smallint, p_identity text[],
    p_kind text[], p_peer text[], p_home_part smallint[],
    p_reporter_id bigint[], p_seen_at timestamptz[],
    p_parts smallint[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
    SET enable_seqscan = off SET enable_hashjoin = off
    SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
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


-- All tenures of an identity as one text, a line each, ascending: since,
-- until, home part, reporter, first sighting (milliseconds), peer.

CREATE FUNCTION lapor.identity_image(p_part smallint, p_identity text)
RETURNS text
LANGUAGE plpgsql STABLE AS $$
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


-- The images of identities, in their order; NULL for one never seen.

CREATE FUNCTION lapor.identity_read(p_part smallint, p_identity text[])
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT lapor.identity_image(p_part, u.identity)
      FROM unnest(p_identity) WITH ORDINALITY AS u (identity, ord)
     ORDER BY u.ord;
END
$$;


-- The identities of this part that a reporter has or had.

CREATE FUNCTION lapor.identity_held(p_part smallint, p_home_part smallint,
    p_reporter_id bigint)
RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


-- Replaces the tenures of an identity, the one that ends at 'infinity' being
-- who has it now. p_image is what was read. Times in milliseconds. Raises
-- 40001 if it is not what is there.

CREATE FUNCTION lapor.identity_write(p_part smallint, p_identity text,
    p_kind text, p_image text, p_since bigint[], p_until bigint[],
    p_home_part smallint[], p_reporter_id bigint[], p_seen_at bigint[],
    p_peer text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Writes down what happened to an identity. p_from_part and p_from_reporter
-- are NULL where it had no holder. p_at in milliseconds.

CREATE FUNCTION lapor.identity_tell(p_part smallint, p_identity text,
    p_what text, p_at bigint, p_peer text, p_from_part smallint,
    p_from_reporter bigint, p_to_part smallint, p_to_reporter bigint,
    p_raw_id bigint, p_now timestamptz)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    INSERT INTO lapor.identity_history (part, history_id, identity, what, at,
        told_at, peer, from_part, from_reporter, to_part, to_reporter, raw_id)
    VALUES (p_part, nextval('lapor.id_seq'), p_identity, p_what,
            lapor.ms_time(p_at), p_now, p_peer, p_from_part, p_from_reporter,
            p_to_part, p_to_reporter, p_raw_id);
END
$$;


-- Who writes under a username: whoever did so last, by Meta's time. Returns
-- the holder before him, if that is somebody else: home part and reporter.

CREATE FUNCTION lapor.identity_use(p_part smallint, p_identity text,
    p_home_part smallint, p_reporter_id bigint, p_at timestamptz,
    p_raw_id bigint, p_now timestamptz)
RETURNS TABLE (home_part smallint, reporter_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- A reporter of whom only moves are known yet. Returns his id.

CREATE FUNCTION lapor.reporter_add(p_part smallint, p_at timestamptz)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
DECLARE
    v_id bigint := nextval('lapor.id_seq');
BEGIN
    INSERT INTO lapor.reporter (part, reporter_id, first_seen_at)
    VALUES (p_part, v_id, p_at);

    RETURN v_id;
END
$$;


-- This reporter's half of a link between two.

CREATE FUNCTION lapor.reporter_tie(p_part smallint, p_reporter_id bigint,
    p_other_part smallint, p_other_id bigint, p_why text, p_at bigint,
    p_raw_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    INSERT INTO lapor.reporter_link (part, reporter_id, other_part, other_id,
                                     why, at, raw_id)
    VALUES (p_part, p_reporter_id, p_other_part, p_other_id, p_why,
            lapor.ms_time(p_at), p_raw_id)
    ON CONFLICT (part, reporter_id, other_part, other_id, why) DO NOTHING;
END
$$;


-- Says in the audit of each open report of a reporter what happened to his
-- identities, which are masked: the history has them.

CREATE FUNCTION lapor.reporter_audit(p_part smallint, p_reporter_id bigint,
    p_kind text, p_identity text, p_peer text, p_at bigint, p_raw_id bigint)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


GRANT EXECUTE ON FUNCTION lapor.distributed, lapor.intake_open,
      lapor.identity_find,
      lapor.identity_link, lapor.identity_read, lapor.identity_held,
      lapor.identity_write, lapor.identity_tell, lapor.identity_use,
      lapor.reporter_add, lapor.reporter_tie, lapor.reporter_audit
   TO lapor_intake;
