/* host/settings.h: sysctls of a network namespace of the test's own. Needs root. */
#include "host/settings.h"

#include <sched.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/lib/tap.h"

#define TTL	 "net/ipv4/ip_default_ttl"
#define PORTS	 "net/ipv4/ip_local_port_range"
#define FORWARD	 "net/ipv4/ip_forward"
#define FORWARD6 "net/ipv6/conf/all/forwarding"
#define RA	 "net/ipv6/conf/lo/accept_ra"

static bool able; /* root, and a network namespace of our own */

struct settings {
	struct instance inst;
	char dir[64];
	struct rf_err err;
};

static const char *now(const char *path)
{
	static char text[128];
	AUTO_BUF value = {.max = sizeof(text) - 1};
	char full[256];

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	if (rf_file_read(full, &value, NULL) < 0)
		return "(cannot be read)";
	snprintf(text, sizeof(text), "%.*s", value.len ? (int)value.len - 1 : 0,
		rf_buf_cstr(&value));
	return text;
}

static void put(const char *path, const char *value)
{
	char full[256];

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	CHECK_INT(rf_file_write(full, value, NULL), RF_OK);
}

static void settings_done(struct settings *s)
{
	instance_done(&s->inst);
	if (s->dir[0])
		CHECK_INT(rf_dir_remove(s->dir, &s->err), RF_OK);
}

static bool settings_begin(struct settings *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/ringfence-settings-XXXXXX");
	if (!mkdtemp(s->dir))
		return false;
	put(TTL, "64");
	put(PORTS, "32768 60999");
	put(FORWARD, "0");
	return instance_init(&s->inst, s->dir, s->dir, &s->err) == RF_OK;
}

#define SETTINGS(s)                                                     \
	CLEANUP(settings_done) struct settings s = {.dir = ""};         \
	if (!able)                                                      \
		SKIP("needs root, for a network namespace of its own"); \
	REQUIRE(settings_begin(&s))

static void change(struct settings *s, const char *path, const char *value)
{
	CHECK_INT(setting_change(&s->inst, path, value, &s->err), RF_OK);
}

/* Text of the record, "" when there is none. */
static const char *record(const struct settings *s)
{
	static char text[1024];
	AUTO_BUF held = {.max = sizeof(text) - 1};
	char path[128];

	snprintf(path, sizeof(path), "%s/settings", s->dir);
	if (rf_file_read(path, &held, NULL) < 0)
		return "";
	snprintf(text, sizeof(text), "%s", rf_buf_cstr(&held));
	return text;
}

static void write_record(struct settings *s, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/settings", s->dir);
	CHECK_INT(rf_file_replace(path, text, strlen(text), 0600, false, &s->err), RF_OK);
}

static void a_changed_setting_is_remembered_and_restored(void)
{
	SETTINGS(s);

	change(&s, TTL, "33");
	CHECK_STR(now(TTL), "33");
	CHECK_STR(record(&s), TTL " 64\n");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(TTL), "64");
	CHECK_STR(record(&s), "");
}

static void a_setting_that_is_right_already_is_left_alone(void)
{
	SETTINGS(s);

	change(&s, TTL, "64");
	CHECK_STR(record(&s), "");
	put(TTL, "77");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(TTL), "77");
}

static void a_setting_changed_twice_ends_as_it_was_at_first(void)
{
	SETTINGS(s);

	change(&s, TTL, "33");
	change(&s, TTL, "34");
	change(&s, TTL, "35");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(TTL), "64");
}

static void settings_of_several_words_are_restored_whole(void)
{
	SETTINGS(s);

	change(&s, PORTS, "40000 50000");
	change(&s, FORWARD, "1");
	CHECK_STR(now(PORTS), "40000\t50000");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(PORTS), "32768\t60999");
	CHECK_STR(now(FORWARD), "0");
}

static void restoring_twice_is_restoring_once(void)
{
	SETTINGS(s);

	change(&s, TTL, "33");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	put(TTL, "99");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(TTL), "99");
}

static void after_a_crash_the_next_one_restores_what_the_first_had_changed(void)
{
	struct instance next;
	SETTINGS(s);

	change(&s, TTL, "33");
	REQUIRE(instance_init(&next, s.dir, s.dir, &s.err) == RF_OK);
	CHECK_INT(setting_change(&next, TTL, "33", &s.err), RF_OK);
	CHECK_INT(settings_restore(&next, &s.err), RF_OK);
	CHECK_STR(now(TTL), "64");
	instance_done(&next);
}

/* The line comes before the change: a line without its end has changed nothing. */
static void a_line_cut_short_by_a_crash_is_left_out(void)
{
	static const char *const torn[] = {TTL " 6", TTL " ", TTL, "net/ipv4/ip_de"};
	SETTINGS(s);

	for (size_t i = 0; i < RF_ARRAY_LEN(torn); i++) {
		char text[256];

		put(TTL, "50");
		put(FORWARD, "1");
		snprintf(text, sizeof(text), FORWARD " 0\n%s", torn[i]);
		write_record(&s, text);
		CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
		CHECK_STR(now(TTL), "50");
		CHECK_STR(now(FORWARD), "0");
		CHECK_STR(record(&s), "");
	}
}

static void settings_that_are_gone_keep_no_other_from_being_restored(void)
{
	SETTINGS(s);

	put(TTL, "50");
	write_record(&s, TTL " 64\n\n \nnet/ipv4/conf/gone0/forwarding 1\nnonsense\n");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(TTL), "64");
	write_record(&s, "");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(record(&s), "");
}

static void a_setting_that_the_kernel_does_not_have_is_named(void)
{
	SETTINGS(s);

	CHECK_INT(setting_change(&s.inst, "net/ipv4/no_such", "1", &s.err), RF_EABSENT);
	CHECK(strstr(s.err.msg, "net/ipv4/no_such"));
	CHECK_STR(record(&s), "");
}

static void a_value_that_the_kernel_refuses_changes_nothing(void)
{
	SETTINGS(s);

	CHECK_INT(setting_change(&s.inst, TTL, "nonsense", &s.err), RF_EIO);
	CHECK_STR(now(TTL), "64");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(TTL), "64");
}

static void what_cannot_be_remembered_is_not_changed(void)
{
	struct instance lost;
	SETTINGS(s);

	REQUIRE(instance_init(&lost, "/nowhere/run", "/nowhere/state", &s.err) == RF_OK);
	CHECK_INT(setting_change(&lost, TTL, "33", &s.err), RF_EIO);
	CHECK_STR(now(TTL), "64");
	CHECK_INT(settings_restore(&lost, &s.err), RF_OK);
	instance_done(&lost);
}

/* Links that take router advertisements go on doing so, also on a machine that forwards. */
static void forwarding_keeps_router_advertisements_and_ends_as_it_began(void)
{
	SETTINGS(s);

	if (access("/proc/sys/net/ipv6/conf/lo/accept_ra", W_OK) < 0)
		SKIP("there is no IPv6");
	put(FORWARD6, "0");
	put(RA, "1");
	CHECK_INT(settings_forward(&s.inst, false, &s.err), RF_OK);
	CHECK_STR(now(FORWARD), "1");
	CHECK_STR(now(FORWARD6), "0");
	CHECK_INT(settings_forward(&s.inst, true, &s.err), RF_OK);
	CHECK_STR(now(FORWARD6), "1");
	CHECK_STR(now(RA), "2");
	CHECK_INT(settings_restore(&s.inst, &s.err), RF_OK);
	CHECK_STR(now(FORWARD), "0");
	CHECK_STR(now(FORWARD6), "0");
	CHECK_STR(now(RA), "1");
}

int main(int argc, char **argv)
{
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	TAP_BEGIN(argc, argv);
	RUN(a_changed_setting_is_remembered_and_restored);
	RUN(a_setting_that_is_right_already_is_left_alone);
	RUN(a_setting_changed_twice_ends_as_it_was_at_first);
	RUN(settings_of_several_words_are_restored_whole);
	RUN(restoring_twice_is_restoring_once);
	RUN(after_a_crash_the_next_one_restores_what_the_first_had_changed);
	RUN(a_line_cut_short_by_a_crash_is_left_out);
	RUN(settings_that_are_gone_keep_no_other_from_being_restored);
	RUN(a_setting_that_the_kernel_does_not_have_is_named);
	RUN(a_value_that_the_kernel_refuses_changes_nothing);
	RUN(what_cannot_be_remembered_is_not_changed);
	RUN(forwarding_keeps_router_advertisements_and_ends_as_it_began);
	return TAP_END();
}
