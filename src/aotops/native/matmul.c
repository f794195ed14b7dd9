/* Products of matrices. In Python:
 *
 *     def matmul(a, b):
 *         c = empty(the axes of a but the last, the last axis of b)
 *         for matrix, rows, columns in the blocks of c:              # shared out among threads
 *             for depth in blocks of the inner axis:                 # in order
 *                 the routine "matmul": c[rows, columns] += a[rows, depth] @ b[depth, columns]
 *
 * Each element is summed up in the order of the inner axis, so that neither blocks nor threads change its bits.
 */
#include "tape.h"

#include "arrays.h"
#include "routines.h"

#include <string.h>

/* Multiplications that take about as long as an element of other kernels, by which work is shared out. */
#define MULTIPLICATIONS 16

typedef struct {
    const aot_tensor *a, *b, *c;
    aot_kernel kernel;
    int64_t itemsize;
    int64_t rows, columns, depth;           /* of each matrix */
    int64_t row_blocks, column_blocks;      /* of each result */
    int64_t block_rows, block_columns, block_depth; /* at most */
} product;

static int64_t rounded_up(int64_t number, int64_t unit)
{
    return (number + unit - 1) / unit * unit;
}

static char *element(const aot_tensor *tensor, int64_t matrix, int64_t row, int64_t column)
{
    int last = tensor->ndim - 1;
    int64_t offset = row * tensor->strides[last - 1] + column * tensor->strides[last];
    for (int axis = last - 2; axis >= 0; axis--) {
        offset += matrix % tensor->shape[axis] * tensor->strides[axis];
        matrix /= tensor->shape[axis];
    }
    return aot_moved(tensor->data, offset * aot_dtypes[tensor->dtype].itemsize);
}

/* Computes blocks of the results, numbered along columns of blocks. */
static void compute_blocks(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const product *own = runner->job;
    int outer = own->a->ndim - 2, inner = own->a->ndim - 1;
    int64_t numbers[AOT_MATMUL_NUMBERS];
    numbers[AOT_MATMUL_A_ROW] = own->a->strides[outer];
    numbers[AOT_MATMUL_A_COLUMN] = own->a->strides[inner];
    numbers[AOT_MATMUL_B_ROW] = own->b->strides[outer];
    numbers[AOT_MATMUL_B_COLUMN] = own->b->strides[inner];
    numbers[AOT_MATMUL_C_ROW] = own->c->strides[outer];
    for (int64_t block = first; block < last; block++) {
        int64_t row = block % own->row_blocks * own->block_rows, rest = block / own->row_blocks;
        int64_t column = rest % own->column_blocks * own->block_columns, matrix = rest / own->column_blocks;
        int64_t rows = aot_smaller(own->block_rows, own->rows - row);
        int64_t columns = aot_smaller(own->block_columns, own->columns - column);
        int64_t depth = 0;
        do { /* once if the inner axis is empty: then the results are 0 */
            numbers[AOT_MATMUL_DEPTH] = aot_smaller(own->block_depth, own->depth - depth);
            numbers[AOT_MATMUL_ADDS] = depth > 0;
            char *data[] = {element(own->a, matrix, row, depth), element(own->b, matrix, depth, column), scratch,
                            element(own->c, matrix, row, column)};
            aot_call_kernel(own->kernel, rows, columns, data, numbers);
            depth += own->block_depth;
            if (aot_is_stopped()) {
                return;
            }
        } while (depth < own->depth);
    }
}

static void compute_all(const aot_runner *runner)
{
    const product *own = runner->job;
    int64_t matrices = 1;
    for (int axis = 0; axis < own->c->ndim - 2; axis++) {
        matrices *= own->c->shape[axis];
    }
    aot_share(runner, matrices * own->row_blocks * own->column_blocks, compute_blocks);
}

/* Returns about how many elements of another kernel take as long. */
static int64_t work_of(const aot_tensor *c, int64_t depth)
{
    double work = (double)c->size * ((double)depth / MULTIPLICATIONS + 1.0);
    return work < 9e18 ? (int64_t)work : INT64_MAX;
}

/* Runs the routine, over the axes of the results and, as the last one, the inner axis. */
static int run(aot_state *state, const product *own, aot_runner *runner)
{
    int ndim = own->c->ndim, outer = ndim - 2, inner = ndim - 1;
    Py_ssize_t shape[AOT_MAX_RANK + 1], strides[3][AOT_MAX_RANK + 1];
    const aot_tensor *operands[] = {own->a, own->b, own->c};
    aot_view views[3];
    for (int k = 0; k < 3; k++) {
        memcpy(strides[k], operands[k]->strides, (size_t)inner * sizeof *strides[k]);
        views[k] = (aot_view){operands[k]->data, strides[k], (uint8_t)own->c->dtype};
    }
    memcpy(shape, own->c->shape, (size_t)ndim * sizeof *shape);
    shape[ndim] = own->depth;
    strides[0][inner] = 0;
    strides[0][ndim] = own->a->strides[inner];
    strides[1][outer] = 0;
    strides[1][inner] = own->b->strides[inner];
    strides[1][ndim] = own->b->strides[outer];
    strides[2][inner] = own->c->strides[inner];
    strides[2][ndim] = 0;
    const aot_routine routine = {"matmul", (int)own->itemsize, false, 2, 3, views, ndim + 1, shape};
    return aot_run_routine(state, &routine, runner, compute_all);
}

aot_tensor *aot_matmul(const aot_tensor *x1, const aot_tensor *x2)
{
    int outer = x1->ndim - 2, inner = x1->ndim - 1;
    aot_kernel kernel = aot_matmul_routine[x1->dtype][x1->state->level];
    if (kernel == NULL || x1->dtype != x2->dtype || x1->ndim != x2->ndim || outer < 0 ||
        x1->shape[inner] != x2->shape[outer]) {
        return NULL;
    }
    Py_ssize_t shape[AOT_MAX_RANK];
    for (int axis = 0; axis < inner; axis++) {
        if (axis < outer && x1->shape[axis] != x2->shape[axis]) {
            return NULL;
        }
        shape[axis] = x1->shape[axis];
    }
    shape[inner] = x2->shape[inner];
    aot_state *state = x1->state;
    aot_tensor *out = aot_tensor_new(state, x1->dtype, x1->ndim, shape, "matmul");
    if (out == NULL || out->size == 0) {
        return out;
    }
    product own = {.a = x1, .b = x2, .c = out, .kernel = kernel, .itemsize = aot_dtypes[x1->dtype].itemsize,
                   .rows = shape[outer], .columns = shape[inner], .depth = x1->shape[inner]};
    own.block_rows = aot_smaller(own.rows, AOT_MATMUL_BLOCK_ROWS);
    own.block_columns = aot_smaller(own.columns, AOT_MATMUL_BLOCK_COLUMNS);
    own.block_depth = aot_larger(1, aot_smaller(own.depth, AOT_MATMUL_BLOCK_DEPTH));
    own.row_blocks = (own.rows - 1) / own.block_rows + 1;
    own.column_blocks = (own.columns - 1) / own.block_columns + 1;
    int64_t lines = rounded_up(own.block_rows, AOT_MATMUL_ROWS) +
                    rounded_up(own.block_columns, AOT_MATMUL_VECTOR_BYTES / own.itemsize);
    int64_t work = work_of(out, own.depth);
    aot_runner runner = {.job = &own,
                         .total = work,
                         .scratch_bytes = (size_t)(lines * own.block_depth * own.itemsize),
                         .threads = aot_threads(state, work, true, false),
                         .compute_bound = true};
    if (run(state, &own, &runner) < 0) {
        Py_CLEAR(out);
    }
    return out;
}

/* Returns x1 @ x2 for two tensors of matrices or of vectors; NULL, maybe without an exception, for anything else. */
static PyObject *of_tensors(PyObject *first, PyObject *second)
{
    const aot_tensor *x1 = aot_as_tensor(first), *x2 = aot_as_tensor(second);
    if (x1 == NULL || x2 == NULL) {
        return NULL;
    }
    if (x1->ndim == 1 && x2->ndim == 1 && x1->dtype == x2->dtype && x1->size == x2->size &&
        aot_matmul_routine[x1->dtype][x1->state->level] != NULL) {
        return PyObject_CallFunctionObjArgs(x1->state->dot, first, second, NULL);
    }
    return (PyObject *)aot_matmul(x1, x2);
}

PyObject *aot_matmul_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *first, *second;
    if (!PyArg_ParseTuple(args, "OO:matmul", &first, &second)) {
        return NULL;
    }
    PyObject *out = of_tensors(first, second);
    if (out == NULL && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return out;
}

/* matmul(x1, x2, /) */
PyObject *aot_matmul_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return count == 2 && names == NULL ? of_tensors(args[0], args[1]) : NULL;
}

/* a @ b */
PyObject *aot_number_matrix_multiply(PyObject *a, PyObject *b)
{
    const aot_tensor *known = aot_as_tensor(a) != NULL ? aot_as_tensor(a) : aot_as_tensor(b);
    PyObject *factors[] = {a, b};
    if (known->state->tape.nodes != 0 && aot_is_recorded(known->state, factors, 2)) {
        return aot_record_product(a, b);
    }
    PyObject *out = of_tensors(a, b);
    return out != NULL || PyErr_Occurred() ? out : aot_call("matrix_product", "(OO)", a, b);
}
