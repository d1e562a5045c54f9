/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tapeio_drive.c: the contract over a drive of the kernel.  VTL_TEST_TAPE names it
 * (/dev/nst0); the tape in it is overwritten.  Without it the program says so and exits with 77.
 */
#include "tests/unit/policy/tapeio_contract.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	const char *device = getenv("VTL_TEST_TAPE");
	struct contract contract = { .device = device, .volume = "V1", .longest = 1024 * 1024 };
	void *state = &contract;
	const struct CMUnitTest over_drive[] = { CONTRACT_TESTS };
	struct CMUnitTest tests[sizeof(over_drive) / sizeof(over_drive[0])];

	if (device == NULL || *device == '\0') {
		(void)puts("SKIPPED: needs VTL_TEST_TAPE=/dev/nstN with a scratch tape");
		return 77;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i] = over_drive[i];
		tests[i].initial_state = state;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
