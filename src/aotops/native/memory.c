/* Memory of storages: blocks that are freed wait in a cache for the next storage of their size. In Python:
 *
 *     def allocate(nbytes):
 *         size = size_class(nbytes)                     # at most a quarter more
 *         return cached[size].pop() if cached[size] else aligned memory from the system
 *     def release(block):
 *         cached[block.size].append(block)
 *         while sum of the cached sizes > limit: free the block that has waited longest
 *
 * Fresh pages, not arithmetic, are what a large operation waits for: the system clears and maps 80 MB in 18 ms, and
 * an addition fills them in 4. The cache belongs to the module's state and is only touched with the GIL held.
 */
#include "native.h"

#include <stdlib.h>
#ifdef _WIN32
#include <malloc.h>
#else
#include <sys/mman.h>
#endif

#define SMALLEST_SIZE ((size_t)512)
#define PAGE ((size_t)4096)
#define HUGE_PAGE ((size_t)1 << 21)
/* From this size on blocks start at different places of a page, since caches tell addresses apart by the place:
 * an addition of 1e5 or 1e6 float64 takes a fifth less time when its operands lie 1 KiB apart in it. */
#define STAGGERED ((size_t)1 << 16)
/* So much may wait before anybody has asked the system how much memory there is, which takes reading some files: less
 * than an eighth of any machine or container in which Python runs. */
#define UNASKED_LIMIT ((Py_ssize_t)4 << 20)

/* What a waiting block holds in its own memory. */
struct aot_free_block {
    aot_free_block *older, *newer;   /* in the order of release */
    aot_free_block *below, *above;   /* of the same size class; the top one goes first */
    size_t size;
};

/* Sizes are 4, 5, 6 or 7 times a power of two: the class is the exponent and those two bits. */
static size_t round_to_class(size_t nbytes, int *class)
{
    size_t unit = SMALLEST_SIZE / 4;
    int exponent = 0;
    while (unit * 7 < nbytes) {
        unit *= 2;
        exponent++;
    }
    size_t count = (nbytes + unit - 1) / unit;
    count = count < 4 ? 4 : count;
    *class = 4 * exponent + (int)count - 4;
    return count * unit;
}

static char *system_allocate(size_t nbytes, size_t serial)
{
    size_t place = nbytes < STAGGERED ? 0 : serial % 4 * 1024 + serial / 4 % 4 * 256;
    size_t alignment = nbytes < STAGGERED ? AOT_ALIGNMENT : nbytes < 2 * HUGE_PAGE ? PAGE : HUGE_PAGE;
    void *block;
#ifdef _WIN32
    block = _aligned_malloc(nbytes + place, alignment);
#else
    if (posix_memalign(&block, alignment, nbytes + place) != 0) {
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE) {
        madvise(block, nbytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* advice: nothing is lost if refused */
    }
#endif
#endif
    return block != NULL ? (char *)block + place : NULL;
}

static void system_free(void *block, size_t nbytes)
{
    char *start = (char *)block - (nbytes < STAGGERED ? 0 : (uintptr_t)block % PAGE);
#ifdef _WIN32
    _aligned_free(start);
#else
    free(start);
#endif
}

static void unlink_block(aot_memory *memory, aot_free_block *block, int class)
{
    *(block->above ? &block->above->below : &memory->classes[class]) = block->below;
    if (block->below != NULL) {
        block->below->above = block->above;
    }
    *(block->older ? &block->older->newer : &memory->oldest) = block->newer;
    *(block->newer ? &block->newer->older : &memory->newest) = block->older;
    memory->cached -= (Py_ssize_t)block->size;
}

void aot_memory_init(aot_memory *memory)
{
    memory->limit = UNASKED_LIMIT;
}

bool aot_memory_needs_limit(const aot_memory *memory, size_t nbytes)
{
    Py_ssize_t room = memory->limit - memory->used - memory->cached;
    return !memory->limit_is_known && (room < 0 || nbytes > (size_t)room);
}

void aot_memory_set_limit(aot_memory *memory, Py_ssize_t limit)
{
    memory->limit = limit;
    memory->limit_is_known = true;
    aot_memory_trim(memory, limit);
}

void aot_memory_trim(aot_memory *memory, Py_ssize_t limit)
{
    while (memory->cached > limit && memory->oldest != NULL) {
        aot_free_block *block = memory->oldest;
        int class;
        round_to_class(block->size, &class);
        unlink_block(memory, block, class);
        system_free(block, block->size);
    }
}

void *aot_memory_allocate(aot_memory *memory, size_t nbytes)
{
    if (nbytes > (size_t)PY_SSIZE_T_MAX / 2) {
        return NULL; /* beyond any address space, and before rounding up could overflow */
    }
    int class;
    size_t size = round_to_class(nbytes, &class);
    void *block = memory->classes[class];
    if (block != NULL) {
        unlink_block(memory, block, class);
        memory->hits++;
    } else {
        block = system_allocate(size, (size_t)memory->misses);
        if (block == NULL) {
            aot_memory_trim(memory, 0); /* what waits may be what lacks */
            block = system_allocate(size, (size_t)memory->misses);
        }
        if (block == NULL) {
            return NULL;
        }
        memory->misses++;
    }
    memory->used += (Py_ssize_t)size;
    memory->peak = memory->used > memory->peak ? memory->used : memory->peak;
    return block;
}

void aot_memory_release(aot_memory *memory, void *address, size_t nbytes)
{
    int class;
    size_t size = round_to_class(nbytes, &class);
    memory->used -= (Py_ssize_t)size;
    if ((Py_ssize_t)size > memory->limit) {
        system_free(address, size);
        return;
    }
    aot_memory_trim(memory, memory->limit - (Py_ssize_t)size);
    aot_free_block *block = address;
    *block = (aot_free_block){.older = memory->newest, .below = memory->classes[class], .size = size};
    if (block->below != NULL) {
        block->below->above = block;
    }
    *(memory->newest ? &memory->newest->newer : &memory->oldest) = block;
    memory->newest = block;
    memory->classes[class] = block;
    memory->cached += (Py_ssize_t)size;
}
