/* SPDX-License-Identifier: Apache-2.0 */
/* SECURITY PROTOCOL IN and OUT: the pages of tape data encryption, and what READ and WRITE make of
 * the parameters.  The lists of stenc are what stenc 1.0.7 sends, byte by byte. */
#include <string.h>

#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/partitions.h"

#define KEY_LIST_SIZE 52u

static void spin(struct rig *r, uint8_t protocol, uint16_t page, uint16_t size)
{
	memset(r->data, 0x77, 2048);
	run(r, size, OP_SECURITY_PROTOCOL_IN, protocol, (uint8_t)(page >> 8), (uint8_t)page, 0, 0,
	    0, 0, (uint8_t)(size >> 8), (uint8_t)size, 0, 0);
}

/* Sends the list that is in r->data. */
static void spout(struct rig *r, uint16_t size)
{
	run(r, size, OP_SECURITY_PROTOCOL_OUT, 0x20, 0x00, 0x10, 0, 0, 0, 0, (uint8_t)(size >> 8),
	    (uint8_t)size, 0, 0);
}

/* A set data encryption page with a key that follows from @seed. */
static uint16_t list(struct rig *r, uint8_t encryption, uint8_t decryption, uint8_t seed)
{
	static const uint8_t head[20] = { 0x00, 0x10, 0, 48, 0x40, 0x40, 0, 0, 1, 0,
					  0,    0,    0, 0,  0,    0,    0, 0, 0, 32 };

	memcpy(r->data, head, sizeof(head));
	r->data[6] = encryption;
	r->data[7] = decryption;
	memset(r->data + 20, seed, 32);
	return KEY_LIST_SIZE;
}

/* Behind the list of @size bytes; its new size. */
static uint16_t add_kad(struct rig *r, uint16_t size, uint8_t type, const char *text)
{
	size_t length = strlen(text);

	r->data[size] = type;
	r->data[size + 1] = 0x88; /* what stenc leaves there */
	put_be16(r->data + size + 2, (uint16_t)length);
	memcpy(r->data + size + 4, text, length);
	size = (uint16_t)(size + 4 + length);
	put_be16(r->data + 2, (uint16_t)(size - 4));
	return size;
}

static void set_crypt(struct rig *r, uint8_t encryption, uint8_t decryption, uint8_t seed)
{
	spout(r, list(r, encryption, decryption, seed));
	expect_good(r);
}

static uint8_t next_status(struct rig *r)
{
	spin(r, 0x20, 0x0021, 1024);
	expect_good(r);
	return r->data[12];
}

/* ---- information ---- */

static void protocols_and_no_certificate(void **state)
{
	static const uint8_t protocols[10] = { 0, 0, 0, 0, 0, 0, 0, 2, 0x00, 0x20 },
			     none[4] = { 0 };
	struct rig *r = *state;

	spin(r, 0x00, 0x0000, 512);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, sizeof(protocols));
	assert_memory_equal(r->data, protocols, sizeof(protocols));
	spin(r, 0x00, 0x0001, 512);
	assert_int_equal(r->cmd.in_len, 4);
	assert_memory_equal(r->data, none, 4);
	spin(r, 0x00, 0x0002, 512);
	expect_field(r, 2);
	spin(r, 0x21, 0x0000, 512);
	expect_field(r, 1);
	spin(r, 0x20, 0x0031, 512); /* wrapped keys */
	expect_field(r, 2);
	run(r, 512, OP_SECURITY_PROTOCOL_IN, 0x20, 0, 0x20, 0x80, 0, 0, 0, 0, 1, 0,
	    0); /* INC_512 */
	expect_field(r, 4);
}

static void each_page_names_itself_and_its_length(void **state)
{
	static const struct {
		uint16_t page, length;
	} rows[] = {
		{ 0x0000, 16 }, { 0x0001, 2 },    { 0x0010, 0x28 }, { 0x0011, 1 },
		{ 0x0012, 12 }, { 0x0020, 0x14 }, { 0x0021, 12 },   { 0x0030, 32 },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spin(r, 0x20, rows[i].page, 1024);
		expect_good(r);
		assert_int_equal(get_be16(r->data), rows[i].page);
		assert_int_equal(get_be16(r->data + 2), rows[i].length);
		assert_int_equal(r->cmd.in_len, rows[i].length + 4);
		spin(r, 0x20, rows[i].page, 3); /* cut, and no error */
		expect_good(r);
		assert_int_equal(r->cmd.in_len, 3);
		spin(r, 0x20, rows[i].page, 0);
		expect_good(r);
	}
}

static void the_algorithm_is_aes_256_gcm(void **state)
{
	static const uint8_t descriptor[24] = { 0x01, 0,    0, 0x14, 0xba, 0x9c, 0, 0x20,
						0,    0x3c, 0, 0x20, 0xdb, 0,    0, 0,
						0,    0,    0, 0,    0,    0x01, 0, 0x14 };
	struct rig *r = *state;

	spin(r, 0x20, 0x0010, 1024);
	assert_int_equal(r->data[4], 0x05);
	assert_memory_equal(r->data + 20, descriptor, sizeof(descriptor));
	move(r, RIG_DRIVE_1, RIG_SLOT_1);
	spin(r, 0x20, 0x0010, 1024);
	assert_int_equal(r->data[24], 0x3a); /* valid for no volume */
	assert_int_equal(r->data[25], 0x1c);
	spin(r, 0x20, 0x0021, 1024);
	expect_sense(r, SENSE_MEDIUM_NOT_PRESENT);
	spin(r, 0x20, 0x0020, 1024);
	expect_good(r);
}

static void random_numbers_differ(void **state)
{
	uint8_t first[32];
	struct rig *r = *state;

	spin(r, 0x20, 0x0030, 36);
	memcpy(first, r->data + 4, sizeof(first));
	spin(r, 0x20, 0x0030, 36);
	assert_memory_not_equal(first, r->data + 4, sizeof(first));
}

/* ---- setting ---- */

static void parameters_are_told_back_and_the_key_is_not(void **state)
{
	static const uint8_t kads[] = { 0x00, 0x01, 0, 4, 'n', 'a', 'm', 'e',
					0x01, 0x02, 0, 3, 'K', '1', '2' };
	struct rig *r = *state;
	uint16_t size = list(r, 2, 3, 0x5a);

	r->data[4] |= 1;                      /* LOCK */
	r->data[5] = 0x70;                    /* CEEM 1, RDMC 3 */
	r->data[10] = 0x02;                   /* a name in ASCII */
	size = add_kad(r, size, 0x01, "K12"); /* any order */
	size = add_kad(r, size, 0x00, "name");
	spout(r, size);
	expect_good(r);
	for (unsigned i = 0; i < size; i++)
		assert_int_equal(r->data[i], 0); /* the buffer is wiped */
	spin(r, 0x20, 0x0020, 1024);
	expect_good(r);
	assert_int_equal(r->data[4], 0x42);
	assert_int_equal(r->data[5], 2);
	assert_int_equal(r->data[6], 3);
	assert_int_equal(r->data[7], 1);
	assert_int_equal(get_be32(r->data + 8), 1);
	assert_int_equal(r->data[12], 0x13); /* CEEMS 1, RDMD */
	assert_int_equal(r->data[13], 2);
	assert_int_equal(get_be16(r->data + 2), 20 + sizeof(kads));
	assert_memory_equal(r->data + 24, kads, sizeof(kads));
	for (unsigned i = 0; i < 1024; i++)
		assert_int_not_equal(r->data[i], 0x5a);
	set_crypt(r, 0, 0, 0);
	spin(r, 0x20, 0x0020, 1024);
	assert_int_equal(get_be32(r->data + 8), 2);
	assert_int_equal(get_be16(r->data + 2), 20);
}

static void public_gives_the_parameters_up(void **state)
{
	struct rig *r = *state;

	set_crypt(r, 2, 2, 1);
	(void)list(r, 9, 9, 1); /* nothing behind the scope counts */
	r->data[4] = 0x00;
	spout(r, KEY_LIST_SIZE);
	expect_good(r);
	spin(r, 0x20, 0x0020, 24);
	assert_int_equal(r->data[4], 0);
	assert_int_equal(r->data[5], 0);
	assert_int_equal(r->data[6], 0);
}

static void each_wrong_field_is_named_and_nothing_changes(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} rows[] = {
		{ 0, 1 },    { 1, 0x11 }, { 3, 47 },   { 3, 49 },   { 4, 0x60 }, { 4, 0x42 },
		{ 5, 0x80 }, { 5, 0x50 }, { 5, 0x48 }, { 5, 0x42 }, { 5, 0x41 }, { 6, 1 },
		{ 6, 3 },    { 7, 4 },    { 8, 0 },    { 8, 2 },    { 9, 1 },    { 10, 3 },
		{ 11, 1 },   { 17, 1 },   { 19, 31 },  { 19, 33 },  { 18, 1 },
	};
	struct rig *r = *state;

	set_crypt(r, 2, 3, 7);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)list(r, 2, 2, 8);
		r->data[rows[i].at] = rows[i].value;
		spout(r, KEY_LIST_SIZE);
		expect_list_field(r, rows[i].at == 1    ? 0
				     : rows[i].at == 3  ? 2
				     : rows[i].at == 19 ? 18
							: rows[i].at);
	}
	spin(r, 0x20, 0x0020, 24);
	assert_int_equal(r->data[6], 3);
	assert_int_equal(get_be32(r->data + 8), 1);
}

static void key_associated_data_is_checked(void **state)
{
	static const char long_u[] = "0123456789012345678901234567890123"; /* 34 */
	struct rig *r = *state;
	uint16_t size;

	spout(r, add_kad(r, list(r, 2, 2, 1), 0x02, "nonce"));
	expect_list_field(r, KEY_LIST_SIZE);
	spout(r, add_kad(r, list(r, 2, 2, 1), 0x03, "meta"));
	expect_list_field(r, KEY_LIST_SIZE);
	spout(r, add_kad(r, list(r, 2, 2, 1), 0x00, long_u));
	expect_list_field(r, KEY_LIST_SIZE + 2);
	spout(r, add_kad(r, list(r, 2, 2, 1), 0x00, ""));
	expect_list_field(r, KEY_LIST_SIZE + 2);
	size = add_kad(r, list(r, 2, 2, 1), 0x00, "one");
	spout(r, add_kad(r, size, 0x00, "two"));
	expect_list_field(r, size);
	size = add_kad(r, list(r, 2, 2, 1), 0x01, long_u); /* A-KAD: up to 60 */
	spout(r, size);
	expect_good(r);
	size = add_kad(r, list(r, 2, 2, 1), 0x01, "cut");
	r->data[KEY_LIST_SIZE + 3] = 4; /* one more than there is */
	spout(r, size);
	expect_list_field(r, KEY_LIST_SIZE + 2);
	size = add_kad(r, list(r, 2, 2, 1), 0x01, "tail");
	put_be16(r->data + 2, (uint16_t)(size + 2 - 4));
	spout(r, (uint16_t)(size + 2));
	expect_list_field(r, size);
	spout(r, add_kad(r, list(r, 0, 2, 1), 0x03, "ignored where nothing is encrypted"));
	expect_good(r);
}

static void key_associated_data_is_as_long_as_the_model_says(void **state)
{
	struct rig *r = *state;

	rig_features(r, 0);
	r->model.u_kad_max = 3;
	r->model.a_kad_max = 0;
	spin(r, 0x20, 0x0010, 64);
	expect_good(r);
	assert_int_equal(get_be16(r->data + 20 + 6), 3);
	assert_int_equal(get_be16(r->data + 20 + 8), 0);
	spout(r, add_kad(r, list(r, 2, 2, 1), 0x00, "four"));
	expect_list_field(r, KEY_LIST_SIZE + 2);
	spout(r, add_kad(r, list(r, 2, 2, 1), 0x01, "1"));
	expect_list_field(r, KEY_LIST_SIZE + 2);
	spout(r, add_kad(r, list(r, 2, 2, 1), 0x00, "two"));
	expect_good(r);
}

static void lengths_of_the_command_are_checked(void **state)
{
	struct rig *r = *state;

	(void)list(r, 2, 2, 1);
	spout(r, 19);
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	spout(r, 1025);
	expect_sense(r, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	spout(r, 0);
	expect_good(r);
	(void)list(r, 2, 2, 1);
	run(r, 51, OP_SECURITY_PROTOCOL_OUT, 0x20, 0, 0x10, 0, 0, 0, 0, 0, KEY_LIST_SIZE, 0, 0);
	expect_sense(r, SENSE_INFORMATION_UNIT_TOO_SHORT);
	run(r, 52, OP_SECURITY_PROTOCOL_OUT, 0x20, 0, 0x11, 0, 0, 0, 0, 0, KEY_LIST_SIZE, 0, 0);
	expect_field(r, 2);
	run(r, 52, OP_SECURITY_PROTOCOL_OUT, 0x00, 0, 0x10, 0, 0, 0, 0, 0, KEY_LIST_SIZE, 0, 0);
	expect_field(r, 1);
	spin(r, 0x20, 0x0020, 24);
	assert_int_equal(get_be32(r->data + 8), 0);
}

/* ---- reading and writing ---- */

static void what_was_encrypted_needs_its_key(void **state)
{
	struct rig *r = *state;

	set_crypt(r, 2, 2, 1);
	write_block(r, 'a', 1000);
	write_filemarks(r, 1);
	rewind_tape(r);
	expect_block(r, 'a', 1000);
	rewind_tape(r);
	set_crypt(r, 0, 0, 0);
	run_read(r, 0, 1000, 1000);
	expect_tape(r, SENSE_UNABLE_TO_DECRYPT, 0, 1000);
	expect_position(r, 0);
	set_crypt(r, 0, 2, 9);
	run_read(r, 0, 1000, 1000);
	expect_tape(r, SENSE_INCORRECT_KEY, 0, 1000);
	assert_int_equal(r->cmd.in_len, 0);
	expect_position(r, 0);
	set_crypt(r, 0, 2, 1);
	expect_block(r, 'a', 1000);
	run_read(r, 0, 1000, 1000);
	expect_tape(r, SENSE_FILEMARK_DETECTED, SENSE_FILEMARK, 1000);
	rewind_tape(r);
	set_crypt(r, 0, 0, 0);
	run_space(r, 0, 1); /* nobody needs a key to pass */
	expect_good(r);
	expect_position(r, 1);
}

/* Log page 17h, 0200h: all ones where nothing is encrypted; one less: there is, and nobody knows
 * where. */
static void volume_statistics_say_whether_there_is_anything_encrypted(void **state)
{
	static const uint8_t none[] = { 9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t some[] = { 9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe };
	struct rig *r = *state;

	write_block(r, 'p', 500);
	run(r, 18, OP_LOG_SENSE, 0, 0x40 | 0x17, 0, 0, 0x02, 0x00, 0, 18, 0);
	expect_good(r);
	assert_memory_equal(r->data + 8, none, sizeof(none));
	set_crypt(r, 2, 2, 1);
	write_block(r, 'e', 600);
	write_filemarks(r, 1);
	run(r, 18, OP_LOG_SENSE, 0, 0x40 | 0x17, 0, 0, 0x02, 0x00, 0, 18, 0);
	expect_good(r);
	assert_memory_equal(r->data + 8, some, sizeof(some));
}

static void a_mixed_tape_is_read_in_mixed_mode(void **state)
{
	struct rig *r = *state;

	write_block(r, 'p', 500);
	set_crypt(r, 2, 2, 1);
	write_block(r, 'e', 600);
	rewind_tape(r);
	run_read(r, 0, 500, 500);
	expect_tape(r, SENSE_UNENCRYPTED_DATA, 0, 500);
	expect_position(r, 0);
	set_crypt(r, 2, 3, 1);
	expect_block(r, 'p', 500);
	expect_block(r, 'e', 600);
}

static void raw_read_gives_the_envelope_where_it_may(void **state)
{
	struct rig *r = *state;

	set_crypt(r, 2, 1, 1);
	write_block(r, 'a', 1000);
	(void)list(r, 2, 1, 1);
	r->data[5] = 0x70; /* RDMC: not raw */
	spout(r, KEY_LIST_SIZE);
	expect_good(r);
	write_block(r, 'b', 1000);
	rewind_tape(r);
	run_read(r, 0x02, 4096, 4096);
	expect_good(r);
	assert_memory_equal(r->data, "VTLENC01", 8);
	run_read(r, 0x02, 4096, 4096);
	expect_sense(r, SENSE_NOT_RAW_READ_ENABLED);
	assert_int_equal(next_status(r), 6);
	assert_int_equal(r->data[14], 1); /* RDMDS */
}

static void the_next_block_is_described(void **state)
{
	static const uint8_t kad[] = { 0x00, 0x01, 0, 4, 'n', 'a', 'm', 'e' };
	struct rig *r = *state;

	assert_int_equal(next_status(r), 1); /* end of data */
	write_block(r, 'p', 500);
	write_filemarks(r, 1);
	(void)list(r, 2, 2, 1);
	r->data[10] = 0x01;
	spout(r, add_kad(r, KEY_LIST_SIZE, 0x00, "name"));
	expect_good(r);
	write_block(r, 'e', 600);
	rewind_tape(r);
	assert_int_equal(next_status(r), 3);
	assert_int_equal(get_be64(r->data + 4), 0);
	run_space(r, 0, 1);
	assert_int_equal(next_status(r), 2);
	run_space(r, 1, 1);
	assert_int_equal(next_status(r), 5);
	assert_int_equal(get_be64(r->data + 4), 2);
	assert_int_equal(r->data[13], 1);
	assert_int_equal(r->data[15], 1); /* KAD FORMAT */
	assert_memory_equal(r->data + 16, kad, sizeof(kad));
	set_crypt(r, 0, 3, 2);
	assert_int_equal(next_status(r), 6);
	set_crypt(r, 0, 0, 0);
	assert_int_equal(next_status(r), 6);
	expect_position(r, 2);
	spin(r, 0x20, 0x0020, 24);
	assert_int_equal(r->data[12] & 0x08, 0x08); /* VCELB */
}

/* ---- lifetime ---- */

static uint8_t encryption_mode(struct rig *r)
{
	spin(r, 0x20, 0x0020, 24);
	expect_good(r);
	return r->data[5];
}

static void a_key_outlives_the_cartridge_but_not_power(void **state)
{
	struct rig *r = *state;

	set_crypt(r, 2, 2, 1);
	write_block(r, 'a', 1000);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	expect_good(r);
	assert_int_equal(encryption_mode(r), 2);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	expect_block(r, 'a', 1000);
	rig_power_on(r);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	assert_int_equal(encryption_mode(r), 0);
	rewind_tape(r);
	run_read(r, 0, 1000, 1000);
	expect_sense(r, SENSE_UNABLE_TO_DECRYPT);
}

static void ckod_clears_the_key_when_the_cartridge_leaves(void **state)
{
	struct rig *r = *state;

	(void)list(r, 2, 2, 1);
	r->data[5] |= 0x04;
	spout(r, KEY_LIST_SIZE);
	expect_good(r);
	write_block(r, 'a', 1000);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	assert_int_equal(encryption_mode(r), 0);
	assert_int_equal(get_be32(r->data + 8), 2);
	(void)list(r, 2, 2, 1);
	r->data[5] |= 0x04; /* there is nothing to demount */
	spout(r, KEY_LIST_SIZE);
	expect_list_field(r, 5);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	run_read(r, 0, 1000, 1000);
	expect_sense(r, SENSE_UNABLE_TO_DECRYPT);
}

/* SSC: DATA ENCRYPTION KEY INSTANCE COUNTER HAS CHANGED, 7/2A/13. */
static void a_lock_is_broken_where_the_parameters_go(void **state)
{
	struct rig *r = *state;

	(void)list(r, 2, 3, 1);
	r->data[4] |= 0x01; /* LOCK */
	r->data[5] |= 0x04; /* CKOD */
	spout(r, KEY_LIST_SIZE);
	expect_good(r);
	write_block(r, 'a', 1000);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	run_read(r, 0, 1000, 1000);
	expect_sense(r, SENSE_KEY_INSTANCE_CHANGED);
	run_write(r, 0, 1000, 1000); /* it would be in clear */
	expect_sense(r, SENSE_KEY_INSTANCE_CHANGED);
	run(r, 0, OP_VERIFY_6, 0, 0, 0, 10, 0);
	expect_sense(r, SENSE_KEY_INSTANCE_CHANGED);
	rewind_tape(r);
	set_crypt(r, 2, 3, 1); /* the next page unlocks */
	expect_block(r, 'a', 1000);
}

static void a_lock_holds_while_the_parameters_are_there(void **state)
{
	struct rig *r = *state;

	(void)list(r, 2, 3, 1);
	r->data[4] |= 0x01; /* LOCK */
	spout(r, KEY_LIST_SIZE);
	expect_good(r);
	write_block(r, 'a', 1000);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	expect_block(r, 'a', 1000);
	rig_power_on(r); /* the key is gone, and the lock with it */
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	rewind_tape(r);
	run_read(r, 0, 1000, 1000);
	expect_sense(r, SENSE_UNABLE_TO_DECRYPT);
}

static void a_refused_page_leaves_the_lock(void **state)
{
	struct rig *r = *state;

	(void)list(r, 2, 3, 1);
	r->data[4] |= 0x01;
	r->data[5] |= 0x04;
	spout(r, KEY_LIST_SIZE);
	expect_good(r);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 0, 0);
	run(r, 0, OP_LOAD_UNLOAD, 0, 0, 0, 1, 0);
	expect_good(r);
	(void)list(r, 2, 3, 1);
	r->data[8] = 7; /* no such algorithm */
	spout(r, KEY_LIST_SIZE);
	expect_list_field(r, 8);
	run_write(r, 0, 1000, 1000);
	expect_sense(r, SENSE_KEY_INSTANCE_CHANGED);
}

static void a_block_too_long_to_be_encrypted_is_refused(void **state)
{
	struct rig *r = *state;

	set_crypt(r, 2, 2, 1);
	assert_int_equal(drive_crypt_obstacle(r->drive, 1000), SENSE_NO_SENSE);
	assert_int_equal(drive_crypt_obstacle(r->drive, CART_MAX_ENCRYPTED + 1),
			 SENSE_ENCRYPTION_NOT_USABLE);
}

static void each_partition_is_encrypted_and_needs_the_key(void **state)
{
	struct rig *r = *state;

	divide(r, 2);
	set_crypt(r, 2, 2, 1);
	write_block(r, 'a', 500);
	enter(r, 1);
	write_block(r, 'b', 500);
	set_crypt(r, 0, 0, 0);
	for (uint8_t n = 0; n < 2; n++) {
		enter(r, n);
		run_read(r, 0, 500, 500);
		expect_sense(r, SENSE_UNABLE_TO_DECRYPT);
	}
	set_crypt(r, 0, 2, 1);
	expect_block(r, 'b', 500);
	enter(r, 0);
	expect_block(r, 'a', 500);
	enter(r, 1);
	rig_power_on(r); /* no partition keeps the key */
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	for (uint8_t n = 0; n < 2; n++) {
		enter(r, n);
		run_read(r, 0, 500, 500);
		expect_sense(r, SENSE_UNABLE_TO_DECRYPT);
	}
}

/* ---- stenc 1.0.7, as it sends ---- */

#define STENC_KEY                                                                                 \
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, \
		0xff, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,     \
		0xcc, 0xdd, 0xee, 0xff

/* -e on -k FILE --protect -a 1 */
static const uint8_t stenc_on[] = { 0x00, 0x10, 0x00, 0x30, 0x40, 0x30, 0x02,
				    0x02, 0x01, 0,    0,    0,    0,    0,
				    0,    0,    0,    0,    0x00, 0x20, STENC_KEY };
/* -e mixed -k FILE --ckod -a 1, with a key description of 12 characters */
static const uint8_t stenc_mixed[] = {
	0x00, 0x10, 0x00, 0x40, 0x40, 0x04, 0x02, 0x03,      0x01, 0,    0,    0,    0,
	0,    0,    0,    0,    0,    0x00, 0x20, STENC_KEY, 0x00, 0x88, 0x00, 0x0c, 'H',
	'e',  'l',  'l',  'o',  ' ',  'w',  'o',  'r',       'l',  'd',  '!',
};
/* -e off: index 0, and a key of zeros */
static const uint8_t stenc_off[52] = { 0x00, 0x10, 0x00, 0x30, 0x40, [19] = 0x20 };

static void stenc(struct rig *r, const uint8_t *data, uint8_t size)
{
	memcpy(r->data, data, size);
	run(r, size, 0xb5, 0x20, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, size, 0x00, 0x00);
	expect_good(r);
	run(r, 8196, 0xa2, 0x20, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x20, 0x04, 0x00, 0x00);
	expect_good(r);
}

static void stenc_turns_encryption_on_off_and_to_another_key(void **state)
{
	struct rig *r = *state;

	stenc(r, stenc_on, sizeof(stenc_on));
	assert_int_equal(r->data[5], 2);
	assert_int_equal(r->data[6], 2);
	write_block(r, 'a', 700);
	stenc(r, stenc_mixed, sizeof(stenc_mixed));
	assert_int_equal(r->data[6], 3);
	assert_int_equal(r->data[24 + 3], 12);
	assert_memory_equal(r->data + 28, "Hello world!", 12);
	write_block(r, 'b', 700);
	stenc(r, stenc_off, sizeof(stenc_off));
	assert_int_equal(r->data[5], 0);
	write_block(r, 'c', 700);
	rewind_tape(r);
	run_read(r, 0, 700, 700);
	expect_sense(r, SENSE_UNABLE_TO_DECRYPT);
	stenc(r, stenc_mixed, sizeof(stenc_mixed));
	expect_block(r, 'a', 700);
	expect_block(r, 'b', 700);
	expect_block(r, 'c', 700);
}

static void put_key(struct rig *r)
{
	static const uint8_t head[20] = { 0x00, 0x10, 0, 48, 0x40, 0x40, 2, 2, 1, 0,
					  0,    0,    0, 0,  0,    0,    0, 0, 0, 32 };

	memcpy(r->data, head, sizeof(head));
	memset(r->data + 20, 0xa5, 32);
}

static void expect_no_key(const struct rig *r)
{
	for (unsigned i = 20; i < 52; i++)
		assert_int_equal(r->data[i], 0);
}

static void a_key_is_wiped_where_a_unit_attention_comes_first(void **state)
{
	struct rig *r = *state;

	unit_attention(r->unit, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	put_key(r);
	run(r, 52, OP_SECURITY_PROTOCOL_OUT, 0x20, 0, 0x10, 0, 0, 0, 0, 0, 52, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	expect_no_key(r);
}

static void a_key_is_wiped_where_a_reserved_bit_is_set(void **state)
{
	struct rig *r = *state;

	put_key(r);
	run(r, 52, OP_SECURITY_PROTOCOL_OUT, 0x20, 0, 0x10, 0x80, 0, 0, 0, 0, 52, 0, 0);
	expect_field(r, 4);
	expect_no_key(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(protocols_and_no_certificate),
		rig_test(each_page_names_itself_and_its_length),
		rig_test(the_algorithm_is_aes_256_gcm),
		rig_test(random_numbers_differ),
		rig_test(parameters_are_told_back_and_the_key_is_not),
		rig_test(a_key_is_wiped_where_a_unit_attention_comes_first),
		rig_test(a_key_is_wiped_where_a_reserved_bit_is_set),
		rig_test(public_gives_the_parameters_up),
		rig_test(each_wrong_field_is_named_and_nothing_changes),
		rig_test(key_associated_data_is_checked),
		rig_test(key_associated_data_is_as_long_as_the_model_says),
		rig_test(lengths_of_the_command_are_checked),
		rig_test(what_was_encrypted_needs_its_key),
		rig_test(volume_statistics_say_whether_there_is_anything_encrypted),
		rig_test(a_mixed_tape_is_read_in_mixed_mode),
		rig_test(raw_read_gives_the_envelope_where_it_may),
		rig_test(the_next_block_is_described),
		rig_test(a_key_outlives_the_cartridge_but_not_power),
		rig_test(ckod_clears_the_key_when_the_cartridge_leaves),
		rig_test(a_lock_is_broken_where_the_parameters_go),
		rig_test(a_lock_holds_while_the_parameters_are_there),
		rig_test(a_refused_page_leaves_the_lock),
		rig_test(a_block_too_long_to_be_encrypted_is_refused),
		rig_test(each_partition_is_encrypted_and_needs_the_key),
		rig_test(stenc_turns_encryption_on_off_and_to_another_key),
	};

	return rig_main(tests);
}
