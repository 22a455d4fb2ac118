/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Compiles the lexicon into an index, once, and adds it up over a text.  The
 * index is static and read-only after lapor_lexicon_compile(), which
 * pthread_once() runs; a call keeps everything else on its stack (about
 * 15 KB).
 */

#include <pthread.h>
#include <string.h>

#include "classify/lexicon.h"


#define LAPOR_LEX_WORDS    6144
#define LAPOR_LEX_SLOTS   16384   /* a power of two, thinly filled */
#define LAPOR_LEX_RULES    6144
#define LAPOR_LEX_PHRASE      5   /* words in a phrase */
#define LAPOR_LEX_NONE        0   /* word and rule number 0 are not used */


struct lapor_lex_slot {
    uint16_t  word;
    uint16_t  tag;                /* of its hash: nearly all that is asked for
                                     is not there, and need not be compared */
};


struct lapor_lex_word {
    char      text[LAPOR_WORD_LEN];
    uint16_t  alias;              /* what it is a spelling of */
    uint16_t  rules;              /* first rule whose phrase ends with it */
    uint16_t  anywhere;           /* first "a & b" that begins with it */
    uint8_t   final;              /* known as it stands: no affixes to try */
};


struct lapor_lex_rule {
    uint16_t  words[LAPOR_LEX_PHRASE];
    uint16_t  next;               /* other rule of the same list */
    uint8_t   n;
    uint8_t   target;
    int8_t    weight;
};


struct lapor_lex {
    int                    failed;
    unsigned               nwords;
    unsigned               nrules;
    uint16_t               number;
    uint16_t               not;
    uint16_t               only;
    struct lapor_lex_slot  slots[LAPOR_LEX_SLOTS];
    struct lapor_lex_word  words[LAPOR_LEX_WORDS];
    struct lapor_lex_rule  rules[LAPOR_LEX_RULES];
};


struct lapor_token {
    int       stops;              /* clauses before it */
    uint16_t  words[LAPOR_TOKEN_WORDS];
    uint8_t   n;
    uint8_t   negated;            /* "bukan" stands just before it */
};


/* The readings of one token while its roots are looked up. */

struct lapor_reading {
    struct lapor_token  *token;
    int                  final;
};


static void lapor_lexicon_compile(void);
static void lapor_lexicon_spell(const char *row);
static void lapor_lexicon_rows(const struct lapor_lexicon_row *row);
static void lapor_lexicon_phrase(const struct lapor_lexicon_row *row,
    const char *phrase, size_t len);
static unsigned lapor_lexicon_find(const char *word, size_t len, int add);
static uint32_t lapor_lexicon_hash(const char *word, size_t len);
static unsigned lapor_lexicon_tokens(const unsigned char *text, size_t len,
    struct lapor_token *tokens, int *score);
static int lapor_lexicon_read(void *data, const char *root, size_t len);
static int lapor_token_has(const struct lapor_token *token, unsigned word);
static void lapor_lexicon_negate(struct lapor_token *tokens, unsigned n);
static void lapor_lexicon_token(const struct lapor_token *tokens, unsigned i,
    unsigned word, uint8_t *fired, int *score);
static void lapor_lexicon_match(const struct lapor_token *tokens, unsigned n,
    int *score);
static int lapor_lexicon_back(const struct lapor_lex_rule *rule,
    const struct lapor_token *tokens, unsigned end, unsigned *ret_start);
static void lapor_lexicon_anywhere(unsigned word, const uint8_t *seen,
    uint8_t *fired, int *score);
static int lapor_bit(const uint8_t *bits, unsigned i);
static void lapor_bit_set(uint8_t *bits, unsigned i);


static struct lapor_lex  lex;
static pthread_once_t    lapor_lex_once = PTHREAD_ONCE_INIT;


int
lapor_lexicon_score(const char *text, size_t len, int *score)
{
    unsigned            n;
    struct lapor_token  tokens[LAPOR_CLASSIFY_TOKENS];

    memset(score, 0, SIG_TARGETS * sizeof(int));

    (void) pthread_once(&lapor_lex_once, lapor_lexicon_compile);

    if (lex.failed) {
        return -1;
    }

    if (len > LAPOR_CLASSIFY_BYTES) {
        len = LAPOR_CLASSIFY_BYTES;
    }

    n = lapor_lexicon_tokens((const unsigned char *) text, len, tokens,
                             score);

    lapor_lexicon_negate(tokens, n);
    lapor_lexicon_match(tokens, n, score);

    return 0;
}


static unsigned
lapor_lexicon_tokens(const unsigned char *text, size_t len,
    struct lapor_token *tokens, int *score)
{
    char                  word[LAPOR_WORD_LEN];
    size_t                l, pos;
    unsigned              n;
    struct lapor_marks    marks;
    struct lapor_token   *t;
    struct lapor_reading  reading;

    n = 0;
    pos = 0;
    memset(&marks, 0, sizeof(marks));

    while (n < LAPOR_CLASSIFY_TOKENS) {
        l = lapor_fold_next(text, len, &pos, word, &marks);

        if (l == 0) {
            break;
        }

        t = &tokens[n];
        t->n = 0;
        t->negated = 0;
        t->stops = marks.stops;

        reading.token = t;
        reading.final = 0;

        if (word[0] > '9') {
            lapor_fold_roots(word, l, lapor_lexicon_read, &reading);

        } else if (!lapor_lexicon_read(&reading, word, l)) {
            t->words[t->n++] = lex.number;
        }

        score[SIG_WORDS]++;

        /* "rumah-rumah" says no more than "rumah" */

        if (n > 0 && t->n > 0 && tokens[n - 1].n == t->n
            && memcmp(tokens[n - 1].words, t->words,
                      t->n * sizeof(t->words[0])) == 0)
        {
            continue;
        }

        n++;
    }

    score[SIG_MARK] = marks.questions;

    return n;
}


static int
lapor_lexicon_read(void *data, const char *root, size_t len)
{
    unsigned               w;
    struct lapor_token    *t;
    struct lapor_reading  *r;

    r = data;
    t = r->token;

    if (r->final || t->n == LAPOR_TOKEN_WORDS) {
        return LAPOR_TOKEN_WORDS;
    }

    w = lapor_lexicon_find(root, len, 0);

    if (w == LAPOR_LEX_NONE) {
        return 0;
    }

    r->final = lex.words[w].final;

    if (lex.words[w].alias != LAPOR_LEX_NONE) {
        w = lex.words[w].alias;
    }

    if (!lapor_token_has(t, w)) {
        t->words[t->n++] = (uint16_t) w;
    }

    return 1;
}


static int
lapor_token_has(const struct lapor_token *token, unsigned word)
{
    unsigned  i;

    for (i = 0; i < token->n; i++) {
        if (token->words[i] == word) {
            return 1;
        }
    }

    return 0;
}


/*
 * "bukan" takes away what the two words after it in the same clause would
 * have added, not so "bukan cuma", "bukan hanya".
 */

static void
lapor_lexicon_negate(struct lapor_token *tokens, unsigned n)
{
    unsigned  i, k;

    for (i = 0; i + 1 < n; i++) {
        if (!lapor_token_has(&tokens[i], lex.not)
            || lapor_token_has(&tokens[i + 1], lex.only))
        {
            continue;
        }

        for (k = i + 1; k < n && k <= i + 2; k++) {
            tokens[k].negated |= (tokens[k].stops == tokens[i].stops);
        }
    }
}


static void
lapor_lexicon_token(const struct lapor_token *tokens, unsigned i,
    unsigned word, uint8_t *fired, int *score)
{
    unsigned                      r, start;
    const struct lapor_lex_rule  *rule;

    for (r = lex.words[word].rules; r != LAPOR_LEX_NONE; r = rule->next) {
        rule = &lex.rules[r];

        if (lapor_bit(fired, r)
            || !lapor_lexicon_back(rule, tokens, i, &start))
        {
            continue;
        }

        lapor_bit_set(fired, r);

        if (tokens[start].negated && rule->target < LAPOR_CATEGORIES) {
            score[SIG_NEGATED] += rule->weight;
            continue;
        }

        score[rule->target] += rule->weight;
    }
}


/* Bits rather than bytes: for a short text clearing them is what costs. */

static void
lapor_lexicon_match(const struct lapor_token *tokens, unsigned n, int *score)
{
    uint8_t   fired[LAPOR_LEX_RULES / 8], seen[LAPOR_LEX_WORDS / 8];
    unsigned  i, k;

    memset(fired, 0, sizeof(fired));
    memset(seen, 0, sizeof(seen));

    for (i = 0; i < n; i++) {
        for (k = 0; k < tokens[i].n; k++) {
            lapor_bit_set(seen, tokens[i].words[k]);
            lapor_lexicon_token(tokens, i, tokens[i].words[k], fired, score);
        }
    }

    for (i = 0; i < n; i++) {
        for (k = 0; k < tokens[i].n; k++) {
            lapor_lexicon_anywhere(tokens[i].words[k], seen, fired, score);
        }
    }
}


static void
lapor_lexicon_anywhere(unsigned word, const uint8_t *seen, uint8_t *fired,
    int *score)
{
    unsigned                      k, r;
    const struct lapor_lex_rule  *rule;

    for (r = lex.words[word].anywhere; r != LAPOR_LEX_NONE; r = rule->next) {
        rule = &lex.rules[r];

        for (k = 1; k < rule->n && lapor_bit(seen, rule->words[k]); k++) {
            /* void */
        }

        if (k == rule->n && !lapor_bit(fired, r)) {
            lapor_bit_set(fired, r);
            score[rule->target] += rule->weight;
        }
    }
}


static int
lapor_bit(const uint8_t *bits, unsigned i)
{
    return bits[i / 8] >> i % 8 & 1;
}


static void
lapor_bit_set(uint8_t *bits, unsigned i)
{
    bits[i / 8] |= (uint8_t) (1 << i % 8);
}


/* The phrase's other words, backwards from its last at end. */

static int
lapor_lexicon_back(const struct lapor_lex_rule *rule,
    const struct lapor_token *tokens, unsigned end, unsigned *ret_start)
{
    unsigned  k;

    for (k = rule->n - 1; k > 0; k--) {

        if (end >= 1
            && lapor_token_has(&tokens[end - 1], rule->words[k - 1]))
        {
            end -= 1;

        } else if (end >= 2
                   && lapor_token_has(&tokens[end - 2], rule->words[k - 1]))
        {
            end -= 2;

        } else {
            return 0;
        }
    }

    *ret_start = end;
    return 1;
}


static void
lapor_lexicon_compile(void)
{
    unsigned  i;

    lex.nwords = 1;
    lex.nrules = 1;

    for (i = 0; lapor_lexicon_spelling[i] != NULL; i++) {
        lapor_lexicon_spell(lapor_lexicon_spelling[i]);
    }

    lex.number = (uint16_t) lapor_lexicon_find("0", 1, 1);
    lex.not = (uint16_t) lapor_lexicon_find("bukan", 5, 1);
    lex.only = (uint16_t) lapor_lexicon_find("cuma", 4, 1);

    lapor_lexicon_rows(lapor_lexicon_crime);
    lapor_lexicon_rows(lapor_lexicon_event);
    lapor_lexicon_rows(lapor_lexicon_signal);
}


/* A row of spellings: the normal form, then its variants. */

static void
lapor_lexicon_spell(const char *row)
{
    char                word[LAPOR_WORD_LEN];
    size_t              l, len, pos;
    unsigned            normal, w;
    struct lapor_marks  marks;

    pos = 0;
    memset(&marks, 0, sizeof(marks));
    normal = LAPOR_LEX_NONE;
    len = strlen(row);

    for ( ;; ) {
        l = lapor_fold_next((const unsigned char *) row, len, &pos, word,
                            &marks);
        if (l == 0) {
            return;
        }

        w = lapor_lexicon_find(word, l, 1);

        if (normal == LAPOR_LEX_NONE) {
            normal = w;

        } else if (!lex.words[w].final) {
            lex.words[w].alias = (uint16_t) normal;
        }

        lex.words[w].final = 1;
    }
}


static void
lapor_lexicon_rows(const struct lapor_lexicon_row *row)
{
    size_t       len;
    const char  *phrase;

    for ( /* void */ ; row->phrases != NULL; row++) {
        for (phrase = row->phrases; *phrase != '\0'; phrase += len) {
            len = strcspn(phrase, "|");
            lapor_lexicon_phrase(row, phrase, len);
            len += (phrase[len] == '|');
        }
    }
}


static void
lapor_lexicon_phrase(const struct lapor_lexicon_row *row, const char *phrase,
    size_t len)
{
    char                    word[LAPOR_WORD_LEN];
    size_t                  l, pos;
    uint16_t               *list;
    unsigned                w;
    struct lapor_marks      marks;
    struct lapor_lex_rule  *rule;

    if (lex.nrules == LAPOR_LEX_RULES) {
        lex.failed = 1;
        return;
    }

    rule = &lex.rules[lex.nrules];
    rule->target = row->target;
    rule->weight = row->weight;

    pos = 0;
    memset(&marks, 0, sizeof(marks));
    w = LAPOR_LEX_NONE;

    for ( ;; ) {
        l = lapor_fold_next((const unsigned char *) phrase, len, &pos, word,
                            &marks);
        if (l == 0) {
            break;
        }

        if (rule->n == LAPOR_LEX_PHRASE) {
            lex.failed = 1;
            return;
        }

        w = lapor_lexicon_find(word, l, 1);

        if (lex.words[w].alias != LAPOR_LEX_NONE) {
            w = lex.words[w].alias;
        }

        rule->words[rule->n++] = (uint16_t) w;
    }

    if (rule->n == 0) {
        lex.failed = 1;
        return;
    }

    list = (memchr(phrase, '&', len) == NULL)
           ? &lex.words[w].rules : &lex.words[rule->words[0]].anywhere;
    rule->next = *list;
    *list = (uint16_t) lex.nrules;

    lex.nrules++;
}


/* The number of a word; LAPOR_LEX_NONE if it is not there and not added. */

static unsigned
lapor_lexicon_find(const char *word, size_t len, int add)
{
    uint16_t                tag;
    uint32_t                hash;
    struct lapor_lex_slot  *slot;

    hash = lapor_lexicon_hash(word, len);
    slot = &lex.slots[hash & (LAPOR_LEX_SLOTS - 1)];
    tag = (uint16_t) (hash >> 16);

    while (slot->word != LAPOR_LEX_NONE) {

        if (slot->tag == tag
            && memcmp(lex.words[slot->word].text, word, len + 1) == 0)
        {
            return slot->word;
        }

        if (++slot == lex.slots + LAPOR_LEX_SLOTS) {
            slot = lex.slots;
        }
    }

    if (!add) {
        return LAPOR_LEX_NONE;
    }

    if (lex.nwords == LAPOR_LEX_WORDS) {
        lex.failed = 1;
        return LAPOR_LEX_NONE;
    }

    memcpy(lex.words[lex.nwords].text, word, len + 1);
    slot->word = (uint16_t) lex.nwords;
    slot->tag = tag;

    return lex.nwords++;
}


static uint32_t
lapor_lexicon_hash(const char *word, size_t len)
{
    size_t    i;
    uint32_t  h;

    h = 2166136261u;

    for (i = 0; i < len; i++) {
        h = (h ^ (unsigned char) word[i]) * 16777619u;
    }

    return h ^ (h >> 15);
}
