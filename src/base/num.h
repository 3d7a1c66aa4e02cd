/* Numbers from text: whole text or nothing, with bounds. */
#ifndef RF_BASE_NUM_H
#define RF_BASE_NUM_H

#include "base/str.h"

/* Decimal digits only; false on anything else, an empty text, or a value over max. */
bool rf_num_u64(struct rf_str text, uint64_t max, uint64_t *ret) RF_MUST_USE;
/* The same with an optional '-'. */
bool rf_num_i64(struct rf_str text, int64_t min, int64_t max, int64_t *ret) RF_MUST_USE;

#endif
