/* SPDX-License-Identifier: Apache-2.0 */
/* The first, the second, the third ... allocation of a session finds no memory: nothing is lost,
 * nothing crashes. */
#include <stdlib.h>

#include "tests/fault/replay.h"

static bool on;
static unsigned countdown, met;
static struct model_tape before, after;

static bool no_memory(void)
{
	if (!on || countdown == 0)
		return false;
	if (--countdown > 0)
		return false;
	met++;
	return true;
}

/* clang-format off */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
/* clang-format on */

void *__wrap_malloc(size_t size)
{
	return no_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return no_memory() ? NULL : __real_realloc(p, size);
}

static void without_memory_nothing_acknowledged_is_lost(void **state)
{
	unsigned i = 0;

	do {
		replay_begin(*state, &before);
		countdown = ++i;
		met = 0;
		on = true;
		ignore_result(replay_session(*state, &before, &after, NULL));
		on = false;
		replay_expect(*state, &before, &after, false);
	} while (met > 0);
	print_message("%u allocations\n", i - 1);
	assert_true(i > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_memory_nothing_acknowledged_is_lost,
						pool_setup, pool_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
