/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * Facts about identities, each list in every order in which webhooks may
 * bring it, each fact as in a transaction of its own, all of them twice: who
 * holds what, and from when to when, must come out the same.
 */

#include <stdlib.h>

#include "intake/who.c"
#include "intake/who_tenure.c"
#include "t/unit/tap.h"


#define FACTS_MAX  7


/* A fact is "kind a b at"; numbers are seconds. A tenure is printed as
 * since-until:person; persons are letters in the order of the text. */
struct who_case {
    const char  *name;
    const char  *facts[FACTS_MAX];
    const char  *last;     /* a fact that comes behind all others, or NULL */
    const char  *want;
};


static const struct who_case  cases[] = {
    { "a number is changed",
      { "seen 1 - 5", "move 1 2 10", "seen 2 - 12" }, NULL,
      "1 -11:a 2 10-:a" },
    { "nobody knew the old number",
      { "move 1 2 10", "seen 2 - 12" }, NULL,
      "1 -11:a 2 10-:a" },
    { "two changes one behind the other",
      { "seen 1 - 5", "move 1 2 10", "move 2 3 20", "seen 2 - 15",
        "seen 3 - 25" }, NULL,
      "1 -11:a 2 10-21:a 3 20-:a" },
    { "there and back",
      { "seen 1 - 5", "move 1 2 10", "move 2 1 20", "seen 2 - 15" },
      "seen 1 - 25",
      "1 -11:a 20-:a 2 10-21:a" },
    { "the old number is given to somebody else",
      { "seen 1 - 5", "move 1 2 10", "seen 2 - 12" }, "seen 1 - 40",
      "1 -11:a 11-:b 2 10-:a" },
    { "who was first met after the change is not who moved",
      { "move 1 2 10", "seen 1 - 40", "seen 2 - 12" }, NULL,
      "1 -11:a 11-:b 2 10-:a" },
    { "somebody else had the new number before",
      { "seen 2 - 2", "seen 1 - 5", "move 1 2 10", "seen 2 - 12" }, NULL,
      "1 -11:a 2 -10:b 10-:a" },
    { "in the second of the change it is still his",
      { "seen 1 - 5", "move 1 2 10", "seen 1 - 10" }, NULL,
      "1 -11:a 2 10-:a" },
    { "a number and an id turn out to be one person's",
      { "seen 1 - 1", "seen A - 2", "join 1 A 3" }, NULL,
      "1 -:a A -:a" },
    { "an id joins a known number",
      { "seen 1 - 1", "join 1 A 3", "seen A - 9" }, NULL,
      "1 -:a A -:a" },
    { "one person of three identities",
      { "join 1 A 3", "join 2 A 5", "seen 2 - 4" }, NULL,
      "1 -:a 2 -:a A -:a" },
    { "a number comes with another account",
      { "join 1 A 5", "join 1 B 20", "seen A - 6", "seen B - 22" }, NULL,
      "1 -20:a 20-:b A -:a B -:b" },
    { "which is told of earlier, too",
      { "join 1 A 5", "join 1 B 20", "join 1 B 15" }, NULL,
      "1 -15:a 15-:b A -:a B -:b" },
    { "the id is changed, and the number stays",
      { "join 1 A 5", "move A B 10", "join 1 B 12" }, NULL,
      "1 -:a A -11:a B 10-:a" },
    { "the same, by user_id_update alone",
      { "join 1 A 5", "move A B 10", "hint 1 B 10", "seen B - 12" }, NULL,
      "1 -:a A -11:a B 10-:a" },
    { "number and id change at once",
      { "join 1 A 5", "move 1 2 10", "move A B 10", "join 2 B 12" }, NULL,
      "1 -11:a 2 10-:a A -11:a B 10-:a" },
    { "all of it, and somebody else had the new number",
      { "join 1 A 1", "join 2 C 2", "move 1 2 10", "move A B 10",
        "join 2 B 20", "seen 2 - 30", "seen B - 40" }, NULL,
      "1 -11:a 2 -10:b 10-:a A -11:a B 10-:a C -:b" },
    { "the same, when nobody's id was told",
      { "seen 1 - 1", "seen 2 - 2", "move 1 2 10", "seen 2 - 20",
        "join 2 B 30" }, NULL,
      "1 -11:a 2 -10:b 10-:a B -:a" },
    { "an id that is his, be it the last one or not",
      { "seen 1 - 5", "move 1 2 10", "same 2 A 10", "join 2 B 20" },
      "same 2 A 10", "1 -11:a 2 10-:a A -:a B -:a" },
    { "a hint makes nothing of a number that nobody has",
      { "hint 1 A 5" }, NULL, "1 A" },
    { "who moves to where he is moves nothing",
      { "seen 1 - 5", "move 1 1 10" }, NULL, "1 -:a" },
};


static struct lapor_pool  *pool;
static int64_t             next_id;


static void test_case(const struct who_case *c);
static void test_order(const struct who_case *c, const size_t *order,
    size_t n);
static int next_order(size_t *order, size_t n);
static void tell(struct lapor_who *who, const char *text);
static struct lapor_who_identity *named(struct lapor_who *who, char name);
static void store(struct lapor_who *who);
static void show(struct lapor_who *who, char *out, size_t size);
static void show_identity(const struct lapor_who_identity *identity,
    int *letters, struct lapor_buf *buf);
static void test_random(unsigned seed);
static int is_sound(const struct lapor_who *who);
static void test_load(void);
static void test_identity(void);


int
main(void)
{
    size_t    i;
    unsigned  seed;

    pool = lapor_pool_create(65536);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_case(&cases[i]);
    }

    for (seed = 1; seed <= 200; seed++) {
        test_random(seed);
    }

    test_load();
    test_identity();

    lapor_pool_destroy(pool);

    return tap_done();
}


static void
test_case(const struct who_case *c)
{
    size_t  i, n, order[FACTS_MAX];
    int     orders, failed;

    for (n = 0; n < FACTS_MAX && c->facts[n] != NULL; n++) {
        order[n] = n;
    }

    orders = 0;
    failed = tap_failed;

    do {
        test_order(c, order, n);
        orders++;
    } while (tap_failed == failed && next_order(order, n));

    for (i = 1; n > 1; n--) {
        i *= n;
    }

    is(orders, (intmax_t) i, "%s: in every order", c->name);
}


static void
test_order(const struct who_case *c, const size_t *order, size_t n)
{
    char              got[200];
    size_t            i;
    struct lapor_who  who;

    lapor_who_init(&who, pool);
    next_id = 0;

    for (i = 0; i < n; i++) {
        tell(&who, c->facts[order[i]]);
    }

    if (c->last != NULL) {
        tell(&who, c->last);
    }

    show(&who, got, sizeof(got));

    if (strcmp(got, c->want) != 0) {
        for (i = 0; i < n; i++) {
            diag("%s", c->facts[order[i]]);
        }
        is_str(got, c->want, "%s", c->name);
    }

    for (i = 0; i < n; i++) {
        tell(&who, c->facts[i]);
    }

    show(&who, got, sizeof(got));

    if (strcmp(got, c->want) != 0) {
        is_str(got, c->want, "%s: told again", c->name);
    }

    lapor_pool_reset(pool);
}


/* The next permutation; 0 behind the last. */

static int
next_order(size_t *order, size_t n)
{
    size_t  i, k, swap;

    for (i = n; i > 1 && order[i - 2] >= order[i - 1]; i--) {
        /* void */
    }

    if (i <= 1) {
        return 0;
    }

    for (k = n - 1; order[k] <= order[i - 2]; k--) {
        /* void */
    }

    swap = order[k];
    order[k] = order[i - 2];
    order[i - 2] = swap;

    for (k = n - 1; i - 1 < k; i++, k--) {
        swap = order[k];
        order[k] = order[i - 1];
        order[i - 1] = swap;
    }

    return 1;
}


/* One transaction. */

static void
tell(struct lapor_who *who, const char *text)
{
    int                         at;
    char                        kind[8], a, b;
    struct lapor_who_fact       fact;
    struct lapor_who_identity  *i;

    memset(&fact, 0, sizeof(fact));
    b = '-';

    if (sscanf(text, "%7s %c %c %d", kind, &a, &b, &at) != 4) {
        (void) sscanf(text, "%7s %c %d", kind, &a, &at);
    }

    fact.kind = kind[0] == 'm' ? LAPOR_WHO_MOVE
                : kind[0] == 'j' ? LAPOR_WHO_JOIN
                : kind[0] == 'h' ? LAPOR_WHO_HINT
                : kind[1] == 'a' ? LAPOR_WHO_SAME : LAPOR_WHO_SEEN;
    fact.a = named(who, a);
    fact.b = fact.kind == LAPOR_WHO_SEEN ? NULL : named(who, b);
    fact.at_ms = at * 1000;

    lapor_who_run(who, &fact, 1);

    for (i = who->all; i != NULL; i = i->next) {
        i->changed = false;
    }

    store(who);
}


static struct lapor_who_identity *
named(struct lapor_who *who, char name)
{
    struct lapor_intake_identity  is;

    is.id.data = lapor_pool_strndup(pool, &name, 1);
    is.id.len = 1;
    is.kind = name < 'A' ? "phone" : "user_id";
    is.part = lapor_part(&name, 1);

    return lapor_who_identity(who, &is);
}


/* Persons get their ids, as in the database. */

static void
store(struct lapor_who *who)
{
    struct lapor_who_person  *person;

    for (person = who->persons; person != NULL; person = person->next) {
        if (person->id == 0 && person->into == NULL) {
            person->id = ++next_id;
        }
    }
}


static void
show(struct lapor_who *who, char *out, size_t size)
{
    char                        name;
    int                         letters[1000];
    struct lapor_buf            buf = LAPOR_BUF_INIT;
    struct lapor_str            id;
    struct lapor_who_identity  *identity;

    memset(letters, 0, sizeof(letters));
    id.data = &name;
    id.len = 1;

    for (name = '1'; name <= 'Z'; name++) {
        identity = lapor_who_find(who, id);

        if (identity != NULL) {
            show_identity(identity, letters, &buf);
        }
    }

    snprintf(out, size, "%s", buf.len == 0 ? "" : lapor_buf_cstr(&buf) + 1);
    lapor_buf_free(&buf);
}


static void
show_identity(const struct lapor_who_identity *identity, int *letters,
    struct lapor_buf *buf)
{
    int64_t                         id;
    const struct lapor_who_tenure  *t;

    lapor_buf_printf(buf, " %c", identity->is.id.data[0]);

    for (t = identity->tenures; t != NULL; t = t->next) {
        id = lapor_who_root(t->person)->id;

        if (letters[id] == 0) {
            letters[id] = 'a' + letters[0]++;
        }

        lapor_buf_addc(buf, ' ');

        if (t->since != LAPOR_WHO_NEVER) {
            lapor_buf_printf(buf, "%d", (int) (t->since / 1000));
        }

        lapor_buf_addc(buf, '-');

        if (t->until != LAPOR_WHO_EVER) {
            lapor_buf_printf(buf, "%d", (int) (t->until / 1000));
        }

        lapor_buf_printf(buf, ":%c", letters[id]);
    }
}


/* Whatever is told, however contradictory: tenures are in order and do not
 * overlap, and each first sighting lies in its own. */

static void
test_random(unsigned seed)
{
    int               i, sound;
    char              text[64];
    struct lapor_who  who;
    const char       *kind;

    static const char *const  kinds[] = { "move", "seen", "join", "hint" };

    lapor_who_init(&who, pool);
    next_id = 0;
    sound = 1;

    for (i = 0; i < 40; i++) {
        seed = seed * 1103515245u + 12345u;
        kind = kinds[seed >> 16 & 3];

        if (strcmp(kind, "move") == 0 && (seed >> 18 & 1)) {
            snprintf(text, sizeof(text), "move %c %c %u",
                     'A' + (seed >> 19) % 3, 'A' + (seed >> 21) % 3,
                     (seed >> 23) % 60 + 1);

        } else {
            snprintf(text, sizeof(text), "%s %c %c %u", kind,
                     '1' + (seed >> 19) % 3,
                     strcmp(kind, "move") == 0 ? '1' + (seed >> 21) % 3
                                               : 'A' + (seed >> 21) % 3,
                     (seed >> 23) % 60 + 1);
        }

        tell(&who, text);
        sound &= is_sound(&who);
    }

    ok(sound, "random facts: tenures are sound");
    lapor_pool_reset(pool);
}


static int
is_sound(const struct lapor_who *who)
{
    const struct lapor_who_tenure    *t;
    const struct lapor_who_identity  *i;

    for (i = who->all; i != NULL; i = i->next) {

        for (t = i->tenures; t != NULL; t = t->next) {

            if (t->since >= t->until
                || (t->next != NULL && t->next->since < t->until)
                || t->seen < t->since
                || (t->seen >= t->until && t->seen != LAPOR_WHO_EVER))
            {
                return 0;
            }
        }
    }

    return 1;
}


static void
test_load(void)
{
    struct lapor_who           who;
    struct lapor_who_identity  *identity;

    static const char *const  wrong[] = {
        "x", "1", "1 2 3 4", "1 2 3 4 5", "1 2 3 x 5 ",
        "1 2 3 4 99999999999999999999 "
    };

    size_t  i;

    lapor_who_init(&who, pool);
    identity = named(&who, '1');

    is(lapor_who_load(&who, identity, lapor_str_from(
           "-9223372036854775808 11000 7 42 5000 ID.1\n"
           "-9223372036854775808 9223372036854775807 8 43 30000 ")), 0,
       "an image is read");
    is(lapor_who_at(identity, 5000)->person->id, 42, "the holder before");
    ok(lapor_str_eqz(lapor_who_at(identity, 5000)->peer, "ID.1"),
       "with his id");
    is(lapor_who_at(identity, 11000)->person->id, 43, "the holder now");
    is(lapor_who_at(identity, 11000)->since, 11000,
       "begins where the one before ends");
    ok(lapor_who_at(identity, 11000)->peer.data == NULL, "and has no id");

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        is(lapor_who_load(&who, named(&who, '2'), lapor_str_from(wrong[i])),
           -1, "\"%s\" is no image", wrong[i]);
    }

    lapor_pool_reset(pool);
}


static void
test_identity(void)
{
    is_str(lapor_intake_identity(pool, LAPOR_STR("6280000000001")).kind,
           "phone", "digits");
    is_str(lapor_intake_identity(pool, LAPOR_STR("@budi.1")).kind,
           "username", "an at sign");
    is_str(lapor_intake_identity(pool, LAPOR_STR("ID.1")).kind, "user_id",
           "all else");
    ok(lapor_intake_key(LAPOR_STR("ID.1")), "an id is a key");
    ok(!lapor_intake_key(LAPOR_STR("ID.\n")), "a line feed is none");
    ok(!lapor_intake_key(LAPOR_STR("")), "nor is nothing");
    ok(!lapor_intake_key(LAPOR_STR_NONE), "of any kind");
    lapor_pool_reset(pool);
}
