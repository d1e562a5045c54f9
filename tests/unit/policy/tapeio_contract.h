/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tapeio_contract.h: what every kind of physical drive must do (policy/tapeio.h).  Runs over a
 * folder in test_tapeio_file, and over a real drive in test_tapeio_drive where VTL_TEST_TAPE names
 * one that holds a scratch tape.
 */
#ifndef VTL_TESTS_POLICY_TAPEIO_CONTRACT_H
#define VTL_TESTS_POLICY_TAPEIO_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/tapeio.h"

/* The drive under test: what tapeio_open() needs. */
struct contract {
	const char *device, *volume;
	size_t longest; /* block that the drive is asked to take */
};

/* @state of each is a struct contract. */
void contract_blocks_come_back(void **state);
void contract_filemarks_are_told_from_blocks(void **state);
void contract_lengths_from_least_to_longest(void **state);
void contract_a_rewritten_tape_has_only_the_new(void **state);
void contract_spaces_over_blocks_and_filemarks(void **state);
void contract_reads_what_an_earlier_handle_wrote(void **state);
void contract_status_is_online(void **state);
void contract_is_held_by_one_at_a_time(void **state);

#define CONTRACT_TESTS                                                         \
	cmocka_unit_test(contract_blocks_come_back),                           \
		cmocka_unit_test(contract_filemarks_are_told_from_blocks),     \
		cmocka_unit_test(contract_lengths_from_least_to_longest),      \
		cmocka_unit_test(contract_a_rewritten_tape_has_only_the_new),  \
		cmocka_unit_test(contract_spaces_over_blocks_and_filemarks),   \
		cmocka_unit_test(contract_reads_what_an_earlier_handle_wrote), \
		cmocka_unit_test(contract_status_is_online),                   \
		cmocka_unit_test(contract_is_held_by_one_at_a_time)

#endif
