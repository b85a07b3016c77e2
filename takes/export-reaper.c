/* Reaper's project format is nowhere specified; what stands here is what Reaper 5 and later write themselves
 * for the same things, and nothing that they have defaults for. */
#include "takes/export.h"

#include "common/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CUSTOM_COLOUR = 0x1000000 };

static double seconds(const struct export_project *project, uint64_t frame)
{
	return (double)frame / project->rate;
}

/* In whichever of the three marks the text does not have. */
static void put_text(FILE *to, const char *text)
{
	char mark = !strchr(text, '"') ? '"' : !strchr(text, '\'') ? '\'' : '`';
	fputc(mark, to);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text == mark ? '\'' : *text, to);
	fputc(mark, to);
}

/* 0x1BBGGRR. */
static unsigned colour_of(const char *role)
{
	uint32_t rgb = export_colour(role);
	return CUSTOM_COLOUR | (rgb & 0xff) << 16 | (rgb & 0xff00) | rgb >> 16;
}

/* Points of shape 0 go to the next one evenly, those of shape 1 hold. A ramp ends just before the next point,
 * which may jump. */
static void put_tempos(FILE *to, const struct export_project *project)
{
	fputs("  <TEMPOENVEX\n    ACT 1 -1\n    VIS 1 0 1\n    LANEHEIGHT 0 0\n    ARM 0\n    DEFSHAPE 1 -1 "
	      "-1\n",
		to);
	for (size_t i = 0; i < project->tempo_count; i++) {
		const struct export_tempo *tempo = &project->tempos[i];
		bool ramp = tempo->to_bpm != tempo->bpm;
		bool jumps = i + 1 == project->tempo_count || project->tempos[i + 1].bpm != tempo->to_bpm;
		fprintf(to, "    PT %.12f %.10f %d %d\n", seconds(project, tempo->frame), tempo->bpm,
			ramp ? 0 : 1, tempo->beats | tempo->note << 16);
		if (ramp && jumps)
			fprintf(to, "    PT %.12f %.10f 1\n",
				seconds(project, tempo->frame + tempo->frames) - 1e-6, tempo->to_bpm);
	}
	fputs("  >\n", to);
}

static void put_marker(FILE *to, const struct export_project *project, size_t index)
{
	const struct export_marker *marker = &project->markers[index];
	bool region = marker->kind == MARKER_SECTION && marker->end > marker->frame;
	fprintf(to, "  MARKER %zu %.12f ", index + 1, seconds(project, marker->frame));
	put_text(to, marker->label);
	fprintf(to, " %d\n", region);
	if (region)
		fprintf(to, "  MARKER %zu %.12f \"\" 1\n", index + 1, seconds(project, marker->end));
}

static void put_track(FILE *to, const struct export_project *project, const struct export_track *track)
{
	fputs("  <TRACK\n    NAME ", to);
	put_text(to, track->name);
	fprintf(to, "\n    PEAKCOL %u\n    VOLPAN %.14f %.14f -1 -1 1\n    MUTESOLO %d 0 0\n    NCHAN 2\n",
		colour_of(track->role), pow(10, track->gain_db / 20), track->pan / 100, track->mute);
	fprintf(to,
		"    <ITEM\n      POSITION 0\n      LENGTH %.12f\n      LOOP 0\n      FADEIN 1 0 0 1 0 0 0\n"
		"      FADEOUT 1 0 0 1 0 0 0\n      NAME ",
		seconds(project, project->frames));
	put_text(to, track->name);
	fputs("\n      VOLPAN 1 0 1 -1\n      SOFFS 0\n      <SOURCE WAVE\n        FILE ", to);
	put_text(to, track->file);
	fputs("\n      >\n    >\n  >\n", to);
}

char *export_reaper(const struct export_project *project)
{
	struct text text;
	FILE *to = text_open(&text);
	fputs("<REAPER_PROJECT 0.1 \"6.0\" 0\n  TITLE ", to);
	put_text(to, project->title);
	fputs("\n  AUTHOR ", to);
	put_text(to, project->artist ? project->artist : "");
	/* Items and envelopes stand on seconds, so that audio stays in sync whatever is done to the tempo. */
	fprintf(to, "\n  TIMELOCKMODE 0\n  TEMPOENVLOCKMODE 0\n  SAMPLERATE %u 1 0\n", project->rate);
	if (project->tempo_count > 0) {
		const struct export_tempo *first = &project->tempos[0];
		fprintf(to, "  TEMPO %.10f %d %d\n", first->bpm, first->beats, first->note);
		put_tempos(to, project);
	}
	for (size_t i = 0; i < project->marker_count; i++)
		put_marker(to, project, i);
	for (size_t i = 0; i < project->track_count; i++)
		put_track(to, project, &project->tracks[i]);
	fputs(">\n", to);
	return text_close(&text);
}
