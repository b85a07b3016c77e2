#include "recorder/quantise.h"

#include "audio/lanes.h"

struct sums {
	lanes_f peak; /* in steps of the integers, as the rest */
	lanes_i clipped;
};

/* Where a float's last bit is worth 1: what is below and added to it is rounded to an integer, which is in
 * the low bits of the sum. */
#define ONE_A_STEP 8388608.0F

static void quantise_lanes(struct sums *sums, const float *in, int32_t *out, float full_scale)
{
	const lanes_f most = (lanes_f){0} + full_scale;
	lanes_f x = lanes_number(lanes_load(in) * full_scale), magnitude = lanes_magnitude(x);
	sums->peak = lanes_max(magnitude, sums->peak);
	sums->clipped -= magnitude >= most - 1;
	magnitude = lanes_pick(magnitude < most, magnitude, most);
	lanes_i sign = (lanes_i)x < 0;
	lanes_i steps = (lanes_i)(magnitude + ONE_A_STEP) - (lanes_i)((lanes_f){0} + ONE_A_STEP);
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
