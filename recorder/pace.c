#include "recorder/pace.h"

#include "common/clock.h"

#include <math.h>
#include <stdlib.h>

/* The notes that tell the pace of now. */
enum { RECENT = 256 };

void pace_init(struct pace *pace, uint32_t rate)
{
	pace->rate = rate;
	pace->stretch = 0;
	pace->count = 0;
	pace->filled = 0;
	pace->ppm = 0;
}

static void note(struct pace *pace, int64_t frame, int64_t nsec)
{
	const struct clock_point *last = pace->count ? &pace->notes[(pace->count - 1) % PACE_NOTES] : NULL;
	if (last && frame <= last->frame)
		return;
	pace->notes[pace->count++ % PACE_NOTES] = (struct clock_point){pace->stretch, frame, nsec};
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The recent notes in one piece: at most two runs of the ring. */
static void learn_ppm(struct pace *pace)
{
	struct clock_point recent[RECENT];
	uint64_t n = pace->count < RECENT ? pace->count : RECENT;
	for (uint64_t i = 0; i < n; i++)
		recent[i] = pace->notes[(pace->count - n + i) % PACE_NOTES];
	double ppm = timebase_ppm(recent, n, pace->rate);
	pace->ppm = isnan(ppm) ? 0 : ppm;
}

void pace_flush(struct pace *pace)
{
	double late[PACE_CYCLES], frame_ns = (double)CLOCK_NSEC_PER_SEC / pace->rate;
	size_t n = pace->filled;
	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		late[i] = (double)(pace->cycles[i].nsec - pace->cycles[0].nsec) -
			  (double)(pace->cycles[i].frame - pace->cycles[0].frame) * frame_ns;
	qsort(late, n, sizeof(*late), by_value);
	/* The median, and the frame in the middle: what of the lateness is pace and not jitter grows evenly.
	 */
	size_t low = (n - 1) / 2, high = n / 2;
	int64_t frame = (pace->cycles[low].frame + pace->cycles[high].frame) / 2;
	double after = (double)(frame - pace->cycles[0].frame) * frame_ns + (late[low] + late[high]) / 2;
	note(pace, frame, pace->cycles[0].nsec + llround(after));
	pace->filled = 0;
	learn_ppm(pace);
}

/* Both sides of the seam as they were told, so that it is known how far each stretch reaches. */
static void begin_stretch(struct pace *pace, const struct clock_point *start)
{
	if (pace->stretch > 0) {
		pace_flush(pace);
		note(pace, pace->end.frame, pace->end.nsec);
	}
	pace->stretch++;
	note(pace, start->frame, start->nsec);
}

void pace_add(struct pace *pace, const struct cycle *cycle, uint64_t frame, bool new_clock)
{
	const struct clock_point start = {.frame = (int64_t)frame, .nsec = cycle->nsec};
	if (new_clock)
		begin_stretch(pace, &start);
	pace->cycles[pace->filled].frame = start.frame;
	pace->cycles[pace->filled++].nsec = start.nsec;
	pace->end.frame = start.frame + cycle->frames - 1;
	pace->end.nsec = start.nsec + (cycle->frames - 1) * CLOCK_NSEC_PER_SEC / pace->rate;
	if (pace->filled == PACE_CYCLES || start.nsec - pace->cycles[0].nsec >= CLOCK_NSEC_PER_SEC)
		pace_flush(pace);
}

double pace_ppm(const struct pace *pace)
{
	return pace->ppm;
}
