/* From a stereo mix to a master: the chain (mastering/shaping.h), a gain to the target loudness, and a
 * true-peak limiter whose ceiling is a promise. The gain is solved on a model of the limited programme and
 * measured on the master itself, not guessed. Pure: mixes and masters are files of the caller's, and so are
 * the threads. */
#ifndef WOODSHED_MASTERING_MASTER_H
#define WOODSHED_MASTERING_MASTER_H

#include "audio/meter.h"
#include "audio/processor.h"
#include "common/stage.h"
#include "config/session.h"
#include "mastering/shaping.h"
#include "mastering/translation.h"

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

/* Where a programme is written. `restart` forgets all that was: the first call for each run through it. */
struct master_sink {
	int (*restart)(void *data, struct error *e);
	int (*write)(void *data, const struct block *block, struct error *e);
	void *data;
};

/* Why the achieved loudness is not the requested one. */
enum master_limit {
	MASTER_LIMIT_NONE,
	MASTER_LIMIT_REDUCTION, /* the limiter would have to take off more than it may (maximum reduction) */
	MASTER_LIMIT_PSR,	/* the peaks would stand out of the loudest moments by less than they must */
	MASTER_LIMIT_SILENCE,	/* nothing to measure */
	MASTER_LIMIT_SHORT,	/* shorter than one 400 ms gating block: only the peak is kept */
	MASTER_LIMIT_GATING,	/* loudness leaps over the target where passages enter its gate */
};

/* What was asked, done and reached. */
struct master_plan {
	double requested_lufs, requested_dbtp; /* NAN: not asked for */
	bool by_title;			       /* the loudness is that of the loudest title */
	bool shaped;			       /* the chain did something: `chain` says what */
	struct shaping_report chain;
	double soft_clip_db; /* taken off the highest peak */
	double gain_db;	     /* before the limiter */
	bool limits;	     /* false: nothing passed the ceiling, so the limiter did nothing */
	double ceiling_db; /* of the limiter, at or below the requested true peak; INFINITY: none asked for */
	double most_reduction_db;
	unsigned word_bits; /* of the mix: the fewest that hold every sample; 64: no integer does */
	bool dithers, noise_shaped;
	unsigned runs; /* through the limiter, until it was right */
	enum master_limit limited_by;
	double achieved_lufs;		  /* what is to compare with requested_lufs */
	struct meter_reading mix, master; /* before (`shaped`: without its true peak) and after quantising */
	struct translation_reading translation; /* of the master */
};

/* Called now and then, on any thread but never two at once, with how much is done, 0 to 1; NULL is fine. */
typedef void (*master_progress_fn)(void *data, double done);

struct master_job {
	/* `loudness_lufs` (-70 to 0), `true_peak_dbtp` (-40 to 0), `album_lufs` and `chain` are looked at.
	 * NAN asks for nothing: no loudness is a gain of 0 dB, no true peak the mix's own, unless it would
	 * clip. */
	const struct master_config *config;
	const struct master_source *source;
	/* Room for the shaped mix, which is read back as often as needed. Only where shaping_acts. */
	const struct master_sink *shaped_to;
	const struct master_source *shaped; /* its `rate` and `frames` are not looked at */
	const struct master_sink *sink;
	unsigned bits;		 /* 16 to 32 */
	const double *target_db; /* third octaves (longterm_third_hz) that tone goes for; NULL: none */
	const uint64_t *titles;	 /* first frames of several titles, the first at 0; NULL: there is one */
	size_t title_count;
	stage_runner run; /* NULL: on the calling thread */
	unsigned jobs;
	master_progress_fn progress;
	void *progress_data;
};

/* Makes the master, so that its loudness is within 0.1 LU of the target unless `limited_by` says why not, and
 * its true peak, measured at 16×, at or below the target. Samples come to the sink quantised to `bits`, with
 * dither (seeded alike every time), so it only converts them. There is no dither where nothing is done to the
 * mix and `bits` hold it: it passes bit by bit. As many frames come out as went in, in time. The same for any
 * number of threads. 0, -EINVAL for other targets, or what a source or sink said. */
int master_make(struct master_plan *plan, const struct master_job *job, struct error *e) MUST_CHECK;

const char *master_limit_name(enum master_limit limit); /* "none", "reduction", … as in report.json */

#endif
