#include "network/stems.h"

#include "common/clock.h"
#include "common/memory.h"
#include "network/files.h"
#include "network/serve.h"
#include "takes/zip-records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK_SIZE = 131072 }; /* read at a time */

/* What an archive consists of, one after the other: text of ours, or a file. */
struct piece {
	uint64_t offset, size;
	const char *path; /* NULL: text, … */
	size_t text;	  /* … from there on */
};

struct stems {
	char *folder;
	struct zip_member *members;
	size_t member_count;
	struct bytes text; /* headers, directory and end */
	struct piece *pieces;
	size_t piece_count;
	uint64_t size;
	char etag[68], name[DOWNLOAD_NAME_SIZE];
	int fd; /* of the piece `open_piece`; negative: none */
	size_t open_piece;
};

/* --- The plan --- */

static int add_member(struct stems *stems, const char *path, const struct hash *hash, struct error *e)
{
	if (hash->sha256[0] == '\0' || hash->crc32[0] == '\0')
		return error_set(e, EBUSY, "%s has no checksums yet", path);
	stems->members[stems->member_count++] = (struct zip_member){.name = memory_text(path),
		.size = hash->bytes,
		.crc = (uint32_t)strtoul(hash->crc32, NULL, 16),
		.zip64 = true};
	return 0;
}

static int add_members(struct stems *stems, const struct manifest *take, struct error *e)
{
	size_t count = 0;
	if (take->state == TAKE_RECORDING)
		return error_set(e, EBUSY, "take %s is still being recorded", take->id);
	for (size_t i = 0; i < take->track_count; i++)
		count += take_track_files(&take->tracks[i]);
	stems->members = memory_array(count + 1, sizeof(*stems->members));
	for (size_t i = 0; i < take->track_count; i++) {
		struct take_track *track = &take->tracks[i];
		for (size_t k = 0; k < take_track_files(track); k++) {
			int result = add_member(
				stems, take_track_segment(track, k).file, take_track_hash(track, k), e);
			if (result < 0)
				return result;
		}
	}
	return 0;
}

static void add_piece(struct stems *stems, uint64_t size, const char *path, size_t text)
{
	if (size == 0)
		return;
	stems->pieces[stems->piece_count++] = (struct piece){stems->size, size, path, text};
	stems->size += size;
}

static void lay_out(struct stems *stems, int64_t started_ns)
{
	size_t begun = 0;
	stems->pieces = memory_array(2 * stems->member_count + 1, sizeof(*stems->pieces));
	for (size_t i = 0; i < stems->member_count; i++, begun = stems->text.size) {
		struct zip_member *member = &stems->members[i];
		member->at = stems->size;
		zip_set_time(member, (time_t)(started_ns / CLOCK_NSEC_PER_SEC));
		zip_put_header(&stems->text, member);
		add_piece(stems, stems->text.size - begun, NULL, begun);
		add_piece(stems, member->size, member->name, 0);
	}
	zip_put_directory(&stems->text, stems->members, stems->member_count, stems->size, true);
	add_piece(stems, stems->text.size - begun, NULL, begun);
}

/* Its text has every name, length and CRC-32; the SHA-256 of the tracks make it strong. */
static int set_etag(struct stems *stems, const struct manifest *take, struct error *e)
{
	struct bytes all = {0};
	bytes_add(&all, stems->text.data, stems->text.size);
	for (size_t i = 0; i < take->track_count; i++) {
		for (size_t k = 0; k < take_track_files(&take->tracks[i]); k++)
			bytes_add_text(&all, take_track_hash(&take->tracks[i], k)->sha256);
	}
	struct hash hash;
	int result = hash_bytes(all.data, all.size, &hash, e);
	free(all.data);
	if (result == 0)
		snprintf(stems->etag, sizeof(stems->etag), "\"%s\"", hash.sha256);
	return result;
}

int stems_create(struct stems **stems, const char *takes, const char *id, struct error *e)
{
	struct manifest take = {0};
	struct stems *made = memory_new(sizeof(*made));
	made->fd = -1;
	int result = takefile_take(&take, &made->folder, takes, id, e);
	if (result == 0)
		result = add_members(made, &take, e);
	if (result == 0) {
		lay_out(made, take.started_ns);
		result = set_etag(made, &take, e);
		download_name(made->name, &take, "stems.zip");
	}
	manifest_finish(&take);
	if (result < 0)
		stems_destroy(made);
	else
		*stems = made;
	return result;
}

void stems_destroy(void *data)
{
	struct stems *stems = data;
	if (!stems)
		return;
	if (stems->fd >= 0)
		close(stems->fd);
	for (size_t i = 0; i < stems->member_count; i++)
		free(stems->members[i].name);
	free(stems->members);
	free(stems->pieces);
	free(stems->text.data);
	free(stems->folder);
	free(stems);
}

/* --- Reading --- */

/* The last piece that begins at or before `position`, which is within the archive. */
static size_t find_piece(const struct stems *stems, uint64_t position)
{
	size_t low = 0, high = stems->piece_count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (stems->pieces[middle].offset <= position)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int open_piece(struct stems *stems, size_t index)
{
	struct stat status;
	if (stems->fd >= 0 && stems->open_piece == index)
		return 0;
	if (stems->fd >= 0)
		close(stems->fd);
	stems->fd = file_open_beneath(stems->folder, stems->pieces[index].path, &status);
	if (stems->fd < 0)
		return stems->fd;
	stems->open_piece = index;
	return (uint64_t)status.st_size == stems->pieces[index].size ? 0 : -ESTALE;
}

/* Up to `size` bytes from `position` on: how many, 0 at the end, or negative errno for a file that is not
 * what the manifest says. */
static ssize_t read_pieces(struct stems *stems, uint64_t position, char *buffer, size_t size)
{
	if (position >= stems->size)
		return 0;
	size_t index = find_piece(stems, position);
	const struct piece *piece = &stems->pieces[index];
	uint64_t within = position - piece->offset;
	size_t count = piece->size - within < size ? (size_t)(piece->size - within) : size;
	if (!piece->path) {
		memcpy(buffer, stems->text.data + piece->text + within, count);
		return (ssize_t)count;
	}
	int result = open_piece(stems, index);
	if (result < 0)
		return result;
	ssize_t got = pread(stems->fd, buffer, count, (off_t)within);
	if (got < 0)
		return -errno;
	return got > 0 ? got : -ESTALE;
}

/* --- The answer --- */

struct stretch {
	struct stems *stems;
	uint64_t first;
};

static ssize_t read_stretch(void *data, uint64_t position, char *buffer, size_t size)
{
	const struct stretch *stretch = data;
	ssize_t got = read_pieces(stretch->stems, stretch->first + position, buffer, size);
	return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_stretch(void *data)
{
	struct stretch *stretch = data;
	stems_destroy(stretch->stems);
	free(stretch);
}

static struct MHD_Response *make_from_stems(void *data, uint64_t first, uint64_t count)
{
	struct stretch *stretch = memory_new(sizeof(*stretch));
	*stretch = (struct stretch){data, first};
	return MHD_create_response_from_callback(count, BLOCK_SIZE, read_stretch, stretch, free_stretch);
}

struct answer serve_stems(const struct request *request, struct stems *stems)
{
	struct content content = {.size = stems->size,
		.etag = stems->etag,
		.type = "application/zip",
		.name = stems->name,
		.make = make_from_stems,
		.drop = stems_destroy,
		.data = stems};
	return serve(request, &content);
}
