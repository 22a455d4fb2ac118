
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The verify token stands in the query of Meta's handshake, and nginx repeats
 * a request's first line in what it says of it: of one that it refuses before
 * it knows the location, too, or that goes elsewhere since the address was
 * mistyped.  No handler of ours runs before such a line is written, so it is
 * looked at on its way to the log: what follows a "?" and has "verify_token" in
 * it, plain or percent-encoded, is left out.
 *
 * Each error_log of http gets a writer in each worker, as nginx's syslog has
 * one; access_log is a handler of the log phase, and another goes before it.
 */


#include "ngx_http_lapor_redact.h"


#define NGX_HTTP_LAPOR_REDACT_NAME  "verify_token"
#define NGX_HTTP_LAPOR_REDACT_TEXT  "..."


/* who would have written the line; both may be NULL: a file */

typedef struct {
    ngx_log_t           *log;
    ngx_log_writer_pt    writer;
    void                *wdata;
    time_t               full;      /* when the disk was */
} ngx_http_lapor_redact_t;


static ngx_int_t ngx_http_lapor_redact_chain(ngx_cycle_t *cycle,
    ngx_log_t *log);
static void ngx_http_lapor_redact_undo(void *data);
static void ngx_http_lapor_redact_writer(ngx_log_t *log, ngx_uint_t level,
    u_char *buf, size_t len);
static void ngx_http_lapor_redact_file(ngx_log_t *log,
    ngx_http_lapor_redact_t *redact, ngx_uint_t level, u_char *buf,
    size_t len);
static size_t ngx_http_lapor_redact_line(u_char *dst, u_char *line,
    size_t len);
static u_char *ngx_http_lapor_redact_find(u_char *p, u_char *last);
static ngx_uint_t ngx_http_lapor_redact_match(u_char *p, u_char *last);
static u_char *ngx_http_lapor_redact_end(u_char *p, u_char *last);
static ngx_int_t ngx_http_lapor_redact_handler(ngx_http_request_t *r);
static void ngx_http_lapor_redact_cut(ngx_str_t *text);
static void ngx_http_lapor_redact_forget(ngx_http_request_t *r,
    ngx_int_t index);


ngx_int_t
ngx_http_lapor_redact_log(ngx_array_t *logs, ngx_log_t *log)
{
    ngx_uint_t   i;
    ngx_log_t  **slot;

    slot = logs->elts;

    for (i = 0; i < logs->nelts; i++) {
        if (slot[i] == log) {
            return NGX_OK;
        }
    }

    slot = ngx_array_push(logs);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    *slot = log;

    return NGX_OK;
}


ngx_int_t
ngx_http_lapor_redact_access(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_array_t                 *phase;
    ngx_http_handler_pt         *h;
    ngx_http_core_main_conf_t   *cmcf;
    ngx_http_lapor_main_conf_t  *mcf;

    static ngx_str_t  uri = ngx_string("request_uri");
    static ngx_str_t  line = ngx_string("request");

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_lapor_module);
    mcf->uri_index = ngx_http_get_variable_index(cf, &uri);
    mcf->line_index = ngx_http_get_variable_index(cf, &line);

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    phase = &cmcf->phases[NGX_HTTP_LOG_PHASE].handlers;

    if (mcf->uri_index == NGX_ERROR || mcf->line_index == NGX_ERROR
        || ngx_array_push(phase) == NULL)
    {
        return NGX_ERROR;
    }

    h = phase->elts;

    for (i = phase->nelts - 1; i > 0; i--) {
        h[i] = h[i - 1];
    }

    h[0] = ngx_http_lapor_redact_handler;

    return NGX_OK;
}


ngx_int_t
ngx_http_lapor_redact_init(ngx_cycle_t *cycle, ngx_array_t *logs)
{
    ngx_uint_t        i;
    ngx_log_t       **log;
    ngx_listening_t  *ls;

    log = logs->elts;

    for (i = 0; i < logs->nelts; i++) {
        if (ngx_http_lapor_redact_chain(cycle, log[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    /* copies, which a connection has before nginx knows its server */

    ls = cycle->listening.elts;

    for (i = 0; i < cycle->listening.nelts; i++) {
        if (ls[i].handler == ngx_http_init_connection
            && ngx_http_lapor_redact_chain(cycle, &ls[i].log) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_lapor_redact_chain(ngx_cycle_t *cycle, ngx_log_t *log)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_lapor_redact_t  *redact;

    for ( /* void */ ; log; log = log->next) {

        if (log->writer == ngx_http_lapor_redact_writer
            || (log->writer == NULL && log->file == NULL))
        {
            continue;
        }

        cln = ngx_pool_cleanup_add(cycle->pool,
                                   sizeof(ngx_http_lapor_redact_t));
        if (cln == NULL) {
            return NGX_ERROR;
        }

        redact = cln->data;
        cln->handler = ngx_http_lapor_redact_undo;

        redact->full = 0;
        redact->log = log;
        redact->writer = log->writer;
        redact->wdata = log->wdata;

        log->writer = ngx_http_lapor_redact_writer;
        log->wdata = redact;
    }

    return NGX_OK;
}


/* at level debug nginx goes on with it when the module has been unloaded */

static void
ngx_http_lapor_redact_undo(void *data)
{
    ngx_http_lapor_redact_t *redact = data;

    redact->log->writer = redact->writer;
    redact->log->wdata = redact->wdata;
}


static void
ngx_http_lapor_redact_writer(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len)
{
    ngx_log_t                 own;
    ngx_http_lapor_redact_t  *redact;

    u_char                    line[NGX_MAX_ERROR_STR];

    redact = log->wdata;

    if (len <= NGX_MAX_ERROR_STR
        && ngx_http_lapor_redact_find(buf, buf + len))
    {
        len = ngx_http_lapor_redact_line(line, buf, len);
        buf = line;
    }

    if (redact->writer) {
        own = *log;
        own.writer = redact->writer;
        own.wdata = redact->wdata;

        redact->writer(&own, level, buf, len);
        return;
    }

    ngx_http_lapor_redact_file(log, redact, level, buf, len);
}


/* as nginx does it where there is no writer */

static void
ngx_http_lapor_redact_file(ngx_log_t *log, ngx_http_lapor_redact_t *redact,
    ngx_uint_t level, u_char *buf, size_t len)
{
    /* while it starts nginx writes these there by itself */

    if (log->file->fd == ngx_stderr && ngx_use_stderr
        && level <= NGX_LOG_WARN)
    {
        return;
    }

    /* a disk that is full makes each write slow: not more than one a second */

    if (redact->full == ngx_time()) {
        return;
    }

    if (ngx_write_fd(log->file->fd, buf, len) == -1
        && ngx_errno == NGX_ENOSPC)
    {
        redact->full = ngx_time();
    }
}


/* a copy without the queries that have it, hence shorter; its length */

static size_t
ngx_http_lapor_redact_line(u_char *dst, u_char *line, size_t len)
{
    u_char  *p, *q, *from, *last, *out;

    p = line;
    last = line + len;
    out = dst;

    for ( ;; ) {
        q = ngx_http_lapor_redact_find(p, last);

        if (q == NULL) {
            return ngx_cpymem(out, p, last - p) - dst;
        }

        /* back to where the query begins */

        for (from = q; from > p; from--) {
            if (from[-1] == '?' || from[-1] == '"' || from[-1] == ' ') {
                break;
            }
        }

        out = ngx_cpymem(out, p, from - p);
        out = ngx_cpymem(out, NGX_HTTP_LAPOR_REDACT_TEXT,
                         sizeof(NGX_HTTP_LAPOR_REDACT_TEXT) - 1);

        p = ngx_http_lapor_redact_end(q, last);
    }
}


static u_char *
ngx_http_lapor_redact_find(u_char *p, u_char *last)
{
    for ( /* void */ ; p < last; p++) {

        if ((*p == '%' || (*p | 0x20) == 'v')
            && ngx_http_lapor_redact_match(p, last))
        {
            return p;
        }
    }

    return NULL;
}


/* in whatever case: a token beside a misspelt name is a token */

static ngx_uint_t
ngx_http_lapor_redact_match(u_char *p, u_char *last)
{
    u_char     *name;
    ngx_int_t   ch;

    for (name = (u_char *) NGX_HTTP_LAPOR_REDACT_NAME; *name; name++) {

        if (p == last) {
            return 0;
        }

        ch = *p++;

        if (ch == '%') {
            if (last - p < 2) {
                return 0;
            }

            ch = ngx_hextoi(p, 2);
            p += 2;
        }

        if (ngx_tolower(ch) != *name) {
            return 0;
        }
    }

    return 1;
}


/*
 * The end of the quoted text that p is in.  A client may have sent a quote, or
 * a blank, so it is the quote that something of nginx' follows.
 */

static u_char *
ngx_http_lapor_redact_end(u_char *p, u_char *last)
{
    u_char  *q;

    if (last > p && last[-1] == LF) {
        last--;
    }

    for (q = p; q < last; q++) {
        if (*q == '"'
            && (last - q == 1
                || (last - q > 2 && q[1] == ',' && q[2] == ' ')))
        {
            return q;
        }
    }

    return last;
}


static ngx_int_t
ngx_http_lapor_redact_handler(ngx_http_request_t *r)
{
    u_char           *p, *last;
    ngx_table_elt_t  *referer;

    /* of a first line that nginx could not read, $request is what has come */

    if (r->request_line.data == NULL && r->request_start && r->header_in) {
        p = r->request_start;

        while (p < r->header_in->last && *p != CR && *p != LF) {
            p++;
        }

        r->request_line.data = r->request_start;
        r->request_line.len = p - r->request_start;
    }

    /* a webhook has no query: this is all that it costs */

    last = r->request_line.data + r->request_line.len;
    p = ngx_strlchr(r->request_line.data, last, '?');

    if ((p && ngx_http_lapor_redact_find(p, last))
        || ngx_http_lapor_redact_find(r->args.data,
                                      r->args.data + r->args.len))
    {
        ngx_http_lapor_redact_request(r);
    }

    /* a browser's, on its way from a handshake that was tried by hand */

    referer = r->headers_in.referer;

    if (referer
        && ngx_http_lapor_redact_find(referer->value.data,
                                      referer->value.data
                                      + referer->value.len))
    {
        ngx_http_lapor_redact_cut(&referer->value);
    }

    return NGX_OK;
}


void
ngx_http_lapor_redact_request(ngx_http_request_t *r)
{
    ngx_http_lapor_main_conf_t  *mcf;

    ngx_str_null(&r->args);

    ngx_http_lapor_redact_cut(&r->request_line);
    ngx_http_lapor_redact_cut(&r->unparsed_uri);

    mcf = ngx_http_get_module_main_conf(r, ngx_http_lapor_module);

    ngx_http_lapor_redact_forget(r, mcf->uri_index);
    ngx_http_lapor_redact_forget(r, mcf->line_index);
}


static void
ngx_http_lapor_redact_cut(ngx_str_t *text)
{
    u_char  *p;

    p = ngx_strlchr(text->data, text->data + text->len, '?');
    if (p) {
        text->len = p - text->data;
    }
}


/* what a request keeps once it was asked for it, by a map for example */

static void
ngx_http_lapor_redact_forget(ngx_http_request_t *r, ngx_int_t index)
{
    r->variables[index].valid = 0;
    r->variables[index].not_found = 0;
}
