/* Which gain a master needs: on the model, corrected by what was measured. */
#ifndef WOODSHED_MASTERING_SOLVE_H
#define WOODSHED_MASTERING_SOLVE_H

#include "mastering/master.h"
#include "mastering/model.h"

struct solver {
	const struct model *model;
	struct model_limiter limiter; /* `ceiling` follows from ceiling_db */
	double target_lufs;
	double ceiling_db, peak_dbtp; /* peak_dbtp: what comes to the limiter at a gain of 0 dB */
	double most_gain_db;	      /* what the maximum reduction leaves */
	double min_psr_lu;	      /* 0: any */
	double offset_lu;	      /* what the last measurement was above the model */

	/* What was found: */
	double gain_db, modelled_lufs;
	enum master_limit limited_by; /* REDUCTION, PSR or NONE */
};

/* 0 or -ENOMEM. */
int solve_gain(struct solver *solver) MUST_CHECK;

#endif
