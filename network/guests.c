#include "network/guests.h"

#include "common/clock.h"
#include "common/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Under the lock of its guests. */
struct guest {
	struct guests *guests;
	int fd;
	bool served, dismissed;
	int64_t since_ns; /* waiting for a request */
	struct guest *next, *previous;
};

struct guests {
	pthread_mutex_t lock;	    /* guards the rest */
	struct guest *first, *last; /* the longest here comes last */
	size_t count, crowded;
};

struct guests *guests_create(size_t most)
{
	struct guests *guests = memory_new(sizeof(*guests));
	guests->crowded = most / 4 * 3;
	pthread_mutex_init(&guests->lock, NULL);
	return guests;
}

void guests_destroy(struct guests *guests)
{
	if (!guests)
		return;
	pthread_mutex_destroy(&guests->lock);
	free(guests);
}

/* To the front: it has just begun to wait. */
static void put_first(struct guests *guests, struct guest *guest)
{
	guest->previous = NULL;
	guest->next = guests->first;
	if (guest->next)
		guest->next->previous = guest;
	else
		guests->last = guest;
	guests->first = guest;
}

static void take_out(struct guests *guests, struct guest *guest)
{
	if (guest->previous)
		guest->previous->next = guest->next;
	else
		guests->first = guest->next;
	if (guest->next)
		guest->next->previous = guest->previous;
	else
		guests->last = guest->previous;
}

/* MHD hears of it as if the client had hung up, and closes. */
static void dismiss(struct guest *guest)
{
	guest->dismissed = true;
	shutdown(guest->fd, SHUT_RDWR);
}

/* From whoever has waited longest: all whose time is up, and one more if it is crowded. */
static void make_room(struct guests *guests, int64_t now)
{
	bool crowded = guests->count >= guests->crowded;
	for (struct guest *guest = guests->last; guest; guest = guest->previous) {
		if (guest->served || guest->dismissed)
			continue;
		bool late = now - guest->since_ns > GUEST_PATIENCE_S * CLOCK_NSEC_PER_SEC;
		if (!late && !crowded)
			return;
		dismiss(guest);
		if (!late)
			return;
	}
}

struct guest *guest_enter(struct guests *guests, int fd)
{
	struct guest *guest = memory_new(sizeof(*guest));
	*guest = (struct guest){.guests = guests, .fd = fd, .since_ns = clock_monotonic_ns()};
	pthread_mutex_lock(&guests->lock);
	make_room(guests, guest->since_ns);
	put_first(guests, guest);
	guests->count++;
	pthread_mutex_unlock(&guests->lock);
	return guest;
}

void guest_leave(struct guest *guest)
{
	struct guests *guests = guest->guests;
	pthread_mutex_lock(&guests->lock);
	take_out(guests, guest);
	guests->count--;
	pthread_mutex_unlock(&guests->lock);
	free(guest);
}

void guest_set_served(struct guest *guest, bool served)
{
	struct guests *guests = guest->guests;
	pthread_mutex_lock(&guests->lock);
	guest->served = served;
	if (!served) {
		guest->since_ns = clock_monotonic_ns();
		take_out(guests, guest);
		put_first(guests, guest);
	}
	pthread_mutex_unlock(&guests->lock);
}

size_t guests_count(struct guests *guests)
{
	pthread_mutex_lock(&guests->lock);
	size_t count = guests->count;
	pthread_mutex_unlock(&guests->lock);
	return count;
}
