#include "takes/lock.h"

#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* The process that has the lock wrote its number into the file. */
static long holder(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static int claim(int fd, const char *takes, struct error *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return error_set(e, EBUSY, "%s: another woodshed looks after these takes (process %ld)",
			takes, holder(fd));
	/* Who cannot lock (a network file system may not) is alone as far as one can say; and the number is
	 * for people only, so a full disk is no reason to stay away. */
	int written = ftruncate(fd, 0) == 0 ? dprintf(fd, "%ld\n", (long)getpid()) : -1;
	(void)written;
	return 0;
}

int takes_lock(const char *takes, struct error *e)
{
	char *path = file_join(takes, ".lock");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int result = fd < 0 ? error_errno(e, errno, "%s", path) : claim(fd, takes, e);
	free(path);
	if (result < 0 && fd >= 0)
		close(fd);
	return result < 0 ? result : fd;
}

int take_lock(const char *folder, struct error *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(e, errno, "%s", folder);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		close(fd);
		return error_set(e, EBUSY, "%s is being recorded, rendered or recovered", folder);
	}
	return fd;
}
