/* Whether the disk keeps up. Room on the disk: a take ends while there is enough to close it whole, and after
 * one that the disk ended, or would not have, no other begins by itself until the disk would have it. Only
 * the syncer's thread looks.
 */
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "recorder/listen.h"
#include "takes/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOOK_NS CLOCK_NSEC_PER_SEC

/* Probing a disk that is broken for good shall not wear it out: each pause is twice the last. */
#define PAUSE_MOST_NS (32 * CLOCK_NSEC_PER_SEC)

/* A look a second, the quarter of a second in which a take ends, the end of every file: what is left of it.
 */
#define LEFT_S 3.0

/* The pre-roll comes all at once, and takes its time on any disk. */
#define PRE_ROLL_NS (15 * CLOCK_NSEC_PER_SEC)

enum { PROBE_BYTES = 65536 };

struct look {
	struct recorder *recorder;
	char *takes;
	bool probe; /* find out if it could be written to */
	int result;
	uint64_t wanted_bytes, free_bytes;
	int64_t pause_ns; /* until the next look */
};

static void free_look(void *data)
{
	struct look *look = data;
	free(look->takes);
	free(look);
}

static int measure(struct look *look, struct error *e)
{
	struct statvfs disk;
	if (statvfs(look->takes, &disk) < 0)
		return error_errno(e, errno, "%s", look->takes);
	look->free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return 0;
}

/* Would a take find room, and could a file be written and made durable? */
static int probe(struct look *look, struct error *e)
{
	char *path = file_join(look->takes, ".probe"), *zeros = memory_new(PROBE_BYTES);
	int result = take_folder_make(look->takes, e);
	if (result == 0)
		result = measure(look, e);
	if (result == 0 && look->free_bytes < look->wanted_bytes)
		result = error_set(e, ENOSPC, "%s: full", look->takes);
	if (result == 0)
		result = file_replace(path, zeros, PROBE_BYTES, e);
	if (result == 0 && unlink(path) < 0)
		result = error_errno(e, errno, "%s", path);
	free(zeros);
	free(path);
	return result;
}

static double backlog_s(const struct transport *transport)
{
	double most = 0;
	for (size_t i = 0; i < transport->count; i++) {
		struct writer_status status;
		writer_status(transport->interfaces[i]->writer, &status);
		most = status.backlog_s > most ? status.backlog_s : most;
	}
	return most;
}

static void end_if_nearly_full(struct recorder *recorder, uint64_t free_bytes)
{
	struct transport *take = recorder->current;
	char why[160];
	if (!take || !take->begun)
		return;
	uint64_t needed = transport_bytes(take, backlog_s(take) + LEFT_S);
	if (free_bytes >= needed)
		return;
	snprintf(why, sizeof(why), "it is full: %.1f MiB free, %.1f MiB may be needed to close the take",
		(double)free_bytes / (1 << 20), (double)needed / (1 << 20));
	recorder_end_by_disk(recorder, take, why);
}

static void on_looked(void *data)
{
	struct look *look = data;
	struct recorder *recorder = look->recorder;
	recorder->looking = false;
	recorder->look_ns = clock_monotonic_ns() + look->pause_ns;
	if (look->probe && look->result < 0) {
		recorder->pause_ns = 2 * look->pause_ns < PAUSE_MOST_NS ? 2 * look->pause_ns : PAUSE_MOST_NS;
	} else if (look->probe) {
		log_info("%s can be recorded to again", look->takes);
		recorder->blocked = false;
	} else if (look->result == 0) {
		end_if_nearly_full(recorder, look->free_bytes);
	}
	free_look(look);
}

static void run_look(void *data)
{
	struct look *look = data;
	struct error e; /* said when a take was to be made */
	look->result = look->probe ? probe(look, &e) : measure(look, &e);
	loop_post(look->recorder->loop, on_looked, look, free_look);
}

double recorder_unsafe_s(const struct recorder *recorder)
{
	const struct transport *take = recorder->current;
	int64_t now = clock_monotonic_ns();
	double most = 0;
	for (size_t i = 0; take && take->begun && i < take->count; i++) {
		const struct room_interface *interface = take->interfaces[i];
		struct writer_status status;
		writer_status(interface->writer, &status);
		/* A writer that waits for the disk, or for the processor, does not look at all. */
		if (status.unsafe_s > 0 && atomic_load(&interface->capture.live))
			status.unsafe_s += (double)(now - status.looked_ns) / (double)CLOCK_NSEC_PER_SEC;
		most = status.unsafe_s > most ? status.unsafe_s : most;
	}
	return most;
}

/* The promise of sync_every depends on the disk, and on getting some of the processor's time: where it is not
 * kept, that is told, with what it means. */
static void watch_safety(struct recorder *recorder)
{
	struct transport *take = recorder->current;
	double sync_every_s = recorder->recording.sync_every_s, unsafe_s = recorder_unsafe_s(recorder);
	if (!take || !take->begun)
		return;
	if (take->manifest.pre_roll_frames > 0 && clock_monotonic_ns() - take->begun_ns < PRE_ROLL_NS)
		return;
	enum safety_news news = safety_look(&take->safety, sync_every_s, unsafe_s);
	if (news == SAFETY_NO_NEWS)
		return;
	char text[200];
	snprintf(text, sizeof(text),
		"a power cut now would cost %.2f s, not the %.2f s that sync_every promises: "
		"the disk or the machine is too slow",
		unsafe_s, sync_every_s + SAFETY_GRACE_S);
	if (news == SAFETY_ALERT)
		recorder->callbacks.alert(recorder->callbacks.data, text);
	else
		log_warning("%s", text);
}

void recorder_watch_space(struct recorder *recorder, int64_t now_ns)
{
	watch_safety(recorder);
	bool runs = recorder->current && recorder->current->begun;
	if (recorder->looking || now_ns < recorder->look_ns || !(runs || recorder->blocked))
		return;
	struct look *look = memory_new(sizeof(*look));
	*look = (struct look){.recorder = recorder,
		.takes = memory_text(recorder->config.takes),
		.probe = recorder->blocked && !runs,
		.wanted_bytes = recorder->wanted_bytes,
		.pause_ns = runs || !recorder->pause_ns ? LOOK_NS : recorder->pause_ns};
	if (runs)
		recorder->pause_ns = LOOK_NS;
	recorder->looking = true;
	syncer_post(recorder->room.syncer, run_look, look);
}
