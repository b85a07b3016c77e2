/* What libFLAC alone costs: decodes FLAC files, or encodes what is in them again, from memory and to nowhere.
 *
 * usage: flac-alone decode FILE… | flac-alone encode LEVEL FILE…
 * Prints `SECONDS FRAMES BYTES`: user and system time of that work only, frames of audio of all channels of
 * all files, and the bytes of FLAC that came out (encode) or 0. */
#include "audio/flac.h"
#include "bench/cpu-time.h"

#include <FLAC/stream_decoder.h>
#include <FLAC/stream_encoder.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CHANNELS = 8, MOST_LEVEL = 8 };

struct audio {
	bool keep; /* else decoding is all that is done */
	unsigned channels, bits, rate;
	size_t frames, room;
	FLAC__int32 *samples[MOST_CHANNELS];
	const char *fault;
};

struct total {
	double seconds;
	unsigned long long frames, bytes;
};

static bool make_room(struct audio *audio, size_t frames)
{
	if (audio->frames + frames <= audio->room)
		return true;
	audio->room = (audio->frames + frames) * 2;
	for (unsigned c = 0; c < audio->channels; c++) {
		FLAC__int32 *wider = realloc(audio->samples[c], audio->room * sizeof(*wider));
		if (!wider)
			return false;
		audio->samples[c] = wider;
	}
	return true;
}

static FLAC__StreamDecoderWriteStatus on_audio(const FLAC__StreamDecoder *decoder, const FLAC__Frame *frame,
	const FLAC__int32 *const *samples, void *data)
{
	(void)decoder;
	struct audio *audio = data;
	size_t frames = frame->header.blocksize;
	audio->channels = frame->header.channels;
	audio->bits = frame->header.bits_per_sample;
	audio->rate = frame->header.sample_rate;
	if (audio->keep) {
		if (!make_room(audio, frames)) {
			audio->fault = "out of memory";
			return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;
		}
		for (unsigned c = 0; c < audio->channels; c++)
			memcpy(audio->samples[c] + audio->frames, samples[c], frames * sizeof(*samples[c]));
	}
	audio->frames += frames;
	return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void on_fault(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *data)
{
	(void)decoder;
	((struct audio *)data)->fault = FLAC__StreamDecoderErrorStatusString[status];
}

static bool decode(const char *path, struct audio *audio)
{
	FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
	if (!decoder)
		return false;
	bool done = FLAC__stream_decoder_init_file(decoder, path, on_audio, NULL, on_fault, audio) ==
			    FLAC__STREAM_DECODER_INIT_STATUS_OK &&
		    FLAC__stream_decoder_process_until_end_of_stream(decoder) && !audio->fault;
	FLAC__stream_decoder_delete(decoder);
	return done;
}

static FLAC__StreamEncoderWriteStatus on_bytes(const FLAC__StreamEncoder *encoder, const FLAC__byte buffer[],
	size_t bytes, uint32_t samples, uint32_t frame, void *data)
{
	(void)encoder, (void)buffer, (void)samples, (void)frame;
	((struct total *)data)->bytes += bytes;
	return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

/* In the pieces in which the program does it. */
static bool encode_pieces(FLAC__StreamEncoder *encoder, const struct audio *audio)
{
	for (size_t at = 0; at < audio->frames;) {
		size_t piece = audio->frames - at < FLAC_BLOCK ? audio->frames - at : FLAC_BLOCK;
		const FLAC__int32 *samples[MOST_CHANNELS];
		for (unsigned c = 0; c < audio->channels; c++)
			samples[c] = audio->samples[c] + at;
		if (!FLAC__stream_encoder_process(encoder, samples, (uint32_t)piece))
			return false;
		at += piece;
	}
	return true;
}

/* The same settings as audio/flac-writer.c. */
static bool encode(const struct audio *audio, unsigned level, struct total *total)
{
	FLAC__StreamEncoder *encoder = FLAC__stream_encoder_new();
	if (!encoder)
		return false;
	bool done = FLAC__stream_encoder_set_compression_level(encoder, level) &&
		    FLAC__stream_encoder_set_streamable_subset(encoder, true) &&
		    FLAC__stream_encoder_set_blocksize(encoder, FLAC_BLOCK) &&
		    FLAC__stream_encoder_set_channels(encoder, audio->channels) &&
		    FLAC__stream_encoder_set_bits_per_sample(encoder, audio->bits) &&
		    FLAC__stream_encoder_set_sample_rate(encoder, audio->rate) &&
		    FLAC__stream_encoder_init_stream(encoder, on_bytes, NULL, NULL, NULL, total) ==
			    FLAC__STREAM_ENCODER_INIT_STATUS_OK &&
		    encode_pieces(encoder, audio) && FLAC__stream_encoder_finish(encoder);
	FLAC__stream_encoder_delete(encoder);
	return done;
}

static bool work_on(const char *path, int level, struct total *total)
{
	struct audio audio = {.keep = level >= 0};
	double before = cpu_s();
	bool done = decode(path, &audio);
	if (done && level >= 0) {
		before = cpu_s();
		done = encode(&audio, (unsigned)level, total);
	}
	total->seconds += cpu_s() - before;
	total->frames += audio.frames * audio.channels;
	for (unsigned c = 0; c < MOST_CHANNELS; c++)
		free(audio.samples[c]);
	if (!done)
		fprintf(stderr, "flac-alone: %s: %s\n", path,
			audio.fault ? audio.fault : "libFLAC refuses it");
	return done;
}

/* -1: only decode; -2: what was asked is not clear. */
static int level_of(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "decode") == 0)
		return -1;
	if (argc < 4 || strcmp(argv[1], "encode") != 0)
		return -2;
	char *end;
	long level = strtol(argv[2], &end, 10);
	return *end || end == argv[2] || level < 0 || level > MOST_LEVEL ? -2 : (int)level;
}

int main(int argc, char **argv)
{
	int level = level_of(argc, argv);
	if (level < -1) {
		fputs("usage: flac-alone decode FILE... | flac-alone encode LEVEL FILE...\n", stderr);
		return 2;
	}
	struct total total = {0};
	for (int i = level < 0 ? 2 : 3; i < argc; i++) {
		if (!work_on(argv[i], level, &total))
			return 1;
	}
	printf("%.6f %llu %llu\n", total.seconds, total.frames, total.bytes);
	return 0;
}
