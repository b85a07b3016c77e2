/* deesser: a crossover, and a gain for the upper band alone that follows how much of the sound lies there.
 * Where it does nothing the bands add up to an all-pass: the sound is as it was but for its phase. */
#include "audio/crossover.h"
#include "audio/fastmath.h"
#include "mixer/detector.h"

#include <errno.h>

static const char *const modes[] = {[DEESSER_RELATIVE] = "relative", [DEESSER_ABSOLUTE] = "absolute", NULL};

static const struct key keys[] = {
	{.name = "frequency",
		.type = KEY_NUMBER,
		.offset = offsetof(struct deesser_settings, frequency_hz),
		.unit = UNIT_HZ,
		.least = 1000,
		.most = 20000,
		.fallback = "6.5 kHz",
		.help = "Where the band begins in which s and t are made less loud: 5 to 8 kHz of most "
			"voices."},
	{.name = "reduce",
		.type = KEY_NUMBER,
		.offset = offsetof(struct deesser_settings, reduce_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 24,
		.fallback = "6 dB",
		.help = "How much is taken off at most."},
	{.name = "threshold",
		.type = KEY_NUMBER,
		.offset = offsetof(struct deesser_settings, threshold_db),
		.unit = UNIT_DB,
		.least = -80,
		.most = 0,
		.fallback = "-12 dB",
		.help = "The band's level from which as much is taken off as it lies above."},
	{.name = "mode",
		.type = KEY_CHOICE,
		.offset = offsetof(struct deesser_settings, mode),
		.choices = modes,
		.fallback = "relative",
		.help = "What the threshold counts from: the level of the whole sound, so that loud and "
			"quiet "
			"words are treated alike, or full scale."},
	{.name = "attack",
		.type = KEY_NUMBER,
		.offset = offsetof(struct deesser_settings, attack_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.1,
		.fallback = "1 ms",
		.help = "The time in which the reduction does 63 % of its rise, in dB."},
	{.name = "release",
		.type = KEY_NUMBER,
		.offset = offsetof(struct deesser_settings, release_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 1,
		.fallback = "40 ms",
		.help = "The time in which the reduction does 63 % of its fall, in dB."},
	{.name = "lookahead",
		.type = KEY_NUMBER,
		.offset = offsetof(struct deesser_settings, lookahead_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.02,
		.fallback = "4 ms",
		.help = "How much earlier than the sound the reduction sets in; the mix makes up for the "
			"delay."},
};

static const struct record deesser_record = {
	.name = "deesser",
	.help = "Makes sharp consonants less loud and leaves all else alone.",
	.size = sizeof(struct deesser_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

/* Two poles: little of a low note's cycles is left, and yet a loud vowel is soon forgotten. */
struct mean {
	double first, second;
};

struct deesser {
	double threshold_db, threshold; /* threshold: as a power */
	double reduce_db;
	double power_keep;
	bool relative;
	struct crossover crossover;
	struct crossover_memory memories[BLOCK_CHANNELS];
	struct mean whole, high; /* of the powers of both sides */
	struct ballistics ballistics;
	struct delay low_delays[BLOCK_CHANNELS], high_delays[BLOCK_CHANNELS];
};

/* The time of each pole: short against a consonant, long against a cycle of its noise. */
static const double power_s = 0.0015;

/* So much of silence is in the upper band: too little for any reduction. */
static const double floor_share = 1e-9;

static void clear(struct deesser *d)
{
	d->whole = (struct mean){FLOOR_POWER, FLOOR_POWER};
	d->high = (struct mean){FLOOR_POWER * floor_share, FLOOR_POWER * floor_share};
	d->ballistics.held = d->ballistics.reduction = 0;
}

static int deesser_init(void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct deesser *d = state;
	const struct deesser_settings *s = data;
	if (!(s->frequency_hz > 0 && s->frequency_hz < format->rate / 2.0))
		return error_set(e, EINVAL, "frequency: %g Hz is not below half the rate of %u Hz",
			s->frequency_hz, format->rate);
	d->threshold_db = s->threshold_db;
	d->threshold = pow(10, s->threshold_db / 10);
	d->reduce_db = s->reduce_db;
	d->power_keep = keep_of(power_s, format->rate);
	d->relative = s->mode == DEESSER_RELATIVE;
	crossover_init(&d->crossover, 2, &s->frequency_hz, format->rate);
	ballistics_init(&d->ballistics, s->attack_s, s->release_s, format->rate);
	clear(d);
	int result = lookahead_init(d->low_delays, format->channels, s->lookahead_s, format->rate, e);
	if (result < 0)
		return result;
	result = lookahead_init(d->high_delays, format->channels, s->lookahead_s, format->rate, e);
	if (result < 0)
		lookahead_finish(d->low_delays);
	return result;
}

static void add_squares(const double *samples, size_t count, double powers[CHUNK])
{
	for (size_t i = 0; i < count; i++) {
		double power = powers[i] + samples[i] * samples[i];
		powers[i] = power < MOST_POWER ? power : MOST_POWER;
	}
}

static void average(struct mean *mean, double keep, double powers[CHUNK], size_t count)
{
	double first = mean->first, second = mean->second;
	for (size_t i = 0; i < count; i++) {
		first = powers[i] + keep * (first - powers[i]);
		second = first + keep * (second - first);
		powers[i] = second;
	}
	mean->first = first;
	mean->second = second;
}

/* Nothing to reduce now and nothing left of before. Exact: what it skips would come out the same. */
static bool is_dull(const struct deesser *d, const double levels[CHUNK], size_t count)
{
	return d->ballistics.held == 0 && d->ballistics.reduction == 0 &&
	       largest_of(levels, count) < d->threshold * (1 - 1e-6);
}

static void compute_reduction(const struct deesser *d, double values[CHUNK])
{
	const double threshold = d->threshold_db, most = d->reduce_db;
	for (size_t i = 0; i < CHUNK; i++) {
		double over = fast_log2(values[i]) * (FAST_DB_PER_OCTAVE / 2) - threshold;
		over = over > 0 ? over : 0;
		values[i] = over < most ? over : most;
	}
}

/* The gains of the upper band; false where all are 1. */
static bool compute_gains(struct deesser *d, double wholes[CHUNK], double values[CHUNK], size_t count)
{
	average(&d->whole, d->power_keep, wholes, count);
	average(&d->high, d->power_keep, values, count);
	for (size_t i = 0; d->relative && i < CHUNK; i++)
		values[i] /= wholes[i];
	if (is_dull(d, values, count))
		return false;
	compute_reduction(d, values);
	ballistics_run(&d->ballistics, values, count);
	for (size_t i = 0; i < CHUNK; i++)
		values[i] = fast_exp2(values[i] * (-1 / FAST_DB_PER_OCTAVE));
	return true;
}

static void add_bands(
	const double *restrict low, const double *restrict high, double *restrict out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = low[i] + high[i];
}

static void process_chunk(struct deesser *d, struct block *block, size_t from, size_t count)
{
	double low[BLOCK_CHANNELS][CHUNK], high[BLOCK_CHANNELS][CHUNK], wholes[CHUNK], values[CHUNK];
	for (size_t i = 0; i < CHUNK; i++) {
		wholes[i] = FLOOR_POWER;
		values[i] = FLOOR_POWER * floor_share;
	}
	for (uint32_t c = 0; c < block->channels; c++) {
		const double *in = block->channel[c] + from;
		crossover_run(&d->crossover, &d->memories[c], in, (double *[]){&low[c][0], &high[c][0]}, count);
		add_squares(in, count, wholes);
		add_squares(high[c], count, values);
	}
	bool reduced = compute_gains(d, wholes, values, count);
	for (uint32_t c = 0; c < block->channels; c++) {
		delay_run(&d->low_delays[c], low[c], count);
		delay_run(&d->high_delays[c], high[c], count);
		for (size_t i = 0; reduced && i < count; i++)
			high[c][i] *= values[i];
		add_bands(low[c], high[c], block->channel[c] + from, count);
	}
}

static void deesser_process(void *state, struct block *block)
{
	struct deesser *d = state;
	if (d->reduce_db == 0) { /* then not even the phase changes */
		lookahead_run(d->low_delays, block, 0, block->frames);
		return;
	}
	for (size_t from = 0; from < block->frames; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(d, block, from, left < CHUNK ? left : CHUNK);
	}
}

static uint32_t deesser_latency(const void *state)
{
	const struct deesser *d = state;
	return d->low_delays[0].frames;
}

static void deesser_reset(void *state)
{
	struct deesser *d = state;
	clear(d);
	for (int i = 0; i < BLOCK_CHANNELS; i++)
		d->memories[i] = (struct crossover_memory){0};
	lookahead_reset(d->low_delays);
	lookahead_reset(d->high_delays);
}

static void deesser_finish(void *state)
{
	struct deesser *d = state;
	lookahead_finish(d->low_delays);
	lookahead_finish(d->high_delays);
}

const struct processor_type deesser_type = {
	.settings = &deesser_record,
	.state_size = sizeof(struct deesser),
	.init = deesser_init,
	.process = deesser_process,
	.latency = deesser_latency,
	.reset = deesser_reset,
	.finish = deesser_finish,
};
