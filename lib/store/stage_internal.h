/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_internal.h: what the files of the stage share.
 *
 * Who has the cartridge.  With the queue empty and nobody busy it is the caller's.  While slots are
 * queued, or the mode is READING, whoever sets `busy` under the lock has it until it clears it: the
 * worker, or the caller who helps to empty the queue.
 *
 * Packers work on queued blocks where they lie, in any order: they compress what the host wrote,
 * and check and unpack what was read ahead.  A slot is written, or given to the host, when it is
 * READY and the first.
 *
 * The buffer is a ring of bytes.  A queued block is contiguous in it.  What is read ahead comes in
 * runs: many frames as they lie on the medium, behind them places for those blocks that must be
 * unpacked; the last slot of a run holds the room of all of it.  Only the producer moves the end,
 * only the consumer `head`; both under the lock.
 */
#ifndef VTL_STORE_STAGE_INTERNAL_H
#define VTL_STORE_STAGE_INTERNAL_H

#include <pthread.h>

#include "lib/store/cart.h"
#include "lib/store/stage.h"

#define SLOTS_MAX  1024u
#define BLOCK_MAX  (STAGE_BUFFER_BYTES / 4) /* larger blocks go straight through */
#define BATCH_MAX  (1024u * 1024) /* bytes of one write; of one read, and of unpacking it */
#define WAKE_BYTES BATCH_MAX      /* queued, before the worker is woken for it */
/* Free before a caller, or a worker, that found the buffer full is woken: a context switch for each
 * block costs more than the block. */
#define WAKE_ROOM (STAGE_BUFFER_BYTES / 4)

enum stage_mode {
	STAGE_IDLE,    /* the worker has nothing to do */
	STAGE_WRITING, /* slots hold what the host wrote */
	STAGE_READING, /* slots hold what the host will read */
};

enum slot_state {
	SLOT_READY = 0, /* packed, or not to be packed, or a filemark; unpacked, or not readable */
	SLOT_RAW,       /* for whoever packs or unpacks next */
	SLOT_PACKING,
};

#define PACKERS_MAX 4u

struct slot {
	uint32_t offset;      /* of the block in the buffer */
	uint32_t size;        /* of the block; 0: a filemark */
	uint32_t room;        /* bytes of the ring that are free when this slot is */
	uint32_t raw;         /* read ahead: of the frame in the buffer */
	uint64_t object;      /* its number */
	uint32_t stored_size; /* read ahead */
	int outcome;          /* read ahead: what the host is told; OUTCOME_STOP */
	enum slot_state state;
	struct packed_block block; /* to be written; size 0: nothing is known yet */
	struct block_sum expected; /* to be written: what the block's must be */
};

/* Of a slot: nothing is read ahead from here on, the caller goes on by himself. */
#define OUTCOME_STOP 1000

struct stage {
	struct cart *cart;
	uint8_t *buffer; /* owned; STAGE_BUFFER_BYTES */

	/* the caller's */
	struct cart_position position;
	bool unsynced; /* something was written since the last sync */
	unsigned reads_in_row;
	uint64_t read_bytes;           /* given to the host since the last settling */
	uint64_t read_stored;          /* the same as stored: compressed */
	struct block_sum read_sum;     /* of the last block that was read */
	struct block_sum expected_sum; /* of the next one that is written */
	bool streaming;  /* the last object went to the end of the recording: appends may be queued
			  */
	uint64_t margin; /* of the programmable early warning */
	uint64_t limit;  /* stored bytes up to which nothing can go wrong; UINT64_MAX: no limit */

	pthread_t worker;
	bool has_worker;
	struct codec *own_codec; /* of who is busy, and of the worker while it reads; owned */
	struct write_item items[WRITE_BATCH]; /* of who is busy, as the three that follow */
	struct iovec vectors[WRITE_BATCH];
	struct block_sum expected[WRITE_BATCH];
	struct read_run run;
	uint64_t ahead; /* the next object to be read ahead */
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
	bool wants_room; /* the caller waits for room, not for the next thing to happen */
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
bool ring_reserve(struct stage *s, uint32_t size, struct slot *ret_slot);
void ring_push(struct stage *s, const struct slot *slot);
void ring_pop(struct stage *s);
struct slot *ring_slot(struct stage *s, unsigned n); /* the @n-th in the queue */
bool ring_is_roomy(const struct stage *s);
/* Waits for the worker to say so: for the next thing to happen, or for room. */
void wait_done(struct stage *s);
void wait_room(struct stage *s);
void wake_worker(struct stage *s);
void wake_caller(struct stage *s);

/* Makes the cartridge the caller's: the queue written, or what was read ahead forgotten.
 * 0 or STAGE_E_DEFERRED. */
MUST_CHECK int stage_settle(struct stage *s);
/* Takes over the position of the cartridge, which is the caller's. */
void take_position(struct stage *s);

/* ---- stage_write.c ---- */

/* Under the lock, with a slot in the queue that nobody packs, and nobody busy: writes what is ready
 * of the next BATCH_MAX bytes. */
void write_some(struct stage *s);
/* Reads the medium's limit and the file system's room again. The cartridge is the caller's. */
void limits_refresh(struct stage *s);

/* ---- stage_pack.c ---- */

/*
 * Starts the packers where there are none yet and they are of use: there is something to pack, or
 * there are processors that could sum up.  With none, whoever writes, or reads ahead, does it.
 */
void packers_start(struct stage *s, bool packs);
void packers_stop(struct stage *s);
/* Under the lock: nobody begins with a queued slot any more, and nobody has one in hand. */
void packing_cancel(struct stage *s);
/* Under the lock: works on the first raw slot. False where there is none. */
bool pack_next(struct stage *s, struct codec *codec);

/* ---- stage_read.c ---- */

/* Under the lock, in mode READING and nobody busy: reads ahead the next run. False where there is
 * no room, or nothing more to read. */
bool read_some(struct stage *s);
/* Checks and unpacks what a slot holds, without the lock. */
void read_slot(const struct stage *s, struct codec *codec, struct slot *slot);

#endif
