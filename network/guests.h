/* The connections there are, so that those which keep us waiting cannot keep others out: a request has to be
 * there, whole, within GUEST_PATIENCE_S, and when the house fills, whoever has waited longest without one is
 * shown the door. Any thread. */
#ifndef WOODSHED_NETWORK_GUESTS_H
#define WOODSHED_NETWORK_GUESTS_H

#include <stdbool.h>
#include <stddef.h>

enum { GUEST_PATIENCE_S = 20 };

struct guests;
struct guest;

/* For at most `most` connections. */
struct guests *guests_create(size_t most);
void guests_destroy(struct guests *guests); /* NULL is fine; all have left */

/* A connection has come, whose socket is `fd` until it leaves. Shuts down the sockets of those who must go.
 */
struct guest *guest_enter(struct guests *guests, int fd);
void guest_leave(struct guest *guest);

/* Its request is there whole, or is answered and the next one may come. */
void guest_set_served(struct guest *guest, bool served);

size_t guests_count(struct guests *guests);

#endif
