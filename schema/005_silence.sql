-- The silence monitor: which numbers should have heard something by now.
-- Read-only, and about all parts at once: a number's messages lie in the
-- parts of their senders.
--
-- It must hold for 50 messages a day as for 5,000, and at night, so no fixed
-- pause tells an outage from a quiet hour. What a number has in the same hours
-- of other days does:
--
--   window    the silence itself (24 hours at most), at the same time of day
--             on each of the last 14 days before the silence began
--   count     persons who wrote in it. Not messages: an album is 30 messages
--             and three statuses for each answer, all of one person
--   expected  the lower quartile of these counts; after more than a day,
--             multiplied by the days that the silence has lasted
--   silent    expected >= 8
--
-- Why the lower quartile: a flood on one day, an outage of up to three, or
-- quieter weekends (4 days of 14) do not move it, where they would move a
-- mean by any amount.
--
-- Why 8: persons come independently, so that in terms of the expected count
-- each pause between two of them is exponential with mean 1, and lasts until
-- T persons should have come with probability exp(-T). T is where the quartile
-- reaches 8: each day reaches it after Gamma(8) of the expected count, and
-- 11 days of 14 must have, so T is the 11th smallest of 14 such numbers and
-- E[exp(-T)] = 1.1e-4 (1.3e-4 for 7 days, 2.7e-3 with 5 in the place of 8).
-- 50 persons a day make 18,250 pauses a year: about two false alarms a year,
-- about fifty with 5. The price is the delay: about ten persons (E[T] = 9.7),
-- five hours of a day with 50, and p_minutes for a busy number.

SET LOCAL lock_timeout = '10s';


CREATE INDEX message_number_idx
    ON lapor.message (phone_number_id, received_at);


-- When a message to this number last came in. Looks into the last months
-- first, then at the newest entry of each month's index.

CREATE FUNCTION lapor.number_heard(p_phone_number_id text,
    p_now timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
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


-- When the last status of a message from this number was given, of those sent
-- after p_from; Meta's time, since that of receipt is not kept.

CREATE FUNCTION lapor.number_answered(p_phone_number_id text,
    p_from timestamptz, p_now timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
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


-- How many persons wrote to this number in the p_length before p_end, and in
-- the same hours of each of the 13 days before: as many days as it has been
-- in use for, those of the last six weeks.

CREATE FUNCTION lapor.number_days(p_phone_number_id text,
    p_end timestamptz, p_length interval)
RETURNS integer[]
LANGUAGE plpgsql STABLE AS $$
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


-- One JSON object for each number in use, of all units in use:
--
--   unit, phone_number_id
--   verdict         alive   something came within p_minutes
--                   quiet   nothing did, as is usual at this time
--                   silent  nothing did, and that is an alarm
--                   new     nothing did, but there is no week to compare with
--                   never   no message has ever come
--   last_at         the last sign of life, a message or a status
--   silent_minutes  since then
--   expected        persons that should have written since then
--   days            how many days that is known from

CREATE FUNCTION lapor.silence(p_minutes integer, p_now timestamptz)
RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
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


GRANT EXECUTE ON FUNCTION lapor.silence TO lapor_ctl, lapor_reader;
