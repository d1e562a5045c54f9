/* SPDX-License-Identifier: Apache-2.0 */
/* error.h: domain and codes of every GError of vtl-policyd. Messages name the thing and the remedy.
 */
#ifndef VTL_POLICY_ERROR_H
#define VTL_POLICY_ERROR_H

#include <glib.h>

enum policy_error {
	POLICY_ERROR_FAILED,       /* the system or a device refused; the message has the cause */
	POLICY_ERROR_INVALID,      /* a configuration file or an argument is wrong */
	POLICY_ERROR_NOT_FOUND,    /* no such library, cartridge, drive or job */
	POLICY_ERROR_BUSY,         /* refused now */
	POLICY_ERROR_CANCELLED,    /* somebody, or a mount, wanted the job to stop */
	POLICY_ERROR_WAIT,         /* cannot go on now; the step is done again later */
	POLICY_ERROR_VOLUME_FULL,  /* the volume ended before the recording */
	POLICY_ERROR_VOLUME_BAD,   /* the volume, or the drive with it, failed */
	POLICY_ERROR_WRONG_VOLUME, /* the tape in the drive is not the volume that it is said to be
				    */
};

#define POLICY_ERROR policy_error_quark()
GQuark policy_error_quark(void);

#endif
