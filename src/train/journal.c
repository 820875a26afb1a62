#include "train/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "train/events.h"

enum { EVENTS_EVERY = 10 }; /* steps: curves need no more points, and files stay small */

struct Journal {
    FILE *csv;
    Events *events;
    char dir[3072], path[4096];
    double loss; /* summed since the last event */
    size_t summed;
};

static const char head[] = "step,examples,seconds,loss,norm,rate\n";

/* Rewrites a table without the rows of steps after `step`. */
static SoraStatus cut_rows(const char *path, uint64_t step)
{
    enum { CSV_MAX = 1 << 30 };
    Slice old;
    Arena *a = arena_new("log", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for the log");
    SoraStatus s = file_read(path, CSV_MAX, a, &old);
    const char *text = (const char *)old.bytes, *end = s == SORA_OK ? text + old.size : NULL;
    const char *row = text;
    while (s == SORA_OK && row < end) {
        const char *next = memchr(row, '\n', (size_t)(end - row));
        bool number = *row >= '0' && *row <= '9';
        if (!next || (number && strtoull(row, NULL, 10) > step)) break;
        row = next + 1;
    }
    if (s == SORA_OK && row < end) s = file_write(path, text, (size_t)(row - text));
    arena_free(a);
    return s;
}

/* Opens a table to add rows to; a new one starts with `first_line`. */
static SoraStatus open_table(const char *path, const char *first_line, FILE **out)
{
    bool old = file_exists(path);
    *out = fopen(path, "a");
    if (!*out) return err_set(SORA_E_IO, "cannot write %s: %s", path, strerror(errno));
    if (!old) fputs(first_line, *out);
    return SORA_OK;
}

SoraStatus journal_open(const char *dir, uint64_t step, Journal **out)
{
    Journal *j = calloc(1, sizeof *j);
    if (!j) return err_set(SORA_E_MEMORY, "no memory for the log");
    snprintf(j->dir, sizeof j->dir, "%s", dir);
    snprintf(j->path, sizeof j->path, "%s/log.csv", dir);
    SoraStatus s = file_exists(j->path) ? cut_rows(j->path, step) : SORA_OK;
    if (s == SORA_OK) s = open_table(j->path, head, &j->csv);
    if (s == SORA_OK) s = events_open(dir, &j->events);
    if (s == SORA_OK)
        *out = j;
    else
        journal_close(j);
    return s;
}

void journal_step(Journal *j, const RunState *run, const StepReport *r)
{
    fprintf(j->csv, "%" PRIu64 ",%" PRIu64 ",%.2f,%.6g,%.4g,%.4g\n", run->step, run->examples,
            run->seconds, (double)r->loss, (double)r->norm, (double)r->rate);
    j->loss += (double)r->loss;
    if (++j->summed < EVENTS_EVERY) return;
    events_number(j->events, "loss", run->step, (float)(j->loss / (double)j->summed));
    events_number(j->events, "norm", run->step, r->norm);
    events_number(j->events, "rate", run->step, r->rate);
    j->loss = 0;
    j->summed = 0;
}

SoraStatus journal_number(Journal *j, const char *tag, const RunState *run, float value)
{
    char path[sizeof j->dir + 64], line[64];
    FILE *f;
    events_number(j->events, tag, run->step, value);
    snprintf(path, sizeof path, "%s/%.40s.csv", j->dir, tag);
    snprintf(line, sizeof line, "step,examples,seconds,%.20s\n", tag);
    if (file_exists(path)) TRY(cut_rows(path, run->step));
    TRY(open_table(path, line, &f));
    fprintf(f, "%" PRIu64 ",%" PRIu64 ",%.2f,%.6g\n", run->step, run->examples, run->seconds,
            (double)value);
    if (fclose(f) != 0) return err_set(SORA_E_IO, "cannot write %s: %s", path, strerror(errno));
    return SORA_OK;
}

void journal_picture(Journal *j, const char *tag, uint64_t step, size_t height, size_t width,
                     Slice png)
{
    events_picture(j->events, tag, step, height, width, png);
}

SoraStatus journal_flush(Journal *j)
{
    if (fflush(j->csv) != 0 || ferror(j->csv))
        return err_set(SORA_E_IO, "cannot write %s: %s", j->path, strerror(errno));
    return SORA_OK;
}

SoraStatus journal_close(Journal *j)
{
    if (!j) return SORA_OK;
    SoraStatus s = events_close(j->events);
    if (j->csv && fclose(j->csv) != 0)
        s = err_set(SORA_E_IO, "cannot write %s: %s", j->path, strerror(errno));
    free(j);
    return s;
}
