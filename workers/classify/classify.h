/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The classifier: the text of one message in, what an operator's list needs
 * out.  This first classifier works by rules: a lexicon of weighted words and
 * phrases (lexicon_*.c), then the decisions of rules.c.  A trained model can
 * take its place behind this header.
 *
 * Nothing here allocates, locks, logs or fails on account of the text.  The
 * lexicon is compiled once, by whichever thread calls first, into static
 * memory that is read-only from then on: any number of threads may call at
 * the same time.  Every string returned is a constant.
 */

#ifndef LAPOR_CLASSIFY_H
#define LAPOR_CLASSIFY_H

#include <stddef.h>


/*
 * Only so much of a text is read: a WhatsApp text body is limited to 4096
 * characters, so that all of it is read whatever its script.
 */

#define LAPOR_CLASSIFY_BYTES   16384
#define LAPOR_CLASSIFY_TOKENS  1024


/*
 * The 26 categories, in the order in which people are shown them.  The codes
 * (lapor_category_code) are part of the SQL and command line interfaces; the
 * numbers are not and must not be stored.
 */

enum lapor_category {
    LAPOR_CURAS = 0,
    LAPOR_PENCURIAN,
    LAPOR_PENIPUAN_SIBER,
    LAPOR_TIPIDTER,
    LAPOR_PENGANIAYAAN,
    LAPOR_PREMANISME,
    LAPOR_TAWURAN,
    LAPOR_KDRT_ANAK,
    LAPOR_KEKERASAN_SEKSUAL,
    LAPOR_BOM_TEROR,
    LAPOR_NARKOBA,
    LAPOR_PEKAT,
    LAPOR_KETERTIBAN,
    LAPOR_LAKA_LANTAS,
    LAPOR_LALIN,
    LAPOR_KEBAKARAN,
    LAPOR_BENCANA,
    LAPOR_PERAIRAN,
    LAPOR_ORANG_HILANG,
    LAPOR_DARURAT_MEDIS,
    LAPOR_KELUHAN_POLISI,
    LAPOR_LAYANAN,
    LAPOR_BUKAN_LAPORAN,
    LAPOR_SPAM_PRANK,
    LAPOR_INSTANSI_LAIN,
    LAPOR_AMBIGU,
    LAPOR_CATEGORIES
};


/*
 * P1: life or body in danger now, on scene within 10 minutes.  P2: just
 * happened, or a danger that grows.  P3: past, repeated, a tip; an answer
 * within a day.  P4: a question, no report, or another agency's business.
 */

enum lapor_urgency {
    LAPOR_P1 = 1,
    LAPOR_P2,
    LAPOR_P3,
    LAPOR_P4
};


/* Satuan fungsi: the owner of a report, not the only one who is told. */

enum lapor_function {
    LAPOR_PAMAPTA = 0,
    LAPOR_RESKRIM,
    LAPOR_PPA_PPO,
    LAPOR_SIBER,
    LAPOR_RESNARKOBA,
    LAPOR_LANTAS,
    LAPOR_SAMAPTA,
    LAPOR_INTELKAM,
    LAPOR_BINMAS,
    LAPOR_POLAIRUD,
    LAPOR_BRIMOB,
    LAPOR_PROPAM,
    LAPOR_OPERATOR,
    LAPOR_FUNCTIONS
};


/*
 * sensitive: 1 = restricted view, masked in lists, no text in notifications.
 * prank: likelihood 0..1, a hint for a person; it never lowers the urgency.
 * confidence: 0..1, how far the category stands out; not a calibrated
 * probability.
 */

struct lapor_class {
    enum lapor_category  category;
    enum lapor_urgency   urgency;
    enum lapor_function  function;
    int                  sensitive;
    double               prank;
    double               confidence;
};


/*
 * Classifies len bytes at text: UTF-8, not necessarily valid, NUL bytes
 * allowed; text may be NULL when len is 0.  The same bytes always give the
 * same result.
 *
 * An empty text, or one of nothing but punctuation, is ambigu, P3, operator,
 * confidence 0: there is nothing to read.  What else the message holds (a
 * photo, a voice note, a call: never below P2) only the caller knows, and it
 * is he who raises the urgency.
 *
 * Returns 0; -1 only if the lexicon does not fit its tables, which is a
 * mistake in the source that the unit test shows.  *ret_class is then the
 * class of an empty text.
 */

int lapor_classify(const char *text, size_t len,
    struct lapor_class *ret_class);


/*
 * What a category has when nothing in the text moves it.  The strings of a
 * value out of range are "ambigu" and its row: a caller need not check.
 */

const char *lapor_category_code(enum lapor_category category);
const char *lapor_category_label(enum lapor_category category);
enum lapor_urgency lapor_category_urgency(enum lapor_category category);
enum lapor_function lapor_category_function(enum lapor_category category);
int lapor_category_sensitive(enum lapor_category category);

/* 0 and the category of a code such as "curas"; -1 for an unknown code. */
int lapor_category_find(const char *code, enum lapor_category *ret_category);

/* "P1" .. "P4"; "P3" for a value out of range. */
const char *lapor_urgency_code(enum lapor_urgency urgency);

/* "reskrim" ...; "operator" for a value out of range. */
const char *lapor_function_code(enum lapor_function function);


#endif
