#include "tests/unit/flac-audio.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

static bool flac_accepts(const char *path)
{
	char *arguments[] = {"flac", "-t", "-s", "-w", (char *)path, NULL};
	pid_t child;
	int status = -1;
	if (posix_spawnp(&child, "flac", NULL, NULL, arguments, environ) != 0)
		fail_msg("the flac program is missing");
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_round_trip(void **state)
{
	static const struct {
		struct flac_format format;
		size_t frames, chunk;
		int level;
	} cases[] = {
		{{48000, 1, 24}, 20000, 1024, 0},
		{{48000, 1, 24}, BLOCK, BLOCK, 3},
		{{48000, 1, 24}, BLOCK + 1, 1, 3},
		{{44100, 1, 16}, 20001, 441, 5},
		{{44100, 2, 16}, 12289, 4097, 5},
		{{88200, 2, 24}, 9999, 333, 8},
		{{96000, 8, 24}, 8193, 64, 2},
		{{96000, 8, 16}, 5000, 5000, 0},
		{{48000, 2, 24}, 1, 1, 5},
		{{48000, 1, 24}, 0, 1, 5},
	};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *path = memory_format("%s/%zu.flac", (char *)*state, i);
		struct audio audio = make_audio(&cases[i].format, cases[i].frames, 0.05);
		write_file(path, &audio, cases[i].level, cases[i].chunk);
		struct flac_reader *reader = open_file(path);
		assert_memory_equal(flac_reader_format(reader), &cases[i].format, sizeof(cases[i].format));
		assert_int_equal(flac_reader_frames(reader), cases[i].frames);
		int last;
		struct error e = {""};
		assert_int_equal(compare(reader, &audio, 0, 1000, &last, &e), cases[i].frames);
		assert_int_equal(last, 0);
		flac_reader_close(reader);
		if (cases[i].frames > 0)
			assert_true(flac_accepts(path));
		free_audio(&audio);
		free(path);
	}
}

static void test_writer_counts_and_stream_info(void **state)
{
	static const struct flac_format format = {48000, 1, 24};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 3 * BLOCK, 0.05);
	struct flac_writer *writer = create(path, &format, 0);
	struct stat status;
	struct error e = {""};
	for (size_t at = 0; at < audio.frames; at += 4 * BLOCK / 8)
		assert_int_equal(write_from(writer, &audio, at, 4 * BLOCK / 8, &e), 0);
	assert_int_equal(flac_writer_frames(writer), 0); /* nobody asked for them yet */
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(flac_writer_bytes(writer), status.st_size);
	assert_in_range(status.st_size, 42, 200); /* the head alone */
	assert_int_equal(flac_writer_flush(writer, &e), 0);
	assert_int_equal(flac_writer_frames(writer), 2 * BLOCK); /* the third awaits the sample after it */
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(flac_writer_bytes(writer), status.st_size);
	assert_int_equal(flac_writer_finish(writer, &e), 0);
	assert_int_equal(flac_writer_finish(writer, &e), 0);
	assert_int_equal(write_from(writer, &audio, 0, 1, &e), -EINVAL);
	assert_int_equal(flac_writer_frames(writer), 3 * BLOCK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(flac_writer_bytes(writer), status.st_size);
	assert_int_equal(flac_writer_sync(writer, &e), 0);
	size_t size;
	unsigned char *data = (unsigned char *)harness_get(path, &size);
	static const unsigned char zeros[16];
	assert_int_equal(data[24] << 8 | data[25], 3 * BLOCK); /* total samples */
	assert_memory_not_equal(data + 26, zeros, 16);	       /* MD5 */
	assert_non_null(memmem(data, size, "ARTIST=The Trays", 16));
	flac_writer_destroy(writer);
	free(data);
	free_audio(&audio);
	free(path);
}

static void test_same_input_same_bytes(void **state)
{
	static const struct flac_format format = {48000, 2, 24};
	char *first = file_join(*state, "a.flac"), *second = file_join(*state, "b.flac");
	struct audio audio = make_audio(&format, 30000, 0.2);
	write_file(first, &audio, 5, 1000);
	write_file(second, &audio, 5, 77);
	size_t first_size, second_size;
	char *a = harness_get(first, &first_size), *b = harness_get(second, &second_size);
	assert_int_equal(first_size, second_size);
	assert_memory_equal(a, b, first_size);
	free(a);
	free(b);
	free_audio(&audio);
	free(first);
	free(second);
}

/* Files of all formats that grow together become what each would have become alone. */
static void test_shares(void **state)
{
	static const struct flac_format formats[] = {
		{48000, 1, 24},
		{48000, 2, 24},
		{48000, 1, 16},
		{48000, 8, 24},
		{48000, 1, 24},
		{48000, 2, 16},
		{48000, 1, 24},
		{48000, 1, 24},
		{48000, 1, 24},
		{48000, 3, 24},
		{48000, 1, 24},
	};
	enum { FILES = TABLE_SIZE(formats), FRAMES = 70000 };
	struct audio audio[FILES];
	struct flac_share shares[FILES];
	const int32_t *channels[FILES][8];
	char *paths[FILES], *alone = file_join(*state, "alone.flac");
	for (size_t i = 0; i < FILES; i++) {
		paths[i] = memory_format("%s/%zu.flac", (char *)*state, i);
		audio[i] = make_audio(&formats[i], FRAMES, 0.1 + 0.01 * (double)i);
		shares[i] = (struct flac_share){.writer = create(paths[i], &formats[i], 3)};
	}
	/* Some begin later, as a file does that goes on for one whose disk failed. */
	for (size_t at = 0, step = 1; at < FRAMES; at += step, step = step * 3 % 9973) {
		size_t first = at < 1000 ? 3 : 0, end = at < 2000 ? FILES - 2 : FILES;
		step = step < FRAMES - at ? step : FRAMES - at;
		for (size_t i = 0; i < FILES; i++) {
			for (size_t c = 0; c < formats[i].channels; c++)
				channels[i][c] = audio[i].channel[c] + at;
			shares[i].channels = channels[i];
		}
		flac_write_shares(shares + first, end - first, step);
	}
	for (size_t i = 0; i < FILES; i++) {
		struct error e = {""};
		assert_int_equal(shares[i].result, 0);
		assert_int_equal(flac_writer_finish(shares[i].writer, &e), 0);
		flac_writer_destroy(shares[i].writer);
		assert_true(flac_accepts(paths[i]));
		if (i >= 3 && i < FILES - 2) {
			size_t size, expected_size;
			write_file(alone, &audio[i], 3, 5000);
			char *made = harness_get(paths[i], &size),
			     *expected = harness_get(alone, &expected_size);
			assert_int_equal(size, expected_size);
			assert_memory_equal(made, expected, size);
			free(made);
			free(expected);
			remove(alone);
		}
		free_audio(&audio[i]);
		free(paths[i]);
	}
	free(alone);
}

/* One whose samples are no good is refused; its neighbours go on. */
static void test_a_share_that_fails(void **state)
{
	static const struct flac_format format = {48000, 1, 16};
	static const int32_t loud[] = {40000}, good[] = {-3};
	char *paths[] = {file_join(*state, "a.flac"), file_join(*state, "b.flac")};
	const int32_t *channels[][1] = {{loud}, {good}};
	struct flac_share shares[] = {{.writer = create(paths[0], &format, 0), .channels = channels[0]},
		{.writer = create(paths[1], &format, 0), .channels = channels[1]}};
	struct error e = {""};
	for (int i = 0; i < 2; i++) {
		flac_write_shares(shares, 2, 1);
		assert_int_equal(shares[0].result, -EINVAL);
		assert_non_null(strstr(shares[0].error.text, paths[0]));
		assert_int_equal(shares[1].result, 0);
	}
	assert_int_equal(flac_writer_finish(shares[1].writer, &e), 0);
	assert_int_equal(flac_writer_frames(shares[1].writer), 2);
	for (int i = 0; i < 2; i++) {
		flac_writer_destroy(shares[i].writer);
		free(paths[i]);
	}
}

static void test_create_refuses(void **state)
{
	static const struct {
		struct flac_format format;
		int level;
		struct flac_tag tag;
	} cases[] = {
		{{48000, 1, 20}, 0, {"TITLE", "x"}},
		{{48000, 1, 8}, 0, {"TITLE", "x"}},
		{{48000, 9, 24}, 0, {"TITLE", "x"}},
		{{48000, 0, 24}, 0, {"TITLE", "x"}},
		{{0, 1, 24}, 0, {"TITLE", "x"}},
		{{2000000, 1, 24}, 0, {"TITLE", "x"}},
		{{48000, 1, 24}, -1, {"TITLE", "x"}},
		{{48000, 1, 24}, 0, {"TI=TLE", "x"}},
		{{48000, 1, 24}, 0, {"TITLE", "\xff"}},
	};
	char *path = file_join(*state, "a.flac"), *lost = file_join(*state, "none/a.flac");
	struct flac_writer *writer = NULL;
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct error e = {""};
		int result = flac_writer_create(
			&writer, path, &cases[i].format, cases[i].level, &cases[i].tag, 1, &e);
		assert_int_equal(result, -EINVAL);
		assert_non_null(strstr(e.text, path));
		assert_int_equal(access(path, F_OK), -1); /* nothing half-made stays */
	}
	struct error e = {""};
	harness_put(path, "mine", 4);
	assert_int_equal(flac_writer_create(&writer, path, &cases[7].format, 0, NULL, 0, &e), -EEXIST);
	size_t size;
	char *data = harness_get(path, &size);
	assert_string_equal(data, "mine");
	free(data);
	assert_int_equal(flac_writer_create(&writer, lost, &cases[7].format, 0, NULL, 0, &e), -ENOENT);
	free(lost);
	free(path);
}

static void test_sample_out_of_range(void **state)
{
	static const struct flac_format format = {48000, 1, 16};
	char *path = file_join(*state, "a.flac");
	struct flac_writer *writer = create(path, &format, 0);
	static const int32_t loud[] = {40000};
	const int32_t *channels[] = {loud};
	struct error e = {""};
	assert_int_equal(flac_writer_write(writer, channels, 1, &e), -EINVAL);
	assert_int_equal(flac_writer_write(writer, channels, 1, &e), -EINVAL);
	assert_int_equal(flac_writer_finish(writer, &e), -EINVAL);
	flac_writer_destroy(writer);
	free(path);
}

/* A limit on the size of files stands in for a full disk: it, too, takes a part of a frame. */
static void test_full_disk(void **state)
{
	static const struct flac_format format = {48000, 1, 24};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 40 * BLOCK, 0.3);
	struct flac_writer *writer = create(path, &format, 0);
	struct rlimit before, small;
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 100001;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	int result = 0;
	struct error e = {""};
	for (size_t at = 0; result == 0 && at < audio.frames; at += 1024)
		result = write_from(writer, &audio, at, 1024, &e);
	int again = write_from(writer, &audio, 0, 1024, NULL);
	int end = flac_writer_finish(writer, NULL), end_again = flac_writer_finish(writer, NULL);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, handler);
	assert_int_equal(result, -EFBIG);
	assert_non_null(strstr(e.text, "File too large"));
	assert_true(again == -EFBIG && end == -EFBIG && end_again == -EFBIG);
	size_t frames = (size_t)flac_writer_frames(writer);
	struct stat status;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, flac_writer_bytes(writer));
	flac_writer_destroy(writer);
	struct flac_reader *reader = open_file(path);
	int last;
	assert_true(frames > 0 && frames % BLOCK == 0);
	assert_int_equal(flac_reader_frames(reader), frames);
	assert_int_equal(compare(reader, &audio, 0, 1000, &last, &e), frames);
	assert_int_equal(last, 0);
	flac_reader_close(reader);
	free_audio(&audio);
	free(path);
}

struct syncing {
	struct flac_writer *writer;
	_Atomic bool stop;
	int result;
};

static void *sync_often(void *data)
{
	struct syncing *syncing = data;
	uint64_t bytes = 0, frames = 0;
	while (!atomic_load(&syncing->stop) && syncing->result == 0) {
		struct error e;
		syncing->result = flac_writer_sync(syncing->writer, &e);
		uint64_t more_bytes = flac_writer_bytes(syncing->writer);
		uint64_t more_frames = flac_writer_frames(syncing->writer);
		if (more_bytes < bytes || more_frames < frames)
			syncing->result = -1;
		bytes = more_bytes;
		frames = more_frames;
	}
	return NULL;
}

static void test_sync_beside_writing(void **state)
{
	static const struct flac_format format = {48000, 1, 24};
	char *path = file_join(*state, "a.flac");
	struct audio audio = make_audio(&format, 60 * BLOCK, 0.2);
	struct syncing syncing = {.writer = create(path, &format, 0)};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, sync_often, &syncing), 0);
	write_audio(syncing.writer, &audio, 256);
	struct error e = {""};
	int result = flac_writer_finish(syncing.writer, &e);
	atomic_store(&syncing.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(result, 0);
	assert_int_equal(syncing.result, 0);
	flac_writer_destroy(syncing.writer);
	assert_true(flac_accepts(path));
	free_audio(&audio);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_round_trip),
		harness_in_folder(test_writer_counts_and_stream_info),
		harness_in_folder(test_same_input_same_bytes),
		harness_in_folder(test_shares),
		harness_in_folder(test_a_share_that_fails),
		harness_in_folder(test_create_refuses),
		harness_in_folder(test_sample_out_of_range),
		harness_in_folder(test_full_disk),
		harness_in_folder(test_sync_beside_writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
