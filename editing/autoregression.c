#include "editing/autoregression.h"

#include <math.h>
#include <string.h>

/* A floor of white noise 90 dB down keeps the recursion stable on pure tones. */
#define WHITE_FLOOR 1e-9

static void autocorrelate(const double *samples, size_t count, double r[static AR_ORDER + 1])
{
	double last[AR_ORDER + 1] = {0}; /* windowed samples, the newest first */
	memset(r, 0, (AR_ORDER + 1) * sizeof(*r));
	for (size_t n = 0; n < count; n++) {
		memmove(last + 1, last, AR_ORDER * sizeof(*last));
		last[0] = samples[n] * (0.5 - 0.5 * cos(2 * M_PI * ((double)n + 0.5) / (double)count));
		for (size_t i = 0; i <= AR_ORDER; i++)
			r[i] += last[0] * last[i];
	}
}

void autoregression_fit(struct autoregression *model, const double *samples, size_t count)
{
	double r[AR_ORDER + 1], *a = model->a;
	autocorrelate(samples, count, r);
	memset(a, 0, sizeof(model->a));
	a[0] = 1;
	double error = r[0] * (1 + WHITE_FLOOR);
	for (size_t i = 1; i <= AR_ORDER && error > 0; i++) {
		double sum = r[i];
		for (size_t k = 1; k < i; k++)
			sum += a[k] * r[i - k];
		double reflection = -sum / error;
		for (size_t k = 1; k <= i / 2; k++) {
			double low = a[k], high = a[i - k];
			a[k] = low + reflection * high;
			a[i - k] = high + reflection * low;
		}
		a[i] = reflection;
		error *= 1 - reflection * reflection;
	}
}

void autoregression_errors(const struct autoregression *model, const double *samples, size_t count,
	double *forward, double *backward)
{
	for (size_t n = 0; n < count; n++) {
		const double *x = samples + n;
		double before = 0, after = 0;
		for (size_t i = 0; i <= AR_ORDER; i++) {
			before += model->a[i] * *(x - i);
			after += model->a[i] * x[i];
		}
		forward[n] = before;
		backward[n] = after;
	}
}

/* A symmetric, positive definite system. */
struct equations {
	size_t count;
	double matrix[AR_GAP_MOST][AR_GAP_MOST]; /* the lower half */
	double right[AR_GAP_MOST];
};

/* Cholesky's decomposition, then both substitutions; the answer is in `right`. */
static bool solve(struct equations *q)
{
	for (size_t i = 0; i < q->count; i++) {
		for (size_t j = 0; j <= i; j++) {
			double sum = q->matrix[i][j];
			for (size_t k = 0; k < j; k++)
				sum -= q->matrix[i][k] * q->matrix[j][k];
			if (i == j && sum <= 0)
				return false;
			q->matrix[i][j] = i == j ? sqrt(sum) : sum / q->matrix[j][j];
		}
	}
	for (size_t i = 0; i < q->count; i++) {
		for (size_t k = 0; k < i; k++)
			q->right[i] -= q->matrix[i][k] * q->right[k];
		q->right[i] /= q->matrix[i][i];
	}
	for (size_t i = q->count; i-- > 0;) {
		for (size_t k = i + 1; k < q->count; k++)
			q->right[i] -= q->matrix[k][i] * q->right[k];
		q->right[i] /= q->matrix[i][i];
	}
	return true;
}

/* b[l] = sum over i of a[i] a[i + l]: how a sample weighs on the error through its neighbours. */
static void weights(const struct autoregression *model, double b[static AR_ORDER + 1])
{
	for (size_t l = 0; l <= AR_ORDER; l++) {
		b[l] = 0;
		for (size_t i = 0; i + l <= AR_ORDER; i++)
			b[l] += model->a[i] * model->a[i + l];
	}
}

static size_t find_unknown(const bool *unknown, size_t count, size_t places[static AR_GAP_MOST])
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++) {
		if (unknown[i] && found == AR_GAP_MOST)
			return AR_GAP_MOST + 1;
		if (unknown[i])
			places[found++] = i;
	}
	return found;
}

bool autoregression_fill(
	const struct autoregression *model, double *samples, const bool *unknown, size_t count)
{
	struct equations q;
	size_t places[AR_GAP_MOST];
	double b[AR_ORDER + 1];
	q.count = find_unknown(unknown, count, places);
	if (q.count > AR_GAP_MOST)
		return false;
	weights(model, b);
	for (size_t i = 0; i < q.count; i++) {
		size_t at = places[i];
		for (size_t j = 0; j <= i; j++)
			q.matrix[i][j] = at - places[j] <= AR_ORDER ? b[at - places[j]] : 0;
		q.right[i] = 0;
		for (size_t l = 1; l <= AR_ORDER; l++) {
			q.right[i] -= at >= l && !unknown[at - l] ? b[l] * samples[at - l] : 0;
			q.right[i] -= at + l < count && !unknown[at + l] ? b[l] * samples[at + l] : 0;
		}
	}
	if (!solve(&q))
		return false;
	for (size_t i = 0; i < q.count; i++)
		samples[places[i]] = q.right[i];
	return true;
}
