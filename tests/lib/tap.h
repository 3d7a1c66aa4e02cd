/*
 * TAP for tests in C: one function a behaviour, its name a sentence.
 *
 *	static void an_empty_selector_matches_everything(void)
 *	{
 *		CHECK(kube_selector_matches(&empty, &labels));
 *	}
 *	int main(int argc, char **argv)
 *	{
 *		TAP_BEGIN(argc, argv);
 *		RUN(an_empty_selector_matches_everything);
 *		return TAP_END();
 *	}
 *
 * A test is "ok" when none of its CHECKs failed; SKIP names what is missing. Arguments of the
 * program pick tests by a part of their name.
 */
#ifndef TESTS_LIB_TAP_H
#define TESTS_LIB_TAP_H

#include "base/attr.h"

void tap_begin(int argc, char **argv);
int tap_end(void);
void tap_run(const char *name, void (*test)(void));
void tap_check(bool ok, const char *file, int line, const char *fmt, ...) RF_PRINTF(4, 5);
void tap_skip(const char *fmt, ...) RF_PRINTF(1, 2);
void tap_diag(const char *fmt, ...) RF_PRINTF(1, 2);
bool tap_failed(void);
void tap_check_str(const char *got, const char *want, const char *file, int line);

#define TAP_BEGIN(argc, argv) tap_begin(argc, argv)
#define TAP_END()	      tap_end()
#define RUN(test)	      tap_run(#test, test)
#define CHECK(cond)	      tap_check((cond), __FILE__, __LINE__, "%s", #cond)
#define CHECKF(cond, ...)     tap_check((cond), __FILE__, __LINE__, __VA_ARGS__)
#define CHECK_STR(got, want)  tap_check_str((got), (want), __FILE__, __LINE__)
#define CHECK_INT(got, want)                                                                      \
	do {                                                                                      \
		long long got_ = (long long)(got), want_ = (long long)(want);                     \
		tap_check(got_ == want_, __FILE__, __LINE__, "%s is %lld, want %lld", #got, got_, \
			want_);                                                                   \
	} while (0)
/* Ends the test when cond does not hold: for what the rest of it stands on. */
#define REQUIRE(cond)                                              \
	do {                                                       \
		bool held_ = (cond);                               \
		tap_check(held_, __FILE__, __LINE__, "%s", #cond); \
		if (!held_)                                        \
			return;                                    \
	} while (0)
#define SKIP(...)                      \
	do {                           \
		tap_skip(__VA_ARGS__); \
		return;                \
	} while (0)

/* The path of a file of the shared test data, or NULL when it is not there (then SKIP). */
const char *tap_shared_data(const char *relative);

#endif
