/* woodshed render: a take through mix and master. */
#include "appliance/render.h"
#include "appliance/report.h"
#include "appliance/subcommand.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { JOBS_MOST = 64, BAR_WIDTH = 40 };

/* ioprio_set(2) has no wrapper: the idle class, for this process. */
enum { IOPRIO_WHO_PROCESS_ = 1, IOPRIO_IDLE = 3 << 13 };

/* Where memory runs out, a render can be made again and a take cannot. */
static void be_the_first_to_go(void)
{
	static const char most[] = "1000";
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, most, sizeof(most) - 1) < 0)
		log_debug("the kernel takes no word on who goes first when memory runs out");
	close(fd);
}

/* A recording comes before everything: what renders beside it takes what is left, and ends with the service.
 */
static void give_way(void)
{
	struct sched_param parameters = {0};
	sched_setscheduler(0, SCHED_IDLE, &parameters);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS_, 0, IOPRIO_IDLE);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	be_the_first_to_go();
}

struct display {
	bool lines;
	int shown; /* percent */
};

static void show_progress(void *data, const char *what, double done)
{
	struct display *display = data;
	int percent = (int)(done * 100);
	if (percent == display->shown)
		return;
	display->shown = percent;
	if (display->lines) {
		printf("progress %d %s\n", percent, what);
		fflush(stdout);
	} else if (isatty(STDERR_FILENO)) {
		int full = percent * BAR_WIDTH / 100;
		fprintf(stderr, "\r%-7s [%.*s%*s] %3d %%", what, full,
			"########################################", BAR_WIDTH - full, "", percent);
	}
}

static void end_progress(const struct display *display)
{
	if (!display->lines && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* The exit status; a failure has been said. */
static int render(const struct render_job *job)
{
	const struct display *display = job->data;
	struct render_result result;
	struct error e;
	int status = EXIT_DONE;
	int rendered = render_take(job, &result, &e);
	end_progress(display);
	if (rendered < 0) {
		subcommand_failed(&e);
		status = result.wrong_session ? EXIT_USAGE : EXIT_FAILED;
	} else if (!display->lines) {
		report_print(&result, job->stage);
		printf("files    %s\n", job->out ? job->out : job->folder);
	}
	render_result_finish(&result);
	return status;
}

static int parse_stage(const char *text, enum render_stage *stage)
{
	static const char *const stages[] = {
		[RENDER_EDIT] = "edit", [RENDER_MIX] = "mix", [RENDER_MASTER] = "master"};
	*stage = RENDER_MASTER;
	for (size_t i = 0; text && i < KEY_COUNT(stages); i++) {
		*stage = (enum render_stage)i;
		if (strcmp(text, stages[i]) == 0)
			return 0;
	}
	return text ? -EINVAL : 0;
}

static int parse_jobs(const char *text, unsigned *jobs)
{
	double number;
	*jobs = 0;
	if (!text)
		return 0;
	if (units_parse(text, UNIT_NONE, 1, &number) < 0 || !(number >= 1 && number <= JOBS_MOST))
		return -EINVAL;
	*jobs = (unsigned)number;
	return number == *jobs ? 0 : -EINVAL;
}

static int run(const struct subcommand *command, const struct arguments *arguments)
{
	struct render_job job = {
		.session = subcommand_option(command, arguments, "session"),
		.out = subcommand_option(command, arguments, "out"),
		.order = subcommand_option(command, arguments, "order"),
	};
	const char *stage = subcommand_option(command, arguments, "stage");
	if (parse_stage(stage, &job.stage) < 0)
		return subcommand_misused(command, "--stage: %s; edit, mix or master", stage);
	if (parse_jobs(subcommand_option(command, arguments, "jobs"), &job.jobs) < 0)
		return subcommand_misused(command, "--jobs: a whole number from 1 to %d", JOBS_MOST);
	struct display display = {.lines = subcommand_option(command, arguments, "background"), .shown = -1};
	job.progress = show_progress;
	job.data = &display;
	if (display.lines)
		give_way();
	char *folder;
	int status = subcommand_find_take(command, arguments, &folder);
	if (status != EXIT_DONE)
		return status;
	job.folder = folder;
	status = render(&job);
	free(folder);
	return status;
}

const struct subcommand subcommand_render = {
	.name = "render",
	.synopsis = "TAKE",
	.least_words = 1,
	.most_words = 1,
	.help = "edit, mix and master a take: mix.flac, master.flac and report.json",
	.options =
		{
			SUBCOMMAND_CONFIG_OPTION,
			{"session", "FILE", "another session than the take's own"},
			{"stage", "STAGE",
				"edit: the edited tracks alone, as files; mix: stop after mix.flac; master: "
				"all (default)"},
			{"order", "WORDS",
				"another arrangement: sections in their order, \"intro verse chorus@1-4 "
				"outro\" "
				"(default: the session's)"},
			{"jobs", "N", "threads, 1 to 64 (default: one a core); the result is the same"},
			{"out", "DIR", "write there, and leave the take as it is"},
			SUBCOMMAND_TAKES_OPTION,
			{"background", NULL, "give way to everything else; progress as lines, for programs"},
		},
	.run = run,
};
