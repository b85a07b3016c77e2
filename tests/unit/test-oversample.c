/* Interpolation: gain and flatness, peaks between the samples as other meters and a very long sinc read them,
 * and that neither the cutting into blocks nor the short cuts that a floor allows change anything. */
#include "audio/oversample.h"
#include "tests/unit/sanitized.h"

#include <ebur128.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FRAMES = 20000 };

static double signal[FRAMES], peaks[FRAMES], other[FRAMES];

static double noise(void)
{
	static uint64_t state = 1;
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(int64_t)state * 0x1p-63;
}

static void make_sine(double frequency, double phase)
{
	for (int i = 0; i < FRAMES; i++)
		signal[i] = sin(2 * M_PI * frequency * i + phase);
}

static void make_noise(void)
{
	for (int i = 0; i < FRAMES; i++)
		signal[i] = noise() * (i / 500 % 3);
}

static struct oversample *create(void)
{
	struct oversample *made = oversample_create();
	assert_non_null(made);
	return made;
}

static double largest_in(const double *values, size_t from, size_t to)
{
	double largest = 0;
	for (size_t i = from; i < to; i++)
		largest = fmax(largest, values[i]);
	return largest;
}

/* The grid misses the top of a sine by half a step at most. */
static void sines_read_as_their_level(void **state)
{
	(void)state;
	static const double frequencies[] = {
		0.001, 0.05, 0.11, 0.2, 0.25, 1.0 / 3, 0.4, 0.43, 0.45, 0.48, 0.49, 0.495, 0.4975};
	for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
		struct oversample *o = create();
		make_sine(frequencies[i], 0.7);
		oversample_peaks(o, signal, peaks, FRAMES);
		double db = 20 * log10(largest_in(peaks, 2000, FRAMES));
		double miss = 20 * log10(cos(M_PI * frequencies[i] / 16));
		if (db > 0.01 || db < miss - 0.01)
			fail_msg("at %g: %.4f dB", frequencies[i], db);
		oversample_destroy(o);
	}
}

/* ---- as others read it ---- */

enum { EDGE = 4200, REFERENCE_HALF = 2048 };

static double bessel_i0(double x)
{
	double sum = 1, term = 1;
	for (int k = 1; term > sum * 1e-17; k++)
		sum += term *= x * x / (4.0 * k * k);
	return sum;
}

/* At 16 times the rate, by a sinc of 4096 taps a phase; only near samples that are high. */
static double long_sinc_peak(double high)
{
	static double taps[2 * REFERENCE_HALF];
	double largest = largest_in(signal, 0, FRAMES);
	for (int phase = 1; phase < 16; phase++) {
		for (int k = 0; k < 2 * REFERENCE_HALF; k++) {
			double t = k - (REFERENCE_HALF - 1) - phase / 16.0, edge = t / REFERENCE_HALF;
			double window = fabs(edge) < 1 ? bessel_i0(6.755 * sqrt(1 - edge * edge)) : 0;
			taps[k] = window / bessel_i0(6.755) * sin(M_PI * t) / (M_PI * t);
		}
		for (int i = REFERENCE_HALF; i < FRAMES - REFERENCE_HALF; i++) {
			double sum = 0;
			if (fabs(signal[i]) < high && fabs(signal[i + 1]) < high)
				continue;
			for (int k = 0; k < 2 * REFERENCE_HALF; k++)
				sum += taps[k] * signal[i + k - (REFERENCE_HALF - 1)];
			largest = fmax(largest, fabs(sum));
		}
	}
	return largest;
}

/* As FFmpeg's meter does: to four times the rate, by 32 taps under Kaiser's window with 9. */
static double plain_peak(void)
{
	enum { HALF = 16 };
	double largest = 0;
	for (int phase = 0; phase < 4; phase++) {
		double taps[2 * HALF], sum = 0;
		for (int k = 0; k < 2 * HALF; k++) {
			double t = k - (HALF - 1) - phase / 4.0, edge = t / HALF;
			sum += taps[k] = (t == 0 ? 1 : sin(M_PI * t) / (M_PI * t)) *
					 bessel_i0(9 * sqrt(fmax(0, 1 - edge * edge)));
		}
		for (int i = HALF; i < FRAMES - HALF; i++) {
			double value = 0;
			for (int k = 0; k < 2 * HALF; k++)
				value += taps[k] / sum * signal[i + k - (HALF - 1)];
			largest = fmax(largest, fabs(value));
		}
	}
	return largest;
}

static double ebur128_peak(uint32_t rate)
{
	double peak = 0;
	ebur128_state *meter = ebur128_init(1, rate, EBUR128_MODE_TRUE_PEAK);
	assert_non_null(meter);
	assert_int_equal(ebur128_add_frames_double(meter, signal, FRAMES), EBUR128_SUCCESS);
	assert_int_equal(ebur128_true_peak(meter, 0, &peak), EBUR128_SUCCESS);
	ebur128_destroy(&meter);
	return peak;
}

/* Single samples that an all-pass has moved between the samples, as crossovers do. */
static double moved_clicks(int i)
{
	static double last, in;
	double x = i % 2000 == 1000, y = 0.5 * x + in - 0.5 * last;
	in = x;
	last = y;
	return y;
}

/* All of a band up to half the rate, its peak of 1 just between two samples. */
static double pulse(int i)
{
	double t = i - FRAMES / 2 - 0.5;
	return fabs(t) < FRAMES / 2 - EDGE ? sin(M_PI * t) / (M_PI * t) : 0;
}

static double squares(int i)
{
	return i / 37 % 2 ? 0.5 : -0.5;
}

static double white(int i)
{
	(void)i;
	return noise();
}

static double signs(int i)
{
	(void)i;
	return noise() > 0 ? 0.5 : -0.5;
}

/* What a limiter leaves of noise: as loud as it may be by the long sinc, and louder by a shorter one. */
static double flat_noise(int i)
{
	(void)i;
	return fmax(-0.5, fmin(0.5, 2 * noise()));
}

static double high_tone(int i)
{
	return sin(2 * M_PI * 0.49 * i + 0.3);
}

/* Of squares and of tones cut off hard an ideal interpolation reads the more the longer it is, without end.
 */
static void no_other_reads_more(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double (*sample)(int i);
		double below_db; /* the reference, at most */
	} cases[] = {{"moved clicks", moved_clicks, 0.01}, {"pulse", pulse, 0.02}, {"squares", squares, 0.1},
		{"white noise", white, 0.05}, {"random signs", signs, 0.05}, {"flat noise", flat_noise, 0.1},
		{"0.49 of the rate", high_tone, 0.05}};
	static const uint32_t rates[] = {44100, 48000, 96000};
	for (size_t c = 0; c < ROWS_TRIED(cases); c++) {
		for (int i = 0; i < FRAMES; i++)
			signal[i] = i > EDGE && i < FRAMES - EDGE ? cases[c].sample(i) : 0;
		struct oversample *o = create();
		double peak = oversample_largest(o, signal, FRAMES);
		double plain = plain_peak();
		double below = 20 * log10(fmax(long_sinc_peak(0.45), plain) / peak);
		assert_true(peak >= plain * (1 - 1e-6));
		if (fabs(below) > cases[c].below_db)
			fail_msg("%s: %.3f dB below the reference", cases[c].name, below);
		for (size_t r = 0; r < 3; r++)
			assert_true(peak >= ebur128_peak(rates[r]));
		oversample_destroy(o);
	}
}

static void peaks_come_with_their_sample(void **state)
{
	(void)state;
	struct oversample *o = create();
	for (int i = 0; i < FRAMES; i++)
		signal[i] = 0;
	signal[1000] = -0.5;
	oversample_peaks(o, signal, peaks, FRAMES);
	uint32_t latency = oversample_latency();
	for (uint32_t i = 0; i < FRAMES; i++) {
		if (i == 1000 + latency)
			assert_true(peaks[i] == 0.5);
		else
			assert_true(peaks[i] < 0.5);
	}
	/* The interval before the impulse holds fifteen sixteenths of its rise. */
	assert_true(peaks[999 + latency] > 0.48);
	assert_true(peaks[1001 + latency] < 0.12);
	oversample_destroy(o);
}

static void blocks_change_nothing(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 7, 64, 255, 1024, 5000};
	make_noise();
	for (double floor = 0; floor < 2; floor += 1.2) {
		struct oversample *whole = create(), *cut = create();
		oversample_set_floor(whole, floor);
		oversample_set_floor(cut, floor);
		oversample_peaks(whole, signal, peaks, FRAMES);
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			oversample_reset(cut);
			for (size_t at = 0, n; at < FRAMES; at += n) {
				n = sizes[s] < FRAMES - at ? sizes[s] : FRAMES - at;
				oversample_peaks(cut, signal + at, other + at, n);
			}
			assert_memory_equal(peaks, other, sizeof(peaks));
		}
		oversample_destroy(whole);
		oversample_destroy(cut);
	}
}

static void check_floor(double floor)
{
	const double kept = (double)(float)floor;
	struct oversample *all = create(), *some = create();
	oversample_set_floor(some, floor);
	oversample_peaks(all, signal, peaks, FRAMES);
	bool any = oversample_peaks(some, signal, other, FRAMES);
	for (int i = 0; i < FRAMES; i++)
		assert_true(peaks[i] > kept ? other[i] == peaks[i] : other[i] <= peaks[i]);
	assert_true(any == (largest_in(peaks, 0, FRAMES) > kept));
	oversample_destroy(all);
	oversample_destroy(some);
}

/* Of sounds that are mostly low, most is never interpolated. */
static void a_floor_keeps_what_is_above_it(void **state)
{
	(void)state;
	make_noise();
	check_floor(1.2);
	check_floor(20);
	for (int i = 0; i < FRAMES; i++)
		signal[i] = sin(0.003 * i) + 0.05 * noise();
	for (double floor = 0.9; floor < 1.2; floor += 0.02)
		check_floor(floor);
}

static void the_largest_is_the_largest(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		if (kind == 0)
			make_noise();
		else
			make_sine(0.16 * kind + 0.0001, 0.3);
		for (int i = FRAMES - 600; i < FRAMES; i++)
			signal[i] = 0; /* so that oversample_peaks, too, sees it all */
		struct oversample *all = create(), *fast = create();
		oversample_peaks(all, signal, peaks, FRAMES);
		oversample_largest(fast, signal, FRAMES / 3);
		oversample_largest(fast, signal + FRAMES / 3, FRAMES - FRAMES / 3);
		assert_true(oversample_largest_to_end(fast) == largest_in(peaks, 0, FRAMES));
		oversample_destroy(all);
		oversample_destroy(fast);
	}
}

static void the_end_is_seen(void **state)
{
	(void)state;
	struct oversample *o = create();
	static const double end[] = {0, 0, 0.25, 1, 1};
	assert_true(oversample_largest(o, end, 5) < 0.1);
	double peak = oversample_largest_to_end(o);
	assert_true(peak > 1.1 && peak < 1.4);
	assert_true(oversample_largest_to_end(o) == peak);
	oversample_destroy(o);
}

/* What is no number goes through and away again. */
static void what_is_no_sound_passes(void **state)
{
	(void)state;
	static const double bad[] = {NAN, INFINITY, -INFINITY, 1e300, 1e-300};
	for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
		struct oversample *o = create();
		make_sine(0.1, 0);
		signal[5000] = bad[b];
		oversample_peaks(o, signal, peaks, FRAMES);
		make_sine(0.1, 0);
		oversample_peaks(o, signal, peaks, FRAMES);
		double peak = largest_in(peaks, 4000, FRAMES);
		assert_true(peak > 0.99 && peak < 1.01);
		oversample_destroy(o);
	}
	oversample_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sines_read_as_their_level),
		cmocka_unit_test(no_other_reads_more),
		cmocka_unit_test(peaks_come_with_their_sample),
		cmocka_unit_test(blocks_change_nothing),
		cmocka_unit_test(a_floor_keeps_what_is_above_it),
		cmocka_unit_test(the_largest_is_the_largest),
		cmocka_unit_test(the_end_is_seen),
		cmocka_unit_test(what_is_no_sound_passes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
