#include "common/error.h"

#include "tests/unit/harness.h"

#include <string.h>

static void test_code(void **state)
{
	(void)state;
	static const struct {
		int code, result;
	} cases[] = {{EINVAL, -EINVAL}, {-EINVAL, -EINVAL}, {1, -1}, {0, -EIO}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error e = {0};
		assert_int_equal(error_set(&e, cases[i].code, "case %zu", i), cases[i].result);
		assert_int_equal(error_set(NULL, cases[i].code, "nobody reads it"), cases[i].result);
		assert_int_equal(error_errno(&e, cases[i].code, "case %zu", i), cases[i].result);
		assert_int_equal(error_errno(NULL, cases[i].code, "nobody reads it"), cases[i].result);
	}
}

static void test_text(void **state)
{
	(void)state;
	struct error e = {0};
	error_set(&e, EINVAL, "%s is no %d", "this", 7);
	assert_string_equal(e.text, "this is no 7");
	error_errno(&e, -ENOENT, "%s", "take.json");
	assert_string_equal(e.text, "take.json: No such file or directory");
}

/* What does not fit is cut off, and the line ends. */
static void test_long(void **state)
{
	(void)state;
	struct error e;
	char text[2 * sizeof(e.text)];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	error_errno(&e, ENOENT, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	text[sizeof(e.text) - 5] = '\0';
	error_errno(&e, ENOENT, "%s", text);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_string_equal(e.text + sizeof(e.text) - 5, ": No");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
