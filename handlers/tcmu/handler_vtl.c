/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handler_vtl.c: what tcmu-runner loads.  Both subtypes sit in one object, since a changer and its
 * drives share their library, and the runner gives each object its own symbols.
 */
#include "handlers/tcmu/glue.h"
#include "lib/control/server.h"

static bool check_tape(const char *cfgstring, char **reason)
{
	return glue_check(cfgstring, "tape", reason);
}

static bool check_changer(const char *cfgstring, char **reason)
{
	return glue_check(cfgstring, "changer", reason);
}

static int open_tape(struct tcmu_device *dev, bool reopen)
{
	(void)reopen;
	return glue_open(dev, "tape");
}

static int open_changer(struct tcmu_device *dev, bool reopen)
{
	(void)reopen;
	return glue_open(dev, "changer");
}

static int reconfig(struct tcmu_device *dev, struct tcmulib_cfg_info *cfg)
{
	return glue_reconfig(dev, cfg);
}

static void destroy(void)
{
	control_server_stop();
}

static struct tcmur_handler tape = {
	.name = "Virtual tape drive",
	.subtype = "tape",
	.cfg_desc = "LIBRARY/drive/N: drive N (from 1) of a virtual tape library, as lib0/drive/1. "
		    "Create the library with \"vtl library create\".",
	.check_config = check_tape,
	.reconfig = reconfig,
	.open = open_tape,
	.close = glue_close,
	.handle_cmd = glue_handle,
	.destroy = destroy,
};

static struct tcmur_handler changer = {
	.name = "Virtual tape changer",
	.subtype = "changer",
	.cfg_desc = "LIBRARY/changer: the changer of a virtual tape library, as lib0/changer. "
		    "Create the library with \"vtl library create\".",
	.check_config = check_changer,
	.reconfig = reconfig,
	.open = open_changer,
	.close = glue_close,
	.handle_cmd = glue_handle,
	.destroy = destroy,
};

__attribute__((visibility("default"))) int handler_init(void);

int handler_init(void)
{
	int r = tcmur_register_handler(&tape);

	return r != 0 ? r : tcmur_register_handler(&changer);
}
