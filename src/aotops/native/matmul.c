/* Products of matrices. In Python:
 *
 *     def matmul(a, b):
 *         c = empty(the axes of a but the last, the last axis of b)
 *         for matrix, many_rows, columns in the blocks of c:         # shared out among threads
 *             for depth in blocks of the inner axis:                 # in order
 *                 right = b[depth, columns]                          # copied if that pays
 *                 for rows in blocks of many_rows:
 *                     left = a[rows, depth]                          # copied if that pays
 *                     the routine "matmul": c[rows, columns] += left @ right
 *
 * Sums of all blocks of the inner axis but the last wait in panels as wide as a tile, rather than in c: from there the
 * CPU fetches them in time.
 *
 * Each element is summed up in the order of the inner axis, so that neither blocks nor threads change its bits; a few rows
 * times columns that are contiguous, as those of a transposed matrix, are dot products, which have another order.
 *
 * A row of complex numbers is one of their parts, (real(a[0]), imag(a[0]), real(a[1]), ...). It is multiplied by a copy
 * that has two lines for each row b of the second matrix: the parts of b, and those of b * 1j.
 */
#include "product.h"

#include "arrays.h"

#include <string.h>

/* Multiplications that take about as long as an element of other kernels, by which work is shared out. */
#define MULTIPLICATIONS 16
/* So many take 130 us at least, on two ports for vectors of 512 bits. */
#define LONG ((double)(1 << 24))
/* Lines of b that are copied at a time: with rows of 4 KiB, more would be more pages than the TLB has. */
#define LINES_AT_A_TIME 16

static char *moved(const product *own, char *data, int64_t numbers)
{
    return aot_moved(data, numbers * own->itemsize);
}

/* Returns the first number of a matrix, counted along the first `axes` axes of the batch. */
static char *matrix_of(const product *own, const matrices *operand, int axes, int64_t matrix)
{
    int64_t offset = 0;
    for (int axis = axes - 1; axis >= 0; axis--) {
        offset += matrix % own->batch[axis] * operand->steps[axis];
        matrix /= own->batch[axis];
    }
    return moved(own, operand->data, offset);
}

/* --- computing ----------------------------------------------------------------------------------- */

/* Copies rows of a, or columns of b, one behind the other: they are so far apart, and so are their numbers. */
static void copy_lines(const product *own, char *source, int64_t rows, int64_t depth, int64_t apart, int64_t step,
                       char *target)
{
    const int64_t strides[] = {step, 1, apart, depth};
    char *data[] = {source, target};
    aot_call_kernel(own->copy, rows, depth, data, strides);
}

/* Copies a block of b to panels as wide as a tile, line by line. Of complex numbers each line is followed by itself
 * times 1j. */
static void copy_panels(const product *own, char *source, int64_t depth, int64_t columns, char *target)
{
    int64_t width = own->width, line = own->parts * width, rest = columns % width;
    const int64_t strides[] = {own->b.column, 1, own->b.row, line};
    int64_t step = own->b.column == 1 ? LINES_AT_A_TIME : depth;
    if (rest != 0) {
        memset(moved(own, target, (columns - rest) * own->parts * depth), 0, (size_t)(line * depth * own->itemsize));
    }
    for (int64_t k = 0; k < depth; k += step) {
        int64_t lines = aot_smaller(step, depth - k);
        for (int64_t column = 0; column < columns; column += width) {
            int64_t numbers = aot_smaller(width, columns - column);
            char *panel = moved(own, target, own->parts * column * depth + k * line);
            char *data[] = {moved(own, source, k * own->b.row + column * own->b.column), panel};
            aot_call_kernel(own->copy, lines, numbers, data, strides);
            if (own->parts > 1) {
                data[1] = moved(own, panel, width);
                aot_call_kernel(own->times_i, lines, numbers, data, strides);
            }
        }
    }
}

/* Copies a result between the rows in which it is computed and those of c, whose columns have gaps. */
static void turn(const product *own, char *c, char *turned, int64_t rows, int64_t columns, bool to_c)
{
    const int64_t in[] = {own->c.row, columns, own->c.column, 1}, out[] = {columns, own->c.row, 1, own->c.column};
    char *data[] = {to_c ? turned : c, to_c ? c : turned};
    aot_call_kernel(own->copy, columns, rows, data, to_c ? out : in);
}

/* Sets the stride of rows of a, and its multiples. */
static void set_rows_of_a(int64_t *numbers, int64_t stride)
{
    for (int row = 1; row < AOT_MATMUL_ROWS_WIDE; row++) {
        numbers[AOT_MATMUL_A_ROW + row - 1] = (int64_t)((uint64_t)row * (uint64_t)stride); /* that of one row may be any */
    }
}

/* Sets the strides of a call without copies; each number is `parts` elements of the kernel. */
static void set_numbers(const product *own, int64_t depth, bool adds, int64_t *numbers)
{
    int64_t parts = own->parts;
    memset(numbers, 0, AOT_MATMUL_NUMBERS * sizeof *numbers);
    numbers[AOT_MATMUL_DEPTH] = depth * parts;
    set_rows_of_a(numbers, own->a.row * parts);
    numbers[AOT_MATMUL_A_COLUMN] = parts > 1 ? 1 : own->a.column;
    numbers[AOT_MATMUL_B_ROW] = own->way == AOT_MATMUL_BY_DOTS ? own->b.column : own->b.row;
    numbers[AOT_MATMUL_B_PANEL] = own->width;
    numbers[AOT_MATMUL_SUMS_ROW] = numbers[AOT_MATMUL_C_ROW] = own->c.row * parts;
    numbers[AOT_MATMUL_SUMS_PANEL] = numbers[AOT_MATMUL_C_PANEL] = own->width * parts;
    numbers[AOT_MATMUL_ADDS] = adds;
    numbers[AOT_MATMUL_WAY] = own->way;
    numbers[AOT_MATMUL_MATRICES] = 1;
}

/* Computes an item, of one matrix; returns false if the launch has been interrupted. A copy of b serves all of its
 * blocks of rows. */
static bool compute_item(const product *own, char *a, char *b, char *c, int64_t rows, int64_t columns, char *scratch)
{
    int64_t numbers[AOT_MATMUL_NUMBERS], first = 0, line = own->parts * own->width;
    char *waiting = scratch + own->bytes_of_a + own->bytes_of_b, *turned = waiting + own->bytes_of_sums;
    bool waits = own->bytes_of_sums > 0, turns = own->bytes_of_turned > 0;
    char *target = turns ? turned : c;
    int64_t target_row = turns ? columns : own->c.row;
    if (turns && own->adds) {
        turn(own, c, turned, rows, columns, false);
    }
    do { /* once if the inner axis is empty */
        int64_t depth = aot_smaller(own->block_depth, own->depth - first);
        bool from_waiting = waits && first > 0, to_waiting = waits && first + depth < own->depth;
        set_numbers(own, depth, own->adds || first > 0, numbers);
        char *left = moved(own, a, first * own->a.column), *right = moved(own, b, first * own->b.row);
        char *data[] = {left, right, target, target};
        if (turns) {
            numbers[AOT_MATMUL_SUMS_ROW] = numbers[AOT_MATMUL_C_ROW] = columns;
        }
        if (own->copies_a) {
            set_rows_of_a(numbers, own->parts * depth);
            numbers[AOT_MATMUL_A_COLUMN] = 1;
        }
        if (own->copies_b) {
            bool by_dots = own->way == AOT_MATMUL_BY_DOTS;
            data[1] = scratch + own->bytes_of_a;
            if (by_dots) {
                copy_lines(own, right, columns, depth, own->b.column, own->b.row, data[1]);
            } else {
                copy_panels(own, right, depth, columns, data[1]);
            }
            numbers[AOT_MATMUL_B_ROW] = by_dots ? depth : line;
            numbers[AOT_MATMUL_B_PANEL] = line * own->parts * depth;
        }
        if (from_waiting) {
            numbers[AOT_MATMUL_SUMS_ROW] = line;
            numbers[AOT_MATMUL_SUMS_PANEL] = line * rows;
        }
        if (to_waiting) {
            numbers[AOT_MATMUL_C_ROW] = line;
            numbers[AOT_MATMUL_C_PANEL] = line * rows;
        }
        for (int64_t row = 0; row < rows; row += own->block_rows) {
            int64_t some = aot_smaller(own->block_rows, rows - row);
            if (row > 0 && aot_is_stopped()) {
                return false;
            }
            data[0] = moved(own, left, row * own->a.row);
            if (own->copies_a) {
                copy_lines(own, data[0], some, depth, own->a.row, own->a.column, scratch);
                data[0] = scratch;
            }
            char *place = moved(own, target, row * target_row), *sums = moved(own, waiting, row * own->width);
            data[2] = from_waiting ? sums : place;
            data[3] = to_waiting ? sums : place;
            aot_call_kernel(own->kernel, some, columns * own->parts, data, numbers);
        }
        first += own->block_depth;
    } while (!aot_is_stopped() && first < own->depth);
    if (turns && first >= own->depth) {
        turn(own, c, turned, rows, columns, true);
    }
    return first >= own->depth;
}

/* Computes items that are blocks, numbered along columns of blocks. */
static void compute_blocks(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const product *own = runner->job;
    bool goes_on = true;
    for (int64_t item = first; goes_on && item < last; item++) {
        int64_t row = item % own->row_items * own->item_rows, rest = item / own->row_items;
        int64_t column = rest % own->column_blocks * own->block_columns, matrix = rest / own->column_blocks;
        char *a = matrix_of(own, &own->a, own->axes, matrix), *b = matrix_of(own, &own->b, own->axes, matrix);
        char *c = matrix_of(own, &own->c, own->axes, matrix);
        goes_on = compute_item(own, moved(own, a, row * own->a.row), moved(own, b, column * own->b.column),
                               moved(own, c, row * own->c.row + column * own->c.column),
                               aot_smaller(own->item_rows, own->rows - row),
                               aot_smaller(own->block_columns, own->columns - column), scratch);
    }
}

/* Computes items that are several small matrices. */
static void compute_matrices(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const product *own = runner->job;
    int64_t numbers[AOT_MATMUL_NUMBERS], axis = own->axes - 1;
    (void)scratch;
    set_numbers(own, own->depth, own->adds, numbers);
    if (own->axes == 0) {
        char *data[] = {own->a.data, own->b.data, own->c.data, own->c.data};
        aot_call_kernel(own->kernel, own->rows, own->columns, data, numbers);
        return;
    }
    int64_t length = own->batch[axis], groups = (length + own->together - 1) / own->together;
    numbers[AOT_MATMUL_A_MATRIX] = own->a.steps[axis];
    numbers[AOT_MATMUL_B_MATRIX] = own->b.steps[axis];
    numbers[AOT_MATMUL_C_MATRIX] = own->c.steps[axis];
    for (int64_t item = first; item < last; item++) {
        int64_t begin = item % groups * own->together, outer = item / groups;
        char *c = moved(own, matrix_of(own, &own->c, (int)axis, outer), begin * numbers[AOT_MATMUL_C_MATRIX]);
        char *data[] = {moved(own, matrix_of(own, &own->a, (int)axis, outer), begin * numbers[AOT_MATMUL_A_MATRIX]),
                        moved(own, matrix_of(own, &own->b, (int)axis, outer), begin * numbers[AOT_MATMUL_B_MATRIX]),
                        c, c};
        numbers[AOT_MATMUL_MATRICES] = aot_smaller(own->together, length - begin);
        aot_call_kernel(own->kernel, own->rows, own->columns, data, numbers);
        if (aot_is_stopped()) {
            return;
        }
    }
}

static void compute_all(const aot_runner *runner)
{
    const product *own = runner->job;
    aot_share(runner, own->items, own->together > 0 ? compute_matrices : compute_blocks);
}

/* --- running ------------------------------------------------------------------------------------- */

/* The dtype of the kernel's elements: the parts of complex numbers. */
static int dtype_of_parts(int dtype)
{
    return dtype == AOT_COMPLEX64 ? AOT_FLOAT32 : dtype == AOT_COMPLEX128 ? AOT_FLOAT64 : dtype;
}

/* A level has one of these kernels, if there is one for the dtype. */
static aot_kernel kernel_of(int dtype, int level)
{
    aot_kernel wide = aot_matmul_wide_routine[dtype][level], plain = aot_matmul_plain_routine[dtype][level];
    return wide != NULL ? wide : plain != NULL ? plain : aot_matmul_routine[dtype][level];
}

/* Tells of the launch, over the axes of the batch, rows, columns and, as the last one, the inner axis; runs it. */
static int run_watched(aot_state *state, const product *own, aot_runner *runner, int dtype)
{
    int ndim = own->axes + 3;
    Py_ssize_t shape[AOT_MAX_RANK + 3], strides[3][AOT_MAX_RANK + 3];
    const matrices *operands[] = {&own->a, &own->b, &own->c};
    aot_view views[3];
    for (int axis = 0; axis < own->axes; axis++) {
        shape[axis] = (Py_ssize_t)own->batch[axis];
    }
    shape[ndim - 3] = (Py_ssize_t)own->rows;
    shape[ndim - 2] = (Py_ssize_t)own->columns;
    shape[ndim - 1] = (Py_ssize_t)own->depth;
    for (int k = 0; k < 3; k++) {
        for (int axis = 0; axis < own->axes; axis++) {
            strides[k][axis] = (Py_ssize_t)operands[k]->steps[axis];
        }
        strides[k][ndim - 3] = k == 1 ? 0 : (Py_ssize_t)operands[k]->row;
        strides[k][ndim - 2] = k == 0 ? 0 : (Py_ssize_t)operands[k]->column;
        strides[k][ndim - 1] = k == 0 ? (Py_ssize_t)own->a.column : k == 1 ? (Py_ssize_t)own->b.row : 0;
        views[k] = (aot_view){operands[k]->data, strides[k], (uint8_t)dtype};
    }
    const int64_t blocks[] = {own->together > 0 ? own->rows : own->block_rows,
                              own->together > 0 ? own->columns : own->block_columns,
                              own->together > 0 ? own->depth : own->block_depth, own->items};
    const aot_routine routine = {.name = "matmul", .itemsize = (int)own->itemsize, .inputs = 2, .operands = 3,
                                 .views = views, .ndim = ndim, .shape = shape, .blocks = blocks};
    return aot_run_routine(state, &routine, runner, compute_all);
}

/* Computes a product of which operands and lengths are set, and whose result has so many numbers. */
static int run(aot_state *state, product *own, int dtype, Py_ssize_t size)
{
    int part = dtype_of_parts(dtype);
    bool wide = aot_matmul_wide_routine[part][state->level] != NULL;
    own->kernel = kernel_of(part, state->level);
    own->copy = aot_builtin_convert[dtype][dtype][state->level];
    own->times_i = aot_times_i_routine[part][state->level];
    own->itemsize = aot_dtypes[dtype].itemsize;
    own->parts = dtype != part ? 2 : 1;
    own->height = wide ? AOT_MATMUL_ROWS_WIDE : AOT_MATMUL_ROWS;
    own->width = (wide ? 2 : 1) * AOT_MATMUL_VECTOR_BYTES / own->itemsize;
    aot_simplify_product(own);
    double one = (double)own->rows * (double)own->depth * (double)own->columns * (double)(own->parts * own->parts);
    double count = (double)size / ((double)own->rows * (double)own->columns);
    double work = one * count / MULTIPLICATIONS + (double)size;
    int64_t total = work < 9e18 ? (int64_t)work : INT64_MAX;
    aot_runner runner = {.job = own, .total = total, .compute_bound = true, .is_long = one * count >= LONG};
    runner.threads = aot_threads(state, total, true, false);
    aot_plan_product(own, one, runner.threads);
    runner.scratch_bytes = own->bytes_of_a + own->bytes_of_b + own->bytes_of_sums + own->bytes_of_turned;
    if (total < AOT_PLAN_GRAIN && runner.scratch_bytes <= AOT_PLAN_STACK_BYTES && !state->watched) {
        _Alignas(AOT_ALIGNMENT) char stack[AOT_PLAN_STACK_BYTES];
        aot_environment before = aot_begin_environment();
        (own->together > 0 ? compute_matrices : compute_blocks)(&runner, 0, own->items, stack);
        aot_end_environment(before);
        return 0;
    }
    return run_watched(state, own, &runner, dtype);
}

/* Sets the strides of a factor, of at least one axis; a vector is a row of the first one, and a column of the second. */
static void set_factor(matrices *own, const aot_tensor *x, bool first, int axes)
{
    bool vector = x->ndim == 1;
    own->data = x->data;
    own->row = vector ? (first ? 0 : x->strides[0]) : x->strides[x->ndim - 2];
    own->column = vector ? (first ? x->strides[0] : 1) : x->strides[x->ndim - 1];
    for (int axis = 0; axis < axes; axis++) {
        int place = x->ndim - 2 - axes + axis;
        own->steps[axis] = place < 0 || x->shape[place] == 1 ? 0 : x->strides[place];
    }
}

aot_tensor *aot_matmul(const char *function, const aot_tensor *x1, const aot_tensor *x2, aot_tensor *out, aot_tensor *start)
{
    aot_state *state = x1->state;
    int dtype = x1->dtype, part = dtype_of_parts(dtype);
    if (kernel_of(part, state->level) == NULL) {
        return NULL;
    }
    bool row = x1->ndim == 1, column = x2->ndim == 1;
    if (x2->dtype != dtype || x1->ndim == 0 || x2->ndim == 0) {
        return NULL;
    }
    product own;
    int axes = (int)aot_larger(x1->ndim, x2->ndim) - 2, ndim = 0;
    own.axes = (int)aot_larger(axes, 0);
    own.rows = row ? 1 : x1->shape[x1->ndim - 2];
    own.depth = x1->shape[x1->ndim - 1];
    own.columns = column ? 1 : x2->shape[x2->ndim - 1];
    if (own.depth != x2->shape[column ? 0 : x2->ndim - 2]) {
        return NULL;
    }
    Py_ssize_t shape[AOT_MAX_RANK + 2];
    for (; ndim < own.axes; ndim++) {
        int k1 = x1->ndim - 2 - own.axes + ndim, k2 = x2->ndim - 2 - own.axes + ndim;
        Py_ssize_t first = k1 < 0 ? 1 : x1->shape[k1], second = k2 < 0 ? 1 : x2->shape[k2];
        if (first != second && first != 1 && second != 1) {
            return NULL;
        }
        shape[ndim] = first == 1 ? second : first;
        own.batch[ndim] = shape[ndim];
    }
    if (!row) {
        shape[ndim++] = own.rows;
    }
    if (!column) {
        shape[ndim++] = own.columns;
    }
    if (out != NULL && aot_check_out(function, out, dtype, ndim, shape, false) < 0) {
        return NULL;
    }
    bool direct = out != NULL && out->dtype == dtype && !aot_may_overlap(out, x1) && !aot_may_overlap(out, x2) &&
                  (start == NULL || !aot_may_overlap(out, start)) &&
                  (column || own.columns == 1 || out->strides[ndim - 1] == 1);
    aot_tensor *result = direct ? out : aot_tensor_new(state, dtype, ndim, shape, function);
    if (result == NULL) {
        return NULL;
    }
    if (direct) {
        Py_INCREF((PyObject *)out);
    }
    own.adds = start != NULL;
    if (start != NULL && aot_copy(result, start) < 0) {
        Py_DECREF((PyObject *)result);
        return NULL;
    }
    if (result->size > 0) {
        set_factor(&own.a, x1, true, own.axes);
        set_factor(&own.b, x2, false, own.axes);
        own.c.data = result->data;
        own.c.row = row ? 0 : result->strides[own.axes];
        own.c.column = 1; /* a result without columns has rows of one number */
        for (int axis = 0; axis < own.axes; axis++) {
            own.c.steps[axis] = result->strides[axis];
        }
        if (own.columns == 1) {
            own.b.column = 1;
        }
        if (run(state, &own, dtype, result->size) < 0) {
            Py_DECREF((PyObject *)result);
            return NULL;
        }
    }
    return direct || out == NULL ? result : (aot_tensor *)aot_copy_to_out((PyObject *)result, out);
}
