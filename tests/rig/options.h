/* The command line of fake-interface. */
#ifndef WOODSHED_RIG_OPTIONS_H
#define WOODSHED_RIG_OPTIONS_H

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

#define RIG_MAX_CHANNELS 64
#define RIG_MAX_FILES 64
#define RIG_MAX_GAPS 64

/* What becomes of a clock. Frames are counted from when the interface started. */
enum lapse {
	LAPSE_MISSED,  /* frames are lost; clock.position jumps too (a missed cycle) */
	LAPSE_OVERRUN, /* frames are lost; only nsec shows it */
	LAPSE_DRIVER,  /* frames are lost, and another driver's clock goes on: another count of position */
	LAPSE_RATE,    /* none is lost; from then on `frames` is the rate in Hz */
};

struct gap {
	int64_t frame;
	int64_t frames;
	enum lapse lapse;
};

/* Frames that are lost without any clock's telling: silent (an exact zero on every channel), or left out. */
struct hole {
	int64_t frame;
	int64_t frames;
	bool silent;
};

struct options {
	const char *name;
	const char *description;
	int64_t channels;
	int64_t rate;
	int64_t quantum;
	bool any_quantum; /* the graph's; `quantum` until that is known */
	bool any_rate;	  /* the one that the graph has its format changed to */
	double ppm;
	double patience_s;

	const char *files[RIG_MAX_FILES];
	unsigned file_count;
	bool loop;
	bool wait;
	bool exit_after_play;
	double lead_silence_s;
	bool ramp;
	bool tone;
	double tone_hz;
	double tone_dbfs;
	double clicks_s; /* 0: none */
	bool noise;
	double noise_dbfs;

	struct gap gaps[RIG_MAX_GAPS]; /* sorted by frame */
	unsigned gap_count;
	struct hole holes[RIG_MAX_GAPS]; /* sorted by frame */
	unsigned hole_count;
	double unplug_at_s;    /* < 0: never */
	double return_after_s; /* < 0: never */
	double seconds;	       /* < 0: until told to */
	const char *sink;      /* a file: it plays what it is given, and keeps it there; NULL: it records */
	const char *follow;    /* of a sink: an interface whose clock it runs on; NULL: its own */
};

/* Reads the arguments; `options` points into argv afterwards. Returns 0, or -EINVAL with a message, or 1 when
 * --help was printed. */
int options_parse(struct options *options, int argc, char **argv, struct error *e) MUST_CHECK;

#endif
