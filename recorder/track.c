#include "recorder/track.h"

#include "common/log.h"
#include "common/memory.h"
#include "recorder/quantise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cheap enough for small boxes: what more would cost and save is in bench/README.md. */
enum { COMPRESSION = 3 };

struct track {
	struct track_plan plan;
	struct syncer *syncer;
	struct flac_writer *file; /* NULL: none any more */
	struct track_result result;
	struct heard heard;
};

static void note_error(struct track *track, const struct error *e)
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
	struct flac_format format = {.rate = plan->rate, .channels = plan->channels, .bits = plan->bits};
	struct flac_tag tag = {"TITLE", plan->name};
	struct error e;
	if (flac_writer_create(&track->file, plan->path, &format, COMPRESSION, &tag, 1, &e) < 0)
		note_error(track, &e);
	else
		syncer_watch(syncer, track->file);
	return track;
}

void track_quantise(struct track *track, const float *const *in, int32_t *const *out, size_t frames)
{
	for (uint32_t c = 0; c < track->plan.channels; c++)
		quantise(&track->heard, in[c], out[c], frames, track->plan.bits);
}

struct flac_writer *track_file(const struct track *track)
{
	return track->file;
}

void track_fail(struct track *track, const struct error *e)
{
	note_error(track, e);
	/* A disk that is full still lets the file say how much of it there is. */
	int result = flac_writer_finish(track->file, NULL);
	(void)result;
	drop_file(track);
}

void track_flush(struct track *track)
{
	struct error e;
	if (track->file && flac_writer_flush(track->file, &e) < 0)
		track_fail(track, &e);
}

void track_close(struct track *track, struct track_result *result)
{
	struct error e;
	if (track->file) {
		if (flac_writer_finish(track->file, &e) < 0 || flac_writer_sync(track->file, &e) < 0)
			note_error(track, &e);
		drop_file(track);
	}
	track->result.peak_dbfs = 20 * log10((double)track->heard.peak);
	track->result.clipped = track->heard.clipped;
	*result = track->result;
	free(track->plan.name);
	free(track->plan.path);
	free(track);
}
