#include "takes/verify.h"

#include "audio/flac.h"
#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOCK_FRAMES = 4096, CHANNELS_MOST = 8 };

struct checks {
	const char *folder;
	const struct manifest *take;
	verify_fn report;
	void *data;
	int faults;
};

static void tell(struct checks *checks, const char *file, const char *fault)
{
	struct verification verification = {.file = file, .fault = fault};
	checks->faults += fault != NULL;
	checks->report(checks->data, &verification);
}

/* ---- one file ---- */

static int check_size(const char *path, uint64_t bytes, struct error *e)
{
	struct stat status;
	if (stat(path, &status) < 0)
		return errno == ENOENT ? error_set(e, ENOENT, "missing")
				       : error_errno(e, errno, "unreadable");
	if (!S_ISREG(status.st_mode))
		return error_set(e, EINVAL, "no plain file");
	if ((uint64_t)status.st_size != bytes)
		return error_set(
			e, EBADMSG, "%" PRIu64 " bytes, not %" PRIu64, (uint64_t)status.st_size, bytes);
	return 0;
}

static int check_hash(const char *path, const struct hash *hash, struct error *e)
{
	struct hash found;
	if (hash->sha256[0] == '\0' || hash->crc32[0] == '\0')
		return error_set(e, ENODATA, "the manifest has no checksum of it");
	int result = check_size(path, hash->bytes, e);
	if (result == 0)
		result = hash_file(path, &found, e);
	if (result < 0)
		return result;
	if (strcmp(found.sha256, hash->sha256) != 0)
		return error_set(e, EBADMSG, "its SHA-256 is %s, not %s", found.sha256, hash->sha256);
	if (strcmp(found.crc32, hash->crc32) != 0)
		return error_set(e, EBADMSG, "its CRC-32 is %s, not %s", found.crc32, hash->crc32);
	return 0;
}

static int decode_to_end(struct flac_reader *reader, uint64_t *frames, struct error *e)
{
	uint32_t channels = flac_reader_format(reader)->channels;
	int32_t *planes[CHANNELS_MOST];
	int32_t *samples = memory_array((size_t)channels * BLOCK_FRAMES, sizeof(*samples));
	for (uint32_t c = 0; c < channels; c++)
		planes[c] = samples + c * BLOCK_FRAMES;
	int n;
	*frames = 0;
	while ((n = flac_reader_read(reader, planes, BLOCK_FRAMES, e)) > 0)
		*frames += (uint64_t)n;
	free(samples);
	return n;
}

/* `counted`: the file must say how long it is. */
static int check_flac(const char *path, uint32_t rate, bool counted, uint64_t *frames, struct error *e)
{
	struct flac_reader *reader;
	int result = flac_reader_open(&reader, path, e);
	if (result < 0)
		return result;
	result = decode_to_end(reader, frames, e);
	const struct flac_format *format = flac_reader_format(reader);
	if (result == 0 && format->rate != rate)
		result = error_set(e, EBADMSG, "its rate is %u Hz, not %u", format->rate, rate);
	else if (result == 0 && (counted || flac_reader_frames(reader) > 0) &&
		 flac_reader_frames(reader) != *frames)
		result = error_set(e, EBADMSG, "it says it has %" PRIu64 " frames, and has %" PRIu64,
			flac_reader_frames(reader), *frames);
	flac_reader_close(reader);
	return result;
}

/* ---- what a take is made of ---- */

/* What no file holds is silence that the track's gaps tell of. */
static bool is_told(const struct take_track *track, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < track->gap_count; i++)
		if (track->gaps[i].frame <= from && track->gaps[i].frame + track->gaps[i].frames >= to)
			return true;
	return false;
}

/* A disk that failed under a file may not even have let it say how long it is. Damage past the frame at which
 * the next file takes over is told, too: a disk that spoils what nobody needs will not stop there. */
static int check_segment(
	const struct checks *checks, const struct take_track *track, size_t index, struct error *e)
{
	const struct take_segment segment = take_track_segment(track, index);
	uint64_t wanted = take_track_segment_end(track, index, checks->take->frames) - segment.frame;
	bool last = index == track->segment_count;
	uint64_t frames = 0;
	char *path = file_join(checks->folder, segment.file);
	bool unsafe = !last && segment.hash.sha256[0] == '\0';
	int result = unsafe ? 0 : check_hash(path, &segment.hash, e);
	if (result == 0)
		result = check_flac(path, checks->take->rate, last, &frames, e);
	/* Its last sync failed: it need only hold what it is in force for. */
	if (unsafe && result == -EBADMSG)
		result = 0;
	free(path);
	if (result < 0)
		return wanted > 0 ? result : 0;
	if (last && track->frames != checks->take->frames)
		return error_set(e, EBADMSG, "the track has %" PRIu64 " frames, and the take %" PRIu64,
			track->frames, checks->take->frames);
	if ((last && frames > wanted) ||
		(frames < wanted && !is_told(track, segment.frame + frames, segment.frame + wanted)))
		return error_set(e, EBADMSG, "%" PRIu64 " frames, not %" PRIu64, frames, wanted);
	return 0;
}

static void check_track(struct checks *checks, const struct take_track *track)
{
	for (size_t i = 0; i < take_track_files(track); i++) {
		struct error e;
		int result = check_segment(checks, track, i, &e);
		tell(checks, take_track_segment(track, i).file, result < 0 ? e.text : NULL);
	}
}

static bool ends_in(const char *text, const char *ending)
{
	size_t length = strlen(text), rest = strlen(ending);
	return length >= rest && strcmp(text + length - rest, ending) == 0;
}

/* A render may have another rate than the take, so only what is within it must agree. */
static int check_render(const char *path, const struct take_render *render, struct error *e)
{
	int result = check_hash(path, &render->hash, e);
	if (result < 0 || !ends_in(path, ".flac"))
		return result;
	struct flac_reader *reader;
	uint64_t frames;
	result = flac_reader_open(&reader, path, e);
	if (result < 0)
		return result;
	uint32_t rate = flac_reader_format(reader)->rate;
	flac_reader_close(reader);
	return check_flac(path, rate, true, &frames, e);
}

static void check_renders(struct checks *checks)
{
	for (size_t i = 0; i < checks->take->render_count; i++) {
		const struct take_render *render = &checks->take->renders[i];
		if (checks->take->state == TAKE_RENDERING) {
			checks->report(checks->data,
				&(struct verification){.file = render->file, .unchecked = true});
			continue;
		}
		struct error e;
		char *path = file_join(checks->folder, render->file);
		int result = check_render(path, render, &e);
		tell(checks, render->file, result < 0 ? e.text : NULL);
		free(path);
	}
}

static void check_presets(struct checks *checks)
{
	for (size_t i = 0; i < checks->take->preset_count; i++) {
		const struct take_preset *preset = &checks->take->presets[i];
		struct error e;
		char *path = file_join(checks->folder, preset->file);
		int result = check_hash(path, &preset->hash, &e);
		tell(checks, preset->file, result < 0 ? e.text : NULL);
		free(path);
	}
}

int verify_take(const char *folder, verify_fn report, void *data, struct error *e)
{
	struct manifest take;
	struct checks checks = {.folder = folder, .take = &take, .report = report, .data = data};
	int result = manifest_load(&take, folder, e);
	if (result < 0)
		return result;
	if (take.state == TAKE_RECORDING) {
		result = error_set(e, EBUSY,
			"%s is being recorded, or was cut off: `woodshed recover` makes it whole first",
			take.id);
	} else {
		for (size_t i = 0; i < take.track_count; i++)
			check_track(&checks, &take.tracks[i]);
		check_renders(&checks);
		check_presets(&checks);
		result = checks.faults;
	}
	manifest_finish(&take);
	return result;
}
