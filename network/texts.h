/* The JSON texts of what the service hands in (design, sections 8 and 9): one text each for MQTT and HTTP.
 * All are the caller's to free. Control thread. */
#ifndef WOODSHED_NETWORK_TEXTS_H
#define WOODSHED_NETWORK_TEXTS_H

#include "network/network.h"
#include "takes/library.h"

/* A message that is not UTF-8 (a file's name in an alert, say) comes out as "null". */
char *text_of(const json_t *json);

char *text_state(const struct network_state *state);
char *text_health(const struct network_health *health); /* adds rss and load */

/* `base` is http://ADDRESS:PORT, or empty: no url then. */
char *text_latest(const struct manifest *take, const char *base);
char *text_levels(const struct network_level *levels, size_t count);
char *text_progress(const char *take, const char *stage, double done);
char *text_event(const char *type, json_t *fields); /* steals `fields`, which may be NULL */

/* Every event_type that there is. */
enum { TEXT_EVENT_TYPES = 10 };
extern const char *const text_event_types[TEXT_EVENT_TYPES];

/* A page of the library, {"takes": [a line each], "cursor": text or null}: a new reference. */
json_t *text_take_page(const struct take_list *list);

#endif
