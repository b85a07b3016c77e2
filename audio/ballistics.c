#include "audio/ballistics.h"

/* What is left of a reduction of 1 at `t` after it is no longer wanted: release, then attack, one after the
 * other. */
static double left_after(double t, double release_s, double attack_s)
{
	double difference = release_s - attack_s;
	if (fabs(difference) < 1e-6 * attack_s)
		return (1 + t / attack_s) * exp(-t / attack_s);
	return (release_s * exp(-t / release_s) - attack_s * exp(-t / attack_s)) / difference;
}

/* The decoupled detector's fall is slowed by its attack. The release pole that makes the whole reach 63 % in
 * the time asked for, by bisection; 0 where the attack alone is as slow. */
static double release_pole(double release_s, double attack_s)
{
	if (attack_s == 0)
		return release_s;
	double low = 0, high = release_s;
	if (release_s <= attack_s)
		return 0;
	for (int i = 0; i < 60; i++) {
		double middle = (low + high) / 2;
		if (left_after(release_s, middle, attack_s) > exp(-1))
			high = middle;
		else
			low = middle;
	}
	return (low + high) / 2;
}

void ballistics_init(struct ballistics *b, double attack_s, double release_s, double rate)
{
	*b = (struct ballistics){
		.attack_keep = keep_of(attack_s, rate),
		.release_keep = keep_of(release_pole(release_s, attack_s), rate),
	};
}

void ballistics_run(struct ballistics *b, double *values, size_t count)
{
	const double release = b->release_keep, attack = b->attack_keep;
	double held = b->held, reduction = b->reduction;
	for (size_t i = 0; i < count; i++) {
		double fallen = release * held + ((1 - release) * values[i] - DECAY_DB);
		held = values[i] > fallen ? values[i] : fallen;
		double next = attack * reduction + ((1 - attack) * held - DECAY_DB);
		reduction = next > 0 ? next : 0;
		values[i] = reduction;
	}
	b->held = held;
	b->reduction = reduction;
}
