/* Edit presets: what each track goes through, who is aligned with whom, and what a session says instead. */
#include "appliance/processors.h"
#include "config/session.h"
#include "tests/unit/expect-faults.h"
#include "tests/unit/harness.h"

#include <stdio.h>

/* A track, what else its session says of it, and what its edits come to. */
struct expected {
	const char *name, *rest, *edit;
	bool stereo;
};

static struct session session;

static void load(const char *text)
{
	struct faults faults;
	harness_put("s.yaml", text, strlen(text));
	faults_init(&faults, "f");
	int result = session_load(&session, "s.yaml", processors_records(), NULL, &faults);
	expect_faults(&faults, "");
	assert_int_equal(result, 0);
}

/* The processors of a track's edits, and what an align goes to. */
static void expect_edit(size_t index, const char *wanted)
{
	const struct track_config *track = (const struct track_config *)session.tracks.items + index;
	const struct key_insert *inserts = track->edit.items;
	char said[256] = "";
	for (size_t i = 0; i < track->edit.count; i++) {
		size_t used = strlen(said);
		bool aligns = strcmp(inserts[i].type->name, "align") == 0;
		snprintf(said + used, sizeof(said) - used, "%s%s%s%s", i ? " " : "", inserts[i].type->name,
			aligns ? ">" : "", aligns ? *(char **)inserts[i].settings : "");
	}
	assert_string_equal(said, wanted);
}

static void expect_edits(const char *edit, const struct expected *tracks, size_t count)
{
	char text[4096];
	int used = snprintf(text, sizeof(text), "edit: %s\nmix: {preset: none}\ntracks:\n", edit);
	for (size_t i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used,
			"- {name: %s, input: %s%zu%s, %s}\n", tracks[i].name,
			tracks[i].stereo ? "[x/99, x/" : "x/", i + 1, tracks[i].stereo ? "]" : "",
			tracks[i].rest);
	load(text);
	for (size_t i = 0; i < count; i++)
		expect_edit(i, tracks[i].edit);
	session_finish(&session);
}

static void test_roles(void **state)
{
	(void)state;
	static const struct expected tracks[] = {
		{"a", "role: kick", "declip hum dc"},
		{"b", "role: keys", "declip hum declick dc"},
		{"c", "role: lead-vocal", "declip hum declick dc gate"},
		{"d", "role: lead-vocal, edit: [dc]", "dc"},
		{"e", "role: tom, edit+: [denoise]", "declip hum dc denoise"},
		{"f", "role: tom, edit: []", ""},
	};
	expect_edits("{preset: rehearsal}", tracks, KEY_COUNT(tracks));
}

static void test_sources(void **state)
{
	(void)state;
	static const struct expected tracks[] = {
		{"kick in", "role: kick", ""},
		{"kick out", "role: kick", "align>kick in"},
		{"snare top", "role: snare", ""},
		{"snares", "role: snare", "", .stereo = true},
		{"snare bottom", "role: snare, edit: [dc]", "align>snare top dc"},
		{"room", "role: room", ""},
		{"room 2", "role: room", ""},
		{"tom 1", "role: tom", ""},
		{"tom 2", "role: tom", ""},
		{"Gtr 57", "role: electric-guitar", ""},
		{"gtr-di", "role: di", "align>Gtr 57"},
		{"gtr 421", "role: electric-guitar", "align>Gtr 57"},
		{"keys di", "role: di", ""},
		{"bass", "role: bass", ""},
		{"bass 2", "role: bass, edit: [{align: {to: room}}]", "align>room"},
		{"room di", "role: di", ""},
	};
	expect_edits("{align: sources}", tracks, KEY_COUNT(tracks));
}

static void test_what_a_session_says_replaces_the_preset(void **state)
{
	(void)state;
	load("edit: {preset: rehearsal}\n");
	assert_int_equal(session.edit.align, EDIT_ALIGN_SOURCES);
	assert_int_equal(session.edit.trim, EDIT_TRIM_SONGS);
	assert_true(session.edit.lead_in_s == 3 && session.edit.fade_out_s == 2);
	session_finish(&session);
	load("edit: {preset: rehearsal, align: none, trim: none, lead_in: 1 s, fade_out: 0}\n");
	assert_int_equal(session.edit.align, EDIT_ALIGN_NONE);
	assert_int_equal(session.edit.trim, EDIT_TRIM_NONE);
	assert_true(
		session.edit.lead_in_s == 1 && session.edit.lead_out_s == 6 && session.edit.fade_out_s == 0);
	session_finish(&session);
	load("edit: {preset: live}\n");
	assert_int_equal(session.edit.trim, EDIT_TRIM_NONE);
	assert_int_equal(session.edit.chain.count, 4);
	session_finish(&session);
	load("");
	assert_string_equal(session.edit.preset, "none");
	assert_int_equal(session.edit.trim, EDIT_TRIM_NONE);
	assert_int_equal(session.edit.align, EDIT_ALIGN_NONE);
	assert_int_equal(session.edit.chain.count, 0);
	session_finish(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_what_a_session_says_replaces_the_preset),
	};
	return cmocka_run_group_tests(tests, harness_make_folder, harness_remove_folder);
}
