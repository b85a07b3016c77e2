#include "network/snapshot.h"

#include "common/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct snapshot {
	_Atomic unsigned references;
	size_t size;
	char text[];
};

struct snapshots {
	pthread_mutex_t lock; /* guards newest */
	struct snapshot *newest[SNAPSHOT_NAMES];
};

struct snapshots *snapshots_create(void)
{
	struct snapshots *snapshots = memory_new(sizeof(*snapshots));
	pthread_mutex_init(&snapshots->lock, NULL);
	return snapshots;
}

void snapshots_destroy(struct snapshots *snapshots)
{
	if (!snapshots)
		return;
	for (int i = 0; i < SNAPSHOT_NAMES; i++)
		snapshot_release(snapshots->newest[i]);
	pthread_mutex_destroy(&snapshots->lock);
	free(snapshots);
}

void snapshots_set(struct snapshots *snapshots, enum snapshot_name name, const char *text)
{
	size_t size = strlen(text);
	struct snapshot *made = memory_new(sizeof(*made) + size + 1);
	atomic_init(&made->references, 1);
	made->size = size;
	memcpy(made->text, text, size);
	pthread_mutex_lock(&snapshots->lock);
	struct snapshot *old = snapshots->newest[name];
	snapshots->newest[name] = made;
	pthread_mutex_unlock(&snapshots->lock);
	snapshot_release(old);
}

struct snapshot *snapshots_get(struct snapshots *snapshots, enum snapshot_name name)
{
	pthread_mutex_lock(&snapshots->lock);
	struct snapshot *snapshot = snapshots->newest[name];
	if (snapshot)
		atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	pthread_mutex_unlock(&snapshots->lock);
	return snapshot;
}

void snapshot_release(void *data)
{
	struct snapshot *snapshot = data;
	if (snapshot && atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1)
		free(snapshot);
}

const char *snapshot_text(const struct snapshot *snapshot, size_t *size)
{
	*size = snapshot->size;
	return snapshot->text;
}
