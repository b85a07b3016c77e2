/* The settings of lv2, which sessions may have whether plugins can be loaded or not. */
#include "mixer/lv2-settings.h"

#include "mixer/processors.h"

static const struct key keys[] = {
	{.name = "uri",
		.type = KEY_TEXT,
		.offset = offsetof(struct lv2_settings, uri),
		.most = 1000,
		.required = true,
		.help = "Which plugin: the URI that `lv2ls` prints."},
	{.name = "controls",
		.type = KEY_LEVELS,
		.offset = offsetof(struct lv2_settings, controls),
		.help = "Its controls by their symbols, as `lv2info URI` lists them; others stay at their "
			"defaults."},
};

const struct record lv2_record = {
	.name = "lv2",
	.help = "A plugin of others that is installed on this machine.",
	.size = sizeof(struct lv2_settings),
	.keys = keys,
	.key_count = KEY_COUNT(keys),
};
