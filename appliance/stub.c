#include "appliance/command.h"
const struct command command_run = {.name = "run"}, command_token = {.name = "token"};
