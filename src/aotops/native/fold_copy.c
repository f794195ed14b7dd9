/* Reductions whose elements are copied before they are combined: cast, packed, or read in another direction. In Python:
 *
 *     def fold_copies(rows):
 *         for piece in pieces of rows:                       # that stay in a cache
 *             kernel([cast(packed(x[piece])) for x in inputs])
 *
 * Elements are packed, which closes gaps between them, only where any order gives the same result: kernels combine those
 * without gaps in another order, as vectors.
 */
#include "fold_copy.h"

#include <string.h>

/* Packs or casts elements of an input: rows of them, into rows of so many with a stride. */
static void copy_elements(aot_kernel copy, int64_t n0, int64_t n1, char *source, int64_t step, int64_t row, char *target,
                          int64_t target_step)
{
    char *pair[] = {source, target};
    const int64_t strides[] = {step, target_step, row, n1 * target_step};
    aot_call_kernel(copy, n0, n1, pair, strides);
}

void aot_fold_copies(const aot_fold_copied *copied, int64_t n0, int64_t n1, int operands, char *const *data,
                     const int64_t *strides, char *room)
{
    const aot_plan *plan = copied->plan;
    int64_t step = plan->cast_stride, pieces = (n1 - 1) / plan->cast_columns + 1;
    int results = operands - copied->results; /* the first one's operand */
    for (int64_t part = 0, first = 0; first < n0 && !aot_is_stopped(); part++) {
        int64_t start = part % pieces * plan->cast_columns, columns = aot_smaller(plan->cast_columns, n1 - start);
        int64_t rows = aot_smaller(plan->cast_rows, n0 - first), own[2 * AOT_MAX_OPERANDS];
        char *moved[AOT_MAX_OPERANDS], *target = room;
        memcpy(own, strides, 2 * (size_t)operands * sizeof *own);
        for (int k = 0; k < operands; k++) {
            int64_t itemsize = k < copied->inputs ? plan->itemsizes[k]
                               : k < results   ? (int64_t)sizeof(int64_t) /* the position in an argreduce */
                                               : plan->result_itemsizes[k - results];
            moved[k] = aot_moved(data[k], (first * strides[operands + k] + start * strides[k]) * itemsize);
            aot_kernel copies[] = {k < copied->inputs ? copied->packs[k] : NULL, k < copied->inputs ? copied->casts[k] : NULL};
            for (int copy = 0; copy < 2; copy++) {
                if (copies[copy] != NULL) {
                    copy_elements(copies[copy], rows, columns, moved[k], own[k], own[operands + k], target, step);
                    moved[k] = target;
                    own[k] = step;
                    own[operands + k] = columns * step;
                    target += plan->packed_bytes;
                }
            }
        }
        aot_call_kernel(copied->kernel, rows, columns, moved, own);
        first += (part + 1) % pieces == 0 ? rows : 0;
    }
}

bool aot_folds_in_any_order(const aot_operator *definition, const aot_variant *variant)
{
    return definition->kind == AOT_REDUCE && definition->states == 0 &&
           aot_dtypes[variant->dtypes[definition->inputs]].category < AOT_CATEGORY_FLOAT;
}

const aot_view *aot_forwards(const aot_view *views, int inputs, int ndim, const Py_ssize_t *shape, aot_view *turned,
                             Py_ssize_t (*strides)[AOT_MAX_RANK])
{
    const aot_view *result = views;
    for (int axis = 0; axis < ndim; axis++) {
        bool turns = views[inputs].strides[axis] == 0;
        for (int k = 0; k < inputs; k++) {
            turns = turns && views[k].strides[axis] < 0;
        }
        if (turns && result == views) {
            for (int k = 0; k <= inputs; k++) {
                memcpy(strides[k], views[k].strides, (size_t)ndim * sizeof **strides);
                turned[k] = (aot_view){views[k].data, strides[k], views[k].dtype};
            }
            result = turned;
        }
        for (int k = 0; turns && k < inputs; k++) {
            turned[k].data += (shape[axis] - 1) * strides[k][axis] * aot_dtypes[views[k].dtype].itemsize;
            strides[k][axis] = -strides[k][axis];
        }
    }
    return result;
}
