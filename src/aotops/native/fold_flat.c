/* Reductions that need no plan: of few elements, and of none. In Python:
 *
 *     def fold_flat(inputs, out):                    # few elements along one axis, in the kernel's dtypes
 *         out[...] = start
 *         kernel(inputs, out)
 *
 *     def empty_result():
 *         return identity, or finish(*identity) of a state
 */
#include "retry.h"

#include <string.h>

bool aot_fold_flat(const aot_state *state, const aot_operator *definition, const aot_variant *variant,
                   const aot_view *views, int ndim, const Py_ssize_t *shape, aot_watch *watch, bool *raised)
{
    int inputs = definition->inputs, result = variant->dtypes[inputs];
    int64_t n = ndim > 0 ? shape[0] : 1, strides[2 * AOT_MAX_OPERANDS];
    char *data[AOT_MAX_OPERANDS];
    bool keeps = ndim > 0 && views[inputs].strides[0] != 0;
    if (ndim > 1 || keeps || n > AOT_PLAN_LEAF || definition->kind != AOT_REDUCE || definition->states > 0 ||
        definition->unbounded) {
        return false;
    }
    for (int k = 0; k <= inputs; k++) {
        if (views[k].dtype != variant->dtypes[k]) {
            return false;
        }
        data[k] = views[k].data;
        strides[k] = ndim > 0 ? views[k].strides[0] : 0;
        if (k < inputs && n >= AOT_PLAN_PACKED_PIECE && strides[k] != 0 && strides[k] != 1 &&
            aot_dtypes[result].category < AOT_CATEGORY_FLOAT) {
            return false; /* a plan may close the gaps */
        }
        strides[inputs + 1 + k] = 0;
    }
    aot_element initial = variant->constants[AOT_CONSTANT_INITIAL];
    if (aot_plans_only(watch, NULL)) {
        /* a definite result, since the caller may decide by it what to launch next */
        memcpy(views[inputs].data, &initial, aot_dtypes[result].itemsize);
        return true;
    }
    char *fill[] = {(char *)&initial, data[inputs]};
    const int64_t none[] = {0, 0, 0, 0};
    unsigned watched = aot_flags_of(definition, result);
    aot_clear_flags(watched);
    aot_run_kernel(aot_builtin_convert[result][result][state->level], 1, 1, fill, none);
    aot_run_kernel(variant->kernels[state->level], 1, n, data, strides);
    *raised = aot_raised_flags(watched) != 0;
    return true;
}

aot_element aot_empty_result(const aot_state *state, const aot_operator *definition, const aot_variant *variant)
{
    if (definition->states == 0) {
        return variant->constants[AOT_CONSTANT_IDENTITY];
    }
    aot_element identity[AOT_MAX_STATES], result;
    char *data[AOT_MAX_STATES + 1] = {NULL};
    const int64_t strides[2 * (AOT_MAX_STATES + 1)] = {0};
    memcpy(identity, &variant->constants[AOT_CONSTANT_DEFAULTS], definition->states * sizeof *identity);
    for (int r = 0; r < definition->states; r++) {
        data[r] = (char *)&identity[r];
    }
    data[definition->states] = (char *)&result;
    aot_run_kernel(variant->finish[state->level], 1, 1, data, strides);
    return result;
}
