/* A still that begins to move: still MODEL STILL.png "PROMPT" OUT.mp4
 * The picture is given as the first frame of the shot; the model makes the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sora.h>

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, sora_error());
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: still MODEL STILL PROMPT OUT\n");
        return 2;
    }
    SoraClip *still, *source, *made;
    if (sora_clip_read(argv[2], 0, 1, &still) != SORA_OK) return fail("reading");

    SoraShot shot;
    sora_shot_init(&shot);
    shot.prompt = argv[3];
    shot.frames = 9;
    shot.steps = 8;
    shot.height = sora_clip_height(still);
    shot.width = sora_clip_width(still);
    if (sora_clip_new(shot.frames, shot.height, shot.width, shot.fps, &source) != SORA_OK)
        return fail("a clip");
    memcpy(sora_clip_pixels(source, 0), sora_clip_pixels(still, 0),
           (size_t)shot.height * (size_t)shot.width * 3);
    sora_clip_free(still);
    unsigned char *given = calloc((size_t)shot.frames, 1);
    if (!given) return 1;
    given[0] = 1;
    shot.source = source;
    shot.given = given;

    SoraEngineOptions options;
    sora_engine_options_init(&options);
    options.model = argv[1];
    SoraEngine *engine;
    if (sora_engine_open(&options, &engine) != SORA_OK) return fail("opening the model");
    SoraStatus status = sora_generate(engine, &shot, &made);
    sora_engine_close(engine);
    sora_clip_free(source);
    free(given);
    if (status != SORA_OK) return fail("generating");
    status = sora_clip_write(made, argv[4], NULL);
    sora_clip_free(made);
    return status == SORA_OK ? 0 : fail("writing");
}
