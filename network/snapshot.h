/* The newest JSON text of each thing that MQTT retains and HTTP serves. The control thread replaces, any
 * thread takes a reference; a text never changes once it is here. */
#ifndef WOODSHED_NETWORK_SNAPSHOT_H
#define WOODSHED_NETWORK_SNAPSHOT_H

#include <stddef.h>

enum snapshot_name {
	SNAPSHOT_INFO,
	SNAPSHOT_STATE,
	SNAPSHOT_HEALTH,
	SNAPSHOT_LATEST,
	SNAPSHOT_PROGRESS, /* of renders; HTTP alone */
	SNAPSHOT_NAMES
};

struct snapshot;
struct snapshots;

struct snapshots *snapshots_create(void);
void snapshots_destroy(struct snapshots *snapshots); /* NULL is fine; references may outlive it */

void snapshots_set(struct snapshots *snapshots, enum snapshot_name name, const char *text);

/* A reference to the newest text, or NULL if there was none yet. */
struct snapshot *snapshots_get(struct snapshots *snapshots, enum snapshot_name name);
void snapshot_release(void *data); /* NULL is fine */

const char *snapshot_text(const struct snapshot *snapshot, size_t *size);

#endif
