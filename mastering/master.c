#include "mastering/master.h"

#include "audio/dither.h"
#include "common/units.h"
#include "mastering/finish.h"
#include "mastering/limiter.h"
#include "mastering/prepare.h"
#include "mastering/solve.h"

#include <errno.h>
#include <math.h>

enum { RUNS_MOST = 10, BITS_LEAST = 16, BITS_MOST = 32, SHAPED_RATE_MOST = 48000 };

static const double lufs_tolerance = 0.02; /* aimed at; 0.1 LU is what is promised */
static const double lufs_promise = 0.1;
static const double ceiling_step_db = 0.001; /* below what must not be passed */
static const double leap_db = 0.001;
static const double reduction_slack_db = 0.001;
static const double dbtp_slack = 0.05; /* between how a model and a meter see a peak */

static const struct processor_type *const types[] = {&limiter_type, &multiband_type};

const struct processor_table mastering_processors = {types, sizeof(types) / sizeof(types[0])};

struct progress {
	master_progress_fn fn;
	void *data;
	double from, to;
};

struct making {
	struct master_plan *plan;
	const struct master_job *job;
	struct preparation prepared;
	struct solver solver;
	struct progress progress;
	bool wants_loudness, untouched;
	double allowed_dbtp, goal_dbtp; /* what samples may reach, and what the limited programme may */
	double peak_dbtp;		/* of what goes into the gain */
};

static int check(const struct master_job *job, struct error *e)
{
	double lufs = job->config->loudness_lufs, dbtp = job->config->true_peak_dbtp;
	if (!isnan(lufs) && !(lufs >= -70 && lufs <= 0))
		return error_set(e, EINVAL, "master: a loudness of %g LUFS; -70 to 0 LUFS will do", lufs);
	if (!isnan(dbtp) && !(dbtp >= -40 && dbtp <= 0))
		return error_set(e, EINVAL, "master: a true peak of %g dBTP; -40 to 0 dBTP will do", dbtp);
	if (job->bits < BITS_LEAST || job->bits > BITS_MOST)
		return error_set(e, EINVAL, "master: a word of %u bits; 16 to 32 will do", job->bits);
	return 0;
}

static void on_progress(void *data, double done)
{
	const struct progress *p = data;
	if (p->fn)
		p->fn(p->data, p->from + (p->to - p->from) * done);
}

/* ---- what is asked for ---- */

static enum master_limit unmeasurable(const struct making *m)
{
	const struct meter_reading *mix = &m->plan->mix;
	if (isnan(m->plan->requested_lufs) || isfinite(mix->integrated_lufs))
		return MASTER_LIMIT_NONE;
	if (mix->sample_peak_dbfs == -INFINITY)
		return MASTER_LIMIT_SILENCE;
	return mix->frames * 10 < (uint64_t)m->job->source->rate * 4 ? MASTER_LIMIT_SHORT
								     : MASTER_LIMIT_SILENCE;
}

/* Where no true peak is asked for, only clipping is kept off. */
static double peak_allowed(const struct making *m)
{
	if (!isnan(m->plan->requested_dbtp))
		return m->plan->requested_dbtp;
	bool stays = m->plan->gain_db == 0 && !m->prepared.chain;
	return stays && m->plan->mix.sample_peak_dbfs <= 0 ? INFINITY : 0.0;
}

/* Rounding and dither move a sample by up to 1.5 LSB of 16 bits (shaped: more), and interpolation may add up
 * several such: 3 times as much between samples is more than they reach. */
static double below_for_dither(double dbtp, bool shaped)
{
	double lsb = shaped ? DITHER_SHAPED_LSB : 1.5;
	return units_to_db(units_from_db(dbtp) - 3 * lsb * 0x1p-15);
}

static void set_targets(struct making *m)
{
	struct master_plan *plan = m->plan;
	const struct master_chain *chain = &m->job->config->chain;
	double clip = m->prepared.chain ? chain->soft_clip_db : 0;
	m->peak_dbtp = m->prepared.shaped.true_peak_dbtp - clip;
	plan->gain_db = m->wants_loudness ? plan->requested_lufs - m->prepared.shaped.integrated_lufs : 0;
	if (fabs(plan->gain_db) <= lufs_tolerance)
		plan->gain_db = 0; /* what is right already stays as it is */
	m->allowed_dbtp = peak_allowed(m);
	plan->noise_shaped = chain->dither == MASTER_DITHER_SHAPED && m->job->bits <= BITS_LEAST &&
			     m->job->source->rate <= SHAPED_RATE_MOST;
	m->goal_dbtp = below_for_dither(m->allowed_dbtp, plan->noise_shaped);
	plan->ceiling_db = m->goal_dbtp - ceiling_step_db;
	bool holds = plan->word_bits <= m->job->bits && !m->prepared.chain;
	bool fits = m->peak_dbtp <= (holds ? m->allowed_dbtp : m->goal_dbtp);
	m->untouched = plan->gain_db == 0 && fits && !m->prepared.chain;
	m->solver = (struct solver){.model = m->prepared.model,
		.limiter = {.lookahead_s = chain->lookahead_s,
			.release_s = chain->release_s,
			.clip_peak = units_from_db(m->prepared.shaped.true_peak_dbtp),
			.clip_db = clip},
		.target_lufs = plan->requested_lufs,
		.peak_dbtp = m->peak_dbtp,
		.min_psr_lu = chain->min_psr_lu};
}

/* ---- runs ---- */

static int find_gain(struct making *m)
{
	struct master_plan *plan = m->plan;
	double most = plan->ceiling_db + m->job->config->chain.max_reduction_db - m->peak_dbtp;
	m->solver.ceiling_db = plan->ceiling_db;
	m->solver.most_gain_db = most;
	if (!m->wants_loudness) {
		plan->gain_db = m->untouched ? 0 : fmin(0, most);
		return 0;
	}
	int result = solve_gain(&m->solver);
	plan->gain_db = m->solver.gain_db;
	return result;
}

static int finish(struct making *m, struct finish_result *result, struct error *e)
{
	struct master_plan *plan = m->plan;
	bool limits = plan->gain_db + m->peak_dbtp + dbtp_slack > plan->ceiling_db && !m->untouched;
	plan->dithers = !m->untouched || plan->word_bits > m->job->bits;
	struct finish_request request = {.gain_db = plan->gain_db,
		.clip_peak = m->solver.limiter.clip_peak,
		.clip_db = m->solver.limiter.clip_db,
		.ceiling_db = limits ? plan->ceiling_db : INFINITY,
		.dithers = plan->dithers,
		.shapes = plan->dithers && plan->noise_shaped,
		.most = m->untouched ? 1 : units_from_db(fmin(0, m->allowed_dbtp))};
	/* How many runs there will be is not known: each takes most of what is left of the bar. */
	m->progress.to = (3 + m->progress.from) / 4;
	int done = finish_run(result, &request, m->job, &m->prepared.source, on_progress, &m->progress, e);
	m->progress.from = m->progress.to;
	plan->runs++;
	plan->master = result->reading;
	plan->translation = result->translation;
	plan->achieved_lufs = plan->by_title ? result->title_lufs : result->reading.integrated_lufs;
	plan->most_reduction_db = result->most_reduction_db;
	plan->limits = result->most_reduction_db > 0;
	plan->soft_clip_db = result->clipped_db;
	return done;
}

static double short_by(const struct making *m)
{
	return m->wants_loudness ? m->plan->requested_lufs - m->plan->achieved_lufs : 0;
}

/* Another run with what this one has shown, or not. */
static bool is_settled(struct making *m, double last_gain)
{
	struct master_plan *plan = m->plan;
	double excess = plan->master.true_peak_dbtp - (m->untouched ? m->allowed_dbtp : m->goal_dbtp);
	m->solver.offset_lu = plan->achieved_lufs - m->solver.modelled_lufs;
	if (excess > 0 && !m->untouched) {
		plan->ceiling_db -= excess + ceiling_step_db;
		return false;
	}
	double over = plan->most_reduction_db - m->job->config->chain.max_reduction_db;
	if (over > reduction_slack_db && m->wants_loudness) {
		/* What was clipped softly may peak higher between the samples than the curve says. */
		m->peak_dbtp += over;
		return false;
	}
	double off = short_by(m);
	bool limited = m->solver.limited_by != MASTER_LIMIT_NONE && off > 0;
	return !m->wants_loudness || fabs(off) <= lufs_tolerance || !isfinite(off) ||
	       (limited && plan->runs > 1) || fabs(plan->gain_db - last_gain) < leap_db;
}

static int make_master(struct making *m, struct error *e)
{
	struct finish_result result;
	double last_gain = NAN;
	int done = 0;
	for (int i = 0; i < RUNS_MOST && done >= 0; i++) {
		if (!m->untouched && find_gain(m) < 0)
			return error_errno(e, ENOMEM, "mastering");
		done = finish(m, &result, e);
		if (done < 0 || is_settled(m, last_gain))
			break;
		last_gain = m->plan->gain_db;
	}
	return done;
}

static void tell(struct making *m)
{
	struct master_plan *plan = m->plan;
	double off = short_by(m);
	if (m->prepared.chain) {
		plan->shaped = true;
		shaping_tell(m->prepared.chain, &plan->chain);
	}
	if (off > lufs_promise && m->solver.limited_by != MASTER_LIMIT_NONE)
		plan->limited_by = m->solver.limited_by;
	else if (fabs(off) > lufs_promise)
		plan->limited_by = MASTER_LIMIT_GATING;
	plan->noise_shaped = plan->noise_shaped && plan->dithers;
}

int master_make(struct master_plan *plan, const struct master_job *job, struct error *e)
{
	int result = check(job, e);
	if (result < 0)
		return result;
	bool by_title = job->title_count > 1 && !isnan(job->config->album_lufs);
	*plan = (struct master_plan){
		.requested_lufs = by_title ? job->config->album_lufs : job->config->loudness_lufs,
		.requested_dbtp = job->config->true_peak_dbtp,
		.by_title = by_title};
	struct making m = {.plan = plan, .job = job, .progress = {job->progress, job->progress_data, 0, 0.5}};
	struct master_job asked = *job;
	if (!by_title)
		asked.title_count = 0;
	m.job = &asked;
	result = prepare_run(&m.prepared, &asked, on_progress, &m.progress, e);
	if (result >= 0) {
		m.progress.from = 0.5;
		plan->mix = m.prepared.mix;
		plan->word_bits = m.prepared.word_bits;
		plan->limited_by = unmeasurable(&m);
		m.wants_loudness = !isnan(plan->requested_lufs) && plan->limited_by == MASTER_LIMIT_NONE;
		set_targets(&m);
		result = make_master(&m, e);
	}
	if (result >= 0)
		tell(&m);
	prepare_finish(&m.prepared);
	if (result >= 0 && job->progress)
		job->progress(job->progress_data, 1);
	return result < 0 ? result : 0;
}

const char *master_limit_name(enum master_limit limit)
{
	static const char *const names[] = {
		[MASTER_LIMIT_NONE] = "none",
		[MASTER_LIMIT_REDUCTION] = "reduction",
		[MASTER_LIMIT_PSR] = "psr",
		[MASTER_LIMIT_SILENCE] = "silence",
		[MASTER_LIMIT_SHORT] = "short",
		[MASTER_LIMIT_GATING] = "gating",
	};
	return names[limit];
}
