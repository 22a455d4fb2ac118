/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * Answers and error envelopes.
 */

#include "t/graph/answer.h"

#include "lib/codec.h"
#include "lib/timeutil.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>


struct graph_error {
    int          code;
    unsigned     status;
    const char  *title;
};


static const struct graph_error *graph_error_find(int code);
static int graph_error_of_status(unsigned status);


/* Titles and HTTP states as Meta's error reference lists them. */

static const struct graph_error  errors[] = {
    { 0, 401, "AuthException" },
    { 1, 400, "API Unknown" },
    { 2, 503, "API Service" },
    { 3, 500, "API Method" },
    { 4, 429, "API Too Many Calls" },
    { 10, 403, "Permission Denied" },
    { 33, 400, "Parameter value is not valid" },
    { 100, 400, "Invalid parameter" },
    { 190, 401, "Access token has expired" },
    { 200, 403, "API Permission" },
    { 368, 403, "Temporarily blocked for policies violations" },
    { 80007, 429, "Rate limit issues" },
    { 130429, 429, "Rate limit hit" },
    { 130472, 400, "User's number is part of an experiment" },
    { 130497, 403,
      "Business account is restricted from messaging users in this country" },
    { 131000, 500, "Something went wrong" },
    { 131005, 403, "Access denied" },
    { 131008, 400, "Required parameter is missing" },
    { 131009, 400, "Parameter value is not valid" },
    { 131016, 500, "Service unavailable" },
    { 131020, 400, "Group is not available" },
    { 131021, 400, "Recipient cannot be sender" },
    { 131026, 400, "Message undeliverable" },
    { 131030, 400, "Recipient phone number not in allowed list" },
    { 131031, 403, "Account has been locked" },
    { 131037, 400, "Display name approval is required" },
    { 131042, 400, "Business eligibility payment issue" },
    { 131045, 500, "Incorrect certificate" },
    { 131047, 400, "Re-engagement message" },
    { 131048, 429, "Spam rate limit hit" },
    { 131049, 400,
      "This message was not delivered to maintain healthy ecosystem "
      "engagement" },
    { 131051, 400, "Unsupported message type" },
    { 131052, 400, "Media download error" },
    { 131053, 400, "Media upload error" },
    { 131056, 429, "(Business Account, Consumer Account) pair rate limit hit" },
    { 131057, 500, "Business Account is in maintenance mode" },
    { 131062, 400, "Business-scoped user id is not allowed" },
    { 132000, 400, "Template param count mismatch" },
    { 132001, 400, "Template does not exist" },
    { 132005, 400, "Template hydrated text too long" },
    { 132007, 400, "Template format character policy violated" },
    { 132012, 400, "Template parameter format mismatch" },
    { 132015, 400, "Template is paused" },
    { 132016, 400, "Template is disabled" },
    { 133004, 503, "Server temporarily unavailable" },
    { 133010, 400, "Phone number not registered" },
    { 135000, 400, "Generic user error" },
    { 137000, 400, "Identity hash mismatch" },
    { 2500, 400, "Unknown path components" }
};


void
graph_answer_init(struct graph_answer *a)
{
    a->status = 200;
    (void) snprintf(a->type, sizeof(a->type), "%s", GRAPH_JSON);
    lapor_buf_init(&a->body);
    a->fd = -1;
    a->size = 0;
}


void
graph_answer_free(struct graph_answer *a)
{
    lapor_buf_free(&a->body);

    if (a->fd != -1) {
        (void) close(a->fd);
        a->fd = -1;
    }
}


void
graph_answer_error(struct graph_answer *a, unsigned status, int code,
    const char *details, ...)
{
    char                      text[512];
    char                      trace[LAPOR_BASE64_LEN(15) + 1];
    unsigned char             random[15];
    va_list                   args;
    struct lapor_buf         *b;
    const struct graph_error *error;

    if (code == 0 && status != 0) {
        code = graph_error_of_status(status);
    }

    error = graph_error_find(code);

    va_start(args, details);
    (void) vsnprintf(text, sizeof(text), details, args);
    va_end(args);

    lapor_random_bytes(random, sizeof(random));
    lapor_base64_encode(random, sizeof(random), trace);

    graph_answer_free(a);
    graph_answer_init(a);
    a->status = status != 0 ? status : error->status;

    b = &a->body;
    lapor_buf_addz(b, "{\"error\":{\"message\":");
    lapor_buf_printf(b, "\"(#%d) %s\"", code, error->title);
    lapor_buf_printf(b, ",\"type\":\"OAuthException\",\"code\":%d", code);
    lapor_buf_addz(b, ",\"error_data\":{\"messaging_product\":\"whatsapp\"");
    lapor_buf_json_member(b, "details", lapor_str_from(text));
    lapor_buf_addz(b, "}");

    if (a->status >= 500 || a->status == 429) {
        lapor_buf_addz(b, ",\"is_transient\":true");
    }

    lapor_buf_printf(b, ",\"fbtrace_id\":\"A%s\"}}", trace);
}


static const struct graph_error *
graph_error_find(int code)
{
    static const struct graph_error  other = { -1, 400, "Error" };

    size_t  i;

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].code == code) {
            return &errors[i];
        }
    }

    return &other;
}


const char *
graph_error_title(int code)
{
    return graph_error_find(code)->title;
}


static int
graph_error_of_status(unsigned status)
{
    switch (status) {

    case 401:
        return 190;

    case 403:
        return 10;

    case 429:
        return 130429;

    case 503:
        return 131016;

    default:
        return status >= 500 ? 131000 : 100;
    }
}
