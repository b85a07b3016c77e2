#include "recorder/songs.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below this nothing is music, however quiet the room (BS.1770's absolute gate). */
#define LEAST_LUFS (-70.0)

/* The floor is what this share of the windows stays below: rests, breaths, the time between songs. */
#define FLOOR_SHARE 0.05

#define HOLD_S 1.0 /* a beat carries on for so long on either side */

static double lufs_of(double energy)
{
	return 10 * log10(energy) - 0.691;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

double songs_floor_lufs(const float *energy, size_t windows)
{
	float *sorted = memory_array(windows, sizeof(*sorted));
	size_t count = 0;
	/* Exact silence (a pulled plug, a muted desk) says nothing about the room. */
	for (size_t i = 0; i < windows; i++)
		if (energy[i] > 0)
			sorted[count++] = energy[i];
	qsort(sorted, count, sizeof(*sorted), by_value);
	double floor =
		count > 0 ? lufs_of((double)sorted[(size_t)((double)count * FLOOR_SHARE)]) : LEAST_LUFS;
	free(sorted);
	return floor;
}

static size_t windows_in(double seconds)
{
	return (size_t)llround(seconds / SONGS_WINDOW_S);
}

/* Marks every window within HOLD_S of a loud one. */
static bool *played_windows(const float *energy, size_t windows, double threshold_lufs)
{
	bool *played = memory_array(windows, sizeof(*played));
	size_t hold = windows_in(HOLD_S) / 2;
	size_t marked = 0;
	for (size_t i = 0; i < windows; i++) {
		if (!(energy[i] > 0) || lufs_of((double)energy[i]) <= threshold_lufs)
			continue;
		size_t first = i > hold ? i - hold : 0;
		size_t end = i + hold + 1 < windows ? i + hold + 1 : windows;
		for (size_t k = first > marked ? first : marked; k < end; k++)
			played[k] = true;
		marked = end;
	}
	return played;
}

struct finder {
	const struct songs_config *config;
	struct song_span *songs;
	size_t count;
	struct song_span now;
	bool inside;
};

static void leave(struct finder *finder, size_t end)
{
	finder->now.end = end;
	finder->inside = false;
	if (end - finder->now.first < windows_in(finder->config->least_s))
		return;
	finder->songs = memory_grow(finder->songs, finder->count + 1, sizeof(*finder->songs));
	finder->songs[finder->count++] = finder->now;
}

size_t songs_find(
	const float *energy, size_t windows, const struct songs_config *config, struct song_span **songs)
{
	double threshold = fmax(songs_floor_lufs(energy, windows) + config->above_db, LEAST_LUFS);
	bool *played = played_windows(energy, windows, threshold);
	size_t enter = windows_in(config->enter_s), rest = windows_in(config->leave_s);
	size_t run = 0, quiet = 0;
	struct finder finder = {.config = config};
	for (size_t i = 0; i < windows; i++) {
		run = played[i] ? run + 1 : 0;
		quiet = played[i] ? 0 : quiet + 1;
		if (!finder.inside && run >= enter && run > 0) {
			finder.inside = true;
			finder.now.first = i + 1 - run;
		} else if (finder.inside && quiet >= rest && quiet > 0) {
			leave(&finder, i + 1 - quiet);
		}
	}
	if (finder.inside)
		leave(&finder, windows - quiet);
	free(played);
	*songs = finder.songs;
	return finder.count;
}
