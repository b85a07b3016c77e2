#include "recorder/deadline.h"

/* New files are synced after this part of a period. */
enum { FIRST_ROUND = 8 };

/* Of what a round cost, this much counts at the next. */
#define REMEMBERED 0.75

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void deadline_init(struct deadline *deadline, int64_t period_ns, int64_t now_ns)
{
	*deadline = (struct deadline){.period_ns = period_ns, .due_ns = now_ns + period_ns};
}

void deadline_set_period(struct deadline *deadline, int64_t period_ns, int64_t now_ns)
{
	if (period_ns < deadline->period_ns)
		deadline_call(deadline, now_ns);
	deadline->period_ns = period_ns;
}

void deadline_hasten(struct deadline *deadline, int64_t now_ns)
{
	int64_t soon = now_ns + deadline->period_ns / FIRST_ROUND;
	if (soon < deadline->due_ns)
		deadline->due_ns = soon;
}

void deadline_call(struct deadline *deadline, int64_t now_ns)
{
	if (now_ns < deadline->due_ns)
		deadline->due_ns = now_ns;
}

void deadline_round(struct deadline *deadline, int64_t began_ns, int64_t done_ns)
{
	int64_t taken = done_ns - began_ns, late = most(began_ns - deadline->due_ns, 0);
	int64_t faded = (int64_t)((double)deadline->head_ns * REMEMBERED);
	/* Half of the time may go into syncs, no more: past that they would only hold each other up. */
	int64_t head = most(most(late + taken, faded), 0);
	head = head < deadline->period_ns / 2 ? head : deadline->period_ns / 2;
	deadline->head_ns = head;
	deadline->due_ns = began_ns + most(deadline->period_ns - head, taken);
}
