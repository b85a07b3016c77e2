/* One track being recorded into a FLAC file, with the figures that the manifest wants. Used by the
 * interface's writer thread alone. */
#ifndef WOODSHED_RECORDER_TRACK_H
#define WOODSHED_RECORDER_TRACK_H

#include "audio/flac.h"
#include "recorder/syncer.h"

enum { TRACK_CHANNELS = 2 };

struct track_plan {
	int index; /* in the manifest, from 1 */
	char *name;
	char *path;			  /* of the file */
	uint32_t channel[TRACK_CHANNELS]; /* on the tape */
	uint32_t channels;		  /* 1 or 2 */
	uint32_t rate;
	uint32_t bits;
};

/* What is known when the track is closed. */
struct track_result {
	uint64_t frames;	/* that the file holds */
	double peak_dbfs, lufs; /* -INFINITY where there was only silence */
	uint64_t clipped;	/* samples at full scale */
	float *energy; /* of `windows` windows (recorder/loudness.h); who reads the result frees it */
	size_t windows;
	char error[256]; /* empty: none */
};

struct track;

/* Opens the file and hands it to the syncer. A file that cannot be had is said in the result at the end: the
 * other tracks go on. */
struct track *track_open(const struct track_plan *plan, struct syncer *syncer);

/* `frames` of the track's channels, as floats, to the integers that its file takes; notes peaks and clips. */
void track_quantise(struct track *track, const float *const *in, int32_t *const *out, size_t frames);

/* The file that takes them; NULL: none any more. */
struct flac_writer *track_file(const struct track *track);

/* The file took no more, and `e` says why: it is closed as far as it goes. */
void track_fail(struct track *track, const struct error *e);

/* Gives the kernel what is encoded. */
void track_flush(struct track *track);

/* Closes the file whole and synced, tells what was recorded, frees the track. Loudness and energy are left to
 * whoever hears all tracks (recorder/tracks.h). */
void track_close(struct track *track, struct track_result *result);

#endif
