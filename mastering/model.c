#include "mastering/model.h"

#include "audio/r128.h"
#include "audio/sinc.h"
#include "audio/wide.h"
#include "mastering/softclip.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 2, PARTS = 16, BOXES = 3, SPAN_MOST = 64, TAPS = 8, LATENCY = TAPS / 2, TILE = 64 };

/* Of the filter that sees peaks between the samples: as good as eight taps can be. */
static const double middle_beta = 4;

/* As the limiter's. */
static const double fast_share = 0.2, charge_share = 0.5;

struct model {
	uint32_t rate, step_frames, part_frames;
	size_t count, steps_done;
	float *energies, *peaks[CHANNELS];
	uint64_t at[CHANNELS]; /* frames whose peaks came, the filter's delay among them */
	double middle[TAPS / 2], last[CHANNELS][TAPS - 1];
	const uint64_t *titles;
	size_t title_count;
};

struct model *model_create(uint32_t rate, uint64_t frames, const uint64_t *titles, size_t title_count)
{
	struct model *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	uint32_t step = rate / R128_POLLS_A_SECOND;
	*made = (struct model){.rate = rate,
		.step_frames = step,
		.part_frames = step / PARTS,
		.titles = titles,
		.title_count = title_count};
	double taps[TAPS];
	sinc_design(taps, TAPS, 0.5, middle_beta);
	memcpy(made->middle, taps, sizeof(made->middle));
	made->count = (size_t)(frames / step) * PARTS;
	made->energies = calloc(made->count + 1, sizeof(float));
	made->peaks[0] = calloc(made->count + 1, sizeof(float));
	made->peaks[1] = calloc(made->count + 1, sizeof(float));
	if (!made->energies || !made->peaks[0] || !made->peaks[1]) {
		model_destroy(made);
		return NULL;
	}
	return made;
}

void model_destroy(struct model *model)
{
	if (!model)
		return;
	free(model->energies);
	free(model->peaks[0]);
	free(model->peaks[1]);
	free(model);
}

/* The last sixteenth has what the others leave. */
static uint32_t part_end(const struct model *m, uint32_t part)
{
	return part + 1 < PARTS ? (part + 1) * m->part_frames : m->step_frames;
}

void model_add_weighted(void *data, uint32_t channel, const double *samples, uint32_t frames)
{
	struct model *m = data;
	float *energies = m->energies + m->steps_done * PARTS;
	if ((m->steps_done + 1) * PARTS > m->count)
		return;
	for (uint32_t part = 0, i = 0; part < PARTS; part++) {
		double sum = 0;
		for (uint32_t end = part_end(m, part); i < end; i++)
			sum += samples[i] * samples[i];
		energies[part] += (float)(sum / frames);
	}
	m->steps_done += channel + 1 == CHANNELS;
}

/* The larger magnitude of each sample and of the middle between it and the next; TAPS / 2 - 1 samples come
 * before the first and TAPS / 2 after the last. */
WIDE static void find_peaks(const double middle[TAPS / 2], const double *x, double *peaks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		double sum = 0;
		for (uint32_t k = 0; k < TAPS / 2; k++)
			sum += middle[k] * (x[i + k] + x[i + TAPS - 1 - k]);
		double between = fabs(sum), here = fabs(x[i + TAPS / 2 - 1]);
		peaks[i] = between > here ? between : here;
	}
}

static void keep_peaks(struct model *m, uint32_t channel, const double *peaks, uint32_t count)
{
	for (uint32_t i = 0, n; i < count; i += n) {
		uint64_t at = m->at[channel];
		if (at < LATENCY) {
			n = LATENCY - (uint32_t)at < count - i ? LATENCY - (uint32_t)at : count - i;
			m->at[channel] += n;
			continue;
		}
		uint64_t step = (at - LATENCY) / m->step_frames;
		uint32_t within = (uint32_t)((at - LATENCY) % m->step_frames);
		uint32_t part = within / m->part_frames < PARTS - 1 ? within / m->part_frames : PARTS - 1;
		uint32_t left = part_end(m, part) - within;
		n = left < count - i ? left : count - i;
		m->at[channel] += n;
		if (step * PARTS + part >= m->count)
			continue;
		float *most = &m->peaks[channel][step * PARTS + part];
		for (uint32_t k = 0; k < n; k++)
			*most = (float)peaks[i + k] > *most ? (float)peaks[i + k] : *most;
	}
}

void model_add_peaks(struct model *m, uint32_t channel, const double *samples, uint32_t frames)
{
	double x[TAPS - 1 + TILE], peaks[TILE];
	memcpy(x, m->last[channel], sizeof(m->last[channel]));
	for (uint32_t done = 0, n; done < frames; done += n) {
		n = frames - done < TILE ? frames - done : TILE;
		memcpy(x + TAPS - 1, samples + done, n * sizeof(*x));
		find_peaks(m->middle, x, peaks, n);
		keep_peaks(m, channel, peaks, n);
		memmove(x, x + n, (TAPS - 1) * sizeof(*x));
	}
	memcpy(m->last[channel], x, sizeof(m->last[channel]));
}

/* The limiter (mastering/limiter.c), a sixteenth at a time. */
struct follower {
	uint32_t span, length[BOXES], slot[BOXES], at, idle;
	uint32_t calm; /* how many came since one was wanted */
	double wanted[SPAN_MOST], box[BOXES][SPAN_MOST], sum[BOXES];
	double fast, slow, fast_keep, slow_keep, charge;
};

static void follower_init(struct follower *f, const struct model *m, const struct model_limiter *limiter)
{
	double parts_a_second = (double)R128_POLLS_A_SECOND * PARTS;
	*f = (struct follower){0};
	long span = lround(limiter->lookahead_s * parts_a_second);
	f->span = (uint32_t)(span < 3 ? 3 : span > SPAN_MOST - 4 ? SPAN_MOST - 4 : span);
	for (uint32_t b = 0; b < BOXES; b++)
		f->length[b] = (f->span + 2 + b) / BOXES;
	f->fast_keep = exp(-1 / (fast_share * limiter->release_s * parts_a_second));
	f->slow_keep = exp(-1 / (limiter->release_s * parts_a_second));
	f->charge = 1 - exp(-1 / (charge_share * limiter->release_s * parts_a_second));
	f->idle = f->calm = SPAN_MOST * 4;
	(void)m;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* The gain for what came in `span` sixteenths ago. */
static double follow(struct follower *f, double wanted)
{
	f->idle = wanted > 0 || f->fast > 1e-7 || f->slow > 1e-7 ? 0 : f->idle + 1;
	if (f->idle > SPAN_MOST * 3)
		return 1;
	uint32_t at = f->at++;
	f->wanted[at % SPAN_MOST] = wanted;
	f->calm = wanted > 0 ? 0 : f->calm + 1;
	double depth = 0;
	for (uint32_t i = f->calm; i <= f->span && i <= at; i++)
		depth = larger(depth, f->wanted[(at - i) % SPAN_MOST]);
	f->fast = depth >= f->fast ? depth : depth + (f->fast - depth) * f->fast_keep;
	f->slow = depth > f->slow ? f->slow + (depth - f->slow) * f->charge
				  : depth + (f->slow - depth) * f->slow_keep;
	double value = larger(f->fast, f->slow);
	for (uint32_t b = 0; b < BOXES; b++) {
		uint32_t slot = f->slot[b];
		f->slot[b] = slot + 1 < f->length[b] ? slot + 1 : 0;
		f->sum[b] += value - f->box[b][slot];
		f->box[b][slot] = value;
		value = f->sum[b] / f->length[b];
	}
	return 1 - value;
}

struct listener {
	const struct model *model;
	struct r128 *whole, *title; /* `title`: of the one that plays, where titles are told apart */
	size_t next;
	double loudest, step;
};

static int listener_step(struct listener *l, size_t step)
{
	const struct model *m = l->model;
	struct r128_reading reading;
	if (l->next < m->title_count && m->titles[l->next] / m->step_frames <= step) {
		if (l->title) {
			r128_read(l->title, &reading);
			l->loudest = fmax(l->loudest, reading.integrated_lufs);
		}
		r128_destroy(l->title);
		l->title = r128_create(m->rate, CHANNELS);
		l->next++;
		if (!l->title)
			return -ENOMEM;
	}
	int result = l->title ? r128_add_step(l->title, l->step) : 0;
	if (result == 0)
		result = r128_add_step(l->whole, l->step);
	l->step = 0;
	return result;
}

static int listen(struct listener *l, double gain, const struct model_limiter *limiter)
{
	const struct model *m = l->model;
	struct follower f;
	follower_init(&f, m, limiter);
	int result = 0;
	for (size_t n = 0; n < m->count + f.span && result == 0; n++) {
		double peak = n < m->count ? larger((double)m->peaks[0][n], (double)m->peaks[1][n]) : 0;
		if (limiter->clip_db > 0)
			peak = softclip_curve(limiter->clip_peak, limiter->clip_db, peak);
		double wanted = peak * gain > limiter->ceiling ? 1 - limiter->ceiling / (peak * gain) : 0;
		double left = gain * follow(&f, wanted);
		if (n < f.span)
			continue;
		l->step += (double)m->energies[n - f.span] * left * left;
		if ((n - f.span) % PARTS == PARTS - 1)
			result = listener_step(l, (n - f.span) / PARTS);
	}
	return result;
}

int model_run(const struct model *model, double gain, const struct model_limiter *limiter,
	struct model_reading *reading)
{
	struct listener l = {
		.model = model, .whole = r128_create(model->rate, CHANNELS), .loudest = -INFINITY};
	struct r128_reading whole, title;
	int result = l.whole ? listen(&l, gain, limiter) : -ENOMEM;
	if (result == 0) {
		r128_read(l.whole, &whole);
		*reading = (struct model_reading){whole.integrated_lufs, whole.max_short_term_lufs};
		if (l.title) {
			r128_read(l.title, &title);
			reading->integrated_lufs = fmax(l.loudest, title.integrated_lufs);
		}
	}
	r128_destroy(l.whole);
	r128_destroy(l.title);
	return result;
}
