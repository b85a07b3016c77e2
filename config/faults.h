/* Everything that is wrong with a file, in one go: each fault located to the line and column of the very
 * value. Warnings do not fail. */
#ifndef WOODSHED_CONFIG_FAULTS_H
#define WOODSHED_CONFIG_FAULTS_H

#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct fault {
	bool warning;
	int line, column; /* from 1; 0: the file as a whole */
	char *text;	  /* "KEY: what is wrong; what is allowed" */
};

struct faults {
	char *file; /* as the user named it */
	struct fault *list;
	size_t count;
	size_t errors; /* that are no warnings, those not kept included */
	size_t more;   /* faults past FAULTS_MOST, counted but not kept */
	char *source;  /* the file's text, where it was read; owned */
	/* Of the files that this one draws on (presets), each with its own name and text; owned. */
	struct faults *others;
	size_t other_count;
};

/* A file that is wrong everywhere must not fill the memory with it. */
#define FAULTS_MOST 1000

void faults_init(struct faults *faults, const char *file);
void faults_finish(struct faults *faults); /* a zeroed value is fine */
void faults_add(struct faults *faults, int line, int column, const char *format, ...) PRINTF(4, 5);
void faults_warn(struct faults *faults, int line, int column, const char *format, ...) PRINTF(4, 5);

/* Makes the faults of another file, one that this one draws on, part of `faults`: its errors count here too,
 * and it is printed after what is wrong here. Takes over what `other` owns and leaves it zeroed. A file
 * without faults, or one that is there already, is dropped. */
void faults_join(struct faults *faults, struct faults *other);

/* Prints each as `FILE:LINE:COLUMN: error: TEXT` (or `warning:`; without LINE:COLUMN for the file as a
 * whole), in the order of their place. A terminal is also shown the line and a caret, in colour unless
 * NO_COLOR is set. Control characters never reach the stream. */
void faults_print(const struct faults *faults, FILE *stream);

/* The first error, in the same form and on one line, for logs, MQTT and HTTP. */
void faults_first(const struct faults *faults, struct error *e);

#endif
