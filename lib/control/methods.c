/* SPDX-License-Identifier: Apache-2.0 */
/*
 * methods.c: the methods of org.tcmuvtl.Library1.
 *
 * What answers at once runs in the server's thread.  What calls a drive (slow_methods) may wait for
 * hours, for the command that the drive is at: it runs in a thread of its own, so that lists and
 * other drives are served meanwhile.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
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

/* What library_move() returned, as a sentence; g_free(). */
static char *reason(struct library *library, enum library_outcome outcome, uint16_t source,
		    uint16_t destination)
{
	const char *name = library_name(library);
	char from[LIBRARY_LABEL_SIZE], to[LIBRARY_LABEL_SIZE];
	struct library_element e = { .type = ELEMENT_TRANSPORT };

	library_label(source, from);
	library_label(destination, to);
	switch (outcome) {
	case LIBRARY_E_NO_ELEMENT:
		return g_strdup_printf("library %s cannot move between element %u and element %u "
				       "(vtl library status %s shows those it has)",
				       name, source, destination, name);
	case LIBRARY_E_SOURCE_EMPTY:
		return g_strdup_printf("library %s: %s is empty", name, from);
	case LIBRARY_E_DESTINATION_FULL:
		(void)library_element(library, destination, &e);
		return g_strdup_printf("library %s: %s holds %s; move that one away first", name,
				       to, e.full ? e.barcode : "a cartridge");
	case LIBRARY_E_PREVENTED:
		return g_strdup_printf("library %s: a host prevents the removal from %s; end its "
				       "job or unload there first (mt offline), or take it out all "
				       "the same (vtl drive unload --force)",
				       name, from);
	case LIBRARY_E_BUSY:
		return g_strdup_printf(
			"library %s: a host is at work on %s: a command runs or has "
			"just ended, or no filemark follows yet what was written; "
			"wait for its job, unload there (mt offline), or take it out "
			"all the same (vtl drive unload --force): then the job fails",
			name, from);
	case LIBRARY_E_RESERVED:
		return g_strdup_printf("library %s: a host has reserved %s; release it there, or "
				       "take it out all the same (vtl drive unload --force)",
				       name, from);
	case LIBRARY_E_DRIVE_FAILED:
		return g_strdup_printf("library %s: %s could not write all it has to the pool %s "
				       "and keeps its cartridge; free space there and try again",
				       name, from, library_pool(library));
	case LIBRARY_E_NOT_OWNER:
		return g_strdup_printf("library %s was destroyed while it was in use: restart "
				       "tcmu-runner",
				       name);
	case LIBRARY_E_INCOMPATIBLE:
		return g_strdup_printf("library %s: %s does not take the medium in %s", name, to,
				       from);
	}
	return g_strdup_printf("library %s: %s", name, library_outcome_name((int)outcome));
}

/* Answers with an error and returns true where @r, of library_move(), is one. */
static bool failed(Call *call, struct library *library, int r, uint16_t source,
		   uint16_t destination)
{
	g_autofree char *text = NULL;
	int code = CONTROL_ERROR_BUSY;

	if (r == 0)
		return false;
	if (r < 0)
		text = g_strdup_printf("library %s: the inventory could not be saved and nothing "
				       "moved: %s",
				       library_name(library), g_strerror(-r));
	else
		text = reason(library, (enum library_outcome)r, source, destination);
	if (r == LIBRARY_E_NO_ELEMENT)
		code = CONTROL_ERROR_NOT_FOUND;
	else if (r < 0 || r == LIBRARY_E_DRIVE_FAILED || r == LIBRARY_E_NOT_OWNER)
		code = CONTROL_ERROR_FAILED;
	g_dbus_method_invocation_return_error_literal(call, CONTROL_ERROR, code, text);
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
		for (unsigned o = 0; o < LIBRARY_DRIVE_OPTIONS; o++)
			add(&b, library_option_name(o),
			    g_variant_new_boolean(library_drive_option(library, number, o)));
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

static void load(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments)
{
	uint16_t source, destination;
	const char *barcode;
	unsigned drive;

	g_variant_get(arguments, "(&s&su)", NULL, &barcode, &drive);
	if (!drive_address(call, library, drive, &destination))
		return;
	if (!library_find(library, barcode, &source))
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			"library %s holds no cartridge %s (vtl cartridge import takes one in "
			"from the pool)",
			library_name(library), barcode);
	else if (!failed(call, library, library_move(library, source, destination), source,
			 destination))
		vtl_library1_complete_load(object, call);
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

static void unload(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments)
{
	const char *name = library_name(library);
	uint16_t source, destination;
	struct library_element e;
	gboolean force;
	unsigned drive;

	g_variant_get(arguments, "(&sub)", NULL, &drive, &force);
	if (!drive_address(call, library, drive, &source))
		return;
	if (!library_element(library, source, &e) || !e.full)
		g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
						      "library %s: drive %u is empty", name, drive);
	else if (!home(library, &e, &destination))
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
			"library %s has no free slot for %s; move a cartridge to a mail slot first",
			name, e.barcode);
	else if (!failed(call, library, library_take_out(library, source, destination, force),
			 source, destination))
		vtl_library1_complete_unload(object, call);
}

static void set_drive(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments)
{
	const char *name = library_name(library), *word;
	unsigned drive, option = 0;
	uint16_t address;
	gboolean on;
	int r;

	g_variant_get(arguments, "(&su&sb)", NULL, &drive, &word, &on);
	if (!drive_address(call, library, drive, &address))
		return;
	while (option < LIBRARY_DRIVE_OPTIONS && strcmp(word, library_option_name(option)) != 0)
		option++;
	if (option == LIBRARY_DRIVE_OPTIONS) {
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			"drives have no option \"%s\": use realistic or cleaning", word);
		return;
	}
	r = library_set_drive_option(library, drive, option, on);
	if (r < 0)
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_FAILED,
			"the description of library %s could not be saved, and nothing changed: %s; "
			"mend that in %s/%s and try again",
			name, g_strerror(-r), library_state_dir(), name);
	else if (!failed(call, library, r, address, address))
		vtl_library1_complete_set_drive(object, call);
}

static void alert(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments)
{
	const char *name = library_name(library);
	uint64_t set, clear, flags = 0;
	uint16_t address;
	unsigned drive;

	g_variant_get(arguments, "(&sutt)", NULL, &drive, &set, &clear);
	if (!drive_address(call, library, drive, &address))
		return;
	if (library_drive_alert(library, drive, set, clear, &flags) == 0)
		vtl_library1_complete_alert(object, call, flags);
	else
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			"drive %u of library %s is not online, or has no TapeAlert flags: "
			"\"vtl-lio setup %s\" puts it there",
			drive, name, name);
}

static void move(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments)
{
	uint16_t source, destination;

	g_variant_get(arguments, "(&sqq)", NULL, &source, &destination);
	if (!failed(call, library, library_move(library, source, destination), source, destination))
		vtl_library1_complete_move(object, call);
}

static void import_refused(Call *call, struct library *library, int r, const char *barcode,
			   gboolean mail_slot)
{
	const char *name = library_name(library);

	if (r == LIBRARY_E_DESTINATION_FULL)
		g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
						      "library %s has no free %s for %s", name,
						      mail_slot ? "mail slot" : "slot", barcode);
	else if (r == LIBRARY_E_SOURCE_EMPTY)
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			"there is no cartridge %s in the pool %s (vtl cartridge create makes one)",
			barcode, library_pool(library));
	else if (r == -EEXIST)
		g_dbus_method_invocation_return_error(call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
						      "cartridge %s is in library %s already",
						      barcode, name);
	else
		(void)failed(call, library, r, 0, 0);
}

static gboolean import(VtlLibrary1 *object, Call *call, const char *name, const char *barcode,
		       gboolean mail_slot, gpointer data)
{
	struct library *library = find(call, name);
	uint16_t address;
	int r;

	(void)data;
	if (library == NULL)
		return TRUE;
	r = library_import(library, barcode, mail_slot, &address);
	if (r == 0)
		vtl_library1_complete_import(object, call);
	else
		import_refused(call, library, r, barcode, mail_slot);
	library_unref(library);
	return TRUE;
}

static gboolean export(VtlLibrary1 *object, Call *call, const char *name, const char *barcode,
		       gpointer data)
{
	struct library *library = find(call, name);
	int r;

	(void)data;
	if (library == NULL)
		return TRUE;
	r = library_export(library, barcode);
	if (r == 0)
		vtl_library1_complete_export(object, call);
	else if (r == LIBRARY_E_SOURCE_EMPTY)
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_NOT_FOUND,
			"library %s holds no cartridge %s (vtl cartridge list shows where all are)",
			name, barcode);
	else if (r == -EBUSY)
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
			"library %s: cartridge %s is in a drive, or on its way: vtl drive unload "
			"first",
			name, barcode);
	else
		(void)failed(call, library, r, 0, 0);
	library_unref(library);
	return TRUE;
}

static void poll(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments)
{
	(void)arguments;
	library_poll(library);
	vtl_library1_complete_poll(object, call);
}

/* ---- methods that wait for drives ---- */

#define SLOW_MAX 1024 /* at the same time; more wait for their turn */

/* So many may wait for one element, a drive that is at a command or what a robot there holds; more
 * are refused, or those for one drive were in the way of all the others. */
#define WAITING_MAX 8

static const struct slow_method {
	const char *name;
	void (*run)(VtlLibrary1 *object, Call *call, struct library *library, GVariant *arguments);
} slow_methods[] = {
	{ "Load", load },   { "Unload", unload }, { "SetDrive", set_drive },
	{ "Alert", alert }, { "Move", move },     { "Poll", poll },
};

struct slow_call {
	VtlLibrary1 *object;     /* a reference */
	Call *call;              /* owned; the answer takes it */
	struct library *library; /* a reference */
	uint16_t elements[2];    /* what it names: drives, and the addresses of a move */
	unsigned elements_cnt;
	struct slow_call *next; /* of those under way */
};

static struct {
	pthread_mutex_t lock;
	struct slow_call *first; /* borrowed */
} under_way = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* An argument of type u is the number of a drive, one of type q an address. */
static void note_elements(struct slow_call *slow)
{
	GVariant *arguments = g_dbus_method_invocation_get_parameters(slow->call);

	for (gsize i = 0; i < g_variant_n_children(arguments) &&
			  slow->elements_cnt < G_N_ELEMENTS(slow->elements);
	     i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(arguments, i);
		uint16_t *address = &slow->elements[slow->elements_cnt];

		if (g_variant_is_of_type(one, G_VARIANT_TYPE_UINT16)) {
			*address = g_variant_get_uint16(one);
			slow->elements_cnt++;
		} else if (g_variant_is_of_type(one, G_VARIANT_TYPE_UINT32) &&
			   library_address(slow->library, ELEMENT_DRIVE, g_variant_get_uint32(one),
					   address)) {
			slow->elements_cnt++;
		}
	}
}

static bool names(const struct slow_call *slow, uint16_t element)
{
	for (unsigned i = 0; i < slow->elements_cnt; i++)
		if (slow->elements[i] == element)
			return true;
	return false;
}

/* False where too many are under way for an element of @slow: *ret_element. */
static bool slow_begin(struct slow_call *slow, uint16_t *ret_element)
{
	bool good = true;

	(void)pthread_mutex_lock(&under_way.lock);
	for (unsigned i = 0; good && i < slow->elements_cnt; i++) {
		unsigned waiting = 0;

		for (struct slow_call *o = under_way.first; o != NULL; o = o->next)
			waiting += o->library == slow->library && names(o, slow->elements[i]);
		good = waiting < WAITING_MAX;
		*ret_element = slow->elements[i];
	}
	if (good) {
		slow->next = under_way.first;
		under_way.first = slow;
	}
	(void)pthread_mutex_unlock(&under_way.lock);
	return good;
}

static void slow_end(struct slow_call *slow)
{
	struct slow_call **link = &under_way.first;

	(void)pthread_mutex_lock(&under_way.lock);
	while (*link != slow)
		link = &(*link)->next;
	*link = slow->next;
	(void)pthread_mutex_unlock(&under_way.lock);
}

static void slow_free(struct slow_call *slow)
{
	library_unref(slow->library);
	g_object_unref(slow->object);
	g_free(slow);
}

static const struct slow_method *slow_method_of(const struct slow_call *slow)
{
	const char *name = g_dbus_method_invocation_get_method_name(slow->call);
	const struct slow_method *row = slow_methods;

	while (strcmp(row->name, name) != 0) /* methods_new() connects none that has no row */
		row++;
	return row;
}

static void slow_run(gpointer data, gpointer ignored)
{
	struct slow_call *slow = data;
	sigset_t all, old;

	(void)ignored;
	/* those of the process are for the threads of tcmu-runner */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	slow_method_of(slow)->run(slow->object, slow->call, slow->library,
				  g_dbus_method_invocation_get_parameters(slow->call));
	/* with the answer the call and its arguments are gone */
	slow_end(slow);
	slow_free(slow);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

GThreadPool *methods_pool(void)
{
	return g_thread_pool_new(slow_run, NULL, SLOW_MAX, FALSE, NULL); /* fails only exclusive */
}

/* The handler of all of them: they begin with the library's name; slow_run() takes the rest. */
static gboolean slow_method(VtlLibrary1 *object, Call *call, const char *name)
{
	struct library *library = find(call, name);
	char label[LIBRARY_LABEL_SIZE];
	struct slow_call *slow;
	uint16_t busy;

	if (library == NULL)
		return TRUE;
	slow = g_new0(struct slow_call, 1);
	*slow = (struct slow_call){ .object = g_object_ref(object),
				    .call = call,
				    .library = library };
	note_elements(slow);
	if (!slow_begin(slow, &busy)) {
		library_label(busy, label);
		g_dbus_method_invocation_return_error(
			call, CONTROL_ERROR, CONTROL_ERROR_BUSY,
			"library %s: %d calls wait for %s already: it is at a command that takes "
			"long; try again when that has ended",
			library_name(library), WAITING_MAX, label);
		slow_free(slow);
		return TRUE;
	}
	/* where no thread can be made now, it stays queued for the next one that ends */
	(void)g_thread_pool_push(server_pool(), slow, NULL);
	return TRUE;
}

VtlLibrary1 *methods_new(void)
{
	VtlLibrary1 *object = vtl_library1_skeleton_new();

	(void)g_signal_connect(object, "handle-list-libraries", G_CALLBACK(list_libraries), NULL);
	(void)g_signal_connect(object, "handle-list-elements", G_CALLBACK(list_elements), NULL);
	(void)g_signal_connect(object, "handle-load", G_CALLBACK(slow_method), NULL);
	(void)g_signal_connect(object, "handle-unload", G_CALLBACK(slow_method), NULL);
	(void)g_signal_connect(object, "handle-set-drive", G_CALLBACK(slow_method), NULL);
	(void)g_signal_connect(object, "handle-alert", G_CALLBACK(slow_method), NULL);
	(void)g_signal_connect(object, "handle-move", G_CALLBACK(slow_method), NULL);
	(void)g_signal_connect(object, "handle-import", G_CALLBACK(import), NULL);
	(void)g_signal_connect(object, "handle-poll", G_CALLBACK(slow_method), NULL);
	(void)g_signal_connect(object, "handle-export", G_CALLBACK(export), NULL);
	return object;
}
