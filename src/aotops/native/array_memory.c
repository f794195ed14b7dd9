/* Memory that array kernels allocate: temporary arrays and lists, whose references they count themselves. In Python:
 *
 *     def allocate(size):
 *         block = malloc(size)
 *         blocks of this thread's call add block
 *
 *     def end():                            # of a call of a kernel, also if it has raised or was stopped
 *         free all blocks that it has not freed
 *
 * and the strides of an array in another shape, which need its memory alone.
 *
 * Calls may be nested: while a kernel asks whether to stop, a handler of a signal may call another one.
 *
 * The structure in front of counted memory is that of Numba's runtime, whose code kernels contain: it counts
 * references, and calls `release` at 0.
 */
#include "array_kernel.h"

#include "system.h"

#include <stdlib.h>
#include <string.h>

/* In front of each block. */
typedef struct block {
    struct block *previous, *next;
    void *allocated; /* what malloc returned */
    size_t size;     /* without what is in front */
} block;

/* Numba's MemInfo. */
typedef struct {
    size_t references;
    void (*destroy)(void *data, size_t size, void *information);
    void *information;
    void *data;
    size_t size;
    void *allocator;
} counted;

/* Keeps the data behind it aligned as tensors are. */
#define COUNTED_BYTES AOT_ALIGNMENT

_Static_assert(sizeof(counted) <= COUNTED_BYTES, "the count of references takes more than a line");

static AOT_THREAD_LOCAL block *blocks; /* of the call that this thread is in */

static block *block_of(void *memory)
{
    return (block *)memory - 1;
}

static void *allocate(int64_t size)
{
    const int64_t extra = AOT_ALIGNMENT + (int64_t)sizeof(block);
    if (size < 0 || size > INT64_MAX - extra || (uint64_t)(size + extra) > SIZE_MAX / 2) {
        return NULL;
    }
    char *allocated = malloc((size_t)(size + extra));
    if (allocated == NULL) {
        return NULL;
    }
    char *memory = allocated + sizeof(block);
    memory += (AOT_ALIGNMENT - (uintptr_t)memory % AOT_ALIGNMENT) % AOT_ALIGNMENT;
    block *own = block_of(memory);
    *own = (block){NULL, blocks, allocated, (size_t)size};
    if (blocks != NULL) {
        blocks->previous = own;
    }
    blocks = own;
    return memory;
}

/* Removes a block from a list. */
static void unlink_block(block *own, block **list)
{
    if (own->previous != NULL) {
        own->previous->next = own->next;
    } else {
        *list = own->next;
    }
    if (own->next != NULL) {
        own->next->previous = own->previous;
    }
}

static void release_memory(void *memory)
{
    if (memory == NULL) {
        return;
    }
    block *own = block_of(memory);
    unlink_block(own, &blocks);
    free(own->allocated);
}

static void *allocate_array(int64_t size, int32_t Py_UNUSED(alignment))
{
    counted *own = size > INT64_MAX - COUNTED_BYTES ? NULL : allocate(size + COUNTED_BYTES);
    if (own != NULL) {
        *own = (counted){.references = 1, .data = (char *)own + COUNTED_BYTES, .size = (size_t)size};
    }
    return own;
}

static void release(void *memory)
{
    counted *own = memory;
    if (own->destroy != NULL) {
        own->destroy(own->data, own->size, own->information);
    }
    release_memory(own);
}

/* The data of a list is a block of its own; `information` is the function that releases its items, or NULL. */
static void destroy_list(void *data, size_t size, void *information)
{
    if (information != NULL) {
        ((void (*)(void *, size_t, void *))(uintptr_t)information)(data, size, NULL);
    }
    release_memory(data);
}

static void *new_list(int64_t size, void *destroy)
{
    void *data = allocate(size);
    counted *own = data == NULL ? NULL : allocate((int64_t)sizeof(counted));
    if (own == NULL) {
        release_memory(data);
        return NULL;
    }
    *own = (counted){1, destroy_list, destroy, data, (size_t)size, NULL};
    return own;
}

static void *allocate_list(void *list, int64_t size)
{
    counted *own = list;
    void *data = allocate(size);
    if (data != NULL) {
        own->data = data;
        own->size = (size_t)size;
    }
    return data;
}

static void *resize_list(void *list, int64_t size)
{
    counted *own = list;
    void *before = own->data, *data = allocate(size);
    if (data == NULL) {
        return NULL; /* the list stays as it is, and is freed when the call ends */
    }
    if (before != NULL) {
        size_t kept = block_of(before)->size;
        memcpy(data, before, kept < (size_t)size ? kept : (size_t)size);
        release_memory(before);
    }
    own->data = data;
    own->size = (size_t)size;
    return data;
}

static void free_list(void *list, void *data)
{
    counted *own = list;
    release_memory(data);
    if (own->data == data) {
        own->data = NULL;
    }
}

/* See aotops_kernel.h. From the last axes on, both shapes are cut into the shortest groups of axes with equal products, as
 * (2, 3, 4) and (6, 2, 2) into 2 * 3 = 6 and 4 = 2 * 2. A group of the array's axes must be one run of memory. */
static int32_t reshape(int64_t rank, const int64_t *shape, const int64_t *strides, int64_t new_rank,
                       const int64_t *new_shape, int64_t *new_strides, int64_t itemsize, int32_t column_major)
{
    int64_t count = 1, new_count = 1;
    for (int64_t k = 0; k < rank; k++) {
        count *= shape[k];
    }
    for (int64_t k = 0; k < new_rank; k++) {
        if (new_shape[k] < 0 || (new_shape[k] > 0 && new_count > count / new_shape[k] && count > 0)) {
            return 0; /* before the product overflows */
        }
        new_count = count > 0 || new_shape[k] == 0 ? new_count * new_shape[k] : new_count;
        new_strides[k] = itemsize;
    }
    if (column_major || (count > 0 ? new_count != count : new_count != 0)) {
        return 0;
    }
    int64_t axis = rank - 1, new_axis = new_rank - 1;
    while (count > 1) {
        while (axis >= 0 && shape[axis] == 1) {
            axis--;
        }
        while (new_axis >= 0 && new_shape[new_axis] == 1) {
            new_axis--;
        }
        if (axis < 0) {
            return 1; /* so is new_axis, since the products are equal */
        }
        int64_t last = axis, new_last = new_axis, size = shape[axis], new_size = new_shape[new_axis];
        while (size != new_size) {
            if (size < new_size) {
                size *= shape[--axis];
            } else {
                new_size *= new_shape[--new_axis];
            }
        }
        int64_t step = strides[last], expected = step;
        for (int64_t k = last; k >= axis; k--) {
            if (shape[k] > 1 && strides[k] != expected) {
                return 0;
            }
            expected *= shape[k];
        }
        for (int64_t k = new_last; k >= new_axis; k--) {
            new_strides[k] = step;
            step *= new_shape[k];
        }
        axis--;
        new_axis--;
    }
    return 1;
}

const aot_array_services aot_array_services_of_this = {
    .poll = aot_poll,
    .allocate_array = allocate_array,
    .release = release,
    .new_list = new_list,
    .allocate_list = allocate_list,
    .resize_list = resize_list,
    .free_list = free_list,
    .allocate = allocate,
    .free = release_memory,
    .parallel = aot_array_parallel,
    .reshape = reshape,
    .note = aot_array_note_place,
};

void *aot_array_memory_begin(void)
{
    block *outer = blocks;
    blocks = NULL;
    return outer;
}

void *aot_array_memory_leave(void *outer)
{
    block *kept = blocks;
    blocks = outer;
    return kept;
}

void aot_array_memory_end(void *outer)
{
    aot_array_memory_drop(aot_array_memory_leave(outer));
}

void *aot_array_memory_take(void **kept, void *array, char **data, size_t *nbytes)
{
    for (block *own = *kept; own != NULL; own = own->next) {
        if ((void *)(own + 1) == array) {
            block *list = *kept;
            unlink_block(own, &list);
            *kept = list;
            *data = ((counted *)array)->data;
            *nbytes = ((counted *)array)->size;
            return own->allocated;
        }
    }
    return NULL;
}

void aot_array_memory_free(void *taken)
{
    free(taken);
}

void aot_array_memory_drop(void *kept)
{
    for (block *own = kept; own != NULL;) {
        block *next = own->next;
        free(own->allocated);
        own = next;
    }
}
