/* Plugins of others, after the LV2 specification (https://lv2plug.in), found and loaded through lilv: one or
 * two copies of one plugin, fed in blocks of one size. Offered to a plugin: urid:map and urid:unmap, options
 * and buf-size with bounded, fixed and power-of-two blocks; not: workers, states, windows. What it wants of
 * atoms it gets, always empty. */
#ifndef WOODSHED_MIXER_LV2_HOST_H
#define WOODSHED_MIXER_LV2_HOST_H

#include "audio/processor.h"
#include "mixer/processors.h"

enum { LV2_BLOCK = 256 };

struct lv2_host;

/* Loads the plugin for the channels of `format`; that of one channel serves stereo as two copies, that of two
 * serves mono with both ins fed and the mean of its outs. Reads files, the environment's LV2_PATH, and runs
 * the plugin's code. On failure nothing is left to close; the message names the setting at fault. */
int lv2_host_open(struct lv2_host **host, const struct lv2_settings *settings,
	const struct processor_format *format, struct error *e) MUST_CHECK;
void lv2_host_close(struct lv2_host *host); /* NULL is fine */

/* One block of `channels` × LV2_BLOCK samples in place. */
void lv2_host_run(struct lv2_host *host, double samples[][LV2_BLOCK]);
void lv2_host_reset(struct lv2_host *host);

/* Frames that the plugin says it is late. */
uint32_t lv2_host_latency(const struct lv2_host *host);

#endif
