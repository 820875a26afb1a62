/* The Wan video autoencoders: 2.1 (16 channels, pixels 8 x 8 x 4 to a latent) and 2.2 (48 channels,
 * 16 x 16 x 4), and smaller ones of the same make. Wan-Video/Wan2.1 wan/modules/vae.py,
 * Wan2.2 wan/modules/vae2_2.py; names may be the original ones or those of diffusers
 * (autoencoder_kl_wan.py). Both are causal in time: frames go through one by one, every layer
 * remembers the last ones it saw, and memory does not depend on how many there are. */
#ifndef MODEL_VAE_H
#define MODEL_VAE_H

#include "model/encoder.h"

typedef struct Vae Vae;

/* Means and standard deviations of the latents, by channel. */
typedef struct VaeStats {
    size_t count;
    const float *mean, *std;
} VaeStats;

/* What a diffusers config.json of the autoencoder says, in `a`; count 0: nothing. SORA_E_FORMAT
 * when it is damaged: lists of different lengths, a deviation that is not above 0. */
SoraStatus vae_read_stats(const char *path, Arena *a, VaeStats *out);

bool vae_fits(const EncoderFile *f);

/* `stats` NULL or empty: those of the published models, which have 16 and 48 channels. */
SoraStatus vae_load(const EncoderFile *f, const VaeStats *stats, Vae **out);

typedef struct VaeInfo {
    const char *family;    /* "wan2.1" or "wan2.2" */
    size_t channels;       /* of a latent */
    size_t time, space;    /* frames and pixels (on a side) to a latent: 4, 8 or 16 */
    bool encodes, decodes; /* a file may hold one half only */
} VaeInfo;

const VaeInfo *vae_info(const Vae *v);

/* 1, 5, 9 ... frames are 1, 2, 3 ... latent frames; in between, rounded up. */
size_t vae_latent_frames(const Vae *v, size_t frames);
size_t vae_frames(const Vae *v, size_t latent_frames);

/* What a caller may want to see on the way: the output [height, width, channels] of a named part
 * for one frame. Names are the original ones (decoder.upsamples.3). Tiles come one by one. */
typedef void (*VaeTraceFn)(void *self, const char *name, size_t frame, const float *data,
                           const size_t size[3]);

typedef struct VaeRun {
    const Compute *compute;
    GemmPrecision precision;
    Arena *step; /* working memory, given back */
    size_t tile; /* 0: whole frames. Else pictures are worked on in squares of about so many
                    pixels, one after the other, with all the pixels around that they depend on:
                    the numbers are those of whole frames. Saves the memory of layers at full
                    size; costs a second look at the borders, and memory for the result, which
                    then is complete only at the end */
    bool raw;    /* decode: pixels as they come, not cut to [-1, 1] */
    VaeTraceFn trace;
    void *trace_self;
} VaeRun;

/* Frames in and out are [height, width, 3], RGB in [-1, 1]. Latents are [channels, frames, height,
 * width], normalised: (mu - mean) / std. SORA_E_NUMBER names the part and the frame where a number
 * was not finite. What the callbacks return that is not SORA_OK stops. */

/* Fills `rgb` with a frame; they are asked for in order, with tiles more than once. */
typedef SoraStatus (*VaeReadFn)(void *self, size_t frame, float *rgb);

/* Every frame in order, as soon as it is there; valid during the call. */
typedef SoraStatus (*VaeWriteFn)(void *self, size_t frame, const float *rgb);

/* size: frames (1 and a multiple of info.time), height and width (multiples of info.space).
 * mu: the same before normalisation, or NULL. */
SoraStatus vae_encode(const Vae *v, const VaeRun *run, const size_t size[3], VaeReadFn read,
                      void *self, float *z, float *mu);

/* size: latent frames, height and width of a latent frame. */
SoraStatus vae_decode(const Vae *v, const VaeRun *run, const size_t size[3], const float *z,
                      VaeWriteFn write, void *self);

/* The most bytes of run->step that these take, found by going through all steps without doing
 * them. */
SoraStatus vae_encode_bytes(const Vae *v, const VaeRun *run, const size_t size[3], size_t *bytes);
SoraStatus vae_decode_bytes(const Vae *v, const VaeRun *run, const size_t size[3], size_t *bytes);

/* ---- latents in files (vae_latents.c) ---- */

/* What was generated and not decoded yet. */
typedef struct VaeLatents {
    const char *family; /* as VaeInfo's */
    size_t size[4];     /* channels, frames, height, width */
    const float *z;
    size_t frames, height, width; /* pixels that are wanted: the rest is cut off; 0: all */
    double fps;                   /* 0: unknown */
    const char *note;             /* what they are of, for people; "" or NULL: nothing */
} VaeLatents;

/* A safetensors file, complete or not there. */
SoraStatus vae_save_latents(const char *path, const VaeLatents *x);

/* Everything in `a`. SORA_E_FORMAT says what is wrong with it. */
SoraStatus vae_load_latents(const char *path, Arena *a, VaeLatents *out);

/* Can v decode them? SORA_E_ARGUMENT says why not. */
SoraStatus vae_check_latents(const Vae *v, const VaeLatents *x);

#endif
