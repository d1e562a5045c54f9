/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logselect.c: LOG SELECT, and what it leaves behind: thresholds (SPC-5).
 *
 * A parameter list is all or nothing: it is checked first, then saved where SP asks for it, then
 * taken over.
 */
#include <errno.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/loginternal.h"
#include "handlers/scsi/mode.h"
#include "lib/base/bytes.h"

/* Bits of a parameter control byte. */
#define CONTROL_ETC  0x10
#define CONTROL_TMC  0x0c
#define CONTROL_KIND 0x03

enum threshold_met { /* TMC */
	TMC_EVERY_UPDATE = 0x00,
	TMC_EQUAL = 0x04,
	TMC_NOT_EQUAL = 0x08,
	TMC_GREATER = 0x0c,
};

/* ---- thresholds ---- */

const struct log_threshold *log_threshold_find(const struct scsi_unit *unit, uint8_t code,
					       uint8_t subpage, uint16_t parameter)
{
	for (unsigned i = 0; i < unit->thresholds_cnt; i++) {
		const struct log_threshold *t = &unit->thresholds[i];

		if (t->code == code && t->subpage == subpage && t->parameter == parameter)
			return t;
	}
	return NULL;
}

static uint64_t *counter_of(struct scsi_unit *unit, const struct log_threshold *t)
{
	const struct log_page *page = log_find(unit, t->code, t->subpage);

	return page == NULL || page->counter == NULL ? NULL : page->counter(unit, t->parameter);
}

static bool is_met(const struct log_threshold *t, uint64_t value)
{
	switch (t->control & CONTROL_TMC) {
	case TMC_EQUAL:
		return value == t->threshold;
	case TMC_NOT_EQUAL:
		return value != t->threshold;
	case TMC_GREATER:
		return value > t->threshold;
	default:
		return true;
	}
}

/* RLEC of the control mode page: log exceptions are reported. */
static bool reports_exceptions(struct scsi_unit *unit)
{
	const uint8_t *page = mode_current(unit, MODE_PAGE_CONTROL, 0);

	return page != NULL && (page[2] & 0x01) != 0;
}

void log_compare(struct scsi_unit *unit)
{
	for (unsigned i = 0; i < unit->thresholds_cnt; i++) {
		struct log_threshold *t = &unit->thresholds[i];
		const uint64_t *value = counter_of(unit, t);

		if (value == NULL || *value == t->seen)
			continue; /* SPC: compared when the value is updated */
		t->seen = *value;
		if ((t->control & CONTROL_ETC) == 0 || !reports_exceptions(unit))
			continue;
		if (is_met(t, *value))
			unit_attention(unit, SENSE_THRESHOLD_CONDITION_MET);
		if (*value == UINT64_MAX)
			unit_attention(unit, SENSE_LOG_COUNTER_AT_MAXIMUM);
	}
}

/* ---- saved ---- */

#define SAVED_NAME  "log-thresholds"
#define RECORD_SIZE 13 /* page, subpage, parameter (2), control, threshold (8) */

static int save_thresholds(struct scsi_unit *unit, const struct log_threshold *thresholds,
			   unsigned cnt)
{
	uint8_t records[UNIT_THRESHOLDS * RECORD_SIZE];

	if (unit->ops->save == NULL)
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < cnt; i++) {
		uint8_t *p = records + (size_t)i * RECORD_SIZE;

		p[0] = thresholds[i].code;
		p[1] = thresholds[i].subpage;
		put_be16(p + 2, thresholds[i].parameter);
		p[4] = thresholds[i].control;
		put_be64(p + 5, thresholds[i].threshold);
	}
	return unit->ops->save(unit, SAVED_NAME, records, (size_t)cnt * RECORD_SIZE);
}

int log_save(struct scsi_unit *unit)
{
	int r = save_thresholds(unit, unit->thresholds, unit->thresholds_cnt);

	if (r == 0 && unit->ops->save_counters != NULL)
		r = unit->ops->save_counters(unit);
	return r;
}

void log_restore(struct scsi_unit *unit)
{
	uint8_t records[UNIT_THRESHOLDS * RECORD_SIZE];
	size_t size = 0;

	unit->thresholds_cnt = 0;
	if (unit->ops->load == NULL ||
	    unit->ops->load(unit, SAVED_NAME, records, sizeof(records), &size) != 0)
		return; /* never saved, or lost: the defaults */
	for (size_t at = 0; at + RECORD_SIZE <= size; at += RECORD_SIZE) {
		struct log_threshold t = {
			.code = records[at],
			.subpage = records[at + 1],
			.parameter = get_be16(records + at + 2),
			.control = records[at + 4] & (CONTROL_ETC | CONTROL_TMC),
			.threshold = get_be64(records + at + 5),
		};
		const uint64_t *value = counter_of(unit, &t);

		if (value == NULL) /* of another personality */
			continue;
		t.seen = *value;
		unit->thresholds[unit->thresholds_cnt++] = t;
	}
}

/* ---- the parameter list ---- */

/* The list stands at the beginning of the scratch buffer, a page that it is compared with behind.
 */
#define LIST_MAX (UNIT_SCRATCH_SIZE - LOG_PAGE_MAX)

/* What a list comes to, before it is taken over. */
struct change {
	unsigned pc;
	struct log_threshold thresholds[UNIT_THRESHOLDS];
	unsigned cnt;
};

/* The entry for a parameter in @change, made with default values where there is none yet. */
static struct log_threshold *entry(struct change *change, const struct log_page *page,
				   uint16_t parameter)
{
	struct log_threshold *t;

	for (unsigned i = 0; i < change->cnt; i++) {
		t = &change->thresholds[i];
		if (t->code == page->code && t->subpage == page->subpage &&
		    t->parameter == parameter)
			return t;
	}
	if (change->cnt == UNIT_THRESHOLDS)
		return NULL;
	t = &change->thresholds[change->cnt++];
	*t = (struct log_threshold){
		.code = page->code,
		.subpage = page->subpage,
		.parameter = parameter,
		.threshold = UINT64_MAX,
	};
	return t;
}

/* The parameter as LOG SENSE gives it: its control byte, length and value; NULL: there is none. */
static const uint8_t *find_parameter(struct scsi_unit *unit, const struct log_page *page,
				     uint16_t code)
{
	struct log_writer w = {
		.data = unit->scratch + LIST_MAX,
		.first = code,
		.pc = LOG_PC_CUMULATIVE,
	};

	log_fill(unit, page, &w);
	return w.size > 4 && get_be16(w.data + 4) == code ? w.data + 4 : NULL;
}

static uint64_t get_number(const uint8_t *p, uint8_t size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

/* One parameter of the list: checks it and notes it in @change; with @apply a cumulative value is
 * set. */
static enum scsi_status take_parameter(struct scsi_unit *unit, struct scsi_cmd *cmd,
				       const struct log_page *page, unsigned at,
				       struct change *change, bool apply)
{
	const uint8_t *p = unit->scratch + at;
	uint16_t code = get_be16(p);
	const uint8_t *now = find_parameter(unit, page, code);
	uint64_t *counter = page->counter == NULL ? NULL : page->counter(unit, code);
	uint8_t wrong = p[2] & (uint8_t) ~(CONTROL_ETC | CONTROL_TMC | CONTROL_KIND);
	struct log_threshold *t;

	if (now == NULL || counter == NULL)
		return scsi_check_list(unit, cmd, at, 7);
	if (wrong != 0)
		return scsi_check_list(unit, cmd, at + 2, 31 - __builtin_clz(wrong));
	if ((p[2] & CONTROL_KIND) != (now[2] & CONTROL_KIND))
		return scsi_check_list(unit, cmd, at + 2, 1);
	if (p[3] != now[3] || p[3] > 8)
		return scsi_check_list(unit, cmd, at + 3, 7);
	t = entry(change, page, code);
	if (t == NULL)
		return scsi_check_list(unit, cmd, at, 7);
	t->control = p[2] & (CONTROL_ETC | CONTROL_TMC);
	if (change->pc == LOG_PC_THRESHOLD)
		t->threshold = get_number(p + 4, p[3]);
	else if (apply)
		*counter = get_number(p + 4, p[3]);
	t->seen = *counter;
	return SCSI_GOOD;
}

/* One page of the list, from its header at @at on; *ret_next is behind it. */
static enum scsi_status take_page(struct scsi_unit *unit, struct scsi_cmd *cmd, size_t size,
				  unsigned at, struct change *change, bool apply,
				  unsigned *ret_next)
{
	const uint8_t *p = unit->scratch + at;
	const struct log_page *page;
	unsigned end, next;

	if (size - at < 4)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	page = log_find(unit, p[0] & 0x3f, p[1]);
	if (page == NULL)
		return log_has_code(unit, p[0] & 0x3f) ? scsi_check_list(unit, cmd, at + 1, 7)
						       : scsi_check_list(unit, cmd, at, 5);
	if (((p[0] & 0x40) != 0) != (p[1] != 0)) /* SPF */
		return scsi_check_list(unit, cmd, at, 6);
	end = at + 4 + get_be16(p + 2);
	if (end > size)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	for (at += 4; at < end; at = next) {
		enum scsi_status s;

		if (end - at < 4)
			return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
		next = at + 4u + unit->scratch[at + 3];
		if (next > end)
			return scsi_check_list(unit, cmd, at + 3, 7);
		s = take_parameter(unit, cmd, page, at, change, apply);
		if (s != SCSI_GOOD)
			return s;
	}
	*ret_next = end;
	return SCSI_GOOD;
}

static enum scsi_status take_list(struct scsi_unit *unit, struct scsi_cmd *cmd, size_t size,
				  struct change *change, bool apply)
{
	enum scsi_status s = SCSI_GOOD;
	unsigned next = 0;

	for (unsigned at = 0; s == SCSI_GOOD && at < size; at = next)
		s = take_page(unit, cmd, size, at, change, apply, &next);
	return s;
}

static enum scsi_status select_list(struct scsi_unit *unit, struct scsi_cmd *cmd, size_t size,
				    bool save)
{
	struct change change = { .pc = cmd->cdb[2] >> 6, .cnt = unit->thresholds_cnt };
	enum scsi_status s;

	memcpy(change.thresholds, unit->thresholds, sizeof(change.thresholds));
	if (size > LIST_MAX)
		return scsi_check(unit, cmd, SENSE_PARAMETER_LIST_LENGTH_ERROR);
	if (scsi_get_data(cmd, unit->scratch, size) < size)
		return scsi_check(unit, cmd, SENSE_INFORMATION_UNIT_TOO_SHORT);
	s = take_list(unit, cmd, size, &change, false);
	if (s != SCSI_GOOD)
		return s;
	if (save && save_thresholds(unit, change.thresholds, change.cnt) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	s = take_list(unit, cmd, size, &change, true);
	memcpy(unit->thresholds, change.thresholds, sizeof(change.thresholds));
	unit->thresholds_cnt = change.cnt;
	if (save && unit->ops->save_counters != NULL && unit->ops->save_counters(unit) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return s;
}

/* ---- without a list ---- */

static bool is_asked_for(const struct log_page *page, uint8_t code, uint8_t subpage)
{
	return code == 0 || (page->code == code && (page->subpage == subpage || subpage == 0xff));
}

static void forget_thresholds(struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < unit->thresholds_cnt; i++) {
		const struct log_threshold *t = &unit->thresholds[i];

		if (code == 0 || (t->code == code && (t->subpage == subpage || subpage == 0xff)))
			continue;
		unit->thresholds[kept++] = *t;
	}
	unit->thresholds_cnt = kept;
}

static void reset_pages(struct scsi_unit *unit, uint8_t code, uint8_t subpage)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->log_pages_cnt; i++)
		if (t->log_pages[i].reset != NULL && is_asked_for(&t->log_pages[i], code, subpage))
			t->log_pages[i].reset(unit);
	for (unsigned i = 0; i < unit->thresholds_cnt; i++) { /* no update that is compared */
		const uint64_t *value = counter_of(unit, &unit->thresholds[i]);

		unit->thresholds[i].seen = value == NULL ? 0 : *value;
	}
}

#define SP  0x01
#define PCR 0x02

/* SPC-5: which values go back to their defaults. */
static void select_defaults(struct scsi_unit *unit, const uint8_t *cdb)
{
	uint8_t code = cdb[2] & 0x3f;
	unsigned pc = cdb[2] >> 6;

	if ((cdb[1] & PCR) != 0 || pc == LOG_PC_DEFAULT_CUMULATIVE)
		reset_pages(unit, code, cdb[3]);
	if ((cdb[1] & PCR) != 0 || pc == LOG_PC_DEFAULT_THRESHOLD)
		forget_thresholds(unit, code, cdb[3]);
}

enum scsi_status scsi_log_select(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;
	uint8_t code = cdb[2] & 0x3f;
	size_t size = get_be16(cdb + 7);
	bool save = (cdb[1] & SP) != 0;

	if (save && unit->ops->save == NULL)
		return scsi_check_field(unit, cmd, 1, 0);
	if (size > 0) {
		if ((cdb[1] & PCR) != 0)
			return scsi_check_field(unit, cmd, 1, 1);
		if (cdb[2] >> 6 > LOG_PC_CUMULATIVE) /* defaults cannot be changed */
			return scsi_check_field(unit, cmd, 2, 7);
		if (code != 0 || cdb[3] != 0) /* the list says which pages */
			return scsi_check_field(unit, cmd, code != 0 ? 2 : 3, code != 0 ? 5 : 7);
		return select_list(unit, cmd, size, save);
	}
	if (!log_has_code(unit, code))
		return scsi_check_field(unit, cmd, 2, 5);
	if (code != 0 && cdb[3] != 0xff && log_find(unit, code, cdb[3]) == NULL)
		return scsi_check_field(unit, cmd, 3, 7);
	if (code == 0 && cdb[3] != 0 && cdb[3] != 0xff)
		return scsi_check_field(unit, cmd, 3, 7);
	select_defaults(unit, cdb);
	if (save && log_save(unit) != 0)
		return scsi_check(unit, cmd, SENSE_INTERNAL_TARGET_FAILURE);
	return SCSI_GOOD;
}
