#include "appliance/hearing.h"

#include "appliance/pipeline.h"
#include "common/memory.h"
#include "listening/ear.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_AN_ITEM = 16, ITEM_FRAMES = BLOCKS_AN_ITEM * BLOCK_FRAMES };

/* A track as it is heard. */
struct hearer {
	size_t track; /* of the session */
	struct stem stem;
	uint64_t position; /* of the stem */
	double gain;
	struct ear *ear;
	struct pitch *pitch; /* of the melody's track alone */
};

struct listener {
	const struct hearing_job *job;
	struct hearer *hearers;
	size_t count;
	uint64_t end; /* of the song that is heard */
	double done, share;
};

/* ---- which tracks ---- */

static const struct track_config *config_of(const struct stems *stems, size_t track)
{
	return (const struct track_config *)stems->session->tracks.items + track;
}

static double lufs_of(const struct stems *stems, size_t track)
{
	const struct manifest *take = stems->take;
	for (size_t i = 0; i < take->track_count; i++)
		if (strcmp(take->tracks[i].name, config_of(stems, track)->name) == 0 &&
			isfinite(take->tracks[i].lufs))
			return take->tracks[i].lufs;
	return -INFINITY;
}

static enum listened_as as_role(const char *role)
{
	static const char *const drums[] = {"kick", "snare", "tom", "hihat", "overhead", "percussion", NULL};
	static const char *const notes[] = {
		"bass", "electric-guitar", "acoustic-guitar", "keys", "synth", "strings", "brass", NULL};
	for (size_t i = 0; role && drums[i]; i++)
		if (strcmp(role, drums[i]) == 0)
			return LISTENED_DRUMS;
	for (size_t i = 0; role && notes[i]; i++)
		if (strcmp(role, notes[i]) == 0)
			return LISTENED_NOTES;
	return LISTENED_UNKNOWN;
}

/* The one that the session names, else the first lead vocal; the count of tracks: none. */
static size_t melody_of(const struct stems *stems)
{
	const char *named = stems->session->song.melody;
	size_t vocal = stems->count;
	for (size_t i = stems->count; i-- > 0;) {
		const struct track_config *config = config_of(stems, i);
		if (named && strcmp(config->name, named) == 0)
			return i;
		if (!named && config->role && strcmp(config->role, "lead-vocal") == 0)
			vocal = i;
	}
	return vocal;
}

struct choice {
	size_t track;
	double lufs;
};

static int by_loudness(const void *a, const void *b)
{
	const struct choice *one = a, *two = b;
	if (one->lufs != two->lufs)
		return one->lufs > two->lufs ? -1 : 1;
	return one->track < two->track ? -1 : 1;
}

static int by_track(const void *a, const void *b)
{
	const struct hearer *one = a, *two = b;
	return one->track < two->track ? -1 : one->track > two->track;
}

static void choose(struct listener *listener, const struct stems *stems, size_t melody)
{
	struct choice *choices = memory_array(stems->count + 1, sizeof(*choices));
	for (size_t i = 0; i < stems->count; i++)
		choices[i] = (struct choice){i, i == melody ? INFINITY : lufs_of(stems, i)};
	qsort(choices, stems->count, sizeof(*choices), by_loudness);
	listener->count = stems->count < HEARING_TRACKS_MOST ? stems->count : HEARING_TRACKS_MOST;
	listener->hearers = memory_array(listener->count + 1, sizeof(*listener->hearers));
	for (size_t i = 0; i < listener->count; i++) {
		double lufs = lufs_of(stems, choices[i].track);
		listener->hearers[i].track = choices[i].track;
		listener->hearers[i].gain = isfinite(lufs) ? pow(10, (-20 - lufs) / 20) : 1;
	}
	qsort(listener->hearers, listener->count, sizeof(*listener->hearers), by_track);
	free(choices);
}

/* ---- hearing ---- */

static int read_mono(struct hearer *hearer, double *mono, uint32_t frames, struct error *e)
{
	double right[BLOCK_FRAMES] = {0};
	double *const channels[BLOCK_CHANNELS] = {mono, right};
	int result = stem_read(&hearer->stem, channels, frames, e);
	for (uint32_t i = 0; result == 0 && hearer->stem.reel.channels > 1 && i < frames; i++)
		mono[i] = (mono[i] + right[i]) / 2;
	hearer->position += frames;
	return result;
}

static int hear_item(void *data, size_t stage, size_t part, uint64_t item, struct error *e)
{
	struct listener *listener = data;
	struct hearer *hearer = &listener->hearers[part];
	double mono[BLOCK_FRAMES];
	int result = 0;
	(void)stage;
	for (size_t i = 0; i < BLOCKS_AN_ITEM && hearer->position < listener->end && result == 0; i++) {
		uint64_t left = listener->end - hearer->position;
		uint32_t frames = left < BLOCK_FRAMES ? (uint32_t)left : BLOCK_FRAMES;
		result = read_mono(hearer, mono, frames, e);
		if (result == 0 && hearer->ear)
			ear_add(hearer->ear, mono, frames);
		if (result == 0 && hearer->pitch)
			pitch_add(hearer->pitch, mono, frames);
	}
	if (part == 0 && listener->job->progress && hearer->ear)
		listener->job->progress(
			listener->job->data, fmin(1, listener->done + listener->share * (double)item));
	return result;
}

static int hear_until(struct listener *listener, uint64_t end, struct error *e)
{
	if (listener->count == 0 || listener->hearers[0].position >= end)
		return 0;
	const struct pipeline_stage stage = {hear_item, listener->count, 0, 0};
	uint64_t items = (end - listener->hearers[0].position + ITEM_FRAMES - 1) / ITEM_FRAMES;
	listener->end = end;
	return pipeline_run(&stage, 1, listener, items,
		listener->job->jobs > 0 ? listener->job->jobs : pipeline_cores(), e);
}

static int open_ears(struct listener *listener, size_t melody, uint32_t rate, struct error *e)
{
	int result = 0;
	for (size_t i = 0; i < listener->count && result == 0; i++) {
		struct hearer *hearer = &listener->hearers[i];
		result = ear_create(&hearer->ear, rate, hearer->gain, e);
		if (result == 0 && hearer->track == melody)
			result = pitch_create(&hearer->pitch, rate, e);
	}
	return result;
}

static void close_ears(struct listener *listener)
{
	for (size_t i = 0; i < listener->count; i++) {
		ear_destroy(listener->hearers[i].ear);
		pitch_destroy(listener->hearers[i].pitch);
		listener->hearers[i].ear = NULL;
		listener->hearers[i].pitch = NULL;
	}
}

/* A beat is what the lower number says, as it is in a session's tempo. */
static int meter_beats(const char *meter)
{
	int beats = 0, note = 0;
	if (!meter || sscanf(meter, "%d/%d", &beats, &note) != 2)
		return 0;
	return beats >= METER_LEAST && beats <= METER_MOST ? beats : 0;
}

static void understand(struct heard_song *heard, struct listener *listener)
{
	const struct stems *stems = listener->job->stems;
	const struct song_config *config = &stems->session->song;
	const struct bars_known known = {config->tempo_bpm, meter_beats(config->meter)};
	struct listened *tracks = memory_array(listener->count + 1, sizeof(*tracks));
	for (size_t i = 0; i < listener->count; i++) {
		ear_end(listener->hearers[i].ear, &tracks[i].heard);
		tracks[i].as = as_role(config_of(stems, listener->hearers[i].track)->role);
	}
	song_find(&heard->song, tracks, listener->count, &known);
	for (size_t i = 0; i < listener->count; i++) {
		const struct pitch *pitch = listener->hearers[i].pitch;
		size_t count = 0;
		heard_finish(&tracks[i].heard);
		if (!pitch)
			continue;
		const struct pitch_frame *frames = pitch_frames(pitch, &count);
		melody_find(&heard->melody, frames, count, pitch_rate(pitch), heard->song.tuning);
		heard->has_melody = heard->melody.count > 0;
	}
	free(tracks);
}

static int hear_song(struct heard_song *heard, struct listener *listener, size_t melody, struct error *e)
{
	const struct manifest *take = listener->job->stems->take;
	uint64_t most = (uint64_t)HEARING_SECONDS_MOST * take->rate;
	uint64_t end = heard->frame + (heard->frames < most ? heard->frames : most);
	int result = hear_until(listener, heard->frame, e);
	if (result == 0)
		result = open_ears(listener, melody, take->rate, e);
	listener->done = (double)heard->frame / (double)take->frames;
	listener->share = ITEM_FRAMES / (double)take->frames;
	if (result == 0)
		result = hear_until(listener, end, e);
	if (result == 0)
		understand(heard, listener);
	close_ears(listener);
	return result;
}

/* ---- the songs of a take ---- */

static void add_song(struct hearing *hearing, uint64_t frame, uint64_t end, const char *label)
{
	if (end <= frame)
		return;
	hearing->songs = memory_grow(hearing->songs, hearing->count + 1, sizeof(*hearing->songs));
	hearing->songs[hearing->count++] = (struct heard_song){
		.frame = frame, .frames = end - frame, .label = label ? memory_text(label) : NULL};
}

static bool ends_song(const char *label)
{
	size_t length = strlen(label);
	return length > 4 && strcmp(label + length - 4, " end") == 0;
}

/* From each song marker to the next one, whatever that is. Without any the take is one song. */
static void lay_songs(struct hearing *hearing, const struct manifest *take)
{
	const struct take_marker *open = NULL;
	for (size_t i = 0; i < take->marker_count; i++) {
		const struct take_marker *marker = &take->markers[i];
		if (marker->kind != MARKER_SONG || marker->frame >= take->frames)
			continue;
		if (open)
			add_song(hearing, open->frame, marker->frame, open->label);
		open = ends_song(marker->label) ? NULL : marker;
	}
	if (open)
		add_song(hearing, open->frame, take->frames, open->label);
	if (hearing->count == 0)
		add_song(hearing, 0, take->frames, NULL);
}

int hearing_run(struct hearing *hearing, const struct hearing_job *job, struct error *e)
{
	struct listener listener = {.job = job};
	const size_t melody = melody_of(job->stems);
	int result = 0;
	*hearing = (struct hearing){0};
	if (melody < job->stems->count)
		hearing->melody_track = config_of(job->stems, melody)->name;
	lay_songs(hearing, job->stems->take);
	choose(&listener, job->stems, melody);
	for (size_t i = 0; i < listener.count && result == 0; i++)
		result = stem_open(&listener.hearers[i].stem, job->stems, listener.hearers[i].track, e);
	for (size_t i = 0; i < hearing->count && result == 0; i++)
		result = hear_song(&hearing->songs[i], &listener, melody, e);
	for (size_t i = 0; i < listener.count; i++)
		stem_close(&listener.hearers[i].stem);
	free(listener.hearers);
	return result;
}

void hearing_finish(struct hearing *hearing)
{
	for (size_t i = 0; i < hearing->count; i++) {
		song_finish(&hearing->songs[i].song);
		melody_finish(&hearing->songs[i].melody);
		free(hearing->songs[i].label);
	}
	free(hearing->songs);
	*hearing = (struct hearing){0};
}
