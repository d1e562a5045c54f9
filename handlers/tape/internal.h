/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of handlers/tape share.  Everything here is called with the unit's
 * mutex held.
 */
#ifndef VTL_TAPE_INTERNAL_H
#define VTL_TAPE_INTERNAL_H

#include "handlers/scsi/command.h"
#include "handlers/scsi/logpage.h"
#include "handlers/scsi/mode.h"
#include "handlers/scsi/vpd.h"
#include "handlers/tape/drive.h"
#include "handlers/tape/security.h"
#include "lib/personality/personality.h"
#include "lib/store/stage.h"

#define MODE_PAGE_RECOVERY               0x01
#define MODE_PAGE_COMPRESSION            0x0f
#define MODE_PAGE_CONFIGURATION          0x10
#define MODE_SUB_CONFIGURATION_EXTENSION 0x01
#define MODE_PAGE_PARTITIONS             0x11
#define MODE_PARTITIONS_SIZE             (8 + 2 * CART_PARTITIONS)
#define MODE_SUB_DATA_PROTECTION         0xf0 /* of the control page */
#define MODE_PAGE_EXCEPTIONS             0x1c

/* Of log pages 02h and 03h: until LOG SELECT resets them; logical bytes. */
struct drive_counters {
	uint64_t written_bytes, read_bytes;
	uint64_t write_errors, read_errors; /* not recovered */
};

/* What a drive counts all its life; kept in this order, new ones at the end: it is saved so. */
enum drive_life {
	LIFE_LOADS,
	LIFE_LOADS_SINCE_RESET, /* LOG SELECT of log page 14h resets it */
	LIFE_CLEANINGS,
	LIFE_POWER_CYCLES,
	LIFE_POWER_ON_S,
	LIFE_LOADED_S, /* a medium was loaded: what log pages call motion */
	LIFE_WRITTEN,  /* logical bytes of data */
	LIFE_READ,
	LIFE_WRITTEN_STORED, /* the same, compressed */
	LIFE_READ_STORED,
	LIFE_WRITE_ERRORS,
	LIFE_READ_ERRORS,
	LIFE_INCOMPATIBLE_S, /* LIFE_LOADED_S when a medium was refused last */
	LIFE_CLEANED_S,      /* LIFE_LOADED_S at the last cleaning, the one before, and before */
	LIFE_CLEANED_2_S,
	LIFE_CLEANED_3_S,
	LIFE_CLEANED_LOADS,   /* LIFE_LOADS at the last cleaning */
	LIFE_CLEANED_WRITTEN, /* LIFE_WRITTEN then */
	LIFE_CNT,
};

/* Of the medium in the drive, or of the last one. */
struct drive_load {
	int64_t loaded_ms; /* monotonic clock; 0: none is loaded */
	uint64_t write_errors, read_errors;
	struct cart_traffic traffic; /* of the last one: drive_traffic() tells it of both */
};

/* Log page 16h: the last errors, newest first, as a host reads them. */
#define DRIVE_EVENTS     8
#define DRIVE_EVENT_SIZE 68

/*
 * TapeAlert flags (SSC-5), as bits: flag n is bit n - 1.  These are raised by conditions of the
 * drive; all 64 can be raised by an operator.
 */
enum drive_alert {
	ALERT_HARD_ERROR = 3,
	ALERT_READ_FAILURE = 5,
	ALERT_WRITE_FAILURE = 6,
	ALERT_WRITE_PROTECT = 9,
	ALERT_NO_REMOVAL = 10,
	ALERT_CLEANING_MEDIUM = 11,
	ALERT_UNSUPPORTED_FORMAT = 12,
	ALERT_MEMORY_CHIP_FAILURE = 15,
	ALERT_READ_ONLY_FORMAT = 17,
	ALERT_CLEAN_NOW = 20,
	ALERT_CLEAN_PERIODIC = 21,
	ALERT_CLEANING_EXPIRED = 22,
	ALERT_CLEANING_INVALID = 23,
	ALERT_HARDWARE_A = 30,
	ALERT_HARDWARE_B = 31,
	ALERT_LOST_STATISTICS = 50,
	ALERT_LOAD_FAILURE = 55,
	ALERT_UNLOAD_FAILURE = 56,
	ALERT_WORM_INTEGRITY = 59,
	ALERT_WORM_OVERWRITE = 60,
};

/* ALLOW OVERWRITE, by the names and codes of SSC-5. */
enum drive_overwrite {
	OVERWRITE_DISABLED = 0,
	OVERWRITE_CURRENT_POSITION = 1,
	OVERWRITE_FORMAT = 2,
};

/* Which of the two sets of commands a drive that has both takes: explicit.c. */
enum drive_address_mode {
	ADDRESS_NONE,     /* the next command that is of one of them decides */
	ADDRESS_IMPLICIT, /* at the position */
	ADDRESS_EXPLICIT, /* at the object that the CDB names */
};

/* How much a drive was used since it was cleaned. */
enum drive_dirt {
	DIRT_NONE,
	DIRT_CLEAN_PERIODIC, /* as much as its model allows */
	DIRT_CLEAN_NOW,      /* twice that */
};

/* What is wrong on the medium, before it is told: by the command that came to it, or later, as a
 * deferred error. */
struct drive_finding {
	enum sense_id sense; /* SENSE_NO_SENSE: nothing */
	struct sense_extra extra;
};

/* What READ, WRITE and VERIFY have in common: 0 blocks where there is nothing to do. */
struct drive_transfer {
	bool fixed;
	uint32_t blocks; /* 1 with variable blocks */
	uint32_t size;   /* of one block */
};

/* Where the tape stands, as far as times are concerned; all 0 where nothing takes time. */
struct drive_place {
	uint64_t bytes; /* of the recording before it, about */
	uint64_t object;
	unsigned partition;
};

/* A VERIFY on its way: verify.c. */
struct drive_verification {
	uint8_t bits;               /* byte 1 of the CDB */
	struct drive_transfer t;    /* unless it counts filemarks, or goes to the end of the data */
	unsigned method;            /* enum lbp_method of reads, when it began */
	uint32_t left;              /* blocks or filemarks */
	uint64_t objects, total;    /* passed; of about so many */
	uint8_t *block;             /* to compare; NULL: nothing is compared.  Borrowed */
	const struct scsi_cmd *cmd; /* whose data is compared, and whose CDB is noted */
	struct scsi_cmd command;    /* the CDB alone, of one that is over */
	struct drive_place from;
};

/* The thread that goes on behind a command: worker.c. */
struct drive_worker {
	pthread_t thread;
	pthread_cond_t todo;
	bool exists, stop;
};

struct drive {
	struct scsi_unit unit;             /* first: the common code hands it around */
	struct library *library;           /* a reference */
	unsigned number;                   /* from 1 */
	const struct personality *persona; /* const data */
	enum library_drive_state state;
	char barcode[BARCODE_SIZE]; /* "" where EMPTY */
	/* Of each partition; owned.  Only where READY; those above 0 only where they were needed.
	 */
	struct stage *stages[CART_PARTITIONS];
	struct stage *stage; /* that of .partition; borrowed from .stages */
	unsigned partition;  /* the one that the drive works on */
	bool request_valid;  /* MODE SELECT has said how FORMAT MEDIUM is to divide the medium: */
	uint8_t request[MODE_PARTITIONS_SIZE]; /* the page */
	uint8_t format_density; /* the recording format that FORMAT MEDIUM gives it; 0: its own */
	struct stage_failure lost; /* where an eject found it: the host is still to hear of it */
	bool has_lost;
	struct drive_worker worker;
	struct drive_verification verification; /* the worker's, while motion_is_work() */
	struct drive_finding found;             /* by it: the host is still to hear of it */
	enum sense_id failure;                  /* why FAILED, or not ready while UNLOADED */
	bool asks_for_cleaning;      /* cleaning= of the library's description: cleaning.c */
	enum drive_dirt dirt;        /* as the counters said last */
	bool slow;                   /* it takes the times of its model (realistic=): mechanism.c */
	int64_t streamed_ms;         /* when a host last was at the data stream; monotonic clock */
	bool (*reserved)(void *ctx); /* drive_set_reserved() */
	void *reserved_ctx;
	bool read_only;          /* the drive can read the medium, and not write it */
	bool attaching;          /* this unit begins: what is in the drive was loaded before */
	bool has_recalled;       /* a recall is under way, and how far it is is known: */
	uint16_t recalled;       /* 65536ths, as of looked_ms */
	int64_t looked_ms;       /* when a LOADING drive last tried to open its cartridge */
	bool prevented;          /* PREVENT ALLOW MEDIUM REMOVAL */
	bool displaced;          /* a power on took the position: see drive_displaced() */
	uint32_t block_size;     /* of fixed blocks; 0: variable */
	uint8_t buffered;        /* buffered mode of the mode header: 0 or 1 */
	uint64_t alerts;         /* TapeAlert */
	uint64_t alerts_of_load; /* all that were raised since the medium was loaded */
	uint64_t alerts_told;    /* as log page 12h was read last */
	struct drive_counters counters;
	struct drive_crypts crypts; /* data encryption parameters */
	uint64_t life[LIFE_CNT];    /* without what runs: drive_life() */
	int64_t started_ms;         /* monotonic clock, for LIFE_POWER_ON_S */
	int64_t counters_saved_ms;  /* monotonic clock */
	struct drive_load load;
	uint8_t events[DRIVE_EVENTS][DRIVE_EVENT_SIZE];
	bool pews_told; /* programmable early warning, for this coming into its zone */
	enum drive_address_mode address_mode;
	bool mode_is_new;   /* the command that runs has decided it */
	bool write_capable; /* in explicit address mode: a sequence of writes has begun */
	enum drive_overwrite overwrite; /* ALLOW OVERWRITE */
	uint64_t overwrite_object;      /* the position that it was given for */
};

static inline struct drive *drive_of(struct scsi_unit *unit)
{
	return (struct drive *)(void *)unit;
}

static inline const struct drive_model *drive_model(const struct drive *d)
{
	return d->persona->drive;
}

/* ---- drive.c ---- */

/* ---- alert.c ---- */

/* Raises a flag, and reports it as mode page 1Ch asks. */
void drive_alert(struct drive *d, enum drive_alert flag);
/* The same for many: bits of flags, bit 0 is flag 1. */
void drive_alerts_change(struct drive *d, uint64_t set, uint64_t clear);
/* Another medium is in the drive: what was said of the last one goes. */
void drive_alerts_new_medium(struct drive *d);
void drive_fill_tapealert(struct scsi_unit *unit, struct log_writer *w);
void drive_reset_tapealert(struct scsi_unit *unit);
void drive_told_tapealert(struct scsi_unit *unit);
enum scsi_status drive_select_exceptions(struct scsi_unit *unit, struct scsi_cmd *cmd,
					 const uint8_t *page, unsigned offset, bool apply);

/* ---- counters.c ---- */

/* Reads what was saved: at the drive's start. False where it cannot be read: it is lost. */
bool drive_counters_restore(struct drive *d);
/* Saves all counters durably. 0 or -errno. */
MUST_CHECK int drive_counters_save(struct drive *d);
/* The same at the drive's own time: at an unload (@now), else at most once a minute; not where a
 * host has set GLTSD of the control mode page. */
void drive_counters_keep(struct drive *d, bool now);
/* A medium is loaded; it is going to be unloaded (its stage is still there). */
void drive_counters_loaded(struct drive *d);
void drive_counters_unloading(struct drive *d);
/* A cleaning has succeeded: counts it, and saves that. */
void drive_counters_cleaned(struct drive *d);
/* A medium was refused as incompatible. */
void drive_counters_incompatible(struct drive *d);
/* An error that no retry mends: counts it and keeps it for log page 16h; @cmd may be NULL. */
void drive_counters_error(struct drive *d, enum sense_id sense, const struct scsi_cmd *cmd);
/* The value now, what runs included. */
uint64_t drive_life(struct drive *d, enum drive_life which);
/* Data of the medium in the drive, or of the last one. Empties the buffer. */
void drive_traffic(struct drive *d, struct cart_traffic *ret_traffic);

/* What the cartridge remembers of all drives: an attribute of the drive's own (device, vendor
 * specific), which no host is told. */
struct drive_volume {
	uint64_t write_errors, read_errors; /* this load included */
};
#define DRIVE_VOLUME_ATTRIBUTE 0x0c00
void drive_volume(struct drive *d, struct drive_volume *ret_volume);

/* ---- logpages.c and its neighbours: fill, reset and counter of the rows ---- */

void drive_fill_statistics(struct scsi_unit *unit, struct log_writer *w);
void drive_reset_statistics(struct scsi_unit *unit);
void drive_fill_volume(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_diagnostics(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_compression(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_usage(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_capacity(struct scsi_unit *unit, struct log_writer *w);
/* All TapeAlert flags as bits, flag 1 the first bit of the first byte. */
void drive_alert_bytes(const struct drive *d, uint8_t flags[8]);
/* The unit of recording that statistics count: 2^20 bytes of data, the last one begun. */
uint64_t drive_data_sets(uint64_t bytes);
/* Bytes of the medium, or of the drive's own format where it has no limit or none is there. */
uint64_t drive_capacity_bytes(struct drive *d);

/* ---- configuration.c: what mode pages make the drive do ---- */

/* What the mode pages say about compression; mode_current() of both is changed. */
void drive_show_compression(struct drive *d, bool on);
/*
 * At a load and at power on: what the host has saved, else what the cartridge was created for stays
 * so until asked.  Only where READY.
 */
void drive_follow_compression(struct drive *d);
/* The saved values of both pages agree, too: mode_follow of struct scsi_unit_ops. */
void drive_mode_follow(uint8_t code, uint8_t subpage, const uint8_t *before, const uint8_t *after,
		       const struct mode_page *row, uint8_t *page);
/* BAML and BAM: the mode that a host has chosen for good; ADDRESS_NONE: the commands choose. */
enum drive_address_mode drive_locked_address_mode(struct drive *d);
/* ROR of the device configuration page: a reset of the unit goes to the beginning of partition 0.
 * Else the medium stays where it is. */
bool drive_rewinds_on_reset(struct drive *d);
/* SWP or ASOCWP of the device configuration page: a host has protected the unit, or this load. */
bool drive_software_protected(struct drive *d);
/* ASOCWP ends with the load that it is for. */
void drive_forget_associated_protection(struct drive *d);
/* Device configuration extension, PEWS: programmable early warning stands so many bytes before
 * early warning; 0: none. */
uint64_t drive_pews_bytes(struct drive *d);

enum drive_write_mode { /* WRITE MODE */
	WRITE_MODE_OVERWRITE = 0,
	WRITE_MODE_APPEND_ONLY = 1,
};
enum drive_write_mode drive_write_mode(struct drive *d);

enum drive_short_erase {       /* SHORT ERASE MODE: what ERASE with LONG 0 does */
	SHORT_ERASE_SSC_2 = 0, /* as SSC-2: here the same as SHORT_ERASE_EOD */
	SHORT_ERASE_NOTHING = 1,
	SHORT_ERASE_EOD = 2,
};
enum drive_short_erase drive_short_erase(struct drive *d);

enum scsi_status drive_select_compression(struct scsi_unit *unit, struct scsi_cmd *cmd,
					  const uint8_t *page, unsigned offset, bool apply);
void drive_sense_configuration(struct scsi_unit *unit, uint8_t *page);
enum scsi_status drive_select_configuration(struct scsi_unit *unit, struct scsi_cmd *cmd,
					    const uint8_t *page, unsigned offset, bool apply);
enum scsi_status drive_select_extension(struct scsi_unit *unit, struct scsi_cmd *cmd,
					const uint8_t *page, unsigned offset, bool apply);
void drive_sense_medium(struct scsi_unit *unit, uint8_t *page);
/* The medium in the drive is write once (LTO: 3Ch, 4Ch ... as medium type). */
bool drive_medium_is_worm(struct drive *d);

/* ---- vendor.c: pages of drives' makers ---- */

void drive_sense_ibm_encryption(struct scsi_unit *unit, uint8_t *page);
void drive_sense_ait(struct scsi_unit *unit, uint8_t *page);
void drive_fill_hp_status(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_performance(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_mount_capacity(struct scsi_unit *unit, struct log_writer *w);
/* SEND DIAGNOSTIC: diagnostic_page of struct scsi_unit_ops. */
#define DRIVE_DIAGNOSTIC_PAGE 0x80
enum scsi_status drive_diagnostic_page(struct scsi_unit *unit, struct scsi_cmd *cmd,
				       const uint8_t *page, size_t size);
void drive_fill_dlt_status(struct scsi_unit *unit, struct log_writer *w);
void drive_fill_quantum_statistics(struct scsi_unit *unit, struct log_writer *w);

/* ---- attribute_values.c ---- */

/* A medium was loaded, and is about to be unloaded: its memory notes it. Only where READY. */
void drive_attributes_loaded(struct drive *d);
void drive_attributes_unloading(struct drive *d);
/*
 * What FORMAT MEDIUM changes in the memory, for struct cart_format: attributes of partitions go,
 * the medium is counted as initialized once more, and the volume change reference will be one that
 * never was.  Changes nothing by itself: a format that fails takes no attribute.
 */
#define DRIVE_FORMAT_ATTRIBUTES 16 /* two, and those that a partition can have: lib/base/mam.c */
struct drive_format_attributes {
	struct cart_attribute list[DRIVE_FORMAT_ATTRIBUTES];
	unsigned cnt;
	uint8_t count[8], reference[8]; /* values that the list points to */
};
void drive_attributes_formatting(struct drive *d, struct drive_format_attributes *ret);

/* MEDIUM MANUFACTURER (attribute 0400h, log page 17h) */
#define DRIVE_MEDIUM_MANUFACTURER "TCMU-VTL"

#define DRIVE_MEDIUM_SERIAL_SIZE 33
/* MEDIUM SERIAL NUMBER (attribute 0401h, READ MEDIA SERIAL NUMBER): 32 characters, of the
 * cartridge's UUID. Only where READY. */
void drive_medium_serial(struct drive *d, char serial[DRIVE_MEDIUM_SERIAL_SIZE]);

/* ---- drive.c: loading ---- */

/*
 * LOAD UNLOAD: loads what is in the drive; whether it is ready, else the reason in @ret_why.
 * Allowed in every state.  Without @immed it waits as long as the mechanism takes; a recall it
 * never waits for.
 */
bool drive_load(struct drive *d, bool immed, enum sense_id *ret_why);
/* Syncs, closes; 0 or what cart_sync() said (then nothing changed). Only where READY. */
MUST_CHECK int drive_unload(struct drive *d);
/*
 * Whether a power on (a restart of the runner) rewound a cartridge that a host may have been
 * writing, and the host has not said since where it wants to be: REWIND, LOCATE, SPACE to the end
 * of data, LOAD.  Until then nothing is written: a host that goes on as if nothing had happened
 * would end the recording at its beginning.  Linux' st does: a write fails with the unit attention,
 * and the close of the device then writes the filemark that was owed.
 */
bool drive_displaced(const struct drive *d);
/* A position that the host asked for by itself is reached: @outcome, passed through. */
int drive_placed(struct drive *d, int outcome);

/* ---- medium.c: the one place where outcomes of the store become sense ---- */

/*
 * stage_sync().  What it fails to store was acknowledged before: whatever it lacked, that is a
 * write error, and never the end of the medium, behind which a host would go on with the next
 * volume.
 */
MUST_CHECK int drive_sync(struct stage *s);

/*
 * SCSI_GOOD for 0; else the check that fits @outcome, with @information; a negative one becomes
 * @unexpected.
 */
enum scsi_status drive_outcome(struct drive *d, struct scsi_cmd *cmd, int outcome,
			       enum sense_id unexpected, int64_t information);
/* The same, not told yet: what fits @outcome (not 0).  @cmd: whose CDB is noted. */
struct drive_finding drive_find(struct drive *d, const struct scsi_cmd *cmd, int outcome,
				enum sense_id unexpected, int64_t information);
/* What an earlier, buffered write or a VERIFY behind its command came to, once: SPC-5, deferred
 * errors. False where all is well.
 */
bool drive_deferred(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra);
/* What TEST UNIT READY says of a cartridge that cart_open() refused with @outcome. */
enum sense_id drive_open_sense(int outcome);
/* The TapeAlert flag of the same: the header is what a real cartridge has in its memory chip. */
enum drive_alert drive_open_alert(int outcome);

/* ---- mechanism.c: how long things take, where the drive is to be as slow as a real one ---- */

/* Empties the buffer of a slow drive. */
struct drive_place drive_place(struct drive *d);

/*
 * What a command has done takes its time now: it begins a motion (handlers/scsi/motion.h), and,
 * without @immed, waits for its end.  Meanwhile the mutex is free: call it last, and look at
 * nothing of the medium afterwards.  Nothing happens in a drive that is as fast as it can be.
 */
void drive_moved(struct drive *d, enum sense_id what, const struct drive_place *from, bool immed);
void drive_unloaded(struct drive *d, const struct drive_place *from, bool immed);
void drive_formatted(struct drive *d, enum sense_id what, bool immed);
void drive_erased(struct drive *d, bool immed); /* all behind the position */
void drive_verified(struct drive *d, const struct drive_place *from, bool immed);
/* What verifying @bytes takes; 0 where nothing takes time. */
uint64_t drive_verify_ms(struct drive *d, uint64_t bytes);
/* From @from to where the tape stands; 0 where nothing takes time. */
uint64_t drive_bytes_behind(struct drive *d, const struct drive_place *from);
/* A medium was put in: a motion begins, and the caller does not wait. */
void drive_loading(struct drive *d);

/* ---- rw.c ---- */

/* Blocks of @size bytes are not too short for the drive, nor between those that it has: the
 * shortest and a multiple of 2 to the granularity, as SSC-5 and Quantum's DLT 7000 manual have it.
 * What is too long is another question. */
bool drive_block_fits(const struct drive_model *m, uint32_t size);
/* Reads FIXED and the length of the CDB, of 6 or 16 bytes. A check where fixed blocks have no
 * length, where the drive has no blocks of such a length, or where a lock is broken. */
enum scsi_status drive_transfer(struct drive *d, struct scsi_cmd *cmd, struct drive_transfer *t);
/* Where the transfer length stands in a CDB of 6 or 16 bytes. */
unsigned drive_length_byte(const struct scsi_cmd *cmd);
/* ILI. */
enum scsi_status drive_incorrect_length(struct drive *d, struct scsi_cmd *cmd, int64_t information);

/* ---- verify.c ---- */

/* The worker's: goes on with d->verification for a short while.  Only while motion_is_work(). */
void drive_verify_some(struct drive *d);
/* What it found, once. */
bool drive_take_found(struct drive *d, enum sense_id *ret_why, struct sense_extra *extra);

/* ---- worker.c ---- */

/* Starts the worker where there is none; false where none can be had. */
bool drive_worker_is_there(struct drive *d);
/* A motion that is work has begun. */
void drive_worker_wake(struct drive *d);
/* The end of the drive: with the mutex free. */
void drive_worker_end(struct drive *d);

/* ---- explicit.c ---- */

/* Brings the tape to the partition and object that a CDB of 16 bytes names (bytes 3 and 4..11).
 * SCSI_GOOD or the check. */
enum scsi_status drive_go_to(struct drive *d, struct scsi_cmd *cmd);

/*
 * Whether a command of @row is one for the address mode that the drive is in: SENSE_NO_SENSE, and
 * with ADDRESS_NONE the mode is that of the command from now on; or the refusal.  Only for drives
 * that have both sets.
 */
enum sense_id drive_admit(struct scsi_unit *unit, const struct scsi_cmd *cmd,
			  const struct scsi_command *row);
/* Another medium, another beginning: no mode, and no sequence of writes. */
void drive_forget_address_mode(struct drive *d);
/* A command of @row has run: what brought the tape to the beginning of the partition ends the mode,
 * and one that was refused as an ILLEGAL REQUEST has decided none. */
void drive_address_streamed(struct drive *d, const struct scsi_cmd *cmd,
			    const struct scsi_command *row, enum scsi_status status);

/*
 * Programmable early warning: drive_pews_begin() before anything is written, drive_pews_entered()
 * behind it: true once, where that brought the end of the recording into the zone.
 */
void drive_pews_begin(struct drive *d);
bool drive_pews_entered(struct drive *d);

/* ---- generation.c ---- */

/*
 * What the drive makes of the cartridge in it, with the TapeAlert flags that go with that.
 * MEDIUM_REFUSED and MEDIUM_CLEANS: d->failure says what it is now; SENSE_CLEANING_CARTRIDGE: it
 * has cleaned.
 */
enum medium_access drive_judge_medium(struct drive *d);

/* ---- cleaning.c ---- */

/*
 * Looks at the counters, where the drive asks for cleaning by itself: what has become due is told,
 * and with @again what was told before, too (a load, a power on).  Empties the buffer of a drive
 * that asks.
 */
void drive_check_cleaning(struct drive *d, bool again);
/* Whether it asks at all; where not any more, what it asked for is forgotten. */
void drive_ask_for_cleaning(struct drive *d, bool on);
/* Cleaning is asked for, by the drive or by an operator (TapeAlert 20 or 21); it cannot wait. */
bool drive_wants_cleaning(const struct drive *d);
bool drive_needs_cleaning(const struct drive *d);
/* A cleaning cartridge is in the drive: it cleans, or d->failure says why not. */
void drive_clean(struct drive *d);

/* ---- overwrite.c ---- */

/*
 * Whether ALLOW OVERWRITE let this happen (SSC-5, append-only mode): writing over what follows the
 * position, or FORMAT MEDIUM.  It holds for one command of the data stream: after any of them, a
 * load, or a power on it is over.
 */
bool drive_may_overwrite(struct drive *d);
/* SCSI_GOOD where a write at the position is allowed by append-only mode; else the check, with
 * @information (what is not written). */
enum scsi_status drive_check_append(struct drive *d, struct scsi_cmd *cmd, int64_t information);
bool drive_may_format(const struct drive *d);
void drive_forget_overwrite(struct scsi_unit *unit);

/* ---- reformat.c: what a format makes of the medium beside its division ---- */

/* The whole medium, as FORMAT MEDIUM will leave it. Only where READY. */
struct drive_medium_plan {
	uint8_t density;
	uint64_t capacity_bytes, early_warning_bytes; /* as in struct cart_layout */
};
struct drive_medium_plan drive_medium_plan(struct drive *d);
void drive_sense_scaling(struct scsi_unit *unit, uint8_t *page);
/* scsi_unit_ops.mode_formats */
bool drive_mode_formats(struct scsi_unit *unit, const struct mode_page *row, const uint8_t *page);
enum scsi_status drive_select_scaling(struct scsi_unit *unit, struct scsi_cmd *cmd,
				      const uint8_t *page, unsigned offset, bool apply);
void drive_sense_format(struct scsi_unit *unit, uint8_t *page);
enum scsi_status drive_select_format(struct scsi_unit *unit, struct scsi_cmd *cmd,
				     const uint8_t *page, unsigned offset, bool apply);

/* ---- partition.c ---- */

/* Only at the very beginning of the medium can it be formatted: SCSI_GOOD, or the check. */
MUST_CHECK enum scsi_status drive_check_beginning(struct drive *d, struct scsi_cmd *cmd);
/* One partition of @proportion of the medium, which is blank then and recorded as before: a format
 * that page 25h announced is forgotten.  Else the check. */
MUST_CHECK enum scsi_status drive_scale(struct drive *d, struct scsi_cmd *cmd, uint16_t proportion);

/*
 * Before another partition is entered: what was written to this one is on stable storage, or the
 * command ends with a write error; a failure of that is none of positioning.
 */
MUST_CHECK enum scsi_status drive_leave_partition(struct drive *d, struct scsi_cmd *cmd,
						  unsigned partition);
/*
 * The drive works on @partition, which there is, from now on; the one that it leaves is synced, and
 * keeps its position.  0, or what stage_sync() or stage_open_partition() say: then it stays.
 */
MUST_CHECK int drive_enter_partition(struct drive *d, unsigned partition);
/* The stage of a partition that there is, opened where it was not; NULL where this fails: another
 * partition's must never answer for it. */
struct stage *drive_partition_stage(struct drive *d, unsigned partition);
/* Pairs of wraps of the medium in the drive as it is recorded now, whatever format FORMAT MEDIUM
 * will give it; without one, of the drive's own format. */
unsigned drive_wrap_pairs(struct drive *d);
/* Of the whole medium, as SET CAPACITY left it and it is recorded now; 0: no limit. Without one, of
 * the native medium. */
uint64_t drive_medium_bytes(struct drive *d);
/* How many partitions the medium has. Only where READY, as what follows. */
unsigned drive_partitions(struct drive *d);
/* Of partition 0 and at its beginning, and all others at theirs: power on. */
void drive_first_partition(struct drive *d);
/* Everything that was written to any partition is stable: 0, or what stage_sync() said. */
MUST_CHECK int drive_sync_stages(struct drive *d);
/* Closes all that is open. */
void drive_close_stages(struct drive *d);
/*
 * What is in partition @partition, for log pages: capacity, early warning, counts and bytes of its
 * own recording; what was accepted counts.  False where there is no such partition, or it cannot be
 * told.
 */
bool drive_partition_info(struct drive *d, unsigned partition, struct cart_info *ret_info);
void drive_sense_partitions(struct scsi_unit *unit, uint8_t *page);
enum scsi_status drive_select_partitions(struct scsi_unit *unit, struct scsi_cmd *cmd,
					 const uint8_t *page, unsigned offset, bool apply);
enum scsi_status drive_format_medium(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_set_capacity(struct scsi_unit *unit, struct scsi_cmd *cmd);

/* ---- the rows' handlers ---- */

enum scsi_status drive_read(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_write(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_write_filemarks(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_verify(struct scsi_unit *unit, struct scsi_cmd *cmd);       /* 6 and 16 */
enum scsi_status drive_read_reverse(struct scsi_unit *unit, struct scsi_cmd *cmd); /* 6 and 16 */
enum scsi_status drive_read_16(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_write_16(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_write_filemarks_16(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_erase_16(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_allow_overwrite(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_read_media_serial(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_rewind(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_space(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_locate_10(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_locate_16(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_read_position(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_security_in(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_security_out(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_erase(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_load_unload(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_prevent_allow(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_block_limits(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_report_density(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_read_attribute(struct scsi_unit *unit, struct scsi_cmd *cmd);
enum scsi_status drive_write_attribute(struct scsi_unit *unit, struct scsi_cmd *cmd);

/* ---- pages.c: mode header, block descriptor, mode pages ---- */

/* A medium is loaded that cannot be written: its tab, its generation, or what a host has set. */
bool drive_medium_is_protected(struct drive *d);
/* As this maker's drives tell it: mode parameter header, log page 16h. 0 where none is loaded. */
uint8_t drive_medium_type(struct drive *d);
void drive_mode_header(struct scsi_unit *unit, uint8_t *ret_medium_type, uint8_t *ret_specific);
void drive_block_descriptor(struct scsi_unit *unit, uint8_t descriptor[8]);
enum scsi_status drive_mode_select(struct scsi_unit *unit, struct scsi_cmd *cmd, uint8_t specific,
				   const uint8_t *descriptor, unsigned offset, bool apply);

/* ---- tables: all rows that there are; a drive has those that its model's features allow ---- */

struct scsi_tables drive_tables(void); /* commands.c */
extern const struct mode_page drive_mode_pages[];
extern const struct log_page drive_log_pages[];
extern const struct vpd_page drive_vpd_pages[];
extern const unsigned drive_mode_pages_cnt, drive_log_pages_cnt, drive_vpd_pages_cnt;

#endif
