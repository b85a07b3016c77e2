#include "appliance/manager.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

/* Asked for again and again while a take is closed: hashing the tracks of hours takes minutes on a card. */
#define EXTENSION_NS (30 * CLOCK_NSEC_PER_SEC)
#define ASK_NS (5 * CLOCK_NSEC_PER_SEC)

#define NSEC_PER_USEC 1000

enum { FEEDS_A_PERIOD = 4, GRACE_S = 60, TEXT_SIZE = 200 };

struct manager {
	struct manager_questions questions;
	struct loop_source *timer;
	uint64_t watchdog_us; /* 0: nobody watches */
	uint64_t told_us;     /* that the manager waits for now */
	bool ready, stopping;
	bool stuck; /* as last told to the log */
	char state[TEXT_SIZE], alert[TEXT_SIZE];
};

static int64_t feed_period_ns(const struct manager *manager)
{
	int64_t period = (int64_t)manager->watchdog_us * NSEC_PER_USEC / FEEDS_A_PERIOD;
	if (manager->stopping && (period == 0 || period > ASK_NS))
		period = ASK_NS;
	return period;
}

static bool advances(struct manager *manager)
{
	bool stuck = !manager->questions.advances(manager->questions.data);
	if (stuck && !manager->stuck)
		log_warning("a writer stands still; the service manager is not told that all is well");
	manager->stuck = stuck;
	return !stuck;
}

static void ask_for_time(void)
{
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRId64, (int64_t)EXTENSION_NS / NSEC_PER_USEC);
}

static void on_timer(void *data)
{
	struct manager *manager = data;
	if (!advances(manager))
		return;
	if (manager->watchdog_us > 0)
		sd_notify(0, "WATCHDOG=1");
	if (manager->stopping)
		ask_for_time();
}

struct manager *manager_create(struct loop *loop, const struct manager_questions *questions)
{
	struct manager *manager = memory_new(sizeof(*manager));
	manager->questions = *questions;
	manager->timer = loop_add_timer(loop, on_timer, manager);
	if (sd_watchdog_enabled(0, &manager->watchdog_us) <= 0)
		manager->watchdog_us = 0;
	manager->told_us = manager->watchdog_us;
	return manager;
}

void manager_destroy(struct manager *manager)
{
	if (!manager)
		return;
	loop_remove(manager->timer);
	free(manager);
}

void manager_ready(struct manager *manager)
{
	if (manager->ready)
		return;
	manager->ready = true;
	sd_notify(0, "READY=1");
	loop_set_timer(manager->timer, feed_period_ns(manager), feed_period_ns(manager));
}

void manager_stopping(struct manager *manager)
{
	if (manager->stopping)
		return;
	manager->stopping = true;
	sd_notify(0, "STOPPING=1");
	ask_for_time();
	loop_set_timer(manager->timer, feed_period_ns(manager), feed_period_ns(manager));
}

/* A message has a line for each of its parts, so what people read must be one line. */
static void make_one_line(char *text)
{
	for (; *text; text++)
		if (*text == '\n' || *text == '\r')
			*text = ' ';
}

static void tell(struct manager *manager, char *slot, const char *text)
{
	char line[TEXT_SIZE];
	snprintf(line, sizeof(line), "%s", text);
	make_one_line(line);
	if (strcmp(line, slot) == 0)
		return;
	memcpy(slot, line, sizeof(line));
	sd_notifyf(0, "STATUS=%s%s%s", manager->state, manager->alert[0] ? "; " : "", manager->alert);
}

void manager_tell_state(struct manager *manager, const char *text)
{
	tell(manager, manager->state, text);
}

void manager_tell_alert(struct manager *manager, const char *text)
{
	tell(manager, manager->alert, text);
}

void manager_wait_for(struct manager *manager, double seconds)
{
	uint64_t wanted = (uint64_t)((seconds + GRACE_S) * 1e6);
	if (manager->watchdog_us == 0 || wanted <= manager->told_us)
		return;
	manager->told_us = wanted;
	sd_notifyf(0, "WATCHDOG_USEC=%" PRIu64, wanted);
}
