/* The squared magnitude of a digital section is a ratio of two functions that are linear in their
 * coefficients: A0 p0 + A1 p1 + A2 p2 with p1 = sin^2(w/2), p0 = 1 - p1, p2 = 4 p0 p1 (Vicanek, "Matched
 * Second Order Digital Filters", 2016). That makes a fit to the analogue magnitude a linear least-squares
 * problem, repeated with the last denominator as its weight (Sanathanan & Koerner, "Transfer function
 * synthesis as a ratio of two complex polynomials", 1963) and with weights that grow where the error is
 * largest, which leads to the smallest largest error (Lawson's algorithm, 1961). The poles start where
 * impulse invariance puts them. Spectral factorisation gives the section back. */
#include "audio/match.h"

#include <math.h>
#include <string.h>

enum {
	UNIFORM_POINTS = 64,
	CORNER_POINTS = 33,
	POINTS = UNIFORM_POINTS + CORNER_POINTS,
	UNKNOWNS = 4,
	ROUNDS = 24
};

/* The share of the rate up to which the fit counts fully: 18 kHz at 44.1 kHz. Beyond, it only must not stray.
 */
static const double counted_band = 0.41;
static const double uncounted_weight = 0.1;

/* The power of a whole cascade down to which it counts fully, -26 dB. */
static const double counted_power = 0.0025;

/* The corner is where a person looks: the fit passes through it, close to exactly. */
static const double corner_weight = 30;

/* Errors are relative down to -50 dB, absolute below. */
static const double floor_power = 1e-5;

/* A relative error in power of 0.01 dB: good enough to stop. */
static const double close_enough = 0.0023;

struct point {
	double phi[3];
	double target; /* squared magnitude of the prototype */
	double scale;  /* 1 over the target, with the floor */
	double importance;
	double lawson;
};

struct fit {
	const struct prototype *prototype;
	double corner;
	const struct match_others *others;
	struct point points[POINTS];
	/* The numerator is `fixed` plus unknown multiples of `basis`; the denominator's first coefficient
	 * is 1. */
	double fixed[3], basis[2][3];
	size_t zeros, poles; /* unknowns in the numerator and in the denominator; none: it stays as it is */
	double numerator[3], denominator[3];
	struct biquad best;
	double least; /* error of `best` */
};

static double dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double square(double x)
{
	return x * x;
}

static double prototype_power(const struct prototype *p, double x)
{
	double numerator = square(p->n[0] - p->n[2] * x * x) + square(p->n[1] * x);
	double denominator = square(p->d[0] - p->d[2] * x * x) + square(p->d[1] * x);
	return numerator / denominator;
}

static bool first_order(const struct prototype *p)
{
	return p->n[2] == 0 && p->d[2] == 0;
}

/* Zeros at s = 0 belong to z = 1, twice. */
static bool double_zero_at_dc(const struct prototype *p)
{
	return p->n[0] == 0 && p->n[1] == 0;
}

/* Zeros on the imaginary axis belong to the unit circle. */
static bool zeros_on_circle(const struct prototype *p)
{
	return p->n[0] != 0 && p->n[1] == 0 && p->n[2] != 0;
}

static struct biquad bilinear(const struct prototype *p, double corner)
{
	double k = tan(corner / 2);
	if (first_order(p)) {
		double a0 = p->d[0] * k + p->d[1];
		return (struct biquad){.b0 = (p->n[0] * k + p->n[1]) / a0,
			.b1 = (p->n[0] * k - p->n[1]) / a0,
			.a1 = (p->d[0] * k - p->d[1]) / a0};
	}
	double a0 = p->d[0] * k * k + p->d[1] * k + p->d[2];
	return (struct biquad){
		.b0 = (p->n[0] * k * k + p->n[1] * k + p->n[2]) / a0,
		.b1 = 2 * (p->n[0] * k * k - p->n[2]) / a0,
		.b2 = (p->n[0] * k * k - p->n[1] * k + p->n[2]) / a0,
		.a1 = 2 * (p->d[0] * k * k - p->d[2]) / a0,
		.a2 = (p->d[0] * k * k - p->d[1] * k + p->d[2]) / a0,
	};
}

/* The squared magnitude of c0 + c1 z^-1 + c2 z^-2. */
static void power_of(double c0, double c1, double c2, double power[3])
{
	power[0] = square(c0 + c1 + c2);
	power[1] = square(c0 - c1 + c2);
	power[2] = -4 * c0 * c2;
}

/* The minimum-phase polynomial of that squared magnitude; false when there is none. */
static bool factor(const double power[3], double c[3])
{
	if (!(power[0] >= 0 && power[1] > 0))
		return false;
	double half = (sqrt(power[0]) + sqrt(power[1])) / 2;
	double under = half * half + power[2];
	if (!(under >= 0))
		return false;
	c[0] = (half + sqrt(under)) / 2;
	c[1] = (sqrt(power[0]) - sqrt(power[1])) / 2;
	c[2] = -power[2] / (4 * c[0]);
	return true;
}

/* What the others are off by in power, upside down: the target of the one that makes up for it. Where the
 * whole cascade is far down, it matters little. */
static double correction(const struct fit *fit, struct point *point, double x)
{
	const struct match_others *others = fit->others;
	double factor = 1, power = point->target;
	for (size_t i = 0; i < others->count; i++) {
		double numerator[3], denominator[3];
		const struct biquad *s = &others->sections[i];
		power_of(s->b0, s->b1, s->b2, numerator);
		power_of(1, s->a1, s->a2, denominator);
		double wanted = prototype_power(&others->prototypes[i], x);
		double made = dot(numerator, point->phi) / dot(denominator, point->phi);
		factor *= (wanted + floor_power) / (made + floor_power);
		power *= wanted;
	}
	if (others->count > 0 && power < counted_power)
		point->importance = uncounted_weight;
	return factor;
}

static void place_point(struct fit *fit, struct point *point, double w)
{
	double sine = sin(w / 2);
	point->phi[1] = sine * sine;
	point->phi[0] = 1 - point->phi[1];
	point->phi[2] = 4 * point->phi[0] * point->phi[1];
	point->target = prototype_power(fit->prototype, w / fit->corner);
	point->importance = w <= counted_band * 2 * M_PI ? 1 : uncounted_weight;
	point->target *= correction(fit, point, w / fit->corner);
	point->scale = 1 / (point->target + floor_power);
	point->lawson = 1;
}

/* Evenly over the band, and as many octaves around the corner as the resonance is wide; the last is the
 * corner. */
static void place_points(struct fit *fit)
{
	const struct prototype *p = fit->prototype;
	double width = first_order(p) ? 3 : fmin(5, 2 * p->d[1] / sqrt(p->d[0] * p->d[2]));
	struct point *point = fit->points;
	for (int i = 0; i < UNIFORM_POINTS; i++)
		place_point(fit, point++, M_PI * (i + 0.5) / UNIFORM_POINTS);
	for (int i = 0; i < CORNER_POINTS - 1; i++) {
		double octaves = width * (2.0 * i / (CORNER_POINTS - 2) - 1);
		place_point(fit, point++, fmin(fit->corner * exp2(octaves), M_PI));
	}
	place_point(fit, point, fit->corner);
}

static void choose_unknowns(struct fit *fit)
{
	const struct prototype *p = fit->prototype;
	fit->poles = first_order(p) ? 1 : 2;
	if (zeros_on_circle(p)) {
		double c = cos(fit->corner);
		power_of(1, -2 * c, 1, fit->fixed);
		double dc = fit->fixed[0];
		for (int i = 0; i < 3; i++)
			fit->fixed[i] *= square(p->n[0] / p->d[0]) / dc;
		return;
	}
	if (!first_order(p) && double_zero_at_dc(p)) {
		power_of(1, -2, 1, fit->basis[0]);
		fit->zeros = 1;
		return;
	}
	fit->fixed[0] = square(p->n[0] / p->d[0]);
	fit->basis[0][1] = 1;
	fit->basis[1][2] = 1;
	fit->zeros = fit->poles;
}

static void start_poles(struct fit *fit)
{
	const struct prototype *p = fit->prototype;
	double a1, a2 = 0;
	if (first_order(p)) {
		a1 = -exp(-fit->corner * p->d[0] / p->d[1]);
	} else {
		double w = fit->corner * sqrt(p->d[0] / p->d[2]);
		double damping = p->d[1] / (2 * sqrt(p->d[0] * p->d[2]));
		double root = sqrt(fabs(1 - damping * damping)) * w;
		a1 = -2 * exp(-damping * w) * (damping <= 1 ? cos(root) : cosh(root));
		a2 = exp(-2 * damping * w);
	}
	double power[3];
	power_of(1, a1, a2, power);
	for (int i = 0; i < 3; i++)
		fit->denominator[i] = power[i] / power[0];
}

/* One point's equation, numerator - target * denominator = 0, as a row of coefficients and a right-hand side.
 */
static void write_row(const struct fit *fit, const struct point *point, double row[UNKNOWNS + 1])
{
	double weight =
		sqrt(point->lawson) * point->importance * point->scale / dot(fit->denominator, point->phi);
	size_t n = 0;
	for (size_t i = 0; i < fit->zeros; i++)
		row[n++] = weight * dot(fit->basis[i], point->phi);
	for (size_t i = 0; i < fit->poles; i++)
		row[n++] = -weight * point->target * point->phi[1 + i];
	double known = fit->poles > 0 ? point->phi[0] : dot(fit->denominator, point->phi);
	row[n] = weight * (point->target * known - dot(fit->fixed, point->phi));
}

/* Normal equations with their columns scaled to 1, for the unknowns differ by many powers of ten. */
static void gather(
	const struct fit *fit, size_t n, double matrix[UNKNOWNS][UNKNOWNS + 1], double scale[UNKNOWNS])
{
	memset(matrix, 0, sizeof(double[UNKNOWNS][UNKNOWNS + 1]));
	for (size_t i = 0; i < POINTS; i++) {
		double row[UNKNOWNS + 1];
		write_row(fit, &fit->points[i], row);
		for (size_t j = 0; j < n; j++)
			for (size_t k = 0; k <= n; k++)
				matrix[j][k] += row[j] * row[k];
	}
	for (size_t j = 0; j < n; j++)
		scale[j] = 1 / sqrt(matrix[j][j]);
	for (size_t j = 0; j < n; j++) {
		for (size_t k = 0; k < n; k++)
			matrix[j][k] *= scale[j] * scale[k];
		matrix[j][n] *= scale[j];
	}
}

/* Gauss without pivoting: the matrix is symmetric and positive definite, its diagonal all ones. */
static void solve(size_t n, double matrix[UNKNOWNS][UNKNOWNS + 1], double solution[UNKNOWNS])
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			double factor = matrix[j][i] / matrix[i][i];
			for (size_t k = i; k <= n; k++)
				matrix[j][k] -= factor * matrix[i][k];
		}
	}
	for (size_t i = n; i-- > 0;) {
		double value = matrix[i][n];
		for (size_t k = i + 1; k < n; k++)
			value -= matrix[i][k] * solution[k];
		solution[i] = value / matrix[i][i];
	}
}

static void fit_once(struct fit *fit)
{
	size_t n = fit->zeros + fit->poles;
	double matrix[UNKNOWNS][UNKNOWNS + 1], scale[UNKNOWNS] = {0}, solution[UNKNOWNS] = {0};
	gather(fit, n, matrix, scale);
	solve(n, matrix, solution);
	memcpy(fit->numerator, fit->fixed, sizeof(fit->numerator));
	for (size_t i = 0; i < fit->zeros; i++)
		for (size_t j = 0; j < 3; j++)
			fit->numerator[j] += solution[i] * scale[i] * fit->basis[i][j];
	for (size_t i = 0; i < fit->poles; i++)
		fit->denominator[1 + i] = solution[fit->zeros + i] * scale[fit->zeros + i];
}

/* Zeros that must lie on the unit circle are written down, not left to the factorisation's rounding. */
static bool factor_numerator(const struct fit *fit, double b[3])
{
	bool at_dc = !first_order(fit->prototype) && double_zero_at_dc(fit->prototype);
	if (!at_dc && !zeros_on_circle(fit->prototype))
		return factor(fit->numerator, b);
	double c = at_dc ? 1 : cos(fit->corner);
	b[0] = b[2] = sqrt(-fit->numerator[2]) / 2;
	b[1] = -2 * c * b[0];
	return fit->numerator[2] < 0;
}

static bool to_section(const struct fit *fit, struct biquad *section)
{
	double a[3], b[3];
	if (!factor(fit->denominator, a) || !factor_numerator(fit, b))
		return false;
	*section = (struct biquad){b[0] / a[0], b[1] / a[0], b[2] / a[0], a[1] / a[0], a[2] / a[0]};
	return true;
}

/* The largest relative error in power over the points; weighs each point by its own for the next round. */
static double judge(struct fit *fit, const double numerator[3], const double denominator[3], bool reweigh)
{
	double errors[POINTS], worst = 0, sum = 0;
	for (size_t i = 0; i < POINTS; i++) {
		const struct point *point = &fit->points[i];
		double power = dot(numerator, point->phi) / dot(denominator, point->phi);
		errors[i] = fabs(power - point->target) * point->scale * point->importance;
		if (!(errors[i] <= worst))
			worst = errors[i];
	}
	if (!reweigh || !(worst > 0))
		return worst;
	for (size_t i = 0; i < POINTS; i++) {
		fit->points[i].lawson *= errors[i] / worst + 0.05;
		sum += fit->points[i].lawson;
	}
	for (size_t i = 0; i < POINTS; i++)
		fit->points[i].lawson *= POINTS / sum;
	return worst;
}

static double judge_section(struct fit *fit, const struct biquad *section)
{
	double numerator[3], denominator[3];
	power_of(section->b0, section->b1, section->b2, numerator);
	power_of(1, section->a1, section->a2, denominator);
	return judge(fit, numerator, denominator, false);
}

static void reset_weights(struct fit *fit)
{
	for (size_t i = 0; i < POINTS; i++)
		fit->points[i].lawson = 1;
	fit->points[POINTS - 1].importance = corner_weight;
}

/* Fits with `zeros` and `poles` unknowns; keeps the result in `best` where it is one. */
static void try_fit(struct fit *fit, size_t zeros, size_t poles)
{
	struct biquad section;
	fit->zeros = zeros;
	fit->poles = poles;
	start_poles(fit);
	reset_weights(fit);
	for (int round = 0; round < ROUNDS && fit->least > close_enough; round++) {
		fit_once(fit);
		if (!(fit->denominator[1] > 0))
			break;
		double error = judge(fit, fit->numerator, fit->denominator, true);
		if (error < fit->least && to_section(fit, &section)) {
			fit->least = error;
			fit->best = section;
		}
	}
}

struct biquad match_among(const struct prototype *prototype, double corner, const struct match_others *others)
{
	struct fit fit = {.prototype = prototype,
		.corner = corner,
		.others = others,
		.best = bilinear(prototype, corner)};
	place_points(&fit);
	fit.least = judge_section(&fit, &fit.best);
	choose_unknowns(&fit);
	/* With all the freedom there is the best ratio may be of no section (a power below zero beyond the
	 * counted band), then less freedom serves. */
	size_t zeros = fit.zeros, poles = fit.poles;
	try_fit(&fit, zeros, poles);
	if (zeros == 2)
		try_fit(&fit, 1, poles);
	if (zeros > 0)
		try_fit(&fit, zeros, 0);
	return fit.best;
}

struct biquad match_prototype(const struct prototype *prototype, double corner)
{
	return match_among(prototype, corner, &(struct match_others){.count = 0});
}
