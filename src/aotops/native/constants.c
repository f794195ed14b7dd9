/* The pages of constants. In Python:
 *
 *     def map_constants(address):
 *         for page in the read-only segments of the shared object at address:
 *             read(page)
 *
 * Compilers let AVX-512 read a constant under a mask, for the lanes that need it: `select(a > 752, 3000, a)`. Mostly none
 * does. Where the page has never been read, it is in no page table, and such an instruction would fault if a lane read it;
 * the CPU finds out in 130 cycles that none does, and maps nothing, so that the next one takes as long. silu of float64 took
 * 6.5 ns an element in place of 1.5 in those builds whose linker had put its constants on a page that nothing else reads.
 * To read a page of each 64 KB would do, as Linux maps those around it, but not on each file system: 140 reads take 30 us.
 */
#include "system.h" /* before system headers */

#include "constants.h"

#if defined(__linux__)
#include <link.h>

#define SMALLEST_PAGE 4096

/* AddressSanitizer would complain of what lies between constants. */
__attribute__((no_sanitize("address"))) static int map_segments(struct dl_phdr_info *object, size_t size, void *address)
{
    (void)size;
    bool found = false;
    for (int k = 0; k < object->dlpi_phnum; k++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[k];
        found = found || (segment->p_type == PT_LOAD &&
                          (uintptr_t)address - (uintptr_t)(object->dlpi_addr + segment->p_vaddr) < segment->p_memsz);
    }
    for (int k = 0; found && k < object->dlpi_phnum; k++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[k];
        if (segment->p_type == PT_LOAD && segment->p_flags == PF_R) {
            const volatile char *start = (const volatile char *)(uintptr_t)(object->dlpi_addr + segment->p_vaddr);
            for (size_t at = 0; at < segment->p_memsz; at += SMALLEST_PAGE) {
                (void)start[at];
            }
        }
    }
    return found;
}

void aot_map_constants(const void *address)
{
    static aot_atomic last; /* kernels of one library are bound one after the other */
    if (aot_atomic_load(&last) != (int64_t)(uintptr_t)address) {
        aot_atomic_store(&last, (int64_t)(uintptr_t)address);
        dl_iterate_phdr(map_segments, (void *)(uintptr_t)address);
    }
}

#else

void aot_map_constants(const void *address)
{
    (void)address;
}

#endif
