/*
 * pom.xml: the project and its dependencies, as far as this file alone tells. It is read twice:
 * first properties and managed versions, then dependencies. A version that a parent, an import or a
 * range decides is not known here and is yielded empty. Tests' dependencies are left out.
 */
#include "base/buf.h"
#include "base/vec.h"
#include "image/pkg/pkg_int.h"
#include "image/pkg/xml_int.h"

#define MAX_PATH_LEN   512  /* of element names down to one */
#define MAX_PROPERTIES 2000 /* and managed versions */
#define MAX_EXPANSIONS 64   /* of properties in one text */
#define MAX_DEPTH      8    /* of properties in properties */

struct coordinates {
	struct rf_str group, artifact, version, scope;
};

struct property {
	struct rf_str name, value;
};

struct pom {
	struct pkg_out out;
	bool second_time;
	struct rf_buf path; /* "project/parent/version" */
	struct rf_str leaf; /* the text of the element that is open */
	struct coordinates project, parent, dependency;
	RF_VEC(struct property) properties;
	RF_VEC(struct coordinates) managed;
};

static void pom_done(struct pom *pom)
{
	rf_buf_done(&pom->path);
	rf_vec_done(&pom->properties);
	rf_vec_done(&pom->managed);
}

static struct rf_str inherited(struct rf_str own, struct rf_str from_parent)
{
	return own.len ? own : from_parent;
}

/* What a name stands for; absent when nobody says. */
static struct rf_str look_up(const struct pom *pom, struct rf_str name)
{
	const struct property known[] = {
		{RF_STR("version"), inherited(pom->project.version, pom->parent.version)},
		{RF_STR("groupId"), inherited(pom->project.group, pom->parent.group)},
		{RF_STR("artifactId"), pom->project.artifact},
		{RF_STR("parent.version"), pom->parent.version},
		{RF_STR("parent.groupId"), pom->parent.group},
	};
	struct rf_str bare = name;

	rf_vec_each (it, &pom->properties) {
		if (rf_str_eq(it->name, name))
			return it->value;
	}
	if (rf_str_starts(name, RF_STR("project.")))
		bare = pkg_skip(name, sizeof("project.") - 1);
	else if (rf_str_starts(name, RF_STR("pom.")))
		bare = pkg_skip(name, sizeof("pom.") - 1);
	for (size_t i = 0; i < RF_ARRAY_LEN(known); i++) {
		if (rf_str_eq(known[i].name, bare))
			return known[i].value;
	}
	return RF_STR_NONE;
}

/* Appends text with properties replaced; false when one is not known or there is no end to it. */
static bool expand(const struct pom *pom, struct rf_str text, unsigned depth, unsigned *expansions,
	struct rf_buf *out)
{
	if (text.len > PKG_MAX_NAME || depth > MAX_DEPTH)
		return false;
	while (text.len) {
		size_t at = pkg_find(text, RF_STR("${"));
		struct rf_str name, value;

		rf_buf_add_str(out, pkg_head(text, at));
		if (at == text.len)
			break;
		text = rf_str_cut(pkg_skip(text, at + 2), '}', &name);
		value = look_up(pom, name);
		if (!text.ptr || !value.ptr || ++*expansions > MAX_EXPANSIONS ||
			!expand(pom, value, depth + 1, expansions, out))
			return false;
	}
	return !out->failed;
}

/* In out; "" when it is not known. A range names no version. */
static struct rf_str resolve(const struct pom *pom, struct rf_str text, struct rf_buf *out)
{
	unsigned expansions = 0;

	rf_buf_clear(out);
	if (!expand(pom, text, 0, &expansions, out))
		return RF_STR("");
	for (size_t i = 0; i < out->len; i++) {
		if (strchr("[](),&<", out->data[i]))
			return RF_STR("");
	}
	return rf_buf_str(out);
}

static struct rf_str managed_version(const struct pom *pom, const struct coordinates *what)
{
	rf_vec_each (it, &pom->managed) {
		if (rf_str_eq(it->artifact, what->artifact) && rf_str_eq(it->group, what->group))
			return it->version;
	}
	return RF_STR("");
}

static int yield(struct pom *pom, const struct coordinates *what, struct rf_err *err)
{
	AUTO_BUF part = {.max = 2 * PKG_MAX_NAME};
	AUTO_BUF name = {.max = 4 * PKG_MAX_NAME};
	struct pkg pkg = {.type = PKG_MAVEN};
	struct rf_str artifact;

	rf_buf_add_str(&name, resolve(pom, what->group, &part));
	if (name.len)
		rf_buf_add_char(&name, ':');
	artifact = resolve(pom, what->artifact, &part);
	if (artifact.len == 0)
		return RF_OK;
	rf_buf_add_str(&name, artifact);
	pkg.name = rf_buf_str(&name);
	pkg.version =
		resolve(pom, what->version.len ? what->version : managed_version(pom, what), &part);
	return pkg_emit(&pom->out, &pkg, err);
}

static bool path_is(const struct pom *pom, const char *path)
{
	return rf_str_is(rf_buf_str(&pom->path), path);
}

/* The name that path ends in when what is before it is parent; absent otherwise. */
static struct rf_str child_of(const struct pom *pom, struct rf_str parent)
{
	struct rf_str path = rf_buf_str(&pom->path);

	if (!rf_str_starts(path, parent))
		return RF_STR_NONE;
	path = pkg_skip(path, parent.len);
	return path.len && memchr(path.ptr, '/', path.len) ? RF_STR_NONE : path;
}

#define DEPENDENCY "project/dependencies/dependency"
#define MANAGED	   "project/dependencyManagement/dependencies/dependency"

/* Where coordinates stand. */
static const struct {
	struct rf_str parent;
	size_t offset;
} places[] = {
	{RF_STR("project/"), offsetof(struct pom, project)},
	{RF_STR("project/parent/"), offsetof(struct pom, parent)},
	{RF_STR(DEPENDENCY "/"), offsetof(struct pom, dependency)},
	{RF_STR(MANAGED "/"), offsetof(struct pom, dependency)},
};

static void take_coordinate(struct pom *pom, struct rf_str value)
{
	for (size_t i = 0; i < RF_ARRAY_LEN(places); i++) {
		struct coordinates *at = (struct coordinates *)((char *)pom + places[i].offset);
		const struct pkg_field fields[] = {
			{"groupId", &at->group},
			{"artifactId", &at->artifact},
			{"version", &at->version},
			{"scope", &at->scope},
		};
		struct rf_str name = child_of(pom, places[i].parent);

		if (name.len)
			pkg_field_set(fields, RF_ARRAY_LEN(fields), name, value);
	}
}

static int too_many(struct rf_err *err)
{
	return rf_err_set(err, RF_ELIMIT, "pom.xml: more than %d properties or managed versions",
		MAX_PROPERTIES);
}

static int take_property(
	struct pom *pom, struct rf_str name, struct rf_str value, struct rf_err *err)
{
	const struct property property = {.name = name, .value = value};

	if (pom->properties.count == MAX_PROPERTIES)
		return too_many(err);
	return rf_vec_push(&pom->properties, property) ? RF_OK : rf_err_nomem(err);
}

static int take_managed(struct pom *pom, struct rf_err *err)
{
	if (pom->managed.count == MAX_PROPERTIES)
		return too_many(err);
	return rf_vec_push(&pom->managed, pom->dependency) ? RF_OK : rf_err_nomem(err);
}

static int yield_dependency(struct pom *pom, struct rf_err *err)
{
	return rf_str_is(pom->dependency.scope, "test") ? RF_OK : yield(pom, &pom->dependency, err);
}

static int yield_project(struct pom *pom, struct rf_err *err)
{
	struct coordinates project = pom->project;

	project.group = inherited(project.group, pom->parent.group);
	project.version = inherited(project.version, pom->parent.version);
	return yield(pom, &project, err);
}

static int on_open(struct pom *pom, struct rf_str name, struct rf_err *err)
{
	pom->leaf = RF_STR_NONE;
	if (pom->path.len)
		rf_buf_add_char(&pom->path, '/');
	rf_buf_add_str(&pom->path, name);
	if (pom->path.failed)
		return rf_err_set(err, RF_ELIMIT, "pom.xml: elements are nested too deeply");
	if (path_is(pom, DEPENDENCY) || path_is(pom, MANAGED))
		pom->dependency = (struct coordinates){.group = RF_STR_NONE};
	return RF_OK;
}

static void leave(struct pom *pom)
{
	struct rf_str path = rf_buf_str(&pom->path);
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;

	pom->path.len = slash ? (size_t)(slash - path.ptr) : 0;
	pom->leaf = RF_STR_NONE;
}

/* name is the element's, a view of the file. */
static int on_close(struct pom *pom, struct rf_str name, struct rf_err *err)
{
	struct rf_str value = pom->leaf;
	int rc = RF_OK;

	if (child_of(pom, RF_STR("project/properties/")).len && !pom->second_time)
		rc = take_property(pom, name, value.ptr ? value : RF_STR(""), err);
	else if (path_is(pom, MANAGED) && !pom->second_time)
		rc = take_managed(pom, err);
	else if (path_is(pom, DEPENDENCY) && pom->second_time)
		rc = yield_dependency(pom, err);
	else if (value.len)
		take_coordinate(pom, value);
	leave(pom);
	return rc;
}

static struct rf_str trim_lines(struct rf_str text)
{
	while (text.len && strchr(" \t\r\n", text.ptr[0]))
		text = pkg_skip(text, 1);
	while (text.len && strchr(" \t\r\n", text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static int read_through(struct pom *pom, struct rf_str file, struct rf_err *err)
{
	struct xml xml = {.text = file};
	struct rf_str text;
	int rc = RF_OK;

	while (rc == RF_OK) {
		switch (xml_next(&xml, &text)) {
		case XML_END: return RF_OK;
		case XML_BAD: return rf_err_set(err, RF_EINPUT, "pom.xml: it is cut off");
		case XML_OPEN: rc = on_open(pom, text, err); break;
		case XML_CLOSE: rc = on_close(pom, text, err); break;
		case XML_TEXT:
			if (!pom->leaf.len)
				pom->leaf = trim_lines(text);
			break;
		}
	}
	return rc;
}

int pkg_pom_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	CLEANUP(pom_done)
	struct pom pom = {.out.sink = sink, .path.max = MAX_PATH_LEN};
	int rc = read_through(&pom, pkg_text(file), err);

	if (rc == RF_OK)
		rc = yield_project(&pom, err);
	rf_buf_clear(&pom.path);
	pom.second_time = true;
	return rc == RF_OK ? read_through(&pom, pkg_text(file), err) : rc;
}
