/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h: what a model says of its mode, log and vital product data pages; plain data. */
#ifndef VTL_PERSONALITY_PAGES_H
#define VTL_PERSONALITY_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* Which of the pages that there are a model has. codes: page code << 8 | subpage. */
struct page_list {
	const uint16_t *codes; /* NULL: all that its features allow */
	unsigned cnt;
};

/* Bytes of a page, or of standard INQUIRY data (page and subpage 0), that differ from ours. */
struct page_bytes {
	uint8_t page, subpage;
	bool whole;    /* the page with its header: a page of the vendor's own */
	uint16_t at;   /* else: where @bytes stand, from the page's first byte */
	uint16_t size; /* bytes */
	const uint8_t *bytes;
};

struct page_patches {
	const struct page_bytes *rows;
	unsigned cnt;
};

#endif
