/* How long a tape may be, on machines that the test makes up. */
#include "recorder/budget.h"

#include "tests/unit/harness.h"

#include <errno.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static void test_choice(void **state)
{
	(void)state;
	/* 18 channels at 48 kHz: 3.35 MiB a second. */
	static const struct {
		double pre_roll_s;
		uint32_t channels, rate, open_channels;
		uint64_t left;
		double least_s, most_s; /* 0: refused */
		const char *says;
	} rows[] = {
		{120, 18, 48000, 18, 8 * GIB, 160, 160, NULL},
		{0, 18, 48000, 18, 8 * GIB, 40, 40, NULL},
		{120, 18, 48000, 18, UINT64_MAX, 160, 160, NULL},
		/* Between what is wished and the least: whatever there is. */
		{120, 18, 48000, 18, 128 * MIB + 520 * MIB, 152, 159.9, NULL},
		/* As many again are still to come. */
		{120, 18, 48000, 36, 128 * MIB + 2 * 520 * MIB, 152, 159.9, NULL},
		{120, 18, 48000, 36, 128 * MIB + 520 * MIB, 0, 0, "at most pre_roll: 45 s fits"},
		{120, 18, 48000, 18, 128 * MIB + 490 * MIB, 0, 0, "at most pre_roll: 110 s fits"},
		{120, 18, 96000, 18, 128 * MIB + 520 * MIB, 0, 0, "18 channels at 96000 Hz"},
		{120, 36, 48000, 36, 600 * MIB, 0, 0, "pre_roll: 120 s of 36 channels"},
		{120, 18, 48000, 18, 128 * MIB + 112 * MIB, 0, 0, "at most pre_roll: 1 s fits"},
		{120, 18, 48000, 18, 128 * MIB + 60 * MIB, 0, 0, "without any pre-roll it does not fit"},
		{0, 18, 48000, 18, 128 * MIB + 60 * MIB, 0, 0, "without any pre-roll it does not fit"},
		{0, 1, 48000, 1, 0, 0, 0, "leaves 0.00 GiB"},
		{0, 1, 48000, 1, 128 * MIB, 0, 0, "leaves 0.00 GiB"},
	};
	for (size_t i = 0; i < TABLE_SIZE(rows); i++) {
		struct budget_wish wish = {
			rows[i].pre_roll_s, rows[i].channels, rows[i].rate, rows[i].open_channels};
		struct budget_left left = {rows[i].left, "the test"};
		struct error e = {""};
		double seconds = -1;
		int result = budget_tape(&seconds, &wish, &left, &e);
		if (rows[i].says) {
			assert_int_equal(result, -ENOMEM);
			if (!strstr(e.text, rows[i].says))
				fail_msg("row %zu: '%s' does not say '%s'", i, e.text, rows[i].says);
			continue;
		}
		if (result < 0 || seconds < rows[i].least_s || seconds > rows[i].most_s)
			fail_msg("row %zu: %.1f s, %s", i, seconds, e.text);
	}
}

/* What a refusal advises does fit. */
static void test_advice_is_right(void **state)
{
	(void)state;
	for (uint64_t mib = 250; mib < 700; mib += 7) {
		struct budget_wish wish = {120, 18, 48000, 18};
		struct budget_left left = {mib * MIB, "the test"};
		struct error e = {""};
		double seconds;
		if (budget_tape(&seconds, &wish, &left, &e) == 0)
			continue;
		const char *advice = strstr(e.text, "at most pre_roll: ");
		assert_non_null(advice);
		assert_int_equal(sscanf(advice, "at most pre_roll: %lf s", &wish.pre_roll_s), 1);
		assert_int_equal(budget_tape(&seconds, &wish, &left, &e), 0);
	}
}

struct machine {
	const char *files[8][2]; /* path, text */
	uint64_t left;
	const char *limit;
};

static void put_file(const char *root, const char *path, const char *text)
{
	struct error e = {""};
	char *whole = memory_format("%s%s", root, path), *folder = file_folder(whole);
	assert_int_equal(file_make_folders(folder, &e), 0);
	harness_put(whole, text, strlen(text));
	free(folder);
	free(whole);
}

static void test_machines(void **state)
{
	static const struct machine machines[] = {
		{{{"/proc/meminfo", "MemTotal: 4000 kB\nMemFree: 1 kB\nMemAvailable:    3000 kB\n"}},
			3000 * 1024, "the machine"},
		/* A group, and a narrower one above it; what its files have cached counts as free. */
		{{{"/proc/meminfo", "MemAvailable: 4000000 kB\n"},
			 {"/proc/self/cgroup", "1:name=systemd:/x\n0::/system.slice/woodshed.service\n"},
			 {"/sys/fs/cgroup/system.slice/woodshed.service/memory.max", "max\n"},
			 {"/sys/fs/cgroup/system.slice/woodshed.service/memory.current", "1000\n"},
			 {"/sys/fs/cgroup/system.slice/memory.max", "1000000\n"},
			 {"/sys/fs/cgroup/system.slice/memory.current", "900000\n"},
			 {"/sys/fs/cgroup/system.slice/memory.stat",
				 "anon 1\nfile 300000\nslab 7\ninactive_file 200000\nactive_file 100000\n"}},
			400000, "the service's control group"},
		/* The root of a container. */
		{{{"/proc/meminfo", "MemAvailable: 4000000 kB\n"}, {"/proc/self/cgroup", "0::/\n"},
			 {"/sys/fs/cgroup/memory.max", "5000\n"},
			 {"/sys/fs/cgroup/memory.current", "6000\n"}},
			0, "the service's control group"},
		/* Nothing to read, or nonsense: no limit. */
		{{{"/proc/meminfo", "MemAvailable: lots\n"}, {"/proc/self/cgroup", "0::"}}, UINT64_MAX, NULL},
		{{{"/proc/none", ""}}, UINT64_MAX, NULL},
	};
	for (size_t i = 0; i < TABLE_SIZE(machines); i++) {
		struct budget_left left;
		char *root = memory_format("%s/%zu", (const char *)*state, i);
		for (size_t f = 0; f < TABLE_SIZE(machines[i].files) && machines[i].files[f][0]; f++)
			put_file(root, machines[i].files[f][0], machines[i].files[f][1]);
		budget_read(&left, root);
		if (left.bytes != machines[i].left)
			fail_msg("machine %zu: %llu bytes left", i, (unsigned long long)left.bytes);
		if (machines[i].limit)
			assert_string_equal(left.limit, machines[i].limit);
		free(root);
	}
}

static void test_this_machine(void **state)
{
	(void)state;
	struct budget_left left;
	budget_read(&left, "");
	assert_true(left.bytes > MIB && left.bytes < UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_advice_is_right),
		harness_in_folder(test_machines),
		cmocka_unit_test(test_this_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
