/* A video from a sentence: generate MODEL "PROMPT" OUT.mp4 [STEPS]
 * Shows progress, and stops cleanly at Ctrl-C.
 *     cc generate.c $(pkg-config --cflags --libs sora) -o generate */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <sora.h>

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
    (void)number;
    stop = 1;
}

static int on_step(void *self, int step, int steps, const SoraClip *preview)
{
    (void)self, (void)preview;
    fprintf(stderr, "\rstep %d of %d", step, steps);
    return stop;
}

static int fail(const char *what)
{
    fprintf(stderr, "\n%s: %s\n", what, sora_error());
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: generate MODEL PROMPT OUT [STEPS]\n");
        return 2;
    }
    signal(SIGINT, on_interrupt);

    SoraEngineOptions options;
    sora_engine_options_init(&options);
    options.model = argv[1];
    SoraEngine *engine;
    if (sora_engine_open(&options, &engine) != SORA_OK) return fail("opening the model");

    SoraShot shot;
    sora_shot_init(&shot);
    shot.prompt = argv[2];
    if (argc > 4) shot.steps = atoi(argv[4]);
    shot.progress = on_step;

    SoraClip *clip;
    SoraStatus status = sora_generate(engine, &shot, &clip);
    sora_engine_close(engine);
    if (status == SORA_CANCELLED) return 130;
    if (status != SORA_OK) return fail("generating");

    SoraWriteOptions write;
    sora_write_options_init(&write);
    write.overwrite = 1;
    write.comment = argv[2];
    status = sora_clip_write(clip, argv[3], &write);
    sora_clip_free(clip);
    if (status != SORA_OK) return fail("writing");
    fprintf(stderr, "\n%s\n", argv[3]);
    return 0;
}
