/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h: operations that are done on a cartridge and on the reference tape, and the question
 * that every fault ends in: is what a new open finds one of the recordings that the promises allow?
 */
#ifndef VTL_TESTS_REPLAY_H
#define VTL_TESTS_REPLAY_H

#include "lib/store/stage.h"
#include "tests/support/model_tape.h"
#include "tests/support/pool.h"

/* Programs under a sanitizer are so much slower that they do a part of the random rounds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROUNDS_OF(n) ((n) / 5)
#else
#define ROUNDS_OF(n) (n)
#endif

enum replay_kind {
	OP_WRITE,  /* size = bytes, seed = content */
	OP_MARKS,  /* size = count */
	OP_LOCATE, /* size = object */
	OP_ERASE,
	OP_SYNC,
	OP_REOPEN, /* close and open again for writing */
	OP_CODEC,  /* size = enum cart_codec */
};

struct replay_op {
	enum replay_kind kind;
	size_t size;
	uint64_t seed;
};

/* What the library returns; *c is NULL after a reopen that failed. */
int replay_on_cart(struct pool *p, struct cart **c, const struct replay_op *op);
/* The same behind the buffer; blocks are shorter than a segment. */
int replay_on_stage(struct pool *p, struct stage **s, const struct replay_op *op);
void replay_on_model(struct model_tape *t, const struct replay_op *op);

/* As an assignment, but only of the objects that are there. */
void replay_copy(struct model_tape *to, const struct model_tape *from);
/* What a failure left: no more than @count objects; the position is behind them. */
void replay_cut(struct model_tape *t, uint64_t count);

/* The recording is a beginning of @t, of at least @least objects, byte for byte. */
bool replay_holds(struct cart *c, const struct model_tape *t, uint64_t least);

/*
 * Opens T1 and fails unless its recording is a beginning of @before or of @after (the model without
 * and with the operation that was under way), and holds all of what that one says was synced; with
 * @everything, all of @before at least.  NULL for @after: no operation was under way.
 */
void replay_expect(struct pool *p, const struct model_tape *before, const struct model_tape *after,
		   bool everything);

/* A blank cartridge T1 and a blank tape. */
void replay_begin(struct pool *p, struct model_tape *tape);
/*
 * Opens T1 and does a dozen and a half operations on it that cross the ends of segments and cut
 * some off again, until one does not return 0 or all are done; then closes.  Returns the first such
 * result. *before is the model of what was done, *after has the operation that failed too;
 * *ret_begun (may be NULL) always says how many were begun.
 */
int replay_session(struct pool *p, struct model_tape *before, struct model_tape *after,
		   volatile unsigned *ret_begun);
/* The two models, both blank now, of a session that ended in operation @begun (from 1). */
void replay_session_model(unsigned begun, struct model_tape *before, struct model_tape *after);

/* ---- migration ---- */

/* Two blocks and a filemark on the blank T1, of which a copy is said to exist. */
void replay_record(struct pool *p);
/* Adds the copy and releases the data. */
int replay_migrate(struct pool *p);
int replay_recall(struct pool *p);
/* The recording is on the disk whole; or the header says that it is not, and then a recall brings
 * it back. */
void replay_expect_recalled(struct pool *p);

#endif
