/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glue.c: see glue.h.
 *
 * Every open is a power on: after a restart of the runner the kernel gives commands again that were
 * under way, and a WRITE must then fail visibly instead of being written twice.
 */
#include "handlers/tcmu/glue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/changer/changer.h"
#include "handlers/tape/drive.h"
#include "handlers/tcmu/config.h"
#include "handlers/tcmu/ring.h"
#include "handlers/tcmu/timeout.h"
#include "lib/control/server.h"

struct backstore {
	struct library *library;
	struct drive *drive;     /* one of the two */
	struct changer *changer; /* owned */
	struct scsi_unit *unit;  /* of it; borrowed */
	struct ring ring;
	char *cfgstring;
	char *uio; /* owned */
};

bool glue_check(const char *cfgstring, const char *subtype, char **reason)
{
	g_autoptr(GError) error = NULL;

	if (unit_config_check(cfgstring, subtype, &error))
		return true;
	*reason = strdup(error->message); /* the runner frees it with free() */
	return false;
}

static void backstore_free(struct backstore *b)
{
	if (b == NULL)
		return;
	drive_free(b->drive);
	changer_free(b->changer);
	library_unref(b->library);
	g_free(b->cfgstring);
	g_free(b->uio);
	free(b);
}

/* The shared ring; a drive cannot work without READ_LEN, a changer can. */
static int attach_ring(struct tcmu_device *dev, struct backstore *b, bool drive)
{
	void *base = NULL;
	size_t size = 0;
	off_t offset = 0;
	char *name = tcmu_dev_get_memory_info(dev, &base, &size, &offset);

	if (name == NULL)
		return -EIO;
	free(name);
	if (!ring_init(&b->ring, base, size))
		return -EPROTO;
	return drive && !b->ring.read_len ? -EOPNOTSUPP : 0;
}

/* A command waits for the mechanism (handlers/scsi/motion.h): is it to end? */
static enum unit_event look_at_ring(void *ctx)
{
	struct backstore *b = ctx;

	switch (ring_take_event(&b->ring, RING_ALL)) {
	case RING_RESET:
		return UNIT_EVENT_RESET;
	case RING_ABORT:
		return UNIT_EVENT_ABORT;
	case RING_NOTHING:
	default:
		return UNIT_EVENT_NONE;
	}
}

/* Another thread wants to know whether it is still true what it sees of the unit. */
static bool notice_reset(void *ctx)
{
	struct backstore *b = ctx;

	return ring_notice_reset(&b->ring);
}

/* What came before the command, of which aborts were of commands that are over. */
static void take_reset(struct backstore *b, uint16_t cmd_id)
{
	unit_lock(b->unit);
	if (ring_take_event(&b->ring, cmd_id) == RING_RESET)
		unit_reset_locked(b->unit); /* who looks at the unit sees one of the two */
	unit_unlock(b->unit);
}

static bool is_reserved(void *ctx)
{
	const struct backstore *b = ctx;

	return reservation_held("/sys", b->uio);
}

static int open_unit(struct backstore *b, const struct unit_config *config)
{
	int r;

	if (config->drive == 0) {
		r = changer_new(b->library, &b->changer);
		b->unit = r == 0 ? changer_unit(b->changer) : NULL;
	} else {
		r = drive_new(b->library, config->drive, &b->drive);
		b->unit = r == 0 ? drive_unit(b->drive) : NULL;
		if (r == 0)
			drive_set_reserved(b->drive, is_reserved, b);
	}
	if (r == 0)
		unit_set_watch(b->unit, look_at_ring, notice_reset, b);
	return r;
}

static void log_failure(struct tcmu_device *dev, const char *cfgstring, int r)
{
	const char *why = strerror(-r); /* a static text with glibc for known numbers */

	if (r == -EOPNOTSUPP)
		why = "the kernel's TCMU cannot say the length of a read (no READ_LEN): use Linux 4.19 or later";
	else if (r == -EPROTO)
		why = "the kernel's TCMU has a ring of another version";
	else if (r == -EBUSY)
		why = "another backstore has this drive already";
	else if (r == -ENOENT)
		why = "the library has no such drive, or its personality is unknown";
	tcmu_err_message(dev, __func__, __LINE__, "vtl: %s: cannot open: %s\n", cfgstring, why);
}

static void set_attributes(struct tcmu_device *dev)
{
	int r = timeout_set("/sys", tcmu_dev_get_uio_name(dev), GLUE_CMD_TIME_OUT_S);

	if (r != 0)
		tcmu_warn_message(dev, __func__, __LINE__,
				  "vtl: %s: cmd_time_out stays as it is (%s): long tape commands "
				  "may time out; vtl-lio sets it before the first LUN\n",
				  tcmu_dev_get_cfgstring(dev),
				  r == -EBUSY ? "the backstore is exported" : strerror(-r));
	r = tmr_notification_set("/sys", tcmu_dev_get_uio_name(dev));
	if (r != 0)
		tcmu_info_message(
			dev, __func__, __LINE__,
			"vtl: %s: the kernel does not tell of resets (%s): the drive does "
			"not hear of them\n",
			tcmu_dev_get_cfgstring(dev), strerror(-r));
}

int glue_open(struct tcmu_device *dev, const char *subtype)
{
	const char *cfgstring = tcmu_dev_get_cfgstring(dev);
	g_autoptr(GError) error = NULL;
	struct unit_config config;
	struct backstore *b;
	int r;

	if (!unit_config_parse(cfgstring, subtype, &config, &error)) {
		tcmu_err_message(dev, __func__, __LINE__, "vtl: %s\n", error->message);
		return -EINVAL;
	}
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -ENOMEM;
	b->cfgstring = g_strdup(cfgstring);
	b->uio = g_strdup(tcmu_dev_get_uio_name(dev));
	b->library = library_open(config.library, LIBRARY_OPEN_OWN, &error);
	if (b->library == NULL) {
		tcmu_err_message(dev, __func__, __LINE__, "vtl: %s: %s\n", cfgstring,
				 error->message);
		backstore_free(b);
		return -EIO;
	}
	r = attach_ring(dev, b, config.drive != 0);
	if (r == 0)
		r = open_unit(b, &config);
	if (r != 0) {
		log_failure(dev, cfgstring, r);
		backstore_free(b);
		return r;
	}
	set_attributes(dev);
	ignore_result(
		control_server_start()); /* the units work without D-Bus; the server says so */
	control_server_publish(b->library);
	tcmur_dev_set_private(dev, b);
	tcmu_info_message(dev, __func__, __LINE__, "vtl: %s: serves %s\n", cfgstring,
			  b->unit->identity.serial);
	return 0;
}

void glue_close(struct tcmu_device *dev)
{
	struct backstore *b = tcmur_dev_get_private(dev);

	if (b == NULL)
		return;
	tcmur_dev_set_private(dev, NULL);
	control_server_withdraw(b->library);
	backstore_free(b);
}

/* Restoring a saved LIO configuration writes the same values again; nothing else can change here.
 */
int glue_reconfig(struct tcmu_device *dev, const struct tcmulib_cfg_info *cfg)
{
	const struct backstore *b = tcmur_dev_get_private(dev);

	if (b == NULL)
		return -ENODEV;
	if (cfg->type == TCMULIB_CFG_STRING && strcmp(cfg->data.string, b->cfgstring) != 0) {
		tcmu_err_message(
			dev, __func__, __LINE__,
			"vtl: %s cannot become %s: delete the backstore and create another\n",
			b->cfgstring, cfg->data.string);
		return -EINVAL;
	}
	return 0;
}

/* ---- commands ---- */

static size_t cdb_length(uint8_t opcode)
{
	static const uint8_t lengths[8] = { 6, 10, 10, 0, 16, 12, 0, 0 };

	return lengths[opcode >> 5];
}

/* The data buffer from byte @from on. */
static void zero(const struct scsi_cmd *cmd, size_t from)
{
	for (int i = 0; i < cmd->iov_cnt; i++) {
		size_t skip = from < cmd->iov[i].iov_len ? from : cmd->iov[i].iov_len;

		memset((char *)cmd->iov[i].iov_base + skip, 0, cmd->iov[i].iov_len - skip);
		from -= skip;
	}
}

/* Puts the answer into libtcmu's command and into the slot. */
static int answer(struct backstore *b, struct tcmulib_cmd *lib, struct scsi_cmd *cmd,
		  enum scsi_status status)
{
	bool told =
		cmd->in_len > 0 && ring_set_read_len(&b->ring, lib->cmd_id, (uint32_t)cmd->in_len);

	if (status == SCSI_GOOD) {
		/* the kernel would copy what an earlier command left in the buffer */
		if (cmd->data == DATA_IN && !told)
			zero(cmd, cmd->in_len);
		return TCMUR_OK;
	}
	if (status == SCSI_BUSY)
		return TCMUR_BUSY;
	memset(lib->sense_buf, 0, sizeof(lib->sense_buf));
	memcpy(lib->sense_buf, cmd->sense, cmd->sense_len);
	return TCMUR_SENSE;
}

int glue_handle(struct tcmu_device *dev, struct tcmur_cmd *rcmd)
{
	struct backstore *b = tcmur_dev_get_private(dev);
	struct tcmulib_cmd *lib = rcmd->lib_cmd;
	struct scsi_cmd cmd = { .iov = lib->iovec, .iov_cnt = (int)lib->iov_cnt };
	enum scsi_status status;
	unsigned dropped;
	int old, r;

	/* closing a backstore cancels this thread: never in the middle of a command */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	take_reset(b, lib->cmd_id);
	dropped = ring_heal(&b->ring, lib->cmd_id);
	if (dropped > 0)
		tcmu_info_message(dev, __func__, __LINE__,
				  "vtl: %s: refused %u commands of unknown length\n", b->cfgstring,
				  dropped);
	cmd.cdb_len = cdb_length(lib->cdb[0]);
	cmd.cdb[0] = lib->cdb[0];
	memcpy(cmd.cdb, lib->cdb, cmd.cdb_len);
	cmd.iov_len = scsi_iov_length(cmd.iov, cmd.iov_cnt);
	status = unit_execute(b->unit, &cmd);
	r = answer(b, lib, &cmd, status);
	(void)pthread_setcancelstate(old, NULL);
	return r;
}
