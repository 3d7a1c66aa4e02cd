/* For tests of manifests: one load of a text, its objects, its findings as lines. */
#ifndef TESTS_UNIT_KUBE_KUBE_TEST_H
#define TESTS_UNIT_KUBE_KUBE_TEST_H

#include "base/buf.h"
#include "kube/pods.h"
#include "kube/selector.h"
#include "tests/lib/tap.h"

struct loaded {
	struct kube_set set;
	struct rf_diags diags;
	struct rf_buf said; /* "line:col message", one a line; notes begin with "note " */
};

static inline void loaded_done(struct loaded *l)
{
	kube_set_done(&l->set);
	rf_diags_done(&l->diags);
	rf_buf_done(&l->said);
}

static inline void loaded_say(struct loaded *l)
{
	rf_buf_clear(&l->said);
	rf_vec_each (d, &l->diags.list)
		rf_buf_addf(&l->said, "%s%u:%u %s\n", d->severity == RF_NOTE ? "note " : "",
			d->pos.line, d->pos.col, d->msg);
}

static inline void loaded_add(struct loaded *l, const char *text, const char *name)
{
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(kube_load_text(&l->set, rf_str_of(text), name, &l->diags, &err), RF_OK);
	loaded_say(l);
}

static inline struct loaded loaded_of(const char *text)
{
	struct loaded l = {.said = {.data = NULL}};
	struct rf_err err = {.code = RF_OK};

	CHECK_INT(kube_set_init(&l.set, &err), RF_OK);
	loaded_add(&l, text, "test.yaml");
	return l;
}

#define AUTO_LOADED CLEANUP(loaded_done) struct loaded

static inline const struct kube_object *loaded_first(const struct loaded *l)
{
	return l->set.objects.count ? l->set.objects.items[0] : NULL;
}

static inline void said_is(const char *text, const char *want, const char *file, int line)
{
	AUTO_LOADED l = loaded_of(text);

	tap_check_str(rf_buf_cstr(&l.said), want, file, line);
}

static inline void said_has(const char *text, const char *part, const char *file, int line)
{
	AUTO_LOADED l = loaded_of(text);

	tap_check(strstr(rf_buf_cstr(&l.said), part) != NULL && l.diags.error_count == 1, file,
		line, "wanted one error with \"%s\", got:\n%s", part, rf_buf_cstr(&l.said));
}

/* The text loads without a word; says exactly these lines; says one error with this in it. */
#define LOADS(text)	    said_is(text, "", __FILE__, __LINE__)
#define SAYS(text, want)    said_is(text, want, __FILE__, __LINE__)
#define REFUSES(text, part) said_has(text, part, __FILE__, __LINE__)

/* A Pod p, its spec in flow style: "containers: [...], ..." */
#define POD(spec) \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: p}}\nspec: {" spec "}\n"
/* A Pod whose only container has these further fields, which begin on line 5, column 3. */
#define CONTAINER(fields)                                                                       \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: " \
	"i,\n  " fields "}]}\n"
/* The same with volumes v (emptyDir) and w (configMap). */
#define CONTAINER_WITH_VOLUMES(fields)                                                \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, " \
	"emptyDir: {}}, {name: w, configMap: {name: m}}], containers: [{name: c, "    \
	"image: i,\n  " fields "}]}\n"
#define VOLUME(source)                                                                          \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: " \
	"i}],\n  volumes: [{name: v, " source "}]}\n"
#define POLICY(spec)                                                                          \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\nspec: " \
	"{podSelector: {},\n  " spec "}\n"
/* An AuthorizationPolicy ap; its spec begins on line 4, column 7, what is given on line 5. */
#define AUTHZ(spec)                                                                          \
	"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ap, " \
	"namespace: shop}\nspec: {\n" spec "}\n"
#define PEER_AUTH(namespace, spec)                                                          \
	"apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: pa, " \
	"namespace: " namespace "}\nspec: {\n" spec "}\n"
#define TEMPLATE \
	"template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}"
#define WORKLOAD(kind, spec) \
	"apiVersion: apps/v1\nkind: " kind "\nmetadata: {name: a}\nspec: {" spec "}\n"
#define SERVICE(spec) "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {" spec "}\n"

#endif
