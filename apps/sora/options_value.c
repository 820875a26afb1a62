#include "options_value.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void show_seconds(double s, char *out, size_t room)
{
    if (s >= 60 && fmod(s, 60) == 0)
        snprintf(out, room, "%gm", s / 60);
    else
        snprintf(out, room, "%gs", s);
}

static void show_bytes(double b, char *out, size_t room)
{
    static const char units[] = "kMGT";
    int u = -1;
    while (b >= 1024 && fmod(b, 1024) == 0 && u < 3) b /= 1024, u++;
    if (u < 0)
        snprintf(out, room, "%g", b);
    else
        snprintf(out, room, "%g%c", b, units[u]);
}

static void show(const Option *o, double x, char *out, size_t room)
{
    if (o->seconds)
        show_seconds(x, out, room);
    else if (o->bytes)
        show_bytes(x, out, room);
    else
        snprintf(out, room, "%.15g", x);
}

/* ---- reading ---- */

static SoraStatus check_range(const Option *o, const char *word, double x)
{
    if (o->min == 0 && o->max == 0) return SORA_OK;
    if (x >= o->min && x <= o->max) return SORA_OK;
    char min[32], max[32];
    show(o, o->min, min, sizeof min);
    show(o, o->max, max, sizeof max);
    return err_set(SORA_E_ARGUMENT, T("--%s is %s, it must be %s to %s"), o->name, word, min, max);
}

static SoraStatus read_integer(const Option *o, const char *word)
{
    char *end;
    errno = 0;
    long long x = strtoll(word, &end, 10);
    if (end == word || *end || errno)
        return err_set(SORA_E_ARGUMENT, T("--%s is '%s', it must be a whole number"), o->name,
                       word);
    TRY(check_range(o, word, (double)x));
    *o->integer = x;
    return SORA_OK;
}

static SoraStatus read_number(const Option *o, const char *word)
{
    char *end;
    double x = strtod(word, &end);
    if (end == word || *end || !isfinite(x))
        return err_set(SORA_E_ARGUMENT, T("--%s is '%s', it must be a number"), o->name, word);
    TRY(check_range(o, word, x));
    *o->number = x;
    return SORA_OK;
}

typedef struct Unit {
    const char *name;
    double worth;
} Unit;

/* A number and one of the units; *x is NaN when it is not that. */
static double with_unit(const char *word, const Unit *unit)
{
    char *end;
    double x = strtod(word, &end);
    if (end == word || !isfinite(x) || x < 0) return NAN;
    for (; unit->name; unit++)
        if (strcmp(end, unit->name) == 0) return x * unit->worth;
    return NAN;
}

static SoraStatus read_seconds(const Option *o, const char *word)
{
    static const Unit units[] = { { "", 1 },      { "s", 1 },    { "ms", 1e-3 }, { "m", 60 },
                                  { "min", 60 },  { "h", 3600 }, { "秒", 1 },    { "分", 60 },
                                  { "分钟", 60 }, { NULL, 0 } };
    double x = with_unit(word, units);
    if (isnan(x))
        return err_set(SORA_E_ARGUMENT, T("--%s is '%s', it must be a time such as 2.5s, 1m or 2h"),
                       o->name, word);
    TRY(check_range(o, word, x));
    *o->seconds = x;
    return SORA_OK;
}

static SoraStatus read_bytes(const Option *o, const char *word)
{
    const double k = 1024; /* as coreutils: MB is 10^6, M and MiB are 2^20 */
    const Unit units[] = {
        { "", 1 },          { "k", k },           { "K", k },       { "KiB", k },
        { "KB", 1e3 },      { "M", k * k },       { "MiB", k * k }, { "MB", 1e6 },
        { "G", k * k * k }, { "GiB", k * k * k }, { "GB", 1e9 },    { "T", k * k * k * k },
        { NULL, 0 }
    };
    double x = with_unit(word, units);
    if (isnan(x) || x > 9e18)
        return err_set(SORA_E_ARGUMENT, T("--%s is '%s', it must be an amount such as 512M or 4G"),
                       o->name, word);
    TRY(check_range(o, word, x));
    *o->bytes = (uint64_t)x;
    return SORA_OK;
}

static bool read_side(const char *text, const char **end, int *side)
{
    if (*text < '1' || *text > '9') return false;
    char *stop;
    long n = strtol(text, &stop, 10);
    *end = stop;
    *side = (int)n;
    return n <= 100000;
}

/* "16:9" and "16：9", at most ten times as long as high or the reverse */
static bool read_shape(const char *word, OptionSize *out)
{
    const char *at = word;
    OptionSize size = { .shape = true };
    if (!read_side(word, &at, &size.width)) return false;
    size_t sign = *at == ':' ? 1 : strncmp(at, "：", 3) == 0 ? 3 : 0;
    if (!sign || !read_side(at + sign, &at, &size.height) || *at) return false;
    *out = size;
    return size.width <= 10 * size.height && size.height <= 10 * size.width;
}

/* 256x144, 256X144, 256×144 or 256 for a square */
static SoraStatus read_size(const Option *o, const char *word)
{
    OptionSize size = { 0 };
    const char *at = word;
    if (o->shapes && read_shape(word, o->size)) return SORA_OK;
    bool ok = read_side(word, &at, &size.width);
    if (ok && !*at) {
        size.height = size.width;
    } else if (ok) {
        size_t sign = *at == 'x' || *at == 'X' ? 1 : strncmp(at, "×", 2) == 0 ? 2 : 0;
        ok = sign && read_side(at + sign, &at, &size.height) && !*at;
    }
    if (!ok && o->shapes)
        return err_set(SORA_E_ARGUMENT,
                       T("--%s is '%s', it must be WIDTHxHEIGHT in pixels, such as 256x144, or a "
                         "shape such as 16:9"),
                       o->name, word);
    if (!ok)
        return err_set(SORA_E_ARGUMENT,
                       T("--%s is '%s', it must be WIDTHxHEIGHT in pixels, such as 256x144"),
                       o->name, word);
    *o->size = size;
    return SORA_OK;
}

static SoraStatus read_choice(const Option *o, const char *word)
{
    for (int i = 0; o->names[i]; i++)
        if (strcmp(o->names[i], word) == 0) {
            *o->choice = i;
            return SORA_OK;
        }
    char all[OPTIONS_VALUE_MAX];
    options_value_name(&(Option){ .names = o->names, .choice = o->choice }, all);
    const char *near = options_nearest(word, o->names);
    if (near)
        return err_set(SORA_E_ARGUMENT, T("--%s is '%s', did you mean %s? It must be one of %s"),
                       o->name, word, near, all);
    return err_set(SORA_E_ARGUMENT, T("--%s is '%s', it must be one of %s"), o->name, word, all);
}

static SoraStatus read_list(const Option *o, char *word)
{
    for (char *rest = word, *item; (item = strsep(&rest, o->whole ? "" : ","));) {
        if (!*item) continue;
        if (o->list->count == OPTION_LIST_MAX)
            return err_set(SORA_E_ARGUMENT, T("--%s has more than %d values"), o->name,
                           OPTION_LIST_MAX);
        o->list->item[o->list->count++] = item;
    }
    return SORA_OK;
}

SoraStatus options_value_set(const Option *o, char *word)
{
    if (o->integer) return read_integer(o, word);
    if (o->number) return read_number(o, word);
    if (o->seconds) return read_seconds(o, word);
    if (o->bytes) return read_bytes(o, word);
    if (o->size) return read_size(o, word);
    if (o->choice) return read_choice(o, word);
    if (o->list) return read_list(o, word);
    assert(o->text || o->path);
    *(o->text ? o->text : o->path) = word;
    return SORA_OK;
}

/* ---- showing ---- */

void options_value_name(const Option *o, char out[OPTIONS_VALUE_MAX])
{
    out[0] = 0;
    if (o->value) {
        snprintf(out, OPTIONS_VALUE_MAX, "%s", o->value);
    } else if (o->choice) {
        size_t used = 0;
        for (int i = 0; o->names[i] && used < OPTIONS_VALUE_MAX; i++)
            used += (size_t)snprintf(out + used, OPTIONS_VALUE_MAX - used, "%s%s", i ? "|" : "",
                                     o->names[i]);
    } else if (!o->flag) {
        const char *name = o->integer   ? T("N")
                           : o->number  ? T("X")
                           : o->seconds ? T("TIME")
                           : o->bytes   ? T("AMOUNT")
                           : o->size    ? T("WxH")
                           : o->list    ? T("A,B,...")
                           : o->path    ? T("FILE")
                                        : T("TEXT");
        snprintf(out, OPTIONS_VALUE_MAX, "%s", name);
    }
}

/* The default as text; false when there is none worth showing. */
static bool show_default(const Option *o, char *out, size_t room)
{
    const char *text = o->text ? *o->text : o->path ? *o->path : NULL;
    if (o->size && o->size->width) {
        snprintf(out, room, "%dx%d", o->size->width, o->size->height);
        return true;
    }
    if (o->choice && *o->choice >= 0) {
        snprintf(out, room, "%s", o->names[*o->choice]);
        return true;
    }
    if (text && *text) {
        snprintf(out, room, "%s", text);
        return true;
    }
    if (!o->integer && !o->number && !o->seconds && !o->bytes) return false;
    double x = o->integer   ? (double)*o->integer
               : o->number  ? *o->number
               : o->seconds ? *o->seconds
                            : (double)*o->bytes;
    bool limited = o->min != 0 || o->max != 0;
    if (!isfinite(x) || (limited && x < o->min) || (x == 0 && (o->seconds || o->bytes)))
        return false; /* "not set": the command decides */
    show(o, x, out, room);
    return true;
}

void options_value_limits(const Option *o, char out[OPTIONS_VALUE_MAX])
{
    char range[96] = "", standard[128] = "";
    if (o->min != 0 || o->max != 0) {
        char min[32], max[32];
        show(o, o->min, min, sizeof min);
        show(o, o->max, max, sizeof max);
        snprintf(range, sizeof range, T("%s to %s"), min, max);
    }
    char value[100];
    if (show_default(o, value, sizeof value))
        snprintf(standard, sizeof standard, T("default %s"), value);
    snprintf(out, OPTIONS_VALUE_MAX, "%s%s%s", range, *range && *standard ? T(", ") : "", standard);
}
