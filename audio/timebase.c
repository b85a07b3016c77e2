#include "audio/timebase.h"

#include "common/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A crystal in a box that warms up drifts by some 0.01 ppm a second at worst; over a window of this length
 * the bend of its line is then below a tenth of a sample, and the jitter of the notes averages out. */
static const double window_s = 60;
static const double corner_every_s = 10;

/* A shorter stretch cannot tell its crystal's pace as well as the longest one can. */
static const double telling_s = 10;
static const double least_ppm_s = 2;

/* A jump of the time line between two stretches is spread over at least so many frames, and so wide that what
 * is read by this line never runs at less than half or more than one and a half times its pace. */
static const double jump_frames = 1024;
static const double jump_widths = 2;

enum { REFINEMENTS = 5, FEWEST_POINTS = 8 };

/* Tukey's biweight keeps 95 % of the efficiency of least squares at this many standard deviations. */
static const double tukey = 4.685;
static const double deviation_of_median = 1.4826;
static const double least_deviation_ns = 20; /* below it nothing is an outlier */

struct corner {
	double frame, lead;
	bool jumps; /* the last of its stretch: to the next one leads no crystal */
};

/* lead = value + slope * (frame - at), in ns and ns a frame. */
struct line {
	double at, value, slope;
};

/* One stretch of points. */
struct span {
	const struct clock_point *points;
	size_t count;
};

struct timebase {
	int64_t origin;
	double rate, frame_ns;
	double pace;	/* slope of the longest stretch */
	double *sorted; /* room for one number a point */
	struct corner *corners;
	size_t count;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double lead_of(const struct timebase *t, const struct clock_point *point)
{
	return (double)(point->nsec - t->origin) - (double)point->frame * t->frame_ns;
}

static double line_at(const struct line *line, double frame)
{
	return line->value + line->slope * (frame - line->at);
}

/* Each point with the one half the span later (Theil's incomplete method, 1950): nearly a third of the points
 * may be wrong. */
static double median_slope(const struct timebase *t, struct span span)
{
	size_t half = span.count / 2;
	if (half == 0)
		return t->pace;
	for (size_t i = 0; i < half; i++) {
		const struct clock_point *a = &span.points[i], *b = &span.points[i + span.count - half];
		t->sorted[i] = (lead_of(t, b) - lead_of(t, a)) / (double)(b->frame - a->frame);
	}
	return median(t->sorted, half);
}

static double median_offset(const struct timebase *t, struct span span, const struct line *line)
{
	for (size_t i = 0; i < span.count; i++)
		t->sorted[i] = lead_of(t, &span.points[i]) - line_at(line, (double)span.points[i].frame);
	return median(t->sorted, span.count);
}

static double deviation(const struct timebase *t, struct span span, const struct line *line)
{
	for (size_t i = 0; i < span.count; i++)
		t->sorted[i] =
			fabs(lead_of(t, &span.points[i]) - line_at(line, (double)span.points[i].frame));
	return fmax(deviation_of_median * median(t->sorted, span.count), least_deviation_ns);
}

/* One step of iteratively reweighted least squares. */
static void refine(const struct timebase *t, struct span span, struct line *line)
{
	double far = tukey * deviation(t, span, line);
	double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
	for (size_t i = 0; i < span.count; i++) {
		double x = (double)span.points[i].frame - line->at;
		double y = lead_of(t, &span.points[i]) - line_at(line, (double)span.points[i].frame);
		double u = y / far;
		double weight = fabs(u) < 1 ? (1 - u * u) * (1 - u * u) : 0;
		w += weight;
		wx += weight * x;
		wy += weight * y;
		wxx += weight * x * x;
		wxy += weight * x * y;
	}
	double determinant = w * wxx - wx * wx;
	if (!(determinant > 1e-9 * w * wxx))
		return;
	line->slope += (w * wxy - wx * wy) / determinant;
	line->value += (wxx * wy - wx * wxy) / determinant;
}

/* The line through `span` around frame `at`, with its own slope or that of the longest stretch. */
static struct line fit(const struct timebase *t, struct span span, double at, bool own_slope)
{
	struct line line = {.at = at, .slope = own_slope ? median_slope(t, span) : t->pace};
	line.value = median_offset(t, span, &line);
	for (int i = 0; own_slope && i < REFINEMENTS; i++)
		refine(t, span, &line);
	return line;
}

static double seconds_of(const struct timebase *t, struct span span)
{
	return (double)(span.points[span.count - 1].frame - span.points[0].frame) / t->rate;
}

static struct span next_span(const struct clock_point *points, size_t count)
{
	size_t n = 0;
	while (n < count && points[n].stretch == points[0].stretch)
		n++;
	return (struct span){points, n};
}

static struct span longest_span(const struct timebase *t, const struct clock_point *points, size_t count)
{
	struct span longest = next_span(points, count);
	for (size_t i = longest.count; i < count;) {
		struct span span = next_span(points + i, count - i);
		if (seconds_of(t, span) > seconds_of(t, longest))
			longest = span;
		i += span.count;
	}
	return longest;
}

/* The points of `span` within one window's length, around `at` where the span's ends allow it. */
static struct span window(const struct timebase *t, struct span span, double at)
{
	double width = window_s * t->rate;
	double first = (double)span.points[0].frame, last = (double)span.points[span.count - 1].frame;
	double from = fmax(first, fmin(at - width / 2, last - width));
	size_t a = 0, b = span.count;
	while ((double)span.points[a].frame < from)
		a++;
	while ((double)span.points[b - 1].frame > from + width)
		b--;
	/* Where the notes are far apart, those around it. */
	while (b < a + FEWEST_POINTS && (a > 0 || b < span.count)) {
		a -= a > 0;
		b += b < span.count;
	}
	return (struct span){span.points + a, b - a};
}

static void add_corner(struct timebase *t, double frame, double lead)
{
	t->corners = memory_grow(t->corners, t->count + 1, sizeof(*t->corners));
	t->corners[t->count++] = (struct corner){.frame = frame, .lead = lead};
}

static void add_stretch(struct timebase *t, struct span span, bool first, bool last)
{
	bool own_slope = seconds_of(t, span) >= telling_s;
	double from = (double)span.points[0].frame, to = (double)span.points[span.count - 1].frame;
	unsigned parts = 1 + (unsigned)((to - from) / (corner_every_s * t->rate));
	double beyond = window_s * t->rate;
	for (unsigned i = 0; i <= parts; i++) {
		double at = from + (to - from) * i / parts;
		struct line line = fit(t, window(t, span, at), at, own_slope);
		if (first && i == 0)
			add_corner(t, at - beyond, line_at(&line, at - beyond));
		if (i == 0 || to > from)
			add_corner(t, at, line.value);
		if (last && i == parts)
			add_corner(t, at + beyond, line_at(&line, at + beyond));
	}
	t->corners[t->count - 1].jumps = !last;
}

double timebase_lead(const struct timebase *t, double frame)
{
	size_t low = 0, high = t->count - 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (t->corners[middle].frame <= frame)
			low = middle;
		else
			high = middle;
	}
	const struct corner *a = &t->corners[low], *b = &t->corners[high];
	return a->lead + (b->lead - a->lead) * (frame - a->frame) / (b->frame - a->frame);
}

/* Widens what lies between corner `end`, the last of one stretch, and the next, the first of another, so that
 * the line between them is never too steep. The corners that are in the way go. */
static void spread_jump(struct timebase *t, size_t end)
{
	const struct corner *a = &t->corners[end], *b = &t->corners[end + 1];
	double jump = fabs(b->lead - a->lead) / t->frame_ns;
	double missing = fmax(jump_frames, jump_widths * jump) - (b->frame - a->frame);
	if (missing <= 0)
		return;
	double from = a->frame - missing / 2, to = b->frame + missing / 2;
	size_t before = end, after = end + 1;
	while (before > 1 && t->corners[before - 1].frame >= from)
		before--;
	while (after + 2 < t->count && t->corners[after + 1].frame <= to)
		after++;
	/* Never over the outermost corners. */
	from = fmax(from, (t->corners[before - 1].frame + t->corners[before].frame) / 2);
	to = fmin(to, (t->corners[after].frame + t->corners[after + 1].frame) / 2);
	struct corner left = {.frame = from, .lead = timebase_lead(t, from)};
	struct corner right = {.frame = to, .lead = timebase_lead(t, to)};
	size_t rest = t->count - (after + 1);
	t->corners[before] = left;
	t->corners[before + 1] = right;
	memmove(&t->corners[before + 2], &t->corners[after + 1], rest * sizeof(*t->corners));
	t->count = before + 2 + rest;
}

static struct timebase *begin(const struct clock_point *points, size_t count, uint32_t rate)
{
	struct timebase *t = memory_new(sizeof(*t));
	t->rate = rate;
	t->frame_ns = 1e9 / rate;
	t->origin = points[0].nsec;
	t->sorted = memory_array(count, sizeof(*t->sorted));
	return t;
}

double timebase_ppm(const struct clock_point *points, size_t count, uint32_t rate)
{
	double ppm = NAN;
	if (count == 0)
		return ppm;
	struct timebase *t = begin(points, count, rate);
	struct span span = longest_span(t, points, count);
	if (seconds_of(t, span) >= least_ppm_s) {
		struct line line = fit(t, span, (double)span.points[0].frame, true);
		ppm = (t->frame_ns / (t->frame_ns + line.slope) - 1) * 1e6;
	}
	timebase_destroy(t);
	return ppm;
}

struct timebase *timebase_create(const struct clock_point *points, size_t count, uint32_t rate)
{
	if (count == 0)
		return NULL;
	struct timebase *t = begin(points, count, rate);
	struct span longest = longest_span(t, points, count);
	if (seconds_of(t, longest) > 0)
		t->pace = fit(t, longest, (double)longest.points[0].frame, true).slope;
	for (size_t i = 0; i < count;) {
		struct span span = next_span(points + i, count - i);
		add_stretch(t, span, i == 0, i + span.count == count);
		i += span.count;
	}
	for (size_t i = t->count; i-- > 0;)
		if (t->corners[i].jumps)
			spread_jump(t, i);
	return t;
}

void timebase_destroy(struct timebase *timebase)
{
	if (!timebase)
		return;
	free(timebase->sorted);
	free(timebase->corners);
	free(timebase);
}

int64_t timebase_origin(const struct timebase *timebase)
{
	return timebase->origin;
}

size_t timebase_corners(const struct timebase *timebase)
{
	return timebase->count;
}

double timebase_corner(const struct timebase *timebase, size_t index)
{
	return timebase->corners[index].frame;
}
