/* Two processes under mpirun train to what one does, within rounding. The program starts itself:
 * "test_parallel train DIR DATA" is one process of a run. */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "media/write.h"
#include "tensor/safetensors.h"

enum { STEPS = 6, CLIPS = 10 };

static char folder[] = "/tmp/sora-parallel-XXXXXX";
static char self[4096];

static int train(const char *dir, const char *data)
{
    SoraTrainOptions o;
    SoraTrainer *t;
    SoraTrainReport r;
    char encoder[4096];
    sora_train_options_init(&o);
    snprintf(encoder, sizeof encoder, "%s/models/default/text.safetensors", getenv("SORA_SOURCE"));
    o.dir = dir, o.data = data, o.text_encoder = encoder;
    o.sizes = "16x16,16x16x5@12";
    o.width = 32, o.heads = 2, o.layers = 3, o.hidden = 48;
    o.batch_tokens = 60;
    o.steps = STEPS;
    o.keep = 0.7;
    o.threads = 1;
    if (sora_train_open(&o, &t) != SORA_OK) return 1;
    sora_train_state(t, &r);
    while (r.progress < 1)
        if (sora_train_step(t, &r) != SORA_OK) return 1;
    printf("process %d of %d\n", r.process, r.processes);
    if (sora_train_save(t) != SORA_OK) return 1;
    sora_train_close(t);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    char data[128], path[160], caption[64];
    if (!mkdtemp(folder)) return -1;
    snprintf(data, sizeof data, "%s/data", folder);
    if (mkdir(data, 0777) != 0) return -1;
    Arena *a = arena_new("test", 0);
    for (int i = 0; i < CLIPS; i++) {
        Clip c;
        CHECK_OK(clip_new(a, 7, 16, 16, 12, &c));
        for (size_t k = 0; k < 7 * 16 * 16 * 3; k++) c.rgb[k] = (uint8_t)(i * 20 + k % 3 * 30);
        snprintf(path, sizeof path, "%s/%d.gif", data, i);
        CHECK_OK(write_clip(path, &c, &(WriteOptions){ 0 }));
        snprintf(path, sizeof path, "%s/%d.txt", data, i);
        snprintf(caption, sizeof caption, "colour number %d", i);
        CHECK_OK(file_write(path, caption, strlen(caption)));
    }
    arena_free(a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* What `command` and a run into folder/name print. */
static void run(const char *command, const char *name, char *out, size_t room)
{
    char line[9000];
    snprintf(line, sizeof line, "%s %s train %s/%s %s/data 2>&1", command, self, folder, name,
             folder);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    size_t n = fread(out, 1, room - 1, f);
    out[n] = 0;
    if (pclose(f) != 0) fail_msg("%s: %s", line, out);
}

static void open_run(const char *name, Arena *a, Safetensors *out)
{
    CHECK_OK(
        safetensors_open(arena_printf(a, "%s/%s/checkpoint.safetensors", folder, name), a, out));
}

static double furthest(const Safetensors *one, const Safetensors *two, const char **name)
{
    double most = 0;
    for (size_t i = 0; i < one->count; i++) {
        const Tensor *x = &one->entry[i].tensor, *y = safetensors_find(two, one->entry[i].name);
        assert_non_null(y);
        if (strncmp(one->entry[i].name, "value.", 6) != 0) continue;
        for (size_t k = 0; k < tensor_count(x); k++) {
            double off = fabs((double)((float *)x->data)[k] - (double)((float *)y->data)[k]);
            if (!(off <= most)) most = off, *name = one->entry[i].name;
        }
    }
    return most;
}

static void two_processes_train_as_one(void **state)
{
    (void)state;
    if (system("command -v mpirun >/dev/null") != 0) {
        print_message("there is no mpirun (scripts/setup develop): several processes not tested\n");
        skip();
    }
    char out[4096];
    run("env SORA_CPU=ref", "alone", out, sizeof out);
    assert_non_null(strstr(out, "process 0 of 1"));
    /* Open MPI does not give back all it takes */
    run("env SORA_CPU=ref ASAN_OPTIONS=detect_leaks=0 OMPI_MCA_plm_rsh_agent=/bin/false "
        "mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2",
        "shared", out, sizeof out);
    assert_non_null(strstr(out, "process 0 of 2"));
    assert_non_null(strstr(out, "process 1 of 2"));
    Arena *a = arena_new("test", 0);
    Safetensors one, two;
    const char *name = "";
    open_run("alone", a, &one);
    open_run("shared", a, &two);
    /* bf16 operands round each process' sums on their own; a rate of 2e-3 moves a value by about
     * as much in a step, so that a wrong sum would show at once. */
    double off = furthest(&one, &two, &name);
    if (!(off <= 5e-5)) fail_msg("%s differs by %g", name, off);
    assert_string_equal(safetensors_metadata(&one, "sora.examples"),
                        safetensors_metadata(&two, "sora.examples"));
    safetensors_close(&one);
    safetensors_close(&two);
    /* One process wrote: every step is there once. */
    Slice log;
    CHECK_OK(file_read(arena_printf(a, "%s/shared/log.csv", folder), 1 << 20, a, &log));
    size_t lines = 0;
    for (size_t i = 0; i < log.size; i++) lines += log.bytes[i] == '\n';
    assert_int_equal(lines, STEPS + 1);
    arena_free(a);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "train") == 0) {
        int status = train(argv[2], argv[3]);
        if (status) fprintf(stderr, "%s\n", err_text());
        return status;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(two_processes_train_as_one) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
