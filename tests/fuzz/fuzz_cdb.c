/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cdb.c: random and mutated CDBs, with random data of random lengths, at the units of a
 * library in this process (tests/fuzz/cdb_run.h says what must hold).
 *
 *   fuzz_cdb [-r SEED|now COUNT] [-p PERSONALITY] [-u drive|changer] [FILE_OR_FOLDER...]
 *
 * runs the files, which are choices as of libFuzzer, and COUNT commands out of a seed; three of
 * four go to the unit of -u, which is the drive unless it is told.  The commands are cut into lives
 * of 2000: each begins with a new library, and ends with a look at every cartridge: each is there
 * once, opens, reads well from its first to its last object, has as many as the model says, and the
 * protected one is what it was.  Every buffer has exactly as many bytes as the command offers, in
 * up to three pieces, so that a sanitizer sees each byte too many.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

#include "handlers/changer/changer.h"
#include "handlers/scsi/mode.h"
#include "handlers/tape/drive.h"
#include "lib/base/bytes.h"
#include "lib/base/fs.h"
#include "tests/fuzz/cdb_run.h"

#define LIFE      2000
#define LIFE_S    120 /* then it hangs */
#define DRIVE_1   256
#define SLOT_1    1024
#define PROTECTED "T4"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *personality = "ibm-lto8";
static unsigned long all_commands[2], good_commands[2]; /* by unit */
static unsigned most = FUZZ_DRIVE;

struct machine {
	char *root, *pool;
	struct library *library;
	struct drive *drive;
	struct changer *changer;
	struct scsi_unit *units[2];
	char mounted[40];
	char *protected_sum;
};

/* ---- the target ---- */

static void give(uint8_t *data, const struct iovec *iov, int cnt, bool back)
{
	for (int i = 0; i < cnt; i++) {
		if (back)
			memcpy(data, iov[i].iov_base, iov[i].iov_len);
		else
			memcpy(iov[i].iov_base, data, iov[i].iov_len);
		data += iov[i].iov_len;
	}
}

static enum scsi_status execute(void *ctx, unsigned unit, struct scsi_cmd *cmd, uint8_t *data,
				size_t size)
{
	struct machine *m = ctx;
	size_t first = size / 3, second = size / 4;
	struct iovec iov[3] = { { malloc(first), first },
				{ malloc(second), second },
				{ malloc(size - first - second), size - first - second } };
	enum scsi_status status;

	cmd->iov = iov;
	cmd->iov_cnt = 3;
	cmd->iov_len = size;
	give(data, iov, 3, false);
	status = unit_execute(m->units[unit], cmd);
	give(data, iov, 3, true);
	for (unsigned i = 0; i < 3; i++)
		free(iov[i].iov_base);
	cmd->iov = NULL;
	return status;
}

static bool position(void *ctx, uint32_t *ret_partition, uint64_t *ret_object)
{
	struct machine *m = ctx;
	struct scsi_unit *unit = m->units[FUZZ_DRIVE];
	struct scsi_cmd cmd = { .cdb = { OP_READ_POSITION, SA_READ_POSITION_LONG }, .cdb_len = 10 };
	unsigned waiting = unit->attentions_cnt;
	uint8_t data[32];
	enum scsi_status status;

	unit->attentions_cnt = 0; /* they are for the commands of the source */
	status = execute(m, FUZZ_DRIVE, &cmd, data, sizeof(data));
	unit->attentions_cnt = waiting;
	*ret_partition = get_be32(data + 4);
	*ret_object = get_be64(data + 8);
	return status == SCSI_GOOD;
}

static const char *mounted(void *ctx)
{
	struct machine *m = ctx;
	struct library_element e;

	m->mounted[0] = '\0';
	if (library_element(m->library, DRIVE_1, &e) && e.full)
		(void)g_strlcpy(m->mounted, e.barcode, sizeof(m->mounted));
	return m->mounted;
}

static int descriptor(void *ctx, unsigned unit)
{
	struct machine *m = ctx;

	return unit_descriptor_sense(m->units[unit]);
}

/* ---- a life ---- */

static void must(bool true_, const char *words)
{
	if (true_)
		return;
	fprintf(stderr, "broken promise: %s\n", words);
	abort();
}

/* A sum of the recording, not of the header, which counts mounts. */
static char *recording_sum(const struct machine *m, const char *barcode)
{
	g_autofree char *folder = g_strdup_printf("%s/%s.cart", m->pool, barcode);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	GDir *dir = g_dir_open(folder, 0, NULL);
	GList *names = NULL;
	const char *name;

	must(dir != NULL, "a cartridge has a folder");
	while ((name = g_dir_read_name(dir)) != NULL)
		if (g_str_has_prefix(name, "data.") || g_str_has_prefix(name, "index."))
			names = g_list_insert_sorted(names, g_strdup(name), (GCompareFunc)strcmp);
	g_dir_close(dir);
	for (GList *n = names; n != NULL; n = n->next) {
		g_autofree char *path = g_build_filename(folder, n->data, NULL);
		g_autofree char *text = NULL;
		gsize size;

		must(g_file_get_contents(path, &text, &size, NULL), "a data file can be read");
		g_checksum_update(sum, (const guchar *)n->data, -1);
		g_checksum_update(sum, (const guchar *)text, (gssize)size);
	}
	g_list_free_full(names, g_free);
	return g_strdup(g_checksum_get_string(sum));
}

static void protect_one(struct machine *m)
{
	char text[] = "what nobody may change";
	const struct iovec iov = { text, sizeof(text) };
	struct cart *c = NULL;
	uint32_t n;

	must(cart_open(m->pool, PROTECTED, CART_OPEN_WRITE, &c) == 0 &&
		     cart_write(c, &iov, 1, sizeof(text)) == 0 &&
		     cart_write_filemarks(c, 1, &n) == 0 && cart_set_write_protect(c, true) == 0 &&
		     cart_close(c) == 0,
	     "a cartridge can be protected");
	m->protected_sum = recording_sum(m, PROTECTED);
}

static void machine_start(struct machine *m)
{
	g_autofree char *text = NULL, *file = NULL;
	struct library_config *config = NULL;
	g_autoptr(GError) error = NULL;

	m->root = g_dir_make_tmp("vtl-fuzz-XXXXXX", NULL);
	must(m->root != NULL, "a folder can be made");
	m->pool = g_build_filename(m->root, "pool", NULL);
	file = g_build_filename(m->root, "lib0.conf", NULL);
	text = g_strdup_printf("[library]\nname=lib0\nslots=5\nmail_slots=2\ndrives=2\n"
			       "serial=VTLTEST001\npersonality=%s\npool=%s\n[media]\n"
			       "barcodes=T1-T4\ncapacity=1M\nearly_warning=100K\n",
			       personality, m->pool);
	g_setenv("TCMU_VTL_STATE", m->root, TRUE);
	if (!g_file_set_contents(file, text, -1, &error) ||
	    !library_config_load(file, &config, &error) || !library_create(config, &error))
		must(false, error->message);
	library_config_free(config);
	protect_one(m);
	m->library = library_open("lib0", LIBRARY_OPEN_OWN, &error);
	must(m->library != NULL, "a library opens");
	must(drive_new(m->library, 1, &m->drive) == 0, "a drive");
	must(changer_new(m->library, &m->changer) == 0, "a changer");
	m->units[FUZZ_DRIVE] = drive_unit(m->drive);
	m->units[FUZZ_CHANGER] = changer_unit(m->changer);
}

static void look_at_cartridge(const struct fuzz_run *run, const struct machine *m,
			      const char *barcode)
{
	struct cart_check check;
	struct cart *c = NULL;
	uint64_t objects;
	uint16_t address;

	fuzz_run_claim(run, library_find(m->library, barcode, &address),
		       "a cartridge is somewhere");
	fuzz_run_claim(run, cart_open(m->pool, barcode, CART_OPEN_READ, &c) == 0,
		       "a cartridge opens");
	fuzz_run_claim(run, cart_verify(c, NULL, NULL, &check) == 0 && check.damaged == 0,
		       "a cartridge reads well");
	if (fuzz_run_objects(run, barcode, &objects))
		fuzz_run_claim(run, cart_info(c)->objects == objects,
			       "a cartridge has what was written to it");
	fuzz_run_claim(run, cart_close(c) == 0, "a cartridge closes");
}

static void machine_stop(struct fuzz_run *run, struct machine *m)
{
	static const char *const barcodes[] = { "T1", "T2", "T3", PROTECTED };
	g_autofree char *sum = NULL;

	drive_free(m->drive);
	changer_free(m->changer);
	for (unsigned i = 0; i < G_N_ELEMENTS(barcodes); i++)
		look_at_cartridge(run, m, barcodes[i]);
	sum = recording_sum(m, PROTECTED);
	fuzz_run_claim(run, strcmp(sum, m->protected_sum) == 0,
		       "a protected cartridge is what it was");
	library_unref(m->library);
	ignore_result(fs_remove_tree(AT_FDCWD, m->root)); /* a temporary folder */
	g_free(m->protected_sum);
	g_free(m->pool);
	g_free(m->root);
}

/* What happens beside commands: a reset, an operator at the robot. */
static void intervene(struct fuzz_run *run, struct machine *m, struct cdb_source *source)
{
	static const char *const barcodes[] = { "T1", "T1", "T2", PROTECTED };
	uint32_t kinds = mounted(m)[0] == '\0' ? 8 : 100; /* random moves soon empty the drive */
	uint16_t from;

	switch (source_draw(source, kinds)) {
	case 0:
		unit_power_on(m->units[source_draw(source, 2)]);
		break;
	case 1:
	case 2:
		if (library_find(m->library, barcodes[source_draw(source, 4)], &from))
			ignore_result(library_move(m->library, from, DRIVE_1)); /* or refused */
		break;
	default:
		return;
	}
	fuzz_run_moved(run);
}

static void live(struct cdb_source *source)
{
	struct machine m = { 0 };
	const struct fuzz_target target = { .execute = execute,
					    .position = position,
					    .mounted = mounted,
					    .descriptor = descriptor,
					    .most = most,
					    .ctx = &m };
	struct fuzz_target t = target;
	struct fuzz_run *run;
	unsigned long good, all;

	(void)alarm(LIFE_S);
	machine_start(&m);
	for (unsigned i = 0; i < 2; i++) {
		t.rows[i] = m.units[i]->tables->commands;
		t.rows_cnt[i] = m.units[i]->tables->commands_cnt;
	}
	run = fuzz_run_new(&t, source);
	ignore_result(library_move(m.library, SLOT_1, DRIVE_1)); /* or it is not there: no matter */
	fuzz_run_moved(run);
	for (unsigned i = 0; i < LIFE && !source_ended(source); i++) {
		fuzz_run_step(run);
		intervene(run, &m, source);
	}
	machine_stop(run, &m);
	for (unsigned i = 0; i < 2; i++) {
		fuzz_run_counts(run, i, &good, &all);
		good_commands[i] += good;
		all_commands[i] += all;
	}
	fuzz_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cdb_source source;

	source_bytes(&source, data, size);
	live(&source);
	return 0;
}

#ifndef VTL_LIBFUZZER

static void run_file(const char *path)
{
	void *data = NULL;
	size_t size = 0;

	must(fs_read(AT_FDCWD, path, 1u << 20, &data, &size) == 0, "a file can be read");
	(void)LLVMFuzzerTestOneInput(data, size);
	free(data);
}

static void run_path(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	if (dir == NULL) {
		run_file(path);
		return;
	}
	while ((e = readdir(dir)) != NULL) {
		g_autofree char *file = g_build_filename(path, e->d_name, NULL);

		if (e->d_name[0] != '.')
			run_file(file);
	}
	(void)closedir(dir);
}

static void run_seed(uint64_t seed, unsigned long count)
{
	static struct cdb_source source;
	time_t begun = time(NULL);

	for (unsigned long done = 0; done < count; done += LIFE, seed++) {
		if (done % 200000 == 0) {
			printf("seed %" PRIu64 ": %lu commands, %ld s\n", seed, done,
			       (long)(time(NULL) - begun));
			(void)fflush(stdout);
		}
		source_seed(&source, seed);
		live(&source);
	}
}

static void options(int argc, char **argv, int *ret_first, uint64_t *ret_seed,
		    unsigned long *ret_count)
{
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (strcmp(argv[i], "-p") == 0) {
			personality = argv[i + 1];
		} else if (strcmp(argv[i], "-u") == 0) {
			most = strcmp(argv[i + 1], "changer") == 0 ? FUZZ_CHANGER : FUZZ_DRIVE;
		} else if (strcmp(argv[i], "-r") == 0 && i + 2 < argc) {
			if (strcmp(argv[i + 1], "now") != 0)
				*ret_seed = strtoull(argv[i + 1], NULL, 0);
			*ret_count = strtoul(argv[i + 2], NULL, 0);
			i++;
		}
	}
	*ret_first = i;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL) * 1000;
	unsigned long count = 0;
	int first;

	/* shared memory: files of cartridges by the million */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK | X_OK) == 0)
		g_setenv("TMPDIR", "/dev/shm", TRUE);
	options(argc, argv, &first, &seed, &count);
	for (int i = first; i < argc; i++)
		run_path(argv[i]);
	run_seed(seed, count);
	printf("%lu commands to %s, %lu of them GOOD; %lu to a changer, %lu of them GOOD\n",
	       all_commands[FUZZ_DRIVE], personality, good_commands[FUZZ_DRIVE],
	       all_commands[FUZZ_CHANGER], good_commands[FUZZ_CHANGER]);
	/* A tenth, at least, must be taken: else only refusals were tried. */
	return count >= LIFE && good_commands[most] < all_commands[most] / 10;
}

#endif
