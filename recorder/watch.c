#include "recorder/watch.h"

#include "common/memory.h"

#include <stdlib.h>

static void on_loss(void *data, const struct take_suspect *loss)
{
	struct watch *watch = data;
	watch->kept[watch->found++ % WATCH_KEPT] = *loss;
}

void watch_init(struct watch *watch, const struct tape *tape)
{
	*watch = (struct watch){.tape = tape};
	watch->suspect = suspect_create(tape->channels, on_loss, watch);
	watch->planes = memory_array(tape->channels, sizeof(*watch->planes));
}

void watch_finish(struct watch *watch)
{
	suspect_destroy(watch->suspect);
	free(watch->planes);
}

void watch_cycle(struct watch *watch, const struct stamp *stamp, uint64_t frame)
{
	uint64_t frames = stamp->cycle.frames;
	/* Where the tape goes round, a cycle lies in two pieces. */
	for (uint64_t done = 0, run; done < frames; done += run) {
		run = frames - done;
		for (uint32_t c = 0; c < watch->tape->channels; c++)
			watch->planes[c] = tape_samples(watch->tape, c, stamp->tape + done, run, &run);
		suspect_feed(watch->suspect, watch->planes, frame + done, (uint32_t)run);
	}
}

const struct take_suspect *watch_loss(const struct watch *watch, uint64_t *next)
{
	if (*next + WATCH_KEPT < watch->found)
		*next = watch->found - WATCH_KEPT;
	return *next < watch->found ? &watch->kept[*next % WATCH_KEPT] : NULL;
}
