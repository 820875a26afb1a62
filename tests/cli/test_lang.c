/* Every text of the program has its Chinese, with the same directives; the table has no others. */
#include "check.h"

#include <ctype.h>
#include <dirent.h>

#include "base/file.h"
#include "base/utf8.h"
#include "lang.h"

enum { TEXTS_MAX = 4000 };

typedef struct Texts {
    size_t count;
    char *text[TEXTS_MAX];
} Texts;

/* One C string literal at *s (a '"') onto `out`; leaves *s behind it. */
static char *take_literal(const char **s, char *out)
{
    const char *p = *s + 1;
    for (; *p && *p != '"'; p++) {
        if (*p != '\\') {
            *out++ = *p;
            continue;
        }
        p++;
        *out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p;
    }
    *s = p + 1;
    return out;
}

/* T("..." "...") and N("..."), also across lines. */
static void collect(const char *source, Texts *all)
{
    for (const char *s = source; *s; s++) {
        bool mark = (s[0] == 'T' || s[0] == 'N') && s[1] == '(' &&
                    (s == source || !(isalnum((unsigned char)s[-1]) || s[-1] == '_'));
        if (!mark) continue;
        const char *p = s + 2;
        char text[4096], *to = text;
        for (p += strspn(p, " \n"); *p == '"'; p += strspn(p, " \n")) to = take_literal(&p, to);
        *to = 0;
        if (to == text) continue;
        assert_true(all->count < TEXTS_MAX);
        all->text[all->count++] = strdup(text);
    }
}

static void collect_program(Texts *all)
{
    char folder[2048], path[4096];
    const char *root = getenv("SORA_SOURCE");
    snprintf(folder, sizeof folder, "%s/apps/sora", root ? root : ".");
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        bool table = strcmp(e->d_name, "cli.h") == 0;
        if (n < 3 || (strcmp(e->d_name + n - 2, ".c") != 0 && !table)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        Arena *a = arena_new("test", 0);
        Slice file;
        CHECK_OK(file_read(path, 1 << 22, a, &file));
        collect((const char *)file.bytes, all);
        arena_free(a);
    }
    closedir(d);
}

/* "%s %.3g" of "in %s about %.3g s", for comparing. */
static void directives(const char *text, char out[256])
{
    char *to = out;
    for (; *text; text++) {
        if (*text != '%') continue;
        if (text[1] == '%') {
            text++;
            continue;
        }
        size_t n = strspn(text + 1, "0123456789.*lzjt-+ #") + 2;
        memcpy(to, text, n);
        to += n;
        text += n - 1;
    }
    *to = 0;
}

static void check_directives(const LangPair *p)
{
    char en[256], zh[256];
    directives(p->en, en);
    directives(p->zh, zh);
    if (strcmp(en, zh) != 0) fail_msg("'%s' has %s, its Chinese has %s", p->en, en, zh);
    CHECK_OK(utf8_check(p->zh, strlen(p->zh)));
    size_t n = strlen(p->en), m = strlen(p->zh);
    if ((n && p->en[n - 1] == '\n') != (m && p->zh[m - 1] == '\n'))
        fail_msg("'%s' and its Chinese do not both end a line", p->en);
}

static void test_table(void **state)
{
    (void)state;
    Texts all = { 0 };
    collect_program(&all);
    assert_true(all.count > 40);
    size_t wrong = 0;
    for (size_t i = 0; i < all.count; i++) {
        bool found = false;
        for (const LangPair *p = lang_zh; p->en && !found; p++)
            found = strcmp(p->en, all.text[i]) == 0;
        if (!found) print_message("not in lang_zh.c: \"%s\"\n", all.text[i]), wrong++;
    }
    for (const LangPair *p = lang_zh; p->en; p++) {
        bool used = false;
        for (size_t i = 0; i < all.count && !used; i++) used = strcmp(p->en, all.text[i]) == 0;
        if (!used) print_message("in lang_zh.c and nowhere else: \"%s\"\n", p->en), wrong++;
        for (const LangPair *q = p + 1; q->en; q++)
            if (strcmp(p->en, q->en) == 0) print_message("twice: \"%s\"\n", p->en), wrong++;
        check_directives(p);
    }
    for (size_t i = 0; i < all.count; i++) free(all.text[i]);
    if (wrong) fail_msg("%zu texts are wrong", wrong);
}

static void test_sentences(void **state)
{
    (void)state;
    char room[1024];
    const char *en = "cannot open a.mp4: No such file or directory";
    assert_string_equal(lang_sentence(en, room, sizeof room), en);
    lang_use(true);
    assert_string_equal(lang_sentence(en, room, sizeof room), "找不到文件 a.mp4");
    assert_string_equal(lang_sentence("while reading x: b.mp4 is damaged or cut short at frame 7",
                                      room, sizeof room),
                        "读取 x 时：b.mp4 已损坏或不完整，问题在第 7 帧");
    assert_string_equal(lang_sentence("nobody translated this", room, sizeof room),
                        "nobody translated this");
    char tiny[8];
    lang_sentence(en, tiny, sizeof tiny);
    assert_true(strlen(tiny) < sizeof tiny);
    for (const LangPair *p = lang_zh_errors; p->en; p++) check_directives(p);
    lang_use(false);
}

/* `pattern` with "x" in its holes. */
static const char *filled(const char *pattern, char *out)
{
    char *to = out;
    for (const char *p = pattern; *p; p++) {
        bool hole = p[0] == '%' && p[1] == 's';
        *to++ = hole ? 'x' : *p;
        p += hole;
    }
    *to = 0;
    return out;
}

/* No pattern takes the sentences of one behind it. */
static void test_order(void **state)
{
    (void)state;
    char en[1024], zh[1024], room[1024];
    lang_use(true);
    for (const LangPair *p = lang_zh_errors; p->en; p++)
        assert_string_equal(lang_sentence(filled(p->en, en), room, sizeof room), filled(p->zh, zh));
    assert_string_equal(
        lang_sentence("cannot write beside a/b.mp4: Permission denied", room, sizeof room),
        "无法写入 a/b.mp4：没有权限");
    lang_use(false);
}

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(lang_columns("abc"), 3);
    assert_int_equal(lang_columns("一只企鹅"), 8);
    assert_int_equal(lang_columns("a中，"), 5);
    assert_int_equal(lang_columns("e\xcc\x81"), 1); /* e and a combining accent */
    assert_int_equal(lang_columns("\xff"), 1);
    assert_int_equal(lang_fit("一只企鹅", 5), 6); /* two characters of three bytes */
    assert_int_equal(lang_fit("abc", 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
