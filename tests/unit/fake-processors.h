/* Processors with the keys that the presets use; what they do to sound is of no matter here. */
#ifndef WOODSHED_TESTS_FAKE_PROCESSORS_H
#define WOODSHED_TESTS_FAKE_PROCESSORS_H

#include "common/key.h"

struct pass {
	double frequency_hz, slope_db;
};

struct band {
	int type;
	double frequency_hz, gain_db, q;
};

struct eq {
	struct key_list bands;
};

struct compressor {
	double threshold_db, ratio, attack_s, release_s, knee_db, makeup_db;
};

static const char *const types[] = {"peak", "lowshelf", "highshelf", NULL};

static const struct key pass_keys[] = {
	{"frequency", KEY_NUMBER, offsetof(struct pass, frequency_hz), .unit = UNIT_HZ, .least = 10,
		.most = 20000, .fallback = "80 Hz"},
	{"slope", KEY_NUMBER, offsetof(struct pass, slope_db), .unit = UNIT_SLOPE, .least = 6, .most = 48,
		.step = 6, .fallback = "12"},
};
static const struct key band_keys[] = {
	{"type", KEY_CHOICE, offsetof(struct band, type), .choices = types},
	{"frequency", KEY_NUMBER, offsetof(struct band, frequency_hz), .unit = UNIT_HZ, .least = 10,
		.most = 20000, .required = true},
	{"gain", KEY_NUMBER, offsetof(struct band, gain_db), .unit = UNIT_DB, .least = -24, .most = 24},
	{"q", KEY_NUMBER, offsetof(struct band, q), .least = 0.1, .most = 20, .fallback = "0.7"},
};
static const struct record band = {"band", "A band.", sizeof(struct band), band_keys, KEY_COUNT(band_keys)};
static const struct key eq_keys[] = {
	{"bands", KEY_RECORDS, offsetof(struct eq, bands), .record = &band},
};
#define COMPRESSOR(member) offsetof(struct compressor, member)
#define TIME .unit = UNIT_SECONDS, .bare_scale = 0.001, .least = 0, .most = 5
static const struct key compressor_keys[] = {
	{"threshold", KEY_NUMBER, COMPRESSOR(threshold_db), .unit = UNIT_DB, .least = -80, .most = 0},
	{"ratio", KEY_NUMBER, COMPRESSOR(ratio), .unit = UNIT_RATIO, .least = 1, .most = 100,
		.fallback = "4:1"},
	{"attack", KEY_NUMBER, COMPRESSOR(attack_s), TIME},
	{"release", KEY_NUMBER, COMPRESSOR(release_s), TIME},
	{"knee", KEY_NUMBER, COMPRESSOR(knee_db), .unit = UNIT_DB, .least = 0, .most = 40},
	{"makeup", KEY_NUMBER, COMPRESSOR(makeup_db), .unit = UNIT_DB, .least = -24, .most = 36},
};
static const struct record highpass = {
	"highpass", "A highpass.", sizeof(struct pass), pass_keys, KEY_COUNT(pass_keys)};
static const struct record eq = {"eq", "An eq.", sizeof(struct eq), eq_keys, KEY_COUNT(eq_keys)};
static const struct record compressor = {"compressor", "A compressor.", sizeof(struct compressor),
	compressor_keys, KEY_COUNT(compressor_keys)};
struct deesser {
	double frequency_hz, reduce_db;
};

struct reverb {
	int kind;
	double size, decay_s, predelay_s, high_decay;
};

static const char *const kinds[] = {"room", "plate", "hall", NULL};

static const struct key deesser_keys[] = {
	{"frequency", KEY_NUMBER, offsetof(struct deesser, frequency_hz), .unit = UNIT_HZ, .least = 1000,
		.most = 20000, .fallback = "6.5 kHz"},
	{"reduce", KEY_NUMBER, offsetof(struct deesser, reduce_db), .unit = UNIT_DB, .least = 0, .most = 24},
};
#define REVERB(member) offsetof(struct reverb, member)
#define SHARE .unit = UNIT_PERCENT, .least = 0, .most = 300, .fallback = "100 %"
static const struct key reverb_keys[] = {
	{"kind", KEY_CHOICE, REVERB(kind), .choices = kinds},
	{"size", KEY_NUMBER, REVERB(size), SHARE},
	{"decay", KEY_NUMBER, REVERB(decay_s), .unit = UNIT_SECONDS, .least = 0.1, .most = 30,
		.fallback = "1.5 s"},
	{"predelay", KEY_NUMBER, REVERB(predelay_s), TIME},
	{"high_decay", KEY_NUMBER, REVERB(high_decay), SHARE},
};
static const struct record deesser = {
	"deesser", "A de-esser.", sizeof(struct deesser), deesser_keys, KEY_COUNT(deesser_keys)};
static const struct record reverb = {
	"reverb", "A reverb.", sizeof(struct reverb), reverb_keys, KEY_COUNT(reverb_keys)};
static const struct record *const records[] = {&highpass, &eq, &compressor, &deesser, &reverb};
static const char *const later[] = {"denoise", NULL};
static const struct record_table processors = {records, 5, later};

#endif
