"""What the plan says of every published Wan model, as a table: wan_plans.py SORA FOLDER [NAME...]. The
models are files of the right sizes without values, so they take no room. Seconds are of this machine
with all of its cores, while nothing else runs; more cores are taken to share the work evenly."""

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib

import wan_make

SMALL, LARGE, FIVE = (1536, 8960, 30, 4096), (5120, 13824, 40, 4096), (3072, 14336, 30, 4096)
MODELS = {  # transformers, heads, autoencoder's width, size and frames
    "2.1 T2V 1.3B": ([dict(args=SMALL)], 12, "480x832x81"),
    "2.1 T2V 14B": ([dict(args=LARGE)], 40, "480x832x81"),
    "2.1 I2V 14B": ([dict(args=LARGE, channels=36, image=1)], 40, "480x832x81"),
    "2.1 FLF2V 14B": ([dict(args=LARGE, channels=36, image=2)], 40, "480x832x81"),
    "2.1 VACE 1.3B": ([dict(args=SMALL, vace=range(0, 30, 2))], 12, "480x832x81"),
    "2.1 VACE 14B": ([dict(args=LARGE, vace=range(0, 40, 5))], 40, "480x832x81"),
    "2.2 TI2V 5B": ([dict(args=FIVE, channels=48, made=48)], 24, "704x1280x121"),
    "2.2 I2V A14B": ([dict(args=LARGE, channels=36), dict(args=LARGE, channels=36)], 40, "480x832x81"),
    "2.2 T2V A14B": ([dict(args=LARGE), dict(args=LARGE)], 40, "480x832x81"),
}


def make(folder, transformers, heads):
    for i, t in enumerate(transformers):
        at = f"{folder}/{('low', 'high')[i]}_noise_model" if len(transformers) > 1 else folder + "/dit"
        os.makedirs(at)
        config = {"num_heads": heads}
        if t.get("vace"):
            config["vace_layers"] = list(t["vace"])
        with open(at + "/config.json", "w") as f:
            json.dump(config, f)
        named = {k: v for k, v in t.items() if k != "args"}
        wan_make.write(at + "/weights.safetensors", wan_make.transformer(*t["args"], **named), True)
    large = transformers[0].get("made") == 48
    vae = [*wan_make.decoder_22(256)] if large else [*wan_make.encoder(96), *wan_make.decoder(96)]
    wan_make.write(folder + "/vae.safetensors", vae, True)
    if transformers[0].get("image"):
        wan_make.write(folder + "/clip.safetensors", wan_make.clip(1280, 5120, 32), True)
    wan_make.write(folder + "/t5.safetensors", wan_make.umt5(256384, 4096, 64, 10240, 24), True)


def picture(path, height, width):
    """A black PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(3 * width)) * height)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def plan(sora, folder, size, images):
    height, width, frames = size.split("x")
    command = [sora, "generate", "a cat", "--model", folder, "--size", f"{width}x{height}", "--json",
               "--frames", frames, "--memory", "200G", "-o", folder + "/out.mp4"]
    for option in ("--image", "--last-image")[:images]:
        command += [option, picture(f"{folder}/{option}.png", int(height), int(width))]
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in p.stdout:
        event = json.loads(line)
        if event.get("event") == "plan":
            p.kill()
            return event
    raise SystemExit(p.stderr.read())


def main():
    sora, folder = sys.argv[1:3]
    cores = len(os.sched_getaffinity(0))
    print(f"| model | video | memory: peak, text (freed), transformer, activations, VAE | hours on "
          f"{', '.join(str(n) for n in (2, 8, 32))} cores |")
    print("|---|---|---|---|")
    for name, (transformers, heads, size) in MODELS.items():
        if len(sys.argv) > 3 and name not in sys.argv[3:]:
            continue
        at = f"{folder}/{name.replace(' ', '-')}"
        shutil.rmtree(at, ignore_errors=True)
        os.makedirs(at)
        make(at, transformers, heads)
        first = transformers[0]
        images = first.get("image", 1) if first.get("channels") == 36 else 0
        event = plan(sora, at, size, images)
        hours = [event["seconds"] / 3600 * cores / n for n in (2, 8, 32)]
        parts = event["parts"].split("; about")[0]
        print(f"| {name} | {size} | {parts} | {', '.join(f'{h:.2g}' for h in hours)} |", flush=True)
        shutil.rmtree(at)


if __name__ == "__main__":
    main()
