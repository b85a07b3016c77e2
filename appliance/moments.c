#include "appliance/moments.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>

struct mix_markers moments_of(const struct take_marker *markers, size_t count)
{
	struct mix_marker *items = memory_array(count, sizeof(*items));
	for (size_t i = 0; i < count; i++)
		items[i] = (struct mix_marker){markers[i].label, markers[i].frame};
	return (struct mix_markers){items, count};
}

void moments_finish(struct mix_markers *markers)
{
	free((struct mix_marker *)markers->items);
	*markers = (struct mix_markers){0};
}

static uint64_t frames_in(double seconds, uint32_t rate)
{
	return (uint64_t)llround(seconds * rate);
}

static void trim(struct extent *extent, const struct manifest *take, const struct edit_config *edit)
{
	uint64_t first = take->frames, last = 0;
	for (size_t i = 0; i < take->marker_count; i++) {
		const struct take_marker *marker = &take->markers[i];
		if (marker->kind != MARKER_SONG || marker->frame > take->frames)
			continue;
		first = marker->frame < first ? marker->frame : first;
		last = marker->frame > last ? marker->frame : last;
	}
	if (last <= first)
		return;
	uint64_t lead_in = frames_in(edit->lead_in_s, take->rate);
	uint64_t lead_out = frames_in(edit->lead_out_s, take->rate);
	uint64_t end = take->frames - last < lead_out ? take->frames : last + lead_out;
	extent->first = first > lead_in ? first - lead_in : 0;
	extent->frames = end - extent->first;
}

static uint64_t at_most(uint64_t frames, uint64_t most)
{
	return frames < most ? frames : most;
}

static void add_fades(struct extent *extent, uint32_t rate, const struct edit_config *edit)
{
	extent->fade_in = at_most(frames_in(edit->fade_in_s, rate), extent->frames);
	extent->fade_out = at_most(frames_in(edit->fade_out_s, rate), extent->frames);
}

struct extent extent_whole(uint64_t frames, uint32_t rate, const struct edit_config *edit)
{
	struct extent extent = {.frames = frames};
	add_fades(&extent, rate, edit);
	return extent;
}

struct extent extent_of(const struct manifest *take, const struct edit_config *edit)
{
	struct extent extent = {.frames = take->frames};
	if (edit->trim == EDIT_TRIM_SONGS)
		trim(&extent, take, edit);
	add_fades(&extent, take->rate, edit);
	return extent;
}

double extent_gain(const struct extent *extent, uint64_t frame)
{
	uint64_t left = extent->frames > frame ? extent->frames - frame - 1 : 0;
	double gain = 1;
	if (frame < extent->fade_in)
		gain *= 0.5 - 0.5 * cos(M_PI * ((double)frame + 0.5) / (double)extent->fade_in);
	if (left < extent->fade_out)
		gain *= 0.5 - 0.5 * cos(M_PI * ((double)left + 0.5) / (double)extent->fade_out);
	return gain;
}
