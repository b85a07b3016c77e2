/* What a master is solved on: the mix heard through once, then, where the chain does something, shaped. */
#ifndef WOODSHED_MASTERING_PREPARE_H
#define WOODSHED_MASTERING_PREPARE_H

#include "mastering/master.h"
#include "mastering/model.h"

struct preparation {
	const struct master_job *job;
	struct shaping *chain; /* NULL: the mix stays as it is */
	struct meter_reading mix, shaped;
	unsigned word_bits; /* of the mix */
	struct model *model;
	struct master_source source; /* the shaped mix */

	/* Of the pass that runs: */
	struct meter *meter;
	struct portrait *sides[2];
	uint32_t word;
	bool fractional;
};

/* `progress` from 0 to 1 over both passes. On failure too it is the caller's to finish. */
int prepare_run(struct preparation *p, const struct master_job *job, master_progress_fn progress, void *data,
	struct error *e) MUST_CHECK;
void prepare_finish(struct preparation *p);

#endif
