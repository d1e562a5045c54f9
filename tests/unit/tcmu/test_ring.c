/* SPDX-License-Identifier: Apache-2.0 */
/* The slot logic over a ring in plain memory. */
#include "handlers/tcmu/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tcmu/fake_runner.h"

struct fixture {
	struct tcmu_device dev;
	struct ring ring;
};

static int setup(void **state)
{
	static struct fixture f;

	fake_init(&f.dev, "");
	*state = &f;
	return ring_init(&f.ring, f.dev.memory, 128 + FAKE_RING_SIZE) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fake_clear(&f->dev);
	return 0;
}

static void read_len_goes_into_our_slot_and_sets_the_flag(void **state)
{
	struct fixture *f = *state;
	uint32_t at = fake_queue(&f->dev, TCMU_OP_CMD, 7, 112);

	assert_true(ring_set_read_len(&f->ring, 7, 1000));
	assert_int_equal(fake_entry(&f->dev, at)->rsp.read_len, 1000);
	assert_int_equal(fake_entry(&f->dev, at)->hdr.uflags, TCMU_UFLAG_READ_LEN);
	assert_int_equal(fake_mailbox(&f->dev)->cmd_tail, 0); /* the tail is libtcmu's */
}

static void read_len_passes_padding_and_wraps(void **state)
{
	struct fixture *f = *state;
	struct tcmu_mailbox *mb = fake_mailbox(&f->dev);
	uint32_t at;

	mb->cmd_head = mb->cmd_tail = FAKE_RING_SIZE - 64;
	(void)fake_queue(&f->dev, TCMU_OP_PAD, 0, 64);
	at = fake_queue(&f->dev, TCMU_OP_CMD, 9, 112);
	assert_int_equal(at, 0);
	assert_true(ring_set_read_len(&f->ring, 9, 5));
	assert_int_equal(fake_entry(&f->dev, 0)->rsp.read_len, 5);
}

static void zero_bytes_another_command_and_an_old_kernel_are_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t at = fake_queue(&f->dev, TCMU_OP_CMD, 7, 112);

	assert_false(ring_set_read_len(&f->ring, 7, 0));
	assert_false(ring_set_read_len(&f->ring, 8, 10));
	fake_mailbox(&f->dev)->flags = 0;
	assert_true(ring_init(&f->ring, f->dev.memory, 128 + FAKE_RING_SIZE));
	assert_false(f->ring.read_len);
	assert_false(ring_set_read_len(&f->ring, 7, 10));
	assert_int_equal(fake_entry(&f->dev, at)->hdr.uflags, 0);
}

static void dropped_commands_are_refused_and_passed(void **state)
{
	struct fixture *f = *state;
	uint32_t first = fake_queue(&f->dev, TCMU_OP_CMD, 1, 112);
	uint32_t second, ours;

	(void)fake_queue(&f->dev, TCMU_OP_PAD, 0, 64);
	second = fake_queue(&f->dev, TCMU_OP_CMD, 2, 128);
	ours = fake_queue(&f->dev, TCMU_OP_CMD, 3, 112);
	fake_entry(&f->dev, first)->hdr.uflags = 0x55;
	assert_int_equal(ring_heal(&f->ring, 3), 2);
	assert_int_equal(fake_mailbox(&f->dev)->cmd_tail, ours);
	for (unsigned i = 0; i < 2; i++) {
		const struct tcmu_cmd_entry *e = fake_entry(&f->dev, i == 0 ? first : second);

		assert_int_equal(e->rsp.scsi_status, 0x02);
		assert_int_equal(e->hdr.uflags, 0);
		assert_int_equal((uint8_t)e->rsp.sense_buffer[0], 0x70);
		assert_int_equal(e->rsp.sense_buffer[2], 0x05);
		assert_int_equal(e->rsp.sense_buffer[12], 0x20);
	}
	assert_int_equal(fake_entry(&f->dev, ours)->rsp.scsi_status, 0);
}

static void nothing_is_touched_where_our_command_is_not_there(void **state)
{
	struct fixture *f = *state;
	uint32_t at = fake_queue(&f->dev, TCMU_OP_CMD, 1, 112);

	assert_int_equal(ring_heal(&f->ring, 99), 0);
	assert_int_equal(fake_mailbox(&f->dev)->cmd_tail, 0);
	assert_int_equal(fake_entry(&f->dev, at)->rsp.scsi_status, 0);
}

static void a_ring_that_is_not_sound_does_not_hang(void **state)
{
	struct fixture *f = *state;

	(void)fake_queue(&f->dev, TCMU_OP_CMD, 1, 112);
	fake_entry(&f->dev, 0)->hdr.len_op = TCMU_OP_CMD; /* length 0 */
	assert_int_equal(ring_heal(&f->ring, 99), 0);
	assert_false(ring_set_read_len(&f->ring, 99, 4));
}

static void another_version_or_a_ring_out_of_bounds_is_refused(void **state)
{
	struct fixture *f = *state;
	struct tcmu_mailbox *mb = fake_mailbox(&f->dev);
	struct ring ring;

	assert_false(ring_init(&ring, mb, 128 + FAKE_RING_SIZE - 1));
	mb->version = 1;
	assert_false(ring_init(&ring, mb, 128 + FAKE_RING_SIZE));
	mb->version = 2;
	mb->cmdr_off = 1u << 30;
	assert_false(ring_init(&ring, mb, 128 + FAKE_RING_SIZE));
}

static uint32_t queue_event(struct fixture *f, uint8_t type)
{
	uint32_t at = fake_queue(&f->dev, TCMU_OP_TMR, 0, 40);

	((struct tcmu_tmr_entry *)(void *)fake_entry(&f->dev, at))->tmr_type = type;
	return at;
}

static void a_reset_is_taken_once_by_the_command_behind_it(void **state)
{
	struct fixture *f = *state;

	(void)queue_event(f, TCMU_TMR_ABORT_TASK);
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	(void)fake_queue(&f->dev, TCMU_OP_CMD, 7, 112);
	(void)queue_event(f, TCMU_TMR_LUN_RESET_PRO);
	assert_int_equal(ring_take_event(&f->ring, 7), RING_RESET);
	assert_int_equal(ring_take_event(&f->ring, 7), RING_NOTHING);
	assert_int_equal(ring_heal(&f->ring, 7), 0); /* it is no command that was dropped */
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_ABORT);
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_NOTHING);
}

static void a_command_that_waits_sees_a_reset_behind_it(void **state)
{
	struct fixture *f = *state;

	(void)fake_queue(&f->dev, TCMU_OP_CMD, 7, 112);
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_NOTHING);
	(void)fake_queue(&f->dev, TCMU_OP_CMD, 8, 112);
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	(void)queue_event(f, TCMU_TMR_CLEAR_ACA);
	assert_int_equal(ring_take_event(&f->ring, 7), RING_NOTHING);
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_RESET);
	assert_int_equal(ring_take_event(&f->ring, 8), RING_NOTHING);
}

static void a_reset_is_told_once_to_whoever_asks_first(void **state)
{
	struct fixture *f = *state;

	assert_false(ring_notice_reset(&f->ring));
	(void)queue_event(f, TCMU_TMR_ABORT_TASK);
	assert_false(ring_notice_reset(&f->ring));
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	assert_true(ring_notice_reset(&f->ring));
	assert_false(ring_notice_reset(&f->ring));
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	assert_true(ring_notice_reset(&f->ring));
	(void)fake_queue(&f->dev, TCMU_OP_CMD, 7, 112);
	(void)queue_event(f, TCMU_TMR_LUN_RESET); /* this one was not told */
	assert_int_equal(ring_take_event(&f->ring, 7), RING_ABORT);
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_RESET);
	assert_false(ring_notice_reset(&f->ring));
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_RESET);
	assert_false(ring_notice_reset(&f->ring));
}

/* Where libtcmu has passed what was told, nothing of that is left to hide the next one. */
static void what_was_told_and_is_gone_hides_no_other(void **state)
{
	struct fixture *f = *state;

	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	assert_true(ring_notice_reset(&f->ring));
	fake_mailbox(&f->dev)->cmd_tail = fake_mailbox(&f->dev)->cmd_head;
	assert_int_equal(ring_take_event(&f->ring, RING_ALL), RING_NOTHING);
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	assert_true(ring_notice_reset(&f->ring));
}

static void padding_shorter_than_an_event_hides_no_reset_behind_it(void **state)
{
	struct fixture *f = *state;
	struct tcmu_mailbox *mb = fake_mailbox(&f->dev);

	mb->cmd_head = mb->cmd_tail = FAKE_RING_SIZE - 8;
	(void)fake_queue(&f->dev, TCMU_OP_PAD, 0, 8);
	(void)queue_event(f, TCMU_TMR_LUN_RESET);
	assert_true(ring_notice_reset(&f->ring));
	assert_false(ring_notice_reset(&f->ring));
	(void)fake_queue(&f->dev, TCMU_OP_CMD, 7, 112);
	assert_int_equal(ring_take_event(&f->ring, 7), RING_NOTHING); /* told already */
}

/* No ring that is sound has one. */
static void an_event_that_the_ring_has_no_room_for_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct tcmu_mailbox *mb = fake_mailbox(&f->dev);

	mb->cmd_head = mb->cmd_tail = FAKE_RING_SIZE - 8;
	(void)fake_queue(&f->dev, TCMU_OP_TMR, 0, 8);
	assert_false(ring_notice_reset(&f->ring));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			padding_shorter_than_an_event_hides_no_reset_behind_it, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_that_the_ring_has_no_room_for_is_not_read,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_reset_is_taken_once_by_the_command_behind_it,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_command_that_waits_sees_a_reset_behind_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_reset_is_told_once_to_whoever_asks_first, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_was_told_and_is_gone_hides_no_other, setup,
						teardown),
		cmocka_unit_test_setup_teardown(read_len_goes_into_our_slot_and_sets_the_flag,
						setup, teardown),
		cmocka_unit_test_setup_teardown(read_len_passes_padding_and_wraps, setup, teardown),
		cmocka_unit_test_setup_teardown(
			zero_bytes_another_command_and_an_old_kernel_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(dropped_commands_are_refused_and_passed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nothing_is_touched_where_our_command_is_not_there,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_ring_that_is_not_sound_does_not_hang, setup,
						teardown),
		cmocka_unit_test_setup_teardown(another_version_or_a_ring_out_of_bounds_is_refused,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
