/* Follows one voice as a render does that of the melody, so that voices can be followed by the hundred.
 *
 * usage: follow thin IN OUT
 *        follow VOICE [EVERYBODY]
 *
 * thin: interleaved stereo floats at 24 kHz, which fluidsynth writes, become mono ones at 12 kHz. Of those
 * are VOICE, which is followed alone, and EVERYBODY, which its microphone then hears at -24 dB over a noise
 * floor of -70 dBFS (of 24 kHz: a quarter of its power lies within 6 kHz). Prints confidence C guess FROM TO
 * NOTE CONFIDENCE SIGN…    every note that may be there, with what speaks for it pitches FROM STEP PITCH… the
 * pitch at each moment */
#include "common/memory.h"
#include "listening/melody.h"
#include "listening/thin.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 24000, THIN_RATE = 12000 };

static const double bleed_db = -24, noise_db = -70 - 6.02;

struct sound {
	float *samples;
	size_t count;
};

static int sound_read(struct sound *sound, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	size_t got = 0, room = 0;
	do {
		if (sound->count == room) {
			room = room ? 2 * room : 1 << 20;
			sound->samples = memory_grow(sound->samples, room, sizeof(*sound->samples));
		}
		got = fread(
			sound->samples + sound->count, sizeof(*sound->samples), room - sound->count, file);
		sound->count += got;
	} while (got > 0);
	int status = ferror(file) ? -1 : 0;
	fclose(file);
	return status;
}

static int make_thin(const char *in, const char *out)
{
	struct sound sound = {0};
	struct thin *thin = thin_create(RATE);
	int status = sound_read(&sound, in);
	FILE *file = status == 0 ? fopen(out, "wb") : NULL;
	double mono[THIN_CHUNK], made[THIN_CHUNK];
	const size_t frames = sound.count / 2;
	for (size_t done = 0, n; file && status == 0 && done < frames; done += n) {
		n = frames - done < THIN_CHUNK ? frames - done : THIN_CHUNK;
		for (size_t i = 0; i < n; i++)
			mono[i] = 0.5 * (sound.samples[2 * (done + i)] + sound.samples[2 * (done + i) + 1]);
		const size_t count = thin_add(thin, mono, n, made);
		for (size_t i = 0; i < count; i++)
			sound.samples[i] = (float)made[i];
		status = fwrite(sound.samples, sizeof(float), count, file) == count ? 0 : -1;
	}
	status = !file || fclose(file) ? -1 : status;
	thin_destroy(thin);
	free(sound.samples);
	return status;
}

/* White, of an RMS of 1. */
static double noise(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return sqrt(3) * ((double)*seed / 2147483648.0 - 1);
}

static double at(const struct sound *sound, size_t i)
{
	return i < sound->count ? sound->samples[i] : 0;
}

static void hear(struct pitch *pitch, const struct sound *voice, const struct sound *everybody)
{
	const size_t count = voice->count > everybody->count ? voice->count : everybody->count;
	const double part = pow(10, bleed_db / 20), floor_level = pow(10, noise_db / 20);
	uint32_t seed = 1;
	for (size_t i = 0; i < count; i++) {
		double heard = at(voice, i);
		if (everybody->count > 0)
			heard += part * (at(everybody, i) - at(voice, i)) + floor_level * noise(&seed);
		pitch_add(pitch, &heard, 1);
	}
}

static void print(const struct melody *melody)
{
	printf("confidence %.4f\n", melody->confidence);
	for (size_t i = 0; i < melody->guess_count; i++) {
		const struct melody_note *note = &melody->guesses[i].note;
		const struct melody_signs *signs = &melody->guesses[i].signs;
		printf("guess %.4f %.4f %d %.4f %.4f %.4f %.4f %.4f %.4f\n", note->from_s, note->to_s,
			note->note, note->confidence, signs->probability, signs->db, signs->length,
			signs->octaves, signs->company);
	}
	printf("pitches %.6f %.9f", melody->from_s, melody->step_s);
	for (size_t i = 0; i < melody->pitch_count; i++)
		printf(" %.2f", melody->pitches[i]);
	puts("");
}

static int follow(const char *voice_path, const char *everybody_path)
{
	struct sound voice = {0}, everybody = {0};
	struct pitch *pitch = NULL;
	struct error e;
	size_t count;
	int status = sound_read(&voice, voice_path);
	if (status == 0 && everybody_path)
		status = sound_read(&everybody, everybody_path);
	if (status == 0)
		status = pitch_create(&pitch, THIN_RATE, &e);
	if (status == 0) {
		struct melody melody;
		hear(pitch, &voice, &everybody);
		const struct pitch_frame *frames = pitch_frames(pitch, &count);
		melody_find(&melody, frames, count, pitch_rate(pitch), 0);
		print(&melody);
		melody_finish(&melody);
	}
	pitch_destroy(pitch);
	free(everybody.samples);
	free(voice.samples);
	return status;
}

int main(int argc, char **argv)
{
	int status;
	if (argc == 4 && strcmp(argv[1], "thin") == 0)
		status = make_thin(argv[2], argv[3]);
	else if (argc == 2 || argc == 3)
		status = follow(argv[1], argv[2]);
	else {
		fputs("usage: follow thin IN OUT\n       follow VOICE [EVERYBODY]\n", stderr);
		return 2;
	}
	if (status < 0)
		perror("follow");
	return status < 0;
}
