/* What a command tells while it works: a bar with the time left on a terminal, plain lines
 * elsewhere, one JSON object a line with --json, nothing with --quiet. People's lines go to
 * stderr, so that stdout is free for results. */
#ifndef SORA_PROGRESS_H
#define SORA_PROGRESS_H

#include "base/json.h"
#include "cli.h"

/* Starts to show a piece of work of `total` units (steps, clips, seconds), one at a time. `what`
 * is in the user's language and must outlive it. */
void progress_begin(Cli *cli, const char *what, double total);

/* `done` of total was there before: the time left is judged by what follows from now on. */
void progress_from(Cli *cli, double done);

/* `done` of total; `detail` (printf) is shown behind it, "" for none. Cheap: draws at most ten
 * times a second, and prints plain lines at most every five seconds. */
void progress_at(Cli *cli, double done, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* Closes it with one last line, which says how long it took. Nothing when none was begun. */
void progress_end(Cli *cli);

/* A line for people; with --json {"event":"note","text":...}. No '\n' at the end. */
void progress_say(Cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An event for programs, only with --json: fill the writer and send it.
 *     if (cli->json) {
 *         JsonWriter w = progress_event(arena, "plan");
 *         json_put_integer(&w, "tokens", n);
 *         progress_send(cli, &w);
 *     } */
JsonWriter progress_event(Arena *a, const char *event);
void progress_send(Cli *cli, JsonWriter *w);

/* "1:05", "2:03:10"; `room` of 16 is enough. */
void progress_time(double seconds, char *out, size_t room);

/* After progress_catch, the first Ctrl-C (or SIGTERM) only makes progress_cancelled true: pass it
 * on as the library's cancel callback. The second one ends the program. */
void progress_catch(void);
bool progress_cancelled(void);

#endif
