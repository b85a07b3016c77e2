#include "mastering/multiband.h"

#include "audio/ballistics.h"
#include "audio/fastmath.h"
#include "audio/finite.h"
#include "audio/wide.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { HOP = 16, TILE = CHUNK, SUMS = 4 };

static const double level_s = 0.01;

static const struct key band_keys[] = {
	{.name = "below",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, below_hz),
		.unit = UNIT_HZ,
		.least = 20,
		.most = 20000,
		.fallback = "",
		.help = "Where the next band begins; the last band has none."},
	{.name = "threshold",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, threshold_db),
		.unit = UNIT_DB,
		.least = -80,
		.most = 0,
		.fallback = "-24 dB",
		.help = "The level of the band, in dB below full scale, from which louder is made less "
			"loud."},
	{.name = "ratio",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, ratio),
		.unit = UNIT_RATIO,
		.least = 1,
		.most = 100,
		.fallback = "2:1",
		.help = "How many dB more going in give 1 dB more coming out, above the threshold."},
	{.name = "attack",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, attack_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0.001,
		.most = 1,
		.fallback = "20 ms",
		.help = "The time in which the reduction does 63 % of its rise, in dB."},
	{.name = "release",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, release_s),
		.unit = UNIT_SECONDS,
		.bare_scale = 0.001,
		.least = 0.001,
		.most = 5,
		.fallback = "200 ms",
		.help = "The time in which the reduction does 63 % of its fall, in dB."},
	{.name = "knee",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, knee_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 40,
		.fallback = "6 dB",
		.help = "The range around the threshold over which the ratio sets in."},
	{.name = "most",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, most_db),
		.unit = UNIT_DB,
		.least = 0,
		.most = 60,
		.fallback = "60 dB",
		.help = "No more than this is taken off."},
	{.name = "gain",
		.type = KEY_NUMBER,
		.offset = offsetof(struct multiband_band, gain_db),
		.unit = UNIT_DB,
		.least = -24,
		.most = 24,
		.fallback = "0 dB",
		.help = "Gain of the band, after the reduction."},
};

static const struct record band_record = {
	.name = "multiband band",
	.help = "One band and its compressor.",
	.size = sizeof(struct multiband_band),
	.keys = band_keys,
	.key_count = KEY_COUNT(band_keys),
};

static const struct key keys[] = {
	{.name = "bands",
		.type = KEY_RECORDS,
		.offset = offsetof(struct multiband_settings, bands),
		.record = &band_record,
		.required = true,
		.most = MULTIBAND_BANDS,
		.help = "The bands, the lowest first; all but the last say where the next begins."},
};

static const struct record multiband_record = {
	.name = "multiband",
	.help = "Compresses up to five bands, each by itself.",
	.size = sizeof(struct multiband_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};

struct band {
	double knee_start_db, knee_db, knee_curve, slope, most_db, gain_db;
	struct ballistics ballistics;
	double power; /* mean square */
	/* Squares of the hop that is being filled; every fourth in one sum, which would else wait for itself.
	 */
	double sums[BLOCK_CHANNELS][SUMS];
	double from, to, step;		      /* gain at the hop's ends, and what each frame adds */
	double reduction_sum, most_reduction; /* dB */
};

struct multiband {
	size_t count;
	uint32_t channels, filled; /* of the hop */
	uint64_t hops;
	double power_keep;
	struct crossover crossover;
	struct crossover_memory memories[BLOCK_CHANNELS];
	struct band bands[MULTIBAND_BANDS];
};

static double gain_of(const struct band *band, double reduction_db)
{
	return fast_exp2((band->gain_db - reduction_db) * (1 / FAST_DB_PER_OCTAVE));
}

static int check(const struct multiband_settings *settings, uint32_t rate, struct error *e)
{
	const struct multiband_band *bands = settings->bands.items;
	size_t count = settings->bands.count;
	if (count < 1 || count > MULTIBAND_BANDS)
		return error_set(e, EINVAL, "bands: %zu of them; 1 to %d will do", count, MULTIBAND_BANDS);
	for (size_t i = 0; i + 1 < count; i++) {
		if (isnan(bands[i].below_hz))
			return error_set(e, EINVAL,
				"bands: band %zu does not say what it is below; only the "
				"last one goes up to the top",
				i + 1);
		if (i > 0 && !(bands[i].below_hz > bands[i - 1].below_hz))
			return error_set(e, EINVAL,
				"bands: band %zu is below %g Hz, and the one before it "
				"below %g Hz; the lowest comes first",
				i + 1, bands[i].below_hz, bands[i - 1].below_hz);
		if (!(bands[i].below_hz > 0 && bands[i].below_hz < 0.45 * rate))
			return error_set(e, EINVAL, "bands: %g Hz is not well below half the rate of %u Hz",
				bands[i].below_hz, rate);
	}
	if (!isnan(bands[count - 1].below_hz))
		return error_set(e, EINVAL, "bands: the last band goes up to the top; it is below nothing");
	return 0;
}

static void band_clear(struct band *band)
{
	band->power = FLOOR_POWER;
	band->ballistics.held = band->ballistics.reduction = 0;
	memset(band->sums, 0, sizeof(band->sums));
	band->from = band->to = gain_of(band, 0);
	band->step = band->reduction_sum = band->most_reduction = 0;
}

static void band_init(struct band *band, const struct multiband_band *set, double rate)
{
	band->knee_start_db = set->threshold_db - set->knee_db / 2;
	band->knee_db = set->knee_db;
	band->knee_curve = set->knee_db > 0 ? 1 / (2 * set->knee_db) : 0;
	band->slope = 1 - 1 / set->ratio;
	band->most_db = set->most_db;
	band->gain_db = set->gain_db;
	ballistics_init(&band->ballistics, set->attack_s, set->release_s, rate / HOP);
	band_clear(band);
}

static int multiband_init(
	void *state, const void *data, const struct processor_format *format, struct error *e)
{
	struct multiband *m = state;
	const struct multiband_settings *settings = data;
	const struct multiband_band *bands = settings->bands.items;
	double corners[MULTIBAND_BANDS];
	int result = check(settings, format->rate, e);
	if (result < 0)
		return result;
	m->count = settings->bands.count;
	m->channels = format->channels;
	m->power_keep = keep_of(level_s, format->rate / (double)HOP);
	for (size_t i = 0; i < m->count; i++) {
		corners[i] = bands[i].below_hz;
		band_init(&m->bands[i], &bands[i], format->rate);
	}
	crossover_init(&m->crossover, m->count, corners, format->rate);
	return 0;
}

static double sum_of(const double sums[SUMS])
{
	return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The gain for the next hop, from the level of the one that is full. */
static void band_decide(struct band *band, double keep)
{
	double power = fmax(sum_of(band->sums[0]), sum_of(band->sums[1])) * (1.0 / HOP);
	memset(band->sums, 0, sizeof(band->sums));
	band->power = keep * band->power + (1 - keep) * fmin(power + FLOOR_POWER, MOST_POWER);
	double over = fmax(fast_log2(band->power) * (FAST_DB_PER_OCTAVE / 2) - band->knee_start_db, 0);
	double inside = fmin(over, band->knee_db);
	double reduction =
		fmin(band->slope * (inside * inside * band->knee_curve + (over - inside)), band->most_db);
	double before = band->ballistics.reduction;
	ballistics_run(&band->ballistics, &reduction, 1);
	band->reduction_sum += reduction;
	band->most_reduction = fmax(band->most_reduction, reduction);
	band->from = band->to;
	band->to = reduction == before ? band->from : gain_of(band, reduction);
	band->step = (band->to - band->from) * (1.0 / HOP);
}

/* `count` samples of a band, from the hop's sample `at` on, added to what came of the bands before it; and
 * their squares. */
static inline __attribute__((always_inline)) void add_band(
	struct band *band, uint32_t c, const double *in, double *out, uint32_t at, uint32_t count)
{
	double sums[SUMS];
	memcpy(sums, band->sums[c], sizeof(sums));
	for (uint32_t i = 0; i < count; i++) {
		out[i] += (band->from + band->step * (at + i)) * in[i];
		sums[(at + i) % SUMS] += in[i] * in[i];
	}
	memcpy(band->sums[c], sums, sizeof(sums));
}

WIDE static void add_whole_hop(struct band *band, uint32_t c, const double *in, double *out)
{
	add_band(band, c, in, out, 0, HOP);
}

/* `count` frames of one hop, from frame `from` of the tile: levels of all bands, and their sum. */
static void run_hop(struct multiband *m, double bands[BLOCK_CHANNELS][MULTIBAND_BANDS][TILE], uint32_t from,
	uint32_t count, struct block *block, uint32_t at)
{
	for (uint32_t c = 0; c < m->channels; c++) {
		double *out = block->channel[c] + at;
		memset(out, 0, count * sizeof(*out));
		for (size_t b = 0; b < m->count; b++) {
			const double *in = bands[c][b] + from;
			if (count == HOP)
				add_whole_hop(&m->bands[b], c, in, out);
			else
				add_band(&m->bands[b], c, in, out, m->filled, count);
		}
	}
	m->filled += count;
	if (m->filled < HOP)
		return;
	m->filled = 0;
	m->hops++;
	for (size_t b = 0; b < m->count; b++)
		band_decide(&m->bands[b], m->power_keep);
}

static void run_tile(struct multiband *m, struct block *block, uint32_t at, uint32_t count)
{
	double bands[BLOCK_CHANNELS][MULTIBAND_BANDS][TILE];
	double *rows[BLOCK_CHANNELS][MULTIBAND_BANDS];
	for (uint32_t c = 0; c < m->channels; c++) {
		for (size_t b = 0; b < m->count; b++)
			rows[c][b] = bands[c][b];
		double *in = bands[c][m->count - 1];
		for (uint32_t i = 0; i < count; i++)
			in[i] = finite_sample(block->channel[c][at + i]);
	}
	const double *const in[BLOCK_CHANNELS] = {bands[0][m->count - 1], bands[1][m->count - 1]};
	if (m->channels == 2)
		crossover_run_stereo(
			&m->crossover, m->memories, in, (double *const *const[]){rows[0], rows[1]}, count);
	else
		crossover_run(&m->crossover, &m->memories[0], in[0], rows[0], count);
	for (uint32_t done = 0, n; done < count; done += n) {
		n = HOP - m->filled < count - done ? HOP - m->filled : count - done;
		run_hop(m, bands, done, n, block, at + done);
	}
}

static void multiband_process(void *state, struct block *block)
{
	for (uint32_t at = 0; at < block->frames; at += TILE)
		run_tile(state, block, at, block->frames - at < TILE ? block->frames - at : TILE);
}

static size_t multiband_notes(const void *state, struct processor_note notes[static PROCESSOR_NOTES])
{
	static const char *const names[MULTIBAND_BANDS] = {"band_1_most_reduction_db",
		"band_2_most_reduction_db", "band_3_most_reduction_db", "band_4_most_reduction_db",
		"band_5_most_reduction_db"};
	const struct multiband *m = state;
	for (size_t b = 0; b < m->count; b++)
		notes[b] = (struct processor_note){names[b], m->bands[b].most_reduction};
	return m->count;
}

static void multiband_reset(void *state)
{
	struct multiband *m = state;
	memset(m->memories, 0, sizeof(m->memories));
	m->filled = 0;
	m->hops = 0;
	for (size_t b = 0; b < m->count; b++)
		band_clear(&m->bands[b]);
}

const struct processor_type multiband_type = {
	.settings = &multiband_record,
	.state_size = sizeof(struct multiband),
	.init = multiband_init,
	.process = multiband_process,
	.notes = multiband_notes,
	.reset = multiband_reset,
};

struct multiband_reduction multiband_reduced(const struct processor *multiband, size_t band)
{
	const struct multiband *m = processor_state(multiband, &multiband_type);
	if (!m || band >= m->count || m->hops == 0)
		return (struct multiband_reduction){0};
	const struct band *b = &m->bands[band];
	return (struct multiband_reduction){b->most_reduction, b->reduction_sum / (double)m->hops};
}
