/* A word of an order of sections: NAME; NAME#2 for the second time that a take has it; NAME@5-8 for its bars
 * 5 to 8, NAME@3 for one. Any thread. */
#ifndef WOODSHED_CONFIG_CHOICE_H
#define WOODSHED_CONFIG_CHOICE_H

#include "common/error.h"

struct section_choice {
	char name[65];
	int occurrence; /* from 1 */
	int from, to;	/* bars from 1, inclusive; 0: all */
};

/* 0, or -EINVAL for a word that has a # or @ with something else after it. */
int section_parse_choice(const char *word, struct section_choice *choice) MUST_CHECK;

#endif
