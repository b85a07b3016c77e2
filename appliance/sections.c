#include "appliance/sections.h"

#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct grid_section *find_grid(const struct grid *grid, const char *label)
{
	for (size_t i = 0; i < grid->count; i++)
		if (strcmp(grid->sections[i].section->name, label) == 0)
			return &grid->sections[i];
	return NULL;
}

static uint64_t next_marker(
	const struct manifest *take, uint64_t after, enum marker_kind kind, uint64_t otherwise)
{
	uint64_t found = otherwise;
	for (size_t i = 0; i < take->marker_count; i++) {
		uint64_t frame = take->markers[i].frame;
		if (take->markers[i].kind == kind && frame > after && frame < found)
			found = frame;
	}
	return found;
}

/* Where a section ends that no other follows. */
static uint64_t end_of_last(const struct take_section *section, const struct manifest *take)
{
	if (section->grid && section->grid->tempo_bpm > 0) {
		uint64_t frames = (uint64_t)llround(section->grid->length_s * take->rate);
		if (section->frame + frames < take->frames)
			return section->frame + frames;
	}
	return next_marker(take, section->frame, MARKER_SONG, take->frames);
}

static int by_frame(const void *a, const void *b)
{
	const struct take_section *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

void sections_find(struct take_sections *sections, const struct session *session, const struct manifest *take)
{
	*sections = (struct take_sections){0};
	grid_make(&sections->grid, session, false);
	sections->list = memory_array(take->marker_count, sizeof(*sections->list));
	for (size_t i = 0; i < take->marker_count; i++) {
		const struct take_marker *marker = &take->markers[i];
		if (marker->kind == MARKER_SECTION && marker->frame < take->frames)
			sections->list[sections->count++] = (struct take_section){
				marker->label, marker->frame, 0, find_grid(&sections->grid, marker->label)};
	}
	if (sections->count > 0)
		qsort(sections->list, sections->count, sizeof(*sections->list), by_frame);
	for (size_t i = 0; i < sections->count; i++) {
		struct take_section *section = &sections->list[i];
		bool last = i + 1 == sections->count;
		section->frames = (last ? end_of_last(section, take) : section[1].frame) - section->frame;
	}
}

void sections_finish(struct take_sections *sections)
{
	free(sections->list);
	grid_finish(&sections->grid);
	*sections = (struct take_sections){0};
}

const struct take_section *sections_get(
	const struct take_sections *sections, const char *label, int occurrence)
{
	for (size_t i = 0; i < sections->count; i++)
		if (sections->list[i].frames > 0 && strcmp(sections->list[i].label, label) == 0 &&
			--occurrence == 0)
			return &sections->list[i];
	return NULL;
}

double section_beat(const struct take_section *section, int beat)
{
	const struct grid_section *grid = section->grid;
	double share = grid->length_s > 0 ? grid_beat_s(grid, beat) / grid->length_s
					  : (double)beat / (grid->bars * grid->beats);
	return share * (double)section->frames;
}
