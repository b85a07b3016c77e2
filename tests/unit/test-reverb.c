/* The reverberation: decay a band, density, modes, level, sides, and that it ends. */
#include "audio/filter.h"
#include "mixer/processors.h"
#include "tests/unit/effects.h"
#include "tests/unit/sanitized.h"

enum { RATE = 48000, FRAMES = 5 * RATE, BANDS = 3 };

static const struct reverb_settings usual = {
	.kind = REVERB_ROOM,
	.size_percent = 100,
	.decay_s = 1.5,
	.low_decay_percent = 100,
	.high_decay_percent = 100,
	.low_hz = 250,
	.high_hz = 4000,
	.early_db = -6,
	.modulation_percent = 50,
	.width_percent = 100,
	.mix_percent = 100,
};

static double left[FRAMES], right[FRAMES], banded[FRAMES];

static void run(const struct reverb_settings *settings, uint32_t rate)
{
	struct processor *processor = effect_make_at(&reverb_type, settings, rate, 2);
	assert_int_equal(processor_latency(processor), 0);
	run_cut(processor, left, right, FRAMES, BLOCK_FRAMES);
	processor_destroy(processor);
}

static void run_impulse(const struct reverb_settings *settings, uint32_t rate, double to_right)
{
	memset(left, 0, sizeof(left));
	memset(right, 0, sizeof(right));
	left[0] = 1;
	right[0] = to_right;
	run(settings, rate);
}

/* Adds the power of an octave around `frequency`. */
static void add_band(const double *samples, double frequency, uint32_t rate, double *power)
{
	struct biquad band = filter_design(FILTER_BANDPASS, frequency, 1.41, 0, rate);
	struct biquad_memory memories[3] = {0};
	memcpy(banded, samples, sizeof(banded));
	for (int i = 0; i < 3; i++)
		filter_run(&band, &memories[i], banded, FRAMES);
	for (size_t i = 0; i < FRAMES; i++)
		power[i] += banded[i] * banded[i];
}

/* Seconds to -60 dB, from -5 to -25 dB of the energy still to come (M. R. Schroeder, "New method of measuring
 * reverberation time", JASA 37, 1965; ISO 3382's T20). */
static double decay_time(const double *power, uint32_t rate)
{
	double total = 0, db = 0;
	size_t from = 0, to = 0;
	for (size_t i = 0; i < FRAMES; i++)
		total += power[i];
	double left_over = total;
	for (size_t i = 0; i < FRAMES && db > -25; i++) {
		left_over -= power[i];
		db = 10 * log10(left_over / total);
		from = db > -5 ? i : from;
		to = i;
	}
	return 3 * (double)(to - from) / rate;
}

struct band {
	double frequency_hz, ratio_percent;
};

/* From both sides to both sides, as one measures a room at several places. */
static void check_decays(
	const struct reverb_settings *s, uint32_t rate, const struct band *bands, size_t count)
{
	static double power[BANDS][FRAMES];
	memset(power, 0, sizeof(power));
	for (int side = 0; side < 2; side++) {
		memset(left, 0, sizeof(left));
		memset(right, 0, sizeof(right));
		*(side ? right : left) = 1;
		run(s, rate);
		for (size_t b = 0; b < count; b++) {
			add_band(left, bands[b].frequency_hz, rate, power[b]);
			add_band(right, bands[b].frequency_hz, rate, power[b]);
		}
	}
	for (size_t b = 0; b < count; b++) {
		double found = decay_time(power[b], rate);
		double wanted = s->decay_s * bands[b].ratio_percent / 100;
		print_message("kind %d, %u Hz, %g Hz: %.3f s of %.3f s\n", s->kind, rate,
			bands[b].frequency_hz, found, wanted);
		if (fabs(found / wanted - 1) > 0.1)
			fail_msg("%.3f s, not %.3f s", found, wanted);
	}
}

static void test_decay(void **unused)
{
	static const double shapes[][3] = {{1.5, 120, 50}, {0.7, 80, 60}, {3, 140, 40}};
	(void)unused;
	for (int kind = REVERB_ROOM; kind <= REVERB_HALL; kind++) {
		for (size_t i = 0; i < ROWS_TRIED(shapes); i++) {
			struct reverb_settings s = usual;
			s.kind = kind;
			s.early_db = -60;
			s.decay_s = shapes[i][0];
			s.low_decay_percent = shapes[i][1];
			s.high_decay_percent = shapes[i][2];
			const struct band bands[] = {{100, shapes[i][1]}, {1000, 100}, {9000, shapes[i][2]}};
			check_decays(&s, RATE, bands, COUNT(bands));
		}
	}
}

static void test_decay_at_rates(void **unused)
{
	static const struct band bands[] = {{1000, 100}, {9000, 50}};
	struct reverb_settings s = usual;
	(void)unused;
	s.decay_s = 0.8;
	s.high_decay_percent = 50;
	for (size_t r = 0; r < ROWS_TRIED(effect_rates); r++)
		check_decays(&s, effect_rates[r], bands, COUNT(bands));
}

/* The share of samples beyond one standard deviation in 20 ms, against that of a Gaussian: 1 is as dense as
 * noise (J. S. Abel and P. Huang, "A simple, robust measure of reverberation echo density", 121st AES
 * Convention, 2006). */
static double density(const double *samples, double at_s)
{
	const size_t half = RATE / 100, middle = (size_t)(at_s * RATE);
	double power = rms_of(samples + middle - half, 2 * half), outside = 0;
	for (size_t i = middle - half; i < middle + half; i++)
		outside += fabs(samples[i]) > power;
	return outside / (double)(2 * half) / 0.3173;
}

static void test_density(void **unused)
{
	static const double dense_s[] = {[REVERB_ROOM] = 0.06, [REVERB_PLATE] = 0.06, [REVERB_HALL] = 0.12};
	(void)unused;
	for (int kind = REVERB_ROOM; kind <= REVERB_HALL; kind++) {
		struct reverb_settings s = usual;
		s.kind = kind;
		run_impulse(&s, RATE, 0);
		for (double t = dense_s[kind]; t < 0.4; t *= 1.3) {
			double mean = (density(left, t) + density(right, t)) / 2;
			if (mean < 0.85 || mean > 1.15)
				fail_msg("kind %d at %.0f ms: %.2f", kind, t * 1000, mean);
		}
	}
}

/* Geometric over arithmetic mean of the power at `count` frequencies from 500 Hz, of 0.7 s in a Hann window:
 * 0.56 for noise, next to nothing for a few ringing modes. */
static double flatness(const double *samples, int count)
{
	enum { WINDOW = 32768 };
	static double window[WINDOW];
	double log_sum = 0, sum = 0;
	for (int k = 0; k < WINDOW; k++)
		window[k] = 1 - cos(2 * M_PI * k / WINDOW);
	for (int i = 0; i < count; i++) {
		double w = 2 * M_PI * (500 + 1500.0 * i / count) / RATE, c = 2 * cos(w), s1 = 0, s2 = 0;
		for (int k = 0; k < WINDOW; k++) {
			double next = samples[k] * window[k] + c * s1 - s2;
			s2 = s1;
			s1 = next;
		}
		double power = s1 * s1 + s2 * s2 - c * s1 * s2;
		log_sum += log(power) / count;
		sum += power / count;
	}
	return exp(log_sum) / sum;
}

static void test_no_ringing(void **unused)
{
	(void)unused;
	for (int kind = REVERB_ROOM; kind <= REVERB_HALL; kind++) {
		struct reverb_settings s = usual;
		s.kind = kind;
		run_impulse(&s, RATE, 0);
		double found = flatness(left + RATE / 2, 300);
		print_message("kind %d: flatness of the late tail %.2f, of noise 0.56\n", kind, found);
		assert_true(found > 0.33);
	}
}

static double correlation(size_t from, size_t to)
{
	double both = 0, l = 0, r = 0;
	for (size_t i = from; i < to; i++) {
		both += left[i] * right[i];
		l += left[i] * left[i];
		r += right[i] * right[i];
	}
	return both / sqrt(l * r);
}

/* From one side, from the middle: two sides of equal level without correlation; summed, they lose no more
 * than that costs. */
static void test_sides(void **unused)
{
	(void)unused;
	for (int kind = REVERB_ROOM; kind <= REVERB_HALL; kind++) {
		for (int middle = 0; middle <= 1; middle++) {
			struct reverb_settings s = usual;
			s.kind = kind;
			run_impulse(&s, RATE, middle);
			double found = correlation(0, FRAMES);
			double balance = 20 * log10(rms_of(left, FRAMES) / rms_of(right, FRAMES));
			print_message("kind %d, from the %s: correlation %.3f, balance %.2f dB\n", kind,
				middle ? "middle" : "left", found, balance);
			assert_true(fabs(found) < 0.2 && fabs(balance) < 1.5);
			assert_true(10 * log10(1 + found) > -1); /* of the powers' sum */
			assert_true(fabs(correlation(RATE / 5, FRAMES)) < 0.2);
		}
	}
}

static void test_width(void **unused)
{
	struct reverb_settings s = usual;
	(void)unused;
	s.width_percent = 0;
	run_impulse(&s, RATE, 0);
	assert_memory_equal(left, right, sizeof(left));
}

/* White noise through any decay comes out at its own level, within a few dB. */
static void test_level(void **unused)
{
	static const double decays[] = {0.3, 1, 3, 10};
	(void)unused;
	for (int kind = REVERB_ROOM; kind <= REVERB_HALL; kind++) {
		for (size_t i = 0; i < ROWS_TRIED(decays); i++) {
			struct reverb_settings s = usual;
			s.kind = kind;
			s.decay_s = decays[i];
			s.early_db = -60;
			fill_noise(left, FRAMES, 1);
			fill_noise(right, FRAMES, 2);
			double before = rms_of(left + FRAMES - RATE, RATE);
			run(&s, RATE);
			double db = 20 * log10(rms_of(left + FRAMES - RATE, RATE) / before);
			if (fabs(db) > 3)
				fail_msg("kind %d, %g s: %.1f dB", kind, decays[i], db);
		}
	}
}

static void test_no_dc(void **unused)
{
	struct reverb_settings s = usual;
	(void)unused;
	s.decay_s = 0.5;
	for (int i = 0; i < FRAMES; i++)
		left[i] = right[i] = 0.5;
	run(&s, RATE);
	assert_true(fabs(mean_of(left + FRAMES - RATE, RATE)) < 1e-6);
	assert_true(fabs(mean_of(right + FRAMES - RATE, RATE)) < 1e-6);
}

static void test_predelay_and_mix(void **unused)
{
	struct reverb_settings s = usual;
	(void)unused;
	s.predelay_s = 0.05;
	s.mix_percent = 25;
	run_impulse(&s, RATE, 0);
	assert_true(left[0] == 0.75);
	for (int i = 1; i < RATE / 20; i++)
		assert_true(left[i] == 0 && right[i] == 0);
	s.mix_percent = 0;
	fill_noise(left, FRAMES, 1);
	memcpy(banded, left, sizeof(left));
	run(&s, RATE);
	assert_memory_equal(left, banded, sizeof(left));
}

/* As long as can be, with all that moves: every second holds less than the one before. */
static void test_bounded(void **unused)
{
	struct reverb_settings s = usual;
	(void)unused;
	s.decay_s = 30;
	s.low_decay_percent = 300;
	s.high_decay_percent = 200;
	s.low_hz = s.high_hz = 1000;
	s.modulation_percent = 100;
	struct processor *processor = effect_make(&reverb_type, &s, 2);
	double before = INFINITY;
	for (int second = 0; second < (SANITIZED ? 8 : 40); second++) {
		memset(left, 0, RATE * sizeof(double));
		memset(right, 0, RATE * sizeof(double));
		if (second == 0)
			fill_noise(left, RATE, 3);
		run_cut(processor, left, right, RATE, BLOCK_FRAMES);
		double now = hypot(rms_of(left, RATE), rms_of(right, RATE));
		if (second > 1)
			assert_true(now < before);
		before = now;
	}
	processor_destroy(processor);
}

static void test_robust(void **unused)
{
	struct reverb_settings s = usual;
	(void)unused;
	for (int kind = REVERB_ROOM; kind <= REVERB_HALL; kind++) {
		s.kind = kind;
		s.decay_s = 0.3;
		s.mix_percent = 60;
		s.predelay_s = 0.0031;
		effect_check_cuts(&reverb_type, &s);
		effect_check_silence(&reverb_type, &s, 8);
		s.size_percent = 50;
		effect_check_broken(&reverb_type, &s);
		s = usual;
	}
	s.kind = REVERB_HALL; /* what asks for absurd losses a line */
	s.size_percent = 200;
	s.decay_s = 0.1;
	s.low_decay_percent = 300;
	s.high_decay_percent = 10;
	effect_check_broken(&reverb_type, &s);
	s.low_decay_percent = 20;
	s.high_decay_percent = 200;
	s.low_hz = 50;
	s.high_hz = 16000;
	effect_check_broken(&reverb_type, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decay),
		cmocka_unit_test(test_decay_at_rates),
		cmocka_unit_test(test_density),
		cmocka_unit_test(test_no_ringing),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_no_dc),
		cmocka_unit_test(test_predelay_and_mix),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_robust),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
