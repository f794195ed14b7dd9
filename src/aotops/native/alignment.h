/* What memory is aligned to: cache lines, and the widest vectors. */
#ifndef AOTOPS_ALIGNMENT_H
#define AOTOPS_ALIGNMENT_H

#include <stddef.h>

#define AOT_ALIGNMENT 64

/* Returns so many bytes, and what is missing to whole cache lines. */
static inline size_t aot_whole_lines(size_t bytes)
{
    return (bytes + AOT_ALIGNMENT - 1) / AOT_ALIGNMENT * AOT_ALIGNMENT;
}

#endif
