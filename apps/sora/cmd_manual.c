/* sora manual: the man page, made from the option tables of every command. */
#include "base/error.h"
#include "config.h"
#include "options.h"

static void print_head(void)
{
    printf(".TH SORA 1 \"\" \"sora %s\"\n.SH %s\nsora \\- %s\n.SH %s\n.B sora\n%s\n.SH %s\n",
           SORA_VERSION, T("NAME"), T("videos from words, made on this computer"), T("SYNOPSIS"),
           T("COMMAND [options] ..."), T("COMMANDS"));
}

static void print_tail(void)
{
    printf(".SH %s\n", T("EXIT STATUS"));
    printf(".TP\n0\n%s\n.TP\n1\n%s\n.TP\n2\n%s\n.TP\n130\n%s\n", T("all went well"),
           T("it could not be done; one sentence on standard error says why"),
           T("the command line is wrong"), T("stopped with Ctrl\\-C; nothing half done is left"));
    printf(".SH %s\n.TP\nLC_ALL, LC_MESSAGES, LANG\n%s\n.TP\nSORA_CPU\n%s\n", T("ENVIRONMENT"),
           T("the first that is set decides the language: zh* is Chinese, all else English"),
           T("the instructions to use at most: ref, avx2, avx512, amx"));
}

SoraStatus cmd_manual(Cli *cli, int argc, char **argv)
{
    TRY(options_parse(
        &(Usage){ .about = T("print the man page"), .examples = "sora manual | man -l -\n" }, cli,
        argc, argv));
    print_head();
    for (const Command *c = cli_commands; c->name; c++) {
        Cli one = { .command = c->name, .events = stdout, .describe = DESCRIBE_MAN };
        char *name[] = { (char *)c->name, NULL };
        c->run(&one, 1, name);
    }
    print_tail();
    return SORA_OK;
}
