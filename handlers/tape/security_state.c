/* SPDX-License-Identifier: Apache-2.0 */
/* security_state.c: see security.h. */
#include <string.h>

#include "handlers/tape/internal.h"

bool drive_crypt_medium_fits(struct drive *d)
{
	const struct medium_row *medium;
	uint8_t density, type;

	stage_medium(d->stage, &density, &type); /* asked at each WRITE: nothing is drained */
	medium = drive_medium(drive_model(d), density, type);
	return medium != NULL && medium->encryptable;
}

int drive_crypt_apply(struct drive *d)
{
	struct cart_crypt crypt = drive_crypt_now(&d->crypts)->set;

	crypt.encrypt = crypt.encrypt && drive_crypt_medium_fits(d);
	return stage_set_crypt(d->stage, &crypt);
}

static void forget(struct drive_crypt *c, uint32_t instance)
{
	crypt_key_unref(c->set.key);
	memset(c, 0, sizeof(*c));
	c->instance = instance;
}

void drive_crypt_clear(struct drive *d)
{
	forget(drive_crypt_now(&d->crypts), 0);
	d->crypts.locked = false;
	for (unsigned n = 0; n < CART_PARTITIONS; n++)
		if (d->stages[n] != NULL)
			stage_forget_crypt(d->stages[n]);
}

void drive_crypt_unloaded(struct drive *d)
{
	struct drive_crypt *c = drive_crypt_now(&d->crypts);

	if (c->ckod)
		forget(c, c->instance + 1);
}

bool drive_crypt_lock_broken(const struct drive *d)
{
	return d->crypts.locked && d->crypts.sets[d->crypts.now].instance != d->crypts.locked_at;
}

enum sense_id drive_crypt_obstacle(struct drive *d, size_t size)
{
	if (!drive_crypt_now(&d->crypts)->set.encrypt ||
	    (drive_crypt_medium_fits(d) && size <= CART_MAX_ENCRYPTED))
		return SENSE_NO_SENSE;
	return SENSE_ENCRYPTION_NOT_USABLE;
}
