/* SPDX-License-Identifier: Apache-2.0 */
/* ring.c: see ring.h.  Numbers in shared memory are in native byte order. */
#include "handlers/tcmu/ring.h"

#include <string.h>

#include "handlers/tcmu/mailbox.h"

#define OP_MASK       7u
#define STATUS_CHECK  0x02
#define NO_ENTRY      UINT32_MAX
#define SENSE_SIZE    18
#define MIN_ENTRY     8u
#define EVENT_TYPE_AT offsetof(struct tcmu_tmr_entry, tmr_type)
#define UFLAG_LEN_SET TCMU_UFLAG_READ_LEN

static uint32_t load(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static struct tcmu_mailbox *mailbox_of(const struct ring *ring)
{
	return (struct tcmu_mailbox *)(void *)ring->mailbox;
}

bool ring_init(struct ring *ring, void *mailbox, size_t size)
{
	struct tcmu_mailbox *mb = mailbox;

	memset(ring, 0, sizeof(*ring));
	if (size < sizeof(*mb) || mb->version != TCMU_MAILBOX_VERSION || mb->cmdr_size == 0)
		return false;
	if (mb->cmdr_off > size || mb->cmdr_size > size - mb->cmdr_off)
		return false;
	ring->mailbox = mailbox;
	ring->entries = (uint8_t *)mailbox + mb->cmdr_off;
	ring->size = mb->cmdr_size;
	ring->read_len = (mb->flags & TCMU_MAILBOX_FLAG_CAP_READ_LEN) != 0;
	return true;
}

static struct tcmu_cmd_entry *entry_at(const struct ring *ring, uint32_t at)
{
	return (struct tcmu_cmd_entry *)(void *)(ring->entries + at);
}

static bool is_event(const struct ring *ring, uint32_t at)
{
	return (load(ring->entries + at) & OP_MASK) == TCMU_OP_TMR;
}

static bool is_command(const struct ring *ring, uint32_t at)
{
	return (load(ring->entries + at) & OP_MASK) == TCMU_OP_CMD;
}

/* The entry behind @at; NO_ENTRY where the ring is not sound. */
static uint32_t next(const struct ring *ring, uint32_t at)
{
	uint32_t length = load(ring->entries + at) & ~OP_MASK;

	if (length < MIN_ENTRY || length > ring->size)
		return NO_ENTRY;
	return (at + length) % ring->size;
}

/* Where @cmd_id waits, between tail and head. */
static uint32_t find(const struct ring *ring, uint16_t cmd_id)
{
	struct tcmu_mailbox *mb = mailbox_of(ring);
	uint32_t head = __atomic_load_n(&mb->cmd_head, __ATOMIC_ACQUIRE);
	uint32_t at = mb->cmd_tail;

	while (at != head && at < ring->size) {
		if (is_command(ring, at) && entry_at(ring, at)->hdr.cmd_id == cmd_id)
			return at;
		at = next(ring, at);
	}
	return NO_ENTRY;
}

static void refuse(struct tcmu_cmd_entry *e)
{
	uint8_t sense[SENSE_SIZE] = { [0] = 0x70, [2] = 0x05, [7] = SENSE_SIZE - 8, [12] = 0x20 };

	e->hdr.uflags = 0;
	e->rsp.scsi_status = STATUS_CHECK;
	memset(e->rsp.sense_buffer, 0, sizeof(e->rsp.sense_buffer));
	memcpy(e->rsp.sense_buffer, sense, sizeof(sense));
}

unsigned ring_heal(struct ring *ring, uint16_t cmd_id)
{
	struct tcmu_mailbox *mb = mailbox_of(ring);
	uint32_t ours = find(ring, cmd_id), at = mb->cmd_tail;
	unsigned n = 0;

	if (ours == NO_ENTRY)
		return 0;
	while (at != ours) {
		if (is_command(ring, at)) {
			refuse(entry_at(ring, at));
			n++;
		}
		at = next(ring, at);
		__atomic_store_n(&mb->cmd_tail, at, __ATOMIC_RELEASE);
	}
	return n;
}

static enum ring_event event_of(uint8_t type)
{
	switch (type) {
	case TCMU_TMR_UNKNOWN: /* or taken */
	case TCMU_TMR_CLEAR_ACA:
		return RING_NOTHING;
	case TCMU_TMR_LUN_RESET:
	case TCMU_TMR_TARGET_WARM_RESET:
	case TCMU_TMR_TARGET_COLD_RESET:
		return RING_RESET;
	default:
		return RING_ABORT;
	}
}

/* The event at @at; RING_NOTHING where there is none. */
static enum ring_event event_at(const struct ring *ring, uint32_t at)
{
	return is_event(ring, at) ? event_of(ring->entries[at + EVENT_TYPE_AT]) : RING_NOTHING;
}

/* Resets from @at to @head that nobody took.  Whatever stands there, it ends. */
static unsigned count_resets(const struct ring *ring, uint32_t at, uint32_t head)
{
	unsigned n = 0, left = ring->size / MIN_ENTRY;

	for (; at != head && left-- > 0; at = next(ring, at)) {
		if (at % MIN_ENTRY != 0 || at > ring->size - MIN_ENTRY)
			break;
		/* padding at the end of the ring may be shorter than an event is */
		if (is_event(ring, at) && ring->size - at < sizeof(struct tcmu_tmr_entry))
			break;
		n += event_at(ring, at) == RING_RESET;
	}
	return n;
}

enum ring_event ring_take_event(struct ring *ring, uint32_t cmd_id)
{
	struct tcmu_mailbox *mb = mailbox_of(ring);
	uint32_t head = __atomic_load_n(&mb->cmd_head, __ATOMIC_ACQUIRE), at = mb->cmd_tail;
	enum ring_event gravest = RING_NOTHING;
	unsigned behind;

	for (; at != head && at < ring->size; at = next(ring, at)) {
		enum ring_event event = event_at(ring, at);

		if (is_command(ring, at) && entry_at(ring, at)->hdr.cmd_id == cmd_id)
			break;
		if (!is_event(ring, at))
			continue;
		ring->entries[at + EVENT_TYPE_AT] =
			TCMU_TMR_UNKNOWN; /* nobody reads it behind us */
		if (event == RING_RESET && ring->noticed > 0) {
			ring->noticed--; /* told already */
			continue;
		}
		gravest = event > gravest ? event : gravest;
	}
	behind = at < ring->size ? count_resets(ring, at, head) : 0;
	ring->noticed = ring->noticed < behind ? ring->noticed : behind;
	return gravest;
}

bool ring_notice_reset(struct ring *ring)
{
	struct tcmu_mailbox *mb = mailbox_of(ring);
	uint32_t tail = __atomic_load_n(&mb->cmd_tail, __ATOMIC_ACQUIRE);
	uint32_t head = __atomic_load_n(&mb->cmd_head, __ATOMIC_ACQUIRE);
	unsigned resets = count_resets(ring, tail, head);
	bool is_new;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* what is behind the tail may be anything: the kernel has written there again */
	if (__atomic_load_n(&mb->cmd_tail, __ATOMIC_RELAXED) != tail)
		return false;
	is_new = resets > ring->noticed;
	ring->noticed = resets;
	return is_new;
}

bool ring_set_read_len(struct ring *ring, uint16_t cmd_id, uint32_t bytes)
{
	uint32_t at;

	if (!ring->read_len || bytes == 0)
		return false;
	at = find(ring, cmd_id);
	if (at == NO_ENTRY)
		return false;
	entry_at(ring, at)->rsp.read_len = bytes;
	entry_at(ring, at)->hdr.uflags |= UFLAG_LEN_SET;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return true;
}
