/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c: one field of a dictionary a{sv} that came over the bus; whatever came, a value is given.
 */
#include "lib/control/client.h"

static GVariant *field(GVariant *entry, const char *key)
{
	return g_variant_lookup_value(entry, key, NULL);
}

const char *control_entry_string(GVariant *entry, const char *key)
{
	const char *text = "";

	/* "&s" borrows from the serialised entry, which the caller holds */
	(void)g_variant_lookup(entry, key, "&s", &text);
	return text;
}

uint64_t control_entry_uint(GVariant *entry, const char *key)
{
	g_autoptr(GVariant) value = field(entry, key);

	if (value == NULL)
		return 0;
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
		return g_variant_get_uint64(value);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
		return g_variant_get_uint32(value);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT16))
		return g_variant_get_uint16(value);
	if (g_variant_is_of_type(value, G_VARIANT_TYPE_BYTE))
		return g_variant_get_byte(value);
	return 0;
}

int64_t control_entry_time(GVariant *entry, const char *key)
{
	gint64 time = 0;

	(void)g_variant_lookup(entry, key, "x", &time);
	return time;
}

gboolean control_entry_bool(GVariant *entry, const char *key)
{
	gboolean value = FALSE;

	(void)g_variant_lookup(entry, key, "b", &value);
	return value;
}
