/* Random numbers. A generator is a tensor of four int64: the key, the upper half of Philox's counter, the next block, and
 * how many generators have been split off. In Python:
 *
 *     def draw(generator, out):                       # uniform, normal, integers
 *         block = generator[NEXT]
 *         generator[NEXT] += how many blocks the numbers take
 *         for piece in pieces of out:                 # which threads share out
 *             the routine, from the block on that the piece begins with
 *
 *     def shuffle(generator, x, count, size):         # Fisher and Yates, forwards
 *         for k in range(count):
 *             other = k + a random integer below size - k
 *             x[k], x[other] = x[other], x[k]         # behind the end of x, in a hash table of what is not x[k] == k
 *
 * The blocks are taken with the GIL held, so that two threads never draw the same numbers from one generator.
 */
#include "native.h"

#include "arrays.h"
#include "routines.h"

#include <string.h>

/* The numbers that are drawn between two questions whether to stop: a multiple of all groups. */
#define PIECE 4096
/* The places that are drawn at a time, for a shuffle. */
#define PLACES 512

enum { KEY, STREAM, NEXT, SPLITS, WORDS };

/* A number that a shuffle has put to a place; 0 is the place of a slot that is free. */
typedef struct {
    int64_t place, number;
} slot;

typedef struct {
    aot_kernel kernel;
    char *out, *parameters; /* parameters: the routine's input, or NULL if it has none */
    slot *table;            /* of a shuffle that goes beyond the end of its row, or NULL */
    int bits;               /* the table has 2^bits slots */
    int64_t size, itemsize, group;
    int64_t numbers[AOT_RANDOM_NUMBERS];
} job;

/* Returns the words of a generator, or NULL with an exception. */
static int64_t *words_of(PyObject *object)
{
    const aot_tensor *tensor = aot_as_tensor(object);
    if (tensor == NULL || tensor->dtype != AOT_INT64 || !tensor->contiguous || tensor->size != WORDS ||
        tensor->storage->readonly) {
        PyErr_SetString(PyExc_SystemError, "random: the generator must be a tensor of four int64");
        return NULL;
    }
    return (int64_t *)(void *)tensor->data;
}

static int64_t word(int64_t bits, int shift)
{
    return (int64_t)((uint64_t)bits >> shift & 0xFFFFFFFF);
}

/* Takes blocks for so many numbers from a generator, of which `group` are made of AOT_RANDOM_BLOCKS. */
static void take_blocks(const aot_state *state, int64_t *generator, int64_t size, int64_t group, int64_t *numbers)
{
    numbers[AOT_RANDOM_KEY_0] = word(generator[KEY], 0);
    numbers[AOT_RANDOM_KEY_1] = word(generator[KEY], 32);
    numbers[AOT_RANDOM_STREAM_0] = word(generator[STREAM], 0);
    numbers[AOT_RANDOM_STREAM_1] = word(generator[STREAM], 32);
    numbers[AOT_RANDOM_BLOCK] = generator[NEXT];
    if (!aot_is_explained(state)) {
        uint64_t blocks = (uint64_t)((size + group - 1) / group * AOT_RANDOM_BLOCKS);
        generator[NEXT] = (int64_t)((uint64_t)generator[NEXT] + blocks);
    }
}

static void draw_pieces(const aot_runner *runner, int64_t first, int64_t last, char *Py_UNUSED(scratch))
{
    const job *own = runner->job;
    for (int64_t piece = first; piece < last && !aot_is_stopped(); piece++) {
        int64_t start = piece * PIECE, numbers[AOT_RANDOM_NUMBERS];
        memcpy(numbers, own->numbers, sizeof numbers);
        numbers[AOT_RANDOM_BLOCK] += start / own->group * AOT_RANDOM_BLOCKS;
        char *out = own->out + start * own->itemsize;
        char *data[] = {own->parameters != NULL ? own->parameters : out, out};
        aot_call_kernel(own->kernel, 1, aot_smaller(PIECE, own->size - start), data, numbers);
    }
}

static void draw_all(const aot_runner *runner)
{
    const job *own = runner->job;
    aot_share(runner, (own->size - 1) / PIECE + 1, draw_pieces);
}

static int run(const char *name, aot_tensor *out, const void *own, int64_t size, bool shared, aot_work work)
{
    aot_state *state = out->state;
    const aot_view views[] = {{out->data, out->strides, out->dtype}};
    const aot_routine routine = {name, aot_dtypes[out->dtype].itemsize, false, 0, 1, views, out->ndim, out->shape, NULL};
    aot_runner runner = {.job = own, .total = size, .threads = shared ? aot_threads(state, size, true, false) : 1,
                         .compute_bound = true};
    return aot_run_routine(state, &routine, &runner, work);
}

/* Fills a new tensor by a routine; takes it over, and returns it. */
static PyObject *filled(const char *name, aot_tensor *out, job *own, int64_t *generator)
{
    if (out == NULL || out->size == 0) {
        return (PyObject *)out;
    }
    own->out = out->data;
    own->size = out->size;
    own->itemsize = aot_dtypes[out->dtype].itemsize;
    own->group = AOT_RANDOM_BLOCKS * 16 / own->itemsize;
    take_blocks(out->state, generator, own->size, own->group, own->numbers);
    if (run(name, out, own, own->size, true, draw_all) < 0) {
        Py_CLEAR(out);
    }
    return (PyObject *)out;
}

/* --- floats -------------------------------------------------------------------------------------- */

/* Returns the largest float64 below a finite one, but not below another. */
static double below64(double high, double low)
{
    int64_t bits;
    memcpy(&bits, &high, sizeof bits);
    bits = high > 0 ? bits - 1 : high < 0 ? bits + 1 : INT64_MIN + 1;
    memcpy(&high, &bits, sizeof high);
    return high > low ? high : low;
}

static float below32(float high, float low)
{
    int32_t bits;
    memcpy(&bits, &high, sizeof bits);
    bits = high > 0 ? bits - 1 : high < 0 ? bits + 1 : INT32_MIN + 1;
    memcpy(&high, &bits, sizeof high);
    return high > low ? high : low;
}

/* Reads exactly a float or an int. */
static bool plain_number(PyObject *object, double *number)
{
    if (!PyFloat_CheckExact(object) && !PyLong_CheckExact(object)) {
        return false;
    }
    *number = PyFloat_AsDouble(object);
    if (*number == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    return true;
}

/* Returns uniform numbers from a to b, or normal ones with that mean and standard deviation, float64 if there is no
 * dtype; NULL without an exception for arguments that Python has to read or to reject. */
static PyObject *draw_floats(PyObject *words, bool is_normal, PyObject *first, PyObject *second, PyObject *sizes,
                             PyObject *kind)
{
    const aot_tensor *tensor = aot_as_tensor(words);
    int64_t *generator = words_of(words);
    if (generator == NULL) {
        return NULL;
    }
    aot_state *state = tensor->state;
    double a = 0.0, b = 1.0;
    Py_ssize_t shape[AOT_MAX_RANK];
    int ndim = sizes != NULL ? aot_plain_sizes(&sizes, 1, shape) : 0;
    int dtype = kind == NULL || kind == state->dtypes[AOT_FLOAT64] ? AOT_FLOAT64
                : kind == state->dtypes[AOT_FLOAT32]               ? AOT_FLOAT32
                                                                   : AOT_NO_DTYPE;
    bool plain = ndim >= 0 && dtype != AOT_NO_DTYPE && (first == NULL || plain_number(first, &a)) &&
                 (second == NULL || plain_number(second, &b));
    for (int axis = 0; plain && axis < ndim; axis++) {
        plain = shape[axis] >= 0;
    }
    if (!plain) {
        return NULL;
    }
    union {
        double as_float64[3];
        float as_float32[3];
    } parameters;
    double width = is_normal ? b : b - a;
    if (dtype == AOT_FLOAT32) {
        float low = (float)a, high = (float)b;
        parameters.as_float32[0] = low;
        parameters.as_float32[1] = is_normal ? high : high - low;
        parameters.as_float32[2] = below32(high, low);
        width = (double)parameters.as_float32[1];
        a = (double)low;
    } else {
        parameters.as_float64[0] = a;
        parameters.as_float64[1] = width;
        parameters.as_float64[2] = below64(b, a);
    }
    if (!(width >= 0) || width - width != 0 || a - a != 0) { /* negative, infinite or NaN */
        return NULL;
    }
    const char *name = is_normal ? "normal" : "uniform";
    job own = {.kernel = (is_normal ? aot_normal_routine : aot_uniform_routine)[dtype][state->level],
               .parameters = (char *)&parameters};
    return filled(name, aot_tensor_new(state, dtype, ndim, shape, name), &own, generator);
}

/* draw(generator, normal, a, b, shape, dtype): None where it declines. */
PyObject *aot_draw(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *words, *a, *b, *shape, *dtype;
    int is_normal;
    if (!PyArg_ParseTuple(args, "OpOOOO:draw", &words, &is_normal, &a, &b, &shape, &dtype)) {
        return NULL;
    }
    PyObject *drawn = draw_floats(words, is_normal != 0, a, b, shape, dtype);
    if (drawn == NULL && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return drawn;
}

/* generator.uniform(low, high, shape, *, dtype) and generator.normal(mean, std, shape, *, dtype) */
static PyObject *draw_path(bool is_normal, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const of_uniform[] = {"low", "high", "shape", "dtype", NULL};
    static const char *const of_normal[] = {"mean", "std", "shape", "dtype", NULL};
    PyObject *found[4];
    if (count < 1 || count > 4 || !aot_read_keywords(args + count, names, is_normal ? of_normal : of_uniform, found)) {
        return NULL;
    }
    for (Py_ssize_t k = 0; names != NULL && k < PyTuple_Size(names); k++) {
        if (args[count + k] == Py_None) {
            return NULL; /* a default, or an error */
        }
    }
    for (Py_ssize_t k = 0; k + 1 < count; k++) {
        if (found[k] != NULL) {
            return NULL; /* given twice */
        }
        found[k] = args[k + 1];
    }
    if (found[2] == Py_None) {
        found[2] = NULL;
    }
    PyObject *words = PyObject_GetAttrString(args[0], "_words");
    PyObject *drawn = words != NULL ? draw_floats(words, is_normal, found[0], found[1], found[2], found[3]) : NULL;
    Py_XDECREF(words);
    return drawn;
}

PyObject *aot_uniform_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return draw_path(false, args, count, names);
}

PyObject *aot_normal_path(const aot_function *Py_UNUSED(self), PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    return draw_path(true, args, count, names);
}

/* --- integers ------------------------------------------------------------------------------------ */

/* draw_integers(generator, least, bound, shape): int64 from `least` on, of so many; the bound 0 stands for 2^64. */
PyObject *aot_draw_integers(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object, *sizes;
    long long least, bound;
    Py_ssize_t shape[AOT_MAX_RANK];
    if (!PyArg_ParseTuple(args, "OLLO!:draw_integers", &object, &least, &bound, &PyTuple_Type, &sizes)) {
        return NULL;
    }
    int64_t *generator = words_of(object);
    int ndim = generator != NULL ? aot_read_sizes(sizes, shape, "integers", "shape") : -1;
    if (ndim < 0) {
        return NULL;
    }
    aot_state *state = aot_as_tensor(object)->state;
    job own = {.kernel = aot_integers_routine[state->level]};
    own.numbers[AOT_RANDOM_LEAST] = least;
    own.numbers[AOT_RANDOM_BOUND] = bound;
    return filled("integers", aot_tensor_new(state, AOT_INT64, ndim, shape, "integers"), &own, generator);
}

/* --- permutations -------------------------------------------------------------------------------- */

/* Returns where the number at a place is kept: the place itself, until it is exchanged. The table is never full. */
static int64_t *number_at(slot *table, int bits, int64_t place)
{
    uint64_t last = ((uint64_t)1 << bits) - 1;
    uint64_t at = (uint64_t)place * 0x9E3779B97F4A7C15 >> (64 - bits); /* Fibonacci hashing */
    while (table[at].place != 0 && table[at].place != place) {
        at = (at + 1) & last;
    }
    if (table[at].place == 0) {
        table[at].place = table[at].number = place;
    }
    return &table[at].number;
}

/* What the routine "exchange" does, for places that may be behind the end of the row. */
static void exchange_beyond(const job *own, const int64_t *places, int64_t first, int64_t count)
{
    int64_t *row = (int64_t *)(void *)own->out;
    for (int64_t at = first; at < first + count; at++) {
        int64_t place = at + places[at - first], number = row[at];
        int64_t *other = place < own->size ? row + place : number_at(own->table, own->bits, place);
        row[at] = *other;
        *other = number;
    }
}

static void shuffle_all(const aot_runner *runner)
{
    const job *own = runner->job;
    int64_t places[PLACES], numbers[AOT_RANDOM_NUMBERS];
    memcpy(numbers, own->numbers, sizeof numbers);
    const aot_tensor *first = (const aot_tensor *)(void *)own->parameters;
    int level = first->state->level;
    for (int64_t start = 0; start < own->size && !aot_is_stopped(); start += PLACES) {
        int64_t count = aot_smaller(PLACES, own->size - start);
        char *drawn[] = {(char *)places}, *moved[] = {(char *)places, own->out};
        aot_call_kernel(own->kernel, 1, count, drawn, numbers);
        if (own->table != NULL) {
            exchange_beyond(own, places, start, count);
        } else {
            aot_call_kernel(aot_exchange_routine[level], 1, count, moved, &start);
        }
        numbers[AOT_RANDOM_BLOCK] += PLACES / own->group * AOT_RANDOM_BLOCKS;
        numbers[AOT_RANDOM_BOUND] -= PLACES;
    }
}

/* shuffle(generator, x, count, size): so many elements of a row of int64, drawn without replacement, to its beginning.
 * The row has `size` elements; or it is 0, 1, 2, ... and has the first `count` of as many. */
PyObject *aot_shuffle(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *object, *row;
    Py_ssize_t count, size;
    if (!PyArg_ParseTuple(args, "OOnn:shuffle", &object, &row, &count, &size)) {
        return NULL;
    }
    int64_t *generator = words_of(object);
    aot_tensor *x = generator != NULL ? aot_as_tensor(row) : NULL;
    if (x == NULL || x->dtype != AOT_INT64 || x->ndim != 1 || !x->contiguous || x->storage->readonly || count < 0 ||
        count > x->size || size < x->size || (size > x->size && count < x->size)) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_SystemError, "shuffle: x must be a contiguous row of int64 with as many elements");
        }
        return NULL;
    }
    job own = {.kernel = aot_integers_routine[x->state->level], .out = x->data, .parameters = (char *)x,
               .size = count, .itemsize = sizeof(int64_t), .group = 2 * AOT_RANDOM_BLOCKS};
    if (size > x->size) {
        for (own.bits = 1; (int64_t)1 << own.bits < 2 * count; own.bits++) { /* half of the slots stay free */
        }
        own.table = PyMem_Calloc((size_t)1 << own.bits, sizeof *own.table);
        if (own.table == NULL) {
            return PyErr_NoMemory();
        }
    }
    take_blocks(x->state, generator, count, own.group, own.numbers);
    own.numbers[AOT_RANDOM_BOUND] = size;
    own.numbers[AOT_RANDOM_GROWTH] = -1;
    int status = count > 0 ? run("exchange", x, &own, count, false, shuffle_all) : 0;
    PyMem_Free(own.table);
    if (status < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}
