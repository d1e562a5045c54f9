/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c: see replay.h. */
#include "tests/fault/replay.h"

#include <string.h>

static int reopen(struct pool *p, struct cart **c)
{
	int r = cart_close(*c);

	*c = NULL;
	return r != 0 ? r : cart_open(p->path, "T1", CART_OPEN_WRITE, c);
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
	}
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

static bool fits(struct cart *c, const struct model_tape *t, uint64_t least)
{
	uint64_t count = cart_info(c)->objects;

	return count >= least && count <= t->count && begins(c, t, count);
}

void replay_expect(struct pool *p, const struct model_tape *before, const struct model_tape *after,
		   bool everything)
{
	struct cart *c = pool_open(p, CART_OPEN_READ);
	uint64_t count = cart_info(c)->objects;

	if (!fits(c, before, everything ? before->count : before->synced) &&
	    (after == NULL || !fits(c, after, after->synced)))
		fail_msg("%llu objects: neither the recording before (%llu, %llu synced) nor the "
			 "one after the fault",
			 (unsigned long long)count, (unsigned long long)before->count,
			 (unsigned long long)before->synced);
	pool_close(c);
}
