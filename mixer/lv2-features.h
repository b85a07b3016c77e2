/* What plugins are offered by this host, for lv2-host.c. */
#ifndef WOODSHED_MIXER_LV2_FEATURES_H
#define WOODSHED_MIXER_LV2_FEATURES_H

#include <lv2/options/options.h>
#include <lv2/urid/urid.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LV2_FEATURES = 6, LV2_OPTIONS = 4 };

struct lv2_names {
	char **uris; /* number n + 1 is uris[n] */
	size_t count;
};

struct lv2_features {
	struct lv2_names names;
	LV2_URID_Map map;
	LV2_URID_Unmap unmap;
	int32_t block_frames;
	float rate;
	LV2_Options_Option options[LV2_OPTIONS + 1];
	LV2_Feature feature[LV2_FEATURES];
	const LV2_Feature *list[LV2_FEATURES + 1]; /* as lilv wants it */
};

/* `features` stays where it is as long as a plugin may call it. */
void lv2_features_init(struct lv2_features *features, uint32_t block_frames, double rate);
void lv2_features_finish(struct lv2_features *features);
bool lv2_features_has(const struct lv2_features *features, const char *uri);
LV2_URID lv2_features_number(struct lv2_features *features, const char *uri);

#endif
