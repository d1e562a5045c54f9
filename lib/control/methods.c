/* SPDX-License-Identifier: Apache-2.0 */
/* methods.c: the methods of org.tcmuvtl.Library1; they run in the server's thread. */
#include <errno.h>
#include <string.h>

#include "lib/control/bus.h"
#include "lib/control/internal.h"

typedef GDBusMethodInvocation Call; /* the generated signatures are long enough */

static struct library *find(Call *call, const char *name)
{
	struct library *library = server_find(name);

	if (library == NULL)
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			"library \"%s\" is not online: \"vtl-lio setup %s\" puts it there", name,
			name);
	return library;
}

/* Answers with an error and returns true where @r is one. @what: "TAP001 to drive 1". */
static bool failed(Call *call, int r, const char *what)
{
	int code = CONTROL_ERROR_FAILED;

	if (r == 0)
		return false;
	if (r == LIBRARY_E_NO_ELEMENT || r == LIBRARY_E_SOURCE_EMPTY)
		code = CONTROL_ERROR_NOT_FOUND;
	else if (r > 0)
		code = CONTROL_ERROR_BUSY;
	g_dbus_method_invocation_return_error(call, CONTROL_ERROR, code, "%s: %s", what,
					      r > 0 ? library_outcome_name(r) : g_strerror(-r));
	return true;
}

/* ---- lists ---- */

static const char *const type_words[] = {
	[ELEMENT_TRANSPORT] = "transport",
	[ELEMENT_STORAGE] = "slot",
	[ELEMENT_MAIL] = "mail-slot",
	[ELEMENT_DRIVE] = "drive",
};

static void add(GVariantBuilder *b, const char *key, GVariant *value)
{
	g_variant_builder_add(b, "{sv}", key, value);
}

static void add_element(struct library *library, GVariantBuilder *list,
			const struct library_element *e, unsigned number)
{
	char source[LIBRARY_LABEL_SIZE], serial[LIBRARY_SERIAL_SIZE];
	GVariantBuilder b;

	g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
	add(&b, "type", g_variant_new_string(type_words[e->type]));
	add(&b, "number", g_variant_new_uint32(number));
	add(&b, "address", g_variant_new_uint16(e->address));
	if (e->full)
		add(&b, "barcode", g_variant_new_string(e->barcode));
	if (e->full && e->source_valid) {
		library_label(e->source, source);
		add(&b, "source", g_variant_new_string(source));
	}
	if (e->type == ELEMENT_DRIVE) {
		add(&b, "state", g_variant_new_string(e->drive_state));
		add(&b, "prevented", g_variant_new_boolean(e->prevented));
		if (library_drive_serial(library, number, serial))
			add(&b, "serial", g_variant_new_string(serial));
	}
	g_variant_builder_add_value(list, g_variant_builder_end(&b));
}

static gboolean list_elements(VtlLibrary1 *object, Call *call, const char *name, gpointer data)
{
	static const enum library_element_type order[] = { ELEMENT_DRIVE, ELEMENT_MAIL,
							   ELEMENT_STORAGE, ELEMENT_TRANSPORT };
	struct library *library = find(call, name);
	GVariantBuilder list;

	(void)data;
	if (library == NULL)
		return TRUE;
	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	for (unsigned t = 0; t < G_N_ELEMENTS(order); t++) {
		unsigned count = library_element_count(library, order[t]);

		for (unsigned n = 1; n <= count; n++) {
			struct library_element e;
			uint16_t address;

			if (library_address(library, order[t], n, &address) &&
			    library_element(library, address, &e))
				add_element(library, &list, &e, n);
		}
	}
	library_unref(library);
	vtl_library1_complete_list_elements(object, call, g_variant_builder_end(&list));
	return TRUE;
}

static gboolean list_libraries(VtlLibrary1 *object, Call *call, gpointer data)
{
	g_auto(GStrv) names = server_names();

	(void)data;
	vtl_library1_complete_list_libraries(object, call, (const char *const *)names);
	return TRUE;
}

/* ---- moves ---- */

static bool drive_address(Call *call, struct library *library, unsigned drive, uint16_t *ret)
{
	if (library_address(library, ELEMENT_DRIVE, drive, ret))
		return true;
	g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
					      "library %s has no drive %u: it has drives 1 to %u",
					      library_name(library), drive,
					      library_element_count(library, ELEMENT_DRIVE));
	return false;
}

static gboolean load(VtlLibrary1 *object, Call *call, const char *name, const char *barcode,
		     unsigned drive, gpointer data)
{
	struct library *library = find(call, name);
	g_autofree char *what = g_strdup_printf("%s to drive %u", barcode, drive);
	uint16_t source, destination;

	(void)data;
	if (library == NULL)
		return TRUE;
	if (drive_address(call, library, drive, &destination)) {
		if (!library_find(library, barcode, &source))
			g_dbus_method_invocation_return_error(
				call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
				"there is no cartridge %s in library %s", barcode, name);
		else if (!failed(call, library_move(library, source, destination), what))
			vtl_library1_complete_load(object, call);
	}
	library_unref(library);
	return TRUE;
}

static bool is_empty(struct library *library, uint16_t address)
{
	struct library_element e;

	return library_element(library, address, &e) && !e.full;
}

/* Back to where it came from, else to the first free slot. */
static bool home(struct library *library, const struct library_element *e, uint16_t *ret_address)
{
	unsigned slots = library_element_count(library, ELEMENT_STORAGE);

	if (e->source_valid && is_empty(library, e->source)) {
		*ret_address = e->source;
		return true;
	}
	for (unsigned n = 1; n <= slots; n++)
		if (library_address(library, ELEMENT_STORAGE, n, ret_address) &&
		    is_empty(library, *ret_address))
			return true;
	return false;
}

static gboolean unload(VtlLibrary1 *object, Call *call, const char *name, unsigned drive,
		       gpointer data)
{
	struct library *library = find(call, name);
	g_autofree char *what = g_strdup_printf("drive %u", drive);
	uint16_t source, destination;
	struct library_element e;

	(void)data;
	if (library == NULL)
		return TRUE;
	if (drive_address(call, library, drive, &source)) {
		if (!library_element(library, source, &e) || !e.full)
			g_dbus_method_invocation_return_error(call, CONTROL_ERROR,
							      CONTROL_ERROR_NOT_FOUND,
							      "drive %u is empty", drive);
		else if (!home(library, &e, &destination))
			(void)failed(call, LIBRARY_E_DESTINATION_FULL, "every slot");
		else if (!failed(call, library_move(library, source, destination), what))
			vtl_library1_complete_unload(object, call);
	}
	library_unref(library);
	return TRUE;
}

static gboolean move(VtlLibrary1 *object, Call *call, const char *name, guint16 source,
		     guint16 destination, gpointer data)
{
	struct library *library = find(call, name);
	g_autofree char *what = g_strdup_printf("element %u to %u", source, destination);

	(void)data;
	if (library == NULL)
		return TRUE;
	if (!failed(call, library_move(library, source, destination), what))
		vtl_library1_complete_move(object, call);
	library_unref(library);
	return TRUE;
}

static gboolean import(VtlLibrary1 *object, Call *call, const char *name, const char *barcode,
		       gboolean mail_slot, gpointer data)
{
	struct library *library = find(call, name);
	uint16_t address;

	(void)data;
	if (library == NULL)
		return TRUE;
	if (!failed(call, library_import(library, barcode, mail_slot, &address), barcode))
		vtl_library1_complete_import(object, call);
	library_unref(library);
	return TRUE;
}

static gboolean poll(VtlLibrary1 *object, Call *call, const char *name, gpointer data)
{
	struct library *library = find(call, name);

	(void)data;
	if (library == NULL)
		return TRUE;
	library_poll(library);
	library_unref(library);
	vtl_library1_complete_poll(object, call);
	return TRUE;
}

VtlLibrary1 *methods_new(void)
{
	VtlLibrary1 *object = vtl_library1_skeleton_new();

	(void)g_signal_connect(object, "handle-list-libraries", G_CALLBACK(list_libraries), NULL);
	(void)g_signal_connect(object, "handle-list-elements", G_CALLBACK(list_elements), NULL);
	(void)g_signal_connect(object, "handle-load", G_CALLBACK(load), NULL);
	(void)g_signal_connect(object, "handle-unload", G_CALLBACK(unload), NULL);
	(void)g_signal_connect(object, "handle-move", G_CALLBACK(move), NULL);
	(void)g_signal_connect(object, "handle-import", G_CALLBACK(import), NULL);
	(void)g_signal_connect(object, "handle-poll", G_CALLBACK(poll), NULL);
	return object;
}
