/* SPDX-License-Identifier: Apache-2.0 */
/*
 * security.h: the drive's data encryption parameters (SSC-5, data encryption), as SECURITY PROTOCOL
 * OUT sets them.  Called with the unit's mutex held.
 *
 * Lifetime: from the set data encryption page until the next one, the unload of a cartridge where
 * it said CKOD, or power on; across cartridges otherwise.  The key is in locked memory only
 * (lib/store/crypt.h); the parameter list that brought it is wiped.
 *
 * TCMU does not tell who sends a command, so there is one I_T nexus: the scopes LOCAL and ALL I_T
 * NEXUS mean the same and are only told back, and no unit attention is due to anybody.  PUBLIC
 * gives the parameters up.
 *
 * LOCK ties the nexus to the parameters as they are.  The page that says LOCK, and the next one,
 * which locks or unlocks anew, are from the same nexus as far as we know; so a lock is broken only
 * where the parameters go without a page: by CKOD, when the cartridge leaves.  Then nothing is read
 * or written in clear by mistake: READ, WRITE, VERIFY and READ REVERSE are refused until the next
 * page or power on.  What another initiator sets replaces parameters and lock, and nobody is told.
 */
#ifndef VTL_TAPE_SECURITY_H
#define VTL_TAPE_SECURITY_H

#include "handlers/scsi/sense.h"
#include "lib/store/crypt.h"

struct drive;

#define CRYPT_ALGORITHM_INDEX 1

enum crypt_scope {
	SCOPE_PUBLIC = 0,
	SCOPE_LOCAL = 1,
	SCOPE_ALL = 2,
};

enum crypt_encryption_mode {
	ENCRYPTION_DISABLE = 0,
	ENCRYPTION_EXTERNAL = 1, /* refused: EXTDECC and EEMC_C say so */
	ENCRYPTION_ENCRYPT = 2,
};

enum crypt_decryption_mode { /* as enum cart_decrypt */
	DECRYPTION_DISABLE = 0,
	DECRYPTION_RAW = 1,
	DECRYPTION_DECRYPT = 2,
	DECRYPTION_MIXED = 3,
};

/* All zero: disabled, public. */
struct drive_crypt {
	uint8_t scope, encryption, decryption;
	uint8_t ceem; /* check external encryption mode: there are no such blocks */
	bool lock, ckod;
	uint32_t instance; /* key instance counter: of parameters that came or went */
	struct cart_crypt set;
};

/* The parameters in force are drive_crypt_now(); the others are where the next ones are put
 * together. */
struct drive_crypts {
	struct drive_crypt sets[2];
	unsigned now; /* 0 or 1 */
	bool locked;
	uint32_t locked_at; /* the key instance counter then */
};

static inline struct drive_crypt *drive_crypt_now(struct drive_crypts *crypts)
{
	return &crypts->sets[crypts->now];
}

/* Puts the parameters to work on the cartridge that was just opened; 0, STAGE_E_DEFERRED. */
MUST_CHECK int drive_crypt_apply(struct drive *d);
/* Parameters of a drive just powered on. */
void drive_crypt_clear(struct drive *d); /* also before it is freed */
/* The cartridge leaves: CKOD. */
void drive_crypt_unloaded(struct drive *d);
/* The cartridge that is loaded, where one is, can have encrypted blocks. */
bool drive_crypt_medium_fits(struct drive *d);
/* A host has locked parameters that are gone. */
bool drive_crypt_lock_broken(const struct drive *d);
/* Why a block of that size cannot be written with these parameters; SENSE_NO_SENSE where it can. */
enum sense_id drive_crypt_obstacle(struct drive *d, size_t size);

#endif
