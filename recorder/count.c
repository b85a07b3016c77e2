#include "recorder/count.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/player.h"
#include "takes/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* How long a sink may take to be found and run; between now and the first click; between looks at the
 * crystals. */
#define PATIENCE_NS (5 * CLOCK_NSEC_PER_SEC)
#define LEAD_NS (CLOCK_NSEC_PER_SEC / 2)
#define FOLLOW_NS (CLOCK_NSEC_PER_SEC / 20)

struct count {
	struct transport *transport;
	char *sink;
	double count_in_s;
	struct take_marker *sections; /* from bar 1 on */
	size_t section_count;
	struct player *player;
	struct loop *loop;
	struct loop_source *patience, *follow;
	struct click click;
	bool counting;
	void (*alert)(void *data, const char *text);
	void *data;
};

static void on_follow(void *data)
{
	struct count *count = data;
	struct bearing_line line;
	if (transport_line(count->transport, &line))
		player_follow(count->player, &line);
}

/* Rounded as everybody rounds who asks the grid. The session may be another before the take is over. */
static void note_sections(struct count *count, const struct session *session, uint32_t rate)
{
	struct grid grid;
	grid_make(&grid, session, false);
	count->sections = memory_array(grid.count, sizeof(*count->sections));
	for (size_t i = 0; i < grid.count; i++)
		count->sections[count->section_count++] =
			(struct take_marker){(uint64_t)llround(grid.sections[i].start_s * rate),
				memory_text(grid.sections[i].section->name), MARKER_SECTION};
	grid_finish(&grid);
}

static void mark_sections(struct count *count, uint64_t bar_1)
{
	for (size_t i = 0; i < count->section_count; i++)
		transport_add_marker(&count->transport->manifest, bar_1 + count->sections[i].frame,
			memory_text(count->sections[i].label), MARKER_SECTION);
	transport_save(count->transport);
}

static void start(struct count *count, const struct bearing_line *line)
{
	uint32_t rate = count->transport->manifest.rate;
	int64_t begin_ns = clock_monotonic_ns() + LEAD_NS;
	double first = line->frame + (double)(begin_ns - line->nsec) * line->frames_per_ns;
	uint64_t bar_1 = (uint64_t)llround(first + count->count_in_s * rate);
	click_move(&count->click, (double)bar_1);
	player_follow(count->player, line);
	player_play(count->player, &count->click);
	loop_set_timer(count->follow, FOLLOW_NS, FOLLOW_NS);
	loop_set_timer(count->patience, 0, 0);
	count->counting = true;
	mark_sections(count, bar_1);
	log_info("the click counts in; bar 1 is frame %llu", (unsigned long long)bar_1);
}

/* The sink runs, or ceased to. */
static void on_changed(void *data)
{
	struct count *count = data;
	struct bearing_line line;
	if (!player_is_live(count->player)) {
		if (count->counting)
			count->alert(count->data, "the click: its sink is gone");
	} else if (!count->counting) {
		if (transport_line(count->transport, &line))
			start(count, &line);
		else
			loop_set_timer(count->follow, FOLLOW_NS, 0);
	}
}

static void on_patience(void *data)
{
	struct count *count = data;
	char text[256];
	snprintf(text, sizeof(text), "the click: no sink matches \"%.100s\"; recorded without it",
		count->sink);
	if (player_is_live(count->player))
		snprintf(text, sizeof(text), "the click: no interface runs that it could keep to");
	count->alert(count->data, text);
	player_close(count->player);
	count->player = NULL;
	loop_set_timer(count->follow, 0, 0);
}

static void on_tick(void *data)
{
	struct count *count = data;
	if (count->counting)
		on_follow(data);
	else if (count->player)
		on_changed(data);
}

struct count *count_begin(struct transport *transport, const struct session *session, struct loop *loop,
	void (*alert)(void *data, const char *text), void *data)
{
	if (!click_is_wanted(session))
		return NULL;
	struct count *count = memory_new(sizeof(*count));
	*count = (struct count){.transport = transport, .loop = loop, .alert = alert, .data = data};
	count->sink = memory_text(session->arrangement.click);
	count->count_in_s = click_count_in_s(session);
	note_sections(count, session, transport->manifest.rate);
	click_make(&count->click, session, 0, transport->manifest.rate);
	count->patience = loop_add_timer(loop, on_patience, count);
	count->follow = loop_add_timer(loop, on_tick, count);
	struct error e;
	if (player_open(&count->player, loop, count->sink, on_changed, count, &e) < 0) {
		alert(data, e.text);
		count_end(count);
		return NULL;
	}
	loop_set_timer(count->patience, PATIENCE_NS, 0);
	return count;
}

const struct transport *count_take(const struct count *count)
{
	return count ? count->transport : NULL;
}

void count_end(struct count *count)
{
	if (!count)
		return;
	player_close(count->player);
	loop_remove(count->patience);
	loop_remove(count->follow);
	click_finish(&count->click);
	for (size_t i = 0; i < count->section_count; i++)
		free(count->sections[i].label);
	free(count->sections);
	free(count->sink);
	free(count);
}
