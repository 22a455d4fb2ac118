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
