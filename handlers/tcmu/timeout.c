/* SPDX-License-Identifier: Apache-2.0 */
/* timeout.c: see timeout.h. */
#include "handlers/tcmu/timeout.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "tcm-user/HBA/NAME/CFGSTRING" as in /sys/class/uio/uioN/name, to the path of "attrib/X". */
static char *attribute_path(const char *sys, const char *uio, const char *attribute)
{
	g_autofree char *file = g_strdup_printf("%s/class/uio/%s/name", sys, uio);
	g_autofree char *text = NULL;
	g_auto(GStrv) part = NULL;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return NULL;
	part = g_strsplit(g_strchomp(text), "/", 4);
	if (g_strv_length(part) != 4 || strcmp(part[0], "tcm-user") != 0)
		return NULL;
	return g_strdup_printf("%s/kernel/config/target/core/user_%s/%s/%s", sys, part[1], part[2],
			       attribute);
}

static int write_number(const char *path, unsigned number)
{
	char buf[16];
	int n = g_snprintf(buf, sizeof(buf), "%u", number);
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, buf, (size_t)n) != n)
		r = -errno;
	(void)close(fd);
	return r;
}

int timeout_set(const char *sys, const char *uio, unsigned seconds)
{
	g_autofree char *path = attribute_path(sys, uio, "attrib/cmd_time_out");
	g_autofree char *text = NULL;
	guint64 now;
	int r;

	if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
		return -ENOENT;
	now = g_ascii_strtoull(text, NULL, 10);
	if (now == 0 || now >= seconds)
		return 0;
	r = write_number(path, seconds);
	return r == -EINVAL ? -EBUSY : r;
}

int tmr_notification_set(const char *sys, const char *uio)
{
	g_autofree char *path = attribute_path(sys, uio, "attrib/tmr_notification");

	return path == NULL ? -ENOENT : write_number(path, 1);
}

bool reservation_held(const char *sys, const char *uio)
{
	g_autofree char *path = attribute_path(sys, uio, "pr/res_holder");
	g_autofree char *text = NULL;

	/* "SPC-3 Reservation: ...", "SPC-2 Reservation: ...", or "No SPC-3 Reservation holder" */
	return path != NULL && g_file_get_contents(path, &text, NULL, NULL) && *text != '\0' &&
	       !g_str_has_prefix(text, "No ") && strstr(text, "Reservation") != NULL;
}
