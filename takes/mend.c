#include "takes/mend.h"

#include "audio/flac-mend.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/edit.h"
#include "takes/take.h"

/* libebur128 names an enum as we name a struct. */
#define error ebur128_error
#include <ebur128.h>
#undef error

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No power cut spoils more than this: it is damage of another kind, and the file is kept as it is beside the
 * one that takes its place. */
enum { MOST_TORN_S = 10, USUAL_BITS = 24, MOST_CHANNELS = 2 };

/* What is measured while a track is decoded, as the recorder would have. */
struct figures {
	const _Atomic bool *stop;
	uint64_t left; /* frames to hear: neither what another file is in force for, nor the silence that a
			  recovery before this one added */
	uint32_t channels, bits;
	uint64_t clipped;
	int64_t peak;
	ebur128_state *loudness; /* NULL: none */
};

struct piece {
	char *path;
	uint64_t frame; /* of the take, at which it is in force */
	struct flac_survey survey;
};

/* One track: its files, one after the other. */
struct mending {
	struct take_track *track;
	struct piece *pieces; /* one a file of the track */
	size_t count;
	uint64_t sound;	 /* end of what a recovery before this one did not add; UINT64_MAX: there was none */
	uint64_t frames; /* of the take, that the track reaches to */
	struct figures figures;
};

/* ---- what is there ---- */

static bool hear(void *data, const int32_t *const *channels, size_t frames)
{
	struct figures *figures = data;
	int most = (1 << (figures->bits - 1)) - 1;
	int interleaved[FLAC_BLOCK * MOST_CHANNELS];
	frames = frames < figures->left ? frames : (size_t)figures->left;
	figures->left -= frames;
	for (size_t i = 0; i < frames; i++) {
		for (uint32_t c = 0; c < figures->channels; c++) {
			int sample = channels[c][i];
			int64_t magnitude = sample < 0 ? -(int64_t)sample : sample;
			figures->peak = magnitude > figures->peak ? magnitude : figures->peak;
			figures->clipped += magnitude >= most;
			interleaved[i * figures->channels + c] = sample * (1 << (32 - figures->bits));
		}
	}
	if (figures->loudness)
		ebur128_add_frames_int(figures->loudness, interleaved, frames);
	return !figures->stop || !atomic_load(figures->stop);
}

/* A file that is not there, empty, or without a sound header has nothing sound. */
static int survey_piece(struct mending *mending, struct piece *piece, uint32_t rate, struct error *e)
{
	struct figures *figures = &mending->figures;
	struct flac_reader *reader;
	int result = flac_reader_open_recording(&reader, piece->path, e);
	if (result == 0) {
		const struct flac_format format = *flac_reader_format(reader);
		figures->bits = format.bits;
		figures->channels = format.channels;
		flac_reader_close(reader);
		if (format.channels > MOST_CHANNELS)
			return error_set(e, ENOTSUP, "%s: more than two channels", piece->path);
		if (!figures->loudness)
			figures->loudness = ebur128_init(figures->channels, rate, EBUR128_MODE_I);
		return flac_survey(&piece->survey, piece->path, hear, figures, e);
	}
	if (result != -ENOENT && result != -EBADMSG)
		return result;
	log_warning("%s", e->text);
	/* For its size. */
	result = flac_survey(&piece->survey, piece->path, NULL, NULL, e);
	return result == -ENOENT || result == -EBADMSG ? 0 : result;
}

/* ---- segments ---- */

static bool is_named(const struct take_track *track, const char *file)
{
	for (size_t i = 0; i < take_track_files(track); i++)
		if (strcmp(take_track_segment(track, i).file, file) == 0)
			return true;
	return false;
}

/* Segments that the manifest had no time to name; each says in itself where it belongs. */
static void find_segments(struct take_track *track, const char *folder)
{
	bool there = true;
	for (int segment = 2; there; segment++) {
		char *name = take_raw_name(track->index, track->name, segment), frame[32];
		char *path = file_join(folder, name);
		bool named = is_named(track, name);
		there = access(path, F_OK) == 0;
		if (there && !named && flac_read_tag(path, TAKE_SEGMENT_TAG, frame, sizeof(frame)))
			take_track_add_segment(track, strtoull(frame, NULL, 10), memory_text(name));
		there = there || named;
		free(path);
		free(name);
	}
}

static uint64_t end_of(const struct piece *piece)
{
	return piece->frame + piece->survey.frames;
}

static void finish_piece(struct piece *piece)
{
	flac_survey_finish(&piece->survey);
	free(piece->path);
}

/* A segment of which nothing reached the disk takes nothing away from the file before it. */
static void drop_segments(struct mending *mending)
{
	struct take_track *track = mending->track;
	size_t kept = 1;
	for (size_t i = 1; i < mending->count; i++) {
		struct piece *piece = &mending->pieces[i];
		if (end_of(piece) > end_of(&mending->pieces[kept - 1])) {
			mending->pieces[kept] = *piece;
			track->segments[kept++ - 1] = track->segments[i - 1];
			continue;
		}
		log_warning("%s: nothing that the file before it has not; left out", piece->path);
		free(track->segments[i - 1].file);
		finish_piece(piece);
	}
	mending->count = kept;
	track->segment_count = kept - 1;
	mending->frames = end_of(&mending->pieces[kept - 1]);
}

/* What no file holds between two of them. */
static void tell_holes(struct mending *mending)
{
	struct take_track *track = mending->track;
	track->gap_count = 0;
	for (size_t i = 0; i + 1 < mending->count; i++) {
		uint64_t end = end_of(&mending->pieces[i]), next = mending->pieces[i + 1].frame;
		if (end < next)
			take_track_add_gap(track, end, next - end);
	}
}

static int survey_track(struct mending *mending, const char *folder, uint32_t rate, struct error *e)
{
	struct take_track *track = mending->track;
	int result = 0;
	find_segments(track, folder);
	mending->pieces = memory_array(take_track_files(track), sizeof(*mending->pieces));
	for (size_t i = 0; i < take_track_files(track) && result == 0; i++) {
		const struct take_segment segment = take_track_segment(track, i);
		struct piece *piece = &mending->pieces[mending->count++];
		uint64_t end = take_track_segment_end(track, i, UINT64_MAX);
		end = end < mending->sound ? end : mending->sound;
		piece->path = file_join(folder, segment.file);
		piece->frame = segment.frame;
		mending->figures.left = end > segment.frame ? end - segment.frame : 0;
		result = survey_piece(mending, piece, rate, e);
	}
	if (result == 0) {
		drop_segments(mending);
		tell_holes(mending);
	}
	return result;
}

static void finish_track(struct mending *mending)
{
	for (size_t i = 0; i < mending->count; i++)
		finish_piece(&mending->pieces[i]);
	free(mending->pieces);
	if (mending->figures.loudness)
		ebur128_destroy(&mending->figures.loudness);
}

/* ---- making it whole ---- */

/* What cannot be a torn tail stays, under another name. */
static int keep_damaged(struct piece *piece, struct error *e)
{
	struct flac_survey *survey = &piece->survey;
	const struct flac_format *format = &survey->format;
	uint64_t most = (uint64_t)MOST_TORN_S * format->rate * format->channels * (format->bits / 8);
	if (survey->file_bytes - survey->whole_bytes <= most)
		return 0;
	int result = -EEXIST;
	for (int n = 1; n < 100 && result == -EEXIST; n++) {
		char *name = memory_format("%s.damaged-%d", piece->path, n);
		result = link(piece->path, name) < 0 ? -errno : 0;
		if (result == 0)
			log_error("%s: damaged at %.1f s; kept as %s", piece->path,
				(double)survey->frames / format->rate, name);
		free(name);
	}
	survey->apart = true;
	return result < 0 ? error_errno(e, result, "%s: cannot be kept", piece->path) : 0;
}

static int mend_piece(struct piece *piece, const struct flac_format *like, const char *title, uint64_t frames,
	struct error *e)
{
	char frame[32];
	snprintf(frame, sizeof(frame), "%" PRIu64, piece->frame);
	const struct flac_tag tags[] = {{"TITLE", title}, {TAKE_SEGMENT_TAG, frame}};
	size_t tag_count = piece->frame > 0 ? 2 : 1;
	if (piece->survey.format.rate == 0)
		piece->survey.format = *like;
	int result = keep_damaged(piece, e);
	return result < 0 ? result : flac_mend(piece->path, &piece->survey, frames, tags, tag_count, e);
}

static int mend_track(
	struct mending *mending, const struct flac_format *like, uint64_t frames, struct error *e)
{
	struct take_track *track = mending->track;
	struct flac_format format = *like;
	int result = 0;
	if (track->input_count > 0)
		format.channels = (uint32_t)track->input_count;
	for (size_t i = 0; i < mending->count && result == 0; i++) {
		struct piece *piece = &mending->pieces[i];
		bool last = i + 1 == mending->count;
		uint64_t missing = last ? frames - mending->frames : 0;
		result = mend_piece(piece, &format, track->name, piece->survey.frames + missing, e);
	}
	if (result == 0)
		result = file_sync_folder_of(mending->pieces[0].path, e);
	for (size_t i = 0; i < mending->count && result == 0; i++)
		result = hash_file(mending->pieces[i].path, take_track_hash(track, i), e);
	return result;
}

/* ---- what the manifest says of it ---- */

static void tell_track(struct mending *mending, uint64_t frames)
{
	const struct figures *figures = &mending->figures;
	struct take_track *track = mending->track;
	double full = figures->bits ? (double)(1U << (figures->bits - 1)) : 1;
	double lufs = -INFINITY;
	if (figures->loudness && ebur128_loudness_global(figures->loudness, &lufs) != EBUR128_SUCCESS)
		lufs = -INFINITY;
	track->frames = frames;
	track->peak_dbfs = 20 * log10((double)figures->peak / full);
	track->lufs = lufs;
	track->clipped = figures->clipped;
}

/* The longest track says how long the take is: what one has, no other's loss takes from it. True if a track
 * will be padded by more than the manifest says. */
static bool decide_length(struct manifest *take, const struct mending *mendings)
{
	bool news = false;
	take->frames = 0;
	for (size_t i = 0; i < take->track_count; i++)
		take->frames = mendings[i].frames > take->frames ? mendings[i].frames : take->frames;
	for (size_t i = 0; i < take->track_count; i++) {
		uint64_t missing = take->frames - mendings[i].frames;
		news = news || missing > take->tracks[i].padded;
		if (missing > take->tracks[i].padded)
			take->tracks[i].padded = missing;
	}
	return news;
}

static int mend_all(struct manifest *take, const char *folder, struct mending *mendings, struct error *e)
{
	struct flac_format like = {.rate = take->rate, .channels = 1, .bits = USUAL_BITS};
	for (size_t i = 0; i < take->track_count; i++)
		if (mendings[i].figures.bits)
			like.bits = mendings[i].figures.bits;
	int result = decide_length(take, mendings) ? take_save(take, folder, e) : 0;
	for (size_t i = 0; i < take->track_count && result == 0; i++) {
		result = mend_track(&mendings[i], &like, take->frames, e);
		tell_track(&mendings[i], take->frames);
	}
	mend_tell(take, folder);
	return result;
}

int mend_take(struct manifest *take, const char *folder, const _Atomic bool *stop, struct error *e)
{
	struct mending *mendings = memory_array(take->track_count, sizeof(*mendings));
	int result = 0;
	for (size_t i = 0; i < take->track_count && result == 0; i++) {
		mendings[i].track = &take->tracks[i];
		mendings[i].figures.stop = stop;
		mendings[i].sound =
			take->tracks[i].padded ? take->frames - take->tracks[i].padded : UINT64_MAX;
		result = survey_track(&mendings[i], folder, take->rate, e);
	}
	if (result == 0)
		result = mend_all(take, folder, mendings, e);
	for (size_t i = 0; i < take->track_count; i++)
		finish_track(&mendings[i]);
	free(mendings);
	return result;
}
