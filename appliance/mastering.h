/* From a mix in a scratch to its master in another, at the rate that it is delivered at: the mix is converted
 * first, so that the ceiling and the loudness are those of what is delivered. Blocks. */
#ifndef WOODSHED_APPLIANCE_MASTERING_H
#define WOODSHED_APPLIANCE_MASTERING_H

#include "appliance/delivery.h"
#include "mastering/translation.h"

struct mastering {
	const struct master_config *config;
	const char *folder;  /* for scratches */
	struct scratch *mix; /* at `rate`; its place is made use of */
	uint32_t rate;
	const struct master_source *source; /* of the mix; NULL: what `mix` holds */
	const struct master_sink *also;	    /* where the master goes, too; NULL: nowhere */
	bool drops;			    /* `mastered` only counts frames: what goes to `also` is enough */
	const char *session_path;	    /* what a reference is relative to; NULL: the working folder */
	const uint64_t *titles; /* first frames of several titles, in the mix; NULL: there is one */
	size_t title_count;
	unsigned jobs;		     /* threads; 0: one a core */
	master_progress_fn progress; /* NULL: nobody asks */
	void *data;

	/* What came of it: */
	struct scratch converted, shaped, mastered;
	uint32_t delivered_rate, bits;
	struct master_plan plan;
	struct translation_reading translation; /* of the master */
};

/* What it is delivered in. */
uint32_t mastering_bits(const struct master_config *config);
uint32_t mastering_rate(const struct master_config *config, uint32_t mix_rate);

/* `mastering` was zeroed but for what is asked for. On failure too it is the caller's to finish. */
int mastering_run(struct mastering *mastering, struct error *e) MUST_CHECK;
void mastering_finish(struct mastering *mastering); /* a zeroed value is fine */

/* A frame of the mix, in the master. */
uint64_t mastering_frame(const struct mastering *mastering, uint64_t frame);

#endif
