/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h: the client half of org.tcmuvtl.Library1 and org.tcmuvtl.Policy1, for vtl and
 * vtl-policyd.
 *
 * All calls are synchronous and wait at most CONTROL_TIMEOUT_MS.  Load, Unload, SetDrive, Alert and
 * Move wait for the command that the drive is at, which may take hours (ERASE): where the time is
 * over before, the call goes on in the service all the same.  A client may be used from any thread.
 * FALSE sets @error to CONTROL_ERROR (bus.h): CONTROL_ERROR_UNREACHABLE where nobody serves the
 * name (Policy1 is started by the bus if it can), CONTROL_ERROR_TIMED_OUT where no answer came in
 * time, the other codes as the service answered.  Messages need no prefix to be shown to people.
 *
 * Lists come as GVariants of type aa{sv}, whose keys lib/control/org.tcmuvtl.xml names; the caller
 * unrefs them.  control_entry_string() and its sisters read one field of an entry.
 */
#ifndef VTL_CONTROL_CLIENT_H
#define VTL_CONTROL_CLIENT_H

#include <gio/gio.h>
#include <stdint.h>

#include "lib/control/bus.h"

#define CONTROL_TIMEOUT_MS 25000

struct control_client;

/* Connects to the bus (bus.h says which); no service is asked yet. NULL and @error otherwise. */
struct control_client *control_client_new(GError **error);
void control_client_free(struct control_client *client); /* NULL is allowed */
/* Another time than CONTROL_TIMEOUT_MS for the calls from now on; not while one runs. */
void control_client_set_timeout(struct control_client *client, int timeout_ms);

/* TRUE while a process owns the name (CONTROL_LIBRARY_NAME, CONTROL_POLICY_NAME); starts nothing.
 */
gboolean control_is_served(struct control_client *client, const char *name);

/* ---- org.tcmuvtl.Library1 ---- */

/* g_strfreev(). */
gboolean control_list_libraries(struct control_client *client, char ***ret_names, GError **error);
gboolean control_list_elements(struct control_client *client, const char *library,
			       GVariant **ret_elements, GError **error);
/* Drives count from 1. */
gboolean control_load(struct control_client *client, const char *library, const char *barcode,
		      unsigned drive, GError **error);
gboolean control_unload(struct control_client *client, const char *library, unsigned drive,
			gboolean force, GError **error);
/* @option is "realistic" or "cleaning". */
gboolean control_set_drive(struct control_client *client, const char *library, unsigned drive,
			   const char *option, gboolean on, GError **error);
/* Raises TapeAlert flags and takes others away (bits, flag 1 is bit 0); *ret_flags: those on now.
 */
gboolean control_alert(struct control_client *client, const char *library, unsigned drive,
		       uint64_t set, uint64_t clear, uint64_t *ret_flags, GError **error);
gboolean control_move(struct control_client *client, const char *library, uint16_t source,
		      uint16_t destination, GError **error);
gboolean control_import(struct control_client *client, const char *library, const char *barcode,
			gboolean mail_slot, GError **error);
/* Out of a slot or mail slot; CONTROL_ERROR_BUSY where it is in a drive. */
gboolean control_export(struct control_client *client, const char *library, const char *barcode,
			GError **error);
/* Drives look again at cartridges under recall. */
gboolean control_poll(struct control_client *client, const char *library, GError **error);

/* ---- org.tcmuvtl.Policy1 ---- */

gboolean control_migrate(struct control_client *client, const char *library, const char *barcode,
			 uint64_t *ret_job, GError **error);
gboolean control_recall(struct control_client *client, const char *library, const char *barcode,
			uint64_t *ret_job, GError **error);
gboolean control_cancel(struct control_client *client, uint64_t job, GError **error);
/* Newest first; @limit 0 = all. */
gboolean control_list_jobs(struct control_client *client, unsigned limit, GVariant **ret_jobs,
			   GError **error);
/* g_free(). */
gboolean control_explain(struct control_client *client, const char *library, const char *barcode,
			 char **ret_text, GError **error);
gboolean control_list_physical(struct control_client *client, GVariant **ret_drives,
			       GError **error);
gboolean control_set_volume(struct control_client *client, const char *drive, const char *volume,
			    GError **error);

/* ---- signals ---- */

/* Any member may be NULL. Strings are borrowed for the call. */
struct control_watch_ops {
	void (*moved)(void *ctx, const char *library, const char *barcode, const char *source,
		      const char *destination);
	void (*drive_changed)(void *ctx, const char *library, unsigned drive, const char *state,
			      const char *barcode);
	void (*job_changed)(void *ctx, uint64_t job, const char *state);
	/* A service came (@served) or went; @name is CONTROL_LIBRARY_NAME or CONTROL_POLICY_NAME.
	 * What it signalled in between is lost: ask it anew. */
	void (*served)(void *ctx, const char *name, gboolean served);
};

/*
 * Calls @ops from the thread-default GMainContext of the caller while it runs, until
 * control_watch_stop() or control_client_free() in that same thread.  One watch per client.
 */
void control_watch(struct control_client *client, const struct control_watch_ops *ops, void *ctx);
void control_watch_stop(struct control_client *client);

/* ---- entries of a list: one field, or a neutral value where it is absent or of another type ----
 */

const char *control_entry_string(GVariant *entry, const char *key); /* ""; borrowed from @entry */
uint64_t control_entry_uint(GVariant *entry, const char *key);      /* 0; of type q, u, t or y */
int64_t control_entry_time(GVariant *entry, const char *key);       /* 0; of type x */
gboolean control_entry_bool(GVariant *entry, const char *key);      /* FALSE */

/* ---- physical tapes that were not written by us: org.tcmuvtl.Policy1, ImportVolume ---- */

/* Reads the tape in the physical drive @drive into the new cartridge @barcode.  @is_copy: the tape
 * is kept, and counts as a verified copy of it. */
gboolean control_import_volume(struct control_client *client, const char *drive,
			       const char *library, const char *barcode, gboolean is_copy,
			       uint64_t *ret_job, GError **error);

#endif
