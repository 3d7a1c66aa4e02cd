/* What the files of the mesh share. */
#ifndef RF_HOST_MESH_INT_H
#define RF_HOST_MESH_INT_H

#include "host/mesh.h"
#include "host/mesh_view.h"

#define MESH_RESTART_MS	    100
#define MESH_MAX_RESTART_MS 5000

/* Never 0, which stands for "nothing was told yet". */
uint64_t mesh_hash(const struct rf_buf *buf);

/*
 * Tells a pod's proxy what has changed since it was told last; nothing to do outside of the mesh
 * and while the proxy is being replaced. One that does not take it is replaced.
 */
void mesh_proxy_tell(struct pod *pod, const struct mesh_view *view);

#endif
