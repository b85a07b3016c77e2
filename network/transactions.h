/* The answers of the last requests, so that one which arrives again (QoS 1 may deliver twice, clients retry)
 * is answered again and not done again. 64 of them, each for ten minutes: a client that counts from 1 again
 * tomorrow is not mistaken for the one of today. Control thread. */
#ifndef WOODSHED_NETWORK_TRANSACTIONS_H
#define WOODSHED_NETWORK_TRANSACTIONS_H

#include <jansson.h>

struct transactions;

struct transactions *transactions_create(void);
void transactions_destroy(struct transactions *transactions); /* NULL is fine */

/* What is kept: the same transaction of another verb is another request. The caller's to free. */
char *transaction_key(const char *verb, const json_t *transaction);

/* The answer of `key`, valid until the next call; NULL if there is none. */
const char *transactions_find(struct transactions *transactions, const char *key);

/* Copies both. */
void transactions_add(struct transactions *transactions, const char *key, const char *answer);

#endif
