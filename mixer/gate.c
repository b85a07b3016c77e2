/* gate: a downward expander with hysteresis. The level is the largest of the last frames, as far back as the
 * hold: so it stands still on a steady tone, and a gate that closes does so exactly one hold after the sound
 * was last loud enough. */
#include "audio/fastmath.h"
#include "audio/peak-hold.h"
#include "mixer/detector.h"

#include <errno.h>

static const struct key keys[] = {
	{.name = "threshold",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, threshold_db),
		.unit = UNIT_DB,
		.least = -100,
		.most = 0,
		.fallback = "-40 dB",
		.help = "The level, in dB below full scale, from which the gate opens."},
	{.name = "hysteresis",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, hysteresis_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 40,
		.fallback = "4 dB",
		.help = "How far the level must fall below the threshold again before the gate closes."},
	{.name = "range",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, range_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 100,
		.fallback = "60 dB",
		.help = "How much a closed gate takes off at most."},
	{.name = "ratio",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, ratio),
		.unit = UNIT_RATIO,
		.least = 1,
		.most = 100,
		.fallback = "100:1",
		.help = "How many dB less come out for each dB that the level lies below the threshold: 2:1 "
			"is a soft expander, 100:1 a gate."},
	{.name = "attack",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, attack_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 1,
		.fallback = "0.5 ms",
		.help = "The time in which opening does 63 % of its way, in dB."},
	{.name = "hold",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, hold_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0.01,
		.most = 5,
		.fallback = "50 ms",
		.help = "How long the gate stays open after the sound was last loud enough; no shorter than "
			"half a period of the lowest note, or it rattles."},
	{.name = "release",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, release_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 5,
		.fallback = "150 ms",
		.help = "The time in which closing does 63 % of its way, in dB, after the hold."},
	{.name = "lookahead",
		.type = KEY_NUMBER,
		.offset = offsetof(struct gate_settings, lookahead_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.1,
		.fallback = "2 ms",
		.help = "How much earlier than the sound the gate opens; the mix makes up for the delay."},
	DETECTOR_KEYS(struct gate_settings),
};

static const struct record gate_record = {
	.name = "gate",
	.help = "Makes quiet moments quieter: what other instruments leave in a microphone between the "
		"notes.",
	.size = sizeof(struct gate_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

struct gate {
	double open_power, close_power;
	double threshold_db, range_db, slope; /* slope: dB taken off a dB below the threshold */
	double closed_power;		      /* below it all of the range is taken off */
	double attack_keep, release_keep;
	bool open;
	double reduction; /* dB */
	struct detector detector;
	struct peak_hold hold;
	struct delay delays[BLOCK_CHANNELS];
};

static int gate_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct gate *g = state;
	const struct gate_settings *s = data;
	g->open_power = pow(10, s->threshold_db / 10);
	g->close_power = pow(10, (s->threshold_db - s->hysteresis_db) / 10);
	g->threshold_db = s->threshold_db;
	g->range_db = s->range_db;
	g->slope = s->ratio - 1;
	g->closed_power = pow(10, (s->threshold_db - s->range_db / g->slope) / 10) * (1 - 1e-6);
	g->attack_keep = keep_of(s->attack_s, format->rate);
	g->release_keep = keep_of(s->release_s, format->rate);
	g->reduction = g->range_db; /* closed at the start */
	int result = detector_init(&g->detector, &s->detector, format->rate, e);
	if (result < 0)
		return result;
	/* The hold counts for the sound, which comes later than its level is known. */
	result = peak_hold_init(&g->hold, s->hold_s + s->lookahead_s, format->rate);
	if (result < 0)
		return error_errno(e, result, "hold: %g s", s->hold_s);
	result = lookahead_init(g->delays, format->channels, s->lookahead_s, format->rate, e);
	if (result < 0)
		peak_hold_finish(&g->hold);
	return result;
}

/* Open now, and so all through the chunk. Exact: what it skips would come out the same. */
static bool stays_open(const struct gate *g, const double levels[CHUNK], size_t count)
{
	double least = INFINITY;
	for (size_t i = 0; i < count; i++)
		least = levels[i] < least ? levels[i] : least;
	return g->open && g->reduction == 0 && least >= g->close_power;
}

static inline double approach(const struct gate *g, double reduction, double wanted)
{
	double keep = wanted < reduction ? g->attack_keep : g->release_keep;
	double next = keep * reduction + ((1 - keep) * wanted - DECAY_DB);
	return next > 0 ? next : 0;
}

/* Closed for so long that nothing moves any more, and so all through the chunk; as exact. */
static bool stays_closed(const struct gate *g, const double levels[CHUNK], size_t count)
{
	return !g->open && approach(g, g->reduction, g->range_db) == g->reduction &&
	       largest_of(levels, count) < g->closed_power;
}

/* What a closed gate takes off at each level. */
static void compute_closed(const struct gate *g, const double levels[CHUNK], double reductions[CHUNK])
{
	const double threshold = g->threshold_db, slope = g->slope, range = g->range_db;
	for (size_t i = 0; i < CHUNK; i++) {
		double under = threshold - fast_log2(levels[i]) * (FAST_DB_PER_OCTAVE / 2);
		double wanted = slope * (under > 0 ? under : 0);
		reductions[i] = wanted < range ? wanted : range;
	}
}

static void open_and_close(struct gate *g, const double levels[CHUNK], double reductions[CHUNK], size_t count)
{
	bool open = g->open;
	double reduction = g->reduction;
	for (size_t i = 0; i < count; i++) {
		open = levels[i] >= (open ? g->close_power : g->open_power);
		double wanted = open ? 0 : reductions[i];
		reduction = approach(g, reduction, wanted);
		reductions[i] = reduction;
	}
	g->open = open;
	g->reduction = reduction;
}

static void process_chunk(
	struct gate *g, struct block *block, const struct block *key, size_t from, size_t count)
{
	double levels[CHUNK] = {0}, values[CHUNK];
	detector_run(&g->detector, key, from, count, levels);
	peak_hold_run(&g->hold, levels, count);
	lookahead_run(g->delays, block, from, count);
	if (stays_open(g, levels, count))
		return;
	if (stays_closed(g, levels, count)) {
		double gain = fast_exp2(g->reduction * (-1 / FAST_DB_PER_OCTAVE));
		for (size_t i = 0; i < CHUNK; i++)
			values[i] = gain;
	} else {
		compute_closed(g, levels, values);
		open_and_close(g, levels, values, count);
		for (size_t i = 0; i < CHUNK; i++)
			values[i] = fast_exp2(values[i] * (-1 / FAST_DB_PER_OCTAVE));
	}
	apply_gains(values, block, from, count);
}

static void gate_process_keyed(void *state, struct block *block, const struct block *key)
{
	for (size_t from = 0; from < block->frames; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(state, block, key, from, left < CHUNK ? left : CHUNK);
	}
}

static void gate_process(void *state, struct block *block)
{
	gate_process_keyed(state, block, block);
}

static const char *gate_key_track(const void *settings)
{
	const struct gate_settings *s = settings;
	return s->detector.key;
}

static uint32_t gate_latency(const void *state)
{
	const struct gate *g = state;
	return g->delays[0].frames;
}

static void gate_reset(void *state)
{
	struct gate *g = state;
	g->open = false;
	g->reduction = g->range_db;
	detector_reset(&g->detector);
	peak_hold_reset(&g->hold);
	lookahead_reset(g->delays);
}

static void gate_finish(void *state)
{
	struct gate *g = state;
	peak_hold_finish(&g->hold);
	lookahead_finish(g->delays);
}

const struct processor_type gate_type = {
	.settings = &gate_record,
	.state_size = sizeof(struct gate),
	.init = gate_init,
	.process = gate_process,
	.process_keyed = gate_process_keyed,
	.key_track = gate_key_track,
	.latency = gate_latency,
	.reset = gate_reset,
	.finish = gate_finish,
};
