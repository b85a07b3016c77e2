/* What can be said of a YAML file's text before and after libyaml looks at it. Only for yaml.c. */
#ifndef WOODSHED_CONFIG_YAML_TEXT_H
#define WOODSHED_CONFIG_YAML_TEXT_H

#include "config/faults.h"

#include <stdbool.h>
#include <stddef.h>

/* True when `text` is UTF-8 that YAML allows; else adds a fault at the first place where it is not. */
bool yaml_text_check(const char *text, size_t size, struct faults *faults);

/* libyaml's words for a syntax error at a place, with ours where ours help more. */
void yaml_text_fault(
	struct faults *faults, const char *text, size_t size, int line, int column, const char *problem);

#endif
