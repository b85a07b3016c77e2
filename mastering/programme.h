/* One run of a programme through gain, limiter and word length, measured as it comes out. Solving is made of
 * such runs, and so is the render. */
#ifndef WOODSHED_MASTERING_PROGRAMME_H
#define WOODSHED_MASTERING_PROGRAMME_H

#include "mastering/master.h"

struct programme_run {
	double gain_db;
	bool limits; /* with the limiter at `ceiling_db` */
	double ceiling_db;
	unsigned bits; /* 0: not quantised */
	bool dithers;
	double most;			/* what no quantised sample may pass, linear */
	const struct master_sink *sink; /* NULL: only measured */

	/* What came out: */
	struct meter_reading reading;
	double most_reduction_db;
	unsigned word_bits; /* the fewest that hold every sample of the source; 64: no integer does */
};

/* Maps the part of the work that one run is onto `from` to `to`. */
struct programme_progress {
	master_progress_fn fn; /* may be NULL */
	void *data;
	double from, to;
};

/* As many frames come out as the source gives, in time with it. 0 or negative errno. */
int programme_run(struct programme_run *run, const struct master_source *source,
	const struct programme_progress *progress, struct error *e) MUST_CHECK;

#endif
