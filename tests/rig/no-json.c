/* Preloaded, Jansson has no memory for a document, unless the program gave it a malloc of its own: then what this one
 * says no longer counts. Jansson does not tell a document that is broken from one that it had no room for. */
#include <jansson.h>
#include <stddef.h>

static void *none(size_t size)
{
	(void)size;
	return NULL;
}

static void leave(void *memory)
{
	(void)memory;
}

__attribute__((constructor)) static void take_memory(void)
{
	json_set_alloc_funcs(none, leave);
}
