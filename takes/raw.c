#include "takes/raw.h"

#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS_MOST = 8 };

struct raw_reader {
	const struct take_track *track;
	char *folder;
	struct flac_format format;
	struct flac_reader *file; /* NULL: past the end of what the one in force holds */
	size_t index;		  /* of that one */
	uint64_t end;		  /* where the next one takes over */
	uint64_t position;
};

static int open_file(struct raw_reader *reader, struct error *e)
{
	const struct take_segment segment = take_track_segment(reader->track, reader->index);
	char *path = file_join(reader->folder, segment.file);
	int result = flac_reader_open(&reader->file, path, e);
	free(path);
	reader->end = take_track_segment_end(reader->track, reader->index, UINT64_MAX);
	if (result < 0)
		return result;
	const struct flac_format *format = flac_reader_format(reader->file);
	if (reader->format.rate == 0)
		reader->format = *format;
	if (format->rate != reader->format.rate || format->channels != reader->format.channels ||
		format->bits != reader->format.bits)
		return error_set(e, EBADMSG, "%s: another format than the track's first file", segment.file);
	return 0;
}

/* A file of which nothing is in force need not even be there. */
static bool in_force(const struct take_track *track, size_t index)
{
	return take_track_segment_end(track, index, UINT64_MAX) > take_track_segment(track, index).frame;
}

int raw_open(struct raw_reader **reader, const struct take_track *track, const char *folder, struct error *e)
{
	struct raw_reader *made = memory_new(sizeof(*made));
	made->track = track;
	made->folder = memory_text(folder);
	while (made->index < track->segment_count && !in_force(track, made->index))
		made->index++;
	int result = open_file(made, e);
	if (result < 0) {
		raw_close(made);
		return result;
	}
	*reader = made;
	return 0;
}

void raw_close(struct raw_reader *reader)
{
	if (!reader)
		return;
	flac_reader_close(reader->file);
	free(reader->folder);
	free(reader);
}

const struct flac_format *raw_format(const struct raw_reader *reader)
{
	return &reader->format;
}

static int follow(struct raw_reader *reader, struct error *e)
{
	while (reader->position >= reader->end) {
		flac_reader_close(reader->file);
		reader->file = NULL;
		reader->index++;
		if (!in_force(reader->track, reader->index))
			continue;
		int result = open_file(reader, e);
		if (result < 0)
			return result;
	}
	return 0;
}

/* What the manifest says was never safely on the disk may be anything there. */
static bool is_lost(const struct raw_reader *reader)
{
	for (size_t i = 0; i < reader->track->gap_count; i++) {
		const struct take_gap *gap = &reader->track->gaps[i];
		if (reader->position >= gap->frame && reader->position < gap->frame + gap->frames)
			return true;
	}
	return false;
}

/* Up to `frames` frames of the file in force; silence where it has no more. */
static int read_some(struct raw_reader *reader, int32_t *const *channels, size_t frames, struct error *e)
{
	int result = follow(reader, e);
	if (result < 0)
		return result;
	if (frames > reader->end - reader->position)
		frames = (size_t)(reader->end - reader->position);
	int n = reader->file ? flac_reader_read(reader->file, channels, frames, e) : 0;
	if (n < 0 && !is_lost(reader))
		return n;
	if (n <= 0) {
		for (uint32_t c = 0; c < reader->format.channels && channels[c]; c++)
			memset(channels[c], 0, frames * sizeof(**channels));
		flac_reader_close(reader->file);
		reader->file = NULL;
		n = (int)frames;
	}
	reader->position += (uint64_t)n;
	return n;
}

int raw_read(struct raw_reader *reader, int32_t *const *channels, size_t frames, struct error *e)
{
	for (size_t done = 0; done < frames;) {
		int32_t *rest[CHANNELS_MOST] = {NULL};
		for (uint32_t c = 0; c < reader->format.channels; c++)
			rest[c] = channels[c] + done;
		int n = read_some(reader, rest, frames - done, e);
		if (n < 0)
			return n;
		done += (size_t)n;
	}
	return 0;
}
