/* One error convention: a function that can fail returns 0 (or a useful count) or a negative errno, and
 * fills in a `struct error` with the one line that a person will read. */
#ifndef WOODSHED_COMMON_ERROR_H
#define WOODSHED_COMMON_ERROR_H

#include <errno.h>

struct error {
	char text[512]; /* one line, no newline at its end */
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(text, args) __attribute__((format(printf, text, args)))

/* Writes the message and returns -code, so that `return error_set(e, EINVAL, …)` reads as it acts; never 0,
 * not even for an errno that somebody forgot to set. `e` may be NULL. Any thread; not RT safe. */
#define error_set(e, code, ...) error_negative(error_write(e, code, __VA_ARGS__))

/* The same, followed by ": " and what errno `code` means. `code` may have either sign. */
#define error_errno(e, code, ...) error_negative(error_write_errno(e, code, __VA_ARGS__))

/* Where every compiler and analyzer sees it: what went wrong is not taken for success. */
static inline int error_negative(int code)
{
	return code < 0 ? code : -EIO;
}

/* What the macros are made of: both return -|code|. */
int error_write(struct error *e, int code, const char *format, ...) PRINTF(3, 4);
int error_write_errno(struct error *e, int code, const char *format, ...) PRINTF(3, 4);

#endif
