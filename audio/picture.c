#include "audio/picture.h"

#include "common/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *mime, *begins;
	size_t length;
} kinds[] = {{"image/jpeg", "\xff\xd8\xff", 3}, {"image/png", "\x89PNG\r\n\x1a\n", 8}};

int picture_load(struct picture *picture, const char *path, struct error *e)
{
	*picture = (struct picture){0};
	int result = file_read(path, PICTURE_MOST, &picture->data, &picture->size, e);
	if (result < 0)
		return result;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (picture->size > kinds[i].length &&
			memcmp(picture->data, kinds[i].begins, kinds[i].length) == 0)
			picture->mime = kinds[i].mime;
	if (picture->mime)
		return 0;
	picture_finish(picture);
	return error_set(e, EBADMSG, "%s: neither JPEG nor PNG", path);
}

void picture_finish(struct picture *picture)
{
	free(picture->data);
	*picture = (struct picture){0};
}
