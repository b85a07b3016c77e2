#include "recorder/track.h"

#include "common/clock.h"
#include "common/memory.h"
#include "recorder/quantise.h"
#include "recorder/track-file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = FLAC_BLOCK };

struct track {
	struct track_plan plan;
	struct track_room room; /* with itself as the listener */
	const struct track_room *listener;
	struct track_file file;
	struct track_result result;
	struct heard heard;
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
	track->room.on_trouble = note_trouble;
	track->room.data = track;
	track->listener = room;
	track->file = (struct track_file){.plan = &track->plan, .room = &track->room};
	track_file_begin(&track->file, INT64_MAX);
	return track;
}

void track_quantise(struct track *track, const float *const *in, int32_t *const *out, size_t frames)
{
	for (uint32_t c = 0; c < track->plan.channels; c++)
		quantise(&track->heard, in[c], out[c], frames, track->plan.bits);
}

struct flac_writer *track_writer(const struct track *track)
{
	return track->file.writer;
}

void track_fail(struct track *track, int failure, const struct error *e)
{
	track_file_fail(&track->file, failure, e);
}

uint64_t track_safe(const struct track *track)
{
	const struct flac_writer *writer = track->file.writer;
	return writer ? track->file.start + flac_writer_synced(writer) : UINT64_MAX;
}

void track_flush(struct track *track)
{
	struct error e;
	int result = track->file.writer ? flac_writer_flush(track->file.writer, &e) : 0;
	if (result < 0)
		track_fail(track, -result, &e);
}

/* ---- what was given before, into a new file ---- */

/* Up to `most` frames from the start of the span. Returns how many. */
static uint64_t write_some(struct track *track, const struct span *span, uint64_t most)
{
	static const float zeros[CHUNK];
	int32_t samples[TRACK_CHANNELS][CHUNK];
	const int32_t *channels[TRACK_CHANNELS];
	struct heard unheard = {0}; /* it was heard before */
	struct error e;
	uint64_t frames = span->frames < most ? span->frames : most;
	frames = frames < CHUNK ? frames : CHUNK;
	for (uint32_t c = 0; c < track->plan.channels; c++) {
		const float *in = zeros;
		if (!span->silence)
			in = tape_samples(
				track->room.tape, track->plan.channel[c], span->position, frames, &frames);
		quantise(&unheard, in, samples[c], frames, track->plan.bits);
		channels[c] = samples[c];
	}
	int result = flac_writer_write(track->file.writer, channels, frames, &e);
	if (result < 0)
		track_fail(track, -result, &e);
	return frames;
}

static void write_again(struct track *track)
{
	uint64_t end = spans_end(track->room.spans);
	for (uint64_t frame = track->file.start; track->file.writer && frame < end;) {
		struct span span = spans_at(track->room.spans, frame);
		frame += write_some(track, &span, end - frame);
	}
}

void track_look(struct track *track)
{
	track_file_check(&track->file);
	if (track_file_begin(&track->file, clock_monotonic_ns()))
		write_again(track);
}

/* ---- the end ---- */

/* A file that fails at its end is followed by another, as one in the middle would be, without waiting. */
static void close_file(struct track *track)
{
	bool closed = false;
	while (!closed && !track->file.given_up) {
		if (track_file_begin(&track->file, INT64_MAX))
			write_again(track);
		closed = track->file.writer && track_file_close(&track->file);
	}
	track_file_tell_loss(&track->file, spans_end(track->room.spans));
}

void track_close(struct track *track, struct track_result *result)
{
	close_file(track);
	track->result.frames = spans_end(track->room.spans);
	track->result.peak_dbfs = 20 * log10((double)track->heard.peak);
	track->result.clipped = track->heard.clipped;
	*result = track->result;
	free(track->plan.name);
	free(track->plan.path);
	free(track);
}
