/* How long a disk's free space lasts. */
#ifndef WOODSHED_APPLIANCE_ROOM_LEFT_H
#define WOODSHED_APPLIANCE_ROOM_LEFT_H

#include <stdint.h>

/* Seconds of recording so many channels at `rate` (0: not known yet) and `bits`, as FLAC packs music; 0
 * without channels. Pure. */
double room_left_s(uint64_t free_bytes, uint32_t channels, uint32_t rate, int bits);

#endif
