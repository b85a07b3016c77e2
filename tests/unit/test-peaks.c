/* Waveforms: every sample is in its pixel whatever the blocks, in audiowaveform's JSON, and what is no sound
 * does no harm. */
#include "audio/peaks.h"
#include "tests/unit/harness.h"

#include <jansson.h>
#include <math.h>

enum { FRAMES = 1000, PIXEL = PEAKS_FRAMES_LEAST };

/* Feeds two channels (or one of them) in blocks of `step` frames; returns the JSON text. */
static char *draw(double *left, double *right, uint32_t frames, uint32_t step)
{
	uint32_t channels = right ? 2 : 1;
	struct peaks *peaks = peaks_create(48000, channels, frames);
	for (uint32_t at = 0; at < frames; at += step) {
		struct block block = {channels, frames - at < step ? frames - at : step,
			{left + at, right ? right + at : NULL}};
		peaks_add(peaks, &block);
	}
	char *text = peaks_json(peaks);
	peaks_destroy(peaks);
	return text;
}

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	assert_non_null(json);
	return json;
}

static int number(const json_t *json, const char *name)
{
	return (int)json_integer_value(json_object_get(json, name));
}

static void test_format(void **unused)
{
	static double left[2 * PIXEL + 1], right[2 * PIXEL + 1];
	(void)unused;
	left[3] = 0.5;
	left[PIXEL] = -0.25;
	right[2 * PIXEL] = 0.75;
	char *text = draw(left, right, 2 * PIXEL + 1, 1024);
	assert_string_equal(text,
		"{\"version\":2,\"channels\":2,\"sample_rate\":48000,\"samples_per_pixel\":64,\"bits\":8,"
		"\"length\":3,\"data\":[0,64,0,0,-32,0,0,0,0,0,96,96]}\n");
	free(text);
}

static void test_blocks_of_any_size(void **unused)
{
	static double samples[FRAMES];
	static const uint32_t steps[] = {1, 7, 63, 64, 65, 999};
	(void)unused;
	for (int i = 0; i < FRAMES; i++)
		samples[i] = sin(i * 0.37) * i / FRAMES;
	char *whole = draw(samples, NULL, FRAMES, FRAMES);
	for (size_t i = 0; i < TABLE_SIZE(steps); i++) {
		char *cut = draw(samples, NULL, FRAMES, steps[i]);
		assert_string_equal(cut, whole);
		free(cut);
	}
	free(whole);
}

/* Full scale, past it, no number, and nothing: what stands for a pixel of it. */
static void test_levels(void **unused)
{
	static const struct {
		double sample;
		int least, most;
	} rows[] = {
		{0, 0, 0},
		{1, 0, 127},
		{-1, -128, 0},
		{0.999, 0, 127},
		{-0.0078125, -1, 0},
		{0.0078, 0, 0},
		{17, 0, 127},
		{-17, -128, 0},
		{INFINITY, 0, 127},
		{-INFINITY, -128, 0},
		{NAN, 0, 0},
	};
	(void)unused;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		double samples[PIXEL] = {0};
		samples[17] = rows[i].sample;
		char *text = draw(samples, NULL, PIXEL, PIXEL);
		json_t *json = parse(text), *data = json_object_get(json, "data");
		assert_int_equal(json_integer_value(json_array_get(data, 0)), rows[i].least);
		assert_int_equal(json_integer_value(json_array_get(data, 1)), rows[i].most);
		json_decref(json);
		free(text);
	}
	double nothing[PIXEL];
	for (int i = 0; i < PIXEL; i++)
		nothing[i] = NAN;
	char *text = draw(nothing, NULL, PIXEL, PIXEL);
	assert_non_null(strstr(text, "\"data\":[0,0]"));
	free(text);
}

/* Few enough to be sent to a phone, many enough to fill its screen; and no more than were said may come. */
static void test_length(void **unused)
{
	static const struct {
		uint64_t said;
		int per_pixel;
	} rows[] = {{0, 64}, {1, 64}, {524287, 64}, {524288, 128}, {28800000, 4096}, {691200000, 131072}};
	double samples[BLOCK_FRAMES] = {0};
	struct block block = {1, BLOCK_FRAMES, {samples, NULL}};
	(void)unused;
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		struct peaks *peaks = peaks_create(48000, 1, rows[i].said);
		for (int n = 0; n < 1000; n++)
			peaks_add(peaks, &block);
		char *text = peaks_json(peaks);
		json_t *json = parse(text);
		assert_int_equal(number(json, "samples_per_pixel"), rows[i].per_pixel);
		size_t length =
			(1000 * BLOCK_FRAMES + (size_t)rows[i].per_pixel - 1) / (size_t)rows[i].per_pixel;
		assert_int_equal(number(json, "length"), length);
		assert_int_equal(json_array_size(json_object_get(json, "data")), 2 * length);
		json_decref(json);
		free(text);
		peaks_destroy(peaks);
	}
}

static void test_nothing(void **unused)
{
	(void)unused;
	char *text = draw(NULL, NULL, 0, 1);
	assert_non_null(strstr(text, "\"length\":0,\"data\":[]}"));
	free(text);
	peaks_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_blocks_of_any_size),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
