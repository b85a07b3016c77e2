/* DAWproject 1.0. Everything stands on seconds: what was recorded does not move when a tempo is changed. */
#include "common/text.h"
#include "takes/export.h"
#include "takes/xml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static FILE *open_xml(struct text *text)
{
	FILE *to = text_open(text);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", to);
	return to;
}

static void put_attribute(FILE *to, const char *name, const char *text)
{
	fprintf(to, " %s=\"", name);
	xml_put_text(to, text);
	fputc('"', to);
}

static double seconds(const struct export_project *project, uint64_t frame)
{
	return (double)frame / project->rate;
}

static void put_transport(FILE *to, const struct export_project *project)
{
	if (project->tempo_count == 0)
		return;
	const struct export_tempo *tempo = &project->tempos[0];
	fprintf(to,
		"  <Transport>\n    <Tempo id=\"tempo\" name=\"Tempo\" unit=\"bpm\" min=\"1\" max=\"999\" "
		"value=\"%.10g\"/>\n"
		"    <TimeSignature id=\"meter\" numerator=\"%d\" denominator=\"%d\"/>\n  </Transport>\n",
		tempo->bpm, tempo->beats, tempo->note);
}

static void put_track(FILE *to, const struct export_track *track, size_t index)
{
	fprintf(to, "    <Track id=\"track%zu\" contentType=\"audio\" loaded=\"true\"", index);
	put_attribute(to, "name", track->name);
	fprintf(to,
		" color=\"#%06x\">\n      <Channel id=\"channel%zu\" role=\"regular\" audioChannels=\"%u\" "
		"destination=\"master\" solo=\"false\">\n",
		(unsigned)export_colour(track->role), index, track->channels);
	fprintf(to,
		"        <Mute id=\"mute%zu\" name=\"Mute\" value=\"%s\"/>\n"
		"        <Pan id=\"pan%zu\" name=\"Pan\" unit=\"normalized\" min=\"0\" max=\"1\" "
		"value=\"%.10g\"/>\n"
		"        <Volume id=\"volume%zu\" name=\"Volume\" unit=\"linear\" min=\"0\" max=\"16\" "
		"value=\"%.10g\"/>\n"
		"      </Channel>\n    </Track>\n",
		index, track->mute ? "true" : "false", index, (track->pan + 100) / 200, index,
		pow(10, track->gain_db / 20));
}

static void put_structure(FILE *to, const struct export_project *project)
{
	fputs("  <Structure>\n", to);
	for (size_t i = 0; i < project->track_count; i++)
		put_track(to, &project->tracks[i], i + 1);
	fputs("    <Track id=\"mastertrack\" name=\"Master\" contentType=\"audio\" loaded=\"true\">\n"
	      "      <Channel id=\"master\" role=\"master\" audioChannels=\"2\" solo=\"false\">\n"
	      "        <Volume id=\"mastervolume\" name=\"Volume\" unit=\"linear\" min=\"0\" max=\"16\" "
	      "value=\"1\"/>\n"
	      "      </Channel>\n    </Track>\n  </Structure>\n",
		to);
}

static void put_clip(FILE *to, const struct export_project *project, size_t index)
{
	const struct export_track *track = &project->tracks[index];
	double length = seconds(project, project->frames);
	fprintf(to,
		"      <Lanes track=\"track%zu\" id=\"lanes%zu\">\n        <Clips id=\"clips%zu\">\n"
		"          <Clip time=\"0\" duration=\"%.12g\" contentTimeUnit=\"seconds\" playStart=\"0\"",
		index + 1, index + 1, index + 1, length);
	put_attribute(to, "name", track->name);
	fprintf(to,
		">\n            <Audio id=\"audio%zu\" timeUnit=\"seconds\" duration=\"%.12g\" "
		"channels=\"%u\" "
		"sampleRate=\"%u\" algorithm=\"raw\">\n              <File",
		index + 1, length, track->channels, project->rate);
	put_attribute(to, "path", track->file);
	fputs("/>\n            </Audio>\n          </Clip>\n        </Clips>\n      </Lanes>\n", to);
}

static void put_markers(FILE *to, const struct export_project *project)
{
	if (project->marker_count == 0)
		return;
	fputs("    <Markers id=\"markers\" timeUnit=\"seconds\">\n", to);
	for (size_t i = 0; i < project->marker_count; i++) {
		fprintf(to, "      <Marker time=\"%.12g\"", seconds(project, project->markers[i].frame));
		put_attribute(to, "name", project->markers[i].label);
		fputs("/>\n", to);
	}
	fputs("    </Markers>\n", to);
}

static void put_tempos(FILE *to, const struct export_project *project)
{
	fputs("    <TempoAutomation id=\"tempos\" timeUnit=\"seconds\" unit=\"bpm\">\n"
	      "      <Target parameter=\"tempo\"/>\n",
		to);
	for (size_t i = 0; i < project->tempo_count; i++) {
		const struct export_tempo *tempo = &project->tempos[i];
		bool ramp = tempo->to_bpm != tempo->bpm;
		fprintf(to, "      <RealPoint time=\"%.12g\" value=\"%.10g\" interpolation=\"%s\"/>\n",
			seconds(project, tempo->frame), tempo->bpm, ramp ? "linear" : "hold");
		if (ramp)
			fprintf(to,
				"      <RealPoint time=\"%.12g\" value=\"%.10g\" interpolation=\"hold\"/>\n",
				seconds(project, tempo->frame + tempo->frames), tempo->to_bpm);
	}
	fputs("    </TempoAutomation>\n"
	      "    <TimeSignatureAutomation id=\"meters\" timeUnit=\"seconds\">\n"
	      "      <Target parameter=\"meter\"/>\n",
		to);
	for (size_t i = 0; i < project->tempo_count; i++)
		fprintf(to,
			"      <TimeSignaturePoint time=\"%.12g\" numerator=\"%d\" denominator=\"%d\"/>\n",
			seconds(project, project->tempos[i].frame), project->tempos[i].beats,
			project->tempos[i].note);
	fputs("    </TimeSignatureAutomation>\n", to);
}

char *export_dawproject(const struct export_project *project)
{
	struct text text;
	FILE *to = open_xml(&text);
	fprintf(to, "<Project version=\"1.0\">\n  <Application name=\"Woodshed\" version=\"%s\"/>\n",
		WOODSHED_VERSION);
	put_transport(to, project);
	put_structure(to, project);
	fputs("  <Arrangement id=\"arrangement\">\n    <Lanes id=\"lanes\" timeUnit=\"seconds\">\n", to);
	for (size_t i = 0; i < project->track_count; i++)
		put_clip(to, project, i);
	fputs("    </Lanes>\n", to);
	put_markers(to, project);
	if (project->tempo_count > 0)
		put_tempos(to, project);
	fputs("  </Arrangement>\n</Project>\n", to);
	return text_close(&text);
}

static void put_element(FILE *to, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(to, "  <%s>", name);
	xml_put_text(to, text);
	fprintf(to, "</%s>\n", name);
}

char *export_dawproject_metadata(const struct export_project *project)
{
	struct text text;
	char year[5] = "";
	FILE *to = open_xml(&text);
	snprintf(year, sizeof(year), "%.4s", project->date);
	fputs("<MetaData>\n", to);
	put_element(to, "Title", project->title);
	put_element(to, "Artist", project->artist);
	put_element(to, "Year", year);
	put_element(to, "Genre", project->genre);
	fputs("</MetaData>\n", to);
	return text_close(&text);
}
