/*
 * Jars: every pom.properties in one (a shaded jar has many); where there is none, what the manifest
 * and the file's name tell. Jars in jars (war, Spring Boot) are read too, to a depth, and all that
 * is unpacked or gone through again is counted. What is unsound in one jar does not hide the rest:
 * it is remembered and returned at the end.
 */
#include "image/pkg/pkg_int.h"
#include "image/pkg/zip_int.h"

#define MAX_NESTING 2			/* of jars in a jar */
#define MAX_INNER   ((size_t)24 << 20)	/* bytes of a jar in a jar, and of those it lies in */
#define MAX_SMALL   ((size_t)1 << 20)	/* of a manifest or pom.properties */
#define MAX_TOTAL   ((size_t)512 << 20) /* of all content looked at */

struct reading {
	struct pkg_out out;
	size_t budget;
	int first_rc;	     /* what was wrong first */
	struct rf_err wrong; /* and in words */
};

struct jar {
	struct rf_str name; /* empty: not known */
	unsigned nesting;
	bool identified; /* by a pom.properties */
	size_t held;	 /* bytes of memory that it and those around it take */
};

static bool ends_as_jar(struct rf_str path)
{
	static const char ends[][5] = {".jar", ".war", ".ear"};

	for (size_t i = 0; i < RF_ARRAY_LEN(ends); i++) {
		if (path.len > 4 && strncasecmp(path.ptr + path.len - 4, ends[i], 4) == 0)
			return true;
	}
	return false;
}

bool pkg_is_jar(struct rf_str path)
{
	return ends_as_jar(path);
}

static void remember(struct reading *reading, int rc, const struct rf_err *err)
{
	if (rc != RF_OK && reading->first_rc == RF_OK) {
		reading->first_rc = rc;
		reading->wrong = *err;
	}
}

/* The sink of the small readers: they count for the whole jar. */
static int pass_on(void *ctx, const struct pkg *pkg, struct rf_err *err)
{
	struct reading *reading = ctx;

	return pkg_emit(&reading->out, pkg, err);
}

/* Unpacks at most max bytes, and takes them off the budget. */
static int charge_and_read(struct reading *reading, const struct zip *zip,
	const struct zip_entry *entry, size_t max, struct zip_content *ret, struct rf_err *err)
{
	uint64_t *left = reading->out.sink->unpack_left;

	if (entry->len > reading->budget)
		return rf_err_set(err, RF_ELIMIT, "jars unpack to more than %zu bytes", MAX_TOTAL);
	if (left && entry->len > *left)
		return rf_err_set(err, RF_ELIMIT, "jars before it unpacked to too much");
	reading->budget -= entry->len;
	if (left)
		*left -= entry->len;
	return zip_read(zip, entry, max, ret, err);
}

static int read_jar(
	struct reading *reading, struct rf_bytes file, struct jar *jar, struct rf_err *err);

static int read_inner(struct reading *reading, struct rf_bytes file, const struct jar *outer,
	struct rf_str name, size_t held, struct rf_err *err)
{
	struct jar inner = {.name = name, .nesting = outer->nesting + 1, .held = held};

	return read_jar(reading, file, &inner, err);
}

static int read_entry(struct reading *reading, const struct zip *zip, const struct zip_entry *entry,
	struct jar *jar, struct rf_err *err)
{
	const struct pkg_sink sink = {.add = pass_on, .ctx = reading};
	bool is_jar = ends_as_jar(entry->name) && jar->nesting < MAX_NESTING;
	size_t max = is_jar && entry->method != ZIP_STORED ? MAX_INNER - jar->held : MAX_INNER;
	bool is_pom = rf_str_starts(entry->name, RF_STR("META-INF/maven/")) &&
		      rf_str_ends(entry->name, RF_STR("/pom.properties"));
	AUTO_ZIP_CONTENT content = {.heap = NULL};
	int rc;

	if (!is_jar && !is_pom)
		return RF_OK;
	rc = charge_and_read(reading, zip, entry, is_jar ? max : MAX_SMALL, &content, err);
	if (rc < 0)
		return rc;
	if (is_jar)
		return read_inner(reading, content.bytes, jar, entry->name,
			jar->held + (content.heap ? content.bytes.len : 0), err);
	jar->identified = true;
	return pkg_pom_properties_read(content.bytes, &sink, err);
}

/* A jar without a pom: by its manifest, where it has one, and its name. */
static int read_manifest(struct reading *reading, const struct zip *zip,
	const struct zip_entry *entry, const struct jar *jar, struct rf_err *err)
{
	AUTO_ZIP_CONTENT content = {.heap = NULL};
	int rc = RF_OK;

	if (entry->name.len)
		rc = charge_and_read(reading, zip, entry, MAX_SMALL, &content, err);
	return rc < 0 ? rc : pkg_manifest_yield(content.bytes, jar->name, &reading->out, err);
}

/* Calls itself by read_inner(), MAX_NESTING deep. */
static int read_jar(
	struct reading *reading, struct rf_bytes file, struct jar *jar, struct rf_err *err)
{
	struct zip_entry entry, manifest = {.len = 0};
	struct zip zip;
	int more, rc = zip_open(file, &zip, err);

	if (rc < 0)
		return rc;
	while ((more = zip_next(&zip, &entry, err)) > 0) {
		struct rf_err wrong = {.code = RF_OK};

		if (rf_str_is(entry.name, "META-INF/MANIFEST.MF"))
			manifest = entry;
		rc = read_entry(reading, &zip, &entry, jar, &wrong);
		remember(reading, rc, &wrong);
		if (rc != RF_OK && reading->out.stopped)
			return rc;
	}
	if (more == 0 && !jar->identified)
		return read_manifest(reading, &zip, &manifest, jar, err);
	return more;
}

int pkg_jar_read(struct rf_bytes file, const struct pkg_sink *sink, struct rf_err *err)
{
	struct reading reading = {.out.sink = sink, .budget = MAX_TOTAL};
	struct jar jar = {.name = RF_STR("")};
	struct rf_err wrong = {.code = RF_OK};

	remember(&reading, read_jar(&reading, file, &jar, &wrong), &wrong);
	if (reading.first_rc == RF_OK)
		return RF_OK;
	if (err)
		*err = reading.wrong;
	return reading.out.stopped ? reading.first_rc : rf_err_wrap(err, reading.first_rc, "jar");
}
