/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The table of the page, and where each number comes from.
 */

#include <stdlib.h>

#include "intake/meter.h"
#include "intake/turn.h"
#include "lib/log.h"


enum {
    METER_WEBHOOKS,
    METER_MESSAGES,         /* new, duplicate */
    METER_REPORTS,
    METER_STATUSES,
    METER_NOTICES,
    METER_QUARANTINED,      /* webhook, item, database */
    METER_ASIDE,
    METER_TASKS,            /* media, reply */
    METER_TRANSACTIONS,     /* by enum lapor_pg_class */
    METER_SECONDS,
    METER_LAG,
    METER_BACKLOG,          /* by enum lapor_stream_kind */
    METER_OLDEST,
    METER_PARTITIONS,
    METER_LOST,
    METER_REMADE,
    METER_ALERTS,
    METER_EXACT,
    METER_DIFFERENCES,
    METER_RECONCILED,
    METERS
};


static int meter_query(struct lapor_pg *pg, struct lapor_pool *pool,
    const char *name, const char *sql, PGresult **ret_res);


static struct lapor_metric  meter[METERS] = {
    LAPOR_METRIC(COUNTER, "lapor_intake_webhooks_total",
        "Webhooks that are stored.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_messages_total",
        "Messages that were stored, and those that were there already.",
        "result", "new duplicate", 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_reports_total",
        "Reports that were opened.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_statuses_total",
        "Delivery statuses that were stored.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_notices_total",
        "Notices about accounts, numbers and templates.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_quarantined_total",
        "What was set aside: a whole webhook, one item of it that is wrong, "
        "one that PostgreSQL refuses.", "reason", "webhook item database", 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_put_aside_total",
        "Times that an item was put aside until later since its rows were held "
        "or it took too long; an item counts each time.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_tasks_total",
        "Tasks for the other workers.", "kind", "media reply", 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_transactions_total",
        "Transactions by their end; those that data refused are halved.",
        "outcome", "committed refused retried failed", 1),
    LAPOR_METRIC(SECONDS, "lapor_intake_transaction_seconds",
        "From the begin of a transaction until it is committed.", NULL, NULL,
        1),
    LAPOR_METRIC(SECONDS, "lapor_intake_lag_seconds",
        "From a webhook's receipt by nginx until it is committed.", NULL,
        NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_intake_backlog",
        "Entries that wait in the partitions of this process.", "kind",
        "message status", 1),
    LAPOR_METRIC(GAUGE, "lapor_intake_oldest_seconds",
        "For how long the oldest of them, or of those at hand, has waited.",
        NULL, NULL, 1000),
    LAPOR_METRIC(GAUGE, "lapor_intake_partitions",
        "Partitions that this process owns, of 256.", NULL, NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_leases_lost_total",
        "Partitions that went to another before they were given up.", NULL,
        NULL, 1),
    LAPOR_METRIC(COUNTER, "lapor_intake_groups_remade_total",
        "Times that a consumer group had vanished.", NULL, NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_alerts_open",
        "Alerts that are open in the database.", "kind severity", NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_reconcile_exact",
        "1 when the last reconciliation that could count all found everything "
        "that was accepted.", NULL, NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_reconcile_differences",
        "Streams in which it found a difference.", NULL, NULL, 1),
    LAPOR_METRIC(GAUGE, "lapor_reconcile_last_seconds",
        "When that one was, in Unix time; 0 when never.", NULL, NULL, 1000)
};


void
lapor_intake_meter_start(const char *address)
{
    lapor_metrics_table(meter, METERS);
    lapor_metrics_start(address, "lapor-intake");
}


void
lapor_intake_meter_end(const struct lapor_intake_store *store,
    enum lapor_pg_class class)
{
    const struct lapor_intake_count  *now;

    lapor_metric_add(&meter[METER_TRANSACTIONS], (unsigned) class, 1);

    if (class != LAPOR_PG_OK) {
        return;
    }

    now = &store->now;
    lapor_metric_observe(&meter[METER_SECONDS],
                         (lapor_time_ms() - store->at_ms) * 1000);
    lapor_metric_add(&meter[METER_WEBHOOKS], 0, (int64_t) now->webhooks);
    lapor_metric_add(&meter[METER_MESSAGES], 0, (int64_t) now->messages);
    lapor_metric_add(&meter[METER_MESSAGES], 1, (int64_t) now->duplicates);
    lapor_metric_add(&meter[METER_REPORTS], 0, (int64_t) now->reports);
    lapor_metric_add(&meter[METER_STATUSES], 0, (int64_t) now->statuses);
    lapor_metric_add(&meter[METER_NOTICES], 0, (int64_t) now->notices);
    lapor_metric_add(&meter[METER_TASKS], 0, (int64_t) now->media_tasks);
    lapor_metric_add(&meter[METER_TASKS], 1, (int64_t) now->reply_tasks);
}


void
lapor_intake_meter_dead(const struct lapor_intake_unit *unit)
{
    unsigned  reason;

    reason = unit->sqlstate[0] != '\0' ? 2 : unit->item == -1 ? 0 : 1;
    lapor_metric_add(&meter[METER_QUARANTINED], reason, 1);
}


void
lapor_intake_meter_aside(void)
{
    lapor_metric_add(&meter[METER_ASIDE], 0, 1);
}


void
lapor_intake_meter_entries(const struct lapor_entry *entries, size_t n)
{
    size_t   i;
    int64_t  now;

    now = lapor_time_ms();

    for (i = 0; i < n; i++) {
        if (!entries[i].keep) {
            lapor_metric_observe(&meter[METER_LAG],
                                 (now - entries[i].received_ms) * 1000);
        }
    }
}


void
lapor_intake_meter_lost(void)
{
    lapor_metric_add(&meter[METER_LOST], 0, 1);
}


void
lapor_intake_meter_ask(struct lapor_pg *pg, struct lapor_pool *pool)
{
    int        i;
    char      *kind, *severity;
    PGresult  *res;

    if (meter_query(pg, pool, "alert_open_counts",
                    "SELECT kind, severity, n FROM lapor.alert_open_counts()",
                    &res) == -1)
    {
        return;
    }

    lapor_metric_fresh(&meter[METER_ALERTS]);

    for (i = 0; i < PQntuples(res); i++) {
        kind = lapor_pg_get_copy(res, i, 0);
        severity = lapor_pg_get_copy(res, i, 1);
        lapor_metric_set(&meter[METER_ALERTS],
                         lapor_metric_label(&meter[METER_ALERTS], kind,
                                            severity),
                         lapor_pg_get_int(res, i, 2));
        free(kind);
        free(severity);
    }

    lapor_metric_done(&meter[METER_ALERTS]);
    PQclear(res);

    if (meter_query(pg, pool, "reconcile_last",
                    "SELECT verdict = 'exact', differences, "
                    "(extract(epoch FROM at) * 1000)::bigint "
                    "FROM lapor.reconcile_last()", &res) == -1)
    {
        return;
    }

    if (PQntuples(res) > 0) {
        lapor_metric_set(&meter[METER_EXACT], 0,
                         lapor_pg_get_bool(res, 0, 0));
        lapor_metric_set(&meter[METER_DIFFERENCES], 0,
                         lapor_pg_get_int(res, 0, 1));
        lapor_metric_set(&meter[METER_RECONCILED], 0,
                         lapor_pg_get_int(res, 0, 2));
    }

    PQclear(res);
}


static int
meter_query(struct lapor_pg *pg, struct lapor_pool *pool, const char *name,
    const char *sql, PGresult **ret_res)
{
    struct lapor_pgparams  params;

    lapor_pool_reset(pool);
    lapor_pgparams_init(&params, pool);

    if (lapor_pg_call(pg, name, sql, &params, ret_res) != LAPOR_PG_OK) {
        lapor_log_debug("could not ask for what is shown: %s",
                        lapor_pg_error(pg));
        return -1;
    }

    return 0;
}


void
lapor_intake_meter_news(const struct lapor_intake_news *news)
{
    int64_t  age;

    age = news->oldest == 0 ? 0 : lapor_time_ms() - news->oldest;

    lapor_metric_set(&meter[METER_BACKLOG], LAPOR_STREAM_MSG,
                     news->lag[LAPOR_STREAM_MSG]);
    lapor_metric_set(&meter[METER_BACKLOG], LAPOR_STREAM_STATUS,
                     news->lag[LAPOR_STREAM_STATUS]);
    lapor_metric_set(&meter[METER_OLDEST], 0, age < 0 ? 0 : age);
    lapor_metric_set(&meter[METER_PARTITIONS], 0, news->owned);
    lapor_metric_set(&meter[METER_REMADE], 0, (int64_t) news->remade);
}
