#include "config/routing.h"

#define RECORD(text, type, table) \
	{ \
		text, table##_help, sizeof(type), table, KEY_COUNT(table) \
	}
#define SEND(member) offsetof(struct send_config, member)
#define POINT(member) offsetof(struct gain_point, member)
#define RANGE(member) offsetof(struct mute_range, member)
#define AUTOMATION(member) offsetof(struct automation_config, member)
#define PLACE(member) offsetof(struct place_config, member)
#define BUS(member) offsetof(struct bus_config, member)
#define VCA(member) offsetof(struct vca_config, member)

enum { POINTS_MOST = 4096, LABEL_MOST = 200, CHAIN_MOST = 32 };

/* The name comes first, then what a single value behind it means. */
static const char send_keys_help[] = "A part that goes to a return as well.";
static const struct key send_keys[] = {
	{"to", KEY_TEXT, SEND(to), .most = 64, .help = "A bus of kind return."},
	{"level", KEY_NUMBER, SEND(level_db), .unit = UNIT_DB, .least = -120, .most = 24, .fallback = "0 dB",
		.help = "How much of it."},
	{"pre", KEY_FLAG, SEND(pre), .help = "Before the fader, not after it."},
};
const struct record send_record = RECORD("send", struct send_config, send_keys);

static const char point_keys_help[] = "A gain at a moment.";
static const struct key point_keys[] = {
	{"at", KEY_TEXT, POINT(at), .most = LABEL_MOST, .required = true,
		.help = "A time such as 1:23.5, or a marker's label; chorus#2 is the second of two."},
	{"gain", KEY_NUMBER, POINT(gain_db), .unit = UNIT_DB, .least = -120, .most = 24, .required = true,
		.help = "On top of the fader."},
};
static const struct record point_record = RECORD("point", struct gain_point, point_keys);

static const char range_keys_help[] = "A stretch of silence.";
static const struct key range_keys[] = {
	{"from", KEY_TEXT, RANGE(from), .most = LABEL_MOST, .required = true,
		.help = "A time such as 1:23.5, or a marker's label; chorus#2 is the second of two."},
	{"to", KEY_TEXT, RANGE(to), .most = LABEL_MOST,
		.help = "The same; the take's end where it is left out."},
};
static const struct record range_record = RECORD("range", struct mute_range, range_keys);

static const char automation_keys_help[] = "What the fader does while the take runs.";
static const struct key automation_keys[] = {
	{"gain", KEY_RECORDS, AUTOMATION(gain), .most = POINTS_MOST, .record = &point_record,
		.help = "Points with straight lines between them, in dB."},
	{"mute", KEY_RECORDS, AUTOMATION(mute), .most = POINTS_MOST, .record = &range_record,
		.help = "Stretches that are not heard."},
};
const struct record automation_record = RECORD("automation", struct automation_config, automation_keys);

static const char place_keys_help[] = "Where it stands in the picture, as one gesture.";
static const struct key place_keys[] = {
	{"width", KEY_NUMBER, PLACE(width), .unit = UNIT_PAN, .least = -100, .most = 100, .fallback = "C",
		.help = "Left to right."},
	{"depth", KEY_NUMBER, PLACE(depth), .unit = UNIT_PERCENT, .least = 0, .most = 100, .fallback = "0 %",
		.help = "Front to back: level, treble, delay and sends."},
	{"height", KEY_NUMBER, PLACE(height), .unit = UNIT_PERCENT, .least = -100, .most = 100,
		.fallback = "0 %", .help = "Dark to bright: what is cut to make it sit low or high."},
};
const struct record place_record = RECORD("place", struct place_config, place_keys);

static const char *const kinds[] = {[BUS_GROUP] = "bus", [BUS_RETURN] = "return", NULL};

static const char bus_keys_help[] = "A group of tracks, or a return that they send to.";
static const struct key bus_keys[] = {
	{"name", KEY_TEXT, BUS(name), .most = 64, .required = true, .help = "The bus's name."},
	{"kind", KEY_CHOICE, BUS(kind), .choices = kinds, .fallback = "bus",
		.help = "bus: tracks go through it; return: they send to it."},
	{"chain", KEY_CHAIN, BUS(chain), .most = CHAIN_MOST, .help = "Its processors."},
	{"gain", KEY_NUMBER, BUS(gain_db), .unit = UNIT_DB, .least = -120, .most = 24, .fallback = "0 dB",
		.help = "The fader, after the chain."},
	{"pan", KEY_NUMBER, BUS(pan), .unit = UNIT_PAN, .least = -100, .most = 100, .fallback = "C",
		.help = "The balance of left and right."},
	{"mute", KEY_FLAG, BUS(mute), .help = "Keep it out of the mix."},
	{"solo", KEY_FLAG, BUS(solo), .help = "Hear only what goes through it, and what else is soloed."},
	{"bus", KEY_TEXT, BUS(bus), .most = 64, .help = "The bus it goes to; the mix where it is left out."},
	{"sends", KEY_MAP, BUS(sends), .most = SESSION_MOST_BUSES, .record = &send_record,
		.help = "RETURN: how much goes to it, or {level, pre}."},
	{"vca", KEY_TEXTS, BUS(vca), .most = 64, .help = "The VCA groups it follows."},
	{"automation", KEY_RECORD, BUS(automation), .record = &automation_record,
		.help = automation_keys_help},
};
const struct record bus_record = RECORD("bus", struct bus_config, bus_keys);

static const char vca_keys_help[] = "A fader for all that name it.";
static const struct key vca_keys[] = {
	{"name", KEY_TEXT, VCA(name), .most = 64, .help = "The group's name."},
	{"gain", KEY_NUMBER, VCA(gain_db), .unit = UNIT_DB, .least = -120, .most = 24, .fallback = "0 dB",
		.help = "Added to every member's fader."},
	{"mute", KEY_FLAG, VCA(mute), .help = "Keep all members out of the mix."},
	{"automation", KEY_RECORD, VCA(automation), .record = &automation_record,
		.help = automation_keys_help},
};
const struct record vca_record = RECORD("vca", struct vca_config, vca_keys);
