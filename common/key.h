/* A table of keys describes a C struct as people write it in YAML: the name, type, unit, range, default and
 * help of every member, and where the member is. One such table serves the loader, `woodshed check`, the JSON
 * Schema, the reference page and `woodshed processors`; nothing about a key is written down twice. */
#ifndef WOODSHED_COMMON_KEY_H
#define WOODSHED_COMMON_KEY_H

#include "common/units.h"

#include <stdbool.h>
#include <stddef.h>

enum key_type {	     /* the member is …                            and is written as … */
	KEY_NUMBER,  /* double                                      a value of `unit` */
	KEY_INTEGER, /* int                                         a whole number of `unit` */
	KEY_FLAG,    /* bool                                        true or false */
	KEY_CHOICE,  /* int, an index into `choices`                one of `choices` */
	KEY_TEXT,    /* char *                                      any text */
	KEY_NAME,    /* char *                                      [a-z0-9-]+ */
	KEY_RECORD,  /* the struct that `record` describes          a mapping */
	KEY_RECORDS, /* struct key_list of `record`'s structs       a list of mappings */
	/* struct key_list of `record`'s structs, whose first member is the name: a mapping of names to
	 * mappings, or to a single value, which is the second member's */
	KEY_MAP,
	KEY_TEXTS,   /* struct key_list of char *                   a text or a list of texts */
	KEY_CHOICES, /* unsigned, bit i set for choices[i]          a list of `choices` */
	KEY_LEVELS,  /* struct key_list of struct key_level         a mapping of names to values of `unit` */
	KEY_CHAIN,   /* struct key_list of struct key_insert        a list of {processor: {settings}} */
	KEY_LATER,   /* nothing                                     a key to come: a warning says so */
};

struct record;

/* What a text must be to be one of its kind, where not every text is. */
struct text_form {
	const char *what;    /* "meter" */
	const char *allowed; /* "beats over a note, such as 4/4 or 6/8" */
	const char *pattern; /* the same for editors, as a regular expression of ECMA 262; may allow more */
	bool (*fits)(const char *text);
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset;	    /* of the member in its struct */
	double bare_scale;  /* what a bare number counts in, in base units; 0 means 1 */
	double least, most; /* of numbers, inclusive; both 0: no limit. `most` of texts: the longest, in
			     * bytes; of lists: how many items */
	double step;	    /* of numbers: only `least` and whole steps above it; 0: any */
	/* The default as one would write it; NULL: 0, false, the first choice, or empty. "" is for who must
	 * know whether it was given: NAN of a KEY_NUMBER, -1 of a KEY_CHOICE. */
	const char *fallback;
	const char *const *choices; /* NULL-terminated */
	const char *const *later;   /* the same: choices to come; a warning says so, and they are left out */
	const struct record *record;
	const struct text_form *form;	    /* of texts: NULL: any text */
	const char *(*offer)(size_t index); /* of texts: names that an editor may offer; NULL past the last */
	enum unit unit;
	bool required;
	bool automatic;	  /* of KEY_NUMBER: "auto" may be written too, and is NAN */
	bool absent;	  /* of KEY_RECORD: it was not given where the first of its keys, a text, is NULL */
	bool track;	  /* of texts: the name of a track of the session */
	bool unused;	  /* checked and kept, but nothing does anything with it yet: a warning says so */
	const char *help; /* one sentence */
};

struct record {
	const char *name;
	const char *help;
	size_t size; /* of the struct */
	const struct key *keys;
	size_t key_count;
};

/* The records that a chain may name: the rooms that own the processors hand theirs in. */
struct record_table {
	const struct record *const *records;
	size_t count;
	const char *const *later; /* names to come, NULL-terminated (those of `records` may be among them): a
				   * warning says so, and they are left out of the chain; NULL: none */
};

/* A list in a loaded struct: `count` items of the size that the key's type says, owned by the struct. `items`
 * is NULL only where the file does not give the list; one that is given and empty has some. */
struct key_list {
	void *items;
	size_t count;
};

struct key_level {
	char *name;
	double value;
};

/* One processor in a chain. `settings` is a struct as `type` describes it. */
struct key_insert {
	const struct record *type;
	void *settings;
	bool bypass;
	int line, column; /* in the file, for later messages */
};

#define KEY_COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
