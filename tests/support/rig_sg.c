/* SPDX-License-Identifier: Apache-2.0 */
/* rig_sg.c: see rig_sg.h. */
#include "tests/support/rig_sg.h"

#include <stdlib.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/mode.h"
#include "handlers/tape/internal.h"
#include "lib/base/bytes.h"
#include "tests/support/rig_sg_pool.h"
#include "tests/support/sg.h"

#define DRIVE   RIG_SG_DRIVE
#define CHANGER RIG_SG_CHANGER

#define SECURITY_IN  0xa2
#define SECURITY_OUT 0xb5

static int fds[2] = { -1, -1 };
static struct rig *twin; /* a rig in this process, whose units are never called */
static bool body_runs, descriptor_wanted;
static double put_back_s; /* how long it took in all */
/* What the last test did that has to be put back. */
static struct {
	bool anything, medium, moved, modes, keys, prevented;
} touched = { true, true, true, true, false, true };

bool rig_sg_on(void)
{
	return getenv("RIG_SG") != NULL;
}

void rig_inside(const char *why)
{
	if (!rig_sg_in_body())
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
INSIDE_VOID(drive_alert, (struct drive * d, enum drive_alert flag), (d, flag))
INSIDE_VOID(library_poll, (struct library * l), (l))

/* ---- commands ---- */

enum scsi_status rig_sg_raw(int unit, const uint8_t *cdb, size_t len, enum scsi_data direction,
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

#define simple(unit, ...)                                  \
	rig_sg_raw(unit, (const uint8_t[]){ __VA_ARGS__ }, \
		   sizeof((const uint8_t[]){ __VA_ARGS__ }), DATA_NONE, NULL, 0, NULL)

/* Unit attentions, those of the fabric, too. */
static void drain(int unit)
{
	struct scsi_cmd cmd = { 0 };

	for (int i = 0; i < 10; i++) {
		const uint8_t ready[6] = { OP_TEST_UNIT_READY };
		uint8_t key;

		if (rig_sg_raw(unit, ready, sizeof(ready), DATA_NONE, NULL, 0, &cmd) == SCSI_GOOD)
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

/* Commands that change nothing on the cartridge, nor where it is. */
static bool leaves_medium(const uint8_t *cdb)
{
	static const uint8_t codes[] = {
		OP_TEST_UNIT_READY, OP_REQUEST_SENSE,   OP_READ_BLOCK_LIMITS,
		OP_INQUIRY,         OP_MODE_SENSE_6,    OP_MODE_SENSE_10,
		OP_LOG_SENSE,       OP_LOG_SELECT,      OP_READ_POSITION,
		OP_PREVENT_ALLOW,   OP_READ_ATTRIBUTE,  OP_REPORT_DENSITY_SUPPORT,
		OP_MAINTENANCE_IN,  OP_SEND_DIAGNOSTIC, OP_REWIND,
		SECURITY_IN,        SECURITY_OUT,
	};

	return memchr(codes, cdb[0], sizeof(codes)) != NULL;
}

static void note(int unit, const uint8_t *cdb)
{
	touched.anything = true;
	if (unit == DRIVE && !leaves_medium(cdb))
		touched.medium = true;
	if (unit == CHANGER && (cdb[0] == OP_MOVE_MEDIUM || cdb[0] == OP_EXCHANGE_MEDIUM))
		touched.moved = true;
	if (cdb[0] == OP_MODE_SELECT_6 || cdb[0] == OP_MODE_SELECT_10)
		touched.modes = true;
	if (cdb[0] == SECURITY_OUT)
		touched.keys = true;
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

/* Cartridges that were used are new ones, as the rig in this process has them; T1 is loaded. */
static void place_cartridges(void)
{
	if (!touched.medium && !touched.moved && !rig_pool_used())
		return;
	drain(CHANGER);
	rig_pool_home(touched.moved);
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
	(void)rig_sg_raw(unit, cdb, sizeof(cdb), DATA_OUT, list, begin + size, NULL);
}

/* Each page as it is by default, one by one: some do not take all that they tell. */
static void default_modes(int unit)
{
	const uint8_t sense[10] = { OP_MODE_SENSE_10, 0x08, 0xbf, 0xff, 0, 0, 0, 4, 0 };
	g_autofree uint8_t *data = g_malloc0(1024);
	struct scsi_cmd cmd = { 0 };
	size_t size;

	if (rig_sg_raw(unit, sense, sizeof(sense), DATA_IN, data, 1024, &cmd) != SCSI_GOOD)
		return;
	for (uint8_t *page = data + 8; page + 4 < data + cmd.in_len; page += size) {
		size = (page[0] & 0x40) != 0 ? get_be16(page + 2) + 4u : page[1] + 2u;
		select_page(unit, page, size, descriptor_wanted ? 0x04 : 0);
	}
}

/* TapeAlert flags are cleared by being read, so is the note that they changed; then all counters.
 */
static void clear_logs(void)
{
	static uint8_t data[1024];
	static const uint8_t pages[] = { 0x2e, 0x12, 0x11 };

	for (unsigned i = 0; i < sizeof(pages); i++) {
		const uint8_t cdb[10] = { OP_LOG_SENSE,     0, 0x40 | pages[i], 0, 0, 0, 0,
					  sizeof(data) >> 8 };

		(void)rig_sg_raw(DRIVE, cdb, sizeof(cdb), DATA_IN, data, sizeof(data), NULL);
	}
	(void)simple(DRIVE, OP_LOG_SELECT, 0x02, 0x40, 0, 0, 0, 0, 0, 0, 0);
}

static void put_back(void)
{
	static uint8_t no_key[20] = { 0, 0x10, 0, 16, 0x40, 0, 0, 0, 1 };
	const uint8_t out[12] = { SECURITY_OUT, 0x20, 0, 0x10, 0, 0, 0, 0, 0, sizeof(no_key) };

	if (!touched.anything)
		return;
	drain(DRIVE);
	drain(CHANGER);
	if (touched.prevented) {
		(void)simple(DRIVE, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
		(void)simple(CHANGER, OP_PREVENT_ALLOW, 0, 0, 0, 0, 0);
	}
	place_cartridges();
	if (touched.keys)
		(void)rig_sg_raw(DRIVE, out, sizeof(out), DATA_OUT, no_key, sizeof(no_key), NULL);
	if (touched.modes) {
		default_modes(DRIVE);
		default_modes(CHANGER);
	}
	(void)simple(DRIVE, OP_REWIND, 0, 0, 0, 0, 0);
	clear_logs();
	drain(DRIVE);
	drain(CHANGER);
	memset(&touched, 0, sizeof(touched));
}

bool rig_sg_in_body(void)
{
	return rig_sg_on() && body_runs;
}

int rig_sg_setup(void **state)
{
	gint64 begun = g_get_monotonic_time();

	body_runs = false;
	put_back();
	body_runs = true;
	put_back_s += (double)(g_get_monotonic_time() - begun) / 1e6;
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
	g_auto(GStrv) paths = g_strsplit(getenv("RIG_SG"), ":", 3);
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
	if (g_strv_length(paths) < 3)
		return;
	g_free(twin->pool);
	twin->pool = g_strdup(paths[2]);
	rig_pool_use(twin);
}

int rig_sg_main(const char *name, const struct CMUnitTest *tests, size_t cnt, bool descriptor,
		int (*make_twin)(void **state))
{
	int failed = 0;

	open_units(make_twin);
	if (descriptor)
		print_message("# and with sense in descriptor format\n");
	descriptor_wanted = descriptor;
	touched.anything = touched.modes = true;
	for (size_t i = 0; i < cnt; i++) {
		const struct CMUnitTest one = { .name = tests[i].name, .test_func = one_test };

		current = &tests[i];
		failed += _cmocka_run_group_tests(name, &one, 1, NULL, NULL);
		body_runs = false;
	}
	print_message("# %.1f s to put back what tests left\n", put_back_s);
	put_back_s = 0;
	return failed;
}
