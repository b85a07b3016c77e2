/* What is heard of the rhythm of a song, step by step, so that it can be counted, weighed and tried on many
 * songs.
 *
 * usage: rhythm hear OUT [LUFS FILE]…
 *        rhythm bins HEARD
 *        rhythm ways HEARD [TABLE]
 *        rhythm phase HEARD [TABLE]
 *        rhythm find HEARD
 *
 * hear: the tracks of a song go through the ears, and what those give goes into a file. bins: of each kind of
 * evidence a line of digits, one a frame: the bin that its value is in. ways: the best way with each tempo,
 * and its signs; TABLE has other numbers than places_counted, in its order. phase: the beats of the best way
 * of all, and what speaks for them against offbeats. find: tempo, beats and bars, sure or not. All but the
 * first print; the last three JSON. */
#include "audio/soundfile.h"
#include "common/memory.h"
#include "listening/counting.h"
#include "listening/ear.h"
#include "listening/phase.h"
#include "listening/song.h"
#include "tests/rig/kept.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- hear ---- */

static int read_all(struct ear *ear, struct soundfile *file, struct error *e)
{
	double samples[SOUNDFILE_FRAMES];
	double *const channels[1] = {samples};
	int read;
	while ((read = soundfile_read(file, channels, SOUNDFILE_FRAMES, e)) > 0)
		ear_add(ear, samples, (size_t)read);
	return read;
}

static int hear_track(struct heard *heard, const char *lufs, const char *path, struct error *e)
{
	struct soundfile *file = NULL;
	struct ear *ear = NULL;
	const double loud = strtod(lufs, NULL), gain = loud < 0 ? pow(10, (-20 - loud) / 20) : 1;
	int result = soundfile_open(&file, path, e);
	if (result == 0 && soundfile_format(file)->channels != 1)
		result = error_set(e, ENOTSUP, "%s: not mono", path);
	if (result == 0)
		result = ear_create(&ear, soundfile_format(file)->rate, gain, e);
	if (result == 0)
		result = read_all(ear, file, e);
	if (result == 0)
		ear_end(ear, heard);
	ear_destroy(ear);
	soundfile_close(file);
	return result;
}

static int hear(const char *out, char **said, size_t count, struct error *e)
{
	struct listened *tracks = memory_array(count + 1, sizeof(*tracks));
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++)
		result = hear_track(&tracks[i].heard, said[2 * i], said[2 * i + 1], e);
	if (result == 0)
		result = kept_write(tracks, count, out, e);
	kept_finish(tracks, count);
	return result;
}

/* ---- what comes of it ---- */

struct rhythm {
	struct listened *tracks;
	size_t count;
	struct together together;
	struct harmony harmony;
	struct evidence evidence;
};

static int rhythm_of(struct rhythm *rhythm, const char *path, struct error *e)
{
	int result = kept_read(&rhythm->tracks, &rhythm->count, path, e);
	if (result < 0)
		return result;
	together_make(&rhythm->together, rhythm->tracks, rhythm->count);
	harmony_make(&rhythm->harmony, &rhythm->together);
	evidence_make(&rhythm->evidence, &rhythm->together, &rhythm->harmony);
	return 0;
}

static void rhythm_finish(struct rhythm *rhythm)
{
	evidence_finish(&rhythm->evidence);
	harmony_finish(&rhythm->harmony);
	together_finish(&rhythm->together);
	kept_finish(rhythm->tracks, rhythm->count);
}

static void print_bins(const struct evidence *evidence)
{
	uint8_t *bins = memory_array(evidence->frames + 1, 1);
	printf("%.9g\n", evidence->rate);
	for (int kind = 0; kind < EVIDENCE_KINDS; kind++) {
		places_bins(bins, evidence, (enum evidence_kind)kind);
		for (size_t n = 0; n < evidence->frames; n++)
			putchar('0' + bins[n]);
		putchar('\n');
	}
	free(bins);
}

static int read_table(struct places_table *table, const char *path, struct error *e)
{
	FILE *file = fopen(path, "r");
	float *weight = &table->weight[0][0][0];
	size_t got = 0;
	if (!file)
		return error_errno(e, errno, "%s: cannot be read", path);
	while (got < sizeof(table->weight) / sizeof(*weight) && fscanf(file, "%f", &weight[got]) == 1)
		got++;
	fclose(file);
	return got == sizeof(table->weight) / sizeof(*weight) ? 0
							      : error_set(e, EBADMSG, "%s: too short", path);
}

static void print(json_t *told)
{
	json_dumpf(told, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(told);
}

static json_t *listed(const double *values, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_real(values[i]));
	return list;
}

static void print_ways(const struct rhythm *rhythm, const struct places_table *table)
{
	struct counting ways[COUNTING_RATIOS];
	struct places places;
	struct pulse pulse;
	json_t *told = json_array();
	places_make(&places, &rhythm->evidence, table);
	if (pulse_find(&pulse, &rhythm->together) == 0) {
		const struct counting_song song = {&rhythm->evidence, &places, &pulse, {0}};
		const size_t count = counting_try(ways, &song);
		for (size_t i = 0; i < count; i++)
			json_array_append_new(
				told, json_pack("{s:f, s:i, s:i, s:o}", "bpm", ways[i].bpm, "meter",
					      ways[i].meter, "division", (int)ways[i].division, "signs",
					      listed(ways[i].sign, TEMPO_SIGNS)));
	}
	print(told);
	pulse_finish(&pulse);
	places_finish(&places);
}

static void print_phase(const struct rhythm *rhythm, const struct places_table *table)
{
	struct places places;
	struct pulse pulse;
	struct counted counted;
	struct steps beats = {0};
	double sign[PHASE_SIGNS];
	places_make(&places, &rhythm->evidence, table);
	if (pulse_find(&pulse, &rhythm->together) == 0) {
		const struct counting_song song = {&rhythm->evidence, &places, &pulse, {0}};
		if (counting_find(&counted, &song))
			counting_follow(&beats, &counted.best, &song);
	}
	phase_see(sign, &beats, &rhythm->evidence, (double)places.begin);
	for (size_t i = 0; i < beats.count; i++)
		beats.frame[i] /= rhythm->evidence.rate;
	print(json_pack("{s:o, s:o}", "beats_s", listed(beats.frame, beats.count), "signs",
		listed(sign, PHASE_SIGNS)));
	steps_finish(&beats);
	pulse_finish(&pulse);
	places_finish(&places);
}

static void print_song(const struct rhythm *rhythm)
{
	const struct bars_known known = {0};
	struct song song;
	json_t *beats = json_array(), *bars = json_array();
	song_find(&song, rhythm->tracks, rhythm->count, &known);
	for (size_t i = 0; song.rhythmic && i < song.bars.beats.count; i++) {
		json_array_append_new(beats, json_real(song_beat(&song, i)));
		if (song.bars.place[i] == 0)
			json_array_append_new(bars, json_real(song_beat(&song, i)));
	}
	print(json_pack("{s:{s:f, s:f}, s:{s:f, s:o, s:o}, s:i}", "tempo_bpm", "value", song.tempo_bpm,
		"confidence", song.tempo_confidence, "beats", "confidence", song.beats_confidence, "beats_s",
		beats, "bars_s", bars, "meter", song.bars.meter));
	song_finish(&song);
}

static int run(int argc, char **argv, struct error *e)
{
	struct rhythm rhythm = {0};
	struct places_table table = places_counted;
	if (strcmp(argv[1], "hear") == 0)
		return hear(argv[2], argv + 3, (size_t)(argc - 3) / 2, e);
	int result = rhythm_of(&rhythm, argv[2], e);
	if (result == 0 && argc > 3)
		result = read_table(&table, argv[3], e);
	if (result == 0 && strcmp(argv[1], "bins") == 0)
		print_bins(&rhythm.evidence);
	else if (result == 0 && strcmp(argv[1], "ways") == 0)
		print_ways(&rhythm, &table);
	else if (result == 0 && strcmp(argv[1], "phase") == 0)
		print_phase(&rhythm, &table);
	else if (result == 0)
		print_song(&rhythm);
	rhythm_finish(&rhythm);
	return result;
}

int main(int argc, char **argv)
{
	struct error e;
	if (argc < 3) {
		fputs("usage: rhythm hear|bins|ways|phase|find FILE …\n", stderr);
		return 2;
	}
	if (run(argc, argv, &e) < 0) {
		fprintf(stderr, "rhythm: %s\n", e.text);
		return 1;
	}
	return 0;
}
