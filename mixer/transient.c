/* transient: louder or softer attacks and sustains, whatever the level (the principle of SPL's Transient
 * Designer: differences of envelope followers). Three followers in power: one quick both ways, one slow to
 * rise, one slow to fall. What the quick one is above the slow riser is attack, what the slow faller is above
 * the quick one is sustain; on a steady tone all three are the same, and nothing happens. */
#include "audio/fastmath.h"
#include "audio/peak-hold.h"
#include "mixer/detector.h"

static const struct key keys[] = {
	{.name = "attack",
		.type = KEY_NUMBER,
		.offset = offsetof(struct transient_settings, attack_db),
		.unit = UNIT_DB,
		.least = -15,
		.most = 15,
		.fallback = "0 dB",
		.help = "How much louder or softer the onset of a note becomes at most."},
	{.name = "sustain",
		.type = KEY_NUMBER,
		.offset = offsetof(struct transient_settings, sustain_db),
		.unit = UNIT_DB,
		.least = -24,
		.most = 24,
		.fallback = "0 dB",
		.help = "How much louder or softer what dies away after it becomes at most."},
	{.name = "lookahead",
		.type = KEY_NUMBER,
		.offset = offsetof(struct transient_settings, lookahead_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0,
		.most = 0.02,
		.fallback = "1 ms",
		.help = "How much earlier than the sound the gain moves; the mix makes up for the delay."},
};

static const struct record transient_record = {
	.name = "transient",
	.help = "Makes attacks and sustains louder or softer, loud and quiet notes alike.",
	.size = sizeof(struct transient_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

/* Holds the waves of notes down to 50 Hz. */
static const double hold_s = 0.01;

static const double quick_attack_s = 0.0005, quick_release_s = 0.03;
static const double slow_attack_s = 0.03, riser_release_s = 0.1, slow_release_s = 0.6;

/* A difference of so many dB or more does all that was asked for. */
static const double full_db = 10;

struct transient {
	double attack_share, sustain_share; /* octaves of gain an octave of power difference */
	double most_octaves;		    /* of difference */
	double most_ratio;		    /* the same as a ratio of powers */
	double quick_attack, quick_release; /* shares that are kept a frame */
	double slow_attack, riser_release, slow_release;
	double quick, riser, faller;
	bool neutral;
	struct detector detector; /* without a filter */
	struct peak_hold hold;
	struct delay delays[BLOCK_CHANNELS];
};

static int transient_init(
	void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct transient *t = state;
	const struct transient_settings *s = data;
	t->most_octaves = full_db / (FAST_DB_PER_OCTAVE / 2);
	t->most_ratio = exp2(t->most_octaves);
	t->attack_share = s->attack_db / FAST_DB_PER_OCTAVE / t->most_octaves;
	t->sustain_share = s->sustain_db / FAST_DB_PER_OCTAVE / t->most_octaves;
	t->quick_attack = keep_of(quick_attack_s, format->rate);
	t->quick_release = keep_of(quick_release_s, format->rate);
	t->slow_attack = keep_of(slow_attack_s, format->rate);
	t->riser_release = keep_of(riser_release_s, format->rate);
	t->slow_release = keep_of(slow_release_s, format->rate);
	t->quick = t->riser = t->faller = FLOOR_POWER;
	t->neutral = s->attack_db == 0 && s->sustain_db == 0;
	int result = peak_hold_init(&t->hold, hold_s, format->rate);
	if (result < 0)
		return error_errno(e, result, "transient");
	result = lookahead_init(t->delays, format->channels, s->lookahead_s, format->rate, e);
	if (result < 0)
		peak_hold_finish(&t->hold);
	return result;
}

static inline double follow(double follower, double power, double attack_keep, double release_keep)
{
	double keep = power > follower ? attack_keep : release_keep;
	return power + keep * (follower - power);
}

/* Levels become the differences, as ratios of power. The slow faller never is further away than counts: a
 * soft note after a loud one is not taken for its sustain. */
static void run_followers(struct transient *t, const double levels[CHUNK], double attacks[CHUNK],
	double sustains[CHUNK], size_t count)
{
	const double most = t->most_ratio;
	double quick = t->quick, riser = t->riser, faller = t->faller;
	for (size_t i = 0; i < count; i++) {
		quick = follow(quick, levels[i], t->quick_attack, t->quick_release);
		riser = follow(riser, levels[i], t->slow_attack, t->riser_release);
		faller = follow(faller, levels[i], t->quick_attack, t->slow_release);
		faller = faller < quick * most ? faller : quick * most;
		attacks[i] = quick / riser;
		sustains[i] = faller / quick;
	}
	t->quick = quick;
	t->riser = riser;
	t->faller = faller;
}

static double share_of(double octaves, double most)
{
	octaves = octaves > 0 ? octaves : 0;
	return octaves < most ? octaves : most;
}

static void compute_gains(const struct transient *t, const double attacks[CHUNK],
	const double sustains[CHUNK], double gains[CHUNK])
{
	const double most = t->most_octaves, attack = t->attack_share, sustain = t->sustain_share;
	for (size_t i = 0; i < CHUNK; i++)
		gains[i] = fast_exp2(attack * share_of(fast_log2(attacks[i]), most) +
				     sustain * share_of(fast_log2(sustains[i]), most));
}

static void process_chunk(struct transient *t, struct block *block, size_t from, size_t count)
{
	double levels[CHUNK], attacks[CHUNK], sustains[CHUNK];
	for (size_t i = 0; i < CHUNK; i++)
		attacks[i] = sustains[i] = 1;
	detector_run(&t->detector, block, from, count, levels);
	peak_hold_run(&t->hold, levels, count);
	lookahead_run(t->delays, block, from, count);
	run_followers(t, levels, attacks, sustains, count);
	compute_gains(t, attacks, sustains, levels);
	apply_gains(levels, block, from, count);
}

static void transient_process(void *state, struct block *block)
{
	struct transient *t = state;
	if (t->neutral) {
		lookahead_run(t->delays, block, 0, block->frames);
		return;
	}
	for (size_t from = 0; from < block->frames; from += CHUNK) {
		size_t left = block->frames - from;
		process_chunk(t, block, from, left < CHUNK ? left : CHUNK);
	}
}

static uint32_t transient_latency(const void *state)
{
	const struct transient *t = state;
	return t->delays[0].frames;
}

static void transient_reset(void *state)
{
	struct transient *t = state;
	t->quick = t->riser = t->faller = FLOOR_POWER;
	peak_hold_reset(&t->hold);
	lookahead_reset(t->delays);
}

static void transient_finish(void *state)
{
	struct transient *t = state;
	peak_hold_finish(&t->hold);
	lookahead_finish(t->delays);
}

const struct processor_type transient_type = {
	.settings = &transient_record,
	.state_size = sizeof(struct transient),
	.init = transient_init,
	.process = transient_process,
	.latency = transient_latency,
	.reset = transient_reset,
	.finish = transient_finish,
};
