/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c: the changer's mode and log pages (SMC-3). */
#include "handlers/changer/internal.h"
#include "lib/base/bytes.h"

/* Element address assignment: first address and number of each type. */
static void sense_addresses(struct scsi_unit *unit, uint8_t *page)
{
	static const enum library_element_type order[] = { ELEMENT_TRANSPORT, ELEMENT_STORAGE,
							   ELEMENT_MAIL, ELEMENT_DRIVE };
	const struct library *library = changer_of(unit)->library;

	for (unsigned i = 0; i < 4; i++) {
		unsigned count = library_element_count(library, order[i]);

		put_be16(page + 2 + 4 * i,
			 count > 0 ? library_first_address(library, order[i]) : 0);
		put_be16(page + 4 + 4 * i, (uint16_t)count);
	}
}

/* clang-format off */
static const uint8_t page_0a[12] = { 0x0a, 0x0a };
static const uint8_t page_0a_changeable[12] = { 0x0a, 0x0a, 0x04 }; /* D_SENSE */
static const uint8_t page_1d[20] = { 0x1d, 0x12 };
static const uint8_t page_1e[4] = { 0x1e, 0x02 }; /* one transport, that cannot rotate */
/* what stores (drives, mail slots, slots), and who moves and exchanges with whom: each of these three with each */
static const uint8_t page_1f[20] = { 0x1f, 0x12, 0x0e, 0, 0, 0x0e, 0x0e, 0x0e, 0, 0, 0, 0, 0, 0x0e, 0x0e, 0x0e };

const struct mode_page changer_mode_pages[] = {
	/* code              sub  size             defaults  changeable          sense            select */
	{ MODE_PAGE_CONTROL, 0,   sizeof(page_0a), page_0a,  page_0a_changeable, NULL,            NULL, 0, 0 },
	{ 0x1d,              0,   sizeof(page_1d), page_1d,  NULL,               sense_addresses, NULL, 0, 0 },
	{ 0x1e,              0,   sizeof(page_1e), page_1e,  NULL,               NULL,            NULL, 0, 0 },
	{ 0x1f,              0,   sizeof(page_1f), page_1f,  NULL,               NULL,            NULL, 0, 0 },
};
/* clang-format on */

const unsigned changer_mode_pages_cnt = sizeof(changer_mode_pages) / sizeof(changer_mode_pages[0]);

/* TapeAlert: this robot has no parts that wear; the flags are there for those who ask, and off. */
static void fill_tapealert(struct scsi_unit *unit, struct log_writer *w)
{
	(void)unit;
	for (uint16_t flag = 1; flag <= 64; flag++)
		log_put_number(w, flag, LOG_BINARY, 0, 1);
}

const struct vpd_page changer_vpd_pages[] = {
	{ 0x86, vpd_fill_extended, 0 },
	{ 0x87, vpd_fill_policy, 0 },
};
const unsigned changer_vpd_pages_cnt = sizeof(changer_vpd_pages) / sizeof(changer_vpd_pages[0]);

const struct log_page changer_log_pages[] = {
	{ 0x10, 0, log_fill_selftests, NULL, NULL, 0, NULL },
	{ 0x2e, 0, fill_tapealert, NULL, NULL, 0, NULL },
};
const unsigned changer_log_pages_cnt = sizeof(changer_log_pages) / sizeof(changer_log_pages[0]);
