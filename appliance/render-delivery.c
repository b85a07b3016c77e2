#include "appliance/render-delivery.h"

#include "appliance/release.h"
#include "appliance/render-arrangement.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sections and songs, where they are in the master. */
static struct cue *make_cues(const struct render_result *result, const struct mastering *mastering)
{
	struct cue *cues = memory_array(result->cue_count, sizeof(*cues));
	for (size_t i = 0; i < result->cue_count; i++)
		cues[i] = (struct cue){
			mastering_frame(mastering, result->cues[i].frame), result->cues[i].label};
	return cues;
}

/* master.cue, for players that read neither chapters nor a CUESHEET block. */
static int write_cue(const char *folder, const struct render_result *result, const struct release *release,
	uint32_t rate, struct error *e)
{
	if (release->cue_count == 0)
		return 0;
	char *path = file_join(folder, CUE_FILE);
	char *text = render_cue(result, release, rate);
	int written = file_replace(path, text, strlen(text), e);
	free(text);
	free(path);
	return written;
}

static void find_cover(const struct render_job *job, struct release *release)
{
	release_find_cover(release, job->folder);
	if (job->session) {
		char *folder = file_folder(job->session);
		release_find_cover(release, folder);
		free(folder);
	}
}

/* What the session says of the piece, and the take, which may have been given another name since. */
int render_deliver(struct render_result *result, const struct render_job *job, const struct session *session,
	struct mastering *mastering, struct error *e)
{
	const struct manifest *take = &result->take;
	const struct song_config *song = &session->song;
	const char *folder = job->out ? job->out : job->folder;
	struct cue *cues = make_cues(result, mastering);
	char date[CLOCK_RFC3339_SIZE], time[CLOCK_RFC3339_SIZE];
	clock_rfc3339(take->started_ns, date)[strlen("2026-11-22")] = '\0';
	clock_rfc3339(take->started_ns, time)[strlen("2026-11-22T19:03:11")] = '\0';
	struct release release = {.title = take->title ? take->title : song->title,
		.artist = take->artist ? take->artist : song->artist,
		.date = date,
		.time = time + strlen("2026-11-22T"),
		.song = song,
		.tempo_bpm = song_told_tempo(&result->song, song),
		.key = song_told_key(&result->song, song),
		.album_lufs = NAN,
		.album_dbtp = NAN,
		.cues = cues,
		.cue_count = result->cue_count};
	find_cover(job, &release);
	const struct renditions_job renditions = {.folder = folder,
		.name = "master",
		.formats = session->master.formats,
		.bits = mastering->bits,
		.scratch = &mastering->mastered,
		.frames = mastering->mastered.frames,
		.rate = mastering->delivered_rate,
		.reading = mastering->plan.master,
		.release = &release};
	int status = renditions_make(&result->renditions, &renditions, e);
	if (status == 0)
		status = write_cue(folder, result, &release, mastering->delivered_rate, e);
	picture_finish(&release.cover);
	free(cues);
	return status;
}
