/* Sorting rows by keys. In Python:
 *
 *     def sort(x, descending, positions):         # of each row, the last axis of a contiguous tensor
 *         for rows in pieces:                     # which threads share out
 *             keys, flags = the routine "keys"
 *             if positions: "sort_pairs", whose positions are the result
 *             else: "sort_keys", "values", and "restore" if some are NaN or negative zeros
 *
 *     # rows of elements of one or two bytes that are not short: the routine "sort_narrow" alone
 *
 *     def sort_long(row):                         # the same for a row of more than LONG elements; each step is shared out
 *         for part in parts: "keys", "ranges"
 *         for part in parts: "histogram", by the uppermost bits in which keys differ
 *         for part in parts: "distribute_keys" or "distribute_pairs", into buckets
 *         for bucket in buckets: "sort_keys" or "sort_pairs"
 *         for part in parts: "values"
 *         "restore"
 *
 * Memory for keys is that of tensors, which comes from the cache of freed blocks: twice 8 bytes per element, and as much
 * again for positions.
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"

#define PIECE 16384
#define LONG 262144
#define PART 131072
#define LEAST_PAGE 4096
/* Rows of so many elements of one or two bytes are sorted by their bytes, without keys; longer ones in parts, between
 * which they can be interrupted. */
#define LEAST_NARROW 64
#define MOST_NARROW (1 << 24)

/* What ranges tells of a part, and what keys does. */
typedef struct {
    int64_t low, high, falls, flags;
} part_facts;

typedef struct {
    const aot_tensor *x, *out;
    char *keys, *scratch, *places; /* places: of scratch, for positions; else NULL */
    int64_t rows, length, rows_each;
    int64_t descending;
    bool positions;
    bool narrow; /* sorted by bytes; then keys, if there are any, is memory for elements or positions */
    /* of a long row: */
    enum { MAKE_KEYS, COUNT, DISTRIBUTE, SORT_BUCKETS, MAKE_VALUES } step;
    int64_t start;         /* its first element */
    part_facts *facts;     /* of each part */
    int64_t *counters;     /* of each part, for each bucket */
    int64_t *ends;         /* of the buckets */
    int64_t numbers[4];    /* of the routines that distribute */
    const char *sorted;    /* keys */
} job;

/* Sorts rows of narrow elements. */
static void sort_narrow(const job *own, int64_t start, int64_t rows)
{
    const aot_dtype_info *dtype = &aot_dtypes[own->x->dtype];
    int64_t sign = dtype->kind == AOT_KIND_SIGNED ? INT64_C(1) << (8 * dtype->itemsize - 1) : 0;
    int64_t all = (INT64_C(1) << 8 * dtype->itemsize) - 1, itemsize = own->positions ? (int64_t)sizeof(int64_t) : dtype->itemsize;
    const int64_t numbers[] = {sign ^ (own->descending ? all : 0), own->positions};
    char *out = own->out->data + start * itemsize, *aside = own->keys != NULL ? own->keys + start * itemsize : NULL;
    char *data[] = {own->x->data + start * dtype->itemsize, out, aside, out, aside}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    aot_sort_narrow_routine[dtype->itemsize - 1][own->x->state->level](&unused, &call, rows, own->length, data, numbers);
}

static void run_rows(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    int level = own->x->state->level, dtype = own->x->dtype;
    int64_t itemsize = aot_dtypes[dtype].itemsize, key = sizeof(int64_t);
    aot_kernel_call call = {NULL, aot_poll};
    for (int64_t piece = first; piece < last && !aot_is_stopped(); piece++) {
        int64_t row = piece * own->rows_each, rows = aot_smaller(own->rows_each, own->rows - row);
        int64_t start = row * own->length, flags = 0;
        if (own->narrow) {
            sort_narrow(own, start, rows);
            continue;
        }
        char *unused = NULL, *x = own->x->data + start * itemsize, *keys = own->keys + start * key;
        char *scratch = own->scratch + start * key, *out = own->out->data;
        char *to_keys[] = {x, keys, (char *)&flags};
        aot_keys_routine[dtype][level](&unused, &call, rows, own->length, to_keys, &own->descending);
        const int64_t from_zero = 0;
        if (own->places != NULL) {
            char *pairs[] = {keys, out + start * key, scratch, own->places + start * key};
            aot_sort_pairs_routine[level](&unused, &call, rows, own->length, pairs, &from_zero);
            continue;
        }
        char *alone[] = {keys, keys, scratch, scratch};
        aot_sort_keys_routine[level](&unused, &call, rows, own->length, alone, &from_zero);
        char *to_values[] = {keys, out + start * itemsize};
        aot_values_routine[dtype][level](&unused, &call, rows, own->length, to_values, &own->descending);
        if (flags != 0) {
            char *restored[] = {x, out + start * itemsize};
            aot_restore_routine[dtype][level](&unused, &call, rows, own->length, restored, &own->descending);
        }
    }
}

static void run_all(const aot_runner *runner)
{
    const job *own = runner->job;
    aot_share(runner, (own->rows - 1) / own->rows_each + 1, run_rows);
}

/* --- long rows ----------------------------------------------------------------------------------- */

/* Has the system provide memory that is written at many places later, a page at a time and each once. Otherwise the
 * first part of a row that is distributed, which writes to all buckets, would take as long as clearing all of their
 * memory: a second for 60 million pairs, in which nothing asks for interruption. */
static void touch(char *memory, int64_t bytes)
{
    for (int64_t at = 0; at < bytes; at += LEAST_PAGE) {
        memory[at] = 0;
    }
}

/* Runs a step for items `first` up to `last`: parts of the row, or buckets. */
static void run_step(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    int level = own->x->state->level, dtype = own->x->dtype;
    int64_t itemsize = aot_dtypes[dtype].itemsize, key = sizeof(int64_t), row = own->start;
    bool pairs = own->places != NULL;
    char *keys = own->keys + row * key, *scratch = own->scratch + row * key, *x = own->x->data + row * itemsize;
    char *out = own->out->data + row * (pairs ? key : itemsize), *places = pairs ? own->places + row * key : keys;
    char *out_places = pairs ? out : scratch;
    aot_kernel_call call = {NULL, aot_poll};
    for (int64_t item = first; item < last && !aot_is_stopped(); item++) {
        char *unused = NULL;
        if (own->step == SORT_BUCKETS) {
            int64_t begin = item > 0 ? own->ends[item - 1] : 0, size = own->ends[item] - begin, at = begin * key;
            const int64_t has_positions = 1;
            char *data[] = {scratch + at, out_places + at, keys + at, places + at};
            /* the clock is looked at once in so many questions, which are meant to be as far apart as before */
            for (int64_t asked = 0; asked < size && !aot_is_stopped(); asked += PIECE / 4) {
            }
            if (size > 1) {
                (pairs ? aot_sort_pairs_routine : aot_sort_keys_routine)[level](&unused, &call, 1, size, data,
                                                                              &has_positions);
            }
            continue;
        }
        int64_t begin = item * PART, size = aot_smaller(PART, own->length - begin);
        part_facts *facts = &own->facts[item];
        char *own_keys = keys + begin * key, *counters = (char *)(own->counters + item * AOT_SORT_BUCKETS);
        int64_t numbers[] = {own->numbers[0], own->numbers[1], own->numbers[2], begin};
        if (own->step == MAKE_KEYS) {
            char *to_keys[] = {x + begin * itemsize, own_keys, (char *)&facts->flags};
            aot_keys_routine[dtype][level](&unused, &call, 1, size, to_keys, &own->descending);
            char *ranged[] = {own_keys, (char *)&facts->low, (char *)&facts->high, (char *)&facts->falls};
            aot_ranges_routine[level](&unused, &call, 1, size, ranged, NULL);
            touch(scratch + begin * key, size * key);
            if (pairs) {
                touch(out_places + begin * key, size * key);
            }
        } else if (own->step == COUNT) {
            char *counted[] = {own_keys, counters};
            aot_histogram_routine[level](&unused, &call, 1, size, counted, numbers);
        } else if (own->step == DISTRIBUTE) {
            char *moved[] = {own_keys, counters, scratch, out_places};
            (pairs ? aot_distribute_pairs_routine : aot_distribute_keys_routine)[level](&unused, &call, 1, size, moved,
                                                                                       numbers);
        } else {
            char *to_values[] = {(char *)own->sorted + begin * key, out + begin * itemsize};
            aot_values_routine[dtype][level](&unused, &call, 1, size, to_values, &own->descending);
        }
    }
}

static void run_all_of_step(const aot_runner *runner)
{
    const job *own = runner->job;
    aot_share(runner, own->step == SORT_BUCKETS ? AOT_SORT_BUCKETS : (own->length - 1) / PART + 1, run_step);
}

static void run_restore(const aot_runner *runner)
{
    const job *own = runner->job;
    int dtype = own->x->dtype;
    int64_t at = own->start * aot_dtypes[dtype].itemsize;
    char *data[] = {own->x->data + at, own->out->data + at}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    aot_restore_routine[dtype][own->x->state->level](&unused, &call, 1, own->length, data, &own->descending);
}

static int run_work(const job *own, const char *name, aot_work work, int64_t total, bool shared)
{
    const aot_tensor *x = own->x, *out = own->out;
    const Py_ssize_t row[] = {1}, length[] = {own->length}, *strides = total == x->size ? x->strides : row;
    aot_view views[] = {{x->data, strides, (uint8_t)x->dtype},
                        {out->data, total == x->size ? out->strides : row, (uint8_t)out->dtype}};
    const aot_routine routine = {name, aot_dtypes[x->dtype].itemsize, false, 1, 2, views, total == x->size ? x->ndim : 1,
                                 total == x->size ? x->shape : length};
    aot_state *state = own->x->state;
    aot_runner runner = {.job = own, .total = total, .threads = shared ? aot_threads(state, total, true, false) : 1,
                         .compute_bound = true};
    return aot_run_routine(state, &routine, &runner, work);
}

static int run_a_step(job *own, int step)
{
    bool pairs = own->places != NULL;
    const char *const names[] = {"keys", "histogram", pairs ? "distribute_pairs" : "distribute_keys",
                                 pairs ? "sort_pairs" : "sort_keys", "values"};
    own->step = step;
    return run_work(own, names[step], run_all_of_step, own->length, true);
}

/* Sorts the row at once: keys of few different values, which are only counted. */
static void run_whole(const aot_runner *runner)
{
    const job *own = runner->job;
    int64_t at = own->start * (int64_t)sizeof(int64_t);
    const int64_t from_zero = 0;
    char *data[] = {own->keys + at, own->keys + at, own->scratch + at, own->scratch + at}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    aot_sort_keys_routine[own->x->state->level](&unused, &call, 1, own->length, data, &from_zero);
}

enum order { IN_ORDER, FEW_VALUES, MIXED };

/* Finds by which bits keys are distributed, if that must be. */
static enum order choose_bits(job *own, int64_t parts)
{
    int64_t low = own->facts[0].low, high = own->facts[0].high, falls = 0;
    for (int64_t part = 0; part < parts; part++) {
        low = aot_smaller(low, own->facts[part].low);
        high = aot_larger(high, own->facts[part].high);
        falls += own->facts[part].falls;
        const int64_t *next = (const int64_t *)(const void *)own->keys + own->start + (part + 1) * PART;
        falls += part + 1 < parts && next[-1] > next[0];
    }
    bool overflows = low < 0 && high > INT64_MAX + low;
    int64_t bits = 0;
    for (uint64_t rest = (uint64_t)high - (uint64_t)low; rest > 0; rest >>= 1) {
        bits++;
    }
    own->numbers[0] = overflows ? INT64_MIN : 0;
    own->numbers[1] = overflows ? 0 : low;
    bits = overflows ? 64 : bits;
    int64_t width = 0;
    while (1 << width < AOT_SORT_BUCKETS) {
        width++;
    }
    own->numbers[2] = aot_larger(bits - width, 0);
    return falls == 0 ? IN_ORDER : bits <= width ? FEW_VALUES : MIXED;
}

/* Makes each part's counters the places of its first key of each bucket: buckets follow each other, and in each the
 * parts in order. */
static void count_up(job *own, int64_t parts)
{
    int64_t total = 0;
    for (int64_t bucket = 0; bucket < AOT_SORT_BUCKETS; bucket++) {
        for (int64_t part = 0; part < parts; part++) {
            int64_t *counter = &own->counters[part * AOT_SORT_BUCKETS + bucket], here = *counter;
            *counter = total;
            total += here;
        }
        own->ends[bucket] = total;
    }
}

static int sort_long(job *own)
{
    int64_t parts = (own->length - 1) / PART + 1, flags = 0;
    size_t counters = (size_t)parts * AOT_SORT_BUCKETS;
    own->facts = PyMem_Malloc((size_t)parts * sizeof *own->facts);
    own->counters = PyMem_Malloc((counters + AOT_SORT_BUCKETS) * sizeof *own->counters);
    int failed = 0;
    if (own->facts == NULL || own->counters == NULL) {
        PyErr_NoMemory();
        failed = -1;
    } else {
        own->ends = own->counters + counters;
        failed = run_a_step(own, MAKE_KEYS);
    }
    if (!failed) {
        for (int64_t part = 0; part < parts; part++) {
            flags |= own->facts[part].flags;
        }
        enum order order = choose_bits(own, parts);
        bool distributes = order == MIXED || own->places != NULL; /* keys in order need positions, too */
        own->sorted = (distributes ? own->scratch : own->keys) + own->start * (int64_t)sizeof(int64_t);
        if (!distributes && order == FEW_VALUES) {
            failed = run_work(own, "sort_keys", run_whole, own->length, false);
        }
        if (distributes) {
            failed = run_a_step(own, COUNT);
            if (!failed) {
                count_up(own, parts);
                failed = run_a_step(own, DISTRIBUTE) < 0 || run_a_step(own, SORT_BUCKETS) < 0 ? -1 : 0;
            }
        }
    }
    if (!failed && own->places == NULL) {
        failed = run_a_step(own, MAKE_VALUES);
        failed = failed || flags == 0 ? failed : run_work(own, "restore", run_restore, own->length, false);
    }
    PyMem_Free(own->facts);
    PyMem_Free(own->counters);
    return failed;
}

/* --- rows ---------------------------------------------------------------------------------------- */

aot_tensor *aot_sort(aot_tensor *x, bool descending, bool positions, const char *function)
{
    aot_state *state = x->state;
    if (aot_keys_routine[x->dtype][state->level] == NULL || !x->contiguous || x->ndim == 0) {
        return NULL; /* no exception */
    }
    aot_tensor *out = aot_tensor_new(state, positions ? AOT_INT64 : x->dtype, x->ndim, x->shape, function);
    aot_tensor *memory[3] = {NULL};
    Py_ssize_t length = x->shape[x->ndim - 1], itemsize = aot_dtypes[x->dtype].itemsize;
    bool narrow = itemsize <= 2 && length >= LEAST_NARROW && length <= MOST_NARROW, failed = out == NULL;
    int count = narrow ? itemsize == 2 : positions ? 3 : 2;
    for (int k = 0; !failed && k < count; k++) {
        memory[k] = aot_tensor_new(state, narrow && !positions ? x->dtype : AOT_INT64, x->ndim, x->shape, function);
        failed = memory[k] == NULL;
    }
    if (!failed && x->size > 0) {
        job own = {.x = x, .out = out, .keys = memory[0] != NULL ? memory[0]->data : NULL,
                   .scratch = memory[1] != NULL ? memory[1]->data : NULL, .places = memory[2] != NULL ? memory[2]->data : NULL,
                   .length = length, .descending = descending, .positions = positions, .narrow = narrow};
        own.rows = x->size / own.length;
        own.rows_each = aot_larger(PIECE / own.length, 1);
        if (own.length > LONG && !narrow && !aot_is_explained(state)) { /* the steps depend on the elements */
            for (int64_t row = 0; !failed && row < own.rows; row++) {
                own.start = row * own.length;
                failed = sort_long(&own) < 0;
            }
        } else {
            failed = run_work(&own, positions ? "sort_pairs" : "sort_keys", run_all, x->size, true) < 0;
        }
    }
    for (int k = 0; k < 3; k++) {
        Py_XDECREF((PyObject *)memory[k]);
    }
    if (failed) {
        Py_CLEAR(out);
    }
    return out;
}

/* sort(x, descending, positions, function): rows of a contiguous tensor, sorted, or the positions that sort them. */
PyObject *aot_sort_call(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object;
    int descending, positions;
    const char *function;
    if (!PyArg_ParseTuple(args, "Opps:sort", &object, &descending, &positions, &function)) {
        return NULL;
    }
    aot_tensor *x = aot_as_tensor(object), *out = x != NULL ? aot_sort(x, descending, positions, function) : NULL;
    if (out == NULL && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "sort: x must be a contiguous tensor of a dtype that has an order");
    }
    return (PyObject *)out;
}
