/* SPDX-License-Identifier: Apache-2.0 */
/* tapealert.c: see tapealert.h. */
#include "lib/base/tapealert.h"

#include <stddef.h>

static const char *const names[TAPEALERT_FLAGS + 1] = {
	[1] = "read warning",
	[2] = "write warning",
	[3] = "hard error",
	[4] = "media",
	[5] = "read failure",
	[6] = "write failure",
	[7] = "media life",
	[8] = "not data grade",
	[9] = "write protect",
	[10] = "no removal",
	[11] = "cleaning media",
	[12] = "unsupported format",
	[13] = "recoverable mechanical cartridge failure",
	[14] = "unrecoverable mechanical cartridge failure",
	[15] = "memory chip in cartridge failure",
	[16] = "forced eject",
	[17] = "read only format",
	[18] = "tape directory corrupted on load",
	[19] = "nearing media life",
	[20] = "clean now",
	[21] = "clean periodic",
	[22] = "expired cleaning media",
	[23] = "invalid cleaning tape",
	[24] = "retension requested",
	[25] = "multi-port interface error on a primary port",
	[26] = "cooling fan failure",
	[27] = "power supply failure",
	[28] = "power consumption",
	[29] = "drive preventive maintenance required",
	[30] = "hardware A",
	[31] = "hardware B",
	[32] = "primary interface",
	[33] = "eject media",
	[34] = "microcode update failure",
	[35] = "drive humidity",
	[36] = "drive temperature",
	[37] = "drive voltage",
	[38] = "predictive failure",
	[39] = "diagnostics required",
	[50] = "lost statistics",
	[51] = "tape directory invalid at unload",
	[52] = "tape system area write failure",
	[53] = "tape system area read failure",
	[54] = "no start of data",
	[55] = "loading or threading failure",
	[56] = "unrecoverable unload failure",
	[57] = "automation interface failure",
	[58] = "microcode failure",
	[59] = "WORM volume, integrity check failed",
	[60] = "WORM volume, overwrite attempted",
};

const char *tapealert_name(unsigned flag)
{
	if (flag < 1 || flag > TAPEALERT_FLAGS)
		return "";
	return names[flag] != NULL ? names[flag] : "reserved";
}
