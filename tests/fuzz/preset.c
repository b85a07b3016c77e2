/* A user's preset, of every kind at once: it stands over the shipped ones of its name, and may extend them.
 */
#include "fuzz.h"

#include "appliance/processors.h"
#include "config/preset.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/woodshed-fuzz-preset-XXXXXX";

static const char *const names[PRESET_KINDS] = {[PRESET_ROLES] = "kick",
	[PRESET_EDIT] = "none",
	[PRESET_MIX] = "metal",
	[PRESET_MASTER] = "streaming"};

static void clean(void)
{
	REQUIRE(chdir(folder) == 0);
	unlink("text");
	for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++) {
		char link[64];
		snprintf(link, sizeof(link), "%s/%s.yaml", preset_kind_name(kind), names[kind]);
		unlink(link);
		rmdir(preset_kind_name(kind));
	}
	rmdir(folder);
}

/* One file that is a preset of each kind by links to it; returns its descriptor. */
static int prepare(void)
{
	REQUIRE(mkdtemp(folder));
	atexit(clean);
	for (enum preset_kind kind = 0; kind < PRESET_KINDS; kind++) {
		char path[128];
		snprintf(path, sizeof(path), "%s/%s", folder, preset_kind_name(kind));
		REQUIRE(mkdir(path, 0700) == 0);
		snprintf(path, sizeof(path), "%s/%s/%s.yaml", folder, preset_kind_name(kind), names[kind]);
		REQUIRE(symlink("../text", path) == 0);
	}
	char text[64];
	snprintf(text, sizeof(text), "%s/text", folder);
	return open(text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static void check_mix(const struct preset_search *search)
{
	static const char *const roles[] = {"kick", "snare", "lead-vocal"};
	const struct preset_place place = {"mix.preset", 1, 1};
	struct faults faults;
	struct mix_preset mix;
	faults_init(&faults, "f");
	struct preset_request request = {search, processors_records(), &faults, NULL};
	int result = mix_preset_open(&mix, &request, names[PRESET_MIX], &place), whole = result;
	for (size_t i = 0; result == 0 && i < sizeof(roles) / sizeof(roles[0]); i++) {
		struct role_strip strip;
		int made = mix_preset_strip(&mix, roles[i], &place, &strip);
		whole = made < 0 ? made : whole;
		REQUIRE(made < 0 || (isfinite(strip.gain_db) && fabs(strip.pan) <= 100));
		role_strip_finish(&strip);
	}
	if (result == 0)
		mix_preset_finish(&mix);
	fuzz_check_faults(whole, &faults);
}

static void check_others(const struct preset_search *search)
{
	const struct preset_place place = {"preset", 1, 1};
	struct master_preset master;
	struct preset_tree tree;
	struct faults faults;
	struct key_list used = {0};
	faults_init(&faults, "f");
	struct preset_request request = {search, processors_records(), &faults, &used};
	int result = master_preset_open(&master, &request, names[PRESET_MASTER], &place);
	if (result == 0)
		master_preset_finish(&master);
	REQUIRE(used.count > 0);
	preset_files_finish(&used);
	fuzz_check_faults(result, &faults);
	faults_init(&faults, "f");
	result = preset_tree_open(&tree, &request, PRESET_EDIT, names[PRESET_EDIT], &place);
	if (result == 0)
		preset_tree_finish(&tree);
	preset_files_finish(&used);
	fuzz_check_faults(result, &faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	if (fd < 0)
		fd = prepare();
	REQUIRE(fd >= 0 && ftruncate(fd, 0) == 0);
	REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
	struct preset_search search = {{folder}};
	check_mix(&search);
	check_others(&search);
	return 0;
}
