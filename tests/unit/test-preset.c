#include "config/preset.h"
#include "expect-faults.h"
#include "fake-processors.h"

#include <errno.h>
#include <math.h>

static void test_presets(void **state)
{
	(void)state;
	struct error e = {0};
	for (size_t i = 0; i < preset_count; i++) {
		struct mix_preset mix = {0};
		struct master_preset master = {0};
		if (presets[i].kind == PRESET_MIX)
			assert_int_equal(mix_preset_open(&mix, presets[i].name, &processors, &e), 0);
		if (presets[i].kind == PRESET_MASTER)
			assert_int_equal(master_preset_open(&master, presets[i].name, &e), 0);
		for (size_t r = 0; mix.help && r < preset_role_count; r++) {
			struct role_strip strip = {0};
			bool found = mix_preset_strip(&mix, preset_roles[r].name, &strip);
			assert_int_equal(found, strcmp(presets[i].name, "none") != 0);
			role_strip_finish(&strip);
		}
		mix_preset_finish(&mix);
		master_preset_finish(&master);
	}
	assert_non_null(preset_find(PRESET_EDIT, "none"));
}

static void test_bad(void **state)
{
	(void)state;
	struct error e = {0};
	struct mix_preset mix;
	struct master_preset master;
	assert_int_equal(mix_preset_open(&mix, "nothing", &processors, &e), -EINVAL);
	assert_string_equal(e.text, "no mix preset nothing");
	assert_int_equal(mix_preset_open(&mix, "streaming", &processors, &e), -EINVAL);
	assert_string_equal(e.text, "no mix preset streaming");
	assert_int_equal(master_preset_open(&master, "", &e), -EINVAL);
	assert_string_equal(e.text, "no master preset ");
	assert_int_equal(mix_preset_open(&mix, "rock", NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "mix/rock.yaml:10:5: error: chain[0]: \"highpass\" is no processor"));
	assert_null(mix.help);
	assert_null(preset_find(PRESET_EDIT, "rock"));
	assert_false(preset_is_role("Kick"));
	assert_false(preset_is_role(""));
}

/* Two strips of one role are two: each track owns and may change its own. */
static void test_strips(void **state)
{
	(void)state;
	struct error e;
	struct mix_preset mix;
	struct role_strip a = {0}, b = {0};
	assert_int_equal(mix_preset_open(&mix, "rock", &processors, &e), 0);
	assert_true(mix_preset_strip(&mix, "kick", &a));
	assert_true(mix_preset_strip(&mix, "kick", &b));
	assert_false(mix_preset_strip(&mix, "theremin", &b));
	mix_preset_finish(&mix);
	assert_string_equal(a.role, "kick");
	assert_ptr_not_equal(a.chain.items, b.chain.items);
	const struct key_insert *inserts = a.chain.items;
	const struct pass *pass = inserts[0].settings;
	assert_true(pass->frequency_hz == 32 && pass->slope_db == 24);
	role_strip_finish(&a);
	role_strip_finish(&a);
	role_strip_finish(&b);
}

static void test_masters(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double lufs;
	} masters[] = {{"streaming", -14}, {"apple", -16}, {"broadcast", -23}, {"loud", -9}};
	struct error e;
	struct master_preset master;
	for (size_t i = 0; i < sizeof(masters) / sizeof(masters[0]); i++) {
		assert_int_equal(master_preset_open(&master, masters[i].name, &e), 0);
		assert_true(master.loudness_lufs == masters[i].lufs && master.true_peak_dbtp == -1);
		master_preset_finish(&master);
	}
	assert_int_equal(master_preset_open(&master, "none", &e), 0);
	assert_true(isnan(master.loudness_lufs) && isnan(master.true_peak_dbtp));
	master_preset_finish(&master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_strips),
		cmocka_unit_test(test_masters),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
