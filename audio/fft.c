#include "audio/fft.h"

#include "audio/lanes.h"
#include "audio/wide.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Every eighth number is a signal of its own, and so the eight signals lie side by side in vectors as they
 * came. They are transformed together, all by the same factors (in passes that sort by themselves: T. G.
 * Stockham, "High-speed convolution and correlation", 1966), and then, by eight bins at a time, put together.
 */
struct number {
	lanes re, im;
};

struct turning {
	float re, im;
};

struct row {
	lanes *re, *im; /* `length` of each */
};

struct fft {
	size_t length; /* of each of the eight signals */
	struct row rows[2];
	struct turning *turnings; /* exp(-2 pi i k / length) */
	struct number *joints;	  /* by eight bins: exp(-2 pi i k l / size) of signals 1 to 7 */
};

static struct turning turning_of(size_t k, size_t size)
{
	double angle = -2 * M_PI * (double)(k % size) / (double)size;
	return (struct turning){(float)cos(angle), (float)sin(angle)};
}

static void fill_joints(struct fft *fft)
{
	size_t size = fft->length * LANES;
	for (size_t k = 0; k < fft->length; k++) {
		for (size_t l = 1; l < LANES; l++) {
			struct number *joint = &fft->joints[k / LANES * (LANES - 1) + l - 1];
			struct turning turning = turning_of(k * l, size);
			joint->re[k % LANES] = turning.re;
			joint->im[k % LANES] = turning.im;
		}
	}
}

static void *vectors(size_t count, size_t size)
{
	void *made = aligned_alloc(sizeof(lanes), count * size);
	return made ? memset(made, 0, count * size) : NULL;
}

struct fft *fft_create(size_t size)
{
	struct fft *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->length = size / LANES;
	bool whole = true;
	for (size_t i = 0; i < 2; i++) {
		made->rows[i].re = vectors(made->length, sizeof(lanes));
		made->rows[i].im = vectors(made->length, sizeof(lanes));
		whole = whole && made->rows[i].re && made->rows[i].im;
	}
	made->turnings = calloc(made->length, sizeof(*made->turnings));
	made->joints = vectors(made->length / LANES * (LANES - 1), sizeof(*made->joints));
	if (!whole || !made->turnings || !made->joints) {
		fft_destroy(made);
		return NULL;
	}
	for (size_t k = 0; k < made->length; k++)
		made->turnings[k] = turning_of(k, made->length);
	fill_joints(made);
	return made;
}

void fft_destroy(struct fft *fft)
{
	if (!fft)
		return;
	for (size_t i = 0; i < 2; i++) {
		free(fft->rows[i].re);
		free(fft->rows[i].im);
	}
	free(fft->turnings);
	free(fft->joints);
	free(fft);
}

struct fft_numbers fft_in(struct fft *fft)
{
	return (struct fft_numbers){(float *)fft->rows[0].re, (float *)fft->rows[0].im};
}

/* ---- passes ---- */

static INLINE void get(const struct row *row, size_t at, struct number *number)
{
	*number = (struct number){row->re[at], row->im[at]};
}

static INLINE void put(const struct row *row, size_t at, const struct number *number)
{
	row->re[at] = number->re;
	row->im[at] = number->im;
}

static INLINE void add(const struct number *a, const struct number *b, struct number *sum)
{
	*sum = (struct number){a->re + b->re, a->im + b->im};
}

static INLINE void subtract(const struct number *a, const struct number *b, struct number *difference)
{
	*difference = (struct number){a->re - b->re, a->im - b->im};
}

/* a - i b, and a + i b. */
static INLINE void cross(
	const struct number *a, const struct number *b, struct number *less, struct number *more)
{
	*less = (struct number){a->re + b->im, a->im - b->re};
	*more = (struct number){a->re - b->im, a->im + b->re};
}

static INLINE void turn_by(struct number *number, const struct turning *by)
{
	*number = (struct number){
		number->re * by->re - number->im * by->im, number->re * by->im + number->im * by->re};
}

static INLINE void multiply(struct number *number, const struct number *by)
{
	*number = (struct number){
		number->re * by->re - number->im * by->im, number->re * by->im + number->im * by->re};
}

/* Sequences of `count` numbers, `stride` of them interleaved, become four times as many of a quarter. */
WIDE static void fft_pass_four(
	const struct turning *turnings, size_t count, size_t stride, struct row in, struct row out)
{
	const size_t quarter = count / 4;
	for (size_t p = 0; p < quarter; p++) {
		const struct turning one = turnings[p * stride], two = turnings[2 * p * stride],
				     three = turnings[3 * p * stride];
		for (size_t q = 0; q < stride; q++) {
			struct number a, b, c, d, even, odd, low, high, y[4];
			get(&in, q + stride * p, &a);
			get(&in, q + stride * (p + quarter), &b);
			get(&in, q + stride * (p + 2 * quarter), &c);
			get(&in, q + stride * (p + 3 * quarter), &d);
			add(&a, &c, &even);
			add(&b, &d, &odd);
			subtract(&a, &c, &low);
			subtract(&b, &d, &high);
			add(&even, &odd, &y[0]);
			subtract(&even, &odd, &y[2]);
			cross(&low, &high, &y[1], &y[3]);
			turn_by(&y[1], &one);
			turn_by(&y[2], &two);
			turn_by(&y[3], &three);
			for (size_t k = 0; k < 4; k++)
				put(&out, q + stride * (4 * p + k), &y[k]);
		}
	}
}

/* The last one of an odd number of halvings. */
WIDE static void fft_pass_two(size_t stride, struct row in, struct row out)
{
	for (size_t q = 0; q < stride; q++) {
		struct number a, b, sum, difference;
		get(&in, q, &a);
		get(&in, q + stride, &b);
		add(&a, &b, &sum);
		subtract(&a, &b, &difference);
		put(&out, q, &sum);
		put(&out, q + stride, &difference);
	}
}

/* ---- the eight put together ---- */

/* A transform of eight numbers. */
static INLINE void transform_eight(struct number x[static LANES])
{
	const float root = 0.70710678F;
	const struct turning eighth = {root, -root}, three_eighths = {-root, -root};
	struct number sum[4], less[4], even[2], odd[2], ahead[2], behind[2];
	for (size_t i = 0; i < 4; i++) {
		add(&x[i], &x[i + 4], &sum[i]);
		subtract(&x[i], &x[i + 4], &less[i]);
	}
	for (size_t i = 0; i < 2; i++) {
		add(&sum[i], &sum[i + 2], &even[i]);
		subtract(&sum[i], &sum[i + 2], &odd[i]);
		cross(&less[i], &less[i + 2], &ahead[i], &behind[i]);
	}
	turn_by(&ahead[1], &eighth);
	turn_by(&behind[1], &three_eighths);
	add(&even[0], &even[1], &x[0]);
	subtract(&even[0], &even[1], &x[4]);
	cross(&odd[0], &odd[1], &x[2], &x[6]);
	add(&ahead[0], &ahead[1], &x[1]);
	subtract(&ahead[0], &ahead[1], &x[5]);
	add(&behind[0], &behind[1], &x[3]);
	subtract(&behind[0], &behind[1], &x[7]);
}

WIDE static void fft_join(const struct number *joints, size_t length, struct row in, struct row out)
{
	for (size_t k = 0; k < length; k += LANES, joints += LANES - 1) {
		lanes re[LANES], im[LANES];
		struct number x[LANES];
		memcpy(re, in.re + k, sizeof(re));
		memcpy(im, in.im + k, sizeof(im));
		lanes_turn(re);
		lanes_turn(im);
		for (size_t l = 0; l < LANES; l++)
			x[l] = (struct number){re[l], im[l]};
		for (size_t l = 1; l < LANES; l++)
			multiply(&x[l], &joints[l - 1]);
		transform_eight(x);
		for (size_t l = 0; l < LANES; l++)
			put(&out, (l * length + k) / LANES, &x[l]);
	}
}

struct fft_numbers fft_run(struct fft *fft)
{
	size_t stride = 1, at = 0;
	for (size_t count = fft->length; count > 1; at = !at) {
		if (count > 2)
			fft_pass_four(fft->turnings, count, stride, fft->rows[at], fft->rows[!at]);
		else
			fft_pass_two(stride, fft->rows[at], fft->rows[!at]);
		count = count > 2 ? count / 4 : 1;
		stride *= 4;
	}
	fft_join(fft->joints, fft->length, fft->rows[at], fft->rows[!at]);
	return (struct fft_numbers){(float *)fft->rows[!at].re, (float *)fft->rows[!at].im};
}
