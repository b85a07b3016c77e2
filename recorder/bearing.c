#include "recorder/bearing.h"

#include "common/clock.h"

#define STEP_NS (CLOCK_NSEC_PER_SEC / 10)

void bearing_init(struct bearing *bearing, uint32_t rate)
{
	*bearing = (struct bearing){.rate = rate};
}

static size_t newest(const struct bearing *bearing)
{
	return (bearing->next + BEARING_POINTS - 1) % BEARING_POINTS;
}

void bearing_add(struct bearing *bearing, int64_t frame, int64_t nsec, bool new_clock)
{
	if (new_clock)
		bearing->count = 0;
	if (bearing->count > 0 && nsec < bearing->points[newest(bearing)].nsec + STEP_NS)
		return;
	bearing->points[bearing->next].frame = frame;
	bearing->points[bearing->next].nsec = nsec;
	bearing->next = (bearing->next + 1) % BEARING_POINTS;
	bearing->count += bearing->count < BEARING_POINTS;
}

/* Least squares, of what the crystal is away from its nominal rate: small numbers. */
bool bearing_read(const struct bearing *bearing, struct bearing_line *line)
{
	if (bearing->count < 2)
		return false;
	const int64_t frame = bearing->points[newest(bearing)].frame,
		      nsec = bearing->points[newest(bearing)].nsec;
	const double nominal = (double)bearing->rate / (double)CLOCK_NSEC_PER_SEC;
	double sum_t = 0, sum_y = 0, sum_tt = 0, sum_ty = 0, n = (double)bearing->count, earliest = 0;
	for (size_t i = 0; i < bearing->count; i++) {
		size_t at = (bearing->next + BEARING_POINTS - 1 - i) % BEARING_POINTS;
		double t = (double)(bearing->points[at].nsec - nsec);
		double y = (double)(bearing->points[at].frame - frame) - t * nominal;
		sum_t += t;
		sum_y += y;
		sum_tt += t * t;
		sum_ty += t * y;
		earliest = t;
	}
	if (-earliest < (double)CLOCK_NSEC_PER_SEC)
		return false;
	double slope = (n * sum_ty - sum_t * sum_y) / (n * sum_tt - sum_t * sum_t);
	*line = (struct bearing_line){(double)frame + (sum_y - slope * sum_t) / n, nsec, nominal + slope};
	return true;
}
