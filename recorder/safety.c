#include "recorder/safety.h"

enum { MANY = 3 };

enum safety_news safety_look(struct safety *safety, double sync_every_s, double unsafe_s)
{
	double promised_s = sync_every_s + SAFETY_GRACE_S;
	bool broken = unsafe_s > promised_s, begins = broken && !safety->broken;
	safety->broken = broken;
	safety->breaks += begins;
	if (unsafe_s > safety->most_s)
		safety->most_s = unsafe_s;
	if (!safety->alerted && broken && (safety->breaks >= MANY || unsafe_s > MANY * promised_s)) {
		safety->alerted = true;
		return SAFETY_ALERT;
	}
	return begins && safety->breaks == 1 ? SAFETY_BROKEN : SAFETY_NO_NEWS;
}
