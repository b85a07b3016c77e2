/* Takes planted in a folder, as a recorder would have left them but for their sound. */
#ifndef WOODSHED_TESTS_UNIT_PLANT_H
#define WOODSHED_TESTS_UNIT_PLANT_H

#include "takes/take.h"

#include "tests/unit/harness.h"

#include <sys/stat.h>

/* A manifest without a file behind it; nothing in it is to be freed. */
static inline struct manifest plant_manifest(void)
{
	static char file[] = "raw/01-x.flac", name[] = "x", id[] = "20261122-190311-thursday",
		    session[] = "thursday";
	static struct take_track track = {.index = 1, .name = name, .file = file};
	return (struct manifest){
		.id = id,
		.session = session,
		.state = TAKE_RECORDED,
		.started_ns = INT64_C(1795374191500000000),
		.rate = 48000,
		.tracks = &track,
		.track_count = 1,
	};
}

/* A folder with that manifest under `takes`; its path is the caller's to free. */
static inline char *plant_as(const char *takes, const char *id, const struct manifest *manifest)
{
	char *folder = file_join(takes, id), *path = file_join(folder, "take.json");
	char *text = manifest_json(manifest), *raw = file_join(folder, "raw");
	mkdir(takes, 0755);
	mkdir(folder, 0755);
	mkdir(raw, 0755);
	harness_put(path, text, strlen(text));
	free(raw);
	free(text);
	free(path);
	return folder;
}

static inline char *plant_take(const char *takes, const char *id)
{
	struct manifest manifest = plant_manifest();
	return plant_as(takes, id, &manifest);
}

#endif
