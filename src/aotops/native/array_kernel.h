/* Array kernels: functions of whole arrays over a batch. Their interface is in aotops_kernel.h. */
#ifndef AOT_ARRAY_KERNEL_H
#define AOT_ARRAY_KERNEL_H

#include "native.h"

/* array_memory.c */
extern const aot_array_services aot_array_services_of_this;
/* Called before and after each call of a kernel: frees what it has left. Takes what the former has returned. */
void *aot_array_memory_begin(void);
void aot_array_memory_end(void *outer);

/* array_kernel.c, for Python */
/* find_array_kernel(library, symbol): its number in a capsule; ImportError if it is not there. */
PyObject *aot_find_array_kernel(aot_state *state, PyObject *args);
/* run_array_kernel(library, number, name, operands): inputs and outputs, tensors of the kernel's dtypes; the outputs have
 * the shape of the batch in front of their own axes, to which the inputs are broadcast. */
PyObject *aot_run_array_kernel(aot_state *state, PyObject *args);
/* load_array_kernel(kernel): finds the code of an aotops.ArrayKernel, at its first call. */
PyObject *aot_load_array_kernel(PyObject *kernel);

#endif
