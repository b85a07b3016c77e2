#include "mastering/shaping.h"

#include "audio/midside.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDES = 2, SECTIONS = TONE_BANDS + 1, HIGHPASS_ORDER = 2 };

/* Slow and gentle: what is heard of a master's compression is its attack. */
static const double ratio = 2, glue_ratio = 1.5, knee_db = 6, glue_most_db = 2;

/* Where bands meet, by how many there are; and how fast they are, the lowest first. */
static const double corners[][MULTIBAND_BANDS - 1] = {
	[3] = {160, 3000}, [4] = {120, 600, 4000}, [5] = {80, 250, 1000, 5000}};
static const double attack_s[MULTIBAND_BANDS] = {0.04, 0.03, 0.02, 0.015, 0.01};
static const double release_s[MULTIBAND_BANDS] = {0.3, 0.25, 0.2, 0.15, 0.12};
static const double glue_attack_s = 0.03, glue_release_s = 0.3;

struct shaping {
	struct master_chain settings;
	uint32_t rate;
	size_t section_count;
	struct biquad sections[SECTIONS];
	struct biquad_memory memories[SIDES][SECTIONS];
	struct tone tone;
	bool moves; /* width or bass */
	struct midside midside;
	size_t band_count;
	struct multiband_band bands[MULTIBAND_BANDS], whole;
	struct processor *multiband, *glue; /* NULL: none */
};

bool shaping_acts(const struct master_chain *s)
{
	return s->highpass_hz > 0 || s->tone_db > 0 || s->multiband_db > 0 || s->width_percent != 100 ||
	       s->mono_below_hz > 0 || s->glue_db > 0 || s->soft_clip_db > 0;
}

static void add_highpass(struct shaping *shaping)
{
	struct biquad sections[4];
	if (!(shaping->settings.highpass_hz > 0))
		return;
	size_t count = filter_butterworth(
		FILTER_HIGHPASS, HIGHPASS_ORDER, shaping->settings.highpass_hz, shaping->rate, sections);
	memcpy(shaping->sections, sections, count * sizeof(*sections));
	shaping->section_count = count;
}

static void add_tone(struct shaping *shaping, const double thirds[LONGTERM_THIRDS], const double *target_db)
{
	if (!(shaping->settings.tone_db > 0) || !target_db)
		return;
	tone_design(&shaping->tone, thirds, target_db, shaping->settings.tone_db, shaping->rate);
	memcpy(shaping->sections + shaping->section_count, shaping->tone.sections,
		shaping->tone.count * sizeof(struct biquad));
	shaping->section_count += shaping->tone.count;
}

/* What tone leaves of the power between two frequencies, third by third. */
static void weigh(
	const struct shaping *shaping, double from_hz, double to_hz, double weights[LONGTERM_THIRDS])
{
	for (size_t t = 0; t < LONGTERM_THIRDS; t++) {
		double hz = longterm_third_hz(t);
		bool inside = hz >= from_hz && hz < to_hz;
		weights[t] = inside ? pow(10, tone_gain_db(&shaping->tone, hz, shaping->rate) / 10) : 0;
	}
}

/* With its knee around a threshold so far below the loud moments that these lose what is asked for. */
static double threshold_for(double level_db, double reduce_db, double of_ratio)
{
	double threshold = level_db - reduce_db / (1 - 1 / of_ratio);
	return isfinite(threshold) ? fmax(-120, threshold) : 0;
}

static int make(
	struct processor **made, struct multiband_band *bands, size_t count, uint32_t rate, struct error *e)
{
	struct multiband_settings settings = {{bands, count}};
	struct processor_format format = {.rate = rate, .channels = SIDES};
	return processor_create(made, &multiband_type, &settings, &format, e);
}

static int add_bands(struct shaping *shaping, const struct shaping_request *request, struct error *e)
{
	size_t count = (size_t)shaping->settings.multiband_bands;
	const double *corner = corners[count];
	double from = 0;
	if (!(shaping->settings.multiband_db > 0))
		return 0;
	while (count > 1 && !(corner[count - 2] < 0.4 * shaping->rate))
		count--;
	for (size_t b = 0; b < count; b++) {
		double weights[LONGTERM_THIRDS];
		double to = b + 1 < count ? corner[b] : NAN;
		weigh(shaping, from, isnan(to) ? INFINITY : to, weights);
		shaping->bands[b] = (struct multiband_band){.below_hz = to,
			.threshold_db = threshold_for(portrait_peak_level(request->sides, weights),
				shaping->settings.multiband_db, ratio),
			.ratio = ratio,
			.attack_s = attack_s[b],
			.release_s = release_s[b],
			.knee_db = knee_db,
			.most_db = 3 * shaping->settings.multiband_db};
		from = to;
	}
	shaping->band_count = count;
	return make(&shaping->multiband, shaping->bands, count, shaping->rate, e);
}

static int add_glue(struct shaping *shaping, const struct shaping_request *request, struct error *e)
{
	double weights[LONGTERM_THIRDS];
	if (!(shaping->settings.glue_db > 0))
		return 0;
	weigh(shaping, 0, INFINITY, weights);
	/* By then the bands have been compressed. */
	double level = portrait_peak_level(request->sides, weights) - shaping->settings.multiband_db;
	shaping->whole = (struct multiband_band){.below_hz = NAN,
		.threshold_db = threshold_for(level, shaping->settings.glue_db, glue_ratio),
		.ratio = glue_ratio,
		.attack_s = glue_attack_s,
		.release_s = glue_release_s,
		.knee_db = knee_db,
		.most_db = glue_most_db};
	return make(&shaping->glue, &shaping->whole, 1, shaping->rate, e);
}

int shaping_create(struct shaping **shaping, const struct shaping_request *request, struct error *e)
{
	struct shaping *made = calloc(1, sizeof(*made));
	double thirds[LONGTERM_THIRDS];
	if (!made)
		return error_errno(e, ENOMEM, "the master's chain");
	made->settings = *request->settings;
	made->rate = request->rate;
	double below = made->settings.mono_below_hz > 0 ? made->settings.mono_below_hz : NAN;
	made->moves = made->settings.width_percent != 100 || !isnan(below);
	add_highpass(made);
	if (portrait_loud(request->sides, thirds))
		add_tone(made, thirds, request->target_db);
	int result =
		midside_init(&made->midside, made->settings.width_percent / 100, below, request->rate, e);
	if (result == 0)
		result = add_bands(made, request, e);
	if (result == 0)
		result = add_glue(made, request, e);
	if (result < 0) {
		shaping_destroy(made);
		return result;
	}
	*shaping = made;
	return 0;
}

void shaping_destroy(struct shaping *shaping)
{
	if (!shaping)
		return;
	processor_destroy(shaping->multiband);
	processor_destroy(shaping->glue);
	free(shaping);
}

void shaping_run_side(struct shaping *shaping, size_t side, double *samples, size_t count)
{
	filter_run_cascade(
		shaping->sections, shaping->memories[side], shaping->section_count, samples, count);
}

void shaping_run_bands(struct shaping *shaping, struct block *block)
{
	if (shaping->multiband)
		processor_process(shaping->multiband, block);
}

void shaping_run_whole(struct shaping *shaping, struct block *block)
{
	if (shaping->moves)
		midside_run(&shaping->midside, block->channel[0], block->channel[1], block->frames);
	if (shaping->glue)
		processor_process(shaping->glue, block);
}

void shaping_tell(const struct shaping *shaping, struct shaping_report *report)
{
	*report = (struct shaping_report){.highpass_hz = shaping->settings.highpass_hz,
		.tone_count = shaping->tone.count,
		.band_count = shaping->band_count,
		.width_percent = shaping->settings.width_percent,
		.mono_below_hz = shaping->settings.mono_below_hz,
		.glues = shaping->glue != NULL,
		.glue_threshold_db = shaping->whole.threshold_db};
	for (size_t i = 0; i < shaping->tone.count; i++) {
		report->tone_hz[i] = shaping->tone.hz[i];
		report->tone_db[i] = tone_gain_db(&shaping->tone, shaping->tone.hz[i], shaping->rate);
	}
	for (size_t b = 0; b < shaping->band_count; b++) {
		report->band_below_hz[b] = shaping->bands[b].below_hz;
		report->band_threshold_db[b] = shaping->bands[b].threshold_db;
		report->band[b] = multiband_reduced(shaping->multiband, b);
	}
	if (shaping->glue)
		report->glue = multiband_reduced(shaping->glue, 0);
}
