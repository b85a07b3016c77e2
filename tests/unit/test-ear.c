/* One track's ear: when things begin, which pitches sound, and what it does with nothing and with nonsense.
 */
#include "listening/ear.h"
#include "listening/thin.h"
#include "tests/unit/harness.h"
#include "tests/unit/sounds.h"

#include <errno.h>

static struct heard hear(const double *samples, size_t count, uint32_t rate)
{
	struct ear *ear;
	struct error e;
	struct heard heard;
	assert_int_equal(ear_create(&ear, rate, 1, &e), 0);
	/* In pieces of any size. */
	for (size_t done = 0, n = 1; done < count; done += n, n = n * 3 % 5000 + 1) {
		n = count - done < n ? count - done : n;
		ear_add(ear, samples + done, n);
	}
	ear_end(ear, &heard);
	ear_destroy(ear);
	return heard;
}

static void onsets_are_where_they_are(void **state)
{
	static const double moments[] = {0.5, 1.0, 1.31, 2.2, 3.7};
	const size_t frames = 4 * SOUNDS_RATE;
	double *samples = memory_array(frames, sizeof(*samples));
	uint32_t seed = 1;
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(moments); i++)
		sounds_drum(samples, frames, moments[i], 0.3, 0.3, &seed);
	struct heard heard = hear(samples, frames, SOUNDS_RATE);
	for (size_t i = 0; i < TABLE_SIZE(moments); i++) {
		size_t first = (size_t)((moments[i] - 0.1) * heard.rate), top = first;
		for (size_t n = first; n < first + (size_t)(0.2 * heard.rate); n++)
			top = heard.onset[n] > heard.onset[top] ? n : top;
		assert_true(fabs((double)top / heard.rate - moments[i]) < 0.03);
		assert_true(heard.onset[top] > 5);
	}
	assert_true(fabs((double)heard.frames / heard.rate - 4) < 0.05);
	heard_finish(&heard);
	free(samples);
}

static void pitches_are_what_they_are(void **state)
{
	static const struct {
		int note;
		uint32_t rate;
	} rows[] = {{28, 48000}, {45, 44100}, {60, 96000}, {69, 8000}, {81, 32000}};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		const size_t frames = 2 * rows[i].rate;
		double *samples = memory_array(frames, sizeof(*samples));
		for (size_t n = 0; n < frames; n++)
			samples[n] = 0.1 * sin(2 * M_PI * 440 * exp2((rows[i].note - 69) / 12.0) * (double)n /
						   rows[i].rate);
		struct heard heard = hear(samples, frames, rows[i].rate);
		const uint8_t *row = heard.spectrum + heard.spectra / 2 * HEARD_BINS;
		size_t top = 0;
		for (size_t bin = 0; bin < HEARD_BINS; bin++)
			top = row[bin] > row[top] ? bin : top;
		assert_int_equal(top, (rows[i].note - HEARD_LOWEST) * HEARD_FINE + 1);
		assert_true(fabs(20 * log10(heard_amplitude(row[top]) / 0.1)) < 1.5);
		heard_finish(&heard);
		free(samples);
	}
}

static void silence_is_nothing(void **state)
{
	static const size_t lengths[] = {0, 1, 4095, SOUNDS_RATE};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(lengths); i++) {
		double *samples = memory_array(lengths[i] + 1, sizeof(*samples));
		struct heard heard = hear(samples, lengths[i], SOUNDS_RATE);
		for (size_t n = 0; n < heard.frames; n++)
			assert_true(heard.onset[n] < 1e-6F && heard.power[n] == 0);
		for (size_t n = 0; n < heard.spectra * HEARD_BINS; n++)
			assert_int_equal(heard.spectrum[n], 0);
		heard_finish(&heard);
		free(samples);
	}
}

static void thinned_without_aliases(void **state)
{
	static const struct {
		double hz, least_db, most_db;
	} rows[] = {{100, -0.1, 0.1}, {4000, -0.5, 0.5}, {8000, -200, -60}, {11900, -200, -60},
		{20000, -200, -60}};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		struct thin *thin = thin_create(48000);
		double in[THIN_CHUNK], out[THIN_CHUNK], power = 0;
		size_t made = 0;
		assert_true(thin_rate(thin) == 12000);
		for (size_t block = 0; block < 40; block++) {
			for (size_t n = 0; n < THIN_CHUNK; n++)
				in[n] = sin(2 * M_PI * rows[i].hz * (double)(block * THIN_CHUNK + n) / 48000);
			size_t count = thin_add(thin, in, THIN_CHUNK, out);
			for (size_t n = 0; n < count && block >= 4; n++, made++)
				power += 2 * out[n] * out[n];
		}
		double db = 10 * log10(power / (double)made + 1e-20);
		assert_true(db >= rows[i].least_db && db <= rows[i].most_db);
		thin_destroy(thin);
	}
}

static void bad_rates(void **state)
{
	static const uint32_t rates[] = {0, 1, 7999, 384001, UINT32_MAX};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rates); i++) {
		struct ear *ear = NULL;
		struct error e = {""};
		assert_int_equal(ear_create(&ear, rates[i], 1, &e), -EINVAL);
		assert_non_null(strstr(e.text, "8 to 384 kHz"));
		assert_null(thin_create(rates[i]));
	}
	ear_destroy(NULL);
	thin_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(onsets_are_where_they_are),
		cmocka_unit_test(pitches_are_what_they_are),
		cmocka_unit_test(silence_is_nothing),
		cmocka_unit_test(thinned_without_aliases),
		cmocka_unit_test(bad_rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
