#include "tests/unit/flac-audio.h"

#include <errno.h>
#include <stdbool.h>

static void test_not_flac(void **state)
{
	static const char *const contents[] = {"", "f", "fLaC", "RIFF....WAVEfmt ", "fLaC\0\0\0\042short"};
	char *path = file_join(*state, "a.flac");
	struct flac_reader *reader = NULL;
	struct error e = {""};
	assert_int_equal(flac_reader_open(&reader, path, &e), -ENOENT);
	assert_int_equal(flac_reader_open(&reader, *state, &e), -EISDIR);
	for (size_t i = 0; i < TABLE_SIZE(contents); i++) {
		harness_put(path, contents[i], strlen(contents[i]));
		assert_int_equal(flac_reader_open(&reader, path, &e), -EBADMSG);
		assert_non_null(strstr(e.text, "not a FLAC file"));
	}
	free(path);
}

static void test_other_word_length(void **state)
{
	static const struct flac_format format = {48000, 1, 24};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 100, 0.1);
	write_file(path, &audio, 0, 100);
	size_t size;
	char *data = harness_get(path, &size);
	data[21] = (char)((data[21] & 0x0f) | 0x30); /* 20 bits */
	harness_put(path, data, size);
	struct flac_reader *reader = NULL;
	struct error e = {""};
	assert_int_equal(flac_reader_open(&reader, path, &e), -ENOTSUP);
	free(data);
	free_audio(&audio);
	free(path);
}

/* Cuts `data` to `size` bytes at `path` and reads it. */
static size_t read_cut(const char *path, const char *data, size_t size, const struct audio *audio, int *last,
	uint64_t *whole)
{
	harness_put(path, data, size);
	struct flac_reader *reader = open_file(path);
	struct error e = {""};
	size_t frames = compare(reader, audio, 0, 3000, last, &e);
	*whole = flac_reader_whole_bytes(reader);
	flac_reader_close(reader);
	return frames;
}

static void test_cut_off_recording(void **state)
{
	static const struct flac_format format = {48000, 1, 24};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 3 * BLOCK + 1, 0.0001);
	struct flac_writer *writer = create(path, &format, 5);
	uint64_t header = flac_writer_bytes(writer);
	write_audio(writer, &audio, 512);
	assert_int_equal(flac_writer_frames(writer), 3 * BLOCK);
	flac_writer_destroy(writer); /* as a crash would leave it */
	struct flac_reader *reader = open_file(path);
	assert_int_equal(flac_reader_frames(reader), 0);
	flac_reader_close(reader);
	size_t size, before = 0;
	char *data = harness_get(path, &size);
	uint64_t whole = 0, last_whole = header;
	for (size_t cut = (size_t)header; cut <= size;
		cut += cut + 37 > size && cut < size ? size - cut : 37) {
		int last;
		size_t frames = read_cut(path, data, cut, &audio, &last, &whole);
		assert_int_equal(last, 0);
		assert_int_equal(frames % BLOCK, 0);
		assert_true(frames >= before && whole >= last_whole && whole <= cut);
		assert_true((frames > before) == (whole > last_whole));
		before = frames;
		last_whole = whole;
	}
	assert_int_equal(before, 3 * BLOCK);
	assert_int_equal(whole, size);
	free(data);
	free_audio(&audio);
	free(path);
}

static void test_truncated_file(void **state)
{
	static const struct flac_format format = {48000, 2, 16};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 3 * BLOCK, 0.01);
	write_file(path, &audio, 5, 512);
	size_t size;
	char *data = harness_get(path, &size);
	harness_put(path, data, size - 1);
	struct flac_reader *reader = open_file(path);
	struct error e = {""};
	int last;
	assert_int_equal(compare(reader, &audio, 0, 1000, &last, &e), 2 * BLOCK);
	assert_int_equal(last, -EBADMSG);
	assert_non_null(strstr(e.text, "frame 8192"));
	assert_non_null(strstr(e.text, path));
	assert_int_equal(flac_reader_seek(reader, 5, &e), 0); /* the rest is still good for something */
	assert_int_equal(compare(reader, &audio, 5, 1000, &last, &e), 2 * BLOCK - 5);
	flac_reader_close(reader);
	free(data);
	free_audio(&audio);
	free(path);
}

/* No flipped bit in the audio may come out as samples. */
static void test_every_damage_is_seen(void **state)
{
	static const struct flac_format format = {48000, 1, 16};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 2 * BLOCK + 50, 0.0005);
	struct flac_writer *writer = create(path, &format, 5);
	size_t header = (size_t)flac_writer_bytes(writer), size;
	write_audio(writer, &audio, 512);
	finish(writer);
	char *data = harness_get(path, &size);
	for (size_t at = header; at < size; at += at < header + 40 ? 1 : 23) {
		data[at] ^= (char)(1 << at % 8);
		int last;
		uint64_t whole;
		size_t frames = read_cut(path, data, size, &audio, &last, &whole);
		assert_int_equal(last, -EBADMSG);
		assert_true(frames < audio.frames);
		data[at] ^= (char)(1 << at % 8);
	}
	free(data);
	free_audio(&audio);
	free(path);
}

static void test_missing_frame_is_seen(void **state)
{
	static const struct flac_format format = {48000, 1, 16};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 3 * BLOCK, 0.01);
	struct flac_writer *writer = create(path, &format, 5);
	size_t border[2], size;
	for (size_t i = 0; i < 3; i++) {
		struct error e = {""};
		assert_int_equal(write_from(writer, &audio, i * BLOCK, BLOCK, &e), 0);
		assert_int_equal(flac_writer_flush(writer, &e), 0);
		if (i > 0)
			border[i - 1] = (size_t)flac_writer_bytes(writer);
	}
	finish(writer);
	char *data = harness_get(path, &size);
	memmove(data + border[0], data + border[1], size - border[1]);
	int last;
	uint64_t whole;
	assert_int_equal(read_cut(path, data, size - (border[1] - border[0]), &audio, &last, &whole), BLOCK);
	assert_int_equal(last, -EBADMSG);
	free(data);
	free_audio(&audio);
	free(path);
}

static void test_seek(void **state)
{
	static const struct flac_format format = {48000, 2, 24};
	static const size_t places[] = {
		0, 1, 4095, 4096, 4097, 39999, 40000, 12345, 0, 39998, 20480, 40000, 3};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 40000, 0.1);
	write_file(path, &audio, 5, 1000);
	struct flac_reader *reader = open_file(path);
	for (size_t i = 0; i < TABLE_SIZE(places); i++) {
		struct error e = {""};
		int last;
		assert_int_equal(flac_reader_seek(reader, places[i], &e), 0);
		assert_int_equal(
			compare(reader, &audio, places[i], 700, &last, &e), audio.frames - places[i]);
		assert_int_equal(last, 0);
	}
	struct error e = {""};
	assert_int_equal(flac_reader_seek(reader, 40001, &e), -EINVAL);
	flac_reader_close(reader);
	free_audio(&audio);
	free(path);
}

static void test_seek_in_cut_off_recording(void **state)
{
	static const struct flac_format format = {48000, 1, 24};
	static const size_t places[] = {0, 5000, 40959, 4096, 1};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 10 * BLOCK + 1, 0.1);
	struct flac_writer *writer = create(path, &format, 0);
	write_audio(writer, &audio, 1000);
	flac_writer_destroy(writer);
	struct flac_reader *reader = open_file(path);
	struct error e = {""};
	int last;
	for (size_t i = 0; i < TABLE_SIZE(places); i++) {
		assert_int_equal(flac_reader_seek(reader, places[i], &e), 0);
		assert_int_equal(compare(reader, &audio, places[i], 700, &last, &e), 10 * BLOCK - places[i]);
		assert_int_equal(last, 0);
	}
	assert_true(flac_reader_seek(reader, 1000000, &e) < 0);
	assert_int_equal(flac_reader_seek(reader, 7, &e), 0);
	assert_int_equal(compare(reader, &audio, 7, 700, &last, &e), 10 * BLOCK - 7);
	flac_reader_close(reader);
	free_audio(&audio);
	free(path);
}

static void test_nothing_to_close(void **state)
{
	(void)state;
	flac_writer_destroy(NULL);
	flac_reader_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_not_flac),
		harness_in_folder(test_other_word_length),
		harness_in_folder(test_cut_off_recording),
		harness_in_folder(test_truncated_file),
		harness_in_folder(test_every_damage_is_seen),
		harness_in_folder(test_missing_frame_is_seen),
		harness_in_folder(test_seek),
		harness_in_folder(test_seek_in_cut_off_recording),
		cmocka_unit_test(test_nothing_to_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
