/* The commands that make video, on a model of two steps: files, notes, refusals, exit codes. */
#include "shell.h"

static char folder[] = "/tmp/sora-make-XXXXXX";

/* Runs a line of shell in the folder with $S, the program, and $M, the options of the model. */
static int run(const char *line)
{
    char command[8192];
    snprintf(
        command, sizeof command,
        "{ cd %s; export LC_ALL=C SORA_MODELS='%s/models' S='%s' M='-m run --steps 2'; %s; } 2>&1",
        folder, getenv("SORA_SOURCE"), getenv("SORA_PROGRAM"), line);
    return shell_run(command);
}

static void check_run(const char *line, int code, const char *words)
{
    shell_expect(line, run(line), code, words);
}

static int setup(void **state)
{
    (void)state;
    char command[1024];
    if (!mkdtemp(folder)) return -1;
    snprintf(command, sizeof command,
             "mkdir %s/data && cp '%s/media/three.gif' %s/data/clip.gif && cp %s/data/clip.gif "
             "%s/clip.gif && echo 'three colours' >%s/data/clip.txt",
             folder, getenv("SORA_TEST_DATA"), folder, folder, folder, folder);
    return system(command);
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void test_train(void **state)
{
    (void)state;
    check_run("$S train run --data data --sizes 16x16,16x16x5@10 --steps 2 --batch-tokens 32 "
              "--width 32 --heads 2 --layers 2 --hidden 32 --sample-every 0 --validate-every 0",
              0, "saved: run/model.safetensors");
    check_run("$S train none --resume", 1, "there is no run in none");
    check_run("$S train run --data data --fresh", 1, "holds a run already");
    check_run("cp data/clip.gif data/alone.gif; $S train other --data data --sizes 16x16 --check",
              0, "alone.gif has no caption");
    check_run("$S train other --data data --sizes 16x16 --check --json", 0,
              "{\"event\":\"check\",\"training\":");
}

static void test_generate(void **state)
{
    (void)state;
    check_run("$S generate 'three colours' $M --frames 6 --size 64x48 --seed 3 -o a.mp4", 0,
              "plan: 64x48, 6 frames at 24 a second");
    check_run("$S info a.mp4", 0, "made_by: machine");
    check_run("$S generate --like a.mp4 -o b.mp4 -q && cmp a.mp4 b.mp4 && echo same", 0, "same");
    check_run("$S generate night $M --frames 6 --size 64x48 --seed 3 --cfg-min 0.4 --slg-scale 3 "
              "--skip-layers 0 --skip-layer-end 0.5 -q -o c.mp4 && $S generate --like c.mp4 -q -o "
              "d.mp4 && cmp c.mp4 d.mp4 && echo same",
              0, "same");
    check_run(
        "$S generate --like c.mp4 --slg-scale 0 -q -o e.mp4; cmp -s c.mp4 e.mp4 || echo other", 0,
        "other");
    check_run("$S generate night $M --skip-layers 9 -o f.mp4", 1, "no layer 9 to skip");
    check_run("$S generate night $M --skip-layers a -o f.mp4", 1, "\"a\" is no number of a layer");
    check_run("rm c.mp4", 0, "");
    check_run("$S generate night $M -o a.mp4", 1, "a.mp4 exists already");
    check_run("$S generate night $M -o a.what", 1, "the name must end in");
    check_run("$S generate '  ' $M -o c.mp4", 1, "the prompt is empty");
    check_run("$S generate night $M -o c.mp4 --frames 0", 2, "--frames is 0");
    check_run("$S generate night $M -o none/c.mp4 --frames 5", 1, "none/c.mp4");
    check_run("$S generate night $M -o c.mp4 --memory 1M", 1, "allowed");
    check_run("$S generate night -m clip.gif -o c.mp4", 1, "clip.gif");
    check_run("$S generate night $M --latents l.safetensors -o c.mp4", 1, "is for Wan models");
    check_run(
        "$S generate night $M --steps 1000 --frames 49 --size 128x128 --json -o c.mp4 & p=$!; "
        "sleep 2; kill $p; wait $p",
        130, "{\"event\":\"stopped\"}");
    check_run(
        "printf '一\\n\\ntwo\\n' >p.txt; $S generate --prompts p.txt $M --frames 1 --size 32x32 "
        "-o s.png && ls s-1.png s-2.png",
        0, "s-2.png");
    check_run(
        "$S generate night $M --frames 5 --size 32x32 -o - --format y4m 2>/dev/null | head -c 9", 0,
        "YUV4MPEG2");
    check_run("$S generate night $M -o w.mp4 --frames 5 --size 16:9", 0, "plan: 352x198, 5 frames");
    check_run("$S generate night $M -o v.png --size 9:21", 0, "a picture of 168x392");
    check_run("$S generate 'a cat' $M --frames 24 --size 32x32 --at 0.5s='a submarine' -o u.mp4", 0,
              "I was never shown: submarine");
    check_run("$S extend clip.gif '一艘潜水艇' $M --after 0.1s -o u/", 0, "我没学过“潜水艇”");
    check_run("ls -A | grep -c '^\\.'", 1, "0"); /* nothing half written is left */
}

/* A model that says what it was taught hears prompts in those words, unless it is not to. */
static void test_told(void **state)
{
    (void)state;
    check_run("D=\"$S generate kitten -m $SORA_MODELS/default --seed 2 --steps 2 --size 32x32 "
              "--frames 1\"; $D -o told.png && $D --verbatim -q -o as-is.png && "
              "cmp -s told.png as-is.png || echo other",
              0, "told: There is a cat.");
    check_run("cmp -s told.png as-is.png || echo other", 0, "other");
    check_run("for i in told as-is; do $S generate --like $i.png -q -o again.png -y && "
              "cmp $i.png again.png && echo same as $i; done",
              0, "same as as-is");
    check_run("$S generate kitten $M --frames 1 --size 32x32 -o n.png | grep told || echo none", 0,
              "none");
}

static void test_verbs(void **state)
{
    (void)state;
    check_run("$S extend clip.gif more $M --after 0.3s -q -o e/ && ls e | wc -l", 0, "8");
    check_run("$S extend clip.gif '  ' $M --before 0.2s -o e2/ && ls e2 | wc -l", 0, "7");
    if (!strstr(output, "no prompt: the clip shows")) fail_msg("%s", output);
    check_run("$S generate --like e2/0001.png -q -o x.png", 1, "give the same 'sora extend' again");
    check_run("$S join clip.gif clip.gif $M --length 0.4s -q -o j/ && ls j | wc -l", 0, "14");
    check_run("$S loop clip.gif $M --length 0.5s -q -o l/ && ls l | wc -l", 0, "10");
    check_run("$S fill clip.gif $M --gaps 0.1s-0.3s -o f.gif", 0, "2 of 5 frames are made");
    check_run("$S fill clip.gif $M --fps 20 -q -o d/ && ls d | wc -l", 0, "9");
    check_run("$S fill clip.gif $M --gaps 1s-2s -o x.gif", 1, "is not inside the clip");
    check_run("$S fill clip.gif $M --gaps soon -o x.gif", 1, "is no stretch of time");
    /* Given frames come back as they were, whatever the verb. */
    check_run("$S edit clip.gif night $M --strength 0 -q --no-metadata -o s/ && "
              "$S extend clip.gif $M --after 0.1s -q --no-metadata -o t/ && "
              "cmp s/0001.png t/0001.png && cmp s/0005.png t/0005.png && echo equal",
              0, "equal");
    check_run("$S edit clip.gif $M -o x.gif", 1, "the prompt is empty");
    check_run("$S extend clip.gif $M -y -o clip.gif", 1, "written over itself");
    check_run("$S extend none.mp4 $M -o x.gif", 1, "none.mp4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_train),
        cmocka_unit_test(test_generate),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_verbs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
