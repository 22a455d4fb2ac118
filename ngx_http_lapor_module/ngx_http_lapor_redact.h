
/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The verify token in what nginx logs of any request; see
 * ngx_http_lapor_redact.c.
 */


#ifndef _NGX_HTTP_LAPOR_REDACT_H_INCLUDED_
#define _NGX_HTTP_LAPOR_REDACT_H_INCLUDED_


#include "ngx_http_lapor.h"


/* logs: ngx_log_t *, each once; of each server's and location's error_log */
ngx_int_t ngx_http_lapor_redact_log(ngx_array_t *logs, ngx_log_t *log);

/* the log phase, before nginx's own access_log; after the configuration */
ngx_int_t ngx_http_lapor_redact_access(ngx_conf_t *cf);

/* in a worker, once its configuration is final */
ngx_int_t ngx_http_lapor_redact_init(ngx_cycle_t *cycle, ngx_array_t *logs);

/* cuts the query out of all that nginx may still say of the request */
void ngx_http_lapor_redact_request(ngx_http_request_t *r);


#endif /* _NGX_HTTP_LAPOR_REDACT_H_INCLUDED_ */
