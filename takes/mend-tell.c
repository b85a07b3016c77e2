/* What a take that was made whole says of its interfaces, its markers and its losses. */
#include "takes/mend.h"

#include "common/file.h"
#include "common/memory.h"
#include "takes/clock-log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Tracks end some tenths of a second apart where the power went; more is damage of another kind, which a
 * person should know. */
enum { TORN_S = 10 };

static bool plays_into(const struct take_interface *interface, const struct take_track *track)
{
	size_t length = strlen(interface->name);
	for (size_t i = 0; i < track->input_count; i++)
		if (strncmp(track->inputs[i], interface->name, length) == 0 &&
			track->inputs[i][length] == '/')
			return true;
	return false;
}

/* Gaps past the end are gone with it. */
static void trim_gaps(struct take_interface *interface, uint64_t frames)
{
	size_t kept = 0;
	uint64_t silent = 0;
	for (size_t i = 0; i < interface->gap_count; i++) {
		struct take_gap gap = interface->gaps[i];
		if (gap.frame >= frames)
			continue;
		if (gap.frames > frames - gap.frame)
			gap.frames = frames - gap.frame;
		silent += gap.frames;
		interface->gaps[kept++] = gap;
	}
	/* Where those lie that are not listed, nobody knows: after the last that is, and so at the end. */
	if (kept < interface->gap_count)
		interface->gaps_more = interface->gap_frames_more = 0;
	interface->gap_count = kept;
	silent += interface->gap_frames_more;
	interface->frames = frames > silent ? frames - silent : 0;
}

/* Nor is anything suspected there. Those that are counted alone came after the last one that is listed. */
static void trim_suspected(struct take_interface *interface, uint64_t frames)
{
	size_t kept = 0;
	for (size_t i = 0; i < interface->suspected_count; i++) {
		struct take_suspect loss = interface->suspected[i];
		if (loss.frame >= frames)
			continue;
		if (loss.frames > frames - loss.frame)
			loss.frames = frames - loss.frame;
		interface->suspected[kept++] = loss;
	}
	if (kept < interface->suspected_count)
		interface->suspected_total = kept;
	interface->suspected_count = kept;
}

/* The recorder would have told it at the take's end. */
static void tell_ppm(struct take_interface *interface, uint32_t rate, const char *folder)
{
	struct clock_point *points;
	size_t count;
	struct error e;
	if (!interface->clock_log)
		return;
	char *path = file_join(folder, interface->clock_log);
	if (clock_log_load(path, &points, &count, &e) == 0) {
		interface->ppm = timebase_ppm(points, count, rate);
		free(points);
	}
	free(path);
}

static void tell_interfaces(struct manifest *take, const char *folder)
{
	for (size_t i = 0; i < take->interface_count; i++) {
		uint64_t longest = 0;
		for (size_t k = 0; k < take->track_count; k++) {
			const struct take_track *track = &take->tracks[k];
			uint64_t frames = track->frames - track->padded;
			if (plays_into(&take->interfaces[i], track) && frames > longest)
				longest = frames;
		}
		trim_gaps(&take->interfaces[i], longest);
		trim_suspected(&take->interfaces[i], longest);
		tell_ppm(&take->interfaces[i], take->rate, folder);
	}
}

static void trim_markers(struct manifest *take)
{
	size_t kept = 0;
	for (size_t i = 0; i < take->marker_count; i++) {
		if (take->markers[i].frame < take->frames)
			take->markers[kept++] = take->markers[i];
		else
			free(take->markers[i].label);
	}
	take->marker_count = kept;
	if (take->pre_roll_frames > take->frames)
		take->pre_roll_frames = take->frames;
}

/* What a person should know. */
static void tell_losses(struct manifest *take)
{
	free(take->error);
	take->error = NULL;
	if (take->frames == 0) {
		take->error = memory_text("it was cut off before anything of it was on the disk");
		return;
	}
	for (size_t i = 0; i < take->track_count && !take->error; i++) {
		const struct take_track *track = &take->tracks[i];
		if (track->padded == take->frames)
			take->error = memory_format(
				"%s: nothing of it was on the disk, so it is silent", track->file);
		else if (track->padded > (uint64_t)TORN_S * take->rate)
			take->error = memory_format("%s: its last %.1f s were not on the disk; silence "
						    "stands for them",
				track->file, (double)track->padded / take->rate);
		else if (track->gap_count > 0)
			take->error = memory_format("%s: %" PRIu64 " frames were not on the disk; silence "
						    "stands for them",
				track->file, take_track_gap_frames(track));
	}
}

void mend_tell(struct manifest *take, const char *folder)
{
	tell_interfaces(take, folder);
	trim_markers(take);
	tell_losses(take);
}
