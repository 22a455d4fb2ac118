/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * The lexicon and what is read out of a text with it.  Inside of the
 * classifier only.
 *
 * A row says: each of these phrases adds this weight to that target, once a
 * message.  A target is a category or a signal, a property of the message
 * that the rules weigh.  Weights: 10 a hint, 20 to 30 likely, 50 enough by
 * itself, 80 stronger than most other things the text may say.
 *
 * A phrase is one to five words in normal spelling, roots rather than forms
 * (affixes are taken off the text's words, see fold.c); phrases are parted
 * by "|".  The words of a phrase must follow each other with at most one
 * other word between two of them; "a & b" wants both, anywhere.  A number
 * is the word "0", unless the number itself is in the lexicon.
 */

#ifndef LAPOR_CLASSIFY_LEXICON_H
#define LAPOR_CLASSIFY_LEXICON_H

#include <stddef.h>
#include <stdint.h>

#include "classify/classify.h"


#define LAPOR_WORD_LEN    24      /* bytes of a folded word, its end included */
#define LAPOR_TOKEN_WORDS  3      /* readings of one token */


enum lapor_signal {
    SIG_NOW = LAPOR_CATEGORIES,   /* going on */
    SIG_RECENT,                   /* minutes to hours ago */
    SIG_PAST,                     /* yesterday and before */
    SIG_REPEAT,                   /* habitually */
    SIG_PLAN,                     /* yet to come, a rumour */
    SIG_DANGER,                   /* a life or a body at stake */
    SIG_ARMED,                    /* blades, guns, in somebody's hand */
    SIG_FOUND,                    /* an old thing that somebody found */
    SIG_HAZARD,                   /* of traffic, before the crash */
    SIG_FLED,                     /* the offender is gone */
    SIG_CALM,                     /* nobody hurt, over, dealt with */
    SIG_DISTRESS,                 /* a cry for help, whatever for */
    SIG_QUESTION,
    SIG_HYPOTHESIS,               /* if, suppose */
    SIG_FICTION,                  /* film, dream, game, drill */
    SIG_RETRACT,                  /* it was nothing after all */
    SIG_COURTESY,                 /* greeting, thanks, a test */
    SIG_LAUGH,
    SIG_ADVERT,
    SIG_INSULT,
    SIG_FLIRT,
    SIG_ABSURD,
    SIG_OFFICE,                   /* the police in general, also addressed */
    SIG_POLICE,                   /* a policeman, his rank or his unit */
    SIG_POLICE_DEED,              /* what is complained of */
    SIG_SOLDIER,
    SIG_CHILD,
    SIG_PARTNER,                  /* husband, wife, parents: the household */
    SIG_VIOLENCE,
    SIG_SEX,
    SIG_WATER,                    /* sea, river, boats */
    SIG_TAKING,                   /* something was taken */
    SIG_SECRET,                   /* wants to stay unnamed, fears revenge */
    SIG_SUICIDE,
    SIG_DEATH,
    SIG_PATROL,                   /* patrols wanted */
    SIG_MEDIATE,                  /* a dispute, mediation wanted */
    SIG_GAMBLE,
    SIG_OFFLINE,                  /* fraud face to face */
    SIG_RADICAL,
    SIG_PROTEST,                  /* demonstration, strike */
    SIG_LANTAS,                   /* counter services: licences, plates */
    SIG_INTEL,                    /* certificates of conduct, permits */
    SIG_CASE,                     /* own case, evidence, progress letter */
    SIG_COUNSEL,                  /* counselling at school or village */
    SIG_GUARD,                    /* guarding a house or an event */
    SIG_CAREER,                   /* recruitment, press, internship */
    SIG_PHRASES,                  /* the end of signals that rows may name */

    SIG_WORDS = SIG_PHRASES,      /* tokens in the text */
    SIG_NEGATED,                  /* weight of what "bukan" took away */
    SIG_MARK,                     /* question marks */
    SIG_TARGETS
};


struct lapor_lexicon_row {
    uint8_t      target;
    int8_t       weight;
    const char  *phrases;
};


/* Each table ends with a row without phrases. */

extern const struct lapor_lexicon_row  lapor_lexicon_crime[];
extern const struct lapor_lexicon_row  lapor_lexicon_event[];
extern const struct lapor_lexicon_row  lapor_lexicon_signal[];

/* "normal form|variant|variant ...", ended by NULL. */

extern const char *const  lapor_lexicon_spelling[];


/*
 * Reads the next folded word of text from *pos: lower case Latin letters or
 * digits, accents off, drawn out letters made one, "anak2" as "anak", laughing
 * faces as "wkwk".  Writes at most LAPOR_WORD_LEN bytes, NUL included; a
 * longer word is cut.  Adds the marks passed over to *marks.  Returns the
 * length, 0 at the end of the text.
 */

struct lapor_marks {
    int  questions;
    int  stops;                   /* all that ends a clause, "?" too */
};

size_t lapor_fold_next(const unsigned char *text, size_t len, size_t *pos,
    char *word, struct lapor_marks *marks);

/*
 * The roots that a folded word may have, affixes off: calls look for each
 * candidate until it returned non-zero LAPOR_TOKEN_WORDS times.  word is
 * NUL-terminated and of len bytes, the first of them a letter.
 */

typedef int (*lapor_root_pt)(void *data, const char *root, size_t len);

void lapor_fold_roots(const char *word, size_t len, lapor_root_pt look,
    void *data);


/*
 * Adds up the lexicon over a text: score[SIG_TARGETS] by category and signal.
 * Returns -1 if the lexicon does not fit.
 */

int lapor_lexicon_score(const char *text, size_t len, int *score);


#endif
