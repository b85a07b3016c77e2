/* Audacity: labels as it imports and exports them itself, and a list of files as its manual has it. */
#include "takes/export.h"

#include "common/text.h"

#include <stdio.h>

char *export_labels(const struct export_project *project)
{
	struct text text;
	FILE *to = text_open(&text);
	for (size_t i = 0; i < project->marker_count; i++) {
		const struct export_marker *marker = &project->markers[i];
		fprintf(to, "%.6f\t%.6f\t", (double)marker->frame / project->rate,
			(double)marker->end / project->rate);
		for (const char *c = marker->label; *c; c++)
			fputc((unsigned char)*c < ' ' ? ' ' : *c, to);
		fputc('\n', to);
	}
	return text_close(&text);
}

char *export_list(const struct export_project *project)
{
	struct text text;
	FILE *to = text_open(&text);
	for (size_t i = 0; i < project->track_count; i++)
		fprintf(to, "file \"%s\" offset 0\n", project->tracks[i].file);
	return text_close(&text);
}
