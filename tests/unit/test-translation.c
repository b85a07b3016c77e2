/* Translation against programmes whose answers follow from how they are made, and the spectrum behind it. */
#include "mastering/translation.h"

#include "audio/r128.h"
#include "tests/unit/harness.h"

#include <math.h>

enum { RATE = 48000, SECONDS = 12 };

typedef void (*sound_fn)(uint64_t frame, double *left, double *right);

static double noise(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return (double)(int32_t)*state * 0x1p-31;
}

static double tone(uint64_t frame, double hz)
{
	return sin(2 * M_PI * hz / RATE * (double)frame);
}

static struct translation_reading read_sound(sound_fn sound, uint32_t channels)
{
	struct translation *t;
	struct error e;
	assert_int_equal(translation_create(&t, RATE, channels, &e), 0);
	double left[1000], right[1000];
	for (uint64_t frame = 0; frame < (uint64_t)SECONDS * RATE; frame += 1000) {
		for (uint32_t i = 0; i < 1000; i++)
			sound(frame + i, &left[i], &right[i]);
		struct block block = {channels, 1000, {left, right}};
		assert_int_equal(translation_add(t, &block), 0);
	}
	struct translation_reading r;
	translation_read(t, &r);
	translation_destroy(t);
	return r;
}

static void assert_near(double value, double expected, double within)
{
	if (!(fabs(value - expected) <= within))
		fail_msg("%.4f, not %.4f", value, expected);
}

/* A band: bass with overtones, and something above it, all in the middle. */
static void band(uint64_t frame, double *left, double *right)
{
	*left = 0;
	for (int n = 1; n <= 12; n++)
		*left += 0.05 / n * tone(frame, 82.4 * n) + 0.05 / sqrt(n) * tone(frame, 440.0 * n);
	*right = *left;
}

static void opposite(uint64_t frame, double *left, double *right)
{
	band(frame, left, right);
	*right = -*left;
}

static void quarter_opposite(uint64_t frame, double *left, double *right)
{
	*left = 0.5 * tone(frame, 500) + 0.1 * tone(frame, 3000);
	*right = 0.5 * tone(frame, 500) - 0.1 * tone(frame, 3000);
}

static void left_alone(uint64_t frame, double *left, double *right)
{
	band(frame, left, right);
	*right = 0;
}

static void left_alone_for(uint64_t frame, double *left, double *right, double seconds)
{
	band(frame, left, right);
	if (frame >= 4 * RATE && (double)frame < (4 + seconds) * RATE)
		*right = 0;
}

static void left_alone_briefly(uint64_t frame, double *left, double *right)
{
	left_alone_for(frame, left, right, 2.5);
}

static void left_alone_longer(uint64_t frame, double *left, double *right)
{
	left_alone_for(frame, left, right, 3.5);
}

static void quiet_verse(uint64_t frame, double *left, double *right)
{
	band(frame, left, right);
	double gain = frame / RATE % 4 == 1 ? 0.03 : 1; /* 30 dB */
	*left *= gain;
	*right *= gain;
}

/* A sine has no overtones to hear it by. */
static void sine_bass(uint64_t frame, double *left, double *right)
{
	*left = *right = 0.5 * tone(frame, 55) + 0.1 * tone(frame, 5000);
}

static void bassy(uint64_t frame, double *left, double *right)
{
	*left = *right = 0.6 * tone(frame, 120) + 0.1 * tone(frame, 500) + 0.1 * tone(frame, 2000);
}

static void silence(uint64_t frame, double *left, double *right)
{
	(void)frame;
	*left = *right = 0;
}

static void mono_of_a_band_is_fine(void **state)
{
	(void)state;
	for (uint32_t channels = 1; channels <= 2; channels++) {
		struct translation_reading r = read_sound(band, channels);
		print_message("voice %+.2f LU, bass %.1f dB\n", r.phone_voice_lu, r.phone_bass_db);
		assert_true(r.mono && r.phone && r.car && r.earbuds);
		assert_near(r.mono_loss_lu, 0, 1e-9);
		assert_near(r.mono_worst_db, 0, 1e-9);
		assert_near(r.car_above, 1, 0);
		assert_near(r.earbuds_s, 0, 0);
	}
}

static void what_the_fold_loses(void **state)
{
	(void)state;
	struct translation_reading r = read_sound(left_alone, 2);
	assert_near(r.mono_loss_lu, 3.0103, 1e-3);
	assert_true(!r.mono && !r.earbuds);
	assert_near(r.earbuds_s, SECONDS, 0.01);
	r = read_sound(opposite, 2);
	assert_true(!r.mono && !r.earbuds && r.mono_loss_lu > 60);
	/* Only what is at 3 kHz is lost, 14 dB below the rest: too little for the loudness to tell. */
	r = read_sound(quarter_opposite, 2);
	assert_true(!r.mono && r.mono_loss_lu < TRANSLATION_MONO_LU && r.mono_worst_db > 60);
	assert_near(r.mono_worst_hz, 3162.28, 1);
}

static void one_ear_for_too_long(void **state)
{
	(void)state;
	struct translation_reading r = read_sound(left_alone_briefly, 2);
	assert_true(r.earbuds);
	assert_near(r.earbuds_s, 2.5, 0.11);
	r = read_sound(left_alone_longer, 2);
	assert_false(r.earbuds);
	assert_near(r.earbuds_s, 3.5, 0.11);
}

static void a_verse_that_a_car_drowns(void **state)
{
	(void)state;
	struct translation_reading r = read_sound(quiet_verse, 2);
	assert_false(r.car);
	/* Three stretches of 1 s; a block that has a tenth of the loud part in it is above. */
	assert_near(r.car_above, 1 - 3 * 7.0 / (SECONDS * 10 - 3), 0.02);
}

static void what_a_phone_plays(void **state)
{
	(void)state;
	struct translation_reading r = read_sound(sine_bass, 2);
	assert_true(!r.phone && r.phone_bass_db < -40);
	r = read_sound(bassy, 2);
	assert_true(!r.phone && r.phone_voice_lu > TRANSLATION_VOICE_LU && r.phone_bass_db > -10);
}

static void silence_has_no_figures(void **state)
{
	(void)state;
	struct translation_reading r = read_sound(silence, 2);
	assert_true(r.mono && r.phone && r.car && r.earbuds);
	assert_true(isnan(r.mono_loss_lu) && isnan(r.phone_voice_lu) && isnan(r.car_above));
	assert_true(isnan(r.tilt_db_per_octave) && r.third_db[10] == -INFINITY);
}

/* ---- the spectrum ---- */

static void bands_are_mean_squares(void **state)
{
	(void)state;
	static const uint32_t rates[] = {8000, 44100, 48000, 96000, 192000};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct longterm *l;
		struct error e;
		assert_int_equal(longterm_create(&l, rates[i], 2, &e), 0);
		double left[500], right[500];
		for (uint64_t frame = 0; frame < 6 * (uint64_t)rates[i]; frame += 500) {
			for (uint32_t k = 0; k < 500; k++) {
				double phase = 2 * M_PI * 1000 / rates[i] * (double)(frame + k);
				left[k] = 0.5 * sin(phase);
				right[k] = 0.25 * cos(phase);
			}
			struct block block = {2, 500, {left, right}};
			longterm_add(l, &block);
		}
		longterm_end(l);
		struct longterm_power p = longterm_third(l, 30 - LONGTERM_FIRST_THIRD);
		assert_near(p.sides / (0.125 + 0.03125), 1, 0.002);
		assert_near(p.mono / ((0.125 + 0.03125) / 4), 1, 0.002);
		assert_true(longterm_third(l, 33 - LONGTERM_FIRST_THIRD).sides < 1e-5);
		longterm_destroy(l);
	}
}

static void white(uint64_t frame, double *left, double *right)
{
	static uint32_t random;
	(void)frame;
	*left = 0.1 * noise(&random);
	*right = 0.1 * noise(&random);
}

/* Pink after P. Kellet's filter, within 0.05 dB above 9 Hz at 44.1 kHz. */
static void pink(uint64_t frame, double *left, double *right)
{
	static uint32_t random = 7;
	static double b[7];
	(void)frame;
	double x = noise(&random);
	b[0] = 0.99886 * b[0] + x * 0.0555179;
	b[1] = 0.99332 * b[1] + x * 0.0750759;
	b[2] = 0.96900 * b[2] + x * 0.1538520;
	b[3] = 0.86650 * b[3] + x * 0.3104856;
	b[4] = 0.55000 * b[4] + x * 0.5329522;
	b[5] = -0.7616 * b[5] - x * 0.0168980;
	*left = *right = 0.05 * (b[0] + b[1] + b[2] + b[3] + b[4] + b[5] + b[6] + x * 0.5362);
	b[6] = x * 0.115926;
}

static void the_tilt_of_noises(void **state)
{
	(void)state;
	assert_near(read_sound(white, 2).tilt_db_per_octave, 0, 0.1);
	assert_near(read_sound(pink, 2).tilt_db_per_octave, -3.01, 0.15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mono_of_a_band_is_fine),
		cmocka_unit_test(what_the_fold_loses),
		cmocka_unit_test(one_ear_for_too_long),
		cmocka_unit_test(a_verse_that_a_car_drowns),
		cmocka_unit_test(what_a_phone_plays),
		cmocka_unit_test(silence_has_no_figures),
		cmocka_unit_test(bands_are_mean_squares),
		cmocka_unit_test(the_tilt_of_noises),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
