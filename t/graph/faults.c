/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * The list of faults: see faults.h.  The journal holds the list as it was
 * posted, and after it one line "hit INDEX" for each strike that was counted.
 */

#include "t/graph/faults.h"

#include "lib/json.h"
#include "t/graph/journal.h"
#include "t/graph/util.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


struct graph_fault {
    char                *match;
    char                *to;            /* NULL = any */
    int64_t              left;          /* strikes left, -1 = no end */
    struct graph_effect  effect;
};

struct graph_faults {
    pthread_mutex_t       lock;
    struct graph_journal  journal;
    struct graph_fault   *list;
    size_t                n;
};


static int graph_faults_line(void *ctx, char *line, size_t len, off_t offset);
static int graph_faults_parse(struct lapor_str json,
    struct graph_fault **ret_list, size_t *ret_n, const char **ret_why);
static int graph_fault_parse(const struct lapor_json *node,
    struct graph_fault *fault, const char **ret_why);
static int graph_fault_number(const struct lapor_json *node, const char *name,
    int64_t max, int64_t *value);
static char *graph_fault_text(const struct lapor_json *node,
    const char *name);
static int graph_fault_known(struct lapor_str name);
static void graph_faults_free_list(struct graph_fault *list, size_t n);
static void graph_faults_replace(struct graph_faults *faults,
    struct graph_fault *list, size_t n);
static void graph_faults_count(struct graph_faults *faults,
    struct graph_fault *fault);


struct graph_faults *
graph_faults_open(const char *dir)
{
    struct graph_faults  *faults;

    faults = graph_alloc(sizeof(struct graph_faults));
    (void) pthread_mutex_init(&faults->lock, NULL);

    if (graph_journal_open(&faults->journal, dir, "faults.journal",
                           graph_faults_line, faults) == -1)
    {
        graph_faults_close(faults);
        return NULL;
    }

    return faults;
}


static int
graph_faults_line(void *ctx, char *line, size_t len, off_t offset)
{
    size_t                n, i;
    const char           *why;
    struct graph_fault   *list;
    struct graph_faults  *faults;

    (void) offset;

    faults = ctx;

    if (strncmp(line, "hit ", 4) == 0) {
        i = strtoul(line + 4, NULL, 10);

        if (i < faults->n && faults->list[i].left > 0) {
            faults->list[i].left--;
        }

        return 0;
    }

    if (graph_faults_parse((struct lapor_str) { line, len }, &list, &n, &why)
        == -1)
    {
        return -1;
    }

    graph_faults_replace(faults, list, n);
    return 0;
}


void
graph_faults_close(struct graph_faults *faults)
{
    if (faults == NULL) {
        return;
    }

    graph_faults_free_list(faults->list, faults->n);
    graph_journal_close(&faults->journal);
    (void) pthread_mutex_destroy(&faults->lock);
    free(faults);
}


static void
graph_faults_free_list(struct graph_fault *list, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        free(list[i].match);
        free(list[i].to);
        graph_effect_free(&list[i].effect);
    }

    free(list);
}


static void
graph_faults_replace(struct graph_faults *faults, struct graph_fault *list,
    size_t n)
{
    graph_faults_free_list(faults->list, faults->n);
    faults->list = list;
    faults->n = n;
}


void
graph_effect_free(struct graph_effect *effect)
{
    free(effect->body);
    free(effect->type);
    effect->body = NULL;
    effect->type = NULL;
}


int
graph_faults_set(struct graph_faults *faults, struct lapor_str json,
    const char **ret_why)
{
    int                 rc;
    size_t              n;
    struct lapor_buf    line;
    struct lapor_json  *root;
    struct lapor_pool  *pool;
    struct graph_fault *list;

    struct lapor_json_error  error;

    rc = -1;
    *ret_why = "is not JSON";

    lapor_buf_init(&line);
    pool = lapor_pool_create(16384);

    if (lapor_json_parse(pool, json.data, json.len, &root, &error) == -1
        || graph_faults_parse(json, &list, &n, ret_why) == -1)
    {
        goto done;
    }

    lapor_json_print(&line, root, 0);
    lapor_buf_addc(&line, '\n');

    (void) pthread_mutex_lock(&faults->lock);

    *ret_why = "could not be written";

    if (lapor_buf_check(&line) == 0
        && graph_journal_reset(&faults->journal) == 0
        && graph_journal_append(&faults->journal, line.data, line.len, NULL)
           == 0)
    {
        graph_faults_replace(faults, list, n);
        rc = 0;

    } else {
        graph_faults_free_list(list, n);
    }

    (void) pthread_mutex_unlock(&faults->lock);

done:

    lapor_pool_destroy(pool);
    lapor_buf_free(&line);

    return rc;
}


int
graph_faults_reset(struct graph_faults *faults)
{
    int  rc;

    (void) pthread_mutex_lock(&faults->lock);

    graph_faults_replace(faults, NULL, 0);
    rc = graph_journal_reset(&faults->journal);

    (void) pthread_mutex_unlock(&faults->lock);

    return rc;
}


static int
graph_faults_parse(struct lapor_str json, struct graph_fault **ret_list,
    size_t *ret_n, const char **ret_why)
{
    int                       rc;
    size_t                    n;
    struct lapor_json        *root;
    struct lapor_pool        *pool;
    struct graph_fault       *list;
    const struct lapor_json  *node;
    struct lapor_json_error   error;

    rc = -1;
    n = 0;
    list = NULL;
    *ret_why = "is not a JSON list";

    pool = lapor_pool_create(16384);

    if (lapor_json_parse(pool, json.data, json.len, &root, &error) == -1
        || !lapor_json_is(root, LAPOR_JSON_ARRAY))
    {
        goto done;
    }

    list = graph_alloc((root->count + 1) * sizeof(struct graph_fault));

    LAPOR_JSON_EACH(node, root) {
        if (graph_fault_parse(node, &list[n++], ret_why) == -1) {
            graph_faults_free_list(list, n);
            goto done;
        }
    }

    *ret_list = list;
    *ret_n = n;
    rc = 0;

done:

    lapor_pool_destroy(pool);
    return rc;
}


static int
graph_fault_parse(const struct lapor_json *node, struct graph_fault *fault,
    const char **ret_why)
{
    char                     *plan;
    int64_t                   times, status, code;
    struct graph_effect      *e;
    const struct lapor_json  *member;

    e = &fault->effect;
    times = 0;
    status = 0;
    code = 0;
    e->cut = -1;

    *ret_why = "holds something that is not a fault";

    LAPOR_JSON_EACH(member, node) {
        if (!graph_fault_known(member->name)) {
            *ret_why = "holds a fault with an unknown member";
            return -1;
        }
    }

    if (!lapor_json_is(node, LAPOR_JSON_OBJECT)
        || graph_fault_number(node, "times", 1000000000, &times) == -1
        || graph_fault_number(node, "status", 599, &status) == -1
        || graph_fault_number(node, "code", 99999999, &code) == -1
        || graph_fault_number(node, "delay_ms", 3600000, &e->delay_ms) == -1
        || graph_fault_number(node, "answer_delay_ms", 3600000,
                              &e->answer_delay_ms) == -1
        || graph_fault_number(node, "cut", INT64_MAX, &e->cut) == -1
        || (status != 0 && status < 200))
    {
        return -1;
    }

    e->status = (unsigned) status;
    e->code = (int) code;
    e->refuse = lapor_json_bool(lapor_json_get(node, "refuse")) == 1;
    e->drop = lapor_json_bool(lapor_json_get(node, "drop")) == 1;
    e->corrupt = lapor_json_bool(lapor_json_get(node, "corrupt")) == 1;
    e->body = graph_fault_text(node, "body");
    e->type = graph_fault_text(node, "type");

    fault->left = times == 0 ? -1 : times;
    fault->match = graph_fault_text(node, "match");
    fault->to = graph_fault_text(node, "to");

    plan = graph_fault_text(node, "statuses");

    if (plan != NULL) {
        e->has_plan = 1;

        if (graph_plan_parse(plan, &e->plan) == -1) {
            free(plan);
            return -1;
        }

        free(plan);
    }

    return 0;
}


static int
graph_fault_known(struct lapor_str name)
{
    static const char  *names[] = {
        "match", "to", "times", "status", "code", "body", "type", "refuse",
        "delay_ms", "answer_delay_ms", "drop", "statuses", "cut", "corrupt"
    };

    size_t  i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (lapor_str_eqz(name, names[i])) {
            return 1;
        }
    }

    return 0;
}


/* An absent member leaves the value alone. */

static int
graph_fault_number(const struct lapor_json *node, const char *name,
    int64_t max, int64_t *value)
{
    int64_t                   n;
    const struct lapor_json  *member;

    member = lapor_json_get(node, name);

    if (member == NULL || lapor_json_is(member, LAPOR_JSON_NULL)) {
        return 0;
    }

    if (lapor_json_int(member, &n) == -1 || n < 0 || n > max) {
        return -1;
    }

    *value = n;
    return 0;
}


static char *
graph_fault_text(const struct lapor_json *node, const char *name)
{
    char              *copy;
    struct lapor_str   text;

    text = lapor_json_get_text(node, name);
    if (text.data == NULL) {
        return NULL;
    }

    copy = graph_alloc(text.len + 1);
    memcpy(copy, text.data, text.len);

    return copy;
}


int
graph_faults_want_recipient(struct graph_faults *faults)
{
    int     want;
    size_t  i;

    want = 0;
    (void) pthread_mutex_lock(&faults->lock);

    for (i = 0; i < faults->n; i++) {
        if (faults->list[i].to != NULL) {
            want = 1;
        }
    }

    (void) pthread_mutex_unlock(&faults->lock);
    return want;
}


void
graph_faults_strike(struct graph_faults *faults, const char *request,
    const char *to, struct graph_effect *ret_effect)
{
    size_t               i;
    struct graph_fault  *f;

    memset(ret_effect, 0, sizeof(struct graph_effect));
    ret_effect->cut = -1;

    (void) pthread_mutex_lock(&faults->lock);

    for (i = 0; i < faults->n; i++) {
        f = &faults->list[i];

        if (f->left == 0
            || (f->match != NULL && strstr(request, f->match) == NULL)
            || (f->to != NULL && strcmp(f->to, to == NULL ? "" : to) != 0))
        {
            continue;
        }

        graph_faults_count(faults, f);

        *ret_effect = f->effect;
        ret_effect->body = f->effect.body == NULL
                           ? NULL : graph_strdup(f->effect.body);
        ret_effect->type = f->effect.type == NULL
                           ? NULL : graph_strdup(f->effect.type);
        break;
    }

    (void) pthread_mutex_unlock(&faults->lock);
}


/* A count that could not be written is one strike too many after a kill. */

static void
graph_faults_count(struct graph_faults *faults, struct graph_fault *fault)
{
    int   len, rc;
    char  line[32];

    if (fault->left == -1) {
        return;
    }

    fault->left--;

    len = snprintf(line, sizeof(line), "hit %zu\n",
                   (size_t) (fault - faults->list));
    rc = graph_journal_append(&faults->journal, line, (size_t) len, NULL);
    (void) rc;
}
