/* A session file: told from an appliance's, loaded, its presets and roles resolved. */
#include "fuzz.h"

#include "appliance/processors.h"
#include "config/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct session *session)
{
	const struct track_config *tracks = session->tracks.items;
	REQUIRE(session->name && session->mix.preset && session->edit.preset && session->master.preset);
	REQUIRE(session->tracks.count <= SESSION_MOST_TRACKS);
	for (size_t i = 0; i < session->tracks.count; i++) {
		const struct key_insert *inserts = tracks[i].chain.items;
		REQUIRE(tracks[i].name && (tracks[i].input.count == 1 || tracks[i].input.count == 2));
		REQUIRE(isfinite(tracks[i].gain_db) && fabs(tracks[i].pan) <= 100);
		for (size_t k = 0; k < tracks[i].chain.count; k++)
			REQUIRE(inserts[k].type && inserts[k].settings);
	}
}

/* What is printed of it loads to the same. */
static void check_printed(const struct session *session)
{
	struct session again;
	struct faults faults;
	char *text = fuzz_print(&session_record, session);
	const char *path = fuzz_file((const uint8_t *)text, strlen(text));
	faults_init(&faults, path);
	int result = session_load(&again, path, processors_records(), NULL, &faults);
	if (result < 0)
		faults_print(&faults, stderr);
	REQUIRE(result == 0);
	char *second = fuzz_print(&session_record, &again);
	if (strcmp(text, second) != 0)
		fprintf(stderr, "%s----\n%s", text, second);
	REQUIRE(strcmp(text, second) == 0);
	session_finish(&again);
	faults_finish(&faults);
	free(second);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	struct session session;
	struct faults faults;
	faults_init(&faults, path);
	session_is_one(path);
	int result = session_load(&session, path, processors_records(), NULL, &faults);
	if (result == 0) {
		check(&session);
		check_printed(&session);
		session_finish(&session);
	}
	fuzz_check_faults(result, &faults);
	return 0;
}
