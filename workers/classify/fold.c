/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * From bytes to folded words, and from words to the roots they may have.
 * Reads any bytes: what is not a letter or a digit parts words, a broken
 * UTF-8 sequence does so too.  Owns nothing.
 */

#include <string.h>
#include <strings.h>

#include "classify/lexicon.h"


#define LAPOR_FOLD_SEP     0      /* parts words */
#define LAPOR_FOLD_SKIP    1      /* stands inside of words: apostrophes */
#define LAPOR_FOLD_LAUGH   2
#define LAPOR_FOLD_PRAY    3
#define LAPOR_FOLD_HEART   4


#define LAPOR_FOLD_PREFIXES  16   /* with one first letter, at most */


struct lapor_suffix {
    const char  *text;
    size_t       len;
};


struct lapor_prefix {
    const char  *text;
    size_t       len;
    const char  *instead;         /* what a nasal prefix had swallowed */
};


static uint32_t lapor_fold_decode(const unsigned char *text, size_t len,
    size_t *ret_used);
static int lapor_fold_class(uint32_t c);
static size_t lapor_fold_emoji(int cls, char *word);
static size_t lapor_fold_put(char *word, size_t n, int c);
static size_t lapor_fold_shorten(char *word, size_t n);
static size_t lapor_fold_doubled(const unsigned char *text, size_t len,
    char *word, size_t *n);
static int lapor_fold_prefix(const char *word, size_t len,
    lapor_root_pt look, void *data, int found);


/* Latin-1 and Latin Extended-A letters without their marks, from U+00C0. */

static const char  lapor_fold_latin[] =
    "aaaaaaaceeeeiiiidnooooo\0ouuuuy\0s"
    "aaaaaaaceeeeiiiidnooooo\0ouuuuy\0y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiijjjkkk"
    "llllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuu"
    "wwyyyzzzzzzs";

_Static_assert(sizeof(lapor_fold_latin) == 0x180 - 0xc0 + 1,
               "U+00C0 to U+017F");


#define SUFFIX(text)           { text, sizeof(text) - 1 }
#define PREFIX(text, instead)  { text, sizeof(text) - 1, instead }


static const struct lapor_suffix  lapor_suffixes[] = {
    SUFFIX("nya"), SUFFIX("ku"), SUFFIX("mu"), SUFFIX("lah"), SUFFIX("kan"),
    SUFFIX("an"), SUFFIX("i"), SUFFIX("in"), SUFFIX("annya"),
    SUFFIX("kannya"), SUFFIX("inya"), SUFFIX("ne"), SUFFIX("e"),
    SUFFIX("na"), SUFFIX("keun"), { NULL, 0 }
};


/*
 * By their first letter, so that most words meet few of them.  Formal, spoken
 * and regional ones: ngebegal, kebegal, kabegal, tabrak from nabrak.  The
 * longest forms first, so that the likeliest root is seen before the room for
 * readings is used up.
 */

static const struct lapor_prefix
    lapor_prefixes['z' - 'a' + 1][LAPOR_FOLD_PREFIXES] =
{
    ['b' - 'a'] = {
        PREFIX("ber", ""), PREFIX("be", ""), PREFIX("ba", "")
    },
    ['d' - 'a'] = {
        PREFIX("diper", ""), PREFIX("di", "")
    },
    ['k' - 'a'] = {
        PREFIX("ke", ""), PREFIX("ka", "")
    },
    ['m' - 'a'] = {
        PREFIX("menge", ""), PREFIX("meng", ""), PREFIX("meng", "k"),
        PREFIX("meny", "s"), PREFIX("mem", ""), PREFIX("mem", "p"),
        PREFIX("men", ""), PREFIX("men", "t"), PREFIX("me", ""),
        PREFIX("ma", ""), PREFIX("m", "p"), PREFIX("m", "b")
    },
    ['n' - 'a'] = {
        PREFIX("nge", ""), PREFIX("ng", ""), PREFIX("ng", "k"),
        PREFIX("ny", "s"), PREFIX("ny", "c"), PREFIX("n", "t"),
        PREFIX("n", "c")
    },
    ['p' - 'a'] = {
        PREFIX("penge", ""), PREFIX("peng", ""), PREFIX("peng", "k"),
        PREFIX("peny", "s"), PREFIX("pem", ""), PREFIX("pem", "p"),
        PREFIX("pen", ""), PREFIX("pen", "t"), PREFIX("per", ""),
        PREFIX("pe", "")
    },
    ['s' - 'a'] = {
        PREFIX("se", "")
    },
    ['t' - 'a'] = {
        PREFIX("ter", ""), PREFIX("te", ""), PREFIX("ta", "")
    }
};


size_t
lapor_fold_next(const unsigned char *text, size_t len, size_t *pos,
    char *word, struct lapor_marks *marks)
{
    int       cls;
    size_t    n, p, used;
    uint32_t  c;

    n = 0;
    p = *pos;

    while (p < len) {
        c = text[p];

        if (c >= 'a' && c <= 'z') {
            cls = (int) c;            /* nearly all of them */
            used = 1;

        } else {
            c = lapor_fold_decode(text + p, len - p, &used);
            cls = lapor_fold_class(c);
        }

        if (cls == LAPOR_FOLD_SKIP) {
            p += used;
            continue;
        }

        /* digits and letters are words of their own: 50rb, jam2an */

        if (n > 0
            && (cls < ' ' || (cls <= '9') != (word[n - 1] <= '9')))
        {
            break;
        }

        p += used;

        if (cls >= ' ') {
            n = lapor_fold_put(word, n, cls);
            continue;
        }

        if (cls != LAPOR_FOLD_SEP) {
            *pos = p;
            return lapor_fold_emoji(cls, word);
        }

        marks->questions += (c == '?');
        marks->stops += (c == '.' || c == ',' || c == ';' || c == ':'
                         || c == '!' || c == '?' || c == '\n');
    }

    if (n > 1 && p < len && word[0] > '9' && text[p] == '2') {
        p += lapor_fold_doubled(text + p, len - p, word, &n);
    }

    *pos = p;
    return lapor_fold_shorten(word, n);
}


/*
 * A single 2 after a word is the written doubling, anak2, and says no more
 * than the word does; a suffix may follow it, trek2an.  Anything else is a
 * number: sp2hp.  Returns the bytes read, 0 if it is none.
 */

static size_t
lapor_fold_doubled(const unsigned char *text, size_t len, char *word,
    size_t *n)
{
    int     i;
    size_t  k, p;

    for (p = 1; p < len && text[p] < 0x80; p++) {
        if (lapor_fold_class(text[p]) < ' ') {
            break;
        }
    }

    if (p == 1) {
        return 1;
    }

    for (i = 0; lapor_suffixes[i].text != NULL; i++) {
        if (lapor_suffixes[i].len == p - 1
            && strncasecmp((const char *) text + 1, lapor_suffixes[i].text,
                           p - 1)
               == 0)
        {
            for (k = 1; k < p; k++) {
                *n = lapor_fold_put(word, *n, lapor_fold_class(text[k]));
            }

            return p;
        }
    }

    return 0;
}


void
lapor_fold_roots(const char *word, size_t len, lapor_root_pt look,
    void *data)
{
    int          found, i;
    char         stem[LAPOR_WORD_LEN];
    size_t       cut, min;
    const char  *suffix;

    found = look(data, word, len);
    found = lapor_fold_prefix(word, len, look, data, found);

    for (i = 0; lapor_suffixes[i].text != NULL; i++) {
        if (found >= LAPOR_TOKEN_WORDS) {
            return;
        }

        suffix = lapor_suffixes[i].text;
        cut = lapor_suffixes[i].len;
        min = (i == 0) ? 3 : 4;

        /* the last letter tells most of them */

        if (len < cut + min || word[len - 1] != suffix[cut - 1]
            || memcmp(word + len - cut, suffix, cut) != 0)
        {
            continue;
        }

        memcpy(stem, word, len - cut);
        stem[len - cut] = '\0';

        found += look(data, stem, len - cut);
        found = lapor_fold_prefix(stem, len - cut, look, data, found);
    }
}


static int
lapor_fold_prefix(const char *word, size_t len, lapor_root_pt look,
    void *data, int found)
{
    int                         swallowed;
    char                        root[LAPOR_WORD_LEN];
    size_t                      cut;
    const struct lapor_prefix  *a;

    for (a = lapor_prefixes[word[0] - 'a']; a->text != NULL; a++) {
        cut = a->len;
        swallowed = (a->instead[0] != '\0');

        if (found >= LAPOR_TOKEN_WORDS || len < cut + 4 - (size_t) swallowed
            || word[cut - 1] != a->text[cut - 1]
            || memcmp(word, a->text, cut) != 0)
        {
            continue;
        }

        root[0] = a->instead[0];
        memcpy(root + swallowed, word + cut, len - cut);
        root[len - cut + (size_t) swallowed] = '\0';

        found += look(data, root, len - cut + (size_t) swallowed);
    }

    return found;
}


/* A byte that is not the start of a whole sequence decodes to 0. */

static uint32_t
lapor_fold_decode(const unsigned char *text, size_t len, size_t *ret_used)
{
    size_t    i, n;
    uint32_t  c;

    c = text[0];
    *ret_used = 1;

    if (c < 0x80) {
        return c;
    }

    if (c >= 0xc2 && c <= 0xdf) {
        n = 2;
        c &= 0x1f;

    } else if (c >= 0xe0 && c <= 0xef) {
        n = 3;
        c &= 0x0f;

    } else if (c >= 0xf0 && c <= 0xf4) {
        n = 4;
        c &= 0x07;

    } else {
        return 0;
    }

    if (len < n) {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = (c << 6) | (text[i] & 0x3f);
    }

    *ret_used = n;
    return c;
}


/* A folded letter or digit, or what else the character does to words. */

static int
lapor_fold_class(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
        return (int) c;
    }

    if (c >= 'A' && c <= 'Z') {
        return (int) c + 'a' - 'A';
    }

    if (c < 0x80) {
        return (c == '\'' || c == '`') ? LAPOR_FOLD_SKIP : LAPOR_FOLD_SEP;
    }

    if (c >= 0xc0 && c < 0xc0 + sizeof(lapor_fold_latin) - 1) {
        return lapor_fold_latin[c - 0xc0];
    }

    /* combining marks, zero width characters, quotes, variation selectors */

    if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200d)
        || c == 0x2018 || c == 0x2019 || c == 0xfe0f
        || (c >= 0x1f3fb && c <= 0x1f3ff))
    {
        return LAPOR_FOLD_SKIP;
    }

    /* full width forms */

    if (c >= 0xff10 && c <= 0xff5a) {
        return lapor_fold_class(c - 0xfee0);
    }

    switch (c) {

    case 0x1f600: case 0x1f601: case 0x1f602: case 0x1f603: case 0x1f604:
    case 0x1f605: case 0x1f606: case 0x1f61b: case 0x1f61c: case 0x1f61d:
    case 0x1f923: case 0x1f92a: case 0x1f92d:
        return LAPOR_FOLD_LAUGH;

    case 0x1f64f: case 0x1f44d: case 0x1f44f:
        return LAPOR_FOLD_PRAY;

    case 0x2764: case 0x1f618: case 0x1f60d: case 0x1f970: case 0x1f495:
        return LAPOR_FOLD_HEART;

    default:
        return LAPOR_FOLD_SEP;
    }
}


static size_t
lapor_fold_emoji(int cls, char *word)
{
    const char  *name;

    switch (cls) {

    case LAPOR_FOLD_LAUGH:
        name = "wkwk";
        break;

    case LAPOR_FOLD_PRAY:
        name = "emojidoa";
        break;

    default:
        name = "emojihati";
        break;
    }

    memcpy(word, name, strlen(name) + 1);

    return strlen(name);
}


/* Of a run of one letter three are kept: enough to know it for a run. */

static size_t
lapor_fold_put(char *word, size_t n, int c)
{
    if (n > 2 && c > '9' && word[n - 1] == c && word[n - 2] == c
        && word[n - 3] == c)
    {
        return n;
    }

    if (n < LAPOR_WORD_LEN - 1) {
        word[n++] = (char) c;
    }

    return n;
}


/*
 * A drawn out letter counts once, tolooong, tolongg, but a double one inside
 * stays: massa is a crowd, masa a time.  Laughter of any length is one word:
 * hahahah, wkwkwkwk.
 */

static size_t
lapor_fold_shorten(char *word, size_t n)
{
    size_t  i, k, run;

    if (n == 0 || word[0] <= '9') {
        word[n] = '\0';
        return n;
    }

    for (i = 0, k = 0; i < n; i += run) {
        for (run = 1; i + run < n && word[i + run] == word[i]; run++) {
            /* void */
        }

        word[k++] = word[i];

        if (run == 2 && i + run < n) {
            word[k++] = word[i];
        }
    }

    if (k > 4) {
        for (i = 2; i < k && word[i] == word[i - 2]; i++) { /* void */ }

        k = (i == k) ? 4 : k;
    }

    word[k] = '\0';
    return k;
}
