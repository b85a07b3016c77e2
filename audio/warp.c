#include "audio/warp.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

/* A time base's lead never slopes by more than half a frame a frame, so each round at least halves the error;
 * within a stretch one or two are enough. */
enum { ROUNDS_MOST = 64 };
static const double exact = 1e-10; /* frames */

static const double idle_shift = 1;
static const double idle_wander = 0.05; /* frames */

struct pair {
	const struct timebase *take, *interface;
	double frame_ns;
	double behind_ns; /* of the interface's origin to the take's */
};

static double shift_by(const struct pair *pair, double take_frame, double interface_frame)
{
	double lead = timebase_lead(pair->take, take_frame) - timebase_lead(pair->interface, interface_frame);
	return (lead - pair->behind_ns) / pair->frame_ns;
}

static double shift_at(const struct pair *pair, double frame)
{
	double shift = 0;
	for (int i = 0; i < ROUNDS_MOST; i++) {
		double last = shift;
		shift = shift_by(pair, frame, frame + shift);
		if (fabs(shift - last) < exact)
			break;
	}
	return shift;
}

/* The same for the moment when the interface was at `frame`. */
static double shift_before(const struct pair *pair, double frame)
{
	double shift = 0;
	for (int i = 0; i < ROUNDS_MOST; i++) {
		double last = shift;
		shift = shift_by(pair, frame - shift, frame);
		if (fabs(shift - last) < exact)
			break;
	}
	return shift;
}

static void add(struct warp *warp, double frame, double shift)
{
	warp->corners[warp->count++] = (struct warp_corner){frame, shift};
}

static int by_frame(const void *a, const void *b)
{
	const struct warp_corner *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

/* Two corners in one frame say nothing that one does not, and have no slope between them. */
static void drop_doubles(struct warp *warp)
{
	size_t kept = 1;
	for (size_t i = 1; i < warp->count; i++)
		if (warp->corners[i].frame - warp->corners[kept - 1].frame > 0.5)
			warp->corners[kept++] = warp->corners[i];
	warp->count = kept;
}

struct warp warp_between(
	const struct timebase *take, const struct timebase *interface, uint32_t rate, uint64_t frames)
{
	struct pair pair = {.take = take,
		.interface = interface,
		.frame_ns = 1e9 / rate,
		.behind_ns = (double)(timebase_origin(interface) - timebase_origin(take))};
	size_t most = timebase_corners(take) + timebase_corners(interface) + 2;
	struct warp warp = {.corners = memory_array(most, sizeof(*warp.corners))};
	double end = (double)frames + 1;
	add(&warp, 0, shift_at(&pair, 0));
	add(&warp, end, shift_at(&pair, end));
	for (size_t i = 0; i < timebase_corners(take); i++) {
		double frame = timebase_corner(take, i);
		if (frame > 0 && frame < end)
			add(&warp, frame, shift_at(&pair, frame));
	}
	for (size_t i = 0; i < timebase_corners(interface); i++) {
		double shift = shift_before(&pair, timebase_corner(interface, i));
		double frame = timebase_corner(interface, i) - shift;
		if (frame > 0 && frame < end)
			add(&warp, frame, shift);
	}
	qsort(warp.corners, warp.count, sizeof(*warp.corners), by_frame);
	drop_doubles(&warp);
	return warp;
}

void warp_finish(struct warp *warp)
{
	free(warp->corners);
	*warp = (struct warp){0};
}

double warp_shift(const struct warp *warp, double frame)
{
	size_t low = 0, high = warp->count - 1;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (warp->corners[middle].frame <= frame)
			low = middle;
		else
			high = middle;
	}
	const struct warp_corner *a = &warp->corners[low], *b = &warp->corners[high];
	return a->shift + (b->shift - a->shift) * (frame - a->frame) / (b->frame - a->frame);
}

bool warp_is_idle(const struct warp *warp)
{
	double least = INFINITY, most = -INFINITY;
	for (size_t i = 0; i < warp->count; i++) {
		least = fmin(least, warp->corners[i].shift);
		most = fmax(most, warp->corners[i].shift);
	}
	return most - least <= idle_wander && fabs(least) <= idle_shift && fabs(most) <= idle_shift;
}

double warp_ppm(const struct warp *warp, uint64_t frames)
{
	return (warp_shift(warp, (double)frames) - warp_shift(warp, 0)) / (double)frames * 1e6;
}
