/* What a failing disk costs a take: nothing that was told of is true of more than it says, and whatever the
 * tape still has is in a file in the end. */
#include "takes/raw.h"
#include "takes/take.h"
#include "tests/unit/bad-disk.h"
#include "tests/unit/writer-bench.h"

#include <signal.h>
#include <sys/resource.h>

enum { FRAMES = 6 * RATE, MISSED = 3000, CHUNK = 1024 };

/* ---- a track as the manifest would have it ---- */

static struct take_track describe(const struct bench *bench, const struct taken *taken, int index)
{
	const char *path = taken->path[index];
	struct take_track track = {.index = index + 1, .file = memory_text(strrchr(path, '/') + 1)};
	int bare = (int)(strlen(track.file) - strlen(".flac"));
	for (int i = 0; i < bench->trouble_count; i++) {
		const struct track_trouble *trouble = &bench->trouble[i];
		if (trouble->track != index + 1)
			continue;
		if (trouble->kind == TRACK_GOES_ON)
			take_track_add_segment(&track, trouble->frame,
				memory_format("%.*s.%d.flac", bare, track.file, trouble->number));
		if (trouble->kind == TRACK_LOST)
			take_track_add_gap(&track, trouble->frame, trouble->frames);
	}
	return track;
}

static void forget(struct take_track *track)
{
	for (size_t i = 0; i < track->segment_count; i++)
		free(track->segments[i].file);
	free(track->segments);
	free(track->gaps);
	free(track->file);
}

static uint64_t lost_of(const struct take_track *track)
{
	uint64_t lost = 0;
	for (size_t i = 0; i < track->gap_count; i++)
		lost += track->gaps[i].frames;
	return lost;
}

static bool is_lost(const struct take_track *track, uint64_t frame)
{
	for (size_t i = 0; i < track->gap_count; i++)
		if (frame >= track->gaps[i].frame && frame < track->gaps[i].frame + track->gaps[i].frames)
			return true;
	return false;
}

/* Every frame is the world's, but those that are said to be lost. */
static void check_sound(const struct bench *bench, const struct taken *taken, int index, uint64_t frames)
{
	const struct track_plan *plan = &taken->plans[index];
	struct take_track track = describe(bench, taken, index);
	struct raw_reader *reader;
	struct error e = {""};
	int32_t samples[TRACK_CHANNELS][CHUNK];
	if (raw_open(&reader, &track, bench->folder, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(taken->part.results[index].frames, frames);
	for (uint64_t at = 0; at < frames; at += CHUNK) {
		if (raw_read(reader, (int32_t *const[]){samples[0], samples[1]}, CHUNK, &e) < 0)
			fail_msg("%s", e.text);
		for (uint64_t i = 0; i < CHUNK && at + i < frames; i++) {
			for (uint32_t c = 0; c < plan->channels; c++) {
				int32_t wanted = bench->captured[at + i]
							 ? ramp_value(at + i, plan->channel[c], bench->bits)
							 : 0;
				if (samples[c][i] != wanted && !is_lost(&track, at + i))
					fail_msg("track %d, frame %llu is %d, not %d", index,
						(unsigned long long)(at + i), samples[c][i], wanted);
			}
		}
	}
	raw_close(reader);
	forget(&track);
}

static int count(const struct bench *bench, int track, enum track_trouble_kind kind)
{
	int n = 0;
	for (int i = 0; i < bench->trouble_count; i++)
		n += bench->trouble[i].track == track + 1 && bench->trouble[i].kind == kind;
	return n;
}

/* ---- scenes ---- */

enum { ANY = -1 };

struct scene {
	struct disk_fault faults[DISK_FAULTS_MOST];
	struct {
		int goes_on, given_up;
		bool loses;
	} tracks[MOST_TRACKS];
	const char *error; /* of the tracks that lose */
};

static const struct scene scenes[] = {
	/* A sync, at any moment, the first one, and that of the file after it. */
	{{{"-0.flac", DISK_SYNC, 2, 1, EIO}}, {{ANY}}},
	{{{"-0.flac", DISK_SYNC, 0, 1, EIO}, {"-1.flac", DISK_SYNC, 0, 0, EIO}}, {{1}, {1}}},
	{{{"-2.flac", DISK_SYNC, 0, 1, EIO}, {"-2.2.flac", DISK_SYNC, 0, 1, EIO}}, {[2] = {2}}},
	/* A write, and one in the file after it; the header of the first. */
	{{{"-1.flac", DISK_WRITE, 1, 1, EIO}}, {[1] = {1}}},
	{{{"-1.flac", DISK_WRITE, 2, 0, EIO}, {"-1.2.flac", DISK_WRITE, 1, 0, EIO}}, {[1] = {2}}},
	{{{"-1.flac", DISK_WRITE, 0, 1, EIO}}, {{0}}},
	/* A file that cannot be made at once. */
	{{{"-0.flac", DISK_CREATE, 0, 1, EIO}}, {{0}}},
	{{{"-0.2.flac", DISK_CREATE, 0, 1, EIO}, {"-0.flac", DISK_SYNC, 0, 1, EIO}}, {{1}}},
	/* Full, until the reserve is given up. */
	{{{"scene-", DISK_WRITE, 4, 0, ENOSPC, .until_gone = true}}, {{ANY}, {ANY}, {ANY}}},
	/* One track's part of the disk takes nothing: no end of files, and the others go on. */
	{{{"-0.", DISK_SYNC, 0, 0, EIO}}, {{ANY, 1, true}}, "not safely on the disk"},
	{{{"-2.", DISK_WRITE, 1, 0, EIO}}, {[2] = {ANY, 1, true}}, "Input/output error"},
	/* The disk has become read-only. */
	{{{"scene-", DISK_WRITE, 6, 0, EROFS}, {"scene-", DISK_CREATE, MOST_TRACKS, 0, EROFS}},
		{{0, 1, true}, {0, 1, true}, {0, 1, true}}, "Read-only file system"},
};

static void check_scene(
	struct bench *bench, const struct taken *taken, const struct scene *scene, size_t number)
{
	for (int i = 0; i < MOST_TRACKS; i++) {
		struct take_track track = describe(bench, taken, i);
		int goes_on = count(bench, i, TRACK_GOES_ON), given_up = count(bench, i, TRACK_GIVEN_UP);
		bool fits = goes_on <= 5 && given_up == scene->tracks[i].given_up &&
			    (lost_of(&track) > 0) == scene->tracks[i].loses;
		fits = fits && (scene->tracks[i].goes_on == ANY || goes_on == scene->tracks[i].goes_on);
		if (!fits)
			fail_msg("scene %zu, track %d: went on %d times, given up %d times, %llu frames lost",
				number, i, goes_on, given_up, (unsigned long long)lost_of(&track));
		const char *error = taken->part.results[i].error;
		if (scene->tracks[i].loses ? !strstr(error, scene->error) : error[0] != '\0')
			fail_msg("scene %zu, track %d: \"%s\"", number, i, error);
		check_sound(bench, taken, i, FRAMES);
		forget(&track);
	}
}

static void test_scenes(void **state)
{
	for (size_t i = 0; i < TABLE_SIZE(scenes); i++) {
		char *folder = memory_format("%s/%zu", (char *)*state, i);
		char *reserve = file_join(folder, TAKE_RESERVE);
		assert_int_equal(mkdir(folder, 0755), 0);
		harness_put(reserve, "room", 4);
		disk_set(scenes[i].faults);
		struct bench *bench = make_bench(folder, 24, 6);
		struct taken taken;
		plan(bench, &taken, "scene", 0);
		taken.part.reserve_path = reserve;
		writer_begin(bench->writer, &taken.part);
		/* A hole in the middle: what is written again must have it, too. */
		feed(bench, (struct step[]){{PLAY, 2 * RATE}, {MISS, MISSED}, {PLAY, RATE}}, 3);
		wait_for(bench, 0, MISSED);
		feed(bench, &(struct step){PLAY, FRAMES - 3 * RATE - MISSED + QUANTUM}, 1);
		writer_end(bench->writer, &taken.part, FRAMES);
		wait_for(bench, 1, 0);
		disk_set(NULL);
		assert_int_equal(taken.part.frames, FRAMES);
		check_scene(bench, &taken, &scenes[i], i);
		free_taken(&taken);
		free_bench(bench);
		free(reserve);
		free(folder);
	}
}

/* ---- what the tape has no more ---- */

static void wait_released(struct bench *bench, int64_t nsec)
{
	struct writer_status status = {0};
	int64_t deadline = clock_monotonic_ns() + DEADLINE_S * CLOCK_NSEC_PER_SEC;
	while (status.oldest_ns < nsec && clock_monotonic_ns() < deadline)
		writer_status(bench->writer, &status);
	assert_true(status.oldest_ns >= nsec);
}

/* A sync that hangs for longer than the tape lasts, and then fails: what cannot be written again is said. */
static void test_late_failure(void **state)
{
	struct bench *bench = make_bench(*state, 24, 0);
	struct taken taken;
	disk_set((struct disk_fault[]){{"-0.flac", DISK_SYNC, 0, 0, EIO, .gated = true}, {NULL}});
	plan(bench, &taken, "late", 0);
	writer_begin(bench->writer, &taken.part);
	feed(bench, &(struct step){PLAY, 6 * RATE}, 1);
	wait_released(bench, nsec_of(bench, RATE / 2));
	feed(bench, &(struct step){PLAY, 2 * RATE}, 1);
	wait_released(bench, nsec_of(bench, 2 * RATE));
	disk_open_gate();
	writer_end(bench->writer, &taken.part, 8 * RATE);
	wait_for(bench, 1, 0);
	struct take_track track = describe(bench, &taken, 0);
	assert_int_equal(track.segment_count, 1);
	assert_int_equal(track.gap_count, 1);
	assert_int_equal(track.gaps[0].frame, 0);
	assert_int_equal(track.gaps[0].frames, track.segments[0].frame);
	/* Five seconds are kept behind what was written. */
	assert_in_range(track.gaps[0].frames, 2 * RATE, 3 * RATE);
	assert_non_null(strstr(taken.part.results[0].error, "not safely on the disk"));
	for (int i = 0; i < MOST_TRACKS; i++)
		check_sound(bench, &taken, i, 8 * RATE);
	forget(&track);
	disk_set(NULL);
	free_taken(&taken);
	free_bench(bench);
}

/* ---- what is in the way ---- */

static void test_file_that_cannot_be_made(void **state)
{
	struct bench *bench = make_bench(*state, 24, 5);
	struct taken taken;
	disk_set(NULL);
	plan(bench, &taken, "faults", 0);
	snprintf(taken.path[0], sizeof(taken.path[0]), "%s/no/such/folder.flac", (char *)*state);
	harness_put(taken.path[1], "there already", 13);
	feed(bench, &(struct step){PLAY, RATE}, 1);
	taken.part.limit = 30000;
	writer_begin(bench->writer, &taken.part);
	wait_for(bench, 1, 0);
	assert_non_null(strstr(taken.part.results[0].error, "folder.flac"));
	assert_int_equal(count(bench, 0, TRACK_GIVEN_UP), 1);
	struct take_track track = describe(bench, &taken, 0);
	assert_int_equal(lost_of(&track), 30000);
	forget(&track);
	/* Whose file it is, nobody knows: it stays, and the track is in the next one. */
	assert_string_equal(taken.part.results[1].error, "");
	assert_int_equal(count(bench, 1, TRACK_GOES_ON), 1);
	assert_int_equal(taken.part.frames, 30000);
	check_sound(bench, &taken, 1, 30000);
	check_sound(bench, &taken, 2, 30000);
	size_t size;
	char *kept = harness_get(taken.path[1], &size);
	assert_int_equal(size, 13);
	free(kept);
	free_taken(&taken);
	free_bench(bench);
}

/* A file system whose files may only be so large (FAT: 4 GiB) costs nothing. */
static void test_largest_file(void **state)
{
	struct bench *bench = make_bench(*state, 24, 6);
	struct taken taken;
	struct rlimit before, small;
	signal(SIGXFSZ, SIG_IGN);
	disk_set(NULL);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 2000; /* a ramp packs well */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	plan(bench, &taken, "large", 0);
	writer_begin(bench->writer, &taken.part);
	feed(bench, &(struct step){PLAY, 3 * RATE}, 1);
	writer_end(bench->writer, &taken.part, 3 * RATE - 1);
	wait_for(bench, 1, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (int i = 0; i < MOST_TRACKS; i++) {
		assert_true(count(bench, i, TRACK_GOES_ON) > 0);
		assert_int_equal(count(bench, i, TRACK_LOST) + count(bench, i, TRACK_GIVEN_UP), 0);
		check_sound(bench, &taken, i, 3 * RATE - 1);
	}
	free_taken(&taken);
	free_bench(bench);
}

int main(void)
{
	log_set_level(0);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_scenes),
		harness_in_folder(test_late_failure),
		harness_in_folder(test_file_that_cannot_be_made),
		harness_in_folder(test_largest_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
