/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attributes.c: the medium auxiliary memory, kept in memory as it is in the header: records one
 * behind the other, ordered by partition and number.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store/cart.h"

#define HEAD (sizeof(struct disk_record) + sizeof(struct disk_attribute))

static_assert(HEAD == 8, "what cartridge.h says each attribute costs");

bool cart_attributes_next(const struct cart_attributes *a, size_t *at,
			  struct cart_attribute *ret_attribute)
{
	struct disk_attribute d;
	struct disk_record rec;

	if (*at >= a->size)
		return false;
	memcpy(&rec, a->records + *at, sizeof(rec));
	memcpy(&d, a->records + *at + sizeof(rec), sizeof(d));
	*ret_attribute = (struct cart_attribute){
		.id = le16_get(d.id),
		.partition = d.partition,
		.format = d.format,
		.size = (uint16_t)(le16_get(rec.size) - sizeof(d)),
		.value = a->records + *at + HEAD,
	};
	*at += sizeof(rec) + le16_get(rec.size);
	return true;
}

static uint32_t rank(const struct cart_attribute *attribute)
{
	return (uint32_t)attribute->partition << 16 | attribute->id;
}

/* Where the attribute of @wanted is, or belongs; its record's size, 0 where there is none. */
static size_t place_of(const struct cart_attributes *a, uint32_t wanted, size_t *ret_size)
{
	struct cart_attribute one;
	size_t at = 0, before = 0;

	*ret_size = 0;
	while (cart_attributes_next(a, &at, &one) && rank(&one) <= wanted) {
		if (rank(&one) == wanted) {
			*ret_size = at - before;
			break;
		}
		before = at;
	}
	return before;
}

bool cart_attributes_find(const struct cart_attributes *a, unsigned partition, uint16_t id,
			  struct cart_attribute *ret_attribute)
{
	const struct cart_attribute wanted = { .id = id, .partition = (uint8_t)partition };
	size_t size, at = place_of(a, rank(&wanted), &size);

	return size > 0 && cart_attributes_next(a, &at, ret_attribute);
}

void cart_attributes_clear(struct cart_attributes *a)
{
	free(a->records);
	*a = (struct cart_attributes){ 0 };
}

const struct cart_attributes *cart_attributes(const struct cart *c)
{
	return &c->attributes;
}

/* Puts the attribute, or nothing where it has no value, in the place of the old one. */
static int put(struct cart_attributes *a, const struct cart_attribute *new)
{
	size_t old, at = place_of(a, rank(new), &old);
	size_t size = new->size > 0 ? HEAD + new->size : 0;
	const struct disk_record rec = { le16_from(RECORD_ATTRIBUTE),
					 le16_from((uint16_t)(size - sizeof(rec))) };
	const struct disk_attribute d = { le16_from(new->id), new->partition, new->format };
	uint8_t *records;

	if (size > CART_ATTRIBUTES_MAX)
		return CART_E_FULL;
	records = malloc(a->size - old + size + 1);
	if (records == NULL)
		return -ENOMEM;
	if (at > 0)
		memcpy(records, a->records, at);
	if (size > 0) {
		memcpy(records + at, &rec, sizeof(rec));
		memcpy(records + at + sizeof(rec), &d, sizeof(d));
		memcpy(records + at + HEAD, new->value, new->size);
	}
	if (a->size > at + old)
		memcpy(records + at + size, a->records + at + old, a->size - at - old);
	free(a->records);
	a->records = records;
	a->size = a->size - old + size;
	return 0;
}

int attributes_load(struct cart_attributes *a, const uint8_t *record, size_t size)
{
	struct cart_attribute one;
	const struct cart_attributes all = { (uint8_t *)(uintptr_t)record, size };
	size_t at = 0;

	if (size <= HEAD)
		return CART_E_INVALID; /* there is none without a value */
	return cart_attributes_next(&all, &at, &one) ? put(a, &one) : CART_E_INVALID;
}

static int copy_of(const struct cart_attributes *a, struct cart_attributes *ret_copy)
{
	*ret_copy = (struct cart_attributes){ malloc(a->size + 1), a->size };
	if (ret_copy->records == NULL)
		return -ENOMEM;
	if (a->size > 0)
		memcpy(ret_copy->records, a->records, a->size);
	return 0;
}

/* Forgets those of other partitions than 0. */
static void keep_first(struct cart_attributes *a)
{
	struct cart_attribute one;
	size_t at = 0, before = 0;

	while (cart_attributes_next(a, &at, &one) && one.partition == 0)
		before = at;
	a->size = before;
}

static int put_all(struct cart_attributes *a, const struct cart_attribute *list, unsigned cnt)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < cnt; i++)
		r = put(a, &list[i]);
	return r;
}

int attributes_after_format(const struct cart *c, const struct cart_format *format,
			    struct cart_attributes *ret_attributes)
{
	int r = copy_of(&c->attributes, ret_attributes);

	if (r != 0)
		return r;
	keep_first(ret_attributes);
	r = put_all(ret_attributes, format->attributes, format->attributes_cnt);
	return r == 0 && ret_attributes->size > CART_ATTRIBUTES_MAX ? CART_E_FULL : r;
}

/* @c takes over @all, and writes the header with them; or has those that it had. */
static int take(struct cart *c, struct cart_attributes *all, enum cart_attributes_when when)
{
	struct cart_attributes old = c->attributes;
	int r = 0;

	c->attributes = *all;
	if (all->size > CART_ATTRIBUTES_MAX || header_size(c) > HEADER_MAX)
		r = CART_E_FULL;
	if (r == 0 && when == CART_ATTRIBUTES_NOW)
		r = header_store(c);
	if (r != 0)
		c->attributes = old;
	else
		*all = old;
	return r;
}

int cart_attributes_set(struct cart *c, const struct cart_attribute *list, unsigned cnt,
			enum cart_attributes_when when)
{
	struct cart_attributes all;
	int r;

	if ((c->flags & CART_OPEN_WRITE) == 0)
		return CART_E_PROTECTED;
	r = when == CART_ATTRIBUTES_NOW ? cart_sync(c) : 0;
	if (r == 0)
		r = copy_of(&c->attributes, &all); /* @list may point into the old ones */
	if (r != 0)
		return r;
	r = put_all(&all, list, cnt);
	if (r == 0)
		r = take(c, &all, when);
	cart_attributes_clear(&all);
	return r;
}

int cart_stat_attributes(const char *pool, const char *barcode,
			 struct cart_attributes *ret_attributes)
{
	char name[BARCODE_SIZE + sizeof(CART_SUFFIX)];
	struct cart *c;
	int r;

	if (!barcode_is_valid(barcode))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%s%s", barcode, CART_SUFFIX);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	r = backend_local_open(pool, name, false, &c->backend);
	if (r == -ENOENT || r == -ENOTDIR)
		r = CART_E_ABSENT;
	if (r == 0)
		r = header_load(c);
	if (r == 0)
		*ret_attributes = c->attributes;
	else
		cart_attributes_clear(&c->attributes);
	if (c->backend != NULL)
		c->backend->ops->close(c->backend);
	free(c->unknown_records);
	free(c);
	return r;
}
