/* Preloaded, one allocation of a program fails: NO_MEMORY=n is its number, from 0. With NO_MEMORY_LOG=FILE,
 * each one's number and a figure of who asks for it (of the call's stack) are written there, two 64-bit
 * integers each: a program that asks in a loop is at the same place each time, and one of them is enough.
 * tests/crash/memory.py. */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What glibc's own functions of these names call. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { DEPTH = 14, OWN = 2 };

static _Atomic uint64_t asked;
static uint64_t failing = UINT64_MAX;
static int log_fd = -1;
static bool ready;
static _Thread_local bool inside; /* what is asked for here does not count */

__attribute__((constructor)) static void start(void)
{
	const char *number = getenv("NO_MEMORY"), *path = getenv("NO_MEMORY_LOG");
	void *stack[DEPTH];
	inside = true;
	backtrace(stack, DEPTH); /* loads what it needs */
	if (number)
		failing = strtoull(number, NULL, 10);
	if (path)
		log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	inside = false;
	ready = true;
}

/* Not inlined: the stack shall have as many frames of ours each time. */
__attribute__((noinline)) static bool fails(void)
{
	if (!ready || inside)
		return false;
	uint64_t number = atomic_fetch_add(&asked, 1), record[] = {number, 14695981039346656037U};
	if (log_fd >= 0) {
		void *stack[DEPTH];
		inside = true;
		int depth = backtrace(stack, DEPTH);
		for (int i = OWN; i < depth; i++)
			record[1] = (record[1] ^ (uintptr_t)stack[i]) * 1099511628211U;
		if (write(log_fd, record, sizeof(record)) != sizeof(record))
			abort();
		inside = false;
	}
	if (number == failing)
		errno = ENOMEM;
	return number == failing;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}

void *reallocarray(void *memory, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes) || fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	void *made = fails() ? NULL : __libc_memalign(alignment, size);
	if (!made)
		return ENOMEM;
	*memory = made;
	return 0;
}
