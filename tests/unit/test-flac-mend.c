#include "audio/flac-mend.h"

#include "tests/unit/flac-audio.h"

#include <FLAC/stream_decoder.h>

#include <errno.h>
#include <sys/stat.h>

enum { FRAMES = 3 * FLAC_BLOCK + 1000 };

static const struct flac_format mono = {.rate = 48000, .channels = 1, .bits = 24};

/* ---- libFLAC's own word on a file ---- */

static FLAC__StreamDecoderWriteStatus ignore_audio(const FLAC__StreamDecoder *decoder,
	const FLAC__Frame *frame, const FLAC__int32 *const channels[], void *client)
{
	(void)decoder, (void)channels;
	*(uint64_t *)client += frame->header.blocksize;
	return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void refuse(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *client)
{
	(void)decoder, (void)client;
	fail_msg("%s", FLAC__StreamDecoderErrorStatusString[status]);
}

static void check_whole(const char *path, uint64_t frames)
{
	FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
	uint64_t decoded = 0;
	FLAC__stream_decoder_set_md5_checking(decoder, true);
	assert_int_equal(FLAC__stream_decoder_init_file(decoder, path, ignore_audio, NULL, refuse, &decoded),
		FLAC__STREAM_DECODER_INIT_STATUS_OK);
	assert_true(FLAC__stream_decoder_process_until_end_of_stream(decoder));
	assert_int_equal(FLAC__stream_decoder_get_total_samples(decoder), frames);
	assert_true(FLAC__stream_decoder_finish(decoder)); /* the MD5 */
	assert_int_equal(decoded, frames);
	FLAC__stream_decoder_delete(decoder);
}

/* ---- mending ---- */

/* Surveys and mends to `frames` (0: to what is sound); returns the sound frames. */
static uint64_t mend(const char *path, uint64_t frames)
{
	struct flac_survey survey;
	struct error e = {""};
	int result = flac_survey(&survey, path, NULL, NULL, &e);
	if (result == -EBADMSG || result == -ENOENT)
		survey.format = mono;
	else if (result < 0)
		fail_msg("%s", e.text);
	uint64_t sound = survey.frames;
	if (flac_mend(path, &survey, frames ? frames : sound, NULL, 0, &e) < 0)
		fail_msg("%s", e.text);
	flac_survey_finish(&survey);
	return sound;
}

/* The file holds `sound` frames of the audio, then silence up to `frames`. */
static void check_content(const char *path, const struct audio *audio, uint64_t sound, uint64_t frames)
{
	struct audio wanted = make_audio(&audio->format, frames, 0);
	for (uint32_t c = 0; c < audio->format.channels; c++) {
		memset(wanted.channel[c], 0, frames * sizeof(int32_t));
		memcpy(wanted.channel[c], audio->channel[c], sound * sizeof(int32_t));
	}
	struct flac_reader *reader = open_file(path);
	int last;
	struct error e = {""};
	assert_int_equal(flac_reader_frames(reader), frames);
	assert_int_equal(compare(reader, &wanted, 0, 1000, &last, &e), frames);
	assert_int_equal(last, 0);
	flac_reader_close(reader);
	free_audio(&wanted);
}

static void check_unchanged_by_another(const char *path, uint64_t frames)
{
	size_t before_size, after_size;
	char *before = harness_get(path, &before_size);
	assert_int_equal(mend(path, frames), frames);
	char *after = harness_get(path, &after_size);
	assert_int_equal(before_size, after_size);
	assert_memory_equal(before, after, before_size);
	free(before);
	free(after);
}

/* A recording that was never closed: whole FLAC frames, STREAMINFO without a count. The caller's to free. */
static char *recording(const char *path, const struct audio *audio, size_t *size)
{
	struct flac_writer *writer = create(path, &audio->format, 3);
	write_audio(writer, audio, 512);
	flac_writer_destroy(writer);
	return harness_get(path, size);
}

static void test_torn_anywhere(void **state)
{
	char *path = file_join(*state, "x.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.001);
	size_t size;
	char *whole = recording(path, &audio, &size);
	uint64_t last = 0;
	/* Every byte of the last FLAC frame, and then some. */
	for (size_t cut = 0; cut < size; cut += cut < size - 3000 ? 97 : 1) {
		harness_put(path, whole, cut);
		uint64_t sound = mend(path, FRAMES);
		assert_true(sound % FLAC_BLOCK == 0 && sound >= last && sound <= FRAMES);
		last = sound;
		check_whole(path, FRAMES);
		if (cut % 50 == 0) {
			check_content(path, &audio, sound, FRAMES);
			check_unchanged_by_another(path, FRAMES);
		}
	}
	harness_put(path, whole, size);
	assert_int_equal(mend(path, 0), 3 * FLAC_BLOCK);
	check_whole(path, 3 * FLAC_BLOCK);
	check_content(path, &audio, 3 * FLAC_BLOCK, 3 * FLAC_BLOCK);
	free(whole);
	free_audio(&audio);
	free(path);
}

/* Sectors of the tail that never reached the disk read as zeros, or as what was there before. */
static void test_spoilt_tail(void **state)
{
	char *path = file_join(*state, "x.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.2);
	size_t size;
	char *whole = recording(path, &audio, &size);
	for (size_t at = 512; at < size; at += 512) {
		for (int fill = 0; fill < 256; fill += 255) {
			size_t count = size - at < 512 ? size - at : 512;
			char *spoilt = memory_format("%s", "");
			spoilt = memory_grow(spoilt, size, 1);
			memcpy(spoilt, whole, size);
			memset(spoilt + at, fill, count);
			harness_put(path, spoilt, size);
			uint64_t sound = mend(path, FRAMES);
			assert_true(sound < 3 * FLAC_BLOCK);
			check_whole(path, FRAMES);
			check_content(path, &audio, sound, FRAMES);
			free(spoilt);
		}
	}
	free(whole);
	free_audio(&audio);
	free(path);
}

static void test_closed_whole_stays(void **state)
{
	char *path = file_join(*state, "x.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.1);
	write_file(path, &audio, 3, 512);
	check_unchanged_by_another(path, FRAMES);
	check_whole(path, FRAMES);
	free_audio(&audio);
	free(path);
}

/* Cut off between the closing of one track and of the next: its last FLAC frame is short, and may be shorter
 * than the take. */
static void test_short_last_block_grows(void **state)
{
	static const uint64_t lengths[] = {
		FRAMES + 1, 4 * FLAC_BLOCK, 4 * FLAC_BLOCK + 1, 5 * FLAC_BLOCK + 77, 300 * FLAC_BLOCK};
	char *path = file_join(*state, "x.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.1);
	for (size_t i = 0; i < TABLE_SIZE(lengths); i++) {
		unlink(path);
		write_file(path, &audio, 3, 512);
		assert_int_equal(mend(path, lengths[i]), FRAMES);
		check_whole(path, lengths[i]);
		check_content(path, &audio, FRAMES, lengths[i]);
		check_unchanged_by_another(path, lengths[i]);
	}
	free_audio(&audio);
	free(path);
}

/* STREAMINFO was on the disk before the frames that it counts. */
static void test_count_ahead_of_frames(void **state)
{
	char *path = file_join(*state, "x.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.1);
	size_t size;
	write_file(path, &audio, 3, 512);
	char *whole = harness_get(path, &size);
	for (size_t cut = 200; cut < size; cut += 1009) {
		harness_put(path, whole, cut);
		uint64_t sound = mend(path, 4 * FLAC_BLOCK);
		assert_true(sound < FRAMES);
		check_whole(path, 4 * FLAC_BLOCK);
		check_content(path, &audio, sound, 4 * FLAC_BLOCK);
	}
	free(whole);
	free_audio(&audio);
	free(path);
}

/* Silence of every kind of frame: rates, words, channels, and numbers of one to four bytes. */
static void test_silence(void **state)
{
	static const struct flac_format formats[] = {{44100, 1, 16}, {48000, 1, 24}, {48000, 2, 24},
		{96000, 2, 16}, {12345, 1, 24}, {192000, 8, 24}};
	static const uint64_t lengths[] = {1, FLAC_BLOCK - 1, FLAC_BLOCK, 127 * FLAC_BLOCK,
		129 * FLAC_BLOCK + 5, 2049 * FLAC_BLOCK + 256, 65537ULL * FLAC_BLOCK + 4095};
	char *path = file_join(*state, "x.flac");
	for (size_t i = 0; i < TABLE_SIZE(formats); i++) {
		for (size_t k = 0; k < TABLE_SIZE(lengths); k++) {
			if (k + 1 == TABLE_SIZE(lengths) && i != 1)
				continue; /* decoding an hour and a half takes a while */
			unlink(path);
			struct flac_writer *writer = create(path, &formats[i], 3);
			flac_writer_destroy(writer);
			assert_int_equal(mend(path, lengths[k]), 0);
			check_whole(path, lengths[k]);
		}
	}
	free(path);
}

static void test_nothing_there(void **state)
{
	char *path = file_join(*state, "x.flac");
	static const char *const contents[] = {
		NULL, "", "fLaC", "no FLAC file at all, but longer than a header is"};
	for (size_t i = 0; i < TABLE_SIZE(contents); i++) {
		unlink(path);
		if (contents[i])
			harness_put(path, contents[i], strlen(contents[i]));
		assert_int_equal(mend(path, 10000), 0);
		check_whole(path, 10000);
		check_unchanged_by_another(path, 10000);
	}
	free(path);
}

static void test_apart_leaves_the_file(void **state)
{
	char *path = file_join(*state, "x.flac"), *other = file_join(*state, "y.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.1);
	struct flac_survey survey;
	struct error e = {""};
	size_t size, kept_size;
	char *whole = recording(path, &audio, &size);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(flac_survey(&survey, path, NULL, NULL, &e), 0);
	survey.apart = true;
	assert_int_equal(flac_mend(path, &survey, FRAMES, NULL, 0, &e), 0);
	flac_survey_finish(&survey);
	check_whole(path, FRAMES);
	char *kept = harness_get(other, &kept_size);
	assert_int_equal(size, kept_size);
	assert_memory_equal(whole, kept, size);
	free(kept);
	free(whole);
	free(other);
	free(path);
	free_audio(&audio);
}

static void test_shorter_is_refused(void **state)
{
	char *path = file_join(*state, "x.flac");
	struct audio audio = make_audio(&mono, FRAMES, 0.1);
	struct flac_survey survey;
	struct error e = {""};
	write_file(path, &audio, 3, 512);
	assert_int_equal(flac_survey(&survey, path, NULL, NULL, &e), 0);
	assert_int_equal(flac_mend(path, &survey, FRAMES - 1, NULL, 0, &e), -EINVAL);
	flac_survey_finish(&survey);
	check_whole(path, FRAMES);
	free_audio(&audio);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_torn_anywhere),
		harness_in_folder(test_spoilt_tail),
		harness_in_folder(test_closed_whole_stays),
		harness_in_folder(test_short_last_block_grows),
		harness_in_folder(test_count_ahead_of_frames),
		harness_in_folder(test_silence),
		harness_in_folder(test_nothing_there),
		harness_in_folder(test_apart_leaves_the_file),
		harness_in_folder(test_shorter_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
