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

/* What a unit has of its own, as text (struct scsi_identity). */
enum page_text {
	PAGE_TEXT_VENDOR,
	PAGE_TEXT_PRODUCT,
	PAGE_TEXT_REVISION,
	PAGE_TEXT_SERIAL,
};

/*
 * A place in a page where such a text stands: left-aligned, filled up with blanks.  Of a serial
 * number that is longer the end stands there, of other texts the beginning.
 */
struct page_field {
	uint16_t at; /* in the bytes of the page */
	uint8_t size;
	enum page_text what;
};

/* Bytes of a page, or of standard INQUIRY data (page and subpage 0), that differ from ours. */
struct page_bytes {
	uint8_t page, subpage;
	bool whole;    /* the page with its header: a page of the vendor's own */
	bool mask;     /* else: of the bits that a host can set, not of the defaults */
	uint16_t at;   /* else: where @bytes stand, from the page's first byte */
	uint16_t size; /* bytes */
	const uint8_t *bytes;
	/* Places in @bytes (blanks there) that the unit fills; only in whole pages of VPD. */
	const struct page_field *fields;
	unsigned fields_cnt;
};

struct page_patches {
	const struct page_bytes *rows;
	unsigned cnt;
};

#endif
