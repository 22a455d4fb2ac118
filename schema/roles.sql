-- Roles of a Lapor database cluster. Cluster-wide, so not a migration:
-- applied by `laporctl setup` before the migrations, any number of times.
--
--   lapor_owner   owns every object; nobody logs in as it
--   lapor_intake  lapor-intake: stores webhooks; EXECUTE on its functions only
--   lapor_media   lapor-media: claims downloads and records them
--   lapor_reply   lapor-reply: claims answers and records them
--   lapor_ctl     laporctl: imports units, reads everything, marks replays
--   lapor_reader  reads every table, changes nothing
--
-- Passwords are not set here: peer authentication on one machine, or
-- `ALTER ROLE ... PASSWORD` by the administrator.

DO $$
DECLARE
    r text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lapor_owner') THEN
        CREATE ROLE lapor_owner NOLOGIN;
    END IF;

    FOREACH r IN ARRAY ARRAY['lapor_intake', 'lapor_media', 'lapor_reply',
                             'lapor_ctl', 'lapor_reader']
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', r);
        END IF;

        -- a worker that hangs holds nothing for long; its statement ends
        -- before it gives up waiting (database_timeout, 30 s), since one that
        -- nobody waits for still holds its rows
        EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', r,
                       CASE WHEN r IN ('lapor_ctl', 'lapor_reader')
                            THEN '60s' ELSE '25s' END);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''20s''', r);

        -- a process that was stopped must not keep its reporters' rows from
        -- the others, who take its entries within seconds
        EXECUTE format('ALTER ROLE %I SET '
                       'idle_in_transaction_session_timeout = %L', r,
                       CASE WHEN r IN ('lapor_ctl', 'lapor_reader')
                            THEN '60s' ELSE '10s' END);
    END LOOP;

    GRANT lapor_reader TO lapor_ctl;
END
$$;
