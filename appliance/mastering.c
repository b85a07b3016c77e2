#include "appliance/mastering.h"

#include "appliance/pipeline.h"
#include "audio/convert.h"
#include "audio/soundfile.h"
#include "common/file.h"
#include "common/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { BITS = 24 };

static int write_converted(void *data, const struct block *block, struct error *e)
{
	return scratch_write(data, block, e);
}

static struct master_source mix_of(const struct mastering *m)
{
	return m->source ? *m->source : scratch_source(m->mix, m->rate);
}

static int convert_mix(struct mastering *m, struct error *e)
{
	struct convert *convert;
	struct convert_sink sink = {write_converted, &m->converted};
	struct master_source source = mix_of(m);
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	int result = scratch_open(&m->converted, m->folder, e);
	if (result < 0)
		return result;
	result = convert_create(&convert, m->rate, m->delivered_rate, &sink, e);
	if (result < 0)
		return result;
	result = source.rewind(source.data, e);
	for (bool more = true; more && result == 0;) {
		struct block block = {BLOCK_CHANNELS, 0, {&samples[0][0], &samples[1][0]}};
		result = source.read(source.data, &block, e);
		more = block.frames > 0;
		if (result == 0 && more)
			result = convert_write(convert, &block, e);
	}
	if (result == 0)
		result = convert_end(convert, e);
	convert_destroy(convert);
	return result;
}

/* ---- what tone goes for ---- */

static int portrait_file(struct soundfile *file, struct portrait *sides[2], struct error *e)
{
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES], *channels[] = {samples[0], samples[1]};
	uint32_t count = soundfile_format(file)->channels;
	int result = 0, frames = 0;
	for (uint32_t c = 0; c < count && result == 0; c++)
		result = portrait_create(&sides[c], soundfile_format(file)->rate, e);
	while (result == 0 && (frames = soundfile_read(file, channels, BLOCK_FRAMES, e)) > 0)
		for (uint32_t c = 0; c < count && result == 0; c++)
			if (portrait_add(sides[c], samples[c], (size_t)frames) < 0)
				result = error_errno(e, ENOMEM, "the reference");
	return frames < 0 ? frames : result;
}

static int read_reference(const char *path, double target[LONGTERM_THIRDS], struct error *e)
{
	struct soundfile *file;
	struct portrait *sides[2] = {NULL, NULL};
	int result = soundfile_open(&file, path, e);
	if (result < 0)
		return result;
	if (soundfile_format(file)->channels > BLOCK_CHANNELS)
		result = error_set(e, ENOTSUP, "%s: %u channels; a reference has 1 or 2", path,
			soundfile_format(file)->channels);
	if (result == 0)
		result = portrait_file(file, sides, e);
	if (result == 0 && !portrait_loud(sides, target))
		result = error_set(e, ENODATA, "%s: is silent; a reference has something to go for", path);
	for (size_t t = 0; result == 0 && t < LONGTERM_THIRDS; t++)
		target[t] = 10 * log10(target[t]);
	portrait_destroy(sides[0]);
	portrait_destroy(sides[1]);
	soundfile_close(file);
	return result;
}

static int find_target(
	const struct mastering *m, double target[LONGTERM_THIRDS], const double **target_db, struct error *e)
{
	const struct master_config *config = m->config;
	*target_db = NULL;
	if (!(config->chain.tone_db > 0))
		return 0;
	if (config->reference) {
		char *folder = m->session_path ? file_folder(m->session_path) : memory_text(".");
		char *path = file_join(folder, config->reference);
		int result = read_reference(path, target, e);
		free(path);
		free(folder);
		*target_db = target;
		return result;
	}
	if (isnan(config->target.slope_db))
		return 0;
	tone_curve(&config->target, target);
	*target_db = target;
	return 0;
}

/* ---- the master ---- */

/* The mix is not looked at again where it was shaped: it gives way, block by block. */
static int restart_shaped(void *data, struct error *e)
{
	struct mastering *m = data;
	(void)e;
	scratch_borrow(&m->shaped, m->delivered_rate == m->rate ? m->mix : &m->converted);
	return 0;
}

static int write_shaped(void *data, const struct block *block, struct error *e)
{
	struct mastering *m = data;
	return scratch_write(&m->shaped, block, e);
}

static int write_master(void *data, const struct block *block, struct error *e)
{
	struct mastering *m = data;
	int result = 0;
	if (m->drops)
		m->mastered.frames += block->frames;
	else
		result = scratch_write(&m->mastered, block, e);
	return result == 0 && m->also ? m->also->write(m->also->data, block, e) : result;
}

static int restart_master(void *data, struct error *e)
{
	struct mastering *m = data;
	int result = scratch_restart(&m->mastered, e);
	return result == 0 && m->also ? m->also->restart(m->also->data, e) : result;
}

static int master(struct mastering *m, struct error *e)
{
	struct master_source source =
		m->delivered_rate == m->rate ? mix_of(m) : scratch_source(&m->converted, m->delivered_rate);
	struct master_source shaped = scratch_source(&m->shaped, m->delivered_rate);
	struct master_sink shaped_to = {restart_shaped, write_shaped, m};
	struct master_sink sink = {restart_master, write_master, m};
	double target[LONGTERM_THIRDS];
	struct master_job job = {.config = m->config,
		.source = &source,
		.shaped_to = &shaped_to,
		.shaped = &shaped,
		.sink = &sink,
		.bits = m->bits,
		.run = pipeline_run,
		.jobs = m->jobs ? m->jobs : pipeline_cores(),
		.progress = m->progress,
		.progress_data = m->data};
	uint64_t *titles = memory_array(m->title_count + 1, sizeof(*titles));
	for (size_t i = 0; i < m->title_count; i++)
		titles[i] = mastering_frame(m, m->titles[i]);
	job.titles = titles;
	job.title_count = m->title_count;
	int result = find_target(m, target, &job.target_db, e);
	if (result == 0)
		result = scratch_open(&m->mastered, m->folder, e);
	if (result == 0)
		result = master_make(&m->plan, &job, e);
	m->translation = m->plan.translation;
	free(titles);
	return result;
}

uint32_t mastering_bits(const struct master_config *config)
{
	return isnan(config->bits) ? BITS : (uint32_t)config->bits;
}

uint32_t mastering_rate(const struct master_config *config, uint32_t mix_rate)
{
	return isnan(config->rate_hz) ? mix_rate : (uint32_t)lround(config->rate_hz);
}

int mastering_run(struct mastering *m, struct error *e)
{
	m->converted.fd = m->shaped.fd = m->mastered.fd = -1;
	m->bits = mastering_bits(m->config);
	m->delivered_rate = mastering_rate(m->config, m->rate);
	int result = m->delivered_rate == m->rate ? 0 : convert_mix(m, e);
	if (result == 0)
		result = master(m, e);
	return result;
}

void mastering_finish(struct mastering *m)
{
	if (!m->config)
		return;
	scratch_close(&m->converted);
	scratch_close(&m->shaped);
	scratch_close(&m->mastered);
}

uint64_t mastering_frame(const struct mastering *m, uint64_t frame)
{
	return (uint64_t)((long double)frame * m->delivered_rate / m->rate + 0.5L);
}
