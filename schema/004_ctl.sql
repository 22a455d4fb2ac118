-- What laporctl calls, and who may call what.

SET LOCAL lock_timeout = '10s';


-- Adds or changes one unit, found by its code, and its number. The parent
-- must exist; none means headquarters. Returns added, changed or same.
-- Errors: 23503 unknown parent, 23514 a malformed value, 23505 a number that
-- another unit has.

CREATE FUNCTION lapor.unit_put(p_code text, p_level text, p_type text,
    p_name text, p_parent_code text, p_hq_lat double precision,
    p_hq_lon double precision, p_active boolean, p_phone_number_id text,
    p_display_phone text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
DECLARE
    v_parent integer;
    v_old    lapor.unit%ROWTYPE;
    v_new    lapor.unit%ROWTYPE;
    v_phone  lapor.phone_number%ROWTYPE;
    v_action text := 'same';
BEGIN
    IF p_level <> 'mabes' THEN
        SELECT u.unit_id INTO v_parent
          FROM lapor.unit u
         WHERE u.unit_code = coalesce(p_parent_code, 'MABES');

        IF NOT FOUND THEN
            RAISE EXCEPTION 'unit "%" has no parent "%"', p_code,
                  p_parent_code USING ERRCODE = 'foreign_key_violation';
        END IF;
    END IF;

    SELECT * INTO v_old FROM lapor.unit u WHERE u.unit_code = p_code;

    IF NOT FOUND THEN
        INSERT INTO lapor.unit (parent_id, unit_code, level, type, name,
                                hq_lat, hq_lon, active)
        VALUES (v_parent, p_code, p_level, p_type, p_name, p_hq_lat,
                p_hq_lon, p_active)
        RETURNING * INTO v_new;

        v_action := 'added';

    ELSE
        UPDATE lapor.unit u
           SET parent_id = v_parent, level = p_level, type = p_type,
               name = p_name, hq_lat = p_hq_lat, hq_lon = p_hq_lon,
               active = p_active
         WHERE u.unit_id = v_old.unit_id
        RETURNING * INTO v_new;

        IF v_new IS DISTINCT FROM v_old THEN
            v_action := 'changed';
        END IF;
    END IF;

    IF p_phone_number_id IS NULL THEN
        RETURN v_action;
    END IF;

    SELECT * INTO v_phone
      FROM lapor.phone_number n
     WHERE n.phone_number_id = p_phone_number_id;

    IF NOT FOUND THEN
        INSERT INTO lapor.phone_number (phone_number_id, unit_id,
                                        display_phone)
        VALUES (p_phone_number_id, v_new.unit_id, p_display_phone);

        RETURN CASE v_action WHEN 'same' THEN 'changed' ELSE v_action END;
    END IF;

    IF v_phone.unit_id <> v_new.unit_id THEN
        RAISE EXCEPTION 'number "%" belongs to another unit',
              p_phone_number_id USING ERRCODE = 'unique_violation';
    END IF;

    IF v_phone.display_phone IS DISTINCT FROM p_display_phone THEN
        UPDATE lapor.phone_number n SET display_phone = p_display_phone
         WHERE n.phone_number_id = p_phone_number_id;

        RETURN CASE v_action WHEN 'same' THEN 'changed' ELSE v_action END;
    END IF;

    RETURN v_action;
END
$$;


-- Adds one area rule of a unit. Errors: 23503 unknown unit, 23514 a malformed
-- code. Returns added or same.

CREATE FUNCTION lapor.unit_area_put(p_code text, p_op text,
    p_area_code text, p_valid_from date, p_note text)
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

    INSERT INTO lapor.unit_area (unit_id, op, area_code, valid_from, note)
    VALUES (v_unit, p_op, p_area_code, coalesce(p_valid_from, '-infinity'),
            p_note)
    ON CONFLICT (unit_id, op, area_code, valid_from) DO NOTHING;

    RETURN CASE WHEN FOUND THEN 'added' ELSE 'same' END;
END
$$;


-- The number as an operator may see it without asking: +62 800-••••-1234. Of
-- a short one, or of a user id, less than half.

CREATE FUNCTION lapor.phone_mask(p_phone text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF p_phone !~ '^[0-9]{12,}$' THEN
        RETURN '••••' || right(p_phone, least(4, length(p_phone) / 3));
    END IF;

    RETURN '+' || substr(p_phone, 1, 2) || ' ' || substr(p_phone, 3, 3)
           || '-••••-' || right(p_phone, 4);
END
$$;


-- Reports as JSON, newest first: of one unit, or of all if p_unit_code is
-- NULL; p_limit at most.

CREATE FUNCTION lapor.report_list(p_unit_code text, p_limit integer)
RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT jsonb_build_object(
               'code', r.code, 'unit', u.unit_code, 'state', r.state,
               'urgency', r.urgency, 'category', r.category,
               'function', r.function, 'sensitive', r.sensitive,
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


-- One report as JSON: itself, its messages in both directions, its media,
-- what is still to be sent, and its timeline with the audit chain checked.
-- NULL if there is none of this code.

CREATE FUNCTION lapor.report_show(p_code text) RETURNS jsonb
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
                       'lat', r.lat, 'lon', r.lon, 'reporter', p.name,
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
                       'read_at', m.read_at, 'failed_at', m.failed_at,
                       'error_code', m.error_code,
                       'error_title', m.error_title))
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
                       'error_code', t.error_code, 'error', t.error))
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


-- Is the audit chain of a report whole: every link there, each hash right,
-- the last one the report's head?

CREATE FUNCTION lapor.event_check(p_part smallint, p_report_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = lapor, pg_temp
AS $$
DECLARE
    v_head bytea := decode(repeat('00', 32), 'hex');
    v_seq  integer := 0;
    e      lapor.event%ROWTYPE;
BEGIN
    FOR e IN
        SELECT * FROM lapor.event v
         WHERE v.part = p_part AND v.report_id = p_report_id
         ORDER BY v.seq
    LOOP
        v_seq := v_seq + 1;

        IF e.seq <> v_seq OR e.prev <> v_head
           OR e.hash <> lapor.event_hash(v_head, e.report_id, e.seq, e.at,
                                         e.kind, e.actor, e.data)
        THEN
            RETURN false;
        END IF;

        v_head := e.hash;
    END LOOP;

    RETURN EXISTS (SELECT FROM lapor.report r
                    WHERE r.part = p_part AND r.report_id = p_report_id
                      AND r.events = v_seq AND r.head = v_head);
END
$$;


-- A person queued a quarantined webhook again. False if there is none such.

CREATE FUNCTION lapor.quarantine_replayed(p_part smallint, p_raw_id bigint,
    p_received_at timestamptz, p_item integer)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
BEGIN
    UPDATE lapor.quarantine q
       SET state = 'replayed', replayed_at = clock_timestamp()
     WHERE q.part = p_part AND q.raw_id = p_raw_id
       AND q.received_at = p_received_at AND q.item = p_item;

    RETURN FOUND;
END
$$;


-- Who may call what: nobody but those named here. The owner's later tables
-- (a new month's partition) are the reader's too.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA lapor FROM PUBLIC;

GRANT USAGE ON SCHEMA lapor
   TO lapor_intake, lapor_media, lapor_reply, lapor_ctl, lapor_reader;

GRANT SELECT ON ALL TABLES IN SCHEMA lapor TO lapor_reader;

ALTER DEFAULT PRIVILEGES IN SCHEMA lapor
    GRANT SELECT ON TABLES TO lapor_reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lapor.schema_version()
   TO lapor_intake, lapor_media, lapor_reply, lapor_ctl, lapor_reader;

GRANT EXECUTE ON FUNCTION lapor.months_ahead, lapor.raw_store,
      lapor.intake_open, lapor.identity_find, lapor.identity_link,
      lapor.intake_store, lapor.status_store, lapor.notice_store,
      lapor.quarantine_store
   TO lapor_intake;

GRANT EXECUTE ON FUNCTION lapor.task_due, lapor.task_retry,
      lapor.media_claim, lapor.media_release, lapor.media_stored,
      lapor.media_failed
   TO lapor_media;

GRANT EXECUTE ON FUNCTION lapor.task_due, lapor.task_retry,
      lapor.reply_claim, lapor.reply_unknown, lapor.reply_sent,
      lapor.reply_failed
   TO lapor_reply;

GRANT EXECUTE ON FUNCTION lapor.unit_put, lapor.unit_area_put,
      lapor.quarantine_replayed, lapor.months_ahead
   TO lapor_ctl;

GRANT EXECUTE ON FUNCTION lapor.report_list, lapor.report_show,
      lapor.code_read, lapor.event_check
   TO lapor_ctl, lapor_reader;
