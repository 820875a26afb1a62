/* Text in clips. */
#include "api/clip.h"
#include "api/version.h"
#include "media/letters.h"

enum { LETTERS_MIN = 6 };

void sora_label_init(SoraLabel *l)
{
    *l = (SoraLabel){ .size = sizeof *l, .text = "", .letters = 16 };
}

static SoraStatus draw(Letters *letters, const SoraLabel *theirs, Clip *clip, size_t f)
{
    SoraLabel l;
    int width;
    sora_label_init(&l);
    TRY(version_copy(&l, sizeof l, theirs, "SoraLabel"));
    LettersPlace at = { l.x, l.y, l.letters, { l.rgb[0], l.rgb[1], l.rgb[2] } };
    TRY(letters_width(letters, l.text, at.size, &width));
    while (l.width && width > l.width && at.size > LETTERS_MIN)
        TRY(letters_width(letters, l.text, --at.size, &width));
    if (l.width > width) at.x += (l.width - width) / 2;
    return letters_draw(letters, l.text, &at, clip, f);
}

SoraStatus sora_clip_label(SoraClip *clip, int f, const SoraLabel *labels, size_t count,
                           const char *font)
{
    Letters *letters;
    if (f < 0 || (size_t)f >= clip->clip.frames)
        return err_set(SORA_E_ARGUMENT, "there is no frame %d, the clip has %zu", f,
                       clip->clip.frames);
    TRY(letters_open(font, &letters));
    SoraStatus s = SORA_OK;
    for (size_t i = 0; i < count && s == SORA_OK; i++)
        s = draw(letters, &labels[i], &clip->clip, (size_t)f);
    letters_close(letters);
    return s;
}
