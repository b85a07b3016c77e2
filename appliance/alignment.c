#include "appliance/alignment.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/clock-log.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No crystal is off by so much, nor is an interface's frame 0 placed so far from the others'. */
static const double most_ppm = 5000, most_offset_s = 1;

static struct timebase *load_timebase(
	const struct take_interface *interface, uint32_t rate, const char *folder)
{
	if (!interface->clock_log)
		return NULL;
	char *path = file_join(folder, interface->clock_log);
	struct clock_point *points = NULL;
	struct timebase *timebase = NULL;
	size_t count;
	struct error e;
	int result = clock_log_load(path, &points, &count, &e);
	if (result == -ENOMEM)
		memory_is_out();
	if (result < 0)
		log_warning("%s; the drift of %s is not corrected", e.text, interface->name);
	else
		timebase = timebase_create(points, count, rate);
	free(points);
	free(path);
	return timebase;
}

static bool is_sane(const struct warp *warp, uint32_t rate, uint64_t frames)
{
	double most = most_offset_s * rate + most_ppm * 1e-6 * (double)frames;
	for (size_t i = 0; i < warp->count; i++)
		if (!(fabs(warp->corners[i].shift) <= most))
			return false;
	return true;
}

static void align(struct aligned_interface *aligned, const struct timebase *first, const struct timebase *own,
	const struct manifest *take)
{
	struct warp warp = warp_between(first, own, take->rate, take->frames);
	bool sane = is_sane(&warp, take->rate, take->frames);
	aligned->corrected_ppm = 0;
	if (!sane)
		log_warning("the clock log of %s cannot be right; its drift is not corrected", aligned->name);
	if (!sane || warp_is_idle(&warp)) {
		warp_finish(&warp);
		return;
	}
	aligned->corrected_ppm = warp_ppm(&warp, take->frames);
	aligned->warp = warp;
}

void alignment_load(struct alignment *alignment, const struct manifest *take, const char *folder)
{
	struct timebase *first = NULL;
	*alignment = (struct alignment){.count = take->interface_count};
	alignment->interfaces = memory_array(take->interface_count, sizeof(*alignment->interfaces));
	for (size_t i = 0; i < take->interface_count; i++) {
		const struct take_interface *interface = &take->interfaces[i];
		struct aligned_interface *aligned = &alignment->interfaces[i];
		*aligned = (struct aligned_interface){.name = interface->name, .corrected_ppm = NAN};
		if (interface->clock == TAKE_CLOCK_SHARED) {
			aligned->corrected_ppm = 0;
			continue;
		}
		struct timebase *own = load_timebase(interface, take->rate, folder);
		if (!first && own) {
			aligned->corrected_ppm = 0;
			first = own;
			continue;
		}
		if (own && take->frames > 0)
			align(aligned, first, own, take);
		timebase_destroy(own);
	}
	timebase_destroy(first);
}

void alignment_finish(struct alignment *alignment)
{
	for (size_t i = 0; i < alignment->count; i++)
		warp_finish(&alignment->interfaces[i].warp);
	free(alignment->interfaces);
	*alignment = (struct alignment){0};
}

const struct warp *alignment_of(const struct alignment *alignment, const struct take_track *track)
{
	for (size_t i = 0; track->input_count > 0 && i < alignment->count; i++) {
		const struct aligned_interface *aligned = &alignment->interfaces[i];
		size_t length = strlen(aligned->name);
		if (strncmp(track->inputs[0], aligned->name, length) == 0 && track->inputs[0][length] == '/')
			return aligned->warp.count > 0 ? &aligned->warp : NULL;
	}
	return NULL;
}
