/* The last run: soft clip, gain, limiter and word length, into the master, which is measured as it comes out.
 */
#ifndef WOODSHED_MASTERING_FINISH_H
#define WOODSHED_MASTERING_FINISH_H

#include "mastering/master.h"

struct finish_request {
	double gain_db;
	double clip_peak, clip_db; /* as softclip_create; 0 dB: none */
	double ceiling_db;	   /* of the limiter; INFINITY: there is none */
	bool dithers, shapes;
	double most; /* what no quantised sample may pass, linear */
};

struct finish_result {
	struct meter_reading reading;
	double title_lufs; /* of the loudest title; the whole's where there is one */
	double most_reduction_db, clipped_db;
	struct translation_reading translation;
};

/* `source` is what `job` made of its own. */
int finish_run(struct finish_result *result, const struct finish_request *request,
	const struct master_job *job, const struct master_source *source, master_progress_fn progress,
	void *data, struct error *e) MUST_CHECK;

#endif
