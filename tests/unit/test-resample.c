/* The resampler, on signals whose value is known at every moment: what comes out is compared with what the
 * take's own crystal would have sampled. */
#include "tests/unit/crystals.h"

#include "audio/resample.h"

#include <errno.h>

enum { SECONDS = 5, FRAMES = SECONDS * CRYSTAL_RATE };

/* A signal in time, sampled at the moments of one crystal's frames. */
struct signal {
	struct crystal crystal;
	double (*at)(const struct signal *signal, double seconds);
	double frequency;
	uint64_t frame;
	uint64_t end; /* frames; 0: none */
};

static double sine(const struct signal *signal, double seconds)
{
	return 0.5 * sin(2 * M_PI * signal->frequency * seconds);
}

/* Every second a click without energy near half the rate. */
static double clicks(const struct signal *signal, double seconds)
{
	(void)signal;
	double t = (seconds - rint(seconds)) / 80e-6;
	return seconds > 0.5 ? exp(-t * t / 2) : 0;
}

static int read_signal(void *data, double *const *channels, uint32_t frames, struct error *e)
{
	(void)e;
	struct signal *signal = data;
	for (uint32_t i = 0; i < frames; i++, signal->frame++) {
		double x = signal->at(signal, crystal_time(&signal->crystal, (double)signal->frame));
		channels[0][i] = signal->end && signal->frame >= signal->end ? 0 : x;
		if (channels[1])
			channels[1][i] = -channels[0][i];
	}
	return 0;
}

static struct warp warp_of(const struct crystal *take, const struct crystal *other, double seconds)
{
	struct notes notes[2] = {0};
	note_every_second(&notes[0], take, 1, 0, seconds, 0);
	note_every_second(&notes[1], other, 1, 0, seconds, 0);
	struct timebase *a = timebase_create(notes[0].points, notes[0].count, CRYSTAL_RATE);
	struct timebase *b = timebase_create(notes[1].points, notes[1].count, CRYSTAL_RATE);
	struct warp warp = warp_between(a, b, CRYSTAL_RATE, (uint64_t)seconds * CRYSTAL_RATE);
	timebase_destroy(a);
	timebase_destroy(b);
	free(notes[0].points);
	free(notes[1].points);
	return warp;
}

/* `frames` frames in blocks of `cut`. */
static double *resample(const struct warp *warp, struct signal *signal, uint32_t channels, size_t frames,
	size_t cut, double *right)
{
	struct error e = {""};
	struct resample *r;
	double *out = memory_array(frames, sizeof(*out));
	const struct resample_source source = {.read = read_signal, .data = signal};
	assert_int_equal(resample_create(&r, warp, channels, &source, &e), 0);
	for (size_t i = 0; i < frames; i += cut) {
		struct block block = {.channels = channels};
		size_t n = frames - i < cut ? frames - i : cut;
		block.channel[0] = out + i;
		block.channel[1] = right ? right + i : NULL;
		assert_int_equal(resample_read(r, &block, (uint32_t)n, &e), 0);
		assert_int_equal(block.frames, n);
	}
	resample_destroy(r);
	return out;
}

/* Signal to everything else, in dB: against the sine that the take's crystal would have sampled. */
static void test_sines(void **state)
{
	(void)state;
	static const struct {
		double frequency, least_db, most_gain_db;
	} cases[] = {
		{100, 110, 1e-4},
		{1000, 110, 1e-4},
		{10000, 110, 1e-4},
		{15000, 110, 1e-4},
		{20000, 110, 1e-4},
		{21500, 80, 1e-3},
	};
	struct crystal take = {.ppm = 60}, other = {.ppm = -40, .start_s = 7e-6};
	struct warp warp = warp_of(&take, &other, SECONDS);
	for (size_t i = 0; i < TABLE_SIZE(cases); i++) {
		struct signal signal = {.crystal = other, .at = sine, .frequency = cases[i].frequency};
		double *out = resample(&warp, &signal, 1, FRAMES, BLOCK_FRAMES, NULL);
		double power = 0, error = 0, out_power = 0;
		for (size_t n = 1000; n < FRAMES - 1000; n++) {
			double truth = sine(&signal, crystal_time(&take, (double)n));
			power += truth * truth;
			out_power += out[n] * out[n];
			error += (out[n] - truth) * (out[n] - truth);
		}
		double db = 10 * log10(power / error), gain = 10 * log10(out_power / power);
		print_message("%5.0f Hz: %.1f dB of signal to error, %+.6f dB of gain\n", cases[i].frequency,
			db, gain);
		if (!(db >= cases[i].least_db && fabs(gain) <= cases[i].most_gain_db))
			fail_msg("%g Hz: %.1f dB, gain %+.5f dB", cases[i].frequency, db, gain);
		free(out);
	}
	warp_finish(&warp);
}

static double centre(const double *samples, size_t around)
{
	double sum = 0, weighted = 0;
	for (size_t n = around - 40; n <= around + 40; n++) {
		sum += samples[n];
		weighted += samples[n] * ((double)n - (double)around);
	}
	return (double)around + weighted / sum;
}

static void test_clicks_coincide(void **state)
{
	(void)state;
	static const struct crystal others[] = {
		{-40, 0, 0}, {60.5, 0, 0.3 / CRYSTAL_RATE}, {260, 0, -2e-3}, {-140, 0.01, 1e-3}};
	struct crystal take = {.ppm = 60};
	for (size_t i = 0; i < TABLE_SIZE(others); i++) {
		struct warp warp = warp_of(&take, &others[i], SECONDS);
		struct signal signal = {.crystal = others[i], .at = clicks};
		double *out = resample(&warp, &signal, 1, FRAMES, BLOCK_FRAMES, NULL);
		double most = 0;
		for (int s = 1; s < SECONDS; s++) {
			double truth = crystal_frame(&take, s);
			most = fmax(most, fabs(centre(out, (size_t)llround(truth)) - truth));
		}
		print_message("%+.1f ppm: clicks at most %.4f frames apart\n", others[i].ppm - 60, most);
		assert_true(most < 0.02);
		free(out);
		warp_finish(&warp);
	}
}

static void test_however_it_is_cut(void **state)
{
	(void)state;
	struct crystal take = {.ppm = 60}, other = {.ppm = -40, .start_s = 1e-3};
	struct warp warp = warp_of(&take, &other, SECONDS);
	double *right = memory_array(FRAMES, sizeof(*right));
	struct signal signal = {.crystal = other, .at = sine, .frequency = 997};
	double *whole = resample(&warp, &signal, 1, FRAMES, BLOCK_FRAMES, NULL);
	static const size_t cuts[] = {1, 7, 333, 1000};
	for (size_t i = 0; i < TABLE_SIZE(cuts); i++) {
		signal.frame = 0;
		double *again = resample(&warp, &signal, 2, FRAMES, cuts[i], right);
		assert_memory_equal(whole, again, FRAMES * sizeof(*whole));
		for (size_t n = 0; n < FRAMES; n++)
			assert_true(right[n] == -again[n]);
		free(again);
	}
	free(whole);
	free(right);
	warp_finish(&warp);
}

/* A shift of whole frames, and none at all, leave every sample as it was. */
static void test_whole_frames_are_exact(void **state)
{
	(void)state;
	static const double shifts[] = {0, 3, -3, 5000, -5000};
	for (size_t i = 0; i < TABLE_SIZE(shifts); i++) {
		struct warp_corner corners[] = {{0, shifts[i]}, {FRAMES, shifts[i]}};
		struct warp warp = {.corners = corners, .count = 2};
		struct signal signal = {.at = sine, .frequency = 1234, .end = 20000};
		double *out = resample(&warp, &signal, 1, 30000, BLOCK_FRAMES, NULL);
		for (int64_t n = 0; n < 30000; n++) {
			int64_t from = n + (int64_t)shifts[i];
			double truth =
				from >= 0 && from < 20000 ? sine(&signal, (double)from / CRYSTAL_RATE) : 0;
			assert_true(fabs(out[n] - truth) < 1e-15);
		}
		free(out);
	}
}

/* Even with a warp that nobody's clock could have made, nothing is read that is not there. */
static void test_wild_warps(void **state)
{
	(void)state;
	static struct warp_corner corners[][3] = {
		{{0, 0}, {1000, 1e5}, {2000, -1e5}},
		{{0, -1e5}, {10, 1e5}, {20, 0}},
		{{0, 0}, {1, 4e4}, {2, 8e4}},
	};
	for (size_t i = 0; i < TABLE_SIZE(corners); i++) {
		struct warp warp = {.corners = corners[i], .count = 3};
		struct signal signal = {.at = sine, .frequency = 50};
		double *out = resample(&warp, &signal, 1, 5000, 777, NULL);
		for (int n = 0; n < 5000; n++)
			assert_true(fabs(out[n]) < 1);
		free(out);
	}
}

static int read_failure(void *data, double *const *channels, uint32_t frames, struct error *e)
{
	(void)channels, (void)frames;
	int *left = data;
	return (*left)-- > 0 ? 0 : error_set(e, EIO, "the disk has gone");
}

static void test_a_failed_read_is_told(void **state)
{
	(void)state;
	struct warp_corner corners[] = {{0, 0}, {1000, 0}};
	struct warp warp = {.corners = corners, .count = 2};
	int left = 2;
	const struct resample_source source = {.read = read_failure, .data = &left};
	struct error e = {""};
	struct resample *r;
	assert_int_equal(resample_create(&r, &warp, 1, &source, &e), 0);
	double samples[BLOCK_FRAMES];
	struct block block = {.channels = 1, .channel = {samples}};
	assert_int_equal(resample_read(r, &block, BLOCK_FRAMES, &e), 0);
	assert_int_equal(resample_read(r, &block, BLOCK_FRAMES, &e), -EIO);
	assert_string_equal(e.text, "the disk has gone");
	resample_destroy(r);
	resample_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sines),
		cmocka_unit_test(test_clicks_coincide),
		cmocka_unit_test(test_however_it_is_cut),
		cmocka_unit_test(test_whole_frames_are_exact),
		cmocka_unit_test(test_wild_warps),
		cmocka_unit_test(test_a_failed_read_is_told),
	};
	return cmocka_run_group_tests_name("resample", tests, NULL, NULL);
}
