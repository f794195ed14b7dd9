#ifndef AOTOPS_CONSTANTS_H
#define AOTOPS_CONSTANTS_H

/* Reads a byte of each page of the constants in the shared object at an address. */
void aot_map_constants(const void *address);

#endif
