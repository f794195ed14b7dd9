/* Allocating memory for storages: freed blocks are cached for the next storage of their size. In Python:
 *
 *     def allocate(nbytes):
 *         size = size_class(nbytes)                     # at most a quarter more
 *         return cached[size].pop() if cached[size] else aligned memory from the system
 *     def release(block):
 *         cached[block.size].append(block)
 *         while sum of the cached sizes > limit: free the block cached longest
 *
 * Page faults, not arithmetic, dominate large operations without the cache: the system takes 18 ms to clear and map 80
 * MB, and an addition fills them in 4 ms. The cache belongs to the module's state and is only accessed with the GIL
 * held.
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
/* Blocks of at least this size are staggered within a page: operands at equal page offsets compete for the same cache
 * sets. Adding 1e5 or 1e6 float64 takes a fifth less time if the operands are 1 KiB apart in their pages. */
#define STAGGERED ((size_t)1 << 16)
/* The limit until the first large allocation makes aotops read, from files, how much memory the system has: less than
 * an eighth of any machine or container that runs Python. */
#define UNASKED_LIMIT ((Py_ssize_t)4 << 20)

/* The header of a cached block, stored in the block itself. */
struct aot_free_block {
    aot_free_block *older, *newer;   /* in the order of release */
    aot_free_block *below, *above;   /* of the same size class; the top one is reused first */
    size_t size;
};

/* Sizes are 4, 5, 6 or 7 times a power of two: the class combines the exponent and this factor. */
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
    size_t stagger = nbytes < STAGGERED ? 0 : serial % 4 * 1024 + serial / 4 % 4 * 256;
    size_t alignment = nbytes < STAGGERED ? AOT_ALIGNMENT : nbytes < 2 * HUGE_PAGE ? PAGE : HUGE_PAGE;
    void *block;
#ifdef _WIN32
    block = _aligned_malloc(nbytes + stagger, alignment);
#else
    if (posix_memalign(&block, alignment, nbytes + stagger) != 0) {
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    if (alignment == HUGE_PAGE) {
        madvise(block, nbytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* only advice: failure is harmless */
    }
#endif
#endif
    return block != NULL ? (char *)block + stagger : NULL;
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
        return NULL; /* larger than any address space; rounding up could overflow */
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
            aot_memory_trim(memory, 0); /* out of memory: release cached blocks and retry */
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
