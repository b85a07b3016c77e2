#include "recorder/tape.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { SHORTEST_CYCLE = 64, SPARE_MARKS = 1024, ALIGNMENT = 64 };

static uint64_t marks_of(uint64_t frames)
{
	return frames / SHORTEST_CYCLE + SPARE_MARKS;
}

/* Stamps follow, aligned. */
static size_t sample_bytes(uint32_t channels, uint64_t frames)
{
	size_t bytes = (size_t)frames * channels * sizeof(float);
	return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t tape_bytes(uint32_t channels, uint64_t frames)
{
	return sample_bytes(channels, frames) + (size_t)marks_of(frames) * sizeof(struct stamp);
}

/* Large pages, where there are some, fault in several times as fast: a tape of a GiB in tenths of a second.
 */
static int fault_in(void *memory, size_t bytes)
{
	madvise(memory, bytes, MADV_HUGEPAGE);
	if (madvise(memory, bytes, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	memset(memory, 0, bytes); /* Linux before 5.14 */
	return 0;
}

int tape_init(struct tape *tape, uint32_t channels, uint64_t frames, struct error *e)
{
	size_t bytes = tape_bytes(channels, frames);
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result = memory == MAP_FAILED ? -errno : fault_in(memory, bytes);
	if (result < 0) {
		if (memory != MAP_FAILED)
			munmap(memory, bytes);
		return error_errno(e, result,
			"cannot have %zu MiB of memory for %u channels of pre-roll and buffer", bytes >> 20,
			channels);
	}
	*tape = (struct tape){.channels = channels, .data = memory, .mapped = bytes};
	tape->stamps = (struct stamp *)(void *)((unsigned char *)memory + sample_bytes(channels, frames));
	tape->locked = mlock(memory, bytes) == 0;
	ring_init(&tape->samples, frames);
	ring_init(&tape->marks, marks_of(frames));
	return 0;
}

void tape_finish(struct tape *tape)
{
	if (tape->data)
		munmap(tape->data, tape->mapped);
	tape->data = NULL;
}

static void copy_channel(float *ring, uint64_t size, uint64_t at, const float *samples, uint64_t frames)
{
	uint64_t slot = at % size;
	uint64_t first = frames < size - slot ? frames : size - slot;
	if (samples) {
		memcpy(ring + slot, samples, first * sizeof(float));
		memcpy(ring, samples + first, (frames - first) * sizeof(float));
	} else {
		memset(ring + slot, 0, first * sizeof(float));
		memset(ring, 0, (frames - first) * sizeof(float));
	}
}

void tape_record(struct tape *tape, const struct cycle *cycle, const float *const *channels)
{
	if (ring_free(&tape->samples) < cycle->frames || ring_free(&tape->marks) < 1) {
		tape->lost += cycle->frames;
		return;
	}
	/* The producer alone moves `written`, so it may read its own positions as they are. */
	uint64_t at = ring_filled(&tape->samples);
	uint64_t mark = ring_filled(&tape->marks);
	for (uint32_t c = 0; c < tape->channels; c++)
		copy_channel(tape->data + (uint64_t)c * tape->samples.size, tape->samples.size, at,
			channels[c], cycle->frames);
	tape->stamps[mark % tape->marks.size] =
		(struct stamp){.cycle = *cycle, .tape = at, .lost = tape->lost};
	tape->lost = 0;
	/* Samples first: whoever sees the stamp may read what it speaks of. */
	ring_commit(&tape->samples, cycle->frames);
	ring_commit(&tape->marks, 1);
}

const float *tape_samples(
	const struct tape *tape, uint32_t channel, uint64_t position, uint64_t frames, uint64_t *run)
{
	uint64_t slot = position % tape->samples.size;
	uint64_t whole = tape->samples.size - slot;
	*run = frames < whole ? frames : whole;
	return tape->data + (uint64_t)channel * tape->samples.size + slot;
}

const struct stamp *tape_stamp(const struct tape *tape, uint64_t index)
{
	return &tape->stamps[index % tape->marks.size];
}
