#include "mixer/automation.h"

#include "common/memory.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ramp_s = 0.005;

/* The marker's label and which of that label, from 1. */
static size_t split_label(const char *text, unsigned *nth)
{
	const char *hash = strrchr(text, '#');
	*nth = 1;
	if (!hash || hash == text || !hash[1] || hash[1 + strspn(hash + 1, "0123456789")] ||
		strlen(hash) > 6 || atoi(hash + 1) < 1)
		return strlen(text);
	*nth = (unsigned)atoi(hash + 1);
	return (size_t)(hash - text);
}

static bool find_marker(
	const char *label, size_t length, unsigned nth, const struct mix_markers *markers, double *frame)
{
	for (size_t i = 0; i < markers->count; i++) {
		const struct mix_marker *marker = &markers->items[i];
		if (strlen(marker->label) != length || memcmp(marker->label, label, length) != 0)
			continue;
		*frame = (double)marker->frame;
		if (--nth == 0)
			return true;
	}
	return false;
}

int automation_moment(const char *text, uint32_t rate, const struct mix_markers *markers, double *frame)
{
	double time_s;
	unsigned nth;
	if (units_parse(text, UNIT_SECONDS, 1, &time_s) == 0) {
		*frame = round(time_s * rate);
		return 0;
	}
	/* A label may have a # of its own. */
	if (find_marker(text, strlen(text), 1, markers, frame))
		return 0;
	size_t length = split_label(text, &nth);
	return find_marker(text, length, nth, markers, frame) ? 0 : -ENOENT;
}

static int by_frame(const void *a, const void *b)
{
	const struct automation_corner *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

/* A stable sort: points at one moment keep the session's order. */
static void sort_corners(struct automation_line *line)
{
	for (size_t i = 1; i < line->count; i++) {
		struct automation_corner corner = line->corners[i];
		size_t k = i;
		for (; k > 0 && by_frame(&line->corners[k - 1], &corner) > 0; k--)
			line->corners[k] = line->corners[k - 1];
		line->corners[k] = corner;
	}
}

static void add_corner(struct automation_line *line, double frame, double value)
{
	line->corners[line->count++] = (struct automation_corner){frame, value};
}

static const char *make_gain(struct automation_line *line, const struct key_list *points, uint32_t rate,
	const struct mix_markers *markers)
{
	const struct gain_point *items = points->items;
	const char *missing = NULL;
	double frame;
	line->corners = memory_array(points->count, sizeof(*line->corners));
	for (size_t i = 0; i < points->count; i++) {
		if (automation_moment(items[i].at, rate, markers, &frame) == 0)
			add_corner(line, frame, items[i].gain_db);
		else if (!missing)
			missing = items[i].at;
	}
	sort_corners(line);
	double apart = round(ramp_s * rate);
	for (size_t i = 1; i < line->count; i++)
		line->corners[i].frame = fmax(line->corners[i].frame, line->corners[i - 1].frame + apart);
	return missing;
}

struct range {
	double from, to;
};

static int by_from(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
				  : (x->to > y->to) - (x->to < y->to);
}

/* The moments of every mute that the take has; returns how many. */
static size_t find_ranges(const struct key_list *mutes, uint32_t rate, const struct mix_markers *markers,
	struct range *ranges, const char **missing)
{
	const struct mute_range *items = mutes->items;
	size_t count = 0;
	for (size_t i = 0; i < mutes->count; i++) {
		struct range range = {0, INFINITY};
		bool begins = automation_moment(items[i].from, rate, markers, &range.from) == 0;
		bool ends = !items[i].to || automation_moment(items[i].to, rate, markers, &range.to) == 0;
		if (!*missing && (!begins || !ends))
			*missing = begins ? items[i].to : items[i].from;
		if (begins && ends && range.to > range.from)
			ranges[count++] = range;
	}
	qsort(ranges, count, sizeof(*ranges), by_from);
	return count;
}

static const char *make_mute(struct automation_line *line, const struct key_list *mutes, uint32_t rate,
	const struct mix_markers *markers)
{
	enum { CORNERS = 4 };
	const char *missing = NULL;
	double ramp = round(ramp_s * rate);
	struct range *ranges = memory_array(mutes->count, sizeof(*ranges));
	size_t count = find_ranges(mutes, rate, markers, ranges, &missing);
	line->corners = memory_array(mutes->count, CORNERS * sizeof(*line->corners));
	for (size_t i = 0; i < count; i++) {
		double from = ranges[i].from, to = fmax(ranges[i].to, from + ramp);
		/* What overlaps, or leaves no room to come back, is one mute. */
		while (i + 1 < count && ranges[i + 1].from <= to + ramp)
			to = fmax(to, ranges[++i].to);
		if (from > 0)
			add_corner(line, from, 1);
		add_corner(line, from > 0 ? from + ramp : 0, 0);
		if (isinf(to))
			break;
		add_corner(line, to, 0);
		add_corner(line, to + ramp, 1);
	}
	free(ranges);
	return missing;
}

const char *automation_init(struct automation *automation, const struct automation_config *config,
	uint32_t rate, const struct mix_markers *markers)
{
	*automation = (struct automation){0};
	const char *gain = make_gain(&automation->gain, &config->gain, rate, markers);
	const char *mute = make_mute(&automation->mute, &config->mute, rate, markers);
	return gain ? gain : mute;
}

void automation_finish(struct automation *automation)
{
	free(automation->gain.corners);
	free(automation->mute.corners);
	*automation = (struct automation){0};
}

/* The last corner at or before `frame`; -1 before the first. */
static ptrdiff_t corner_at(const struct automation_line *line, double frame)
{
	ptrdiff_t low = -1, high = (ptrdiff_t)line->count;
	while (high - low > 1) {
		ptrdiff_t middle = low + (high - low) / 2;
		if (line->corners[middle].frame <= frame)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A stretch of frames on one straight line: the i-th of `frames` is value + slope * (offset + i), which is
 * the same number wherever the stretch was cut. */
struct stretch {
	double value, slope, offset;
	uint32_t frames;
};

static struct stretch stretch_at(const struct automation_line *line, double frame, uint32_t most)
{
	ptrdiff_t at = corner_at(line, frame);
	const struct automation_corner *a = line->corners + at, *b = a + 1;
	bool last = at + 1 == (ptrdiff_t)line->count;
	double left = last ? most : ceil(b->frame - frame);
	struct stretch stretch = {.frames = left < most ? (uint32_t)left : most};
	stretch.value = at < 0 ? b->value : a->value;
	if (at >= 0 && !last) {
		stretch.slope = (b->value - a->value) / (b->frame - a->frame);
		stretch.offset = frame - a->frame;
	}
	return stretch;
}

void automation_add(const struct automation_line *line, double first, double *values, uint32_t frames)
{
	for (uint32_t done = 0; line->count > 0 && done < frames;) {
		struct stretch s = stretch_at(line, first + done, frames - done);
		for (uint32_t i = 0; i < s.frames; i++)
			values[done + i] += s.value + s.slope * (s.offset + i);
		done += s.frames;
	}
}

void automation_scale(const struct automation_line *line, double first, double *values, uint32_t frames)
{
	for (uint32_t done = 0; line->count > 0 && done < frames;) {
		struct stretch s = stretch_at(line, first + done, frames - done);
		for (uint32_t i = 0; i < s.frames; i++)
			values[done + i] *= s.value + s.slope * (s.offset + i);
		done += s.frames;
	}
}
