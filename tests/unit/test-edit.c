#include "takes/edit.h"

#include "tests/unit/harness.h"
#include "tests/unit/plant.h"

#include <errno.h>
#include <pthread.h>

#define ID "20261122-190311-thursday"

static struct manifest load(const char *folder)
{
	struct manifest take;
	struct error e = {""};
	if (manifest_load(&take, folder, &e) < 0)
		fail_msg("%s", e.text);
	return take;
}

static void edit(const char *folder, const char *title, const bool *keep)
{
	struct manifest take;
	struct error e = {""};
	if (take_edit(folder, &(struct take_edit){title, keep}, &take, &e) < 0)
		fail_msg("%s", e.text);
	if (title)
		assert_string_equal(take.title, title);
	if (keep)
		assert_int_equal(take.keep, *keep);
	manifest_finish(&take);
}

static void test_edits(void **state)
{
	static const struct {
		const char *title;
		bool gives_keep, keep;
		const char *title_then;
		bool keep_then;
	} steps[] = {
		{NULL, false, false, NULL, false},
		{NULL, true, true, NULL, true},
		{"Night Bus", false, false, "Night Bus", true},
		{NULL, true, false, "Night Bus", false},
		{"Caf\xc3\xa9 \"8\"", true, true, "Caf\xc3\xa9 \"8\"", true},
	};
	char *folder = plant_take(*state, ID);
	for (size_t i = 0; i < TABLE_SIZE(steps); i++) {
		edit(folder, steps[i].title, steps[i].gives_keep ? &steps[i].keep : NULL);
		struct manifest take = load(folder);
		if (steps[i].title_then)
			assert_string_equal(take.title, steps[i].title_then);
		else
			assert_null(take.title);
		assert_int_equal(take.keep, steps[i].keep_then);
		assert_int_equal(take.track_count, 1);
		manifest_finish(&take);
	}
	free(folder);
}

static void test_refused(void **state)
{
	struct manifest take = {0};
	struct error e = {""};
	bool keep = true;
	const struct take_edit both = {"Night Bus", &keep};
	assert_int_equal(take_edit("/nowhere", &both, &take, &e), -ENOENT);
	char *folder = plant_take(*state, ID), *path = file_join(folder, "take.json");
	size_t size;
	harness_put(path, "{\"format\": 1}", 13);
	assert_true(take_edit(folder, &both, &take, &e) < 0);
	char *text = harness_get(path, &size);
	assert_string_equal(text, "{\"format\": 1}"); /* left as it was */
	free(text);
	free(path);
	free(folder);
}

/* A render saves the manifest that it read before somebody kept the take. */
static void test_owner_keeps_what_people_set(void **state)
{
	char *folder = plant_take(*state, ID);
	struct error e = {""};
	struct manifest render = load(folder);
	char *text = manifest_json(&render);
	bool keep = true;
	edit(folder, "Night Bus", &keep);
	render.state = TAKE_MASTERED;
	assert_int_equal(take_save(&render, folder, &e), 0);
	assert_true(render.keep);
	assert_string_equal(render.title, "Night Bus");
	manifest_finish(&render);
	struct manifest take = load(folder);
	assert_int_equal(take.state, TAKE_MASTERED);
	assert_true(take.keep);
	manifest_finish(&take);
	assert_int_equal(take_save_text(text, folder, &e), 0);
	take = load(folder);
	assert_int_equal(take.state, TAKE_RECORDED);
	assert_true(take.keep);
	assert_string_equal(take.title, "Night Bus");
	manifest_finish(&take);
	free(text);
	free(folder);
}

static void test_first_save(void **state)
{
	char *folder = plant_take(*state, ID), *path = file_join(folder, "take.json");
	struct manifest take = load(folder);
	struct error e = {""};
	assert_int_equal(unlink(path), 0);
	take.keep = true;
	assert_int_equal(take_save(&take, folder, &e), 0);
	manifest_finish(&take);
	take = load(folder);
	assert_true(take.keep);
	manifest_finish(&take);
	assert_true(take_save_text("{", folder, &e) < 0);
	free(path);
	free(folder);
}

enum { ROUNDS = 20 };

static void *save_often(void *data)
{
	struct manifest take = load(data);
	struct error e = {""};
	for (int i = 0; i < ROUNDS; i++) {
		take.frames++;
		if (take_save(&take, data, &e) < 0)
			abort();
	}
	manifest_finish(&take);
	return NULL;
}

/* Neither the last title nor the last count of frames is lost, however the two fall. */
static void test_both_at_once(void **state)
{
	char *folder = plant_take(*state, ID), title[32];
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, save_often, folder), 0);
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(title, sizeof(title), "title %d", i);
		edit(folder, title, NULL);
		struct manifest take = load(folder);
		assert_string_equal(take.title, title);
		manifest_finish(&take);
	}
	pthread_join(thread, NULL);
	struct manifest take = load(folder);
	assert_string_equal(take.title, title);
	assert_int_equal(take.frames, ROUNDS);
	manifest_finish(&take);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_edits),
		harness_in_folder(test_refused),
		harness_in_folder(test_owner_keeps_what_people_set),
		harness_in_folder(test_first_save),
		harness_in_folder(test_both_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
