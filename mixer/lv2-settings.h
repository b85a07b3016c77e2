/* What lv2.c and lv2-none.c share. */
#ifndef WOODSHED_MIXER_LV2_SETTINGS_H
#define WOODSHED_MIXER_LV2_SETTINGS_H

#include "common/key.h"

extern const struct record lv2_record;

#endif
