#include "mastering/solve.h"

#include "common/units.h"

#include <math.h>

enum { STEPS_MOST = 40 };

static const double close_lu = 0.003, close_db = 0.0005;

/* A master is not searched for further from the gain that would do without a limiter. */
static const double search_down_db = 12, search_up_db = 30;

struct point {
	double gain_db, short_by_lu, psr_lu; /* short_by: above 0 where more gain is wanted */
};

static int look(struct solver *s, double gain_db, struct point *point)
{
	struct model_reading reading;
	s->limiter.ceiling = units_from_db(s->ceiling_db);
	int result = model_run(s->model, units_from_db(gain_db), &s->limiter, &reading);
	double peak = fmin(s->peak_dbtp + gain_db, s->ceiling_db);
	s->gain_db = gain_db;
	s->modelled_lufs = reading.integrated_lufs;
	*point = (struct point){gain_db, s->target_lufs - reading.integrated_lufs - s->offset_lu,
		peak - reading.max_short_term_lufs - s->offset_lu};
	return result;
}

/* Between two ends, of which `low` is too quiet and `high` too loud: along the straight line, but not nearer
 * to an end than a tenth, so that a bend cannot hold it up. */
static double between(const struct point *low, const struct point *high)
{
	double share = low->short_by_lu / (low->short_by_lu - high->short_by_lu);
	share = isfinite(share) ? fmax(0.1, fmin(0.9, share)) : 0.5;
	return low->gain_db + share * (high->gain_db - low->gain_db);
}

static int search(struct solver *s, struct point low, struct point high, struct point *found)
{
	int result = 0;
	for (int i = 0; i < STEPS_MOST && result == 0; i++) {
		result = look(s, between(&low, &high), found);
		if (fabs(found->short_by_lu) <= close_lu || high.gain_db - low.gain_db < close_db)
			break;
		if (found->short_by_lu > 0)
			low = *found;
		else
			high = *found;
	}
	return result;
}

static int solve_loudness(struct solver *s, struct point *found)
{
	struct point low, high;
	double most = s->most_gain_db;
	int result = look(s, 0, &low);
	if (result < 0)
		return result;
	double start = fmin(low.short_by_lu, most);
	result = look(s, isfinite(start) ? start : most, found);
	if (result < 0 || fabs(found->short_by_lu) <= close_lu)
		return result;
	if (found->short_by_lu > 0) {
		low = *found;
		result = look(s, fmin(most, start + search_up_db), found);
		high = *found;
		if (found->short_by_lu > 0) {
			s->limited_by = MASTER_LIMIT_REDUCTION;
			return result;
		}
	} else {
		high = *found;
		result = look(s, start - search_down_db, &low);
	}
	return result < 0 ? result : search(s, low, high, found);
}

/* Down to where the peaks stand out enough, or the limiter does nothing any more. */
static int solve_psr(struct solver *s, struct point *found)
{
	double low = fmin(s->ceiling_db - s->peak_dbtp, found->gain_db), high = found->gain_db;
	int result = 0;
	if (found->psr_lu >= s->min_psr_lu || high - low < close_db)
		return 0;
	s->limited_by = MASTER_LIMIT_PSR;
	while (high - low >= close_db && result == 0) {
		result = look(s, (low + high) / 2, found);
		if (found->psr_lu >= s->min_psr_lu)
			low = found->gain_db;
		else
			high = found->gain_db;
	}
	return result < 0 ? result : look(s, low, found);
}

int solve_gain(struct solver *s)
{
	struct point found;
	s->limited_by = MASTER_LIMIT_NONE;
	int result = solve_loudness(s, &found);
	return result < 0 || !(s->min_psr_lu > 0) ? result : solve_psr(s, &found);
}
