#include "appliance/render.h"

#include "appliance/comping.h"
#include "appliance/delivery.h"
#include "appliance/edited.h"
#include "appliance/mastering.h"
#include "appliance/mixdown.h"
#include "appliance/processors.h"
#include "appliance/render-arrangement.h"
#include "appliance/render-delivery.h"
#include "appliance/report.h"
#include "appliance/waveforms.h"
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

enum { MIX_BITS = 24 };

/* Everything that one render holds. */
struct render {
	const struct render_job *job;
	struct render_result *result;
	struct loaded_session session;
	struct stems stems;
	struct edits edits;
	struct edited edited;
	struct mix *mix;
	struct meter *meter;
	struct scratch scratch;
	struct delivery mix_file;
	struct mastering mastering;
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

/* ---- the edits ---- */

/* What has to hear the tracks before it touches them. */
static int analyse(struct render *render, struct error *e)
{
	if (!edits_listen(&render->edits))
		return 0;
	begin_stage(render, "edit", 0, 0.2);
	return edits_analyse(&render->edits, render->job->jobs, on_stage_progress, render, e);
}

/* Listens to the take: what song it is, and how it goes. */
static int listen(struct render *render, struct error *e)
{
	struct render_result *result = render->result;
	const struct session *session = &render->session.session;
	const struct hearing_job job = {.stems = &render->stems,
		.jobs = render->job->jobs,
		.progress = on_stage_progress,
		.data = render};
	if (!session->song.listen || render->job->stage != RENDER_MASTER)
		return 0;
	begin_stage(render, "listen", render->progress_to, render->progress_to + 0.02);
	int status = song_told_make(&result->song, &job, render->job->folder, render->out, e);
	if (status == 0 && song_told_apply(&result->song, session, &result->take) && !render->job->out) {
		const struct take_edit edit = {.title = result->take.title};
		struct manifest edited = {0};
		status = take_edit(render->job->folder, &edit, &edited, e);
		manifest_finish(&edited);
	}
	return status;
}

/* What the session or the caller wants of it in another order. */
static int arrange(struct render *render, struct error *e)
{
	const struct arrange_plan *plan = &render->result->arrangement.plan;
	int result = 0;
	if (plan->count > 0) {
		begin_stage(render, "arrange", render->progress_to, render->progress_to + 0.1);
		result = edits_arrange(
			&render->edits, plan, render->out, render->job->jobs, on_stage_progress, render, e);
	}
	render_find_cues(render->result, &render->edits.extent);
	if (result == 0 && render->session.session.arrangement.comp == COMP_BEST)
		render->result->comp =
			comping_report(&render->session.session, &render->result->take, render->job->folder);
	return result;
}

static int make_edited(struct render *render, struct error *e)
{
	render->edited = (struct edited){.edits = &render->edits,
		.folder = render->out,
		.jobs = render->job->jobs,
		.progress = on_stage_progress,
		.data = render};
	begin_stage(render, "edit", render->progress_to, 1);
	int result = edited_write(&render->edited, e);
	render->result->edited = render->stems.count;
	return result;
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
	const struct flac_format format = {rate, BLOCK_CHANNELS, MIX_BITS};
	char *path = file_join(render->out, "mix.flac");
	struct mixdown mixdown = {.edits = &render->edits,
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
		result = delivery_open(&render->mix_file, path, &format, NULL, 0, e);
	if (result == 0) {
		begin_stage(render, "mix", render->progress_to, mastered ? 0.4 : 1);
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

static int make_master(struct render *render, struct error *e)
{
	struct mastering *mastering = &render->mastering;
	*mastering = (struct mastering){.config = &render->session.session.master,
		.folder = render->out,
		.mix = &render->scratch,
		.rate = render->result->take.rate,
		.session_path = render->session.path,
		.jobs = render->job->jobs,
		.progress = on_stage_progress,
		.data = render};
	begin_stage(render, "master", 0.4, 0.9);
	int result = mastering_run(mastering, e);
	render->result->master = mastering->plan;
	render->result->translation = mastering->translation;
	begin_stage(render, "master", 0.9, 1);
	if (result == 0)
		result = render_deliver(render->result, render->job, &render->session.session, mastering, e);
	tell(render, 1);
	return result;
}

/* ---- the take ---- */

/* For the manifest, which tells of what is in the take's folder alone: nothing else is worth a hash. */
static int add_render(
	struct render *render, const char *file, const struct meter_reading *reading, struct error *e)
{
	if (render->job->out)
		return 0;
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
	char *text = report_json(render->result, &render->session, &render->edits, render->job->stage);
	int result = file_replace(path, text, strlen(text), e);
	free(text);
	free(path);
	return result;
}

static int make_edits(struct render *render, struct error *e)
{
	int result = make_edited(render, e);
	if (result == 0)
		result = write_report(render, e);
	for (size_t i = 0; i < render->stems.count && result == 0; i++)
		result = add_render(render, render->edited.files[i].name, NULL, e);
	return result;
}

static int make_all(struct render *render, struct error *e)
{
	bool master = render->job->stage == RENDER_MASTER;
	int result = analyse(render, e);
	if (result == 0)
		result = listen(render, e);
	if (result == 0)
		result = arrange(render, e);
	if (result == 0 && render->job->stage == RENDER_EDIT)
		return make_edits(render, e);
	if (result == 0)
		result = make_mix(render, e);
	if (result == 0 && master)
		result = make_master(render, e);
	if (result == 0)
		result = write_report(render, e);
	if (result == 0)
		result = add_render(render, "mix.flac", &render->result->mix, e);
	const struct renditions *renditions = &render->result->renditions;
	for (size_t i = 0; i < renditions->count && result == 0; i++)
		result = add_render(render, renditions->list[i].file, &renditions->list[i].reading, e);
	if (result == 0 && master && render->result->cue_count > 0)
		result = add_render(render, CUE_FILE, NULL, e);
	return result;
}

/* Nobody's take has failed because it cannot be looked at. */
static void draw(struct render *render)
{
	bool master = render->job->stage == RENDER_MASTER;
	const struct waveforms_job job = {.take = &render->result->take,
		.folder = render->job->folder,
		.mix_frames = render->edits.extent.frames,
		.mastered = master ? &render->mastering.mastered : NULL,
		.mastered_rate = render->mastering.delivered_rate,
		.jobs = render->job->jobs};
	struct error e;
	if (render->job->stage != RENDER_EDIT && !render->job->out && waveforms_make(&job, &e) < 0)
		log_warning("the waveforms of take %s: %s", render->result->take.id, e.text);
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
	result = sessions_load_of_take(
		&render->session, render->job->folder, render->job->session, take->rate, e);
	if (result == 0)
		result = stems_fit(&render->session.session, take, e);
	if (result == 0)
		result = render_plan_order(render->result, render->job->order, &render->session.session, e);
	render->result->wrong_session = result < 0 && result != -ENOENT && result != -ENOMEM;
	return result;
}

static int make_graph(struct render *render, struct error *e)
{
	const struct manifest *take = &render->result->take;
	const struct arrangement *arrangement = &render->result->arrangement;
	bool arranged = arrangement->plan.count > 0;
	struct mix_markers markers = arranged ? moments_of(arrangement->markers, arrangement->marker_count)
					      : moments_of(take->markers, take->marker_count);
	const struct mix_setup setup = {.session = &render->session.session,
		.processors = processors_all(),
		.markers = markers,
		.rate = take->rate,
		.first = render->edits.extent.first};
	int result = mix_create(&render->mix, &setup, e);
	moments_finish(&markers);
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
	bool arranged = render->result->arrangement.plan.count > 0;
	struct extent extent = arranged ? extent_whole(take->frames, take->rate, &session->edit)
					: extent_of(take, &session->edit);
	if (result == 0)
		result = edits_create(&render->edits, &render->stems, session, processors_all(), &extent, e);
	if (result == 0)
		result = make_graph(render, e);
	if (result == 0 && render->job->out)
		result = file_make_folders(render->job->out, e);
	return result;
}

static void finish(struct render *render)
{
	delivery_close(&render->mix_file);
	mastering_finish(&render->mastering);
	scratch_close(&render->scratch);
	meter_destroy(render->meter);
	mix_destroy(render->mix);
	edited_finish(&render->edited);
	edits_finish(&render->edits);
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
		if (status == 0)
			draw(&render);
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
	render_arrangement_finish(result);
	song_told_finish(&result->song);
	manifest_finish(&result->take);
	renditions_finish(&result->renditions);
	free(result->corrected_ppm);
	free(result->balance);
	result->balance = NULL;
	free(result->missing_marker);
	result->missing_marker = NULL;
	result->corrected_ppm = NULL;
}
