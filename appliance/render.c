#include "appliance/render.h"

#include "appliance/check-chains.h"
#include "appliance/delivery.h"
#include "appliance/mixdown.h"
#include "appliance/processors.h"
#include "appliance/report.h"
#include "appliance/stems.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/memory.h"
#include "takes/edit.h"
#include "takes/lock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIX_BITS = 24, MASTER_BITS = 24 };

/* Everything that one render holds. */
struct render {
	const struct render_job *job;
	struct render_result *result;
	struct loaded_session session;
	struct stems stems;
	struct mix *mix;
	struct meter *meter;
	struct scratch scratch;
	struct delivery mix_file, master_file;
	const char *out;
	int lock;
	double progress_from, progress_to;
	const char *progress_what;
	int64_t begun_ns;
};

static void tell(struct render *render, double done)
{
	double span = render->progress_to - render->progress_from;
	if (render->job->progress)
		render->job->progress(
			render->job->data, render->progress_what, render->progress_from + done * span);
}

static void on_stage_progress(void *data, double done)
{
	tell(data, done);
}

static void begin_stage(struct render *render, const char *what, double from, double to)
{
	render->progress_what = what;
	render->progress_from = from;
	render->progress_to = to;
	tell(render, 0);
}

/* ---- the mix ---- */

/* Gains that are still to be found mean that the session asks for automatic balance. */
static int balance(struct render *render, struct mixdown *mixdown, struct error *e)
{
	const struct session *session = &render->session.session;
	struct render_result *result = render->result;
	if (session->mix.balance != MIX_BALANCE_AUTO)
		return 0;
	result->balance = memory_array(session->tracks.count, sizeof(*result->balance));
	return balancing_run(mixdown, session, result->take.rate, result->balance, e);
}

static int make_mix(struct render *render, struct error *e)
{
	uint32_t rate = render->result->take.rate;
	bool mastered = render->job->stage == RENDER_MASTER;
	char *path = file_join(render->out, "mix.flac");
	struct mixdown mixdown = {.stems = &render->stems,
		.mix = render->mix,
		.file = &render->mix_file,
		.scratch = mastered ? &render->scratch : NULL,
		.jobs = render->job->jobs,
		.progress = on_stage_progress,
		.data = render};
	int result = mastered ? scratch_open(&render->scratch, render->out, e) : 0;
	if (result == 0)
		result = meter_create(&render->meter, rate, BLOCK_CHANNELS, e);
	if (result == 0)
		result = delivery_open(&render->mix_file, path, rate, MIX_BITS, NULL, 0, e);
	if (result == 0) {
		begin_stage(render, "mix", 0, mastered ? 0.4 : 1);
		result = balance(render, &mixdown, e);
	}
	if (result == 0) {
		mixdown.meter = render->meter;
		result = mixdown_run(&mixdown, e);
	}
	if (result == 0)
		result = delivery_publish(&render->mix_file, e);
	if (result == 0) {
		meter_read(render->meter, &render->result->mix);
		render->result->mix_clipped = render->mix_file.clipped;
	}
	free(path);
	return result;
}

/* ---- the master ---- */

static int write_master(void *data, const struct block *block, struct error *e)
{
	struct render *render = data;
	return delivery_write(&render->master_file, block, e);
}

enum { TAGS_MOST = 10, TAG_SIZE = 32 };

struct tags {
	struct flac_tag list[TAGS_MOST];
	size_t count;
	char date[CLOCK_RFC3339_SIZE], bpm[TAG_SIZE], gain[TAG_SIZE], peak[TAG_SIZE];
};

static void add_tag(struct tags *tags, const char *name, const char *value)
{
	if (value)
		tags->list[tags->count++] = (struct flac_tag){name, value};
}

/* Vorbis comments of a master: what the session says, and ReplayGain 2.0 (reference −18 LUFS). No encoder
 * date, so the same take gives the same file. */
static void make_tags(struct tags *tags, const struct render *render)
{
	const struct manifest *take = &render->result->take;
	const struct song_config *song = &render->session.session.song;
	const struct meter_reading *master = &render->result->master.master;
	add_tag(tags, "TITLE", take->title ? take->title : song->title);
	add_tag(tags, "ARTIST", take->artist ? take->artist : song->artist);
	add_tag(tags, "GENRE", song->genre);
	clock_rfc3339(take->started_ns, tags->date)[strlen("2026-11-22")] = '\0';
	add_tag(tags, "DATE", tags->date);
	if (song->tempo_bpm > 0) {
		snprintf(tags->bpm, sizeof(tags->bpm), "%.10g", song->tempo_bpm);
		add_tag(tags, "BPM", tags->bpm);
	}
	add_tag(tags, "INITIALKEY", song->key);
	if (isfinite(master->integrated_lufs)) {
		snprintf(tags->gain, sizeof(tags->gain), "%.2f dB", -18 - master->integrated_lufs);
		snprintf(tags->peak, sizeof(tags->peak), "%.6f", pow(10, master->true_peak_dbtp / 20));
		add_tag(tags, "REPLAYGAIN_TRACK_GAIN", tags->gain);
		add_tag(tags, "REPLAYGAIN_TRACK_PEAK", tags->peak);
	}
}

static int make_master(struct render *render, struct error *e)
{
	struct master_plan *plan = &render->result->master;
	struct master_source source = scratch_source(&render->scratch, render->result->take.rate);
	struct master_sink sink = {.write = write_master, .data = render};
	begin_stage(render, "master", 0.4, 0.85);
	int result =
		master_solve(plan, &render->session.session.master, &source, on_stage_progress, render, e);
	if (result < 0)
		return result;
	struct tags tags = {0};
	make_tags(&tags, render);
	char *path = file_join(render->out, "master.flac");
	result =
		delivery_open(&render->master_file, path, source.rate, MASTER_BITS, tags.list, tags.count, e);
	free(path);
	begin_stage(render, "master", 0.85, 1);
	if (result == 0)
		result = master_render(plan, &source, MASTER_BITS, &sink, on_stage_progress, render, e);
	return result == 0 ? delivery_publish(&render->master_file, e) : result;
}

/* ---- the take ---- */

static int add_render(
	struct render *render, const char *file, const struct meter_reading *reading, struct error *e)
{
	struct take_render made = {.file = memory_text(file), .lufs = NAN, .dbtp = NAN};
	char *path = file_join(render->out, file);
	int result = hash_file(path, &made.hash, e);
	if (reading) {
		made.lufs = reading->integrated_lufs;
		made.dbtp = reading->true_peak_dbtp;
	}
	if (result == 0)
		manifest_set_render(&render->result->take, &made);
	free(path);
	free(made.file);
	return result;
}

static int save_state(struct render *render, enum take_state state, const char *error, struct error *e)
{
	struct manifest *take = &render->result->take;
	if (render->job->out)
		return 0;
	take->state = state;
	free(take->error);
	take->error = error ? memory_text(error) : NULL;
	return take_save(take, render->job->folder, e);
}

static int write_report(struct render *render, struct error *e)
{
	render->result->seconds =
		(double)(clock_monotonic_ns() - render->begun_ns) / (double)CLOCK_NSEC_PER_SEC;
	char *path = file_join(render->out, "report.json");
	char *text = report_json(render->result, &render->session, render->job->stage);
	int result = file_replace(path, text, strlen(text), e);
	free(text);
	free(path);
	return result;
}

static int make_all(struct render *render, struct error *e)
{
	bool master = render->job->stage == RENDER_MASTER;
	int result = make_mix(render, e);
	if (result == 0 && master)
		result = make_master(render, e);
	if (result == 0)
		result = write_report(render, e);
	if (result == 0)
		result = add_render(render, "mix.flac", &render->result->mix, e);
	if (result == 0 && master)
		result = add_render(render, "master.flac", &render->result->master.master, e);
	return result;
}

static int load_session(struct render *render, struct error *e)
{
	char *own = file_join(render->job->folder, "session.yaml");
	const char *path = render->job->session ? render->job->session : own;
	struct faults faults;
	faults_init(&faults, path);
	int result = sessions_load(&render->session, path, "", NULL, &faults);
	if (result == 0)
		result = check_chains(&render->session.session, render->result->take.rate, &faults);
	if (result < 0) {
		faults_print(&faults, stderr);
		error_set(e, -result, "the session is wrong: %s", path);
	}
	faults_finish(&faults);
	free(own);
	return result;
}

static void note_alignment(struct render *render)
{
	const struct alignment *alignment = &render->stems.alignment;
	double *ppm = memory_array(alignment->count, sizeof(*ppm));
	for (size_t i = 0; i < alignment->count; i++)
		ppm[i] = alignment->interfaces[i].corrected_ppm;
	render->result->corrected_ppm = ppm;
}

static int prepare(struct render *render, struct error *e)
{
	struct manifest *take = &render->result->take;
	render->lock = take_lock(render->job->folder, e);
	if (render->lock < 0)
		return render->lock;
	int result = manifest_load(take, render->job->folder, e);
	if (result < 0)
		return result;
	if (take->state == TAKE_RECORDING)
		return error_set(e, EBUSY, "take %s is still being recorded", take->id);
	if (take->frames == 0)
		return error_set(e, ENODATA, "take %s is empty", take->id);
	result = load_session(render, e);
	if (result == 0)
		result = stems_fit(&render->session.session, take, e);
	render->result->wrong_session = result < 0;
	return result;
}

static int make_graph(struct render *render, struct error *e)
{
	const struct manifest *take = &render->result->take;
	struct mix_marker *markers = memory_array(take->marker_count, sizeof(*markers));
	for (size_t i = 0; i < take->marker_count; i++)
		markers[i] = (struct mix_marker){take->markers[i].label, take->markers[i].frame};
	const struct mix_setup setup = {.session = &render->session.session,
		.processors = processors_all(),
		.markers = {markers, take->marker_count},
		.rate = take->rate};
	int result = mix_create(&render->mix, &setup, e);
	free(markers);
	const char *missing = result == 0 ? mix_missing_moment(render->mix) : NULL;
	if (missing) {
		render->result->missing_marker = memory_text(missing);
		log_warning(
			"take %s has no marker %s: what is automated there is left out", take->id, missing);
	}
	return result;
}

static int open_inputs(struct render *render, struct error *e)
{
	const struct manifest *take = &render->result->take;
	const struct session *session = &render->session.session;
	int result = stems_open(&render->stems, take, render->job->folder, session, e);
	if (result == 0)
		note_alignment(render);
	if (result == 0)
		result = make_graph(render, e);
	if (result == 0 && render->job->out)
		result = file_make_folders(render->job->out, e);
	return result;
}

static void finish(struct render *render)
{
	delivery_close(&render->mix_file);
	delivery_close(&render->master_file);
	scratch_close(&render->scratch);
	meter_destroy(render->meter);
	mix_destroy(render->mix);
	stems_close(&render->stems);
	sessions_finish(&render->session);
	if (render->lock >= 0)
		close(render->lock);
}

int render_take(const struct render_job *job, struct render_result *result, struct error *e)
{
	struct render render = {.job = job, .result = result, .lock = -1, .scratch.fd = -1};
	render.out = job->out ? job->out : job->folder;
	render.begun_ns = clock_monotonic_ns();
	*result = (struct render_result){0};
	int status = prepare(&render, e);
	if (status == 0) {
		status = save_state(&render, TAKE_RENDERING, NULL, e);
		if (status == 0)
			status = open_inputs(&render, e);
		if (status == 0)
			status = make_all(&render, e);
		struct error ignored;
		enum take_state done = job->stage == RENDER_MASTER ? TAKE_MASTERED : TAKE_RECORDED;
		if (status == 0)
			status = save_state(&render, done, NULL, e);
		else if (save_state(&render, TAKE_FAILED, e->text, &ignored) < 0)
			fprintf(stderr, "woodshed: %s\n", ignored.text);
	}
	finish(&render);
	return status;
}

void render_result_finish(struct render_result *result)
{
	manifest_finish(&result->take);
	free(result->corrected_ppm);
	free(result->balance);
	result->balance = NULL;
	free(result->missing_marker);
	result->missing_marker = NULL;
	result->corrected_ppm = NULL;
}
