/* SPDX-License-Identifier: Apache-2.0 */
/*
 * null_unit.c: handler_vtlnull, a tape that throws away what is written and gives whatever lies in
 * the buffer when it is read: the limit of the path through the kernel and tcmu-runner, for
 * tests/bench/run-vm.  Never installed.
 *
 * cfgstring vtlnull/throw touches no data; vtlnull/copy copies each block once into, or out of,
 * memory that is in use already: what a drive that stages its blocks cannot do better.
 *
 * It answers what Linux's st driver asks of a drive, and nothing else is true of it: no position,
 * no filemarks, no end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/scsi/opcode.h"
#include "handlers/tcmu/abi.h"
#include "handlers/tcmu/ring.h"
#include "lib/base/bytes.h"

#define WARM_SIZE (16u << 20) /* more than the caches of a processor, as a staging buffer is */
#define BLOCK_MAX (8u << 20)

#define REPLY_SIZE 36u

struct null_unit {
	struct ring ring;
	uint8_t *warm; /* owned; NULL: throws */
	size_t at;
};

struct reply {
	uint8_t opcode;
	uint8_t allocation; /* byte of the CDB with the length that the host has room for; 0: none
			     */
	uint8_t size;
	uint8_t data[REPLY_SIZE];
};

/* clang-format off */
static const struct reply replies[] = {
	{ OP_INQUIRY, 4, 36, { 1, 0x80, 6, 2, 31, 0, 0, 2, 'T', 'C', 'M', 'U', '-', 'V', 'T', 'L', 'N', 'U', 'L', 'L', ' ',
	                       'U', 'N', 'I', 'T', ' ', ' ', ' ', ' ', ' ', ' ', ' ', '1', '.', '0', ' ' } },
	{ OP_READ_BLOCK_LIMITS, 0, 6, { 0, 0x80, 0, 0, 0, 1 } },
	{ OP_MODE_SENSE_6, 4, 12, { 11, 0, 0x10, 8, 0x5e } }, /* buffered, blocks of any length */
	{ OP_REQUEST_SENSE, 4, 18, { 0x70, [7] = 10 } },
	{ OP_READ_POSITION, 0, 20, { 0x80 } },
};
/* clang-format on */

static void copy_out(const struct tcmulib_cmd *cmd, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < cmd->iov_cnt && size > 0; i++) {
		size_t n = cmd->iovec[i].iov_len < size ? cmd->iovec[i].iov_len : size;

		memcpy(cmd->iovec[i].iov_base, data, n);
		data += n;
		size -= n;
	}
}

static void copy_in(const struct tcmulib_cmd *cmd, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < cmd->iov_cnt && size > 0; i++) {
		size_t n = cmd->iovec[i].iov_len < size ? cmd->iovec[i].iov_len : size;

		memcpy(data, cmd->iovec[i].iov_base, n);
		data += n;
		size -= n;
	}
}

static int refuse(struct tcmulib_cmd *cmd, uint8_t asc)
{
	memset(cmd->sense_buf, 0, sizeof(cmd->sense_buf));
	cmd->sense_buf[0] = 0x70;
	cmd->sense_buf[2] = 0x05; /* ILLEGAL REQUEST */
	cmd->sense_buf[7] = 10;
	cmd->sense_buf[12] = asc;
	return TCMUR_SENSE;
}

static int transfer(struct null_unit *u, struct tcmulib_cmd *cmd, bool write)
{
	size_t size = get_be24(cmd->cdb + 2);

	if (size > BLOCK_MAX || (cmd->cdb[1] & 1) != 0) /* fixed blocks */
		return refuse(cmd, 0x24);
	if (u->warm == NULL)
		return TCMUR_OK;
	if (u->at + size > WARM_SIZE)
		u->at = 0;
	if (write)
		copy_in(cmd, u->warm + u->at, size);
	else
		copy_out(cmd, u->warm + u->at, size);
	u->at += size;
	return TCMUR_OK;
}

static int answer(struct null_unit *u, struct tcmulib_cmd *cmd, const struct reply *reply)
{
	size_t size = reply->size;

	if (reply->allocation != 0 && cmd->cdb[reply->allocation] < size)
		size = cmd->cdb[reply->allocation];
	if (cmd->cdb[0] == OP_INQUIRY && (cmd->cdb[1] & 1) != 0) /* no page of vital product data */
		return refuse(cmd, 0x24);
	copy_out(cmd, reply->data, size);
	(void)ring_set_read_len(&u->ring, cmd->cmd_id, (uint32_t)size);
	return TCMUR_OK;
}

static int handle(struct tcmu_device *dev, struct tcmur_cmd *rcmd)
{
	struct null_unit *u = tcmur_dev_get_private(dev);
	struct tcmulib_cmd *cmd = rcmd->lib_cmd;

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
		if (replies[i].opcode == cmd->cdb[0])
			return answer(u, cmd, &replies[i]);
	switch (cmd->cdb[0]) {
	case OP_WRITE_6:
	case OP_READ_6:
		return transfer(u, cmd, cmd->cdb[0] == OP_WRITE_6);
	case OP_TEST_UNIT_READY:
	case OP_REWIND:
	case OP_WRITE_FILEMARKS_6:
	case OP_SPACE_6:
	case OP_MODE_SELECT_6:
	case OP_ERASE_6:
	case OP_LOAD_UNLOAD:
	case OP_PREVENT_ALLOW:
		return TCMUR_OK;
	default:
		return refuse(cmd, 0x20);
	}
}

static bool check_config(const char *cfgstring, char **reason)
{
	if (strcmp(cfgstring, "vtlnull/throw") == 0 || strcmp(cfgstring, "vtlnull/copy") == 0)
		return true;
	*reason = strdup("a null unit is vtlnull/throw or vtlnull/copy");
	return false;
}

static void null_close(struct tcmu_device *dev)
{
	struct null_unit *u = tcmur_dev_get_private(dev);

	tcmur_dev_set_private(dev, NULL);
	if (u != NULL)
		free(u->warm);
	free(u);
}

static int null_open(struct tcmu_device *dev, bool reopen)
{
	struct null_unit *u = calloc(1, sizeof(*u));
	void *base = NULL;
	size_t size = 0;
	off_t offset = 0;
	char *name = tcmu_dev_get_memory_info(dev, &base, &size, &offset);

	(void)reopen;
	if (u == NULL || name == NULL || !ring_init(&u->ring, base, size)) {
		free(name);
		free(u);
		return -EIO;
	}
	free(name);
	tcmur_dev_set_private(dev, u);
	if (strcmp(tcmu_dev_get_cfgstring(dev), "vtlnull/copy") != 0)
		return 0;
	u->warm = aligned_alloc(4096, WARM_SIZE); /* the copy is the fastest there is */
	if (u->warm == NULL) {
		null_close(dev);
		return -ENOMEM;
	}
	memset(u->warm, 1, WARM_SIZE);
	return 0;
}

/* Nothing can change. */
static int reconfig(struct tcmu_device *dev, struct tcmulib_cfg_info *cfg)
{
	(void)dev, (void)cfg;
	return 0;
}

static struct tcmur_handler null_handler = {
	.name = "Null tape",
	.subtype = "vtlnull",
	.cfg_desc = "throw or copy: a tape for measurements that keeps nothing",
	.check_config = check_config,
	.reconfig = reconfig,
	.open = null_open,
	.close = null_close,
	.handle_cmd = handle,
};

__attribute__((visibility("default"))) int handler_init(void);

int handler_init(void)
{
	return tcmur_register_handler(&null_handler);
}
