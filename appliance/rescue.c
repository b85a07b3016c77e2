#include "appliance/rescue.h"

#include "common/log.h"
#include "common/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/ioprio.h is not in Debian 12's libc headers. */
enum { IOPRIO_WHO_THREAD = 1, IOPRIO_IDLE = 3 << 13 };

struct rescue {
	pthread_t thread;
	struct loop *loop;
	char *takes, *only;
	struct rescue_callbacks callbacks;
	_Atomic bool stop;
};

/* What the thread tells the loop; the manifest is read again there, so nothing is shared. */
struct word {
	struct rescue *rescue;
	enum recovery_outcome outcome;
	char *id, *folder, *error;
};

static void free_word(void *data)
{
	struct word *word = data;
	free(word->id);
	free(word->folder);
	free(word->error);
	free(word);
}

static void on_word(void *data)
{
	struct word *word = data;
	struct manifest take;
	struct error e;
	struct recovery_report report = {
		.outcome = word->outcome, .id = word->id, .folder = word->folder, .error = word->error};
	if (!word->error && manifest_load(&take, word->folder, &e) == 0) {
		report.take = &take;
		word->rescue->callbacks.rescued(word->rescue->callbacks.data, &report);
		manifest_finish(&take);
	} else {
		if (!report.error)
			report.error = e.text;
		word->rescue->callbacks.rescued(word->rescue->callbacks.data, &report);
	}
	free_word(word);
}

static void on_done(void *data)
{
	struct word *word = data;
	word->rescue->callbacks.done(word->rescue->callbacks.data);
	free_word(word);
}

static struct word *new_word(struct rescue *rescue)
{
	struct word *word = memory_new(sizeof(*word));
	word->rescue = rescue;
	return word;
}

static void on_report(void *data, const struct recovery_report *report)
{
	struct rescue *rescue = data;
	struct word *word = new_word(rescue);
	word->outcome = report->outcome;
	word->id = memory_text(report->id);
	word->folder = memory_text(report->folder);
	word->error = report->error ? memory_text(report->error) : NULL;
	loop_post(rescue->loop, on_word, word, free_word);
}

static void *run(void *data)
{
	struct rescue *rescue = data;
	const struct recovery recovery = {.takes = rescue->takes,
		.only = rescue->only,
		.report = on_report,
		.data = rescue,
		.stop = &rescue->stop};
	struct error e;
	/* Of this thread alone, on Linux. */
	const struct sched_param none = {0};
	sched_setscheduler(0, SCHED_IDLE, &none);
	syscall(SYS_ioprio_set, IOPRIO_WHO_THREAD, 0, IOPRIO_IDLE);
	int result = recovery_run(&recovery, &e);
	if (result < 0 && !atomic_load(&rescue->stop))
		log_error("%s", e.text);
	if (!atomic_load(&rescue->stop))
		loop_post(rescue->loop, on_done, new_word(rescue), free_word);
	return NULL;
}

static void free_rescue(struct rescue *rescue)
{
	free(rescue->takes);
	free(rescue->only);
	free(rescue);
}

int rescue_create(struct rescue **rescue, struct loop *loop, const char *takes, const char *only,
	const struct rescue_callbacks *callbacks, struct error *e)
{
	struct rescue *made = memory_new(sizeof(*made));
	made->loop = loop;
	made->takes = memory_text(takes);
	made->only = only ? memory_text(only) : NULL;
	made->callbacks = *callbacks;
	int result = pthread_create(&made->thread, NULL, run, made);
	if (result != 0) {
		free_rescue(made);
		return error_errno(e, result, "recovery thread");
	}
	*rescue = made;
	return 0;
}

void rescue_destroy(struct rescue *rescue)
{
	if (!rescue)
		return;
	atomic_store(&rescue->stop, true);
	pthread_join(rescue->thread, NULL);
	free_rescue(rescue);
}
