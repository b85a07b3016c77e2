/* The verbs that the world may ask for: one table of exact names and arguments for MQTT and HTTP alike. What
 * arrives is strict JSON: no duplicate members, nothing behind it, no member that the verb does not know. Any
 * thread. */
#ifndef WOODSHED_NETWORK_COMMANDS_H
#define WOODSHED_NETWORK_COMMANDS_H

#include "network/network.h"

#include <stddef.h>

#define COMMAND_SIZE_LIMIT ((size_t)64 * 1024)

/* Reads one JSON object of at most COMMAND_SIZE_LIMIT bytes. `*arguments` is a new reference. -EMSGSIZE or
 * -EINVAL. */
int command_load(const char *text, size_t size, json_t **arguments, struct error *e) MUST_CHECK;

/* Fills in what `verb` with `arguments` asks for; the texts in `command` live as long as `arguments`. A
 * member "transaction" is left to the caller. -ENOENT for an unknown verb, -EINVAL for arguments that do not
 * fit. */
int command_read(struct command *command, const char *verb, json_t *arguments, struct error *e) MUST_CHECK;

/* The same for a command of one argument that arrives as bare text (`session/set`, `marker/set`). Gives the
 * arguments that command_read takes, as a new reference; NULL if `text` is not UTF-8 or has a zero in it. */
json_t *command_argument(const char *name, const char *text, size_t size);

#endif
