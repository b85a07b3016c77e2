/* Audio in which every sample says which one it is: a lost, doubled or moved one shows. */
#ifndef WOODSHED_TESTS_UNIT_RAMP_H
#define WOODSHED_TESTS_UNIT_RAMP_H

#include "audio/flac.h"

#include "tests/unit/harness.h"

/* Sample `frame` of a channel as an integer of `bits`, never 0: that is silence. */
static inline int32_t ramp_value(uint64_t frame, uint32_t channel, uint32_t bits)
{
	uint32_t span = (1U << (bits - 1)) - 2;
	return (int32_t)((frame * 3 + channel * 1009) % span) + 1;
}

static inline float ramp_sample(uint64_t frame, uint32_t channel, uint32_t bits)
{
	return (float)ramp_value(frame, channel, bits) / (float)(1U << (bits - 1));
}

struct ramp_file {
	struct flac_format format;
	uint64_t frames;
	int32_t *channel[2];
};

/* A whole file; ramp_free afterwards. */
static inline struct ramp_file ramp_load(const char *path)
{
	struct ramp_file file = {0};
	struct flac_reader *reader;
	struct error e = {""};
	if (flac_reader_open(&reader, path, &e) < 0)
		fail_msg("%s", e.text);
	file.format = *flac_reader_format(reader);
	uint64_t room = flac_reader_frames(reader);
	for (uint32_t c = 0; c < 2; c++)
		file.channel[c] = memory_array(room, sizeof(int32_t));
	for (int n = 1; n > 0; file.frames += (uint64_t)n) {
		int32_t *at[2] = {file.channel[0] + file.frames, file.channel[1] + file.frames};
		n = flac_reader_read(reader, at, room - file.frames, &e);
		if (n < 0)
			fail_msg("%s", e.text);
	}
	flac_reader_close(reader);
	return file;
}

static inline void ramp_free(struct ramp_file *file)
{
	free(file->channel[0]);
	free(file->channel[1]);
}

#endif
