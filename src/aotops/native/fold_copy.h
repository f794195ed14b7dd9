/* Reductions whose elements are copied before they are combined: for fold.c. */
#ifndef AOT_FOLD_COPY_H
#define AOT_FOLD_COPY_H

#include "native.h"

typedef struct {
    const aot_plan *plan;
    aot_kernel kernel, packs[AOT_MAX_OPERANDS], casts[AOT_MAX_OPERANDS]; /* of the inputs; NULL: not needed */
    int inputs, results; /* operands: an argreduce has a position between them */
} aot_fold_copied;

/* Runs the kernel on a few elements of a few rows at a time, after packing or casting them into `room`. The planner sees to
 * it that the result has the same bits as a single call. */
void aot_fold_copies(const aot_fold_copied *copied, int64_t n0, int64_t n1, int operands, char *const *data,
                     const int64_t *strides, char *room);
/* Returns whether any order of elements gives the same result, as of integers and bools. */
bool aot_folds_in_any_order(const aot_operator *definition, const aot_variant *variant);
/* Turns axes round that every input reads backwards, of a reduction in any order. Returns the views, or `turned` over
 * `strides`, with the addresses of the last elements. */
const aot_view *aot_forwards(const aot_view *views, int inputs, int ndim, const Py_ssize_t *shape, aot_view *turned,
                             Py_ssize_t (*strides)[AOT_MAX_RANK]);

#endif
