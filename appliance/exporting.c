#include "appliance/exporting.h"

#include "appliance/exported-stems.h"
#include "appliance/moments.h"
#include "appliance/sessions.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "takes/export.h"
#include "takes/zip.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AUDIO "audio"

/* Everything that one export holds. */
struct export_job {
	struct exporting *asked;
	struct manifest take;
	struct loaded_session session;
	struct stems stems;
	struct grid grid;
	json_t *report; /* of the last render; NULL: there is none */
	char *name;	/* of the project's files, without an ending */
	char date[CLOCK_RFC3339_SIZE];
	struct export_project project;
};

static const char *const names[EXPORT_FORMS] = {"wav", "reaper", "audacity", "dawproject", "cue"};

const char *export_form_name(enum export_form form)
{
	return names[form];
}

enum export_form export_form_of(const char *name)
{
	int form = 0;
	while (form < EXPORT_FORMS && strcmp(name, names[form]) != 0)
		form++;
	return (enum export_form)form;
}

/* ---- what is told of the take ---- */

/* The fader that automatic balance found; as recorded where nothing was rendered yet. */
static double found_gain_db(const struct export_job *job, const char *track)
{
	size_t index;
	json_t *object;
	json_array_foreach(json_object_get(job->report, "tracks"), index, object)
	{
		const char *name = json_string_value(json_object_get(object, "name"));
		json_t *gain = json_object_get(object, "gain_db");
		if (name && strcmp(name, track) == 0 && json_is_number(gain))
			return json_number_value(gain);
	}
	return 0;
}

static bool any_solo(const struct session *session)
{
	const struct track_config *tracks = session->tracks.items;
	for (size_t i = 0; i < session->tracks.count; i++)
		if (tracks[i].solo)
			return true;
	return false;
}

static void describe_tracks(struct export_job *job)
{
	const struct session *session = &job->session.session;
	const struct track_config *tracks = session->tracks.items;
	const char *folder = job->asked->form == EXPORT_WAV ? "" : AUDIO;
	bool solo = any_solo(session);
	job->project.tracks = memory_array(job->stems.count, sizeof(*job->project.tracks));
	for (size_t i = 0; i < job->stems.count; i++) {
		char *name = exported_stem_name(session, i);
		double gain_db =
			isnan(tracks[i].gain_db) ? found_gain_db(job, tracks[i].name) : tracks[i].gain_db;
		job->project.tracks[job->project.track_count++] =
			(struct export_track){.name = tracks[i].name,
				.role = tracks[i].role,
				.file = folder[0] ? memory_format("%s/%s", folder, name) : memory_text(name),
				.channels = job->stems.list[i].reel.channels,
				.gain_db = gain_db + tracks[i].trim_db,
				.pan = isnan(tracks[i].pan) ? 0 : tracks[i].pan,
				.mute = tracks[i].mute || (solo && !tracks[i].solo)};
		free(name);
	}
}

/* The title as a file's name: what no file system minds. */
static char *file_name_of(const char *title)
{
	char *name = memory_text(title);
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || strchr("/\\:*?\"<>|", *c))
			*c = '-';
	if (name[0] == '.' || name[0] == '\0')
		name[0] = name[0] ? '-' : '\0';
	return name;
}

static void describe(struct export_job *job)
{
	const struct session *session = &job->session.session;
	const struct manifest *take = &job->take;
	const char *title = take->title ? take->title : session->song.title;
	clock_rfc3339(take->started_ns, job->date)[strlen("2026-11-22")] = '\0';
	job->project.title = title && title[0] ? title : take->id;
	job->project.artist = take->artist ? take->artist : session->song.artist;
	job->project.genre = session->song.genre;
	job->project.date = job->date;
	job->project.rate = take->rate;
	job->project.frames = take->frames;
	job->name = file_name_of(job->project.title);
	grid_make(&job->grid, session, false);
	export_add_times(&job->project, take, &job->grid);
	describe_tracks(job);
}

/* ---- files ---- */

static char *project_path(const struct export_job *job, const char *ending)
{
	char *name = memory_format("%s%s", job->name, ending);
	char *path = file_join(job->asked->out, name);
	free(name);
	return path;
}

/* Nothing is replaced unless that was asked for. */
static int refuse(const struct export_job *job, const char *path, struct error *e)
{
	struct stat status;
	if (job->asked->force || lstat(path, &status) < 0)
		return 0;
	return error_set(e, EEXIST, "%s is there already; --force replaces it", path);
}

static int refuse_project(const struct export_job *job, const char *ending, struct error *e)
{
	char *path = project_path(job, ending);
	int result = refuse(job, path, e);
	free(path);
	return result;
}

static int refuse_stems(const struct export_job *job, struct error *e)
{
	int result = 0;
	for (size_t i = 0; i < job->project.track_count && result == 0; i++) {
		char *path = file_join(job->asked->out, job->project.tracks[i].file);
		result = refuse(job, path, e);
		free(path);
	}
	return result;
}

static void tell_made(const struct export_job *job, const char *path)
{
	if (job->asked->made)
		job->asked->made(job->asked->data, path);
}

static int write_stems(struct export_job *job, const char *folder, struct error *e)
{
	return exported_stems_write(
		&job->stems, folder, job->asked->jobs, job->asked->progress, job->asked->data, e);
}

/* Takes over `text`. */
static int write_text(const struct export_job *job, const char *ending, char *text, struct error *e)
{
	char *path = project_path(job, ending);
	int result = file_replace(path, text, strlen(text), e);
	if (result == 0)
		tell_made(job, path);
	free(path);
	free(text);
	return result;
}

static int export_stems(struct export_job *job, struct error *e)
{
	char *folder = job->asked->form == EXPORT_WAV ? memory_text(job->asked->out)
						      : file_join(job->asked->out, AUDIO);
	int result = write_stems(job, folder, e);
	for (size_t i = 0; i < job->project.track_count && result == 0; i++) {
		char *path = file_join(job->asked->out, job->project.tracks[i].file);
		tell_made(job, path);
		free(path);
	}
	free(folder);
	return result;
}

/* ---- the forms ---- */

static int export_wav(struct export_job *job, struct error *e)
{
	int result = refuse_stems(job, e);
	return result == 0 ? export_stems(job, e) : result;
}

static int export_to_reaper(struct export_job *job, struct error *e)
{
	int result = refuse_project(job, ".RPP", e);
	if (result == 0)
		result = export_wav(job, e);
	return result == 0 ? write_text(job, ".RPP", export_reaper(&job->project), e) : result;
}

static int export_to_audacity(struct export_job *job, struct error *e)
{
	int result = refuse_project(job, ".txt", e);
	if (result == 0)
		result = refuse_project(job, ".lof", e);
	if (result == 0)
		result = export_wav(job, e);
	if (result == 0)
		result = write_text(job, ".txt", export_labels(&job->project), e);
	return result == 0 ? write_text(job, ".lof", export_list(&job->project), e) : result;
}

static int zip_text(struct zip *zip, const char *name, char *text, struct error *e)
{
	int result = zip_add(zip, name, text, strlen(text), e);
	free(text);
	return result;
}

static int fill_zip(struct export_job *job, struct zip *zip, const char *scratch, struct error *e)
{
	int result = zip_text(zip, "metadata.xml", export_dawproject_metadata(&job->project), e);
	if (result == 0)
		result = zip_text(zip, "project.xml", export_dawproject(&job->project), e);
	for (size_t i = 0; i < job->project.track_count && result == 0; i++) {
		const char *file = job->project.tracks[i].file;
		char *path = file_join(scratch, strrchr(file, '/') + 1);
		result = zip_add_file(zip, file, path, e);
		unlink(path);
		free(path);
	}
	return result;
}

static int make_zip(struct export_job *job, const char *path, const char *scratch, struct error *e)
{
	char *temporary = memory_format("%s.part", path);
	struct zip *zip = NULL;
	int result = write_stems(job, scratch, e);
	if (result == 0)
		result = zip_create(&zip, temporary, e);
	if (result == 0)
		result = fill_zip(job, zip, scratch, e);
	if (result == 0) {
		result = zip_finish(zip, e);
		zip = NULL;
	}
	if (result == 0)
		result = file_publish(temporary, path, e);
	zip_destroy(zip);
	if (result < 0)
		unlink(temporary);
	free(temporary);
	return result;
}

/* The stems wait in a folder of their own until they are in the container. */
static int export_to_dawproject(struct export_job *job, struct error *e)
{
	char *path = project_path(job, ".dawproject");
	char *scratch = memory_format("%s/.woodshed-XXXXXX", job->asked->out);
	int result = refuse(job, path, e);
	if (result == 0)
		result = file_make_folders(job->asked->out, e);
	if (result == 0 && !mkdtemp(scratch))
		result = error_errno(e, errno, "%s", scratch);
	if (result == 0) {
		result = make_zip(job, path, scratch, e);
		for (size_t i = 0; i < job->project.track_count; i++) {
			char *stem = file_join(scratch, strrchr(job->project.tracks[i].file, '/') + 1);
			unlink(stem);
			free(stem);
		}
		rmdir(scratch);
	}
	if (result == 0)
		tell_made(job, path);
	free(scratch);
	free(path);
	return result;
}

/* ---- the cue sheet ---- */

static int copy_file(const char *from, const char *to, struct error *e)
{
	char *temporary = memory_format("%s.part", to), data[1 << 16];
	FILE *in = fopen(from, "rbe"), *out = in ? fopen(temporary, "wbe") : NULL;
	int result = out ? 0 : error_errno(e, errno, "%s", in ? temporary : from);
	for (size_t n; result == 0 && (n = fread(data, 1, sizeof(data), in)) > 0;)
		if (fwrite(data, 1, n, out) != n)
			result = error_errno(e, errno, "%s", temporary);
	if (result == 0 && ferror(in))
		result = error_errno(e, EIO, "%s", from);
	if (out && fclose(out) != 0 && result == 0)
		result = error_errno(e, errno, "%s", temporary);
	if (in)
		fclose(in);
	if (result == 0)
		result = file_publish(temporary, to, e);
	if (result < 0)
		unlink(temporary);
	free(temporary);
	return result;
}

/* Where the sections and songs are in the mix that was made last; its report knows, also of one that was
 * arranged. Without a report they are where the take has them, less what editing cuts off. */
static size_t find_cues(const struct export_job *job, struct export_cue *cues, size_t most)
{
	size_t count = 0, index;
	json_t *object, *reported = json_object_get(job->report, "cues");
	json_array_foreach(reported, index, object)
	{
		const char *label = json_string_value(json_object_get(object, "label"));
		if (label && count < most)
			cues[count++] = (struct export_cue){
				(uint64_t)json_integer_value(json_object_get(object, "frame")), label};
	}
	struct extent extent = extent_of(&job->take, &job->session.session.edit);
	for (size_t i = 0; i < job->take.marker_count && !reported && count < most; i++) {
		const struct take_marker *marker = &job->take.markers[i];
		if (marker->kind != MARKER_USER && marker->frame >= extent.first &&
			marker->frame - extent.first < extent.frames)
			cues[count++] = (struct export_cue){marker->frame - extent.first, marker->label};
	}
	return count;
}

static int export_to_cue(struct export_job *job, struct error *e)
{
	enum { CUES_MOST = 99 };
	const struct take_render *master = manifest_master(&job->take);
	if (!master)
		return error_set(
			e, ENOENT, "take %s has no master yet; woodshed render makes one", job->take.id);
	const char *dot = strrchr(master->file, '.');
	char *audio = memory_format("%s%s", job->name, dot ? dot : "");
	char *from = file_join(job->asked->folder, master->file), *to = file_join(job->asked->out, audio);
	struct export_cue cues[CUES_MOST];
	size_t count = find_cues(job, cues, CUES_MOST);
	int result = refuse_project(job, ".cue", e);
	if (result == 0)
		result = refuse(job, to, e);
	if (result == 0)
		result = file_make_folders(job->asked->out, e);
	if (result == 0)
		result = copy_file(from, to, e);
	if (result == 0) {
		tell_made(job, to);
		result = write_text(job, ".cue",
			export_cue(
				audio, job->project.title, job->project.artist, job->take.rate, cues, count),
			e);
	}
	free(to);
	free(from);
	free(audio);
	return result;
}

/* ---- the take ---- */

static int load_session(struct export_job *job, struct error *e)
{
	int result = sessions_load_of_take(
		&job->session, job->asked->folder, job->asked->session, job->take.rate, e);
	if (result == 0)
		result = stems_fit(&job->session.session, &job->take, e);
	job->asked->wrong_session = result < 0 && result != -ENOMEM;
	return result;
}

static int prepare(struct export_job *job, struct error *e)
{
	int result = manifest_load(&job->take, job->asked->folder, e);
	if (result == 0 && job->take.state == TAKE_RECORDING)
		return error_set(e, EBUSY, "take %s is still being recorded", job->take.id);
	if (result == 0 && job->take.frames == 0)
		return error_set(e, ENODATA, "take %s is empty", job->take.id);
	if (result == 0)
		result = load_session(job, e);
	if (result == 0)
		result = stems_open(&job->stems, &job->take, job->asked->folder, &job->session.session, e);
	if (result < 0)
		return result;
	char *report = file_join(job->asked->folder, "report.json");
	job->report = json_load_file(report, 0, NULL);
	free(report);
	describe(job);
	return 0;
}

int export_run(struct exporting *exporting, struct error *e)
{
	static int (*const forms[EXPORT_FORMS])(struct export_job *, struct error *) = {
		export_wav, export_to_reaper, export_to_audacity, export_to_dawproject, export_to_cue};
	struct export_job job = {.asked = exporting};
	int result = prepare(&job, e);
	if (result == 0)
		result = forms[exporting->form](&job, e);
	export_finish(&job.project);
	grid_finish(&job.grid);
	json_decref(job.report);
	stems_close(&job.stems);
	sessions_finish(&job.session);
	manifest_finish(&job.take);
	free(job.name);
	return result;
}
