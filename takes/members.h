/* Tables that tie the members of a struct to those of a JSON object: what manifest.c reads, writes and frees
 * take.json with. Strict: every member is there and of its type, and what is not says where it stands
 * ("tracks[2].frames"). Members that no table names are left alone, so a later format may add some. */
#ifndef WOODSHED_TAKES_MEMBERS_H
#define WOODSHED_TAKES_MEMBERS_H

#include "common/error.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum member_type {	/* in the struct                       in JSON */
	MEMBER_TEXT,	/* char *                              a string */
	MEMBER_ID,	/* char *                              a take's id */
	MEMBER_FLAG,	/* bool                                true or false */
	MEMBER_COUNT,	/* uint64_t                            a whole number from 0 */
	MEMBER_SPARE,	/* uint64_t                            the same, left out where 0 */
	MEMBER_LENGTH,	/* uint64_t, 0: not known              a whole number from 1, or null */
	MEMBER_INDEX,	/* int                                 a whole number from 1 */
	MEMBER_RATE,	/* uint32_t                            a whole number from 1 */
	MEMBER_FIGURE,	/* double, NAN: not known              a number or null, rounded to `decimals` */
	MEMBER_TIME,	/* int64_t, ns since 1970              RFC 3339 UTC */
	MEMBER_CHOICE,	/* an enum                             one of `choices` */
	MEMBER_DIGEST,	/* char [digits + 1], "": not known    `digits` lower-case hex digits, or null */
	MEMBER_TEXTS,	/* char ** and its count               a list of strings */
	MEMBER_NAME,	/* char *                              the name of a file within the take */
	MEMBER_OBJECTS, /* an array of structs and its count   a list of objects as `shape` says */
	MEMBER_TYPES,
};

struct shape;

struct member {
	const char *name;
	enum member_type type;
	bool optional; /* may be missing or null; an empty list of objects is left out */
	size_t offset;
	size_t count_offset; /* of the size_t beside an array */
	unsigned decimals, digits;
	const char *const *choices; /* NULL-terminated, in the order of the enum */
	const struct shape *shape;
};

struct shape {
	size_t size; /* of the struct */
	const struct member *members;
	size_t count;
};

/* A place in a document, for messages: a member of `in`, or its item `index` where there is no name. The
 * outermost place has the file's path as its name. */
struct place {
	const struct place *in;
	const char *name;
	size_t index;
};

/* Fills in the zeroed `data`. On failure it holds what was read so far, for shape_finish. */
int shape_read(const struct shape *shape, const json_t *object, void *data, const struct place *place,
	struct error *e) MUST_CHECK;

/* The object of `data`, in the table's order; the caller's reference. NULL when out of memory. */
json_t *shape_write(const struct shape *shape, const void *data);

/* Frees what the members own, not `data` itself. */
void shape_finish(const struct shape *shape, void *data);

#endif
