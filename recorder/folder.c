/* A take's folder, made on the syncer's thread: the control thread leaves the manifest alone meanwhile. */
#include "common/file.h"
#include "common/log.h"
#include "recorder/transport.h"
#include "takes/edit.h"
#include "takes/lock.h"
#include "takes/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Of every track, for its end on a disk that filled up faster than anyone looked. */
#define RESERVE_S 2.0

uint64_t transport_bytes(const struct transport *transport, double seconds)
{
	enum { TAKE_BYTES = 1 << 20, TRACK_BYTES = 256 << 10 };
	double bytes = TAKE_BYTES;
	for (size_t i = 0; i < transport->count; i++)
		for (size_t k = 0; k < transport->parts[i].count; k++) {
			const struct track_plan *plan = &transport->parts[i].plans[k];
			bytes += TRACK_BYTES + seconds * plan->channels * plan->rate * plan->bits / 8;
		}
	return (uint64_t)bytes;
}

/* A take begins with its pre-roll, and shall not be over before it has begun. */
static int check_room(const struct transport *transport, struct error *e)
{
	struct statvfs disk;
	int result = take_folder_make(transport->takes, e);
	if (result < 0)
		return result;
	if (statvfs(transport->takes, &disk) < 0)
		return error_errno(e, errno, "%s", transport->takes);
	uint64_t bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (bytes >= transport->wanted_bytes)
		return 0;
	return error_set(e, ENOSPC, "%s: the disk is full: %.1f MiB free, a take needs %.1f MiB at the least",
		transport->takes, (double)bytes / (1 << 20), (double)transport->wanted_bytes / (1 << 20));
}

/* Best effort: a file system that cannot do this leaves the watching of its free space. */
static void make_reserve(const struct transport *transport, const char *folder)
{
	char *path = file_join(folder, TAKE_RESERVE);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0 && fallocate(fd, 0, 0, (off_t)transport_bytes(transport, RESERVE_S)) < 0)
		unlink(path);
	if (fd >= 0)
		close(fd);
	free(path);
}

/* What says what the take is. */
static int write_description(
	const struct transport *transport, const char *id, const char *folder, struct error *e)
{
	struct manifest copy = transport->manifest;
	copy.id = (char *)id;
	int result = manifest_save(&copy, folder, e);
	return result == 0 ? kept_write(&transport->kept, folder, e) : result;
}

/* A take of which there is not even a description is none. */
static void remove_again(const struct transport *transport, const char *folder)
{
	static const char *const names[] = {TAKE_RESERVE, "take.json", "raw"};
	kept_remove(&transport->kept, folder);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = file_join(folder, names[i]);
		remove(path);
		free(path);
	}
	remove(folder);
}

int transport_make_folder(struct transport *transport, char **id, char **folder, struct error *e)
{
	const struct manifest *manifest = &transport->manifest;
	int result = check_room(transport, e);
	if (result == 0)
		result =
			take_create(transport->takes, manifest->started_ns, manifest->session, id, folder, e);
	if (result < 0)
		return result;
	make_reserve(transport, *folder);
	/* Before there is a manifest, so that nobody takes this for a take that was left behind. Without a
	 * lock it is recorded all the same. */
	transport->lock = take_lock(*folder, e);
	result = write_description(transport, *id, *folder, e);
	if (result < 0)
		remove_again(transport, *folder);
	return result;
}
