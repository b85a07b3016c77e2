/* One error convention: a function that can fail returns 0 (or a useful count) or a negative errno, and
 * fills in a `struct error` with the one line that a person will read. */
#ifndef WOODSHED_COMMON_ERROR_H
#define WOODSHED_COMMON_ERROR_H

struct error {
	char text[512]; /* one line, no newline at its end */
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(text, args) __attribute__((format(printf, text, args)))

/* Writes the message and returns -code, so that `return error_set(e, EINVAL, …)` reads as it acts.
 * `e` may be NULL. Any thread; not RT safe. */
int error_set(struct error *e, int code, const char *format, ...) PRINTF(3, 4);

/* The same, followed by ": " and what errno `code` means. `code` may have either sign. */
int error_errno(struct error *e, int code, const char *format, ...) PRINTF(3, 4);

#endif
