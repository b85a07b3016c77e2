#include "takes/export.h"

#include "common/memory.h"
#include "common/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- times ---- */

static bool ends_a_song(const struct take_marker *marker)
{
	static const char end[] = " end";
	size_t length = strlen(marker->label);
	return marker->kind == MARKER_SONG && length > sizeof(end) &&
	       strcmp(marker->label + length - (sizeof(end) - 1), end) == 0;
}

/* Where what begins at marker `index` ends: at the next of its kind, the song's end, or the take's. */
static uint64_t end_of(const struct manifest *take, size_t index)
{
	const struct take_marker *marker = &take->markers[index];
	uint64_t end = take->frames;
	if (marker->kind == MARKER_USER || ends_a_song(marker))
		return marker->frame;
	for (size_t i = 0; i < take->marker_count; i++) {
		const struct take_marker *other = &take->markers[i];
		bool bounds = other->kind == marker->kind || ends_a_song(other);
		if (bounds && other->frame > marker->frame && other->frame < end)
			end = other->frame;
	}
	return end > marker->frame ? end : marker->frame;
}

static void add_markers(struct export_project *project, const struct manifest *take)
{
	project->markers = memory_array(take->marker_count, sizeof(*project->markers));
	for (size_t i = 0; i < take->marker_count; i++)
		project->markers[project->marker_count++] = (struct export_marker){take->markers[i].frame,
			end_of(take, i), take->markers[i].label, take->markers[i].kind};
}

/* The marker of the section from marker `from` on; the marker count where there is none. */
static size_t find_section(const struct manifest *take, size_t from, const char *name)
{
	size_t i = from;
	while (i < take->marker_count &&
		(take->markers[i].kind != MARKER_SECTION || strcmp(take->markers[i].label, name) != 0))
		i++;
	return i;
}

/* Without a marker a section begins where the one before it ended, the first at the take's first frame. */
static void add_tempos(struct export_project *project, const struct manifest *take, const struct grid *grid)
{
	uint64_t at = 0;
	size_t next = 0;
	project->tempos = memory_array(grid->count, sizeof(*project->tempos));
	for (size_t i = 0; grid->timed && i < grid->count; i++) {
		const struct grid_section *section = &grid->sections[i];
		size_t marker = find_section(take, next, section->section->name);
		if (marker < take->marker_count) {
			at = take->markers[marker].frame;
			next = marker + 1;
		}
		uint64_t frames = (uint64_t)llround(section->length_s * take->rate);
		double quarters = 4.0 / section->note;
		project->tempos[project->tempo_count++] =
			(struct export_tempo){at, frames, section->tempo_bpm * quarters,
				section->tempo_to_bpm * quarters, section->beats, section->note};
		at += frames;
	}
}

void export_add_times(struct export_project *project, const struct manifest *take, const struct grid *grid)
{
	add_markers(project, take);
	add_tempos(project, take, grid);
}

void export_finish(struct export_project *project)
{
	for (size_t i = 0; i < project->track_count; i++)
		free(project->tracks[i].file);
	free(project->tracks);
	free(project->tempos);
	free(project->markers);
	*project = (struct export_project){0};
}

/* ---- colours ---- */

uint32_t export_colour(const char *role)
{
	static const struct {
		const char *role;
		uint32_t colour;
	} colours[] = {
		{"kick", 0xc0392b},
		{"snare", 0xc0392b},
		{"hihat", 0xd35400},
		{"tom", 0xc0392b},
		{"overhead", 0xd35400},
		{"room", 0xd35400},
		{"percussion", 0xd35400},
		{"bass", 0x8e44ad},
		{"electric-guitar", 0x27ae60},
		{"acoustic-guitar", 0x2ecc71},
		{"keys", 0x2980b9},
		{"synth", 0x2980b9},
		{"strings", 0x16a085},
		{"brass", 0x16a085},
		{"lead-vocal", 0xf1c40f},
		{"backing-vocal", 0xf39c12},
		{"speech", 0xf1c40f},
	};
	for (size_t i = 0; role && i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(role, colours[i].role) == 0)
			return colours[i].colour;
	return 0x7f8c8d;
}

/* ---- cue sheets ---- */

void export_cue_line(FILE *to, const char *key, const char *text, const char *end)
{
	if (!text)
		return;
	fprintf(to, "%s \"", key);
	for (; *text; text++)
		fputc(*text == '"' ? '\'' : (unsigned char)*text < ' ' ? ' ' : *text, to);
	fprintf(to, "\"%s\n", end);
}

/* Minutes, seconds and a CD's frames, 75 a second: the last one that has begun. */
static void put_index(FILE *to, uint64_t frame, uint32_t rate)
{
	uint64_t whole = frame / rate, part = frame % rate * 75 / rate;
	fprintf(to, "    INDEX 01 %02llu:%02llu:%02llu\n", (unsigned long long)(whole / 60),
		(unsigned long long)(whole % 60), (unsigned long long)part);
}

static const char *cue_type(const char *file)
{
	const char *dot = strrchr(file, '.');
	return dot && strcmp(dot, ".mp3") == 0 ? " MP3" : " WAVE";
}

char *export_cue(const char *file, const char *title, const char *artist, uint32_t rate,
	const struct export_cue *cues, size_t count)
{
	enum { TRACKS_MOST = 99 };
	struct text text;
	FILE *to = text_open(&text);
	const struct export_cue whole = {0, title};
	if (count == 0)
		cues = &whole;
	export_cue_line(to, "TITLE", title, "");
	export_cue_line(to, "PERFORMER", artist, "");
	export_cue_line(to, "FILE", file, cue_type(file));
	for (size_t i = 0; i < (count > 0 ? count : 1) && i < TRACKS_MOST; i++) {
		fprintf(to, "  TRACK %02zu AUDIO\n", i + 1);
		export_cue_line(to, "    TITLE", cues[i].label, "");
		export_cue_line(to, "    PERFORMER", artist, "");
		put_index(to, cues[i].frame, rate);
	}
	return text_close(&text);
}
