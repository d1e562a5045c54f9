/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_runner.h: stands for tcmu-runner, libtcmu and the kernel: a ring in plain memory, a device
 * with a cfgstring, and the functions that handler_vtl takes from its host program.
 */
#ifndef VTL_TESTS_FAKE_RUNNER_H
#define VTL_TESTS_FAKE_RUNNER_H

#include "handlers/tcmu/abi.h"
#include "handlers/tcmu/mailbox.h"

#define FAKE_RING_SIZE 4096u

struct tcmu_device {
	const char *cfgstring;
	const char *uio_name;
	void *priv;
	uint8_t *memory; /* mailbox and ring; owned */
	char log[256];   /* the last message */
};

void fake_init(struct tcmu_device *dev, const char *cfgstring);
void fake_clear(struct tcmu_device *dev);
struct tcmu_mailbox *fake_mailbox(struct tcmu_device *dev);
struct tcmu_cmd_entry *fake_entry(struct tcmu_device *dev, uint32_t at);
/* Queues an entry as the kernel does and moves cmd_head; returns where it stands. @op: TCMU_OP_CMD
 * or TCMU_OP_PAD. */
uint32_t fake_queue(struct tcmu_device *dev, enum tcmu_opcode op, uint16_t cmd_id, uint32_t length);
/* What libtcmu does with an answered command: the tail goes behind it. */
void fake_complete(struct tcmu_device *dev);

#endif
