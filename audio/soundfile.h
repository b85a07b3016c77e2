/* Sound files of other people's and for other people's, through libsndfile: WAV, RF64, AIFF, FLAC, Vorbis,
 * Opus, MP3. Any one thread at a time; blocks on the disk. */
#ifndef WOODSHED_AUDIO_SOUNDFILE_H
#define WOODSHED_AUDIO_SOUNDFILE_H

#include "audio/r128.h"
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { SOUNDFILE_CHANNELS = R128_CHANNELS, SOUNDFILE_FRAMES = 4096 };

struct soundfile;

struct soundfile_format {
	uint32_t rate, channels;
	uint64_t frames;
	bool counted;			    /* so many frames come, or it is damaged: no codec guessed */
	double weights[SOUNDFILE_CHANNELS]; /* of BS.1770-5, for each channel's place */
	const char *name;		    /* "WAV (Microsoft)" */
	const char *title, *artist;	    /* what its tags say; NULL */
};

/* -EBADMSG for what libsndfile cannot read, -ENOTSUP for more than SOUNDFILE_CHANNELS channels or a rate out
 * of 8 to 384 kHz, or what the disk said. Where the file does not tell its channels' places, 5 are L R C Ls
 * Rs and 6 are L R C LFE Ls Rs. */
int soundfile_open(struct soundfile **soundfile, const char *path, struct error *e) MUST_CHECK;
void soundfile_close(struct soundfile *soundfile); /* NULL is fine; what was written is cut off */
const struct soundfile_format *soundfile_format(const struct soundfile *soundfile);

/* Up to `frames` (at most SOUNDFILE_FRAMES) into planar `channels`, full scale at ±1.0; what passed it, in
 * float and lossy files, passes it. Returns the frames read, 0 at the end, -EBADMSG where the file is
 * damaged or ends before its time, or holds what is no number. */
int soundfile_read(
	struct soundfile *soundfile, double *const *channels, uint32_t frames, struct error *e) MUST_CHECK;

enum soundfile_kind { SOUNDFILE_WAV, SOUNDFILE_MP3, SOUNDFILE_VORBIS, SOUNDFILE_OPUS };

/* Of the Broadcast Wave Format's bext chunk, version 2 (EBU Tech 3285). NAN: not known. */
struct soundfile_broadcast {
	const char *title, *artist; /* may be NULL */
	const char *date;	    /* 2026-11-22; NULL */
	const char *time;	    /* 19:03:11; NULL */
	double lufs, lra_lu, dbtp, max_momentary_lufs, max_short_term_lufs;
	uint64_t time_reference; /* of the first frame: frames since midnight */
};

/* Starts a stereo file at `path`, in place of an older one. WAV files have `bits` (16, 24 or 32: float),
 * become RF64 when they pass 4 GB, and say `broadcast` if not NULL. MP3 is variable rate of LAME's quality
 * 0, Vorbis of quality 8, Opus 256 kbit/s. -EINVAL for a rate that the format does not have. */
int soundfile_create(struct soundfile **soundfile, const char *path, enum soundfile_kind kind, uint32_t rate,
	uint32_t bits, const struct soundfile_broadcast *broadcast, struct error *e) MUST_CHECK;
int soundfile_write(struct soundfile *soundfile, const struct block *block, struct error *e) MUST_CHECK;

/* Another one in place of the one that a WAV file was started with, until it is finished. */
int soundfile_set_broadcast(
	struct soundfile *soundfile, const struct soundfile_broadcast *broadcast, struct error *e) MUST_CHECK;

/* Completes and closes the file, whatever it returns; it is on the disk. */
int soundfile_finish(struct soundfile *soundfile, struct error *e) MUST_CHECK;

/* The same for a WAV file of 1 or 2 channels. */
int soundfile_create_wav(struct soundfile **soundfile, const char *path, uint32_t rate, uint32_t channels,
	uint32_t bits, const struct soundfile_broadcast *broadcast, struct error *e) MUST_CHECK;

/* The rate nearest to `rate` that the format has: 48 or 44.1 kHz for what is above that in MP3, and 48 kHz
 * for all of Opus. */
uint32_t soundfile_rate(enum soundfile_kind kind, uint32_t rate);

#endif
