/* SPDX-License-Identifier: Apache-2.0 */
/* fake_runner.c: see fake_runner.h. */
#include "tests/unit/tcmu/fake_runner.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RING_OFFSET 128u

void fake_init(struct tcmu_device *dev, const char *cfgstring)
{
	struct tcmu_mailbox *mb;

	memset(dev, 0, sizeof(*dev));
	dev->cfgstring = cfgstring;
	dev->uio_name = "uio-of-no-kernel";
	dev->memory = g_malloc0(RING_OFFSET + FAKE_RING_SIZE);
	mb = fake_mailbox(dev);
	mb->version = TCMU_MAILBOX_VERSION;
	mb->flags = TCMU_MAILBOX_FLAG_CAP_READ_LEN;
	mb->cmdr_off = RING_OFFSET;
	mb->cmdr_size = FAKE_RING_SIZE;
}

void fake_clear(struct tcmu_device *dev)
{
	g_free(dev->memory);
}

struct tcmu_mailbox *fake_mailbox(struct tcmu_device *dev)
{
	return (struct tcmu_mailbox *)(void *)dev->memory;
}

struct tcmu_cmd_entry *fake_entry(struct tcmu_device *dev, uint32_t at)
{
	return (struct tcmu_cmd_entry *)(void *)(dev->memory + RING_OFFSET + at);
}

static uint32_t put(struct tcmu_device *dev, enum tcmu_opcode op, uint16_t cmd_id, uint32_t length)
{
	struct tcmu_mailbox *mb = fake_mailbox(dev);
	uint32_t at = mb->cmd_head;
	struct tcmu_cmd_entry *e = fake_entry(dev, at);

	memset(e, 0, length < sizeof(*e) ? length : sizeof(*e));
	e->hdr.len_op = length | (uint32_t)op;
	e->hdr.cmd_id = cmd_id;
	mb->cmd_head = (at + length) % FAKE_RING_SIZE;
	return at;
}

uint32_t fake_queue(struct tcmu_device *dev, enum tcmu_opcode op, uint16_t cmd_id, uint32_t length)
{
	uint32_t left = FAKE_RING_SIZE - fake_mailbox(dev)->cmd_head;

	if (length > left)
		(void)put(dev, TCMU_OP_PAD, 0, left); /* no entry wraps */
	return put(dev, op, cmd_id, length);
}

static void pass_entry(struct tcmu_device *dev)
{
	struct tcmu_mailbox *mb = fake_mailbox(dev);

	mb->cmd_tail =
		(mb->cmd_tail + (fake_entry(dev, mb->cmd_tail)->hdr.len_op & ~7u)) % FAKE_RING_SIZE;
}

void fake_complete(struct tcmu_device *dev)
{
	while ((fake_entry(dev, fake_mailbox(dev)->cmd_tail)->hdr.len_op & 7u) != TCMU_OP_CMD)
		pass_entry(dev);
	pass_entry(dev);
}

/* ---- what the runner and libtcmu give ---- */

int tcmur_register_handler(struct tcmur_handler *handler)
{
	(void)handler;
	return 0;
}

void tcmur_dev_set_private(struct tcmu_device *dev, void *priv)
{
	dev->priv = priv;
}

void *tcmur_dev_get_private(struct tcmu_device *dev)
{
	return dev->priv;
}

const char *tcmu_dev_get_cfgstring(struct tcmu_device *dev)
{
	return dev->cfgstring;
}

const char *tcmu_dev_get_uio_name(struct tcmu_device *dev)
{
	return dev->uio_name;
}

char *tcmu_dev_get_memory_info(struct tcmu_device *dev, void **ret_base, size_t *ret_size,
			       off_t *ret_offset)
{
	*ret_base = dev->memory;
	*ret_size = RING_OFFSET + FAKE_RING_SIZE;
	*ret_offset = 0;
	return strdup("fake");
}

#define LOG_FUNCTION(name)                                                                      \
	void name(struct tcmu_device *dev, const char *func, int line, const char *format, ...) \
	{                                                                                       \
		va_list ap;                                                                     \
                                                                                                \
		(void)func, (void)line;                                                         \
		va_start(ap, format);                                                           \
		(void)vsnprintf(dev->log, sizeof(dev->log), format, ap);                        \
		va_end(ap);                                                                     \
	}
LOG_FUNCTION(tcmu_err_message)
LOG_FUNCTION(tcmu_warn_message)
LOG_FUNCTION(tcmu_info_message)
