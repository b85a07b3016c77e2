/* Finding songs: plays of known lengths over a known floor, and what is no song. */
#include "recorder/songs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct songs_config defaults = {.above_db = 10, .enter_s = 2, .leave_s = 4, .least_s = 45};

struct stretch {
	double seconds, lufs;
	double beat_s; /* 0: steady; else one window of sound each, the floor between */
};

enum { STRETCHES = 8, SONGS = 4, WINDOWS_PER_S = 20 };

struct example {
	const char *name;
	struct stretch stretches[STRETCHES];
	size_t songs;
	double bounds_s[SONGS][2];
};

#define FLOOR_LUFS (-58.0)

static const struct example examples[] = {
	{"silence", {{600, -INFINITY, 0}}, 0, {{0}}},
	{"room noise alone", {{600, FLOOR_LUFS, 0}}, 0, {{0}}},
	{"one song", {{60, FLOOR_LUFS, 0}, {180, -20, 0}, {60, FLOOR_LUFS, 0}}, 1, {{60, 240}}},
	{"three songs",
		{{30, FLOOR_LUFS, 0}, {90, -20, 0}, {20, FLOOR_LUFS, 0}, {60, -30, 0}, {10, FLOOR_LUFS, 0},
			{200, -15, 0}, {30, FLOOR_LUFS, 0}},
		3, {{30, 120}, {140, 200}, {210, 410}}},
	{"beats with gaps are one song", {{60, FLOOR_LUFS, 0}, {120, -25, 0.8}, {60, FLOOR_LUFS, 0}}, 1,
		{{60, 180}}},
	{"a pause of 3 s is in the song",
		{{60, FLOOR_LUFS, 0}, {40, -20, 0}, {3, FLOOR_LUFS, 0}, {40, -20, 0}, {60, FLOOR_LUFS, 0}}, 1,
		{{60, 143}}},
	{"a pause of 8 s is not, and half songs are none",
		{{60, FLOOR_LUFS, 0}, {40, -20, 0}, {8, FLOOR_LUFS, 0}, {40, -20, 0}, {60, FLOOR_LUFS, 0}}, 0,
		{{0}}},
	{"talking for 30 s is none", {{60, FLOOR_LUFS, 0}, {30, -35, 0}, {60, FLOOR_LUFS, 0}}, 0, {{0}}},
	{"a slammed door is none", {{60, FLOOR_LUFS, 0}, {0.3, -10, 0}, {60, FLOOR_LUFS, 0}}, 0, {{0}}},
	{"8 dB over the floor is none", {{60, FLOOR_LUFS, 0}, {120, FLOOR_LUFS + 8, 0}, {60, FLOOR_LUFS, 0}},
		0, {{0}}},
	{"12 dB over the floor is one", {{60, FLOOR_LUFS, 0}, {120, FLOOR_LUFS + 12, 0}, {60, FLOOR_LUFS, 0}},
		1, {{60, 180}}},
	{"a song that the take cuts off", {{60, FLOOR_LUFS, 0}, {100, -20, 0}}, 1, {{60, 160}}},
	{"digital silence says nothing of the room",
		{{300, -INFINITY, 0}, {30, FLOOR_LUFS, 0}, {100, -20, 0}, {30, FLOOR_LUFS, 0}}, 1,
		{{330, 430}}},
};

static float energy_of(double lufs)
{
	return (float)pow(10, (lufs + 0.691) / 10);
}

static size_t make(const struct example *example, float **energy)
{
	double seconds = 0;
	for (size_t i = 0; i < STRETCHES; i++)
		seconds += example->stretches[i].seconds;
	size_t room = (size_t)(seconds * WINDOWS_PER_S) + STRETCHES, count = 0;
	*energy = calloc(room, sizeof(float));
	for (size_t i = 0; i < STRETCHES; i++) {
		const struct stretch *stretch = &example->stretches[i];
		size_t windows = (size_t)lround(stretch->seconds * WINDOWS_PER_S);
		size_t beat = (size_t)lround(stretch->beat_s * WINDOWS_PER_S);
		for (size_t w = 0; w < windows; w++)
			(*energy)[count++] =
				energy_of(beat == 0 || w % beat == 0 ? stretch->lufs : FLOOR_LUFS);
	}
	return count;
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		float *energy;
		struct song_span *songs;
		size_t windows = make(&examples[i], &energy);
		size_t count = songs_find(energy, windows, &defaults, &songs);
		if (count != examples[i].songs)
			fail_msg("%s: %zu songs, not %zu", examples[i].name, count, examples[i].songs);
		for (size_t s = 0; s < count; s++) {
			double first = (double)songs[s].first / WINDOWS_PER_S,
			       end = (double)songs[s].end / WINDOWS_PER_S;
			if (fabs(first - examples[i].bounds_s[s][0]) > 1.1 ||
				fabs(end - examples[i].bounds_s[s][1]) > 1.1)
				fail_msg("%s: song %zu is %.2f to %.2f s", examples[i].name, s, first, end);
		}
		free(songs);
		free(energy);
	}
}

static void test_nothing(void **state)
{
	(void)state;
	struct song_span *songs;
	assert_int_equal(songs_find(NULL, 0, &defaults, &songs), 0);
	assert_null(songs);
}

static void test_configured(void **state)
{
	(void)state;
	const struct example talk = {
		"talk", {{60, FLOOR_LUFS, 0}, {30, -35, 0}, {60, FLOOR_LUFS, 0}}, 0, {{0}}};
	struct songs_config config = defaults;
	struct song_span *songs;
	float *energy;
	size_t windows = make(&talk, &energy);
	config.least_s = 20;
	assert_int_equal(songs_find(energy, windows, &config, &songs), 1);
	free(songs);
	free(energy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_configured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
