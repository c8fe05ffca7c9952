/* Forests of deep trees: a block of rows goes down a tree together. At each node the list of rows that came there is
   parted in two without a branch that could be guessed wrongly, so that a node is read once a block, not once a row.

   The forest is data: arrays whose sizes and places were checked by who calls. There is no arithmetic of floating point
   but the sums of leaves, in the order of the trees, and one division. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 16384      /* of a block, below 65,536: rows are named by 16 bits */
#define FEWEST_ROWS 64
#define MOST_CELLS (1 << 22) /* of a block */
#define TILE 16              /* rows that are turned into columns at a time */

typedef struct {
    float limit;    /* a cell at most this goes left */
    uint32_t asks;  /* twice the column, and 1 more where a missing cell goes left */
    int32_t left;   /* a node, or ~leaf */
    int32_t right;
} question;

typedef struct {
    int32_t width, trees, outputs, unused; /* columns that are asked, at most; numbers of a leaf */
    const int32_t *root;                   /* trees: a node, or ~leaf */
    const question *nodes;
    const double *leaf;                    /* leaves * outputs */
} forest;

typedef struct {
    int32_t at, from, to, is_odd; /* node, its rows in a list, and which of the two lists */
} waiting;

typedef struct {
    float *cells; /* column by column, `rows` of each */
    uint16_t *lists[2];
    waiting *stack;
    int rows, has_missing;
} room;

/* Put cells as float32, column by column. */
static void turn(room *own, const double *rows, int count, int64_t width, int columns)
{
    int start, column, row, has_missing = 0;
    for (start = 0; start < count; start += TILE) {
        int end = start + TILE < count ? start + TILE : count;
        for (column = 0; column < columns; column++)
            for (row = start; row < end; row++) {
                float cell = (float)rows[row * width + column];
                own->cells[(int64_t)column * own->rows + row] = cell;
                has_missing |= cell != cell;
            }
    }
    own->has_missing = has_missing;
}

/* Put rows that go left in front, the others behind, last one first; return where the others begin. */
static inline __attribute__((always_inline)) int part(const float *cells, float limit, int missing_left,
                                                      const uint16_t *list, int from, int to, uint16_t *parted)
{
    int front = from, back = to - 1, place;
    for (place = from; place < to; place++) {
        uint16_t row = list[place];
        int is_left = missing_left ? !(cells[row] > limit) : cells[row] <= limit;
        parted[front] = row;
        parted[back] = row;
        front += is_left;
        back -= !is_left;
    }
    return front;
}

static inline void add_leaf(const double *leaf, int outputs, const uint16_t *list, int from, int to, double *sums)
{
    int place, k;
    if (outputs == 1)
        for (place = from; place < to; place++) sums[list[place]] += leaf[0];
    else if (outputs == 2)
        for (place = from; place < to; place++) {
            double *own = sums + 2 * (int64_t)list[place];
            own[0] += leaf[0];
            own[1] += leaf[1];
        }
    else
        for (place = from; place < to; place++)
            for (k = 0; k < outputs; k++) sums[(int64_t)list[place] * outputs + k] += leaf[k];
}

static void add_tree(const forest *f, int root, const room *own, int count, double *sums)
{
    waiting *stack = own->stack;
    int top = 0, row;
    for (row = 0; row < count; row++) own->lists[0][row] = (uint16_t)row;
    stack[top++] = (waiting){root, 0, count, 0};
    while (top) {
        waiting here = stack[--top];
        const uint16_t *list = own->lists[here.is_odd];
        uint16_t *parted = own->lists[!here.is_odd];
        const question *asked;
        const float *cells;
        int middle;
        if (here.at < 0) {
            add_leaf(f->leaf + (int64_t)~here.at * f->outputs, f->outputs, list, here.from, here.to, sums);
            continue;
        }
        asked = f->nodes + here.at;
        cells = own->cells + (int64_t)(asked->asks >> 1) * own->rows;
        if (own->has_missing && asked->asks & 1) middle = part(cells, asked->limit, 1, list, here.from, here.to, parted);
        else middle = part(cells, asked->limit, 0, list, here.from, here.to, parted);
        if (middle < here.to) stack[top++] = (waiting){asked->right, middle, here.to, !here.is_odd};
        if (middle > here.from) stack[top++] = (waiting){asked->left, here.from, middle, !here.is_odd};
    }
}

static int make_room(room *own, int64_t count, int columns)
{
    int64_t most = MOST_CELLS / (columns > 0 ? columns : 1);
    most = most < FEWEST_ROWS ? FEWEST_ROWS : most > MOST_ROWS ? MOST_ROWS : most;
    own->rows = (int)(count < most ? count : most);
    own->cells = malloc(sizeof(float) * ((size_t)own->rows * (size_t)columns + 1));
    own->lists[0] = malloc(sizeof(uint16_t) * 2 * ((size_t)own->rows + 1));
    own->lists[1] = own->lists[0] + own->rows;
    own->stack = malloc(sizeof(waiting) * ((size_t)own->rows + 1)); /* lists that wait share no row, and none is empty */
    return own->cells && own->lists[0] && own->stack;
}

int mesic_size_of_forest(void)
{
    return (int)sizeof(forest);
}

/* Answer rows of `width` numbers in C order; return 0, or 1 where memory is lacking. */
int mesic_answer_forest(const forest *f, const double *rows, int64_t count, int64_t width, double *out)
{
    room own;
    int64_t start, place;
    int tree, is_whole = make_room(&own, count, f->width);
    for (start = 0; is_whole && start < count; start += own.rows) {
        int here = (int)(count - start < own.rows ? count - start : own.rows);
        double *sums = out + start * f->outputs;
        turn(&own, rows + start * width, here, width, f->width);
        memset(sums, 0, sizeof(double) * (size_t)here * (size_t)f->outputs);
        for (tree = 0; tree < f->trees; tree++) add_tree(f, f->root[tree], &own, here, sums);
        for (place = 0; place < (int64_t)here * f->outputs; place++) sums[place] /= f->trees;
    }
    free(own.cells);
    free(own.lists[0]);
    free(own.stack);
    return !is_whole;
}
