/* SPDX-License-Identifier: Apache-2.0 */
/* support_pages.c: see support_pages.h. */
#include "tests/scsi/support_pages.h"

#include <stdio.h>

#include <glib.h>

#include "handlers/changer/internal.h"
#include "handlers/tape/internal.h"

enum kind {
	MODE,
	LOG,
	VPD,
	KINDS,
};

static const char *const kinds[KINDS] = { "mode", "log", "VPD" };

/* A page of the standards or of a maker; why: what there is instead of it. */
struct page {
	enum kind kind;
	uint8_t code, subpage;
	const char *name, *why;
};

#define NO_PORT   "TCMU does not say through which port of LIO a command came, nor which there are"
#define NO_RETRY  "nothing is retried or over-run: pages 02h and 03h have what can go wrong"
#define NO_LAYOUT "no source for its layout was at hand"
#define NO_MOTION "there is no mechanism to measure"
#define FOR_DISKS "for disks"
#define FOR_ADC \
	"for the automation port of a drive, which is not there: the changer and its drives are one process"

/* clang-format off */
static const struct page of_both[] = {
	{ MODE, 0x02, 0, "disconnect-reconnect", "the fabric decides" },
	{ MODE, 0x0a, 0, "control", NULL },
	{ MODE, 0x0a, 0x01, "control extension", "the clock of a changer is set by SET TIMESTAMP alone" },
	{ MODE, 0x0a, 0x02, "application tag", FOR_DISKS },
	{ MODE, 0x0a, 0x03, "command duration limit A (and 04h, 07h, 08h)", FOR_DISKS },
	{ MODE, 0x15, 0, "extended", "no subpage of it is specified for tape" },
	{ MODE, 0x16, 0, "extended device-type specific", "no subpage of it is specified for tape" },
	{ MODE, 0x18, 0, "protocol specific logical unit", NO_PORT },
	{ MODE, 0x19, 0, "protocol specific port", NO_PORT },
	{ MODE, 0x1a, 0, "power condition", "a changer is always active" },
	{ MODE, 0x1a, 0x01, "power consumption", "nothing is consumed that could be measured" },
	{ MODE, 0x1c, 0, "informational exceptions control", "exceptions of a changer are in TapeAlert" },
	{ LOG, 0x00, 0, "supported pages (FFh: and subpages)", NULL },
	{ LOG, 0x01, 0, "buffer over-run and under-run", NO_RETRY },
	{ LOG, 0x06, 0, "non-medium error", NO_RETRY },
	{ LOG, 0x07, 0, "last n error events", "page 16h of a drive has them; a changer has only TapeAlert" },
	{ LOG, 0x0b, 0, "last n deferred errors", "page 16h of a drive has them; a changer has only TapeAlert" },
	{ LOG, 0x0d, 0, "temperature", "there is nothing to measure" },
	{ LOG, 0x0d, 0x01, "environmental reporting (02h: limits)", "there is nothing to measure" },
	{ LOG, 0x0e, 0, "start-stop cycle counter", NO_MOTION },
	{ LOG, 0x0f, 0, "application client", "hosts have attributes of the medium for it" },
	{ LOG, 0x10, 0, "self-test results", NULL },
	{ LOG, 0x18, 0, "protocol specific port", NO_PORT },
	{ LOG, 0x19, 0, "general statistics and performance", "pages 0Ch, 14h and 17h of a drive have the counters; a changer keeps none" },
	{ LOG, 0x1a, 0, "power condition transitions", "there are none" },
	{ LOG, 0x2e, 0, "TapeAlert", NULL },
	{ LOG, 0x2f, 0, "informational exceptions", "TapeAlert has them" },
	{ VPD, 0x00, 0, "supported pages", NULL },
	{ VPD, 0x80, 0, "unit serial number", NULL },
	{ VPD, 0x83, 0, "device identification", NULL },
	{ VPD, 0x84, 0, "software interface identification", "no such interface is defined for tape" },
	{ VPD, 0x85, 0, "management network addresses", "a unit has no address of its own, and the machine's are nobody's business on the fabric" },
	{ VPD, 0x86, 0, "extended INQUIRY data", NULL },
	{ VPD, 0x87, 0, "mode page policy", NULL },
	{ VPD, 0x88, 0, "SCSI ports", NO_PORT },
	{ VPD, 0x89, 0, "ATA information", FOR_DISKS },
	{ VPD, 0x8a, 0, "power condition", "a unit is always active" },
	{ VPD, 0x8b, 0, "device constituents", "a unit is made of no others" },
	{ VPD, 0x8c, 0, "CFA profile information", FOR_DISKS },
	{ VPD, 0x8d, 0, "power consumption", "nothing is consumed that could be measured" },
	{ VPD, 0x8f, 0, "third-party copy", "there is no copy manager" },
	{ VPD, 0x90, 0, "protocol specific logical unit information", NO_PORT },
	{ VPD, 0x91, 0, "protocol specific port information", NO_PORT },
	{ VPD, 0x92, 0, "SCSI feature sets", "no feature set is registered for tape" },
};

static const struct page of_drive[] = {
	{ MODE, 0x01, 0, "read-write error recovery", NULL },
	{ MODE, 0x0a, 0xf0, "control data protection", NULL },
	{ MODE, 0x0e, 0x01, "ADC target device (02h, 03h, 04h: ports and unit)", FOR_ADC },
	{ MODE, 0x0f, 0, "data compression", NULL },
	{ MODE, 0x10, 0, "device configuration", NULL },
	{ MODE, 0x10, 0x01, "device configuration extension", NULL },
	{ MODE, 0x11, 0, "medium partition", NULL },
	{ MODE, 0x12, 0, "medium partition (2) to (4), 12h to 14h", "obsolete: page 11h has all partitions" },
	{ MODE, 0x1d, 0, "medium configuration", NULL },
	{ MODE, 0x21, 0, "drive capabilities control (Quantum LTO-3, LTO-4)", "tests of the factory, and what the library's description says" },
	{ MODE, 0x22, 0, "interface control (Quantum LTO)", NO_PORT },
	{ MODE, 0x23, 0, "medium sense (IBM 3592): write protection and capacity scaling, the rest 0", NULL },
	{ MODE, 0x24, 0, "data encryption (IBM LTO)", NULL },
	{ MODE, 0x25, 0, "read/write control (IBM): the format of the next FORMAT MEDIUM; other bits are kept for the host", NULL },
	{ MODE, 0x30, 0x20, "encryption mode (IBM; 42h: end of partition, 44h: preferred cartridge type)", NO_LAYOUT },
	{ MODE, 0x31, 0, "AIT device configuration (Sony)", NULL },
	{ MODE, 0x32, 0, "append partition, delete partition (Sony, 32h and 33h)", "an AIT drive here has one partition" },
	{ MODE, 0x3e, 0, "EEPROM (DLT)", "there is no EEPROM: what a drive keeps are saved pages and its personality" },
	{ LOG, 0x02, 0, "write error counters", NULL },
	{ LOG, 0x03, 0, "read error counters", NULL },
	{ LOG, 0x04, 0, "read reverse error counters", "page 03h counts both directions" },
	{ LOG, 0x05, 0, "verify error counters", "page 03h counts what VERIFY finds" },
	{ LOG, 0x08, 0, "format status", FOR_DISKS },
	{ LOG, 0x0c, 0, "sequential-access device", NULL },
	{ LOG, 0x11, 0, "DT device status", NULL },
	{ LOG, 0x12, 0, "TapeAlert response", NULL },
	{ LOG, 0x13, 0, "requested recovery", NULL },
	{ LOG, 0x14, 0, "device statistics", NULL },
	{ LOG, 0x15, 0, "service buffers information", FOR_ADC },
	{ LOG, 0x16, 0, "tape diagnostic data", NULL },
	{ LOG, 0x17, 0, "volume statistics", NULL },
	{ LOG, 0x1b, 0, "data compression", NULL },
	{ LOG, 0x2d, 0, "current service information", FOR_ADC },
	{ LOG, 0x30, 0, "tape usage (LTO)", NULL },
	{ LOG, 0x31, 0, "tape capacity (LTO)", NULL },
	{ LOG, 0x32, 0, "data compression (LTO)", NULL },
	{ LOG, 0x33, 0, "write errors (IBM)", NO_LAYOUT },
	{ LOG, 0x34, 0, "read errors (IBM); performance (HP)", "IBM's: " NO_LAYOUT "; HP's: repositions and rates are not measured" },
	{ LOG, 0x37, 0, "performance characteristics (IBM): media efficiency alone", NULL },
	{ LOG, 0x37, 0x64, "performance characteristics, capacity of this mount (IBM): what writing twice lost alone", NULL },
	{ LOG, 0x38, 0, "blocks and bytes transferred (IBM)", NO_LAYOUT "; 0Ch and 17h count them" },
	{ LOG, 0x3c, 0, "device wellness (DLT)", "log page 16h has the last errors" },
	{ LOG, 0x3e, 0, "device status (HP, DLT); tape device statistics (Quantum)", NULL },
	{ VPD, 0xb0, 0, "sequential-access device capabilities", NULL },
	{ VPD, 0xb1, 0, "manufacturer-assigned serial number", NULL },
	{ VPD, 0xb2, 0, "TapeAlert supported flags", NULL },
	{ VPD, 0xb3, 0, "automation device serial number", NULL },
	{ VPD, 0xb4, 0, "data transfer device element address", NULL },
	{ VPD, 0xb5, 0, "logical block protection", NULL },
	{ VPD, 0xc1, 0, "subsystem components (DLT), serial numbers (3592)", NO_LAYOUT },
	{ VPD, 0xc6, 0, "IO firmware, HI glue logic (HP, C6h and C7h)", "there are no such parts" },
	{ VPD, 0xc7, 0, "device unique configuration (IBM LTO)", NO_LAYOUT },
	{ VPD, 0xc8, 0, "device capabilities (HPE)", NO_LAYOUT },
	{ VPD, 0xdf, 0, "drive status (Certance LTO-1)", "an extract of other pages; there is no drive of that model" },
};

static const struct page of_changer[] = {
	{ MODE, 0x1d, 0, "element address assignment", NULL },
	{ MODE, 0x1e, 0, "transport geometry", NULL },
	{ MODE, 0x1f, 0, "device capabilities", NULL },
	{ MODE, 0x1f, 0x41, "extended device capabilities", "nothing of it is there: no inversion, no doors" },
	{ LOG, 0x14, 0, "medium changer statistics", "moves are not counted" },
	{ LOG, 0x15, 0, "element statistics (16h: diagnostic data)", NO_MOTION },
	{ VPD, 0xd0, 0, "vendor specific (3573; FFh too)", NO_LAYOUT },
};
/* clang-format on */

/* ---- what is there ---- */

struct found {
	enum kind kind;
	uint8_t code, subpage;
};

/* The @i-th page that @t has; false behind the last. */
static bool page_at(const struct scsi_tables *t, unsigned i, struct found *ret)
{
	static const uint8_t always[] = { 0x00, 0x80, 0x83 };

	if (i < t->mode_pages_cnt) {
		*ret = (struct found){ MODE, t->mode_pages[i].code, t->mode_pages[i].subpage };
		return true;
	}
	i -= t->mode_pages_cnt;
	if (i == 0) {
		*ret = (struct found){ LOG, 0x00, 0 };
		return true;
	}
	if (--i < t->log_pages_cnt) {
		*ret = (struct found){ LOG, t->log_pages[i].code, t->log_pages[i].subpage };
		return true;
	}
	i -= t->log_pages_cnt;
	if (i < G_N_ELEMENTS(always)) {
		*ret = (struct found){ VPD, always[i], 0 };
		return true;
	}
	i -= (unsigned)G_N_ELEMENTS(always);
	if (i >= t->vpd_pages_cnt)
		return false;
	*ret = (struct found){ VPD, t->vpd_pages[i].code, 0 };
	return true;
}

static bool same(const struct found *f, const struct page *p)
{
	return f->kind == p->kind && f->code == p->code && f->subpage == p->subpage;
}

static bool is_there(const struct scsi_tables *t, const struct page *p)
{
	struct found f;

	for (unsigned i = 0; page_at(t, i, &f); i++)
		if (same(&f, p))
			return true;
	return false;
}

/* ---- printing ---- */

static void print_page(enum kind kind, unsigned code, unsigned subpage)
{
	if (subpage == 0)
		printf("| %s | %02Xh |", kinds[kind], code);
	else
		printf("| %s | %02Xh/%02Xh |", kinds[kind], code, subpage);
}

/* What of it a host can change, and what the drive must have. */
static void print_mode(const struct mode_page *page)
{
	const char *comma = "";

	printf("%u bytes", (unsigned)page->size);
	for (unsigned b = page->subpage == 0 ? 2 : 4; page->changeable != NULL && b < page->size;
	     b++) {
		if (page->changeable[b] == 0)
			continue;
		printf("%s %u: %02Xh", *comma == '\0' ? "; changeable byte" : comma, b,
		       (unsigned)page->changeable[b]);
		comma = ",";
	}
	printf(" | ");
	print_features(page->features);
}

static void print_found(const struct scsi_tables *t, unsigned i, const struct found *f,
			const char *name)
{
	unsigned logs = t->mode_pages_cnt + 1, vpds = logs + t->log_pages_cnt + 3;

	print_page(f->kind, f->code, f->subpage);
	printf(" %s | ", name);
	if (f->kind == MODE) {
		print_mode(&t->mode_pages[i]);
	} else if (f->kind == LOG && i >= logs) {
		printf("%s | ", t->log_pages[i - logs].reset != NULL ? "reset by LOG SELECT" : "");
		print_features(t->log_pages[i - logs].features);
	} else if (f->kind == VPD && i >= vpds) {
		printf("| ");
		print_features(t->vpd_pages[i - vpds].features);
	} else {
		printf("| ");
	}
	printf(" |\n");
}

static const char *name_of(const struct found *f, const struct page *const lists[2],
			   const unsigned cnts[2])
{
	for (unsigned l = 0; l < 2; l++)
		for (unsigned i = 0; i < cnts[l]; i++)
			if (same(f, &lists[l][i]))
				return lists[l][i].name;
	return NULL;
}

bool print_pages(const char *what, const struct scsi_tables *t)
{
	bool drive = t->vpd_pages == drive_vpd_pages, good = true;
	const struct page *const lists[2] = { of_both, drive ? of_drive : of_changer };
	const unsigned cnts[2] = { G_N_ELEMENTS(of_both),
				   drive ? G_N_ELEMENTS(of_drive) : G_N_ELEMENTS(of_changer) };
	struct found f;

	printf("\n### Pages of the %s\n\n| kind | page | name | what of it | only with |\n"
	       "|---|---|---|---|---|\n",
	       what);
	for (unsigned i = 0; page_at(t, i, &f); i++) {
		const char *name = name_of(&f, lists, cnts);

		good &= name != NULL;
		print_found(t, i, &f, name != NULL ? name : "?");
	}
	printf("\nThese are not there:\n\n| kind | page | name | why not |\n|---|---|---|---|\n");
	for (unsigned kind = 0; kind < KINDS; kind++)
		for (unsigned l = 0; l < 2; l++)
			for (unsigned i = 0; i < cnts[l]; i++) {
				const struct page *p = &lists[l][i];

				if (p->kind != kind || p->why == NULL || is_there(t, p))
					continue;
				print_page(p->kind, p->code, p->subpage);
				printf(" %s | %s |\n", p->name, p->why);
			}
	return good;
}

/* ---- pages of models ---- */

static void add_model(GHashTable *pages, GPtrArray *order, enum kind kind, const char *model,
		      const struct page_patches *patches)
{
	for (unsigned i = 0; i < patches->cnt; i++) {
		const struct page_bytes *b = &patches->rows[i];
		char *key = g_strdup_printf("| %s | %02Xh | %u |", kinds[kind], (unsigned)b->page,
					    (unsigned)b->size + (kind == VPD ? 4u : 0u));
		GString *models = b->whole ? g_hash_table_lookup(pages, key) : NULL;

		if (models != NULL) {
			g_string_append_printf(models, ", %s", model);
		} else if (b->whole) {
			g_ptr_array_add(order, key);
			g_hash_table_insert(pages, g_strdup(key), g_string_new(model));
			continue;
		}
		g_free(key);
	}
}

static int compare_keys(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static void free_text(void *text)
{
	(void)g_string_free(text, TRUE);
}

void print_model_pages(void)
{
	g_autoptr(GHashTable) pages =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_text);
	g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) drives = drive_model_names(), libraries = library_model_names();

	for (char **name = drives; *name != NULL; name++) {
		const struct drive_model *m = drive_model_get(*name, NULL);

		add_model(pages, order, MODE, *name, &m->mode_bytes);
		add_model(pages, order, VPD, *name, &m->vpd_bytes);
	}
	for (char **name = libraries; *name != NULL; name++)
		add_model(pages, order, VPD, *name, &library_model_get(*name, NULL)->vpd_bytes);
	g_ptr_array_sort(order, compare_keys);
	printf("\n## Pages that are bytes of a model\n\n| kind | page | bytes | models |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < order->len; i++) {
		const GString *models = g_hash_table_lookup(pages, order->pdata[i]);

		printf("%s %s |\n", (const char *)order->pdata[i], models->str);
	}
}
