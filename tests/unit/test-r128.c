/* Loudness beside libebur128's, which is not ours; test-meter holds it to EBU's own cases. */
#include "audio/r128.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* libebur128 names an enum as we name a struct. */
#define error ebur128_error
#include <ebur128.h>
#undef error

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SECONDS = 40 };

struct case_ {
	uint32_t rate, channels;
	double quiet_db; /* of every third stretch of 2.3 s */
};

static const struct case_ cases[] = {
	{48000, 2, -30},
	{48000, 1, -12},
	{44100, 2, -55},
	{96000, 2, -18},
	{192000, 1, -25},
	{8000, 2, -200},
	{48000, 2, 0},
};

/* Noise that dances between loud and quiet, with a little low hum that the weighting has to take out. */
static double sample(const struct case_ *c, uint64_t frame, uint32_t channel)
{
	double at = (double)frame / c->rate;
	bool quiet = (int)(at / 2.3) % 3 == 1;
	double swell = 0.2 + 0.15 * sin(at * 3) + 0.1 * channel;
	double noise = rand() / (double)RAND_MAX - 0.5;
	return (noise * swell + 0.05 * sin(at * 220)) * (quiet ? pow(10, c->quiet_db / 20) : 1);
}

static void test_beside_libebur128(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct case_ *c = &cases[i];
		struct r128 *ours = r128_create(c->rate, c->channels);
		ebur128_state *theirs = ebur128_init(c->channels, c->rate, EBUR128_MODE_I | EBUR128_MODE_LRA);
		assert_true(ours && theirs);
		srand((unsigned)i);
		for (uint64_t frame = 0; frame < (uint64_t)SECONDS * c->rate; frame += 1000) {
			double planar[2][1000], interleaved[2000];
			struct block block = {c->channels, 1000, {planar[0], planar[1]}};
			for (uint32_t k = 0; k < 1000; k++)
				for (uint32_t n = 0; n < c->channels; n++)
					planar[n][k] = interleaved[k * c->channels + n] =
						sample(c, frame + k, n);
			assert_int_equal(r128_add(ours, &block), 0);
			assert_int_equal(ebur128_add_frames_double(theirs, interleaved, 1000), 0);
		}
		struct r128_reading reading;
		double lufs, range;
		r128_read(ours, &reading);
		assert_int_equal(ebur128_loudness_global(theirs, &lufs), 0);
		assert_int_equal(ebur128_loudness_range(theirs, &range), 0);
		print_message("%u Hz: %.6f LUFS, %.6f LU; %.6f, %.6f\n", c->rate, reading.integrated_lufs,
			reading.range_lu, lufs, range);
		assert_true(fabs(reading.integrated_lufs - lufs) < 1e-6);
		assert_true(fabs(reading.range_lu - range) < 1e-6);
		r128_destroy(ours);
		ebur128_destroy(&theirs);
	}
	r128_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_beside_libebur128)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
