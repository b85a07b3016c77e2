#include "appliance/jobs.h"

#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LINE_MOST = 512, PIPES = 2 };

struct job {
	char *folder, *session;
	struct job *next;
};

/* Lines from the child's standard output or error. */
struct reader {
	struct jobs *jobs;
	int fd;
	struct loop_source *watch;
	char line[LINE_MOST];
	size_t used;
	void (*on_line)(struct jobs *jobs, const char *line);
};

struct jobs {
	struct loop *loop;
	char *config;
	struct jobs_callbacks callbacks;
	struct job *first; /* the one that runs, if `pid` is not 0 */
	pid_t pid;
	int pid_fd;
	struct loop_source *exit_watch;
	struct reader readers[PIPES];
	char last_word[LINE_MOST];
};

static void start_next(struct jobs *jobs);

static void on_progress_line(struct jobs *jobs, const char *line)
{
	int percent;
	char what[32];
	if (sscanf(line, "progress %d %31s", &percent, what) == 2)
		jobs->callbacks.progress(jobs->callbacks.data, jobs->first->folder, percent, what);
}

static void on_error_line(struct jobs *jobs, const char *line)
{
	log_info("render: %s", line);
	snprintf(jobs->last_word, sizeof(jobs->last_word), "%s", line);
}

static void take_lines(struct reader *reader)
{
	char *newline;
	reader->line[reader->used] = '\0';
	while ((newline = strchr(reader->line, '\n')) != NULL) {
		*newline = '\0';
		reader->on_line(reader->jobs, reader->line);
		reader->used -= (size_t)(newline + 1 - reader->line);
		memmove(reader->line, newline + 1, reader->used + 1);
	}
	/* A line that is too long is cut. */
	if (reader->used == sizeof(reader->line) - 1)
		reader->used = 0;
}

/* False at the end. */
static bool read_some(struct reader *reader)
{
	ssize_t n = read(reader->fd, reader->line + reader->used, sizeof(reader->line) - 1 - reader->used);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		return false;
	reader->used += (size_t)n;
	take_lines(reader);
	return true;
}

static void on_readable(void *data, uint32_t events)
{
	struct reader *reader = data;
	if (!read_some(reader) && (events & (EPOLLHUP | EPOLLERR))) {
		loop_remove(reader->watch);
		reader->watch = NULL;
	}
}

static void close_reader(struct reader *reader)
{
	while (reader->fd >= 0 && read_some(reader))
		;
	loop_remove(reader->watch);
	if (reader->fd >= 0)
		close(reader->fd);
	reader->watch = NULL;
	reader->fd = -1;
}

static void forget_child(struct jobs *jobs)
{
	for (int i = 0; i < PIPES; i++)
		close_reader(&jobs->readers[i]);
	loop_remove(jobs->exit_watch);
	if (jobs->pid_fd >= 0)
		close(jobs->pid_fd);
	jobs->exit_watch = NULL;
	jobs->pid_fd = -1;
	jobs->pid = 0;
}

static void drop_first(struct jobs *jobs)
{
	struct job *job = jobs->first;
	jobs->first = job->next;
	free(job->folder);
	free(job->session);
	free(job);
}

static void end_job(struct jobs *jobs, const char *error)
{
	struct job *job = jobs->first;
	char *folder = memory_text(job->folder);
	drop_first(jobs);
	jobs->callbacks.finished(jobs->callbacks.data, folder, error);
	free(folder);
	start_next(jobs);
}

static void on_child_exit(void *data, uint32_t events)
{
	(void)events;
	struct jobs *jobs = data;
	int status = 0;
	if (waitpid(jobs->pid, &status, WNOHANG) != jobs->pid)
		return;
	forget_child(jobs);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		end_job(jobs, NULL);
		return;
	}
	char error[LINE_MOST + 64];
	if (WIFSIGNALED(status))
		snprintf(error, sizeof(error), "the render was killed by signal %d%s%s", WTERMSIG(status),
			jobs->last_word[0] ? ": " : "", jobs->last_word);
	else
		snprintf(error, sizeof(error), "%s",
			jobs->last_word[0] ? jobs->last_word : "the render failed");
	end_job(jobs, error);
}

static int spawn(struct jobs *jobs, const int ends[PIPES])
{
	char *arguments[10] = {"woodshed", "render", jobs->first->folder, "--background"};
	int count = 4;
	if (jobs->config) {
		arguments[count++] = "--config";
		arguments[count++] = jobs->config;
	}
	if (jobs->first->session) {
		arguments[count++] = "--session";
		arguments[count++] = jobs->first->session;
	}
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	/* The loop blocks the signals that it turns into events; the child shall not inherit that. */
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int result = posix_spawn(&jobs->pid, "/proc/self/exe", &actions, &attributes, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -result;
}

static int start_child(struct jobs *jobs)
{
	static void (*const on_line[PIPES])(struct jobs *, const char *) = {on_progress_line, on_error_line};
	int ends[PIPES] = {-1, -1};
	int result = 0;
	for (int i = 0; i < PIPES && result == 0; i++) {
		int pair[2];
		if (pipe2(pair, O_CLOEXEC) < 0) {
			result = -errno;
			break;
		}
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		ends[i] = pair[1];
		jobs->readers[i] = (struct reader){.jobs = jobs, .fd = pair[0], .on_line = on_line[i]};
		jobs->readers[i].watch =
			loop_add_fd(jobs->loop, pair[0], EPOLLIN, on_readable, &jobs->readers[i]);
	}
	jobs->last_word[0] = '\0';
	if (result == 0)
		result = spawn(jobs, ends);
	for (int i = 0; i < PIPES; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	if (result == 0) {
		jobs->pid_fd = (int)syscall(SYS_pidfd_open, jobs->pid, 0);
		jobs->exit_watch = loop_add_fd(jobs->loop, jobs->pid_fd, EPOLLIN, on_child_exit, jobs);
	}
	return result;
}

static void start_next(struct jobs *jobs)
{
	if (!jobs->first || jobs->pid != 0)
		return;
	int result = start_child(jobs);
	if (result == 0) {
		jobs->callbacks.started(jobs->callbacks.data, jobs->first->folder);
		return;
	}
	forget_child(jobs);
	end_job(jobs, strerror(-result));
}

struct jobs *jobs_create(struct loop *loop, const char *config, const struct jobs_callbacks *callbacks)
{
	struct jobs *jobs = memory_new(sizeof(*jobs));
	jobs->loop = loop;
	jobs->config = config ? memory_text(config) : NULL;
	jobs->callbacks = *callbacks;
	jobs->pid_fd = -1;
	for (int i = 0; i < PIPES; i++)
		jobs->readers[i].fd = -1;
	return jobs;
}

void jobs_destroy(struct jobs *jobs)
{
	if (!jobs)
		return;
	if (jobs->pid != 0) {
		/* It has nothing to tidy up, and one that is stopped would not hear anything softer. */
		kill(jobs->pid, SIGKILL);
		waitpid(jobs->pid, NULL, 0);
	}
	forget_child(jobs);
	while (jobs->first)
		drop_first(jobs);
	free(jobs->config);
	free(jobs);
}

void jobs_add(struct jobs *jobs, const char *folder, const char *session)
{
	struct job **last = &jobs->first;
	for (; *last; last = &(*last)->next) {
		bool runs = *last == jobs->first && jobs->pid != 0;
		if (!runs && !session && !(*last)->session && strcmp((*last)->folder, folder) == 0)
			return;
	}
	*last = memory_new(sizeof(**last));
	(*last)->folder = memory_text(folder);
	(*last)->session = session ? memory_text(session) : NULL;
	start_next(jobs);
}

int jobs_count(const struct jobs *jobs)
{
	int count = 0;
	for (const struct job *job = jobs->first; job; job = job->next)
		count++;
	return count;
}

bool jobs_has(const struct jobs *jobs, const char *folder)
{
	for (const struct job *job = jobs->first; job; job = job->next) {
		if (strcmp(job->folder, folder) == 0)
			return true;
	}
	return false;
}

char **jobs_folders(const struct jobs *jobs, size_t *count)
{
	char **folders = memory_array((size_t)jobs_count(jobs) + 1, sizeof(*folders));
	*count = 0;
	for (const struct job *job = jobs->first; job; job = job->next)
		folders[(*count)++] = memory_text(job->folder);
	return folders;
}
