/* From floats to a track's integers. */
#include "recorder/quantise.h"

#include "tests/unit/harness.h"

#include <math.h>
#include <stdbool.h>

/* Every integer there is comes back as it went. */
static void test_integers_come_back(void **state)
{
	static const uint32_t bits[] = {16, 24};
	enum { STEP = 4099 }; /* no multiple of any vector's lanes */
	(void)state;
	for (size_t b = 0; b < TABLE_SIZE(bits); b++) {
		int32_t full = 1 << (bits[b] - 1);
		for (int32_t first = -full; first < full; first += STEP) {
			float in[STEP];
			int32_t out[STEP];
			size_t count = full - first < STEP ? (size_t)(full - first) : STEP;
			struct heard heard = {0};
			for (size_t i = 0; i < count; i++)
				in[i] = (float)(first + (int32_t)i) / (float)full;
			quantise(&heard, in, out, count, bits[b]);
			for (size_t i = 0; i < count; i++)
				if (out[i] != first + (int32_t)i)
					fail_msg(
						"%u bits: %d became %d", bits[b], first + (int32_t)i, out[i]);
			float largest = fmaxf(fabsf(in[0]), fabsf(in[count - 1]));
			assert_true(fabsf(heard.peak - largest) < 1e-7F);
		}
	}
}

static void test_what_is_between_and_beyond(void **state)
{
	static const struct {
		double steps; /* of the integers */
		int32_t out;
		bool clips;
	} cases[] = {
		{0.0, 0, false},
		{-0.0, 0, false},
		{0.25, 0, false},
		{0.5, 0, false},
		{0.51, 1, false},
		{1.5, 2, false},
		{2.5, 2, false},
		{-0.5, 0, false},
		{-1.5, -2, false},
		{-2.5, -2, false},
		{-2.51, -3, false},
		{4194303.5, 4194304, false},
		{8388606, 8388606, false},
		{8388606.5, 8388606, false},
		{8388607, 8388607, true},
		{8388607.5, 8388607, true},
		{8388608, 8388607, true},
		{-8388606.5, -8388606, false},
		{-8388607, -8388607, true},
		{-8388608, -8388608, true},
		{-8388610, -8388608, true},
		{1e12, 8388607, true},
		{-1e12, -8388608, true},
		{INFINITY, 8388607, true},
		{-INFINITY, -8388608, true},
		{NAN, 0, false},
		{1e-40, 0, false},
	};
	(void)state;
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		for (size_t lead = 0; lead < 5; lead++) {
			float in[6] = {0};
			int32_t out[6];
			struct heard heard = {.clipped = 7};
			in[lead] = (float)(cases[i].steps / 8388608);
			quantise(&heard, in, out, lead + 1, 24);
			assert_int_equal(out[lead], cases[i].out);
			assert_int_equal(heard.clipped, 7 + cases[i].clips);
			if (isnan(cases[i].steps))
				assert_true(heard.peak >= 0 && heard.peak <= 0);
			else
				assert_true(isinf(in[lead]) ? isinf(heard.peak)
							    : fabsf(heard.peak - fabsf(in[lead])) < 1e-7F);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_come_back),
		cmocka_unit_test(test_what_is_between_and_beyond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
