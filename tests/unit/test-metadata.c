/* Tags and covers in finished files: the sound stays, what is written twice is the same, and what is no such
 * file is left alone. (What other programs read out of them is tests/e2e/test_deliver.py's.) */
#include "audio/metadata.h"
#include "audio/soundfile.h"
#include "tests/unit/harness.h"

#include <errno.h>
#include <math.h>

enum { FRAMES = 48000, PICTURE = 300000 }; /* a cover over many Ogg pages of 64 kB */

static const struct flac_tag tags[] = {
	{"TITLE", "Grüße"}, {"BPM", "92.5"}, {"REPLAYGAIN_TRACK_GAIN", "-4.00 dB"}};

typedef int (*write_fn)(const char *path, const struct metadata *metadata, struct error *e);

static const struct {
	enum soundfile_kind kind;
	write_fn write;
} cases[] = {
	{SOUNDFILE_VORBIS, metadata_write_ogg},
	{SOUNDFILE_OPUS, metadata_write_ogg},
	{SOUNDFILE_MP3, metadata_write_mp3},
};

static void make_sound(const char *path, enum soundfile_kind kind)
{
	struct soundfile *file;
	struct error e;
	double samples[1000];
	assert_int_equal(soundfile_create(&file, path, kind, 48000, 0, NULL, &e), 0);
	for (int frame = 0; frame < FRAMES; frame += 1000) {
		for (int i = 0; i < 1000; i++)
			samples[i] = 0.4 * sin(0.05 * (frame + i));
		struct block block = {2, 1000, {samples, samples}};
		assert_int_equal(soundfile_write(file, &block, &e), 0);
	}
	assert_int_equal(soundfile_finish(file, &e), 0);
}

/* A sum over all samples, and how many there are. */
static double listen_to(const char *path, uint64_t *frames, char *title, size_t size)
{
	struct soundfile *file;
	struct error e;
	static double left[SOUNDFILE_FRAMES], right[SOUNDFILE_FRAMES];
	double *channels[] = {left, right}, sum = 0;
	if (soundfile_open(&file, path, &e) < 0)
		fail_msg("%s", e.text);
	*frames = 0;
	snprintf(title, size, "%s", soundfile_format(file)->title ? soundfile_format(file)->title : "");
	for (int n; (n = soundfile_read(file, channels, SOUNDFILE_FRAMES, &e)) != 0; *frames += (uint64_t)n) {
		assert_true(n > 0);
		for (int i = 0; i < n; i++)
			sum += left[i] * (double)(*frames + (uint64_t)i) + right[i];
	}
	soundfile_close(file);
	return sum;
}

static struct picture make_picture(void)
{
	struct picture picture = {memory_array(PICTURE, 1), PICTURE, "image/png"};
	for (int i = 0; i < PICTURE; i++)
		picture.data[i] = (char)(i * 7 >> 3);
	return picture;
}

static void expect_same(const char *path, const char *data, size_t size)
{
	char *now;
	size_t now_size;
	struct error e;
	assert_int_equal(file_read(path, 1 << 24, &now, &now_size, &e), 0);
	assert_int_equal(now_size, size);
	assert_memory_equal(now, data, size);
	free(now);
}

static void the_sound_stays(void **state)
{
	char *path = file_join(*state, "sound");
	struct picture picture = make_picture();
	struct metadata metadata = {.tags = tags, .tag_count = TABLE_SIZE(tags), .picture = &picture};
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char title[64], *data;
		uint64_t before_frames, after_frames;
		size_t size;
		struct error e;
		make_sound(path, cases[i].kind);
		double before = listen_to(path, &before_frames, title, sizeof(title));
		assert_string_equal(title, "");
		assert_int_equal(cases[i].write(path, &metadata, &e), 0);
		double after = listen_to(path, &after_frames, title, sizeof(title));
		assert_string_equal(title, "Grüße");
		assert_int_equal(before_frames, after_frames);
		assert_true(before == after);
		assert_int_equal(file_read(path, 1 << 24, &data, &size, &e), 0);
		assert_true(size > PICTURE);
		assert_int_equal(cases[i].write(path, &metadata, &e), 0);
		expect_same(path, data, size);
		free(data);
	}
	picture_finish(&picture);
	free(path);
}

/* Encoders draw the stream's number by lot. */
static void the_same_sound_is_the_same_file(void **state)
{
	struct metadata metadata = {.tags = tags, .tag_count = TABLE_SIZE(tags)};
	char *one = file_join(*state, "one"), *other = file_join(*state, "other"), *data;
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		size_t size;
		struct error e;
		make_sound(one, cases[i].kind);
		make_sound(other, cases[i].kind);
		assert_int_equal(cases[i].write(one, &metadata, &e), 0);
		assert_int_equal(cases[i].write(other, &metadata, &e), 0);
		assert_int_equal(file_read(one, 1 << 24, &data, &size, &e), 0);
		expect_same(other, data, size);
		free(data);
	}
	free(one);
	free(other);
}

/* Cut at every place of its first pages, an Ogg file is refused or its whole pages are kept; none is read
 * past its end (the address sanitizer looks on). */
static void cut_files_are_left_alone(void **state)
{
	struct metadata metadata = {.tags = tags, .tag_count = TABLE_SIZE(tags)};
	char *path = file_join(*state, "sound"), *data;
	size_t size;
	struct error e;
	make_sound(path, SOUNDFILE_VORBIS);
	assert_int_equal(file_read(path, 1 << 24, &data, &size, &e), 0);
	for (size_t cut = 0; cut < 6000; cut += cut < 200 ? 1 : 97) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(data, 1, cut, file), cut);
		fclose(file);
		int result = metadata_write_ogg(path, &metadata, &e);
		assert_true(result == 0 || result == -EBADMSG);
		if (result < 0)
			expect_same(path, data, cut);
	}
	free(data);
	assert_int_equal(file_replace(path, "RIFF, not an Ogg file at all", 28, &e), 0);
	assert_int_equal(metadata_write_ogg(path, &metadata, &e), -EBADMSG);
	assert_int_equal(
		metadata_write_flac(path,
			&(struct metadata){.cue_count = 1, .frames = 1, .cues = &(struct cue){0, NULL}}, &e),
		-EIO);
	free(path);
}

static void pictures(void **state)
{
	static const struct {
		const char *data;
		size_t size;
		const char *mime; /* NULL: refused */
	} files[] = {
		{"\xff\xd8\xff\xe0....", 8, "image/jpeg"},
		{"\x89PNG\r\n\x1a\n....", 12, "image/png"},
		{"GIF89a......", 12, NULL},
		{"\xff\xd8", 2, NULL},
		{"", 0, NULL},
	};
	char *path = file_join(*state, "cover");
	for (size_t i = 0; i < TABLE_SIZE(files); i++) {
		struct picture picture;
		struct error e;
		assert_int_equal(file_replace(path, files[i].data, files[i].size, &e), 0);
		int result = picture_load(&picture, path, &e);
		assert_int_equal(result, files[i].mime ? 0 : -EBADMSG);
		if (result == 0)
			assert_string_equal(picture.mime, files[i].mime);
		picture_finish(&picture);
	}
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_sound_stays, harness_make_folder, harness_remove_folder),
		cmocka_unit_test_setup_teardown(
			the_same_sound_is_the_same_file, harness_make_folder, harness_remove_folder),
		cmocka_unit_test_setup_teardown(
			cut_files_are_left_alone, harness_make_folder, harness_remove_folder),
		cmocka_unit_test_setup_teardown(pictures, harness_make_folder, harness_remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
