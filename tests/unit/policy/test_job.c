/* SPDX-License-Identifier: Apache-2.0 */
/* test_job.c: the table of states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "policy/job.h"

#define KINDS  (JOB_IMPORT + 1)
#define STATES (JOB_CANCELLED + 1)

static void names_and_parsing_agree(void **state)
{
	enum job_kind kind;
	enum job_state parsed;

	(void)state;
	for (int i = 0; i < KINDS; i++) {
		assert_true(job_kind_parse(job_kind_name((enum job_kind)i), &kind));
		assert_int_equal(kind, i);
	}
	for (int i = 0; i < STATES; i++) {
		assert_true(job_state_parse(job_state_name((enum job_state)i), &parsed));
		assert_int_equal(parsed, i);
	}
	assert_false(job_kind_parse("mow", &kind));
	assert_false(job_state_parse("", &parsed));
}

static void a_final_job_goes_nowhere(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++)
		for (int from = JOB_DONE; from < STATES; from++)
			for (int to = 0; to < STATES; to++)
				assert_false(job_may_go((enum job_kind)kind, (enum job_state)from,
							(enum job_state)to));
}

static void every_open_state_can_fail_and_be_cancelled(void **state)
{
	(void)state;
	for (int kind = 0; kind < KINDS; kind++) {
		for (int from = 0; from < JOB_DONE; from++) {
			assert_true(
				job_may_go((enum job_kind)kind, (enum job_state)from, JOB_FAILED));
			assert_true(job_may_go((enum job_kind)kind, (enum job_state)from,
					       JOB_CANCELLED));
		}
	}
}

static void a_release_needs_a_verification_or_enough_copies(void **state)
{
	(void)state;
	assert_true(job_may_go(JOB_MIGRATE, JOB_VERIFYING, JOB_RELEASING));
	assert_true(job_may_go(JOB_MIGRATE, JOB_QUEUED, JOB_RELEASING));
	assert_false(job_may_go(JOB_MIGRATE, JOB_COPYING, JOB_RELEASING));
	assert_false(job_may_go(JOB_MIGRATE, JOB_COPYING, JOB_DONE));
	assert_false(job_may_go(JOB_RECALL, JOB_READING, JOB_DONE));
}

static void a_restart_never_skips_a_step(void **state)
{
	(void)state;
	assert_int_equal(job_restart(JOB_MIGRATE, JOB_COPYING), JOB_QUEUED);
	assert_int_equal(job_restart(JOB_MIGRATE, JOB_VERIFYING), JOB_VERIFYING);
	assert_int_equal(job_restart(JOB_MIGRATE, JOB_RELEASING), JOB_RELEASING);
	assert_int_equal(job_restart(JOB_RECALL, JOB_READING), JOB_QUEUED);
	assert_int_equal(job_restart(JOB_RECALL, JOB_COMMITTING), JOB_QUEUED);
	assert_int_equal(job_restart(JOB_IMPORT, JOB_READING), JOB_QUEUED);
	assert_int_equal(job_restart(JOB_IMPORT, JOB_COMMITTING), JOB_COMMITTING);
	for (int final = JOB_DONE; final < STATES; final++)
		assert_int_equal(job_restart(JOB_RECALL, (enum job_state) final), final);
}

static void a_copy_owns_its_texts(void **state)
{
	struct job *job = job_new(JOB_RECALL, "lib0", "T1", "because", 5);
	struct job *copy;

	(void)state;
	job_set_error(job, "first");
	job_set_error(job, job->error);
	copy = job_copy(job);
	job_free(job);
	assert_string_equal(copy->why, "because");
	assert_string_equal(copy->error, "first");
	job_set_error(copy, NULL);
	assert_null(copy->error);
	job_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_parsing_agree),
		cmocka_unit_test(a_final_job_goes_nowhere),
		cmocka_unit_test(every_open_state_can_fail_and_be_cancelled),
		cmocka_unit_test(a_release_needs_a_verification_or_enough_copies),
		cmocka_unit_test(a_restart_never_skips_a_step),
		cmocka_unit_test(a_copy_owns_its_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
