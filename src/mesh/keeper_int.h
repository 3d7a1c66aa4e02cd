#ifndef RF_MESH_KEEPER_INT_H
#define RF_MESH_KEEPER_INT_H

#include "mesh/keeper.h"

extern const struct proc_role *const keeper_role;

#endif
