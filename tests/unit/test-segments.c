/* Tracks of several files: read as one, and recovered as one. */
#include "takes/raw.h"
#include "tests/unit/cut-off-take.h"

#define SECOND "raw/01-kick.2.flac"
#define THIRD "raw/01-kick.3.flac"

enum { STEP = 100000, CHUNK = 777 };

/* Sample `frame` of the take, as file `number` holds it. */
static int32_t value(uint64_t frame, int number)
{
	return (int32_t)frame + number * STEP;
}

/* A file of the first track that holds `blocks` FLAC frames from the take's `frame` on, and is cut off then.
 */
static void record_part(const char *folder, const char *name, int number, uint64_t frame, int blocks)
{
	char *path = file_join(folder, name), text[32];
	int32_t samples[FLAC_BLOCK];
	const int32_t *channels[] = {samples};
	snprintf(text, sizeof(text), "%llu", (unsigned long long)frame);
	const struct flac_tag tags[] = {{"TITLE", "kick"}, {TAKE_SEGMENT_TAG, text}};
	struct flac_writer *writer;
	struct error e = {""};
	unlink(path);
	if (flac_writer_create(&writer, path, &mono, 3, tags, frame > 0 ? 2 : 1, &e) < 0)
		fail_msg("%s", e.text);
	for (int b = 0; b < blocks; b++) {
		for (uint64_t i = 0; i < FLAC_BLOCK; i++)
			samples[i] = value(frame + (uint64_t)b * FLAC_BLOCK + i, number);
		assert_int_equal(flac_writer_write(writer, channels, FLAC_BLOCK, &e), 0);
	}
	/* A whole FLAC frame goes out with the sample after it. */
	assert_int_equal(flac_writer_write(writer, channels, blocks > 0, &e), 0);
	assert_int_equal(flac_writer_flush(writer, &e), 0);
	flac_writer_destroy(writer);
	free(path);
}

struct expected {
	uint64_t frames;		 /* of the take */
	uint64_t from[4];		 /* where file 1, 2 … is heard from, in the take; 0 ends the list */
	uint64_t silent_from, silent_to; /* between them */
	uint64_t end;			 /* of the sound */
};

static int32_t expected_value(const struct expected *expected, uint64_t frame)
{
	int number = 0;
	if (frame >= expected->end || (frame >= expected->silent_from && frame < expected->silent_to))
		return 0;
	for (int i = 1; i < 4 && expected->from[i] > 0 && frame >= expected->from[i]; i++)
		number = i;
	return value(frame, number);
}

static void check_sound(const char *folder, const struct take_track *track, const struct expected *expected)
{
	struct raw_reader *reader;
	struct error e = {""};
	int32_t samples[CHUNK];
	if (raw_open(&reader, track, folder, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(raw_format(reader)->rate, 48000);
	for (uint64_t at = 0; at < expected->frames + 2000; at += CHUNK) {
		if (raw_read(reader, (int32_t *const[]){samples}, CHUNK, &e) < 0)
			fail_msg("%s", e.text);
		for (uint64_t i = 0; i < CHUNK; i++)
			if (samples[i] != expected_value(expected, at + i))
				fail_msg("frame %llu is %d, not %d", (unsigned long long)(at + i), samples[i],
					expected_value(expected, at + i));
	}
	raw_close(reader);
}

/* ---- recovery ---- */

struct part {
	const char *name;
	uint64_t frame;
	int blocks;
	bool named; /* in the manifest */
};

static void name_segments(const char *folder, const struct part *parts)
{
	struct manifest take = load(folder);
	struct error e = {""};
	for (const struct part *part = parts; part->name; part++)
		if (part->named)
			take_track_add_segment(&take.tracks[0], part->frame, memory_text(part->name));
	assert_int_equal(manifest_save(&take, folder, &e), 0);
	manifest_finish(&take);
}

static const struct {
	int blocks; /* of the first file */
	struct part parts[3];
	struct expected expected;
	size_t segments;
} cases[] = {
	/* The first file holds more than it is in force for. */
	{4, {{SECOND, 2 * FLAC_BLOCK, 6, true}}, {8 * FLAC_BLOCK, {0, 2 * FLAC_BLOCK}, .end = 8 * FLAC_BLOCK},
		1},
	/* The power went before the manifest told of the second. */
	{4, {{SECOND, 2 * FLAC_BLOCK, 6, false}},
		{8 * FLAC_BLOCK, {0, 2 * FLAC_BLOCK}, .end = 8 * FLAC_BLOCK}, 1},
	{4, {{SECOND, 2 * FLAC_BLOCK, 6, true}, {THIRD, 5 * FLAC_BLOCK, 4, false}},
		{9 * FLAC_BLOCK, {0, 2 * FLAC_BLOCK, 5 * FLAC_BLOCK}, .end = 9 * FLAC_BLOCK}, 2},
	/* What was not on the disk between them. */
	{2, {{SECOND, 3 * FLAC_BLOCK + 7, 6, true}},
		{9 * FLAC_BLOCK + 7, {0, 3 * FLAC_BLOCK + 7}, 2 * FLAC_BLOCK, 3 * FLAC_BLOCK + 7,
			9 * FLAC_BLOCK + 7},
		1},
	/* Nothing of the first, or of the second. */
	{0, {{SECOND, FLAC_BLOCK, 6, true}}, {7 * FLAC_BLOCK, {0, FLAC_BLOCK}, 0, FLAC_BLOCK, 7 * FLAC_BLOCK},
		1},
	{6, {{SECOND, 5 * FLAC_BLOCK, 0, true}}, {6 * FLAC_BLOCK, {0}, .end = 6 * FLAC_BLOCK}, 0},
	{6, {{SECOND, 4 * FLAC_BLOCK, 1, false}}, {6 * FLAC_BLOCK, {0}, .end = 6 * FLAC_BLOCK}, 0},
	/* Shorter than the other tracks. */
	{2, {{SECOND, 2 * FLAC_BLOCK, 1, true}}, {SOUND, {0, 2 * FLAC_BLOCK}, .end = 3 * FLAC_BLOCK}, 1},
};

static void check_recovered(const char *folder, size_t i)
{
	const struct expected *expected = &cases[i].expected;
	struct manifest take = load(folder);
	const struct take_track *kick = &take.tracks[0];
	assert_int_equal(take.state, TAKE_RECORDED);
	assert_int_equal(take.frames, expected->frames);
	assert_int_equal(kick->frames, expected->frames);
	assert_int_equal(kick->segment_count, cases[i].segments);
	assert_int_equal(kick->padded, expected->frames - expected->end);
	assert_int_equal(kick->gap_count, expected->silent_to > 0);
	for (size_t g = 0; g < kick->gap_count; g++) {
		assert_int_equal(kick->gaps[g].frame, expected->silent_from);
		assert_int_equal(kick->gaps[g].frames, expected->silent_to - expected->silent_from);
		assert_int_equal(kick->gaps[g].cause, GAP_DISK);
		assert_non_null(strstr(take.error, "raw/01-kick.flac"));
	}
	for (size_t s = 0; s < take_track_files(kick); s++) {
		struct hash hash;
		struct error e;
		const struct take_segment segment = take_track_segment(kick, s);
		char *path = file_join(folder, segment.file);
		assert_int_equal(hash_file(path, &hash, &e), 0);
		assert_string_equal(hash.sha256, segment.hash.sha256);
		free(path);
	}
	check_sound(folder, kick, expected);
	manifest_finish(&take);
}

static void test_recovery(void **state)
{
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		char *takes = memory_format("%s/%zu", (char *)*state, i);
		char *folder = cut_off_take(takes), *path = file_join(folder, "take.json");
		size_t size;
		record_part(folder, files[0], 0, 0, cases[i].blocks);
		for (int p = 0; p < 3 && cases[i].parts[p].name; p++)
			record_part(folder, cases[i].parts[p].name, p + 1, cases[i].parts[p].frame,
				cases[i].parts[p].blocks);
		name_segments(folder, cases[i].parts);
		assert_int_equal(recover(takes).outcome, RECOVERY_RECOVERED);
		check_recovered(folder, i);
		char *first = harness_get(path, &size);
		/* As if it had been cut off before its last step. */
		struct manifest take = load(folder);
		struct error e = {""};
		take.state = TAKE_RECORDING;
		assert_int_equal(manifest_save(&take, folder, &e), 0);
		manifest_finish(&take);
		assert_int_equal(recover(takes).outcome, RECOVERY_RECOVERED);
		check_recovered(folder, i);
		char *second = harness_get(path, &size);
		assert_string_equal(first, second);
		free(first);
		free(second);
		free(path);
		free(folder);
		free(takes);
	}
}

/* What a person is told is all that is missing, not the first of it. */
static void test_two_holes(void **state)
{
	char *folder = cut_off_take(*state);
	record_part(folder, files[0], 0, 0, 2);
	record_part(folder, SECOND, 1, 3 * FLAC_BLOCK + 7, 1);
	record_part(folder, THIRD, 2, 6 * FLAC_BLOCK, 2);
	assert_int_equal(recover(*state).outcome, RECOVERY_RECOVERED);
	struct manifest take = load(folder);
	assert_int_equal(take.tracks[0].gap_count, 2);
	char *told = memory_format("%s: %d frames were not on the disk", files[0], 3 * FLAC_BLOCK);
	assert_non_null(strstr(take.error, told));
	free(told);
	manifest_finish(&take);
	free(folder);
}

/* ---- reading ---- */

static void spoil(const char *path)
{
	size_t size;
	char *data = harness_get(path, &size);
	data[size - 10] ^= 0x10;
	harness_put(path, data, size);
	free(data);
}

/* Damage where the manifest says that something was lost is silence; elsewhere it is told. */
static void test_damage(void **state)
{
	char *folder = cut_off_take(*state), *first = file_join(folder, files[0]);
	record_part(folder, files[0], 0, 0, 3);
	record_part(folder, SECOND, 1, 3 * FLAC_BLOCK, 3);
	spoil(first);
	struct take_segment segments[] = {{.frame = 3 * FLAC_BLOCK, .file = (char[]){SECOND}}};
	struct take_gap gaps[] = {{2 * FLAC_BLOCK, FLAC_BLOCK, GAP_DISK}};
	struct take_track track = plan_track(0);
	track.segments = segments;
	track.segment_count = 1;
	struct raw_reader *reader;
	struct error e = {""};
	int32_t samples[6 * FLAC_BLOCK];
	assert_int_equal(raw_open(&reader, &track, folder, &e), 0);
	assert_int_equal(raw_read(reader, (int32_t *const[]){samples}, 6 * FLAC_BLOCK, &e), -EBADMSG);
	assert_non_null(strstr(e.text, files[0]));
	raw_close(reader);
	track.gaps = gaps;
	track.gap_count = 1;
	struct expected expected = {
		6 * FLAC_BLOCK, {0, 3 * FLAC_BLOCK}, 2 * FLAC_BLOCK, 3 * FLAC_BLOCK, 6 * FLAC_BLOCK};
	check_sound(folder, &track, &expected);
	/* A file of which nothing is in force need not be there; any other must. */
	segments[0].frame = 0;
	assert_int_equal(unlink(first), 0);
	assert_int_equal(raw_open(&reader, &track, folder, &e), 0);
	assert_int_equal(raw_read(reader, (int32_t *const[]){samples}, 1, &e), 0);
	assert_int_equal(samples[0], value(3 * FLAC_BLOCK, 1));
	raw_close(reader);
	segments[0].frame = 1;
	assert_int_equal(raw_open(&reader, &track, folder, &e), -ENOENT);
	free(first);
	free(folder);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_recovery),
		harness_in_folder(test_two_holes),
		harness_in_folder(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
