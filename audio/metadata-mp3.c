#include "audio/bytes.h"
#include "audio/metadata.h"
#include "common/file.h"

enum { ID3_HEADER = 10, FILE_MOST = 1 << 30, UTF8 = 3, FRONT_COVER = 3 };

/* Vorbis comments that have a frame of their own in ID3v2.4; the others become TXXX. */
static const struct {
	const char *tag, *frame;
} frames[] = {
	{"TITLE", "TIT2"},
	{"ARTIST", "TPE1"},
	{"ALBUM", "TALB"},
	{"GENRE", "TCON"},
	{"DATE", "TDRC"},
	{"BPM", "TBPM"},
	{"INITIALKEY", "TKEY"},
	{"TRACKNUMBER", "TRCK"},
};

/* Seven bits a byte, so that no length looks like the start of sound. */
static void add_synchsafe(struct bytes *to, uint32_t value)
{
	unsigned char four[] = {(unsigned char)(value >> 21 & 127), (unsigned char)(value >> 14 & 127),
		(unsigned char)(value >> 7 & 127), (unsigned char)(value & 127)};
	bytes_add(to, four, 4);
}

static void add_frame(struct bytes *to, const char *id, const struct bytes *body)
{
	bytes_add(to, id, 4);
	add_synchsafe(to, (uint32_t)body->size);
	bytes_add(to, "\0", 2);
	bytes_add(to, body->data, body->size);
}

static void add_tag(struct bytes *to, const struct flac_tag *tag)
{
	const char *id = "TXXX";
	struct bytes body = {0};
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (strcmp(frames[i].tag, tag->name) == 0)
			id = frames[i].frame;
	bytes_add(&body, &(unsigned char){UTF8}, 1);
	if (strcmp(id, "TXXX") == 0)
		bytes_add(&body, tag->name, strlen(tag->name) + 1);
	/* TBPM is a whole number (ID3v2.4, 4.2.3). */
	if (strcmp(id, "TBPM") == 0) {
		char *whole = memory_format("%.0f", strtod(tag->value, NULL));
		bytes_add_text(&body, whole);
		free(whole);
	} else {
		bytes_add_text(&body, tag->value);
	}
	add_frame(to, id, &body);
	free(body.data);
}

static void add_picture(struct bytes *to, const struct picture *picture)
{
	struct bytes body = {0};
	bytes_add(&body, &(unsigned char){UTF8}, 1);
	bytes_add(&body, picture->mime, strlen(picture->mime) + 1);
	bytes_add(&body, &(unsigned char){FRONT_COVER}, 1);
	bytes_add(&body, "", 1);
	bytes_add(&body, picture->data, picture->size);
	add_frame(to, "APIC", &body);
	free(body.data);
}

/* Where the sound begins: behind the tag that there is. */
static size_t sound_of(const unsigned char *data, size_t size)
{
	if (size < ID3_HEADER || memcmp(data, "ID3", 3) != 0)
		return 0;
	size_t tag = (size_t)data[6] << 21 | (size_t)data[7] << 14 | (size_t)data[8] << 7 | (size_t)data[9];
	return tag + ID3_HEADER < size ? tag + ID3_HEADER : 0;
}

int metadata_write_mp3(const char *path, const struct metadata *m, struct error *e)
{
	char *data;
	size_t size;
	int result = file_read(path, FILE_MOST, &data, &size, e);
	if (result < 0)
		return result;
	struct bytes body = {0}, out = {0};
	for (size_t i = 0; i < m->tag_count; i++)
		add_tag(&body, &m->tags[i]);
	if (m->picture)
		add_picture(&body, m->picture);
	size_t sound = sound_of((const unsigned char *)data, size);
	bytes_add(&out, "ID3\x04\0\0", 6);
	add_synchsafe(&out, (uint32_t)body.size);
	bytes_add(&out, body.data, body.size);
	bytes_add(&out, data + sound, size - sound);
	result = file_replace(path, out.data, out.size, e);
	free(body.data);
	free(out.data);
	free(data);
	return result;
}
