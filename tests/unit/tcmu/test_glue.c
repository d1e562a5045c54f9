/* SPDX-License-Identifier: Apache-2.0 */
/* Units as backstores: opening, commands through a ring in memory, what reaches the kernel. */
#include "handlers/tcmu/glue.h"

#include <string.h>

#include "handlers/tape/internal.h"
#include "handlers/tcmu/config.h"
#include "lib/base/bytes.h"
#include "lib/control/server.h"
#include "tests/support/rig.h"
#include "tests/unit/tcmu/fake_runner.h"

static const struct tcmu_tmr_entry *looked_at; /* a reset in the ring, or NULL */
static unsigned holes; /* the mutex was freed, and neither it nor what it does was to be seen */

void __real_unit_unlock(struct scsi_unit *unit);
void __wrap_unit_unlock(struct scsi_unit *unit);

void __wrap_unit_unlock(struct scsi_unit *unit)
{
	if (looked_at != NULL && looked_at->tmr_type != TCMU_TMR_LUN_RESET &&
	    drive_of(unit)->prevented)
		holes++;
	__real_unit_unlock(unit);
}

struct fixture {
	struct rig *rig; /* its library; drive 2 is free */
	struct tcmu_device dev;
	uint8_t data[4096];
	struct iovec iov;
	struct tcmulib_cmd lib;
	struct tcmur_cmd cmd;
	uint8_t cdb[16];
	uint16_t id;
	uint32_t slot;
};

static int setup(void **state)
{
	struct fixture *f = g_new0(struct fixture, 1);
	void *rig;
	int r = rig_setup(&rig);

	g_setenv("TCMU_VTL_BUS", "session", TRUE); /* no bus of the machine is touched */
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	f->rig = rig;
	fake_init(&f->dev, "tape/lib0/drive/2");
	*state = f;
	return r;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	void *rig = f->rig;
	int r;

	glue_close(&f->dev);
	control_server_stop();
	fake_clear(&f->dev);
	r = rig_teardown(&rig);
	g_free(f);
	return r;
}

/* One command, as kernel and libtcmu bring it; the answer of glue_handle(). */
static int send(struct fixture *f, const char *hex, size_t size)
{
	size_t n = strlen(hex) / 2;
	int r;

	for (size_t i = 0; i < n; i++)
		f->cdb[i] = (uint8_t)((g_ascii_xdigit_value(hex[2 * i]) << 4) |
				      g_ascii_xdigit_value(hex[2 * i + 1]));
	f->slot = fake_queue(&f->dev, TCMU_OP_CMD, ++f->id, 112);
	memset(&f->lib, 0xa5, sizeof(f->lib)); /* sense_buf is not cleared for us */
	f->iov = (struct iovec){ f->data, size };
	f->lib.cmd_id = f->id;
	f->lib.cdb = f->cdb;
	f->lib.iovec = &f->iov;
	f->lib.iov_cnt = 1;
	f->cmd = (struct tcmur_cmd){ .lib_cmd = &f->lib };
	r = glue_handle(&f->dev, &f->cmd);
	fake_complete(&f->dev);
	return r;
}

static uint32_t read_len(struct fixture *f)
{
	const struct tcmu_cmd_entry *e = fake_entry(&f->dev, f->slot);

	return (e->hdr.uflags & TCMU_UFLAG_READ_LEN) != 0 ? e->rsp.read_len : 0;
}

static void a_drive_opens_with_a_power_on_attention(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(send(f, "000000000000", 0), TCMUR_SENSE);
	assert_int_equal(f->lib.sense_buf[0], 0x70);
	assert_int_equal(f->lib.sense_buf[12], 0x29);
	assert_int_equal(f->lib.sense_buf[95], 0);
	assert_int_equal(send(f, "000000000000", 0), TCMUR_SENSE);
	assert_int_equal(f->lib.sense_buf[12], 0x3a);
}

static void every_answer_says_its_length(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(send(f, "12000000ff00", 255), TCMUR_OK);
	assert_int_equal(read_len(f), 74);
	assert_int_equal(f->data[0], 1);
	assert_int_equal(send(f, "120000002400", 36), TCMUR_OK);
	assert_int_equal(read_len(f), 36);
}

static void a_short_block_comes_with_its_sense_and_its_length(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(library_move(f->rig->library, RIG_SLOT_2, RIG_DRIVE_2), 0);
	(void)send(f, "000000000000", 0);
	(void)send(f, "000000000000", 0);
	memset(f->data, 0x77, 100);
	assert_int_equal(send(f, "0a0000006400", 100), TCMUR_OK);
	assert_int_equal(read_len(f), 0); /* not for data-out */
	assert_int_equal(send(f, "010000000000", 0), TCMUR_OK);
	assert_int_equal(send(f, "080000100000", 4096), TCMUR_SENSE);
	assert_int_equal(read_len(f), 100);
	assert_int_equal(get_be32(f->lib.sense_buf + 3), 4096 - 100);
	assert_int_equal(f->lib.sense_buf[2], 0x20);
}

static void good_without_data_leaks_no_old_data(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	memset(f->data, 0x99, 512);
	assert_int_equal(send(f, "120000000000", 512), TCMUR_OK); /* allocation length 0 */
	assert_int_equal(read_len(f), 0);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(f->data[i], 0);
}

static void data_out_is_not_touched(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	memset(f->data, 0x99, 16);
	(void)send(f, "000000000000", 0);
	(void)send(f, "151000000000", 16);
	assert_int_equal(f->data[0], 0x99);
}

static void dropped_commands_are_healed_by_the_next(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	at = fake_queue(&f->dev, TCMU_OP_CMD, 500, 112);
	assert_int_equal(send(f, "12000000ff00", 255), TCMUR_OK);
	assert_int_equal(fake_entry(&f->dev, at)->rsp.scsi_status, 0x02);
	assert_int_equal(fake_mailbox(&f->dev)->cmd_tail, fake_mailbox(&f->dev)->cmd_head);
}

static void a_reset_in_the_ring_reaches_the_unit(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	move(f->rig, RIG_SLOT_2, RIG_DRIVE_2);
	(void)send(f, "000000000000", 0);
	(void)send(f, "000000000000", 0);
	assert_int_equal(send(f, "1e0000000100", 0), TCMUR_OK); /* removal is prevented */
	assert_int_equal(send(f, "1b0000000000", 0), TCMUR_SENSE);
	at = fake_queue(&f->dev, TCMU_OP_TMR, 0, 40);
	((struct tcmu_tmr_entry *)(void *)fake_entry(&f->dev, at))->tmr_type = TCMU_TMR_LUN_RESET;
	assert_int_equal(send(f, "1b0000000000", 0), TCMUR_OK);
}

static void queue_reset(struct fixture *f)
{
	uint32_t at = fake_queue(&f->dev, TCMU_OP_TMR, 0, 40);

	((struct tcmu_tmr_entry *)(void *)fake_entry(&f->dev, at))->tmr_type = TCMU_TMR_LUN_RESET;
}

static void who_looks_at_the_unit_sees_the_reset_or_what_it_did(void **state)
{
	struct fixture *f = *state;
	uint32_t at;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	(void)send(f, "000000000000", 0);
	assert_int_equal(send(f, "1e0000000100", 0), TCMUR_OK);
	at = fake_queue(&f->dev, TCMU_OP_TMR, 0, 40);
	looked_at = (struct tcmu_tmr_entry *)(void *)fake_entry(&f->dev, at);
	((struct tcmu_tmr_entry *)(void *)fake_entry(&f->dev, at))->tmr_type = TCMU_TMR_LUN_RESET;
	holes = 0;
	(void)send(f, "000000000000", 0);
	assert_int_not_equal(looked_at->tmr_type, TCMU_TMR_LUN_RESET); /* it was taken */
	looked_at = NULL;
	assert_int_equal(holes, 0);
}

/* No command has come since. */
static void the_robot_sees_a_reset_that_stands_in_the_ring(void **state)
{
	struct fixture *f = *state;
	struct library *library = f->rig->library;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	move(f->rig, RIG_SLOT_2, RIG_DRIVE_2);
	(void)send(f, "000000000000", 0);
	(void)send(f, "000000000000", 0);
	assert_int_equal(send(f, "1e0000000100", 0), TCMUR_OK);
	assert_int_equal(library_move(library, RIG_DRIVE_2, RIG_SLOT_2), LIBRARY_E_PREVENTED);
	queue_reset(f);
	assert_int_equal(library_move(library, RIG_DRIVE_2, RIG_SLOT_2), 0);
	assert_int_equal(library_move(library, RIG_SLOT_2, RIG_DRIVE_2), 0);
	(void)send(f, "000000000000", 0);
	assert_int_equal(send(f, "1e0000000100", 0), TCMUR_OK);
	assert_int_equal(library_move(library, RIG_DRIVE_2, RIG_SLOT_2), LIBRARY_E_PREVENTED);
	queue_reset(f); /* another one */
	assert_int_equal(library_move(library, RIG_DRIVE_2, RIG_SLOT_2), 0);
}

/* Objects of T2. */
static uint64_t recorded(struct fixture *f)
{
	struct cart_info info;

	assert_int_equal(cart_stat(f->rig->pool, "T2", &info), 0);
	return info.objects;
}

/* The runner dies and comes back: the unit is a new one. */
static void restart(struct fixture *f)
{
	glue_close(&f->dev);
	assert_int_equal(glue_open(&f->dev, "tape"), 0);
}

/*
 * The kernel keeps a command until its answer is in the ring, and gives it to the next runner: it
 * may have been executed already (shared/reference/TCMU.md, fact 8).  The first one hears of the
 * power on; whatever comes behind it, of the position that is not the host's any more.
 */
static void writes_that_the_kernel_replays_are_not_written_twice(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(library_move(f->rig->library, RIG_SLOT_2, RIG_DRIVE_2), 0);
	(void)send(f, "000000000000", 0);
	(void)send(f, "000000000000", 0);
	memset(f->data, 0x77, 100);
	assert_int_equal(send(f, "0a0000006400", 100), TCMUR_OK); /* executed, and not answered */
	restart(f);
	assert_int_equal(recorded(f), 1);
	assert_int_equal(send(f, "0a0000006400", 100), TCMUR_SENSE);
	assert_int_equal(f->lib.sense_buf[2], KEY_UNIT_ATTENTION);
	assert_int_equal(f->lib.sense_buf[12], 0x29);
	for (unsigned i = 0; i < 3; i++) { /* those that were queued behind it, and retries */
		assert_int_equal(send(f, "0a0000006400", 100), TCMUR_SENSE);
		assert_int_equal(f->lib.sense_buf[12], 0x3b);
		assert_int_equal(send(f, "100000000100", 0), TCMUR_SENSE);
		assert_int_equal(f->lib.sense_buf[12], 0x3b);
		assert_int_equal(send(f, "190000000000", 0), TCMUR_SENSE);
		assert_int_equal(f->lib.sense_buf[12], 0x3b);
	}
	restart(f);
	assert_int_equal(recorded(f), 1);
}

static void a_replayed_read_does_not_skip_a_block(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(library_move(f->rig->library, RIG_SLOT_2, RIG_DRIVE_2), 0);
	(void)send(f, "000000000000", 0);
	(void)send(f, "000000000000", 0);
	for (uint8_t fill = 1; fill <= 2; fill++) {
		memset(f->data, fill, 100);
		assert_int_equal(send(f, "0a0000006400", 100), TCMUR_OK);
	}
	assert_int_equal(send(f, "010000000000", 0), TCMUR_OK);
	assert_int_equal(send(f, "080000006400", 100), TCMUR_OK); /* and the answer is lost */
	restart(f);
	assert_int_equal(send(f, "080000006400", 100), TCMUR_SENSE);
	assert_int_equal(f->lib.sense_buf[12], 0x29); /* so the host looks where it is */
	assert_int_equal(send(f, "080000006400", 100), TCMUR_OK);
	assert_int_equal(f->data[0], 1);
}

static void changer_and_drive_share_the_library(void **state)
{
	struct fixture *f = *state;
	struct tcmu_device changer;

	fake_init(&changer, "changer/lib0/changer");
	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(glue_open(&changer, "changer"), 0);
	struct tcmu_device drive = f->dev;

	f->dev = changer;
	(void)send(f, "000000000000", 0);
	assert_int_equal(send(f, "a50000000401010100000000", 0), TCMUR_OK); /* slot 2 to drive 2 */
	changer = f->dev;
	f->dev = drive;
	(void)send(f, "000000000000", 0); /* power on */
	(void)send(f, "000000000000", 0); /* medium changed */
	assert_int_equal(send(f, "000000000000", 0), TCMUR_OK);
	glue_close(&changer);
	fake_clear(&changer);
}

static void what_cannot_be_opened_says_why(void **state)
{
	struct fixture *f = *state;
	struct tcmu_device dev;
	char *reason = NULL;

	fake_init(&dev, "tape/lib0/drive/1"); /* the rig has it */
	assert_int_not_equal(glue_open(&dev, "tape"), 0);
	assert_non_null(strstr(dev.log, "another backstore"));
	dev.cfgstring = "tape/nolib/drive/1";
	assert_int_not_equal(glue_open(&dev, "tape"), 0);
	assert_non_null(strstr(dev.log, "nolib"));
	fake_mailbox(&dev)->flags = 0;
	dev.cfgstring = "tape/lib0/drive/2";
	assert_int_not_equal(glue_open(&dev, "tape"), 0);
	assert_non_null(strstr(dev.log, "READ_LEN"));
	fake_clear(&dev);
	assert_false(glue_check("tape/lib0/drive/3", "tape", &reason));
	assert_non_null(strstr(reason, "2 drives"));
	free(reason);
	assert_true(glue_check("tape/lib0/drive/2", "tape", &reason));
	assert_true(glue_check("changer/lib0/changer", "changer", &reason));
	(void)f;
}

static void only_the_same_configuration_is_taken_again(void **state)
{
	struct fixture *f = *state;
	char same[] = "tape/lib0/drive/2", other[] = "tape/lib0/drive/1";
	struct tcmulib_cfg_info cfg = { .type = TCMULIB_CFG_STRING, .data.string = same };

	assert_int_equal(glue_open(&f->dev, "tape"), 0);
	assert_int_equal(glue_reconfig(&f->dev, &cfg), 0);
	cfg.data.string = other;
	assert_int_not_equal(glue_reconfig(&f->dev, &cfg), 0);
	cfg = (struct tcmulib_cfg_info){ .type = TCMULIB_CFG_WRITE_CACHE };
	assert_int_equal(glue_reconfig(&f->dev, &cfg), 0);
}

static void cfgstrings_are_checked_by_their_form(void **state)
{
	static const char *const bad[] = {
		"lib0/drive/1",       "tape/lib0/drive/0",   "tape/lib0/drive/",
		"tape/lib0/drive/1x", "tape/lib0/changer",   "tape//drive/1",
		"tape/li-b/drive/1",  "tape/lib0/drive/999", "tape/"
	};
	struct unit_config config;

	(void)state;
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		assert_false(unit_config_parse(bad[i], "tape", &config, &error));
		assert_non_null(strstr(error->message, bad[i]));
	}
	assert_true(unit_config_parse("tape/tape/drive/12", "tape", &config, NULL));
	assert_string_equal(config.library, "tape");
	assert_int_equal(config.drive, 12);
	assert_true(unit_config_parse("changer/lib0/changer", "changer", &config, NULL));
	assert_int_equal(config.drive, 0);
	assert_false(unit_config_parse("changer/lib0/drive/1", "changer", &config, NULL));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_drive_opens_with_a_power_on_attention),
		T(every_answer_says_its_length),
		T(a_short_block_comes_with_its_sense_and_its_length),
		T(good_without_data_leaks_no_old_data),
		T(data_out_is_not_touched),
		T(dropped_commands_are_healed_by_the_next),
		T(who_looks_at_the_unit_sees_the_reset_or_what_it_did),
		T(a_reset_in_the_ring_reaches_the_unit),
		T(the_robot_sees_a_reset_that_stands_in_the_ring),
		T(writes_that_the_kernel_replays_are_not_written_twice),
		T(a_replayed_read_does_not_skip_a_block),
		T(changer_and_drive_share_the_library),
		T(what_cannot_be_opened_says_why),
		T(only_the_same_configuration_is_taken_again),
		cmocka_unit_test(cfgstrings_are_checked_by_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
