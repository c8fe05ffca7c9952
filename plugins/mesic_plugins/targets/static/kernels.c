/* The kernels in C99, with nothing but math.h and string.h: each is copied into artefacts that call it.
   A part begins with its name and the names of the parts that it needs. */

/* part between: */
static double between(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* part pairwise_sum: */
static double pairwise_sum(const double *values, int count)
{
    double parts[8], total = 0;
    int place, start;
    if (count < 8) {
        for (place = 0; place < count; place++) total += values[place];
        return total;
    }
    if (count <= 128) {
        for (place = 0; place < 8; place++) parts[place] = values[place];
        for (start = 8; start < count - count % 8; start += 8)
            for (place = 0; place < 8; place++) parts[place] += values[start + place];
        total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
        for (; start < count; start++) total += values[start];
        return total;
    }
    start = count / 2;
    start -= start % 8;
    return pairwise_sum(values, start) + pairwise_sum(values + start, count - start);
}

/* part last_at_most: */
static int last_at_most(double value, const double *x, int count) /* place of the last x <= value, or -1 */
{
    int low = 0, high = count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (x[middle] <= value) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

/* part on_lines: last_at_most */
static double on_lines(double value, const double *x, const double *y, int count)
{
    double slope, found;
    int place;
    if (isnan(value)) return value;
    place = last_at_most(value, x, count);
    if (place < 0) return y[0];
    if (place >= count - 1 || x[place] == value) return y[place];
    slope = (y[place + 1] - y[place]) / (x[place + 1] - x[place]);
    found = slope * (value - x[place]) + y[place];
    if (isnan(found)) {
        found = slope * (value - x[place + 1]) + y[place + 1];
        if (isnan(found) && y[place] == y[place + 1]) found = y[place];
    }
    return found;
}

/* part take: */
static void take(const double *in, double *out, int width, int places_count, const int *places)
{
    int j;
    (void)width;
    for (j = 0; j < places_count; j++) out[j] = in[places[j]];
}

/* part recode: */
static void recode(const double *in, double *out, int width, int places_count, const int *places, const int *start,
                   const double *table)
{
    int j;
    for (j = 0; j < width; j++) out[j] = in[j];
    for (j = 0; j < places_count; j++) {
        double value = in[places[j]];
        out[places[j]] = table[isnan(value) ? start[j + 1] - 1 : start[j] + (int)value];
    }
}

/* part fill: */
static void fill(const double *in, double *out, int width, const double *value, int indicator_count,
                 const int *indicator)
{
    int j;
    for (j = 0; j < width; j++) out[j] = isnan(in[j]) ? value[j] : in[j];
    for (j = 0; j < indicator_count; j++) out[width + j] = isnan(in[indicator[j]]) ? 1 : 0;
}

/* part scale: between */
static void scale(const double *in, double *out, int width, int places_count, const int *places,
                  const double *center, const double *divisor, const double *low, const double *high)
{
    int j;
    for (j = 0; j < width; j++) out[j] = in[j];
    for (j = 0; j < places_count; j++) {
        double scaled = between((in[places[j]] - center[j]) / divisor[j], -DBL_LARGEST, DBL_LARGEST);
        out[places[j]] = between(scaled, low[j], high[j]);
    }
}

/* part interpolate: on_lines */
static void interpolate(const double *in, double *out, int width, int places_count, const int *places,
                        const int *start, const double *x, const double *y)
{
    int j;
    for (j = 0; j < width; j++) out[j] = in[j];
    for (j = 0; j < places_count; j++)
        out[places[j]] = on_lines(in[places[j]] / 4, x + start[j], y + start[j], start[j + 1] - start[j]);
}

/* part bins: last_at_most */
static void bins(const double *in, double *out, int width, int places_count, const int *places, const int *start,
                 const double *edges)
{
    int j;
    for (j = 0; j < width; j++) out[j] = in[j];
    for (j = 0; j < places_count; j++)
        if (!isnan(in[places[j]]))
            out[places[j]] = last_at_most(in[places[j]], edges + start[j], start[j + 1] - start[j]) + 1;
}

/* part floor_divided: */
static long long floor_divided(long long value, long long by)
{
    return value / by - (value % by < 0);
}

/* part date_part: between floor_divided */
static int date_part(double days, int part) /* H. Hinnant, chrono-compatible low-level date algorithms */
{
    long long moment = (long long)rint(between(days * 86400, -1e13, 1e13)), era, year, day;
    int second, in_era, from_march, march, month;
    day = floor_divided(moment, 86400);
    second = (int)(moment - day * 86400);
    if (part == 3) return (int)(day + 3 - 7 * floor_divided(day + 3, 7));
    if (part == 5) return second / 3600;
    if (part == 6) return second / 60 % 60;
    if (part == 7) return second % 60;
    era = floor_divided(day + 719468, 146097);
    in_era = (int)(day + 719468 - era * 146097);
    year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    from_march = in_era - (int)(365 * year + year / 4 - year / 100);
    march = (5 * from_march + 2) / 153;
    month = march < 10 ? march + 3 : march - 9;
    year += era * 400 + (month <= 2);
    if (part == 0) return (int)year;
    if (part == 1) return month;
    if (part == 2) return from_march - (153 * march + 2) / 5 + 1;
    year -= 1;
    return (int)(day - (365 * (year - 1969) + floor_divided(year, 4) - floor_divided(year, 100)
                        + floor_divided(year, 400) - 477) + 1);
}

/* part dates: date_part */
static void dates(const double *in, double *out, int width, int keep_count, const int *keep, int places_count,
                  const int *places, const int *parts, const int *start, const double *table)
{
    int j;
    (void)width;
    for (j = 0; j < keep_count; j++) out[j] = in[keep[j]];
    for (j = 0; j < places_count; j++) {
        double days = in[places[j]];
        int part = isnan(days) ? 0 : date_part(days, parts[j]);
        out[keep_count + j] = isnan(days) ? days : start[j + 1] > start[j] ? table[start[j] + part] : part;
    }
}

/* part products: between */
static void products(const double *in, double *out, int width, int first_count, const int *first, const int *second)
{
    int j;
    for (j = 0; j < width; j++) out[j] = in[j];
    for (j = 0; j < first_count; j++)
        out[width + j] = between(in[first[j]] * in[second[j]], -DBL_LARGEST, DBL_LARGEST);
}

/* part one_hot: */
static void one_hot(const double *in, double *out, int width, int columns, int from_places_count,
                    const int *from_places, const int *to_places, int places_count, const int *places,
                    const int *start, const int *table)
{
    int j;
    (void)width;
    for (j = 0; j < columns; j++) out[j] = 0;
    for (j = 0; j < from_places_count; j++) out[to_places[j]] = in[from_places[j]];
    for (j = 0; j < places_count; j++) {
        double value = in[places[j]];
        int where = table[isnan(value) ? start[j + 1] - 1 : start[j] + (int)value];
        if (where >= 0) out[where] = 1;
    }
}

/* part lookup: */
static void lookup(const double *in, double *out, int width, int each, int keep_count, const int *keep,
                   int places_count, const int *places, const int *start, const double *table)
{
    int j, k;
    (void)width;
    for (j = 0; j < keep_count; j++) out[j] = in[keep[j]];
    for (j = 0; j < places_count; j++) {
        double value = in[places[j]];
        int line = isnan(value) ? start[j + 1] - 1 : start[j] + (int)value;
        for (k = 0; k < each; k++) out[keep_count + j * each + k] = table[line * each + k];
    }
}

/* part crosses: last_at_most */
static void crosses(const double *in, double *out, int width, int first_count, const int *first, const int *second,
                    const double *factor, const int *start, const double *numbers)
{
    int j;
    for (j = 0; j < width; j++) out[j] = in[j];
    for (j = 0; j < first_count; j++) {
        double number = in[first[j]] * factor[j] + in[second[j]];
        int count = start[j + 1] - start[j];
        if (!isnan(number)) {
            int place = last_at_most(number, numbers + start[j], count);
            number = place >= 0 && numbers[start[j] + place] == number ? place : count;
        }
        out[width + j] = number;
    }
}

/* part mixed: */
static unsigned long long mixed(unsigned long long value) /* SplitMix64 */
{
    value = (value + 0x9E3779B97F4A7C15ULL) & 0xFFFFFFFFFFFFFFFFULL;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

/* part crc32: */
static unsigned long long crc32(const char *text, size_t length)
{
    unsigned long sum = 0xFFFFFFFFUL;
    size_t place;
    int bit;
    for (place = 0; place < length; place++) {
        sum ^= (unsigned char)text[place];
        for (bit = 0; bit < 8; bit++) sum = (sum >> 1) ^ (0xEDB88320UL & (0UL - (sum & 1UL)));
    }
    return (sum ^ 0xFFFFFFFFUL) & 0xFFFFFFFFUL;
}

/* part hashed: mixed crc32 */
static void hashed(const double *in, const slice *texts, double *out, int width, int keep_count, const int *keep,
                   int which_count, const int *which, int buckets, unsigned long long seed)
{
    int j, k;
    (void)width;
    for (j = 0; j < keep_count; j++) out[j] = in[keep[j]];
    for (j = 0; j < which_count; j++) {
        const slice *text = &texts[which[j]];
        double *made = out + keep_count + j * buckets;
        for (k = 0; k < buckets; k++) made[k] = 0;
        if (text->start)
            made[mixed(crc32(text->start, text->length) + seed) % (unsigned long long)buckets] = 1;
    }
}

/* part flush: */
static void flush(const double *in, double *out, int width, double least)
{
    int j;
    for (j = 0; j < width; j++) out[j] = -least <= in[j] && in[j] <= least ? 0 : in[j];
}

/* part constant: */
static void constant(const double *in, double *out, int width, int value_count, const double *value)
{
    int k;
    (void)in, (void)width;
    for (k = 0; k < value_count; k++) out[k] = value[k];
}

/* part draw: mixed */
static void draw(const double *in, double *out, int width, unsigned long long seed, int value_count,
                 const double *value)
{
    unsigned long long state = seed, bits;
    int j;
    for (j = 0; j < width; j++) {
        double cell = in[j] + 0.0;
        memcpy(&bits, &cell, sizeof bits);
        state = mixed(state ^ (isnan(cell) ? 0x7FF8000000000000ULL : bits));
    }
    out[0] = value[state % (unsigned long long)value_count];
}

/* part linear: */
static void linear(const double *in, double *out, int width, int places_count, const int *places, int outputs,
                   const double *coef, const double *intercept)
{
    int j, k;
    (void)width;
    for (k = 0; k < outputs; k++) out[k] = 0;
    for (j = 0; j < places_count; j++)
        for (k = 0; k < outputs; k++) out[k] += in[places[j]] * coef[j * outputs + k];
    for (k = 0; k < outputs; k++) out[k] += intercept[k];
}

/* part rank_of: */
static rank rank_of(double value, const double *edges, int count) /* how many edges lie below */
{
    const double *from = edges;
    if (!count) return 0;
    while (count > 1) {
        int half = count / 2;
        from += half & -(from[half - 1] < value);
        count -= half;
    }
    return (rank)(from - edges + (*from < value));
}

/* part forest: rank_of */
/* Eight trees are walked at once, so that none waits for another's memory, and no branch is guessed; a place below zero is a leaf. */
#define STEP(at) { const node *here = nodes + (at < 0 ? 0 : at); \
    int next = here->next[codes[here->slot] > here->limit]; at = at < 0 ? at : next; }
#define LEAF(at) for (k = 0; k < each; k++) { out[sum] += value[~at * each + k]; if (++sum == outputs) sum = 0; }
static void forest(const double *in, double *out, int width, int outputs, int each, int features_count,
                   const int *features, const int *start, const double *edges, int slots_count, const int *slots,
                   const int *blanks, int set_features_count, const int *set_features, const int *set_slots,
                   const int *set_levels, const int *set_start, const rank *set_rows, int root_count,
                   const int *root, const node *nodes, const double *value)
{
    rank ranks[MOST_FEATURES], codes[MOST_SLOTS];
    int j, k, tree, sum = 0;
    (void)width;
    codes[0] = 0;
    for (j = 0; j < features_count; j++)
        ranks[j] = rank_of(in[features[j]], edges + start[j], start[j + 1] - start[j]);
    for (j = 0; j < slots_count; j++)
        codes[j] = isnan(in[features[slots[j]]]) ? (rank)blanks[j] : ranks[slots[j]];
    for (j = 0; j < set_features_count; j++) {
        double cell = in[set_features[j]];
        int level = cell >= 0 && cell < set_levels[j] ? (int)cell : set_levels[j];
        int count = set_slots[j + 1] - set_slots[j];
        memcpy(codes + set_slots[j], set_rows + set_start[j] + level * count, (size_t)count * sizeof *codes);
    }
    for (k = 0; k < outputs; k++) out[k] = 0;
    for (tree = 0; tree + 8 <= root_count; tree += 8) {
        const int *from = root + tree;
        int a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5], g = from[6], h = from[7];
        do {
            STEP(a) STEP(b) STEP(c) STEP(d) STEP(e) STEP(f) STEP(g) STEP(h)
        } while ((a & b & c & d & e & f & g & h) >= 0);
        LEAF(a) LEAF(b) LEAF(c) LEAF(d) LEAF(e) LEAF(f) LEAF(g) LEAF(h)
    }
    for (; tree < root_count; tree++) {
        int at = root[tree];
        while (at >= 0) STEP(at)
        LEAF(at)
    }
}

/* part naive_bayes: pairwise_sum */
static void naive_bayes(const double *in, double *out, int width, int offset_count, const double *offset,
                        const double *theta, const double *variance)
{
    double terms[WIDEST];
    int j, k;
    for (k = 0; k < offset_count; k++) {
        for (j = 0; j < width; j++) {
            double away = in[j] - theta[k * width + j];
            terms[j] = away * away / variance[k * width + j];
        }
        out[k] = offset[k] - 0.5 * pairwise_sum(terms, width);
    }
}

/* part divide: */
static void divide(const double *in, double *out, int width, double by)
{
    int k;
    for (k = 0; k < width; k++) out[k] = in[k] / by;
}

/* part sigmoid: */
static void sigmoid(const double *in, double *out, int width, double slope)
{
    (void)width;
    out[1] = 1 / (1 + exp(-slope * in[0]));
    out[0] = 1 - out[1];
}

/* part softmax: pairwise_sum */
static void softmax(const double *in, double *out, int width)
{
    double top = in[0], total;
    int k;
    for (k = 1; k < width; k++) top = in[k] > top ? in[k] : top;
    for (k = 0; k < width; k++) out[k] = exp(in[k] - top);
    total = pairwise_sum(out, width);
    for (k = 0; k < width; k++) out[k] /= total;
}

/* part log_odds: between */
static void log_odds(const double *in, double *out, int width, const double *first, const double *second,
                     int intercept_count, const double *intercept)
{
    int k;
    (void)width;
    for (k = 0; k < intercept_count; k++) {
        double p = between(in[intercept_count == 1 ? 1 : k], 1e-9, 1 - 1e-9);
        out[k] = 1 / (1 + exp(-(first[k] * log(p) - second[k] * log1p(-p) + intercept[k])));
    }
}

/* part isotonic: on_lines */
static void isotonic(const double *in, double *out, int width, int start_count, const int *start, const double *x,
                     const double *y)
{
    int k;
    (void)width;
    for (k = 0; k < start_count - 1; k++)
        out[k] = on_lines(in[start_count == 2 ? 1 : k], x + start[k], y + start[k], start[k + 1] - start[k]);
}

/* part temperature: */
static void temperature(const double *in, double *out, int width, double power)
{
    int k;
    for (k = 0; k < width; k++) out[k] = log(in[k] < 1e-9 ? 1e-9 : in[k]) * power;
}

/* part of_two: */
static void of_two(const double *in, double *out, int width)
{
    (void)width;
    out[1] = in[0];
    out[0] = 1 - in[0];
}

/* part shares: pairwise_sum */
static void shares(const double *in, double *out, int width)
{
    double total = pairwise_sum(in, width);
    int k;
    for (k = 0; k < width; k++) out[k] = total > 0 ? in[k] / total : 1.0 / width;
}

/* part spread: */
static void spread(const double *in, double *out, int width, int outputs, int present_count, const int *present)
{
    int k;
    (void)width;
    for (k = 0; k < outputs; k++) out[k] = 0;
    for (k = 0; k < present_count; k++) out[present[k]] = in[k];
}

/* part mean: */
static void mean(const double *in, const slice *texts, double *out, int width, int members_count,
                 const member *members, const double *share, const int *start, const int *present, int outputs)
{
    double answer[WIDEST];
    int j, k;
    (void)width;
    for (k = 0; k < outputs; k++) out[k] = 0;
    for (j = 0; j < members_count; j++) {
        members[j](in, texts, answer);
        for (k = start[j]; k < start[j + 1]; k++) out[present[k]] += share[j] * answer[k - start[j]];
    }
}
