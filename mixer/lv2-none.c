/* lv2 of a program that was built without lilv. */
#include "mixer/lv2-settings.h"
#include "mixer/processors.h"

#include <errno.h>

static int lv2_init(void *state, const void *settings, const struct processor_format *format, struct error *e)
{
	const struct lv2_settings *s = settings;
	(void)state;
	(void)format;
	return error_set(e, ENOTSUP, "uri: <%s>: this woodshed was built without LV2 plugins", s->uri);
}

static void lv2_process(void *state, struct block *block)
{
	(void)state;
	(void)block;
}

static void lv2_reset(void *state)
{
	(void)state;
}

const struct processor_type lv2_type = {
	.settings = &lv2_record,
	.init = lv2_init,
	.process = lv2_process,
	.reset = lv2_reset,
};
