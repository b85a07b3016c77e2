#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/songs.h"
#include "recorder/transport.h"
#include "takes/edit.h"
#include "takes/take.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void note_error(struct manifest *manifest, const char *text)
{
	if (!manifest->error)
		manifest->error = memory_text(text);
}

/* What the writers found out, into the manifest. */
static void collect(struct transport *transport)
{
	struct manifest *manifest = &transport->manifest;
	if (transport->trouble)
		note_error(manifest, transport->trouble);
	for (size_t i = 0; i < transport->count; i++) {
		const struct take_part *part = &transport->parts[i];
		manifest->interfaces[i].frames = part->captured;
		manifest->interfaces[i].ppm = part->ppm;
		if (part->frames > manifest->frames)
			manifest->frames = part->frames;
		for (size_t k = 0; k < part->count; k++) {
			struct take_track *track = &manifest->tracks[part->plans[k].index - 1];
			track->frames = part->results[k].frames;
			track->peak_dbfs = part->results[k].peak_dbfs;
			track->lufs = part->results[k].lufs;
			track->clipped = part->results[k].clipped;
			if (part->results[k].error[0])
				note_error(manifest, part->results[k].error);
		}
	}
}

/* The tracks' energies, summed window by window; the caller's to free. */
static float *sum_energies(const struct transport *transport, size_t *windows)
{
	float *sum = NULL;
	size_t longest = 0;
	for (size_t i = 0; i < transport->count; i++) {
		const struct take_part *part = &transport->parts[i];
		for (size_t k = 0; k < part->count; k++) {
			const struct track_result *track = &part->results[k];
			if (track->windows > longest) {
				sum = memory_grow(sum, track->windows, sizeof(*sum));
				memset(sum + longest, 0, (track->windows - longest) * sizeof(*sum));
				longest = track->windows;
			}
			for (size_t w = 0; sum && w < track->windows; w++)
				sum[w] += track->energy[w];
		}
	}
	*windows = longest;
	return sum;
}

static int by_frame(const void *a, const void *b)
{
	const struct take_marker *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

/* Sections that a click was to lead through and that the take ended before. */
static void drop_unplayed(struct manifest *manifest)
{
	size_t kept = 0;
	for (size_t i = 0; i < manifest->marker_count; i++) {
		struct take_marker *marker = &manifest->markers[i];
		if (marker->kind == MARKER_SECTION && marker->frame >= manifest->frames)
			free(marker->label);
		else
			manifest->markers[kept++] = *marker;
	}
	manifest->marker_count = kept;
}

/* Two markers a song, where it starts and where it ends. */
static void mark_songs(struct transport *transport)
{
	size_t windows;
	float *energy = sum_energies(transport, &windows);
	struct song_span *songs;
	size_t count = songs_find(energy, windows, &transport->songs, &songs);
	double window_frames = SONGS_WINDOW_S * transport->manifest.rate;
	for (size_t i = 0; i < count; i++) {
		uint64_t first = (uint64_t)llround((double)songs[i].first * window_frames);
		uint64_t end = (uint64_t)llround((double)songs[i].end * window_frames);
		transport_add_marker(
			&transport->manifest, first, memory_format("song %zu", i + 1), MARKER_SONG);
		transport_add_marker(
			&transport->manifest, end, memory_format("song %zu end", i + 1), MARKER_SONG);
	}
	free(songs);
	free(energy);
	drop_unplayed(&transport->manifest);
	if (transport->manifest.marker_count > 0)
		qsort(transport->manifest.markers, transport->manifest.marker_count,
			sizeof(struct take_marker), by_frame);
}

static void unlock(struct transport *transport)
{
	if (transport->lock >= 0)
		close(transport->lock);
	transport->lock = -1;
}

static void on_hashed(void *data)
{
	struct transport *transport = data;
	transport_release(transport);
	recorder_on_closed(transport->recorder, transport);
}

static void hash_track(struct manifest *manifest, struct take_track *track, const char *folder)
{
	for (size_t i = 0; i < take_track_files(track); i++) {
		const struct take_segment segment = take_track_segment(track, i);
		struct error e;
		if (segment.unsafe) /* what is read now may not be there tomorrow */
			continue;
		char *path = file_join(folder, segment.file);
		bool needed = take_track_segment_end(track, i, UINT64_MAX) > segment.frame;
		int result = hash_file(path, take_track_hash(track, i), &e);
		if (result < 0 && (needed || result != -ENOENT))
			note_error(manifest, e.text);
		free(path);
	}
}

/* On a thread of its own, so that hashing an hour of music holds up neither the next take's syncs nor anyone
 * else. The manifest is this thread's until on_hashed. */
static void *hash_files(void *data)
{
	struct transport *transport = data;
	struct manifest *manifest = &transport->manifest;
	struct error e;
	char *reserve = file_join(transport->folder, TAKE_RESERVE);
	unlink(reserve);
	free(reserve);
	for (size_t i = 0; i < manifest->track_count; i++)
		hash_track(manifest, &manifest->tracks[i], transport->folder);
	mark_songs(transport);
	manifest->state = manifest->error && manifest->frames == 0 ? TAKE_FAILED : TAKE_RECORDED;
	if (take_save(manifest, transport->folder, &e) < 0) {
		log_error("%s", e.text);
		note_error(manifest, e.text);
		manifest->state = TAKE_FAILED; /* on the disk it is one to be recovered */
	}
	unlock(transport); /* for the render that comes next */
	loop_post(transport->loop, on_hashed, transport, NULL);
	return NULL;
}

static void hash_on_syncer(void *data)
{
	hash_files(data);
}

void transport_close(struct transport *transport)
{
	collect(transport);
	transport->hashing = pthread_create(&transport->hasher, NULL, hash_files, transport) == 0;
	if (transport->hashing)
		pthread_setname_np(transport->hasher, "checksums");
	else
		syncer_post(transport->syncer, hash_on_syncer, transport);
}

void transport_release(struct transport *transport)
{
	if (transport->hashing)
		pthread_join(transport->hasher, NULL);
	transport->hashing = false;
	unlock(transport);
}
