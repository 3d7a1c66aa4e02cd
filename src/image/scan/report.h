/*
 * What a scan found: the one thing that the scanner writes, the gate judges and every output format
 * prints. All of it lives in one arena; views end with a NUL. Text comes from hostile images: it is
 * valid UTF-8 without control characters (the reader of the scanner's messages sees to that), but
 * formats must escape it.
 *
 * Order is fixed, so that equal images give equal bytes: layers bottom first; packages by
 * location, ecosystem, name, version; findings by level (worst first), id, package; secrets and
 * files by location, line.
 */
#ifndef RF_IMAGE_SCAN_REPORT_H
#define RF_IMAGE_SCAN_REPORT_H

#include "base/arena.h"
#include "image/pkg/package.h"
#include "image/vuln/cvss.h"

/*
 * How far a vulnerability was followed. Linked, path and unknown count as affected; absent does
 * not. In this order: "--tier path" means path and unknown, so that what nobody could look into
 * always counts.
 */
enum scan_tier {
	SCAN_TIER_ABSENT,  /* the module is there, no vulnerable symbol is linked in */
	SCAN_TIER_LINKED,  /* a vulnerable symbol is in the program */
	SCAN_TIER_PATH,	   /* and a path of calls from main to it was found */
	SCAN_TIER_UNKNOWN, /* no symbols to look at: operating system packages, lock files, ... */
};
const char *scan_tier_name(enum scan_tier tier);
bool scan_tier_find(struct rf_str name, enum scan_tier *ret) RF_MUST_USE;

#define SCAN_NO_LAYER UINT32_MAX

struct scan_strs {
	struct rf_str *items;
	size_t count;
};

struct scan_layer {
	struct rf_str digest;	  /* "sha256:..." of the stored bytes, "" when not known */
	struct rf_str diff_id;	  /* "sha256:..." */
	struct rf_str created_by; /* from the config's history, "" when it says nothing */
	uint64_t size;		  /* bytes as stored */
};

enum scan_package_role {
	SCAN_PACKAGE_OS,      /* a distribution's package */
	SCAN_PACKAGE_LIBRARY, /* from a lock file, jar or manifest */
	SCAN_PACKAGE_MAIN,    /* the main module of a Go program */
	SCAN_PACKAGE_MODULE,  /* a module linked into a Go program */
	SCAN_PACKAGE_STDLIB,  /* Go's standard library in a Go program */
};

struct scan_package {
	enum pkg_type type;
	enum scan_package_role role;
	struct rf_str ecosystem; /* OSV's name: "Go", "Debian:12"; "" when there is none */
	struct rf_str name, version;
	struct rf_str arch, source, source_version, license, checksum; /* "" when absent */
	struct rf_str location; /* "/app", "/var/lib/dpkg/status": absolute in the image */
	uint32_t layer;		/* index into layers, or SCAN_NO_LAYER */
	/* Go: the module that replaces another one (name and version are the replacement's). */
	struct rf_str replaces;
};

struct scan_finding {
	struct rf_str id;	  /* "GO-2024-2687" */
	struct scan_strs aliases; /* sorted, without id */
	struct rf_str summary;	  /* "" when the database has none */
	uint32_t package;	  /* index into packages */
	enum scan_tier tier;
	struct scan_strs symbols; /* linked ones, sorted: "net/http.(*Server).Serve" */
	struct scan_strs path;	  /* tier path: functions from main.main to a symbol */
	struct scan_strs fixed;	  /* versions that fix it, lowest first, those above version only */
	enum vuln_level level;
	unsigned score_tenths; /* 98 is 9.8; 0 when unrated */
	struct rf_str vector;  /* "" when unrated */
	bool known_exploited;  /* CISA's list */
	/* Why it does not count (VEX statement, ignore file); "" when it counts. */
	struct rf_str suppressed;
};

struct scan_secret {
	struct rf_str rule, title, severity;
	struct rf_str location; /* a file; "env NAME" for the config's environment */
	uint32_t line, column;	/* 0 for the environment */
	uint32_t layer;
	struct rf_str redacted;
	/* A higher layer takes the file away: a container does not see it, who has the image does.
	 */
	bool removed;
};

enum scan_file_kind {
	SCAN_FILE_SETUID,
	SCAN_FILE_SETGID,
	SCAN_FILE_WORLD_WRITABLE,     /* a file that anybody may write */
	SCAN_FILE_WORLD_WRITABLE_DIR, /* without the sticky bit */
	SCAN_FILE_CAPABILITY,
	SCAN_FILE_FOREIGN_BINARY, /* PE or Mach-O: recognised, not analysed */
	SCAN_FILE_UNREADABLE,	  /* looked like something to analyse and could not be: detail */
	SCAN_FILE_PACKED,	  /* a program that unpacks itself: nobody knows what is in it */
};
#define SCAN_FILE_LAST SCAN_FILE_PACKED
/* "setuid", "setgid", "world-writable", "world-writable-directory", "capability", ... */
const char *scan_file_kind_name(enum scan_file_kind kind);

struct scan_file {
	enum scan_file_kind kind;
	struct rf_str location;
	uint32_t layer;
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	struct rf_str detail; /* "cap_net_bind_service=ep"; "PE"; what went wrong */
	/* Why it does not count (ignore file); "" when it counts, if its kind does. */
	struct rf_str suppressed;
};

struct scan_config {
	bool present; /* false for directories and binaries */
	struct rf_str user, working_dir;
	struct scan_strs entrypoint, cmd, exposed_ports, env; /* env: values of secrets redacted */
	struct scan_strs problems; /* sentences: "runs as root: the config has no USER" */
	struct rf_str architecture, os, created;
};

struct scan_database {
	bool present;
	struct rf_str built;	  /* RFC 3339 */
	struct rf_str digest;	  /* "sha256:..." */
	struct scan_strs sources; /* "go-vulndb-osv.tar.zst (4291 advisories)" */
	uint64_t age_s;		  /* at the time of the scan */
};

struct scan_report {
	struct rf_arena *arena; /* owns everything */
	struct rf_str target;	/* as the user gave it */
	struct rf_str
		digest; /* "sha256:..." of the manifest (or config, or file); "" for a directory */
	struct pkg_os os;
	struct scan_database database;
	struct scan_layer *layers;
	size_t layer_count;
	struct scan_package *packages;
	size_t package_count;
	struct scan_finding *findings;
	size_t finding_count;
	struct scan_secret *secrets;
	size_t secret_count;
	struct scan_file *files;
	size_t file_count;
	struct scan_config config;
	struct scan_strs notes; /* what was left out and why */
};

struct scan_report *scan_report_new(void) RF_MUST_USE;
void scan_report_free(struct scan_report *report);
void scan_report_freep(struct scan_report **report);

/*
 * Puts everything into the documented order and renumbers the packages of findings: what whoever
 * fills a report does last. RF_EINTERNAL when memory ran out or a finding names no package.
 */
int scan_report_sort(struct scan_report *report) RF_MUST_USE;

#define AUTO_SCAN_REPORT CLEANUP(scan_report_freep) struct scan_report

#endif
