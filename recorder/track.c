#include "recorder/track.h"

#include "common/clock.h"
#include "common/memory.h"
#include "recorder/loudness.h"
#include "recorder/track-file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096 };

struct track {
	struct track_plan plan;
	struct track_room room; /* with itself as the listener */
	const struct track_room *listener;
	struct track_file file;
	uint64_t frames; /* of the take so far */
	struct loudness *loudness;
	struct track_result result;
	float peak; /* magnitude */
	float full_scale;
	int32_t samples[TRACK_CHANNELS][CHUNK];
};

/* Lost frames are what the take is wrong about. */
static void note_trouble(void *data, const struct track_trouble *trouble)
{
	struct track *track = data;
	if (trouble->kind == TRACK_LOST && !track->result.error[0])
		memcpy(track->result.error, track->file.why, sizeof(track->result.error));
	track->listener->on_trouble(track->listener->data, trouble);
}

struct track *track_open(const struct track_plan *plan, const struct track_room *room)
{
	struct track *track = memory_new(sizeof(*track));
	track->plan = *plan;
	track->plan.name = memory_text(plan->name);
	track->plan.path = memory_text(plan->path);
	track->room = *room;
	track->file = (struct track_file){.plan = &track->plan, .room = &track->room};
	track->room.on_trouble = note_trouble;
	track->room.data = track;
	track->listener = room;
	track->full_scale = (float)(1 << (plan->bits - 1));
	track->loudness = loudness_create(plan->channels, plan->rate);
	track_file_begin(&track->file, INT64_MAX);
	return track;
}

/* A float that an integer of `bits` became comes back as exactly that integer. */
static void convert(struct track *track, const float *in, int32_t *out, size_t frames)
{
	float most = track->full_scale - 1;
	for (size_t i = 0; i < frames; i++) {
		float x = in[i] * track->full_scale;
		float magnitude = fabsf(x);
		if (magnitude > track->peak)
			track->peak = magnitude;
		if (magnitude >= most)
			track->result.clipped++;
		if (!(x >= -track->full_scale))
			x = isnan(x) ? 0 : -track->full_scale;
		if (x > most)
			x = most;
		out[i] = (int32_t)lrintf(x);
	}
}

static void write_chunk(struct track *track, size_t frames)
{
	const int32_t *channels[TRACK_CHANNELS] = {track->samples[0], track->samples[1]};
	struct error e;
	int result = track->file.writer ? flac_writer_write(track->file.writer, channels, frames, &e) : 0;
	if (result < 0)
		track_file_fail(&track->file, -result, &e);
}

/* Writes `frames` from tape position `position`; `heard`: they were measured before. */
static void write_tape(struct track *track, uint64_t position, uint64_t frames, bool heard)
{
	while (frames > 0) {
		uint64_t run = frames < CHUNK ? frames : CHUNK;
		const float *in[TRACK_CHANNELS] = {NULL, NULL};
		for (uint32_t c = 0; c < track->plan.channels; c++) {
			in[c] = tape_samples(track->room.tape, track->plan.channel[c], position, run, &run);
			convert(track, in[c], track->samples[c], run);
		}
		if (!heard)
			loudness_add(track->loudness, in, run);
		write_chunk(track, run);
		position += run;
		frames -= run;
	}
}

static void write_silence(struct track *track, uint64_t frames, bool heard)
{
	static const float zeros[CHUNK];
	const float *in[TRACK_CHANNELS] = {zeros, zeros};
	memset(track->samples, 0, sizeof(track->samples));
	while (frames > 0) {
		size_t run = frames < CHUNK ? frames : CHUNK;
		if (!heard)
			loudness_add(track->loudness, in, run);
		write_chunk(track, run);
		frames -= run;
	}
}

void track_add(struct track *track, uint64_t position, uint64_t frames)
{
	write_tape(track, position, frames, false);
	track->frames += frames;
}

void track_add_silence(struct track *track, uint64_t frames)
{
	write_silence(track, frames, false);
	track->frames += frames;
}

/* Brings a new file up to date from the tape. */
static void write_again(struct track *track)
{
	float peak = track->peak;
	uint64_t clipped = track->result.clipped;
	for (uint64_t frame = track->file.start; track->file.writer && frame < track->frames;) {
		struct span span = spans_at(track->room.spans, frame);
		uint64_t rest = track->frames - frame;
		uint64_t frames = span.frames < rest ? span.frames : rest;
		if (span.silence)
			write_silence(track, frames, true);
		else
			write_tape(track, span.position, frames, true);
		frame += frames;
	}
	track->peak = peak;
	track->result.clipped = clipped;
}

void track_look(struct track *track)
{
	track_file_check(&track->file);
	if (track_file_begin(&track->file, clock_monotonic_ns()))
		write_again(track);
}

/* A file that fails at its end is followed by another, as one in the middle would be, without waiting. */
static void close_file(struct track *track)
{
	bool closed = false;
	while (!closed && !track->file.given_up) {
		if (track_file_begin(&track->file, INT64_MAX))
			write_again(track);
		closed = track->file.writer && track_file_close(&track->file);
	}
	track_file_tell_loss(&track->file, track->frames);
}

void track_close(struct track *track, struct track_result *result)
{
	close_file(track);
	track->result.frames = track->frames;
	track->result.peak_dbfs = 20 * log10((double)(track->peak / track->full_scale));
	track->result.lufs = loudness_integrated_lufs(track->loudness);
	track->result.windows = loudness_take_windows(track->loudness, &track->result.energy);
	*result = track->result;
	loudness_destroy(track->loudness);
	free(track->plan.name);
	free(track->plan.path);
	free(track);
}
