/*
 * Names of Go functions, as the linker writes them, in the form that the Go vulnerability database
 * uses: a package path and "Function" or "Type.Method". Pointers, type arguments and escapes of the
 * path go; what the compiler made up (closures, type descriptors, wrappers) has no form there.
 */
#ifndef RF_IMAGE_GO_SYMBOL_H
#define RF_IMAGE_GO_SYMBOL_H

#include "base/buf.h"

/* Views into the name. */
struct go_symbol {
	struct rf_str package;	/* escaped as in the name: "gopkg.in/yaml%2ev2" */
	struct rf_str receiver; /* "T" of (*T[...]).M; "" for a function */
	struct rf_str name;
};

/* False for what is no function of a package. */
bool go_symbol_parse(struct rf_str text, struct go_symbol *ret);

/* The package path without escapes. */
void go_symbol_add_package(const struct go_symbol *symbol, struct rf_buf *out);
/* "T.M" or "F". */
void go_symbol_add_name(const struct go_symbol *symbol, struct rf_buf *out);
/* For people: "net/http.(*Server).Serve", "gopkg.in/yaml.v2.Unmarshal". */
void go_symbol_add_display(struct rf_str text, struct rf_buf *out);

/* True for packages of the standard library: no dot in the path's first element. */
bool go_package_is_std(struct rf_str path);
/* True when path is module or lies in it, by whole elements. */
bool go_package_in_module(struct rf_str path, struct rf_str module);

#endif
