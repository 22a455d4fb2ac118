/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * What `webhook send` needs to know: where to post, with which secret, and
 * where the media of its files go.
 */

#ifndef LAPOR_CTL_SENDER_H
#define LAPOR_CTL_SENDER_H

#include <stddef.h>

#include "laporctl/ctl.h"
#include "laporctl/template.h"
#include "lib/http.h"


struct ctl_sender {
    struct ctl_args      *args;
    struct lapor_pool    *pool;
    struct lapor_http    *http;
    struct ctl_template   template;
    char                 *url;
    char                 *secret;       /* heap; wiped at the end */
    char                 *graph_url;    /* or NULL */
    char                 *profile_dir;  /* or NULL */
    const char           *path;         /* of the file being sent */
    const char          **files;
    size_t                nfiles;
};


/*
 * From options, --env FILE, the environment and lapor.conf, in this order;
 * the last is only read when the others leave something open. Returns the
 * program's exit status, 0 when all is there.
 */
int lapor_ctl_sender_open(struct ctl_sender *s);
void lapor_ctl_sender_close(struct ctl_sender *s);

#endif
