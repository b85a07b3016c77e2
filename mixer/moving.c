#include "mixer/moving.h"

#include <string.h>

enum { LANES = 2, WINDOW_MOST = 2 * MOVING_CHUNK + 2 * MOVING_TAPS };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

void moving_init(struct moving *moving)
{
	for (int phase = 0; phase <= MOVING_PHASES; phase++) {
		double x = MOVING_AROUND - (double)phase / MOVING_PHASES;
		for (int k = 0; k < MOVING_TAPS; k++) {
			double tap = 1;
			for (int j = 0; j < MOVING_TAPS; j++)
				tap *= j == k ? 1 : (x - j) / (k - j);
			moving->tap[phase][k] = tap;
		}
	}
}

static inline lanes load(const double *from)
{
	lanes value;
	memcpy(&value, from, sizeof(value));
	return value;
}

/* The value `fraction` before window[MOVING_AROUND]; between two phases of the table on a straight line. */
static inline double between(const struct moving *moving, const double *window, double fraction)
{
	double phase = fraction * MOVING_PHASES;
	size_t row = (size_t)phase;
	const double *tap = moving->tap[row], *next = moving->tap[row + 1], part = phase - (double)row;
	lanes sum = {0};
	for (int k = 0; k < MOVING_TAPS; k += LANES)
		sum += (load(tap + k) + part * (load(next + k) - load(tap + k))) * load(window + k);
	return sum[0] + sum[1];
}

/* A delay is split into whole frames and a fraction before anything else, so that where the chunk begins has
 * no part in its rounding. */
void moving_read(const struct moving *moving, const struct line *line, const double *delays, size_t ahead,
	double *out, size_t count)
{
	double window[WINDOW_MOST], longest = delays[0], shortest = delays[0];
	for (size_t i = 1; i < count; i++) {
		longest = delays[i] > longest ? delays[i] : longest;
		shortest = delays[i] < shortest ? delays[i] : shortest;
	}
	const size_t furthest = (size_t)longest + MOVING_AROUND;
	const size_t nearest = (size_t)shortest + 1 - MOVING_AROUND;
	line_read(line, ahead + furthest, window, count + furthest - nearest);
	for (size_t i = 0; i < count; i++) {
		size_t whole = (size_t)delays[i];
		double fraction = delays[i] - (double)whole;
		out[i] = between(moving, window + furthest + i - whole - MOVING_AROUND, fraction);
	}
}
