/* Any bytes as a tokenizer: tokenizer.json when they begin with '{', else a spiece.model. What is
 * accepted encodes a text. */
#define _GNU_SOURCE
#include "model/tokenizer.h"

#include "fuzz_weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char text[] = "  A cat \xE7\x8C\xAB <pad> caf\xC3\xA9 \xEF\xBC\xA1\xEF\xBC\x81 "
                               "e\xCC\x81 \xFF </s> <0x41>";
    Arena *a = arena_new("fuzz", 0);
    Tokenizer *t;
    TokenizerIds ids;
    Slice s = { bytes, size };
    SoraStatus status = size && bytes[0] == '{' ? tokenizer_read_json(s, "fuzz", a, &t)
                                                : tokenizer_read_spiece(s, "fuzz", a, &t);
    if (status == SORA_OK) status = tokenizer_encode(t, text, sizeof text - 1, a, &ids);
    if (status != SORA_OK) refused(status);
    arena_free(a);
    return 0;
}
