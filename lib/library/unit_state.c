/* SPDX-License-Identifier: Apache-2.0 */
/* unit_state.c: see unit_state.h. */
#include "lib/library/unit_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/library/internal.h"

#define GROUP      "unit"
#define NAME_SIZE  32
#define FILE_BYTES (1024u * 1024)

static void file_name(unsigned unit, char name[NAME_SIZE])
{
	if (unit == UNIT_STATE_CHANGER)
		(void)g_strlcpy(name, "changer.state", NAME_SIZE);
	else
		(void)g_snprintf(name, NAME_SIZE, "drive-%u.state", unit);
}

/* The file's values; empty where it is absent or cannot be understood. 0 or -errno. */
static int load_file(const struct library *library, unsigned unit, GKeyFile *values)
{
	char name[NAME_SIZE];
	void *text = NULL;
	size_t size = 0;
	int r;

	file_name(unit, name);
	r = fs_read(library->folder, name, FILE_BYTES, &text, &size);
	if (r == -ENOENT || r == -EFBIG)
		return 0;
	if (r < 0)
		return r;
	if (size > 0)
		(void)g_key_file_load_from_data(values, text, size, G_KEY_FILE_NONE, NULL);
	free(text);
	return 0;
}

static bool value_is_valid(const struct unit_value *v)
{
	const char *p = v->name;

	for (; g_ascii_isalnum(*p) || *p == '-'; p++)
		;
	return *v->name != '\0' && *p == '\0' && v->size <= UNIT_STATE_VALUE_MAX;
}

int library_unit_save_all(struct library *library, unsigned unit, const struct unit_value *values,
			  unsigned cnt)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *text = NULL;
	char name[NAME_SIZE];
	gsize size = 0;
	int r;

	for (unsigned i = 0; i < cnt; i++)
		if (!value_is_valid(&values[i]))
			return -EINVAL;
	r = load_file(library, unit, file);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < cnt; i++) {
		g_autofree char *base64 = NULL;

		if (values[i].size == 0) {
			(void)g_key_file_remove_key(file, GROUP, values[i].name, NULL);
			continue;
		}
		base64 = g_base64_encode(values[i].data, values[i].size);
		g_key_file_set_string(file, GROUP, values[i].name, base64);
	}
	text = g_key_file_to_data(file, &size, NULL);
	if (size > FILE_BYTES) /* what could not be read again is not written */
		return -EFBIG;
	file_name(unit, name);
	return fs_replace(library->folder, name, text, size, FILE_MODE);
}

int library_unit_save(struct library *library, unsigned unit, const char *name, const void *data,
		      size_t size)
{
	const struct unit_value value = { .name = name, .data = data, .size = size };

	return library_unit_save_all(library, unit, &value, 1);
}

int library_unit_load(struct library *library, unsigned unit, const char *name, void *buf,
		      size_t max, size_t *ret_size)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *base64 = NULL;
	g_autofree guchar *data = NULL;
	gsize size = 0;
	int r = load_file(library, unit, file);

	if (r < 0)
		return r;
	base64 = g_key_file_get_string(file, GROUP, name, NULL);
	if (base64 == NULL || *base64 == '\0')
		return -ENOENT;
	data = g_base64_decode(base64, &size);
	if (data == NULL || size == 0)
		return -ENOENT;
	if (size > max)
		return -EFBIG;
	memcpy(buf, data, size);
	*ret_size = size;
	return 0;
}
