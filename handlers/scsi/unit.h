/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h: what every logical unit has, drive and changer alike; embedded as the first member of
 * both.
 *
 * unit_execute() is the one entry for commands.  It takes the unit's mutex, so that a unit runs one
 * command at a time and that other threads (the changer loading a drive, D-Bus) can lock it between
 * commands. Lock order: docs/architecture.md.
 *
 * Initiators.  TCMU does not tell who sends a command: unit attentions, prevention and mode
 * parameters are one per unit.  What a command changes (mode and log parameters, the timestamp,
 * identifying information) is a unit attention for the other initiators (SPC-5): none is told,
 * rather than the wrong one.  What changes behind the back of all of them (an operator) is told.
 */
#ifndef VTL_SCSI_UNIT_H
#define VTL_SCSI_UNIT_H

#include <pthread.h>
#include <stdbool.h>

#include "handlers/scsi/cmd.h"
#include "handlers/scsi/motion.h"
#include "handlers/scsi/sense.h"
#include "lib/base/outcome.h"

#define UNIT_ATTENTIONS    12
#define UNIT_MODE_PAGES    40
#define UNIT_MODE_PAGE_MAX 64   /* bytes of one page */
#define UNIT_THRESHOLDS    24   /* log parameters with a threshold of a host's own */
#define UNIT_SCRATCH_SIZE  4096 /* bytes of a parameter list */

struct scsi_unit;
struct page_list;    /* lib/personality/pages.h */
struct page_patches; /* the same */
struct scsi_command; /* handlers/scsi/command.h */
struct mode_page;    /* handlers/scsi/mode.h */
struct log_page;     /* handlers/scsi/logpage.h */
struct vpd_page;     /* handlers/scsi/vpd.h */

/* A self-test as it went (SPC-5, Self-Test Results log page); kept over a restart. */
struct selftest_result {
	uint8_t code;    /* as SEND DIAGNOSTIC's SELF-TEST CODE; 0 for the default self-test */
	uint8_t outcome; /* 0: good; 7: a segment failed */
	uint8_t segment; /* that failed, from 1; 0: none */
	uint8_t key, asc, ascq; /* why, or 0 */
	uint16_t hours;         /* of power on, when it was done; saturates */
};

#define UNIT_SELFTESTS 20 /* results that are kept */

struct unit_service; /* handlers/scsi/service.h */

/* What a unit answers for the common code; called with its mutex held. */
struct scsi_unit_ops {
	/* The medium can be used; else fills @extra where there is progress and returns what is
	 * wrong. */
	bool (*ready)(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra);
	/* Why nothing can be written; SENSE_NO_SENSE where it can be. */
	enum sense_id (*write_protected)(struct scsi_unit *unit);
	/* An error of an earlier command, told once, before the next one runs; NULL: there are
	 * none. */
	bool (*deferred)(struct scsi_unit *unit, enum sense_id *ret_why, struct sense_extra *extra);
	/*
	 * A self-test beyond the common one, which tries the unit's memory: 0, or the number (from
	 * 2) of the segment that failed.  Moves no medium.  NULL: there is none.
	 */
	uint8_t (*self_test)(struct scsi_unit *unit, bool extended);
	/*
	 * SEND DIAGNOSTIC of the page .diagnostic_page of the unit: does what it says, or gives the
	 * check.  @size bytes of @page are there, its header of 4 included.
	 */
	enum scsi_status (*diagnostic_page)(struct scsi_unit *unit, struct scsi_cmd *cmd,
					    const uint8_t *page, size_t size);
	/* Why a command that nothing else refuses may not run now; SENSE_NO_SENSE: it may.  NULL:
	 * all may. */
	enum sense_id (*admit)(struct scsi_unit *unit, const struct scsi_cmd *cmd,
			       const struct scsi_command *row);
	/* A handler of a row that TELLS_DEFERRED has run, with @status, and the sense of @cmd:
	 * the medium may stand elsewhere. NULL: nobody cares. */
	void (*streamed)(struct scsi_unit *unit, const struct scsi_cmd *cmd,
			 const struct scsi_command *row, enum scsi_status status);
	/* Power on, or a reset: forget position, prevention and what else is volatile. */
	void (*reset)(struct scsi_unit *unit);
	/* What REQUEST SENSE says where there is nothing else to say. NULL: SENSE_NO_SENSE. */
	enum sense_id (*idle)(struct scsi_unit *unit);
	/* Reset of the logical unit: mode pages too (mode_reset()).  NULL: as @reset. */
	void (*unit_reset)(struct scsi_unit *unit);
	/* MODE SENSE header: medium type and device-specific parameter. */
	void (*mode_header)(struct scsi_unit *unit, uint8_t *ret_medium_type,
			    uint8_t *ret_specific);
	/* Block descriptor, 8 bytes; NULL where the unit has none. */
	void (*block_descriptor)(struct scsi_unit *unit, uint8_t descriptor[8]);
	/*
	 * MODE SELECT: header's device-specific parameter and block descriptor (NULL where none was
	 * sent).  With @apply false only checks.  SCSI_GOOD or a check; @offset is where the
	 * descriptor stands in the list.
	 */
	enum scsi_status (*mode_select)(struct scsi_unit *unit, struct scsi_cmd *cmd,
					uint8_t specific, const uint8_t *descriptor,
					unsigned offset, bool apply);
	/*
	 * Whether MODE SELECT of @page of @row would format the medium, as it stands now.  Such a
	 * list is for the data stream: it waits, tells deferred errors and needs a medium that can
	 * be written; and it is the first thing of the list that is done (row->select).  NULL: none
	 * does.
	 */
	bool (*mode_formats)(struct scsi_unit *unit, const struct mode_page *row,
			     const uint8_t *page);
	/*
	 * MODE SELECT with SP: a page (code @code, subpage @subpage) of the list changes from
	 * @before to @after; what that means for the page @page of @row, which says the same thing
	 * in its own way.  Changes changeable bits of @page alone.  NULL: no two pages do.
	 */
	void (*mode_follow)(uint8_t code, uint8_t subpage, const uint8_t *before,
			    const uint8_t *after, const struct mode_page *row, uint8_t *page);
	/*
	 * A place for what outlives a restart: values by name, durable when save returns.  0 or
	 * -errno; load: -ENOENT where the name was never saved.  NULL: the unit has no such place.
	 */
	int (*save)(struct scsi_unit *unit, const char *name, const void *data, size_t size);
	int (*load)(struct scsi_unit *unit, const char *name, void *buf, size_t max,
		    size_t *ret_size);
	/* LOG SELECT and LOG SENSE with SP: saves what the unit counts. 0 or -errno; may be NULL.
	 */
	int (*save_counters)(struct scsi_unit *unit);
};

/* What a host has set for a log parameter (handlers/scsi/logpage.h). */
struct log_threshold {
	uint8_t code, subpage;
	uint8_t control; /* ETC and TMC bits of the parameter control byte */
	uint16_t parameter;
	uint64_t threshold;
	uint64_t seen; /* the value that was compared last */
};

struct scsi_identity {
	uint8_t device_type; /* 01h sequential-access, 08h media changer */
	bool removable;
	char vendor[9], product[17], revision[5], serial[33];
	uint16_t versions[8];             /* version descriptors, 0-terminated */
	uint8_t ansi_version;             /* 2 SCSI-2, 3 SPC ... 6 SPC-4; 0: SPC-4 */
	const struct page_patches *bytes; /* of standard INQUIRY data; NULL: none.  Borrowed */
};

/* The tables of a unit; arrays of const data. */
struct scsi_tables {
	const struct scsi_command *commands;
	unsigned commands_cnt;
	const struct mode_page
		*mode_pages; /* in the order of page codes; at most UNIT_MODE_PAGES */
	unsigned mode_pages_cnt;
	const struct log_page *log_pages;
	unsigned log_pages_cnt;
	const struct vpd_page *vpd_pages; /* beside 00, 80 and 83, which all have */
	unsigned vpd_pages_cnt;
	/*
	 * What the model says: which of the pages it has (NULL: all that its features allow), bytes
	 * of mode pages that differ, and pages of the vendor's own (NULL: none).  Borrowed.
	 */
	const struct page_list *mode_list, *log_list, *vpd_list;
	const struct page_patches *mode_bytes, *vpd_bytes;
	uint8_t **owned; /* defaults of mode pages that the model changed */
	unsigned owned_cnt;
	/* Hosts put the LUN into bits 7-5 of byte 1: ch and mtx do, and Linux for every unit that
	 * says SCSI-2. Ignored there. */
	bool lun_in_cdb;
};

/* What the transport knows of task management while a command waits. */
enum unit_event {
	UNIT_EVENT_NONE,
	UNIT_EVENT_ABORT, /* the command is not wanted any more */
	UNIT_EVENT_RESET, /* unit_reset_locked() is to be called; the wait does so */
};
typedef enum unit_event (*unit_watch_fn)(void *ctx);
/* Whether there was a reset that the unit has not been told of; asked by other threads. */
typedef bool (*unit_notice_fn)(void *ctx);

struct scsi_unit {
	pthread_mutex_t mutex;
	const struct scsi_unit_ops *ops;
	struct scsi_tables *tables; /* what this unit has; owned */
	unsigned features;
	unit_watch_fn watch; /* NULL: nobody interrupts a wait */
	unit_notice_fn notice;
	void *watch_ctx;
	struct scsi_identity identity;
	uint8_t diagnostic_page;      /* of the maker's own that SEND DIAGNOSTIC takes; 0: none */
	struct unit_service *service; /* buffers, clock, self-tests; owned */
	struct unit_motion motion;    /* what takes time after its command */
	enum motion_meanwhile
		meanwhile;  /* what others come to while the unit is ready but for it */
	enum sense_id kept; /* a deferred error that REQUEST SENSE showed, and that ... */
	struct sense_extra kept_extra;
	bool has_kept;  /* ... the next command of the data stream is still to tell */
	bool kept_held; /* an eject has been refused for it */
	enum sense_id attentions[UNIT_ATTENTIONS];
	unsigned attentions_cnt;
	uint8_t mode_values[UNIT_MODE_PAGES][UNIT_MODE_PAGE_MAX]; /* current */
	uint8_t mode_saved[UNIT_MODE_PAGES][UNIT_MODE_PAGE_MAX];  /* the defaults until saved */
	bool mode_was_saved[UNIT_MODE_PAGES];
	/*
	 * An informational exception that waits to be told (SPC-5, informational exceptions
	 * control): as the sense of the next command that would have been GOOD, or, where a host
	 * polls for them, as the data of the next REQUEST SENSE.  SENSE_NO_SENSE: none.
	 */
	enum sense_id exception;
	bool exception_is_polled;
	struct log_threshold thresholds[UNIT_THRESHOLDS];
	unsigned thresholds_cnt;
	uint8_t scratch[UNIT_SCRATCH_SIZE]; /* of the command that runs: the list it builds or reads
					     */
};

/*
 * Of the rows of @all the unit gets those that name no feature beyond @features (for a drive: enum
 * drive_feature), as copies of its own; what they point to, and @ops, stays borrowed.  The identity
 * is filled by the caller afterwards.  0 or -ENOMEM; then there is nothing to clear.
 */
MUST_CHECK int unit_init(struct scsi_unit *unit, const struct scsi_unit_ops *ops,
			 const struct scsi_tables *all, unsigned features);
void unit_clear(struct scsi_unit *unit);

void unit_lock(struct scsi_unit *unit);
void unit_unlock(struct scsi_unit *unit);
bool unit_trylock(struct scsi_unit *unit); /* false: a command runs */

/* Runs one command and fills its answer.  Never fails otherwise: an internal error is HARDWARE
 * ERROR 44/00. */
enum scsi_status unit_execute(struct scsi_unit *unit, struct scsi_cmd *cmd);

/*
 * Says power on occurred (unit attention 29h/00h), forgets mode parameters, prevention and position
 * as a reset does.  The transport calls it at every open (TCMU: after a restart the kernel replays
 * commands).
 */
void unit_power_on(struct scsi_unit *unit);

/*
 * A reset of the logical unit (SAM-5): ends what is under way, removal is allowed, mode parameters
 * are the saved ones.  What is buffered and where the medium stands stays, unless the drive's REW
 * bit says otherwise.  The unit attention, 29/03, is the core's, which did the reset.
 */
void unit_reset(struct scsi_unit *unit);
/* The same with the mutex held: for a transport that has just taken the reset from its queue, so
 * that nobody sees the unit with neither of them. */
void unit_reset_locked(struct scsi_unit *unit);

/* Takes the mutex.  @watch is asked, a few times a second and with the mutex held, by a command
 * that waits for a motion; @notice by unit_notice_reset().  NULL: there is nothing to ask. */
void unit_set_watch(struct scsi_unit *unit, unit_watch_fn watch, unit_notice_fn notice, void *ctx);
/* Asks it, and does what it says; mutex held.  What it has said. */
enum unit_event unit_look(struct scsi_unit *unit);

/*
 * For another thread (the robot's) that is going to believe what it sees of the unit: a reset that
 * stands before the unit's next command is done first.  Mutex held.
 */
void unit_notice_reset(struct scsi_unit *unit);

/*
 * Queues a unit attention (mutex held), once each, in the order in which a host is to hear them
 * (SAM-5): power on, other resets, medium changed, mode parameters, log parameters, inquiry data,
 * microcode, identifier, timestamp; then others as they come.  Where the queue is full the last in
 * that order goes.
 */
void unit_attention(struct scsi_unit *unit, enum sense_id id);

/*
 * At the unit's start, where its identity is set: compares it with what INQUIRY said when the unit
 * ran last (ops->load), and queues INQUIRY DATA HAS CHANGED where it is another one, which a power
 * on leaves in the queue.  A unit that never ran before has changed nothing.
 */
void unit_note_identity(struct scsi_unit *unit);

/* Takes a unit attention out of the queue that nobody needs to hear any more. */
void unit_attention_clear(struct scsi_unit *unit, enum sense_id id);

/*
 * Whether a medium has to stay because of a deferred error that REQUEST SENSE has shown and no
 * command of the data stream has told: true once for each, so that nothing is lost in silence, and
 * the next try takes the medium out.
 */
bool unit_holds_deferred(struct scsi_unit *unit);
/* The medium that a deferred error was about is gone. */
void unit_forget_deferred(struct scsi_unit *unit);

/* D_SENSE of the control mode page. */
bool unit_descriptor_sense(const struct scsi_unit *unit);

/* Fills a SCSI string field: blank padded, cut. */
void scsi_put_text(uint8_t *field, size_t size, const char *text);

#endif
