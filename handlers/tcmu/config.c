/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: see config.h. */
#include "handlers/tcmu/config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/library/library.h"
#include "lib/personality/personality.h"

static gboolean refuse(GError **error, const char *cfgstring, const char *subtype)
{
	const char *form = strcmp(subtype, "tape") == 0 ? "LIBRARY/drive/N, as lib0/drive/1"
							: "LIBRARY/changer, as lib0/changer";

	g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
		    "\"%s\" is no cfgstring of a %s: write %s", cfgstring, subtype, form);
	return FALSE;
}

/* "12" with nothing around it, 1..LIBRARY_MAX_DRIVES; else 0. */
static unsigned parse_number(const char *text)
{
	guint64 n = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 1, LIBRARY_MAX_DRIVES, &n, NULL))
		return 0;
	return (unsigned)n;
}

gboolean unit_config_parse(const char *cfgstring, const char *subtype,
			   struct unit_config *ret_config, GError **error)
{
	struct unit_config config = { .drive = 0 };
	const char *text = cfgstring, *slash;
	size_t prefix = strlen(subtype);

	if (strncmp(text, subtype, prefix) != 0 || text[prefix] != '/')
		return refuse(error, cfgstring, subtype);
	text += prefix + 1;
	slash = strchr(text, '/');
	if (slash == NULL || (size_t)(slash - text) >= sizeof(config.library))
		return refuse(error, cfgstring, subtype);
	memcpy(config.library, text, (size_t)(slash - text));
	if (!library_name_is_valid(config.library))
		return refuse(error, cfgstring, subtype);
	if (strcmp(subtype, "tape") == 0) {
		if (!g_str_has_prefix(slash, "/drive/"))
			return refuse(error, cfgstring, subtype);
		config.drive = parse_number(slash + strlen("/drive/"));
		if (config.drive == 0)
			return refuse(error, cfgstring, subtype);
	} else if (strcmp(slash, "/changer") != 0) {
		return refuse(error, cfgstring, subtype);
	}
	*ret_config = config;
	return TRUE;
}

gboolean unit_config_check(const char *cfgstring, const char *subtype, GError **error)
{
	struct unit_config config;
	struct library *library;
	gboolean ok = TRUE;

	if (!unit_config_parse(cfgstring, subtype, &config, error))
		return FALSE;
	library = library_open(config.library, LIBRARY_OPEN_READ, error);
	if (library == NULL)
		return FALSE;
	if (config.drive > library_element_count(library, ELEMENT_DRIVE)) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_NOT_FOUND,
			    "library %s has %u drives: there is no drive %u", config.library,
			    library_element_count(library, ELEMENT_DRIVE), config.drive);
		ok = FALSE;
	} else if (library_personality(library_config(library)) == NULL) {
		g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_INVALID,
			    "library %s: there is no personality \"%s\"", config.library,
			    library_config(library)->personality);
		ok = FALSE;
	}
	library_unref(library);
	return ok;
}
