/* What the state of the module holds for gradients; see tape.h. */
#ifndef AOTOPS_TAPE_STATE_H
#define AOTOPS_TAPE_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

typedef struct aot_node aot_node;

typedef struct {
    Py_ssize_t nodes;        /* that are alive: while there are none, a call does not look for tracked arguments */
    aot_node *dying;         /* nodes without references, to be freed one after the other */
    bool is_freeing;         /* some call is freeing them */
    PyTypeObject *node_type;
    PyObject *call;          /* aotops.autograd.calls.call; NULL until a tensor takes gradients */
    PyObject *sum, *matmul;  /* the operator and the function, likewise */
} aot_tape;

#endif
