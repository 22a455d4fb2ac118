/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * laporctl classify: one text a line on standard input, one row of tab
 * separated values for each on standard output.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify/classify.h"
#include "laporctl/ctl.h"


static size_t unescape(char *line, size_t len);
static void print(const struct lapor_class *c, bool json);


int
lapor_ctl_classify(struct ctl_args *args)
{
    int                  status;
    char                *line;
    size_t               size;
    ssize_t              len;
    struct lapor_class   result;

    line = NULL;
    size = 0;
    status = 0;

    for ( ;; ) {
        errno = 0;
        len = getline(&line, &size, stdin);

        if (len == -1) {
            break;
        }

        if (len > 0 && line[len - 1] == '\n') {
            len--;
        }

        if (lapor_classify(line, unescape(line, (size_t) len), &result)
            == -1)
        {
            status = lapor_ctl_fail("the classifier's lexicon is too big");
            break;
        }

        print(&result, args->json);
    }

    if (ferror(stdin)) {
        status = lapor_ctl_fail("(standard input): %s", strerror(errno));
    }

    free(line);
    return status;
}


/* \n and \\ in place; any other backslash stands for itself. */

static size_t
unescape(char *line, size_t len)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {
        line[n] = line[i];

        if (line[i] == '\\' && i + 1 < len
            && (line[i + 1] == 'n' || line[i + 1] == '\\'))
        {
            i++;
            line[n] = line[i] == 'n' ? '\n' : '\\';
        }

        n++;
    }

    return n;
}


static void
print(const struct lapor_class *c, bool json)
{
    const char  *category, *urgency, *function;

    category = lapor_category_code(c->category);
    urgency = lapor_urgency_code(c->urgency);
    function = lapor_function_code(c->function);

    if (json) {
        printf("{\"category\":\"%s\",\"urgency\":\"%s\","
               "\"function\":\"%s\",\"sensitive\":%s,\"prank\":%.3f,"
               "\"confidence\":%.3f}\n", category, urgency, function,
               c->sensitive ? "true" : "false", c->prank, c->confidence);
        return;
    }

    printf("%s\t%s\t%s\t%d\t%.3f\t%.3f\n", category, urgency, function,
           c->sensitive != 0, c->prank, c->confidence);
}
