/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailbox.h: the kernel's own description of the shared ring.  It brings a struct iovec of its own,
 * which cannot stand beside that of <sys/uio.h>: here it gets another name.
 */
#ifndef VTL_TCMU_MAILBOX_H
#define VTL_TCMU_MAILBOX_H

#define iovec kernel_iovec
#include <linux/target_core_user.h>
#undef iovec

#endif
