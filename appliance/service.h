/* The service behind `woodshed run`: owns the recorder, the network and the renders, and joins them through
 * small structs; recorder and network never see each other. Private to the appliance; control thread only. */
#ifndef WOODSHED_APPLIANCE_SERVICE_H
#define WOODSHED_APPLIANCE_SERVICE_H

#include "appliance/jobs.h"
#include "appliance/manager.h"
#include "appliance/rescue.h"
#include "appliance/sessions.h"
#include "common/worker.h"
#include "network/network.h"
#include "recorder/recorder.h"
#include "takes/retention.h"

#include <stdatomic.h>

enum { SERVICE_INTERFACES_MOST = 64, SERVICE_SIGNALS = 3, SERVICE_ALERT_SIZE = 600 };

struct service {
	struct loop *loop;
	struct manager *manager;
	const char *config_path;     /* NULL: defaults */
	struct appliance *started;   /* as it was at the start: the network's and the takes folder are not
					changed later */
	struct appliance *appliance; /* as it is now; may be `started` */
	struct loaded_session session;
	struct recorder *recorder;
	struct network *network;
	struct jobs *jobs;
	struct rescue *rescue; /* of takes that the last run left behind, or that the disk cut off since */
	bool rescuing;	       /* it is not done */
	char **cut_off;	       /* ids of takes whose last manifest the disk did not take */
	size_t cut_off_count;
	int takes_lock;	       /* negative: not had */
	struct worker *asked;  /* what somebody waits for */
	struct worker *chores; /* what nobody does, however long it takes */
	int errands;	       /* that `asked` has not done yet */
	struct retention_clock clock;
	_Atomic bool enough; /* the chores shall come to an end */
	bool swept;	     /* what the last run was removing is gone */
	struct loop_source *signals[SERVICE_SIGNALS];
	struct loop_source *health_timer, *retention_timer, *levels_timer, *folder_timer;
	int64_t levels_until_ns; /* monotonic: MQTT wants them so long */
	bool levels_flow;	 /* the timer runs */
	bool stopping;
	bool ready;
	bool live[SERVICE_INTERFACES_MOST]; /* of each interface, as last told */
	bool disk_low;
	char **sessions; /* names of those that there are, as last looked for */
	size_t session_count;
	bool looking, sessions_known;
	char recording_alert[SERVICE_ALERT_SIZE]; /* the last trouble with making a take; empty after one that
						     worked */
	char render_alert[SERVICE_ALERT_SIZE];
	char config_alert[SERVICE_ALERT_SIZE]; /* why the last reload changed nothing; empty after one that
						  did */
	char takes_alert[SERVICE_ALERT_SIZE];  /* why there is no folder of takes; empty: there is */
};

/* service-state.c: what the world is told. */
void service_publish_state(struct service *service);
void service_publish_info(struct service *service);
void service_publish_health(struct service *service);
void service_publish_interfaces(struct service *service); /* events for those that came or went */
void service_publish_latest(struct service *service, const char *folder);
size_t service_interfaces(struct service *service,
	struct recorder_interface interfaces[static SERVICE_INTERFACES_MOST]); /* how many there are in it */

/* service-sessions.c: looks for session files and, when that is done, introduces the box to Home Assistant if
 * it is another than before; the verb answers later, with what is found. */
void service_look_for_sessions(struct service *service);
int service_session_list(
	struct service *service, const struct command *command, json_t **result, struct error *e) MUST_CHECK;
void service_publish_home(struct service *service);
void service_sessions_finish(struct service *service);

/* service-live.c: losses as they happen (recorder's callbacks), and levels while they are wanted: the verb
 * asks for half a minute of them on MQTT, and pages look on as long as they like; the timer publishes. */
void service_on_gap(void *service, const char *interface, const struct take_gap *gap);
void service_on_loss(void *service, const char *track, const struct take_gap *gap);
void service_on_suspect(void *service, const char *interface, const struct take_suspect *loss);
int service_levels_command(
	struct service *service, const struct command *command, json_t **result, struct error *e) MUST_CHECK;
int service_watch_command(
	struct service *service, const struct command *command, json_t **result, struct error *e) MUST_CHECK;
void service_levels_tick(void *service);

/* service-folder.c: makes and locks the folder of takes; one whose disk is not there is waited for
 * (`takes_lock` stays negative), one that another service has is a failure. When it is there: recovery, the
 * newest take, and renders left undone. */
int service_folder_have(struct service *service, struct error *e) MUST_CHECK;
int service_folder_use(struct service *service, struct error *e) MUST_CHECK;
void service_folder_finish(struct service *service);
void service_folder_tick(void *service);

/* A take that the disk did not let close is as after a power cut. It is recovered as soon as the disk would
 * have takes again, which is looked for now and then. */
void service_note_cut_off(struct service *service, const char *id);
void service_recover_cut_off(struct service *service);

/* The take's members that events have. The caller's reference. */
json_t *service_take_fields(const struct manifest *take);

/* service-commands.c: what the world asks for (a network_command_fn). */
int service_command(void *data, const struct command *command, json_t **result, struct error *e);

/* service-takes.c: its workers. Stopped before the network is: what they still owe is answered. */
int service_takes_start(struct service *service, struct error *e) MUST_CHECK;
void service_takes_stop(struct service *service);

/* Lists and changes takes; answers later. */
int service_take_command(
	struct service *service, const struct command *command, json_t **result, struct error *e);

/* Removes what retention lets go, and what an interrupted removal left, beside everything else. */
void service_look_after_takes(struct service *service);

/* A take has begun: its clock is looked at, and the library's index follows. */
void service_take_begun(struct service *service, const char *id);

/* Loads the session file `path` in place of the one in use; a bad file changes nothing. `tell`: all of its
 * faults on standard error; not for what anyone may ask for, over and over. */
int service_use_session(struct service *service, const char *path, bool tell, struct error *e) MUST_CHECK;

/* Reads the appliance file and the session again; a bad file changes nothing. `restart` gets the names of the
 * keys that changed and are read at the start alone. */
int service_reload(struct service *service, json_t *restart, struct error *e) MUST_CHECK;

/* The folder of session files, the caller's to free. */
char *service_session_folder(const struct service *service);

#endif
