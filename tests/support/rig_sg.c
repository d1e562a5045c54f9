/* SPDX-License-Identifier: Apache-2.0 */
/* rig_sg.c: see rig_sg.h. */
#include "tests/support/rig_sg.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/mode.h"
#include "lib/base/bytes.h"
#include "tests/support/sg.h"

#define DRIVE   0
#define CHANGER 1

static int fds[2] = { -1, -1 };
static struct rig *twin; /* a rig in this process, whose units are never called */
static bool body_runs, descriptor_wanted;
/* What the last test did that has to be put back. */
static struct {
	bool moved, modes, keys, formatted, prevented;
} touched = { true, true, false, false, true };

bool rig_sg_on(void)
{
	return getenv("RIG_SG") != NULL;
}

void rig_inside(const char *why)
{
	if (!rig_sg_on() || !body_runs)
		return;
	print_message("# reaches into the process: %s\n", why);
	skip();
}

/* ---- calls that only a test inside the process can make ---- */

#define INSIDE(type, name, parameters, arguments) \
	type __real_##name parameters;            \
	type __wrap_##name parameters;            \
	type __wrap_##name parameters             \
	{                                         \
		rig_inside(#name);                \
		return __real_##name arguments;   \
	}

#define INSIDE_VOID(name, parameters, arguments) \
	void __real_##name parameters;           \
	void __wrap_##name parameters;           \
	void __wrap_##name parameters            \
	{                                        \
		rig_inside(#name);               \
		__real_##name arguments;         \
	}

INSIDE_VOID(unit_power_on, (struct scsi_unit * u), (u))
INSIDE_VOID(unit_attention, (struct scsi_unit * u, enum sense_id id), (u, id))
INSIDE(enum scsi_status, unit_execute, (struct scsi_unit * u, struct scsi_cmd *c), (u, c))
INSIDE(uint8_t *, mode_current, (struct scsi_unit * u, uint8_t page, uint8_t sub), (u, page, sub))
INSIDE(int, drive_new, (struct library * l, unsigned n, struct drive **d), (l, n, d))
INSIDE_VOID(drive_free, (struct drive * d), (d))
INSIDE(int, library_move, (struct library * l, uint16_t from, uint16_t to), (l, from, to))
INSIDE(bool, library_element, (struct library * l, uint16_t address, struct library_element *e),
       (l, address, e))
INSIDE(bool, library_find, (struct library * l, const char *barcode, uint16_t *a), (l, barcode, a))
INSIDE(int, library_import, (struct library * l, const char *barcode, bool mail, uint16_t *slot),
       (l, barcode, mail, slot))
INSIDE(int, cart_create, (const char *pool, const struct cart_params *p), (pool, p))
INSIDE(int, cart_open, (const char *pool, const char *barcode, unsigned flags, struct cart **c),
       (pool, barcode, flags, c))
INSIDE(int, cart_stat, (const char *pool, const char *barcode, struct cart_info *i),
       (pool, barcode, i))

/* ---- commands ---- */

static enum scsi_status raw(int unit, const uint8_t *cdb, size_t len, enum scsi_data direction,
			    uint8_t *data, size_t size, struct scsi_cmd *cmd)
{
	struct scsi_cmd own = { 0 };
	int r;

	cmd = cmd != NULL ? cmd : &own;
	memcpy(cmd->cdb, cdb, len);
	cmd->cdb_len = len;
	r = sg_execute(fds[unit], cmd, direction, data, size);
	if (r < 0)
		fail_msg("SG_IO: %s", g_strerror(-r));
	return (enum scsi_status)r;
}

#define simple(unit, ...)                                                                     \
	raw(unit, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
	    DATA_NONE, NULL, 0, NULL)

/* Unit attentions, those of the fabric, too. */
static void drain(int unit)
{
	struct scsi_cmd cmd = { 0 };

	for (int i = 0; i < 10; i++) {
		const uint8_t ready[6] = { OP_TEST_UNIT_READY };
		uint8_t key;

		if (raw(unit, ready, sizeof(ready), DATA_NONE, NULL, 0, &cmd) == SCSI_GOOD)
			return;
		key = (cmd.sense[0] & 0x7e) == 0x72 ? cmd.sense[1] : cmd.sense[2];
		if ((key & 0x0f) != KEY_UNIT_ATTENTION)
			return;
	}
}

/* A test that empties the queue of the twin's unit wants the real one emptied. */
static void follow_attentions(struct rig *r)
{
	struct scsi_unit *units[2] = { drive_unit(r->drive), changer_unit(r->changer) };

	for (int i = 0; i < 2; i++) {
		if (units[i]->attentions_cnt == 0)
			drain(i);
		units[i]->attentions_cnt = 1;
	}
}

static void note(int unit, const uint8_t *cdb)
{
	if (unit == CHANGER || cdb[0] == OP_LOAD_UNLOAD)
		touched.moved = true;
	if (cdb[0] == OP_MODE_SELECT_6 || cdb[0] == OP_MODE_SELECT_10)
		touched.modes = true;
	if (cdb[0] == 0xb5)
		touched.keys = true;
	if (cdb[0] == 0x04 || cdb[0] == 0x0b)
		touched.formatted = true;
	if (cdb[0] == OP_PREVENT_ALLOW)
		touched.prevented = true;
}

/* What READ says of a short block: the fabric carries no residue. */
static void read_length(struct scsi_cmd *cmd, size_t size)
{
	const uint8_t *s = cmd->sense;
	int64_t information = (int32_t)get_be32(s + 3), left = 0;

	if (cmd->cdb[0] != OP_READ_6 || cmd->sense_len < 18 || (cmd->cdb[1] & 1) != 0)
		return;
	if ((s[0] & 0x7e) == 0x72)
		information = (int64_t)get_be64(s + 12);
	left = (int64_t)size - (information > 0 ? information : 0);
	cmd->in_len = left > 0 ? (size_t)left : 0;
}

void rig_sg_run(struct rig *r, size_t size)
{
	int unit = r->unit == drive_unit(r->drive) ? DRIVE : CHANGER, status;
	const struct scsi_command *row;
	bool known;

	if (size > SG_DATA_MAX) {
		print_message("# more data than the fabric carries\n");
		skip();
	}
	if (r->cmd.cdb[0] >> 5 == 3 || r->cmd.cdb[0] >> 5 >= 6) {
		print_message("# reaches into the process: libtcmu drops this operation code\n");
		skip();
	}
	follow_attentions(r);
	note(unit, r->cmd.cdb);
	row = command_find(r->unit, r->cmd.cdb, &known);
	status = sg_execute(fds[unit], &r->cmd, row != NULL ? row->data : DATA_NONE, r->data, size);
	if (status < 0)
		fail_msg("SG_IO: %s", g_strerror(-status));
	if (status == SCSI_CHECK_CONDITION)
		read_length(&r->cmd, size);
	r->status = (enum scsi_status)status;
}

/* ---- before each test ---- */

static void carry(uint16_t from, uint16_t to)
{
	uint8_t cdb[12] = { OP_MOVE_MEDIUM };

	put_be16(cdb + 4, from);
	put_be16(cdb + 6, to);
	if (raw(CHANGER, cdb, sizeof(cdb), DATA_NONE, NULL, 0, NULL) != SCSI_GOOD)
		print_message("# cannot move %u to %u\n", from, to);
}

/* Where @barcode is, or 0. */
static uint16_t where(const char *barcode)
{
	const uint8_t cdb[12] = { OP_READ_ELEMENT_STATUS, 0x10, 0, 0, 0xff, 0xff, 0, 0, 0x10, 0 };
	g_autofree uint8_t *data = g_malloc0(4096);
	struct scsi_cmd cmd = { 0 };
	size_t n = strlen(barcode);

	if (raw(CHANGER, cdb, sizeof(cdb), DATA_IN, data, 4096, &cmd) != SCSI_GOOD)
		return 0;
	for (const uint8_t *page = data + 8; page + 8 < data + cmd.in_len;
	     page += 8 + get_be24(page + 5))
		for (const uint8_t *e = page + 8; e < page + 8 + get_be24(page + 5);
		     e += get_be16(page + 2))
			if ((e[2] & 1) != 0 && memcmp(e + 12, barcode, n) == 0 && e[12 + n] == ' ')
				return get_be16(e);
	return 0;
}

static void place_cartridges(void)
{
	static const char *const barcodes[] = { "T3", "T2", "T1" };
	static const uint16_t home[] = { RIG_SLOT_3, RIG_SLOT_2, RIG_SLOT_1 };

	if (!touched.moved)
		return;
	drain(CHANGER);
	for (int i = 0; i < 3; i++) {
		uint16_t at = where(barcodes[i]);

		if (at != home[i])
			carry(at, home[i]);
	}
	carry(RIG_SLOT_1, RIG_DRIVE_1);
	(void)simple(DRIVE, OP_LOAD_UNLOAD, 0, 0, 0, 0x01, 0);
	drain(DRIVE);
}

static void select_page(int unit, const uint8_t *page, size_t size, uint8_t d_sense)
{
	uint8_t list[512] = { [3] = 0x10 }, cdb[10] = { OP_MODE_SELECT_10, 0x10 };
	size_t begin = 8;

	if (unit == DRIVE) {
		list[7] = 8; /* a block descriptor: density as it is, blocks of variable length */
		begin = 16;
	} else {
		list[3] = 0;
	}
	if (size > sizeof(list) - begin)
		return;
	memcpy(list + begin, page, size);
	if (size > 0)
		list[begin] &= 0x7f;
	if (size > 3 && list[begin] == MODE_PAGE_CONTROL)
		list[begin + 2] |= d_sense;
	put_be16(cdb + 7, (uint16_t)(begin + size));
	(void)raw(unit, cdb, sizeof(cdb), DATA_OUT, list, begin + size, NULL);
}

/* Each page as it is by default, one by one: some do not take all that they tell. */
static void default_modes(int unit)
{
	const uint8_t sense[10] = { OP_MODE_SENSE_10, 0x08, 0xbf, 0xff, 0, 0, 0, 4, 0 };
	g_autofree uint8_t *data = g_malloc0(1024);
	struct scsi_cmd cmd = { 0 };
	size_t size;

	if (raw(unit, sense, sizeof(sense), DATA_IN, data, 1024, &cmd) != SCSI_GOOD)
		return;
	for (uint8_t *page = data + 8; page + 4 < data + cmd.in_len; page += size) {
		size = (page[0] & 0x40) != 0 ? get_be16(page + 2) + 4u : page[1] + 2u;
		select_page(unit, page, size, descriptor_wanted ? 0x04 : 0);
	}
}

static void put_back(void)
{
	static uint8_t no_key[20] = { 0, 0x10, 0, 16, 0x40, 0, 0, 0, 1 };
	const uint8_t out[12] = { 0xb5, 0x20, 0, 0x10, 0, 0, 0, 0, 0, sizeof(no_key) };

	drain(DRIVE);
	drain(CHANGER);
	if (touched.prevented) {
		(void)simple(DRIVE, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
		(void)simple(CHANGER, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
	}
	place_cartridges();
	if (touched.keys)
		(void)raw(DRIVE, out, sizeof(out), DATA_OUT, no_key, sizeof(no_key), NULL);
	if (touched.modes) {
		default_modes(DRIVE);
		default_modes(CHANGER);
	}
	(void)simple(DRIVE, OP_REWIND, 0, 0, 0, 0, 0);
	if (touched.formatted)
		(void)simple(DRIVE, 0x04, 0, 0, 0, 0, 0);
	(void)simple(DRIVE, OP_ERASE_6, 0, 0, 0, 0, 0);
	(void)simple(DRIVE, OP_REWIND, 0, 0, 0, 0, 0);
	(void)simple(DRIVE, OP_LOG_SELECT, 0x02, 0x40, 0, 0, 0, 0, 0, 0, 0);
	drain(DRIVE);
	drain(CHANGER);
	memset(&touched, 0, sizeof(touched));
}

int rig_sg_setup(void **state)
{
	put_back();
	twin->unit = drive_unit(twin->drive);
	drive_unit(twin->drive)->attentions_cnt = 1;
	changer_unit(twin->changer)->attentions_cnt = 1;
	memset(twin->data, 0, RIG_DATA);
	*state = twin;
	return 0;
}

int rig_sg_teardown(void **state)
{
	(void)state;
	return 0;
}

/* ---- the tests, one by one ---- */

static const struct CMUnitTest *current;

/* Tests that reach into the process in ways that nothing here sees: lines of "NAME reason". */
static void skip_listed(const char *name)
{
	const char *file = getenv("RIG_SG_EXCEPT");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	size_t n = strlen(name);

	if (file == NULL || !g_file_get_contents(file, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i] != NULL; i++)
		if (strncmp(lines[i], name, n) == 0 && lines[i][n] == ' ')
			rig_inside(g_strstrip(lines[i] + n));
}

static void one_test(void **state)
{
	void *own = *state;

	body_runs = true;
	skip_listed(current->name);
	if (current->setup_func != NULL)
		assert_int_equal(current->setup_func(&own), 0);
	current->test_func(&own);
	body_runs = false;
}

static void open_units(int (*make_twin)(void **state))
{
	g_auto(GStrv) paths = g_strsplit(getenv("RIG_SG"), ":", 2);
	void *state = NULL;

	if (twin != NULL)
		return;
	for (int i = 0; i < 2; i++) {
		fds[i] = paths[0] != NULL && paths[i] != NULL ? sg_open(paths[i]) : -1;
		if (fds[i] < 0) {
			print_error("RIG_SG=%s: cannot be opened\n", getenv("RIG_SG"));
			exit(2);
		}
	}
	if (make_twin(&state) != 0)
		exit(2);
	twin = state;
}

int rig_sg_main(const char *name, const struct CMUnitTest *tests, size_t cnt, bool descriptor,
		int (*make_twin)(void **state))
{
	int failed = 0;

	open_units(make_twin);
	print_message("# %s over /dev/sg, sense in %s format\n", name,
		      descriptor ? "descriptor" : "fixed");
	descriptor_wanted = descriptor;
	touched.modes = true;
	for (size_t i = 0; i < cnt; i++) {
		const struct CMUnitTest one = { .name = tests[i].name, .test_func = one_test };

		current = &tests[i];
		failed += _cmocka_run_group_tests(name, &one, 1, NULL, NULL);
		body_runs = false;
	}
	return failed;
}
