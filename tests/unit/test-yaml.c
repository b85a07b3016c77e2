#include "common/memory.h"
#include "config/yaml.h"
#include "expect-faults.h"

#include <errno.h>
#include <unistd.h>

static struct faults faults;

static int parse(struct yaml_file *file, const char *text, size_t size)
{
	faults_init(&faults, "f");
	return yaml_parse(file, text, size, &faults);
}

static void expect_bad(const char *text, size_t size, const char *expected)
{
	struct yaml_file file;
	int result = parse(&file, text, size);
	assert_int_equal(result, -EINVAL);
	assert_null(file.root);
	expect_faults(&faults, expected);
}

static void test_places(void **state)
{
	(void)state;
	static const char text[] = "name: ab\n"
				   "list:\n"
				   "  - 1\n"
				   "  - {x: \"q\\u00e9\", é: 2}\n";
	struct yaml_file file;
	assert_int_equal(parse(&file, text, strlen(text)), 0);
	const struct yaml_node *list = yaml_value_of(file.root, "list");
	assert_int_equal(list->kind, YAML_LIST);
	assert_int_equal(list->count, 2);
	assert_int_equal(yaml_item(list, 0)->line, 3);
	assert_int_equal(yaml_item(list, 0)->column, 5);
	const struct yaml_pair *x = yaml_pair_of(yaml_item(list, 1), "x");
	assert_int_equal(x->line, 4);
	assert_int_equal(x->column, 6);
	assert_string_equal(x->value->text, "q\xC3\xA9");
	assert_false(x->value->plain);
	const struct yaml_pair *e = yaml_pair_of(yaml_item(list, 1), "\xC3\xA9");
	assert_int_equal(e->column, 20);
	assert_int_equal(e->value->column, 23); /* characters, not bytes */
	assert_null(yaml_pair_of(file.root, "nothing"));
	assert_null(yaml_item(list, 2));
	yaml_finish(&file);
	expect_faults(&faults, "");
}

static void test_empty(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF", "{}"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml_file file;
		assert_int_equal(parse(&file, texts[i], strlen(texts[i])), 0);
		assert_true(file.root->kind == YAML_MAP || yaml_is_null(file.root));
		assert_int_equal(file.root->count, 0);
		yaml_finish(&file);
		expect_faults(&faults, "");
	}
}

static void test_null(void **state)
{
	(void)state;
	static const char text[] = "[~, null, NULL, {a: }, \"null\", \"\", nil]";
	static const bool is_null[] = {true, true, true, true, false, false, false};
	struct yaml_file file;
	assert_int_equal(parse(&file, text, strlen(text)), 0);
	for (size_t i = 0; i < file.root->count; i++) {
		const struct yaml_node *item = yaml_item(file.root, i);
		if (item->kind == YAML_MAP)
			item = yaml_value_of(item, "a");
		assert_int_equal(yaml_is_null(item), is_null[i]);
	}
	yaml_finish(&file);
	faults_finish(&faults);
}

static void test_alias(void **state)
{
	(void)state;
	static const char text[] = "a: &strip {gain: 1}\nb: *strip\nc: &strip 2\nd: *strip\n";
	struct yaml_file file;
	assert_int_equal(parse(&file, text, strlen(text)), 0);
	assert_ptr_equal(yaml_value_of(file.root, "a"), yaml_value_of(file.root, "b"));
	assert_string_equal(yaml_value_of(file.root, "d")->text, "2");
	assert_int_equal(file.root->nodes, 11 - 4);
	yaml_finish(&file);
	expect_faults(&faults, "");
}

static const struct bad bad_files[] = {
	{"a: [1, 2\nb: 3\n", "f:2:2: error: neither , nor ] after a value; close what [ opened"},
	{"a: {x: 1\nb: 3\n", "f:2:2: error: neither , nor } after a value; close what { opened"},
	{"a: b: c\n", "f:1:5: error: \": \" does not belong here; put a text that has it in quotes"},
	{"a:\n\tb: 1\n", "f:2:1: error: a tab where only spaces may indent; use spaces"},
	{"a: @x\n", "f:1:4: error: a text cannot start with @; put it in quotes"},
	{"a: %x\n", "f:1:4: error: a text cannot start with %; put it in quotes"},
	{"a: `x`\n", "f:1:4: error: a text cannot start with `; put it in quotes"},
	{"node: *usb\n", "f:1:7: error: *usb: no such anchor; put a text that starts with * in quotes"},
	{"a: \"x\nb: 1\n", "f:1:4: error: the file ends inside quotes; close them"},
	{"a:\n  - {b: c, d: ", "f:3:1: error: no value where one belongs; look at the brackets and commas"},
	{"a: 1\n  b: 2\n", "f:2:4: error: \": \" does not belong here; put a text that has it in quotes"},
	{"a: 1\nb\n", "f:2:1: error: a key without its colon; write KEY: VALUE"},
	{"a: !include x.yaml\n",
		"f:1:4: error: tags such as !include are not supported; write the value itself"},
	{"a: !!str 1\n", "f:1:4: error: tags such as !include are not supported; write the value itself"},
	{"a: 1\n---\nb: 2\n", "f:2:1: error: a second document; one a file"},
	{"? [a, b]\n: 1\n", "f:1:3: error: a map or list as a key; a key is a text"},
	{"? {a: b}\n: 1\n", "f:1:3: error: a map or list as a key; a key is a text"},
	{"k: &k [1]\n*k : 1\n", "f:2:1: error: a map or list as a key; a key is a text"},
	{"a: &a [1, *a]\n", "f:1:11: error: an alias inside of what it stands for; no circles"},
	{"a: \"x\\0y\"\n", "f:1:4: error: a control character in a text; text only"},
	{"a: \"\\e[31m\"\n", "f:1:4: error: a control character in a text; text only"},
	{"\"a\\eb\": 1\n", "f:1:1: error: a control character in a text; text only"},
	{"a: 1\nb: \x1b[31m\n", "f:2:4: error: a control character; text only"},
	{"a: 1\nb: x\xFFy\n", "f:2:5: error: not UTF-8; save the file as UTF-8"},
	{"b: \xC3\xA9\xC0\xAF\n", "f:1:5: error: not UTF-8; save the file as UTF-8"},
	{"b: \xED\xA0\x80\n", "f:1:4: error: not UTF-8; save the file as UTF-8"},
	{"\xFF\xFE\x61", "f:1:1: error: not UTF-8; save the file as UTF-8"},
	{"b: caf\xC3", "f:1:7: error: not UTF-8; save the file as UTF-8"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++)
		expect_bad(bad_files[i].text, strlen(bad_files[i].text), bad_files[i].faults);
	expect_bad("a: 1\nb: \0\n", 10, "f:2:4: error: a NUL character; text only");
}

static void test_bad_keys(void **state)
{
	(void)state;
	static const char text[] = "a: 1\nb: {c: 1, c: 2}\na: 3\nd: &d {x: 1}\ne:\n  <<: *d\na: 4\n";
	struct yaml_file file;
	assert_int_equal(parse(&file, text, strlen(text)), 0);
	assert_string_equal(yaml_value_of(file.root, "a")->text, "1");
	assert_null(yaml_value_of(yaml_value_of(file.root, "e"), "<<"));
	yaml_finish(&file);
	expect_faults(&faults, "f:2:11: error: b.c: given twice; once, and line 2 has it already\n"
			       "f:3:1: error: a: given twice; once, and line 1 has it already\n"
			       "f:6:3: error: <<: merge keys are not supported; write the keys out\n"
			       "f:7:1: error: a: given twice; once, and line 1 has it already");
}

static void test_depth(void **state)
{
	(void)state;
	enum { DEEP = 10000 };
	char *text = memory_new(DEEP + 1);
	memset(text, '[', DEEP);
	expect_bad(text, DEEP, "f:1:65: error: nested too deeply; 64 levels");
	memset(text, ']', 128);
	memset(text, '[', 64);
	struct yaml_file file;
	assert_int_equal(parse(&file, text, 128), 0);
	assert_int_equal(file.root->height, 63);
	yaml_finish(&file);
	faults_finish(&faults);
	for (size_t i = 0; i < DEEP; i++)
		text[i] = i % 2 ? ' ' : '-';
	expect_bad(text, DEEP, "f:1:129: error: nested too deeply; 64 levels");
	free(text);
	/* An alias is as deep as what it stands for. */
	char nested[600] =
		"a: &a [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"
		"b: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n";
	expect_bad(nested, strlen(nested), "f:2:44: error: nested too deeply; 64 levels");
}

static void test_bomb(void **state)
{
	(void)state;
	static const char text[] = "a: &a [x, x, x, x, x, x, x, x, x]\n"
				   "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
				   "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
				   "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
				   "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
				   "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\n"
				   "g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]\n";
	expect_bad(text, strlen(text),
		"f:6:12: error: the file is too large with its aliases written out; 200000 values");
}

static void test_many(void **state)
{
	(void)state;
	enum { SIZE = 3 << 20 };
	char *text = memory_new(SIZE);
	for (size_t i = 1; i + 2 < SIZE; i += 2)
		memcpy(text + i, "x,", 2);
	text[0] = '[';
	expect_bad(text, SIZE - 2,
		"f:1:400000: error: the file is too large with its aliases written out; 200000 values");
	size_t size = 0;
	while (size < SIZE - 32) /* the same key again and again is many faults, and few of them kept */
		size += (size_t)sprintf(text + size, "a: &%zu 1\n", size);
	expect_bad(text, size, "f:1001:4: error: too many anchors; 1000");
	size = 0;
	for (int i = 0; i < 50000; i++)
		size += (size_t)sprintf(text + size, "a: 1\n");
	struct yaml_file file;
	assert_int_equal(parse(&file, text, size), 0);
	assert_int_equal(faults.errors, 49999);
	assert_int_equal(faults.count, FAULTS_MOST);
	yaml_finish(&file);
	faults_finish(&faults);
	free(text);
}

static void write_file(const char *path, const char *text, size_t repeat)
{
	FILE *stream = fopen(path, "w");
	assert_non_null(stream);
	for (size_t i = 0; i < repeat; i++)
		fputs(text, stream);
	fclose(stream);
}

static void test_files(void **state)
{
	(void)state;
	char path[] = "/tmp/woodshed-test-yaml-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	struct yaml_file file;
	write_file(path, "a: 1 # and so on and so on and so on and so on\n", 1 << 20);
	faults_init(&faults, "f");
	assert_int_equal(yaml_load(&file, path, &faults), -EINVAL);
	expect_faults(&faults, "f:1:1: error: larger than 4 MiB; no configuration is");
	write_file(path, "a: 1\n", 1);
	faults_init(&faults, "f");
	assert_int_equal(yaml_load(&file, path, &faults), 0);
	assert_string_equal(faults.source, "a: 1\n");
	yaml_finish(&file);
	faults_finish(&faults);
	unlink(path);
	faults_init(&faults, "f");
	assert_int_equal(yaml_load(&file, path, &faults), -EINVAL);
	expect_faults(&faults, "f:1:1: error: cannot be read: No such file or directory");
	faults_init(&faults, "f");
	assert_int_equal(yaml_load(&file, "/", &faults), -EINVAL);
	expect_faults(&faults, "f:1:1: error: cannot be read: Is a directory");
}

static void test_faults(void **state)
{
	(void)state;
	struct error e = {0};
	faults_init(&faults, "f\033[1m");
	faults_warn(&faults, 1, 1, "w");
	faults_first(&faults, &e);
	assert_string_equal(e.text, "");
	faults_add(&faults, 10, 2, "b\nad %s", "\xC2\x9B\xFF");
	faults_add(&faults, 2, 10, "c");
	faults_add(&faults, 2, 9, "d");
	faults_add(&faults, 2, 9, "e");
	faults_first(&faults, &e);
	assert_string_equal(e.text, "f?[1m:2:9: error: d");
	assert_int_equal(faults.errors, 4);
	expect_faults(&faults, "f?[1m:1:1: warning: w\n"
			       "f?[1m:2:9: error: d\n"
			       "f?[1m:2:9: error: e\n"
			       "f?[1m:2:10: error: c\n"
			       "f?[1m:10:2: error: b?ad ??");
	struct faults zeroed = {0};
	faults_finish(&zeroed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
