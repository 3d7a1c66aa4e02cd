#ifndef RF_MESH_PROXY_STATS_INT_H
#define RF_MESH_PROXY_STATS_INT_H

#include "mesh/proxy/stats.h"

/* Upper bounds of the buckets, microseconds. */
extern const uint64_t stats_bounds_us[STATS_BUCKETS];

#endif
