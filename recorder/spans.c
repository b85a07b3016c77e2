#include "recorder/spans.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

void spans_finish(struct spans *spans)
{
	free(spans->list);
	*spans = (struct spans){0};
}

uint64_t spans_first(const struct spans *spans)
{
	return spans->count > 0 ? spans->list[0].frame : 0;
}

uint64_t spans_end(const struct spans *spans)
{
	const struct span *last = spans->count > 0 ? &spans->list[spans->count - 1] : NULL;
	return last ? last->frame + last->frames : 0;
}

static void append(struct spans *spans, const struct span *span)
{
	if (span->frames == 0)
		return;
	if (!spans->list || spans->count == spans->room) {
		spans->room = spans->room ? 2 * spans->room : 16;
		spans->list = memory_grow(spans->list, spans->room, sizeof(*spans->list));
	}
	spans->list[spans->count++] = *span;
}

void spans_add(struct spans *spans, uint64_t frames, uint64_t position)
{
	struct span *last = spans->count > 0 ? &spans->list[spans->count - 1] : NULL;
	if (last && !last->silence && last->position + last->frames == position)
		last->frames += frames;
	else
		append(spans, &(struct span){spans_end(spans), frames, position, false});
}

void spans_add_silence(struct spans *spans, uint64_t frames)
{
	struct span *last = spans->count > 0 ? &spans->list[spans->count - 1] : NULL;
	if (last && last->silence)
		last->frames += frames;
	else
		append(spans, &(struct span){spans_end(spans), frames, 0, true});
}

void spans_forget(struct spans *spans, uint64_t position)
{
	size_t gone = 0;
	for (size_t i = 0; i < spans->count; i++)
		if (!spans->list[i].silence && spans->list[i].position < position)
			gone = i + 1;
	if (gone == 0)
		return;
	/* One that is gone in part, or at least its end, so that the next frame's number is known. */
	struct span *last = &spans->list[gone - 1];
	uint64_t lost = position - last->position < last->frames ? position - last->position : last->frames;
	last->frame += lost;
	last->frames -= lost;
	last->position += lost;
	spans->count -= gone - 1;
	memmove(spans->list, last, spans->count * sizeof(*spans->list));
}

uint64_t spans_played(const struct spans *spans, uint64_t frame)
{
	uint64_t end = spans_end(spans), played = frame < end ? end - frame : 0;
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->list[i];
		uint64_t from = span->frame > frame ? span->frame : frame, to = span->frame + span->frames;
		if (span->silence && from < to)
			played -= to - from;
	}
	return played;
}

struct span spans_at(const struct spans *spans, uint64_t frame)
{
	size_t i = 0;
	while (i + 1 < spans->count && spans->list[i + 1].frame <= frame)
		i++;
	struct span span = spans->list[i];
	uint64_t passed = frame - span.frame;
	span.frame += passed;
	span.frames -= passed;
	span.position += span.silence ? 0 : passed;
	return span;
}
