#include "takes/removal.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/lock.h"
#include "takes/manifest.h"
#include "takes/take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".removing-"

enum { DEPTH_MOST = 32 }; /* a take has two levels; each one open costs a descriptor */

/* ---- trees ---- */

/* Every name beneath a folder, what is within a folder before the folder itself. Links are never followed. */
struct walk {
	int (*leave)(struct walk *walk, int folder, const char *name, const struct stat *status);
	uint64_t bytes;
};

static int walk_name(struct walk *walk, int folder, const char *name, int depth);

static int walk_folder(struct walk *walk, int folder, const char *name, int depth)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	if (!entries) {
		int result = -errno;
		if (fd >= 0)
			close(fd);
		return result;
	}
	int result = depth < DEPTH_MOST ? 0 : -ELOOP;
	for (const struct dirent *entry; result == 0 && (entry = readdir(entries)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = walk_name(walk, fd, entry->d_name, depth + 1);
	}
	closedir(entries);
	return result;
}

static int walk_name(struct walk *walk, int folder, const char *name, int depth)
{
	struct stat status;
	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	int result = S_ISDIR(status.st_mode) ? walk_folder(walk, folder, name, depth) : 0;
	if (result == -ENOENT) /* somebody else removes it, too */
		return 0;
	return result < 0 ? result : walk->leave(walk, folder, name, &status);
}

static int leave_removed(struct walk *walk, int folder, const char *name, const struct stat *status)
{
	(void)walk;
	int result = unlinkat(folder, name, S_ISDIR(status->st_mode) ? AT_REMOVEDIR : 0);
	return result < 0 && errno != ENOENT ? -errno : 0;
}

static int leave_counted(struct walk *walk, int folder, const char *name, const struct stat *status)
{
	(void)folder, (void)name;
	walk->bytes += (uint64_t)status->st_blocks * 512;
	return 0;
}

static int remove_tree(const char *path, struct error *e)
{
	struct walk walk = {.leave = leave_removed};
	int result = walk_name(&walk, AT_FDCWD, path, 0);
	return result < 0 ? error_errno(e, result, "%s", path) : 0;
}

uint64_t removal_bytes(const char *folder)
{
	struct walk walk = {.leave = leave_counted};
	return walk_name(&walk, AT_FDCWD, folder, 0) < 0 ? 0 : walk.bytes;
}

/* ---- takes ---- */

static int check(const char *folder, struct error *e)
{
	struct manifest take;
	int result = manifest_load(&take, folder, e);
	if (result < 0)
		return result;
	if (take.keep)
		result = error_set(e, EBUSY, "%s is kept; `woodshed keep --not` lets it go", take.id);
	else if (take.state == TAKE_RECORDING || take.state == TAKE_RENDERING)
		result = error_set(e, EBUSY,
			"%s is %s, or was cut off while it was: `woodshed recover` makes it whole first",
			take.id, take.state == TAKE_RECORDING ? "being recorded" : "being rendered");
	manifest_finish(&take);
	return result;
}

/* `folder` may be ".", or end in a slash: what it is called shows in its real path alone. */
static int real_path(const char *folder, char **path, struct error *e)
{
	struct stat status;
	char *bare = memory_text(folder);
	for (size_t n = strlen(bare); n > 1 && bare[n - 1] == '/'; n--)
		bare[n - 1] = '\0';
	int result = lstat(bare, &status) < 0 ? error_errno(e, errno, "%s", folder) : 0;
	if (result == 0 && !S_ISDIR(status.st_mode))
		result = error_set(e, EINVAL, "%s is a link; the take itself is elsewhere", folder);
	free(bare);
	if (result < 0)
		return result;
	*path = realpath(folder, NULL);
	if (!*path)
		return error_errno(e, errno, "%s", folder);
	if (!take_id_valid(strrchr(*path, '/') + 1)) {
		result = error_set(e, EINVAL, "%s has no take's name; remove it by hand", *path);
		free(*path);
	}
	return result;
}

/* From here on it is no take any more, also after a power cut. */
static int set_aside(const char *path, char **aside, struct error *e)
{
	char *takes = file_folder(path);
	*aside = memory_format("%s/" PREFIX "%s", takes, strrchr(path, '/') + 1);
	free(takes);
	/* One of the same name that was not deleted to its end would be in the way. */
	int result = remove_tree(*aside, e);
	if (result == 0 && rename(path, *aside) < 0)
		result = error_errno(e, errno, "%s", path);
	if (result == 0)
		result = file_sync_folder_of(path, e);
	return result;
}

int removal_run(const char *folder, struct error *e)
{
	char *path, *aside = NULL;
	int result = real_path(folder, &path, e);
	if (result < 0)
		return result;
	int lock = result = take_lock(path, e);
	if (lock >= 0)
		result = check(path, e);
	if (result == 0)
		result = set_aside(path, &aside, e);
	if (result == 0)
		result = remove_tree(aside, e);
	if (lock >= 0)
		close(lock);
	free(aside);
	free(path);
	return result;
}

/* ---- what was left ---- */

static bool is_left(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && take_id_valid(name + strlen(PREFIX));
}

static bool is_unfinished_index(const char *name)
{
	return strncmp(name, "ids.", 4) == 0;
}

static void sweep(const char *folder, bool (*wanted)(const char *name))
{
	DIR *entries = opendir(folder);
	if (!entries)
		return;
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
		struct error e;
		char *path = file_join(folder, entry->d_name);
		if (wanted(entry->d_name) && remove_tree(path, &e) < 0)
			log_warning("%s", e.text);
		free(path);
	}
	closedir(entries);
}

void removal_sweep(const char *takes)
{
	char *index = file_join(takes, ".index");
	sweep(takes, is_left);
	sweep(index, is_unfinished_index);
	free(index);
}
