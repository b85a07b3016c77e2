#include "takes/hash.h"

#include "tests/unit/harness.h"

#include <errno.h>

static void test_known_values(void **state)
{
	static const struct {
		const char *text, *sha256, *crc32;
	} cases[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "00000000"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "352441c2"},
		{"123456789", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225", "cbf43926"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "171a3f5f"},
	};
	char *path = file_join(*state, "file");
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct hash of_bytes, of_file;
		struct error e = {""};
		size_t size = strlen(cases[i].text);
		harness_put(path, cases[i].text, size);
		assert_int_equal(hash_bytes(cases[i].text, size, &of_bytes, &e), 0);
		assert_int_equal(hash_file(path, &of_file, &e), 0);
		assert_string_equal(of_bytes.sha256, cases[i].sha256);
		assert_string_equal(of_bytes.crc32, cases[i].crc32);
		assert_int_equal(of_bytes.bytes, size);
		assert_string_equal(of_file.sha256, cases[i].sha256);
		assert_string_equal(of_file.crc32, cases[i].crc32);
		assert_int_equal(of_file.bytes, size);
	}
	free(path);
}

static void test_more_than_a_buffer(void **state)
{
	size_t size = (3U << 20) + 17;
	char *data = memory_array(size, 1);
	memset(data, 'a', size);
	char *path = file_join(*state, "file");
	harness_put(path, data, size);
	struct hash of_bytes, of_file;
	struct error e = {""};
	assert_int_equal(hash_bytes(data, size, &of_bytes, &e), 0);
	assert_int_equal(hash_file(path, &of_file, &e), 0);
	assert_string_equal(of_bytes.sha256, of_file.sha256);
	assert_string_equal(of_bytes.crc32, of_file.crc32);
	assert_int_equal(of_file.bytes, size);
	assert_int_equal(hash_bytes(data, 1000000, &of_bytes, &e), 0);
	assert_string_equal(
		of_bytes.sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(path);
	free(data);
}

static void test_no_file(void **state)
{
	char *path = file_join(*state, "file");
	struct hash hash;
	struct error e = {""};
	assert_int_equal(hash_file(path, &hash, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(hash_file(*state, &hash, &e), -EISDIR);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		harness_in_folder(test_known_values),
		harness_in_folder(test_more_than_a_buffer),
		harness_in_folder(test_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
