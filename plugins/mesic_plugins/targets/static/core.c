/* part reading: */
static int is_space(const unsigned char *at, size_t left, size_t *size) /* as Unicode has it, in UTF-8 */
{
    *size = 1;
    if ((at[0] >= 9 && at[0] <= 13) || (at[0] >= 28 && at[0] <= 32)) return 1;
    *size = 2;
    if (left >= 2 && at[0] == 0xC2) return at[1] == 0x85 || at[1] == 0xA0;
    *size = 3;
    if (left < 3) return 0;
    if (at[0] == 0xE1) return at[1] == 0x9A && at[2] == 0x80;
    if (at[0] == 0xE3) return at[1] == 0x80 && at[2] == 0x80;
    if (at[0] != 0xE2) return 0;
    return (at[1] == 0x80 && ((at[2] >= 0x80 && at[2] <= 0x8A) || at[2] == 0xA8 || at[2] == 0xA9 || at[2] == 0xAF))
           || (at[1] == 0x81 && at[2] == 0x9F);
}

static int may_be_space(char byte)
{
    return (unsigned char)byte <= 32 || (unsigned char)byte >= 128;
}

static slice trimmed(const char *text)
{
    slice found;
    size_t size, back;
    found.start = text;
    found.length = strlen(text);
    if (found.length && !may_be_space(text[0]) && !may_be_space(text[found.length - 1])) return found;
    while (found.length && is_space((const unsigned char *)found.start, found.length, &size))
        found.start += size, found.length -= size;
    for (;;) {
        for (back = 1; back <= 3 && back <= found.length; back++)
            if (is_space((const unsigned char *)found.start + found.length - back, back, &size) && size == back) break;
        if (back > 3 || back > found.length) return found;
        found.length -= back;
    }
}

static int compared(slice text, const char *other)
{
    size_t at = 0;
    while (at < text.length && text.start[at] == other[at] && other[at]) at++;
    if (at == text.length) return other[at] ? -1 : 0;
    return (unsigned char)text.start[at] < (unsigned char)other[at] ? -1 : 1;
}

static int place_among(slice text, const char *const *sorted, int count) /* or -1 */
{
    int low = 0, high = count;
    while (low < high) {
        int middle = (low + high) / 2, order = compared(text, sorted[middle]);
        if (!order) return middle;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return -1;
}

static int missing_cell(const input *column, double *number, slice *text)
{
    *number = NAN;
    text->start = 0;
    text->length = 0;
    return column->refuses_missing ? MODEL_MISSING_CELL : MODEL_OK;
}

static int misfit(const input *column, double *number)
{
    *number = NAN;
    return column->refuses_misfits || column->refuses_missing ? MODEL_MISFIT : MODEL_OK;
}

static int read_number(const input *column, double value, double *number)
{
    if (isinf(value) || (column->reading == READ_TRUTH && value != 0 && value != 1)) return misfit(column, number);
    *number = value;
    return value < column->low || value > column->high ? MODEL_OUT_OF_RANGE : MODEL_OK;
}

static int read_level(const input *column, slice found, double *number, slice *text)
{
    int place;
    if (column->allowed && place_among(found, column->allowed, column->allowed_count) < 0) return MODEL_NO_LEVEL;
    if (column->reading == READ_TEXT) {
        *text = found;
        *number = 0;
        return MODEL_OK;
    }
    place = place_among(found, column->levels, column->levels_count);
    *number = place < 0 ? NAN : column->codes[place];
    return MODEL_OK;
}

static int read_cell(const input *column, const model_cell *cell, double *number, slice *text)
{
    slice found;
    int reads_letters = column->reading == READ_LEVEL || column->reading == READ_TEXT;
    text->start = 0;
    text->length = 0;
    if (cell->kind == MODEL_MISSING || (cell->kind == MODEL_NUMBER && isnan(cell->number)))
        return missing_cell(column, number, text);
    if (cell->kind == MODEL_NUMBER) return reads_letters ? MODEL_WRONG_KIND : read_number(column, cell->number, number);
    if (cell->kind != MODEL_TEXT || !cell->text) return MODEL_WRONG_KIND;
    found = trimmed(cell->text);
    if (column->reading == READ_LEVEL && !column->allowed) { /* no level is spelt as a blank: this is the short way */
        int place = place_among(found, column->levels, column->levels_count);
        if (place >= 0) return *number = column->codes[place], MODEL_OK;
    }
    if (place_among(found, blanks, (int)(sizeof blanks / sizeof *blanks)) >= 0)
        return missing_cell(column, number, text);
    return reads_letters ? read_level(column, found, number, text) : misfit(column, number);
}

/* part predict: reading */
int model_predict(const model_cell *row, long today, model_answer *answer)
{
    double numbers[MODEL_COLUMNS];
    slice all[MODEL_COLUMNS];
    int column, texts = 0, status;
    answer->column = -1;
    if (today > MODEL_EXPIRES) return MODEL_EXPIRED;
    for (column = 0; column < MODEL_COLUMNS; column++) {
        status = read_cell(&inputs[column], &row[column], &numbers[column], &all[texts]);
        if (status != MODEL_OK) {
            answer->column = column;
            return status;
        }
        if (inputs[column].reading == READ_TEXT) texts++;
    }
    run(numbers, all, answer->scores);
    answer->decision = decided(answer->scores);
    return MODEL_OK;
}

const char *model_message(int status)
{
    static const char *const messages[] = {"", "this model expired", "is missing, which its rules do not allow",
        "holds what does not fit its kind", "holds a number outside of its range", "holds none of its levels",
        "holds a cell of another kind"};
    return status >= 0 && status <= MODEL_WRONG_KIND ? messages[status] : "unknown status";
}
