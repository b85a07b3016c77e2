#include "appliance/mastering.h"

#include "audio/convert.h"

#include <errno.h>
#include <math.h>

enum { BITS = 24 };

struct run {
	struct mastering *mastering;
	struct translation *translation;
};

static int write_converted(void *data, const struct block *block, struct error *e)
{
	return scratch_write(data, block, e);
}

static int convert_mix(struct mastering *m, struct error *e)
{
	struct convert *convert;
	struct convert_sink sink = {write_converted, &m->converted};
	struct master_source source = scratch_source(m->mix, m->rate);
	double samples[BLOCK_CHANNELS][BLOCK_FRAMES];
	int result = scratch_open(&m->converted, m->folder, e);
	if (result == 0)
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

static int take(void *data, const struct block *block, struct error *e)
{
	struct run *run = data;
	int result = scratch_write(&run->mastering->mastered, block, e);
	if (result == 0 && translation_add(run->translation, block) < 0)
		result = error_errno(e, ENOMEM, "the master's translation");
	return result;
}

static void on_solve(void *data, double done)
{
	const struct mastering *m = data;
	m->progress(m->data, 0.8 * done);
}

static void on_render(void *data, double done)
{
	const struct mastering *m = data;
	m->progress(m->data, 0.8 + 0.2 * done);
}

static int master(struct mastering *m, struct run *run, struct error *e)
{
	struct scratch *from = m->delivered_rate == m->rate ? m->mix : &m->converted;
	struct master_source source = scratch_source(from, m->delivered_rate);
	struct master_sink sink = {.write = take, .data = run};
	int result = scratch_open(&m->mastered, m->folder, e);
	if (result == 0)
		result = translation_create(&run->translation, m->delivered_rate, BLOCK_CHANNELS, e);
	if (result == 0)
		result = master_solve(&m->plan, m->config, &source, m->progress ? on_solve : NULL, m, e);
	if (result == 0)
		result = master_render(
			&m->plan, &source, m->bits, &sink, m->progress ? on_render : NULL, m, e);
	if (result == 0)
		translation_read(run->translation, &m->translation);
	return result;
}

int mastering_run(struct mastering *m, struct error *e)
{
	struct run run = {.mastering = m};
	m->converted.fd = m->mastered.fd = -1;
	m->bits = isnan(m->config->bits) ? BITS : (uint32_t)m->config->bits;
	m->delivered_rate = isnan(m->config->rate_hz) ? m->rate : (uint32_t)lround(m->config->rate_hz);
	int result = m->delivered_rate == m->rate ? 0 : convert_mix(m, e);
	if (result == 0)
		result = master(m, &run, e);
	translation_destroy(run.translation);
	return result;
}

void mastering_finish(struct mastering *m)
{
	if (!m->config)
		return;
	scratch_close(&m->converted);
	scratch_close(&m->mastered);
}

uint64_t mastering_frame(const struct mastering *m, uint64_t frame)
{
	return (uint64_t)((long double)frame * m->delivered_rate / m->rate + 0.5L);
}
