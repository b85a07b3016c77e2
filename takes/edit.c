#include "takes/edit.h"

#include "common/file.h"
#include "common/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* For the moment of one reading and writing. The lock of the folder itself stands for a whole recording or
 * render (takes/lock.h), and take.json is another file after each save, so it is the folder of the raw files
 * that is locked here. Who cannot have it writes all the same: a take is worth more than its title. */
static int lock(const char *folder)
{
	char *raw = file_join(folder, "raw");
	int fd = open(raw, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(raw);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void set_title(struct manifest *take, const char *title)
{
	free(take->title);
	take->title = title ? memory_text(title) : NULL;
}

int take_edit(const char *folder, const struct take_edit *edit, struct manifest *take, struct error *e)
{
	int fd = lock(folder);
	int result = manifest_load(take, folder, e);
	if (result == 0) {
		if (edit->title)
			set_title(take, edit->title);
		if (edit->keep)
			take->keep = *edit->keep;
		result = manifest_save(take, folder, e);
	}
	unlock(fd);
	if (result < 0)
		manifest_finish(take);
	return result;
}

int take_save(struct manifest *take, const char *folder, struct error *e)
{
	struct manifest there;
	int fd = lock(folder);
	if (manifest_load(&there, folder, NULL) == 0) {
		set_title(take, there.title);
		take->keep = there.keep;
		manifest_finish(&there);
	}
	int result = manifest_save(take, folder, e);
	unlock(fd);
	return result;
}

int take_save_text(const char *text, const char *folder, struct error *e)
{
	struct manifest take;
	int result = manifest_parse(&take, text, strlen(text), folder, e);
	if (result < 0)
		return result;
	result = take_save(&take, folder, e);
	manifest_finish(&take);
	return result;
}
