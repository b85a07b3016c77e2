/* The records of a ZIP archive of stored files (PKWARE's APPNOTE 6.3.9), for whoever writes one or makes it
 * up as it is read. Names are UTF-8 with slashes. Any thread. */
#ifndef WOODSHED_TAKES_ZIP_RECORDS_H
#define WOODSHED_TAKES_ZIP_RECORDS_H

#include "audio/bytes.h"

#include <stdbool.h>
#include <time.h>

struct zip_member {
	char *name;
	uint64_t at, size; /* where its local header begins; bytes of content */
	uint32_t crc;
	uint16_t dos_time, dos_date; /* zip_set_time */
	bool zip64; /* its figures stand in the ZIP64 part even where they would fit without */
};

/* The member was changed then, UTC; before 1980 there is no time in a ZIP archive, and 1980 stands for it. */
void zip_set_time(struct zip_member *member, time_t utc);

/* What stands before a member's content; `at` need not be known yet. */
void zip_put_header(struct bytes *to, const struct zip_member *member);

/* The archive's end, to stand at byte `at` of it: the directory of all members and the records that point to
 * it. With `zip64` they are there even where nothing needs them. */
void zip_put_directory(
	struct bytes *to, const struct zip_member *members, size_t count, uint64_t at, bool zip64);

#endif
