/* One track being recorded: samples from the tape (or silence) into a FLAC file, with the figures that the
 * manifest wants. Where the disk fails under a file, that one ends and the track goes on in another one,
 * beginning with the first frame that is not known to be safe, as far as the tape still has it. Used by the
 * interface's writer thread alone. */
#ifndef WOODSHED_RECORDER_TRACK_H
#define WOODSHED_RECORDER_TRACK_H

#include "audio/flac.h"
#include "recorder/spans.h"
#include "recorder/syncer.h"
#include "recorder/tape.h"

#include <stdbool.h>

enum { TRACK_CHANNELS = 2, TRACK_TEXT = 400 };

struct track_plan {
	int index; /* in the manifest, from 1 */
	char *name;
	char *path;			  /* of the first file, ending in ".flac" */
	uint32_t channel[TRACK_CHANNELS]; /* on the tape */
	uint32_t channels;		  /* 1 or 2 */
	uint32_t rate;
	uint32_t bits;
};

/* What is known when the track is closed. */
struct track_result {
	uint64_t frames;	/* of the take, that the track stands for */
	double peak_dbfs, lufs; /* -INFINITY where there was only silence */
	uint64_t clipped;	/* samples at full scale */
	float *energy; /* of `windows` windows (recorder/loudness.h); who reads the result frees it */
	size_t windows;
	char error[TRACK_TEXT]; /* why frames were lost to the disk; empty: none were */
};

/* What the disk did to a track. */
enum track_trouble_kind {
	TRACK_GOES_ON,	/* in file `number`, from `frame` of the take on */
	TRACK_LOST,	/* `frames` from `frame` on are in no file, or in one that may not keep them */
	TRACK_FULL,	/* the disk has no more room; the track waits for some until it is closed */
	TRACK_GIVEN_UP, /* the disk takes nothing any more */
};

struct track_trouble {
	enum track_trouble_kind kind;
	int track; /* its index */
	int number;
	uint64_t frame, frames;
	bool unsafe;	       /* the last sync of the file before failed */
	char text[TRACK_TEXT]; /* for people; empty with TRACK_LOST */
};

struct track;

/* Where a track's samples come from, and whom it tells. */
struct track_room {
	const struct tape *tape;
	const struct spans *spans; /* of all that the tracks were given */
	struct syncer *syncer;
	void (*on_trouble)(void *data, const struct track_trouble *trouble);
	void *data;
};

/* Opens the file and hands it to the syncer. One that cannot be had is trouble as a later failure is.
 * `room` must outlive the track. */
struct track *track_open(const struct track_plan *plan, const struct track_room *room);

/* `frames` of the track's channels, as floats, to the integers that its file takes; notes peaks and clips. */
void track_quantise(struct track *track, const float *const *in, int32_t *const *out, size_t frames);

/* The file that takes them; NULL: none at the moment. */
struct flac_writer *track_writer(const struct track *track);

/* The file took no more (its errno: `failure`), and `e` says why. */
void track_fail(struct track *track, int failure, const struct error *e);

/* To be called now and then: ends a file that could not be synced, and begins the next one when its time has
 * come, with what the track was given before (the spans are complete then). */
void track_look(struct track *track);

/* All before this frame is safe on the disk; UINT64_MAX: there is no file at the moment, which is told. */
uint64_t track_safe(const struct track *track);

/* Gives the kernel what is encoded. */
void track_flush(struct track *track);

/* Closes the file whole and synced, in another one where need be; tells what was recorded, frees the track.
 */
void track_close(struct track *track, struct track_result *result);

#endif
