#include "common/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Atomic int limit = LOG_LEVEL_INFO;

static const char *word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARNING:
		return "warning: ";
	case LOG_LEVEL_DEBUG:
		return "debug: ";
	case LOG_LEVEL_INFO:
		break;
	}
	return "";
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&limit, (int)level, memory_order_relaxed);
}

void log_write(enum log_level level, const char *format, ...)
{
	if ((int)level > atomic_load_explicit(&limit, memory_order_relaxed))
		return;
	char line[1024];
	/* systemd sets JOURNAL_STREAM for the units whose stderr goes to the journal (sd-daemon(3)). */
	int n = getenv("JOURNAL_STREAM") ? snprintf(line, sizeof(line), "<%d>", (int)level)
					 : snprintf(line, sizeof(line), "woodshed: %s", word(level));
	va_list args;
	va_start(args, format);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	size_t length = (size_t)n + (m > 0 ? (size_t)m : 0);
	if (length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	/* One write, so that lines of several threads do not mix. */
	ssize_t written = write(STDERR_FILENO, line, length);
	(void)written;
}
