/*
 * What jars say of themselves: pom.properties, which Maven writes and is exact, and the main
 * attributes of META-INF/MANIFEST.MF, of which every build tool sets others.
 */
#include "base/buf.h"
#include "image/pkg/pkg_int.h"

#define MAX_MANIFEST ((size_t)4 << 20)

struct identity {
	struct rf_str group, artifact, version;
};

static int yield(struct pkg_out *out, const struct identity *id, struct rf_err *err)
{
	AUTO_BUF name = {.max = 4 * PKG_MAX_NAME};
	struct pkg pkg = {.type = PKG_MAVEN, .version = id->version};

	if (id->artifact.len == 0)
		return RF_OK;
	if (id->group.len) {
		rf_buf_add_str(&name, id->group);
		rf_buf_add_char(&name, ':');
	}
	rf_buf_add_str(&name, id->artifact);
	pkg.name = rf_buf_str(&name);
	return pkg_emit(out, &pkg, err);
}

int pkg_pom_properties_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};
	struct rf_str text = pkg_text(file), line, key;
	struct identity id = {.group = RF_STR_NONE};
	const struct pkg_field fields[] = {
		{"groupId", &id.group},
		{"artifactId", &id.artifact},
		{"version", &id.version},
	};

	while (pkg_next_line(&text, &line)) {
		struct rf_str value = rf_str_cut(line, '=', &key);

		if (value.ptr)
			pkg_field_set(fields, RF_ARRAY_LEN(fields), pkg_trim(key), pkg_trim(value));
	}
	return yield(&out, &id, err);
}

/* Lines end after 72 bytes and go on after a blank. */
static void unfold(struct rf_str text, struct rf_buf *out)
{
	struct rf_str line;
	bool first = true;

	while (pkg_next_line(&text, &line)) {
		bool continues = line.len && line.ptr[0] == ' ';

		if (!continues && !first)
			rf_buf_add_char(out, '\n');
		rf_buf_add_str(out, continues ? pkg_skip(line, 1) : line);
		first = false;
	}
}

/* A title may be a sentence; an artifact has no blanks. */
static bool is_artifact(struct rf_str text)
{
	return text.len && !memchr(text.ptr, ' ', text.len) && !memchr(text.ptr, '$', text.len);
}

/* "lib/spring-core-5.3.9.jar" is spring-core 5.3.9. */
static void name_of_jar(struct rf_str jar, struct identity *id)
{
	const char *slash = jar.len ? memrchr(jar.ptr, '/', jar.len) : NULL;
	struct rf_str base = slash ? pkg_skip(jar, (size_t)(slash - jar.ptr) + 1) : jar;

	base.len -= base.len > 4 ? 4 : 0; /* ".jar" */
	for (size_t i = 1; i + 1 < base.len; i++) {
		if (base.ptr[i] != '-' || base.ptr[i + 1] < '0' || base.ptr[i + 1] > '9')
			continue;
		id->artifact = pkg_head(base, i);
		id->version = pkg_skip(base, i + 1);
		return;
	}
}

/* "org.apache.felix.framework;singleton:=true" */
static struct rf_str without_directives(struct rf_str symbolic_name)
{
	struct rf_str head;

	rf_str_cut(symbolic_name, ';', &head);
	return pkg_trim(head);
}

static struct rf_str first_of(struct rf_str a, struct rf_str b)
{
	return a.len ? a : b;
}

int pkg_manifest_yield(
	struct rf_bytes file, struct rf_str jar, struct pkg_out *out, struct rf_err *err)
{
	struct rf_str symbolic = RF_STR_NONE, bundle_version = RF_STR_NONE, title = RF_STR_NONE;
	struct identity id = {.group = RF_STR_NONE}, named = {.group = RF_STR_NONE};
	const struct pkg_field fields[] = {
		{"Implementation-Vendor-Id", &id.group},
		{"Implementation-Title", &title},
		{"Implementation-Version", &id.version},
		{"Bundle-SymbolicName", &symbolic},
		{"Bundle-Version", &bundle_version},
	};
	AUTO_BUF text = {.max = MAX_MANIFEST};
	struct rf_str rest;

	unfold(pkg_text(file), &text);
	if (text.failed)
		return rf_err_set(
			err, RF_ELIMIT, "a manifest of more than %zu bytes", MAX_MANIFEST);
	rest = rf_buf_str(&text);
	pkg_read_stanza(&rest, fields, RF_ARRAY_LEN(fields));
	name_of_jar(jar, &named);
	id.artifact =
		first_of(named.artifact, is_artifact(title) ? title : without_directives(symbolic));
	id.version = first_of(first_of(named.version, id.version), bundle_version);
	return id.version.len ? yield(out, &id, err) : RF_OK;
}

int pkg_manifest_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct pkg_out out = {.sink = sink};

	return pkg_manifest_yield(file, RF_STR(""), &out, err);
}
