/* Rows from stdin, CSV or JSON lines; answers on stdout. It never calls setlocale, so numbers have points everywhere. */
#include "model_.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { char *bytes; size_t length, room; } buffer;
typedef struct { int kind; double number; char *text; } value; /* 0 missing, 1 number, 2 text, 3 and 4 false and true */
enum { NOTHING, NUMBER, TEXT, FALSEHOOD, TRUTH };
enum { KIND_NUMBER, KIND_TRUTH, KIND_TIME, KIND_LEVEL, KIND_TEXT };
enum { SPELT_AS_TEXT, SPELT_AS_NUMBER, SPELT_AS_TRUTH };
/* readings */

static value row[MODEL_COLUMNS];
static int given[MODEL_COLUMNS];
static model_cell cells[MODEL_COLUMNS];
static char spelling[MODEL_COLUMNS][400];
static const char *trouble;

static void *grown(void *old, size_t size)
{
    void *fresh = realloc(old, size);
    if (!fresh) {
        fputs("no memory\n", stderr);
        exit(4);
    }
    return fresh;
}

static void put(buffer *to, int byte)
{
    if (to->length + 1 >= to->room) to->bytes = grown(to->bytes, to->room = 2 * to->room + 256);
    to->bytes[to->length++] = (char)byte;
    to->bytes[to->length] = 0;
}

static char *copied(const buffer *from)
{
    char *text = grown(0, from->length + 1);
    memcpy(text, from->length ? from->bytes : "", from->length + 1);
    return text;
}

static int digits(const char *at)
{
    int count = 0;
    while (at[count] >= '0' && at[count] <= '9') count++;
    return count;
}

static int same(const char *at, const char *word) /* whatever the case of ASCII letters */
{
    while (*word && tolower((unsigned char)*at) == *word) at++, word++;
    return !*word && !*at;
}

static int is_number(const char *at)
{
    int whole, part = 0;
    at += *at == '+' || *at == '-';
    if (same(at, "inf") || same(at, "infinity")) return 1;
    whole = digits(at);
    at += whole;
    if (*at == '.') part = digits(++at), at += part;
    if (!whole && !part) return 0;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        if (!digits(at)) return 0;
        at += digits(at);
    }
    return !*at;
}

static double truth_of(const char *text)
{
    static const char *const yes[] = {"yes", "y", "true", "t", "1", "on", "1.0"};
    static const char *const no[] = {"no", "n", "false", "f", "0", "off", "0.0"};
    size_t place;
    for (place = 0; place < sizeof yes / sizeof *yes; place++) {
        if (same(text, yes[place])) return 1;
        if (same(text, no[place])) return 0;
    }
    return NAN;
}

static int is_leap(long year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static long long day_of(long year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    long last = year - 1;
    return 365LL * (year - 1970) + last / 4 - last / 100 + last / 400 - 477 + before[month - 1]
           + (month > 2 && is_leap(year)) + day - 1;
}

static int days_in(long year, int month)
{
    return month == 2 ? 28 + is_leap(year) : 30 + ((month + (month > 7)) & 1);
}

static int take_digits(const char **at, int least, int most, long *found)
{
    int count = 0;
    *found = 0;
    while (count < most && **at >= '0' && **at <= '9') *found = 10 * *found + *(*at)++ - '0', count++;
    return count >= least;
}

static int take_zone(const char **at, long *seconds)
{
    long hours, minutes = 0;
    int sign = **at == '-' ? -1 : 1;
    *seconds = 0;
    if (**at == 'Z') return (*at)++, 1;
    if (**at != '+' && **at != '-') return 1;
    (*at)++;
    if (!take_digits(at, 2, 2, &hours)) return 0;
    if (**at) {
        if (**at == ':') (*at)++;
        if (!take_digits(at, 2, 2, &minutes)) return 0;
    }
    *seconds = sign * (hours * 3600 + minutes * 60);
    return 1;
}

/* Read a moment; return 1, 0 where it is none, -1 where it might be one in another spelling. */
static int moment_of(const char *text, double *days)
{
    char written[64];
    const char *at = written;
    long year, month, day, hour = 0, minute = 0, second = 0, part = 0, zone = 0;
    int count, is_year = digits(text) >= 4, is_whole;
    if (strlen(text) > 40) return is_year ? -1 : 0;
    is_whole = text[0] && digits(text) == 2 && text[2] == ':' && digits(text + 3) == 2;
    sprintf(written, "%s%s", is_whole ? "1970-01-01T" : "", text);
    if (is_whole && text[5]) {
        is_whole = text[5] == ':' && digits(text + 6) == 2
                   && (!text[8] || (text[8] == '.' && digits(text + 9) >= 1 && digits(text + 9) <= 9
                                    && !text[9 + digits(text + 9)]));
        if (!is_whole) return 0;
    }
    for (count = 0; written[count]; count++)
        if (written[count] == '/') written[count] = '-';
    if (!take_digits(&at, 4, 4, &year)) return is_year ? -1 : 0;
    is_year = 1;
    if (*at++ != '-' || !take_digits(&at, 1, 2, &month) || *at++ != '-' || !take_digits(&at, 1, 2, &day)) return -1;
    if (*at) {
        if ((*at != 'T' && *at != ' ') || (at++, !take_digits(&at, 2, 2, &hour))) return -1;
        if (*at == ':') {
            if (at++, !take_digits(&at, 2, 2, &minute)) return -1;
            if (*at == ':') {
                if (at++, !take_digits(&at, 2, 2, &second)) return -1;
                if (*at == '.') {
                    const char *from = ++at;
                    if (!take_digits(&at, 1, 9, &part)) return -1;
                    for (count = (int)(at - from); count < 9; count++) part *= 10;
                }
            }
        }
        if (!take_zone(&at, &zone) || *at) return -1;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, (int)month) || hour > 23 || minute > 59 || second > 59)
        return 0;
    if (year < 1) return 0;
    *days = ((double)(day_of(year, (int)month, (int)day) * 86400 + hour * 3600 + minute * 60 + second - zone)
             + (double)part / 1e9)
            / 86400;
    return 1;
}

static char *trimmed_text(char *text)
{
    size_t length = strlen(text);
    while (*text == ' ' || (*text >= 9 && *text <= 13) || (*text >= 28 && *text <= 31)) text++, length--;
    while (length && (text[length - 1] == ' ' || (text[length - 1] >= 9 && text[length - 1] <= 13)
                      || (text[length - 1] >= 28 && text[length - 1] <= 31)))
        text[--length] = 0;
    return text;
}

static const char *number_text(double number, char *room)
{
    int count;
    if (isinf(number)) return number > 0 ? "inf" : "-inf";
    if (number == floor(number)) return sprintf(room, "%.0f", number + 0.0 == 0 ? 0.0 : number), room;
    for (count = 1; count <= 17; count++) {
        sprintf(room, "%.*g", count, number);
        if (strtod(room, 0) == number) break;
    }
    return room;
}

static const char *whole_text(const char *text, char *room)
{
    int is_negative = *text == '-';
    text += *text == '+' || *text == '-';
    while (*text == '0' && text[1]) text++;
    if (strlen(text) > 390) return text;
    sprintf(room, "%s%s", is_negative && *text != '0' ? "-" : "", text);
    return room;
}

static const char *spelt(char *text, int how, char *room)
{
    if (how == SPELT_AS_NUMBER && is_number(text)) {
        const char *unsigned_text = text + (*text == '+' || *text == '-');
        double number = strtod(text, 0);
        if (digits(unsigned_text) && !unsigned_text[digits(unsigned_text)]) return whole_text(text, room);
        return isinf(number) ? text : number_text(number, room);
    }
    if (how == SPELT_AS_TRUTH && !isnan(truth_of(text))) return truth_of(text) > 0 ? "true" : "false";
    return text;
}

/* Turn what was read into a cell of the model; return 0 where it cannot be told what is meant. */
static int as_cell(const value *from, int kind, int how, model_cell *cell, char *room)
{
    char *text = from->kind == TEXT ? trimmed_text(from->text) : 0;
    int found;
    cell->kind = from->kind == NOTHING ? MODEL_MISSING : MODEL_NUMBER;
    cell->number = from->kind == TRUTH ? 1 : from->kind == FALSEHOOD ? 0 : from->number;
    if (from->kind == NOTHING) return 1;
    if (kind == KIND_LEVEL || kind == KIND_TEXT) {
        cell->kind = MODEL_TEXT;
        cell->text = from->kind == NUMBER  ? number_text(from->number, room)
                     : from->kind == TEXT  ? spelt(text, how, room)
                     : from->kind == TRUTH ? "true"
                                           : "false";
        return 1;
    }
    if (kind == KIND_TIME && from->kind == NUMBER) return 0;
    if (kind == KIND_TIME && from->kind != TEXT) return cell->kind = MODEL_TEXT, cell->text = "false", 1;
    if (from->kind != TEXT) return 1;
    cell->kind = MODEL_TEXT;
    cell->text = text;
    if (kind == KIND_NUMBER && is_number(text)) cell->kind = MODEL_NUMBER, cell->number = strtod(text, 0);
    if (kind == KIND_TRUTH && !isnan(truth_of(text))) cell->kind = MODEL_NUMBER, cell->number = truth_of(text);
    if (kind == KIND_TIME) {
        found = moment_of(text, &cell->number);
        if (found < 0) return 0;
        if (found) cell->kind = MODEL_NUMBER;
    }
    return 1;
}

static void put_json(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') printf("\\%c", byte);
        else if (byte < 32) printf("\\u%04x", byte);
        else putchar(byte);
    }
    putchar('"');
}

static void put_csv(const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void put_number(double number, int is_json)
{
    if (isnan(number)) fputs(is_json ? "NaN" : "nan", stdout);
    else if (isinf(number)) printf("%s%s", number < 0 ? "-" : "", is_json ? "Infinity" : "inf");
    else printf("%.17g", number);
}

static void put_answer(const model_answer *answer, int is_json)
{
    int place, is_class = model_classes[0][0] || MODEL_SCORES > 1;
    if (is_json) fputs("{\"prediction\": ", stdout);
    if (!is_class) put_number(answer->scores[0], is_json);
    else if (is_json) put_json(model_classes[answer->decision]);
    else put_csv(model_classes[answer->decision]);
    for (place = 0; is_class && place < MODEL_SCORES; place++) {
        if (is_json) {
            char name[1000];
            sprintf(name, "p_%.990s", model_classes[place]);
            fputs(", ", stdout), put_json(name), fputs(": ", stdout);
        } else
            putchar(',');
        put_number(answer->scores[place], is_json);
    }
    puts(is_json ? "}" : ",");
}

static void put_refusal(const char *column, const char *why, int is_json)
{
    char text[1200];
    int place;
    sprintf(text, column ? "column '%.990s' %s" : "%.0s%s", column ? column : "", why);
    if (is_json) {
        fputs("{\"error\": ", stdout), put_json(text), puts("}");
        return;
    }
    putchar(',');
    for (place = 0; (model_classes[0][0] || MODEL_SCORES > 1) && place < MODEL_SCORES; place++) putchar(',');
    put_csv(text), putchar('\n');
}

static int answered(long today, int is_json) /* whether the row was */
{
    model_answer answer;
    int column, status;
    for (column = 0; column < MODEL_COLUMNS; column++) {
        const char *why = !given[column] ? "is not given: give null where it is missing" : 0;
        if (!why && !as_cell(&row[column], kinds[column], spellings[column], &cells[column], spelling[column]))
            why = "may hold a moment: write it as 2026-01-31T12:00:00Z";
        if (why) return put_refusal(model_columns[column], why, is_json), 0;
    }
    status = model_predict(cells, today, &answer);
    if (status == MODEL_OK) put_answer(&answer, is_json);
    else put_refusal(model_columns[answer.column < 0 ? 0 : answer.column], model_message(status), is_json);
    return status == MODEL_OK;
}

static void forget_row(void)
{
    int column;
    for (column = 0; column < MODEL_COLUMNS; column++) {
        free(row[column].text);
        row[column].text = 0;
        row[column].kind = NOTHING;
        given[column] = 0;
    }
}

static int column_called(const char *name)
{
    int column;
    for (column = 0; column < MODEL_COLUMNS; column++)
        if (!strcmp(name, model_columns[column])) return column;
    return -1;
}

static const char *past_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') at++;
    return at;
}

static void put_letter(buffer *to, unsigned long letter)
{
    if (letter < 0x80) put(to, (int)letter);
    else if (letter < 0x800) put(to, (int)(0xC0 | letter >> 6)), put(to, (int)(0x80 | (letter & 63)));
    else if (letter < 0x10000)
        put(to, (int)(0xE0 | letter >> 12)), put(to, (int)(0x80 | (letter >> 6 & 63))), put(to, (int)(0x80 | (letter & 63)));
    else
        put(to, (int)(0xF0 | letter >> 18)), put(to, (int)(0x80 | (letter >> 12 & 63))),
            put(to, (int)(0x80 | (letter >> 6 & 63))), put(to, (int)(0x80 | (letter & 63)));
}

static int take_hex(const char **at, unsigned long *found)
{
    int count;
    *found = 0;
    for (count = 0; count < 4; count++, (*at)++) {
        int byte = tolower((unsigned char)**at);
        if (!isxdigit(byte)) return 0;
        *found = *found * 16 + (unsigned long)(byte <= '9' ? byte - '0' : byte - 'a' + 10);
    }
    return 1;
}

static const char *json_text(const char *at, buffer *to) /* behind the closing quote, or 0 */
{
    unsigned long letter, low;
    to->length = 0;
    put(to, 0), to->length = 0;
    if (*at++ != '"') return 0;
    for (; *at && *at != '"'; at++) {
        if ((unsigned char)*at < 32) return 0;
        if (*at != '\\') {
            put(to, *at);
            continue;
        }
        at++;
        if (*at == 'u') {
            at++;
            if (!take_hex(&at, &letter)) return 0;
            if (letter >= 0xD800 && letter < 0xDC00 && at[0] == '\\' && at[1] == 'u') {
                at += 2;
                if (!take_hex(&at, &low) || low < 0xDC00 || low > 0xDFFF) return 0;
                letter = 0x10000 + ((letter - 0xD800) << 10) + (low - 0xDC00);
            }
            if (!letter) return trouble = "a text holds a zero byte", (const char *)0;
            put_letter(to, letter);
            at--;
        } else if (*at && strchr("\"\\/bfnrt", *at))
            put(to, *at == 'b' ? 8 : *at == 'f' ? 12 : *at == 'n' ? 10 : *at == 'r' ? 13 : *at == 't' ? 9 : *at);
        else return 0;
    }
    return *at ? at + 1 : 0;
}

static const char *json_value(const char *at, value *to, buffer *room)
{
    char *end;
    to->text = 0;
    if (*at == '"') {
        at = json_text(at, room);
        to->kind = TEXT;
        if (at) to->text = copied(room);
        return at;
    }
    if (*at == '{' || *at == '[') return trouble = "a cell holds several values: give one", (const char *)0;
    if (!strncmp(at, "null", 4)) return to->kind = NOTHING, at + 4;
    if (!strncmp(at, "true", 4)) return to->kind = TRUTH, at + 4;
    if (!strncmp(at, "false", 5)) return to->kind = FALSEHOOD, at + 5;
    if (*at != '-' && !digits(at)) return 0;
    to->kind = NUMBER;
    to->number = strtod(at, &end);
    return end;
}

static int json_row(const char *at) /* whether it could be read */
{
    static buffer name, room;
    value found;
    int column;
    trouble = "a row is a JSON object with a value for each column";
    at = past_space(at);
    if (*at != '{') return 0;
    at = past_space(at + 1);
    while (*at != '}') {
        at = json_text(at, &name);
        if (!at || *(at = past_space(at)) != ':') return 0;
        at = json_value(past_space(at + 1), &found, &room);
        if (!at) return 0;
        column = column_called(name.bytes);
        if (column >= 0) {
            free(row[column].text);
            row[column] = found;
            given[column] = 1;
        } else
            free(found.text);
        at = past_space(at);
        if (*at != ',' && *at != '}') return 0;
        if (*at == ',') {
            at = past_space(at + 1);
            if (*at == '}') return 0;
        }
    }
    return !*past_space(at + 1);
}

static int line_of(buffer *to) /* whether there was one */
{
    int byte = getchar();
    to->length = 0;
    if (byte == EOF) return 0;
    for (; byte != EOF && byte != '\n'; byte = getchar()) put(to, byte);
    put(to, '\n');
    return 1;
}

/* Read a cell of a CSV; return what stands behind it: ',', '\n' or EOF. */
static int csv_cell(buffer *to, const char **pushed)
{
    int byte, is_quoted = 0, is_start = 1;
    to->length = 0;
    put(to, 0), to->length = 0;
    to->bytes[0] = 0;
    for (;;) {
        byte = *pushed && **pushed ? (unsigned char)*(*pushed)++ : getchar();
        if (byte == EOF) return EOF;
        if (is_quoted && byte == '"') {
            int next = *pushed && **pushed ? (unsigned char)*(*pushed)++ : getchar();
            if (next == '"') put(to, '"');
            else {
                is_quoted = 0;
                if (next == EOF) return EOF;
                if (next == ',' || next == '\n') return next;
                if (next != '\r') put(to, next);
            }
        } else if (is_quoted) put(to, byte);
        else if (byte == '"' && is_start) is_quoted = 1;
        else if (byte == ',' || byte == '\n') return byte;
        else if (byte != '\r') put(to, byte);
        is_start = 0;
    }
}

static int lines_of_json(const buffer *first, long today) /* how many were refused */
{
    static buffer line;
    int refused = 0, is_first = 1;
    while (is_first || line_of(&line)) {
        const char *text = is_first ? first->bytes : line.bytes;
        is_first = 0;
        if (!*past_space(text)) continue;
        forget_row();
        if (json_row(text)) refused += !answered(today, 1);
        else put_refusal(0, trouble, 1), refused++;
    }
    return refused;
}

static int lines_of_csv(const char *first, long today) /* how many were refused, -1 where columns lack */
{
    static buffer cell;
    int *columns = 0, count = 0, place, end, refused = 0, lost = 0;
    do {
        end = csv_cell(&cell, &first);
        columns = grown(columns, (size_t)(count + 1) * sizeof *columns);
        columns[count++] = column_called(cell.bytes);
    } while (end == ',');
    for (place = 0; place < MODEL_COLUMNS; place++) {
        int other, is_there = 0;
        for (other = 0; other < count; other++) is_there |= columns[other] == place;
        if (!is_there) fprintf(stderr, MODEL_NAME ": the data lack column '%s'\n", model_columns[place]), lost++;
    }
    if (lost) return free(columns), -1;
    fputs("prediction", stdout);
    for (place = 0; (model_classes[0][0] || MODEL_SCORES > 1) && place < MODEL_SCORES; place++) {
        char name[1000];
        sprintf(name, "p_%.990s", model_classes[place]);
        putchar(','), put_csv(name);
    }
    puts(",error");
    while (end != EOF) {
        int is_blank;
        forget_row();
        place = 0;
        do {
            end = csv_cell(&cell, &first);
            if (place < count && columns[place] >= 0) {
                value *to = &row[columns[place]];
                free(to->text);
                to->kind = TEXT, to->text = copied(&cell), given[columns[place]] = 1;
            }
            place++;
        } while (end == ',');
        is_blank = place == 1 && !cell.length && (count > 1 || end == EOF);
        if (!is_blank) refused += !answered(today, 0);
    }
    return free(columns), refused;
}

int main(int argc, char **argv)
{
    static buffer line;
    double days;
    long today = (long)(time(0) / 86400);
    int place, refused;
    for (place = 1; place < argc; place++) {
        if (!strcmp(argv[place], "--version")) {
            fputs("{\"name\": \"" MODEL_NAME "\", \"version\": ", stdout), put_json(MODEL_VERSION);
            fputs(", \"bundle\": ", stdout), put_json(MODEL_BUNDLE);
            return printf(", \"last_day\": %ld}\n", (long)MODEL_EXPIRES), 0;
        }
        if (strncmp(argv[place], "--today=", 8) || moment_of(argv[place] + 8, &days) != 1)
            return fputs(MODEL_NAME ": rows on stdin, CSV or JSON lines; --today=2026-01-31, --version\n", stderr), 2;
        today = (long)floor(days);
    }
    if (today > MODEL_EXPIRES) return fputs(MODEL_NAME ": this model expired\n", stderr), 1;
    do {
        if (!line_of(&line)) return 0;
    } while (!*past_space(line.bytes));
    refused = *past_space(line.bytes) == '{' ? lines_of_json(&line, today) : lines_of_csv(line.bytes, today);
    return refused ? 3 : 0;
}
