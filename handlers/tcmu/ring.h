/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h: the command ring that the kernel shares with tcmu-runner (Linux, target_core_user.h).
 *
 * libtcmu takes commands out of the ring and puts answers into it.  Two things it cannot do, and we
 * do on the slot itself, while its command is ours and nobody else touches it:
 *
 * - say how many bytes of a data-in buffer are valid (READ_LEN), without which a short tape block
 *   reaches the host with the wrong length;
 * - answer commands whose operation code it has no length for (60h-7Eh, C0h-FFh): it drops them,
 * and their slots would wait for ever.  ring_heal() refuses them with INVALID COMMAND OPERATION
 * CODE.
 *
 * Both need commands to be answered one by one in the thread that takes them (nr_threads 0).
 */
#ifndef VTL_TCMU_RING_H
#define VTL_TCMU_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	uint8_t *mailbox; /* borrowed: the shared memory */
	uint8_t *entries;
	uint32_t size; /* of the entries, in bytes */
	bool read_len; /* the kernel takes READ_LEN */
	unsigned
		noticed; /* resets in the ring that ring_notice_reset() has told, and nobody took */
};

/* False where this is no mailbox that we know (version 2, and the ring within @size bytes). */
bool ring_init(struct ring *ring, void *mailbox, size_t size);

/* Answers all dropped commands before @cmd_id and returns how many; 0 where @cmd_id is not in the
 * ring. */
unsigned ring_heal(struct ring *ring, uint16_t cmd_id);

/* A task management function that the core has done, or is at (Linux 5.10, tmr_notification). */
enum ring_event {
	RING_NOTHING,
	RING_ABORT, /* of commands: abort task, abort or clear task set, preempt and abort */
	RING_RESET, /* of the logical unit */
};

/*
 * The gravest one that stands in the ring and was not taken before: of those in front of @cmd_id,
 * or of all with RING_ALL.  Others' fields of the ring stay as they are.
 */
#define RING_ALL UINT32_MAX
enum ring_event ring_take_event(struct ring *ring, uint32_t cmd_id);

/*
 * For another thread than the one that takes commands, which holds a lock that everybody holds who
 * calls this or ring_take_event(): whether a reset stands in the ring that neither has told.
 * Then it is told by that.  Changes nothing in the ring; where commands are just being taken out of
 * it the answer is no, and their thread will tell.
 */
bool ring_notice_reset(struct ring *ring);

/* Says that @bytes (not 0) of @cmd_id's data-in buffer are valid.  False where it cannot be said.
 */
bool ring_set_read_len(struct ring *ring, uint16_t cmd_id, uint32_t bytes);

#endif
