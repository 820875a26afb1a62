#include "options_help.h"

#include <string.h>

#include "options_value.h"

enum { LEFT = 30, RIGHT = 96 };

/* Bytes of the next piece that must stay on one line: a wide character, or a word; spaces before
 * it are counted in *spaces. */
static size_t piece(const char *s, size_t *spaces)
{
    *spaces = strspn(s, " ");
    s += *spaces;
    size_t n = 0;
    while (s[n] && s[n] != ' ') {
        size_t one = lang_fit(s + n, 1), two = lang_fit(s + n, 2);
        if (one == 0) return n ? n : two; /* a wide character: alone, or ends the word */
        n++;
        while (((unsigned char)s[n] & 0xc0) == 0x80) n++;
    }
    return n;
}

/* Punctuation that must not begin a line. */
static bool clings(const char *s)
{
    static const char *const marks[] = {
        "。", "，", "、", "；", "：", "）", "！", "？", "”", NULL
    };
    for (size_t i = 0; marks[i]; i++)
        if (strncmp(s, marks[i], strlen(marks[i])) == 0) return true;
    return false;
}

void options_help_wrap(const char *text, size_t at, size_t left, size_t right)
{
    bool begun = false;
    if (at > left) {
        printf("\n");
        at = 0;
    }
    if (at < left) printf("%*s", (int)(left - at), "");
    at = left;
    while (*text) {
        size_t spaces, n = piece(text, &spaces);
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)n, text + spaces);
        size_t width = lang_columns(word);
        if (begun && at + spaces + width > right && !clings(word)) {
            printf("\n%*s", (int)left, "");
            at = left;
            spaces = 0;
            text += strspn(text, " ");
        } else {
            text += spaces;
        }
        printf("%*s%.*s", (int)spaces, "", (int)n, text);
        at += spaces + width;
        text += n;
        begun = true;
    }
    printf("\n");
}

static void show_option(const Option *o)
{
    char value[OPTIONS_VALUE_MAX], limits[OPTIONS_VALUE_MAX], head[2 * OPTIONS_VALUE_MAX],
        text[1024];
    options_value_name(o, value);
    options_value_limits(o, limits);
    char letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(head, sizeof head, "  %s--%s%s%s", letter, o->name, *value ? " " : "", value);
    if (*limits)
        snprintf(text, sizeof text, T("%s (%s)"), o->help, limits);
    else
        snprintf(text, sizeof text, "%s", o->help);
    printf("%s", head);
    size_t columns = lang_columns(head);
    options_help_wrap(text, columns + 2 > LEFT ? LEFT + 1 : columns, LEFT, RIGHT);
}

static void show_options(const Option *o)
{
    for (; o && (o->name || o->group); o++) {
        if (o->name)
            show_option(o);
        else
            printf("\n%s\n", o->group);
    }
}

static void show_examples(const char *examples)
{
    for (const char *line = examples; *line;) {
        size_t n = strcspn(line, "\n");
        printf("  %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

void options_help_show(const Usage *u, const Option *shared, const Cli *cli)
{
    printf(T("usage: sora %s [options]%s%s\n"), cli->command, u->arguments ? " " : "",
           u->arguments ? u->arguments : "");
    options_help_wrap(u->about, 0, 2, RIGHT);
    if (u->options && u->options->name) printf("\n%s\n", T("Options"));
    show_options(u->options);
    printf("\n%s\n", T("Every command"));
    show_options(shared);
    if (!u->examples) return;
    printf("\n%s\n", T("Examples"));
    show_examples(u->examples);
}

/* ---- for shells and man ---- */

/* One arm of the completion's `case`: what may follow an option, and the options. */
static void bash_values(const Option *o)
{
    for (; o && (o->name || o->group); o++) {
        if (!o->name || o->flag) continue;
        printf("        --%s%s%c) ", o->name, o->letter ? "|-" : "", o->letter ? o->letter : ' ');
        if (o->path) printf("COMPREPLY=($(compgen -f -- \"$cur\")); ");
        if (o->choice) {
            printf("COMPREPLY=($(compgen -W '");
            for (size_t i = 0; o->names[i]; i++) printf("%s%s", i ? " " : "", o->names[i]);
            printf("' -- \"$cur\")); ");
        }
        printf("return ;;\n");
    }
}

static void bash_names(const Option *o)
{
    for (; o && (o->name || o->group); o++)
        if (o->name) printf(" --%s", o->name);
}

static void describe_bash(const Usage *u, const Option *shared, const Cli *cli)
{
    printf("    %s)\n        case $prev in\n", cli->command);
    bash_values(u->options);
    bash_values(shared);
    printf("        esac\n        options='");
    bash_names(u->options);
    bash_names(shared);
    printf("' ;;\n");
}

/* '[', ']', ':' and quotes mean something to _arguments. */
static void print_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) putchar('\\');
        if (*text == '\'')
            printf("'\\''");
        else
            putchar(*text);
    }
}

static void zsh_options(const Option *o)
{
    for (; o && (o->name || o->group); o++) {
        if (!o->name) continue;
        printf("        '--%s[", o->name);
        print_zsh_text(o->help);
        printf("]");
        if (o->path) printf(":file:_files");
        if (o->choice) {
            printf(":value:(");
            for (size_t i = 0; o->names[i]; i++) printf("%s%s", i ? " " : "", o->names[i]);
            printf(")");
        }
        if (!o->path && !o->choice && !o->flag) printf(":value: ");
        printf("' \\\n");
    }
}

static void describe_zsh(const Usage *u, const Option *shared, const Cli *cli)
{
    printf("    %s) _arguments \\\n", cli->command);
    zsh_options(u->options);
    zsh_options(shared);
    printf("        '*:file:_files' ;;\n");
}

/* In roff a backslash begins a command, and so does a point at the start of a line. */
static void print_roff(const char *text)
{
    if (*text == '.' || *text == '\'') printf("\\&");
    for (; *text; text++) {
        if (*text == '\\')
            printf("\\e");
        else if (*text == '-')
            printf("\\-");
        else
            putchar(*text);
    }
}

static void describe_man(const Option *o)
{
    for (; o && (o->name || o->group); o++) {
        if (!o->name) {
            printf(".PP\n.I ");
            print_roff(o->group);
            printf("\n");
            continue;
        }
        char value[OPTIONS_VALUE_MAX], limits[OPTIONS_VALUE_MAX];
        options_value_name(o, value);
        options_value_limits(o, limits);
        printf(".TP\n.B ");
        if (o->letter) printf("\\-%c, ", o->letter);
        printf("\\-\\-");
        print_roff(o->name);
        if (*value) printf(" \\fI%s\\fR", value);
        printf("\n");
        print_roff(o->help);
        if (*limits) printf(" (%s)", limits);
        printf("\n");
    }
}

static void describe_man_command(const Usage *u, const Cli *cli)
{
    printf(".SS sora %s [options]%s%s\n", cli->command, u->arguments ? " " : "",
           u->arguments ? u->arguments : "");
    print_roff(u->about);
    printf("\n");
    describe_man(u->options);
    if (!u->examples) return;
    printf(".PP\n.nf\n.RS\n");
    for (const char *line = u->examples; *line;) {
        char text[1024];
        size_t n = strcspn(line, "\n");
        snprintf(text, sizeof text, "%.*s", (int)n, line);
        print_roff(text);
        printf("\n");
        line += n + (line[n] == '\n');
    }
    printf(".RE\n.fi\n");
}

void options_help_describe(const Usage *usage, const Option *shared, const Cli *cli)
{
    switch (cli->describe) {
    case DESCRIBE_BASH: describe_bash(usage, shared, cli); break;
    case DESCRIBE_ZSH: describe_zsh(usage, shared, cli); break;
    case DESCRIBE_MAN: describe_man_command(usage, cli); break;
    case DESCRIBE_NOT: break;
    }
}
