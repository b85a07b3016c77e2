#include "appliance/arranged.h"

#include "appliance/delivery.h"
#include "appliance/edits.h"
#include "appliance/pipeline.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct arranged_track {
	struct arranged *owner;
	struct arranger arranger;
	uint32_t channels;
	uint64_t offset; /* of its first sample in the file, in samples */
};

struct arranged {
	struct scratch scratch;
	struct arranged_track *tracks;
	size_t count;
	uint64_t frames; /* of the take */

	/* While it is filled. */
	struct edits *edits;
	const struct arrange_plan *plan;
	void (*progress)(void *data, double done);
	void *data;
};

static int transfer(const struct arranged_track *track, uint64_t frame, float *samples, size_t count,
	bool write, struct error *e)
{
	char *at = (char *)samples;
	size_t left = count * sizeof(float);
	off_t place = (off_t)((track->offset + frame * track->channels) * sizeof(float));
	while (left > 0) {
		int fd = track->owner->scratch.fd;
		ssize_t n = write ? pwrite(fd, at, left, place) : pread(fd, at, left, place);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(e, n < 0 ? errno : EIO, "a track, on its way to the arrangement");
		at += n;
		place += n;
		left -= (size_t)n;
	}
	return 0;
}

static int store(void *data, size_t stage, size_t index, uint64_t item, struct error *e)
{
	(void)stage;
	struct arranged *arranged = data;
	const struct arranged_track *track = &arranged->tracks[index];
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	double *const channels[BLOCK_CHANNELS] = {samples[0], samples[1]};
	float packed[BLOCK_CHANNELS * BLOCK_FRAMES];
	uint64_t at = item * BLOCK_FRAMES, left = arranged->frames - at;
	uint32_t frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES;
	if (index == 0 && arranged->progress)
		arranged->progress(arranged->data, (double)at / (double)arranged->frames);
	int result = edits_read(arranged->edits, index, channels, frames, e);
	for (uint32_t i = 0; i < frames && result == 0; i++)
		for (uint32_t c = 0; c < track->channels; c++)
			packed[i * track->channels + c] = (float)samples[c][i];
	return result == 0 ? transfer(track, at, packed, (size_t)frames * track->channels, true, e) : result;
}

static int read_source(void *data, uint64_t frame, struct block *block, struct error *e)
{
	const struct arranged_track *track = data;
	float packed[BLOCK_CHANNELS * BLOCK_FRAMES] = {0};
	uint64_t left = frame < track->owner->frames ? track->owner->frames - frame : 0;
	uint32_t there = left < block->frames ? (uint32_t)left : block->frames;
	int result = transfer(track, frame, packed, (size_t)there * track->channels, false, e);
	for (uint32_t i = 0; i < block->frames; i++)
		for (uint32_t c = 0; c < track->channels; c++)
			block->channel[c][i] = (double)packed[i * track->channels + c];
	return result;
}

static int listen_for_tails(void *data, size_t stage, size_t index, uint64_t item, struct error *e)
{
	(void)stage, (void)item;
	struct arranged *arranged = data;
	struct arranged_track *track = &arranged->tracks[index];
	const struct arrange_source source = {read_source, track, track->channels, arranged->frames};
	return arranger_init(
		&track->arranger, arranged->plan, &source, arranged->edits->stems->take->rate, e);
}

static void lay_out(struct arranged *arranged)
{
	uint64_t offset = 0;
	for (size_t i = 0; i < arranged->count; i++) {
		struct arranged_track *track = &arranged->tracks[i];
		track->owner = arranged;
		track->channels = arranged->edits->stems->list[i].reel.channels;
		track->offset = offset;
		offset += arranged->frames * track->channels;
	}
}

static int fill(struct arranged *arranged, unsigned jobs, struct error *e)
{
	const struct pipeline_stage stored = {store, arranged->count, 0, 0};
	const struct pipeline_stage heard = {listen_for_tails, arranged->count, 0, 0};
	uint64_t items = (arranged->frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
	unsigned threads = jobs > 0 ? jobs : pipeline_cores();
	int result = pipeline_run(&stored, 1, arranged, items, threads, e);
	return result == 0 ? pipeline_run(&heard, 1, arranged, 1, threads, e) : result;
}

int arranged_create(struct arranged **arranged, const struct arrange_plan *plan, struct edits *edits,
	const char *folder, unsigned jobs, void (*progress)(void *data, double done), void *data,
	struct error *e)
{
	struct arranged *made = memory_new(sizeof(*made));
	*made = (struct arranged){.scratch.fd = -1,
		.count = edits->stems->count,
		.frames = edits->stems->frames,
		.edits = edits,
		.plan = plan,
		.progress = progress,
		.data = data};
	made->tracks = memory_array(made->count, sizeof(*made->tracks));
	lay_out(made);
	int result = scratch_open(&made->scratch, folder, e);
	if (result == 0)
		result = fill(made, jobs, e);
	if (result < 0) {
		arranged_destroy(made);
		return result;
	}
	*arranged = made;
	return 0;
}

void arranged_destroy(struct arranged *arranged)
{
	if (!arranged)
		return;
	for (size_t i = 0; i < arranged->count; i++)
		arranger_finish(&arranged->tracks[i].arranger);
	scratch_close(&arranged->scratch);
	free(arranged->tracks);
	free(arranged);
}

int arranged_read(
	struct arranged *arranged, size_t track, double *const *channels, uint32_t frames, struct error *e)
{
	struct arranged_track *of = &arranged->tracks[track];
	int result = 0;
	for (uint32_t done = 0; done < frames && result == 0;) {
		struct block block = {.channels = of->channels,
			.frames = frames - done < BLOCK_FRAMES ? frames - done : BLOCK_FRAMES};
		for (uint32_t c = 0; c < block.channels; c++)
			block.channel[c] = channels[c] + done;
		result = arranger_read(&of->arranger, &block, e);
		done += block.frames;
	}
	return result;
}

void arranged_rewind(struct arranged *arranged)
{
	for (size_t i = 0; i < arranged->count; i++)
		arranger_rewind(&arranged->tracks[i].arranger);
}
