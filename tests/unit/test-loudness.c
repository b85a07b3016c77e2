/* The loudness of tracks that are recorded, against libebur128 and EBU Tech 3341's own cases. */
#include "recorder/loudness.h"

#include "recorder/songs.h"
#include "tests/unit/harness.h"

/* libebur128 names an enum as we name a struct. */
#define error ebur128_error
#include <ebur128.h>
#undef error

#include <math.h>

enum { PLANES = 7, TRACKS = 5 };
static const uint32_t channels[TRACKS] = {1, 2, 1, 1, 2};

struct sound {
	float *planes[PLANES];
	size_t frames;
};

static double noise(uint32_t *random)
{
	*random = *random * 1664525U + 1013904223U;
	return (double)*random / 2147483648.0 - 1;
}

/* Tones and noise that come and go at all levels; rumble that weighting has to take away; silence. */
static struct sound make_sound(uint32_t rate, double seconds)
{
	struct sound sound = {.frames = (size_t)(rate * seconds)};
	uint32_t random = 5;
	for (size_t c = 0; c < PLANES; c++) {
		sound.planes[c] = memory_array(sound.frames, sizeof(float));
		for (size_t i = 0; i < sound.frames; i++) {
			double t = (double)i / rate,
			       level = pow(10, -4 * fabs(sin(t * (0.3 + 0.1 * (double)c))));
			double tone = sin(2 * M_PI * 90 * (double)(c + 1) * (double)(c + 1) * t);
			sound.planes[c][i] = (float)(0.4 * level * tone + 0.05 * level * noise(&random) +
						     (c == 3 ? 0.5 * sin(2 * M_PI * 4 * t) : 0));
			if (c == 5 || (t > 7 && t < 11 && c == 2))
				sound.planes[c][i] = 0;
		}
	}
	return sound;
}

static void free_sound(struct sound *sound)
{
	for (size_t c = 0; c < PLANES; c++)
		free(sound->planes[c]);
}

static void feed(struct loudness *loudness, const struct sound *sound)
{
	for (size_t at = 0, step = 1; at < sound->frames; at += step, step = step * 5 % 9973) {
		const float *planes[PLANES];
		step = step < sound->frames - at ? step : sound->frames - at;
		for (size_t c = 0; c < PLANES; c++)
			planes[c] = sound->planes[c] + at;
		loudness_add(loudness, planes, step);
	}
}

/* Window by window and as a whole. */
static void compare(const struct sound *sound, size_t first, uint32_t count, uint32_t rate,
	const float *energy, size_t windows)
{
	size_t window = (size_t)lround(rate * SONGS_WINDOW_S);
	ebur128_state *peer = ebur128_init(count, rate, EBUR128_MODE_I);
	assert_int_equal(windows, sound->frames / window);
	for (size_t w = 0; w < windows; w++) {
		double lufs;
		for (size_t i = w * window; i < (w + 1) * window; i++) {
			float frame[2] = {sound->planes[first][i], sound->planes[first + count - 1][i]};
			assert_int_equal(ebur128_add_frames_float(peer, frame, 1), 0);
		}
		assert_int_equal(ebur128_loudness_window(peer, 50, &lufs), 0);
		if (w > 8 && lufs > -120)
			assert_true(fabs(10 * log10((double)energy[w]) - 0.691 - lufs) < 0.01);
	}
	double lufs;
	assert_int_equal(ebur128_loudness_global(peer, &lufs), 0);
	double ours = loudness_integrated_lufs(energy, windows);
	assert_true(isinf(lufs) ? isinf(ours) : fabs(ours - lufs) < 0.001);
	ebur128_destroy(&peer);
}

static void test_beside_libebur128(void **state)
{
	static const uint32_t rates[] = {44100, 48000, 96000};
	(void)state;
	for (size_t r = 0; r < TABLE_SIZE(rates); r++) {
		struct sound sound = make_sound(rates[r], 23);
		struct loudness *loudness = loudness_create(channels, TRACKS, rates[r]);
		feed(loudness, &sound);
		for (size_t t = 0, first = 0; t < TRACKS; first += channels[t++]) {
			float *energy;
			size_t windows = loudness_take_windows(loudness, t, &energy);
			compare(&sound, first, channels[t], rates[r], energy, windows);
			free(energy);
		}
		loudness_destroy(loudness);
		free_sound(&sound);
	}
}

struct tone {
	double seconds, level_db;
};

/* EBU Tech 3341, table 1: tones of 1 kHz on both channels. */
static void test_tech_3341(void **state)
{
	static const struct {
		struct tone tones[5];
		double lufs;
	} cases[] = {
		{{{20, -23}}, -23},
		{{{20, -33}}, -33},
		{{{10, -36}, {60, -23}, {10, -36}}, -23},
		{{{10, -72}, {10, -36}, {60, -23}, {10, -36}, {10, -72}}, -23},
		{{{20, -26}, {20.1, -20}, {20, -26}}, -23},
	};
	enum { RATE = 48000, STEP = 100 };
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct loudness *loudness = loudness_create((uint32_t[]){2}, 1, RATE);
		size_t frame = 0;
		for (size_t k = 0; k < 5; k++) {
			double amplitude = pow(10, cases[i].tones[k].level_db / 20);
			size_t end = frame + (size_t)lround(cases[i].tones[k].seconds * RATE);
			for (float tone[STEP]; frame < end; frame += STEP) {
				for (size_t n = 0; n < STEP; n++)
					tone[n] = (float)(amplitude *
							  sin(2 * M_PI * 1000 * (double)(frame + n) / RATE));
				loudness_add(loudness, (const float *[]){tone, tone}, STEP);
			}
		}
		float *energy;
		size_t windows = loudness_take_windows(loudness, 0, &energy);
		assert_true(fabs(loudness_integrated_lufs(energy, windows) - cases[i].lufs) < 0.1);
		free(energy);
		loudness_destroy(loudness);
	}
}

static void test_nothing_to_hear(void **state)
{
	enum { RATE = 48000 };
	static float silence[RATE], broken[RATE], tone[RATE];
	const float *planes[] = {silence, broken};
	(void)state;
	assert_true(isinf(loudness_integrated_lufs(NULL, 0)));
	struct loudness *loudness = loudness_create((uint32_t[]){1, 1}, 2, RATE);
	for (size_t i = 0; i < RATE; i++)
		tone[i] = (float)sin((double)i * 0.13);
	for (size_t i = 0; i < RATE; i++)
		broken[i] = i == 5 ? NAN : i == 30000 ? INFINITY : tone[i];
	loudness_add(loudness, planes, RATE);
	planes[1] = tone;
	loudness_add(loudness, planes, RATE);
	float *energy;
	size_t windows = loudness_take_windows(loudness, 0, &energy);
	assert_int_equal(windows, 40);
	assert_true(isinf(loudness_integrated_lufs(energy, windows)));
	free(energy);
	/* What is no number costs its own window and no other. */
	windows = loudness_take_windows(loudness, 1, &energy);
	for (size_t w = 0; w < windows; w++)
		assert_true(w == 0 || w == 12 ? !(energy[w] > 0) : energy[w] > 0.4F);
	free(energy);
	assert_int_equal(loudness_take_windows(loudness, 1, &energy), 0);
	loudness_destroy(loudness);
	loudness_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beside_libebur128),
		cmocka_unit_test(test_tech_3341),
		cmocka_unit_test(test_nothing_to_hear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
