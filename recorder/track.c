#include "recorder/track.h"

#include "common/log.h"
#include "common/memory.h"
#include "recorder/loudness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 4096, COMPRESSION = 3 };

struct track {
	struct track_plan plan;
	struct syncer *syncer;
	struct flac_writer *file; /* NULL: none any more */
	struct loudness *loudness;
	struct track_result result;
	float peak; /* magnitude */
	float full_scale;
	int32_t samples[TRACK_CHANNELS][CHUNK];
};

static void fail(struct track *track, const struct error *e)
{
	log_error("%s", e->text);
	snprintf(track->result.error, sizeof(track->result.error), "%.*s",
		(int)sizeof(track->result.error) - 1, e->text);
}

static void drop_file(struct track *track)
{
	track->result.frames = flac_writer_frames(track->file);
	syncer_unwatch(track->syncer, track->file);
	flac_writer_destroy(track->file);
	track->file = NULL;
}

struct track *track_open(const struct track_plan *plan, struct syncer *syncer)
{
	struct track *track = memory_new(sizeof(*track));
	track->plan = *plan;
	track->plan.name = memory_text(plan->name);
	track->plan.path = memory_text(plan->path);
	track->syncer = syncer;
	track->full_scale = (float)(1 << (plan->bits - 1));
	track->loudness = loudness_create(plan->channels, plan->rate);
	struct flac_format format = {.rate = plan->rate, .channels = plan->channels, .bits = plan->bits};
	struct flac_tag tag = {"TITLE", plan->name};
	struct error e;
	if (flac_writer_create(&track->file, plan->path, &format, COMPRESSION, &tag, 1, &e) < 0)
		fail(track, &e);
	else
		syncer_watch(syncer, track->file);
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
	if (track->file && (flac_writer_write(track->file, channels, frames, &e) < 0 ||
				   flac_writer_flush(track->file, &e) < 0)) {
		fail(track, &e);
		/* A disk that is full still lets the file say how much of it there is. */
		int result = flac_writer_finish(track->file, NULL);
		(void)result;
		drop_file(track);
	}
}

void track_add(struct track *track, const struct tape *tape, uint64_t position, uint64_t frames)
{
	while (frames > 0) {
		uint64_t run = frames < CHUNK ? frames : CHUNK;
		const float *in[TRACK_CHANNELS] = {NULL, NULL};
		for (uint32_t c = 0; c < track->plan.channels; c++) {
			in[c] = tape_samples(tape, track->plan.channel[c], position, run, &run);
			convert(track, in[c], track->samples[c], run);
		}
		loudness_add(track->loudness, in, run);
		write_chunk(track, run);
		position += run;
		frames -= run;
	}
}

void track_add_silence(struct track *track, uint64_t frames)
{
	static const float zeros[CHUNK];
	const float *in[TRACK_CHANNELS] = {zeros, zeros};
	memset(track->samples, 0, sizeof(track->samples));
	while (frames > 0) {
		size_t run = frames < CHUNK ? frames : CHUNK;
		loudness_add(track->loudness, in, run);
		write_chunk(track, run);
		frames -= run;
	}
}

void track_close(struct track *track, struct track_result *result)
{
	struct error e;
	if (track->file) {
		if (flac_writer_finish(track->file, &e) < 0 || flac_writer_sync(track->file, &e) < 0)
			fail(track, &e);
		drop_file(track);
	}
	track->result.peak_dbfs = 20 * log10((double)(track->peak / track->full_scale));
	track->result.lufs = loudness_integrated_lufs(track->loudness);
	track->result.windows = loudness_take_windows(track->loudness, &track->result.energy);
	*result = track->result;
	loudness_destroy(track->loudness);
	free(track->plan.name);
	free(track->plan.path);
	free(track);
}
