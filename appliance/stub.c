#include "mixer/mix.h"
#include "appliance/command.h"
const struct processor_table mixer_processors;
const struct command command_render={.name="render"}, command_run={.name="run"}, command_token={.name="token"};
