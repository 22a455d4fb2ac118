/*
 * Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
 *
 * From lexicon scores to a class: the borders between categories, then
 * urgency, function, sensitivity and the likelihood of a prank.  Pure
 * functions over the array of scores.
 */

#include "classify/lexicon.h"


#define LAPOR_RULES_WEAK    18    /* less than this does not name a category */
#define LAPOR_RULES_SHORT   12    /* words in a greeting, a cry */


static void lapor_rules_decide(int *score, struct lapor_class *ret_class);
static void lapor_rules_borders(int *s);
static void lapor_rules_police(int *s);
static void lapor_rules_water(int *s);
static void lapor_rules_child(int *s);
static void lapor_rules_unreal(int *s);
static void lapor_rules_question(int *s);
static void lapor_rules_courtesy(int *s);
static enum lapor_category lapor_rules_category(const int *s,
    double *ret_confidence);
static enum lapor_category lapor_rules_best(const int *s,
    enum lapor_category from, enum lapor_category to);
static double lapor_rules_confidence(const int *s, enum lapor_category c);
static enum lapor_urgency lapor_rules_urgency(enum lapor_category c,
    const int *s);
static enum lapor_urgency lapor_rules_urgent(enum lapor_category c,
    const int *s);
static enum lapor_urgency lapor_rules_middle(enum lapor_category c,
    const int *s);
static enum lapor_urgency lapor_rules_calm(enum lapor_category c,
    const int *s);
static enum lapor_function lapor_rules_function(enum lapor_category c,
    const int *s);
static enum lapor_function lapor_rules_service(const int *s);
static int lapor_rules_sensitive(enum lapor_category c, const int *s);
static double lapor_rules_prank(enum lapor_category c, const int *s);


int
lapor_classify(const char *text, size_t len, struct lapor_class *ret_class)
{
    int  rc, score[SIG_TARGETS];

    rc = lapor_lexicon_score(text, len, score);

    lapor_rules_decide(score, ret_class);

    return rc;
}


/* From scores to a class. */

static void
lapor_rules_decide(int *score, struct lapor_class *ret_class)
{
    enum lapor_category  c;

    lapor_rules_borders(score);

    c = lapor_rules_category(score, &ret_class->confidence);

    ret_class->category = c;
    ret_class->urgency = lapor_rules_urgency(c, score);
    ret_class->function = lapor_rules_function(c, score);
    ret_class->sensitive = lapor_rules_sensitive(c, score);
    ret_class->prank = lapor_rules_prank(c, score);
}


static void
lapor_rules_borders(int *s)
{
    lapor_rules_police(s);
    lapor_rules_water(s);
    lapor_rules_child(s);

    /* an intimate image is what matters, not the threat or the account */

    if (s[SIG_SEX] && (s[LAPOR_PREMANISME] || s[LAPOR_PENIPUAN_SIBER])) {
        s[LAPOR_KEKERASAN_SEKSUAL] += 40;
    }

    if (s[SIG_SEX] && s[LAPOR_KEKERASAN_SEKSUAL] >= 60) {
        s[LAPOR_KEKERASAN_SEKSUAL] += 30;
    }

    if (s[SIG_SEX] && s[SIG_CHILD]) {
        s[LAPOR_KEKERASAN_SEKSUAL] += 30;
    }

    /* who burns needs the fire brigade, who crashed needs the ambulance */

    if (s[LAPOR_LAKA_LANTAS] >= 55 && s[SIG_DANGER]) {
        s[LAPOR_LAKA_LANTAS] += 30;
    }

    if (s[LAPOR_KEBAKARAN] >= 60 && s[LAPOR_LAKA_LANTAS]) {
        s[LAPOR_KEBAKARAN] += 50;
    }

    /* a hurt man whom somebody hurt */

    if (s[LAPOR_PENGANIAYAAN] >= 45 && s[LAPOR_DARURAT_MEDIS]) {
        s[LAPOR_PENGANIAYAAN] += 40;
    }

    /* blades and several people: the weapon alone says little */

    if (s[SIG_ARMED] && s[SIG_TAKING] && s[LAPOR_CURAS]) {
        s[LAPOR_CURAS] += 25;
    }

    if (s[SIG_ARMED] && s[LAPOR_TAWURAN] >= 50) {
        s[LAPOR_TAWURAN] += 20;
    }

    if (s[LAPOR_TAWURAN] >= 55 && s[LAPOR_PENGANIAYAAN]) {
        s[LAPOR_TAWURAN] += 20;
    }

    /* a wish for mediation is a dispute whatever it is about */

    if (s[SIG_MEDIATE] >= 40 && !s[SIG_ARMED]) {
        s[LAPOR_KETERTIBAN] += 20;
    }

    lapor_rules_unreal(s);
    lapor_rules_question(s);
    lapor_rules_courtesy(s);
}


/* The police as the subject of a complaint goes before the deed. */

static void
lapor_rules_police(int *s)
{
    if (s[SIG_POLICE] && s[SIG_POLICE_DEED]) {
        s[LAPOR_KELUHAN_POLISI] += 25 + s[SIG_POLICE_DEED] / 2;

    } else if (s[SIG_OFFICE] && s[SIG_POLICE_DEED] >= 30
               && s[LAPOR_KELUHAN_POLISI])
    {
        s[LAPOR_KELUHAN_POLISI] += 30;
    }

    if (s[SIG_SOLDIER] && s[SIG_POLICE_DEED]) {
        s[LAPOR_KELUHAN_POLISI] += 20;
    }
}


/* On the water beats the kind of crime, not the flood and not extortion. */

static void
lapor_rules_water(int *s)
{
    if (s[SIG_WATER] < 30) {
        return;
    }

    if (s[SIG_TAKING] || s[SIG_DANGER] || s[LAPOR_CURAS]
        || s[LAPOR_PENCURIAN] || s[LAPOR_ORANG_HILANG])
    {
        s[LAPOR_PERAIRAN] += 25;
    }

    if (s[LAPOR_BENCANA] >= 50) {
        s[LAPOR_PERAIRAN] -= 30;
    }
}


/* Child victim beats assault; the household beats the street. */

static void
lapor_rules_child(int *s)
{
    if (s[SIG_CHILD] && s[SIG_VIOLENCE] && s[LAPOR_KDRT_ANAK]) {
        s[LAPOR_KDRT_ANAK] += 30;
    }

    if (s[LAPOR_KDRT_ANAK] >= 60 && s[LAPOR_PENGANIAYAAN]) {
        s[LAPOR_KDRT_ANAK] += 25;
    }

    if (s[LAPOR_KEKERASAN_SEKSUAL] >= 60 && s[LAPOR_KDRT_ANAK]) {
        s[LAPOR_KEKERASAN_SEKSUAL] += 30;
    }
}


/*
 * Film, dream, drill, a withdrawn report, a denied one.  Nothing of it counts
 * beside a body in danger: a plausible emergency is never dropped.
 */

static void
lapor_rules_unreal(int *s)
{
    if (s[SIG_NEGATED] >= 40 && !s[SIG_DANGER]) {
        s[LAPOR_BUKAN_LAPORAN] += 45;
    }

    if (s[SIG_FICTION] && !s[SIG_DANGER]) {
        s[LAPOR_BUKAN_LAPORAN] += 40;
    }

    if (s[SIG_RETRACT] && s[SIG_DANGER] < 40) {
        s[LAPOR_BUKAN_LAPORAN] += 25;
    }

    if (s[SIG_ADVERT] >= 80 || s[SIG_INSULT]) {
        s[LAPOR_SPAM_PRANK] += 40;
    }

    if (s[SIG_LAUGH] && (s[SIG_ABSURD] || s[SIG_FLIRT])) {
        s[LAPOR_SPAM_PRANK] += 40;
    }

    /* one word of theirs is no advertisement yet */

    if (s[SIG_ADVERT] < 80 && !s[SIG_INSULT] && !s[SIG_LAUGH]) {
        s[LAPOR_SPAM_PRANK] -= 20;
    }
}


/* "What if I am robbed, whom do I tell?" is a question about services. */

static void
lapor_rules_question(int *s)
{
    if (s[SIG_HYPOTHESIS] && s[SIG_QUESTION] >= 25 && !s[SIG_PAST]
        && !s[SIG_RECENT] && s[SIG_NOW] < 30 && !s[SIG_DANGER])
    {
        s[LAPOR_LAYANAN] += 30;
    }

    if (s[LAPOR_LAYANAN] >= 55 && (s[SIG_QUESTION] || s[SIG_MARK])) {
        s[LAPOR_LAYANAN] += 25;
    }
}


/* A greeting is the matter only where there is no other. */

static void
lapor_rules_courtesy(int *s)
{
    int  i;

    if (!s[SIG_COURTESY] || s[SIG_DISTRESS]
        || s[SIG_WORDS] > LAPOR_RULES_SHORT)
    {
        return;
    }

    for (i = 0; i < LAPOR_AMBIGU; i++) {
        if (i != LAPOR_BUKAN_LAPORAN && s[i] >= LAPOR_RULES_WEAK) {
            return;
        }
    }

    s[LAPOR_BUKAN_LAPORAN] += 30 + s[SIG_COURTESY];
}


/*
 * A word or two of other business do not outweigh a likely event, and where a
 * body is in danger not even a few do.
 */

static enum lapor_category
lapor_rules_category(const int *s, double *ret_confidence)
{
    int                  floor;
    enum lapor_category  c, event, other;

    event = lapor_rules_best(s, LAPOR_CURAS, LAPOR_KELUHAN_POLISI);
    other = lapor_rules_best(s, LAPOR_LAYANAN, LAPOR_INSTANSI_LAIN);
    floor = (s[SIG_DANGER] >= 40) ? 100 : 40;

    if (s[event] >= s[other] || (s[event] >= 20 && s[other] < floor)) {
        c = event;
        floor = LAPOR_RULES_WEAK;

    } else {
        c = other;
        floor = (s[SIG_DISTRESS]) ? 35 : 22;
    }

    *ret_confidence = 0.0;

    if (s[SIG_WORDS] == 0) {
        return LAPOR_AMBIGU;
    }

    if (s[c] < floor) {
        *ret_confidence = 0.2;
        return LAPOR_AMBIGU;
    }

    *ret_confidence = lapor_rules_confidence(s, c);
    return c;
}


static enum lapor_category
lapor_rules_best(const int *s, enum lapor_category from,
    enum lapor_category to)
{
    int                  i;
    enum lapor_category  best;

    best = from;

    for (i = from; i <= (int) to; i++) {
        if (s[i] > s[best]) {
            best = (enum lapor_category) i;
        }
    }

    return best;
}


/* How far c stands out of the others. */

static double
lapor_rules_confidence(const int *s, enum lapor_category c)
{
    int     i, second;
    double  r;

    second = 0;

    for (i = 0; i < LAPOR_AMBIGU; i++) {
        if (i != (int) c && s[i] > second) {
            second = s[i];
        }
    }

    r = (double) (s[c] - second) / (s[c] + 30) + (s[c] > 100 ? 0.15 : 0.05);

    if (r < 0.1) {
        return 0.1;
    }

    return (r > 0.95) ? 0.95 : r;
}


static enum lapor_urgency
lapor_rules_urgency(enum lapor_category c, const int *s)
{
    switch (lapor_category_urgency(c)) {

    case LAPOR_P1:
        return lapor_rules_urgent(c, s);

    case LAPOR_P2:
        return lapor_rules_middle(c, s);

    case LAPOR_P3:
        return lapor_rules_calm(c, s);

    default:
        return LAPOR_P4;
    }
}


/* Categories that are P1 unless the text says that it is over. */

static enum lapor_urgency
lapor_rules_urgent(enum lapor_category c, const int *s)
{
    int  now, over;

    now = s[SIG_NOW] + s[SIG_DANGER];
    over = s[SIG_PAST] + s[SIG_REPEAT];

    if (c == LAPOR_TAWURAN && s[SIG_PROTEST] && !s[SIG_ARMED]) {
        return (s[SIG_PLAN] || over) ? LAPOR_P3 : LAPOR_P2;
    }

    if (s[SIG_PLAN] && s[SIG_NOW] < 30 && !s[SIG_DANGER]) {
        return LAPOR_P3;
    }

    if (over >= 30 && over > now && s[SIG_RECENT] < 30) {
        return LAPOR_P3;
    }

    if (s[SIG_CALM] && s[SIG_DANGER] < 40 && s[SIG_NOW] < 30) {
        return LAPOR_P2;
    }

    if (c == LAPOR_BOM_TEROR && s[SIG_RADICAL] && now < 40) {
        return LAPOR_P3;
    }

    if (c == LAPOR_BOM_TEROR && s[SIG_FOUND] && now < 60) {
        return LAPOR_P2;
    }

    /* on the water nobody may be in danger: theft, levies, trawlers */

    if (c == LAPOR_PERAIRAN && s[SIG_DANGER] < 20
        && (s[LAPOR_PENCURIAN] || s[LAPOR_TIPIDTER] || s[LAPOR_PREMANISME]))
    {
        return (s[SIG_NOW] >= 30) ? LAPOR_P2 : LAPOR_P3;
    }

    if (c == LAPOR_KDRT_ANAK && now < 20 && s[SIG_RECENT] < 30) {
        return s[SIG_QUESTION] ? LAPOR_P3 : LAPOR_P2;
    }

    if (s[SIG_FLED] && s[SIG_DANGER] < 40 && s[SIG_NOW] < 30) {
        return LAPOR_P2;
    }

    if ((c == LAPOR_CURAS || c == LAPOR_PENGANIAYAAN
         || c == LAPOR_KDRT_ANAK)
        && now < 30 && s[SIG_RECENT] + s[SIG_PAST] > 0)
    {
        return LAPOR_P2;
    }

    return LAPOR_P1;
}


static enum lapor_urgency
lapor_rules_middle(enum lapor_category c, const int *s)
{
    int  over;

    over = s[SIG_PAST] + s[SIG_REPEAT];

    if (s[SIG_DANGER] >= 40 && s[SIG_DANGER] + s[SIG_NOW] > over
        && !s[SIG_DEATH] && !(s[SIG_CALM] && s[SIG_DANGER] < 80))
    {
        return LAPOR_P1;
    }

    if (c == LAPOR_BENCANA && s[SIG_DANGER] && s[SIG_NOW] && over < 30
        && !s[SIG_CALM])
    {
        return LAPOR_P1;
    }

    if (c == LAPOR_PREMANISME && s[SIG_ARMED] && over < 30) {
        return LAPOR_P1;
    }

    if (over >= 30 && over > s[SIG_NOW] + s[SIG_RECENT]) {
        return LAPOR_P3;
    }

    return LAPOR_P2;
}


/* Categories that wait for office hours unless somebody is at it now. */

static enum lapor_urgency
lapor_rules_calm(enum lapor_category c, const int *s)
{
    int  over;

    over = s[SIG_PAST] + s[SIG_REPEAT];

    if (c == LAPOR_AMBIGU) {
        return (s[SIG_DISTRESS] || s[SIG_DANGER]) ? LAPOR_P2 : LAPOR_P3;
    }

    if (s[SIG_DANGER] >= 40 && s[SIG_DANGER] + s[SIG_NOW] >= 70
        && over < 30)
    {
        return LAPOR_P1;
    }

    if (c == LAPOR_PENCURIAN && s[SIG_NOW] >= 45 && over < 30) {
        return LAPOR_P1;
    }

    if (c == LAPOR_LALIN && s[SIG_HAZARD] && over < 30) {
        return LAPOR_P2;
    }

    if (s[SIG_NOW] + s[SIG_RECENT] >= 30
        && s[SIG_NOW] + s[SIG_RECENT] > over)
    {
        return LAPOR_P2;
    }

    return LAPOR_P3;
}


static enum lapor_function
lapor_rules_function(enum lapor_category c, const int *s)
{
    switch (c) {

    case LAPOR_PEKAT:
        return s[SIG_GAMBLE] ? LAPOR_RESKRIM : LAPOR_SAMAPTA;

    case LAPOR_KETERTIBAN:
        return s[SIG_MEDIATE] ? LAPOR_BINMAS : LAPOR_SAMAPTA;

    case LAPOR_TAWURAN:
        return (s[SIG_PROTEST] && !s[SIG_ARMED]) ? LAPOR_INTELKAM
                                                 : LAPOR_SAMAPTA;

    case LAPOR_BOM_TEROR:
        return s[SIG_RADICAL] ? LAPOR_INTELKAM : LAPOR_BRIMOB;

    case LAPOR_PENIPUAN_SIBER:
        return s[SIG_OFFLINE] ? LAPOR_RESKRIM : LAPOR_SIBER;

    case LAPOR_CURAS:
    case LAPOR_PENCURIAN:
        return s[SIG_PATROL] ? LAPOR_SAMAPTA : LAPOR_RESKRIM;

    case LAPOR_LAYANAN:
        return lapor_rules_service(s);

    default:
        return lapor_category_function(c);
    }
}


static enum lapor_function
lapor_rules_service(const int *s)
{
    if (s[SIG_INTEL]) {
        return LAPOR_INTELKAM;
    }

    if (s[SIG_LANTAS]) {
        return LAPOR_LANTAS;
    }

    if (s[SIG_CASE]) {
        return LAPOR_RESKRIM;
    }

    if (s[SIG_COUNSEL]) {
        return LAPOR_BINMAS;
    }

    if (s[SIG_GUARD]) {
        return LAPOR_SAMAPTA;
    }

    if (s[SIG_CAREER]) {
        return LAPOR_OPERATOR;
    }

    return LAPOR_PAMAPTA;
}


static int
lapor_rules_sensitive(enum lapor_category c, const int *s)
{
    if (lapor_category_sensitive(c) || s[SIG_SECRET]) {
        return 1;
    }

    /* what is sealed is likely, though something else is likelier */

    if (s[LAPOR_KEKERASAN_SEKSUAL] >= 60 || s[LAPOR_KDRT_ANAK] >= 60
        || s[LAPOR_KELUHAN_POLISI] >= 60)
    {
        return lapor_category_urgency(c) != LAPOR_P4;
    }

    /* a policeman or a soldier as suspect or protector, in any category */

    if (s[SIG_SOLDIER] && lapor_category_urgency(c) != LAPOR_P4) {
        return 1;
    }

    switch (c) {

    case LAPOR_DARURAT_MEDIS:
        return s[SIG_SUICIDE] > 0;

    case LAPOR_PENGANIAYAAN:
        return s[SIG_CHILD] >= 60;

    case LAPOR_PENIPUAN_SIBER:
    case LAPOR_PREMANISME:
        return s[SIG_SEX] > 0;

    default:
        return 0;
    }
}


/*
 * Independent hints, each of which leaves a share of doubt.  Bad spelling, a
 * missing place, regional words are no hint.
 */

static double
lapor_rules_prank(enum lapor_category c, const int *s)
{
    double  honest;

    honest = 0.98;

    if (s[SIG_ADVERT] >= 80) {
        honest *= 0.1;

    } else if (s[SIG_ADVERT]) {
        honest *= 0.7;
    }

    if (s[SIG_INSULT]) {
        honest *= (c == LAPOR_SPAM_PRANK) ? 0.4 : 0.7;
    }

    if (s[SIG_ABSURD]) {
        honest *= (c == LAPOR_SPAM_PRANK) ? 0.3 : 0.6;
    }

    if (s[SIG_FLIRT]) {
        honest *= 0.7;
    }

    if (s[SIG_LAUGH] && lapor_category_urgency(c) != LAPOR_P4) {
        honest *= 0.6;
    }

    if (c == LAPOR_SPAM_PRANK) {
        honest *= 0.4;
    }

    return 1.0 - honest;
}
