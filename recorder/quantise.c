#include "recorder/quantise.h"

#include <string.h>

/* Samples side by side, as many as every machine's vectors have lanes. */
enum { LANES = 4 };
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t words __attribute__((vector_size(LANES * sizeof(int32_t))));

struct sums {
	floats peak; /* in steps of the integers, as the rest */
	words clipped;
};

/* Where a float's last bit is worth 1: adding it rounds what is below to an integer, in the low bits of its
 * sum.
 */
#define ONE_A_STEP 8388608.0F

static floats pick(words mask, floats yes, floats no)
{
	return (floats)((mask & (words)yes) | (~mask & (words)no));
}

static void quantise_lanes(struct sums *sums, const float *in, int32_t *out, float full_scale)
{
	const words magnitude_bits = (words){0} + INT32_MAX, base = (words)((floats){0} + ONE_A_STEP);
	const floats most = (floats){0} + full_scale;
	floats x;
	memcpy(&x, in, sizeof(x));
	x *= full_scale;
	x = (floats)((words)x & (x == x));
	floats magnitude = (floats)((words)x & magnitude_bits);
	sums->peak = pick(magnitude > sums->peak, magnitude, sums->peak);
	sums->clipped -= magnitude >= most - 1;
	magnitude = pick(magnitude < most, magnitude, most);
	words sign = (words)x >> 31, steps = (words)(magnitude + ONE_A_STEP) - base;
	steps += (steps == (int32_t)full_scale) & ~sign; /* one step less on the positive side */
	steps = (steps ^ sign) - sign;
	memcpy(out, &steps, sizeof(steps));
}

void quantise(struct heard *heard, const float *in, int32_t *out, size_t frames, uint32_t bits)
{
	const float full_scale = (float)(1 << (bits - 1));
	struct sums sums = {0};
	size_t whole = frames - frames % LANES;
	for (size_t i = 0; i < whole; i += LANES)
		quantise_lanes(&sums, in + i, out + i, full_scale);
	float rest[LANES] = {0};
	int32_t rest_out[LANES];
	memcpy(rest, in + whole, (frames - whole) * sizeof(float));
	quantise_lanes(&sums, rest, rest_out, full_scale);
	memcpy(out + whole, rest_out, (frames - whole) * sizeof(int32_t));
	for (int k = 0; k < LANES; k++) {
		float peak = sums.peak[k] / full_scale;
		heard->peak = peak > heard->peak ? peak : heard->peak;
		heard->clipped += (uint32_t)sums.clipped[k];
	}
}
