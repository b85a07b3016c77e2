/* compressor: level, gain computer, smooth decoupled peak detector, gain; all in decibels (Giannoulis,
 * Massberg & Reiss 2012, sections 2 and 3). The stages go over short chunks one by one: all but the
 * detector's two recursions then run several samples at a time. */
#include "audio/delay.h"
#include "audio/fastmath.h"
#include "mixer/processors.h"

#include <errno.h>
#include <math.h>

static const char *const detectors[] = {[COMPRESSOR_PEAK] = "peak", [COMPRESSOR_RMS] = "rms", NULL};

static const struct key keys[] = {
	{.name = "threshold",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, threshold_db),
		.unit = UNIT_DB,
		.least = -80,
		.most = 0,
		.fallback = "-18 dB",
		.help = "The level, in dB below full scale, from which louder is made less loud."},
	{.name = "ratio",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, ratio),
		.unit = UNIT_RATIO,
		.least = 1,
		.most = 100,
		.fallback = "4:1",
		.help = "How many dB more going in give 1 dB more coming out, above the threshold."},
	{.name = "attack",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, attack_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 1,
		.fallback = "10 ms",
		.help = "The time in which the reduction does 63 % of its rise, in dB."},
	{.name = "release",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, release_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 5,
		.fallback = "150 ms",
		.help = "The time in which the reduction does 63 % of its fall, in dB; not shorter than the "
			"attack."},
	{.name = "knee",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, knee_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 40,
		.fallback = "6 dB",
		.help = "The range around the threshold over which the ratio sets in; 0 dB sets in at once."},
	{.name = "makeup",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, makeup_db),
		.unit = UNIT_DB,
		.least = -24,
		.most = 36,
		.fallback = "0 dB",
		.help = "Gain after the reduction."},
	{.name = "lookahead",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, lookahead_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.1,
		.fallback = "0 ms",
		.help = "How much earlier than the sound the reduction sets in; the mix makes up for the "
			"delay."},
	{.name = "detector",
		.type = KEY_CHOICE,
		.offset = offsetof(struct compressor_settings, detector),
		.choices = detectors,
		.fallback = "peak",
		.help = "What the level is: each sample's own, or the mean power over some 10 ms."},
};

static const struct record compressor_record = {
	.name = "compressor",
	.help = "Makes loud moments less loud, so that all may be louder.",
	.size = sizeof(struct compressor_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

enum { CHUNK = 64 };

struct compressor {
	double knee_start_db, knee_db, knee_curve; /* knee_curve: 1 / 2W, 0 without a knee */
	double slope;				   /* 1 - 1 / ratio */
	double quiet_power;			   /* below it there is surely nothing to reduce */
	double makeup_db;
	double attack_keep, release_keep, power_keep; /* share of the last value after one sample */
	uint32_t channels;
	bool rms;
	struct delay delays[BLOCK_CHANNELS];
	double power;		/* mean square, for rms */
	double held, reduction; /* dB: after release, after attack as well */
};

/* -300 dB under every level keeps the logarithm and the mean power away from zero and denormals. */
static const double floor_power = 1e-30;

/* dB taken off a decaying reduction each sample, so that it ends at exactly zero. */
static const double decay_db = 1e-12;

static const double rms_s = 0.01;

static double keep(double time_s, double rate)
{
	return time_s > 0 ? exp(-1 / (time_s * rate)) : 0;
}

/* What is left of a reduction of 1 at `t` after it is no longer wanted: release, then attack, one after the
 * other. */
static double left_after(double t, double release_s, double attack_s)
{
	double difference = release_s - attack_s;
	if (fabs(difference) < 1e-6 * attack_s)
		return (1 + t / attack_s) * exp(-t / attack_s);
	return (release_s * exp(-t / release_s) - attack_s * exp(-t / attack_s)) / difference;
}

/* The decoupled detector's fall is slowed by its attack. The release pole that makes the whole reach 63 % in
 * the time asked for, by bisection; 0 where the attack alone is as slow. */
static double release_pole(double release_s, double attack_s)
{
	if (attack_s == 0)
		return release_s;
	double low = 0, high = release_s;
	if (release_s <= attack_s)
		return 0;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;
		if (left_after(release_s, middle, attack_s) > exp(-1))
			high = middle;
		else
			low = middle;
	}
	return (low + high) / 2;
}

static int compressor_init(
	void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct compressor *c = state;
	const struct compressor_settings *s = data;
	double rate = format->rate;
	c->knee_start_db = s->threshold_db - s->knee_db / 2;
	c->knee_db = s->knee_db;
	c->knee_curve = s->knee_db > 0 ? 1 / (2 * s->knee_db) : 0;
	c->slope = 1 - 1 / s->ratio;
	c->quiet_power = pow(10, c->knee_start_db / 10) * (1 - 1e-6);
	c->makeup_db = s->makeup_db;
	c->attack_keep = keep(s->attack_s, rate);
	c->release_keep = keep(release_pole(s->release_s, s->attack_s), rate);
	c->power_keep = keep(rms_s, rate);
	c->power = floor_power;
	c->channels = format->channels;
	c->rms = s->detector == COMPRESSOR_RMS;
	for (uint32_t i = 0; i < format->channels; i++) {
		int result = delay_init(&c->delays[i], (uint32_t)lround(s->lookahead_s * rate));
		if (result < 0) {
			delay_finish(&c->delays[0]);
			return error_errno(e, result, "lookahead: %g s", s->lookahead_s);
		}
	}
	return 0;
}

/* The louder channel's squares. */
static void measure(const struct block *block, size_t from, size_t count, double powers[CHUNK])
{
	const double *left = block->channel[0] + from;
	for (size_t i = 0; i < count; i++)
		powers[i] = left[i] * left[i] + floor_power;
	if (block->channels < 2)
		return;
	const double *right = block->channel[1] + from;
	for (size_t i = 0; i < count; i++) {
		double power = right[i] * right[i] + floor_power;
		powers[i] = power > powers[i] ? power : powers[i];
	}
}

static void average(struct compressor *c, double powers[CHUNK], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		c->power = c->power_keep * c->power + (1 - c->power_keep) * powers[i];
		powers[i] = c->power;
	}
}

/* Nothing to reduce now and nothing left of before. Exact: what it skips would come out the same. */
static bool is_quiet(const struct compressor *c, const double powers[CHUNK], size_t count)
{
	if (c->held > 0 || c->reduction > 0)
		return false;
	double loudest = 0;
	for (size_t i = 0; i < count; i++)
		loudest = powers[i] > loudest ? powers[i] : loudest;
	return loudest < c->quiet_power;
}

/* Powers become the dB that the static curve takes off. Runs over the whole chunk, for a fixed count is what
 * compilers turn into vectors; what lies past the end is never looked at. */
static void compute_reduction(const struct compressor *c, double values[CHUNK])
{
	const double start = c->knee_start_db, knee = c->knee_db, curve = c->knee_curve, slope = c->slope;
	for (size_t i = 0; i < CHUNK; i++) {
		double over = fast_log2(values[i]) * (FAST_DB_PER_OCTAVE / 2) - start;
		over = over > 0 ? over : 0;
		double inside = over < knee ? over : knee;
		values[i] = slope * (inside * inside * curve + (over - inside));
	}
}

static void smooth(struct compressor *c, double values[CHUNK], size_t count)
{
	const double release = c->release_keep, attack = c->attack_keep;
	double held = c->held, reduction = c->reduction;
	for (size_t i = 0; i < count; i++) {
		double fallen = release * held + ((1 - release) * values[i] - decay_db);
		held = values[i] > fallen ? values[i] : fallen;
		double next = attack * reduction + ((1 - attack) * held - decay_db);
		reduction = next > 0 ? next : 0;
		values[i] = reduction;
	}
	c->held = held;
	c->reduction = reduction;
}

static void compute_gain(const struct compressor *c, double values[CHUNK])
{
	const double makeup = c->makeup_db;
	for (size_t i = 0; i < CHUNK; i++)
		values[i] = fast_exp2((makeup - values[i]) * (1 / FAST_DB_PER_OCTAVE));
}

static void apply(const double gains[CHUNK], double *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		samples[i] *= gains[i];
}

static void process_chunk(struct compressor *c, struct block *block, size_t from, size_t count)
{
	double values[CHUNK] = {0};
	measure(block, from, count, values);
	if (c->rms)
		average(c, values, count);
	bool quiet = is_quiet(c, values, count);
	for (uint32_t i = 0; i < block->channels; i++)
		delay_run(&c->delays[i], block->channel[i] + from, count);
	if (quiet && c->makeup_db == 0)
		return;
	if (quiet) {
		for (size_t i = 0; i < CHUNK; i++)
			values[i] = 0;
	} else {
		compute_reduction(c, values);
		smooth(c, values, count);
	}
	compute_gain(c, values);
	for (uint32_t i = 0; i < block->channels; i++)
		apply(values, block->channel[i] + from, count);
}

static void compressor_process(void *state, struct block *block)
{
	for (size_t from = 0; from < block->frames; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(state, block, from, left < CHUNK ? left : CHUNK);
	}
}

static uint32_t compressor_latency(const void *state)
{
	const struct compressor *c = state;
	return c->delays[0].frames;
}

static void compressor_reset(void *state)
{
	struct compressor *c = state;
	c->power = floor_power;
	c->held = c->reduction = 0;
	for (uint32_t i = 0; i < c->channels; i++)
		delay_reset(&c->delays[i]);
}

static void compressor_finish(void *state)
{
	struct compressor *c = state;
	for (uint32_t i = 0; i < c->channels; i++)
		delay_finish(&c->delays[i]);
}

const struct processor_type compressor_type = {
	.settings = &compressor_record,
	.state_size = sizeof(struct compressor),
	.init = compressor_init,
	.process = compressor_process,
	.latency = compressor_latency,
	.reset = compressor_reset,
	.finish = compressor_finish,
};
