#include "mixer/unmask.h"

#include <math.h>

static const double own_db = 6, covered_db = 6; /* below the strongest band; below the other's level */
static const double more_important_lu = 1;
static const double least_share = 0.1; /* of the windows, in which both are played */
static const size_t first_band = 2;    /* below lies what kick and bass settle by their own filters */
static const double nothing = 1e-20;

/* Mean powers in dB, weighed so that the whole is as loud as the offset says. */
struct shape {
	double bands_db[SURVEY_BANDS];
};

/* In the windows in which `with` is played too. */
static bool find_shape(const struct balance_track *track, const struct balance_track *with, size_t windows,
	struct shape *shape)
{
	double sums[SURVEY_BANDS] = {0}, all = 0;
	size_t count = 0;
	for (size_t w = 0; w < windows; w++) {
		if (!track->activity->active[w] || !with->activity->active[w])
			continue;
		for (size_t band = 0; band < SURVEY_BANDS; band++)
			sums[band] += track->activity->windows[w].bands[band];
		count++;
	}
	for (size_t band = first_band; band < SURVEY_BANDS; band++)
		all += sums[band];
	for (size_t band = 0; band < SURVEY_BANDS; band++)
		shape->bands_db[band] =
			track->offset_lu + 10 * log10((sums[band] + nothing) / (all + nothing));
	return (double)count >= least_share * (double)windows && count > 0;
}

static double strongest(const struct shape *shape)
{
	double most = -INFINITY;
	for (size_t band = first_band; band < SURVEY_BANDS; band++)
		most = fmax(most, shape->bands_db[band]);
	return most;
}

/* How far a band of `other` covers what is the own sound of `important`; 0 or less: not at all. */
static double cover_db(const struct shape *important, const struct shape *other, size_t band)
{
	if (important->bands_db[band] < strongest(important) - own_db)
		return 0;
	return other->bands_db[band] - (important->bands_db[band] - covered_db);
}

/* Keeps the deepest, one a band. */
static void keep(struct unmask *unmask, const struct unmask_cut *cut)
{
	size_t at = unmask->count;
	for (size_t i = 0; i < unmask->count; i++)
		if (unmask->cuts[i].frequency_hz == cut->frequency_hz)
			at = i;
	if (at == UNMASK_CUTS) {
		at = 0;
		for (size_t i = 1; i < UNMASK_CUTS; i++)
			at = unmask->cuts[i].gain_db > unmask->cuts[at].gain_db ? i : at;
	}
	if (at < unmask->count && unmask->cuts[at].gain_db <= cut->gain_db)
		return;
	unmask->cuts[at] = *cut;
	unmask->count += at == unmask->count;
}

static void compare(const struct balance_track *tracks, size_t important, size_t other, size_t windows,
	double most_db, struct unmask *unmask)
{
	struct shape mine, theirs;
	if (!find_shape(&tracks[important], &tracks[other], windows, &mine) ||
		!find_shape(&tracks[other], &tracks[important], windows, &theirs))
		return;
	for (size_t band = first_band; band < SURVEY_BANDS; band++) {
		double depth_db = fmin(cover_db(&mine, &theirs, band), most_db);
		struct unmask_cut cut = {survey_band_hz(band), -depth_db, important};
		if (depth_db > 0)
			keep(unmask, &cut);
	}
}

void unmask_find(const struct balance_track *tracks, size_t count, size_t windows, double most_db,
	struct unmask *found)
{
	for (size_t i = 0; i < count; i++) {
		found[i] = (struct unmask){0};
		for (size_t k = 0; k < count && most_db > 0 && tracks[i].activity->plays; k++)
			if (tracks[k].activity->plays &&
				tracks[k].offset_lu >= tracks[i].offset_lu + more_important_lu)
				compare(tracks, k, i, windows, most_db, &found[i]);
	}
}
