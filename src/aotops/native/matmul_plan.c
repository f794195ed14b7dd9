/* How products of matrices are computed. In Python:
 *
 *     def plan(product):
 *         merge axes of the batch that follow one another, and with the rows if all are multiplied by one matrix
 *         exchange the factors, if there are a few columns, and those of the first one are contiguous
 *         way = dot products, if there are a few rows, and columns that are contiguous
 *               rows of b, if there are a few rows; or four rows at a time, if matrices are small
 *               tiles, for all others
 *         divide it into blocks that fit into caches, and into as many items as threads need
 *
 * Blocks and items do not change the bits, and neither do ways but dot products, which depend on shapes and strides alone.
 */
#include "product.h"

#include "arrays.h"

/* Factors that are read more than once are copied if they have more bytes than that. Smaller ones stay in L2, and are read
 * as fast: 128 x 128 float64 takes 5 % longer with copies. */
#define WORTH_COPYING 131072
/* L1 of an Intel CPU; that of others is smaller. From so many rows on, a copy of b that does not evict itself pays:
 * 128 x 128 takes 0.8 of the time on a Sapphire Rapids. */
#define CACHE_LINE 64
#define L1_SETS 64
#define L1_WAYS 12
#define MANY_ROWS 96
/* Multiplications of an item of several matrices: it can be interrupted soon. */
#define MOST_TOGETHER ((int64_t)1 << 18)
/* Products of so many multiplications are divided into so many items for each thread at least, of so many multiplications.
 * More items would have more copies of the same blocks. */
#define LARGE ((double)(1 << 21))
#define ITEMS_OF_THREAD 4
#define LEAST_OF_ITEM ((double)(1 << 18))
/* Items that copy b alone have as many columns at least: those of each are copied once. */
#define LEAST_COLUMNS 64
/* Rows whose sums wait in panels, at most: 8 MiB of float64. Each has a copy of b of its own. */
#define MOST_WAITING_ROWS (6 * AOT_MATMUL_BLOCK_ROWS)
/* Multiplications of small matrices, whose rows are computed four at a time: 12 x 12 take 0.9 of the time of tiles, 24 x 24
 * float64 1.25. */
#define MOST_BY_FOURS 4000
/* So many rows at most are added row by row of b, in blocks of columns of so many bytes. One row alone takes a tenth longer
 * in blocks of 4096 bytes, four rows a quarter longer in blocks of 8192. */
#define MOST_FEW_ROWS 7
#define BYTES_OF_FEW_ROWS 4096
#define BYTES_OF_A_ROW 8192
/* So many columns at most are computed as rows of the transposed product where the columns of a are contiguous. */
#define MOST_FEW_COLUMNS 8
/* Sums of so few products take as long as storing them does where these do not stay in L2: one row of tiles is stored from end
 * to end, then the next. 1000 x 3 x 1000 float32 take 0.55 of the time, 512 x 16 x 512, which are 1 MB, 1.4. */
#define SHORT_DEPTH 32
#define BYTES_BEYOND_L2 (2 << 20)
/* Rows that are multiplied by contiguous columns as dot products, at most, where a row has at least so many bytes for each
 * of them: a copy of the columns would serve too few. Bits depend on these. 16 x 512 float32 take 0.8 of the time of tiles,
 * 32 x 512 1.1; 12 x 64 1.0, for sums of few products. So many columns, of so many numbers in all, stay in L2; rows and
 * columns with gaps are copied whole, unless they are longer than that. */
#define MOST_ROWS_OF_DOTS 16
#define LEAST_BYTES_OF_DOTS 64
#define BLOCK_COLUMNS_OF_DOTS 64
#define BLOCK_NUMBERS_OF_DOTS ((int64_t)1 << 19)
#define MOST_COPIED_OF_DOTS ((int64_t)1 << 20)

static int64_t ceiling(int64_t number, int64_t unit)
{
    return (number + unit - 1) / unit;
}

/* Returns the length of equal blocks of whole units that are at most so long. */
static int64_t even_block(int64_t length, int64_t most, int64_t unit)
{
    return length == 0 ? 1 : aot_smaller(length, ceiling(ceiling(length, ceiling(length, most)), unit) * unit);
}

/* Returns whether a matrix has the rows that are added one after the other: contiguous ones, several vectors long. */
static bool has_long_rows(const product *own, int64_t step, int64_t length, int64_t others, int64_t most)
{
    return step == 1 && others <= most && length > (others > 1 ? 3 : 1) * own->width;
}

/* Exchanges the factors of products with one column, or with a few of them if the columns of a are contiguous: the results
 * are those of a few rows times the transposed matrices. */
static void exchange(product *own)
{
    bool vector = own->columns == 1 && own->rows > 1 && own->c.row == 1;
    bool few = own->columns > 1 && own->a.column != 1 &&
               has_long_rows(own, own->a.row, own->rows, own->columns, MOST_FEW_COLUMNS);
    if (own->parts == 1 && (vector || few)) {
        matrices left = own->b;
        int64_t rows = own->columns, row = own->c.row;
        own->b = own->a;
        own->b.row = own->a.column;
        own->b.column = own->a.row;
        own->a = left;
        own->a.row = left.column;
        own->a.column = left.row;
        own->c.row = own->c.column;
        own->c.column = row;
        own->columns = own->rows;
        own->rows = rows;
    }
}

/* Merges axes of the batch, with the rows if all matrices of a are multiplied by one of b. */
static void merge_axes(product *own)
{
    matrices *operands[] = {&own->a, &own->b, &own->c};
    int kept = 0;
    for (int axis = 0; axis < own->axes; axis++) {
        bool merges = kept > 0;
        for (int k = 0; merges && k < 3; k++) {
            merges = operands[k]->steps[kept - 1] == operands[k]->steps[axis] * own->batch[axis];
        }
        if (own->batch[axis] == 1) {
            continue;
        }
        kept -= merges;
        own->batch[kept] = merges ? own->batch[kept] * own->batch[axis] : own->batch[axis];
        for (int k = 0; k < 3; k++) {
            operands[k]->steps[kept] = operands[k]->steps[axis];
        }
        kept++;
    }
    own->axes = kept;
    while (own->axes > 0) {
        int last = own->axes - 1;
        /* of single rows, the distance is that from one matrix to the next */
        bool follow = own->rows == 1 || (own->a.steps[last] == own->a.row * own->rows &&
                                         own->c.steps[last] == own->c.row * own->rows);
        if (own->b.steps[last] != 0 || !follow) {
            return;
        }
        if (own->rows == 1) {
            own->a.row = own->a.steps[last];
            own->c.row = own->c.steps[last];
        }
        own->rows *= own->batch[last];
        own->axes--;
    }
}

void aot_simplify_product(product *own)
{
    merge_axes(own);
    exchange(own);
}

/* Returns whether the rows of a panel of b, a power of two apart, share so few sets of L1 that they evict one another. */
static bool evicts_itself(const product *own)
{
    int64_t lines = own->b.row * own->itemsize / CACHE_LINE, sets = L1_SETS;
    if (own->b.row * own->itemsize % CACHE_LINE != 0 || lines == 0) {
        return false;
    }
    for (; lines % 2 == 0 && sets > 1; lines /= 2) {
        sets /= 2;
    }
    return own->depth > sets * L1_WAYS && own->rows >= MANY_ROWS;
}

/* Returns whether it pays to copy blocks of a: its columns are not contiguous, or all rows of a tile share one set of L1. */
static bool pays_to_copy_rows(const product *own)
{
    bool contiguous = own->a.column == 1;
    double bytes = (double)own->rows * (double)own->depth * (double)own->itemsize;
    if (own->parts > 1) {
        return !contiguous;
    }
    bool one_set = own->a.row * own->itemsize % (L1_SETS * CACHE_LINE) == 0;
    return bytes > WORTH_COPYING && (!contiguous || one_set) && own->columns > (contiguous ? 4 : 1) * own->width;
}

/* Returns whether products of a few rows are dot products: the columns of b are contiguous, or there is one row, whose
 * product waits for no other. */
static bool is_by_dots(const product *own)
{
    bool has_columns = own->b.row == 1 && (own->b.column != 1 || own->columns == 1);
    bool copies = own->a.column != 1 || own->b.row != 1;
    if (own->parts > 1 || (copies && own->depth > MOST_COPIED_OF_DOTS)) {
        return false;
    }
    if (own->rows == 1) {
        return has_columns || own->b.column != 1;
    }
    bool is_long = own->depth * own->itemsize >= own->rows * LEAST_BYTES_OF_DOTS;
    return has_columns && own->rows <= MOST_ROWS_OF_DOTS && is_long;
}

/* Decides whether small matrices are computed several at a time, without copies; otherwise what is copied. */
static void choose_way(product *own, double multiplications)
{
    double b_bytes = (double)own->depth * (double)own->columns * (double)own->itemsize;
    bool has_rows = own->b.column == 1 && own->parts == 1, by_dots = is_by_dots(own);
    bool by_rows = own->parts == 1 && has_long_rows(own, own->b.column, own->columns, own->rows, MOST_FEW_ROWS);
    bool by_fours = has_rows && own->a.column == 1 && multiplications <= MOST_BY_FOURS;
    own->way = by_dots    ? AOT_MATMUL_BY_DOTS
               : by_rows  ? AOT_MATMUL_BY_ROWS
               : by_fours ? AOT_MATMUL_BY_FOURS
                          : AOT_MATMUL_BY_TILES;
    bool pays_to_copy_b = own->rows > 2 * own->height && (b_bytes > WORTH_COPYING || evicts_itself(own));
    own->copies_a = by_dots ? own->a.column != 1 : !by_rows && pays_to_copy_rows(own);
    own->copies_b = by_dots ? own->b.row != 1 : !has_rows || (!by_rows && pays_to_copy_b);
    bool together = !own->copies_a && !own->copies_b && own->c.column == 1 && multiplications <= (double)MOST_TOGETHER;
    own->together = together ? (int64_t)((double)MOST_TOGETHER / (multiplications + 64.0)) + 1 : 0;
}

/* Divides matrices into items, so many at least if they can be, and their rows into blocks. */
static void divide(product *own, int64_t count, int64_t least)
{
    bool by_rows = own->way == AOT_MATMUL_BY_ROWS, by_dots = own->way == AOT_MATMUL_BY_DOTS;
    int64_t columns_of_dots = aot_smaller(BLOCK_COLUMNS_OF_DOTS, BLOCK_NUMBERS_OF_DOTS / aot_larger(own->depth, 1));
    int64_t columns = by_rows   ? (own->rows > 1 ? BYTES_OF_FEW_ROWS : BYTES_OF_A_ROW) / own->itemsize
                      : by_dots ? aot_larger(columns_of_dots, 4)
                                : AOT_MATMUL_BLOCK_COLUMNS / own->parts;
    own->block_columns = even_block(own->columns, columns, by_dots ? 4 : own->width);
    own->block_depth = by_dots ? own->depth : even_block(own->depth, AOT_MATMUL_BLOCK_DEPTH / own->parts, 1);
    bool waits = own->way == AOT_MATMUL_BY_TILES && own->block_depth < own->depth;
    own->item_rows = waits ? even_block(own->rows, MOST_WAITING_ROWS, own->height) : own->rows;
    for (bool divides = true; divides;) {
        own->row_items = ceiling(own->rows, own->item_rows);
        own->column_blocks = ceiling(own->columns, own->block_columns);
        own->items = count * own->row_items * own->column_blocks;
        int64_t fewer = even_block(own->rows, ceiling(own->item_rows, 2), own->height);
        int64_t narrower = even_block(own->columns, ceiling(own->block_columns, 2), own->width);
        bool copies_once = own->copies_b && !own->copies_a && narrower >= LEAST_COLUMNS;
        bool by_columns = narrower < own->block_columns &&
                          (own->block_columns >= 2 * own->item_rows || fewer == own->item_rows || copies_once);
        divides = own->items < least && (by_columns || fewer < own->item_rows);
        own->item_rows = divides && !by_columns ? fewer : own->item_rows;
        own->block_columns = divides && by_columns ? narrower : own->block_columns;
    }
    own->block_rows = even_block(own->item_rows, by_dots ? MOST_ROWS_OF_DOTS : AOT_MATMUL_BLOCK_ROWS, own->height);
    double c_bytes = (double)own->rows * (double)own->columns * (double)own->itemsize;
    if (own->way == AOT_MATMUL_BY_TILES && own->depth <= SHORT_DEPTH && c_bytes >= BYTES_BEYOND_L2) {
        own->block_rows = aot_smaller(own->height, own->item_rows);
    }
    int64_t panels = by_dots ? own->block_columns : ceiling(own->block_columns, own->width) * own->width * own->parts;
    own->bytes_of_a = own->copies_a ? (size_t)(own->block_rows * own->block_depth * own->itemsize) : 0;
    own->bytes_of_a = aot_whole_lines(own->bytes_of_a);
    own->bytes_of_b = own->copies_b ? (size_t)(panels * own->block_depth * own->itemsize) : 0;
    own->bytes_of_b = aot_whole_lines(own->bytes_of_b);
    own->bytes_of_sums = waits ? (size_t)(panels / own->parts * own->item_rows * own->itemsize) : 0;
    own->bytes_of_turned = own->c.column != 1 ? (size_t)(own->item_rows * own->block_columns * own->itemsize) : 0;
}

void aot_plan_product(product *own, double one, int threads)
{
    int64_t count = 1, last = own->axes > 0 ? own->batch[own->axes - 1] : 1;
    for (int axis = 0; axis < own->axes; axis++) {
        count *= own->batch[axis];
    }
    choose_way(own, one);
    own->bytes_of_a = own->bytes_of_b = own->bytes_of_sums = own->bytes_of_turned = 0;
    if (own->together > 0) {
        own->together = aot_smaller(last, own->together);
        own->items = own->together == count ? 1 : count / last * ceiling(last, own->together);
    } else {
        double work = one * (double)count, most = (double)threads * ITEMS_OF_THREAD;
        bool shares = threads > 1 && work >= LARGE;
        divide(own, count, shares ? (int64_t)(most < work / LEAST_OF_ITEM ? most : work / LEAST_OF_ITEM) : 1);
    }
}
