/* From a stereo mix to a master: gain to the target loudness, and a true-peak limiter whose ceiling is a
 * promise. The gain is solved by measuring the limited result, not guessed. Pure: the mix comes from a
 * `master_source` and goes to a `master_sink`, which the caller makes of files. */
#ifndef WOODSHED_MASTERING_MASTER_H
#define WOODSHED_MASTERING_MASTER_H

#include "audio/meter.h"
#include "audio/processor.h"
#include "config/session.h"

/* The processors that mastering has to offer. */
extern const struct processor_table mastering_processors;

/* A stereo programme that can be read more than once. `rewind` goes back to its start; `read` fills up to
 * BLOCK_FRAMES frames and sets block->frames, 0 at the end. Both return 0 or negative errno, which the call
 * that reads hands on. The block that `read` gets is stereo, with room for BLOCK_FRAMES. */
struct master_source {
	uint32_t rate;
	uint64_t frames;
	int (*rewind)(void *data, struct error *e);
	int (*read)(void *data, struct block *block, struct error *e);
	void *data;
};

struct master_sink {
	int (*write)(void *data, const struct block *block, struct error *e);
	void *data;
};

/* Why the achieved loudness is not the requested one. */
enum master_limit {
	MASTER_LIMIT_NONE,
	MASTER_LIMIT_REDUCTION, /* the limiter would have to take off more than it may (maximum reduction) */
	MASTER_LIMIT_SILENCE,	/* nothing to measure */
	MASTER_LIMIT_SHORT,	/* shorter than one 400 ms gating block: only the peak is kept */
	MASTER_LIMIT_GATING,	/* loudness leaps over the target where passages enter its gate */
};

struct master_plan {
	double requested_lufs, requested_dbtp; /* NAN: not asked for */
	double gain_db;			       /* before the limiter */
	bool limits;			       /* false: nothing passes the ceiling, so there is no limiter */
	double ceiling_db; /* of the limiter, at or below the requested true peak; INFINITY: none asked for */
	double most_reduction_db;
	unsigned word_bits; /* of the mix: the fewest that hold every sample; 64: no integer does */
	enum master_limit limited_by;
	struct meter_reading mix,
		master; /* before and after; `master` as its sink gets it, after quantising */
};

/* The limiter may take off at most this much at any instant before loudness is given up. */
#define MASTER_MAX_REDUCTION_DB 12.0

/* Called now and then with how much is done, 0 to 1, of all passes; NULL is fine. */
typedef void (*master_progress_fn)(void *data, double done);

/* Finds the plan (several passes over `source`), so that the result lands within 0.1 LU of the target unless
 * `limited_by` says why not, and its true peak, measured at 16×, at or below the target. Of `config`, only
 * `loudness_lufs` (-70 to 0) and `true_peak_dbtp` (-40 to 0) are looked at; NAN asks for nothing: no loudness
 * is a gain of 0 dB, no true peak the mix's own, unless it would clip. 0, -EINVAL for other targets, or what
 * `source` said. */
int master_solve(struct master_plan *plan, const struct master_config *config,
	const struct master_source *source, master_progress_fn progress, void *data,
	struct error *e) MUST_CHECK;

/* Runs the plan once more and hands every block to `sink`; samples are already quantised to `bits` (16 to 32)
 * with TPDF dither (seeded alike every time), so the sink only converts them. There is no dither where
 * nothing is done to the mix and `bits` hold it: it passes bit by bit. As many frames come out as went in. */
int master_render(struct master_plan *plan, const struct master_source *source, unsigned bits,
	const struct master_sink *sink, master_progress_fn progress, void *data, struct error *e) MUST_CHECK;

const char *master_limit_name(enum master_limit limit); /* "none", "reduction", … as in report.json */

#endif
