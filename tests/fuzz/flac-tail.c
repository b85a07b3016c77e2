/* A recording that was cut off, or is anything else: what is sound of it is found, mending makes exactly that
 * a whole file, and mending it again changes nothing. The first byte says how much silence is added. */
#include "fuzz.h"

#include "audio/flac-mend.h"
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The frames that a few bytes can claim are minutes of decoding, which teaches nothing; two of FLAC's largest
 * blocks are enough. So is silence of up to one of ours and a part of the next. */
enum { FRAMES_MOST = 1 << 17, SILENCE_STEP = 17 };

static char folder[] = "/dev/shm/woodshed-fuzz-XXXXXX";
static char path[sizeof(folder) + 16];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void write_input(const uint8_t *data, size_t size)
{
	if (path[0] == '\0') {
		REQUIRE(mkdtemp(folder));
		snprintf(path, sizeof(path), "%s/raw.flac", folder);
		atexit(remove_folder);
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

static bool hear(void *data, const int32_t *const *channels, size_t frames)
{
	uint64_t *heard = data;
	REQUIRE(channels && channels[0]);
	*heard += frames;
	return *heard <= FRAMES_MOST;
}

/* The file as it is now is whole: of `frames` frames, and all of it sound. */
static void check_whole(uint64_t frames)
{
	struct error e;
	struct flac_survey survey = {0};
	uint64_t heard = 0;
	REQUIRE(flac_survey(&survey, path, hear, &heard, &e) == 0);
	REQUIRE(heard == frames && survey.frames == frames && survey.whole_bytes == survey.file_bytes);
	flac_survey_finish(&survey);
}

static void check_again(uint64_t frames)
{
	struct error e;
	struct flac_survey survey = {0};
	char *before, *after;
	size_t size, size_after;
	REQUIRE(file_read(path, 64 << 20, &before, &size, &e) == 0);
	REQUIRE(flac_survey(&survey, path, NULL, NULL, &e) == 0);
	REQUIRE(flac_mend(path, &survey, frames, NULL, 0, &e) == 0);
	flac_survey_finish(&survey);
	REQUIRE(file_read(path, 64 << 20, &after, &size_after, &e) == 0);
	REQUIRE(size == size_after && memcmp(before, after, size) == 0);
	free(before);
	free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = {0};
	struct flac_survey survey = {0};
	uint64_t heard = 0;
	if (size == 0)
		return 0;
	write_input(data + 1, size - 1);
	int result = flac_survey(&survey, path, hear, &heard, &e);
	if (result < 0) {
		REQUIRE(result == -EBADMSG || result == -ENOTSUP || result == -ECANCELED);
		REQUIRE(e.text[0] != '\0');
		flac_survey_finish(&survey);
		return 0;
	}
	REQUIRE(heard == survey.frames);
	uint64_t frames = survey.frames + (uint64_t)data[0] * SILENCE_STEP;
	result = flac_mend(path, &survey, frames, NULL, 0, &e);
	flac_survey_finish(&survey);
	REQUIRE(result == 0 || e.text[0] != '\0');
	if (result == 0) {
		check_whole(frames);
		check_again(frames);
	}
	return 0;
}
