/*
 * Loads manifests: files, directories (recursive: *.yaml, *.yml, *.json, sorted by path), "-" for
 * standard input, kind List. What is wrong goes to diags, all of it; kinds that Ringfence does not
 * know are noted as skipped, once each kind.
 */
#ifndef RF_KUBE_LOAD_H
#define RF_KUBE_LOAD_H

#include "base/map.h"
#include "kube/types.h"

struct kube_set {
	struct rf_arena *arena;
	RF_VEC(struct kube_object *) objects; /* in the order read */
	struct rf_map by_name;		      /* "Kind/namespace/name" -> struct kube_object * */
	struct rf_map skipped;		      /* "apiVersion/Kind" of kinds noted already */
	RF_VEC(char *) texts;		      /* file contents and names that the trees refer to */
};

/* Zeroed memory is not enough: call this. Returns RF_OK or RF_EINTERNAL. */
int kube_set_init(struct kube_set *set, struct rf_err *err) RF_MUST_USE;
void kube_set_done(struct kube_set *set);

/*
 * Adds the objects of path. Returns RF_OK when path could be read (errors of its content are in
 * diags: test diags->error_count), RF_EABSENT / RF_EIO when it could not, RF_EINTERNAL.
 */
int kube_load_path(struct kube_set *set, const char *path, struct rf_diags *diags,
	struct rf_err *err) RF_MUST_USE;
/* Adds the objects of a text held in memory; name stands for the file in messages. */
int kube_load_text(struct kube_set *set, struct rf_str text, const char *name,
	struct rf_diags *diags, struct rf_err *err) RF_MUST_USE;

/*
 * Decodes one object (a List gives several). The source of a doc tree does not matter: file, API
 * answer, watch event. Returns RF_OK (what is wrong is in diags; an object with an error does not
 * enter the set) or RF_EINTERNAL when memory ran out.
 */
int kube_load_node(
	struct kube_set *set, const struct doc_node *root, struct rf_diags *diags) RF_MUST_USE;

/* NULL when there is none. namespace is "" for a Namespace. */
const struct kube_object *kube_find(const struct kube_set *set, enum kube_kind kind,
	struct rf_str namespace, struct rf_str name);

const char *kube_kind_name(enum kube_kind kind);
/* True for the kinds whose object is a kube_workload. */
bool kube_kind_is_workload(enum kube_kind kind);
/* By name, any case, singular or plural or short ("deploy", "sts"); false when unknown. */
bool kube_kind_parse(struct rf_str name, enum kube_kind *ret);

#endif
