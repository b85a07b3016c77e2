#include "editing/autoregression.h"

#include "audio/wide.h"

#include <math.h>
#include <string.h>

/* A floor of white noise 90 dB down keeps the recursion stable on pure tones. */
#define WHITE_FLOOR 1e-9

enum { LANES = 4, TILE = 4 * LANES, CHUNK = 512 };

/* As they lie among the samples, at any of them. */
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

/* The Hann window at n + 1/2 of `count`, by turning a phasor on: a cosine a sample would cost more than the
 * rest. */
struct hann {
	double re, im, step_re, step_im;
};

static struct hann hann_at_start(size_t count)
{
	double step = 2 * M_PI / (double)count;
	return (struct hann){cos(step / 2), sin(step / 2), cos(step), sin(step)};
}

static double hann_next(struct hann *hann)
{
	double now = hann->re;
	hann->re = now * hann->step_re - hann->im * hann->step_im;
	hann->im = now * hann->step_im + hann->im * hann->step_re;
	return 0.5 - 0.5 * now;
}

/* Adds to r[i] the products of x[n] and x[n - i], TILE lags at a time: r[first] up to r[first + TILE - 1].
 * The longest lag comes first, as in memory. Four sums by name stay in registers, an array of them does not.
 */
WIDE static void add_products(const double *x, size_t count, size_t first, double *r)
{
	lanes sums[TILE / LANES], s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
	const double *longest = x - first - (TILE - 1);
	for (size_t n = 0; n < count; n++) {
		const lanes *back = (const lanes *)(longest + n);
		s0 += x[n] * back[0];
		s1 += x[n] * back[1];
		s2 += x[n] * back[2];
		s3 += x[n] * back[3];
	}
	sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
	for (size_t i = 0; i < TILE; i++)
		r[first + i] += sums[(TILE - 1 - i) / LANES][(TILE - 1 - i) % LANES];
}

static void autocorrelate(const double *samples, size_t count, double r[static AR_ORDER + 1])
{
	double room[AR_ORDER + CHUNK] = {0}, *x = room + AR_ORDER; /* windowed, behind those before them */
	struct hann hann = hann_at_start(count);
	memset(r, 0, (AR_ORDER + 1) * sizeof(*r));
	for (size_t done = 0; done < count; done += CHUNK) {
		size_t n = count - done < CHUNK ? count - done : CHUNK;
		for (size_t i = 0; i < n; i++) {
			x[i] = samples[done + i] * hann_next(&hann);
			r[0] += x[i] * x[i];
		}
		for (size_t first = 1; first < AR_ORDER; first += TILE)
			add_products(x, n, first, r);
		memmove(room, room + n, AR_ORDER * sizeof(*room));
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

/* TILE errors: the samples `step` apart from each one, forwards or backwards in time. */
WIDE static void errors_tile(const double *a, const double *x, ptrdiff_t step, double *errors)
{
	lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
	for (ptrdiff_t i = 0; i <= AR_ORDER; i++) {
		const lanes *other = (const lanes *)(x + i * step);
		s0 += a[i] * other[0];
		s1 += a[i] * other[1];
		s2 += a[i] * other[2];
		s3 += a[i] * other[3];
	}
	lanes *to = (lanes *)errors;
	to[0] = s0, to[1] = s1, to[2] = s2, to[3] = s3;
}

void autoregression_errors(const struct autoregression *model, const double *samples, size_t count,
	double *forward, double *backward)
{
	size_t n = 0;
	for (; n + TILE <= count; n += TILE) {
		errors_tile(model->a, samples + n, -1, forward + n);
		errors_tile(model->a, samples + n, 1, backward + n);
	}
	for (; n < count; n++) {
		forward[n] = backward[n] = 0;
		for (size_t i = 0; i <= AR_ORDER; i++) {
			forward[n] += model->a[i] * samples[n - i];
			backward[n] += model->a[i] * samples[n + i];
		}
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
