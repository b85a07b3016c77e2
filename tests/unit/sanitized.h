/* Whether a sanitizer looks on, which makes a long signal take up to fifteen times as long. It sees in a
 * short one what it can see at all; what only a long one shows, the build without it shows. */
#ifndef WOODSHED_TESTS_UNIT_SANITIZED_H
#define WOODSHED_TESTS_UNIT_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED 0
#endif

/* The number of a table's rows that are gone through. */
#define ROWS_TRIED(table) (SANITIZED ? 1 : sizeof(table) / sizeof((table)[0]))

#endif
