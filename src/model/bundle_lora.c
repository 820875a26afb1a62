/* LoRA files of a Wan bundle. */
#include "model/bundle_wan.h"

/* Files in which two experts have keys of their own call the low-noise one the second. */
static LoraSpec *specs_for(const WanBundle *b, bool high, Arena *a)
{
    LoraSpec *s = arena_alloc(a, (b->lora_count + 1) * sizeof *s);
    for (size_t i = 0; i < b->lora_count; i++) {
        s[i] = b->lora[i];
        s[i].second = b->parts.high && !high;
    }
    return s;
}

static SoraStatus check(WanBundle *b, bool high, Arena *a,
                        void (*told)(void *self, const char *line), void *self)
{
    Weights *w;
    Lora *l;
    LoraReport report;
    TRY(weights_open(high ? b->parts.high : b->parts.transformer, a, &w));
    SoraStatus s = lora_open(specs_for(b, high, a), b->lora_count, w, &l, &report);
    for (size_t i = 0; s == SORA_OK && told && i < report.unmatched; i++)
        told(self, arena_printf(a, "the model has no %s, which a LoRA changes: left out",
                                report.unmatched_name[i]));
    if (s == SORA_OK) {
        size_t held, replaced;
        lora_bytes(l, &held, &replaced);
        if (held > b->lora_held) { /* one expert is in memory at a time */
            b->lora_held = held;
            b->lora_replaced = replaced;
        }
        lora_close(l);
    }
    weights_close(w);
    return s;
}

SoraStatus wan_bundle_lora(WanBundle *b, const LoraSpec *lora, size_t count, Arena *a,
                           void (*told)(void *self, const char *line), void *self)
{
    b->lora = lora;
    b->lora_count = count;
    if (!count) return SORA_OK;
    if (b->parts.high) TRY(check(b, true, a, told, self));
    return check(b, false, a, told, self);
}

SoraStatus wan_bundle_merge(const WanBundle *b, bool high, const Compute *c, bool exact, Weights *w)
{
    LoraReport report;
    Arena *a = arena_new("lora", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory left to merge LoRA files");
    SoraStatus s = lora_merge(specs_for(b, high, a), b->lora_count, c, exact, w, &report);
    arena_free(a);
    return s;
}
