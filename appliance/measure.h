/* What a finished file measures: loudness, peaks, spectrum and translation, of any file that libsndfile reads
 * (docs/measuring.md). Blocks. */
#ifndef WOODSHED_APPLIANCE_MEASURE_H
#define WOODSHED_APPLIANCE_MEASURE_H

#include "audio/meter.h"
#include "mastering/translation.h"

#include <jansson.h>

/* What a live meter showed, every 10 ms. */
struct measure_point {
	float momentary_lufs, short_term_lufs;
};

struct measure {
	uint32_t rate, channels;
	char format[128];
	struct meter_reading reading;
	double crest_db; /* sample peak over RMS */
	struct translation_reading translation;
	bool translates; /* of 1 and 2 channels; others have no correlation either */
	struct measure_point *points;
	size_t point_count;
};

/* 0 or what soundfile_open and soundfile_read say; on failure nothing is left to finish. */
int measure_file(struct measure *measure, const char *path, struct error *e) MUST_CHECK;
void measure_finish(struct measure *measure); /* a zeroed value is fine */

/* The members of `measure --json`, without the file's name; a new reference. */
json_t *measure_json(const struct measure *measure);

/* `translation` as in `measure --json` and report.json; a new reference. */
json_t *measure_translation_json(const struct translation_reading *reading);

/* A number with two decimals, null for what is not finite; a new reference. */
json_t *measure_figure(double value);

/* A picture of it as SVG, for light and dark pages: loudness over time, the spectrum beside a straight line
 * of its tilt, and translation. The caller's to free. */
char *measure_svg(const struct measure *measure, const char *title);

#endif
