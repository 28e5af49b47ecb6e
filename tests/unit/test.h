/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A unit test is a file tests/unit/NAME_test.c: it includes this header and the pure sources it
 * tests, and has one TEST(what_holds) { ... CHECK(...); ... } for each thing that must hold.
 * tests/unit/run finds, builds and runs it.
 */
#ifndef TEST_H
#define TEST_H

#include "kshim.h"

static struct {
	const char *name;
	void (*fn)(void);
} tests[256];
static unsigned int test_nr, test_bad;

#define TEST(what) \
	static void what(void); \
	__attribute__((constructor)) static void add_##what(void) \
	{ \
		assert(test_nr < ARRAY_SIZE(tests)); \
		tests[test_nr].name = #what; \
		tests[test_nr++].fn = what; \
	} \
	static void what(void)

/* A failed check is told and counted; the test goes on. */
#define CHECK(cond) do { \
	if (!(cond)) \
		test_failure(__FILE__, __LINE__, #cond); \
} while (0)
#define CHECK_EQ(a, b) do { \
	long long _got = (long long)(a), _want = (long long)(b); \
	if (_got != _want) { \
		test_failure(__FILE__, __LINE__, #a " == " #b); \
		printf("# got %lld (%#llx), want %lld (%#llx)\n", _got, _got, _want, _want); \
	} \
} while (0)
#define CHECK_STR(a, b) do { \
	const char *_got = (a), *_want = (b); \
	if (strcmp(_got, _want)) { \
		test_failure(__FILE__, __LINE__, #a " is " #b); \
		printf("# got \"%s\", want \"%s\"\n", _got, _want); \
	} \
} while (0)

static void test_failure(const char *file, int line, const char *what)
{
	/* A loop that fails everywhere shall not bury the rest. */
	if (test_bad++ < 20)
		printf("# %s:%d: %s\n", file, line, what);
}

int main(void)
{
	unsigned int i, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < test_nr; i++) {
		test_bad = 0;
		tests[i].fn();
		printf("%s %s\n", test_bad ? "not ok" : "ok", tests[i].name);
		bad += !!test_bad;
	}
	printf("# end\n");
	return !!bad;
}

#endif /* TEST_H */
