#include "recorder/budget.h"

#include "common/memory.h"
#include "recorder/tape.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define GIB ((double)(UINT64_C(1) << 30))

enum { KIB = 1024, FILE_MOST = 1 << 16, LONG_S = 100 };

static void note(struct budget_left *left, uint64_t bytes, const char *limit)
{
	if (bytes < left->bytes)
		*left = (struct budget_left){bytes, limit};
}

/* The text of a file that the kernel makes up; NULL: there is none. The caller's to free. */
static char *read_text(const char *root, const char *folder, const char *name)
{
	char *path = memory_format("%s%s/%s", root, folder, name), *text = NULL;
	FILE *file = fopen(path, "re");
	free(path);
	if (!file)
		return NULL;
	text = memory_array(FILE_MOST, 1);
	text[fread(text, 1, FILE_MOST - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* The number behind `key` at the beginning of a line; the first number of all with "". */
static bool number_behind(const char *text, const char *key, uint64_t *value)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, strlen(key)) == 0 &&
			sscanf(line + strlen(key), "%" SCNu64, value) == 1)
			return true;
		if (!key[0])
			return false;
	}
	return false;
}

static void note_machine(struct budget_left *left, const char *root)
{
	char *text = read_text(root, "/proc", "meminfo");
	uint64_t kib;
	if (text && number_behind(text, "MemAvailable:", &kib))
		note(left, kib * KIB, "the machine");
	free(text);
}

static bool read_number(const char *root, const char *folder, const char *name, uint64_t *value)
{
	char *text = read_text(root, folder, name);
	bool found = text && number_behind(text, "", value);
	free(text);
	return found;
}

/* Of what a group has, the cache of its files is given back when memory is asked for. */
static void note_group(struct budget_left *left, const char *root, const char *folder)
{
	uint64_t most, used, active = 0, inactive = 0;
	if (!read_number(root, folder, "memory.max", &most) ||
		!read_number(root, folder, "memory.current", &used))
		return;
	char *text = read_text(root, folder, "memory.stat");
	if (text && number_behind(text, "active_file ", &active) &&
		number_behind(text, "inactive_file ", &inactive))
		used -= active + inactive < used ? active + inactive : used;
	free(text);
	note(left, most > used ? most - used : 0, "the service's control group");
}

static void note_groups(struct budget_left *left, const char *root)
{
	char *text = read_text(root, "/proc/self", "cgroup");
	char *line = text ? strstr(text, "0::/") : NULL;
	if (line) {
		line += strlen("0::");
		line[strcspn(line, "\n")] = '\0';
		for (char *slash = line + strlen(line); slash; slash = strrchr(line, '/')) {
			*slash = '\0';
			char *folder = memory_format("/sys/fs/cgroup%s", line);
			note_group(left, root, folder);
			free(folder);
		}
	}
	free(text);
}

static void note_addresses(struct budget_left *left, const char *root)
{
	struct rlimit limit;
	uint64_t pages;
	if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
		!read_number(root, "/proc/self", "statm", &pages))
		return;
	uint64_t used = pages * (uint64_t)sysconf(_SC_PAGESIZE);
	note(left, limit.rlim_cur > used ? limit.rlim_cur - used : 0, "RLIMIT_AS");
}

void budget_read(struct budget_left *left, const char *root)
{
	*left = (struct budget_left){UINT64_MAX, "nothing"};
	note_machine(left, root);
	note_groups(left, root);
	note_addresses(left, root);
}

/* Down to what people would write. */
static double round_down(double seconds)
{
	return seconds < 10 ? floor(seconds) : floor(seconds / 5) * 5;
}

int budget_tape(
	double *seconds, const struct budget_wish *wish, const struct budget_left *left, struct error *e)
{
	double bytes_per_s = (double)tape_bytes(wish->channels, (uint64_t)wish->rate * LONG_S) / LONG_S;
	double free_bytes =
		left->bytes > BUDGET_RESERVE_BYTES ? (double)(left->bytes - BUDGET_RESERVE_BYTES) : 0;
	double share = free_bytes * wish->channels / wish->open_channels;
	double fits_s = share / bytes_per_s;
	double least_s = wish->pre_roll_s + BUDGET_STALL_LEAST_S;
	*seconds = fmin(fits_s, wish->pre_roll_s + BUDGET_STALL_S);
	if (*seconds >= least_s)
		return 0;
	double pre_roll_s = round_down(fits_s - BUDGET_STALL_LEAST_S);
	char advice[64] = "without any pre-roll it does not fit either";
	if (pre_roll_s >= 0)
		snprintf(advice, sizeof(advice), "at most pre_roll: %.0f s fits", pre_roll_s);
	return error_set(e, ENOMEM,
		"pre_roll: %.0f s of %u channels at %u Hz, and %.0f s for storage that hangs, need %.2f GiB; "
		"%s "
		"leaves %.2f GiB; %s",
		wish->pre_roll_s, wish->channels, wish->rate, BUDGET_STALL_LEAST_S,
		least_s * bytes_per_s / GIB, left->limit, share / GIB, advice);
}
