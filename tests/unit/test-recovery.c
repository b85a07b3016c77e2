#include "tests/unit/cut-off-take.h"

static void test_whole_frames(void **state)
{
	char *folder = cut_off_take(*state);
	struct told told = recover(*state);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.outcome, RECOVERY_RECOVERED);
	check_take(*state, folder, SOUND);
	struct manifest take = load(folder);
	assert_null(take.error);
	assert_int_equal(take.pre_roll_frames, SOUND);
	assert_int_equal(take.marker_count, 1);
	/* One gap is whole, one ends with the take, one came after it. */
	assert_int_equal(take.interfaces[0].gap_count, 2);
	assert_int_equal(take.interfaces[0].gaps[1].frames, 100);
	assert_int_equal(take.interfaces[0].frames, SOUND - 300);
	assert_int_equal(take.interfaces[1].frames, SOUND);
	assert_int_equal(take.interfaces[0].suspected_count, 3);
	assert_int_equal(take.interfaces[0].suspected_total, 3);
	assert_int_equal(take.interfaces[0].suspected[2].frames, 10);
	for (int i = 0; i < TRACKS; i++) {
		assert_true(take.tracks[i].peak_dbfs > -1 && take.tracks[i].peak_dbfs <= 0);
		assert_true(take.tracks[i].padded == 0);
	}
	manifest_finish(&take);
	free(folder);
}

/* The last two FLAC frames of one track, byte for byte. */
static void test_torn_at_every_byte(void **state)
{
	char *folder = cut_off_take(*state);
	off_t size = size_of(folder, files[1]);
	/* A step for time's sake: test-flac-mend goes through every byte. */
	for (off_t end = size; end > size - 23000; end -= 97) {
		save(folder, TAKE_RECORDING);
		char *path = file_join(folder, files[1]);
		unlink(path);
		free(path);
		record(folder, 1);
		cut(folder, 1, end);
		assert_int_equal(recover(*state).count, 1);
		check_take(*state, folder, SOUND);
	}
	free(folder);
}

/* Recovery itself was cut off: one file had its silence already. */
static void test_again_from_the_middle(void **state)
{
	char *folder = cut_off_take(*state), *path = file_join(folder, files[0]);
	char *manifest = file_join(folder, "take.json");
	size_t manifest_size, size, again_size;
	cut(folder, 0, size_of(folder, files[0]) / 2);
	recover(*state);
	char *first = harness_get(manifest, &manifest_size), *raw = harness_get(path, &size);
	/* As it was saved before the files were touched: what is silence stood in it by then. */
	struct manifest take = load(folder);
	struct error e = {""};
	take.state = TAKE_RECORDING;
	take.recovered = false;
	assert_int_equal(manifest_save(&take, folder, &e), 0);
	manifest_finish(&take);
	assert_int_equal(recover(*state).count, 1);
	check_take(*state, folder, SOUND);
	char *again = harness_get(manifest, &again_size), *raw_again = harness_get(path, &size);
	assert_string_equal(first, again);
	assert_memory_equal(raw, raw_again, size);
	free(first);
	free(again);
	free(raw);
	free(raw_again);
	free(manifest);
	free(path);
	free(folder);
}

static void test_interrupted_render(void **state)
{
	char *folder = cut_off_take(*state), *mix = file_join(folder, "mix.flac");
	recover(*state);
	struct manifest take = load(folder);
	struct error e = {""};
	harness_put(mix, "as the manifest says", 20);
	struct take_render renders[] = {{.file = "mix.flac"}, {.file = "master.flac"}};
	assert_int_equal(hash_file(mix, &renders[0].hash, &e), 0);
	manifest_set_render(&take, &renders[0]);
	manifest_set_render(&take, &renders[1]); /* the file is another by now, here: none */
	take.state = TAKE_RENDERING;
	assert_int_equal(manifest_save(&take, folder, &e), 0);
	manifest_finish(&take);
	assert_int_equal(recover(*state).outcome, RECOVERY_UNRENDERED);
	take = load(folder);
	assert_int_equal(take.state, TAKE_RECORDED);
	assert_int_equal(take.render_count, 1);
	assert_string_equal(take.renders[0].file, "mix.flac");
	manifest_finish(&take);
	assert_int_equal(recover(*state).count, 0);
	free(mix);
	free(folder);
}

static void test_others_are_left_alone(void **state)
{
	static const enum take_state states[] = {TAKE_RECORDED, TAKE_MASTERED, TAKE_FAILED};
	char *folder = cut_off_take(*state);
	off_t size = size_of(folder, files[0]);
	for (size_t i = 0; i < TABLE_SIZE(states); i++) {
		save(folder, states[i]);
		assert_int_equal(recover(*state).count, 0);
		assert_int_equal(size_of(folder, files[0]), size);
	}
	free(folder);
}

static void test_locked(void **state)
{
	char *folder = cut_off_take(*state);
	struct error e = {""};
	int lock = take_lock(folder, &e);
	assert_true(lock >= 0);
	assert_int_equal(recover(*state).count, 0);
	assert_int_equal(take_lock(folder, &e), -EBUSY);
	close(lock);
	assert_int_equal(recover(*state).count, 1);
	int all = takes_lock(*state, &e);
	assert_true(all >= 0);
	assert_int_equal(takes_lock(*state, &e), -EBUSY);
	char *process = memory_format("process %ld", (long)getpid());
	assert_non_null(strstr(e.text, process));
	close(all);
	free(process);
	free(folder);
}

static void test_stop(void **state)
{
	char *folder = cut_off_take(*state);
	struct told told = {0};
	struct error e = {""};
	_Atomic bool stop = true;
	struct recovery recovery = {.takes = *state, .report = tell, .data = &told, .stop = &stop};
	assert_int_equal(recovery_run(&recovery, &e), -ECANCELED);
	assert_int_equal(told.count, 0);
	recovery.takes = "/nowhere";
	assert_int_equal(recovery_run(&recovery, &e), 0);
	free(folder);
}

int main(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_whole_frames),
		harness_in_folder(test_torn_at_every_byte),
		harness_in_folder(test_again_from_the_middle),
		harness_in_folder(test_interrupted_render),
		harness_in_folder(test_others_are_left_alone),
		harness_in_folder(test_locked),
		harness_in_folder(test_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
