/* SPDX-License-Identifier: Apache-2.0 */
/* model_tape.c: see model_tape.h.  One object at a time, whatever it costs. */
#include "tests/support/model_tape.h"

static int is_mark(const struct model_tape *t, uint64_t object)
{
	return t->objects[object].size == 0;
}

static uint64_t stored(const struct model_tape *t)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < t->count; i++)
		sum += t->objects[i].size;
	return sum;
}

static int done(const struct model_tape *t)
{
	int early = t->capacity > 0 && stored(t) + t->early_warning >= t->capacity;

	return early ? CART_E_EARLY_WARNING : 0;
}

/* What lies behind the position is gone, whatever becomes of the write; what was before is stable.
 */
void model_erase(struct model_tape *t)
{
	if (t->position < t->count)
		t->synced = t->position;
	t->count = t->position;
}

int model_write(struct model_tape *t, uint64_t seed, size_t size)
{
	model_erase(t);
	if (t->capacity > 0 && stored(t) + size > t->capacity)
		return CART_E_FULL;
	t->objects[t->count++] = (struct model_object){ size, seed };
	t->position = t->count;
	return done(t);
}

int model_write_filemarks(struct model_tape *t, uint32_t count)
{
	if (count == 0)
		return 0;
	model_erase(t);
	for (uint32_t i = 0; i < count; i++)
		t->objects[t->count++] = (struct model_object){ 0, 0 };
	t->position = t->count;
	return done(t);
}

void model_sync(struct model_tape *t)
{
	t->synced = t->count;
}

int model_read(struct model_tape *t, const struct model_object **ret_object)
{
	if (t->position == t->count)
		return CART_E_EOD;
	*ret_object = &t->objects[t->position++];
	return (*ret_object)->size == 0 ? CART_E_FILEMARK : 0;
}

int model_locate(struct model_tape *t, uint64_t object)
{
	t->position = object < t->count ? object : t->count;
	return object <= t->count ? 0 : CART_E_EOD;
}

int model_locate_file(struct model_tape *t, uint64_t file)
{
	for (t->position = 0; file > 0; t->position++) {
		if (t->position == t->count)
			return CART_E_EOD;
		file -= (uint64_t)is_mark(t, t->position);
	}
	return 0;
}

int model_space_blocks(struct model_tape *t, int64_t count, uint64_t *ret_residual)
{
	uint64_t left = (uint64_t)(count < 0 ? -count : count);
	int r = 0;

	for (; left > 0 && r == 0; left -= r == 0) {
		if (count > 0 && t->position == t->count)
			r = CART_E_EOD;
		else if (count < 0 && t->position == 0)
			r = CART_E_BOP;
		else if (is_mark(t, count > 0 ? t->position++ : --t->position))
			r = CART_E_FILEMARK;
	}
	*ret_residual = left;
	return r;
}

int model_space_filemarks(struct model_tape *t, int64_t count, uint64_t *ret_residual)
{
	uint64_t left = (uint64_t)(count < 0 ? -count : count);

	while (left > 0 && t->position != (count > 0 ? t->count : 0))
		left -= (uint64_t)is_mark(t, count > 0 ? t->position++ : --t->position);
	*ret_residual = left;
	if (left == 0)
		return 0;
	return count > 0 ? CART_E_EOD : CART_E_BOP;
}

int model_space_sequential_filemarks(struct model_tape *t, int64_t count, uint64_t *ret_residual)
{
	uint64_t wanted = (uint64_t)(count < 0 ? -count : count), run = 0;

	*ret_residual = 0;
	while (run < wanted && t->position != (count > 0 ? t->count : 0))
		run = is_mark(t, count > 0 ? t->position++ : --t->position) ? run + 1 : 0;
	if (run == wanted)
		return 0;
	*ret_residual = wanted;
	return count > 0 ? CART_E_EOD : CART_E_BOP;
}

uint64_t model_file(const struct model_tape *t)
{
	uint64_t file = 0;

	for (uint64_t i = 0; i < t->position; i++)
		file += (uint64_t)is_mark(t, i);
	return file;
}
