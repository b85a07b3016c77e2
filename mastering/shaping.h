/* What a mix goes through before its gain: high-pass and tone on each side, multiband compression, width,
 * glue. What it does is found out from a portrait of the mix, and told. No latency. */
#ifndef WOODSHED_MASTERING_SHAPING_H
#define WOODSHED_MASTERING_SHAPING_H

#include "audio/block.h"
#include "mastering/multiband.h"
#include "mastering/portrait.h"
#include "mastering/tone.h"

struct shaping;

/* What was done, for the report. */
struct shaping_report {
	double highpass_hz; /* 0: none */
	size_t tone_count;  /* 0: tone was as it should be, or nobody asked */
	double tone_hz[TONE_BANDS], tone_db[TONE_BANDS];
	size_t band_count; /* 0: no multiband compression */
	double band_below_hz[MULTIBAND_BANDS], band_threshold_db[MULTIBAND_BANDS];
	struct multiband_reduction band[MULTIBAND_BANDS];
	double width_percent, mono_below_hz; /* 100: as it was; 0: nowhere */
	bool glues;
	double glue_threshold_db;
	struct multiband_reduction glue;
};

struct shaping_request {
	const struct master_chain *settings; /* settled; only read during the call */
	struct portrait *const *sides;	     /* two, of the whole mix */
	const double *target_db; /* third octaves that tone goes for, in dB; NULL: there is no tone */
	uint32_t rate;
};

/* Whether such settings do anything at all. */
bool shaping_acts(const struct master_chain *settings);

/* 0, -EINVAL or -ENOMEM. */
int shaping_create(
	struct shaping **shaping, const struct shaping_request *request, struct error *e) MUST_CHECK;
void shaping_destroy(struct shaping *shaping); /* NULL is fine */

/* Three steps, one after another for each block; the sides of the first may run at the same time, and so may
 * steps on different blocks. In place. */
void shaping_run_side(struct shaping *shaping, size_t side, double *samples, size_t count);
void shaping_run_bands(struct shaping *shaping, struct block *block);
void shaping_run_whole(struct shaping *shaping, struct block *block);

void shaping_tell(const struct shaping *shaping, struct shaping_report *report);

#endif
