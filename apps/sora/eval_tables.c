#include "eval_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lang.h"

enum { LABEL_COLUMNS = 14, CELL_COLUMNS = 12, WORST = 10 };

static const char *const asked[] = { N("actor"),  N("scene"), N("time"),   N("weather"),
                                     N("camera"), N("count"), N("action"), N("size") };
enum { ASKED = sizeof asked / sizeof asked[0] };

static double number(const Json *x, const char *key)
{
    const Json *n = json_get(x, key);
    bool is = n && (n->kind == JSON_IS_INTEGER || n->kind == JSON_IS_REAL);
    return is ? n->number : NAN;
}

/* Wide characters take two columns, which printf does not know. */
static void cell(const char *text, size_t columns)
{
    size_t have = lang_columns(text);
    printf("%s%*s", text, have < columns ? (int)(columns - have) : 0, "");
}

static void put_percent(double share)
{
    char text[32] = "-";
    if (isfinite(share)) snprintf(text, sizeof text, "%.1f%%", 100 * share);
    cell(text, CELL_COLUMNS);
}

static void put_value(double x)
{
    char text[32] = "-";
    if (isfinite(x)) snprintf(text, sizeof text, "%.3g", x);
    cell(text, CELL_COLUMNS);
}

static void put_heads(const char *const *name, size_t n)
{
    cell("", LABEL_COLUMNS);
    for (size_t i = 0; i < n; i++) cell(T(name[i]), CELL_COLUMNS);
    printf("\n");
}

/* ---- actors ---------------------------------------------------------------------------- */

static int by_accuracy(const void *x, const void *y)
{
    const Json *const *p = x, *const *q = y;
    double a = number(*p, "right") / number(*p, "asked"),
           b = number(*q, "right") / number(*q, "asked");
    return a < b ? -1 : a > b ? 1 : strcmp(json_text(*p, "id"), json_text(*q, "id"));
}

static void put_worst(const Json *report, Arena *a)
{
    const Json *actors = json_get(report, "actors");
    if (!actors || !actors->count) return;
    const Json **sorted = arena_alloc(a, actors->count * sizeof *sorted);
    for (size_t i = 0; i < actors->count; i++) sorted[i] = &actors->item[i];
    qsort(sorted, actors->count, sizeof *sorted, by_accuracy);
    printf(T("worst of %zu actors:"), actors->count);
    for (size_t i = 0; i < actors->count && i < WORST; i++)
        printf(" %s %.0f/%.0f", json_text(sorted[i], "id"), number(sorted[i], "right"),
               number(sorted[i], "asked"));
    printf("\n");
}

/* "camera  still 7/7  pan_left 0/4 ...": how often what was asked for came out right; and in the
 * world's own clips, where the reader misses it there. */
static void put_answers(const Json *answers)
{
    enum { COLUMNS = 100 };
    for (size_t h = 1; answers && h < ASKED; h++) {
        const Json *list = json_get(answers, asked[h]);
        size_t column = LABEL_COLUMNS;
        cell(T(asked[h]), LABEL_COLUMNS);
        for (size_t i = 0; list && i < list->count; i++) {
            const Json *x = &list->item[i];
            char text[96];
            char own[32] = "";
            const Json *readable = json_get(x, "readable");
            if (readable && !readable->boolean)
                snprintf(own, sizeof own, " (%s %.0f)", T("world"), number(x, "world_right"));
            snprintf(text, sizeof text, "%s %.0f/%.0f%s  ", json_text(x, "id"), number(x, "right"),
                     number(x, "asked"), own);
            size_t n = lang_columns(text);
            if (column + n > COLUMNS) {
                printf("\n");
                cell("", LABEL_COLUMNS);
                column = LABEL_COLUMNS;
            }
            printf("%s", text);
            column += n;
        }
        printf("\n");
    }
}

/* ---- the reader ------------------------------------------------------------------------ */

static void reader_table(const Json *report, Arena *a)
{
    static const char *const column[] = { N("clips"), N("pictures"), N("new pairs"), N("ECE") };
    static const char *const set[] = { "clips", "images", "pairs" };
    put_heads(column, 4);
    for (size_t h = 0; h < ASKED; h++) {
        cell(T(asked[h]), LABEL_COLUMNS);
        for (size_t k = 0; k < 3; k++)
            put_percent(number(json_get(json_get(report, set[k]), asked[h]), "accuracy"));
        put_value(number(json_get(json_get(report, "clips"), asked[h]), "ece"));
        printf("\n");
    }
    printf(T("likeness: %.2f of the clips, %.2f of the same clips smeared\n"),
           number(json_get(report, "clips"), "likeness"), number(report, "smeared_likeness"));
    put_worst(report, a);
}

/* ---- text ------------------------------------------------------------------------------ */

static void looks_rows(const Json *looks)
{
    static const char *const key[] = { "borders", "residual", "last_gradient" };
    static const char *const label[] = { N("borders"), N("residual"), N("last edges") };
    for (size_t i = 0; i < 3; i++) {
        cell(T(label[i]), LABEL_COLUMNS);
        for (size_t k = 0; k < 2; k++)
            put_value(number(json_get(looks, k ? "world" : "model"), key[i]));
        printf("\n");
    }
    printf(T("edges of actors: %.2f of the world's\n"), number(looks, "gradient_ratio"));
}

static void looks_table(const Json *report)
{
    static const char *const column[] = { N("model"), N("world") };
    const Json *likeness = json_get(report, "likeness");
    printf(T("%.0f prompts, %.0f of them with an actor that was not taught\n"),
           number(report, "prompts"), number(report, "untaught"));
    put_heads(column, 2);
    cell(T("likeness"), LABEL_COLUMNS);
    for (size_t k = 0; k < 2; k++) put_value(number(likeness, column[k]));
    printf("\n");
    looks_rows(json_get(report, "looks"));
}

static void text_table(const Json *report, Arena *a)
{
    static const char *const column[] = { N("model"),   N("world"),   N("seen"),  N("new pairs"),
                                          N("English"), N("Chinese"), N("plain"), N("paraphrase") };
    static const char *const group[] = { "all", "all", "seen",  "pairs",
                                         "en",  "zh",  "plain", "paraphrase" };
    const Json *groups = json_get(report, "groups"), *cast = json_get(report, "cast");
    const Json *looks = json_get(report, "looks");
    put_heads(column, 8);
    for (size_t h = 0; h < ASKED; h++) {
        cell(T(asked[h]), LABEL_COLUMNS);
        for (size_t k = 0; k < 8; k++) {
            const Json *who = json_get(json_get(groups, group[k]), k == 1 ? "world" : "model");
            put_percent(number(json_get(who, asked[h]), "accuracy"));
        }
        printf("\n");
    }
    cell(T("likeness"), LABEL_COLUMNS);
    for (size_t k = 0; k < 2; k++)
        put_value(number(json_get(json_get(groups, "all"), k ? "world" : "model"), "likeness"));
    printf("\n");
    looks_rows(looks);
    printf(T("actors right: %.1f%% over the cast of %.0f"), 100 * number(cast, "whole_accuracy"),
           number(cast, "actors"));
    if (number(cast, "claimed") > 0)
        printf(T(", %.1f%% over the %.0f that are claimed"), 100 * number(cast, "claimed_accuracy"),
               number(cast, "claimed"));
    printf("\n");
    printf(T("%.0f prompts, %.0f of them with an actor that was not taught\n"),
           number(report, "prompts"), number(report, "untaught"));
    put_worst(report, a);
    printf("%s\n", T("of what was asked for, right in the model's clips:"));
    put_answers(json_get(report, "answers"));
    const char *learned = json_text(report, "learned");
    if (learned) printf(T("what generate may claim is in %s\n"), learned);
}

/* ---- shape ----------------------------------------------------------------------------- */

static void seam_row(const char *label, const Json *x)
{
    static const char *const key[] = { "position", "velocity", "colour" };
    cell(label, LABEL_COLUMNS);
    for (size_t k = 0; k < 3; k++) put_value(number(x, key[k]));
    put_percent(number(x, "dynamic"));
    printf("\n");
}

static void fill_rows(const Json *fill)
{
    static const char *const column[] = { N("gap"),   N("PSNR"),    N("actor PSNR"),
                                          N("edges"), N("px away"), N("edge error"),
                                          N("motion") };
    static const char *const way[] = { "model", "blend", "nearest", "flow", "minterpolate" };
    static const char *const label[] = { N("model"), N("blending"), N("nearest"), N("optical flow"),
                                         N("FFmpeg") };
    put_heads(column, 7);
    for (size_t i = 0; fill && i < fill->count; i++)
        for (size_t k = 0; k < 5; k++) {
            const Json *x = json_get(&fill->item[i], way[k]);
            cell(T(label[k]), LABEL_COLUMNS);
            put_value(number(&fill->item[i], "gap"));
            put_value(number(x, "psnr"));
            put_value(number(x, "actor_psnr"));
            put_percent(number(x, "actor_edges"));
            put_value(number(x, "position_error"));
            put_value(number(x, "gradient_error"));
            put_percent(number(x, "dynamic"));
            printf("\n");
        }
}

static const char *keep_name(const char *keep)
{
    return strcmp(keep, "layout") == 0   ? T("layout")
           : strcmp(keep, "motion") == 0 ? T("motion")
                                         : "-";
}

static void edit_rows(const Json *edit)
{
    static const char *const column[] = { N("strength"),   N("keep"),      N("hour"),
                                          N("edges kept"), N("actor"),     N("PSNR around"),
                                          N("changed"),    N("path kept"), N("motion") };
    put_heads(column, 9);
    for (size_t i = 0; edit && i < edit->count; i++) {
        const Json *e = &edit->item[i];
        cell(i ? "" : T("edit"), LABEL_COLUMNS);
        put_value(number(e, "strength"));
        cell(keep_name(json_text(e, "keep")), CELL_COLUMNS);
        put_percent(number(e, "picture_changed"));
        put_percent(number(e, "edges"));
        put_percent(number(e, "actor_changed"));
        put_value(number(e, "psnr_outside"));
        put_percent(number(e, "changed"));
        put_percent(number(e, "kept"));
        put_percent(number(e, "dynamic"));
        printf("\n");
    }
}

static void minute_rows(const Json *minute)
{
    static const char *const column[] = { N("second"),    N("actor"),  N("scene"),
                                          N("sharpness"), N("colour"), N("motion") };
    const Json *curve = json_get(minute, "curve");
    if (!curve || !curve->count) return;
    put_heads(column, 6);
    for (size_t i = 0; i < curve->count; i++) {
        const Json *p = &curve->item[i];
        cell(i ? "" : T("minute"), LABEL_COLUMNS);
        put_value(number(p, "at"));
        put_percent(number(p, "actor"));
        put_percent(number(p, "scene"));
        put_percent(number(p, "sharpness"));
        put_value(number(p, "colour"));
        put_percent(number(p, "dynamic"));
        printf("\n");
    }
}

static void fast_line(const Json *fast)
{
    if (number(fast, "clips") > 0)
        printf(T("in %.0f steps: actor %.1f%%, in all of them %.1f%%; edges of actors %.2f of "
                 "those\n"),
               number(fast, "steps"), 100 * number(fast, "actor"), 100 * number(fast, "actor_full"),
               number(fast, "gradient_ratio"));
    else
        printf("%s\n", T("few steps: not measured, the model is not of sora's own kind"));
}

static void shape_table(const Json *report)
{
    static const char *const column[] = { N("position"), N("velocity"), N("colour"), N("motion") };
    printf(T("%.0f clips; given frames come back at %.3g dB, 99 is exact\n"),
           number(report, "clips"), number(report, "given_psnr"));
    const Json *extend = json_get(report, "extend"), *join = json_get(report, "join");
    if (extend || join) put_heads(column, 4);
    if (extend) seam_row(T("extend"), extend);
    if (join) seam_row(T("join"), join);
    if (join)
        printf(T("join: A before and B after in %.1f%%\n"), 100 * number(report, "join_found"));
    if (json_get(report, "loop"))
        printf(T("loop: last to first %.3g times a step inside, motion %.0f%%\n"),
               number(report, "loop"), 100 * number(report, "loop_dynamic"));
    if (json_get(report, "fill")) fill_rows(json_get(report, "fill"));
    if (json_get(report, "edit")) edit_rows(json_get(report, "edit"));
    minute_rows(json_get(report, "minute"));
    if (json_get(report, "fast")) fast_line(json_get(report, "fast"));
}

void eval_tables(const Json *report, Arena *a)
{
    const char *suite = json_text(report, "suite");
    if (suite && strcmp(suite, "reader") == 0) reader_table(report, a);
    if (suite && strcmp(suite, "text") == 0) text_table(report, a);
    if (suite && strcmp(suite, "looks") == 0) looks_table(report);
    if (suite && strcmp(suite, "shape") == 0) shape_table(report);
}
