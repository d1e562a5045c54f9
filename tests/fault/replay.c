/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c: see replay.h. */
#include "tests/fault/replay.h"

#include <stddef.h>
#include <string.h>

#include "lib/store/format.h"

static int reopen(struct pool *p, struct cart **c)
{
	int r = cart_close(*c);

	*c = NULL;
	return r != 0 ? r : cart_open(p->path, "T1", CART_OPEN_WRITE, c);
}

static int reopen_stage(struct pool *p, struct stage **s)
{
	int r = stage_close(*s);

	*s = NULL;
	return r != 0 ? r : stage_open(p->path, "T1", CART_OPEN_WRITE, s);
}

int replay_on_cart(struct pool *p, struct cart **c, const struct replay_op *op)
{
	switch (op->kind) {
	case OP_WRITE:
		return put_block(*c, op->seed, op->size);
	case OP_MARKS:
		return put_marks(*c, (uint32_t)op->size);
	case OP_LOCATE:
		return cart_locate(*c, op->size);
	case OP_ERASE:
		return cart_erase(*c);
	case OP_SYNC:
		return cart_sync(*c);
	case OP_REOPEN:
		return reopen(p, c);
	case OP_CODEC:
		return cart_set_codec(*c, (enum cart_codec)op->size);
	}
	return 0;
}

int replay_on_stage(struct pool *p, struct stage **s, const struct replay_op *op)
{
	static uint8_t block[SEGMENT_SIZE];
	const struct iovec iov = { block, op->size };
	uint32_t written;

	switch (op->kind) {
	case OP_WRITE:
		fill_block(block, op->seed, op->size);
		return stage_write(*s, &iov, 1, op->size);
	case OP_MARKS:
		return stage_write_filemarks(*s, (uint32_t)op->size, &written);
	case OP_LOCATE:
		return stage_locate(*s, op->size);
	case OP_ERASE:
		return stage_erase(*s);
	case OP_SYNC:
		return stage_sync(*s);
	case OP_REOPEN:
		return reopen_stage(p, s);
	case OP_CODEC:
		return stage_set_codec(*s, (enum cart_codec)op->size);
	}
	return 0;
}

void replay_on_model(struct model_tape *t, const struct replay_op *op)
{
	switch (op->kind) {
	case OP_WRITE:
		(void)model_write(t, op->seed, op->size);
		break;
	case OP_MARKS:
		(void)model_write_filemarks(t, (uint32_t)op->size);
		break;
	case OP_LOCATE:
		(void)model_locate(t, op->size);
		break;
	case OP_ERASE:
		model_erase(t);
		break;
	case OP_SYNC:
		model_sync(t);
		break;
	case OP_REOPEN:
		model_sync(t);
		t->position = 0;
		break;
	case OP_CODEC:
		break;
	}
}

void replay_copy(struct model_tape *to, const struct model_tape *from)
{
	memcpy(to, from, offsetof(struct model_tape, objects));
	memcpy(to->objects, from->objects, (size_t)from->count * sizeof(*from->objects));
	to->count = from->count;
	to->position = from->position;
	to->synced = from->synced;
	to->capacity = from->capacity;
	to->early_warning = from->early_warning;
}

void replay_cut(struct model_tape *t, uint64_t count)
{
	if (t->count > count)
		t->count = count;
	if (t->synced > count)
		t->synced = count;
	t->position = t->count;
}

/* The objects of the recording of @c are the first @count of @t. */
static bool begins(struct cart *c, const struct model_tape *t, uint64_t count)
{
	static uint8_t got[CART_MAX_BLOCK], wanted[CART_MAX_BLOCK];
	const struct iovec iov = { got, sizeof(got) };

	if (cart_locate(c, 0) != 0)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		const struct model_object *o = &t->objects[i];
		size_t length = 0;
		int r = cart_read(c, &iov, 1, sizeof(got), &length);

		if (r != (o->size == 0 ? CART_E_FILEMARK : 0) || length != o->size)
			return false;
		fill_block(wanted, o->seed, o->size);
		if (memcmp(got, wanted, o->size) != 0)
			return false;
	}
	return cart_read(c, &iov, 1, sizeof(got), &(size_t){ 0 }) == CART_E_EOD;
}

bool replay_holds(struct cart *c, const struct model_tape *t, uint64_t least)
{
	uint64_t count = cart_info(c)->objects;

	return count >= least && count <= t->count && begins(c, t, count);
}

void replay_expect(struct pool *p, const struct model_tape *before, const struct model_tape *after,
		   bool everything)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	uint64_t count = cart_info(c)->objects;

	if (!replay_holds(c, before, everything ? before->count : before->synced) &&
	    (after == NULL || !replay_holds(c, after, after->synced)))
		fail_msg("%llu objects: neither the recording before (%llu, %llu synced) nor the "
			 "one after the fault",
			 (unsigned long long)count, (unsigned long long)before->count,
			 (unsigned long long)before->synced);
	pool_close(c);
}

/* Segments have 64 KiB: the session crosses their ends, and cuts some off again. */
static const struct replay_op session[] = {
	{ OP_WRITE, 1000, 1 },  { OP_WRITE, 50000, 2 }, { OP_MARKS, 2, 0 },
	{ OP_SYNC, 0, 0 },      { OP_WRITE, 30000, 3 }, { OP_SYNC, 0, 0 },
	{ OP_LOCATE, 1, 0 },    { OP_WRITE, 700, 4 },   { OP_MARKS, 300, 0 },
	{ OP_WRITE, 60000, 5 }, { OP_WRITE, 20000, 6 }, { OP_SYNC, 0, 0 },
	{ OP_LOCATE, 250, 0 },  { OP_ERASE, 0, 0 },     { OP_WRITE, 10, 7 },
	{ OP_REOPEN, 0, 0 },    { OP_LOCATE, 2, 0 },    { OP_WRITE, 5, 8 },
	{ OP_MARKS, 1, 0 },
};

void replay_begin(struct pool *p, struct model_tape *tape)
{
	ignore_result(cart_delete(p->path, "T1")); /* of the round before */
	pool_create(p, "T1", 0);
	memset(tape, 0, sizeof(*tape));
}

int replay_session(struct pool *p, struct model_tape *before, struct model_tape *after,
		   volatile unsigned *ret_begun)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c);

	*after = *before;
	for (unsigned i = 0; r == 0 && i < sizeof(session) / sizeof(*session); i++) {
		*before = *after;
		replay_on_model(after, &session[i]);
		if (ret_begun != NULL)
			*ret_begun = i + 1;
		r = replay_on_cart(p, &c, &session[i]);
	}
	if (r == 0)
		*before = *after;
	if (cart_close(c) == 0 && r == 0)
		model_sync(before);
	return r;
}

void replay_session_model(unsigned begun, struct model_tape *before, struct model_tape *after)
{
	for (unsigned i = 0; i < begun; i++) {
		*before = *after;
		replay_on_model(after, &session[i]);
	}
}

/* ---- migration and recall ---- */

static struct cart_copy copy;

static int write_recording(struct cart *c)
{
	int r = put_block(c, 1, 40000);

	if (r == 0)
		r = put_marks(c, 1);
	return r == 0 ? put_block(c, 2, 40000) : r;
}

void replay_record(struct pool *p)
{
	struct cart *c = pool_open(p, CART_OPEN_WRITE);
	uint64_t object;

	assert_int_equal(write_recording(c), 0);
	copy = (struct cart_copy){ .volume = "P1",
				   .generation = cart_info(c)->generation,
				   .blocks = 2,
				   .filemarks = 1,
				   .bytes = 80000 };
	assert_int_equal(cart_compute_digest(c, NULL, NULL, copy.digest, &object), 0);
	pool_close(c);
}

int replay_migrate(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE, &c), closed;

	if (r == 0)
		r = cart_copy_add(c, &copy);
	if (r == 0)
		r = cart_release(c, 1);
	closed = cart_close(c);
	return r != 0 ? r : closed;
}

int replay_recall(struct pool *p)
{
	struct cart *c = NULL;
	int r = cart_open(p->path, "T1", CART_OPEN_WRITE | CART_OPEN_ADMIN, &c), closed;

	if (r == 0)
		r = cart_recall_begin(c);
	if (r == 0)
		r = write_recording(c);
	if (r == 0)
		r = cart_recall_commit(c, &copy);
	closed = cart_close(c);
	return r != 0 ? r : closed;
}

void replay_expect_recalled(struct pool *p)
{
	const struct cart_info *i = pool_stat(p);
	struct cart *c;

	assert_int_equal(i->generation, copy.generation);
	assert_int_equal(i->objects, 3);
	if (i->state == CART_MIGRATED || i->state == CART_RECALLING) {
		assert_int_equal(i->copies_cnt, 1);
		assert_int_equal(replay_recall(p), 0);
	} else {
		assert_true(i->state == CART_RESIDENT || i->state == CART_PREMIGRATED);
	}
	c = pool_open(p, CART_OPEN_READ);
	expect_block(c, 1, 40000);
	assert_int_equal(read_object(c), CART_E_FILEMARK);
	expect_block(c, 2, 40000);
	assert_int_equal(read_object(c), CART_E_EOD);
	pool_close(c);
}
