#include "appliance/album.h"

#include "appliance/measure.h"
#include "appliance/report.h"
#include "audio/convert.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "common/text.h"
#include "takes/export.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the files ---- */

static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = memory_text(slash ? slash + 1 : path);
	char *dot = strrchr(name, '.');
	if (dot && dot > name)
		*dot = '\0';
	return name;
}

static char *copy(const char *text)
{
	return text && *text ? memory_text(text) : NULL;
}

static int look_at(struct album_track *track, struct error *e)
{
	struct soundfile *file;
	int result = soundfile_open(&file, track->path, e);
	if (result < 0)
		return result;
	const struct soundfile_format *format = soundfile_format(file);
	track->rate = format->rate;
	track->title = copy(format->title);
	track->artist = copy(format->artist);
	if (format->channels > BLOCK_CHANNELS)
		result = error_set(e, ENOTSUP, "%s: %u channels; a master is made of 1 or 2", track->path,
			format->channels);
	soundfile_close(file);
	return result;
}

static int check_name(const struct album *album, size_t index, struct error *e)
{
	const struct album_track *track = &album->tracks[index];
	for (size_t i = 0; i < index; i++)
		if (strcmp(album->tracks[i].name, track->name) == 0)
			return error_set(e, EEXIST, "%s: its master would be named as that of %s",
				track->path, album->tracks[i].path);
	return 0;
}

/* Nobody's mix is replaced by its master. */
static int check_outputs(const struct album *album, size_t index, struct error *e)
{
	const struct album_track *track = &album->tracks[index];
	struct stat in, out;
	for (enum master_format f = 0; f < MASTER_FORMATS; f++) {
		if (!(album->session->master.formats & 1U << f))
			continue;
		char *name = memory_format("%s.%s", track->name, renditions_ending(f));
		char *path = file_join(album->out, name);
		bool is_there = stat(path, &out) == 0, same = false;
		for (size_t i = 0; i < album->count && is_there; i++)
			same = same || (stat(album->tracks[i].path, &in) == 0 && in.st_dev == out.st_dev &&
					       in.st_ino == out.st_ino);
		free(path);
		free(name);
		if (same)
			return error_set(e, EEXIST, "%s: its master would take the place of a mix; --out DIR",
				track->path);
	}
	return 0;
}

int album_open(struct album *album, char *const *paths, size_t count, struct error *e)
{
	size_t faults = 0;
	album->mix.fd = -1;
	album->tracks = memory_array(count, sizeof(*album->tracks));
	album->count = count;
	for (size_t i = 0; i < count; i++) {
		album->tracks[i].path = paths[i];
		album->tracks[i].name = name_of(paths[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct album_track *track = &album->tracks[i];
		struct error why;
		int result = look_at(track, &why);
		if (result == 0)
			result = check_name(album, i, &why);
		if (result == 0)
			result = check_outputs(album, i, &why);
		if (result < 0 && count == 1) {
			*e = why;
			return result;
		}
		if (result < 0)
			fprintf(stderr, "woodshed: %s\n", why.text);
		faults += result < 0;
		album->rate = track->rate > album->rate ? track->rate : album->rate;
	}
	return faults == 0 ? 0
			   : error_set(e, EINVAL, "%zu of %zu files cannot be mastered; nothing was made",
				     faults, count);
}

void album_finish(struct album *album)
{
	for (size_t i = 0; i < album->count; i++) {
		struct album_track *track = &album->tracks[i];
		free(track->name);
		free(track->title);
		free(track->artist);
		renditions_finish(&track->renditions);
	}
	free(album->tracks);
	if (album->count > 0)
		scratch_close(&album->mix);
	soundfile_close(album->file);
	wav_draft_finish(&album->draft);
	mastering_finish(&album->mastering);
	*album = (struct album){0};
}

/* ---- the mix: all files one after another ---- */

static int take_block(void *data, const struct block *block, struct error *e)
{
	return scratch_write(data, block, e);
}

static int read_file(struct soundfile *file, struct scratch *mix, struct convert *convert, struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	double *channels[] = {samples[0], samples[1]};
	bool mono = soundfile_format(file)->channels == 1;
	for (;;) {
		int frames = soundfile_read(file, channels, BLOCK_FRAMES, e);
		if (frames <= 0)
			return frames < 0 || !convert ? frames : convert_end(convert, e);
		struct block block = {
			BLOCK_CHANNELS, (uint32_t)frames, {samples[0], mono ? samples[0] : samples[1]}};
		int result = convert ? convert_write(convert, &block, e) : scratch_write(mix, &block, e);
		if (result < 0)
			return result;
	}
}

static int append_file(struct album *album, struct album_track *track, struct error *e)
{
	struct soundfile *file;
	struct convert *convert = NULL;
	struct convert_sink sink = {take_block, &album->mix};
	int result = soundfile_open(&file, track->path, e);
	if (result < 0)
		return result;
	track->from = album->mix.frames;
	if (track->rate != album->rate)
		result = convert_create(&convert, track->rate, album->rate, &sink, e);
	if (result == 0)
		result = read_file(file, &album->mix, convert, e);
	track->frames = album->mix.frames - track->from;
	if (result == 0 && track->frames == 0)
		result = error_set(e, ENODATA, "%s: is empty", track->path);
	convert_destroy(convert);
	soundfile_close(file);
	return result;
}

static int rewind_mix(void *data, struct error *e)
{
	(void)e;
	((struct album *)data)->mix.at = 0;
	return 0;
}

/* What was read once is in the scratch, and is what it was the first time. */
static int read_mix(void *data, struct block *block, struct error *e)
{
	struct album *album = data;
	struct scratch *mix = &album->mix;
	if (mix->at < mix->frames)
		return scratch_read(mix, block, e);
	int frames = soundfile_read(album->file, block->channel, BLOCK_FRAMES, e);
	block->channels = BLOCK_CHANNELS;
	block->frames = frames > 0 ? (uint32_t)frames : 0;
	if (frames <= 0)
		return frames;
	if (soundfile_format(album->file)->channels == 1)
		memcpy(block->channel[1], block->channel[0], block->frames * sizeof(double));
	for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			block->channel[c][i] = (double)(float)block->channel[c][i];
	mix->at += block->frames;
	return scratch_write(mix, block, e);
}

/* One file whose length is known is read while it is first listened to: 1. Else 0. */
static int read_later(struct album *album, struct error *e)
{
	if (album->count > 1)
		return 0;
	int result = soundfile_open(&album->file, album->tracks[0].path, e);
	if (result < 0)
		return result;
	album->tracks[0].frames = soundfile_format(album->file)->frames;
	if (soundfile_format(album->file)->counted)
		return 1;
	soundfile_close(album->file);
	album->file = NULL;
	return 0;
}

static int read_all(struct album *album, struct error *e)
{
	int result = 0;
	for (size_t i = 0; i < album->count && result == 0; i++)
		result = append_file(album, &album->tracks[i], e);
	return result;
}

/* ---- the masters ---- */

static const char *title_of(const struct album *album, const struct album_track *track)
{
	const char *song = album->session->song.title;
	if (album->count == 1 && song)
		return song;
	return track->title ? track->title : track->name;
}

static const char *artist_of(const struct album *album, const struct album_track *track)
{
	return album->session->song.artist ? album->session->song.artist : track->artist;
}

static int deliver(struct album *album, struct album_track *track, struct error *e)
{
	struct mastering *mastering = &album->mastering;
	const struct meter_reading *whole = &mastering->plan.master;
	bool several = album->count > 1;
	uint64_t from = mastering_frame(mastering, track->from);
	uint64_t to = mastering_frame(mastering, track->from + track->frames);
	to = to < mastering->mastered.frames ? to : mastering->mastered.frames;
	struct release release = {.title = title_of(album, track),
		.artist = artist_of(album, track),
		.album = several ? album->session->song.title : NULL,
		.song = several ? NULL : &album->session->song,
		.tempo_bpm = several ? 0 : album->session->song.tempo_bpm,
		.key = several ? NULL : album->session->song.key,
		.number = several ? (unsigned)(track - album->tracks) + 1 : 0,
		.total = (unsigned)album->count,
		.album_lufs = several ? whole->integrated_lufs : NAN,
		.album_dbtp = several ? whole->true_peak_dbtp : NAN};
	char *folder = file_folder(track->path);
	release_find_cover(&release, folder);
	free(folder);
	struct renditions_job job = {.folder = album->out,
		.name = track->name,
		.formats = album->session->master.formats,
		.bits = mastering->bits,
		.scratch = &mastering->mastered,
		.from = from,
		.frames = to - from,
		.rate = mastering->delivered_rate,
		.release = &release,
		.draft = several ? NULL : &album->draft};
	int result = 0;
	job.reading = *whole;
	track->translation = mastering->translation;
	if (several)
		result = renditions_measure(&mastering->mastered, job.rate, from, job.frames, &job.reading,
			&track->translation, e);
	track->reading = job.reading;
	if (result == 0)
		result = renditions_make(&track->renditions, &job, e);
	picture_finish(&release.cover);
	return result;
}

/* ---- what is told of it ---- */

static json_t *track_json(const struct album *album, const struct album_track *track)
{
	const struct meter_reading *r = &track->reading;
	json_t *one = json_pack("{s:s?, s:s?, s:s?}", "source", track->path, "title", title_of(album, track),
		"artist", artist_of(album, track));
	json_object_set_new(one, "source_rate", json_integer(track->rate));
	json_object_set_new(one, "lufs", measure_figure(r->integrated_lufs));
	json_object_set_new(one, "dbtp", measure_figure(r->true_peak_dbtp));
	json_object_set_new(one, "lra_lu", measure_figure(r->lra_lu));
	json_object_set_new(one, "plr_lu", measure_figure(r->true_peak_dbtp - r->integrated_lufs));
	json_object_set_new(one, "psr_lu", measure_figure(r->true_peak_dbtp - r->max_short_term_lufs));
	json_object_set_new(one, "correlation", measure_figure(r->correlation));
	json_object_set_new(one, "tilt_db_per_octave", measure_figure(track->translation.tilt_db_per_octave));
	json_object_set_new(one, "translation", measure_translation_json(&track->translation));
	json_object_set_new(one, "files", report_files(&track->renditions));
	return one;
}

static int write_report(const struct album *album, struct error *e)
{
	json_t *tracks = json_array();
	for (size_t i = 0; i < album->count; i++)
		json_array_append_new(tracks, track_json(album, &album->tracks[i]));
	json_t *report = json_pack("{s:i, s:s, s:s, s:s, s:o}", "format", 1, "version", WOODSHED_VERSION,
		"session", album->session->name, "stage", "master", "masters", tracks);
	report_add_master(report, &album->mastering.plan, &album->mastering.translation);
	json_object_set_new(report, "seconds", measure_figure(album->seconds));
	char *text = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(report);
	char *path = file_join(album->out, "report.json"), *line = memory_format("%s\n", text);
	int result = file_replace(path, line, strlen(line), e);
	free(text);
	free(line);
	free(path);
	return result;
}

/* By the files of the first format. */
static char *cue_sheet(const struct album *album)
{
	struct text text;
	FILE *to = text_open(&text);
	export_cue_line(to, "TITLE", album->session->song.title, "");
	export_cue_line(to, "PERFORMER", album->session->song.artist, "");
	long frames = lround(album->gap_s * 75); /* a CD's own, 75 a second */
	for (size_t i = 0; i < album->count; i++) {
		const struct album_track *track = &album->tracks[i];
		const char *file = track->renditions.list[0].file, *dot = strrchr(file, '.');
		export_cue_line(to, "FILE", file, strcmp(dot, ".mp3") == 0 ? " MP3" : " WAVE");
		fprintf(to, "  TRACK %02zu AUDIO\n", i + 1);
		export_cue_line(to, "    TITLE", title_of(album, track), "");
		export_cue_line(to, "    PERFORMER", artist_of(album, track), "");
		if (i > 0 && frames > 0)
			fprintf(to, "    PREGAP %02ld:%02ld:%02ld\n", frames / 4500, frames / 75 % 60,
				frames % 75);
		fputs("    INDEX 01 00:00:00\n", to);
	}
	return text_close(&text);
}

static int write_cue(const struct album *album, struct error *e)
{
	char *text = cue_sheet(album), *path = file_join(album->out, "album.cue");
	int result = file_replace(path, text, strlen(text), e);
	free(path);
	free(text);
	return result;
}

static int make_masters(struct album *album, master_progress_fn progress, void *data, struct error *e)
{
	struct master_source source = {.rate = album->rate,
		.frames = album->tracks[0].frames,
		.rewind = rewind_mix,
		.read = read_mix,
		.data = album};
	struct master_sink draft = {wav_draft_restart, wav_draft_write, &album->draft};
	bool drafts = album->count == 1 && album->session->master.formats & 1U << MASTER_WAV;
	uint64_t *titles = memory_array(album->count, sizeof(*titles));
	for (size_t i = 0; i < album->count; i++)
		titles[i] = album->tracks[i].from;
	struct mastering *m = &album->mastering;
	*m = (struct mastering){.config = &album->session->master,
		.session_path = album->session_path,
		.titles = titles,
		.title_count = album->count,
		.folder = album->out,
		.mix = &album->mix,
		.rate = album->rate,
		.source = album->file ? &source : NULL,
		.also = drafts ? &draft : NULL,
		.progress = progress,
		.data = data};
	uint32_t rate = mastering_rate(m->config, m->rate);
	m->drops = drafts && m->config->formats == 1U << MASTER_WAV && rate == m->rate;
	if (drafts)
		wav_draft_init(
			&album->draft, album->out, album->tracks[0].name, mastering_bits(m->config), rate);
	int result = mastering_run(m, e);
	m->titles = NULL;
	m->source = NULL;
	m->also = NULL;
	free(titles);
	return result;
}

int album_master(struct album *album, master_progress_fn progress, void *data, struct error *e)
{
	int64_t begun = clock_monotonic_ns();
	int result = file_make_folders(album->out, e);
	if (result == 0)
		result = scratch_open(&album->mix, album->out, e);
	if (result == 0)
		result = read_later(album, e);
	if (result == 0)
		result = read_all(album, e);
	if (result >= 0)
		result = make_masters(album, progress, data, e);
	for (size_t i = 0; i < album->count && result == 0; i++)
		result = deliver(album, &album->tracks[i], e);
	album->seconds = (double)(clock_monotonic_ns() - begun) / (double)CLOCK_NSEC_PER_SEC;
	if (result == 0 && album->count > 1)
		result = write_cue(album, e);
	return result == 0 ? write_report(album, e) : result;
}
