/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c: the files of a library below STATE/NAME: its lock, its description, its inventory.
 *
 * The lock is a flock on STATE/NAME/lock: it dies with the process that holds it.  The file's text
 * is that process' number, for messages only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fs.h"
#include "lib/library/internal.h"

#define INVENTORY_MAX_BYTES (16u * 1024 * 1024)

const char *library_state_dir(void)
{
	const char *state = g_getenv("TCMU_VTL_STATE");

	return state != NULL && *state != '\0' ? state : LIBRARY_STATE_DIR;
}

int state_open_dir(void)
{
	int fd = open(library_state_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int state_open_library(const char *name)
{
	g_autofree char *path = g_build_filename(library_state_dir(), name, NULL);
	int fd;

	if (!library_name_is_valid(name))
		return -ENOENT; /* "../x" is a library that cannot exist */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

pid_t state_owner(int folder)
{
	void *text = NULL;
	size_t size = 0;
	guint64 pid = 0;

	if (fs_read(folder, LOCK_FILE, 32, &text, &size) != 0)
		return 0;
	(void)g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, INT32_MAX, &pid, NULL);
	free(text);
	return (pid_t)pid;
}

/* FALSE where the folder was destroyed, and perhaps made anew, while we waited for its lock. */
static bool lock_is_current(int folder, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && fstatat(folder, LOCK_FILE, &named, 0) == 0 &&
	       ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

int state_lock(int folder, int *ret_fd, pid_t *ret_pid)
{
	char text[32];
	int fd = openat(folder, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	int r = 0;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		r = -errno;
		*ret_pid = state_owner(folder);
		break;
	}
	if (r == 0 && !lock_is_current(folder, fd))
		r = -ENOENT;
	g_snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (r == 0 && ftruncate(fd, 0) < 0)
		r = -errno;
	if (r == 0)
		r = fs_pwrite(fd, text, strlen(text), 0);
	if (r == 0)
		*ret_fd = fd;
	else
		(void)close(fd); /* nothing was promised yet */
	return r;
}

GError *state_busy_error(const char *name, pid_t pid)
{
	if (pid > 0)
		return g_error_new(
			LIBRARY_ERROR, LIBRARY_ERROR_BUSY,
			"library %s is owned by process %ld (tcmu-runner, as a rule); "
			"take it out of LIO first (vtl-lio teardown %s), or stop that process",
			name, (long)pid, name);
	return g_error_new(LIBRARY_ERROR, LIBRARY_ERROR_BUSY,
			   "library %s is owned by another process; stop it first", name);
}

gboolean state_load_config(int folder, const char *name, struct library_config **ret_config,
			   GError **error)
{
	g_autofree char *where = g_build_filename(library_state_dir(), name, CONFIG_FILE, NULL);
	struct library_config *config = NULL;
	void *text = NULL;
	size_t size = 0;
	int r = fs_read(folder, CONFIG_FILE, CONFIG_MAX_BYTES, &text, &size);
	gboolean good;

	if (r < 0) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED, "cannot read %s: %s", where,
			    g_strerror(-r));
		return FALSE;
	}
	good = config_parse(text, size, where, &config, error);
	free(text);
	if (good && strcmp(config->name, name) != 0) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "%s: it describes library %s; write name=%s", where, config->name,
			    name);
		library_config_free(config);
		return FALSE;
	}
	if (good)
		*ret_config = config;
	return good;
}

int state_save_config(int folder, const struct library_config *config)
{
	g_autofree char *text = config_text(config);

	return fs_replace(folder, CONFIG_FILE, text, strlen(text), FILE_MODE);
}

int state_save_inventory(int folder, const char *name, const struct inventory *inv)
{
	GString *text = inventory_text(inv, name);
	int r = fs_replace(folder, INVENTORY_FILE, text->str, text->len, FILE_MODE);

	(void)g_string_free(text, TRUE);
	return r;
}

gboolean state_load_inventory(int folder, const char *name, struct inventory *inv, GError **error)
{
	void *text = NULL;
	size_t size = 0;
	int r = fs_read(folder, INVENTORY_FILE, INVENTORY_MAX_BYTES, &text, &size);
	gboolean good;

	if (r == -ENOENT || r == -EFBIG) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID, "it is %s",
			    r == -ENOENT ? "absent" : "far too long");
		return FALSE;
	}
	if (r < 0) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_FAILED, "%s", g_strerror(-r));
		return FALSE;
	}
	good = inventory_parse(inv, name, text, size, error);
	free(text);
	return good;
}
