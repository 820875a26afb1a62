/* Frames in and out as plain bytes: frames IN OUT makes a video run backwards and darkens it.
 * Nothing but sora.h and the C library is needed. */
#include <stdio.h>
#include <string.h>

#include <sora.h>

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: frames IN OUT\n");
        return 2;
    }
    SoraClip *in, *out;
    if (sora_clip_read(argv[1], 0, 0, &in) != SORA_OK) {
        fprintf(stderr, "frames: %s\n", sora_error());
        return 1;
    }
    int frames = sora_clip_frames(in), height = sora_clip_height(in), width = sora_clip_width(in);
    if (sora_clip_new(frames, height, width, sora_clip_fps(in), &out) != SORA_OK) {
        fprintf(stderr, "frames: %s\n", sora_error());
        sora_clip_free(in);
        return 1;
    }
    for (int f = 0; f < frames; f++) {
        const unsigned char *from = sora_clip_pixels(in, frames - 1 - f);
        unsigned char *to = sora_clip_pixels(out, f);
        for (size_t i = 0; i < (size_t)height * (size_t)width * 3; i++) to[i] = from[i] / 2;
    }
    int failed = sora_clip_write(out, argv[2], NULL) != SORA_OK;
    if (failed) fprintf(stderr, "frames: %s\n", sora_error());
    sora_clip_free(in);
    sora_clip_free(out);
    return failed;
}
