#include "media/letters.h"

#include <string.h>

#include "base/utf8.h"
#include "config.h"

#ifdef HAVE_TYPE
#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H

struct Letters {
    Arena *arena;
    const char *font;
    FT_Library library;
    FT_Face face;
};

static const char must_have[] = "aZ9狗貓龍龙體体，"; /* Latin, both scripts, full-width marks */

/* ---- finding a font -------------------------------------------------------------------- */

static bool has_all(const FcPattern *font)
{
    FcCharSet *set;
    if (FcPatternGetCharSet(font, FC_CHARSET, 0, &set) != FcResultMatch) return false;
    const char *end = must_have + sizeof must_have - 1;
    uint32_t c;
    for (const char *s = must_have; s < end; s += utf8_decode(s, end, &c)) {
        utf8_decode(s, end, &c);
        if (!FcCharSetHasChar(set, c)) return false;
    }
    return true;
}

/* The first of the fonts for Chinese, in Fontconfig's order, that has all; -1: there is none. */
static const char *first_font(const FcFontSet *set, int *index, Arena *a)
{
    for (int i = 0; i < set->nfont; i++) {
        FcChar8 *file;
        if (!has_all(set->fonts[i])) continue;
        if (FcPatternGetString(set->fonts[i], FC_FILE, 0, &file) != FcResultMatch) continue;
        if (FcPatternGetInteger(set->fonts[i], FC_INDEX, 0, index) != FcResultMatch) *index = 0;
        return arena_strdup(a, (const char *)file);
    }
    return NULL;
}

static SoraStatus find_font(Letters *l, int *index)
{
    FcConfig *config = FcInitLoadConfigAndFonts(); /* of its own: nothing global is kept */
    if (!config) return err_set(SORA_E_IO, "Fontconfig cannot read its configuration");
    FcPattern *want = FcNameParse((const FcChar8 *)"sans:lang=zh-cn:scalable=true");
    FcResult result;
    FcConfigSubstitute(config, want, FcMatchPattern);
    FcDefaultSubstitute(want);
    FcFontSet *set = FcFontSort(config, want, FcFalse, NULL, &result);
    l->font = set ? first_font(set, index, l->arena) : NULL;
    if (set) FcFontSetDestroy(set);
    FcPatternDestroy(want);
    FcConfigDestroy(config);
    if (l->font) return SORA_OK;
    return err_set(SORA_E_IO, "no font with Chinese characters is installed: "
                              "'apt install fonts-wqy-microhei' brings one");
}

static SoraStatus open_font(Letters *l, const char *font)
{
    int index = 0;
    if (font)
        l->font = arena_strdup(l->arena, font);
    else
        TRY(find_font(l, &index));
    if (FT_Init_FreeType(&l->library)) return err_set(SORA_E_MEMORY, "FreeType cannot be started");
    if (FT_New_Face(l->library, l->font, index, &l->face) || !FT_IS_SCALABLE(l->face))
        return err_set(SORA_E_FORMAT, "%s is no font that can be scaled", l->font);
    return SORA_OK;
}

SoraStatus letters_open(const char *font, Letters **out)
{
    Arena *a = arena_new("letters", 0);
    if (!a) return err_set(SORA_E_MEMORY, "no memory for letters");
    Letters *l = arena_zero(a, sizeof *l);
    l->arena = a;
    SoraStatus s = open_font(l, font);
    if (s == SORA_OK)
        *out = l;
    else
        letters_close(l);
    return s;
}

void letters_close(Letters *l)
{
    if (!l) return;
    if (l->face) FT_Done_Face(l->face);
    if (l->library) FT_Done_FreeType(l->library);
    arena_free(l->arena);
}

const char *letters_font(const Letters *l)
{
    return l->font;
}

/* ---- drawing --------------------------------------------------------------------------- */

SoraStatus letters_check(const Letters *l, const char *text)
{
    TRY(utf8_check(text, strlen(text)));
    const char *end = text + strlen(text);
    for (const char *s = text; s < end;) {
        uint32_t c;
        size_t n = utf8_decode(s, end, &c);
        if (!FT_Get_Char_Index(l->face, c))
            return err_set(SORA_E_FORMAT, "the font %s cannot draw '%.*s' (U+%04X)", l->font,
                           (int)n, s, c);
        s += n;
    }
    return SORA_OK;
}

typedef struct Pen {
    Clip *clip; /* NULL: only measured */
    size_t frame;
    const LettersPlace *at;
    int x;
} Pen;

static void put_glyph(const Pen *p, const FT_GlyphSlot g)
{
    const FT_Bitmap *b = &g->bitmap;
    uint8_t *frame = clip_frame(p->clip, p->frame);
    int left = p->x + g->bitmap_left, top = p->at->y - g->bitmap_top;
    for (int y = 0; y < (int)b->rows; y++)
        for (int x = 0; x < (int)b->width; x++) {
            int to_x = left + x, to_y = top + y;
            if (to_x < 0 || to_y < 0 || to_x >= (int)p->clip->width || to_y >= (int)p->clip->height)
                continue;
            uint8_t *pixel = frame + ((size_t)to_y * p->clip->width + (size_t)to_x) * 3;
            int cover = b->buffer[y * b->pitch + x];
            for (int k = 0; k < 3; k++)
                pixel[k] =
                    (uint8_t)((pixel[k] * (255 - cover) + p->at->rgb[k] * cover + 127) / 255);
        }
}

static SoraStatus walk(Letters *l, const char *text, int size, Pen *p)
{
    TRY(letters_check(l, text));
    if (size < 1 || size > 1000) return err_set(SORA_E_ARGUMENT, "letters of %d pixels", size);
    FT_Set_Pixel_Sizes(l->face, 0, (FT_UInt)size);
    const char *end = text + strlen(text);
    for (const char *s = text; s < end;) {
        uint32_t c;
        s += utf8_decode(s, end, &c);
        if (FT_Load_Char(l->face, c, p->clip ? FT_LOAD_RENDER : FT_LOAD_DEFAULT))
            return err_set(SORA_E_FORMAT, "the font %s is damaged at U+%04X", l->font, c);
        if (p->clip) put_glyph(p, l->face->glyph);
        p->x += (int)((l->face->glyph->advance.x + 32) >> 6);
    }
    return SORA_OK;
}

SoraStatus letters_width(Letters *l, const char *text, int size, int *out)
{
    Pen p = { .x = 0 };
    TRY(walk(l, text, size, &p));
    *out = p.x;
    return SORA_OK;
}

SoraStatus letters_draw(Letters *l, const char *text, const LettersPlace *at, Clip *clip, size_t f)
{
    Pen p = { clip, f, at, at->x };
    return walk(l, text, at->size, &p);
}

#else

static SoraStatus without(void)
{
    return err_set(SORA_E_UNSUPPORTED,
                   "this build has no FreeType and Fontconfig, so it cannot write text");
}

SoraStatus letters_open(const char *font, Letters **out)
{
    (void)font;
    *out = NULL;
    return without();
}

void letters_close(Letters *l)
{
    (void)l;
}

const char *letters_font(const Letters *l)
{
    (void)l;
    return "";
}

SoraStatus letters_check(const Letters *l, const char *text)
{
    (void)l, (void)text;
    return without();
}

SoraStatus letters_width(Letters *l, const char *text, int size, int *out)
{
    (void)l, (void)text, (void)size, (void)out;
    return without();
}

SoraStatus letters_draw(Letters *l, const char *text, const LettersPlace *at, Clip *clip, size_t f)
{
    (void)l, (void)text, (void)at, (void)clip, (void)f;
    return without();
}

#endif
