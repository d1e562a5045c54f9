/* SPDX-License-Identifier: Apache-2.0 */
/* medium.c: --type and --kind, and whether a barcode says the same. */
#include <stdio.h>
#include <string.h>

#include "cli/vtl.h"
#include "lib/personality/personality.h"

/* ---- which medium ---- */

static const struct medium_row *of_name(const struct drive_model *drive, const char *name)
{
	for (unsigned i = 0; i < drive->media_cnt; i++)
		if (g_ascii_strcasecmp(drive->media[i].medium->name, name) == 0)
			return drive->media[i].medium;
	return NULL;
}

/* Of that kind and density; every cleaning cartridge is of any density. */
static const struct medium_row *of_kind(const struct drive_model *drive, uint8_t density,
					const char *kind)
{
	for (unsigned i = 0; i < drive->media_cnt; i++) {
		const struct medium_row *m = drive->media[i].medium;

		if (strcmp(medium_kind_name(m->kind), kind) == 0 &&
		    (m->density == density || m->kind == MEDIUM_CLEANING))
			return m;
	}
	return NULL;
}

static char *names(const struct drive_model *drive)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < drive->media_cnt; i++)
		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
				       drive->media[i].medium->name);
	return g_string_free(text, FALSE);
}

/* *ret_medium: the one that the options name; NULL where there are none. False after the message.
 */
static bool find(struct vtl *vtl, const struct drive_model *drive, uint8_t density,
		 const struct medium_row **ret_medium)
{
	const char *type = vtl_option(vtl, "type"), *kind = vtl_option(vtl, "kind");
	const struct medium_row *m = NULL;
	g_autofree char *all = names(drive);

	if (type != NULL) {
		m = of_name(drive, type);
		if (m == NULL) {
			(void)vtl_fail_code(VTL_USAGE,
					    "--type %s: the drives of this library take %s", type,
					    all);
			return false;
		}
		density = m->density;
	}
	if (kind != NULL && (m == NULL || strcmp(medium_kind_name(m->kind), kind) != 0)) {
		m = of_kind(drive, density, kind);
		if (m == NULL) {
			(void)vtl_fail_code(VTL_USAGE,
					    "--kind %s: use data, worm or cleaning, as far as the "
					    "drives of this library take it: %s",
					    kind, all);
			return false;
		}
	}
	*ret_medium = m;
	return true;
}

static void take(struct cart_params *p, const struct library_config *config,
		 const struct medium_row *m)
{
	static const enum cart_kind kinds[] = { [MEDIUM_DATA] = CART_DATA,
						[MEDIUM_WORM] = CART_WORM,
						[MEDIUM_CLEANING] = CART_CLEANING };
	bool same = m->density == p->density && p->kind != CART_CLEANING;

	p->density = m->density;
	p->medium_type = m->medium_type;
	p->kind = kinds[m->kind];
	p->cleanings = m->kind == MEDIUM_CLEANING ? m->cleanings : 0;
	if (m->kind == MEDIUM_CLEANING) {
		p->capacity_bytes = p->early_warning_bytes = 0;
	} else if (!same && !config->capacity_given) {
		p->capacity_bytes = m->capacity_bytes;
		p->early_warning_bytes = m->early_warning_bytes > 0 ? m->early_warning_bytes
								    : m->capacity_bytes / 100;
	}
}

/* ---- what the barcode says ---- */

/* Also generations that the drives of the library do not know. */
static const struct medium_row *of_barcode(const struct drive_model *drive, const char *barcode)
{
	static const char *const generations[] = { "LTO-1", "LTO-2", "LTO-3", "LTO-4", "LTO-5",
						   "LTO-6", "LTO-7", "LTO-8", "LTO-9", "LTO-10" };
	const struct medium_row *m = drive_medium_of_barcode(drive, barcode);

	for (size_t i = 0; m == NULL && i < G_N_ELEMENTS(generations); i++) {
		const struct medium_row *one = medium_find(generations[i]);

		if (one != NULL && one->suffix[0] != '\0' &&
		    strlen(barcode) > strlen(one->suffix) && g_str_has_suffix(barcode, one->suffix))
			m = one;
	}
	return m;
}

static const struct medium_row *of_params(const struct drive_model *drive,
					  const struct cart_params *p)
{
	return p->kind == CART_CLEANING ? of_kind(drive, 0, medium_kind_name(MEDIUM_CLEANING))
					: drive_medium(drive, p->density, p->medium_type);
}

static void warn(const struct drive_model *drive, const struct cart_params *p)
{
	const struct medium_row *says = of_barcode(drive, p->barcode), *is = of_params(drive, p);
	bool cleans = says != NULL && says->kind == MEDIUM_CLEANING;

	if (is == NULL || says == is || (says == NULL && p->kind == CART_DATA))
		return;
	if (cleans && p->kind == CART_CLEANING)
		return;
	if (says == NULL)
		(void)fprintf(stderr,
			      "vtl: warning: cartridge %s is %s, and its barcode does not say so: "
			      "programs that go by barcodes take it for another one%s%s\n",
			      p->barcode, is->name, is->suffix[0] != '\0' ? "; end it with " : "",
			      is->suffix);
	else
		(void)fprintf(stderr,
			      "vtl: warning: cartridge %s is %s, but its barcode says %s: programs "
			      "that go by barcodes take it for that\n",
			      p->barcode, is->name, says->name);
}

bool medium_option(struct vtl *vtl, const struct library_config *config, const char *barcode,
		   struct cart_params *ret_params)
{
	const struct personality *persona = library_personality(config);
	const struct medium_row *m = NULL;

	library_cartridge_params(config, barcode, ret_params);
	if (persona == NULL)
		return true; /* nothing knows any medium; the library itself says so */
	if (!find(vtl, persona->drive,
		  ret_params->kind == CART_CLEANING ? config->density : ret_params->density, &m))
		return false;
	if (m != NULL)
		take(ret_params, config, m);
	if (m != NULL || strcmp(vtl->command->verb, "create") == 0)
		warn(persona->drive, ret_params);
	return true;
}
