-- What lapor-media and lapor-reply call, and what every worker calls.
--
-- A task is claimed for a time (the lease). Its attempt number is the fence:
-- a completion that names another attempt than the task's present one comes
-- too late, changes nothing and returns false.

SET LOCAL lock_timeout = '10s';


-- The schema's version. A worker that knows another one must not start.

CREATE FUNCTION lapor.schema_version() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
BEGIN
    RETURN (SELECT max(version) FROM lapor.schema_migration);
END
$$;


-- Makes the partitions of this month, of the one before and of p_ahead months
-- to come. Returns how many it made. A month whose rows have already gone to
-- the default partition is left there: they can be found as well, and moving
-- them is a person's decision. Everybody waits while this waits for a table,
-- so it does not wait long (55P03: try later).

CREATE FUNCTION lapor.months_ahead(p_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp
SET lock_timeout = '2s' AS $$
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


-- The parts that have tasks of this kind due now, ascending.

CREATE FUNCTION lapor.task_due(p_kind text) RETURNS SETOF smallint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Puts a task back, to be claimed again after p_delay. p_counts says whether
-- the task itself failed; it did not where all of its kind would have (the
-- token, the disk, a number that is held). Without p_error the last reason
-- stays.

CREATE FUNCTION lapor.task_retry(p_part smallint, p_task_id bigint,
    p_attempt integer, p_delay interval, p_counts boolean,
    p_error_code integer, p_error text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Claims due downloads. failures says how often each was put back for its
-- own sake. The rows are locked before the UPDATE: as its subquery they could
-- be chosen anew for every row of the join, and more than p_limit claimed.

CREATE FUNCTION lapor.media_claim(p_part smallint, p_owner text,
    p_limit integer, p_lease interval)
RETURNS TABLE (task_id bigint, attempt integer, failures integer,
               media_id text, phone_number_id text, mime_type text,
               announced_sha256 text, url text, expired boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Gives back at once what this owner held when it died: downloads may be
-- repeated freely. Called by a worker as it starts, for every part.

CREATE FUNCTION lapor.media_release(p_part smallint, p_owner text)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- The file is on disk, durable, under this path.

CREATE FUNCTION lapor.media_stored(p_part smallint, p_task_id bigint,
    p_attempt integer, p_sha256 text, p_path text, p_size bigint)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- The file will not come: p_state is failed, or gone when Meta has it no
-- more.

CREATE FUNCTION lapor.media_failed(p_part smallint, p_task_id bigint,
    p_attempt integer, p_state text, p_error_code integer, p_error text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- Claims due answers: each is `sending`, with its key, from here on. p_lease
-- must outlast the POST and the wait for a status that settles an unknown
-- outcome; a task found still `sending` when its lease ends is claimed again,
-- and counted and audited as possibly doubled. Answers that expired are ended
-- instead: Meta would refuse them.

CREATE FUNCTION lapor.reply_claim(p_part smallint, p_owner text,
    p_limit integer, p_lease interval)
RETURNS TABLE (task_id bigint, attempt integer, failures integer,
               unknowns integer, phone_number_id text, recipient text,
               recipient_kind text, body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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
        IF t.expires_at <= v_now THEN
            PERFORM lapor.reply_end(p_part, t.task_id, NULL,
                                    'the reply window is closed');
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

        task_id := t.task_id;
        attempt := t.attempts + 1;
        failures := t.failures;
        unknowns := t.unknowns;
        phone_number_id := t.phone_number_id;
        recipient := t.recipient;
        recipient_kind := t.recipient_kind;
        body := t.body;
        RETURN NEXT;
    END LOOP;
END
$$;


-- The outcome of a POST is unknown: the task stays `sending` for p_wait, in
-- which a status may settle it.

CREATE FUNCTION lapor.reply_unknown(p_part smallint, p_task_id bigint,
    p_attempt integer, p_wait interval, p_error text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    UPDATE lapor.task t
       SET run_at = clock_timestamp() + p_wait, error = p_error
     WHERE t.part = p_part AND t.task_id = p_task_id
       AND t.attempts = p_attempt AND t.state = 'sending';

    RETURN FOUND;
END
$$;


-- Ends an answer that will not be sent. Internal: see reply_failed.

CREATE FUNCTION lapor.reply_end(p_part smallint, p_task_id bigint,
    p_error_code integer, p_error text)
RETURNS void
LANGUAGE plpgsql AS $$
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


-- Meta refused for good.

CREATE FUNCTION lapor.reply_failed(p_part smallint, p_task_id bigint,
    p_attempt integer, p_error_code integer, p_error text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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
