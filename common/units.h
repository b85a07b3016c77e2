/* Values as people write them: "-18 dB", "2.5 kHz", "10 ms", "3:1", "L30", "-14 LUFS". One parser serves
 * the configuration and the command line. */
#ifndef WOODSHED_COMMON_UNITS_H
#define WOODSHED_COMMON_UNITS_H

#include <stddef.h>
#include <stdint.h>

enum unit {
	UNIT_NONE,    /* a bare number */
	UNIT_DB,      /* dB */
	UNIT_LUFS,    /* LUFS */
	UNIT_LU,      /* LU */
	UNIT_DBTP,    /* dBTP */
	UNIT_HZ,      /* Hz, kHz */
	UNIT_SECONDS, /* us, ms, s, m or min, h; 1:23.5 and 1:02:03 */
	UNIT_RATIO,   /* 3:1 */
	UNIT_PERCENT, /* % */
	UNIT_PAN,     /* C, L0 to L100, R0 to R100: -100 to 100 */
	UNIT_BITS,    /* bit */
	UNIT_SLOPE,   /* dB/oct */
	UNIT_METRES,  /* m, cm */
	UNIT_NOTE,    /* 1/8: of a whole note */
};

/* Reads `text` whole as a finite value of `unit`, in the unit's base (Hz, seconds, dB, n of n:1). A bare
 * number means `bare_scale` base units (0.001 where a key counts in milliseconds; 1 otherwise). 0 or -EINVAL.
 */
int units_parse(const char *text, enum unit unit, double bare_scale, double *value);

/* Writes a finite `value` ("2.5 kHz", "10 ms") so that units_parse reads the very same number back, where
 * `size` has room for it (64 always has); returns `out`. */
char *units_format(double value, enum unit unit, char *out, size_t size);

/* What a person may write for `unit`, for messages: "a frequency such as 80 Hz or 2.5 kHz". */
const char *units_example(enum unit unit);

/* What numbers of `unit` in C count in: "dB", "Hz", "s", "" for bare numbers. */
const char *units_base(enum unit unit);

/* The suffixes that a value of `unit` may have, the largest first; NULL past the last. */
const char *units_suffix(enum unit unit, size_t index);

/* Gain factor of `db` decibels and back; units_to_db(0) is -INFINITY. */
double units_from_db(double db);
double units_to_db(double gain);

#endif
