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
	*watch = (struct watch){.channels = memory_array(tape->channels, sizeof(*watch->channels))};
	for (uint32_t c = 0; c < tape->channels; c++)
		watch->channels[c] = tape->data + (uint64_t)c * tape->samples.size;
	const struct suspect_ring ring = {watch->channels, tape->samples.size};
	watch->suspect = suspect_create(&ring, tape->channels, on_loss, watch);
}

void watch_finish(struct watch *watch)
{
	suspect_destroy(watch->suspect);
	free(watch->channels);
}

void watch_cycle(struct watch *watch, const struct stamp *stamp, uint64_t frame)
{
	suspect_feed(watch->suspect, stamp->tape, frame, stamp->cycle.frames);
}

const struct take_suspect *watch_loss(const struct watch *watch, uint64_t *next)
{
	if (*next + WATCH_KEPT < watch->found)
		*next = watch->found - WATCH_KEPT;
	return *next < watch->found ? &watch->kept[*next % WATCH_KEPT] : NULL;
}
