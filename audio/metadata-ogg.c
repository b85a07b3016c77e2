#include "audio/bytes.h"
#include "audio/metadata.h"
#include "common/file.h"

#include <errno.h>
#include <stdbool.h>

/* An Ogg page (RFC 3533, 6): 27 bytes, a table of segments, the segments. */
enum {
	HEADER = 27,
	FLAGS = 5,
	GRANULE = 6,
	SERIAL = 14,
	SEQUENCE = 18,
	CHECKSUM = 22,
	SEGMENTS = 26,
	CONTINUED = 1,
	FIRST = 2,
	SEGMENT_MOST = 255,
	PACKETS_MOST = 3,
	FILE_MOST = 1 << 30,
	STREAM_SERIAL = 1,
};

struct page {
	const unsigned char *data;
	size_t size, header; /* header: with the table */
};

struct ogg {
	const unsigned char *data;
	size_t size, at;
	struct bytes packets[PACKETS_MOST];
	size_t packet_count, wanted;
	struct bytes out;
	uint32_t sequence;
};

static uint32_t checksum(const unsigned char *data, size_t size)
{
	uint32_t crc = 0;
	for (size_t i = 0; i < size; i++) {
		crc ^= (uint32_t)data[i] << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x80000000U ? crc << 1 ^ 0x04c11db7U : crc << 1;
	}
	return crc;
}

static void put_le32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get_le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool next_page(struct ogg *ogg, struct page *page)
{
	const unsigned char *data = ogg->data + ogg->at;
	size_t left = ogg->size - ogg->at;
	if (left < HEADER || memcmp(data, "OggS", 4) != 0 || left < (size_t)HEADER + data[SEGMENTS])
		return false;
	*page = (struct page){data, HEADER + (size_t)data[SEGMENTS], HEADER + (size_t)data[SEGMENTS]};
	for (size_t i = 0; i < data[SEGMENTS]; i++)
		page->size += data[HEADER + i];
	ogg->at += page->size;
	return page->size <= left;
}

/* The header packets; the last of them ends its page. */
static bool read_headers(struct ogg *ogg)
{
	struct page page;
	ogg->wanted = 2;
	while (ogg->packet_count < ogg->wanted && next_page(ogg, &page)) {
		const unsigned char *from = page.data + page.header;
		for (size_t i = 0; i < page.data[SEGMENTS]; i++) {
			unsigned char size = page.data[HEADER + i];
			if (ogg->packet_count == ogg->wanted)
				return false;
			bytes_add(&ogg->packets[ogg->packet_count], from, size);
			from += size;
			ogg->packet_count += size < SEGMENT_MOST;
		}
		if (ogg->packets[0].size > 7 && memcmp(ogg->packets[0].data, "\x01vorbis", 7) == 0)
			ogg->wanted = 3;
		else if (ogg->packets[0].size < 8 || memcmp(ogg->packets[0].data, "OpusHead", 8) != 0)
			return false;
	}
	return ogg->packet_count == ogg->wanted;
}

static void put_page(struct ogg *ogg, const unsigned char *page, size_t size)
{
	size_t at = ogg->out.size;
	bytes_add(&ogg->out, page, size);
	unsigned char *made = ogg->out.data + at;
	put_le32(made + SERIAL, STREAM_SERIAL);
	put_le32(made + SEQUENCE, ogg->sequence++);
	put_le32(made + CHECKSUM, 0);
	put_le32(made + CHECKSUM, checksum(made, size));
}

/* One page of at most 255 segments of `packets`, from `*at` on in all their bytes together. `lengths` ends
 * each packet with a segment shorter than 255. */
static void put_segments(struct ogg *ogg, const unsigned char *lengths, size_t count,
	const unsigned char *data, unsigned char flags)
{
	unsigned char head[HEADER] = "OggS";
	bool ends = false;
	struct bytes page = {0};
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		ends = ends || lengths[i] < SEGMENT_MOST;
		size += lengths[i];
	}
	head[FLAGS] = flags;
	memset(head + GRANULE, ends ? 0 : 0xff, 8);
	head[SEGMENTS] = (unsigned char)count;
	bytes_add(&page, head, HEADER);
	bytes_add(&page, lengths, count);
	bytes_add(&page, data, size);
	put_page(ogg, page.data, page.size);
	free(page.data);
}

static void put_packets(struct ogg *ogg, size_t from, size_t to, unsigned char flags)
{
	struct bytes lengths = {0}, data = {0};
	for (size_t i = from; i < to; i++) {
		size_t left = ogg->packets[i].size;
		bytes_add(&data, ogg->packets[i].data, left);
		for (bool last = false; !last; left -= last ? 0 : SEGMENT_MOST) {
			last = left < SEGMENT_MOST;
			unsigned char length = last ? (unsigned char)left : SEGMENT_MOST;
			bytes_add(&lengths, &length, 1);
		}
	}
	const unsigned char *at = data.data;
	for (size_t done = 0, n; done < lengths.size; done += n) {
		n = lengths.size - done < SEGMENT_MOST ? lengths.size - done : SEGMENT_MOST;
		bool continued = done > 0 && lengths.data[done - 1] == SEGMENT_MOST;
		put_segments(ogg, lengths.data + done, n, at, continued ? CONTINUED : flags);
		for (size_t i = 0; i < n; i++)
			at += lengths.data[done + i];
	}
	free(lengths.data);
	free(data.data);
}

/* ---- the comment header ---- */

static void add_base64(struct bytes *to, const unsigned char *data, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < size; i += 3) {
		uint32_t word = (uint32_t)data[i] << 16;
		word |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
		word |= i + 2 < size ? (uint32_t)data[i + 2] : 0;
		char four[] = {digits[word >> 18], digits[word >> 12 & 63],
			i + 1 < size ? digits[word >> 6 & 63] : '=', i + 2 < size ? digits[word & 63] : '='};
		bytes_add(to, four, 4);
	}
}

/* The body of a FLAC picture block: a front cover of unknown size in pixels. */
static void add_picture(struct bytes *to, const struct picture *picture)
{
	struct bytes block = {0}, text = {0};
	bytes_add_be32(&block, 3);
	bytes_add_be32(&block, (uint32_t)strlen(picture->mime));
	bytes_add_text(&block, picture->mime);
	for (int i = 0; i < 5; i++)
		bytes_add_be32(&block, 0);
	bytes_add_be32(&block, (uint32_t)picture->size);
	bytes_add(&block, picture->data, picture->size);
	bytes_add_text(&text, "METADATA_BLOCK_PICTURE=");
	add_base64(&text, block.data, block.size);
	bytes_add_le32(to, (uint32_t)text.size);
	bytes_add(to, text.data, text.size);
	free(block.data);
	free(text.data);
}

/* Keeps the encoder's name. */
static bool make_comments(struct ogg *ogg, const struct metadata *m)
{
	bool vorbis = ogg->wanted == 3;
	size_t magic = vorbis ? 7 : 8;
	struct bytes made = {0}, *old = &ogg->packets[1];
	if (old->size < magic + 4 || old->size - magic - 4 < get_le32(old->data + magic))
		return false;
	bytes_add(&made, old->data, magic + 4 + get_le32(old->data + magic));
	bytes_add_le32(&made, (uint32_t)(m->tag_count + (m->picture ? 1 : 0)));
	for (size_t i = 0; i < m->tag_count; i++) {
		size_t name = strlen(m->tags[i].name), value = strlen(m->tags[i].value);
		bytes_add_le32(&made, (uint32_t)(name + 1 + value));
		bytes_add_text(&made, m->tags[i].name);
		bytes_add_text(&made, "=");
		bytes_add_text(&made, m->tags[i].value);
	}
	if (m->picture)
		add_picture(&made, m->picture);
	if (vorbis)
		bytes_add(&made, "\x01", 1);
	free(old->data);
	*old = made;
	return true;
}

static bool rewrite(struct ogg *ogg, const struct metadata *m)
{
	if (!read_headers(ogg) || !make_comments(ogg, m))
		return false;
	put_packets(ogg, 0, 1, FIRST);
	put_packets(ogg, 1, ogg->wanted, 0);
	struct page page;
	while (ogg->at < ogg->size) {
		if (!next_page(ogg, &page))
			return false;
		put_page(ogg, page.data, page.size);
	}
	return true;
}

int metadata_write_ogg(const char *path, const struct metadata *metadata, struct error *e)
{
	char *data;
	size_t size;
	int result = file_read(path, FILE_MOST, &data, &size, e);
	if (result < 0)
		return result;
	struct ogg ogg = {.data = (const unsigned char *)data, .size = size};
	if (rewrite(&ogg, metadata))
		result = file_replace(path, ogg.out.data, ogg.out.size, e);
	else
		result = error_set(e, EBADMSG, "%s: no Ogg Vorbis or Opus file", path);
	for (size_t i = 0; i < PACKETS_MOST; i++)
		free(ogg.packets[i].data);
	free(ogg.out.data);
	free(data);
	return result;
}
