#include "appliance/waveforms.h"

#include "appliance/pipeline.h"
#include "appliance/reel.h"
#include "audio/peaks.h"
#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ITEM_BLOCKS = 64, ITEM_FRAMES = ITEM_BLOCKS * BLOCK_FRAMES };

/* A file that is looked at. */
struct waveform {
	struct reel reel;
	struct peaks *peaks;
	uint64_t frames;
	char *path;
};

struct looking {
	struct waveform *list;
	size_t count;
	uint64_t frames; /* of the longest */
};

/* ---- names ---- */

struct stem {
	const char *text;
	int length;
};

/* "01-kick" of raw/01-kick.flac, or "kick" without its number. */
static struct stem stem_of(const struct take_track *track, bool numbered)
{
	const char *slash = strrchr(track->file, '/');
	const char *text = slash ? slash + 1 : track->file;
	size_t digits = strspn(text, "0123456789");
	if (!numbered && digits > 0 && text[digits] == '-')
		text += digits + 1;
	return (struct stem){text, (int)strcspn(text, ".")};
}

static bool same(struct stem a, struct stem b)
{
	return a.length == b.length && memcmp(a.text, b.text, (size_t)a.length) == 0;
}

static bool is_taken(const struct manifest *take, size_t index, struct stem stem)
{
	if (same(stem, (struct stem){"mix", 3}) || same(stem, (struct stem){"master", 6}))
		return true;
	for (size_t i = 0; i < take->track_count; i++)
		if (i != index && same(stem, stem_of(&take->tracks[i], false)))
			return true;
	return false;
}

char *waveforms_name(const struct manifest *take, size_t index)
{
	struct stem stem = stem_of(&take->tracks[index], false);
	if (is_taken(take, index, stem))
		stem = stem_of(&take->tracks[index], true);
	return memory_format("peaks/%.*s.json", stem.length, stem.text);
}

/* ---- files ---- */

static int begin(struct looking *looking, const struct take_track *track, const char *folder,
	const char *name, uint32_t rate, struct error *e)
{
	struct waveform *waveform = &looking->list[looking->count++];
	waveform->path = file_join(folder, name);
	waveform->frames = track->frames;
	if (waveform->frames > looking->frames)
		looking->frames = waveform->frames;
	int result = reel_open(&waveform->reel, track, NULL, folder, e);
	if (result == 0)
		waveform->peaks = peaks_create(rate, waveform->reel.channels, waveform->frames);
	return result;
}

static int begin_track(
	struct looking *looking, const struct waveforms_job *job, size_t index, struct error *e)
{
	char *name = waveforms_name(job->take, index), *path = file_join(job->folder, name);
	int result = 0;
	if (access(path, F_OK) < 0)
		result = begin(looking, &job->take->tracks[index], job->folder, name, job->take->rate, e);
	free(path);
	free(name);
	return result;
}

static int begin_mix(struct looking *looking, const struct waveforms_job *job, struct error *e)
{
	static char file[] = "mix.flac";
	const struct take_track mix = {
		.file = file, .input_count = BLOCK_CHANNELS, .frames = job->mix_frames};
	return begin(looking, &mix, job->folder, "peaks/mix.json", job->take->rate, e);
}

static int look(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	(void)stage;
	struct looking *looking = data;
	struct waveform *waveform = &looking->list[part];
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	uint64_t at = item * ITEM_FRAMES, end = at + ITEM_FRAMES;
	end = end < waveform->frames ? end : waveform->frames;
	int result = 0;
	for (; at < end && result == 0; at += BLOCK_FRAMES) {
		uint64_t left = end - at;
		struct block block = {.channels = waveform->reel.channels,
			.frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES,
			.channel = {samples[0], samples[1]}};
		result = reel_read(&waveform->reel, block.channel, block.frames, e);
		if (result == 0)
			peaks_add(waveform->peaks, &block);
	}
	return result;
}

static int save(const struct peaks *peaks, const char *path, struct error *e)
{
	char *text = peaks_json(peaks);
	int result = file_replace(path, text, strlen(text), e);
	free(text);
	return result;
}

static int look_at_all(struct looking *looking, unsigned jobs, struct error *e)
{
	const struct pipeline_stage stage = {look, looking->count, 0, 0};
	uint64_t items = (looking->frames + ITEM_FRAMES - 1) / ITEM_FRAMES;
	int result = pipeline_run(&stage, 1, looking, items, jobs > 0 ? jobs : pipeline_cores(), e);
	for (size_t i = 0; i < looking->count && result == 0; i++)
		result = save(looking->list[i].peaks, looking->list[i].path, e);
	return result;
}

static void finish(struct looking *looking)
{
	for (size_t i = 0; i < looking->count; i++) {
		peaks_destroy(looking->list[i].peaks);
		reel_close(&looking->list[i].reel);
		free(looking->list[i].path);
	}
	free(looking->list);
}

static int look_at_master(const struct waveforms_job *job, struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	struct block block = {BLOCK_CHANNELS, 1, {samples[0], samples[1]}};
	struct master_source source = scratch_source(job->mastered, job->mastered_rate);
	struct peaks *peaks = peaks_create(source.rate, BLOCK_CHANNELS, source.frames);
	char *path = file_join(job->folder, "peaks/master.json");
	int result = source.rewind(source.data, e);
	while (result == 0 && block.frames > 0) {
		result = source.read(source.data, &block, e);
		if (result == 0)
			peaks_add(peaks, &block);
	}
	if (result == 0)
		result = save(peaks, path, e);
	free(path);
	peaks_destroy(peaks);
	return result;
}

int waveforms_make(const struct waveforms_job *job, struct error *e)
{
	struct looking looking = {0};
	char *folder = file_join(job->folder, "peaks");
	int result = file_make_folders(folder, e);
	free(folder);
	looking.list = memory_array(job->take->track_count + 1, sizeof(*looking.list));
	for (size_t i = 0; i < job->take->track_count && result == 0; i++)
		result = begin_track(&looking, job, i, e);
	if (result == 0)
		result = begin_mix(&looking, job, e);
	if (result == 0)
		result = look_at_all(&looking, job->jobs, e);
	if (result == 0 && job->mastered)
		result = look_at_master(job, e);
	finish(&looking);
	return result;
}
