/* The limiter on signals that are out to break it: what comes out, measured at 16×, and what its gain did. */
#include "audio/oversample.h"
#include "common/units.h"
#include "mastering/limiter.h"
#include "tests/unit/sanitized.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 48000, FRAMES = RATE, ROOM = FRAMES + 2 * BLOCK_FRAMES };

static double in[2][ROOM], out[2][ROOM], other[2][ROOM];

static const struct limiter_settings usual = {-1, 0.005, 0.25};

static uint64_t random_state;

static double noise(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(int64_t)random_state * 0x1p-63;
}

static struct processor *create(const struct limiter_settings *settings, uint32_t channels)
{
	struct processor *made;
	struct processor_format format = {RATE, channels};
	struct error e;
	assert_int_equal(processor_create(&made, &limiter_type, settings, &format, &e), 0);
	return made;
}

/* Runs `in` through, and silence after it, into `to`, which comes `latency` later. */
static void run(struct processor *limiter, double to[2][ROOM], uint32_t channels, size_t size)
{
	memcpy(to, in, sizeof(in));
	for (size_t at = 0, n; at < ROOM; at += n) {
		n = size < ROOM - at ? size : ROOM - at;
		struct block block = {channels, (uint32_t)n, {to[0] + at, to[1] + at}};
		processor_process(limiter, &block);
	}
}

static double peak_of(const double *samples)
{
	struct oversample *o = oversample_create();
	assert_non_null(o);
	oversample_largest(o, samples, ROOM);
	double peak = oversample_largest_to_end(o);
	oversample_destroy(o);
	return peak;
}

static double full_noise(int i)
{
	(void)i;
	return 4 * noise();
}

static double square(int i)
{
	return i / 37 % 2 ? 2 : -2;
}

static double quarter_rate(int i)
{
	return 2 * sin(M_PI / 2 * i + M_PI / 4);
}

static double near_half_rate(int i)
{
	return 3 * sin(2 * M_PI * 0.449 * i + 0.3) * (1 + 0.5 * sin(i * 0.001));
}

static double impulses(int i)
{
	return i % 977 == 0 ? 4 : i % 500 == 1 ? -3 : 0;
}

static double sweep(int i)
{
	return 2 * sin(M_PI * 0.9 * i * (double)i / (2.0 * FRAMES));
}

static double random_signs(int i)
{
	(void)i;
	return noise() > 0 ? 2 : -2;
}

static double bass_and_clicks(int i)
{
	return 1.5 * sin(2 * M_PI * 50 * i / RATE) + (i % 12000 < 200 ? 2 * noise() : 0);
}

static double bursts(int i)
{
	return noise() * pow(10, noise()) * (i % 9000 < 3000);
}

static double steps_of_dc(int i)
{
	return i % 8000 < 4000 ? 1.7 : 0.1;
}

static double cut_off(int i)
{
	return i < FRAMES - 5 ? 0 : 3;
}

static const struct hostile {
	const char *name;
	double (*sample)(int i);
} hostiles[] = {
	{"noise at +12 dB", full_noise},
	{"square wave", square},
	{"a quarter of the rate at 45 degrees", quarter_rate},
	{"near half the rate", near_half_rate},
	{"impulses", impulses},
	{"sweep", sweep},
	{"random signs", random_signs},
	{"bass and clicks", bass_and_clicks},
	{"bursts", bursts},
	{"steps of DC", steps_of_dc},
	{"cut off at its peak", cut_off},
};

enum { HOSTILES = sizeof(hostiles) / sizeof(hostiles[0]) };

static void make(const struct hostile *hostile)
{
	random_state = 1;
	for (int i = 0; i < ROOM; i++) {
		in[0][i] = i < FRAMES ? hostile->sample(i) : 0;
		in[1][i] = 0.6 * in[0][i > 20 ? i - 20 : 0];
	}
}

static void the_ceiling_holds(void **state)
{
	(void)state;
	static const struct limiter_settings settings[] = {
		{-1, 0.005, 0.25}, {-0.1, 0.02, 0.02}, {-12, 0.0051, 1}, {0, 0.0077, 0.01}};
	for (size_t s = 0; s < ROWS_TRIED(settings); s++) {
		for (size_t h = 0; h < HOSTILES; h++) {
			struct processor *limiter = create(&settings[s], 2);
			make(&hostiles[h]);
			run(limiter, out, 2, BLOCK_FRAMES);
			double peak = fmax(peak_of(out[0]), peak_of(out[1]));
			double excess = units_to_db(peak) - settings[s].ceiling_db;
			if (excess > 0.02)
				fail_msg("%s: %.4f dB over", hostiles[h].name, excess);
			/* And it takes off no more than the largest peak asks for. */
			double needed = units_to_db(peak_of(in[0])) - settings[s].ceiling_db;
			assert_true(limiter_most_reduction_db(limiter) < needed + 0.02);
			processor_destroy(limiter);
		}
	}
}

/* The gain, seen on the other channel, never passes what the peak beside it allows, and is there in time. */
static void the_gain_reaches_its_value_at_the_peak(void **state)
{
	(void)state;
	static const double levels[] = {1.1, 2, 8};
	for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
		struct processor *limiter = create(&usual, 2);
		uint32_t latency = processor_latency(limiter);
		for (int i = 0; i < ROOM; i++) {
			in[0][i] = i == 10000 ? levels[l] : 0;
			in[1][i] = 0.01;
		}
		run(limiter, out, 2, 333);
		double wanted = units_from_db(-1) / levels[l], least = 1;
		for (uint32_t i = latency; i < ROOM; i++)
			least = fmin(least, out[1][i] / 0.01);
		assert_true(fabs(out[1][10000 + latency] / 0.01 - wanted) < 1e-6);
		assert_true(least > wanted - 1e-6 && least <= wanted);
		assert_true(out[1][10000 + latency - 245] / 0.01 == 1); /* not before the look-ahead */
		processor_destroy(limiter);
	}
}

static void latency_is_lookahead_and_detector(void **state)
{
	(void)state;
	static const double lookaheads[] = {0.005, 0.0081, 0.02};
	for (size_t i = 0; i < sizeof(lookaheads) / sizeof(lookaheads[0]); i++) {
		struct limiter_settings settings = {-1, lookaheads[i], 0.1};
		struct processor *limiter = create(&settings, 1);
		assert_int_equal(processor_latency(limiter),
			(uint32_t)ceil(lookaheads[i] * RATE) + oversample_latency());
		processor_destroy(limiter);
	}
}

static void below_the_ceiling_nothing_changes(void **state)
{
	(void)state;
	struct processor *limiter = create(&usual, 2);
	uint32_t latency = processor_latency(limiter);
	random_state = 1;
	for (int i = 0; i < ROOM; i++)
		for (int c = 0; c < 2; c++)
			in[c][i] = 0.25 * noise();
	run(limiter, out, 2, 500);
	for (int c = 0; c < 2; c++)
		assert_memory_equal(out[c] + latency, in[c], (ROOM - latency) * sizeof(double));
	assert_true(limiter_most_reduction_db(limiter) == 0);
	processor_destroy(limiter);
}

static void it_comes_to_rest(void **state)
{
	(void)state;
	struct limiter_settings quick = {-1, 0.005, 0.01};
	struct processor *limiter = create(&quick, 1);
	uint32_t latency = processor_latency(limiter);
	for (int i = 0; i < ROOM; i++)
		in[0][i] = i < 5000 ? 3 * sin(i * 0.1) : 0.1 * sin(i * 0.1);
	run(limiter, out, 1, BLOCK_FRAMES);
	for (uint32_t i = RATE / 2; i < ROOM - latency; i++)
		assert_true(out[0][i + latency] == in[0][i]);
	processor_destroy(limiter);
}

/* How long the gain stays down: a click is let go of sooner than a long tone. */
static double gain_after(int loud_frames, int wait_frames)
{
	struct processor *limiter = create(&usual, 2);
	uint32_t latency = processor_latency(limiter);
	for (int i = 0; i < ROOM; i++) {
		in[0][i] = i < loud_frames ? 2 * cos(i * 0.3) : 0;
		in[1][i] = 0.01;
	}
	run(limiter, out, 2, BLOCK_FRAMES);
	processor_destroy(limiter);
	return out[1][loud_frames + wait_frames + (int)latency] / 0.01;
}

static void release_has_two_stages(void **state)
{
	(void)state;
	double click = gain_after(10, RATE / 10), tone = gain_after(RATE / 2, RATE / 10);
	assert_true(click > 0.9);
	assert_true(tone < 0.75);
	assert_true(tone > 0.6);
}

/* A few frames at a time take long, so one signal has to do for them. */
static void blocks_change_nothing(void **state)
{
	(void)state;
	static const size_t sizes[] = {64, 1000, 1, 7};
	for (size_t h = 0; h < HOSTILES; h += SANITIZED ? 4 : 1) {
		const size_t count = h == 0 ? sizeof(sizes) / sizeof(sizes[0]) : 2;
		struct processor *limiter = create(&usual, 2);
		make(&hostiles[h]);
		run(limiter, out, 2, BLOCK_FRAMES);
		for (size_t s = 0; s < count; s++) {
			processor_reset(limiter); /* as good as new, too */
			run(limiter, other, 2, sizes[s]);
			assert_memory_equal(out, other, sizeof(out));
		}
		processor_destroy(limiter);
	}
}

static void bad_settings_are_refused(void **state)
{
	(void)state;
	static const struct {
		struct limiter_settings settings;
		struct processor_format format;
	} cases[] = {
		{{NAN, 0.005, 0.1}, {48000, 2}},
		{{INFINITY, 0.005, 0.1}, {48000, 2}},
		{{-1, 0.0049, 0.1}, {48000, 2}},
		{{-1, 0, 0.1}, {48000, 2}},
		{{-1, NAN, 0.1}, {48000, 2}},
		{{-1, 0.021, 0.1}, {48000, 2}},
		{{-1, 0.005, 0}, {48000, 2}},
		{{-1, 0.005, -1}, {48000, 2}},
		{{-1, 0.005, NAN}, {48000, 2}},
		{{-1, 0.005, 0.1}, {0, 2}},
		{{-1, 0.005, 0.1}, {1000, 2}},
		{{-1, 0.02, 0.1}, {384000, 2}},
		{{-1, 0.005, 0.1}, {48000, 0}},
		{{-1, 0.005, 0.1}, {48000, 3}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct processor *limiter;
		struct error e = {{0}};
		int result =
			processor_create(&limiter, &limiter_type, &cases[i].settings, &cases[i].format, &e);
		assert_int_equal(result, -EINVAL);
		assert_true(e.text[0] != '\0');
	}
}

static void other_rates_hold_too(void **state)
{
	(void)state;
	/* In 5 ms at 8 kHz the gain may fall and rise within the reach of the detector's filter. */
	static const double excess_db[] = {0.1, 0.02, 0.02, 0.02, 0.02};
	static const uint32_t rates[] = {8000, 44100, 88200, 96000, 192000};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct processor *limiter;
		struct processor_format format = {rates[i], 2};
		struct error e;
		assert_int_equal(processor_create(&limiter, &limiter_type, &usual, &format, &e), 0);
		make(&hostiles[0]);
		run(limiter, out, 2, BLOCK_FRAMES);
		assert_true(units_to_db(peak_of(out[0])) < -1 + excess_db[i]);
		processor_destroy(limiter);
	}
}

/* Harmonics of a steady 60 Hz at 6 dB of reduction, over whole periods once the gain has settled. */
static void bass_stays_clean(void **state)
{
	(void)state;
	enum { FROM = RATE / 2, LENGTH = RATE / 4 }; /* 15 periods */
	struct processor *limiter = create(&usual, 1);
	for (int i = 0; i < ROOM; i++)
		in[0][i] = units_from_db(5) * sin(2 * M_PI * 60 * i / RATE);
	run(limiter, out, 1, BLOCK_FRAMES);
	double first = 0, others = 0;
	for (int harmonic = 1; harmonic <= 20; harmonic++) {
		double re = 0, im = 0;
		for (int i = 0; i < LENGTH; i++) {
			re += out[0][FROM + i] * cos(2 * M_PI * 60 * harmonic * i / RATE);
			im += out[0][FROM + i] * sin(2 * M_PI * 60 * harmonic * i / RATE);
		}
		*(harmonic == 1 ? &first : &others) += re * re + im * im;
	}
	double thd_db = 10 * log10(others / first);
	if (thd_db > -60)
		fail_msg("%.1f dB", thd_db);
	assert_true(fabs(limiter_most_reduction_db(limiter) - 6) < 0.1);
	processor_destroy(limiter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ceiling_holds),
		cmocka_unit_test(the_gain_reaches_its_value_at_the_peak),
		cmocka_unit_test(latency_is_lookahead_and_detector),
		cmocka_unit_test(below_the_ceiling_nothing_changes),
		cmocka_unit_test(it_comes_to_rest),
		cmocka_unit_test(release_has_two_stages),
		cmocka_unit_test(bass_stays_clean),
		cmocka_unit_test(blocks_change_nothing),
		cmocka_unit_test(bad_settings_are_refused),
		cmocka_unit_test(other_rates_hold_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
