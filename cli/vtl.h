/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtl.h: what the files of the command share.
 *
 * main.c finds the command's row and parses the line by it; help.c prints the rows; each noun has a
 * file with its rows and their functions; source.c knows where the facts come from: from the
 * service in tcmu-runner where it runs, else from the disk.
 *
 * A command function prints its result to stdout and returns VTL_OK, or sets the error with one of
 * the fail functions and returns what they return.
 */
#ifndef VTL_CLI_VTL_H
#define VTL_CLI_VTL_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli/output.h"
#include "lib/control/client.h"
#include "lib/library/library.h"

/* The exit codes; vtl(1) documents them. */
enum vtl_exit {
	VTL_OK = 0,
	VTL_FAILED = 1,
	VTL_USAGE = 2,
	VTL_NOT_FOUND = 3,
	VTL_REFUSED = 4,       /* busy, exists already, no room */
	VTL_UNREACHABLE = 5,   /* the service that has to do it does not run */
	VTL_INTERRUPTED = 130, /* by the operator; as a shell says it */
};

struct vtl_option {
	const char *name;  /* without "--" */
	char letter;       /* 0: none */
	const char *value; /* what stands for the value in the help; NULL: a flag */
	const char *help;
};

#define VTL_MAX_OPTIONS 12

struct vtl;

struct vtl_command {
	const char *noun, *verb; /* verb NULL: the noun says it all ("vtl jobs") */
	const char *args;        /* "BARCODE DRIVE", "[LIBRARY]", "JOB..."; "" */
	unsigned min, max;       /* of arguments */
	const char *summary;     /* a line of the map */
	const char *details;     /* further sentences, or NULL */
	enum vtl_exit (*run)(struct vtl *vtl, char **args);
	struct vtl_option options[VTL_MAX_OPTIONS]; /* ends at the first without a name */
};

/* One run of the command. */
struct vtl {
	const struct vtl_command *command;
	bool json;
	const char *values[VTL_MAX_OPTIONS]; /* of the options of the command; "" = a flag that was
						given */
	struct control_client *client;       /* NULL: not connected (yet) */
	bool tried; /* a connection was tried; unreachable holds why there is none */
	GError *unreachable;
	char **online; /* libraries that the service serves; NULL: not asked yet, or no service */
};

/* ---- the rows: one array per noun, ended by a row without a noun ---- */

extern const struct vtl_command library_commands[];
extern const struct vtl_command cartridge_commands[];
extern const struct vtl_command drive_commands[];
extern const struct vtl_command job_commands[];
extern const struct vtl_command policy_commands[];
extern const struct vtl_command physical_commands[];
extern const struct vtl_command personality_commands[];

/* All arrays, ended by NULL, in the order of the map. */
extern const struct vtl_command *const vtl_commands[];

/* Options that several commands have. */
/* clang-format off */
#define OPTION_LIBRARY { "library", 'l', "NAME", \
	"the library that is meant; needed only where several could be" }
#define OPTION_TYPE { "type", '\0', "MEDIUM", \
	"what it is, as vtl personality show names it: LTO-8, LTO-7-WORM ..." }
#define OPTION_KIND { "kind", '\0', "KIND", "data, worm or cleaning" }
#define OPTION_WAIT { "wait", 'w', NULL, \
	"wait until it has ended; exit code 1 where it failed" }
/* clang-format on */

/* The value of an option, "" for a flag; NULL where it was not given. */
const char *vtl_option(const struct vtl *vtl, const char *name);

/* ---- attributes.c, check.c, create.c, handle.c, repair.c, verify.c: rows of cartridge.c ---- */

enum vtl_exit cartridge_create_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_export_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_protect_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_unprotect_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_delete_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_attributes_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_verify_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_dump_run(struct vtl *vtl, char **args);
enum vtl_exit cartridge_repair_run(struct vtl *vtl, char **args);

/* Opens a cartridge for reading; *ret_pool (may be NULL): g_free(). NULL and *ret_code after the
 * message. */
struct cart *check_open(struct vtl *vtl, const char *barcode, char **ret_pool,
			enum vtl_exit *ret_code);
/* --partition: false after the message; *ret_given whether there is one, else *ret_partition is 0.
 */
bool partition_option(struct vtl *vtl, bool *ret_given, unsigned *ret_partition);
/* The message, and the exit code. */
enum vtl_exit partition_absent(const char *barcode, unsigned partition);
/* --capacity and its like: false after the message. Unchanged where the option is not given. */
bool cartridge_size_option(struct vtl *vtl, const char *option, uint64_t *size);

/* Puts a cartridge of the pool into a slot or mail slot. CONTROL_ERROR_BUSY: it certainly is not in
 * the library. */
gboolean cartridge_take_in(struct vtl *vtl, const char *library, const char *barcode,
			   bool mail_slot, GError **error);
/* Lists where cartridges are. */
enum vtl_exit cartridge_tell(struct vtl *vtl, const char *library, char **barcodes);
/* False after the message about the first one that is none. */
bool cartridge_check_barcodes(char **barcodes);

/*
 * What a new cartridge @barcode of that library is: library_cartridge_params(), changed by --type
 * and --kind.  False after the message.  A barcode that says something else to people and hosts is
 * told on stderr.  @barcode is borrowed by *ret_params.
 */
bool medium_option(struct vtl *vtl, const struct library_config *config, const char *barcode,
		   struct cart_params *ret_params);

/* ---- help.c ---- */

extern const struct vtl_option vtl_global_options[];

void help_map(FILE *out);
void help_noun(FILE *out, const char *noun);
void help_command(FILE *out, const struct vtl_command *command);

/* ---- errors: print "vtl: ..." to stderr ---- */

/* The exit code that belongs to @error, which is consumed. */
enum vtl_exit vtl_fail(GError *error);
enum vtl_exit vtl_fail_code(enum vtl_exit code, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* ---- source.c ---- */

/* The connection; NULL and @error (CONTROL_ERROR_UNREACHABLE) where there is no bus. */
struct control_client *source_client(struct vtl *vtl, GError **error);

/* TRUE where the service serves @library now. */
bool source_is_online(struct vtl *vtl, const char *library);

/* Says once, on stderr, that what is shown was read from the disk. */
void source_note_offline(const struct vtl *vtl, const char *library);

/*
 * The library that is meant: --library, else the only one there is, else the only one with a
 * cartridge @barcode (NULL: none is named).  g_free(); NULL and @error otherwise.
 */
char *source_library(struct vtl *vtl, const char *barcode, GError **error);

/* One element, wherever the facts came from. */
struct element {
	enum library_element_type type;
	unsigned number;
	uint16_t address;
	char barcode[BARCODE_SIZE];      /* "" where empty */
	char source[LIBRARY_LABEL_SIZE]; /* "" where unknown */
	char state[16];                  /* of a drive; "" offline: nobody knows */
	bool prevented;
	char serial[LIBRARY_SERIAL_SIZE];
};

/* All elements but the transport, as struct element; g_array_unref(). */
GArray *source_elements(struct vtl *vtl, const char *library, GError **error);

/* "slot 3"; "" where the library holds no such cartridge. */
void source_location(const GArray *elements, const char *barcode,
		     char ret_label[LIBRARY_LABEL_SIZE]);

/* Drives as a table, @pool tells what cleans; what nobody knows offline is absent. */
struct table *drive_table(const GArray *elements, const char *pool);

/* A list that came over the bus; every column's key is a key of its dictionaries. */
struct table *source_table(GVariant *list, const struct column *columns, size_t count);

/* ---- job.c ---- */

/* Tells the numbers of jobs that were queued, a barcode each. */
void job_tell(const struct vtl *vtl, const char *kind, const GArray *ids, char **barcodes);

/* Waits until a job has ended; says why it failed. */
enum vtl_exit job_wait(struct control_client *client, uint64_t id);

/* ---- output and arguments ---- */

/* Prints a table as the line asks for: columns, or a JSON array. */
void vtl_print(const struct vtl *vtl, const struct table *table);

/* A number from 1. false: an error was printed, return VTL_USAGE. */
bool vtl_parse_number(const char *what, const char *text, uint64_t max, uint64_t *ret_number);

/* Checks the form of a barcode. false: an error was printed, return VTL_USAGE. */
bool vtl_check_barcode(const char *barcode);

#endif
