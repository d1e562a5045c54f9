/* SPDX-License-Identifier: Apache-2.0 */
/*
 * move.c: MOVE MEDIUM, EXCHANGE MEDIUM, POSITION TO ELEMENT, INITIALIZE ELEMENT STATUS (SMC-3), and
 * the one table from outcomes of the library to sense.
 *
 * A move calls into the library with this unit's mutex held, and waits there for drives: the
 * library never calls a changer.
 */
#include "handlers/changer/internal.h"
#include "lib/base/bytes.h"

/* clang-format off */
static const enum sense_id rows[] = {
	[LIBRARY_E_NO_ELEMENT]       = SENSE_INVALID_ELEMENT_ADDRESS,
	[LIBRARY_E_SOURCE_EMPTY]     = SENSE_SOURCE_EMPTY,
	[LIBRARY_E_DESTINATION_FULL] = SENSE_DESTINATION_FULL,
	[LIBRARY_E_PREVENTED]        = SENSE_REMOVAL_PREVENTED,
	[LIBRARY_E_DRIVE_FAILED]     = SENSE_ELEMENT_MOVE_FAILED,
	[LIBRARY_E_NOT_OWNER]        = SENSE_NOT_READY_CAUSE_NOT_REPORTABLE,
	[LIBRARY_E_INCOMPATIBLE]     = SENSE_MEDIUM_INCOMPATIBLE,
	[LIBRARY_E_BUSY]             = SENSE_REMOVAL_PREVENTED, /* not told to a host's move */
	[LIBRARY_E_RESERVED]         = SENSE_REMOVAL_PREVENTED,
};
/* clang-format on */

static enum scsi_status outcome(struct scsi_unit *unit, struct scsi_cmd *cmd, int r)
{
	enum sense_id sense = SENSE_INTERNAL_TARGET_FAILURE;

	if (r == 0)
		return SCSI_GOOD;
	if (r > 0 && r < (int)(sizeof(rows) / sizeof(rows[0])))
		sense = rows[r];
	return scsi_check(unit, cmd, sense);
}

/* There is one transport, and its address is also "the default one". */
static bool transport_ok(struct scsi_unit *unit, uint16_t address)
{
	return address == library_first_address(changer_of(unit)->library, ELEMENT_TRANSPORT);
}

enum scsi_status changer_move(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;

	if (!transport_ok(unit, get_be16(cdb + 2)))
		return scsi_check(unit, cmd, SENSE_INVALID_ELEMENT_ADDRESS);
	return outcome(
		unit, cmd,
		library_move(changer_of(unit)->library, get_be16(cdb + 4), get_be16(cdb + 6)));
}

enum scsi_status changer_exchange(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	const uint8_t *cdb = cmd->cdb;

	if (!transport_ok(unit, get_be16(cdb + 2)))
		return scsi_check(unit, cmd, SENSE_INVALID_ELEMENT_ADDRESS);
	return outcome(unit, cmd,
		       library_exchange(changer_of(unit)->library, get_be16(cdb + 4),
					get_be16(cdb + 6), get_be16(cdb + 8)));
}

enum scsi_status changer_position(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct library_element element;

	if (!transport_ok(unit, get_be16(cmd->cdb + 2)) ||
	    !library_element(changer_of(unit)->library, get_be16(cmd->cdb + 4), &element))
		return scsi_check(unit, cmd, SENSE_INVALID_ELEMENT_ADDRESS);
	return SCSI_GOOD;
}

/* The inventory is always known; what a real robot would look at is a chance to look at recalls. */
enum scsi_status changer_initialize(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	(void)cmd;
	library_poll(changer_of(unit)->library);
	return SCSI_GOOD;
}

enum scsi_status changer_initialize_range(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	struct library_element element;

	if ((cmd->cdb[1] & 0x01) != 0 && /* RANGE */
	    !library_element(changer_of(unit)->library, get_be16(cmd->cdb + 2), &element))
		return scsi_check(unit, cmd, SENSE_INVALID_ELEMENT_ADDRESS);
	return changer_initialize(unit, cmd);
}

enum scsi_status changer_prevent_allow(struct scsi_unit *unit, struct scsi_cmd *cmd)
{
	if ((cmd->cdb[4] & 0x02) != 0)
		return scsi_check_field(unit, cmd, 4, 1);
	changer_of(unit)->prevented = (cmd->cdb[4] & 0x01) != 0;
	return SCSI_GOOD;
}
