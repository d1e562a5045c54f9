/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_internal.h: what the files of the stage share.
 *
 * Who has the cartridge.  With the queue empty and nobody busy it is the caller's.  While slots are
 * queued, or the mode is READING, whoever sets `busy` under the lock has it until it clears it: the
 * worker, or the caller who helps to empty the queue.
 *
 * Packers compress queued blocks where they lie, in any order; a slot is written when it is READY
 * and the first.
 *
 * The buffer is a ring of bytes; each slot's data is contiguous in it.  Only the producer moves
 * `tail`, only the consumer `head`; both under the lock.
 */
#ifndef VTL_STORE_STAGE_INTERNAL_H
#define VTL_STORE_STAGE_INTERNAL_H

#include <pthread.h>

#include "lib/store/cart.h"
#include "lib/store/stage.h"

#define SLOTS_MAX  1024u
#define BLOCK_MAX  (STAGE_BUFFER_BYTES / 4) /* larger blocks go straight through */
#define WAKE_BYTES (256u * 1024)            /* queued, or free, before the worker is woken for it */

enum stage_mode {
	STAGE_IDLE,    /* the worker has nothing to do */
	STAGE_WRITING, /* slots hold what the host wrote */
	STAGE_READING, /* slots hold what the host will read */
};

enum slot_state {
	SLOT_READY = 0, /* to be written as it is: packed, or not to be packed, or a filemark */
	SLOT_RAW,       /* for whoever packs next */
	SLOT_PACKING,
};

#define PACKERS_MAX 4u

struct slot {
	uint32_t offset; /* of the data in the buffer */
	uint32_t size;   /* of the block; 0: a filemark */
	uint32_t room;   /* bytes of the ring that it holds, with what was skipped at its end */
	int outcome;     /* of reading it */
	enum slot_state state;     /* of writing it */
	struct packed_block block; /* size 0: nothing is known yet */
};

struct stage {
	struct cart *cart;
	uint8_t *buffer; /* owned; STAGE_BUFFER_BYTES */

	/* the caller's */
	struct cart_position position;
	unsigned reads_in_row;
	bool streaming; /* the last object went to the end of the recording: appends may be queued
			 */
	uint64_t limit; /* stored bytes up to which nothing can go wrong; UINT64_MAX: no limit */

	pthread_t worker;
	bool has_worker;
	pthread_t packers[PACKERS_MAX];
	unsigned packers_cnt;
	enum cart_codec codec; /* of what is queued; changes only while the queue is empty */

	pthread_mutex_t lock;  /* of everything below */
	pthread_cond_t work;   /* for the worker: something to do */
	pthread_cond_t done;   /* for the caller: room, a slot, or nobody busy */
	pthread_cond_t pack;   /* for the packers: a raw slot */
	pthread_cond_t packed; /* for who waits for a packer */
	unsigned packing;      /* slots in their hands */
	enum stage_mode mode;
	bool busy, stop;
	bool worker_waits, caller_waits;
	struct slot slots[SLOTS_MAX];
	unsigned first, count; /* slots in the queue */
	uint32_t head, used;   /* of the ring */
	uint64_t queued_bytes; /* upper bound of what the queue will store */
	uint64_t stored_bytes; /* of the cartridge when it was last written */
	uint64_t room_bytes;   /* free in the file system, less what was written since */
	struct stage_failure failure;
	bool failed;
};

/* ---- stage.c ---- */

/* Under the lock: where @size contiguous bytes are free; false where there are none now. */
bool ring_reserve(const struct stage *s, uint32_t size, struct slot *ret_slot);
void ring_push(struct stage *s, const struct slot *slot);
void ring_pop(struct stage *s);
/* Waits for the worker to say so. */
void wait_done(struct stage *s);
void wake_worker(struct stage *s);
void wake_caller(struct stage *s);

/* Makes the cartridge the caller's: the queue written, or what was read ahead forgotten.
 * 0 or STAGE_E_DEFERRED. */
MUST_CHECK int stage_settle(struct stage *s);
/* Takes over the position of the cartridge, which is the caller's. */
void take_position(struct stage *s);

/* ---- stage_write.c ---- */

/* Under the lock, with slots in the queue and nobody busy: writes the first one. */
void write_one(struct stage *s);
/* Reads the medium's limit and the file system's room again. The cartridge is the caller's. */
void limits_refresh(struct stage *s);

/* ---- stage_pack.c ---- */

/* Starts the packers where there are none yet; with none, whoever writes packs. */
void packers_start(struct stage *s);
void packers_stop(struct stage *s);

/* ---- stage_read.c ---- */

/* Under the lock, in mode READING and nobody busy: reads ahead one object. False where there is no
 * room, or nothing more to read. */
bool read_one(struct stage *s);

#endif
