#include "takes/recovery.h"

#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/describe.h"
#include "takes/edit.h"
#include "takes/lock.h"
#include "takes/mend.h"
#include "takes/take.h"

#include <jansson.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct visit {
	const struct recovery *recovery;
	const char *id;
	char *folder;
	struct manifest take;
};

/* ---- what was never finished ---- */

/* mkostemp's suffix after the name of a file that is replaced as one. */
static bool is_temporary(const char *name)
{
	static const char *const replaced[] = {"take.json.", "session.yaml.", "report.json."};
	for (size_t i = 0; i < sizeof(replaced) / sizeof(replaced[0]); i++) {
		size_t length = strlen(replaced[i]);
		if (strncmp(name, replaced[i], length) == 0 && strlen(name) == length + strlen("XXXXXX"))
			return true;
	}
	size_t length = strlen(name), suffix = strlen(".new");
	if (strcmp(name, TAKE_RESERVE) == 0)
		return true;
	return length > suffix && strcmp(name + length - suffix, ".new") == 0;
}

/* Files that would have taken another's place once they were whole. */
static void remove_leftovers(const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (!is_temporary(entry->d_name))
			continue;
		char *path = file_join(folder, entry->d_name);
		if (unlink(path) == 0)
			log_info("%s: never finished, removed", path);
		free(path);
	}
	closedir(dir);
}

/* ---- one take ---- */

static void report(struct visit *visit, enum recovery_outcome outcome, const char *error)
{
	const struct recovery_report text = {.outcome = outcome,
		.id = visit->id,
		.folder = visit->folder,
		.take = error ? NULL : &visit->take,
		.error = error};
	visit->recovery->report(visit->recovery->data, &text);
}

static int make_whole(struct visit *visit, struct error *e)
{
	struct manifest *take = &visit->take;
	int result = mend_take(take, visit->folder, visit->recovery->stop, e);
	if (result < 0)
		return result;
	take->state = take->frames > 0 ? TAKE_RECORDED : TAKE_FAILED;
	take->recovered = true;
	result = take_save(take, visit->folder, e);
	if (result == 0)
		report(visit, RECOVERY_RECOVERED, NULL);
	return result;
}

/* The render may have replaced files of which the manifest still tells what they were. */
static void drop_stale_renders(struct manifest *take, const char *folder)
{
	size_t kept = 0;
	for (size_t i = 0; i < take->render_count; i++) {
		struct take_render *render = &take->renders[i];
		char *path = file_join(folder, render->file);
		struct hash hash;
		struct error e;
		bool same = hash_file(path, &hash, &e) == 0 && strcmp(hash.sha256, render->hash.sha256) == 0;
		free(path);
		if (same)
			take->renders[kept++] = *render;
		else
			free(render->file);
	}
	take->render_count = kept;
}

static int put_back(struct visit *visit, struct error *e)
{
	drop_stale_renders(&visit->take, visit->folder);
	visit->take.state = TAKE_RECORDED;
	int result = take_save(&visit->take, visit->folder, e);
	if (result == 0)
		report(visit, RECOVERY_UNRENDERED, NULL);
	return result;
}

/* A manifest that is no JSON was torn by something else than a power cut, for it is replaced as one; a whole
 * one that says what nobody here understands is left to who does. */
static bool is_torn(const char *folder)
{
	char *path = file_join(folder, "take.json"), *text = NULL;
	size_t size;
	json_t *root = NULL;
	bool torn = file_read(path, SIZE_MAX, &text, &size, NULL) == 0 &&
		    !(root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL));
	free(text);
	if (torn) {
		char *kept = memory_format("%s.damaged", path);
		torn = rename(path, kept) == 0;
		free(kept);
	}
	json_decref(root);
	free(path);
	return torn;
}

/* 0, -ENOENT where the folder has nothing of a take, or what is wrong with it. */
static int load(struct visit *visit, struct error *e)
{
	int result = manifest_load(&visit->take, visit->folder, e);
	if (result != -ENOENT && (result != -EBADMSG || !is_torn(visit->folder)))
		return result;
	struct error none;
	int described = describe_take(&visit->take, visit->folder, visit->id, &none);
	if (described == 0) {
		log_warning("%s; told anew from the raw files, and kept", e->text);
		visit->take.keep = true; /* it may have been, and nobody can tell any more */
	}
	return described < 0 && result == -EBADMSG ? result : described;
}

static int recover_take(struct visit *visit, struct error *e)
{
	remove_leftovers(visit->folder);
	char *raw = file_join(visit->folder, "raw");
	remove_leftovers(raw);
	free(raw);
	int result = load(visit, e);
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	if (visit->take.state == TAKE_RECORDING)
		result = make_whole(visit, e);
	else if (visit->take.state == TAKE_RENDERING)
		result = put_back(visit, e);
	manifest_finish(&visit->take);
	return result;
}

/* 0, 1 for a take that could not be recovered, or -ECANCELED. */
static int visit_take(const struct recovery *recovery, const char *id, struct error *e)
{
	struct visit visit = {.recovery = recovery, .id = id, .folder = file_join(recovery->takes, id)};
	int lock = take_lock(visit.folder, e);
	/* Busy: it is in good hands. A file with a take's name is no take. */
	int result = lock == -EBUSY || lock == -ENOTDIR || lock == -ENOENT ? 0 : lock;
	if (lock >= 0) {
		result = recover_take(&visit, e);
		close(lock);
	}
	if (result < 0 && result != -ECANCELED) {
		log_error("%s", e->text);
		report(&visit, RECOVERY_FAILED, e->text);
		result = 1;
	}
	free(visit.folder);
	return result;
}

/* ---- all of them ---- */

static int is_take_name(const struct dirent *entry)
{
	return take_id_valid(entry->d_name);
}

int recovery_run(const struct recovery *recovery, struct error *e)
{
	struct dirent **names = NULL;
	int count = scandir(recovery->takes, &names, is_take_name, versionsort);
	if (count < 0)
		return errno == ENOENT ? 0 : error_errno(e, errno, "%s", recovery->takes);
	int failed = 0;
	for (int i = 0; i < count; i++) {
		if (recovery->only && strcmp(names[i]->d_name, recovery->only) != 0) {
			free(names[i]);
			continue;
		}
		bool stop = recovery->stop && atomic_load(recovery->stop);
		int result = failed < 0 || stop ? 0 : visit_take(recovery, names[i]->d_name, e);
		if (stop)
			result = -ECANCELED;
		failed = result < 0 ? result : failed < 0 ? failed : failed + result;
		free(names[i]);
	}
	free(names);
	return failed;
}
