/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shadow.h: a backend that reads a cartridge's data but keeps header and tables of its own, and
 * only notes where the data would be cut: what the ordinary code of an open would change is then
 * changed nowhere.  A repair plans on it, and CART_OPEN_LOOK reads through it.
 */
#ifndef VTL_STORE_SHADOW_H
#define VTL_STORE_SHADOW_H

#include "lib/store/backend.h"

/*
 * A shadow of @real, which it borrows; its tables are nameless files in the folder @pool_fd, in
 * /tmp or in memory, whichever can be written.  0 or -errno.
 */
MUST_CHECK int shadow_open(struct backend *real, int pool_fd, struct backend **ret_shadow);
/* From now on closing it closes the real one, too. */
void shadow_own(struct backend *shadow);
/* Replaces its header. -ENOMEM. */
MUST_CHECK int shadow_set_header(struct backend *shadow, const void *data, size_t size);
/* Borrowed; NULL where there is none. */
const void *shadow_header(const struct backend *shadow, size_t *ret_size);
/* Where its data would be cut; false: nowhere. */
bool shadow_cut(const struct backend *shadow, uint64_t *ret_address);

#endif
