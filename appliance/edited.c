#include "appliance/edited.h"

#include "appliance/pipeline.h"
#include "common/file.h"
#include "common/memory.h"
#include "takes/take.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 24 };

static int open_file(struct edited *edited, size_t track, struct error *e)
{
	const struct stems *stems = edited->edits->stems;
	const struct track_config *tracks = stems->session->tracks.items;
	const struct flac_format format = {
		.rate = stems->take->rate, .channels = stems->list[track].reel.channels, .bits = BITS};
	struct edited_file *file = &edited->files[track];
	char *raw = take_raw_name((int)track + 1, tracks[track].name, 1);
	file->name = memory_format("edited%s", strchr(raw, '/'));
	char *path = file_join(edited->folder, file->name);
	int result = delivery_open(&file->delivery, path, &format, NULL, 0, e);
	free(path);
	free(raw);
	return result;
}

static int write_block(void *data, size_t stage, size_t track, uint64_t item, struct error *e)
{
	(void)stage;
	struct edited *edited = data;
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	uint64_t frames = edited->edits->extent.frames, at = item * BLOCK_FRAMES, left = frames - at;
	struct block block = {.channels = edited->edits->stems->list[track].reel.channels,
		.frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES,
		.channel = {samples[0], samples[1]}};
	if (track == 0 && edited->progress)
		edited->progress(edited->data, (double)at / (double)frames);
	int result = edits_read(edited->edits, track, block.channel, block.frames, e);
	return result == 0 ? delivery_write(&edited->files[track].delivery, &block, e) : result;
}

int edited_write(struct edited *edited, struct error *e)
{
	size_t count = edited->edits->stems->count;
	uint64_t items = (edited->edits->extent.frames + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
	const struct pipeline_stage stage = {write_block, count, 0, 0};
	char *folder = file_join(edited->folder, "edited");
	int result = file_make_folders(folder, e);
	free(folder);
	edited->files = memory_array(count, sizeof(*edited->files));
	for (size_t i = 0; i < count && result == 0; i++)
		result = open_file(edited, i, e);
	if (result == 0)
		result = pipeline_run(
			&stage, 1, edited, items, edited->jobs > 0 ? edited->jobs : pipeline_cores(), e);
	for (size_t i = 0; i < count && result == 0; i++)
		result = delivery_publish(&edited->files[i].delivery, e);
	return result;
}

void edited_finish(struct edited *edited)
{
	for (size_t i = 0; edited->files && i < edited->edits->stems->count; i++) {
		delivery_close(&edited->files[i].delivery);
		free(edited->files[i].name);
	}
	free(edited->files);
	edited->files = NULL;
}
