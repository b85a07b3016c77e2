#include "tests/rig/kept.h"

#include "common/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t mark = 0x3174706b64656864; /* "hdedkpt1" */

/* Both ways: what a file has of a track. */
struct kept {
	FILE *file;
	bool writes, good;
};

static void pass(struct kept *kept, void *data, size_t size, size_t count)
{
	size_t done =
		kept->writes ? fwrite(data, size, count, kept->file) : fread(data, size, count, kept->file);
	kept->good = kept->good && done == count;
}

static void pass_floats(struct kept *kept, float **row, size_t count)
{
	if (!kept->writes)
		*row = memory_array(count + 1, sizeof(**row));
	pass(kept, *row, sizeof(**row), count);
}

static void pass_track(struct kept *kept, struct listened *track)
{
	struct heard *heard = &track->heard;
	uint64_t sizes[3] = {heard->frames, heard->spectra, (uint64_t)track->as};
	double numbers[4] = {heard->rate, heard->detune_re, heard->detune_im, heard->detune_weight};
	pass(kept, sizes, sizeof(sizes[0]), 3);
	pass(kept, numbers, sizeof(numbers[0]), 4);
	if (!kept->good)
		return;
	heard->frames = sizes[0];
	heard->spectra = sizes[1];
	track->as = (enum listened_as)sizes[2];
	heard->rate = numbers[0];
	heard->detune_re = numbers[1];
	heard->detune_im = numbers[2];
	heard->detune_weight = numbers[3];
	float **const rows[] = {&heard->onset, &heard->low, &heard->mid, &heard->high, &heard->power};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		pass_floats(kept, rows[i], heard->frames);
	if (!kept->writes)
		heard->spectrum = memory_array(heard->spectra * HEARD_BINS + 1, 1);
	pass(kept, heard->spectrum, HEARD_BINS, heard->spectra);
}

static int close_kept(struct kept *kept, const char *path, struct error *e)
{
	bool closed = fclose(kept->file) == 0;
	return kept->good && closed ? 0 : error_set(e, EBADMSG, "%s: not what was kept", path);
}

int kept_read(struct listened **tracks, size_t *count, const char *path, struct error *e)
{
	struct kept kept = {.file = fopen(path, "rb"), .good = true};
	uint64_t head[2] = {0};
	*tracks = NULL;
	*count = 0;
	if (!kept.file)
		return error_errno(e, errno, "%s: cannot be read", path);
	pass(&kept, head, sizeof(head[0]), 2);
	kept.good = kept.good && head[0] == mark;
	*count = kept.good ? head[1] : 0;
	*tracks = memory_array(*count + 1, sizeof(**tracks));
	for (size_t i = 0; i < *count; i++)
		pass_track(&kept, &(*tracks)[i]);
	return close_kept(&kept, path, e);
}

int kept_write(const struct listened *tracks, size_t count, const char *path, struct error *e)
{
	struct kept kept = {.file = fopen(path, "wb"), .writes = true, .good = true};
	uint64_t head[2] = {mark, count};
	if (!kept.file)
		return error_errno(e, errno, "%s: cannot be written", path);
	pass(&kept, head, sizeof(head[0]), 2);
	for (size_t i = 0; i < count; i++) {
		struct listened track = tracks[i];
		pass_track(&kept, &track);
	}
	return close_kept(&kept, path, e);
}

void kept_finish(struct listened *tracks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		heard_finish(&tracks[i].heard);
	free(tracks);
}
