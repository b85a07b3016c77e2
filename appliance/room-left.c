#include "appliance/room-left.h"

/* FLAC halves the size of music, roughly; what is promised should be kept. */
#define COMPRESSION_ESTIMATE 0.7

enum { USUAL_RATE = 48000 };

double room_left_s(uint64_t free_bytes, uint32_t channels, uint32_t rate, int bits)
{
	double bytes_per_second =
		(double)channels * (rate ? rate : USUAL_RATE) * bits / 8 * COMPRESSION_ESTIMATE;
	return bytes_per_second > 0 ? (double)free_bytes / bytes_per_second : 0;
}
