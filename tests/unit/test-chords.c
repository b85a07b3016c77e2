/* Chords of a harmony that is known, with bars that are right and bars that are not. */
#include "listening/chords.h"
#include "tests/unit/harness.h"

enum { BARS = 24, METER = 4, SPECTRA_A_BEAT = 6, SPECTRA = BARS * METER * SPECTRA_A_BEAT };

static const double beat_s = 0.5;

/* I V vi IV, a bar each. */
static const struct {
	int root;
	bool minor;
} progression[4] = {{0, false}, {7, false}, {9, true}, {5, false}};

/* From bar `silent` on nothing sounds. */
static struct harmony play(size_t silent)
{
	struct harmony harmony = {.rate = SPECTRA_A_BEAT / beat_s, .spectra = SPECTRA};
	harmony.classes = memory_array(SPECTRA * CLASSES, sizeof(float));
	harmony.lowest = memory_array(SPECTRA * CLASSES, sizeof(float));
	for (size_t s = 0; s < silent * METER * SPECTRA_A_BEAT; s++) {
		const size_t bar = s / SPECTRA_A_BEAT / METER;
		const int root = progression[bar % 4].root, third = progression[bar % 4].minor ? 3 : 4;
		float *row = harmony.classes + s * CLASSES;
		row[root] = row[(root + third) % CLASSES] = row[(root + 7) % CLASSES] = 0.5F;
		/* A tone that passes. */
		row[(root + 2 + (int)(s % 3)) % CLASSES] += 0.2F;
		harmony.lowest[s * CLASSES + (size_t)root] = 0.5F;
	}
	return harmony;
}

/* Beats `period` of the true ones apart, the first one at the place `place` of its bar. */
static struct bars lay(double period, size_t place)
{
	struct bars bars = {.meter = METER};
	const size_t count = (size_t)(BARS * METER / period);
	bars.beats.frame = memory_array(count, sizeof(*bars.beats.frame));
	bars.place = memory_array(count, 1);
	bars.beats.count = count;
	for (size_t i = 0; i < count; i++) {
		bars.beats.frame[i] = (double)i * period * SPECTRA_A_BEAT * HEARD_SLOW;
		bars.place[i] = (uint8_t)((i + place) % METER);
	}
	return bars;
}

/* The part of the time in which the chord is right. */
static double right(const struct chords *chords)
{
	double met = 0;
	for (size_t i = 0; i < chords->span_count; i++) {
		const struct chord_span *span = &chords->spans[i];
		for (double at = span->from_s + 0.01; at < span->to_s; at += 0.02) {
			const size_t bar = (size_t)(at / beat_s / METER) % 4;
			met += 0.02 *
			       (span->root == progression[bar].root && span->minor == progression[bar].minor);
		}
	}
	return met / (BARS * METER * beat_s);
}

static void chords_change_where_they_do(void **state)
{
	static const struct {
		double period;
		size_t place;
		double least;
	} rows[] = {{1, 0, 0.99}, {1, 1, 0.98}, {1, 2, 0.98}, {1, 3, 0.98}, {2, 0, 0.98}, {2, 1, 0.98},
		{0.5, 0, 0.98}, {0.5, 3, 0.98}, {1.5, 0, 0.75}};
	struct harmony harmony = play(BARS);
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		struct bars bars = lay(rows[i].period, rows[i].place);
		struct chords chords;
		chords_find(&chords, &harmony, &bars);
		assert_true(right(&chords) >= rows[i].least);
		for (size_t k = 0; k < chords.span_count; k++)
			assert_true(chords.spans[k].confidence > 0.5 && chords.spans[k].confidence <= 1);
		chords_finish(&chords);
		bars_finish(&bars);
	}
	harmony_finish(&harmony);
}

static void bars_and_their_parts_have_no_holes(void **state)
{
	struct harmony harmony = play(BARS);
	struct bars bars = lay(1, 2);
	struct chords chords;
	(void)state;
	chords_find(&chords, &harmony, &bars);
	/* Half a bar before the first bar line, and half of one at the end. */
	assert_int_equal(chords.count, BARS + 1);
	assert_true(chords.span_count > chords.count);
	for (size_t i = 1; i < chords.count; i++)
		assert_true(chords.bars[i].from_s == chords.bars[i - 1].to_s);
	for (size_t i = 1; i < chords.span_count; i++)
		assert_true(chords.spans[i].from_s == chords.spans[i - 1].to_s);
	assert_true(chords.spans[0].from_s == chords.bars[0].from_s);
	assert_true(chords.spans[chords.span_count - 1].to_s == chords.bars[chords.count - 1].to_s);
	chords_finish(&chords);
	bars_finish(&bars);
	harmony_finish(&harmony);
}

static void silence_has_none(void **state)
{
	struct harmony harmony = play(BARS - 2);
	struct bars bars = lay(1, 0), nothing = {0};
	struct chords chords;
	(void)state;
	chords_find(&chords, &harmony, &bars);
	assert_int_equal(chords.bars[BARS - 3].root, progression[(BARS - 3) % 4].root);
	assert_int_equal(chords.bars[BARS - 1].root, -1);
	assert_true(chords.bars[BARS - 1].confidence > 0.5);
	chords_finish(&chords);
	chords_find(&chords, &harmony, &nothing);
	assert_int_equal(chords.count, 0);
	chords_finish(&chords);
	bars_finish(&bars);
	harmony_finish(&harmony);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chords_change_where_they_do),
		cmocka_unit_test(bars_and_their_parts_have_no_holes),
		cmocka_unit_test(silence_has_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
