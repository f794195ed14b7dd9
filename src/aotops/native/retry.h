/* Reductions and scans that are done again: in what way, and after which flags (retry.py). */
#ifndef AOT_RETRY_H
#define AOT_RETRY_H

#include "native.h"

/* Returns the number of the way in which a reduction or a scan is done again after some flags: only that of floats and
 * of complex numbers. */
static inline int aot_retry_of(const aot_operator *definition, int result)
{
    return aot_dtypes[result].category >= AOT_CATEGORY_FLOAT ? (int)definition->retry : AOT_RETRY_NONE;
}

/* Returns these flags: of sums overflow, of products underflow as well. The product of 0 and an infinity is invalid, but
 * unless an element is infinite a part has overflowed before; and lanes whose results are not used may compute one. */
static inline unsigned aot_flags_of(const aot_operator *definition, int result)
{
    int retry = aot_retry_of(definition, result);
    return retry == AOT_RETRY_NONE     ? 0u
           : retry == AOT_RETRY_SCALED ? AOT_FLAG_INVALID | AOT_FLAG_OVERFLOW
                                       : AOT_FLAG_OVERFLOW | AOT_FLAG_UNDERFLOW;
}

#endif
