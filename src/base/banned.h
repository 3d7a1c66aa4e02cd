/*
 * String functions without bounds, and number parsers that cannot report an error, do not
 * compile here. Use rf_buf (base/buf.h), rf_str (base/str.h) and base/num.h.
 */
#ifndef RF_BASE_BANNED_H
#define RF_BASE_BANNED_H

#include <string.h>
#include <stdio.h>
#include <stdlib.h>

#undef alloca  /* a macro in <alloca.h>; poisoned below like the rest */
#undef sprintf /* macros under clang with _FORTIFY_SOURCE */
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll alloca

#endif
