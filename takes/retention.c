#include "takes/retention.h"

#include "common/memory.h"

#include <stdlib.h>

enum { DAY_S = 24 * 3600, HOUR_S = 3600, DOUBT_S = 7 * DAY_S };

/* ---- which ---- */

static void add(struct retention_choice *choice, size_t i)
{
	choice->goes = memory_grow(choice->goes, choice->count + 1, sizeof(*choice->goes));
	choice->goes[choice->count++] = i;
}

static bool may_go(const struct retention_view *view, size_t i, struct retention_take *take)
{
	return view->load(view->data, i, take) && take->closed && !take->keep;
}

/* A folder that somebody renamed is as old as the younger of what its name and its manifest say. */
static void choose_by_age(struct retention_choice *choice, const struct retention_config *config,
	const struct retention_view *view, const struct retention_now *now)
{
	int64_t first_s = now->utc_s - (int64_t)config->days * DAY_S;
	for (size_t i = view->count; i-- > 0 && view->started_s(view->data, i) < first_s;) {
		struct retention_take take;
		if (may_go(view, i, &take) && take.started_s < first_s)
			add(choice, i);
	}
}

static void reverse(struct retention_choice *choice)
{
	for (size_t i = 0; i < choice->count / 2; i++) {
		size_t *other = &choice->goes[choice->count - 1 - i], kept = choice->goes[i];
		choice->goes[i] = *other;
		*other = kept;
	}
}

static void choose_by_number(struct retention_choice *choice, const struct retention_config *config,
	const struct retention_view *view, const struct retention_now *now)
{
	(void)now;
	size_t left = (size_t)config->takes;
	if (view->count <= left)
		return;
	for (size_t i = 0; i < view->count; i++) {
		struct retention_take take;
		if (!view->load(view->data, i, &take) || take.keep)
			continue;
		if (left > 0)
			left--;
		else if (take.closed)
			add(choice, i);
	}
	reverse(choice);
}

static void choose_by_room(struct retention_choice *choice, const struct retention_config *config,
	const struct retention_view *view, const struct retention_now *now)
{
	double wanted = (double)now->disk_bytes * config->free_percent / 100;
	double missing = wanted - (double)now->free_bytes;
	for (size_t i = view->count; missing > 0 && i-- > 1;) {
		struct retention_take take;
		if (!may_go(view, i, &take))
			continue;
		missing -= (double)view->bytes(view->data, i);
		add(choice, i);
	}
	choice->out_of_reach = missing > 0;
	if (choice->out_of_reach)
		choice->count = 0;
}

void retention_choose(struct retention_choice *choice, const struct retention_config *config,
	const struct retention_view *view, const struct retention_now *now)
{
	static void (*const rules[])(struct retention_choice *, const struct retention_config *,
		const struct retention_view *, const struct retention_now *) = {
		[RETENTION_DAYS] = choose_by_age,
		[RETENTION_TAKES] = choose_by_number,
		[RETENTION_FREE] = choose_by_room,
	};
	*choice = (struct retention_choice){0};
	if (config->rule != RETENTION_ALL)
		rules[config->rule](choice, config, view, now);
}

/* ---- when ---- */

int64_t retention_clock_now(const struct retention_clock *clock, int64_t utc_s, int64_t running_s, bool sure)
{
	if (sure || clock->believed_s == 0)
		return utc_s;
	int64_t most = clock->believed_s + DOUBT_S + (running_s - clock->begun_s);
	return utc_s < most ? utc_s : most;
}

bool retention_clock_behind(const struct retention_clock *clock, int64_t started_s, bool sure)
{
	return !sure && started_s < clock->believed_s - HOUR_S;
}
