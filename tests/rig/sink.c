#include "tests/rig/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 120, LEAST_QUANTUM = 64 };

struct cycle {
	uint64_t nsec, next_nsec, frames;
};

struct sink {
	struct cycle *cycles;
	float *samples;
	size_t count, filled, most_cycles, most_frames;
};

int sink_create(struct sink **sink, int64_t rate, struct error *e)
{
	struct sink *made = calloc(1, sizeof(*made));
	if (!made)
		return error_set(e, ENOMEM, "no memory");
	made->most_frames = (size_t)rate * SECONDS;
	made->most_cycles = made->most_frames / LEAST_QUANTUM;
	made->cycles = calloc(made->most_cycles, sizeof(*made->cycles));
	made->samples = calloc(made->most_frames, sizeof(*made->samples));
	if (!made->cycles || !made->samples) {
		sink_destroy(made);
		return error_set(e, ENOMEM, "no memory");
	}
	*sink = made;
	return 0;
}

void sink_destroy(struct sink *sink)
{
	if (!sink)
		return;
	free(sink->cycles);
	free(sink->samples);
	free(sink);
}

void sink_take(struct sink *sink, uint64_t nsec, uint64_t next_nsec, const float *samples, uint32_t frames)
{
	if (sink->count == sink->most_cycles || sink->filled + frames > sink->most_frames)
		return;
	memcpy(sink->samples + sink->filled, samples, frames * sizeof(*samples));
	sink->filled += frames;
	sink->cycles[sink->count++] = (struct cycle){nsec, next_nsec, frames};
}

int sink_write(const struct sink *sink, const char *path, struct error *e)
{
	FILE *file = fopen(path, "wbe");
	if (!file)
		return error_errno(e, errno, "%s", path);
	const float *samples = sink->samples;
	for (size_t i = 0; i < sink->count; i++) {
		fwrite(&sink->cycles[i], sizeof(sink->cycles[i]), 1, file);
		fwrite(samples, sizeof(*samples), sink->cycles[i].frames, file);
		samples += sink->cycles[i].frames;
	}
	return fclose(file) == 0 ? 0 : error_errno(e, errno, "%s", path);
}
