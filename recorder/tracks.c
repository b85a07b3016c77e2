#include "recorder/tracks.h"

#include "audio/md5.h"
#include "common/memory.h"
#include "recorder/loudness.h"

#include <math.h>
#include <stdlib.h>

/* Frames that all that looks at samples shares while they are in the cache; and frames of each track that are
 * encoded at a time, for an encoder has a hundred KiB of its own to fetch each time. */
enum { STEP = 1024, CHUNK = 12 * FLAC_BLOCK };

/* Tracks whose MD5s are made at once. */
enum { GROUP = MD5_LANES };

struct tracks {
	const struct track_plan *plans;
	size_t count;
	struct track **tracks;
	struct track_room room;
	struct spans spans; /* of what was added */
	struct loudness *loudness;
	const float **planes; /* every track's channels, one after the other */
	size_t plane_count;
	int32_t *samples; /* CHUNK of each plane */
};

struct tracks *tracks_open(const struct track_plan *plans, size_t count, const struct track_room *room)
{
	struct tracks *made = memory_new(sizeof(*made));
	uint32_t *channels = memory_array(count, sizeof(*channels));
	made->plans = plans;
	made->count = count;
	made->room = *room;
	made->room.spans = &made->spans;
	made->tracks = memory_array(count, sizeof(struct track *));
	for (size_t i = 0; i < count; i++) {
		made->tracks[i] = track_open(&plans[i], &made->room);
		channels[i] = plans[i].channels;
		made->plane_count += channels[i];
	}
	made->planes = memory_array(made->plane_count, sizeof(*made->planes));
	made->samples = memory_array(made->plane_count * CHUNK, sizeof(*made->samples));
	made->loudness = loudness_create(channels, count, count > 0 ? plans[0].rate : 0);
	free(channels);
	return made;
}

/* What the planes point at, to the integers from `at` on. */
static void take_in(struct tracks *tracks, size_t at, size_t frames)
{
	const float **planes = tracks->planes;
	int32_t *samples = tracks->samples + at;
	loudness_add(tracks->loudness, planes, frames);
	for (size_t i = 0; i < tracks->count; i++) {
		int32_t *to[TRACK_CHANNELS];
		for (uint32_t c = 0; c < tracks->plans[i].channels; c++, samples += CHUNK)
			to[c] = samples;
		track_quantise(tracks->tracks[i], planes, to, frames);
		planes += tracks->plans[i].channels;
	}
}

/* Up to GROUP tracks from `first` on, whose integers begin at `samples`. Returns where the next group's do.
 */
static const int32_t *encode_group(
	struct tracks *tracks, size_t first, size_t count, const int32_t *samples, size_t frames)
{
	const int32_t *from[GROUP][TRACK_CHANNELS];
	struct flac_share shares[GROUP];
	struct track *sharing[GROUP];
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		struct track *track = tracks->tracks[first + i];
		for (uint32_t c = 0; c < tracks->plans[first + i].channels; c++, samples += CHUNK)
			from[i][c] = samples;
		if (!track_writer(track))
			continue;
		sharing[n] = track;
		shares[n++] = (struct flac_share){.writer = track_writer(track), .channels = from[i]};
	}
	flac_write_shares(shares, n, frames);
	for (size_t i = 0; i < n; i++)
		if (shares[i].result < 0)
			track_fail(sharing[i], -shares[i].result, &shares[i].error);
	return samples;
}

/* The first `frames` of the integers. */
static void encode(struct tracks *tracks, size_t frames)
{
	const int32_t *samples = tracks->samples;
	for (size_t first = 0; first < tracks->count; first += GROUP) {
		size_t count = tracks->count - first < GROUP ? tracks->count - first : GROUP;
		samples = encode_group(tracks, first, count, samples, frames);
	}
}

static void point_at_tape(struct tracks *tracks, uint64_t position, uint64_t *run)
{
	const float **plane = tracks->planes;
	for (size_t i = 0; i < tracks->count; i++)
		for (uint32_t c = 0; c < tracks->plans[i].channels; c++)
			*plane++ = tape_samples(
				tracks->room.tape, tracks->plans[i].channel[c], position, *run, run);
}

void tracks_add(struct tracks *tracks, uint64_t position, uint64_t frames)
{
	spans_add(&tracks->spans, frames, position);
	for (uint64_t run; frames > 0; frames -= run) {
		run = frames < CHUNK ? frames : CHUNK;
		for (uint64_t at = 0, step; at < run; at += step) {
			step = run - at < STEP ? run - at : STEP;
			point_at_tape(tracks, position, &step);
			take_in(tracks, at, step);
			position += step;
		}
		encode(tracks, run);
	}
}

void tracks_add_silence(struct tracks *tracks, uint64_t frames)
{
	static const float zeros[STEP];
	spans_add_silence(&tracks->spans, frames);
	for (size_t i = 0; i < tracks->plane_count; i++)
		tracks->planes[i] = zeros;
	for (uint64_t run; frames > 0; frames -= run) {
		run = frames < CHUNK ? frames : CHUNK;
		for (uint64_t at = 0, step; at < run; at += step) {
			step = run - at < STEP ? run - at : STEP;
			take_in(tracks, at, step);
		}
		encode(tracks, run);
	}
}

void tracks_look(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++)
		track_look(tracks->tracks[i]);
}

uint64_t tracks_unsafe(const struct tracks *tracks)
{
	uint64_t end = spans_end(&tracks->spans), safe = end;
	for (size_t i = 0; i < tracks->count; i++) {
		uint64_t own = track_safe(tracks->tracks[i]);
		safe = own < safe ? own : safe;
	}
	return spans_played(&tracks->spans, safe);
}

void tracks_forget(struct tracks *tracks, uint64_t position)
{
	spans_forget(&tracks->spans, position);
}

void tracks_flush(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++)
		track_flush(tracks->tracks[i]);
}

void tracks_close(struct tracks *tracks, struct track_result *results)
{
	for (size_t i = 0; i < tracks->count; i++) {
		track_close(tracks->tracks[i], &results[i]);
		results[i].windows = loudness_take_windows(tracks->loudness, i, &results[i].energy);
		results[i].lufs = loudness_integrated_lufs(results[i].energy, results[i].windows);
	}
	loudness_destroy(tracks->loudness);
	spans_finish(&tracks->spans);
	free(tracks->samples);
	free(tracks->planes);
	free(tracks->tracks);
	free(tracks);
}
