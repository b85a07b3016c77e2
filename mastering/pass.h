/* One pass over a programme: blocks go through stages, each of one or more parts that may run at the same
 * time, on the threads of whoever called. What comes out does not depend on how many those are. */
#ifndef WOODSHED_MASTERING_PASS_H
#define WOODSHED_MASTERING_PASS_H

#include "mastering/master.h"

enum { PASS_STAGES = 4 };

/* A part works in place on what is its own of the block, or only reads. */
typedef int (*pass_fn)(void *data, size_t part, struct block *block, struct error *e);

struct pass_stage {
	pass_fn run;
	size_t parts; /* 0: left out */
};

struct pass {
	const struct master_source *source;
	struct pass_stage stages[PASS_STAGES];
	void *data;
	uint32_t late;	  /* frames that the stages before `in_time` hold back; pushed out by silence */
	size_t in_time;	  /* the first stage that gets every frame where it was in the source */
	stage_runner run; /* NULL: on the calling thread */
	unsigned jobs;
	master_progress_fn progress; /* NULL: nobody asks; of this pass alone */
	void *progress_data;
};

/* Rewinds the source. 0, or negative errno. */
int pass_run(const struct pass *pass, struct error *e) MUST_CHECK;

#endif
