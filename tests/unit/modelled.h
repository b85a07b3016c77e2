/* Programmes for the model of mastering: heard as a pass hears them. */
#ifndef WOODSHED_TESTS_MODELLED_H
#define WOODSHED_TESTS_MODELLED_H

#include "audio/r128.h"
#include "mastering/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* What a frame is, for both sides. */
typedef double (*sound_fn)(double t);

static inline struct r128_reading hear(
	struct model *model, uint32_t rate, uint64_t frames, uint32_t size, sound_fn sound)
{
	double samples[BLOCK_FRAMES];
	struct r128_reading reading;
	struct r128 *r128 = r128_create(rate, 2);
	assert_non_null(r128);
	r128_set_weighted(r128, model_add_weighted, model);
	for (uint64_t at = 0; at < frames; at += size) {
		uint32_t n = frames - at < size ? (uint32_t)(frames - at) : size;
		for (uint32_t i = 0; i < n; i++)
			samples[i] = sound((double)(at + i) / rate);
		struct block block = {2, n, {samples, samples}};
		assert_int_equal(r128_add(r128, &block), 0);
		for (uint32_t side = 0; side < 2; side++)
			model_add_peaks(model, side, samples, n);
	}
	r128_read(r128, &reading);
	r128_destroy(r128);
	return reading;
}

static inline double tone(double t)
{
	return 0.5 * sin(2 * M_PI * 997 * t);
}

/* A hit of half a millisecond's rise and 20 ms of fall every half second. */
static inline double hits(double t)
{
	return 0.9 * exp(-50 * fmod(t, 0.5)) * sin(2 * M_PI * 200 * t);
}

static inline double nothing(double t)
{
	(void)t;
	return 0;
}

#endif
