-- Messages into reports by the functions of the schema, as lapor-intake calls
-- them, in one statement: what the tests of other things need before they can
-- begin. Which report a message joins is decided here by the simplest rule, a
-- day and the number; the real ones are C, tested by t/unit/talk_test.c and
-- t/stream/talk.t.

CREATE SCHEMA lapor_test;
GRANT USAGE ON SCHEMA lapor_test TO lapor_intake;

CREATE FUNCTION lapor_test.intake_store(p_part smallint, p_now timestamptz,
    p_reporter_id bigint[], p_identity text[], p_identity_kind text[],
    p_peer text[], p_name text[], p_username text[], p_wamid text[],
    p_sent_at timestamptz[], p_received_at timestamptz[], p_raw_id bigint[],
    p_phone_number_id text[], p_type text[], p_body text[], p_detail text[],
    p_damaged boolean[], p_media_id text[], p_mime_type text[],
    p_filename text[], p_sha256 text[], p_url text[], p_category text[],
    p_urgency text[], p_function text[], p_sensitive boolean[],
    p_prank real[], p_confidence real[], p_opens boolean[],
    p_answers boolean[], p_lat double precision[], p_lon double precision[])
RETURNS TABLE (idx integer, reporter_id bigint, report_id bigint,
               opened boolean, answer_task boolean, media_task boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = lapor, pg_temp AS $$
#variable_conflict use_column
DECLARE
    c_vague    constant text[] := '{ambigu,bukan_laporan,spam_prank}';
    v_count    integer := cardinality(p_wamid);
    v_first    integer[];       -- the first message of each sender
    v_reporter bigint[];
    v_at       timestamptz[];
    v_order    integer[];
    v_report   bigint[] := array_fill(NULL::bigint, ARRAY[v_count]);
    v_opened   boolean[] := array_fill(false, ARRAY[v_count]);
    v_answer   boolean[] := array_fill(false, ARRAY[v_count]);
    v_known    text[];
    v_codes    bigint;
    v_reports  lapor.report[] := '{}';
    v_events   lapor.event[] := '{}';
    v_event    text;
    r          lapor.report%ROWTYPE;
    e          lapor.event%ROWTYPE;
    i          integer;
    n          integer;
BEGIN
    SELECT array_agg(f.ord ORDER BY f.reporter_id, f.identity) INTO v_first
      FROM (SELECT DISTINCT ON (coalesce(u.reporter_id::text, u.identity))
                   u.ord::integer, u.reporter_id, u.identity
              FROM unnest(p_reporter_id, p_identity) WITH ORDINALITY
                   AS u (reporter_id, identity, ord)
             ORDER BY coalesce(u.reporter_id::text, u.identity), u.ord) f;

    CREATE TEMP TABLE who ON COMMIT DROP AS
    SELECT s.first, o.reporter_id, o.codes
      FROM unnest(v_first) WITH ORDINALITY AS s (first, ord)
      JOIN lapor.reporter_open(p_part,
               (SELECT array_agg(p_reporter_id[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_identity[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_identity_kind[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_peer[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_name[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_username[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_received_at[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k)),
               (SELECT array_agg(p_received_at[f] ORDER BY k)
                  FROM unnest(v_first) WITH ORDINALITY AS x (f, k))) o
        ON o.idx = s.ord;

    SELECT max(w.codes) INTO v_codes FROM pg_temp.who w;

    SELECT array_agg((SELECT w.reporter_id FROM pg_temp.who w
                       WHERE coalesce(p_reporter_id[w.first]::text,
                                      p_identity[w.first])
                             = coalesce(u.reporter_id::text, u.identity)
                       LIMIT 1) ORDER BY u.ord),
           array_agg(CASE u.sent_at WHEN 'epoch' THEN u.received_at
                     ELSE u.sent_at END ORDER BY u.ord)
      INTO v_reporter, v_at
      FROM unnest(p_reporter_id, p_identity, p_sent_at, p_received_at)
           WITH ORDINALITY
           AS u (reporter_id, identity, sent_at, received_at, ord);

    DROP TABLE pg_temp.who;

    SELECT array_agg(u.ord::integer
                     ORDER BY u.reporter_id, u.phone_number_id, u.at, u.ord)
      INTO v_order
      FROM unnest(v_reporter, p_phone_number_id, v_at) WITH ORDINALITY
           AS u (reporter_id, phone_number_id, at, ord);

    FOREACH i IN ARRAY v_order LOOP
        -- what this call has in hand, else what is stored

        r := NULL;
        n := NULL;

        FOR k IN REVERSE cardinality(v_reports) .. 1 LOOP
            IF v_reports[k].reporter_id = v_reporter[i]
               AND v_reports[k].phone_number_id = p_phone_number_id[i]
               AND (NOT p_opens[i]
                    OR (v_reports[k].closed_at IS NULL
                        AND v_reports[k].last_message_at
                            >= v_at[i] - interval '24 hours'
                        AND v_reports[k].first_message_at
                            <= v_at[i] + interval '24 hours'))
            THEN
                n := k;
                r := v_reports[k];
                EXIT;
            END IF;
        END LOOP;

        IF n IS NULL THEN
            SELECT * INTO r
              FROM lapor.report t
             WHERE t.part = p_part AND t.reporter_id = v_reporter[i]
               AND t.phone_number_id = p_phone_number_id[i]
               AND (NOT p_opens[i]
                    OR (t.closed_at IS NULL
                        AND t.last_message_at >= v_at[i] - interval '24 hours'
                        AND t.first_message_at
                            <= v_at[i] + interval '24 hours'))
             ORDER BY t.last_message_at DESC
             LIMIT 1;
        END IF;

        v_event := NULL;

        IF r.report_id IS NULL THEN
            SELECT coalesce(max(p.unit_id), 1) INTO r.unit_id
              FROM lapor.phone_number p
             WHERE p.phone_number_id = p_phone_number_id[i];

            r.part := p_part;
            r.report_id := nextval('lapor.id_seq');
            r.reporter_id := v_reporter[i];
            r.version := 1;
            r.code := lapor.code_make(p_part, v_codes);
            r.phone_number_id := p_phone_number_id[i];
            r.category := p_category[i];
            r.urgency := p_urgency[i];
            r.function := p_function[i];
            r.state := 'new';
            r.sensitive := p_sensitive[i];
            r.answered := false;
            r.prank := p_prank[i];
            r.confidence := p_confidence[i];
            r.first_message_at := v_at[i];
            r.last_message_at := v_at[i];
            r.events := 0;
            r.head := decode(repeat('00', 32), 'hex');
            r.origin := 'citizen';
            r.drill := false;
            r.bursts := 0;
            r.called := false;
            v_codes := v_codes + 1;
            v_opened[i] := true;
            v_event := 'opened';

        ELSIF p_confidence[i] > 0 AND r.closed_at IS NULL
              AND (p_urgency[i] < r.urgency
                   OR (p_sensitive[i] AND NOT r.sensitive)
                   OR (r.category = ANY (c_vague)
                       AND p_category[i] <> ALL (c_vague)))
        THEN
            IF p_category[i] <> ALL (c_vague)
               AND (p_urgency[i] < r.urgency OR r.category = ANY (c_vague))
            THEN
                r.category := p_category[i];
                r.function := p_function[i];
                r.confidence := p_confidence[i];
            END IF;

            r.urgency := least(r.urgency, p_urgency[i]);
            r.sensitive := r.sensitive OR p_sensitive[i];
            r.version := r.version + 1;
            v_event := 'raised';
        END IF;

        v_report[i] := r.report_id;

        IF p_opens[i] THEN
            r.first_message_at := least(r.first_message_at, v_at[i]);
            r.last_message_at := greatest(r.last_message_at, v_at[i]);
        END IF;

        r.lat := coalesce(p_lat[i], r.lat);
        r.lon := coalesce(p_lon[i], r.lon);

        IF p_answers[i] AND NOT r.answered
           AND v_at[i] > p_now - interval '24 hours' + interval '1 minute'
        THEN
            r.answered := true;
            v_answer[i] := true;
        END IF;

        IF v_event IS NOT NULL THEN
            e := lapor.event_link(p_part, r.report_id, r.events + 1, r.head,
                v_event, 'lapor-intake',
                jsonb_build_object('wamid', p_wamid[i], 'state', r.state,
                                   'urgency', r.urgency));
            e.at := p_now;
            e.hash := lapor.event_hash(e.prev, e.report_id, e.seq, e.at,
                                       e.kind, e.actor, e.data);
            v_events := v_events || e;
            r.events := e.seq;
            r.head := e.hash;
        END IF;

        v_reports[coalesce(n, cardinality(v_reports) + 1)] := r;
    END LOOP;

    PERFORM lapor.report_store(p_part, p_now,
        CASE WHEN true = ANY (v_opened) THEN ARRAY[v_codes] END,
        array_agg(x.report_id = ANY (o.ids)),
        array_agg(NOT x.report_id = ANY (o.ids) AND x.version > 1),
        array_agg(x.report_id), array_agg(x.reporter_id),
        array_agg(x.unit_id), array_agg(x.version), array_agg(x.code),
        array_agg(x.phone_number_id), array_agg(x.category),
        array_agg(x.urgency), array_agg(x.function), array_agg(x.state),
        array_agg(x.sensitive), array_agg(x.answered), array_agg(x.prank),
        array_agg(x.confidence), array_agg(x.first_message_at),
        array_agg(x.last_message_at), array_agg(x.closed_at),
        array_agg(x.lat), array_agg(x.lon), array_agg(x.events),
        array_agg(x.head), array_agg(x.origin), array_agg(x.drill),
        array_agg(x.link), array_agg(x.link_report_id), array_agg(x.bursts),
        array_agg(x.called), array_agg(x.attention_at),
        array_agg(x.withdraw_asked_at), array_agg(x.album_at),
        v.report_id, v.seq, v.kind, v.data, v.prev, v.hash,
        a.report_id, a.occasion, a.expires_at, a.number, a.recipient,
        a.kind, a.body)
      FROM unnest(v_reports) x,
           (SELECT coalesce(array_agg(v_report[k])
                            FILTER (WHERE v_opened[k]), '{}') AS ids
              FROM generate_series(1, v_count) k) o,
           (SELECT coalesce(array_agg(l.report_id), '{}') AS report_id,
                   array_agg(l.seq) AS seq, array_agg(l.kind) AS kind,
                   array_agg(l.data::text) AS data,
                   array_agg(l.prev) AS prev, array_agg(l.hash) AS hash
              FROM unnest(v_events) l) v,
           (SELECT coalesce(array_agg(y.report_id), '{}') AS report_id,
                   array_agg('opening'::text) AS occasion,
                   array_agg(v_at[k] + interval '24 hours'
                             - interval '1 minute') AS expires_at,
                   array_agg(y.phone_number_id) AS number,
                   array_agg(p_identity[k]) AS recipient,
                   array_agg(p_identity_kind[k]) AS kind,
                   array_agg(replace(replace(t.body, '{unit}', u.name),
                                     '{code}', y.code)) AS body
              FROM generate_series(1, v_count) k
              JOIN unnest(v_reports) y ON y.report_id = v_report[k]
              JOIN lapor.unit u ON u.unit_id = y.unit_id
              JOIN lapor.text t ON t.key = 'reply.opening' AND t.lang = 'id'
             WHERE v_answer[k]) a
     WHERE x.part = p_part
     GROUP BY v.report_id, v.seq, v.kind, v.data, v.prev, v.hash,
              a.report_id, a.occasion, a.expires_at, a.number, a.recipient,
              a.kind, a.body;

    PERFORM lapor.reporter_name(p_part, array_agg(q.reporter_id),
                                array_agg(q.name), array_agg(q.username),
                                array_agg(timestamptz 'infinity'))
      FROM (SELECT n.reporter_id,
                   (array_agg(n.name ORDER BY n.ord DESC)
                    FILTER (WHERE n.name IS NOT NULL))[1] AS name,
                   (array_agg(n.username ORDER BY n.ord DESC)
                    FILTER (WHERE n.username IS NOT NULL))[1] AS username
              FROM unnest(v_reporter, p_name, p_username) WITH ORDINALITY
                   AS n (reporter_id, name, username, ord)
             GROUP BY n.reporter_id) q;

    RETURN QUERY
    WITH before AS MATERIALIZED (
        SELECT array_agg(f.media_id) AS ids
          FROM lapor.media f
         WHERE f.part = p_part AND f.media_id = ANY (p_media_id)
    ), stored AS MATERIALIZED (
        SELECT before.ids,
               lapor.message_store(p_part, p_now, v_report, p_sent_at,
                   p_received_at, p_raw_id, p_type, p_wamid,
                   p_phone_number_id, p_body, p_media_id, p_detail,
                   p_damaged, f.report_id, f.media_id, f.number, f.kind,
                   f.mime_type, f.filename, f.sha256, f.url, f.created_at)
          FROM before,
               (SELECT array_agg(u.report_id) AS report_id,
                       coalesce(array_agg(u.media_id), '{}') AS media_id,
                       array_agg(u.number) AS number,
                       array_agg(u.kind) AS kind,
                       array_agg(u.mime_type) AS mime_type,
                       array_agg(u.filename) AS filename,
                       array_agg(u.sha256) AS sha256,
                       array_agg(u.url) AS url,
                       array_agg(u.created_at) AS created_at
                  FROM unnest(v_report, p_media_id, p_phone_number_id,
                              p_type, p_mime_type, p_filename, p_sha256,
                              p_url, p_received_at)
                       AS u (report_id, media_id, number, kind, mime_type,
                             filename, sha256, url, created_at)
                 WHERE u.media_id IS NOT NULL) f
    )
    SELECT u.ord::integer, u.reporter_id, u.report_id, u.opened, u.answer,
           u.media_id IS NOT NULL
           AND NOT coalesce(u.media_id = ANY (stored.ids), false)
      FROM stored,
           unnest(v_reporter, v_report, v_opened, v_answer, p_media_id)
           WITH ORDINALITY
           AS u (reporter_id, report_id, opened, answer, media_id, ord)
     ORDER BY u.ord;
END
$$;

REVOKE ALL ON FUNCTION lapor_test.intake_store FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lapor_test.intake_store TO lapor_intake;
