#include "mastering/finish.h"

#include "audio/dither.h"
#include "common/units.h"
#include "mastering/limiter.h"
#include "mastering/pass.h"
#include "mastering/softclip.h"

#include <errno.h>
#include <math.h>

enum { CHANNELS = 2 };
enum part { WRITE, POWER, LEFT_PEAKS, RIGHT_PEAKS, SPECTRUM, PARTS };

struct finish {
	const struct finish_request *request;
	const struct master_job *job;
	struct softclip *clips[CHANNELS]; /* NULL: none */
	struct processor *limiter;	  /* NULL: none */
	double gain;
	struct dither dither[CHANNELS];
	struct meter *meter;
	struct translation *translation;
	struct r128 *title; /* NULL: titles are not told apart */
	size_t next_title;
	uint64_t measured; /* frames */
	double loudest_lufs;
};

static int clip(void *data, size_t side, struct block *block, struct error *e)
{
	struct finish *f = data;
	(void)e;
	softclip_run(f->clips[side], block->channel[side], block->frames);
	return 0;
}

static int limit(void *data, size_t part, struct block *block, struct error *e)
{
	struct finish *f = data;
	(void)part, (void)e;
	for (uint32_t c = 0; c < CHANNELS; c++)
		for (uint32_t i = 0; i < block->frames; i++)
			block->channel[c][i] *= f->gain;
	if (f->limiter)
		processor_process(f->limiter, block);
	return 0;
}

static int quantise(void *data, size_t side, struct block *block, struct error *e)
{
	struct finish *f = data;
	const struct finish_request *r = f->request;
	(void)e;
	if (r->shapes)
		dither_quantise_shaped(
			&f->dither[side], block->channel[side], block->frames, f->job->bits, r->most);
	else
		dither_quantise(&f->dither[side], block->channel[side], block->frames, f->job->bits, r->most,
			r->dithers);
	return 0;
}

static int next_title(struct finish *f)
{
	struct r128_reading reading;
	if (f->title) {
		r128_read(f->title, &reading);
		f->loudest_lufs = fmax(f->loudest_lufs, reading.integrated_lufs);
		r128_destroy(f->title);
	}
	f->title = r128_create(f->job->source->rate, CHANNELS);
	f->next_title++;
	return f->title ? 0 : -ENOMEM;
}

static int add_titles(struct finish *f, const struct block *block)
{
	int result = 0;
	for (uint32_t done = 0, n; done < block->frames && result == 0; done += n) {
		uint64_t at = f->measured + done;
		bool more = f->next_title < f->job->title_count;
		if (more && f->job->titles[f->next_title] <= at)
			result = next_title(f);
		more = f->next_title < f->job->title_count;
		uint64_t left = more ? f->job->titles[f->next_title] - at : UINT64_MAX;
		n = left < block->frames - done ? (uint32_t)left : block->frames - done;
		struct block piece = {CHANNELS, n, {block->channel[0] + done, block->channel[1] + done}};
		if (result == 0)
			result = r128_add(f->title, &piece);
	}
	f->measured += block->frames;
	return result;
}

static int measure(struct finish *f, const struct block *block)
{
	int result = meter_add_power(f->meter, block);
	if (result == 0)
		result = translation_failure(f->translation);
	return result == 0 && f->job->title_count > 1 ? add_titles(f, block) : result;
}

static int take(void *data, size_t part, struct block *block, struct error *e)
{
	struct finish *f = data;
	int result = 0;
	switch ((enum part)part) {
	case WRITE:
		return f->job->sink->write(f->job->sink->data, block, e);
	case POWER:
		result = measure(f, block);
		break;
	case LEFT_PEAKS:
	case RIGHT_PEAKS: {
		uint32_t side = (uint32_t)part - LEFT_PEAKS;
		meter_add_peaks(f->meter, side, block->channel[side], block->frames);
		break;
	}
	case SPECTRUM:
		translation_add_spectrum(f->translation, block);
		break;
	case PARTS:
		break;
	}
	return result < 0 ? error_errno(e, result, "loudness of the master") : 0;
}

static int make_clips(struct finish *f, struct error *e)
{
	for (uint32_t c = 0; c < CHANNELS && f->request->clip_db > 0; c++) {
		f->clips[c] = softclip_create(f->request->clip_peak, f->request->clip_db);
		if (!f->clips[c])
			return error_errno(e, ENOMEM, "soft clip");
	}
	return 0;
}

static int make_limiter(struct finish *f, struct error *e)
{
	const struct master_chain *chain = &f->job->config->chain;
	struct limiter_settings settings = {f->request->ceiling_db, chain->lookahead_s, chain->release_s};
	struct processor_format format = {.rate = f->job->source->rate, .channels = CHANNELS};
	if (isinf(f->request->ceiling_db))
		return 0;
	return processor_create(&f->limiter, &limiter_type, &settings, &format, e);
}

static int begin(struct finish *f, struct error *e)
{
	uint32_t rate = f->job->source->rate;
	/* Any two seeds: the noise of the sides must not be alike, or it would be heard in the middle. */
	for (uint64_t c = 0; c < CHANNELS; c++)
		dither_init(&f->dither[c], c + 1);
	int result = meter_create(&f->meter, rate, CHANNELS, e);
	if (result == 0)
		result = translation_create(&f->translation, rate, CHANNELS, e);
	if (result == 0) {
		r128_set_weighted(meter_r128(f->meter), translation_add_weighted, f->translation);
		result = make_clips(f, e);
	}
	if (result == 0)
		result = make_limiter(f, e);
	return result < 0 ? result : f->job->sink->restart(f->job->sink->data, e);
}

static void read_all(struct finish *f, struct finish_result *result)
{
	*result = (struct finish_result){0};
	meter_read(f->meter, &result->reading);
	translation_read(f->translation, &result->translation);
	result->title_lufs = result->reading.integrated_lufs;
	if (f->title) {
		struct r128_reading last;
		r128_read(f->title, &last);
		result->title_lufs = fmax(f->loudest_lufs, last.integrated_lufs);
	}
	result->most_reduction_db = f->limiter ? limiter_most_reduction_db(f->limiter) : 0;
	if (f->clips[0])
		result->clipped_db = fmax(softclip_most_db(f->clips[0]), softclip_most_db(f->clips[1]));
}

static void end(struct finish *f)
{
	softclip_destroy(f->clips[0]);
	softclip_destroy(f->clips[1]);
	processor_destroy(f->limiter);
	meter_destroy(f->meter);
	translation_destroy(f->translation);
	r128_destroy(f->title);
}

int finish_run(struct finish_result *result, const struct finish_request *request,
	const struct master_job *job, const struct master_source *source, master_progress_fn progress,
	void *data, struct error *e)
{
	struct finish f = {.request = request,
		.job = job,
		.gain = units_from_db(request->gain_db),
		.loudest_lufs = -INFINITY};
	int done = begin(&f, e);
	if (done >= 0) {
		uint32_t late = (f.clips[0] ? softclip_latency(f.clips[0]) : 0) +
				(f.limiter ? processor_latency(f.limiter) : 0);
		struct pass pass = {.source = source,
			.stages = {{clip, f.clips[0] ? CHANNELS : 0}, {limit, 1}, {quantise, CHANNELS},
				{take, PARTS}},
			.data = &f,
			.late = late,
			.in_time = 2,
			.run = job->run,
			.jobs = job->jobs,
			.progress = progress,
			.progress_data = data};
		done = pass_run(&pass, e);
	}
	if (done >= 0)
		read_all(&f, result);
	end(&f);
	return done;
}
