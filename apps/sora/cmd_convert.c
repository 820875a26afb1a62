/* sora convert IN OUT: weights in another kind of file or of other types, LoRA merged. */
#include <string.h>

#include "base/error.h"
#include "options.h"
#include "progress.h"

static void on_log(void *self, const char *line)
{
    char room[4096];
    progress_say(self, "%s", lang_sentence(line, room, sizeof room));
}

static int on_progress(void *self, double done, double total)
{
    Cli *cli = self;
    if (total > 1 && !cli->progress.what) progress_begin(cli, T("writing"), total / 1e6);
    if (total > 1) progress_at(cli, done / 1e6, "MB");
    return progress_cancelled();
}

SoraStatus cmd_convert(Cli *cli, int argc, char **argv)
{
    SoraConvertOptions o;
    OptionList lora = { 0 };
    bool overwrite = false, second = false;
    sora_convert_options_init(&o);
    const Option options[] = {
        { 't', "type",
          T("what matrices become: f32, bf16, f16; fp8, int8 (safetensors); q8_0, q6_k, q5_k, "
            "q4_k, q3_k, q2_k, q4_0, q4_1, q5_0, q5_1, iq4_nl (GGUF)"),
          .value = T("TYPE"), .text = &o.type },
        { 0, "lora", T("merge a LoRA: FILE or FILE:STRENGTH"), .value = "FILE[:0.8]",
          .list = &lora },
        { 0, "second-expert", T("the model is the second of two experts (low noise)"),
          .flag = &second },
        { 'y', "yes", T("write over an existing file"), .flag = &overwrite },
        { 0 },
    };
    TRY(options_parse(&(Usage){ .about = T("quantise weights, merge LoRA, turn safetensors, .pth "
                                           "and GGUF into safetensors or GGUF"),
                                .arguments = T("FROM TO"),
                                .arg_min = 2,
                                .arg_max = 2,
                                .options = options,
                                .examples =
                                    "sora convert wan2.1-t2v-1.3b/ wan-q8.gguf --type q8_0\n"
                                    "sora convert model.gguf merged.safetensors --lora "
                                    "style.safetensors:0.8\n" },
                      cli, argc, argv));
    o.lora = lora.item;
    o.lora_count = lora.count;
    o.overwrite = overwrite;
    o.second_expert = second;
    o.threads = cli->threads;
    o.log = on_log;
    o.log_self = cli;
    o.progress = on_progress;
    o.progress_self = cli;
    return sora_convert(cli->arg[0], cli->arg[1], &o);
}
