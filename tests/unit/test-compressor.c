/* The compressor against its static curve and its times, and the fast logarithm that it leans on. */
#include "audio/fastmath.h"
#include "mixer/processors.h"
#include "tests/unit/dynamics.h"

enum { RATE = 48000, FRAMES = 3 * 48000 };

static const struct compressor_settings usual = {
	.threshold_db = -20,
	.ratio = 4,
	.attack_s = 0.008,
	.release_s = 0.2,
	.knee_db = 6,
	.mix_percent = 100,
};

static struct processor *make(const struct compressor_settings *settings, uint32_t channels)
{
	return dynamics_make(&compressor_type, settings, RATE, channels);
}

static void test_fastmath(void **unused)
{
	double worst_log = 0, worst_exp = 0;
	(void)unused;
	for (int i = 0; i < 200000; i++) {
		double x = exp2(i / 1000.0 - 110);
		worst_log = fmax(worst_log, fabs(fast_log2(x) - log2(x)));
	}
	for (int i = -100000; i <= 100000; i++)
		worst_exp = fmax(worst_exp, fabs(fast_exp2(i / 1234.5) / exp2(i / 1234.5) - 1));
	print_message("log2 within %g, exp2 within %g\n", worst_log, worst_exp);
	assert_true(worst_log < 2e-9 && worst_exp < 1e-8);
	assert_true(fast_exp2(0) == 1);
}

/* The paper's equation 4. */
static double static_curve(const struct compressor_settings *s, double level)
{
	double over = level - s->threshold_db;
	if (2 * over < -s->knee_db)
		return level;
	if (2 * fabs(over) <= s->knee_db && s->knee_db > 0)
		return level + (1 / s->ratio - 1) * pow(over + s->knee_db / 2, 2) / (2 * s->knee_db);
	return s->threshold_db + over / s->ratio;
}

/* The level in dB that a sine of peak `level` dB comes out at. */
static double settled(const struct compressor_settings *settings, double level, double frequency)
{
	static double samples[FRAMES];
	struct processor *processor = make(settings, 1);
	double power = 0;
	fill_sine(samples, FRAMES, from_db(level), frequency, RATE);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = FRAMES - RATE; i < FRAMES; i++)
		power += 2 * samples[i] * samples[i] / RATE;
	processor_destroy(processor);
	return 10 * log10(power);
}

static void test_static_curve(void **unused)
{
	static const double ratios[] = {1, 1.5, 2, 4, 10, 100}, knees[] = {0, 3, 6, 12, 24};
	double worst = 0;
	(void)unused;
	for (size_t r = 0; r < TABLE_SIZE(ratios); r++) {
		for (size_t k = 0; k < TABLE_SIZE(knees); k++) {
			struct compressor_settings s = usual;
			s.ratio = ratios[r];
			s.knee_db = knees[k];
			s.release_s = 0.5;
			for (double level = -60; level <= 6; level += 3)
				worst = fmax(worst, fabs(settled(&s, level, 1000) - static_curve(&s, level)));
		}
	}
	print_message("static curve within %.4f dB\n", worst);
	assert_true(worst < 0.1);
}

static void test_rms_and_makeup(void **unused)
{
	struct compressor_settings s = usual;
	(void)unused;
	s.detection = COMPRESSOR_RMS;
	s.makeup_db = 5;
	for (double level = -40; level <= 0; level += 5) {
		double reduction = level - 3.01 - static_curve(&s, level - 3.01);
		assert_true(fabs(settled(&s, level, 1000) - (level - reduction + 5)) < 0.1);
	}
}

enum { MOST_FRAMES = 3 * 192000 };

/* Seconds after `from` until the gain has done 63 % of its way from `start` to `end` dB. */
static double time_to_63(const double *gains, size_t from, double start, double end, double rate)
{
	double target = start + (end - start) * (1 - exp(-1));
	for (size_t i = from; i < (size_t)(3 * rate); i++)
		if (end < start ? gains[i] <= target : gains[i] >= target)
			return (double)(i - from) / rate;
	return INFINITY;
}

static const double times[][2] = {
	{0.001, 0.05}, {0.008, 0.2}, {0.01, 0.1}, {0.03, 0.1}, {0.05, 0.06}, {0.1, 0.3}, {0.0005, 0.3}};

/* From 0.1 to 1.5 s it is loud, before and after it is not. */
static void check_times(double attack_s, double release_s, uint32_t rate)
{
	static double samples[MOST_FRAMES];
	struct compressor_settings s = usual;
	s.attack_s = attack_s;
	s.release_s = release_s;
	struct processor *processor = dynamics_make(&compressor_type, &s, rate, 1);
	size_t on = rate / 10, off = rate + rate / 2, frames = 3 * (size_t)rate;
	for (size_t i = 0; i < frames; i++)
		samples[i] = i >= on && i < off ? 0.9 : 0.01;
	run_cut(processor, samples, NULL, frames, 500);
	for (size_t i = 0; i < frames; i++)
		samples[i] = to_db(samples[i] / (i >= on && i < off ? 0.9 : 0.01));
	double attack = time_to_63(samples, on, 0, samples[off - 1], rate);
	double release = time_to_63(samples, off, samples[off - 1], 0, rate);
	print_message("%u Hz: attack %.5f s of %.5f s, release %.5f s of %.5f s\n", rate, attack, attack_s,
		release, release_s);
	assert_true(fabs(attack / attack_s - 1) < 0.05);
	assert_true(fabs(release / release_s - 1) < 0.05);
	processor_destroy(processor);
}

static void test_times(void **unused)
{
	(void)unused;
	for (size_t r = 0; r < TABLE_SIZE(dynamics_rates); r++)
		for (size_t t = 0; t < TABLE_SIZE(times); t++)
			check_times(times[t][0], times[t][1], dynamics_rates[r]);
}

/* With look-ahead the sound comes later, the reduction does not. */
static void test_lookahead(void **unused)
{
	static double plain[FRAMES], late[FRAMES];
	struct compressor_settings s = usual;
	(void)unused;
	struct processor *without = make(&s, 1);
	s.lookahead_s = 0.005;
	struct processor *with = make(&s, 1);
	uint32_t latency = processor_latency(with);
	assert_int_equal(processor_latency(without), 0);
	assert_int_equal(latency, 240);
	for (int i = 0; i < FRAMES; i++)
		plain[i] = late[i] = i >= 1000 ? 0.9 : 0.01;
	run_cut(without, plain, NULL, FRAMES, BLOCK_FRAMES);
	run_cut(with, late, NULL, FRAMES, BLOCK_FRAMES);
	for (uint32_t i = 0; i < latency; i++)
		assert_true(late[i] == 0);
	assert_true(fabs(plain[1000] - 0.9) < 0.02);
	assert_true(fabs(late[1000 + latency] - plain[1000 + latency]) < 1e-9);
	processor_destroy(without);
	processor_destroy(with);
}

static void test_common(void **unused)
{
	struct compressor_settings s = usual;
	(void)unused;
	s.release_s = 0.02;
	dynamics_check(&compressor_type, &s);
	s.lookahead_s = 0.003;
	s.makeup_db = 4;
	s.mix_percent = 40;
	s.detection = COMPRESSOR_RMS;
	s.detector = (struct detector_settings){NULL, 100, 5000};
	dynamics_check(&compressor_type, &s);
	s.attack_s = s.release_s = s.makeup_db = NAN;
	dynamics_check_cuts(&compressor_type, &s);
	dynamics_check_linked(&compressor_type, &s);
	dynamics_check_latency(&compressor_type, &s, 0.003);
}

/* After enough silence every gain is exactly the make-up again: what is quiet goes through untouched. */
static void test_silence(void **unused)
{
	static double samples[FRAMES];
	struct processor *processor = make(&usual, 1);
	(void)unused;
	fill_noise(samples, FRAMES, 1);
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < 4; i++) {
		memset(samples, 0, sizeof(samples));
		run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	}
	for (int i = 0; i < FRAMES; i++)
		samples[i] = 0.0123;
	run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < FRAMES; i++)
		assert_true(samples[i] == 0.0123);
	processor_destroy(processor);
}

/* Of the two papers, in their own words: samples become the reductions in dB. */
static void reference(const struct compressor_settings *s, double *samples, size_t count)
{
	double crest_keep = exp(-1 / (0.2 * RATE)), peak = 0, mean = 0, y1 = 0, yl = 0;
	for (size_t i = 0; i < count; i++) {
		double power = samples[i] * samples[i] + 1e-30;
		peak = fmax(power, crest_keep * peak + (1 - crest_keep) * power);
		mean = crest_keep * mean + (1 - crest_keep) * power;
		double attack_s = 2 * 0.08 * mean / peak, release_s = 2 * 1.0 * mean / peak - attack_s;
		double level = 10 * log10(power), xl = level - static_curve(s, level);
		double attack = exp(-1 / (attack_s * RATE)), release = exp(-1 / (release_s * RATE));
		y1 = fmax(xl, release * y1 + (1 - release) * xl);
		yl = attack * yl + (1 - attack) * y1;
		samples[i] = yl;
	}
}

static void test_automatic_times(void **unused)
{
	static double in[FRAMES], out[FRAMES];
	struct compressor_settings s = usual;
	(void)unused;
	s.attack_s = s.release_s = NAN;
	struct processor *processor = make(&s, 1);
	fill_sine(in, FRAMES, 0.5, 220, RATE);
	for (int i = 0; i < FRAMES; i++)
		in[i] = in[i] * (i / 20000 % 2 ? 0.02 : 1) + (i % 12000 == 500 ? 0.4 : 0);
	memcpy(out, in, sizeof(in));
	run_cut(processor, out, NULL, FRAMES, BLOCK_FRAMES);
	double worst = 0, most = 0;
	for (int i = 0; i < FRAMES; i++)
		out[i] = fabs(in[i]) > 1e-6 ? -to_db(out[i] / in[i]) : NAN;
	reference(&s, in, FRAMES);
	for (int i = 0; i < FRAMES; i++) {
		worst = isnan(out[i]) ? worst : fmax(worst, fabs(out[i] - in[i]));
		most = fmax(most, in[i]);
	}
	print_message("automatic times: within %.6f dB of the papers, %.1f dB at most\n", worst, most);
	assert_true(most > 8 && worst < 0.001);
	processor_destroy(processor);
}

/* Steady tones are slow, peaks make it fast. */
static void test_automatic_release(void **unused)
{
	static double samples[FRAMES];
	double times_s[2];
	struct compressor_settings s = usual;
	(void)unused;
	s.attack_s = s.release_s = NAN;
	for (int peaks = 0; peaks < 2; peaks++) {
		struct processor *processor = make(&s, 1);
		for (int i = 0; i < FRAMES; i++)
			samples[i] = i >= FRAMES / 3 ? 0.001 : peaks && i % 100 ? 0.001 : 0.9;
		run_cut(processor, samples, NULL, FRAMES, BLOCK_FRAMES);
		for (int i = FRAMES / 3; i < FRAMES; i++)
			samples[i] = to_db(samples[i] / 0.001);
		times_s[peaks] = time_to_63(samples, FRAMES / 3, samples[FRAMES / 3], 0, RATE);
		processor_destroy(processor);
	}
	print_message("automatic release: steady %.3f s, peaks %.3f s\n", times_s[0], times_s[1]);
	assert_true(times_s[0] > 0.25 && times_s[1] < times_s[0] / 4);
}

static void test_automatic_makeup(void **unused)
{
	struct compressor_settings s = usual;
	(void)unused;
	double reduction = -static_curve(&s, 0);
	s.makeup_db = NAN;
	assert_true(fabs(settled(&s, -60, 1000) - (-60 + reduction / 2)) < 1e-6);
}

/* So much of the sound as it came in, so much of it compressed; look-ahead delays both. */
static void test_mix(void **unused)
{
	static double dry[FRAMES], wet[FRAMES], mixed[FRAMES];
	struct compressor_settings s = usual;
	(void)unused;
	s.lookahead_s = 0.002;
	s.makeup_db = 6;
	struct processor *compressor = make(&s, 1);
	s.mix_percent = 30;
	struct processor *parallel = make(&s, 1);
	s.mix_percent = 0;
	struct processor *none = make(&s, 1);
	fill_bursts(dry, FRAMES, 1);
	memcpy(wet, dry, sizeof(dry));
	memcpy(mixed, dry, sizeof(dry));
	run_cut(none, dry, NULL, FRAMES, BLOCK_FRAMES);
	run_cut(compressor, wet, NULL, FRAMES, BLOCK_FRAMES);
	run_cut(parallel, mixed, NULL, FRAMES, BLOCK_FRAMES);
	for (int i = 0; i < FRAMES; i++)
		assert_true(fabs(mixed[i] - (0.7 * dry[i] + 0.3 * wet[i])) < 1e-14);
	fill_bursts(wet, FRAMES, 1);
	assert_memory_equal(dry + 96, wet, (FRAMES - 96) * sizeof(*dry));
	processor_destroy(compressor);
	processor_destroy(parallel);
	processor_destroy(none);
}

/* A loud key takes a quiet sound down, and a quiet key leaves a loud one alone. */
static void test_key(void **unused)
{
	static double samples[FRAMES], key[FRAMES];
	struct compressor_settings s = usual;
	(void)unused;
	char name[] = "kick";
	s.detector.key = name;
	s.release_s = 0.5;
	assert_string_equal(compressor_type.key_track(&s), "kick");
	for (int loud = 0; loud < 2; loud++) {
		struct processor *processor = make(&s, 1);
		fill_sine(samples, FRAMES, loud ? 0.01 : 1, 1000, RATE);
		fill_sine(key, FRAMES, loud ? 1 : 0.01, 60, RATE);
		run_keyed(processor, samples, key, FRAMES, 500);
		double level = level_of(samples + FRAMES / 2, FRAMES / 2) + 3.01;
		assert_true(fabs(level - (loud ? -40 - 15 : 0)) < 0.2);
		processor_destroy(processor);
	}
}

/* What the filter of the key takes away does not count; the sound itself goes through whole. */
static void test_key_filter(void **unused)
{
	static const struct detector_settings filters[] = {{NULL, 2000, 0}, {NULL, 0, 50}};
	struct compressor_settings s = usual;
	(void)unused;
	s.release_s = 1;
	for (size_t i = 0; i < TABLE_SIZE(filters); i++) {
		s.detector = filters[i];
		assert_true(fabs(settled(&s, -2, i == 0 ? 100 : 1000) + 2) < 1e-6);
		double heard = settled(&s, -2, i == 0 ? 12000 : 20);
		assert_true(fabs(heard - static_curve(&s, -2)) < 0.4);
	}
}

static void test_refused(void **unused)
{
	struct compressor_settings s = usual;
	(void)unused;
	s.detector.highpass_hz = 22050;
	dynamics_check_refused(
		&compressor_type, &s, 1, "key_highpass: 22050 Hz is not below half the rate of 44100 Hz");
	s.detector = (struct detector_settings){NULL, 100, -1};
	dynamics_check_refused(
		&compressor_type, &s, 1, "key_lowpass: -1 Hz is not below half the rate of 44100 Hz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fastmath),
		cmocka_unit_test(test_static_curve),
		cmocka_unit_test(test_rms_and_makeup),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_lookahead),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_automatic_times),
		cmocka_unit_test(test_automatic_release),
		cmocka_unit_test(test_automatic_makeup),
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_filter),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
