"""What others need for the work of bench_wan.c: peer_wan.py FOLDER [--quick] [--json] [--threads N]
[--only TEXT] [--frames N].

diffusers in bf16, OpenVINO with the same transformer converted, stable-diffusion.cpp on the same
files: one after the other, each in a process of its own, so that its peak of memory is its own. Who
is not installed is said and left out. FOLDER as wan_make.py has made it; diffusers' networks are
made in place with random weights, which take the same time."""

import json
import os
import resource
import subprocess
import sys
import time

QUICK = "--quick" in sys.argv
FRAMES, HEIGHT, WIDTH = (5, 96, 160) if QUICK else (17, 480, 832)
if "--frames" in sys.argv:
    FRAMES = int(sys.argv[sys.argv.index("--frames") + 1])
LATENT = (1, 16, (FRAMES - 1) // 4 + 1, HEIGHT // 8, WIDTH // 8)
TEXT = 256 if QUICK else 4096


def timed(fn, turns):
    best = float("inf")
    for turn in range(turns + 1):  # the first one pays for pages and just-in-time code
        begun = time.time()
        fn()
        if turn or not turns:
            best = min(best, time.time() - begun)
    return best


def made(dtype, make):
    """A network with random weights; drawing billions of them one by one would take minutes."""
    import torch

    for name in ("kaiming_uniform_", "uniform_", "normal_", "trunc_normal_", "xavier_uniform_"):
        setattr(torch.nn.init, name, lambda tensor, *a, **k: tensor)
    torch.set_default_dtype(dtype)
    model = make().eval()
    torch.set_default_dtype(torch.float32)
    block = 0.02 * torch.randn(1 << 20)
    with torch.no_grad():
        for n, p in enumerate(model.parameters()):
            values = p.view(-1)
            own = block[7 * n % 65536 :]  # no two alike: OpenVINO would keep those once
            for at in range(0, len(values), len(own)):
                values[at : at + len(own)] = own[: len(values) - at]
    return model


def transformer(dtype):
    import torch
    from diffusers import WanTransformer3DModel

    sizes = (4, 1024, 3) if QUICK else (12, 8960, 30)
    return made(dtype, lambda: WanTransformer3DModel(
        num_attention_heads=sizes[0], attention_head_dim=128, in_channels=16, out_channels=16,
        text_dim=TEXT, ffn_dim=sizes[1], num_layers=sizes[2],
    ))


def inputs(dtype, latent=LATENT):
    import torch

    return torch.randn(latent, dtype=dtype), torch.tensor([900]), torch.randn((1, 512, TEXT), dtype=dtype)


def diffusers_step():
    import torch

    model, (x, t, text) = transformer(torch.bfloat16), inputs(torch.bfloat16)
    with torch.inference_mode():
        return timed(lambda: model(x, t, text, return_dict=False), 1)


def diffusers_decode():
    import torch
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(base_dim=16 if QUICK else 96).to(torch.bfloat16).eval()
    x = torch.randn(LATENT, dtype=torch.bfloat16)
    with torch.inference_mode():
        return timed(lambda: vae.decode(x, return_dict=False), 0)


def diffusers_text():
    import torch
    from transformers import UMT5Config, UMT5EncoderModel

    sizes = (1000, 256, 4, 512, 2) if QUICK else (256384, 4096, 64, 10240, 24)
    UMT5EncoderModel._init_weights = lambda *a: None  # it would draw them by itself
    model = made(torch.bfloat16, lambda: UMT5EncoderModel(
        UMT5Config(vocab_size=sizes[0], d_model=sizes[1], d_kv=64, d_ff=sizes[3], num_layers=sizes[4],
                   num_heads=sizes[2], feed_forward_proj="gated-gelu")
    ))
    ids = torch.arange(512)[None] * 37 % sizes[0]
    with torch.inference_mode():
        return timed(lambda: model(ids, torch.ones_like(ids)), 1)


def openvino_step():
    import openvino
    import torch

    path = f"{sys.argv[1]}/openvino-{FRAMES}"
    if not os.path.exists(path + ".xml"):
        model, names = transformer(torch.float32), ("hidden_states", "timestep", "encoder_hidden_states")
        full, short = inputs(torch.float32), inputs(torch.float32, (1, 16, 2, 8, 12))
        converted = openvino.convert_model(model, example_input=dict(zip(names, short)))
        converted.reshape({n: list(x.shape) for n, x in zip(names, full)})  # traced small: the same graph
        openvino.save_model(converted, path + ".part.xml")  # as f16, read as bf16
        for kind in (".bin", ".xml"):
            os.replace(f"{path}.part{kind}", path + kind)
        return None  # measured in a process that has not held the original too
    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads()})
    compiled = core.compile_model(path + ".xml", "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    request = compiled.create_infer_request()
    values = [x.numpy() for x in inputs(torch.float32)]
    return timed(lambda: request.infer(values), 1)


def sdcpp_step():
    """One pass of its sampler, by its own clock. Without a text encoder it reads 256 rows of zeros, half
    of what the others read; its decode, which comes next, is not waited for."""
    from stable_diffusion_cpp import StableDiffusion

    if QUICK:
        raise ValueError("it knows the published sizes only")
    folder = sys.argv[1]
    sd = StableDiffusion(
        diffusion_model_path=folder + "/dit/diffusion_pytorch_model.safetensors",
        vae_path=folder + "/vae.safetensors", vae_decode_only=True, diffusion_flash_attn=True,
        enable_mmap=True, n_threads=threads(), verbose=True,
    )

    sd.vae_decode_only = False  # refused before it knows that nothing is given to encode

    def progress(step, steps, seconds):
        if step == steps == 1:
            tell(seconds)
            os._exit(0)

    sd.generate_video(prompt="a cat", width=WIDTH, height=HEIGHT, video_frames=FRAMES, sample_steps=1,
                      cfg_scale=1.0, sample_method="euler", progress_callback=progress)
    raise RuntimeError("made no step")


WORK = {
    "denoising step": {"diffusers": diffusers_step, "openvino": openvino_step, "sd.cpp": sdcpp_step},
    "autoencoder decode": {"diffusers": diffusers_decode},
    "umT5, 512 tokens, bf16": {"diffusers": diffusers_text},
}


def threads():
    at = sys.argv.index("--threads") if "--threads" in sys.argv else 0
    return int(sys.argv[at + 1]) if at else len(os.sched_getaffinity(0))


def tell(seconds):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print("\nRESULT " + json.dumps([seconds, peak]), flush=True)


def work(shape, who):
    try:
        import torch

        torch.set_num_threads(threads())
        seconds = WORK[shape][who]()
    except ImportError as e:
        seconds = f"not installed ({e.name})"
    except Exception as e:  # a peer that cannot do it is no reason to stop
        seconds = f"cannot: {type(e).__name__}: {str(e)[:200]}"
    tell(seconds)


def measure(shape, who):
    command = [sys.executable, *sys.argv, "--work", shape, who]
    for _ in range(2):  # the first turn of some only prepares
        out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = [x for x in out.stdout.splitlines() if x.startswith("RESULT ")]
        seconds, peak = json.loads(lines[-1][7:]) if lines else ("died", 0)
        if seconds is not None:
            break
    if "--json" in sys.argv:
        key = "seconds" if isinstance(seconds, float) else "missing"
        print(json.dumps({"group": "wan", "shape": shape, "who": who, key: seconds, "peak_bytes": peak}))
    elif isinstance(seconds, float):
        print(f"wan          {shape + ', ' + who:40s} {seconds:10.2f} s {peak / 1e9:7.2f} GB")
    else:
        print(f"wan          {shape + ', ' + who:40s} {seconds}")
    sys.stdout.flush()


def main():
    if "--work" in sys.argv:
        at = sys.argv.index("--work")
        return work(sys.argv[at + 1], sys.argv[at + 2])
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
    for shape, peers in WORK.items():
        for who in peers:
            if only in f"{shape}, {who}":
                measure(shape, who)


main()
