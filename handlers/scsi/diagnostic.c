/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnostic.c: SEND DIAGNOSTIC and RECEIVE DIAGNOSTIC RESULTS (SPC-5).
 *
 * A self-test takes no time worth a progress indication, so those "in the background" are over
 * when their command is: GOOD comes once the test is done, and an abort finds nothing to abort.
 * Segment 1 tries the unit's checksums, on which the data's safety rests; the others are the
 * unit's own (scsi_unit_ops.self_test).
 */
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/service.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/crc32c.h"

enum selftest_code { /* SELF-TEST CODE of SEND DIAGNOSTIC */
	SELFTEST_DEFAULT = 0,
	SELFTEST_BACKGROUND_SHORT = 1,
	SELFTEST_BACKGROUND_EXTENDED = 2,
	SELFTEST_ABORT = 4,
	SELFTEST_FOREGROUND_SHORT = 5,
	SELFTEST_FOREGROUND_EXTENDED = 6,
};

#define PF          0x10
#define SELFTEST    0x04
#define RESULT_SIZE 8 /* of one as it is saved */
#define SAVED_NAME  "self-tests"
#define MS_PER_HOUR 3600000

#define HEADER           4u  /* of a diagnostic page */
#define PAGE_MAX         32u /* more of a page nobody looks at */
#define SEGMENT_CHECKSUM 1
#define OUTCOME_GOOD     0
#define OUTCOME_FAILED   7

/* ---- results ---- */

static void load_results(struct scsi_unit *unit)
{
	struct unit_service *s = unit->service;
	uint8_t saved[UNIT_SELFTESTS * RESULT_SIZE];
	size_t size = 0;

	if (s->results_loaded)
		return;
	s->results_loaded = true;
	if (unit->ops->load == NULL ||
	    unit->ops->load(unit, SAVED_NAME, saved, sizeof(saved), &size) != 0)
		return;
	for (const uint8_t *p = saved; p + RESULT_SIZE <= saved + size; p += RESULT_SIZE)
		s->results[s->results_cnt++] = (struct selftest_result){
			.code = p[0],
			.outcome = p[1],
			.segment = p[2],
			.key = p[3],
			.asc = p[4],
			.ascq = p[5],
			.hours = get_be16(p + 6),
		};
}

/* Results are history: one that cannot be saved is still there until the next start. */
static void save_results(struct scsi_unit *unit)
{
	const struct unit_service *s = unit->service;
	uint8_t saved[UNIT_SELFTESTS * RESULT_SIZE];
	uint8_t *p = saved;

	if (unit->ops->save == NULL)
		return;
	for (unsigned i = 0; i < s->results_cnt; i++, p += RESULT_SIZE) {
		const struct selftest_result *r = &s->results[i];

		memcpy(p,
		       ((const uint8_t[]){ r->code, r->outcome, r->segment, r->key, r->asc,
					   r->ascq }),
		       6);
		put_be16(p + 6, r->hours);
	}
	ignore_result(unit->ops->save(unit, SAVED_NAME, saved, (size_t)(p - saved)));
}

static void add_result(struct scsi_unit *unit, const struct selftest_result *result)
{
	struct unit_service *s = unit->service;

	load_results(unit);
	if (s->results_cnt < UNIT_SELFTESTS)
		s->results_cnt++;
	memmove(&s->results[1], &s->results[0], (s->results_cnt - 1) * sizeof(s->results[0]));
	s->results[0] = *result;
	save_results(unit);
}

const struct selftest_result *unit_selftest(struct scsi_unit *unit, unsigned n)
{
	load_results(unit);
	return n < unit->service->results_cnt ? &unit->service->results[n] : NULL;
}

/* ---- tests ---- */

/* The check value of CRC-32C, by both ways that the program may take. */
static bool checksums_work(void)
{
	return crc32c(0, "123456789", 9) == 0xe3069283u &&
	       crc32c_portable(0, "123456789", 9) == 0xe3069283u;
}

/* The number of the segment that failed, or 0. */
static uint8_t run_segments(struct scsi_unit *unit, bool extended)
{
	if (!checksums_work())
		return SEGMENT_CHECKSUM;
	return unit->ops->self_test == NULL ? 0 : unit->ops->self_test(unit, extended);
}

static enum scsi_status self_test(struct scsi_unit *unit, struct scsi_cmd *cmd, unsigned code)
{
	const struct sense_code *failed = sense_code(SENSE_SELF_TEST_FAILED);
	const struct unit_service *s = unit->service;
	int64_t hours = (clock_monotonic_ms() - s->since_ms) / MS_PER_HOUR;
	struct selftest_result result = {
		.code = (uint8_t)code,
		.hours = hours > 0xffff ? 0xffff : (uint16_t)hours,
		.segment = run_segments(unit, code == SELFTEST_BACKGROUND_EXTENDED ||
						      code == SELFTEST_FOREGROUND_EXTENDED),
	};

	if (result.segment != 0) {
		result.outcome = OUTCOME_FAILED;
		result.key = failed->key;
		result.asc = failed->asc;
		result.ascq = failed->ascq;
	}
	add_result(unit, &result);
	/* what was to run in the background is read from the log page; the others tell */
	if (result.segment == 0 || code == SELFTEST_BACKGROUND_SHORT ||
	    code == SELFTEST_BACKGROUND_EXTENDED)
		return SCSI_GOOD;
	return scsi_check(unit, cmd, SENSE_SELF_TEST_FAILED);
}

/* Page 00h, which asks for the list of pages, or the one of the unit's maker. */
static enum scsi_status take_page(struct scsi_unit *unit, struct scsi_cmd *cmd, size_t size)
{
	uint8_t page[PAGE_MAX] = { 0 };

	if (size < HEADER) /* SPC-5: a length that cuts the page is a wrong field of the CDB */
		return scsi_check_field(unit, cmd, 3, 7);
	if (scsi_get_data(cmd, page, sizeof(page)) < HEADER || cmd->iov_len < size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	if (unit->diagnostic_page != 0 && page[0] == unit->diagnostic_page) {
		if (size < HEADER + get_be16(page + 2))
			return scsi_check_field(unit, cmd, 3, 7);
		return unit->ops->diagnostic_page(unit, cmd, page,
						  size < PAGE_MAX ? size : PAGE_MAX);
	}
	if (page[0] != 0)
		return scsi_check_list(unit, cmd, 0, 7);
	if (page[1] != 0)
		return scsi_check_list(unit, cmd, 1, 7);
	if (get_be16(page + 2) != 0)
		return scsi_check_list(unit, cmd, 2, 7);
	if (size > HEADER) /* a single page */
		return scsi_check_list(unit, cmd, 4, 7);
	return SCSI_GOOD;
}

enum scsi_status scsi_send_diagnostic(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	unsigned code = cdb[1] >> 5, size = get_be16(cdb + 3);

	if (code == 3 || code == 7 || code == SELFTEST_ABORT)
		return scsi_check_field(unit, cmd, 1, 7); /* nothing is there to abort */
	if ((cdb[1] & SELFTEST) != 0 && code != 0)
		return scsi_check_field(unit, cmd, 1, 7);
	if (((cdb[1] & SELFTEST) != 0 || code != 0) && size != 0)
		return scsi_check_field(unit, cmd, 3, 7);
	if ((cdb[1] & SELFTEST) != 0 || code != 0)
		return self_test(unit, cmd, code);
	if (size == 0)
		return SCSI_GOOD;
	if ((cdb[1] & PF) == 0) /* a list in a vendor's own format */
		return scsi_check_field(unit, cmd, 1, 4);
	return take_page(unit, cmd, size);
}

/* Page 00h in every case: it is what a SEND DIAGNOSTIC could have asked for. */
enum scsi_status scsi_receive_diagnostic(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	uint8_t supported[HEADER + 2] = { 0x00, 0, 0, 1, 0x00, unit->diagnostic_page };
	size_t size = HEADER + 1;

	if (cmd->cdb[2] != 0)
		return scsi_check_field(unit, cmd, 2, 7);
	if (unit->diagnostic_page != 0)
		supported[3] = (uint8_t)(++size - HEADER);
	scsi_put_data(cmd, supported, size, get_be16(cmd->cdb + 3));
	return SCSI_GOOD;
}
