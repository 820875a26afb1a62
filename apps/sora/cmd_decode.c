/* sora decode LATENTS: what generate --latents saved, to a video. */
#include "base/error.h"
#include "cli.h"
#include "options.h"
#include "progress.h"

SoraStatus cmd_decode(Cli *cli, int argc, char **argv)
{
    const char *vae = NULL, *output = "out.mp4";
    bool yes = false;
    SoraClip *clip;
    const Option options[] = {
        { 0, "vae", T("the autoencoder's file, or a model's folder"), .path = &vae },
        { 'o', "output", T("where the video goes: .mp4 .webm .gif .webp .png .y4m or a folder/"),
          .path = &output },
        { 'y', "yes", T("write over an existing file"), .flag = &yes },
        { 0 },
    };
    TRY(options_parse(
        &(Usage){ .about = T("turn a saved latent into a video"),
                  .arguments = T("LATENTS"),
                  .arg_min = 1,
                  .arg_max = 1,
                  .options = options,
                  .examples = "sora decode fox.safetensors --vae wan2.1-1.3b/ -o fox.mp4\n" },
        cli, argc, argv));
    if (!vae)
        return err_set(SORA_E_ARGUMENT,
                       T("--vae is missing: name the autoencoder's file, or a model's folder"));
    TRY(sora_decode(cli->arg[0], vae, cli->threads, &clip));
    SoraWriteOptions o;
    sora_write_options_init(&o);
    o.overwrite = yes;
    SoraStatus s = sora_clip_write(clip, output, &o);
    sora_clip_free(clip);
    if (s == SORA_OK) progress_say(cli, "%s", output);
    return s;
}
