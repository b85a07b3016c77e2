/* GET /metrics: Prometheus' text format 0.0.4, from the snapshots and from what the server counts. MHD's
 * threads.
 */
#ifndef WOODSHED_NETWORK_METRICS_H
#define WOODSHED_NETWORK_METRICS_H

#include "network/server.h"

struct answer get_metrics(struct request *request);

#endif
