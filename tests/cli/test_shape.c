/* The verbs that shape a video, on a model of two steps: what they make, and what they refuse. */
#include "shell.h"

#include <signal.h>

static char folder[] = "/tmp/sora-shape-XXXXXX";

/* Runs a line of shell in the folder with $S, the program, $M, the options of the model, and $D,
 * the folder of test files. */
static int run(const char *line)
{
    char command[8192];
    snprintf(command, sizeof command,
             "{ cd %s; export LC_ALL=C SORA_MODELS='%s/models' S='%s' D='%s/media' "
             "M='-m run --steps 2 --seed 5'; %s; } 2>&1",
             folder, getenv("SORA_SOURCE"), getenv("SORA_PROGRAM"), getenv("SORA_TEST_DATA"), line);
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
    if (system(command) != 0) return -1;
    return run(
        "$S train run --data data --sizes 16x16,16x16x5@10 --steps 2 --batch-tokens 32 "
        "--width 32 --heads 2 --layers 2 --hidden 32 --sample-every 0 --validate-every 0 -q");
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Frame N of a folder is the picture of a file, to the byte of its pixels. */
static void check_same(const char *one, const char *other)
{
    char line[512];
    snprintf(
        line, sizeof line,
        "rm -f one.y4m* other.y4m*; ffmpeg -v error -i %s -pix_fmt rgb24 -f rawvideo one.raw -y && "
        "ffmpeg -v error -i %s -pix_fmt rgb24 -f rawvideo other.raw -y && cmp one.raw other.raw && "
        "echo same",
        one, other);
    check_run(line, 0, "same");
}

/* ---- at times -------------------------------------------------------------------------- */

static void test_keyframes(void **state)
{
    (void)state;
    check_run("$S generate one $M --frames 1 --size 16x16 -q -o a.png && "
              "$S generate two $M --frames 1 --size 32x16 --seed 9 -q -o wide.png && "
              "$S generate night $M --frames 9 --fps 10 --size 16x16 --at 0.8s=a.png --at 0s=a.png "
              "--at 0.3s=wide.png --at 0.5s='it snows, and rains' -o k/",
              0, "what --at says is put in order of time");
    if (!strstr(output, "wide.png: 32x16 is scaled to fill 16x16")) fail_msg("%s", output);
    check_run("$S generate --like k/0001.png -o x.gif", 1, "say --at beside --like again");
    check_same("k/0001.png", "a.png");
    check_same("k/0009.png", "a.png");
    check_run("grep -a -o 'it snows, and rains' k/0001.png", 0, "it snows, and rains");
    /* Words take over at their time and not before: what comes before them stays as it was. */
    check_run(
        "$S generate night $M --frames 5 --fps 10 --size 16x16 -q --no-metadata -o p/ && "
        "$S generate night $M --frames 5 --fps 10 --size 16x16 -q --no-metadata --at 0s='a whale' "
        "-o q/ && $S generate 'a whale' $M --frames 5 --fps 10 --size 16x16 -q --no-metadata "
        "-o r/; cmp -s p/0003.png q/0003.png || cmp q/0003.png r/0003.png && echo whale",
        0, "whale");
    /* A clip gives all of its frames. */
    check_run(
        "$S generate night $M --frames 9 --fps 10 --size 16x16 --at 0.2s=clip.gif -q -o c/ && "
        "ls c | wc -l",
        0, "9");
}

static void test_keyframe_mistakes(void **state)
{
    (void)state;
    check_run("$S generate night $M --duration 1s --at 0.5s=none.png -o x.gif", 1, "none.png");
    check_run("$S generate night $M --duration 1s --at 5s=a.png -o x.gif", 1,
              "the video lasts 1 s");
    check_run("$S generate night $M --duration 1s --at soon=a.png -o x.gif", 1, "write it as");
    check_run("$S generate night $M --duration 1s --at 0.5s= -o x.gif", 1, "nothing is said");
    check_run("$S generate night $M --duration 1s --at -1s=a.png -o x.gif", 1, "write it as");
    check_run("$S generate night $M --duration 1s --at 0.5s=a --at 0.5s=b -o x.gif", 1,
              "are at the same time");
    check_run("$S generate night $M --duration 1s --image a.png --at 0s=a.png -o x.gif", 1,
              "is given twice");
    check_run("$S generate night $M --frames 1 --last-image a.png -o x.png", 1,
              "has no last frame");
    check_run("$S generate night $M --duration 1s --at 0s=a.png -y -o a.png", 1,
              "written over itself");
    check_run("$S generate night $M --duration 1s --at 0s=http://example.com/a.png -o x.gif", 1,
              "is an address");
    check_run("ls x.gif", 2, "No such file");
}

/* ---- verbs ----------------------------------------------------------------------------- */

static void test_recut(void **state)
{
    (void)state;
    check_run("$S generate night $M --frames 8 --fps 10 --size 16x16 -q -o eight/ && "
              "ffmpeg -v error -framerate 10 -i eight/%04d.png -c:v ffv1 -pix_fmt bgr0 eight.mkv",
              0, "");
    check_run("$S recut eight.mkv $M --keep 0.2s-0.4s --length 1s -o cut/", 0,
              "8 of 10 frames are made");
    check_same("cut/0003.png", "eight/0003.png");
    check_same("cut/0004.png", "eight/0004.png");
    check_run("cmp eight/0006.png cut/0006.png", 1, "differ");
    check_run("$S recut eight.mkv $M -o x.gif", 1, "--keep is missing");
    check_run("$S recut eight.mkv $M --keep 0s-0.8s -o x.gif", 1, "nothing is to be made");
    check_run("$S recut eight.mkv $M --keep 0.5s-2s -o x.gif", 1, "is not inside the clip");
    check_run("$S recut eight.mkv $M --keep 0.5s-0.7s --length 0.3s -o x.gif", 1, "0.7 s or more");
    check_run("$S recut eight.mkv $M --keep 0.1s-0.3s,0.2s-0.5s -o x.gif", 1, "overlaps");
    check_run("$S recut a.png $M --keep 0s-1s -o x.gif", 1, "is a picture");
}

static void test_fill(void **state)
{
    (void)state;
    check_run("$S fill eight.mkv $M --fps 20 -q -o double/ && ls double | wc -l", 0, "15");
    check_same("double/0001.png", "eight/0001.png");
    check_same("double/0015.png", "eight/0008.png");
    check_run("$S fill eight.mkv $M --fps 5 -o x.gif", 1, "--fps must be more");
    /* Frame 3 is black, frame 6 the fifth once more; both with the noise of a codec. */
    check_run(
        "mkdir holes && ffmpeg -v error -f lavfi -i testsrc2=s=32x32:r=10,scroll=h=0.1 -frames:v 8 "
        "holes/%04d.png && cp holes/0005.png holes/0006.png && "
        "ffmpeg -v error -f lavfi -i color=black:s=32x32 -frames:v 1 -y holes/0003.png && "
        "ffmpeg -v error -framerate 10 -i holes/%04d.png -crf 10 -pix_fmt yuv444p holes.mp4 && "
        "$S fill holes.mp4 $M --missing auto -o mended/",
        0, "2 of 8 frames are made");
    check_run("ffmpeg -v error -f lavfi -i testsrc2=s=32x32:r=10,scroll=h=0.1 -frames:v 8 -c:v "
              "ffv1 good.mkv; "
              "$S fill good.mkv $M --missing auto -o x.gif",
              1, "nothing is missing");
    check_run("$S fill eight.mkv $M --missing some -o x.gif", 2, "--missing");
    check_run("$S fill eight.mkv $M --gaps 0s-0.8s -o x.gif", 1, "is left to go by");
}

static void test_inputs(void **state)
{
    (void)state;
    check_run("cp $D/list.m3u8 list.mp4; $S extend list.mp4 $M -o x.gif", 1, "playlist");
    check_run("$S loop https://example.com/a.mp4 $M -o x.gif", 1, "is an address");
    check_run("head -c 900 $D/q709.mp4 >cut.mp4; $S extend cut.mp4 $M -o x.gif", 1, "cut.mp4");
    check_run(
        "ffmpeg -v error -f lavfi -i anullsrc -t 0.2 sound.m4a; $S extend sound.m4a $M -o x.gif", 1,
        "has no pictures");
    check_run(
        "ffmpeg -v error -f lavfi -i testsrc=s=17x15:r=10 -t 0.5 -pix_fmt rgb24 -c:v ffv1 odd.mkv; "
        "$S extend odd.mkv $M --after 0.2s -o odd.mp4",
        0, "17x15 becomes 16x14");
    check_run("$S extend odd.mkv $M --after 0.2s -q -o odd.webm && $S info odd.webm", 0, "17x15");
    check_run("$S edit eight.mkv night $M --mask wide.png -o masked/", 0,
              "wide.png: 32x16 is scaled");
    check_run("$S edit eight.mkv night $M --keep layout -q -o kept/ && ls kept | wc -l", 0, "8");
    check_run(
        "$S edit eight.mkv night $M --keep motion --strength 1 -q -o moves/ && ls moves | wc -l", 0,
        "8");
    check_run(
        "E=$SORA_MODELS/default/text.safetensors; SORA_MODELS=/nowhere $S edit eight.mkv 'make it "
        "night' $M --text-encoder $E -o x/",
        1, "there is no reader to see");
    check_run("$S edit eight.mkv night $M --keep all -o x/", 2, "--keep is 'all'");
    check_run("$S edit eight.mkv night $M --mask odd.mkv -o x/", 1,
              "the mask has 5 frames, the clip 8");
    check_run("$S extend eight/0001.png $M --after 0.3s -q -o still/ && ls still | wc -l", 0, "8");
    check_run("$S extend eight/0001.png $M -y -o eight/", 1, "written over itself");
    check_run("$S join a.png eight.mkv $M --length 0.01s -o x.gif", 1, "less than one frame");
    check_run("ls x.gif x 2>&1", 2, "No such file");
}

/* What is said of an input that is not as most are. */
static void test_notes(void **state)
{
    (void)state;

    check_run("$S extend $D/rot90.mp4 $M --after 0.2s -o r2/", 0, "turned upright");
    check_run("$S extend $D/vfr.mp4 $M --after 0.2s -o v/", 0, "its rate varies");
    check_run("$S extend $D/sar.mp4 $M --after 0.2s -o sar/", 0, "not square");
    check_run("$S extend $D/alpha.png $M --after 0.2s -o al/", 0, "see-through it is white");
    check_run("ffmpeg -v error -i good.mkv -c:v libx265 -x265-params log-level=none "
              "-pix_fmt yuv420p10le ten.mp4; $S extend ten.mp4 $M --after 0.2s -o ten/",
              0, "10 bits a colour become 8");
    check_run("ffmpeg -v error -i good.mkv -c:v libx265 -pix_fmt yuv420p10le -x265-params "
              "log-level=none -color_trc smpte2084 -color_primaries bt2020 -colorspace bt2020nc "
              "hdr.mp4; $S extend hdr.mp4 $M --after 0.2s -o hdr/",
              1, "hdr.mp4 is HDR video");
    check_run("ffmpeg -v error -f lavfi -i testsrc2=s=3840x2160:r=10 -frames:v 2 big.mp4; "
              "$S extend big.mp4 $M --after 0.2s -o big/",
              0, "given frames are kept at full size");
    check_run("$S info big/0002.png", 0, "3840x2160");
}

/* Tags, rate and sound of the input are the result's. */
static void test_passes_through(void **state)
{
    (void)state;
    check_run(
        "ffmpeg -v error -f lavfi -i testsrc2=s=32x32:r=10 -f lavfi -i sine=440 -t 1 -c:a aac "
        "-pix_fmt yuvj420p -color_range pc -colorspace smpte170m -color_primaries smpte170m "
        "-color_trc smpte170m in.mp4; $S extend in.mp4 $M --before 0.5s --after 0.5s -q -o ext.mp4 "
        "&& "
        "ffprobe -v error -show_entries stream=color_range,color_space,color_transfer,"
        "color_primaries,avg_frame_rate,width,nb_frames -select_streams v -of csv=p=0 ext.mp4",
        0, "32,pc,smpte170m,smpte170m,smpte170m,10/1,20");
    /* The packets are the same; they begin half a second later (less what the encoder put before).
     */
    check_run(
        "for f in in ext; do ffprobe -v error -select_streams a -show_packets -show_data_hash md5 "
        "-of compact $f.mp4 | grep -o 'data_hash=[^|]*' >$f.txt; done; cmp in.txt ext.txt && "
        "ffprobe -v error -select_streams a -show_entries stream=start_time -of csv=p=0 ext.mp4",
        0, "0.47");
    check_run(
        "$S join in.mp4 in.mp4 $M --length 1s -q -o both.mp4 && ffprobe -v error -select_streams "
        "a -show_entries packet=pts_time -of csv=p=0 both.mp4 | awk '$1>2 && !n {n=1; print "
        "\"again at\", $1} END {print NR}'",
        0, "again at 2.0");
    check_run("$S recut in.mp4 $M --keep 0.5s-1s --length 2s -q -o part.mp4 && ffprobe -v error "
              "-select_streams a -show_entries packet=pts_time -of csv=p=0 part.mp4 | tail -1",
              0, "0.9");
    check_run("$S extend in.mp4 $M --after 0.2s -o in.webm", 0,
              "(aac) does not go into a webm file");
    check_run("$S extend in.mp4 $M --after 0.2s -o in.gif", 0, "the sound is left out");
}

/* ---- a long shot ----------------------------------------------------------------------- */

static void test_resume(void **state)
{
    (void)state;
    const char *shot = "$S generate 'a long walk' $M --steps 8 --duration 6s --fps 10 --size 16x16 "
                       "--at 3s='it snows' --image a.png";
    char line[2048];
    snprintf(line, sizeof line, "%s -o whole.mp4", shot);
    check_run(line, 0, "piece by piece");
    check_run("ls whole.mp4.roll whole.mp4.frames 2>&1", 2, "No such file");
    snprintf(
        line, sizeof line,
        "%s -q -o killed.mp4 & p=$!; for i in $(seq 2000); do [ -e killed.mp4.roll ] && break; "
        "sleep 0.005; done; kill -9 $p; wait $p; [ -e killed.mp4 ] || ls killed.mp4.roll",
        shot);
    check_run(line, 0, "killed.mp4.roll");
    snprintf(line, sizeof line, "%s -o killed.mp4", shot);
    check_run(line, 1, "killed.mp4 was not finished");
    snprintf(line, sizeof line, "%s --resume --fps 20 -o killed.mp4", shot);
    check_run(line, 1, "other settings");
    snprintf(line, sizeof line,
             "%s --resume -q -o killed.mp4 && cmp whole.mp4 killed.mp4 && echo same", shot);
    check_run(line, 0, "same");
    check_run("ls killed.mp4.roll killed.mp4.frames 2>&1", 2, "No such file");
    check_run("$S generate night $M --duration 6s --size 16x16 --resume -o none.mp4", 1,
              "nothing to go on with");
}

static void test_guidance(void **state)
{
    (void)state;
    check_run("$S generate night $M --frames 5 --size 16x16 -q -o word.gif && $S info word.gif", 0,
              "cfg_scale: 4");
    check_run("$S extend word.gif $M --after 0.2s -q -o more.gif && $S info more.gif", 0,
              "cfg_scale: 1.5");
    check_run("$S extend word.gif $M --after 0.2s --cfg-scale 3 -q -o most.gif && $S info most.gif",
              0, "cfg_scale: 3");
}

static void test_fast(void **state)
{
    (void)state;
    check_run("$S generate night -m run --fast --seed 2 --frames 5 --size 16x16 -o few.gif", 0,
              " 4 steps");
    check_run(
        "$S generate night -m run --steps 4 --sampler unipc --shift 3 --cfg-scale 2.5 --seed 2 "
        "--frames 5 --size "
        "16x16 -q -o said.gif && $S generate --like few.gif -q -o like.gif && "
        "cmp few.gif like.gif && cmp few.gif said.gif && echo same",
        0, "same");
    check_run(
        "$S train quick --data data --sizes 16x16,16x16x5@10 --steps 3 --batch-tokens 64 "
        "--width 32 --heads 2 --layers 2 --hidden 32 --sample-every 0 --validate-every 0 -q "
        "--shortcut 0.5 && $S generate night -m quick --seed 1 --fast --frames 5 --fps 10 --size "
        "16x16 -o quick.gif",
        0, " 4 steps");
    check_run(
        "$S generate --like quick.gif -q -o again.gif && cmp quick.gif again.gif && echo same", 0,
        "same");
    check_run("$S generate night -m quick --fast --steps 3 --frames 5 --size 16x16 -o x.gif", 1,
              "expected 1, 2, 4");
    check_run("$S train none --data data --sizes 16x16 --shortcut 2", 2, "--shortcut");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyframes),      cmocka_unit_test(test_keyframe_mistakes),
        cmocka_unit_test(test_recut),          cmocka_unit_test(test_fill),
        cmocka_unit_test(test_inputs),         cmocka_unit_test(test_notes),
        cmocka_unit_test(test_passes_through), cmocka_unit_test(test_resume),
        cmocka_unit_test(test_guidance),       cmocka_unit_test(test_fast),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
