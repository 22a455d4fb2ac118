/* Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE. */

/*
 * A histogram whose buckets grow with the value: below 128 ns each value has
 * its own, above there are 128 between two powers of two, so that a quantile
 * is at most 1/128 too high wherever it lies.
 */

#include "t/bench/load.h"


static size_t load_hist_index(uint64_t value);
static uint64_t load_hist_upper(size_t index);


void
load_hist_add(struct load_hist *hist, uint64_t value)
{
    hist->counts[load_hist_index(value)]++;
    hist->n++;
    hist->sum += value;

    if (value > hist->max) {
        hist->max = value;
    }

    if (value > LOAD_SECOND / 4) {
        hist->over_250ms++;
    }

    if (value > LOAD_SECOND) {
        hist->over_1s++;
    }
}


/* the smallest value that no more than 1 - quantile of all exceed */

uint64_t
load_hist_quantile(const struct load_hist *hist, double quantile)
{
    size_t    i;
    uint64_t  seen, want, upper;

    if (hist->n == 0) {
        return 0;
    }

    want = (uint64_t) (quantile * (double) hist->n + 0.999999);
    if (want == 0) {
        want = 1;
    }

    seen = 0;

    for (i = 0; i < LOAD_HIST_SIZE; i++) {
        seen += hist->counts[i];

        if (seen >= want) {
            upper = load_hist_upper(i);
            return upper < hist->max ? upper : hist->max;
        }
    }

    return hist->max;
}


static size_t
load_hist_index(uint64_t value)
{
    unsigned  shift;

    if (value < LOAD_HIST_SUB) {
        return (size_t) value;
    }

    if (value >> LOAD_HIST_MAX_BITS) {
        return LOAD_HIST_SIZE - 1;
    }

    shift = 63u - (unsigned) __builtin_clzll(value) - LOAD_HIST_BITS;

    return (size_t) (shift * LOAD_HIST_SUB + (value >> shift));
}


static uint64_t
load_hist_upper(size_t index)
{
    unsigned  shift;

    if (index < LOAD_HIST_SUB) {
        return index;
    }

    shift = (unsigned) (index / LOAD_HIST_SUB) - 1;

    return ((index - (size_t) shift * LOAD_HIST_SUB + 1) << shift) - 1;
}
