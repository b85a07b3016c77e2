#include "recorder/tracks.h"

#include "audio/md5.h"
#include "common/memory.h"
#include "recorder/loudness.h"

#include <math.h>
#include <stdlib.h>

/* Tracks at a time, and frames of each: as many as MD5s are made at once, and what of their samples stays in
 * the cache until each of them is encoded. An encoder has a hundred KiB of its own to fetch each time. */
enum { GROUP = MD5_LANES, CHUNK = 2 * FLAC_BLOCK };

struct tracks {
	const struct track_plan *plans;
	size_t count;
	struct track **tracks;
	struct track_room room;
	struct spans spans; /* of what was added */
	struct loudness *loudness;
	const float **planes; /* every track's channels, one after the other */
	size_t plane_count;
	int32_t samples[GROUP][TRACK_CHANNELS][CHUNK];
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
	made->loudness = loudness_create(channels, count, count > 0 ? plans[0].rate : 0);
	free(channels);
	return made;
}

/* Up to GROUP tracks from `first` on, whose channels begin at `planes`. */
static void encode_group(
	struct tracks *tracks, size_t first, size_t count, const float **planes, size_t frames)
{
	int32_t *to[GROUP][TRACK_CHANNELS];
	const int32_t *from[GROUP][TRACK_CHANNELS];
	struct flac_share shares[GROUP];
	struct track *sharing[GROUP];
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		struct track *track = tracks->tracks[first + i];
		for (size_t c = 0; c < TRACK_CHANNELS; c++)
			from[i][c] = to[i][c] = tracks->samples[i][c];
		track_quantise(track, planes, to[i], frames);
		planes += tracks->plans[first + i].channels;
		if (!track_writer(track))
			continue;
		sharing[n] = track;
		shares[n++] = (struct flac_share){.writer = track_writer(track), .channels = from[i]};
	}
	flac_write_shares(shares, n, frames);
	for (size_t i = 0; i < n; i++)
		if (shares[i].result < 0)
			track_fail(sharing[i], -shares[i].result, &shares[i].error);
}

/* What the planes point at. */
static void encode(struct tracks *tracks, size_t frames)
{
	const float **planes = tracks->planes;
	loudness_add(tracks->loudness, planes, frames);
	for (size_t first = 0; first < tracks->count; first += GROUP) {
		size_t count = tracks->count - first < GROUP ? tracks->count - first : GROUP;
		encode_group(tracks, first, count, planes, frames);
		for (size_t i = 0; i < count; i++)
			planes += tracks->plans[first + i].channels;
	}
}

void tracks_add(struct tracks *tracks, uint64_t position, uint64_t frames)
{
	spans_add(&tracks->spans, frames, position);
	while (frames > 0) {
		uint64_t run = frames < CHUNK ? frames : CHUNK;
		const float **plane = tracks->planes;
		for (size_t i = 0; i < tracks->count; i++)
			for (uint32_t c = 0; c < tracks->plans[i].channels; c++)
				*plane++ = tape_samples(
					tracks->room.tape, tracks->plans[i].channel[c], position, run, &run);
		encode(tracks, run);
		position += run;
		frames -= run;
	}
}

void tracks_add_silence(struct tracks *tracks, uint64_t frames)
{
	static const float zeros[CHUNK];
	spans_add_silence(&tracks->spans, frames);
	for (size_t i = 0; i < tracks->plane_count; i++)
		tracks->planes[i] = zeros;
	while (frames > 0) {
		size_t run = frames < CHUNK ? frames : CHUNK;
		encode(tracks, run);
		frames -= run;
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
	return end - safe;
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
	free(tracks->planes);
	free(tracks->tracks);
	free(tracks);
}
