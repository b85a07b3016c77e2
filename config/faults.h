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
	int line, column; /* from 1, the column counting characters; 0: the file as a whole, told as 1:1 */
	char *text;	  /* "KEY: what is wrong; what is allowed" */
};

struct faults {
	char *file; /* as the user named it */
	struct fault *list;
	size_t count;
	size_t errors; /* that are no warnings, those not kept included */
	size_t more;   /* faults past FAULTS_MOST, counted but not kept */
	bool starved;  /* for want of memory, which is not the file's fault */
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

/* What loading the file comes to: 0 without errors, -ENOMEM where memory was wanting, else -EINVAL. */
int faults_result(const struct faults *faults) MUST_CHECK;

/* In the order of their place; the list is the caller's to free. */
const struct fault **faults_sorted(const struct faults *faults);

struct faults_style {
	bool source; /* show the line too, with a caret under the place */
	bool colour;
	int columns; /* of the terminal: longer lines are cut around the caret */
};

/* Prints each as `FILE:LINE:COLUMN: error: TEXT` (or `warning:`), in the order of their place. Control
 * characters never reach the stream. faults_print shows a terminal the lines too, in colour unless NO_COLOR
 * is set or it is a dumb one. */
void faults_print(const struct faults *faults, FILE *stream);
void faults_print_as(const struct faults *faults, const struct faults_style *style, FILE *stream);

/* The first error, in the same form and on one line, for logs, MQTT and HTTP. */
void faults_first(const struct faults *faults, struct error *e);

#endif
