/* SPDX-License-Identifier: Apache-2.0 */
/* rig_sg_pool.c: see rig_sg_pool.h. */
#include "tests/support/rig_sg_pool.h"

#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "tests/support/rig_sg.h"

#define CARTRIDGES 3
#define STATUS     4096

static struct rig *rig;
/* T1 to T3, and what the running test calls them. */
static char made[CARTRIDGES][BARCODE_SIZE];
static const char *const names[CARTRIDGES] = { "T1", "T2", "T3" };

void rig_pool_use(struct rig *r)
{
	rig = r;
}

bool rig_pool_used(void)
{
	return made[1][0] != '\0' || made[2][0] != '\0';
}

/* The units' name of a cartridge. */
static const char *name_of(const char *barcode)
{
	for (int i = 0; i < CARTRIDGES; i++)
		if (strcmp(made[i], barcode) == 0)
			return names[i];
	return barcode;
}

/* ---- the changer ---- */

static void carry(uint16_t from, uint16_t to)
{
	uint8_t cdb[12] = { OP_MOVE_MEDIUM };

	put_be16(cdb + 4, from);
	put_be16(cdb + 6, to);
	if (rig_sg_raw(RIG_SG_CHANGER, cdb, sizeof(cdb), DATA_NONE, NULL, 0, NULL) != SCSI_GOOD)
		print_message("# cannot move %u to %u\n", from, to);
}

/* READ ELEMENT STATUS of all; 0: no answer.  A unit attention is the rig's. */
static size_t all_elements(uint8_t data[STATUS])
{
	const uint8_t cdb[12] = {
		OP_READ_ELEMENT_STATUS, 0x10, 0, 0, 0xff, 0xff, 0, 0, STATUS >> 8, 0
	};

	for (int i = 0; i < 4; i++) {
		struct scsi_cmd cmd = { 0 };

		memset(data, 0, STATUS);
		if (rig_sg_raw(RIG_SG_CHANGER, cdb, sizeof(cdb), DATA_IN, data, STATUS, &cmd) ==
		    SCSI_GOOD)
			return cmd.in_len;
	}
	return 0;
}

/* The descriptor of the element at @address, or with the cartridge @barcode (NULL: any). */
static const uint8_t *find(const uint8_t *data, size_t size, int address, const char *barcode)
{
	for (const uint8_t *page = data + 8; page + 8 < data + size; page += 8 + get_be24(page + 5))
		for (const uint8_t *e = page + 8; e < page + 8 + get_be24(page + 5);
		     e += get_be16(page + 2)) {
			size_t n = barcode == NULL ? 0 : strlen(barcode);

			if (address >= 0 ? get_be16(e) == address
					 : (e[2] & 1) != 0 && memcmp(e + 12, barcode, n) == 0 &&
						   e[12 + n] == ' ')
				return e;
		}
	return NULL;
}

/* Where @barcode is, or 0. */
static uint16_t where(const char *barcode)
{
	g_autofree uint8_t *data = g_malloc(STATUS);
	const uint8_t *e = find(data, all_elements(data), -1, barcode);

	return e == NULL ? 0 : get_be16(e);
}

/* ---- before each test ---- */

/* A cartridge in a slot becomes a new one. */
static bool renew(const char *name, const struct cart_params *params)
{
	struct cart_params own;

	if (params == NULL)
		library_cartridge_params(library_config(rig->library), name, &own);
	else
		own = *params;
	own.barcode = name;
	if (cart_delete(rig->pool, name) != 0)
		return false;
	return cart_create(rig->pool, &own) == 0;
}

static bool is_full(const uint8_t *data, size_t size, uint16_t address)
{
	const uint8_t *e = find(data, size, address, NULL);

	return e == NULL || (e[2] & 1) != 0;
}

/* Carries one cartridge that is not in its slot: there, or out of the way.  False: all are home. */
static bool one_home(void)
{
	static const uint16_t spare[] = { RIG_SLOT_4, RIG_SLOT_5, RIG_MAIL_1, RIG_DRIVE_2 };
	g_autofree uint8_t *data = g_malloc(STATUS);
	size_t size = all_elements(data);

	for (int i = 0; i < CARTRIDGES; i++) {
		const uint8_t *e = find(data, size, -1, names[i]);
		uint16_t home = (uint16_t)(RIG_SLOT_1 + i), at = e == NULL ? home : get_be16(e);

		if (at == home)
			continue;
		for (unsigned s = 0; s < G_N_ELEMENTS(spare) && is_full(data, size, home); s++)
			if (!is_full(data, size, spare[s]))
				home = spare[s];
		carry(at, home);
		return true;
	}
	return false;
}

void rig_pool_home(bool all)
{
	for (int i = 0; i < 2 * CARTRIDGES && one_home(); i++)
		;
	for (int i = 0; i < CARTRIDGES && rig != NULL; i++)
		if ((all || i == 0 || made[i][0] != '\0') && !renew(names[i], NULL))
			print_message("# cannot renew %s\n", names[i]);
	memset(made, 0, sizeof(made));
	carry(RIG_SLOT_1, RIG_DRIVE_1);
}

/* ---- what tests call ---- */

int __real_cart_create(const char *pool, const struct cart_params *params);
int __wrap_cart_create(const char *pool, const struct cart_params *params);
int __wrap_cart_create(const char *pool, const struct cart_params *params)
{
	if (!rig_sg_in_body())
		return __real_cart_create(pool, params);
	if (rig == NULL || pool != rig->pool)
		rig_inside("cart_create");
	for (int i = CARTRIDGES - 1; i > 0; i--) {
		bool good;

		if (made[i][0] != '\0' || where(names[i]) != RIG_SLOT_1 + i)
			continue;
		(void)g_strlcpy(made[i], params->barcode, sizeof(made[i]));
		good = cart_delete(rig->pool, names[i]) == 0;
		if (good) {
			struct cart_params as = *params;

			as.barcode = names[i];
			good = __real_cart_create(rig->pool, &as) == 0;
		}
		return good ? 0 : -EIO;
	}
	rig_inside("needs more cartridges of its own than there are");
	return -ENOENT;
}

int __real_cart_open(const char *pool, const char *barcode, unsigned flags, struct cart **ret);
int __wrap_cart_open(const char *pool, const char *barcode, unsigned flags, struct cart **ret);
int __wrap_cart_open(const char *pool, const char *barcode, unsigned flags, struct cart **ret)
{
	if (!rig_sg_in_body())
		return __real_cart_open(pool, barcode, flags, ret);
	if (rig == NULL)
		rig_inside("cart_open");
	return __real_cart_open(pool, name_of(barcode), flags, ret);
}

int __real_cart_stat(const char *pool, const char *barcode, struct cart_info *ret);
int __wrap_cart_stat(const char *pool, const char *barcode, struct cart_info *ret);
int __wrap_cart_stat(const char *pool, const char *barcode, struct cart_info *ret)
{
	if (!rig_sg_in_body())
		return __real_cart_stat(pool, barcode, ret);
	if (rig == NULL)
		rig_inside("cart_stat");
	return __real_cart_stat(pool, name_of(barcode), ret);
}

int __real_library_import(struct library *l, const char *barcode, bool mail, uint16_t *ret_slot);
int __wrap_library_import(struct library *l, const char *barcode, bool mail, uint16_t *ret_slot);
int __wrap_library_import(struct library *l, const char *barcode, bool mail, uint16_t *ret_slot)
{
	uint16_t at;

	if (!rig_sg_in_body())
		return __real_library_import(l, barcode, mail, ret_slot);
	at = where(name_of(barcode));
	if (mail || name_of(barcode) == barcode || at == 0)
		rig_inside("library_import");
	*ret_slot = at;
	return 0;
}

bool __real_library_find(struct library *l, const char *barcode, uint16_t *ret_address);
bool __wrap_library_find(struct library *l, const char *barcode, uint16_t *ret_address);
bool __wrap_library_find(struct library *l, const char *barcode, uint16_t *ret_address)
{
	uint16_t at;

	if (!rig_sg_in_body())
		return __real_library_find(l, barcode, ret_address);
	at = where(name_of(barcode));
	if (at != 0)
		*ret_address = at;
	return at != 0;
}

bool __real_library_element(struct library *l, uint16_t address, struct library_element *ret);
bool __wrap_library_element(struct library *l, uint16_t address, struct library_element *ret);
bool __wrap_library_element(struct library *l, uint16_t address, struct library_element *ret)
{
	g_autofree uint8_t *data = NULL;
	const uint8_t *e;

	if (!rig_sg_in_body())
		return __real_library_element(l, address, ret);
	data = g_malloc(STATUS);
	e = find(data, all_elements(data), address, NULL);
	if (e == NULL)
		return false;
	*ret = (struct library_element){ .address = address,
					 .full = (e[2] & 1) != 0,
					 .access = (e[2] & 8) != 0,
					 .source_valid = (e[9] & 0x80) != 0,
					 .source = get_be16(e + 10) };
	if (ret->full) {
		memcpy(ret->barcode, e + 12, MIN(32, sizeof(ret->barcode) - 1));
		ret->barcode[strcspn(ret->barcode, " ")] = '\0';
	}
	for (int i = 0; i < CARTRIDGES; i++)
		if (made[i][0] != '\0' && strcmp(ret->barcode, names[i]) == 0)
			(void)g_strlcpy(ret->barcode, made[i], sizeof(ret->barcode));
	return true;
}
