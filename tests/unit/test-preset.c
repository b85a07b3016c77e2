#include "appliance/processors.h"
#include "common/file.h"
#include "common/memory.h"
#include "common/text.h"
#include "config/preset.h"
#include "config/session.h"
#include "expect-faults.h"
#include "mixer/mix.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

static char folder[] = "/tmp/woodshed-test-preset-XXXXXX";
static struct preset_search search = {{"a", "b"}};
static struct faults faults;
static const struct preset_place place = {"mix.preset", 3, 15};

static struct preset_request request_of(const struct preset_search *in)
{
	faults_init(&faults, "f");
	return (struct preset_request){in, processors_records(), &faults, NULL};
}

/* Puts a file into one of the search's folders. */
static void put(const char *path, const char *text)
{
	struct error e;
	char *of = file_folder(path);
	assert_int_equal(file_make_folders(of, &e), 0);
	assert_int_equal(file_replace(path, text, strlen(text), &e), 0);
	free(of);
}

static int clear(void **state)
{
	(void)state;
	return system("rm -rf a b");
}

/* ---- those that come with the program ---- */

static void test_each_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < preset_count; i++) {
		struct preset_tree tree;
		struct preset_request request = request_of(NULL);
		if (preset_tree_open(&tree, &request, presets[i].kind, presets[i].name, &place) < 0)
			expect_faults(&faults, presets[i].name);
		assert_non_null(preset_help(&tree));
		assert_null(strchr(preset_help(&tree), '\n'));
		assert_true(strlen(preset_help(&tree)) <= 90);
		preset_tree_finish(&tree);
		expect_faults(&faults, "");
	}
}

static void test_every_mix_has_every_role(void **state)
{
	(void)state;
	for (size_t i = 0; i < preset_count; i++) {
		struct mix_preset mix;
		if (presets[i].kind != PRESET_MIX)
			continue;
		struct preset_request request = request_of(NULL);
		assert_int_equal(mix_preset_open(&mix, &request, presets[i].name, &place), 0);
		for (size_t r = 0; r < preset_count; r++) {
			struct role_strip strip;
			if (presets[r].kind != PRESET_ROLES)
				continue;
			assert_int_equal(mix_preset_strip(&mix, presets[r].name, &place, &strip), 0);
			assert_int_equal(strip.chain.count > 0, strcmp(presets[i].name, "none") != 0);
			assert_int_equal(strip.chain_added.count, 0);
			assert_true(strip.gain_db <= 3 && strip.gain_db >= -20);
			role_strip_finish(&strip);
		}
		mix_preset_finish(&mix);
		expect_faults(&faults, "");
	}
}

/* A session of all roles with each mix becomes a mix that runs, at every rate. */
static void test_every_mix_runs(void **state)
{
	(void)state;
	static const uint32_t rates[] = {44100, 48000, 96000};
	for (size_t i = 0; i < preset_count * 3; i++) {
		if (presets[i / 3].kind != PRESET_MIX)
			continue;
		struct text written;
		FILE *stream = text_open(&written);
		fprintf(stream, "mix: {preset: %s}\ntracks:\n", presets[i / 3].name);
		for (size_t r = 0; r < preset_count; r++)
			if (presets[r].kind == PRESET_ROLES)
				fprintf(stream, "- {name: %s, input: x/%zu, role: %s}\n", presets[r].name,
					r + 1, presets[r].name);
		char *text = text_close(&written);
		put("a/s.yaml", text);
		free(text);
		struct session session;
		struct mix *mix;
		struct error e;
		faults_init(&faults, "f");
		assert_int_equal(session_load(&session, "a/s.yaml", processors_records(), NULL, &faults), 0);
		expect_faults(&faults, "");
		struct mix_setup setup = {
			.session = &session, .processors = processors_all(), .rate = rates[i % 3]};
		if (mix_create(&mix, &setup, &e) < 0)
			fail_msg("%s at %u Hz: %s", presets[i / 3].name, rates[i % 3], e.text);
		mix_destroy(mix);
		session_finish(&session);
	}
}

static void test_masters(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double lufs, dbtp;
	} masters[] = {{"streaming", -14, -1}, {"apple", -16, -1}, {"aes-album", -16, -1},
		{"broadcast", -23, -1}, {"loud", -9, -1}, {"vinyl", -18, -3}, {"cd", -11, -0.3}};
	struct master_preset master;
	struct preset_request request = request_of(NULL);
	for (size_t i = 0; i < sizeof(masters) / sizeof(masters[0]); i++) {
		assert_int_equal(master_preset_open(&master, &request, masters[i].name, &place), 0);
		assert_true(master.loudness_lufs == masters[i].lufs);
		assert_true(master.true_peak_dbtp == masters[i].dbtp);
		master_preset_finish(&master);
	}
	assert_int_equal(master_preset_open(&master, &request, "none", &place), 0);
	assert_true(isnan(master.loudness_lufs) && isnan(master.true_peak_dbtp));
	master_preset_finish(&master);
	expect_faults(&faults, "");
}

/* Two strips of one role are two: each track owns and may change its own. */
static void test_strips(void **state)
{
	(void)state;
	struct mix_preset mix;
	struct role_strip a, b;
	struct preset_request request = request_of(NULL);
	assert_int_equal(mix_preset_open(&mix, &request, "rock", &place), 0);
	assert_int_equal(mix_preset_strip(&mix, "kick", &place, &a), 0);
	assert_int_equal(mix_preset_strip(&mix, "kick", &place, &b), 0);
	mix_preset_finish(&mix);
	assert_string_equal(a.role, "kick");
	assert_ptr_not_equal(a.chain.items, b.chain.items);
	assert_int_equal(a.chain.count, 3);
	role_strip_finish(&a);
	role_strip_finish(&a);
	role_strip_finish(&b);
	expect_faults(&faults, "");
}

/* ---- those of a folder ---- */

static void expect_strip(
	const char *mix_name, const char *role, const char *inserts, double gain_db, double pan)
{
	struct mix_preset mix;
	struct role_strip strip;
	struct preset_request request = request_of(&search);
	if (mix_preset_open(&mix, &request, mix_name, &place) < 0)
		expect_faults(&faults, "");
	assert_int_equal(mix_preset_strip(&mix, role, &place, &strip), 0);
	char found[256] = "";
	const struct key_insert *list = strip.chain.items;
	for (size_t i = 0; i < strip.chain.count; i++) {
		strcat(found, i ? " " : "");
		strcat(found, list[i].type->name);
	}
	assert_string_equal(found, inserts);
	assert_true(strip.gain_db == gain_db && strip.pan == pan);
	role_strip_finish(&strip);
	mix_preset_finish(&mix);
	expect_faults(&faults, "");
}

static void test_extends(void **state)
{
	(void)state;
	put("a/roles/kazoo.yaml", "help: K\ngain: -3\npan: L10\nchain: [highpass]\n");
	put("a/roles/comb.yaml", "extends: kazoo\nchain+: [eq]\n");
	put("a/mix/one.yaml",
		"help: One\nroles:\n- {role: kazoo, gain: -4}\n- {role: comb, chain+: [lowpass]}\n");
	put("a/mix/two.yaml", "extends: one\nroles:\n- {role: kazoo, chain+: [compressor]}\n"
			      "- {role: comb, chain: []}\n");
	put("a/mix/three.yaml",
		"extends: two\nroles:\n- {role: kazoo, chain: [lowpass], chain+: [eq], pan: R5}\n"
		"- {role: comb, chain+: [eq]}\n");
	expect_strip("one", "kazoo", "highpass", -4, -10);
	expect_strip("one", "comb", "highpass eq lowpass", -3, -10);
	expect_strip("two", "kazoo", "highpass compressor", -4, -10);
	expect_strip("two", "comb", "", -3, -10);
	expect_strip("three", "kazoo", "lowpass eq", -4, 5);
	expect_strip("three", "comb", "eq", -3, -10);
	/* A folder's file stands over the one of its name that comes with the program, and may extend it. */
	expect_strip("rock", "snare", "highpass eq compressor", -1, 0);
	put("b/mix/rock.yaml", "extends: rock\nroles: [{role: snare, gain: -2, chain+: [lowpass]}]\n");
	expect_strip("rock", "snare", "highpass eq compressor lowpass", -2, 0);
	put("a/mix/rock.yaml", "extends: rock\nroles: [{role: snare, pan: R3, chain+: [eq]}]\n");
	expect_strip("rock", "snare", "highpass eq compressor lowpass eq", -2, 3);
	put("a/roles/snare.yaml", "chain: []\n");
	expect_strip("acoustic", "snare", "", 0, 0);
	put("a/mix/bare.yaml", "extends: rock\nstrips: false\n");
	expect_strip("bare", "snare", "", 0, 0);
}

static void test_bus_and_help_are_inherited(void **state)
{
	(void)state;
	struct mix_preset mix;
	put("a/mix/mine.yaml", "extends: metal\nchain+: [eq]\n");
	struct preset_request request = request_of(&search);
	assert_int_equal(mix_preset_open(&mix, &request, "mine", &place), 0);
	assert_int_equal(mix.chain.count, 3);
	assert_non_null(strstr(preset_help(&mix.tree), "metal"));
	mix_preset_finish(&mix);
	struct master_preset master;
	put("a/master/mine.yaml", "extends: streaming\ntrue_peak: -2\n");
	assert_int_equal(master_preset_open(&master, &request, "mine", &place), 0);
	assert_true(master.loudness_lufs == -14 && master.true_peak_dbtp == -2);
	master_preset_finish(&master);
	expect_faults(&faults, "");
}

static void test_what_is_kept(void **state)
{
	(void)state;
	struct mix_preset mix;
	struct role_strip strip;
	struct key_list used = {0}, copy;
	put("a/mix/rock.yaml", "extends: rock\n");
	put("b/mix/rock.yaml", "extends: rock\n# b\n");
	put("b/roles/kick.yaml", "extends: kick\n");
	struct preset_request request = request_of(&search);
	request.used = &used;
	assert_int_equal(mix_preset_open(&mix, &request, "rock", &place), 0);
	assert_int_equal(mix_preset_strip(&mix, "kick", &place, &strip), 0);
	role_strip_finish(&strip);
	mix_preset_finish(&mix);
	preset_files_copy(&copy, &used);
	preset_files_finish(&used);
	static const char *const names[] = {
		"presets/mix/rock.yaml", "presets/etc/mix/rock.yaml", "presets/etc/roles/kick.yaml"};
	const struct preset_file *files = copy.items;
	assert_int_equal(copy.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(files[i].file, names[i]);
	assert_string_equal(files[1].text, "extends: rock\n# b\n");
	preset_files_finish(&copy);
	expect_faults(&faults, "");
}

static void test_names(void **state)
{
	(void)state;
	struct key_list names;
	put("a/mix/zz.yaml", "");
	put("b/mix/aa.yaml", "");
	put("a/mix/rock.yaml", "");
	put("a/mix/Not A Name.yaml", "");
	put("a/mix/notes.txt", "");
	preset_names(&search, PRESET_MIX, &names);
	const struct preset_name *list = names.items;
	size_t count = names.count;
	assert_string_equal(list[0].name, "none");
	assert_int_equal(list[0].folder, PRESET_SHIPPED);
	assert_string_equal(list[1].name, "rock");
	assert_int_equal(list[1].folder, 0);
	assert_string_equal(list[count - 2].name, "aa");
	assert_int_equal(list[count - 2].folder, 1);
	assert_string_equal(list[count - 1].name, "zz");
	preset_names_finish(&names);
}

static void test_search(void **state)
{
	(void)state;
	static const struct {
		const char *session, *first, *second;
	} cases[] = {
		{NULL, NULL, "/etc/woodshed/presets"},
		{"s.yaml", "presets", "/etc/woodshed/presets"},
		{"x/y/s.yaml", "x/y/presets", "/etc/woodshed/presets"},
		{"a/session.yaml", "a/presets", "/etc/woodshed/presets"},
		{"b/session.yaml", "b/presets", "b/presets/etc"}, /* of a take */
		{"b/other.yaml", "b/presets", "/etc/woodshed/presets"},
	};
	put("b/take.json", "{}");
	unsetenv("WOODSHED_PRESETS");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct preset_search found;
		preset_search_init(&found, cases[i].session);
		assert_int_equal(found.folders[0] == NULL, cases[i].first == NULL);
		if (cases[i].first)
			assert_string_equal(found.folders[0], cases[i].first);
		assert_string_equal(found.folders[1], cases[i].second);
		preset_search_finish(&found);
	}
	struct preset_search other;
	setenv("WOODSHED_PRESETS", "/opt/presets", 1);
	preset_search_init(&other, NULL);
	assert_string_equal(other.folders[1], "/opt/presets");
	preset_search_finish(&other);
	unsetenv("WOODSHED_PRESETS");
}

/* ---- what is wrong with one ---- */

#define MIXES "One of none, rock, metal, jazz, folk, pop, acoustic, choir, speech"

static const struct bad bad_mixes[] = {
	{"foo: 1\nroles: [{role: kik}, {role: tom, gain: loud}]\n",
		"a/mix/x.yaml:1:1: error: foo: unknown key; one of help, extends, strips, chain, chain+, "
		"buses, unmask, roles\n"
		"a/mix/x.yaml:2:16: error: roles[0].role: \"kik\" is no role; did you mean kick? One of "
		"kick, "
		"snare, hihat, tom, overhead, room, bass, electric-guitar, acoustic-guitar, keys, synth, "
		"lead-vocal, backing-vocal, brass, strings, percussion, di, speech\n"
		"a/mix/x.yaml:2:40: error: roles[1].gain: \"loud\" is not a level such as -18 dB; -120 dB to "
		"24 dB"},
	{"roles:\n- {role: kick}\n- {role: kick}\n",
		"a/mix/x.yaml:3:10: error: roles[1].role: \"kick\" is given "
		"twice; once, and line 2 has it already"},
	{"roles: [{gain: 1}]\n", "a/mix/x.yaml:1:9: error: roles[0].role: missing; The role it is for."},
	{"extends: rok\n",
		"a/mix/x.yaml:1:10: error: extends: \"rok\" is no mix preset; did you mean rock? " MIXES
		", x"},
	{"extends: ../../b\n",
		"a/mix/x.yaml:1:10: error: extends: \"../../b\" is no mix preset; one of none, rock, "
		"metal, jazz, folk, pop, acoustic, choir, speech, x"},
	{"extends: [rock]\n", "a/mix/x.yaml:1:10: error: extends: a list is no single value; a text"},
	{"extends: x\n", "a/mix/x.yaml:1:10: error: extends: there is no other x; another preset"},
	{"- a\n", "a/mix/x.yaml:1:1: error: not a mapping; KEY: VALUE, where KEY is one of help, extends, "
		  "strips, chain, chain+, buses, unmask, roles"},
	{"help: {\n", "a/mix/x.yaml:2:1: error: no value where one belongs; look at the brackets and commas"},
	{"chain: [compresser]\n",
		"a/mix/x.yaml:1:9: error: chain[0]: \"compresser\" is no processor; did you "
		"mean compressor? One of "},
};

static void expect_bad(const char *expected)
{
	struct mix_preset mix;
	struct preset_request request = request_of(&search);
	assert_int_equal(mix_preset_open(&mix, &request, "x", &place), -EINVAL);
	char *text = printed(&faults);
	if (strncmp(text, expected, strlen(expected)) != 0)
		assert_string_equal(text, expected);
	struct error e = {0};
	faults_first(&faults, &e);
	assert_memory_equal(e.text, text, strcspn(e.text, "\n") < 60 ? strlen(e.text) : 60);
	free(text);
	faults_finish(&faults);
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_mixes) / sizeof(bad_mixes[0]); i++) {
		put("a/mix/x.yaml", bad_mixes[i].text);
		expect_bad(bad_mixes[i].faults);
	}
}

static void test_circles(void **state)
{
	(void)state;
	put("a/mix/x.yaml", "help: X\nextends: y\n");
	put("a/mix/y.yaml", "extends: z\n");
	put("a/mix/z.yaml", "help: Z\n\nextends: x\n");
	expect_bad("a/mix/z.yaml:3:10: error: extends: x extends this file; no circles");
	char path[32], text[32];
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), "a/mix/d%d.yaml", i);
		snprintf(text, sizeof(text), "extends: %s%d\n", i < 8 ? "d" : "rock #", i + 1);
		put(path, text);
	}
	put("a/mix/x.yaml", "extends: d2\n"); /* d2 to d8 and rock after x: nine */
	expect_bad("a/mix/d8.yaml:1:10: error: extends: too many presets after one another; 8");
	put("a/mix/d8.yaml", "help: The end.\n");
	expect_strip("x", "snare", "highpass eq compressor", -1, 0);
}

static void test_bad_names(void **state)
{
	(void)state;
	static const char *const names[] = {
		"nothing", "streaming", "", "../mix/rock", "Rock", "rock.yaml", "/etc/passwd"};
	struct mix_preset mix;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct preset_request request = request_of(&search);
		assert_int_equal(mix_preset_open(&mix, &request, names[i], &place), -EINVAL);
		assert_int_equal(faults.count, 1);
		assert_true(faults.list[0].line == 3 && faults.list[0].column == 15);
		char start[64];
		snprintf(start, sizeof(start), "mix.preset: \"%s\" is no mix preset; ", names[i]);
		assert_memory_equal(faults.list[0].text, start, strlen(start));
		faults_finish(&faults);
	}
	struct preset_request request = request_of(&search);
	assert_int_equal(system("mkdir -p a/mix/folder.yaml"), 0);
	assert_int_equal(mix_preset_open(&mix, &request, "folder", &place), -EINVAL);
	assert_int_equal(faults.other_count, 1);
	assert_string_equal(faults.others[0].file, "a/mix/folder.yaml");
	faults_finish(&faults);
}

/* Whatever role is wrong is told once, and the others after it all the same. */
static void test_bad_role(void **state)
{
	(void)state;
	struct mix_preset mix;
	struct role_strip strip;
	put("a/roles/kick.yaml", "gain: x\n");
	struct preset_request request = request_of(&search);
	assert_int_equal(mix_preset_open(&mix, &request, "rock", &place), 0);
	assert_int_equal(mix_preset_strip(&mix, "kick", &place, &strip), -EINVAL);
	assert_int_equal(mix_preset_strip(&mix, "kick", &place, &strip), -EINVAL);
	assert_int_equal(mix_preset_strip(&mix, "theremin", &place, &strip), -EINVAL);
	assert_int_equal(mix_preset_strip(&mix, "tom", &place, &strip), 0);
	role_strip_finish(&strip);
	mix_preset_finish(&mix);
	assert_int_equal(faults.errors, 2);
	char *text = printed(&faults);
	assert_non_null(strstr(text, "f:3:15: error: mix.preset: \"theremin\" is no role; one of kick, "));
	assert_non_null(strstr(text, "\na/roles/kick.yaml:1:7: error: gain: \"x\" is not a level"));
	free(text);
	faults_finish(&faults);
}

int main(void)
{
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_alone),
		cmocka_unit_test(test_every_mix_has_every_role),
		cmocka_unit_test_setup(test_every_mix_runs, clear),
		cmocka_unit_test(test_masters),
		cmocka_unit_test(test_strips),
		cmocka_unit_test_setup(test_extends, clear),
		cmocka_unit_test_setup(test_bus_and_help_are_inherited, clear),
		cmocka_unit_test_setup(test_what_is_kept, clear),
		cmocka_unit_test_setup(test_names, clear),
		cmocka_unit_test_setup(test_search, clear),
		cmocka_unit_test_setup(test_bad, clear),
		cmocka_unit_test_setup(test_circles, clear),
		cmocka_unit_test_setup(test_bad_names, clear),
		cmocka_unit_test_setup(test_bad_role, clear),
	};
	int result = cmocka_run_group_tests(tests, NULL, NULL);
	if (clear(NULL) != 0 || chdir("/") < 0 || rmdir(folder) < 0)
		return 1;
	return result;
}
