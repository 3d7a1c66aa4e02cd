/* "Did you mean ...?": the nearest of some names to a word. */
#ifndef RF_DOC_SIMILAR_H
#define RF_DOC_SIMILAR_H

#include "base/str.h"

/*
 * How many letters to insert, delete, replace or swap with a neighbour, upper and lower case being
 * alike, to come from a to b. A value over the bound is only known to be over it; texts longer than
 * DOC_SIMILAR_MAX bytes are over every bound.
 */
#define DOC_SIMILAR_MAX 40
unsigned doc_similar_distance(struct rf_str a, struct rf_str b);

/* True when distance is small enough for a word of len bytes to be worth suggesting. */
bool doc_similar_enough(unsigned distance, size_t len);

#endif
