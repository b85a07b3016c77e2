#include "appliance/renditions.h"

#include "audio/convert.h"
#include "common/file.h"
#include "common/memory.h"
#include "common/units.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { ATTEMPTS = 8 };

/* Below full scale when a lossy file is made anew: the codec decides differently each time. */
static const double margin_db = 0.05;

static const struct format {
	const char *ending;
	enum soundfile_kind kind; /* of all but FLAC */
	bool lossy;
} formats[MASTER_FORMATS] = {
	[MASTER_FLAC] = {"flac", 0, false},
	[MASTER_WAV] = {"wav", SOUNDFILE_WAV, false},
	[MASTER_MP3] = {"mp3", SOUNDFILE_MP3, true},
	[MASTER_VORBIS] = {"ogg", SOUNDFILE_VORBIS, true},
	[MASTER_OPUS] = {"opus", SOUNDFILE_OPUS, true},
};

const char *renditions_ending(enum master_format format)
{
	return formats[format].ending;
}

/* ---- a part of a scratch, block by block ---- */

typedef int (*part_fn)(void *data, const struct block *block, struct error *e);

static int read_part(
	struct scratch *scratch, uint64_t from, uint64_t frames, part_fn fn, void *data, struct error *e)
{
	struct master_source source = scratch_source(scratch, 0);
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	int result = 0;
	scratch->at = from;
	for (uint64_t left = frames; left > 0 && result == 0;) {
		struct block block = {BLOCK_CHANNELS, 0, {&samples[0][0], &samples[1][0]}};
		result = source.read(source.data, &block, e);
		if (result < 0 || block.frames == 0)
			break;
		block.frames = block.frames < left ? block.frames : (uint32_t)left;
		left -= block.frames;
		result = fn(data, &block, e);
	}
	return result;
}

struct listeners {
	struct meter *meter;
	struct translation *translation; /* NULL: none */
};

static int listen_to(void *data, const struct block *block, struct error *e)
{
	struct listeners *l = data;
	int result = meter_add(l->meter, block);
	if (result == 0 && l->translation)
		result = translation_add(l->translation, block);
	return result < 0 ? error_errno(e, result, "the master's measurement") : 0;
}

int renditions_measure(struct scratch *scratch, uint32_t rate, uint64_t from, uint64_t frames,
	struct meter_reading *reading, struct translation_reading *translation, struct error *e)
{
	struct listeners l = {0};
	int result = meter_create(&l.meter, rate, BLOCK_CHANNELS, e);
	if (result == 0 && translation)
		result = translation_create(&l.translation, rate, BLOCK_CHANNELS, e);
	if (result == 0)
		result = read_part(scratch, from, frames, listen_to, &l, e);
	if (result == 0) {
		meter_read(l.meter, reading);
		if (translation)
			translation_read(l.translation, translation);
	}
	meter_destroy(l.meter);
	translation_destroy(l.translation);
	return result;
}

/* ---- a WAV file that is written before its turn ---- */

static char *temporary_of(const char *folder, const char *name, enum master_format format)
{
	char *file = memory_format("%s.%s.new", name, formats[format].ending);
	char *path = file_join(folder, file);
	free(file);
	return path;
}

void wav_draft_init(
	struct wav_draft *draft, const char *folder, const char *name, uint32_t bits, uint32_t rate)
{
	*draft = (struct wav_draft){
		.temporary = temporary_of(folder, name, MASTER_WAV), .bits = bits, .rate = rate};
}

static void drop_draft(struct wav_draft *draft)
{
	if (draft->file)
		unlink(draft->temporary);
	soundfile_close(draft->file);
	draft->file = NULL;
	draft->frames = 0;
}

/* It has room for what it will say, so that this can be put in later. */
int wav_draft_restart(void *data, struct error *e)
{
	struct wav_draft *draft = data;
	const struct soundfile_broadcast unknown = {NULL, NULL, NULL, NULL, NAN, NAN, NAN, NAN, NAN, 0};
	drop_draft(draft);
	return soundfile_create(
		&draft->file, draft->temporary, SOUNDFILE_WAV, draft->rate, draft->bits, &unknown, e);
}

int wav_draft_write(void *data, const struct block *block, struct error *e)
{
	struct wav_draft *draft = data;
	draft->frames += block->frames;
	return soundfile_write(draft->file, block, e);
}

void wav_draft_finish(struct wav_draft *draft)
{
	drop_draft(draft);
	free(draft->temporary);
	*draft = (struct wav_draft){0};
}

/* ---- one file ---- */

struct making {
	const struct renditions_job *job;
	const struct format *format;
	enum master_format which;
	struct rendition *rendition;
	char *temporary, *path;
	struct soundfile *file;
	double gain;
	uint64_t written; /* frames, at the file's rate */
};

static int write_file(void *data, const struct block *block, struct error *e)
{
	struct making *m = data;
	for (uint32_t c = 0; c < BLOCK_CHANNELS && m->gain != 1; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			block->channel[c][i] *= m->gain;
	m->written += block->frames;
	return soundfile_write(m->file, block, e);
}

static int convert_part(void *data, const struct block *block, struct error *e)
{
	return convert_write(data, block, e);
}

static int write_all(struct making *m, struct error *e)
{
	const struct renditions_job *job = m->job;
	if (m->rendition->rate == job->rate)
		return read_part(job->scratch, job->from, job->frames, write_file, m, e);
	struct convert *convert;
	struct convert_sink sink = {write_file, m};
	int result = convert_create(&convert, job->rate, m->rendition->rate, &sink, e);
	if (result < 0)
		return result;
	result = read_part(job->scratch, job->from, job->frames, convert_part, convert, e);
	if (result == 0)
		result = convert_end(convert, e);
	convert_destroy(convert);
	return result;
}

static bool is_drafted(const struct making *m)
{
	const struct wav_draft *draft = m->job->draft;
	return draft && draft->file && m->which == MASTER_WAV && draft->frames == m->job->frames;
}

static int take_draft(struct making *m, const struct soundfile_broadcast *broadcast, struct error *e)
{
	m->file = m->job->draft->file;
	m->job->draft->file = NULL;
	return soundfile_set_broadcast(m->file, broadcast, e);
}

static int write_new(struct making *m, const struct soundfile_broadcast *broadcast, struct error *e)
{
	m->written = 0;
	int result = soundfile_create(
		&m->file, m->temporary, m->format->kind, m->rendition->rate, m->job->bits, broadcast, e);
	return result == 0 ? write_all(m, e) : result;
}

static int encode(struct making *m, struct error *e)
{
	const struct renditions_job *job = m->job;
	const struct release *release = job->release;
	const struct soundfile_broadcast broadcast = {.title = release->title,
		.artist = release->artist,
		.date = release->date,
		.time = release->time,
		.lufs = job->reading.integrated_lufs,
		.lra_lu = job->reading.lra_lu,
		.dbtp = job->reading.true_peak_dbtp,
		.max_momentary_lufs = job->reading.max_momentary_lufs,
		.max_short_term_lufs = job->reading.max_short_term_lufs};
	m->gain = units_from_db(-m->rendition->lowered_db);
	int result = is_drafted(m) ? take_draft(m, &broadcast, e) : write_new(m, &broadcast, e);
	if (result < 0)
		soundfile_close(m->file);
	else
		result = soundfile_finish(m->file, e);
	m->file = NULL;
	return result;
}

static int decode(struct making *m, struct error *e)
{
	struct soundfile *file;
	struct meter *meter = NULL;
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES], *channels[] = {samples[0], samples[1]};
	uint64_t kept = 0;
	int result = soundfile_open(&file, m->temporary, e);
	if (result < 0)
		return result;
	result = meter_create(&meter, soundfile_format(file)->rate, BLOCK_CHANNELS, e);
	while (result >= 0) {
		int frames = soundfile_read(file, channels, BLOCK_FRAMES, e);
		if (frames <= 0) {
			result = frames;
			break;
		}
		struct block block = {BLOCK_CHANNELS, (uint32_t)frames, {samples[0], samples[1]}};
		kept += (uint64_t)frames;
		result = listen_to(&(struct listeners){meter, NULL}, &block, e);
	}
	/* A codec's library that had no memory for its last frames says nothing of it. */
	if (result == 0 && kept < m->written)
		result = error_set(e, EIO, "%s: %" PRIu64 " of its %" PRIu64 " frames are in the file",
			m->path, kept, m->written);
	if (result == 0)
		meter_read(meter, &m->rendition->reading);
	meter_destroy(meter);
	soundfile_close(file);
	return result;
}

/* Lower by what it was too high, until it is not. */
static int encode_below_full_scale(struct making *m, struct error *e)
{
	struct rendition *r = m->rendition;
	for (int i = 0; i < ATTEMPTS; i++) {
		int result = encode(m, e);
		if (result == 0)
			result = decode(m, e);
		if (result < 0 || r->reading.true_peak_dbtp <= 0)
			return result;
		r->lowered_db += r->reading.true_peak_dbtp + margin_db;
	}
	return error_set(e, ERANGE, "%s: passes full scale by %.2f dB however low it is made", m->path,
		r->reading.true_peak_dbtp);
}

static int describe(struct making *m, const struct metadata *metadata, struct error *e)
{
	switch (m->which) {
	case MASTER_FLAC:
		return metadata_write_flac(m->temporary, metadata, e);
	case MASTER_MP3:
		return metadata_write_mp3(m->temporary, metadata, e);
	case MASTER_VORBIS:
	case MASTER_OPUS:
		return metadata_write_ogg(m->temporary, metadata, e);
	default:
		return 0;
	}
}

static int write_flac(void *data, const struct block *block, struct error *e)
{
	return delivery_write(data, block, e);
}

static int make_flac(struct making *m, const struct release_tags *tags, struct error *e)
{
	const struct renditions_job *job = m->job;
	struct delivery delivery;
	m->rendition->reading = job->reading;
	const struct flac_format format = {job->rate, BLOCK_CHANNELS, job->bits};
	int result = delivery_open(&delivery, m->temporary, &format, tags->list, tags->count, e);
	if (result < 0)
		return result;
	result = read_part(job->scratch, job->from, job->frames, write_flac, &delivery, e);
	if (result == 0)
		result = delivery_publish(&delivery, e);
	delivery_close(&delivery);
	return result;
}

static int make_sound(struct making *m, struct error *e)
{
	struct release_tags tags = {0};
	int result = 0;
	if (m->which == MASTER_FLAC) {
		release_tags_make(&tags, m->job->release, &m->job->reading, m->job->rate, false);
		result = make_flac(m, &tags, e);
	} else if (m->format->lossy) {
		result = encode_below_full_scale(m, e);
	} else {
		m->rendition->reading = m->job->reading;
		result = encode(m, e);
	}
	release_tags_finish(&tags);
	return result;
}

static int add_metadata(struct making *m, struct error *e)
{
	const struct renditions_job *job = m->job;
	struct release_tags tags;
	release_tags_make(&tags, job->release, &m->rendition->reading, job->rate, m->which == MASTER_OPUS);
	struct metadata metadata = {.tags = tags.list,
		.tag_count = tags.count,
		.picture = job->release->cover.data ? &job->release->cover : NULL,
		.cues = job->release->cues,
		.cue_count = job->release->cue_count,
		.frames = job->frames};
	int result = describe(m, &metadata, e);
	release_tags_finish(&tags);
	return result;
}

static int make_one(struct renditions *renditions, const struct renditions_job *job, enum master_format which,
	struct error *e)
{
	struct rendition *rendition = &renditions->list[renditions->count++];
	const struct format *format = &formats[which];
	*rendition = (struct rendition){.file = memory_format("%s.%s", job->name, format->ending),
		.rate = which == MASTER_FLAC ? job->rate : soundfile_rate(format->kind, job->rate)};
	struct making m = {.job = job, .format = format, .which = which, .rendition = rendition};
	m.path = file_join(job->folder, rendition->file);
	m.temporary = temporary_of(job->folder, job->name, which);
	int result = make_sound(&m, e);
	if (result == 0)
		result = add_metadata(&m, e);
	if (result == 0)
		result = file_publish(m.temporary, m.path, e);
	if (result < 0)
		unlink(m.temporary);
	free(m.temporary);
	free(m.path);
	return result;
}

int renditions_make(struct renditions *renditions, const struct renditions_job *job, struct error *e)
{
	int result = 0;
	*renditions = (struct renditions){0};
	for (enum master_format which = 0; which < MASTER_FORMATS && result == 0; which++)
		if (job->formats & 1U << which)
			result = make_one(renditions, job, which, e);
	if (result < 0)
		renditions_finish(renditions);
	return result;
}

void renditions_finish(struct renditions *renditions)
{
	for (size_t i = 0; i < renditions->count; i++)
		free(renditions->list[i].file);
	*renditions = (struct renditions){0};
}
