/* take.json: whatever is accepted is written as something that is accepted again, and comes to the same. */
#include "fuzz.h"

#include "takes/manifest.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void check_written(const struct manifest *manifest)
{
	struct error e;
	struct manifest again = {0};
	char *text = manifest_json(manifest);
	REQUIRE(text);
	REQUIRE(manifest_parse(&again, text, strlen(text), "take.json", &e) == 0);
	char *second = manifest_json(&again);
	REQUIRE(strcmp(text, second) == 0);
	manifest_finish(&again);
	free(second);
	free(text);
}

/* Whether a way up is among the folders of `path`; "01-../" is a folder of that name. */
static bool leads_up(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return true;
	}
	return false;
}

static void check_file(const char *path)
{
	REQUIRE(path && path[0] != '\0' && path[0] != '/' && !leads_up(path));
}

static void check_files(const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->track_count; i++) {
		const struct take_track *track = &manifest->tracks[i];
		REQUIRE(track->name);
		for (size_t k = 0; k < take_track_files(track); k++)
			check_file(take_track_segment(track, k).file);
	}
	for (size_t i = 0; i < manifest->interface_count; i++) {
		if (manifest->interfaces[i].clock_log)
			check_file(manifest->interfaces[i].clock_log);
	}
	for (size_t i = 0; i < manifest->render_count; i++)
		check_file(manifest->renders[i].file);
	for (size_t i = 0; i < manifest->preset_count; i++)
		check_file(manifest->presets[i].file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = {0};
	struct manifest manifest = {0};
	int result = manifest_parse(&manifest, (const char *)data, size, "take.json", &e);
	REQUIRE(result <= 0);
	if (result < 0) {
		REQUIRE(e.text[0] != '\0');
		return 0;
	}
	check_files(&manifest);
	check_written(&manifest);
	manifest_master(&manifest);
	manifest_finish(&manifest);
	return 0;
}
