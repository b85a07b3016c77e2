#include "appliance/song-match.h"

#include "common/file.h"
#include "common/memory.h"
#include "takes/index.h"
#include "takes/take.h"

#include <ctype.h>
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1, BYTES_MOST = 1 << 22 };

bool song_unnamed(const char *label)
{
	if (strncmp(label, "song ", 5) != 0 || label[5] == '\0')
		return false;
	for (const char *c = label + 5; *c; c++)
		if (!isdigit((unsigned char)*c))
			return false;
	return true;
}

/* ---- a take's fingerprints ---- */

int song_fingerprints_save(const struct hearing *hearing, const char *folder, struct error *e)
{
	json_t *songs = json_array();
	for (size_t i = 0; i < hearing->count; i++) {
		const struct heard_song *heard = &hearing->songs[i];
		char *classes = fingerprint_text(&heard->song.print);
		json_array_append_new(
			songs, json_pack("{s:I, s:I, s:s}", "frame", (json_int_t)heard->frame, "frames",
				       (json_int_t)heard->frames, "classes", classes));
		free(classes);
	}
	json_t *root =
		json_pack("{s:i, s:f, s:o}", "format", FORMAT, "step_s", FINGERPRINT_STEP_S, "songs", songs);
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	char *path = file_join(folder, FINGERPRINT_FILE);
	int result = file_replace(path, text, strlen(text), e);
	free(path);
	free(text);
	json_decref(root);
	return result;
}

/* NULL where there is none, or none that this version reads. */
static json_t *load_songs(const char *folder)
{
	char *path = file_join(folder, FINGERPRINT_FILE), *text = NULL;
	size_t size = 0;
	struct error ignored;
	json_t *songs = NULL;
	if (access(path, R_OK) == 0 && file_read(path, BYTES_MOST, &text, &size, &ignored) == 0) {
		json_t *root = json_loadb(text, size, 0, NULL);
		if (json_integer_value(json_object_get(root, "format")) == FORMAT &&
			json_real_value(json_object_get(root, "step_s")) == FINGERPRINT_STEP_S)
			songs = json_incref(json_object_get(root, "songs"));
		json_decref(root);
	}
	free(text);
	free(path);
	return songs;
}

/* ---- the others ---- */

static int by_age(const void *a, const void *b)
{
	return index_newer_first(*(char *const *)a, *(char *const *)b);
}

/* The ids of a folder of takes but `own`, newest first. */
static char **other_takes(const char *takes, const char *own, size_t *count)
{
	char **ids = NULL;
	*count = 0;
	DIR *folder = opendir(takes);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (!take_id_valid(entry->d_name) || strcmp(entry->d_name, own) == 0)
			continue;
		ids = memory_grow(ids, *count + 1, sizeof(*ids));
		ids[(*count)++] = memory_text(entry->d_name);
	}
	if (folder)
		closedir(folder);
	if (*count > 0)
		qsort(ids, *count, sizeof(*ids), by_age);
	return ids;
}

/* The title of a take whose one song it is, or what the marker there was named. */
static char *title_of(const char *folder, uint64_t frame)
{
	struct manifest take = {0};
	struct error ignored;
	char *title = NULL;
	size_t songs = 0;
	if (manifest_load(&take, folder, &ignored) < 0)
		return NULL;
	for (size_t i = 0; i < take.marker_count; i++) {
		const struct take_marker *marker = &take.markers[i];
		songs += marker->kind == MARKER_SONG;
		if (marker->kind == MARKER_SONG && marker->frame == frame && !song_unnamed(marker->label) &&
			!title)
			title = memory_text(marker->label);
	}
	/* A song's marker and its end. */
	if (!title && songs <= 2 && take.title && take.title[0])
		title = memory_text(take.title);
	manifest_finish(&take);
	return title;
}

static void finish_one(struct song_match *match)
{
	free(match->take);
	free(match->title);
	*match = (struct song_match){0};
}

/* Keeps what is likelier, and of what is sure enough the one that has a title. */
static void keep_better(struct song_match *kept, struct song_match *match)
{
	bool titled = match->title && !kept->title, untitled = kept->title && !match->title;
	if (!kept->take || titled || (!untitled && match->likeness > kept->likeness)) {
		struct song_match old = *kept;
		*kept = *match;
		*match = old;
	}
	finish_one(match);
}

static void compare(struct song_match *kept, const struct heard_song *heard, const char *takes,
	const char *id, json_t *song)
{
	struct fingerprint other;
	const char *text = json_string_value(json_object_get(song, "classes"));
	if (!text || fingerprint_parse(&other, text) < 0)
		return;
	struct fingerprint_match found = fingerprint_compare(&heard->song.print, &other);
	double confidence = fingerprint_confidence(found.likeness);
	fingerprint_finish(&other);
	if (confidence < SONG_SURE)
		return;
	char *folder = file_join(takes, id);
	struct song_match match = {.take = memory_text(id),
		.frame = (uint64_t)json_integer_value(json_object_get(song, "frame")),
		.likeness = found.likeness,
		.confidence = confidence,
		.semitones = found.semitones};
	match.title = title_of(folder, match.frame);
	free(folder);
	keep_better(kept, &match);
}

struct song_match *song_matches(const struct hearing *hearing, const char *folder)
{
	struct song_match *matches = memory_array(hearing->count + 1, sizeof(*matches));
	char *real = realpath(folder, NULL), *takes = file_folder(real ? real : folder);
	const char *slash = real ? strrchr(real, '/') : NULL;
	size_t count = 0, compared = 0;
	char **ids = other_takes(takes, slash ? slash + 1 : folder, &count);
	for (size_t i = 0; i < count; i++) {
		char *other = file_join(takes, ids[i]);
		json_t *songs = compared < MATCH_TAKES_MOST ? load_songs(other) : NULL;
		compared += songs != NULL;
		for (size_t k = 0; k < json_array_size(songs); k++)
			for (size_t s = 0; s < hearing->count; s++)
				compare(&matches[s], &hearing->songs[s], takes, ids[i],
					json_array_get(songs, k));
		json_decref(songs);
		free(other);
		free(ids[i]);
	}
	free(ids);
	free(takes);
	free(real);
	return matches;
}

void song_matches_finish(struct song_match *matches, size_t count)
{
	for (size_t i = 0; matches && i < count; i++)
		finish_one(&matches[i]);
	free(matches);
}
