#include "takes/mend.h"

#include "audio/flac-mend.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/clock-log.h"
#include "takes/edit.h"
#include "takes/take.h"

/* libebur128 names an enum as we name a struct. */
#define error ebur128_error
#include <ebur128.h>
#undef error

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No power cut spoils more than this: it is damage of another kind, and the file is kept as it is beside the
 * one that takes its place. */
enum { MOST_TORN_S = 10, USUAL_BITS = 24, MOST_CHANNELS = 2 };

/* What is measured while a track is decoded, as the recorder would have. */
struct figures {
	const _Atomic bool *stop;
	uint64_t left; /* frames to hear: not the silence that a recovery before this one added */
	uint32_t channels, bits;
	uint64_t clipped;
	int64_t peak;
	ebur128_state *loudness; /* NULL: none */
};

struct piece {
	char *path;
	struct flac_survey survey;
};

/* One track: its files, one after the other. */
struct mending {
	struct take_track *track;
	struct piece *pieces;
	size_t count;
	uint64_t frames; /* sound */
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

/* Segments that the manifest had no time to name. */
static void find_segments(struct take_track *track, const char *folder)
{
	for (int segment = (int)track->file_count + 1;; segment++) {
		char *name = take_raw_name(track->index, track->name, segment);
		char *path = file_join(folder, name);
		bool there = access(path, F_OK) == 0;
		free(path);
		if (!there) {
			free(name);
			return;
		}
		track->files = memory_grow(track->files, track->file_count + 1, sizeof(*track->files));
		track->files[track->file_count++] = name;
	}
}

static int survey_track(struct mending *mending, const char *folder, uint32_t rate, struct error *e)
{
	struct take_track *track = mending->track;
	int result = 0;
	find_segments(track, folder);
	mending->pieces = memory_array(track->file_count, sizeof(*mending->pieces));
	for (size_t i = 0; i < track->file_count && result == 0; i++) {
		struct piece *piece = &mending->pieces[mending->count++];
		piece->path = file_join(folder, track->files[i]);
		result = survey_piece(mending, piece, rate, e);
		mending->frames += piece->survey.frames;
	}
	return result;
}

static void finish_track(struct mending *mending)
{
	for (size_t i = 0; i < mending->count; i++) {
		flac_survey_finish(&mending->pieces[i].survey);
		free(mending->pieces[i].path);
	}
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
	struct flac_tag tag = {"TITLE", title};
	if (piece->survey.format.rate == 0)
		piece->survey.format = *like;
	int result = keep_damaged(piece, e);
	return result < 0 ? result : flac_mend(piece->path, &piece->survey, frames, &tag, 1, e);
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
	if (result == 0)
		result = hash_file(mending->pieces[0].path, &track->hash, e);
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

static bool plays_into(const struct take_interface *interface, const struct take_track *track)
{
	size_t length = strlen(interface->name);
	for (size_t i = 0; i < track->input_count; i++)
		if (strncmp(track->inputs[i], interface->name, length) == 0 &&
			track->inputs[i][length] == '/')
			return true;
	return false;
}

/* Gaps past the end are gone with it. */
static void trim_gaps(struct take_interface *interface, uint64_t frames)
{
	size_t kept = 0;
	uint64_t silent = 0;
	for (size_t i = 0; i < interface->gap_count; i++) {
		struct take_gap gap = interface->gaps[i];
		if (gap.frame >= frames)
			continue;
		if (gap.frames > frames - gap.frame)
			gap.frames = frames - gap.frame;
		silent += gap.frames;
		interface->gaps[kept++] = gap;
	}
	/* Where those lie that are not listed, nobody knows: after the last that is, and so at the end. */
	if (kept < interface->gap_count)
		interface->gaps_more = interface->gap_frames_more = 0;
	interface->gap_count = kept;
	silent += interface->gap_frames_more;
	interface->frames = frames > silent ? frames - silent : 0;
}

/* The recorder would have told it at the take's end. */
static void tell_ppm(struct take_interface *interface, uint32_t rate, const char *folder)
{
	struct clock_point *points;
	size_t count;
	struct error e;
	if (!interface->clock_log)
		return;
	char *path = file_join(folder, interface->clock_log);
	if (clock_log_load(path, &points, &count, &e) == 0) {
		interface->ppm = timebase_ppm(points, count, rate);
		free(points);
	}
	free(path);
}

static void tell_interfaces(struct manifest *take, const char *folder)
{
	for (size_t i = 0; i < take->interface_count; i++) {
		uint64_t longest = 0;
		for (size_t k = 0; k < take->track_count; k++) {
			const struct take_track *track = &take->tracks[k];
			uint64_t frames = track->frames - track->padded;
			if (plays_into(&take->interfaces[i], track) && frames > longest)
				longest = frames;
		}
		trim_gaps(&take->interfaces[i], longest);
		tell_ppm(&take->interfaces[i], take->rate, folder);
	}
}

static void trim_markers(struct manifest *take)
{
	size_t kept = 0;
	for (size_t i = 0; i < take->marker_count; i++) {
		if (take->markers[i].frame < take->frames)
			take->markers[kept++] = take->markers[i];
		else
			free(take->markers[i].label);
	}
	take->marker_count = kept;
	if (take->pre_roll_frames > take->frames)
		take->pre_roll_frames = take->frames;
}

/* What a person should know. */
static void tell_losses(struct manifest *take)
{
	free(take->error);
	take->error = NULL;
	if (take->frames == 0) {
		take->error = memory_text("it was cut off before anything of it was on the disk");
		return;
	}
	for (size_t i = 0; i < take->track_count && !take->error; i++)
		if (take->tracks[i].padded == take->frames)
			take->error = memory_format("%s: nothing of it was on the disk, so it is silent",
				take->tracks[i].files[0]);
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
	tell_interfaces(take, folder);
	trim_markers(take);
	tell_losses(take);
	return result;
}

int mend_take(struct manifest *take, const char *folder, const _Atomic bool *stop, struct error *e)
{
	struct mending *mendings = memory_array(take->track_count, sizeof(*mendings));
	int result = 0;
	for (size_t i = 0; i < take->track_count && result == 0; i++) {
		mendings[i].track = &take->tracks[i];
		mendings[i].figures.stop = stop;
		mendings[i].figures.left =
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
