/* SPDX-License-Identifier: Apache-2.0 */
/* Media of other generations: written, read only, or refused, as the drive's data say. */
#include "tests/support/rig.h"

#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"

#define MEDIUM(c, d, t)                                    \
	((struct cart_params){ .barcode = (c),             \
			       .density = (d),             \
			       .medium_type = (t),         \
			       .capacity_bytes = 10000000, \
			       .early_warning_bytes = 1000000 })

static void ready(struct rig *r)
{
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
}

static bool alert(struct rig *r, uint8_t flag)
{
	run(r, 400, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, flag, 0x01, 0x90, 0);
	expect_good(r);
	return r->data[4 + 4] == 1;
}

/* The drive that this is about reads LTO-6, and cannot write it. */
static struct rig *reads_lto6(void **state)
{
	static const struct density_row lto6 = { .id = "LTO-6",
						 .code = 0x5a,
						 .secondary = 0x5a,
						 .medium_type = 0x68,
						 .organization = "LTO-CVE",
						 .name = "U-616",
						 .description = "Ultrium 6/16T" };
	static const struct medium_row medium = {
		.name = "LTO-6", .suffix = "L6", .density = 0x5a, .medium_type = 0x68
	};
	static struct medium_use media[16];
	static struct density_row densities[16];
	struct rig *r = *state;
	const struct drive_model *model = r->drive->persona->drive;

	assert_true(model->media_cnt < 16 && model->densities_cnt < 16);
	memcpy(media, model->media, model->media_cnt * sizeof(media[0]));
	media[model->media_cnt] = (struct medium_use){ &medium, MEDIUM_READ_ONLY };
	memcpy(densities, model->densities, model->densities_cnt * sizeof(densities[0]));
	densities[model->densities_cnt] = lto6;
	rig_features(r, 0);
	r->model.media = media;
	r->model.media_cnt++;
	r->model.densities = densities;
	r->model.densities_cnt++;
	return r;
}

static void a_medium_that_the_drive_cannot_read_is_not_ready_and_can_be_taken_out(void **state)
{
	struct rig *r = *state;

	rig_medium(r, &MEDIUM("OLD001L4", 0x46, 0x48));
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
	run_read(r, 0, 100, 100);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
	assert_true(alert(r, ALERT_UNSUPPORTED_FORMAT));
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	ready(r);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	move(r, RIG_SLOT_4, RIG_DRIVE_1); /* another one is read as before */
	ready(r);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	ready(r);
	expect_good(r);
	assert_false(alert(r, ALERT_UNSUPPORTED_FORMAT));
}

static void what_nobody_knows_is_refused(void **state)
{
	struct rig *r = *state;

	rig_medium(r, &MEDIUM("NEW001", 0xee, 0));
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	rig_medium(r, &MEDIUM("NEW002", 0x5e, 0xee)); /* known density, unknown medium */
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
}

static void a_medium_that_says_nothing_is_refused(void **state)
{
	struct rig *r = *state;

	rig_medium(r, &MEDIUM("NEW003", 0, 0));
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
}

static void a_migrated_one_is_not_recalled_for_nothing(void **state)
{
	struct rig *r = *state;
	struct cart_copy copy = { .volume = "P1" };
	struct cart_params params = MEDIUM("OLD003L4", 0x46, 0x48);
	uint64_t object;
	struct cart *c;

	assert_int_equal(cart_create(r->pool, &params), 0);
	assert_int_equal(cart_open(r->pool, "OLD003L4", CART_OPEN_WRITE, &c), 0);
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	copy.generation = cart_info(c)->generation;
	assert_int_equal(cart_copy_add(c, &copy), 0);
	assert_int_equal(cart_release(c, 1), 0);
	assert_int_equal(cart_close(c), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	assert_int_equal(library_import(r->library, "OLD003L4", false, &(uint16_t){ 0 }), 0);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED); /* not "becoming ready" */
}

static void the_generation_before_is_written_in_its_own_density(void **state)
{
	struct rig *r = *state;

	rig_medium_ready(r, &MEDIUM("PRE001L7", 0x5c, 0x78));
	write_block(r, 1, 100);
	write_filemarks(r, 1);
	run(r, 64, OP_MODE_SENSE_6, 0, 0x0f, 0, 64, 0);
	expect_good(r);
	assert_int_equal(r->data[1], 0x78);
	assert_int_equal(r->data[2] & 0x80, 0);
	assert_int_equal(r->data[4], 0x5c);
	run(r, 200, OP_REPORT_DENSITY_SUPPORT, 0x01, 0, 0, 0, 0, 0, 0, 200, 0);
	expect_good(r);
	assert_int_equal(r->data[4], 0x5c);
	assert_int_equal(r->data[4 + 2], 0xa0); /* WRTOK, DEFLT: it is what 00h means now */
	assert_false(alert(r, ALERT_READ_ONLY_FORMAT));
}

static void a_read_only_generation_is_read_and_not_written(void **state)
{
	struct rig *r = reads_lto6(state);

	rig_medium_ready(r, &MEDIUM("RDO001L6", 0x5a, 0x68));
	assert_true(alert(r, ALERT_READ_ONLY_FORMAT));
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_CANNOT_WRITE_MEDIUM);
	run(r, 0, OP_WRITE_FILEMARKS_6, 0, 0, 0, 1, 0);
	expect_sense(r, SENSE_CANNOT_WRITE_MEDIUM);
	run(r, 0, OP_ERASE_6, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_CANNOT_WRITE_MEDIUM);
	run_read(r, 0, 100, 100);
	expect_tape(r, SENSE_END_OF_DATA, 0, 100);
	run(r, 64, OP_MODE_SENSE_6, 0, 0x0f, 0, 64, 0);
	assert_int_equal(r->data[2] & 0x80, 0x80); /* WP */
	assert_int_equal(r->data[4], 0x5a);
	run(r, 200, OP_REPORT_DENSITY_SUPPORT, 0x01, 0, 0, 0, 0, 0, 0, 200, 0);
	expect_good(r);
	assert_int_equal(r->data[4], 0x5a);
	assert_int_equal(r->data[4 + 2] & 0x80, 0x00); /* WRTOK */
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	move(r, RIG_SLOT_4, RIG_DRIVE_1);
	ready(r);
	write_block(r, 1, 100); /* the next one is another one */
}

static void the_tab_comes_before_the_generation(void **state)
{
	struct rig *r = reads_lto6(state);
	struct cart_params params = MEDIUM("RDO002L6", 0x5a, 0x68);

	params.write_protect = true;
	rig_medium_ready(r, &params);
	run_write(r, 0, 100, 100);
	expect_sense(r, SENSE_WRITE_PROTECTED);
}

static void write_once_media_need_a_drive_that_has_them(void **state)
{
	struct rig *r = *state;
	struct cart_params params = MEDIUM("WRM001LY", 0x5e, 0x8c);

	params.kind = CART_WORM;
	rig_features(r, 0);
	drive_unit(r->drive)->features &= ~(unsigned)DRIVE_WORM;
	rig_medium(r, &params);
	ready(r);
	expect_sense(r, SENSE_INCOMPATIBLE_MEDIUM_LOADED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(a_medium_that_the_drive_cannot_read_is_not_ready_and_can_be_taken_out),
		rig_test(what_nobody_knows_is_refused),
		rig_test(a_medium_that_says_nothing_is_refused),
		rig_test(a_migrated_one_is_not_recalled_for_nothing),
		rig_test(the_generation_before_is_written_in_its_own_density),
		rig_test(a_read_only_generation_is_read_and_not_written),
		rig_test(the_tab_comes_before_the_generation),
		rig_test(write_once_media_need_a_drive_that_has_them),
	};

	return rig_main(tests);
}
