#include "mastering/master.h"

#include "common/units.h"
#include "mastering/limiter.h"
#include "mastering/multiband.h"
#include "mastering/programme.h"

#include <errno.h>
#include <math.h>

enum { PASSES_MOST = 24, BITS_LEAST = 16, BITS_MOST = 32 };

static const double lufs_tolerance = 0.02; /* aimed at; 0.1 LU is what is promised */
static const double lufs_promise = 0.1;
static const double ceiling_step_db = 0.001; /* below what must not be passed */

static const struct processor_type *const types[] = {&limiter_type, &multiband_type};

const struct processor_table mastering_processors = {types, sizeof(types) / sizeof(types[0])};

struct solver {
	struct master_plan *plan;
	const struct master_source *source;
	struct programme_progress progress;
	struct error *e;
	bool wants_loudness, untouched;
	double goal_dbtp; /* what the limited programme may reach */
	/* The search for the gain, in dB, and how far below the target (LU) the ends of its bracket came out.
	 */
	double most_gain;
	double low, low_error, high, high_error; /* NAN: not known */
	double last_gain, last_error;		 /* NAN: not known */
};

static int check(const struct master_config *config, struct error *e)
{
	double lufs = config->loudness_lufs, dbtp = config->true_peak_dbtp;
	if (!isnan(lufs) && !(lufs >= -70 && lufs <= 0))
		return error_set(e, EINVAL, "master: a loudness of %g LUFS; -70 to 0 LUFS will do", lufs);
	if (!isnan(dbtp) && !(dbtp >= -40 && dbtp <= 0))
		return error_set(e, EINVAL, "master: a true peak of %g dBTP; -40 to 0 dBTP will do", dbtp);
	return 0;
}

/* How many passes there will be is not known: each takes half of what is left of the bar. */
static int measure(struct solver *solver, struct programme_run *run)
{
	solver->progress.to = (1 + solver->progress.from) / 2;
	int result = programme_run(run, solver->source, &solver->progress, solver->e);
	solver->progress.from = solver->progress.to;
	return result;
}

static enum master_limit unmeasurable(const struct master_plan *plan, uint32_t rate)
{
	if (isnan(plan->requested_lufs))
		return MASTER_LIMIT_NONE;
	if (plan->mix.sample_peak_dbfs == -INFINITY)
		return MASTER_LIMIT_SILENCE;
	if (plan->mix.frames * 10 < (uint64_t)rate * 4)
		return MASTER_LIMIT_SHORT;
	return isfinite(plan->mix.integrated_lufs) ? MASTER_LIMIT_NONE : MASTER_LIMIT_SILENCE;
}

/* Where no true peak is asked for, only clipping is kept off. */
static double peak_allowed(const struct master_plan *plan)
{
	if (!isnan(plan->requested_dbtp))
		return plan->requested_dbtp;
	return plan->gain_db == 0 && plan->mix.sample_peak_dbfs <= 0 ? INFINITY : 0.0;
}

/* Rounding and dither move a sample by up to 1.5 LSB of 16 bits, and interpolation may add up several such: 3
 * times as much between samples is more than they reach. */
static double below_for_dither(double dbtp)
{
	return units_to_db(units_from_db(dbtp) - 3 * 1.5 * 0x1p-15);
}

static void start_search(struct solver *solver)
{
	struct master_plan *plan = solver->plan;
	plan->gain_db = solver->wants_loudness ? plan->requested_lufs - plan->mix.integrated_lufs : 0;
	if (fabs(plan->gain_db) <= lufs_tolerance)
		plan->gain_db = 0; /* what is right already stays as it is */
	double allowed = peak_allowed(plan);
	solver->goal_dbtp = below_for_dither(allowed);
	plan->ceiling_db = solver->goal_dbtp - ceiling_step_db;
	solver->most_gain = plan->ceiling_db + MASTER_MAX_REDUCTION_DB - plan->mix.true_peak_dbtp;
	bool fits = plan->mix.true_peak_dbtp <= (plan->word_bits <= BITS_LEAST ? allowed : solver->goal_dbtp);
	solver->untouched = plan->gain_db == 0 && fits;
	plan->gain_db = fmin(plan->gain_db, solver->untouched ? 0 : solver->most_gain);
	solver->low = solver->high = solver->last_gain = NAN;
}

/* Between the bracket's ends if there are two, else along the slope of the last two points: more gain into
 * the limiter gives less than as much loudness. */
static double better_gain(struct solver *solver, double error)
{
	double gain = solver->plan->gain_db, slope = 0.8;
	if (gain != solver->last_gain && !isnan(solver->last_gain))
		slope = fmax(0.2, fmin(1, (solver->last_error - error) / (gain - solver->last_gain)));
	double next = gain + error / slope;
	if (!isnan(solver->low) && !isnan(solver->high)) {
		double width = solver->high - solver->low;
		double share = solver->low_error / (solver->low_error - solver->high_error);
		next = solver->low + width * fmax(0.05, fmin(0.95, share));
	}
	return fmin(next, solver->most_gain);
}

static void note_point(struct solver *solver, double error)
{
	if (error > 0) {
		solver->low = solver->plan->gain_db;
		solver->low_error = error;
	} else {
		solver->high = solver->plan->gain_db;
		solver->high_error = error;
	}
}

static bool is_settled(const struct solver *solver, double error)
{
	if (!isfinite(error) || fabs(error) <= lufs_tolerance)
		return true;
	if (error > 0 && solver->plan->gain_db >= solver->most_gain)
		return true;
	return solver->high - solver->low < 0.001; /* it leaps; false while an end is not known */
}

/* Another ceiling makes another curve of loudness over gain: its slope still holds, its points do not. */
static void lower_ceiling(struct solver *solver, double excess_db)
{
	double step = excess_db + ceiling_step_db;
	solver->plan->ceiling_db -= step;
	solver->most_gain -= step;
	solver->low = solver->high = NAN;
}

static double error_of(const struct solver *solver)
{
	const struct master_plan *plan = solver->plan;
	return solver->wants_loudness ? plan->requested_lufs - plan->master.integrated_lufs : 0;
}

/* Loudness and true peak together: each pass mends both. Even gain alone needs a pass to be sure of, since
 * the absolute gate of BS.1770 does not move with the programme. */
static int search(struct solver *solver)
{
	struct master_plan *plan = solver->plan;
	for (int pass = 0; pass < PASSES_MOST; pass++) {
		plan->limits = plan->gain_db + plan->mix.true_peak_dbtp > plan->ceiling_db;
		struct programme_run run = {
			.gain_db = plan->gain_db, .limits = plan->limits, .ceiling_db = plan->ceiling_db};
		int result = measure(solver, &run);
		if (result < 0)
			return result;
		plan->master = run.reading;
		plan->most_reduction_db = run.most_reduction_db;
		double excess = run.reading.true_peak_dbtp - solver->goal_dbtp, error = error_of(solver);
		note_point(solver, error);
		if (excess <= 0 && is_settled(solver, error))
			break;
		double next = better_gain(solver, error);
		solver->last_gain = plan->gain_db;
		solver->last_error = error;
		if (excess > 0)
			lower_ceiling(solver, excess);
		plan->gain_db = fmin(next, solver->most_gain);
	}
	return 0;
}

static int solve(struct solver *solver)
{
	struct master_plan *plan = solver->plan;
	struct programme_run first = {.gain_db = 0};
	int result = measure(solver, &first);
	if (result < 0)
		return result;
	plan->mix = plan->master = first.reading;
	plan->word_bits = first.word_bits;
	plan->limited_by = unmeasurable(plan, solver->source->rate);
	solver->wants_loudness = !isnan(plan->requested_lufs) && plan->limited_by == MASTER_LIMIT_NONE;
	start_search(solver);
	if (!solver->untouched)
		result = search(solver);
	double error = error_of(solver);
	if (error > lufs_promise && plan->gain_db >= solver->most_gain)
		plan->limited_by = MASTER_LIMIT_REDUCTION;
	else if (fabs(error) > lufs_promise)
		plan->limited_by = MASTER_LIMIT_GATING;
	return result;
}

int master_solve(struct master_plan *plan, const struct master_config *config,
	const struct master_source *source, master_progress_fn progress, void *data, struct error *e)
{
	int result = check(config, e);
	if (result < 0)
		return result;
	*plan = (struct master_plan){
		.requested_lufs = config->loudness_lufs, .requested_dbtp = config->true_peak_dbtp};
	struct solver solver = {.plan = plan, .source = source, .progress = {progress, data, 0, 0}, .e = e};
	result = solve(&solver);
	if (result >= 0 && progress)
		progress(data, 1);
	return result;
}

int master_render(struct master_plan *plan, const struct master_source *source, unsigned bits,
	const struct master_sink *sink, master_progress_fn progress, void *data, struct error *e)
{
	if (bits < BITS_LEAST || bits > BITS_MOST)
		return error_set(e, EINVAL, "master: a word of %u bits; 16 to 32 will do", bits);
	bool passes = plan->gain_db == 0 && !plan->limits;
	struct programme_run run = {
		.gain_db = plan->gain_db,
		.limits = plan->limits,
		.ceiling_db = plan->ceiling_db,
		.bits = bits,
		.dithers = !passes || plan->word_bits > bits,
		.most = passes ? 1 : units_from_db(peak_allowed(plan)),
		.sink = sink,
	};
	struct programme_progress whole = {progress, data, 0, 1};
	int result = programme_run(&run, source, &whole, e);
	if (result < 0)
		return result;
	plan->master = run.reading;
	plan->most_reduction_db = run.most_reduction_db;
	return 0;
}

const char *master_limit_name(enum master_limit limit)
{
	static const char *const names[] = {
		[MASTER_LIMIT_NONE] = "none",
		[MASTER_LIMIT_REDUCTION] = "reduction",
		[MASTER_LIMIT_SILENCE] = "silence",
		[MASTER_LIMIT_SHORT] = "short",
		[MASTER_LIMIT_GATING] = "gating",
	};
	return names[limit];
}
