#include "progress.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

static volatile sig_atomic_t cancelled; /* all a signal handler may touch */

static void on_signal(int number)
{
    cancelled = 1;
    signal(number, SIG_DFL); /* the next one ends the program */
}

void progress_catch(void)
{
    struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that left is a failed write, which has a sentence */
}

bool progress_cancelled(void)
{
    return cancelled;
}

void progress_time(double seconds, char *out, size_t room)
{
    if (!(seconds >= 0) || seconds > 1e8) seconds = 0;
    long s = lround(seconds);
    if (s >= 3600)
        snprintf(out, room, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, room, "%ld:%02ld", s / 60, s % 60);
}

JsonWriter progress_event(Arena *a, const char *event)
{
    JsonWriter w = json_writer(a);
    json_begin(&w, NULL, '{');
    json_put_text(&w, "event", event);
    return w;
}

void progress_send(Cli *cli, JsonWriter *w)
{
    json_end(w, '}');
    fprintf(cli->events, "%s\n", w->text);
    fflush(cli->events); /* a program reads along */
}

/* ---- the bar ---- */

static size_t terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static double seconds_left(const Progress *p)
{
    double spent = clock_now_s() - p->begun_s;
    double gone = p->done - p->begun_done;
    return gone > 0 ? spent / gone * (p->total - p->done) : NAN;
}

static void print_left(const Progress *p, char *out, size_t room)
{
    char time[16];
    out[0] = 0;
    double left = seconds_left(p);
    if (!isfinite(left)) return;
    progress_time(left, time, sizeof time);
    snprintf(out, room, T("%s left"), time);
}

/* Of a share of the work one, of things that are counted none. */
static int decimals(double x)
{
    return x != rint(x);
}

static void draw_bar(const Progress *p)
{
    enum { CELLS = 24 };
    char bar[CELLS + 1], left[64], line[1024];
    double part = p->total > 0 ? fmin(1, fmax(0, p->done / p->total)) : 0;
    for (int i = 0; i < CELLS; i++) bar[i] = i < (int)(part * CELLS + 0.5) ? '#' : '.';
    bar[CELLS] = 0;
    print_left(p, left, sizeof left);
    snprintf(line, sizeof line, "%s [%s] %.*f/%.*f  %s  %s", p->what, bar, decimals(p->done),
             p->done, decimals(p->total), p->total, left, p->detail);
    size_t bytes = lang_fit(line, terminal_columns() - 1);
    fprintf(stderr, "\r%.*s\033[K", (int)bytes, line);
    fflush(stderr);
}

static void draw_line(const Progress *p)
{
    char left[64];
    print_left(p, left, sizeof left);
    fprintf(stderr, T("%s: %.*f/%.*f  %s  %s\n"), p->what, decimals(p->done), p->done,
            decimals(p->total), p->total, left, p->detail);
}

static void draw_event(Cli *cli)
{
    const Progress *p = &cli->progress;
    Arena *a = arena_new("event", 0);
    if (!a) return;
    JsonWriter w = progress_event(a, "progress");
    json_put_text(&w, "what", p->what);
    json_put_number(&w, "done", p->done);
    json_put_number(&w, "total", p->total);
    json_put_number(&w, "seconds_left", seconds_left(p));
    if (*p->detail) json_put_text(&w, "detail", p->detail);
    progress_send(cli, &w);
    arena_free(a);
}

static void draw(Cli *cli)
{
    cli->progress.shown_s = clock_now_s();
    cli->progress.shown_done = cli->progress.done;
    if (cli->json)
        draw_event(cli);
    else if (cli->progress.terminal)
        draw_bar(&cli->progress);
    else
        draw_line(&cli->progress);
}

static bool stderr_is_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

void progress_begin(Cli *cli, const char *what, double total)
{
    double now = clock_now_s();
    cli->progress = (Progress){ .what = what,
                                .total = total,
                                .begun_s = now,
                                .shown_s = now,
                                .shown_done = -1,
                                .terminal = stderr_is_terminal() };
    if (!cli->quiet && (cli->progress.terminal || cli->json)) draw(cli);
}

void progress_from(Cli *cli, double done)
{
    Progress *p = &cli->progress;
    p->done = p->begun_done = done;
    p->begun_s = clock_now_s();
}

void progress_at(Cli *cli, double done, const char *detail, ...)
{
    Progress *p = &cli->progress;
    p->done = done;
    va_list args;
    va_start(args, detail);
    vsnprintf(p->detail, sizeof p->detail, detail, args);
    va_end(args);
    if (cli->quiet || !p->what) return;
    double since = clock_now_s() - p->shown_s;
    if (since >= (p->terminal || cli->json ? 0.1 : 5.0)) draw(cli);
}

void progress_end(Cli *cli)
{
    Progress *p = &cli->progress;
    if (p->what && !cli->quiet && cli->json && p->shown_done != p->done) draw_event(cli);
    if (p->what && !cli->quiet && !cli->json) {
        char time[16];
        progress_time(clock_now_s() - p->begun_s, time, sizeof time);
        fprintf(stderr, "%s", p->terminal ? "\r\033[K" : "");
        fprintf(stderr, T("%s: %.*f of %.*f in %s  %s\n"), p->what, decimals(p->done), p->done,
                decimals(p->total), p->total, time, p->detail);
    }
    p->what = NULL;
}

void progress_say(Cli *cli, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (cli->json) {
        Arena *a = arena_new("note", 0);
        if (!a) return;
        JsonWriter w = progress_event(a, "note");
        json_put_text(&w, "text", text);
        progress_send(cli, &w);
        arena_free(a);
        return;
    }
    if (cli->quiet) return;
    bool bar = cli->progress.what && cli->progress.terminal;
    fprintf(stderr, "%s%s\n", bar ? "\r\033[K" : "", text);
    if (bar) draw_bar(&cli->progress);
}
