#include "appliance/exported-stems.h"

#include "appliance/pipeline.h"
#include "audio/soundfile.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "takes/take.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BITS = 24 };
#define NSEC_A_DAY (INT64_C(86400) * CLOCK_NSEC_PER_SEC)

struct stem_file {
	struct soundfile *file; /* NULL: not open */
	char *path, *temporary;
};

struct writing {
	struct stems *stems;
	struct stem_file *files;
	void (*progress)(void *data, double done);
	void *data;
};

char *exported_stem_name(const struct session *session, size_t index)
{
	const struct track_config *tracks = session->tracks.items;
	char *raw = take_raw_name((int)index + 1, tracks[index].name, 1);
	const char *slash = strrchr(raw, '/');
	char *name = memory_format("%.*s.wav", (int)(strrchr(raw, '.') - slash - 1), slash + 1);
	free(raw);
	return name;
}

/* To the nearest frame, and never past the day. */
static uint64_t time_reference(const struct manifest *take)
{
	int64_t of_day = take->started_ns % NSEC_A_DAY;
	return (uint64_t)llround((double)of_day * take->rate / (double)CLOCK_NSEC_PER_SEC);
}

static int open_file(struct writing *writing, size_t index, const char *folder, struct error *e)
{
	const struct stems *stems = writing->stems;
	const struct track_config *tracks = stems->session->tracks.items;
	struct stem_file *file = &writing->files[index];
	char date[CLOCK_RFC3339_SIZE], time[CLOCK_RFC3339_SIZE];
	clock_rfc3339(stems->take->started_ns, date)[strlen("2026-11-22")] = '\0';
	clock_rfc3339(stems->take->started_ns, time)[strlen("2026-11-22T19:03:11")] = '\0';
	const struct soundfile_broadcast broadcast = {.title = tracks[index].name,
		.artist = "Woodshed",
		.date = date,
		.time = time + strlen("2026-11-22T"),
		.lufs = NAN,
		.lra_lu = NAN,
		.dbtp = NAN,
		.max_momentary_lufs = NAN,
		.max_short_term_lufs = NAN,
		.time_reference = time_reference(stems->take)};
	char *name = exported_stem_name(stems->session, index);
	file->path = file_join(folder, name);
	file->temporary = memory_format("%s.part", file->path);
	free(name);
	return soundfile_create_wav(&file->file, file->temporary, stems->take->rate,
		stems->list[index].reel.channels, BITS, &broadcast, e);
}

static int write_block(void *data, size_t stage, size_t track, uint64_t item, struct error *e)
{
	(void)stage;
	struct writing *writing = data;
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	uint64_t frames = writing->stems->frames, at = item * BLOCK_FRAMES, left = frames - at;
	struct stem *stem = &writing->stems->list[track];
	struct block block = {.channels = stem->reel.channels,
		.frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES,
		.channel = {samples[0], samples[1]}};
	if (track == 0 && writing->progress)
		writing->progress(writing->data, (double)at / (double)frames);
	int result = stem_read(stem, block.channel, block.frames, e);
	return result == 0 ? soundfile_write(writing->files[track].file, &block, e) : result;
}

static int publish(struct stem_file *file, struct error *e)
{
	int result = soundfile_finish(file->file, e);
	file->file = NULL;
	return result == 0 ? file_publish(file->temporary, file->path, e) : result;
}

static void close_file(struct stem_file *file, bool failed)
{
	soundfile_close(file->file);
	if (failed && file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
}

int exported_stems_write(struct stems *stems, const char *folder, unsigned jobs,
	void (*progress)(void *data, double done), void *data, struct error *e)
{
	struct writing writing = {stems, memory_array(stems->count, sizeof(*writing.files)), progress, data};
	const struct pipeline_stage stage = {write_block, stems->count, 0, 0};
	uint64_t items = (stems->frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
	int result = file_make_folders(folder, e);
	for (size_t i = 0; i < stems->count && result == 0; i++)
		result = open_file(&writing, i, folder, e);
	if (result == 0)
		result = pipeline_run(&stage, 1, &writing, items, jobs > 0 ? jobs : pipeline_cores(), e);
	for (size_t i = 0; i < stems->count && result == 0; i++)
		result = publish(&writing.files[i], e);
	for (size_t i = 0; i < stems->count; i++)
		close_file(&writing.files[i], result < 0);
	free(writing.files);
	return result;
}
