/* A product of matrices, and how it is computed: matmul_plan.c decides it, matmul.c does it. */
#ifndef AOT_PRODUCT_H
#define AOT_PRODUCT_H

#include "native.h"

#include "routines.h"

/* One factor, or the result: matrices of an equal shape. Strides count numbers. */
typedef struct {
    char *data;
    int64_t row, column;
    int64_t steps[AOT_MAX_RANK]; /* from one matrix to the next, along each axis of the batch */
} matrices;

typedef struct {
    matrices a, b, c;
    int axes;
    int64_t batch[AOT_MAX_RANK];
    int64_t rows, depth, columns; /* of each matrix */
    int64_t itemsize, parts;      /* of a number: its bytes, and 2 if it is complex */
    int64_t height, width;        /* rows and columns of a tile */
    bool adds;                    /* to what the result holds */
    aot_kernel kernel, copy, times_i;
    /* how it is computed: */
    bool copies_a, copies_b;
    int way; /* AOT_MATMUL_BY_ROWS and so on */
    int64_t together; /* matrices in an item, along the last axis of the batch; 0: an item is a block of one */
    int64_t item_rows, block_rows, block_depth, block_columns; /* at most; an item has several blocks of rows */
    int64_t row_items, column_blocks, items;
    size_t bytes_of_a, bytes_of_b, bytes_of_sums; /* of copies, and of sums that wait */
    size_t bytes_of_turned;                       /* of results whose columns have gaps, until they are copied */
} product;

/* Merges axes of the batch, and exchanges the factors where the result has one column. */
void aot_simplify_product(product *own);

/* Decides how products of so many multiplications each are computed on so many threads. */
void aot_plan_product(product *own, double multiplications, int threads);

#endif
