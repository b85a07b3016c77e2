/* compressor: level, gain computer, smooth decoupled peak detector, gain; all in decibels (Giannoulis,
 * Massberg & Reiss 2012, sections 2 and 3; automatic times from the crest factor: 2013, section 2.2). */
#include "audio/fastmath.h"
#include "audio/wide.h"
#include "mixer/detector.h"

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
		.automatic = true,
		.fallback = "10 ms",
		.help = "The time in which the reduction does 63 % of its rise, in dB; auto: 80 ms for a "
			"steady tone, the shorter the more the sound has peaks."},
	{.name = "release",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, release_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 5,
		.automatic = true,
		.fallback = "150 ms",
		.help = "The time in which the reduction does 63 % of its fall, in dB; not shorter than the "
			"attack. auto: 1 s for a steady tone, the shorter the more the sound has peaks."},
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
		.automatic = true,
		.fallback = "0 dB",
		.help = "Gain after the reduction; auto: half of what is taken off at full scale."},
	{.name = "mix",
		.type = KEY_NUMBER,
		.offset = offsetof(struct compressor_settings, mix_percent),
		.unit = UNIT_PERCENT,
		.least = 0,
		.most = 100,
		.fallback = "100 %",
		.help = "How much of what comes out is compressed; the rest is the sound as it came in."},
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
		.offset = offsetof(struct compressor_settings, detection),
		.choices = detectors,
		.fallback = "peak",
		.help = "What the level is: each sample's own, or the mean power over some 10 ms."},
	DETECTOR_KEYS(struct compressor_settings),
};

static const struct record compressor_record = {
	.name = "compressor",
	.help = "Makes loud moments less loud, so that all may be louder.",
	.size = sizeof(struct compressor_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

/* The crest factor over some 200 ms, squared: the held peak's power over the mean power. 2 of a sine. */
struct crest {
	double keep;
	double peak, mean;
};

/* From a level to what is taken off, and from that to a gain. */
struct curve {
	double knee_start_db, knee_db, knee_curve; /* knee_curve: 1 / 2W, 0 without a knee */
	double slope;				   /* 1 - 1 / ratio */
	double makeup_db, mix;
};

struct compressor {
	struct curve curve;
	double quiet_power; /* below it there is surely nothing to reduce */
	double power_keep;
	bool rms, automatic;
	struct detector detector;
	struct delay delays[BLOCK_CHANNELS];
	struct ballistics ballistics;
	/* Automatic times: the octaves that a value falls by in a frame, as fixed + crest * share. */
	double attack_fixed, attack_share, release_fixed, release_share;
	struct crest crest;
	double power; /* mean square, for rms */
};

static const double rms_s = 0.01, crest_s = 0.2;

/* Of a steady tone. */
static const double automatic_attack_s = 0.08, automatic_release_s = 1;

/* A value falls by so many octaves in a frame, at most. */
static const double most_octaves = 900;

static double reduction_at(const struct curve *c, double level_db)
{
	double over = fmax(level_db - c->knee_start_db, 0), inside = fmin(over, c->knee_db);
	return c->slope * (inside * inside * c->knee_curve + (over - inside));
}

static double octaves_a_frame(double time_s, double rate)
{
	return time_s > 0 ? fmin(M_LOG2E / (time_s * rate), most_octaves) : most_octaves;
}

/* The paper's times are 2 t / crest^2, that of the release less the attack, which follows it. */
static void init_times(struct compressor *c, const struct compressor_settings *s, double rate)
{
	bool attack = isnan(s->attack_s), release = isnan(s->release_s);
	c->automatic = attack || release;
	ballistics_init(&c->ballistics, attack ? 0 : s->attack_s, release ? 1 : s->release_s, rate);
	if (attack)
		c->attack_share = octaves_a_frame(2 * automatic_attack_s, rate);
	else
		c->attack_fixed = octaves_a_frame(s->attack_s, rate);
	if (release)
		c->release_share =
			octaves_a_frame(2 * (automatic_release_s - (attack ? automatic_attack_s : 0)), rate);
	else
		c->release_fixed = octaves_a_frame(s->release_s, rate);
	c->crest.keep = keep_of(crest_s, rate);
}

static void clear(struct compressor *c)
{
	c->power = c->crest.peak = c->crest.mean = FLOOR_POWER;
	c->ballistics.held = c->ballistics.reduction = 0;
}

static int compressor_init(
	void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct compressor *c = state;
	const struct compressor_settings *s = data;
	c->curve.knee_start_db = s->threshold_db - s->knee_db / 2;
	c->curve.knee_db = s->knee_db;
	c->curve.knee_curve = s->knee_db > 0 ? 1 / (2 * s->knee_db) : 0;
	c->curve.slope = 1 - 1 / s->ratio;
	c->quiet_power = pow(10, c->curve.knee_start_db / 10) * (1 - 1e-6);
	c->curve.makeup_db = isnan(s->makeup_db) ? reduction_at(&c->curve, 0) / 2 : s->makeup_db;
	c->curve.mix = s->mix_percent / 100;
	c->power_keep = keep_of(rms_s, format->rate);
	c->rms = s->detection == COMPRESSOR_RMS;
	init_times(c, s, format->rate);
	clear(c);
	int result = detector_init(&c->detector, &s->detector, format->rate, e);
	if (result < 0)
		return result;
	return lookahead_init(c->delays, format->channels, s->lookahead_s, format->rate, e);
}

static void average(struct compressor *c, double powers[CHUNK], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		c->power = c->power_keep * c->power + (1 - c->power_keep) * powers[i];
		powers[i] = c->power;
	}
}

static void run_crest(struct crest *crest, const double powers[CHUNK], size_t count, double crests[CHUNK])
{
	double keep = crest->keep, peak = crest->peak, mean = crest->mean;
	for (size_t i = 0; i < count; i++) {
		double power = powers[i], rise = (1 - keep) * power;
		double fallen = keep * peak + rise;
		peak = power > fallen ? power : fallen;
		mean = keep * mean + rise;
		crests[i] = peak / mean;
	}
	crest->peak = peak;
	crest->mean = mean;
}

/* Nothing to reduce now and nothing left of before. Exact: what it skips would come out the same. */
static bool is_quiet(const struct compressor *c, const double powers[CHUNK], size_t count)
{
	if (c->ballistics.held > 0 || c->ballistics.reduction > 0)
		return false;
	return largest_of(powers, count) < c->quiet_power;
}

/* A power becomes the dB that the static curve takes off. */
static inline double reduction_of(const struct curve *c, double power)
{
	double over = fast_log2(power) * (FAST_DB_PER_OCTAVE / 2) - c->knee_start_db;
	over = over > 0 ? over : 0;
	double inside = over < c->knee_db ? over : c->knee_db;
	return c->slope * (inside * inside * c->knee_curve + (over - inside));
}

/* Over the whole chunk; what lies past the end is never looked at. */
WIDE static void compute_reduction(const struct curve *settings, double values[CHUNK])
{
	const struct curve c = *settings;
	for (size_t i = 0; i < CHUNK; i++)
		values[i] = reduction_of(&c, values[i]);
}

/* As ballistics_run, with the times that each frame's crest factor asks for. */
static void smooth_by_crest(
	struct compressor *c, const double crests[CHUNK], double values[CHUNK], size_t count)
{
	double attacks[CHUNK], releases[CHUNK];
	for (size_t i = 0; i < CHUNK; i++) {
		double attack = c->attack_fixed + c->attack_share * crests[i];
		double release = c->release_fixed + c->release_share * crests[i];
		attacks[i] = fast_exp2(-(attack < most_octaves ? attack : most_octaves));
		releases[i] = fast_exp2(-(release < most_octaves ? release : most_octaves));
	}
	double held = c->ballistics.held, reduction = c->ballistics.reduction;
	for (size_t i = 0; i < count; i++) {
		double fallen = releases[i] * held + ((1 - releases[i]) * values[i] - DECAY_DB);
		held = values[i] > fallen ? values[i] : fallen;
		double next = attacks[i] * reduction + ((1 - attacks[i]) * held - DECAY_DB);
		reduction = next > 0 ? next : 0;
		values[i] = reduction;
	}
	c->ballistics.held = held;
	c->ballistics.reduction = reduction;
}

/* 1 + mix (gain - 1): exactly 1 without reduction and make-up. */
static inline double gain_of(const struct curve *c, double reduction)
{
	return 1 + c->mix * (fast_exp2((c->makeup_db - reduction) * (1 / FAST_DB_PER_OCTAVE)) - 1);
}

WIDE static void compute_gain(const struct curve *settings, double values[CHUNK])
{
	const struct curve c = *settings;
	for (size_t i = 0; i < CHUNK; i++)
		values[i] = gain_of(&c, values[i]);
}

/* What is heard of a chunk, as powers, and how it varies, if `crests` is not NULL; false where nothing is to
 * be done. */
static bool listen(struct compressor *c, struct block *block, const struct block *key, size_t from,
	size_t count, double values[CHUNK], double crests[CHUNK])
{
	detector_run(&c->detector, key, from, count, values);
	if (crests)
		run_crest(&c->crest, values, count, crests);
	if (c->rms)
		average(c, values, count);
	bool quiet = is_quiet(c, values, count);
	lookahead_run(c->delays, block, from, count);
	return !quiet;
}

static void keep_quiet(const struct compressor *c, struct block *block, size_t from, size_t count)
{
	double gains[CHUNK] = {0};
	if (c->curve.makeup_db == 0)
		return;
	compute_gain(&c->curve, gains);
	apply_gains(gains, block, from, count);
}

static void process_chunk(
	struct compressor *c, struct block *block, const struct block *key, size_t from, size_t count)
{
	double values[CHUNK], crests[CHUNK] = {0};
	if (count < CHUNK)
		memset(values, 0, sizeof(values));
	if (!listen(c, block, key, from, count, values, c->automatic ? crests : NULL)) {
		keep_quiet(c, block, from, count);
		return;
	}
	compute_reduction(&c->curve, values);
	if (c->automatic)
		smooth_by_crest(c, crests, values, count);
	else
		ballistics_run(&c->ballistics, values, count);
	compute_gain(&c->curve, values);
	apply_gains(values, block, from, count);
}

/* Of a whole chunk each. One that is quiet comes out the same if it works with the others. */
static void process_chunk_together(
	struct compressor *const *compressors, struct block *const *blocks, size_t from)
{
	double values[PROCESSOR_TOGETHER][CHUNK];
	struct ballistics *ballistics[PROCESSOR_TOGETHER];
	double *rows[PROCESSOR_TOGETHER];
	bool heard = false;
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++) {
		heard |= listen(compressors[k], blocks[k], blocks[k], from, CHUNK, values[k], NULL);
		ballistics[k] = &compressors[k]->ballistics;
		rows[k] = values[k];
	}
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++) {
		if (heard)
			compute_reduction(&compressors[k]->curve, values[k]);
		else
			keep_quiet(compressors[k], blocks[k], from, CHUNK);
	}
	if (!heard)
		return;
	ballistics_run_together(ballistics, rows);
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++) {
		compute_gain(&compressors[k]->curve, values[k]);
		apply_gains(values[k], blocks[k], from, CHUNK);
	}
}

static void compressor_process_keyed(void *state, struct block *block, const struct block *key)
{
	for (size_t from = 0; from < block->frames; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(state, block, key, from, left < CHUNK ? left : CHUNK);
	}
}

static void compressor_process(void *state, struct block *block)
{
	compressor_process_keyed(state, block, block);
}

_Static_assert((int)PROCESSOR_TOGETHER == (int)BALLISTICS_TOGETHER, "a lane a compressor");

static void compressor_process_together(void *const *states, struct block *const *blocks)
{
	struct compressor *compressors[PROCESSOR_TOGETHER];
	bool automatic = false;
	for (size_t k = 0; k < PROCESSOR_TOGETHER; k++) {
		compressors[k] = states[k];
		automatic |= compressors[k]->automatic;
	}
	const size_t frames = blocks[0]->frames;
	for (size_t from = 0, count; from < frames; from += count) {
		count = frames - from < CHUNK ? frames - from : CHUNK;
		if (!automatic && count == CHUNK)
			process_chunk_together(compressors, blocks, from);
		else
			for (size_t k = 0; k < PROCESSOR_TOGETHER; k++)
				process_chunk(compressors[k], blocks[k], blocks[k], from, count);
	}
}

static const char *compressor_key_track(const void *settings)
{
	const struct compressor_settings *s = settings;
	return s->detector.key;
}

static uint32_t compressor_latency(const void *state)
{
	const struct compressor *c = state;
	return c->delays[0].frames;
}

static void compressor_reset(void *state)
{
	struct compressor *c = state;
	clear(c);
	detector_reset(&c->detector);
	lookahead_reset(c->delays);
}

static void compressor_finish(void *state)
{
	struct compressor *c = state;
	lookahead_finish(c->delays);
}

const struct processor_type compressor_type = {
	.settings = &compressor_record,
	.state_size = sizeof(struct compressor),
	.init = compressor_init,
	.process = compressor_process,
	.process_keyed = compressor_process_keyed,
	.process_together = compressor_process_together,
	.key_track = compressor_key_track,
	.latency = compressor_latency,
	.reset = compressor_reset,
	.finish = compressor_finish,
};
