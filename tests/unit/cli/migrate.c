/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate.c POOL BARCODE: what a migration leaves: records 3 blocks and a filemark, a verified copy
 * on volume PHY001 (verified at 1700000000), and frees the data.
 */
#include <stdio.h>
#include <string.h>

#include "lib/store/cartridge.h"

static int record(struct cart *cart)
{
	static char block[65536];
	const struct iovec iov = { .iov_base = block, .iov_len = sizeof(block) };
	uint32_t written;
	int r = 0;

	memset(block, 'v', sizeof(block));
	for (int i = 0; r == 0 && i < 3; i++)
		r = cart_write(cart, &iov, 1, sizeof(block));
	if (r == 0)
		r = cart_write_filemarks(cart, 1, &written);
	return r == 0 ? cart_sync(cart) : r;
}

static int label(struct cart *cart)
{
	const struct cart_attribute list[] = {
		{ 0x0806, 0, 1, 8, (const uint8_t *)"T3      " },
		{ 0x080c, 1, 0, 3, (const uint8_t *)"\x04\x00\xff" },
		{ 0x0009, 0, 0, 1, (const uint8_t *)"\x01" },
	};

	return cart_attributes_set(cart, list, 3, CART_ATTRIBUTES_NOW);
}

static int migrate(struct cart *cart)
{
	const struct cart_info *info = cart_info(cart);
	struct cart_copy copy = { .volume = "PHY001",
				  .generation = info->generation,
				  .blocks = info->blocks,
				  .filemarks = info->filemarks,
				  .bytes = info->logical_bytes,
				  .verified_s = 1700000000 };
	uint64_t object;
	int r = cart_compute_digest(cart, NULL, NULL, copy.digest, &object);

	if (r == 0)
		r = cart_copy_add(cart, &copy);
	return r == 0 ? cart_release(cart, 1) : r;
}

int main(int argc, char **argv)
{
	struct cart *cart = NULL;
	int closed, r = argc == 3 ? cart_open(argv[1], argv[2], CART_OPEN_WRITE, &cart) : -1;

	if (r == 0)
		r = record(cart);
	if (r == 0)
		r = label(cart);
	if (r == 0)
		r = migrate(cart);
	closed = cart_close(cart);
	if (r == 0)
		r = closed;
	if (r != 0)
		(void)fprintf(stderr, "migrate: outcome %d\n", r);
	return r != 0;
}
