/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.c: the pipeline.  What is refused, in this order: an unknown operation code, an unknown
 * service action, a pending unit attention (told once), reserved bits, a medium that is not there
 * or not ready, a write protected one, a command that is not for the state that the unit is in
 * (ops->admit).
 */
#include "handlers/scsi/unit.h"

#include <errno.h>
#include <string.h>

#include "handlers/scsi/command.h"
#include "handlers/scsi/logpage.h"
#include "handlers/scsi/mode.h"
#include "handlers/scsi/service.h"
#include "handlers/scsi/tables.h"

#define CONTROL_ALLOWED                                                          \
	0xc0 /* vendor specific bits; NACA is refused, as INQUIRY's NORMACA says \
	      */

int unit_init(struct scsi_unit *unit, const struct scsi_unit_ops *ops,
	      const struct scsi_tables *all, unsigned features)
{
	*unit = (struct scsi_unit){ .ops = ops, .features = features };
	unit->tables = tables_choose(all, features);
	unit->service = service_new();
	if (unit->tables == NULL || unit->service == NULL) {
		tables_free(unit->tables);
		service_free(unit->service);
		return -ENOMEM;
	}
	(void)pthread_mutex_init(&unit->mutex,
				 NULL); /* cannot fail with default attributes on Linux */
	motion_init(&unit->motion);
	mode_reset(unit);
	return 0;
}

void unit_clear(struct scsi_unit *unit)
{
	motion_clear(&unit->motion);
	(void)pthread_mutex_destroy(&unit->mutex);
	tables_free(unit->tables);
	service_free(unit->service);
}

void unit_lock(struct scsi_unit *unit)
{
	(void)pthread_mutex_lock(&unit->mutex);
}

void unit_unlock(struct scsi_unit *unit)
{
	(void)pthread_mutex_unlock(&unit->mutex);
}

bool unit_trylock(struct scsi_unit *unit)
{
	return pthread_mutex_trylock(&unit->mutex) == 0;
}

/* In which order a host is to hear them (SAM-5; SPC-5, unit attention conditions). */
static const enum sense_id precedence[] = {
	SENSE_POWER_ON,
	SENSE_BUS_RESET,
	SENSE_UNIT_RESET,
	SENSE_INTERNAL_RESET,
	SENSE_MEDIUM_MAY_HAVE_CHANGED,
	SENSE_MODE_CHANGED,
	SENSE_LOG_CHANGED,
	SENSE_INQUIRY_CHANGED,
	SENSE_MICROCODE_CHANGED,
	SENSE_IDENTIFIER_CHANGED,
	SENSE_TIMESTAMP_CHANGED,
};

#define RANKS (sizeof(precedence) / sizeof(precedence[0]))

static unsigned rank(enum sense_id id)
{
	unsigned i = 0;

	while (i < RANKS && precedence[i] != id)
		i++;
	return i;
}

static bool attention_waits(const struct scsi_unit *unit, enum sense_id id)
{
	for (unsigned i = 0; i < unit->attentions_cnt; i++)
		if (unit->attentions[i] == id)
			return true;
	return false;
}

void unit_attention(struct scsi_unit *unit, enum sense_id id)
{
	unsigned at = 0;

	if (attention_waits(unit, id))
		return;
	while (at < unit->attentions_cnt && rank(unit->attentions[at]) <= rank(id))
		at++;
	if (at == UNIT_ATTENTIONS)
		return;
	if (unit->attentions_cnt == UNIT_ATTENTIONS)
		unit->attentions_cnt--;
	memmove(&unit->attentions[at + 1], &unit->attentions[at],
		(unit->attentions_cnt - at) * sizeof(*unit->attentions));
	unit->attentions[at] = id;
	unit->attentions_cnt++;
}

void unit_attention_clear(struct scsi_unit *unit, enum sense_id id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < unit->attentions_cnt; i++)
		if (unit->attentions[i] != id)
			unit->attentions[n++] = unit->attentions[i];
	unit->attentions_cnt = n;
}

bool unit_holds_deferred(struct scsi_unit *unit)
{
	bool holds = unit->has_kept && !unit->kept_held;

	unit->kept_held = unit->kept_held || holds;
	return holds;
}

void unit_forget_deferred(struct scsi_unit *unit)
{
	unit->has_kept = false;
}

static enum sense_id take_attention(struct scsi_unit *unit)
{
	enum sense_id id = unit->attentions[0];

	unit->attentions_cnt--;
	memmove(&unit->attentions[0], &unit->attentions[1],
		unit->attentions_cnt * sizeof(*unit->attentions));
	return id;
}

void unit_power_on(struct scsi_unit *unit)
{
	bool inquiry_changed;

	unit_lock(unit);
	motion_end(unit);
	mode_reset(unit);
	unit->ops->reset(unit);
	service_reset(unit);
	unit->has_kept = false;
	inquiry_changed = attention_waits(unit, SENSE_INQUIRY_CHANGED);
	unit->attentions_cnt = 0;
	unit_attention(unit, SENSE_POWER_ON);
	if (inquiry_changed) /* the one thing that a power on does not say by itself */
		unit_attention(unit, SENSE_INQUIRY_CHANGED);
	unit_unlock(unit);
}

void unit_reset_locked(struct scsi_unit *unit)
{
	motion_end(unit);
	if (unit->ops->unit_reset != NULL) {
		unit->ops->unit_reset(unit);
	} else {
		mode_reset(unit);
		unit->ops->reset(unit);
	}
}

void unit_reset(struct scsi_unit *unit)
{
	unit_lock(unit);
	unit_reset_locked(unit);
	unit_unlock(unit);
}

void unit_set_watch(struct scsi_unit *unit, unit_watch_fn watch, unit_notice_fn notice, void *ctx)
{
	unit_lock(unit); /* the library may have the robot at the unit already */
	unit->watch = watch;
	unit->notice = notice;
	unit->watch_ctx = ctx;
	unit_unlock(unit);
}

enum unit_event unit_look(struct scsi_unit *unit)
{
	enum unit_event event =
		unit->watch == NULL ? UNIT_EVENT_NONE : unit->watch(unit->watch_ctx);

	if (event == UNIT_EVENT_RESET)
		unit_reset_locked(unit);
	else if (event == UNIT_EVENT_ABORT && !motion_is_work(unit))
		motion_end(unit);
	return event;
}

void unit_notice_reset(struct scsi_unit *unit)
{
	if (unit->notice != NULL && unit->notice(unit->watch_ctx))
		unit_reset_locked(unit);
}

bool unit_descriptor_sense(const struct scsi_unit *unit)
{
	const struct scsi_tables *t = unit->tables;

	for (unsigned i = 0; i < t->mode_pages_cnt; i++)
		if (t->mode_pages[i].code == MODE_PAGE_CONTROL && t->mode_pages[i].subpage == 0)
			return (unit->mode_values[i][2] & 0x04) != 0;
	return false;
}

void scsi_put_text(uint8_t *field, size_t size, const char *text)
{
	size_t n = strnlen(text, size);

	memcpy(field, text, n);
	memset(field + n, ' ', size - n);
}

/* ---- the pipeline ---- */

const struct scsi_command *command_find(const struct scsi_unit *unit, const uint8_t *cdb,
					bool *ret_known_opcode)
{
	const struct scsi_tables *t = unit->tables;

	*ret_known_opcode = false;
	for (unsigned i = 0; i < t->commands_cnt; i++) {
		const struct scsi_command *row = &t->commands[i];

		if (row->opcode != cdb[0])
			continue;
		*ret_known_opcode = true;
		if (row->sa == SA_NONE || row->sa == (cdb[1] & 0x1f))
			return row;
	}
	return NULL;
}

/* SCSI_GOOD, or the check that names the highest reserved bit of the first byte that has one. */
static enum scsi_status check_bits(struct scsi_unit *unit, struct scsi_cmd *cmd,
				   const struct scsi_command *row)
{
	bool has_lun = unit->tables->lun_in_cdb || (row->needs & LUN_IGNORED) != 0;

	for (unsigned byte = 1; byte < row->len; byte++) {
		uint8_t allowed = row->bits[byte - 1];
		uint8_t wrong;

		if (byte == 1 && row->sa != SA_NONE)
			allowed |= 0x1f;
		if (byte == 1 && has_lun)
			allowed |= 0xe0;
		if (byte == row->len - 1u)
			allowed |= CONTROL_ALLOWED;
		wrong = cmd->cdb[byte] & (uint8_t)~allowed;
		if (wrong != 0)
			return scsi_check_field(unit, cmd, byte, 31 - __builtin_clz(wrong));
	}
	if (has_lun) /* no handler takes it for something of its own */
		cmd->cdb[1] &= (uint8_t)(0x1f | row->bits[0]);
	return SCSI_GOOD;
}

/* The unit's own answer, unless it is at something that takes its readiness. */
static bool is_ready(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra)
{
	*ret_why = motion_not_ready(unit, extra);
	return *ret_why == SENSE_NO_SENSE && unit->ops->ready(unit, ret_why, extra);
}

/* Whether a command of this row waits for what is under way, where it is not refused. */
static bool waits(const struct scsi_unit *unit, const struct scsi_command *row)
{
	const unsigned of_the_stream = NEEDS_MEDIUM | TELLS_DEFERRED;

	if ((row->needs & WAITS) != 0 || (row->needs & of_the_stream) == of_the_stream)
		return true;
	/* no key is changed under work, though it needs no medium */
	return motion_is_work(unit) && (row->needs & TELLS_DEFERRED) != 0;
}

/*
 * What moves or transfers begins when the motion before it is over; unless it will be refused, for
 * a unit attention or because that motion takes the unit's readiness.  LOAD UNLOAD, which needs no
 * readiness, waits for any.
 */
static enum scsi_status await_motion(struct scsi_unit *unit, const struct scsi_command *row)
{
	if (!waits(unit, row) || unit->attentions_cnt > 0)
		return SCSI_GOOD;
	if ((row->needs & NEEDS_MEDIUM) != 0 &&
	    (unit->meanwhile != MEANWHILE_WAIT || motion_not_ready(unit, NULL) != SENSE_NO_SENSE))
		return SCSI_GOOD;
	return motion_wait(unit) ? SCSI_GOOD : SCSI_BUSY; /* aborted: nobody hears it */
}

/* Where other commands are refused while something is under way: SCSI_GOOD, or the refusal. */
static enum scsi_status check_motion(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct sense_extra extra = { 0 };
	enum sense_id id = motion_sense(unit, &extra);

	if (unit->meanwhile == MEANWHILE_WAIT || id == SENSE_NO_SENSE)
		return SCSI_GOOD;
	if (unit->meanwhile == MEANWHILE_BUSY && id != SENSE_BECOMING_READY)
		return SCSI_BUSY;
	if (sense_code(id)->key == KEY_NOT_READY)
		return SCSI_GOOD; /* is_ready() says it */
	return scsi_check_extra(unit, cmd, SENSE_NOT_READY_OPERATION, &extra);
}

static enum scsi_status check_medium(struct scsi_unit *unit, struct scsi_cmd *cmd,
				     const struct scsi_command *row)
{
	struct sense_extra extra = { 0 };
	enum scsi_status status;
	enum sense_id why;

	if ((row->needs & (NEEDS_MEDIUM | NEEDS_WRITABLE)) == 0)
		return SCSI_GOOD;
	status = check_motion(unit, cmd);
	if (status != SCSI_GOOD)
		return status;
	if (!is_ready(unit, &why, &extra)) {
		/* becoming ready may have raised one: it goes first, as at the beginning of a
		 * command */
		return scsi_check_extra(unit, cmd, why, &extra);
	}
	if (unit->attentions_cnt > 0)
		return scsi_check(unit, cmd, take_attention(unit));
	if ((row->needs & NEEDS_WRITABLE) != 0)
		why = unit->ops->write_protected(unit);
	else
		why = SENSE_NO_SENSE;
	return why == SENSE_NO_SENSE ? SCSI_GOOD : scsi_check(unit, cmd, why);
}

static enum scsi_status check_admission(struct scsi_unit *unit, struct scsi_cmd *cmd,
					const struct scsi_command *row)
{
	enum sense_id why = SENSE_NO_SENSE;

	if (unit->ops->admit != NULL)
		why = unit->ops->admit(unit, cmd, row);
	return why == SENSE_NO_SENSE ? SCSI_GOOD : scsi_check(unit, cmd, why);
}

/* What REQUEST SENSE has shown already, or what is new. */
static bool take_deferred(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra)
{
	if (unit->has_kept) {
		*ret_why = unit->kept;
		*extra = unit->kept_extra;
		unit->has_kept = false;
		return true;
	}
	return unit->ops->deferred != NULL && unit->ops->deferred(unit, ret_why, extra);
}

static enum scsi_status check_deferred(struct scsi_unit *unit, struct scsi_cmd *cmd,
				       const struct scsi_command *row)
{
	struct sense_extra extra = { 0 };
	enum sense_id why;

	/* whoever only looks (a monitor, another host) must not swallow what the writer has to hear
	 */
	if ((row->needs & TELLS_DEFERRED) == 0 || !take_deferred(unit, &why, &extra))
		return SCSI_GOOD;
	return scsi_check_extra(unit, cmd, why, &extra);
}

enum scsi_status command_joins_stream(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	static const struct scsi_command row = { .needs = NEEDS_MEDIUM | NEEDS_WRITABLE |
							  TELLS_DEFERRED };
	enum scsi_status status = await_motion(unit, &row);

	if (status == SCSI_GOOD && unit->attentions_cnt > 0) /* of what came while it waited */
		return scsi_check(unit, cmd, take_attention(unit));
	if (status == SCSI_GOOD)
		status = check_deferred(unit, cmd, &row);
	return status == SCSI_GOOD ? check_medium(unit, cmd, &row) : status;
}

/* The command has done its work: what else there is to report goes with it (SPC-5, MRIE). */
static enum scsi_status tell_exception(struct scsi_unit *unit, struct scsi_cmd *cmd,
				       const struct scsi_command *row)
{
	enum sense_id id = unit->exception;

	if (id == SENSE_NO_SENSE || unit->exception_is_polled || (row->needs & UA_EXEMPT) != 0)
		return SCSI_GOOD;
	unit->exception = SENSE_NO_SENSE;
	return scsi_check(unit, cmd, id);
}

static enum scsi_status run(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const struct scsi_command *row;
	enum scsi_status status;
	bool known;

	row = command_find(unit, cmd->cdb, &known);
	if (!known)
		return scsi_check(unit, cmd, SENSE_INVALID_OPCODE);
	if (row == NULL)
		return scsi_check_field(unit, cmd, 1, 4);
	if (row->handler == NULL || cmd->cdb_len < row->len)
		return scsi_check(
			unit, cmd,
			SENSE_INVALID_OPCODE); /* LIO's own, with its emulation switched off */
	cmd->data = row->data;
	status = await_motion(unit, row);
	if (status != SCSI_GOOD)
		return status;
	if ((row->needs & UA_EXEMPT) == 0 && unit->attentions_cnt > 0)
		return scsi_check(unit, cmd, take_attention(unit));
	status = check_deferred(unit, cmd, row);
	if (status == SCSI_GOOD)
		status = check_bits(unit, cmd, row);
	if (status == SCSI_GOOD)
		status = check_medium(unit, cmd, row);
	if (status == SCSI_GOOD)
		status = check_admission(unit, cmd, row);
	if (status != SCSI_GOOD)
		return status;
	status = row->handler(unit, cmd);
	if ((row->needs & TELLS_DEFERRED) != 0 && unit->ops->streamed != NULL)
		unit->ops->streamed(unit, cmd, row, status);
	if (status == SCSI_GOOD)
		status = tell_exception(unit, cmd, row);
	return status;
}

/* The buffer that the fabric brought a key in; also where the command was refused before its
 * handler, or has none here. */
static void wipe_secrets(const struct scsi_cmd *cmd)
{
	if (cmd->cdb[0] != OP_SECURITY_PROTOCOL_OUT)
		return;
	for (int i = 0; i < cmd->iov_cnt; i++)
		explicit_bzero(cmd->iov[i].iov_base, cmd->iov[i].iov_len);
}

enum scsi_status unit_execute(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	enum scsi_status status;

	cmd->in_len = 0;
	cmd->sense_len = 0;
	cmd->data = DATA_NONE;
	unit_lock(unit);
	status = run(unit, cmd);
	wipe_secrets(cmd);
	log_compare(unit);
	unit_unlock(unit);
	return status;
}

/* ---- handlers that need nothing else ---- */

enum scsi_status scsi_good(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	(void)unit;
	(void)cmd;
	return SCSI_GOOD;
}

/*
 * SPC-5, REQUEST SENSE: what is pending, or what the unit is at, comes back as data, with GOOD. A
 * unit attention is told by that; a deferred error is shown, and still waits for the command of the
 * data stream that it belongs to: who asks here may be another host.
 */
enum scsi_status scsi_request_sense(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	bool descriptor = (cmd->cdb[1] & 0x01) != 0;
	struct sense_extra extra = { 0 };
	enum sense_id id = SENSE_NO_SENSE;
	bool was_shown = unit->has_kept;
	uint8_t data[SCSI_SENSE_SIZE];
	size_t size;

	if (unit->attentions_cnt > 0) {
		id = take_attention(unit);
	} else if (take_deferred(unit, &id, &extra)) {
		unit->kept_held = unit->kept_held && was_shown;
		unit->kept = id;
		unit->kept_extra = extra;
		unit->has_kept = true;
	} else if (is_ready(unit, &id, &extra)) {
		id = motion_sense(unit, &extra);
		if (id == SENSE_NO_SENSE && unit->exception_is_polled) {
			id = unit->exception;
			unit->exception = SENSE_NO_SENSE;
		}
	}
	if (unit->attentions_cnt > 0 && id == SENSE_NO_SENSE) /* it became ready just now */
		id = take_attention(unit);
	if (id == SENSE_NO_SENSE && unit->ops->idle != NULL)
		id = unit->ops->idle(unit);
	size = sense_build(data, id, &extra, descriptor);
	scsi_put_data(cmd, data, size, cmd->cdb[4]);
	return SCSI_GOOD;
}
