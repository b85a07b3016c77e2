#include "takes/zip-records.h"

#define TOO_LARGE UINT32_MAX /* stands where the figure is in the ZIP64 part */

enum {
	SIGNATURE_FILE = 0x04034b50,
	SIGNATURE_ENTRY = 0x02014b50,
	SIGNATURE_END = 0x06054b50,
	SIGNATURE_END64 = 0x06064b50,
	SIGNATURE_LOCATOR64 = 0x07064b50,
	VERSION = 45,		    /* of the format: ZIP64 */
	MADE_BY = 3 << 8 | VERSION, /* on Unix */
	UTF8_NAMES = 1 << 11,
	EXTRA_ZIP64 = 1,
	FIRST_YEAR = 1980,
	END64_REST = 44, /* of its record, after its size */
	MODE_FILE = 0100644,
};

void zip_set_time(struct zip_member *member, time_t utc)
{
	struct tm tm;
	gmtime_r(&utc, &tm);
	int year = tm.tm_year + 1900 - FIRST_YEAR;
	if (year < 0) {
		year = tm.tm_mon = tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		tm.tm_mday = 1;
	}
	member->dos_time = (uint16_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2);
	member->dos_date = (uint16_t)(year << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday);
}

static void put(struct bytes *to, uint64_t value, unsigned count)
{
	unsigned char all[8];
	for (unsigned i = 0; i < count; i++)
		all[i] = (unsigned char)(value >> (8 * i));
	bytes_add(to, all, count);
}

static bool is_large(const struct zip_member *member)
{
	return member->zip64 || member->size >= TOO_LARGE;
}

static bool is_far(const struct zip_member *member)
{
	return member->zip64 || member->at >= TOO_LARGE;
}

/* What the header of a member and its entry in the directory share, from the version that reads it on. */
static void put_common(struct bytes *to, const struct zip_member *member, unsigned extra)
{
	uint32_t size = is_large(member) ? TOO_LARGE : (uint32_t)member->size;
	put(to, VERSION, 2);
	put(to, UTF8_NAMES, 2);
	put(to, 0, 2); /* stored */
	put(to, member->dos_time, 2);
	put(to, member->dos_date, 2);
	put(to, member->crc, 4);
	put(to, size, 4);
	put(to, size, 4);
	put(to, strlen(member->name), 2);
	put(to, extra > 0 ? extra + 4 : 0, 2);
}

/* The extra field: sizes, place, or nothing at all. */
static void put_extra(struct bytes *to, const struct zip_member *member, unsigned extra)
{
	if (extra == 0)
		return;
	put(to, EXTRA_ZIP64, 2);
	put(to, extra, 2);
	for (int i = 0; is_large(member) && i < 2; i++)
		put(to, member->size, 8);
	if (extra % 16 != 0)
		put(to, member->at, 8);
}

void zip_put_header(struct bytes *to, const struct zip_member *member)
{
	unsigned extra = is_large(member) ? 16 : 0;
	put(to, SIGNATURE_FILE, 4);
	put_common(to, member, extra);
	bytes_add_text(to, member->name);
	put_extra(to, member, extra);
}

static void put_entry(struct bytes *to, const struct zip_member *member)
{
	unsigned extra = (is_large(member) ? 16U : 0) + (is_far(member) ? 8U : 0);
	put(to, SIGNATURE_ENTRY, 4);
	put(to, MADE_BY, 2);
	put_common(to, member, extra);
	put(to, 0, 2); /* no comment */
	put(to, 0, 2); /* of disk 0 */
	put(to, 0, 2); /* binary */
	put(to, (uint64_t)MODE_FILE << 16, 4);
	put(to, is_far(member) ? TOO_LARGE : member->at, 4);
	bytes_add_text(to, member->name);
	put_extra(to, member, extra);
}

static void put_end64(struct bytes *to, size_t count, uint64_t at, uint64_t size)
{
	put(to, SIGNATURE_END64, 4);
	put(to, END64_REST, 8);
	put(to, MADE_BY, 2);
	put(to, VERSION, 2);
	put(to, 0, 8); /* of disk 0, which has the directory too */
	put(to, count, 8);
	put(to, count, 8);
	put(to, size, 8);
	put(to, at, 8);
	put(to, SIGNATURE_LOCATOR64, 4);
	put(to, 0, 4);
	put(to, at + size, 8);
	put(to, 1, 4);
}

void zip_put_directory(
	struct bytes *to, const struct zip_member *members, size_t count, uint64_t at, bool zip64)
{
	size_t begun = to->size;
	for (size_t i = 0; i < count; i++)
		put_entry(to, &members[i]);
	uint64_t size = to->size - begun;
	zip64 = zip64 || at >= TOO_LARGE || size >= TOO_LARGE || count >= UINT16_MAX;
	if (zip64)
		put_end64(to, count, at, size);
	put(to, SIGNATURE_END, 4);
	put(to, 0, 4); /* of disk 0 */
	put(to, zip64 ? UINT16_MAX : count, 2);
	put(to, zip64 ? UINT16_MAX : count, 2);
	put(to, zip64 ? TOO_LARGE : size, 4);
	put(to, zip64 ? TOO_LARGE : at, 4);
	put(to, 0, 2);
}
