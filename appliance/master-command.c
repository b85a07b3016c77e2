/* woodshed master: finished mixes to masters. */
#include "appliance/album.h"
#include "appliance/check-chains.h"
#include "appliance/subcommand.h"
#include "common/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES_MOST = 99, CHECK_RATE = 48000 };

static void show_progress(void *data, double done)
{
	int *shown = data, percent = (int)(done * 100);
	if (percent != *shown && isatty(STDERR_FILENO))
		fprintf(stderr, percent < 100 ? "\rmaster %3d %%" : "\r\033[K", percent);
	*shown = percent;
}

static void print(const struct album *album)
{
	const struct master_plan *plan = &album->mastering.plan;
	for (size_t i = 0; i < album->count; i++) {
		const struct album_track *track = &album->tracks[i];
		printf("%6.1f LUFS  %5.1f dBTP ", track->reading.integrated_lufs,
			track->reading.true_peak_dbtp);
		for (size_t k = 0; k < track->renditions.count; k++)
			printf(" %s", track->renditions.list[k].file);
		printf("\n");
	}
	if (isfinite(plan->requested_lufs))
		printf("%6.1f LUFS  %5.1f dBTP  %s (asked for %.1f LUFS, at most %.1f dBTP)\n",
			plan->achieved_lufs, plan->master.true_peak_dbtp,
			plan->by_title ? "loudest title" : "in all", plan->requested_lufs,
			plan->requested_dbtp);
	if (plan->limited_by != MASTER_LIMIT_NONE)
		printf("limited by %s\n", master_limit_name(plan->limited_by));
	printf("gain %+.1f dB, the limiter took off %.1f dB at most; %.1f s of work, files in %s\n",
		plan->gain_db, plan->most_reduction_db, album->seconds, album->out);
}

static int master(struct album *album, const struct arguments *arguments)
{
	struct error e;
	int shown = -1;
	int result = album_open(album, arguments->words, (size_t)arguments->word_count, &e);
	if (result == 0)
		result = album_master(album, show_progress, &shown, &e);
	if (result < 0)
		return subcommand_failed(&e);
	print(album);
	return EXIT_DONE;
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	const char *path = subcommand_option(command, arguments, "session");
	const char *out = subcommand_option(command, arguments, "out");
	const char *gap = subcommand_option(command, arguments, "gap");
	struct album album = {.out = out ? out : "masters"};
	if (gap && (subcommand_parse_time(gap, 0, &album.gap_s) < 0 || album.gap_s > 60))
		return subcommand_misused(command, "--gap: %s; a time such as 2 s, at most 60 s", gap);
	struct loaded_session session;
	struct faults faults;
	faults_init(&faults, path ? path : "defaults");
	int result = sessions_load(&session, path, "master", NULL, &faults);
	if (result == 0) {
		result = check_chains(&session.session, CHECK_RATE, &faults);
		if (result < 0)
			sessions_finish(&session);
	}
	faults_print(&faults, stderr);
	faults_finish(&faults);
	if (result < 0)
		return subcommand_unloaded(result);
	album.session = &session.session;
	album.session_path = session.path;
	int status = master(&album, arguments);
	album_finish(&album);
	sessions_finish(&session);
	return status;
}

const struct subcommand subcommand_master = {
	.name = "master",
	.synopsis = "FILE…",
	.least_words = 1,
	.most_words = FILES_MOST,
	.help = "master finished mixes; several files are one album, in their order",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			{"session", "FILE", "its master section says how (default: the preset streaming)"},
			{"out", "DIR", "where the masters and report.json go (default: masters)"},
			{"gap", "TIME", "silence between an album's tracks in its cue sheet (default: none)"},
		},
	.run = run,
};
