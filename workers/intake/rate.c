/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * How urgent and of what kind a message is, until a person decides. Words are
 * the classifier's; what comes without words is rated by what it is.
 */

#include "classify/classify.h"
#include "intake/message.h"
#include "intake/words.h"


static bool rate_evidence(const struct lapor_intake_message *m);
static bool rate_vague(enum lapor_category category);


void
lapor_intake_rate(struct lapor_intake_message *m)
{
    bool                 evidence;
    size_t               drill;
    struct lapor_class   class;
    struct lapor_str     text;

    text = m->worded ? m->event->text : LAPOR_STR_NONE;
    evidence = rate_evidence(m);

    /* a drill is rated as what it plays */
    drill = m->drill ? lapor_words_drill(text) : 0;

    /* -1 leaves the class of an empty text */
    (void) lapor_classify(text.len > drill ? text.data + drill : NULL,
                          text.len - drill, &class);

    if (!m->worded && !m->opens && !m->edits) {
        class.category = LAPOR_BUKAN_LAPORAN;
        class.urgency = LAPOR_P4;
    }

    m->trivial = m->opens && !evidence && !m->drill
                 && (m->worded ? m->withdraws || lapor_words_polite(text)
                                 || class.category == LAPOR_BUKAN_LAPORAN
                     : lapor_str_eqz(m->type, "sticker")
                       || lapor_str_eqz(m->type, "text"));

    /*
     * A photo, a voice note, a call or a place by itself is a report that
     * nobody has read yet, and "pak" or "selamat pagi" below a photo does not
     * make it less. No words that say something: it never raises an open
     * report.
     */
    if (evidence && rate_vague(class.category)) {
        class.category = LAPOR_AMBIGU;
        class.function = LAPOR_OPERATOR;
        class.urgency = LAPOR_P2;
        class.confidence = 0;
    }

    /* who shares a place wants somebody to come */
    if (m->event->location != NULL && class.urgency > LAPOR_P2) {
        class.urgency = LAPOR_P2;
    }

    m->category = lapor_category_code(class.category);
    m->urgency = lapor_urgency_code(class.urgency);
    m->function = lapor_function_code(class.function);
    m->sensitive = class.sensitive != 0;
    m->prank = class.prank;
    m->confidence = class.confidence;
}


/* A message that cannot be shown may have been anything; so may one of a type
 * that we do not know, and what an edit says if we are not told. */

static bool
rate_evidence(const struct lapor_intake_message *m)
{
    const struct lapor_event  *event;

    event = m->event;

    if (lapor_str_eqz(m->type, "sticker") || (!m->opens && !m->edits)) {
        return false;
    }

    /* an order is known, only its content is not read */
    if (!m->worded && (m->edits || (event->unknown
                                    && !lapor_str_eqz(m->type, "order"))))
    {
        return true;
    }

    return event->kind == LAPOR_EVENT_CALL
           || event->media != NULL || event->location != NULL
           || event->cards != NULL || lapor_str_eqz(m->type, "unsupported")
           || lapor_str_eqz(m->type, "unknown");
}


static bool
rate_vague(enum lapor_category category)
{
    return category == LAPOR_AMBIGU || category == LAPOR_BUKAN_LAPORAN;
}
