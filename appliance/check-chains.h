/* What only making a processor can find: a plugin that is not installed, a note without a tempo, two delays
 * in one. For `woodshed check` and the render's process; the service loads no plugins. */
#ifndef WOODSHED_APPLIANCE_CHECK_CHAINS_H
#define WOODSHED_APPLIANCE_CHECK_CHAINS_H

#include "config/faults.h"
#include "config/session.h"

/* Makes every processor of a session that was loaded without faults, once, at `rate`, and adds what they
 * refuse to `faults`, at the processor's place in the file. 0 or -EINVAL. */
int check_chains(const struct session *session, uint32_t rate, struct faults *faults) MUST_CHECK;

#endif
