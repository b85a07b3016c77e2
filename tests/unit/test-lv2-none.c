/* A program without LV2 says so where a chain wants a plugin. */
#include "mixer/processors.h"
#include "tests/unit/effects.h"

static void test_refused(void **unused)
{
	struct lv2_settings s = {"http://example.org/plugin", {NULL, 0}};
	(void)unused;
	effect_check_refused(
		&lv2_type, &s, 1, "<http://example.org/plugin>: this woodshed was built without LV2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
