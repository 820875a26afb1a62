/* The shipped text encoder: prompts a second, from words to states, as training asks for them. */
#include "bench.h"

#include <stdio.h>

#include "model/text_encoder.h"

enum { PROMPTS = 64, TOKENS = 31 };
static const char PATH[] = "models/default/text.safetensors";
/* 31 tokens with "query: " and the two that begin and end a text. */
static const char PROMPT[] = "A brown dog runs from left to right over a green meadow beside the "
                             "river while the camera follows slowly in the evening";

typedef struct Encoding {
    const Compute *c;
    TextEncoder *encoder;
    Arena *step, *out;
    const char *prompt[PROMPTS];
    SoraStatus status;
    size_t tokens;
} Encoding;

static void encode(void *ctx)
{
    Encoding *e = ctx;
    ArenaMark mark = arena_mark(e->out);
    TextStates states;
    e->status = text_encode(e->encoder, e->c, e->prompt, PROMPTS, e->step, e->out, &states);
    if (e->status == SORA_OK) e->tokens = states.start[PROMPTS];
    arena_rewind(e->out, mark);
}

static SoraStatus run(Bench *b)
{
    Arena *weights = arena_new("weights", 0);
    Encoding e = { .c = b->compute, .step = arena_new("step", 0), .out = arena_new("out", 0) };
    for (int i = 0; i < PROMPTS; i++) e.prompt[i] = PROMPT;
    SoraStatus status = text_encoder_open(PATH, b->compute, weights, &e.encoder);
    if (status == SORA_OK) {
        encode(&e);
        status = e.status;
    }
    if (status == SORA_OK) {
        char name[64];
        snprintf(name, sizeof name, "%d prompts, %zu tokens", PROMPTS, e.tokens);
        double layers = 12.0 * (2 * 384 * 384 * 12 + 4 * 384 * TOKENS) * (double)e.tokens;
        BenchShape shape = {
            .group = "text", .name = name, .operations = layers, .peak = BENCH_PEAK_BF16
        };
        bench_compare(b, &shape, &(BenchContestant){ "sora", encode, NULL, &e }, 1);
    }
    text_encoder_close(e.encoder);
    arena_free(e.out);
    arena_free(e.step);
    arena_free(weights);
    return status;
}

const BenchGroup bench_text = { "text", "the shipped text encoder, 64 prompts at a time", run };
