/* The gate against its static curve, hysteresis, hold and times. */
#include "mixer/processors.h"
#include "tests/unit/dynamics.h"

enum { RATE = 48000, FRAMES = 2 * RATE };

static const struct gate_settings usual = {
	.threshold_db = -30,
	.hysteresis_db = 6,
	.range_db = 60,
	.ratio = 100,
	.attack_s = 0.002,
	.hold_s = 0.05,
	.release_s = 0.1,
};

static struct processor *make(const struct gate_settings *settings)
{
	return dynamics_make(&gate_type, settings, RATE, 1);
}

/* What is taken off at `level` after having been at `before` for half a second. */
static double reduction(const struct gate_settings *settings, double before, double level, double frequency)
{
	static double samples[FRAMES];
	struct processor *processor = make(settings);
	fill_sine(samples, FRAMES, 1, frequency, RATE);
	for (int i = 0; i < FRAMES; i++)
		samples[i] *= from_db(i < RATE / 2 ? before : level);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	processor_destroy(processor);
	return level - 3.0103 - level_of(samples + FRAMES - RATE / 2, RATE / 2);
}

/* Coming from below: all that lies under the threshold is closed. */
static void test_static_curve(void **unused)
{
	static const double ratios[] = {1, 1.5, 2, 4, 100}, ranges[] = {0, 6, 20, 60, 100};
	double worst = 0;
	(void)unused;
	for (size_t r = 0; r < TABLE_SIZE(ratios); r++) {
		for (size_t d = 0; d < TABLE_SIZE(ranges); d++) {
			struct gate_settings s = usual;
			s.ratio = ratios[r];
			s.range_db = ranges[d];
			s.release_s = 0.05;
			for (double level = -80.5; level <= 0; level += 5) {
				double under = fmax(0, s.threshold_db - level);
				double wanted = fmin(s.range_db, (s.ratio - 1) * under);
				worst = fmax(worst, fabs(reduction(&s, -120, level, 1000) - wanted));
			}
		}
	}
	print_message("static curve within %.5f dB\n", worst);
	assert_true(worst < 0.01);
}

/* An open gate stays open down to the hysteresis below the threshold. */
static void test_hysteresis(void **unused)
{
	(void)unused;
	assert_true(fabs(reduction(&usual, -120, -29.9, 500)) < 1e-6);
	assert_true(fabs(reduction(&usual, -120, -30.1, 500) - 9.9) < 0.1);
	assert_true(fabs(reduction(&usual, -20, -35.9, 500)) < 1e-6);
	assert_true(fabs(reduction(&usual, -20, -36.1, 500) - 60) < 0.1);
}

/* Low notes do not make it rattle: between their peaks the level stands. */
static void test_low_notes(void **unused)
{
	struct gate_settings s = usual;
	(void)unused;
	s.hold_s = 0.02;
	s.release_s = 0.005;
	assert_true(fabs(reduction(&s, -29, -29, 30)) < 1e-6);
	s.ratio = 2;
	assert_true(fabs(reduction(&s, -100, -40, 30) - 10) < 0.01);
}

/* Frames after `from` at which the gain has done 63 % of its way from `start` to `end` dB. */
static double frames_to_63(const double *gains_db, size_t from, size_t frames, double start, double end)
{
	double target = start + (end - start) * (1 - exp(-1));
	for (size_t i = from; i < frames; i++)
		if (end < start ? gains_db[i] <= target : gains_db[i] >= target)
			return (double)(i - from);
	return INFINITY;
}

/* From 0.5 to 1 s it is loud, before and after it is not. */
static void check_times(const struct gate_settings *s, uint32_t rate)
{
	static double gains[2 * 192000];
	struct processor *processor = dynamics_make(&gate_type, s, rate, 1);
	size_t latency = processor_latency(processor), on = rate / 2, off = rate, frames = 2 * (size_t)rate;
	assert_int_equal(latency, lround(s->lookahead_s * rate));
	for (size_t i = 0; i < frames; i++)
		gains[i] = i >= on && i < off ? 0.5 : 1e-4;
	run_cut(processor, gains, NULL, frames, 700);
	for (size_t i = latency; i < frames; i++)
		gains[i] = to_db(gains[i] / (i >= on + latency && i < off + latency ? 0.5 : 1e-4));
	double attack = frames_to_63(gains, on, frames, gains[on - 1], 0) / rate;
	size_t closing = off + latency;
	while (gains[closing] > -0.01)
		closing++;
	double hold = (double)(closing - off - latency) / rate;
	double release = frames_to_63(gains, closing, frames, 0, -60) / rate;
	print_message("%u Hz: attack %.5f s of %g s, hold %.5f s of %g s, release %.5f s of %g s\n", rate,
		attack, s->attack_s, hold, s->hold_s, release, s->release_s);
	assert_true(fabs(attack / s->attack_s - 1) < 0.1);
	assert_true(hold >= s->hold_s && hold <= s->hold_s + 0.001);
	assert_true(fabs(release / s->release_s - 1) < 0.1);
	processor_destroy(processor);
}

static void test_times(void **unused)
{
	static const double times[][4] = {/* attack, hold, release, look-ahead */
		{0.002, 0.05, 0.1, 0}, {0.0005, 0.02, 0.2, 0.005}, {0.03, 0.2, 0.02, 0.01},
		{0.02, 0.01, 0.4, 0}};
	(void)unused;
	for (size_t t = 0; t < TABLE_SIZE(times); t++) {
		struct gate_settings s = usual;
		s.attack_s = times[t][0];
		s.hold_s = times[t][1];
		s.release_s = times[t][2];
		s.lookahead_s = times[t][3];
		for (size_t r = 0; r < TABLE_SIZE(dynamics_rates); r++)
			check_times(&s, dynamics_rates[r]);
	}
}

/* Without a range it touches no bit, nor once it is open. */
static void test_neutral(void **unused)
{
	static double in[FRAMES], out[FRAMES];
	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct gate_settings s = usual;
		s.range_db = i == 0 ? 0 : 60;
		s.threshold_db = i == 0 ? -10 : -90;
		size_t from = i == 0 ? 0 : RATE / 10;
		fill_bursts(in, FRAMES, 1);
		for (int k = 0; k < FRAMES && i == 1; k++)
			in[k] += 1e-3;
		memcpy(out, in, sizeof(in));
		struct processor *processor = make(&s);
		run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
		assert_memory_equal(in + from, out + from, (FRAMES - from) * sizeof(*in));
		processor_destroy(processor);
	}
}

/* With look-ahead the first sample of a hit comes through an open gate. */
static void test_lookahead(void **unused)
{
	static double samples[2000];
	(void)unused;
	for (int with = 0; with < 2; with++) {
		struct gate_settings s = usual;
		s.lookahead_s = with ? 0.02 : 0;
		struct processor *processor = make(&s);
		size_t latency = processor_latency(processor);
		for (int i = 0; i < 2000; i++)
			samples[i] = i < 960 ? 1e-4 : 0.5;
		run_cut(processor, samples, NULL, 2000, 100);
		double first = to_db(samples[960 + latency] / 0.5);
		assert_true(with ? first > -0.01 : first < -50);
		processor_destroy(processor);
	}
}

/* A key opens it, whatever its own track does; the filter says what of the key counts. */
static void test_key(void **unused)
{
	static const struct {
		double own_db, key_db, key_hz;
		struct detector_settings detector;
		bool open;
	} cases[] = {
		{-60, -10, 100, {0}, true},
		{-10, -60, 100, {0}, false},
		{-60, -10, 100, {NULL, 3000, 0}, false},
		{-60, -10, 9000, {NULL, 3000, 0}, true},
		{-60, -10, 100, {NULL, 0, 500}, true},
		{-60, -10, 9000, {NULL, 0, 500}, false},
	};
	static double samples[FRAMES], key[FRAMES];
	(void)unused;
	char name[] = "snare";
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct gate_settings s = usual;
		s.detector = cases[i].detector;
		s.detector.key = name;
		assert_string_equal(gate_type.key_track(&s), "snare");
		struct processor *processor = make(&s);
		fill_sine(samples, FRAMES, from_db(cases[i].own_db), 500, RATE);
		fill_sine(key, FRAMES, from_db(cases[i].key_db), cases[i].key_hz, RATE);
		run_keyed(processor, samples, key, FRAMES, 333);
		double level = level_of(samples + FRAMES / 2, FRAMES / 2) + 3.0103;
		assert_true(fabs(level - (cases[i].own_db - (cases[i].open ? 0 : 60))) < 0.01);
		processor_destroy(processor);
	}
}

static void test_common(void **unused)
{
	struct gate_settings s = usual;
	(void)unused;
	s.threshold_db = -10;
	dynamics_check(&gate_type, &s);
	s.release_s = 0.001; /* closed for good between the bursts */
	dynamics_check_cuts(&gate_type, &s);
	s.lookahead_s = 0.005;
	s.ratio = 3;
	s.detector = (struct detector_settings){NULL, 80, 8000};
	dynamics_check(&gate_type, &s);
	s.threshold_db = -80;
	dynamics_check_latency(&gate_type, &s, 0.005);
	s.detector.lowpass_hz = 30000;
	dynamics_check_refused(
		&gate_type, &s, 1, "key_lowpass: 30000 Hz is not below half the rate of 44100 Hz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_static_curve),
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_low_notes),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_neutral),
		cmocka_unit_test(test_lookahead),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_common),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
