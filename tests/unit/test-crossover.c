/* The crossover: flat in sum, in phase, 24 dB an octave, at every rate. */
#include "audio/crossover.h"
#include "tests/unit/harness.h"
#include "tests/unit/processing.h"

#include <complex.h>

enum { FRAMES = 1 << 15 };

static const double rates[] = {44100, 48000, 96000, 192000};
static const struct {
	size_t bands;
	double frequencies[CROSSOVER_SPLITS];
} cases[] = {
	{1, {0}},
	{2, {6500}},
	{2, {100}},
	{3, {200, 3000}},
	{4, {120, 1000, 7000}},
	{5, {90, 400, 2500, 9000}},
	{5, {500, 600, 720, 860}},
};

/* Runs `in` (left whole) through a new crossover, `cut` frames at a time. */
static void split(size_t c, double rate, const double *in, double bands[CROSSOVER_BANDS][FRAMES], size_t cut)
{
	struct crossover crossover;
	struct crossover_memory memory = {0};
	crossover_init(&crossover, cases[c].bands, cases[c].frequencies, rate);
	for (size_t i = 0; i < FRAMES; i += cut) {
		double *out[CROSSOVER_BANDS];
		for (size_t b = 0; b < CROSSOVER_BANDS; b++)
			out[b] = bands[b] + i;
		crossover_run(&crossover, &memory, in + i, out, i + cut > FRAMES ? FRAMES - i : cut);
	}
}

static double complex response(const double *impulse, double frequency, double rate)
{
	double complex sum = 0, turn = cexp(-I * 2 * M_PI * frequency / rate), phase = 1;
	for (size_t i = 0; i < FRAMES; i++, phase *= turn)
		sum += impulse[i] * phase;
	return sum;
}

static double db(double complex gain)
{
	return 20 * log10(cabs(gain));
}

static double bands_out[CROSSOVER_BANDS][FRAMES];

static void split_impulse(size_t c, double rate)
{
	static double impulse[FRAMES];
	impulse[0] = 1;
	split(c, rate, impulse, bands_out, 1000);
}

static void test_flat_sum(void **unused)
{
	double worst = 0;
	(void)unused;
	for (size_t c = 0; c < TABLE_SIZE(cases); c++) {
		for (size_t r = 0; r < TABLE_SIZE(rates); r++) {
			split_impulse(c, rates[r]);
			for (double f = 20; f < rates[r] / 2; f *= 1.15) {
				double complex sum = 0;
				for (size_t b = 0; b < cases[c].bands; b++)
					sum += response(bands_out[b], f, rates[r]);
				worst = fmax(worst, fabs(db(sum)));
			}
		}
	}
	print_message("sum flat within %.6f dB\n", worst);
	assert_true(worst < 0.001);
}

/* Where two bands meet both are 6 dB down and of one phase; the analogue slope is 24 dB an octave. */
static void test_splits(void **unused)
{
	(void)unused;
	for (size_t c = 1; c < 6; c++) {
		for (size_t r = 0; r < TABLE_SIZE(rates); r++) {
			split_impulse(c, rates[r]);
			for (size_t b = 0; b + 1 < cases[c].bands; b++) {
				double f = cases[c].frequencies[b];
				double complex low = response(bands_out[b], f, rates[r]);
				double complex high = response(bands_out[b + 1], f, rates[r]);
				assert_true(fabs(db(low) + 6.0206) < 0.1 && fabs(db(high) + 6.0206) < 0.1);
				assert_true(fabs(carg(low / high)) < 0.03);
			}
		}
	}
}

static void test_slopes(void **unused)
{
	(void)unused;
	split_impulse(2, 48000);
	for (double f = 20; f < 2000; f *= 1.3) {
		double analogue = 1 + pow(f / 100, 4);
		double low = db(response(bands_out[0], f, 48000)),
		       high = db(response(bands_out[1], f, 48000));
		assert_true(fabs(low + 20 * log10(analogue)) < 0.25);
		assert_true(fabs(high + 20 * log10(analogue / pow(f / 100, 4))) < 0.25);
	}
}

static void test_cuts(void **unused)
{
	static const size_t cuts[] = {1, 13, 64, 256, 1024};
	static double in[FRAMES], expected[CROSSOVER_BANDS][FRAMES];
	(void)unused;
	fill_noise(in, FRAMES, 1);
	for (size_t c = 0; c < TABLE_SIZE(cases); c++) {
		split(c, 48000, in, expected, FRAMES);
		for (size_t i = 0; i < TABLE_SIZE(cuts); i++) {
			split(c, 48000, in, bands_out, cuts[i]);
			assert_memory_equal(bands_out, expected, sizeof(expected[0]) * cases[c].bands);
		}
	}
}

/* In place for the highest band, and silence ends in zeros. */
static void test_in_place_and_silence(void **unused)
{
	static double in[FRAMES], expected[CROSSOVER_BANDS][FRAMES];
	struct crossover crossover;
	struct crossover_memory memory = {0};
	double *out[CROSSOVER_BANDS];
	(void)unused;
	fill_noise(in, FRAMES / 8, 1);
	memset(in + FRAMES / 8, 0, (FRAMES - FRAMES / 8) * sizeof(*in));
	split(5, 48000, in, expected, FRAMES);
	crossover_init(&crossover, 5, cases[5].frequencies, 48000);
	for (size_t b = 0; b < 4; b++)
		out[b] = bands_out[b];
	out[4] = in;
	crossover_run(&crossover, &memory, in, out, FRAMES);
	assert_memory_equal(in, expected[4], sizeof(in));
	for (size_t b = 0; b < 5; b++) {
		for (size_t i = 0; i < FRAMES; i++)
			assert_true(fpclassify(out[b][i]) != FP_SUBNORMAL);
		assert_true(out[b][FRAMES - 1] == 0);
	}
}

/* Two channels at once are what each would be by itself, bit by bit, however they are cut. */
static void test_stereo(void **unused)
{
	static const size_t cuts[] = {1, 2, 3, 17, 64, 65, 1000};
	static double in[2][FRAMES], alone[CROSSOVER_BANDS][FRAMES], both[2][CROSSOVER_BANDS][FRAMES];
	(void)unused;
	for (size_t i = 0; i < FRAMES; i++) {
		in[0][i] = i % 3000 < 2000 ? sin(0.001 * (double)(i * i % 77777)) : 0;
		in[1][i] = sin(0.3 * (double)i) - (double)(i % 700 == 5);
	}
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		for (size_t k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++) {
			struct crossover crossover;
			struct crossover_memory memories[2] = {0};
			crossover_init(&crossover, cases[c].bands, cases[c].frequencies, 48000);
			for (size_t i = 0; i < FRAMES; i += cuts[k]) {
				double *out[2][CROSSOVER_BANDS];
				for (size_t b = 0; b < 2 * CROSSOVER_BANDS; b++)
					out[b % 2][b / 2] = both[b % 2][b / 2] + i;
				crossover_run_stereo(&crossover, memories,
					(const double *const[]){in[0] + i, in[1] + i},
					(double *const *const[]){out[0], out[1]},
					i + cuts[k] > FRAMES ? FRAMES - i : cuts[k]);
			}
			for (size_t channel = 0; channel < 2; channel++) {
				split(c, 48000, in[channel], alone, 1000);
				for (size_t b = 0; b < cases[c].bands; b++)
					assert_memory_equal(alone[b], both[channel][b], sizeof(alone[b]));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flat_sum),
		cmocka_unit_test(test_stereo),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_slopes),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_in_place_and_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
