/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi.h: the part of tcmu-runner's plugin interface that handler_vtl uses, in our own words (Debian
 * ships no headers for it).  The layout is the same in 1.5.4, 1.6.0 and 1.6.2; the asserts pin it.
 * Older ones (1.5.0 to 1.5.2) have another struct and no way to tell: they are not supported.
 */
#ifndef VTL_TCMU_ABI_H
#define VTL_TCMU_ABI_H

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

struct tcmu_device; /* opaque */

/* What libtcmu copied out of a ring slot. */
struct tcmulib_cmd {
	uint16_t cmd_id;
	uint8_t *cdb;
	struct iovec *iovec;
	size_t iov_cnt;
	uint8_t sense_buf[96]; /* not cleared by the library */
	void *hm_private;
};

struct list_link {
	struct list_link *next, *prev;
};

struct tcmur_cmd {
	struct tcmulib_cmd *lib_cmd;
	struct iovec *iovec;
	size_t iov_cnt;
	void *iov_base_copy;
	void *cmd_state;
	size_t requested;
	struct list_link cmds_list_entry;
	struct timespec start_time;
	bool timed_out;
	void (*done)(struct tcmu_device *dev, struct tcmur_cmd *cmd, int result);
};

/* What handle_cmd returns. */
enum tcmur_result {
	TCMUR_OK = 0,
	TCMUR_SENSE = 2, /* CHECK CONDITION with our sense_buf */
	TCMUR_BUSY = 3,
};

enum tcmulib_cfg_type {
	TCMULIB_CFG_STRING = 0,
	TCMULIB_CFG_SIZE = 1,
	TCMULIB_CFG_WRITE_CACHE = 2,
};

struct tcmulib_cfg_info {
	int type;
	union {
		uint64_t size;
		char *string;
		bool write_cache;
	} data;
};

/* Members that we leave NULL are untyped: their signatures do not matter. */
struct tcmur_handler {
	const char *name;
	const char *subtype;
	const char *cfg_desc;
	void *opaque;
	bool (*check_config)(const char *cfgstring, char **reason); /* the runner free()s @reason */
	int (*reconfig)(struct tcmu_device *dev, struct tcmulib_cfg_info *cfg);
	int (*open)(struct tcmu_device *dev, bool reopen);
	void (*close)(struct tcmu_device *dev);
	int nr_threads;
	int (*handle_cmd)(struct tcmu_device *dev, struct tcmur_cmd *cmd);
	void (*read)(void);
	void (*write)(void);
	void (*flush)(void);
	void (*unmap)(void);
	void (*writesame)(void);
	void (*caw)(void);
	void (*report_event)(void);
	void (*lock)(void);
	void (*unlock)(void);
	void (*get_lock_tag)(void);
	void (*get_lock_state)(void);
	bool is_dbus_handler;
	bool (*update_logdir)(void);
	int (*init)(void);
	void (*destroy)(void);
};

#if defined(__x86_64__)
static_assert(offsetof(struct tcmulib_cmd, cdb) == 8, "tcmulib_cmd.cdb");
static_assert(offsetof(struct tcmulib_cmd, iovec) == 16, "tcmulib_cmd.iovec");
static_assert(offsetof(struct tcmulib_cmd, iov_cnt) == 24, "tcmulib_cmd.iov_cnt");
static_assert(offsetof(struct tcmulib_cmd, sense_buf) == 32, "tcmulib_cmd.sense_buf");
static_assert(offsetof(struct tcmulib_cmd, hm_private) == 128, "tcmulib_cmd.hm_private");
static_assert(sizeof(struct tcmulib_cmd) == 136, "tcmulib_cmd");
static_assert(offsetof(struct tcmur_cmd, cmds_list_entry) == 48, "tcmur_cmd.cmds_list_entry");
static_assert(offsetof(struct tcmur_cmd, start_time) == 64, "tcmur_cmd.start_time");
static_assert(offsetof(struct tcmur_cmd, done) == 88, "tcmur_cmd.done");
static_assert(sizeof(struct tcmur_cmd) == 96, "tcmur_cmd");
static_assert(offsetof(struct tcmulib_cfg_info, data) == 8, "tcmulib_cfg_info.data");
static_assert(offsetof(struct tcmur_handler, check_config) == 32, "tcmur_handler.check_config");
static_assert(offsetof(struct tcmur_handler, open) == 48, "tcmur_handler.open");
static_assert(offsetof(struct tcmur_handler, nr_threads) == 64, "tcmur_handler.nr_threads");
static_assert(offsetof(struct tcmur_handler, handle_cmd) == 72, "tcmur_handler.handle_cmd");
static_assert(offsetof(struct tcmur_handler, report_event) == 128, "tcmur_handler.report_event");
static_assert(offsetof(struct tcmur_handler, is_dbus_handler) == 168, "tcmur_handler dbus");
static_assert(offsetof(struct tcmur_handler, destroy) == 192, "tcmur_handler.destroy");
static_assert(sizeof(struct tcmur_handler) == 200, "tcmur_handler");
#endif

/* From the runner itself. */
int tcmur_register_handler(struct tcmur_handler *handler);
void tcmur_dev_set_private(struct tcmu_device *dev, void *priv);
void *tcmur_dev_get_private(struct tcmu_device *dev);

/* From libtcmu.so.2, which the runner has loaded. */
const char *tcmu_dev_get_cfgstring(struct tcmu_device *dev);
const char *tcmu_dev_get_uio_name(struct tcmu_device *dev);
/* malloc()ed name of the device, to be freed; NULL on failure. */
char *tcmu_dev_get_memory_info(struct tcmu_device *dev, void **ret_base, size_t *ret_size,
			       off_t *ret_offset);
void tcmu_err_message(struct tcmu_device *dev, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void tcmu_warn_message(struct tcmu_device *dev, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void tcmu_info_message(struct tcmu_device *dev, const char *func, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
