/* Trees without branches: a cell is ranked once among the thresholds of its column, in eight bits; a row has a bit for
   every leaf; each split clears, for 32 rows at once, the leaves on the side that a row does not take; the first bit
   that is left is the leaf. C. Lucchese et al., QuickScorer, SIGIR 2015; the same with vectors, SIGIR 2016.

   The model is data: arrays whose sizes and places were checked by who calls. There is no arithmetic of floating point
   but the sums of leaves, in the order of the trees, and the link. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 32


typedef int8_t codes_of_rows __attribute__((vector_size(ROWS)));
typedef uint8_t bytes_of_rows __attribute__((vector_size(ROWS)));

typedef struct {
    uint32_t line;  /* eight leaves of a tree */
    uint8_t keep;   /* those that stay */
    uint8_t limit;  /* of the code */
    uint16_t unused;
} split;

typedef struct {
    int32_t width, trees, outputs, each, link, slots, columns, lines;
    double slope, divisor, least; /* what is not farther from zero than `least` is taken for zero */
    /* columns of numbers: a slot is a column, some of its thresholds, and what becomes of a missing cell */
    const int32_t *slot_column;  /* slots */
    const int32_t *slot_blank;   /* slots: 0 as zero, 1 lowest, 2 highest, 3 lowest as zeros are, 4 highest as zeros are */
    const int32_t *slot_edges;   /* slots: where its thresholds begin */
    const int32_t *slot_count;   /* slots: how many there are, 255 at most */
    const int32_t *above;        /* slots + 1: splits that clear where the code is above the limit, limits ascending */
    const int32_t *upto;         /* slots + 1: splits that clear where it is not, limits descending */
    const double *edges;
    const split *splits_above, *splits_upto;
    /* columns of levels */
    const int32_t *level_column; /* columns */
    const int32_t *level_start;  /* columns + 1: where the codes of its levels begin */
    const uint8_t *level_code;   /* code of a level among those that sets name; the last one is of every other level */
    const int32_t *set_start;    /* columns + 1 */
    const int32_t *set_splits;   /* sets + 1 */
    const uint8_t *sets;         /* sets * 32: a bit for every code that is in it */
    const int32_t *set_inside;   /* sets: whether its splits clear where a row is in it */
    const split *splits_set;
    /* leaves */
    const int32_t *tree_line;    /* trees + 1 */
    const int32_t *tree_leaf;    /* trees + 1 */
    const double *leaf;          /* each of them `each` numbers */
} model;

static inline __attribute__((always_inline)) void rank_cells(const double *edges, int count, const double *cells,
                                                             uint8_t *codes)
{
    int place[ROWS] = {0}, left = count, row;
    while (left > 1) {
        int half = left / 2;
        for (row = 0; row < ROWS; row++) place[row] += edges[place[row] + half - 1] < cells[row] ? half : 0;
        left -= half;
    }
    for (row = 0; row < ROWS; row++) codes[row] = (uint8_t)(place[row] + (edges[place[row]] < cells[row]));
}

static inline __attribute__((always_inline)) void clear_above(bytes_of_rows *bits, const split *at, const split *end,
                                                              const uint8_t *codes, int highest)
{
    bytes_of_rows code;
    memcpy(&code, codes, ROWS);
    for (; at < end && at->limit < highest; at++) {
        bytes_of_rows stays = (bytes_of_rows)(code <= (bytes_of_rows){0} + at->limit);
        bits[at->line] &= stays | ((bytes_of_rows){0} + at->keep);
    }
}

static inline __attribute__((always_inline)) void clear_upto(bytes_of_rows *bits, const split *at, const split *end,
                                                             const uint8_t *codes, int lowest)
{
    bytes_of_rows code;
    memcpy(&code, codes, ROWS);
    for (; at < end && at->limit >= lowest; at++) {
        bytes_of_rows stays = (bytes_of_rows)(code > (bytes_of_rows){0} + at->limit);
        bits[at->line] &= stays | ((bytes_of_rows){0} + at->keep);
    }
}

static inline __attribute__((always_inline)) void ask_numbers(const model *m, const double *rows, int count,
                                                              bytes_of_rows *bits)
{
    double cells[ROWS] = {0};
    uint8_t ranks[ROWS] __attribute__((aligned(ROWS))), codes[ROWS] __attribute__((aligned(ROWS)));
    int slot, row, has_special = 0;
    for (slot = 0; slot < m->slots; slot++) {
        int column = m->slot_column[slot], blank = m->slot_blank[slot], lowest = 255, highest = 0;
        int is_new = slot == 0 || m->slot_edges[slot] != m->slot_edges[slot - 1];
        if (slot == 0 || column != m->slot_column[slot - 1]) {
            has_special = 0;
            for (row = 0; row < count; row++) {
                double cell = rows[(int64_t)row * m->width + column];
                int is_near = fabs(cell) <= m->least;
                cells[row] = is_near || isnan(cell) ? 0 : cell;
                has_special |= is_near || isnan(cell);
            }
        }
        if (is_new) rank_cells(m->edges + m->slot_edges[slot], m->slot_count[slot], cells, ranks);
        memcpy(codes, ranks, ROWS);
        if (blank && has_special)
            for (row = 0; row < count; row++) {
                double cell = rows[(int64_t)row * m->width + column];
                if (isnan(cell) || (blank > 2 && fabs(cell) <= m->least)) codes[row] = blank % 2 ? 0 : 255;
            }
        for (row = 0; row < count; row++) {
            if (codes[row] < lowest) lowest = codes[row];
            if (codes[row] > highest) highest = codes[row];
        }
        clear_above(bits, m->splits_above + m->above[slot], m->splits_above + m->above[slot + 1], codes, highest);
        clear_upto(bits, m->splits_upto + m->upto[slot], m->splits_upto + m->upto[slot + 1], codes, lowest);
    }
}

static void code_levels(const model *m, int number, const double *rows, int count, uint8_t *codes)
{
    int first = m->level_start[number], others = m->level_start[number + 1] - first - 1, row;
    for (row = 0; row < ROWS; row++) {
        double cell = row < count ? rows[(int64_t)row * m->width + m->level_column[number]] : 0;
        if (fabs(cell) <= m->least) cell = 0;
        codes[row] = m->level_code[first + (cell > -1 && cell < others ? (int)cell : others)];
    }
}

/* Say of each row whether its code is in a set. The last code is in none. */
static void in_set(const uint8_t *set, const uint8_t *codes, uint8_t *is_in)
{
    int row;
    for (row = 0; row < ROWS; row++) is_in[row] = (uint8_t)-(set[codes[row] >> 3] >> (codes[row] & 7) & 1);
}

#if defined(__x86_64__)
#include <immintrin.h>
__attribute__((target("avx2"))) static void in_set_avx2(const uint8_t *set, const uint8_t *codes, uint8_t *is_in)
{
    __m256i code = _mm256_load_si256((const __m256i *)codes), which = _mm256_and_si256(_mm256_srli_epi16(code, 3),
                                                                                      _mm256_set1_epi8(31));
    __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set));
    __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(set + 16)));
    __m256i powers = _mm256_set1_epi64x((long long)0x8040201008040201ULL);
    __m256i byte = _mm256_blendv_epi8(_mm256_shuffle_epi8(low, which), _mm256_shuffle_epi8(high, which),
                                      _mm256_slli_epi16(which, 3));
    __m256i bit = _mm256_shuffle_epi8(powers, _mm256_and_si256(code, _mm256_set1_epi8(7)));
    _mm256_store_si256((__m256i *)is_in, _mm256_cmpeq_epi8(_mm256_and_si256(byte, bit), bit));
}
#endif

typedef void (*membership)(const uint8_t *, const uint8_t *, uint8_t *);

static inline __attribute__((always_inline)) void ask_levels(const model *m, const double *rows, int count,
                                                             bytes_of_rows *bits, membership says)
{
    uint8_t codes[ROWS] __attribute__((aligned(ROWS))), is_in[ROWS] __attribute__((aligned(ROWS)));
    int number, set, at;
    for (number = 0; number < m->columns; number++) {
        code_levels(m, number, rows, count, codes);
        for (set = m->set_start[number]; set < m->set_start[number + 1]; set++) {
            bytes_of_rows inside, stays;
            says(m->sets + 32 * (int64_t)set, codes, is_in);
            memcpy(&inside, is_in, ROWS);
            stays = m->set_inside[set] ? ~inside : inside;
            for (at = m->set_splits[set]; at < m->set_splits[set + 1]; at++)
                bits[m->splits_set[at].line] &= stays | ((bytes_of_rows){0} + m->splits_set[at].keep);
        }
    }
}

static inline __attribute__((always_inline)) void add_leaves(const model *m, const uint8_t *bits, double *sums)
{
    int tree, row, k, line;
    for (tree = 0; tree < m->trees; tree++) {
        const uint8_t *own = bits + (int64_t)ROWS * m->tree_line[tree];
        int lines = m->tree_line[tree + 1] - m->tree_line[tree], first = tree * m->each % m->outputs;
        const double *leaf = m->leaf + (int64_t)m->tree_leaf[tree] * m->each;
        uint32_t places[ROWS];
        if (lines <= 4)
            for (row = 0; row < ROWS; row++) {
                uint32_t word = own[row];
                if (lines > 1) word |= (uint32_t)own[ROWS + row] << 8;
                if (lines > 2) word |= (uint32_t)own[2 * ROWS + row] << 16;
                if (lines > 3) word |= (uint32_t)own[3 * ROWS + row] << 24;
                places[row] = (uint32_t)__builtin_ctz(word);
            }
        else
            for (row = 0; row < ROWS; row++) {
                for (line = 0; line < lines - 1 && !own[(int64_t)ROWS * line + row]; line++) continue;
                places[row] = 8 * (uint32_t)line + (uint32_t)__builtin_ctz(own[(int64_t)ROWS * line + row]);
            }
        if (m->each == 1)
            for (row = 0; row < ROWS; row++) sums[first * ROWS + row] += leaf[places[row]];
        else
            for (k = 0; k < m->each; k++)
                for (row = 0; row < ROWS; row++)
                    sums[(first + k) % m->outputs * ROWS + row] += leaf[(int64_t)places[row] * m->each + k];
    }
}

static void link_sums(const model *m, const double *sums, int count, double *out)
{
    int row, k;
    for (row = 0; row < count; row++) {
        double *own = out + (int64_t)row * m->outputs, highest, total = 0;
        for (k = 0; k < m->outputs; k++) own[k] = sums[k * ROWS + row] / m->divisor;
        if (m->link == 1)
            for (k = 0; k < m->outputs; k++) own[k] = 1.0 / (1.0 + exp(-m->slope * own[k]));
        if (m->link != 2) continue;
        highest = own[0];
        for (k = 1; k < m->outputs; k++) highest = own[k] > highest ? own[k] : highest;
        for (k = 0; k < m->outputs; k++) total += own[k] = exp(own[k] - highest);
        for (k = 0; k < m->outputs; k++) own[k] /= total;
    }
}

static inline __attribute__((always_inline)) void answer_rows(const model *m, const double *rows, int64_t count,
                                                              double *out, uint8_t *bits, double *sums,
                                                              membership says)
{
    int64_t start;
    for (start = 0; start < count; start += ROWS) {
        int here = count - start < ROWS ? (int)(count - start) : ROWS;
        const double *own = rows + start * m->width;
        memset(bits, 255, (size_t)m->lines * ROWS);
        memset(sums, 0, sizeof(double) * (size_t)m->outputs * ROWS);
        ask_numbers(m, own, here, (bytes_of_rows *)bits);
        ask_levels(m, own, here, (bytes_of_rows *)bits, says);
        add_leaves(m, bits, sums);
        link_sums(m, sums, here, out + start * m->outputs);
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void answer_rows_avx2(const model *m, const double *rows, int64_t count,
                                                             double *out, uint8_t *bits, double *sums)
{
    answer_rows(m, rows, count, out, bits, sums, in_set_avx2);
}
#endif

static void answer_rows_anywhere(const model *m, const double *rows, int64_t count, double *out, uint8_t *bits,
                                 double *sums)
{
    answer_rows(m, rows, count, out, bits, sums, in_set);
}

int mesic_size_of_model(void)
{
    return (int)sizeof(model);
}

int mesic_is_wide(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0;
#else
    return 0;
#endif
}

/* Answer rows of numbers in C order; return 0, or 1 where memory is lacking. */
int mesic_answer(const model *m, const double *rows, int64_t count, double *out, int is_wide)
{
    uint8_t *bits;
    double *sums;
    if (posix_memalign((void **)&bits, 64, (size_t)m->lines * ROWS + 64)) return 1;
    if (posix_memalign((void **)&sums, 64, sizeof(double) * (size_t)m->outputs * ROWS)) {
        free(bits);
        return 1;
    }
#if defined(__x86_64__)
    if (is_wide) answer_rows_avx2(m, rows, count, out, bits, sums);
    else
#endif
        answer_rows_anywhere(m, rows, count, out, bits, sums);
    free(sums);
    free(bits);
    return 0;
}
