#include "mixer/lv2-features.h"

#include "common/memory.h"

#include <lv2/atom/atom.h>
#include <lv2/buf-size/buf-size.h>
#include <lv2/parameters/parameters.h>

#include <stdlib.h>
#include <string.h>

static LV2_URID number_of(LV2_URID_Map_Handle handle, const char *uri)
{
	struct lv2_names *names = handle;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->uris[i], uri) == 0)
			return (LV2_URID)(i + 1);
	names->uris = memory_grow(names->uris, names->count + 1, sizeof(*names->uris));
	names->uris[names->count++] = memory_text(uri);
	return (LV2_URID)names->count;
}

static const char *name_of(LV2_URID_Unmap_Handle handle, LV2_URID number)
{
	const struct lv2_names *names = handle;
	return number >= 1 && number <= names->count ? names->uris[number - 1] : NULL;
}

LV2_URID lv2_features_number(struct lv2_features *features, const char *uri)
{
	return number_of(&features->names, uri);
}

static void set_options(struct lv2_features *f)
{
	static const char *const sizes[] = {
		LV2_BUF_SIZE__minBlockLength, LV2_BUF_SIZE__maxBlockLength, LV2_BUF_SIZE__nominalBlockLength};
	size_t count = 0;
	for (; count < sizeof(sizes) / sizeof(sizes[0]); count++)
		f->options[count] = (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0,
			lv2_features_number(f, sizes[count]), sizeof(f->block_frames),
			lv2_features_number(f, LV2_ATOM__Int), &f->block_frames};
	f->options[count++] = (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0,
		lv2_features_number(f, LV2_PARAMETERS__sampleRate), sizeof(f->rate),
		lv2_features_number(f, LV2_ATOM__Float), &f->rate};
	f->options[count] = (LV2_Options_Option){LV2_OPTIONS_INSTANCE, 0, 0, 0, 0, NULL};
}

void lv2_features_init(struct lv2_features *f, uint32_t block_frames, double rate)
{
	*f = (struct lv2_features){.block_frames = (int32_t)block_frames, .rate = (float)rate};
	f->map = (LV2_URID_Map){&f->names, number_of};
	f->unmap = (LV2_URID_Unmap){&f->names, name_of};
	set_options(f);
	const LV2_Feature offered[LV2_FEATURES] = {
		{LV2_URID__map, &f->map},
		{LV2_URID__unmap, &f->unmap},
		{LV2_OPTIONS__options, f->options},
		{LV2_BUF_SIZE__boundedBlockLength, NULL},
		{LV2_BUF_SIZE__fixedBlockLength, NULL},
		{LV2_BUF_SIZE__powerOf2BlockLength, NULL},
	};
	memcpy(f->feature, offered, sizeof(offered));
	for (int i = 0; i < LV2_FEATURES; i++)
		f->list[i] = &f->feature[i];
}

void lv2_features_finish(struct lv2_features *f)
{
	for (size_t i = 0; i < f->names.count; i++)
		free(f->names.uris[i]);
	free(f->names.uris);
}

bool lv2_features_has(const struct lv2_features *f, const char *uri)
{
	for (int i = 0; i < LV2_FEATURES; i++)
		if (strcmp(f->feature[i].URI, uri) == 0)
			return true;
	return false;
}
