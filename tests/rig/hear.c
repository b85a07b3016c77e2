/* Has a take heard as a render does, without mixing it, so that songs can be listened to by the dozen.
 *
 * usage: hear TAKE
 *
 * Prints what report.json would say of its song; leaves fingerprint.json and song.mid in the take. */
#include "appliance/sessions.h"
#include "appliance/song-told.h"
#include "takes/take.h"

#include <stdio.h>

static int tell(const char *folder, struct stems *stems, struct error *e)
{
	struct song_told told;
	const struct hearing_job job = {.stems = stems, .jobs = 1};
	int status = song_told_make(&told, &job, folder, folder, e);
	if (status == 0) {
		json_t *report = json_object();
		song_told_report(&told, stems->session, stems->take, report);
		json_dumpf(report, stdout, JSON_INDENT(1));
		json_decref(report);
	}
	song_told_finish(&told);
	return status;
}

static int hear(const char *folder, struct error *e)
{
	struct manifest take = {0};
	struct loaded_session loaded = {0};
	struct stems stems = {0};
	int status = manifest_load(&take, folder, e);
	if (status == 0)
		status = sessions_load_of_take(&loaded, folder, NULL, take.rate, e);
	if (status == 0)
		status = stems_fit(&loaded.session, &take, e);
	if (status == 0)
		status = stems_open(&stems, &take, folder, &loaded.session, e);
	if (status == 0)
		status = tell(folder, &stems, e);
	stems_close(&stems);
	sessions_finish(&loaded);
	manifest_finish(&take);
	return status;
}

int main(int argc, char **argv)
{
	struct error e;
	if (argc != 2) {
		fputs("usage: hear TAKE\n", stderr);
		return 2;
	}
	if (hear(argv[1], &e) < 0) {
		fprintf(stderr, "hear: %s\n", e.text);
		return 1;
	}
	return 0;
}
