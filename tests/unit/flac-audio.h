/* Audio to write to FLAC files and to compare with what they give back. */
#ifndef WOODSHED_TESTS_UNIT_FLAC_AUDIO_H
#define WOODSHED_TESTS_UNIT_FLAC_AUDIO_H

#include "audio/flac.h"

#include "tests/unit/harness.h"

#include <math.h>

enum { CHANNELS = 8, BLOCK = 4096 };

/* Audio that compresses a little: a tone a channel with noise on it. */
struct audio {
	struct flac_format format;
	size_t frames;
	int32_t *channel[CHANNELS];
};

static inline struct audio make_audio(const struct flac_format *format, size_t frames, double noise)
{
	struct audio audio = {.format = *format, .frames = frames};
	double full = (double)((1 << (format->bits - 1)) - 1);
	uint32_t random = 1;
	for (uint32_t c = 0; c < format->channels; c++) {
		audio.channel[c] = memory_array(frames, sizeof(int32_t));
		for (size_t i = 0; i < frames; i++) {
			random = random * 1664525U + 1013904223U;
			double value =
				0.6 * sin((double)i * 0.01 * (c + 1)) + noise * ((double)random / UINT32_MAX);
			audio.channel[c][i] = (int32_t)lrint(full * value);
		}
	}
	/* Both ends of the range must survive. */
	if (frames > 1) {
		audio.channel[0][0] = (int32_t)full;
		audio.channel[0][1] = -(int32_t)full - 1;
	}
	return audio;
}

static inline void free_audio(struct audio *audio)
{
	for (uint32_t c = 0; c < CHANNELS; c++)
		free(audio->channel[c]);
}

static inline struct flac_writer *create(const char *path, const struct flac_format *format, int level)
{
	static const struct flac_tag tags[] = {{"TITLE", "Night Bus"}, {"ARTIST", "The Trays"}};
	struct error e = {""};
	struct flac_writer *writer = NULL;
	if (flac_writer_create(&writer, path, format, level, tags, 2, &e) < 0)
		fail_msg("%s", e.text);
	return writer;
}

static inline int write_from(
	struct flac_writer *writer, const struct audio *audio, size_t at, size_t count, struct error *e)
{
	const int32_t *channels[CHANNELS];
	for (uint32_t c = 0; c < audio->format.channels; c++)
		channels[c] = audio->channel[c] + at;
	return flac_writer_write(writer, channels, count, e);
}

/* Given to the kernel as far as there are whole FLAC frames. */
static inline void write_audio(struct flac_writer *writer, const struct audio *audio, size_t chunk)
{
	struct error flushing = {""};
	for (size_t at = 0; at < audio->frames; at += chunk) {
		size_t count = audio->frames - at < chunk ? audio->frames - at : chunk;
		struct error e = {""};
		if (write_from(writer, audio, at, count, &e) < 0)
			fail_msg("%s", e.text);
	}
	if (flac_writer_flush(writer, &flushing) < 0)
		fail_msg("%s", flushing.text);
}

static inline void finish(struct flac_writer *writer)
{
	struct error e = {""};
	if (flac_writer_finish(writer, &e) < 0)
		fail_msg("%s", e.text);
	flac_writer_destroy(writer);
}

static inline void write_file(const char *path, const struct audio *audio, int level, size_t chunk)
{
	struct flac_writer *writer = create(path, &audio->format, level);
	write_audio(writer, audio, chunk);
	finish(writer);
}

static inline struct flac_reader *open_file(const char *path)
{
	struct error e = {""};
	struct flac_reader *reader = NULL;
	if (flac_reader_open(&reader, path, &e) < 0)
		fail_msg("%s", e.text);
	return reader;
}

/* Reads on in chunks and compares with `audio` from `at` on. Returns the frames that came, and in `last` what
 * the last call said: 0 or an error. */
static inline size_t compare(struct flac_reader *reader, const struct audio *audio, size_t at, size_t chunk,
	int *last, struct error *e)
{
	size_t done = 0;
	int32_t *got[CHANNELS];
	for (uint32_t c = 0; c < CHANNELS; c++)
		got[c] = memory_array(chunk, sizeof(int32_t));
	while ((*last = flac_reader_read(reader, got, chunk, e)) > 0) {
		size_t count = (size_t)*last;
		assert_true(at + done + count <= audio->frames);
		for (uint32_t c = 0; c < audio->format.channels; c++)
			assert_memory_equal(got[c], audio->channel[c] + at + done, count * sizeof(int32_t));
		done += count;
	}
	for (uint32_t c = 0; c < CHANNELS; c++)
		free(got[c]);
	return done;
}

#endif
