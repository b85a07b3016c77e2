#include "tests/rig/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, TEXT, WHOLE, REAL, FILES, TONE, NOISE, MISSED, OVERRUN, DRIVER, RATE, ZEROS, SKIP, HELP };

static const struct option {
	const char *name;
	const char *argument;
	const char *help;
	enum kind kind;
	size_t offset;
	double min, max;
} table[] = {
#define AT(field) offsetof(struct options, field)
	{"--name", "NODE", "node.name (default fake)", TEXT, AT(name), 0, 0},
	{"--description", "TEXT", "node.description", TEXT, AT(description), 0, 0},
	{"--channels", "N", "1 to 64 (default 18)", WHOLE, AT(channels), 1, RIG_MAX_CHANNELS},
	{"--rate", "HZ", "44100, 48000 or 96000 (default 48000)", WHOLE, AT(rate), 44100, 96000},
	{"--quantum", "N", "frames a cycle, 16 to 8192 (default 256)", WHOLE, AT(quantum), 16, 8192},
	{"--any-quantum", NULL, "as many as whoever listens asks for, as an ALSA driver has them", FLAG,
		AT(any_quantum), 0, 0},
	{"--any-rate", NULL,
		"the rate that PipeWire sets its format to, as an ALSA driver has it; --rate first", FLAG,
		AT(any_rate), 0, 0},
	{"--ppm", "X", "how much too fast the crystal is", REAL, AT(ppm), -100000, 100000},
	{"--play", "FILE…", "their channels one after the other; the rest is silent", FILES, 0, 0, 0},
	{"--loop", NULL, "play again and again", FLAG, AT(loop), 0, 0},
	{"--lead-silence", "S", "silence before the material", REAL, AT(lead_silence_s), 0, 1e6},
	{"--wait", NULL, "stay silent until SIGUSR1; another one starts over", FLAG, AT(wait), 0, 0},
	{"--exit-after-play", NULL, "end when the files do", FLAG, AT(exit_after_play), 0, 0},
	{"--ramp", NULL, "frame n carries n + channel * 65536, as a 24-bit number", FLAG, AT(ramp), 0, 0},
	{"--tone", "HZ:DBFS", "a sine on every channel", TONE, 0, 0, 0},
	{"--clicks", "S",
		"a click on every channel whenever the machine's clock is at a multiple of S seconds", REAL,
		AT(clicks_s), 0.01, 3600},
	{"--noise", "DBFS", "a white noise floor, the same on every run", NOISE, 0, 0, 0},
	{"--xrun-at", "FRAME:FRAMES", "lose frames; position jumps (repeatable)", MISSED, 0, 0, 0},
	{"--overrun-at", "FRAME:FRAMES", "lose frames; only nsec shows it (repeatable)", OVERRUN, 0, 0, 0},
	{"--driver-at", "FRAME:FRAMES", "lose frames; another clock goes on (repeatable)", DRIVER, 0, 0, 0},
	{"--rate-at", "FRAME:HZ", "another rate, in the clock and of the crystal (repeatable)", RATE, 0, 0,
		0},
	{"--zeros-at", "FRAME:FRAMES",
		"lose frames; exact zeros stand for them, no clock shows it (repeatable)", ZEROS, 0, 0, 0},
	{"--skip-at", "FRAME:FRAMES", "lose frames; nothing at all shows it (repeatable)", SKIP, 0, 0, 0},
	{"--unplug-at", "S", "the node vanishes", REAL, AT(unplug_at_s), 0, 1e6},
	{"--return-after", "S", "and is back so much later", REAL, AT(return_after_s), 0, 1e6},
	{"--seconds", "S", "end after that", REAL, AT(seconds), 0, 1e6},
	{"--sink", "FILE", "be an output: what channel 1 is given is in FILE at the end (sink.h)", TEXT,
		AT(sink), 0, 0},
	{"--follow", "NODE", "with --sink: on the clock of that interface", TEXT, AT(follow), 0, 0},
	{"--patience", "S", "wait so long for a follower that hangs (default 5)", REAL, AT(patience_s), 0.01,
		3600},
	{"--help", NULL, "print this", HELP, 0, 0, 0},
#undef AT
};

#define COUNT (sizeof(table) / sizeof(table[0]))

static void print_help(void)
{
	puts("usage: fake-interface [OPTION]…\n"
	     "A simulated USB audio interface: a PipeWire driver with its own crystal. Frames are counted "
	     "from\n"
	     "when it started, and go on while it is unplugged. It prints `ready`, `playing FRAME`, `done`,\n"
	     "`xrun FRAME FRAMES`, `overrun FRAME FRAMES`, `driver FRAME FRAMES`, `rate FRAME HZ`, "
	     "`unplugged\n"
	     "FRAME`, `returned FRAME`, `stalled FRAME`.\n");
	for (size_t i = 0; i < COUNT; i++)
		printf("  %-16s %-13s %s\n", table[i].name, table[i].argument ? table[i].argument : "",
			table[i].help);
}

static int number(const char *text, const char **end, double *value)
{
	char *stop;
	*value = strtod(text, &stop);
	*end = stop;
	return stop == text || !isfinite(*value) ? -EINVAL : 0;
}

static int bad(const struct option *o, const char *text, struct error *e)
{
	if (o->kind == WHOLE || (o->kind == REAL && o->min > -1e5))
		return error_set(e, EINVAL, "%s: '%s' is not a %s from %g to %g", o->name, text,
			o->kind == WHOLE ? "whole number" : "number", o->min, o->max);
	return error_set(e, EINVAL, "%s: '%s' is not %s", o->name, text, o->argument);
}

static int read_number(const struct option *o, void *field, const char *text, struct error *e)
{
	const char *end;
	double value;
	if (number(text, &end, &value) < 0 || *end || value < o->min || value > o->max)
		return bad(o, text, e);
	if (o->kind == REAL)
		*(double *)field = value;
	else if (floor(value) < value)
		return bad(o, text, e);
	else
		*(int64_t *)field = (int64_t)value;
	return 0;
}

static int read_tone(const struct option *o, struct options *options, const char *text, struct error *e)
{
	const char *end;
	if (number(text, &end, &options->tone_hz) < 0 || *end != ':' ||
		number(end + 1, &end, &options->tone_dbfs) < 0 || *end)
		return bad(o, text, e);
	options->tone = true;
	return 0;
}

static int read_noise(const struct option *o, struct options *options, const char *text, struct error *e)
{
	const char *end;
	if (number(text, &end, &options->noise_dbfs) < 0 || *end)
		return bad(o, text, e);
	options->noise = true;
	return 0;
}

static int read_place(
	const struct option *o, const char *text, int64_t *frame, int64_t *frames, struct error *e)
{
	char *colon, *end;
	*frame = strtoll(text, &colon, 10);
	if (colon == text || *colon != ':' || *frame < 0)
		return bad(o, text, e);
	*frames = strtoll(colon + 1, &end, 10);
	return end == colon + 1 || *end || *frames <= 0 ? bad(o, text, e) : 0;
}

static int read_hole(const struct option *o, struct options *options, const char *text, struct error *e)
{
	struct hole hole = {.silent = o->kind == ZEROS};
	int res = read_place(o, text, &hole.frame, &hole.frames, e);
	if (res < 0)
		return res;
	if (options->hole_count == RIG_MAX_GAPS)
		return error_set(e, EINVAL, "%s: more than %d holes", o->name, RIG_MAX_GAPS);
	options->holes[options->hole_count++] = hole;
	return 0;
}

static int read_gap(const struct option *o, struct options *options, const char *text, struct error *e)
{
	static const enum lapse lapses[] = {[MISSED] = LAPSE_MISSED,
		[OVERRUN] = LAPSE_OVERRUN,
		[DRIVER] = LAPSE_DRIVER,
		[RATE] = LAPSE_RATE};
	struct gap gap = {.lapse = lapses[o->kind]};
	int res = read_place(o, text, &gap.frame, &gap.frames, e);
	if (res < 0)
		return res;
	if (options->gap_count == RIG_MAX_GAPS)
		return error_set(e, EINVAL, "%s: more than %d gaps", o->name, RIG_MAX_GAPS);
	options->gaps[options->gap_count++] = gap;
	return 0;
}

/* Returns how many arguments it took, or -EINVAL. */
static int read_files(struct options *options, int argc, char **argv, struct error *e)
{
	int taken = 0;
	for (; taken < argc && strncmp(argv[taken], "--", 2) != 0; taken++) {
		if (options->file_count == RIG_MAX_FILES)
			return error_set(e, EINVAL, "--play: more than %d files", RIG_MAX_FILES);
		options->files[options->file_count++] = argv[taken];
	}
	return taken ? taken : error_set(e, EINVAL, "--play: which files?");
}

static int read_argument(const struct option *o, struct options *options, const char *text, struct error *e)
{
	void *field = (char *)options + o->offset;
	switch (o->kind) {
	case TEXT:
		*(const char **)field = text;
		return 0;
	case WHOLE:
	case REAL:
		return read_number(o, field, text, e);
	case TONE:
		return read_tone(o, options, text, e);
	case NOISE:
		return read_noise(o, options, text, e);
	case MISSED:
	case OVERRUN:
	case DRIVER:
	case RATE:
		return read_gap(o, options, text, e);
	case ZEROS:
	case SKIP:
		return read_hole(o, options, text, e);
	default:
		return -EINVAL;
	}
}

static const struct option *find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static int by_frame(const void *a, const void *b)
{
	const struct gap *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static int hole_by_frame(const void *a, const void *b)
{
	const struct hole *x = a, *y = b;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static int check(struct options *options, struct error *e)
{
	if (options->rate != 44100 && options->rate != 48000 && options->rate != 96000)
		return error_set(
			e, EINVAL, "--rate: %lld is not 44100, 48000 or 96000", (long long)options->rate);
	if (options->return_after_s >= 0 && options->unplug_at_s < 0)
		return error_set(e, EINVAL, "--return-after needs --unplug-at");
	if (options->follow && !options->sink)
		return error_set(e, EINVAL, "--follow needs --sink");
	if (options->exit_after_play && (!options->file_count || options->loop))
		return error_set(e, EINVAL, "--exit-after-play needs --play without --loop");
	if ((options->file_count != 0) + options->ramp + options->tone + (options->clicks_s > 0) > 1)
		return error_set(e, EINVAL, "only one of --play, --ramp, --tone and --clicks");
	qsort(options->gaps, options->gap_count, sizeof(options->gaps[0]), by_frame);
	qsort(options->holes, options->hole_count, sizeof(options->holes[0]), hole_by_frame);
	return 0;
}

/* Reads the option at argv[0]; returns how many arguments it took, or -EINVAL. */
static int read_option(struct options *options, int argc, char **argv, struct error *e)
{
	const struct option *o = find(argv[0]);
	if (!o)
		return error_set(e, EINVAL, "unknown option '%s'; --help lists them", argv[0]);
	if (o->kind == FLAG) {
		*(bool *)((char *)options + o->offset) = true;
		return 1;
	}
	if (o->kind == FILES) {
		int files = read_files(options, argc - 1, argv + 1, e);
		return files < 0 ? files : files + 1;
	}
	if (argc < 2)
		return error_set(e, EINVAL, "%s: needs %s", o->name, o->argument);
	int res = read_argument(o, options, argv[1], e);
	return res < 0 ? res : 2;
}

int options_parse(struct options *options, int argc, char **argv, struct error *e)
{
	*options = (struct options){
		.name = "fake",
		.description = "Simulated USB interface",
		.channels = 18,
		.rate = 48000,
		.quantum = 256,
		.patience_s = 5,
		.unplug_at_s = -1,
		.return_after_s = -1,
		.seconds = -1,
	};
	for (int i = 1; i < argc;) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help();
			return 1;
		}
		int taken = read_option(options, argc - i, argv + i, e);
		if (taken < 0)
			return taken;
		i += taken;
	}
	return check(options, e);
}
