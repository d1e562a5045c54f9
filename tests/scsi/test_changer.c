/* SPDX-License-Identifier: Apache-2.0 */
/* The changer: element status as ch and mtx read it, moves, exchanges, pages.  3.2: corner cases of
 * both. */
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig.h"

#define VOLTAG 0x10
#define DVCID  0x01

static int changer_setup(void **state)
{
	int result = rig_setup(state);
	struct rig *r = *state;

	r->unit = changer_unit(r->changer);
	return result;
}

#define changer_test(f) cmocka_unit_test_setup_teardown(f, changer_setup, rig_teardown)

static void status(struct rig *r, uint8_t type, uint16_t start, uint16_t count, uint8_t flags,
		   uint32_t allocation)
{
	uint8_t cdb[12] = { OP_READ_ELEMENT_STATUS, type };

	put_be16(cdb + 2, start);
	put_be16(cdb + 4, count);
	cdb[6] = flags;
	put_be24(cdb + 7, allocation);
	run_cdb(r, cdb, sizeof(cdb), allocation);
}

static void status_of_all_has_four_pages_in_order(void **state)
{
	static const struct {
		uint8_t type;
		unsigned count;
	} pages[] = { { 1, 1 }, { 2, 5 }, { 3, 2 }, { 4, 2 } };
	struct rig *r = *state;
	const uint8_t *p = r->data + 8;

	status(r, VOLTAG, 0, 0xffff, DVCID, 64 * KIB);
	expect_good(r);
	assert_int_equal(get_be16(r->data), 0);
	assert_int_equal(get_be16(r->data + 2), 10);
	assert_int_equal(get_be24(r->data + 5) + 8, r->cmd.in_len);
	for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++) {
		uint32_t bytes = get_be24(p + 5);

		assert_int_equal(p[0], pages[i].type);
		assert_int_equal(p[1], 0x80);
		assert_true(get_be16(p + 2) >= 52); /* ch needs it */
		assert_int_equal(bytes, pages[i].count * get_be16(p + 2));
		p += 8 + bytes;
	}
	assert_ptr_equal(p, r->data + r->cmd.in_len);
}

static void a_drive_shows_its_cartridge_source_and_identity(void **state)
{
	struct rig *r = *state;
	const uint8_t *d = r->data + 16;

	status(r, 4 | VOLTAG, RIG_DRIVE_1, 1, DVCID, 64 * KIB);
	expect_good(r);
	assert_int_equal(get_be16(d), RIG_DRIVE_1);
	assert_int_equal(d[2] & 0x01, 0x01); /* FULL */
	assert_int_equal(d[9], 0x81);        /* SVALID, a data medium */
	assert_int_equal(get_be16(d + 10), RIG_SLOT_1);
	assert_memory_equal(d + 12, "T1                              ", 32);
	assert_int_equal(d[48], 2);
	assert_int_equal(d[49], 1);
	assert_int_equal(d[51], 36);
	assert_memory_equal(d + 52, "IBM     ULT3580-TD8     VTLTEST00101", 36);
	status(r, 4, RIG_DRIVE_2, 1, 0, 64 * KIB);
	assert_int_equal(d[2], 0x08); /* empty, accessible */
	assert_int_equal(r->cmd.in_len, 8 + 8 + 16);
}

static void start_and_count_choose_elements(void **state)
{
	struct rig *r = *state;

	status(r, 2, RIG_SLOT_3, 2, 0, 64 * KIB);
	expect_good(r);
	assert_int_equal(get_be16(r->data), RIG_SLOT_3);
	assert_int_equal(get_be16(r->data + 2), 2);
	status(r, 2, 60000, 10, 0, 64 * KIB);
	expect_good(r);
	assert_int_equal(get_be16(r->data + 2), 0);
	assert_int_equal(r->cmd.in_len, 8);
	status(r, 5, 0, 10, 0, 64 * KIB);
	expect_field(r, 1);
}

static void a_short_allocation_cuts_but_counts_stay(void **state)
{
	struct rig *r = *state;
	uint32_t whole;

	status(r, VOLTAG, 0, 0xffff, 0, 64 * KIB);
	whole = get_be24(r->data + 5);
	status(r, VOLTAG, 0, 0xffff, 0, 8);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 8);
	assert_int_equal(get_be24(r->data + 5), whole);
	status(r, VOLTAG, 0, 0xffff, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 0);
}

static void the_lun_bits_of_old_hosts_are_ignored(void **state)
{
	struct rig *r = *state;

	status(r, 0xe0 | 2, 0, 0xffff, 0, 64 * KIB);
	expect_good(r);
	run(r, 255, OP_MODE_SENSE_10, 0x20 | 0x08, 0x1d, 0, 0, 0, 0, 0, 255, 0);
	expect_good(r);
}

static void move_errors_have_their_sense(void **state)
{
	struct rig *r = *state;

	run_move(r, RIG_SLOT_4, RIG_DRIVE_2);
	expect_sense(r, SENSE_SOURCE_EMPTY);
	run_move(r, RIG_SLOT_2, RIG_DRIVE_1);
	expect_sense(r, SENSE_DESTINATION_FULL);
	run_move(r, RIG_SLOT_2, 9999);
	expect_sense(r, SENSE_INVALID_ELEMENT_ADDRESS);
	run_move(r, 9999, RIG_SLOT_4);
	expect_sense(r, SENSE_INVALID_ELEMENT_ADDRESS);
	run(r, 0, OP_MOVE_MEDIUM, 0, 0, 7, 4, 1, 1, 1, 0, 0, 0, 0); /* another transport */
	expect_sense(r, SENSE_INVALID_ELEMENT_ADDRESS);
	run(r, 0, OP_MOVE_MEDIUM, 0, 0, 0, 4, 1, 1, 1, 0, 0, 1, 0); /* INVERT */
	expect_field(r, 10);
}

static void moves_go_to_mail_slots_and_back(void **state)
{
	struct rig *r = *state;

	move(r, RIG_SLOT_2, RIG_MAIL_1);
	status(r, 3 | VOLTAG, RIG_MAIL_1, 1, 0, 64 * KIB);
	assert_int_equal(r->data[16 + 2] & 0x3b, 0x39); /* INENAB EXENAB ACCESS FULL; not IMPEXP */
	move(r, RIG_MAIL_1, RIG_SLOT_2);
}

static void exchange_moves_both(void **state)
{
	struct rig *r = *state;
	struct library_element e;
	uint8_t cdb[12] = { OP_EXCHANGE_MEDIUM };

	put_be16(cdb + 4, RIG_SLOT_2);
	put_be16(cdb + 6, RIG_DRIVE_1);
	put_be16(cdb + 8, RIG_SLOT_2);
	run_cdb(r, cdb, sizeof(cdb), 0);
	expect_good(r);
	assert_true(library_element(r->library, RIG_DRIVE_1, &e));
	assert_string_equal(e.barcode, "T2");
	assert_true(library_element(r->library, RIG_SLOT_2, &e));
	assert_string_equal(e.barcode, "T1");
}

static void position_and_initialize_check_addresses(void **state)
{
	struct rig *r = *state;

	run(r, 0, OP_POSITION_TO_ELEMENT, 0, 0, 0, 4, 0, 0, 0, 0, 0);
	expect_good(r);
	run(r, 0, OP_POSITION_TO_ELEMENT, 0, 0, 0, 99, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_INVALID_ELEMENT_ADDRESS);
	run(r, 0, OP_INITIALIZE_ELEMENT_STATUS, 0, 0, 0, 0, 0);
	expect_good(r);
	run(r, 0, OP_INITIALIZE_ELEMENT_STATUS_WITH_RANGE, 1, 4, 0, 0, 0, 0, 2, 0, 0);
	expect_good(r);
	run(r, 0, OP_INITIALIZE_ELEMENT_STATUS_WITH_RANGE, 1, 99, 0, 0, 0, 0, 2, 0, 0);
	expect_sense(r, SENSE_INVALID_ELEMENT_ADDRESS);
	run(r, 0, OP_PREVENT_ALLOW, 0, 0, 0, 1, 0);
	expect_good(r);
}

static void element_address_page_is_as_mtx_wants_it(void **state)
{
	static const uint16_t expected[] = { 0, 1, 1024, 5, 16, 2, 256, 2 };
	struct rig *r = *state;

	run(r, 136, OP_MODE_SENSE_6, 0x08, 0x1d, 0, 136, 0);
	expect_good(r);
	assert_int_equal(r->data[0], 23);
	assert_int_equal(r->data[3], 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
		assert_int_equal(get_be16(r->data + 6 + 2 * i), expected[i]);
	run(r, 136, OP_MODE_SENSE_6, 0x08, 0x80 | 0x1d, 0, 136, 0); /* the default is the same */
	assert_int_equal(get_be16(r->data + 12), 5);
	run(r, 136, OP_MODE_SENSE_6, 0x08, 0x1e, 0, 136, 0);
	expect_good(r);
	run(r, 136, OP_MODE_SENSE_6, 0x08, 0x1f, 0, 136, 0);
	expect_good(r);
	assert_int_equal(r->data[6], 0x0e);
}

static void identity_and_logs(void **state)
{
	struct rig *r = *state;

	run(r, 255, OP_INQUIRY, 0, 0, 0, 255, 0);
	assert_int_equal(r->data[0], 0x08);
	assert_int_equal(r->data[6] & 0x08, 0); /* MChngr: mtx would use other commands */
	assert_memory_equal(r->data + 8, "IBM     3573-TL         B.60", 28);
	run(r, 255, OP_INQUIRY, 1, 0x80, 0, 255, 0);
	assert_memory_equal(r->data + 4, "VTLTEST00100", 12);
	run(r, 1024, OP_LOG_SENSE, 0, 0x40 | 0x2e, 0, 0, 0, 0, 4, 0, 0);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, 4 + 64 * 5);
}

static void a_wrong_mode_select_changes_nothing(void **state)
{
	struct rig *r = *state;

	memset(r->data, 0, 64);
	memcpy(r->data + 4, (const uint8_t[]){ 0x1d, 0x12, 0, 9 }, 4);
	run(r, 24, OP_MODE_SELECT_6, 0x10, 0, 0, 24, 0);
	expect_list_field(r, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		changer_test(status_of_all_has_four_pages_in_order),
		changer_test(a_drive_shows_its_cartridge_source_and_identity),
		changer_test(start_and_count_choose_elements),
		changer_test(a_short_allocation_cuts_but_counts_stay),
		changer_test(the_lun_bits_of_old_hosts_are_ignored),
		changer_test(move_errors_have_their_sense),
		changer_test(moves_go_to_mail_slots_and_back),
		changer_test(exchange_moves_both),
		changer_test(position_and_initialize_check_addresses),
		changer_test(element_address_page_is_as_mtx_wants_it),
		changer_test(identity_and_logs),
		changer_test(a_wrong_mode_select_changes_nothing),
	};

	return rig_main(tests);
}
