/* sora completion bash|zsh: a script made from the option tables of every command. */
#include <string.h>

#include "base/error.h"
#include "options.h"

/* Asks every command for its table instead of its work. */
static void describe_all(Describe how)
{
    for (const Command *c = cli_commands; c->name; c++) {
        Cli cli = { .command = c->name, .events = stdout, .describe = how };
        char *argv[] = { (char *)c->name, NULL };
        c->run(&cli, 1, argv);
    }
}

static void print_bash(void)
{
    printf("_sora() {\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local options=''\n    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (const Command *c = cli_commands; c->name; c++) printf("%s ", c->name);
    printf("' -- \"$cur\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    describe_all(DESCRIBE_BASH);
    printf("    esac\n    case $cur in\n"
           "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n    esac\n}\n"
           "complete -o filenames -F _sora sora\n");
}

static void print_zsh(void)
{
    printf("#compdef sora\nif (( CURRENT == 2 )); then\n    compadd --");
    for (const Command *c = cli_commands; c->name; c++) printf(" %s", c->name);
    printf("\nelse\n    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
           "    case $command in\n");
    describe_all(DESCRIBE_ZSH);
    printf("    esac\nfi\n");
}

SoraStatus cmd_completion(Cli *cli, int argc, char **argv)
{
    TRY(options_parse(
        &(Usage){ .about = T("print what bash or zsh needs to complete command lines"),
                  .arguments = "bash|zsh",
                  .arg_min = 1,
                  .arg_max = 1,
                  .examples = "sora completion bash > ~/.local/share/bash-completion/"
                              "completions/sora\n" },
        cli, argc, argv));
    if (strcmp(cli->arg[0], "bash") == 0) {
        print_bash();
    } else if (strcmp(cli->arg[0], "zsh") == 0) {
        print_zsh();
    } else {
        cli->usage_error = true;
        return err_set(SORA_E_ARGUMENT, T("the shell is '%s', it must be bash or zsh"),
                       cli->arg[0]);
    }
    return SORA_OK;
}
