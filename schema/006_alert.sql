-- Alerts: what a person must look at and no report says, such as a number that
-- Meta restricts, a Redis that lost its data, a clock that is wrong. One that
-- is told again while it is open is the same row, counted.

SET LOCAL lock_timeout = '10s';


CREATE TABLE lapor.alert (
    part       smallint    NOT NULL,  -- of the subject's characters
    kind       text        NOT NULL,  -- number_restricted, clock_skew ...
    subject    text        NOT NULL,  -- what it is about: a number, a stream;
                                      --   never a person
    opened_at  timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,  -- told for the last time
    closed_at  timestamptz,
    times      bigint      NOT NULL DEFAULT 1,
    severity   text        NOT NULL,
    detail     jsonb       NOT NULL,  -- no personal data
    CONSTRAINT alert_pkey PRIMARY KEY (part, kind, subject, opened_at),
    CONSTRAINT alert_part_check CHECK (part BETWEEN 0 AND 255),
    CONSTRAINT alert_kind_check CHECK (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
    CONSTRAINT alert_subject_check
        CHECK (octet_length(subject) BETWEEN 1 AND 200),
    CONSTRAINT alert_severity_check
        CHECK (severity IN ('critical', 'warning', 'info')),
    CONSTRAINT alert_times_check
        CHECK (times >= 1 AND last_at >= opened_at
               AND closed_at >= opened_at)
);

SELECT lapor.distribute('lapor.alert');

CREATE UNIQUE INDEX alert_open_key ON lapor.alert (part, kind, subject)
    WHERE closed_at IS NULL;
CREATE INDEX alert_opened_at_idx ON lapor.alert (opened_at);


-- Opens an alert, or counts one that is open. p_severity is critical,
-- warning or info; a later one may raise it. True if it was opened now. Called
-- last in a transaction: it holds the alert's row until the COMMIT.

CREATE FUNCTION lapor.alert_raise(p_part smallint, p_kind text,
    p_subject text, p_severity text, p_detail text, p_now timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
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


-- The cause is gone, or a person has seen to it. False if none was open.

CREATE FUNCTION lapor.alert_close(p_part smallint, p_kind text,
    p_subject text, p_now timestamptz)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    UPDATE lapor.alert a
       SET closed_at = greatest(p_now, a.opened_at)
     WHERE a.part = p_part AND a.kind = p_kind AND a.subject = p_subject
       AND a.closed_at IS NULL;

    RETURN FOUND;
END
$$;


GRANT EXECUTE ON FUNCTION lapor.alert_raise, lapor.alert_close
   TO lapor_intake, lapor_media, lapor_reply, lapor_ctl;
