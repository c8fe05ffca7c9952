enum {
    MODEL_OK,
    MODEL_EXPIRED,      /* today is later than MODEL_EXPIRES */
    MODEL_MISSING_CELL, /* a cell is missing that must not be */
    MODEL_MISFIT,       /* a cell does not fit its column, and must */
    MODEL_OUT_OF_RANGE, /* a number is outside of its column's range */
    MODEL_NO_LEVEL,     /* a level is none of those that are allowed */
    MODEL_WRONG_KIND    /* a number where levels are read, or no text where text is said */
};
enum { MODEL_MISSING, MODEL_NUMBER, MODEL_TEXT };

typedef struct {
    int kind;         /* MODEL_MISSING, MODEL_NUMBER or MODEL_TEXT */
    double number;    /* where kind is MODEL_NUMBER; moments are days since 1970, UTC */
    const char *text; /* where kind is MODEL_TEXT: UTF-8 */
} model_cell;

typedef struct {
    double scores[MODEL_SCORES]; /* probabilities of the classes, or the value */
    int decision;                /* the place of the class that is answered; 0 for a value */
    int column;                  /* which column a status is about, -1 if none */
} model_answer;

extern const char *const model_columns[MODEL_COLUMNS];
extern const char *const model_classes[MODEL_SCORES]; /* "" for a value */

/* Answer a row, cells in the order of model_columns. `today` is a number of days since 1970, UTC: there is no clock in
   here. Return MODEL_OK, or why the row is refused. Threads may call it at once. */
int model_predict(const model_cell *row, long today, model_answer *answer);

/* What a status means, behind the name of a column. */
const char *model_message(int status);
