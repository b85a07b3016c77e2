/* MD5 of several streams at once, against RFC 1321's own cases and OpenSSL. */
#include "audio/md5.h"

#include "tests/unit/harness.h"

#include <openssl/evp.h>

static void as_text(const unsigned char digest[MD5_SIZE], char text[2 * MD5_SIZE + 1])
{
	for (size_t i = 0; i < MD5_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static void test_rfc_1321(void **state)
{
	static const struct {
		const char *text, *md5;
	} cases[] = {
		{"", "d41d8cd98f00b204e9800998ecf8427e"},
		{"a", "0cc175b9c0f1b6a831c399e269772661"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72"},
		{"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
		{"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
			"d174ab98d277d9f5a5611c2c9f419d9f"},
		{"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
			"57edf4a22be3c955ac49da2e2107b67a"},
	};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct md5 md5;
		unsigned char digest[MD5_SIZE];
		char text[2 * MD5_SIZE + 1];
		md5_init(&md5);
		md5_add(&(struct md5_input){&md5, (const unsigned char *)cases[i].text,
				strlen(cases[i].text)},
			1);
		md5_finish(&md5, digest);
		as_text(digest, text);
		assert_string_equal(text, cases[i].md5);
	}
}

static uint32_t draw(uint32_t *random, uint32_t most)
{
	*random = *random * 1664525U + 1013904223U;
	return (*random >> 8) % (most + 1);
}

/* Ours and OpenSSL's, stream by stream. */
struct pairs {
	struct md5 ours[MD5_LANES];
	EVP_MD_CTX *theirs[MD5_LANES];
	size_t count;
};

static void pairs_begin(struct pairs *pairs, size_t count)
{
	pairs->count = count;
	for (size_t k = 0; k < count; k++) {
		md5_init(&pairs->ours[k]);
		pairs->theirs[k] = EVP_MD_CTX_new();
		assert_int_equal(EVP_DigestInit_ex(pairs->theirs[k], EVP_md5(), NULL), 1);
	}
}

static void pairs_end_alike(struct pairs *pairs)
{
	for (size_t k = 0; k < pairs->count; k++) {
		unsigned char digest[MD5_SIZE], expected[EVP_MAX_MD_SIZE];
		md5_finish(&pairs->ours[k], digest);
		assert_int_equal(EVP_DigestFinal_ex(pairs->theirs[k], expected, NULL), 1);
		assert_memory_equal(digest, expected, MD5_SIZE);
		EVP_MD_CTX_free(pairs->theirs[k]);
	}
}

/* Streams that begin at different times and get pieces of different sizes. */
static void hear(uint32_t *random, size_t streams, const unsigned char *noise, uint32_t most)
{
	struct pairs pairs;
	pairs_begin(&pairs, streams);
	for (int round = 0; round < 12; round++) {
		struct md5_input inputs[MD5_LANES];
		uint32_t first = draw(random, (uint32_t)streams - 1);
		for (size_t k = first; k < streams; k++) {
			size_t size = round % 3 ? draw(random, most) : most / 2;
			inputs[k] = (struct md5_input){&pairs.ours[k], noise + draw(random, 999), size};
			assert_int_equal(EVP_DigestUpdate(pairs.theirs[k], inputs[k].data, size), 1);
		}
		md5_add(inputs + first, streams - first);
	}
	pairs_end_alike(&pairs);
}

static void test_many_streams(void **state)
{
	(void)state;
	static unsigned char noise[16384];
	uint32_t random = 7;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)draw(&random, 255);
	static const uint32_t sizes[] = {1, 63, 64, 65, 130, 3000, 15000};
	for (size_t streams = 1; streams <= MD5_LANES; streams++)
		for (size_t i = 0; i < TABLE_SIZE(sizes); i++)
			hear(&random, streams, noise, sizes[i]);
}

static void pack(const int32_t *samples, size_t frames, unsigned char *bytes)
{
	for (size_t i = 0; i < frames; i++)
		for (unsigned k = 0; k < 3; k++)
			*bytes++ = (unsigned char)((uint32_t)samples[i] >> (8 * k));
}

/* Streams that have heard `ahead` bytes more than the one before them when their samples come. */
static void hear_samples(uint32_t *random, size_t streams, const int32_t *samples, size_t ahead)
{
	enum { MOST = 1500 };
	struct pairs pairs;
	static unsigned char bytes[3 * MOST];
	pairs_begin(&pairs, streams);
	for (size_t k = 0; k < streams; k++) {
		md5_add(&(struct md5_input){&pairs.ours[k], bytes, k * ahead}, 1);
		assert_int_equal(EVP_DigestUpdate(pairs.theirs[k], bytes, k * ahead), 1);
	}
	static const uint32_t most[] = {0, 1, 21, 63, 64, 65, 150, MOST, MOST, 3};
	for (size_t round = 0; round < TABLE_SIZE(most); round++) {
		struct md5_samples inputs[MD5_LANES], before[MD5_LANES];
		unsigned char heard[3 * MOST];
		size_t frames = draw(random, most[round]);
		for (size_t k = 0; k < streams; k++) {
			before[k] = inputs[k] =
				(struct md5_samples){&pairs.ours[k], samples + draw(random, 999)};
			pack(inputs[k].samples, frames, heard);
			assert_int_equal(EVP_DigestUpdate(pairs.theirs[k], heard, 3 * frames), 1);
		}
		md5_add_24(inputs, streams, frames);
		assert_memory_equal(inputs, before, streams * sizeof(*inputs));
	}
	pairs_end_alike(&pairs);
}

static void test_samples(void **state)
{
	(void)state;
	static int32_t samples[4096];
	uint32_t random = 3;
	for (size_t i = 0; i < TABLE_SIZE(samples); i++)
		samples[i] = (int32_t)draw(&random, (1 << 24) - 1) - (1 << 23);
	samples[5] = -(1 << 23);
	samples[6] = (1 << 23) - 1;
	for (size_t streams = 1; streams <= MD5_LANES; streams++)
		for (size_t ahead = 0; ahead < 66; ahead += ahead < 62 ? 31 : 1)
			for (int times = 0; times < 5; times++)
				hear_samples(&random, streams, samples, ahead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_1321),
		cmocka_unit_test(test_many_streams),
		cmocka_unit_test(test_samples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
