/*
 * Programs that unpack themselves when they start, as UPX makes them: what is in them can only be
 * known by running them.
 */
#ifndef RF_IMAGE_GO_PACKED_H
#define RF_IMAGE_GO_PACKED_H

#include "image/go/exe.h"

/* How it is packed, as a sentence's end ("with UPX"); NULL: it is not, as far as can be told. */
const char *go_exe_packed(const struct go_exe *exe);

#endif
