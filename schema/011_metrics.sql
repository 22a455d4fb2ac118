-- What the workers' pages for Prometheus show and only the database knows.

SET LOCAL lock_timeout = '10s';


-- How many tasks of this kind could be taken now, and for how many ms the
-- oldest of them could have been (0 when there is none). Of each part at most
-- 1000 are counted, so that the answer takes milliseconds whatever waits.

CREATE FUNCTION lapor.task_backlog(p_kind text, OUT due bigint,
    OUT oldest_ms bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- As before, but an answer that is too late is a row, too, without body: the
-- worker counts it and has nothing to send.

CREATE OR REPLACE FUNCTION lapor.reply_claim(p_part smallint, p_owner text,
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


-- How many alerts are open, by kind and severity.

CREATE FUNCTION lapor.alert_open_counts()
RETURNS TABLE (kind text, severity text, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT a.kind, a.severity, count(*)
      FROM lapor.alert a
     WHERE a.closed_at IS NULL
     GROUP BY a.kind, a.severity;
END
$$;


-- The months whose rows lie in the default partitions, as '2026-11', and how
-- many there are; 'epoch', which has its place there, is none. Of each table
-- at most 10,000 rows are looked at, so that the answer takes milliseconds.

CREATE FUNCTION lapor.default_months()
RETURNS TABLE (month text, n bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


GRANT EXECUTE ON FUNCTION lapor.default_months TO lapor_intake, lapor_ctl;
GRANT EXECUTE ON FUNCTION lapor.alert_open_counts
   TO lapor_intake, lapor_ctl, lapor_reader;
GRANT EXECUTE ON FUNCTION lapor.task_backlog TO lapor_media, lapor_reply;
