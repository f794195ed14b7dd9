/* Declarations of arrow.c and dlpack.c: other libraries' protocols for sharing memory. */
#ifndef AOTOPS_EXCHANGE_H
#define AOTOPS_EXCHANGE_H

#include "native.h"

/* arrow.c: capsules of Arrow's C data interface; tensors and arrays have one dimension */
PyObject *aot_arrow_schema(int dtype);
PyObject *aot_to_arrow(aot_tensor *tensor);
/* Returns a tensor on the memory of an array, or a copy of it; None if only a copy is possible and that is forbidden. */
PyObject *aot_from_arrow(aot_state *state, PyObject *schema_capsule, PyObject *array_capsule, enum aot_copying copying,
                         const char *function, const char *argument);

/* dlpack.c: DLPack capsules */
PyObject *aot_to_dlpack(aot_tensor *tensor, bool is_versioned, bool copied);
/* Returns a tensor on the memory of a capsule, or a copy of it; None if only a copy is possible and that is forbidden. */
PyObject *aot_from_dlpack(aot_state *state, PyObject *capsule, enum aot_copying copying, const char *function,
                          const char *argument);

#endif
