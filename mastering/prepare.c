#include "mastering/prepare.h"

#include "mastering/pass.h"

#include <errno.h>
#include <math.h>

enum { CHANNELS = 2, POWER = 0, PEAKS = 1 };

/* ---- parts ---- */

/* The fewest bits that hold every sample, of all samples together, scaled to 32 bits. */
static void note_word(struct preparation *p, const struct block *block)
{
	for (uint32_t c = 0; c < CHANNELS && !p->fractional; c++) {
		for (uint32_t i = 0; i < block->frames; i++) {
			double scaled = block->channel[c][i] * 0x1p31;
			if (scaled >= INT32_MIN && scaled <= INT32_MAX && scaled == (double)(int32_t)scaled)
				p->word |= (uint32_t)(int32_t)scaled;
			else
				p->fractional = true;
		}
	}
}

static unsigned word_bits(const struct preparation *p)
{
	if (p->fractional)
		return 64;
	return p->word ? 32 - (unsigned)__builtin_ctz(p->word) : 1;
}

static int add_power(struct preparation *p, const struct block *block, struct error *e)
{
	int result = meter_add_power(p->meter, block);
	return result < 0 ? error_errno(e, result, "loudness of the mix") : 0;
}

static void add_peaks(struct preparation *p, uint32_t side, const struct block *block)
{
	meter_add_peaks(p->meter, side, block->channel[side], block->frames);
	model_add_peaks(p->model, side, block->channel[side], block->frames);
}

/* Of a mix that will be shaped: how loud it is, and where. */
static int hear(void *data, size_t part, struct block *block, struct error *e)
{
	struct preparation *p = data;
	if (part == POWER) {
		note_word(p, block);
		return add_power(p, block, e);
	}
	size_t side = part - 1;
	int result = portrait_add(p->sides[side], block->channel[side], block->frames);
	return result < 0 ? error_errno(e, result, "portrait of the mix") : 0;
}

/* Of what goes into the limiter. */
static int weigh(void *data, size_t part, struct block *block, struct error *e)
{
	struct preparation *p = data;
	if (part == POWER) {
		if (!p->chain)
			note_word(p, block);
		return add_power(p, block, e);
	}
	add_peaks(p, (uint32_t)part - PEAKS, block);
	return 0;
}

static int shape_side(void *data, size_t side, struct block *block, struct error *e)
{
	struct preparation *p = data;
	(void)e;
	shaping_run_side(p->chain, side, block->channel[side], block->frames);
	return 0;
}

static int shape_bands(void *data, size_t part, struct block *block, struct error *e)
{
	struct preparation *p = data;
	(void)part, (void)e;
	shaping_run_bands(p->chain, block);
	return 0;
}

static int shape_whole(void *data, size_t part, struct block *block, struct error *e)
{
	struct preparation *p = data;
	(void)part;
	shaping_run_whole(p->chain, block);
	/* What is read back has no more digits than these: they are measured, too. */
	for (uint32_t c = 0; c < CHANNELS; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			block->channel[c][i] = (double)(float)block->channel[c][i];
	return p->job->shaped_to->write(p->job->shaped_to->data, block, e);
}

/* ---- passes ---- */

static int meter_begin(struct preparation *p, struct error *e)
{
	meter_destroy(p->meter);
	p->meter = NULL;
	return meter_create(&p->meter, p->job->source->rate, CHANNELS, e);
}

static int model_begin(struct preparation *p, struct error *e)
{
	const struct master_job *job = p->job;
	p->model = model_create(job->source->rate, job->source->frames, job->titles, job->title_count);
	if (!p->model)
		return error_errno(e, ENOMEM, "mastering");
	r128_set_weighted(meter_r128(p->meter), model_add_weighted, p->model);
	return 0;
}

struct half {
	master_progress_fn progress;
	void *data;
	double from;
};

static void on_half(void *data, double done)
{
	const struct half *half = data;
	if (half->progress)
		half->progress(half->data, half->from + 0.5 * done);
}

static int run(struct preparation *p, struct pass *pass, struct half *half, struct error *e)
{
	pass->source = p->job->source;
	pass->data = p;
	pass->run = p->job->run;
	pass->jobs = p->job->jobs;
	pass->progress = on_half;
	pass->progress_data = half;
	return pass_run(pass, e);
}

static int portrait_mix(struct preparation *p, struct half *half, struct error *e)
{
	struct pass pass = {.stages = {{hear, 1 + CHANNELS}}};
	int result = meter_begin(p, e);
	for (size_t side = 0; side < CHANNELS && result == 0; side++)
		result = portrait_create(&p->sides[side], p->job->source->rate, e);
	if (result == 0)
		result = run(p, &pass, half, e);
	if (result == 0)
		meter_read(p->meter, &p->mix);
	return result;
}

static int make_chain(struct preparation *p, struct error *e)
{
	struct shaping_request request = {.settings = &p->job->config->chain,
		.sides = p->sides,
		.target_db = p->job->target_db,
		.rate = p->job->source->rate};
	return shaping_create(&p->chain, &request, e);
}

static int weigh_mix(struct preparation *p, struct half *half, struct error *e)
{
	struct pass pass = {.stages = {{shape_side, p->chain ? CHANNELS : 0}, {shape_bands, p->chain != NULL},
				    {shape_whole, p->chain != NULL}, {weigh, 1 + CHANNELS}}};
	int result = meter_begin(p, e);
	if (result == 0)
		result = model_begin(p, e);
	if (result == 0 && p->chain)
		result = p->job->shaped_to->restart(p->job->shaped_to->data, e);
	if (result == 0)
		result = run(p, &pass, half, e);
	if (result == 0)
		meter_read(p->meter, &p->shaped);
	return result;
}

int prepare_run(struct preparation *p, const struct master_job *job, master_progress_fn progress, void *data,
	struct error *e)
{
	struct half half = {progress, data, 0};
	int result = 0;
	*p = (struct preparation){.job = job, .source = *job->source};
	if (shaping_acts(&job->config->chain)) {
		result = portrait_mix(p, &half, e);
		/* Of silence nothing is made. */
		if (result == 0 && isfinite(p->mix.integrated_lufs))
			result = make_chain(p, e);
	}
	half.from = 0.5;
	if (result == 0)
		result = weigh_mix(p, &half, e);
	if (result == 0 && !p->chain)
		p->mix = p->shaped;
	if (p->chain) {
		p->source = *job->shaped;
		p->source.rate = job->source->rate;
		p->source.frames = job->source->frames;
	}
	p->word_bits = word_bits(p);
	return result;
}

void prepare_finish(struct preparation *p)
{
	shaping_destroy(p->chain);
	meter_destroy(p->meter);
	portrait_destroy(p->sides[0]);
	portrait_destroy(p->sides[1]);
	model_destroy(p->model);
}
