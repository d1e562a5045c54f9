/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c: see rig.h. */
#include "tests/support/rig.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "handlers/scsi/mode.h"
#include "handlers/scsi/tables.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "lib/base/fs.h"
#include "lib/personality/personality.h"
#include "tests/support/rig_sg.h"

static bool descriptor_sense;

#define DESCRIPTION                                                                  \
	"[library]\nname=lib0\nslots=5\nmail_slots=2\ndrives=2\nserial=VTLTEST001\n" \
	"personality=ibm-lto8\npool=%s\n[media]\nbarcodes=T1-T3\ncapacity=1M\n"      \
	"early_warning=100K\n"

static struct library *make_library(const char *root, const char *pool)
{
	g_autofree char *path = g_build_filename(root, "lib0.conf", NULL);
	g_autofree char *text = g_strdup_printf(DESCRIPTION, pool);
	struct library_config *config = NULL;
	struct library *library = NULL;
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(path, text, -1, &error) ||
	    !library_config_load(path, &config, &error) || !library_create(config, &error))
		fail_msg("%s", error->message);
	library_config_free(config);
	library = library_open("lib0", LIBRARY_OPEN_OWN, &error);
	if (library == NULL)
		fail_msg("%s", error->message);
	return library;
}

static void take_power_on(struct scsi_unit *unit)
{
	unit->attentions_cnt = 0;
	if (descriptor_sense)
		mode_current(unit, MODE_PAGE_CONTROL, 0)[2] |= 0x04;
}

void rig_restart(struct rig *r)
{
	drive_free(r->drive);
	assert_int_equal(drive_new(r->library, 1, &r->drive), 0);
	r->unit = drive_unit(r->drive);
	take_power_on(r->unit);
}

static int setup_inside(void **state)
{
	struct rig *r = g_new0(struct rig, 1);
	g_autofree char *statedir = NULL;

	r->root = g_dir_make_tmp("vtl-rig-XXXXXX", NULL);
	if (r->root == NULL)
		return -1;
	statedir = g_build_filename(r->root, "state", NULL);
	r->pool = g_build_filename(r->root, "pool", NULL);
	g_setenv("TCMU_VTL_STATE", statedir, TRUE);
	r->data = g_malloc0(RIG_DATA);
	r->library = make_library(r->root, r->pool);
	assert_int_equal(drive_new(r->library, 1, &r->drive), 0);
	assert_int_equal(changer_new(r->library, &r->changer), 0);
	r->unit = drive_unit(r->drive);
	assert_int_equal(library_move(r->library, RIG_SLOT_1, RIG_DRIVE_1), 0);
	take_power_on(r->unit);
	take_power_on(changer_unit(r->changer));
	*state = r;
	return 0;
}

int rig_setup(void **state)
{
	return rig_sg_on() ? rig_sg_setup(state) : setup_inside(state);
}

int rig_teardown(void **state)
{
	struct rig *r = *state;
	int result;

	if (rig_sg_on())
		return rig_sg_teardown(state);
	drive_free(r->drive);
	changer_free(r->changer);
	library_unref(r->library);
	result = fs_remove_tree(AT_FDCWD, r->root);
	g_free(r->data);
	g_free(r->pool);
	g_free(r->root);
	g_free(r);
	return result;
}

int rig_main_(const char *name, const struct CMUnitTest *tests, size_t cnt)
{
	int failed;

	if (rig_sg_on()) {
		descriptor_sense = false; /* programs one after the other: over_sg.c */
		failed = rig_sg_main(name, tests, cnt, false, setup_inside);
		if (g_getenv("RIG_SG_BOTH") == NULL)
			return failed;
		descriptor_sense = true;
		return failed + rig_sg_main(name, tests, cnt, true, setup_inside);
	}
	failed = _cmocka_run_group_tests(name, tests, cnt, NULL, NULL);
	descriptor_sense = true;
	return failed + _cmocka_run_group_tests("the same with D_SENSE", tests, cnt, NULL, NULL);
}

void rig_power_on(struct rig *r)
{
	unit_power_on(r->unit);
	if (descriptor_sense)
		mode_current(r->unit, MODE_PAGE_CONTROL, 0)[2] |= 0x04;
}

void rig_unlimited_ready(struct rig *r)
{
	uint16_t slot;

	rig_cartridge(r, "BIG", 0x5e, 0);
	assert_int_equal(library_import(r->library, "BIG", false, &slot), 0);
	move(r, RIG_DRIVE_1, RIG_SLOT_4);
	move(r, slot, RIG_DRIVE_1);
	r->unit->attentions_cnt = 0;
}

void rig_features(struct rig *r, unsigned features)
{
	struct scsi_unit *unit = drive_unit(r->drive);
	const struct scsi_tables all = drive_tables();

	rig_inside("gives the drive a model of its own");
	r->persona = *r->drive->persona;
	r->model = *r->persona.drive;
	r->model.features |= features;
	r->persona.drive = &r->model;
	r->drive->persona = &r->persona;
	tables_free(unit->tables);
	unit->features = r->model.features;
	unit->tables = tables_choose(&all, unit->features);
	assert_non_null(unit->tables);
	mode_reset(unit);
	if (descriptor_sense)
		mode_current(unit, MODE_PAGE_CONTROL, 0)[2] |= 0x04;
}

void rig_cartridge(struct rig *r, const char *barcode, uint8_t density, uint64_t capacity)
{
	const struct medium_row *medium =
		drive_medium(personality_find("ibm-lto8")->drive, density, 0);
	const struct cart_params params = { .barcode = barcode,
					    .density = density,
					    .medium_type = medium == NULL ? 0 : medium->medium_type,
					    .capacity_bytes = capacity };

	assert_int_equal(cart_create(r->pool, &params), 0);
}

void rig_medium(struct rig *r, const struct cart_params *params)
{
	struct library_element drive;
	uint16_t slot;

	assert_int_equal(cart_create(r->pool, params), 0);
	assert_true(library_element(r->library, RIG_DRIVE_1, &drive));
	if (drive.full)
		move(r, RIG_DRIVE_1, RIG_SLOT_4);
	assert_int_equal(library_import(r->library, params->barcode, false, &slot), 0);
	move(r, slot, RIG_DRIVE_1);
}

void rig_medium_ready(struct rig *r, const struct cart_params *params)
{
	rig_medium(r, params);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_sense(r, SENSE_MEDIUM_MAY_HAVE_CHANGED);
	run(r, 0, OP_TEST_UNIT_READY, 0, 0, 0, 0, 0);
	expect_good(r);
}

#define FIRST_BLOCK (128 + 80) /* header of the segment, frame: docs/cartridge-format.md */

void rig_damage(struct rig *r, unsigned byte)
{
	g_autofree char *path =
		g_build_filename(r->pool, "T1.cart", "data.00000001.00000000", NULL);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t value;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &value, 1, FIRST_BLOCK + (off_t)byte), 1);
	value ^= 0x04;
	assert_int_equal(pwrite(fd, &value, 1, FIRST_BLOCK + (off_t)byte), 1);
	(void)close(fd);
}

/* ---- running ---- */

/* The buffer in three pieces, so that nobody gets away with using only the first. */
static void split(struct rig *r, size_t size)
{
	size_t first = size / 3, second = size / 4;

	r->iov[0] = (struct iovec){ r->data, first };
	r->iov[1] = (struct iovec){ r->data + first, second };
	r->iov[2] = (struct iovec){ r->data + first + second, size - first - second };
}

void run_cdb(struct rig *r, const uint8_t *cdb, size_t len, size_t size)
{
	struct iovec before[3];

	assert_true(size <= RIG_DATA && len <= SCSI_CDB_MAX);
	memset(&r->cmd, 0, sizeof(r->cmd));
	memcpy(r->cmd.cdb, cdb, len);
	r->cmd.cdb_len = len;
	split(r, size);
	memcpy(before, r->iov, sizeof(before));
	r->cmd.iov = r->iov;
	r->cmd.iov_cnt = 3;
	r->cmd.iov_len = size;
	if (rig_sg_on()) {
		rig_sg_run(r, size);
		return;
	}
	r->status = unit_execute(r->unit, &r->cmd);
	assert_memory_equal(before, r->iov,
			    sizeof(before)); /* the buffer list comes back as it was */
}

static void run_count24(struct rig *r, uint8_t opcode, uint8_t flags, uint32_t count, size_t size)
{
	uint8_t cdb[6] = { opcode, flags };

	put_be24(cdb + 2, count);
	run_cdb(r, cdb, sizeof(cdb), size);
}

void run_read(struct rig *r, uint8_t flags, uint32_t length, size_t size)
{
	memset(r->data, 0xee, size);
	run_count24(r, OP_READ_6, flags, length, size);
}

void run_write(struct rig *r, uint8_t flags, uint32_t length, size_t size)
{
	run_count24(r, OP_WRITE_6, flags, length, size);
}

void run_space(struct rig *r, uint8_t code, int32_t count)
{
	run_count24(r, OP_SPACE_6, code, (uint32_t)count & 0xffffff, 0);
}

void run_move(struct rig *r, uint16_t source, uint16_t destination)
{
	struct scsi_unit *unit = r->unit;
	uint8_t cdb[12] = { OP_MOVE_MEDIUM };

	put_be16(cdb + 4, source);
	put_be16(cdb + 6, destination);
	r->unit = changer_unit(r->changer);
	run_cdb(r, cdb, sizeof(cdb), 0);
	r->unit = unit;
}

/* ---- doing ---- */

void write_block(struct rig *r, uint8_t fill, uint32_t size)
{
	memset(r->data, fill, size);
	run_write(r, 0, size, size);
	expect_good(r);
}

void write_filemarks(struct rig *r, uint32_t count)
{
	run_count24(r, OP_WRITE_FILEMARKS_6, 0, count, 0);
	expect_good(r);
}

void rewind_tape(struct rig *r)
{
	run(r, 0, OP_REWIND, 0, 0, 0, 0, 0);
	expect_good(r);
}

void set_block_size(struct rig *r, uint32_t size)
{
	memset(r->data, 0, 12);
	r->data[2] = 0x10; /* buffered */
	r->data[3] = 8;
	put_be24(r->data + 9, size);
	run(r, 12, OP_MODE_SELECT_6, 0x10, 0, 0, 12, 0);
	expect_good(r);
}

void write_sample(struct rig *r)
{
	write_block(r, 1, 100);
	write_block(r, 2, 200);
	write_block(r, 3, 300);
	write_filemarks(r, 1);
	write_block(r, 4, 400);
	write_block(r, 4, 400);
	write_filemarks(r, 1);
	rewind_tape(r);
}

void move(struct rig *r, uint16_t source, uint16_t destination)
{
	run_move(r, source, destination);
	expect_good(r);
}

/* ---- expecting ---- */

struct decoded {
	uint8_t key, asc, ascq, flags;
	bool valid, deferred;
	int64_t information;
	uint8_t specific[3];
};

static void decode_descriptors(const uint8_t *s, struct decoded *d)
{
	for (size_t n = 8; n < 8u + s[7]; n += 2u + s[n + 1]) {
		if (s[n] == 0x00) {
			d->valid = (s[n + 2] & 0x80) != 0;
			d->information = (int64_t)get_be64(s + n + 4);
		} else if (s[n] == 0x02) {
			memcpy(d->specific, s + n + 4, 3);
		} else if (s[n] == 0x04) {
			d->flags = s[n + 3];
		}
	}
}

static struct decoded decode(const struct rig *r)
{
	const uint8_t *s = r->cmd.sense;
	struct decoded d = { 0 };

	assert_true(r->cmd.sense_len >= 8);
	d.deferred = (s[0] & 0x01) != 0;
	if (descriptor_sense) {
		assert_int_equal(s[0] & 0x7e, 0x72);
		d.key = s[1] & 0x0f;
		d.asc = s[2];
		d.ascq = s[3];
		decode_descriptors(s, &d);
	} else {
		assert_int_equal(s[0] & 0x7e, 0x70);
		assert_int_equal(r->cmd.sense_len, 18);
		d.key = s[2] & 0x0f;
		d.flags = s[2] & 0xe0;
		d.asc = s[12];
		d.ascq = s[13];
		d.valid = (s[0] & 0x80) != 0;
		d.information = (int32_t)get_be32(s + 3);
		memcpy(d.specific, s + 15, 3);
	}
	return d;
}

static char *cdb_text(const struct rig *r)
{
	GString *text = g_string_new("CDB");

	for (size_t i = 0; i < r->cmd.cdb_len; i++)
		g_string_append_printf(text, " %02x", r->cmd.cdb[i]);
	return g_string_free(text, FALSE);
}

static void fail_at(const struct rig *r, const char *file, int line, const char *expected)
{
	g_autofree char *cdb = cdb_text(r);

	if (r->status == SCSI_CHECK_CONDITION) {
		struct decoded d = decode(r);

		print_error("%s: expected %s, got key %Xh ASC %02Xh/%02Xh flags %02Xh valid %d "
			    "information %lld\n",
			    cdb, expected, d.key, d.asc, d.ascq, d.flags, d.valid,
			    (long long)d.information);
	} else {
		print_error("%s: expected %s, got status %02Xh\n", cdb, expected,
			    (unsigned)r->status);
	}
	_fail(file, line);
}

void expect_good_(const struct rig *r, const char *file, int line)
{
	if (r->status != SCSI_GOOD)
		fail_at(r, file, line, "GOOD");
}

void expect_sense_(const struct rig *r, enum sense_id id, const char *file, int line)
{
	const struct sense_code *code = sense_code(id);
	struct decoded d;

	if (r->status != SCSI_CHECK_CONDITION)
		fail_at(r, file, line, code->words);
	d = decode(r);
	if (d.deferred || d.key != code->key || d.asc != code->asc || d.ascq != code->ascq)
		fail_at(r, file, line, code->words);
}

void expect_tape_(const struct rig *r, enum sense_id id, uint8_t flags, int64_t information,
		  const char *file, int line)
{
	struct decoded d;

	expect_sense_(r, id, file, line);
	d = decode(r);
	if (d.flags != flags || !d.valid || d.information != information) {
		g_autofree char *text = g_strdup_printf("flags %02Xh information %lld", flags,
							(long long)information);

		fail_at(r, file, line, text);
	}
}

void expect_deferred(const struct rig *r, int64_t information)
{
	struct decoded d;

	assert_int_equal(r->status, SCSI_CHECK_CONDITION);
	d = decode(r);
	assert_true(d.deferred);
	assert_int_equal(d.key, KEY_MEDIUM_ERROR);
	assert_int_equal(d.asc, 0x0c);
	assert_int_equal(d.flags, 0); /* with EOM st would take it for the end of the medium */
	assert_true(d.valid);
	assert_int_equal(d.information, information);
}

static void expect_pointer(const struct rig *r, enum sense_id id, uint8_t cd, unsigned byte)
{
	struct decoded d;

	expect_sense(r, id);
	d = decode(r);
	assert_int_equal(d.specific[0] & 0xc0, 0x80 | cd); /* SKSV, C/D */
	assert_int_equal(get_be16(d.specific + 1), byte);
}

void expect_field(const struct rig *r, unsigned byte)
{
	expect_pointer(r, SENSE_INVALID_FIELD_IN_CDB, 0x40, byte);
}

bool sense_field(const struct rig *r, unsigned *ret_byte, int *ret_bit)
{
	struct decoded d = decode(r);

	if (d.key != KEY_ILLEGAL_REQUEST || d.asc != 0x24 || (d.specific[0] & 0xc0) != 0xc0)
		return false;
	*ret_byte = get_be16(d.specific + 1);
	*ret_bit = (d.specific[0] & 0x08) != 0 ? d.specific[0] & 7 : -1;
	return true;
}

void expect_field_bit(const struct rig *r, unsigned byte, unsigned bit)
{
	unsigned at = 0;
	int which = -1;

	expect_field(r, byte);
	assert_true(sense_field(r, &at, &which));
	assert_int_equal(which, bit);
}

void expect_list_field(const struct rig *r, unsigned byte)
{
	expect_pointer(r, SENSE_INVALID_FIELD_IN_LIST, 0, byte);
}

void expect_position_(struct rig *r, uint64_t object, const char *file, int line)
{
	run(r, 32, OP_READ_POSITION, SA_READ_POSITION_LONG, 0, 0, 0, 0, 0, 0, 0, 0);
	expect_good_(r, file, line);
	_assert_int_equal(get_be64(r->data + 8), object, file, line);
}

void expect_block(struct rig *r, uint8_t fill, uint32_t size)
{
	run_read(r, 0, size, size);
	expect_good(r);
	assert_int_equal(r->cmd.in_len, size);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(r->data[i], fill);
}
