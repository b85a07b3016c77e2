/* A programme on its way between the stages: what goes in comes out, in memory, on the disk and across. */
#include "appliance/delivery.h"
#include "tests/unit/harness.h"

#include <math.h>

enum { PIECE = 1000, PIECES = 2200 }; /* two parts of memory, and some of a third */

static float sample(uint64_t frame, uint32_t channel, int pass)
{
	return (float)sin((double)frame * (channel ? 0.7 : 0.3) + pass);
}

static void fill(struct scratch *scratch, int pass)
{
	double left[PIECE], right[PIECE];
	struct block block = {BLOCK_CHANNELS, PIECE, {left, right}};
	struct error e = {""};
	for (uint64_t piece = 0; piece < PIECES; piece++) {
		for (uint32_t i = 0; i < PIECE; i++) {
			left[i] = (double)sample(piece * PIECE + i, 0, pass);
			right[i] = (double)sample(piece * PIECE + i, 1, pass);
		}
		assert_int_equal(scratch_write(scratch, &block, &e), 0);
	}
}

static void check(struct scratch *scratch, int pass)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	struct master_source source = scratch_source(scratch, 48000);
	struct error e = {""};
	uint64_t frame = 0;
	assert_int_equal(source.frames, (uint64_t)PIECE * PIECES);
	assert_int_equal(source.rewind(source.data, &e), 0);
	for (;;) {
		struct block block = {BLOCK_CHANNELS, 0, {samples[0], samples[1]}};
		assert_int_equal(source.read(source.data, &block, &e), 0);
		if (block.frames == 0)
			break;
		for (uint32_t i = 0; i < block.frames; i++, frame++)
			for (uint32_t c = 0; c < BLOCK_CHANNELS; c++)
				if (samples[c][i] != (double)sample(frame, c, pass))
					fail_msg("frame %llu", (unsigned long long)frame);
	}
	assert_int_equal(frame, (uint64_t)PIECE * PIECES);
}

static void comes_back_as_it_was(void **state)
{
	const char *folder = *state;
	for (size_t parts = 0; parts <= 3; parts++) {
		struct scratch scratch;
		struct error e = {""};
		assert_int_equal(scratch_open(&scratch, folder, &e), 0);
		scratch.parts_most = parts;
		fill(&scratch, 0);
		assert_int_equal(scratch.part_count, parts);
		check(&scratch, 0);
		check(&scratch, 0);
		assert_int_equal(scratch_restart(&scratch, &e), 0);
		fill(&scratch, 1);
		check(&scratch, 1);
		scratch_close(&scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			comes_back_as_it_was, harness_make_folder, harness_remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
