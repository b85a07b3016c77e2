#include "mixer/activity.h"

#include "common/memory.h"
#include "common/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_OTHERS = 12,  /* that are listened for in one track */
	MOST_FITTED = 600, /* windows: more say nothing new */
	SWEEPS = 60,
};

static const double silence = 1e-12; /* power of a window: −120 dB */
static const double bleed_db = 2,
		    far_db = 12;	   /* off the fit: within the first is bleed, the second is plenty */
static const double noise_flatness = 0.45; /* white noise has 0.56 */
static const double relative_gate = 0.1;   /* −10 LU */
/* It plays where this many windows are far louder than the fit, or this share of all are none of it. */
static const double strong_ratio = 4, strong_share = 0.01, own_share = 0.3;
static const size_t strong_least = 3;
/* A twin has nearly all of one other track, and no more than 12 dB less than it. */
static const double alone_share = 0.9, twin_ratio = 16;
static const double loud_share = 0.05; /* of active windows that may be louder than its peak_db */

/* K-weighting at the middles of the bands, as powers (BS.1770-5's two filters). */
static const double weights[SURVEY_BANDS] = {0.56, 0.85, 0.97, 1.02, 1.2, 1.95, 2.4, 2.5};

/* Whose bleed may be in whose microphone. Pickups hear no bleed, and overheads and rooms are there for it. */
static const char *const whole_room[] = {"overhead", "room", NULL};
static const char *const wires[] = {"di", "synth", NULL};

static bool is_one_of(const char *role, const char *const *roles)
{
	for (size_t i = 0; role && roles[i]; i++)
		if (strcmp(role, roles[i]) == 0)
			return true;
	return false;
}

static bool hears_bleed(const struct activity_track *track)
{
	return !is_one_of(track->role, whole_room) && !is_one_of(track->role, wires);
}

/* Where one of the two has no role nothing says that they are not one source. */
static bool may_bleed(const struct activity_track *from, const struct activity_track *to)
{
	return from != to && from->plays && from->role && to->role && strcmp(from->role, to->role) != 0 &&
	       !is_one_of(from->role, whole_room) && !is_one_of(from->role, wires);
}

static double power_of(const struct survey_window *window)
{
	double sum = 0;
	for (size_t band = 0; band < SURVEY_BANDS; band++)
		sum += weights[band] * window->bands[band];
	return sum;
}

/* ---- the fit ---- */

struct fit {
	const struct activity_track *track;
	const struct activity_track *others[MOST_OTHERS];
	size_t count; /* of others; the constant comes after them */
	bool noisy;   /* the constant may be more than nothing */
	size_t windows, every;
	double gains[SURVEY_BANDS][MOST_OTHERS + 1];
};

static double column(const struct fit *fit, size_t other, size_t band, size_t window)
{
	return other < fit->count ? fit->others[other]->windows[window].bands[band] : 1;
}

struct normal {
	double products[MOST_OTHERS + 1][MOST_OTHERS + 1], sums[MOST_OTHERS + 1];
};

/* The normal equations of Σ (1 − Σ gain × other / own)². */
static void add_window(const struct fit *fit, size_t band, size_t window, struct normal *normal)
{
	double own = fit->track->windows[window].bands[band], row[MOST_OTHERS + 1];
	size_t columns = fit->count + fit->noisy;
	if (own < silence)
		return;
	for (size_t i = 0; i < columns; i++)
		row[i] = column(fit, i, band, window) / own;
	for (size_t i = 0; i < columns; i++) {
		normal->sums[i] += row[i];
		for (size_t k = 0; k < columns; k++)
			normal->products[i][k] += row[i] * row[k];
	}
}

static void solve_band(struct fit *fit, size_t band)
{
	struct normal normal = {0};
	double *gains = fit->gains[band];
	size_t columns = fit->count + fit->noisy;
	for (size_t window = 0; window < fit->windows; window += fit->every)
		add_window(fit, band, window, &normal);
	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		for (size_t i = 0; i < columns; i++) {
			double rest = normal.sums[i];
			for (size_t k = 0; k < columns; k++)
				rest -= k == i ? 0 : normal.products[i][k] * gains[k];
			gains[i] = normal.products[i][i] > 0 ? fmax(rest / normal.products[i][i], 0) : 0;
		}
	}
}

struct explained {
	double distance_db; /* mean of the bands' from what the fit says, by what each has of the power */
	double ratio;	    /* of the power to what the fit says */
};

static struct explained explain(const struct fit *fit, size_t window)
{
	double sum = 0, all = 0, predicted = silence;
	for (size_t band = 0; band < SURVEY_BANDS; band++) {
		double own = fit->track->windows[window].bands[band], explained = 0;
		for (size_t i = 0; i < fit->count + fit->noisy; i++)
			explained += fit->gains[band][i] * column(fit, i, band, window);
		double off = own < silence ? 0 : fabs(10 * log10((explained + silence) / own));
		sum += weights[band] * own * fmin(off, far_db);
		all += weights[band] * own;
		predicted += weights[band] * explained;
	}
	return (struct explained){all > 0 ? sum / all : 0, all / predicted};
}

static struct fit fit_for(const struct activity_track *track, size_t windows)
{
	return (struct fit){.track = track, .windows = windows, .every = windows / MOST_FITTED + 1};
}

static bool is_fitted(const struct fit *fit)
{
	return fit->count > 0 || fit->noisy;
}

static bool is_noise(const struct activity_track *track, size_t windows)
{
	double sum = 0;
	size_t count = 0;
	for (size_t i = 0; i < windows; i++) {
		if (power_of(&track->windows[i]) < silence)
			continue;
		sum += track->windows[i].flatness;
		count++;
	}
	return count > 0 && sum / (double)count > noise_flatness;
}

/* How alike two tracks go up and down: the cosine of their powers, each against its own mean. */
static double likeness(const struct activity_track *a, const struct activity_track *b, size_t windows)
{
	double ab = 0, aa = 0, bb = 0;
	for (size_t i = 0; i < windows; i++) {
		double x = sqrt(power_of(&a->windows[i])), y = sqrt(power_of(&b->windows[i]));
		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* The most alike of those that may be heard in the track. */
static void choose_others(struct fit *fit, const struct activity_track *tracks, size_t count)
{
	double likes[MOST_OTHERS + 1];
	for (size_t i = 0; i < count; i++) {
		if (!may_bleed(&tracks[i], fit->track))
			continue;
		double like = likeness(&tracks[i], fit->track, fit->windows);
		size_t at = fit->count;
		for (; at > 0 && likes[at - 1] < like; at--) {
			likes[at] = likes[at - 1];
			if (at < MOST_OTHERS)
				fit->others[at] = fit->others[at - 1];
		}
		likes[at] = like;
		if (at < MOST_OTHERS)
			fit->others[at] = &tracks[i];
		fit->count += fit->count < MOST_OTHERS;
	}
}

/* ---- what is played ---- */

static bool sounds(const struct activity_track *track, size_t window)
{
	return power_of(&track->windows[window]) > silence;
}

/* Active are those windows with sound in them that the fit does not explain. */
static void find_own(struct activity_track *track, const struct fit *fit)
{
	size_t sounding = 0, own = 0, strong = 0;
	for (size_t i = 0; i < fit->windows; i++) {
		struct explained explained = explain(fit, i);
		bool explains = is_fitted(fit) && explained.distance_db < bleed_db;
		track->active[i] = sounds(track, i) && !explains;
		sounding += sounds(track, i);
		own += track->active[i];
		strong += track->active[i] && explained.ratio > strong_ratio;
	}
	track->plays = (strong >= strong_least && (double)strong >= strong_share * (double)sounding) ||
		       (double)own > own_share * (double)sounding;
}

static void judge(
	struct activity_track *track, const struct activity_track *tracks, size_t count, struct fit *fit)
{
	if (hears_bleed(track)) {
		fit->noisy = is_noise(track, fit->windows);
		choose_others(fit, tracks, count);
		for (size_t band = 0; band < SURVEY_BANDS; band++)
			solve_band(fit, band);
	}
	find_own(track, fit);
}

/* ---- second thoughts ---- */

static double level_of(const struct activity_track *track, size_t windows)
{
	double sum = 0;
	for (size_t i = 0; i < windows; i++)
		sum += power_of(&track->windows[i]);
	return sum;
}

/* True where one other track alone explains nearly all of it and is not much louder: then the two are more
 * likely microphones of one source than one of them the other's bleed. */
static bool is_twin(const struct fit *fit)
{
	double all = 0, most = 0;
	const struct activity_track *loudest = NULL;
	for (size_t i = 0; i < fit->count + fit->noisy; i++) {
		double sum = 0;
		for (size_t band = 0; band < SURVEY_BANDS; band++)
			for (size_t window = 0; window < fit->windows; window++)
				sum += weights[band] * fit->gains[band][i] * column(fit, i, band, window);
		all += sum;
		if (i < fit->count && sum > most) {
			most = sum;
			loudest = fit->others[i];
		}
	}
	return loudest && most > alone_share * all &&
	       level_of(fit->track, fit->windows) * twin_ratio > level_of(loudest, fit->windows);
}

static struct activity_track *loudest_left(
	struct activity_track *tracks, size_t count, size_t windows, const bool *done)
{
	struct activity_track *found = NULL;
	double most = -1;
	for (size_t i = 0; i < count; i++) {
		double level = done[i] ? -1 : level_of(&tracks[i], windows);
		if (level > most) {
			most = level;
			found = &tracks[i];
		}
	}
	return found;
}

static void play_all(struct activity_track *track, size_t windows)
{
	for (size_t i = 0; i < windows; i++) {
		track->active[i] = sounds(track, i);
		track->plays |= track->active[i];
	}
}

/* What seems to be bleed has to be that of tracks that are played, so that no two explain each other away;
 * the loudest is judged first. */
static void reconsider(struct activity_track *tracks, size_t count, size_t windows)
{
	bool *done = memory_array(count, sizeof(*done));
	for (size_t i = 0; i < count; i++)
		done[i] = tracks[i].plays;
	for (struct activity_track *track; (track = loudest_left(tracks, count, windows, done));) {
		struct fit fit = fit_for(track, windows);
		judge(track, tracks, count, &fit);
		if (!track->plays && is_twin(&fit))
			play_all(track, windows);
		done[track - tracks] = true;
	}
	free(done);
}

/* ---- levels ---- */

static double mean_power(const struct activity_track *track, size_t windows)
{
	double sum = 0;
	size_t count = 0;
	for (size_t i = 0; i < windows; i++) {
		sum += track->active[i] ? power_of(&track->windows[i]) : 0;
		count += track->active[i];
	}
	return count > 0 ? sum / (double)count : 0;
}

static int by_value(const void *a, const void *b)
{
	const float *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double peak_of(const struct activity_track *track, size_t windows)
{
	float *peaks = memory_array(windows, sizeof(*peaks));
	size_t count = 0;
	for (size_t i = 0; i < windows; i++)
		if (track->active[i])
			peaks[count++] = track->windows[i].peak;
	qsort(peaks, count, sizeof(*peaks), by_value);
	double peak_db =
		count > 0 ? units_to_db(peaks[(size_t)((double)(count - 1) * (1 - loud_share))]) : -INFINITY;
	free(peaks);
	return peak_db;
}

/* Each against all others, who count as played so far. */
static void judge_all(struct activity_track *tracks, size_t count, size_t windows)
{
	for (size_t t = 0; t < count; t++)
		tracks[t].plays = true;
	bool *plays = memory_array(count, sizeof(*plays));
	for (size_t t = 0; t < count; t++) {
		struct fit fit = fit_for(&tracks[t], windows);
		judge(&tracks[t], tracks, count, &fit);
		plays[t] = tracks[t].plays;
		tracks[t].plays = true;
	}
	for (size_t t = 0; t < count; t++)
		tracks[t].plays = plays[t];
	free(plays);
}

void activity_find(struct activity_track *tracks, size_t count, size_t windows)
{
	judge_all(tracks, count, windows);
	reconsider(tracks, count, windows);
	for (size_t t = 0; t < count; t++) {
		struct activity_track *track = &tracks[t];
		double gate = mean_power(track, windows) * relative_gate;
		for (size_t i = 0; i < windows; i++)
			track->active[i] &= power_of(&track->windows[i]) >= gate;
		track->peak_db = peak_of(track, windows);
	}
}
