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
	int result; /* of that, or of the look */
	uint64_t free_bytes;
	struct error error;
};

static void free_look(void *data)
{
	struct look *look = data;
	free(look->takes);
	free(look);
}

/* As a take would: a file with something in it, made durable. */
static int probe(const char *takes, struct error *e)
{
	char *path = file_join(takes, ".probe"), *zeros = memory_new(PROBE_BYTES);
	int result = take_folder_make(takes, e);
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
	recorder->look_ns = clock_monotonic_ns() + LOOK_NS;
	if (look->probe && look->result == 0 && look->free_bytes >= recorder->wanted_bytes) {
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
	struct statvfs disk;
	look->result = look->probe ? probe(look->takes, &look->error) : 0;
	if (look->result == 0 && statvfs(look->takes, &disk) < 0)
		look->result = error_errno(&look->error, errno, "%s", look->takes);
	if (look->result == 0)
		look->free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	loop_post(look->recorder->loop, on_looked, look, free_look);
}

/* The promise of sync_every depends on the disk: one that cannot keep it is told of, with what it means.
 * Twice as much and a second are a busy machine. */
static void watch_safety(struct recorder *recorder)
{
	struct transport *take = recorder->current;
	double promised_s = recorder->recording.sync_every_s, most = 0;
	if (!take || !take->begun || take->slow_told)
		return;
	for (size_t i = 0; i < take->count; i++) {
		struct writer_status status;
		writer_status(take->interfaces[i]->writer, &status);
		most = status.unsafe_s > most ? status.unsafe_s : most;
	}
	bool begins =
		take->manifest.pre_roll_frames > 0 && clock_monotonic_ns() - take->begun_ns < PRE_ROLL_NS;
	if (most <= 2 * promised_s + 1 || begins)
		return;
	char text[160];
	snprintf(text, sizeof(text),
		"the disk is slow: a power cut now would cost %.1f s, not the %.1f s of sync_every", most,
		promised_s);
	take->slow_told = true;
	recorder->callbacks.alert(recorder->callbacks.data, text);
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
		.probe = recorder->blocked && !runs};
	recorder->looking = true;
	syncer_post(recorder->room.syncer, run_look, look);
}
