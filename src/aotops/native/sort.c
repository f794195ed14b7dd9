/* Sorting rows by keys. In Python:
 *
 *     def sort(x, descending, positions):         # of each row, the last axis of a contiguous tensor
 *         for rows in pieces:                     # which threads share out
 *             keys, flags = the routine "keys", of 32 or 64 bits, unless keys as wide as elements are partitioned
 *             if positions and keys of 32 bits: "pack", "sort_keys" of 64 bits, and "unpack"
 *             elif positions: "sort_pairs", whose positions are the result
 *             elif partitions: "sort_keys_wide", which includes "keys" then and "values" (or "unpack"), and "restore"
 *             else: "sort_keys", "values", and "restore" if some are NaN or negative zeros
 *
 *     # rows of elements of one or two bytes that are not short: the routine "sort_narrow" alone, with memory for counters
 *
 *     def sort_long(row):                         # the same for a row of more than LONG elements; each step is shared out
 *         for part in parts: "keys", "pack", "ranges"
 *         for part in parts: "histogram", by the uppermost bits in which keys differ
 *         for part in parts: "distribute_keys" or "distribute_pairs", into buckets
 *         for bucket in buckets: "sort_keys" or "sort_pairs"
 *         for part in parts: "values" or "unpack"
 *         "restore"
 *
 * Keys stand in the result's memory where they are as wide. Other memory is that of tensors, which comes from the cache of
 * freed blocks: as much again, and with positions of 64-bit keys three times 8 bytes per element.
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"

#define PIECE 16384
/* Longer rows are sorted in steps, which threads share out and between which sorting can be interrupted. */
#define LONG 262144
#define LONG_ALONE (1 << 22)
#define PART 131072
#define LEAST_PAGE 4096
/* Rows of so many elements of one or two bytes are sorted by their bytes, without keys; longer ones in parts, between
 * which they can be interrupted. 1000 elements of two bytes are sorted by a network in two thirds of the time. */
#define LEAST_NARROW 64
#define LEAST_OF_TWO_BYTES 4096
#define MOST_NARROW (1 << 24)
/* Positions of longer rows take more than 32 bits. */
#define MOST_PACKED (INT64_C(1) << 32)

/* What ranges tells of a part, and what keys does. */
typedef struct {
    int64_t low, high, falls, flags;
} part_facts;

typedef struct {
    const aot_tensor *x, *out;
    char *keys, *sorted; /* unsorted keys, and memory for sorted ones, which is often the result's */
    char *places;        /* positions of unsorted keys of 64 bits; else NULL */
    int key;                       /* the dtype of keys, or of keys packed with their positions */
    bool packed;
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
} job;

/* Sorts rows of narrow elements. */
static void sort_narrow(const job *own, int64_t start, int64_t rows, char *scratch)
{
    const aot_dtype_info *dtype = &aot_dtypes[own->x->dtype];
    int64_t sign = dtype->kind == AOT_KIND_SIGNED ? INT64_C(1) << (8 * dtype->itemsize - 1) : 0;
    int64_t all = (INT64_C(1) << 8 * dtype->itemsize) - 1, itemsize = own->positions ? (int64_t)sizeof(int64_t) : dtype->itemsize;
    const int64_t numbers[] = {sign ^ (own->descending ? all : 0), own->positions};
    int64_t beside = own->positions ? (int64_t)sizeof(int32_t) : itemsize;
    char *out = own->out->data + start * itemsize, *aside = own->keys != NULL ? own->keys + start * beside : NULL;
    char *data[] = {own->x->data + start * dtype->itemsize, out, aside, out, aside, scratch}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    aot_sort_narrow_routine[dtype->itemsize - 1][own->x->state->level](&unused, &call, rows, own->length, data, numbers);
}

/* Makes the keys of rows of `length` elements from `start` on, and packs them with positions from `first` on if that is to
 * be, by way of other memory of the same size. Returns what the routine "keys" tells. */
static int64_t make_keys(const job *own, int64_t start, int64_t rows, int64_t length, int64_t first, char *keys, char *other)
{
    int level = own->x->state->level, dtype = own->x->dtype;
    int64_t flags = 0;
    char *unused = NULL, *made = own->packed ? other : keys;
    char *to_keys[] = {own->x->data + start * aot_dtypes[dtype].itemsize, made, (char *)&flags};
    aot_kernel_call call = {NULL, aot_poll};
    aot_keys_routine[dtype][level](&unused, &call, rows, length, to_keys, &own->descending);
    if (own->packed) {
        char *packed[] = {made, keys};
        aot_pack_routine[level](&unused, &call, rows, length, packed, &first);
    }
    return flags;
}

/* Makes `count` elements or positions of the result from `start` on of sorted keys. */
static void make_values(const job *own, int64_t start, int64_t count)
{
    int level = own->x->state->level, dtype = own->x->dtype;
    char *from = own->sorted + start * aot_dtypes[own->key].itemsize;
    char *data[] = {from, own->out->data + start * aot_dtypes[own->out->dtype].itemsize}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    if (own->packed) {
        aot_unpack_routine[level](&unused, &call, 1, count, data, NULL);
    } else if (data[0] != data[1] || own->descending || aot_dtypes[dtype].kind != AOT_KIND_SIGNED) {
        aot_values_routine[dtype][level](&unused, &call, 1, count, data, &own->descending);
    }
}

static void restore(const job *own, int64_t start, int64_t rows)
{
    int dtype = own->x->dtype;
    int64_t at = start * aot_dtypes[dtype].itemsize;
    char *data[] = {own->x->data + at, own->out->data + at}, *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    aot_restore_routine[dtype][own->x->state->level](&unused, &call, rows, own->length, data, &own->descending);
}

/* Whether the kernel that sorts keys makes the values of them, too: one that partitions does, as they are in the cache. */
static bool sorts_to_values(const job *own)
{
    return own->places == NULL && own->sorted == own->out->data &&
           aot_sort_keys_wide_routine[aot_width(aot_dtypes[own->key].itemsize)][own->x->state->level] != NULL;
}

/* Sorts rows of keys, or of keys and positions, which are overwritten; to_values: and makes the values of keys. If they are
 * not ready, keys are made of elements first, as far as the kernel does this; returns what the routine "keys" tells. */
static int64_t sort_keys(const job *own, int64_t rows, int64_t length, char *elements, char *keys, char *places, char *sorted,
                         char *sorted_places, bool ready, bool to_values)
{
    int level = own->x->state->level, kind = aot_dtypes[own->x->dtype].kind;
    bool pairs = own->places != NULL;
    int64_t flags = 0, numbers[] = {ready, 0, 0, -1};
    if (to_values && own->packed) {
        numbers[AOT_SORT_KEPT] = UINT32_MAX;
    } else if (to_values) {
        int64_t largest = own->key == AOT_INT32 ? INT32_MAX : INT64_MAX;
        numbers[AOT_SORT_TURNED] = (own->descending ? -1 : 0) ^ (kind == AOT_KIND_UNSIGNED ? -largest - 1 : 0);
        numbers[AOT_SORT_FOLDED] = kind == AOT_KIND_REAL ? largest : 0; /* the NaN that come out are those of "restore" */
    }
    int width = aot_width(aot_dtypes[own->key].itemsize);
    aot_kernel wide = aot_sort_keys_wide_routine[width][level];
    char *unused = NULL;
    aot_kernel_call call = {NULL, aot_poll};
    if (wide != NULL && !pairs) {
        char *data[] = {keys, keys, elements, sorted, (char *)&flags};
        wide(&unused, &call, rows, length, data, numbers);
    } else {
        char *data[] = {keys, pairs ? places : keys, sorted, pairs ? sorted_places : sorted};
        aot_kernel kernel = pairs ? aot_sort_pairs_routine[level] : aot_sort_keys_routine[width][level];
        kernel(&unused, &call, rows, length, data, numbers);
    }
    return flags;
}

static void run_rows(const aot_runner *runner, int64_t first, int64_t last, char *scratch)
{
    const job *own = runner->job;
    int64_t key = aot_dtypes[own->key].itemsize;
    for (int64_t piece = first; piece < last && !aot_is_stopped(); piece++) {
        int64_t row = piece * own->rows_each, rows = aot_smaller(own->rows_each, own->rows - row);
        int64_t start = row * own->length;
        if (own->narrow) {
            sort_narrow(own, start, rows, scratch);
            continue;
        }
        char *keys = own->keys + start * key, *sorted = own->sorted + start * key;
        bool to_values = sorts_to_values(own), ready = !to_values || own->packed;
        int64_t flags = ready ? make_keys(own, start, rows, own->length, 0, keys, sorted) : 0;
        if (own->places != NULL) {
            char *places = own->places + start * key, *out = own->out->data + start * key;
            sort_keys(own, rows, own->length, keys, keys, places, sorted, out, false, false);
            continue;
        }
        flags |= sort_keys(own, rows, own->length, ready ? keys : own->x->data + start * key, keys, NULL, sorted, NULL, ready,
                           to_values);
        if (!to_values) {
            make_values(own, start, rows * own->length);
        }
        if (flags != 0 && !own->positions) {
            restore(own, start, rows);
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
    int level = own->x->state->level;
    int64_t key = aot_dtypes[own->key].itemsize, row = own->start;
    bool pairs = own->places != NULL;
    char *keys = own->keys + row * key, *sorted = own->sorted + row * key; /* made where they are sorted to at last */
    char *places = pairs ? own->places + row * key : keys, *out_places = pairs ? own->out->data + row * key : sorted;
    aot_kernel_call call = {NULL, aot_poll};
    for (int64_t item = first; item < last && !aot_is_stopped(); item++) {
        char *unused = NULL;
        if (own->step == SORT_BUCKETS) {
            int64_t begin = item > 0 ? own->ends[item - 1] : 0, size = own->ends[item] - begin, at = begin * key;
            /* the clock is looked at once in so many questions, which are meant to be as far apart as before */
            for (int64_t asked = 0; asked < size && !aot_is_stopped(); asked += PIECE / 4) {
            }
            if (size > 0) {
                sort_keys(own, 1, size, keys + at, keys + at, places + at, sorted + at, out_places + at, true,
                          sorts_to_values(own));
            }
            if (!pairs && !sorts_to_values(own)) {
                make_values(own, row + begin, size);
            }
            continue;
        }
        int64_t begin = item * PART, size = aot_smaller(PART, own->length - begin);
        part_facts *facts = &own->facts[item];
        char *made = sorted + begin * key, *counters = (char *)(own->counters + item * AOT_SORT_BUCKETS);
        int64_t numbers[] = {own->numbers[0], own->numbers[1], own->numbers[2], begin};
        if (own->step == MAKE_KEYS) {
            facts->flags = make_keys(own, row + begin, 1, size, begin, made, keys + begin * key);
            char *ranged[] = {made, (char *)&facts->low, (char *)&facts->high, (char *)&facts->falls};
            aot_ranges_routine[aot_width(key)][level](&unused, &call, 1, size, ranged, NULL);
            touch(keys + begin * key, size * key);
            if (pairs) {
                touch(places + begin * key, size * key);
            }
        } else if (own->step == COUNT) {
            char *counted[] = {made, counters};
            aot_histogram_routine[aot_width(key)][level](&unused, &call, 1, size, counted, numbers);
        } else if (own->step == DISTRIBUTE) {
            char *moved[] = {made, counters, keys, places};
            (pairs ? aot_distribute_pairs_routine : aot_distribute_keys_routine[aot_width(key)])[level](&unused, &call, 1, size,
                                                                                                 moved, numbers);
        } else {
            make_values(own, row + begin, size);
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
    restore(own, own->start, 1);
}

static int run_work(const job *own, const char *name, aot_work work, int64_t total, bool shared)
{
    const aot_tensor *x = own->x, *out = own->out;
    const Py_ssize_t row[] = {1}, length[] = {own->length}, *strides = total == x->size ? x->strides : row;
    aot_view views[] = {{x->data, strides, (uint8_t)x->dtype},
                        {out->data, total == x->size ? out->strides : row, (uint8_t)out->dtype}};
    const aot_routine routine = {name, aot_dtypes[own->narrow ? x->dtype : own->key].itemsize, false, 1, 2, views, total == x->size ? x->ndim : 1,
                                 total == x->size ? x->shape : length, NULL};
    aot_state *state = own->x->state;
    aot_runner runner = {.job = own, .total = total, .threads = shared ? aot_threads(state, total, true, false) : 1,
                         .compute_bound = true};
    if (own->narrow && !own->positions && aot_dtypes[x->dtype].itemsize == 2) {
        runner.scratch_bytes = AOT_SORT_VALUES * sizeof(int32_t); /* a counter of each value */
    }
    return aot_run_routine(state, &routine, &runner, work);
}

static int run_a_step(job *own, int step)
{
    bool pairs = own->places != NULL;
    const char *const names[] = {"keys", "histogram", pairs ? "distribute_pairs" : "distribute_keys",
                                 pairs ? "sort_pairs" : "sort_keys", own->packed ? "unpack" : "values"};
    own->step = step;
    return run_work(own, names[step], run_all_of_step, own->length, true);
}

/* Sorts the row at once: keys of few different values, which are only counted. */
static void run_whole(const aot_runner *runner)
{
    const job *own = runner->job;
    int64_t at = own->start * aot_dtypes[own->key].itemsize;
    char *sorted = own->sorted + at;
    sort_keys(own, 1, own->length, sorted, sorted, NULL, sorted, NULL, true, false);
}

enum order { IN_ORDER, FEW_VALUES, MIXED };

static int64_t key_at(const job *own, int64_t position)
{
    const void *keys = own->sorted;
    int64_t at = own->start + position;
    return own->key == AOT_INT32 ? ((const int32_t *)keys)[at] : ((const int64_t *)keys)[at];
}

/* Finds by which bits keys are distributed, if that must be. */
static enum order choose_bits(job *own, int64_t parts)
{
    int64_t low = own->facts[0].low, high = own->facts[0].high, falls = 0;
    for (int64_t part = 0; part < parts; part++) {
        low = aot_smaller(low, own->facts[part].low);
        high = aot_larger(high, own->facts[part].high);
        falls += own->facts[part].falls;
        falls += part + 1 < parts && key_at(own, (part + 1) * PART - 1) > key_at(own, (part + 1) * PART);
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
        if (!distributes && order == FEW_VALUES) {
            failed = run_work(own, "sort_keys", run_whole, own->length, false);
        }
        if (distributes) {
            failed = run_a_step(own, COUNT);
            if (!failed) {
                count_up(own, parts);
                failed = run_a_step(own, DISTRIBUTE) < 0 || run_a_step(own, SORT_BUCKETS) < 0 ? -1 : 0;
            }
        } else if (!failed) {
            failed = run_a_step(own, MAKE_VALUES);
        }
    }
    if (!failed && flags != 0 && !own->positions) {
        failed = run_work(own, "restore", run_restore, own->length, false);
    }
    PyMem_Free(own->facts);
    PyMem_Free(own->counters);
    return failed;
}

/* --- rows ---------------------------------------------------------------------------------------- */

aot_tensor *aot_sort(aot_tensor *x, bool descending, bool positions, const char *function)
{
    aot_state *state = x->state;
    if (aot_keys_routine[x->dtype][state->level] == NULL || !x->contiguous || x->ndim == 0 ||
        (positions && aot_dtypes[x->dtype].itemsize < (int64_t)sizeof(int64_t) &&
         x->shape[x->ndim - 1] > MOST_PACKED)) {
        return NULL; /* no exception */
    }
    aot_tensor *out = aot_tensor_new(state, positions ? AOT_INT64 : x->dtype, x->ndim, x->shape, function);
    Py_ssize_t length = x->shape[x->ndim - 1], itemsize = aot_dtypes[x->dtype].itemsize;
    Py_ssize_t least = itemsize == 2 && !positions ? LEAST_OF_TWO_BYTES : LEAST_NARROW;
    bool narrow = itemsize <= 2 && length >= least && length <= MOST_NARROW, failed = out == NULL;
    bool packed = positions && itemsize < (Py_ssize_t)sizeof(int64_t);
    bool pairs = positions && !packed;
    int key = itemsize == (Py_ssize_t)sizeof(int64_t) || packed ? AOT_INT64 : AOT_INT32;
    /* unsorted keys; sorted ones, which often stand in the result's memory; positions of unsorted ones */
    bool wanted[3] = {true, pairs || (!positions && itemsize < (Py_ssize_t)sizeof(int32_t)), pairs};
    if (narrow) {
        wanted[0] = itemsize == 2;
        wanted[1] = false;
        key = positions ? AOT_INT32 : x->dtype; /* a position of 24 bits and a byte */
    }
    aot_tensor *memory[3] = {NULL};
    for (int k = 0; !failed && k < 3; k++) {
        if (wanted[k]) {
            memory[k] = aot_tensor_new(state, key, x->ndim, x->shape, function);
            failed = memory[k] == NULL;
        }
    }
    if (!failed && x->size > 0) {
        job own = {.x = x, .out = out, .keys = memory[0] != NULL ? memory[0]->data : NULL,
                   .sorted = memory[1] != NULL ? memory[1]->data : out->data,
                   .places = memory[2] != NULL ? memory[2]->data : NULL, .key = key, .packed = packed, .length = length,
                   .descending = descending, .positions = positions, .narrow = narrow};
        own.rows = x->size / own.length;
        own.rows_each = aot_larger(PIECE / own.length, 1);
        bool alone = aot_threads(state, own.length, true, false) == 1;
        if (own.length > (alone ? LONG_ALONE : LONG) && !narrow && !aot_is_explained(state)) {
            /* not if explained, since the steps depend on the elements */
            for (int64_t row = 0; !failed && row < own.rows; row++) {
                own.start = row * own.length;
                failed = sort_long(&own) < 0;
            }
        } else {
            failed = run_work(&own, pairs ? "sort_pairs" : "sort_keys", run_all, x->size, true) < 0;
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
