#include "appliance/release.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHAPTERS_MOST = 999 };

#define REPLAYGAIN_LUFS (-18.0)
#define R128_LUFS (-23.0)

/* Takes over `value`. */
static void add_own(struct release_tags *tags, const char *name, char *value)
{
	tags->list = memory_grow(tags->list, tags->count + 1, sizeof(*tags->list));
	tags->list[tags->count++] = (struct flac_tag){name, value};
}

static void add(struct release_tags *tags, const char *name, const char *value)
{
	if (value)
		add_own(tags, name, memory_text(value));
}

static void add_gains(struct release_tags *tags, const char *gain, const char *peak, double lufs, double dbtp)
{
	if (!isfinite(lufs) || !isfinite(dbtp))
		return;
	add_own(tags, gain, memory_format("%.2f dB", REPLAYGAIN_LUFS - lufs));
	add_own(tags, peak, memory_format("%.6f", pow(10, dbtp / 20)));
}

static void add_r128(struct release_tags *tags, const char *name, double lufs)
{
	if (isfinite(lufs))
		add_own(tags, name, memory_format("%ld", lround(fmax(-128, R128_LUFS - lufs) * 256)));
}

/* Names such as CHAPTER001NAME are of a small fixed set, but of no table: they are allocated, and
 * release_tags_finish knows them by their first letters. */
static bool is_chapter(const char *name)
{
	return name[0] == 'C' && name[1] == 'H';
}

static void add_chapters(struct release_tags *tags, const struct release *release, uint32_t rate)
{
	for (size_t i = 0; i < release->cue_count && i < CHAPTERS_MOST; i++) {
		uint64_t ms = (release->cues[i].frame * 1000 + rate / 2) / rate;
		add_own(tags, memory_format("CHAPTER%03zu", i + 1),
			memory_format("%02u:%02u:%02u.%03u", (unsigned)(ms / 3600000),
				(unsigned)(ms / 60000 % 60), (unsigned)(ms / 1000 % 60),
				(unsigned)(ms % 1000)));
		add_own(tags, memory_format("CHAPTER%03zuNAME", i + 1), memory_text(release->cues[i].label));
	}
}

void release_tags_make(struct release_tags *tags, const struct release *release,
	const struct meter_reading *reading, uint32_t rate, bool opus)
{
	*tags = (struct release_tags){0};
	add(tags, "TITLE", release->title);
	add(tags, "ARTIST", release->artist);
	add(tags, "ALBUM", release->album);
	if (release->number > 0) {
		add_own(tags, "TRACKNUMBER", memory_format("%u", release->number));
		add_own(tags, "TRACKTOTAL", memory_format("%u", release->total));
	}
	add(tags, "GENRE", release->song ? release->song->genre : NULL);
	add(tags, "DATE", release->date);
	if (release->tempo_bpm > 0)
		add_own(tags, "BPM", memory_format("%.10g", release->tempo_bpm));
	add(tags, "INITIALKEY", release->key);
	if (opus) {
		add_r128(tags, "R128_TRACK_GAIN", reading->integrated_lufs);
		add_r128(tags, "R128_ALBUM_GAIN", release->album_lufs);
	} else {
		add_gains(tags, "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK", reading->integrated_lufs,
			reading->true_peak_dbtp);
		add_gains(tags, "REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_PEAK", release->album_lufs,
			release->album_dbtp);
	}
	add_chapters(tags, release, rate);
}

void release_tags_finish(struct release_tags *tags)
{
	for (size_t i = 0; i < tags->count; i++) {
		if (is_chapter(tags->list[i].name))
			free((char *)tags->list[i].name);
		free((char *)tags->list[i].value);
	}
	free(tags->list);
	*tags = (struct release_tags){0};
}

void release_find_cover(struct release *release, const char *folder)
{
	static const char *const names[] = {"cover.jpg", "cover.jpeg", "cover.png"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !release->cover.data; i++) {
		char *path = file_join(folder, names[i]);
		struct error e;
		if (access(path, F_OK) == 0 && picture_load(&release->cover, path, &e) < 0)
			log_warning("the cover is left out: %s", e.text);
		free(path);
	}
}
