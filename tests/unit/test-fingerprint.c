/* Fingerprints: the same song faster and higher is the same, another one is not, and rubbish is refused. */
#include "listening/fingerprint.h"
#include "tests/unit/harness.h"
#include "tests/unit/sounds.h"

#include <errno.h>

enum { STEPS = 240 };

/* A song by chance: triads that last one to four steps. */
static struct fingerprint compose(uint32_t seed)
{
	struct fingerprint print = {STEPS, memory_array(STEPS * CLASSES, 1)};
	for (size_t s = 0, left = 0, root = 0, third = 4; s < STEPS; s++, left--) {
		if (left == 0) {
			left = 1 + (size_t)(2 * (sounds_noise(&seed) + 1)) % 4;
			root = (size_t)(6 * (sounds_noise(&seed) + 1)) % CLASSES;
			third = sounds_noise(&seed) > 0 ? 4 : 3;
		}
		uint8_t *row = print.classes + s * CLASSES;
		row[root] = 15;
		row[(root + third) % CLASSES] = 11;
		row[(root + 7) % CLASSES] = 12;
		for (size_t c = 0; c < CLASSES; c++)
			row[c] = (uint8_t)fmin(15, row[c] + 2 * (sounds_noise(&seed) + 1));
	}
	return print;
}

static struct fingerprint played_again(const struct fingerprint *song, double faster, int up)
{
	const size_t steps = (size_t)((double)song->steps / faster);
	struct fingerprint print = {steps, memory_array(steps * CLASSES, 1)};
	for (size_t s = 0; s < steps; s++)
		for (size_t c = 0; c < CLASSES; c++)
			print.classes[s * CLASSES + (c + (size_t)(up + CLASSES)) % CLASSES] =
				song->classes[(size_t)((double)s * faster) * CLASSES + c];
	return print;
}

static void a_song_is_known_again(void **state)
{
	static const struct {
		double faster;
		int up;
	} rows[] = {{1, 0}, {1, 1}, {1.06, -1}, {0.94, 5}, {1.1, -5}, {0.9, 2}};
	struct fingerprint song = compose(1);
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		struct fingerprint again = played_again(&song, rows[i].faster, rows[i].up);
		struct fingerprint_match match = fingerprint_compare(&again, &song);
		assert_true(fingerprint_confidence(match.likeness) > 0.5);
		assert_int_equal(match.semitones, rows[i].up);
		fingerprint_finish(&again);
	}
	fingerprint_finish(&song);
}

static void strangers_are_strange(void **state)
{
	struct fingerprint song = compose(1), nothing = {0};
	(void)state;
	for (uint32_t seed = 2; seed < 8; seed++) {
		struct fingerprint other = compose(seed);
		assert_true(fingerprint_confidence(fingerprint_compare(&other, &song).likeness) < 0.5);
		fingerprint_finish(&other);
	}
	assert_true(fingerprint_compare(&nothing, &song).likeness == 0);
	assert_true(fingerprint_compare(&song, &nothing).likeness == 0);
	fingerprint_finish(&song);
}

static void as_text_and_back(void **state)
{
	struct fingerprint song = compose(9), back;
	char *text = fingerprint_text(&song);
	(void)state;
	assert_int_equal(strlen(text), STEPS * CLASSES);
	assert_int_equal(fingerprint_parse(&back, text), 0);
	assert_int_equal(back.steps, STEPS);
	assert_memory_equal(back.classes, song.classes, STEPS * CLASSES);
	fingerprint_finish(&back);
	fingerprint_finish(&song);
	free(text);
	assert_int_equal(fingerprint_parse(&back, ""), 0);
	assert_int_equal(back.steps, 0);
	fingerprint_finish(&back);
}

static void bad_texts(void **state)
{
	static const char *const texts[] = {"0", "0123456789a", "0123456789abc", "0123456789aG",
		"0123456789aB", "            ", "-123456789ab"};
	struct fingerprint print;
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(texts); i++) {
		assert_int_equal(fingerprint_parse(&print, texts[i]), -EINVAL);
		assert_null(print.classes);
	}
	const size_t length = (FINGERPRINT_MOST + 1) * (size_t)CLASSES;
	char *endless = memory_array(length + 1, 1);
	memset(endless, '0', length);
	assert_int_equal(fingerprint_parse(&print, endless), -EINVAL);
	free(endless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_song_is_known_again),
		cmocka_unit_test(strangers_are_strange),
		cmocka_unit_test(as_text_and_back),
		cmocka_unit_test(bad_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
