/* /etc/woodshed/appliance.yaml: the box, its interfaces and where it speaks. */
#ifndef WOODSHED_CONFIG_APPLIANCE_H
#define WOODSHED_CONFIG_APPLIANCE_H

#include "common/key.h"
#include "config/faults.h"

#include <stdint.h>

struct interface_config {
	char *name;   /* as sessions call it */
	char *node;   /* a glob on PipeWire's node.name */
	int channels; /* 0: every output port that the node has */
	int clock;    /* enum interface_clock */
};

enum interface_clock { INTERFACE_CLOCK_OWN, INTERFACE_CLOCK_SHARED };

enum start_when { START_ON_SIGNAL, START_ON_COMMAND };
enum stop_when { STOP_ON_SILENCE, STOP_ON_COMMAND };

struct start_config {
	int when;	 /* enum start_when */
	double above_db; /* dBFS; NAN: auto, from each track's noise floor */
	double for_s;
};

struct stop_config {
	int when;	 /* enum stop_when */
	double below_db; /* dBFS; NAN: auto */
	double for_s;
};

/* How songs are found in a long take (recorder/songs.h). */
struct songs_config {
	double above_db; /* over the noise floor */
	double enter_s, leave_s;
	double least_s; /* a song lasts at least this long */
};

struct recording_config {
	int bit_depth; /* 16 or 24 */
	double pre_roll_s;
	double sync_every_s;
	struct start_config start;
	struct stop_config stop;
	double post_roll_s;
	double max_length_s;
	double keep_free_s; /* of recording */
	struct songs_config songs;
};

struct mqtt_config {
	char *url; /* mqtt://HOST:PORT or mqtts://…, the port optional; NULL: no `mqtt:` in the file, no MQTT
		    */
	char *username;	     /* NULL: none */
	char *password_file; /* NULL: none */
	char *ca_file;	     /* PEM: who may vouch for the broker; NULL: whom the system trusts */
	char *cert_file;     /* PEM: who we are, with what vouches for it; NULL: nobody asks */
	char *key_file;	     /* PEM, of cert_file; NULL: it is in there too */
	bool discovery;
};

struct http_config {
	char *listen;	  /* ADDRESS:PORT, an IPv6 address in brackets */
	char *token_file; /* never NULL: `http.token` in the takes folder, which the service can write, unless
			   * the file names another */
};

struct render_config {
	bool on_stop;
};

enum retention_rule { RETENTION_ALL, RETENTION_DAYS, RETENTION_TAKES, RETENTION_FREE };

/* Which takes may go. One rule; the members of the others are 0. */
struct retention_config {
	int rule;	     /* enum retention_rule */
	int keep;	     /* 0: `keep: all`, nothing else to choose; negative: another rule */
	int days;	     /* the oldest that is left */
	int takes;	     /* how many are left */
	double free_percent; /* of the disk, kept free by removing the oldest */
};

struct appliance {
	int woodshed; /* the format of the file: 1 */
	char *name;
	char *takes;   /* an absolute path, or relative to the working folder where there is no file */
	char *session; /* the same; NULL: none, one track a channel */
	struct key_list interfaces; /* of struct interface_config; none: every interface there is */
	struct recording_config recording;
	struct mqtt_config mqtt;
	struct http_config http;
	struct render_config render;
	struct retention_config retention;
};

extern const struct record appliance_record;

/* Loads `path`, or the defaults alone when `path` is NULL. Relative paths in the file (takes, session,
 * password_file, token_file) come out relative to the file's folder; a session or password file that the file
 * names has to be there. 0, or -EINVAL with every fault in `faults` (which the caller has made with
 * faults_init and finishes). On failure nothing is left to finish. */
int appliance_load(struct appliance *appliance, const char *path, struct faults *faults) MUST_CHECK;
void appliance_finish(struct appliance *appliance); /* a zeroed value is fine */

#endif
