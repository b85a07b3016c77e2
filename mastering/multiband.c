#include "mastering/multiband.h"

#include "audio/ballistics.h"
#include "audio/fastmath.h"
#include "audio/finite.h"
#include "audio/wide.h"
#include "common/units.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum { HOP = 16, TILE_HOPS = 16, TILE = HOP * TILE_HOPS, SUMS = 4 };

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
	/* Squares of a hop that comes in pieces; every fourth in one sum, which would else wait for itself.
	 */
	double sums[BLOCK_CHANNELS][SUMS];
	double from, to;		      /* gain at the ends of the hop that comes */
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
	band->reduction_sum = band->most_reduction = 0;
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

/* ---- levels to gains ---- */

/* From mean squares to dB that are wanted off. */
WIDE static void want_reductions(const struct band *band, double values[static TILE_HOPS], size_t hops)
{
	const double start = band->knee_start_db, knee = band->knee_db, curve = band->knee_curve;
	const double slope = band->slope, most = band->most_db;
	for (size_t h = 0; h < hops; h++) {
		double above = fast_log2(values[h]) * (FAST_DB_PER_OCTAVE / 2) - start;
		double over = above > 0 ? above : 0, inside = over < knee ? over : knee;
		double wanted = slope * (inside * inside * curve + (over - inside));
		values[h] = wanted < most ? wanted : most;
	}
}

WIDE static void find_band_gains(double gain_db, const double reductions[static TILE_HOPS],
	double gains[static TILE_HOPS], size_t hops)
{
	for (size_t h = 0; h < hops; h++)
		gains[h] = fast_exp2((gain_db - reductions[h]) * (1 / FAST_DB_PER_OCTAVE));
}

/* Gains at the ends of some hops and of the one after them, of which each knows those before it only. */
struct ends {
	double gain[TILE_HOPS + 2];
};

/* From the sums of squares of `hops` hops; these are lost. */
static void band_decide(
	struct band *band, double keep, double values[static TILE_HOPS], size_t hops, struct ends *ends)
{
	double power = band->power;
	for (size_t h = 0; h < hops; h++) {
		double fresh = values[h] * (1.0 / HOP) + FLOOR_POWER;
		power = keep * power + (1 - keep) * (fresh < MOST_POWER ? fresh : MOST_POWER);
		values[h] = power;
	}
	band->power = power;
	want_reductions(band, values, hops);
	ballistics_run(&band->ballistics, values, hops);
	for (size_t h = 0; h < hops; h++) {
		band->reduction_sum += values[h];
		band->most_reduction = fmax(band->most_reduction, values[h]);
	}
	ends->gain[0] = band->from;
	ends->gain[1] = band->to;
	find_band_gains(band->gain_db, values, ends->gain + 2, hops);
	band->from = ends->gain[hops];
	band->to = ends->gain[hops + 1];
}

/* ---- tiles ---- */

/* A part of a hop, from its sample `at` on, added to what came of the bands before it; and its squares. */
static void add_part(
	struct band *band, uint32_t c, const double *in, double *out, uint32_t at, uint32_t count)
{
	const double step = (band->to - band->from) * (1.0 / HOP);
	for (uint32_t i = 0; i < count; i++) {
		out[i] += (band->from + step * (at + i)) * in[i];
		band->sums[c][(at + i) % SUMS] += in[i] * in[i];
	}
}

static void run_part(struct multiband *m, double *rows[BLOCK_CHANNELS][MULTIBAND_BANDS], uint32_t count,
	struct block *block, uint32_t at)
{
	for (uint32_t c = 0; c < m->channels; c++) {
		double *out = block->channel[c] + at;
		memset(out, 0, count * sizeof(*out));
		for (size_t b = 0; b < m->count; b++)
			add_part(&m->bands[b], c, rows[c][b], out, m->filled, count);
	}
	m->filled += count;
	if (m->filled < HOP)
		return;
	m->filled = 0;
	m->hops++;
	for (size_t b = 0; b < m->count; b++) {
		struct band *band = &m->bands[b];
		double values[TILE_HOPS] = {fmax(sum_of(band->sums[0]), sum_of(band->sums[1]))};
		struct ends unused;
		band_decide(band, m->power_keep, values, 1, &unused);
		memset(band->sums, 0, sizeof(band->sums));
	}
}

/* Of each hop, the larger of what is there and of its own sum of squares. */
WIDE static void find_hop_sums(const double *in, double *sums, size_t hops)
{
	for (size_t h = 0; h < hops; h++, in += HOP) {
		double of[SUMS] = {0};
		for (size_t i = 0; i < HOP; i += SUMS)
			for (size_t k = 0; k < SUMS; k++)
				of[k] += in[i + k] * in[i + k];
		double sum = sum_of(of);
		sums[h] = sum > sums[h] ? sum : sums[h];
	}
}

/* A channel's bands, with their gains, put together. */
WIDE static void add_whole_hops(
	const double *const *bands, const struct ends *ends, size_t count, double *out, size_t hops)
{
	for (size_t h = 0; h < hops; h++) {
		double sum[HOP] = {0};
		for (size_t b = 0; b < count; b++) {
			const double *in = bands[b] + h * HOP, from = ends[b].gain[h];
			const double step = (ends[b].gain[h + 1] - from) * (1.0 / HOP);
			for (int i = 0; i < HOP; i++)
				sum[i] += (from + step * i) * in[i];
		}
		memcpy(out + h * HOP, sum, sizeof(sum));
	}
}

static void run_hops(struct multiband *m, double *rows[BLOCK_CHANNELS][MULTIBAND_BANDS], size_t hops,
	struct block *block, uint32_t at)
{
	struct ends ends[MULTIBAND_BANDS];
	for (size_t b = 0; b < m->count; b++) {
		double values[TILE_HOPS] = {0};
		for (uint32_t c = 0; c < m->channels; c++)
			find_hop_sums(rows[c][b], values, hops);
		band_decide(&m->bands[b], m->power_keep, values, hops, &ends[b]);
	}
	for (uint32_t c = 0; c < m->channels; c++)
		add_whole_hops((const double *const *)rows[c], ends, m->count, block->channel[c] + at, hops);
	m->hops += hops;
}

/* Whole hops, or a part of one. */
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
	if (m->filled == 0 && count % HOP == 0)
		run_hops(m, rows, count / HOP, block, at);
	else
		run_part(m, rows, count, block, at);
}

/* To the end of a hop that has begun; then whole ones, as many as there are; then the rest. */
static uint32_t tile_size(const struct multiband *m, uint32_t left)
{
	uint32_t most = m->filled > 0 ? HOP - m->filled : left < HOP ? left : TILE;
	uint32_t size = left < most ? left : most;
	return size > HOP ? size - size % HOP : size;
}

static void multiband_process(void *state, struct block *block)
{
	for (uint32_t at = 0, n; at < block->frames; at += n) {
		n = tile_size(state, block->frames - at);
		run_tile(state, block, at, n);
	}
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
