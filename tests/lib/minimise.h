/* Makes a failing JSON text small enough to read. */
#ifndef TESTS_LIB_MINIMISE_H
#define TESTS_LIB_MINIMISE_H

#include "base/buf.h"

/*
 * Takes list items and map entries out of the text, one after the other, as long as
 * still_fails(ctx, text) holds. The text must be one JSON value that fails to begin with.
 */
void minimise_json(
	struct rf_buf *text, bool (*still_fails)(void *ctx, struct rf_str text), void *ctx);

#endif
