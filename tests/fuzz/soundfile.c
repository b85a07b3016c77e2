/* A sound file of somebody's: WAV, RF64, AIFF, FLAC, Vorbis, Opus, MP3, or none at all. */
#include "fuzz.h"

#include "audio/soundfile.h"

#include <errno.h>
#include <math.h>

/* A header may claim hours of what is not there. */
enum { FRAMES_MOST = 1 << 18 };

static void read_all(struct soundfile *soundfile, uint32_t channels)
{
	static double samples[SOUNDFILE_CHANNELS][SOUNDFILE_FRAMES];
	double *rows[SOUNDFILE_CHANNELS];
	struct error e = {0};
	for (size_t i = 0; i < SOUNDFILE_CHANNELS; i++)
		rows[i] = samples[i];
	for (uint32_t done = 0; done < FRAMES_MOST;) {
		int count = soundfile_read(soundfile, rows, SOUNDFILE_FRAMES, &e);
		REQUIRE(count <= SOUNDFILE_FRAMES && (count >= 0 || e.text[0] != '\0'));
		if (count <= 0)
			return;
		for (uint32_t c = 0; c < channels; c++) {
			for (int i = 0; i < count; i++)
				REQUIRE(isfinite(samples[c][i]));
		}
		done += (uint32_t)count;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = {0};
	struct soundfile *soundfile = NULL;
	int result = soundfile_open(&soundfile, fuzz_file(data, size), &e);
	if (result < 0) {
		REQUIRE(e.text[0] != '\0');
		return 0;
	}
	const struct soundfile_format *format = soundfile_format(soundfile);
	REQUIRE(format->channels >= 1 && format->channels <= SOUNDFILE_CHANNELS);
	REQUIRE(format->rate >= 8000 && format->rate <= 384000);
	read_all(soundfile, format->channels);
	soundfile_close(soundfile);
	return 0;
}
