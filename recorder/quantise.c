#include "recorder/quantise.h"

#include "audio/magnitude.h"
#include "audio/wide.h"

#include <math.h>

enum { CHUNK = 256 };

/* Where a float's last bit is worth 1: what is below, and added to it, is rounded to an integer. */
#define ONE_A_STEP 8388608.0F

WIDE static void quantise_chunk(
	struct heard *heard, const float *restrict in, int32_t *restrict out, float full_scale)
{
	int32_t peak = 0, clipped = 0; /* the peak in steps of the integers */
	const int32_t clips = magnitude_bits(full_scale - 1), most = (int32_t)full_scale;
	for (int i = 0; i < CHUNK; i++) {
		float x = in[i] * full_scale;
		int32_t bits = magnitude_bits(x);
		peak = bits > peak ? bits : peak;
		clipped += bits >= clips;
		float magnitude = magnitude_of(bits);
		magnitude = magnitude < full_scale ? magnitude : full_scale;
		int32_t steps = (int32_t)(magnitude + ONE_A_STEP - ONE_A_STEP);
		int32_t up = steps < most ? steps : most - 1; /* one less on the positive side */
		out[i] = x < 0 ? -steps : up;
	}
	heard->peak = fmaxf(heard->peak, magnitude_of(peak) / full_scale);
	heard->clipped += (uint32_t)clipped;
}

void quantise(struct heard *heard, const float *in, int32_t *out, size_t frames, uint32_t bits)
{
	const float full_scale = (float)(1 << (bits - 1));
	size_t whole = frames - frames % CHUNK;
	for (size_t i = 0; i < whole; i += CHUNK)
		quantise_chunk(heard, in + i, out + i, full_scale);
	if (whole == frames)
		return;
	float rest[CHUNK] = {0};
	int32_t rest_out[CHUNK];
	memcpy(rest, in + whole, (frames - whole) * sizeof(float));
	quantise_chunk(heard, rest, rest_out, full_scale);
	memcpy(out + whole, rest_out, (frames - whole) * sizeof(int32_t));
}
