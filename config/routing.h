/* Where tracks go on their way to the stereo mix: buses, sends to returns, VCA groups, automation and place.
 */
#ifndef WOODSHED_CONFIG_ROUTING_H
#define WOODSHED_CONFIG_ROUTING_H

#include "common/key.h"

/* A part of a strip that goes to a return as well. */
struct send_config {
	char *to; /* a bus of kind return */
	double level_db;
	bool pre; /* before the fader, mute included; after it otherwise */
};

/* A moment of `at`, `from` and `to` is a time from the take's first frame ("1:23.5", "83 s") or the label of
 * a marker of the take, "chorus"; "chorus#2" is the second of that label. */
struct gain_point {
	char *at;
	double gain_db; /* on top of the fader's */
};

struct mute_range {
	char *from, *to; /* `to` NULL: to the end */
};

struct automation_config {
	struct key_list gain; /* of struct gain_point; in dB a straight line between two of them */
	struct key_list mute; /* of struct mute_range */
};

/* One gesture for where a track stands in the picture; 0 of each changes nothing. */
struct place_config {
	double width;  /* -100 (left) to 100 (right); a stereo track narrows as it goes to one side */
	double depth;  /* %, 0 (in front) to 100 (at the back) */
	double height; /* %, -100 (dark, low) to 100 (bright, high); cuts only */
};

enum bus_kind { BUS_GROUP, BUS_RETURN };

/* A group that tracks go to instead of the mix, or a return that they send to. */
struct bus_config {
	char *name;
	int kind;	       /* enum bus_kind */
	struct key_list chain; /* of struct key_insert */
	double gain_db, pan;   /* pan is a balance: -100 (left) to 100 (right) */
	bool mute, solo;
	char *bus;	       /* the group it goes to; NULL: the mix */
	struct key_list sends; /* of struct send_config */
	struct key_list vca;   /* of char *: names in `vcas` */
	struct automation_config automation;
};

/* A fader that has no sound of its own: what it says is added to all that name it. */
struct vca_config {
	char *name;
	double gain_db;
	bool mute;
	struct automation_config automation;
};

#define SESSION_MOST_BUSES 128
#define SESSION_MOST_VCAS 64
#define BUS_MASTER "master" /* the name of the stereo mix where a `bus` is asked for */

extern const struct record send_record, automation_record, place_record, bus_record, vca_record;

#endif
