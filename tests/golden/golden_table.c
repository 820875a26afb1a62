/* Tables: which steps the high-noise expert takes, and the sizes that follow from a picture. */
#include <string.h>

#include "golden_kinds.h"

#include "diffusion/schedule.h"
#include "pipeline/wan_size.h"

enum { TABLE_MAX = 1 << 20, SPACE = 8, MULTIPLE = 32 };

static double number(const Json *x, const char *key)
{
    const Json *n = json_get(x, key);
    return n ? n->number : 0;
}

static SoraStatus check_switch(Golden *g, const Json *row)
{
    Schedule s;
    const Json *times = json_get(row, "timesteps");
    TRY(schedule_grid(GRID_UNIPC, (size_t)number(row, "steps"), number(row, "shift"), 1, g->a, &s));
    size_t high = 0;
    for (size_t i = 0; i < s.steps; i++) {
        high += s.timestep[i] >= 1000 * number(row, "boundary");
        golden_expect(g, times && i < times->count && s.timestep[i] == times->item[i].number,
                      "%zu steps, shift %g: timestep %zu is %g", s.steps, number(row, "shift"), i,
                      s.timestep[i]);
    }
    golden_expect(g, (double)high == number(row, "high_noise_steps"),
                  "%zu steps, shift %g: %zu are of the high-noise expert", s.steps,
                  number(row, "shift"), high);
    return SORA_OK;
}

/* "i2v_area399360" -> 399360 */
static size_t area_of(const char *key)
{
    size_t area = 0;
    const char *at = strstr(key, "area");
    for (at = at ? at + 4 : ""; *at >= '0' && *at <= '9'; at++)
        area = area * 10 + (size_t)(*at - '0');
    return area;
}

static void check_size(Golden *g, const Json *want, WanSize picture)
{
    bool wanted = want->kind == JSON_IS_OBJECT, ti2v = strncmp(want->key, "ti2v", 4) == 0;
    WanCrop c = { 0 };
    bool made = ti2v ? wan_size_ti2v(picture, area_of(want->key), MULTIPLE, &c)
                     : wan_size_i2v(picture, area_of(want->key), SPACE, &c.size);
    golden_expect(g, made == wanted, "%zux%zu %s: %s", picture.width, picture.height, want->key,
                  made ? "has a size" : "has none");
    if (!made || !wanted) return;
    bool same =
        (double)c.size.width == number(want, "w") && (double)c.size.height == number(want, "h");
    if (ti2v)
        same = same && (double)c.resized.width == number(want, "resized_w") &&
               (double)c.resized.height == number(want, "resized_h") &&
               (double)c.x == number(want, "crop_x") && (double)c.y == number(want, "crop_y");
    golden_expect(g, same, "%zux%zu %s: %zux%zu of %zux%zu at %zu,%zu", picture.width,
                  picture.height, want->key, c.size.width, c.size.height, c.resized.width,
                  c.resized.height, c.x, c.y);
}

static SoraStatus run(Golden *g)
{
    Slice text;
    const Json *root;
    const char *file = json_text(g->spec, "file");
    if (!file) return err_set(SORA_E_FORMAT, "the case names no file");
    TRY(file_read(golden_path(g, file), TABLE_MAX, g->a, &text));
    TRY(json_parse((const char *)text.bytes, text.size, file, g->a, &root));
    for (size_t i = 0; i < root->count; i++) {
        const Json *row = &root->item[i];
        if (json_get(row, "high_noise_steps")) {
            TRY(check_switch(g, row));
            continue;
        }
        WanSize picture = { (size_t)number(row, "image_w"), (size_t)number(row, "image_h") };
        if (!picture.width || !picture.height)
            return err_set(SORA_E_UNSUPPORTED, "%s: row %zu is of an unknown kind", file, i);
        for (size_t k = 0; k < row->count; k++)
            if (strstr(row->item[k].key, "_area")) check_size(g, &row->item[k], picture);
    }
    return SORA_OK;
}

const GoldenKind golden_table = { "table", run, false, false };
