#include "appliance/punch.h"

#include "appliance/moments.h"
#include "common/file.h"
#include "common/memory.h"
#include "takes/take.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool punch_has(const struct punch *punch, const char *track)
{
	char *const *names = punch->config->tracks.items;
	bool found = punch->config->tracks.count == 0;
	for (size_t i = 0; i < punch->config->tracks.count && !found; i++)
		found = strcmp(names[i], track) == 0;
	return found;
}

/* The folder that holds the take's, for what lies beside it. */
static char *folder_above(const char *folder)
{
	char *whole = realpath(folder, NULL);
	char *slash = whole ? strrchr(whole, '/') : NULL;
	if (slash)
		slash[slash == whole] = '\0';
	return whole;
}

static int open_take(struct punch *punch, const struct manifest *take, const char *folder, struct error *e)
{
	char *takes = folder_above(folder);
	int result = takes ? take_find(takes, punch->config->from, &punch->folder, e) : -errno;
	if (!takes)
		error_errno(e, errno, "%s", folder);
	free(takes);
	if (result == 0)
		result = manifest_load(&punch->take, punch->folder, e);
	if (result < 0)
		return result;
	if (punch->take.state == TAKE_RECORDING)
		return error_set(e, EBUSY, "take %s is still being recorded", punch->take.id);
	if (punch->take.rate != take->rate)
		return error_set(e, EINVAL, "take %s is at %u Hz, this one at %u Hz", punch->take.id,
			punch->take.rate, take->rate);
	alignment_load(&punch->alignment, &punch->take, punch->folder);
	return 0;
}

static int find_moment(const struct manifest *take, const char *text, double *frame, struct error *e)
{
	struct mix_markers markers = moments_of(take->markers, take->marker_count);
	int result = automation_moment(text, take->rate, &markers, frame);
	moments_finish(&markers);
	if (result < 0)
		return error_set(e, EINVAL, "take %s has no marker %s", take->id, text);
	if (*frame > (double)take->frames)
		return error_set(e, EINVAL, "take %s is over before %s", take->id, text);
	return 0;
}

/* Each join lies around its moment. */
static int place(struct punch *punch, const struct manifest *take, struct error *e)
{
	const struct punch_config *config = punch->config;
	double start, end, source;
	int result = find_moment(take, config->start, &start, e);
	if (result == 0)
		result = find_moment(take, config->end, &end, e);
	if (result == 0)
		result = find_moment(
			&punch->take, config->source ? config->source : config->start, &source, e);
	if (result < 0)
		return result;
	double fade = round(config->fade_s * take->rate), half = floor(fade / 2);
	if (end - start < fade)
		return error_set(e, EINVAL, "%s is not after %s", config->end, config->start);
	bool joins_in = start > half, joins_out = end + fade - half < (double)take->frames;
	punch->begin = (uint64_t)(joins_in ? start - half : start);
	punch->end = (uint64_t)(joins_out ? end + fade - half : end);
	punch->fade_in = (uint64_t)(joins_in ? fade : 0);
	punch->fade_out = (uint64_t)(joins_out ? fade : 0);
	punch->source = (int64_t)source - ((int64_t)start - (int64_t)punch->begin);
	return 0;
}

static int by_begin(const void *a, const void *b)
{
	const struct punch *x = a, *y = b;
	return (x->begin > y->begin) - (x->begin < y->begin);
}

static bool share_a_track(const struct session *session, const struct punch *a, const struct punch *b)
{
	const struct track_config *tracks = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		if (punch_has(a, tracks[i].name) && punch_has(b, tracks[i].name))
			return true;
	return false;
}

static int check_overlap(const struct punches *punches, const struct session *session, struct error *e)
{
	for (size_t i = 1; i < punches->count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct punch *a = &punches->list[k], *b = &punches->list[i];
			if (b->begin < a->end && share_a_track(session, a, b))
				return error_set(e, EINVAL,
					"edit.punch: the one from %s at %s begins before the one from %s at "
					"%s has ended",
					b->config->from, b->config->start, a->config->from, a->config->start);
		}
	return 0;
}

int punches_load(struct punches *punches, const struct session *session, const struct manifest *take,
	const char *folder, struct error *e)
{
	const struct punch_config *configs = session->edit.punch.items;
	size_t count = session->edit.punch.count;
	struct error inner;
	int result = 0;
	*punches = (struct punches){.list = memory_array(count, sizeof(*punches->list)), .count = count};
	for (size_t i = 0; i < count && result == 0; i++) {
		struct punch *punch = &punches->list[i];
		punch->config = &configs[i];
		result = open_take(punch, take, folder, &inner);
		if (result == 0)
			result = place(punch, take, &inner);
		if (result < 0)
			error_set(e, -result, "edit.punch[%zu]: %s", i, inner.text);
	}
	if (result == 0) {
		qsort(punches->list, count, sizeof(*punches->list), by_begin);
		result = check_overlap(punches, session, e);
	}
	if (result < 0)
		punches_finish(punches);
	return result;
}

void punches_finish(struct punches *punches)
{
	for (size_t i = 0; i < punches->count; i++) {
		struct punch *punch = &punches->list[i];
		alignment_finish(&punch->alignment);
		manifest_finish(&punch->take);
		free(punch->folder);
	}
	free(punches->list);
	*punches = (struct punches){0};
}
