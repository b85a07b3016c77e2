/* A session file: told from an appliance's, loaded, its presets and roles resolved. */
#include "fuzz.h"

#include "appliance/processors.h"
#include "config/session.h"

#include <math.h>

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

static int load(void *loaded, const char *path, struct faults *faults)
{
	return session_load(loaded, path, processors_records(), NULL, faults);
}

static void finish(void *loaded)
{
	session_finish(loaded);
}

static const struct fuzz_kind kind = {&session_record, load, finish};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = fuzz_file(data, size);
	struct session session;
	struct faults faults;
	faults_init(&faults, path);
	session_is_one(path);
	int result = load(&session, path, &faults);
	if (result == 0) {
		check(&session);
		fuzz_check_printed(&kind, &session);
		session_finish(&session);
	}
	fuzz_check_faults(result, &faults);
	return 0;
}
