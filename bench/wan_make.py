"""Wan2.1 1.3B, its autoencoder and umT5-XXL with random weights, in the sizes that were published:
wan_make.py FOLDER [--quick]. What is there already is kept. 15 GB on disk (1.3B 2.8, autoencoder 0.25,
umT5 11.4); --quick: a few megabytes of the same make."""

import json
import os
import shutil
import struct
import sys

import numpy as np

BLOCK = 1 << 20  # values that are drawn once and written again and again


def transformer(width, hidden, layers, text, channels=16, made=16, image=0, vace=()):
    """`image`: how many pictures the image branch reads; FLF2V's two have positions."""
    yield "patch_embedding.weight", (width, channels, 1, 2, 2)
    yield "patch_embedding.bias", (width,)
    for name, rows, columns in (
        ("text_embedding.0", width, text),
        ("text_embedding.2", width, width),
        ("time_embedding.0", width, 256),
        ("time_embedding.2", width, width),
        ("time_projection.1", 6 * width, width),
        ("head.head", 4 * made, width),
    ):
        yield name + ".weight", (rows, columns)
        yield name + ".bias", (rows,)
    yield "head.modulation", (1, 2, width)
    if image:
        for n, size in ((0, 1280), (4, width)):
            yield f"img_emb.proj.{n}.weight", (size,)
            yield f"img_emb.proj.{n}.bias", (size,)
        for n, rows in ((1, 1280), (3, width)):
            yield f"img_emb.proj.{n}.weight", (rows, 1280)
            yield f"img_emb.proj.{n}.bias", (rows,)
    if image > 1:
        yield "img_emb.emb_pos", (1, 257 * image, 1280)
    if vace:
        yield "vace_patch_embedding.weight", (width, 96, 1, 2, 2)
        yield "vace_patch_embedding.bias", (width,)
    blocks = [f"blocks.{i}." for i in range(layers)] + [f"vace_blocks.{i}." for i in range(len(vace))]
    for at in blocks:
        if at.startswith("vace"):
            for p in ("before_proj", "after_proj") if at == "vace_blocks.0." else ("after_proj",):
                yield f"{at}{p}.weight", (width, width)
                yield f"{at}{p}.bias", (width,)
        if image:
            for p in ("k_img", "v_img"):
                yield f"{at}cross_attn.{p}.weight", (width, width)
                yield f"{at}cross_attn.{p}.bias", (width,)
            yield at + "cross_attn.norm_k_img.weight", (width,)
        yield at + "modulation", (1, 6, width)
        for part in ("self_attn", "cross_attn"):
            for p in "qkvo":
                yield f"{at}{part}.{p}.weight", (width, width)
                yield f"{at}{part}.{p}.bias", (width,)
            for p in "qk":
                yield f"{at}{part}.norm_{p}.weight", (width,)
        yield at + "norm3.weight", (width,)
        yield at + "norm3.bias", (width,)
        for p, rows, columns in ((0, hidden, width), (2, width, hidden)):
            yield f"{at}ffn.{p}.weight", (rows, columns)
            yield f"{at}ffn.{p}.bias", (rows,)


def residual(at, a, b):
    yield at + ".residual.0.gamma", (a, 1, 1, 1)
    yield at + ".residual.2.weight", (b, a, 3, 3, 3)
    yield at + ".residual.2.bias", (b,)
    yield at + ".residual.3.gamma", (b, 1, 1, 1)
    yield at + ".residual.6.weight", (b, b, 3, 3, 3)
    yield at + ".residual.6.bias", (b,)
    if a != b:
        yield at + ".shortcut.weight", (b, a, 1, 1, 1)
        yield at + ".shortcut.bias", (b,)


def conv(name, *shape):
    yield name + ".weight", shape
    yield name + ".bias", (shape[0],)


def middle(at, c):
    yield from residual(at + ".middle.0", c, c)
    yield at + ".middle.1.norm.gamma", (c, 1, 1)
    yield from conv(at + ".middle.1.to_qkv", 3 * c, c, 1, 1)
    yield from conv(at + ".middle.1.proj", c, c, 1, 1)
    yield from residual(at + ".middle.2", c, c)


def decoder(d):
    """Wan2.1 wan/modules/vae.py Decoder3d(dim=d, z_dim=16, dim_mult 1 2 4 4, 2 blocks)."""
    sizes = [4 * d, 4 * d, 4 * d, 2 * d, d]
    yield from conv("conv2", 16, 16, 1, 1, 1)
    yield from conv("decoder.conv1", sizes[0], 16, 3, 3, 3)
    yield from middle("decoder", sizes[0])
    n = 0
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        a = a // 2 if i in (1, 2, 3) else a
        for _ in range(3):
            yield from residual(f"decoder.upsamples.{n}", a, b)
            a = b
            n += 1
        if i < 3:
            at = f"decoder.upsamples.{n}"
            if i < 2:
                yield from conv(at + ".time_conv", 2 * b, b, 3, 1, 1)
            yield from conv(at + ".resample.1", b // 2, b, 3, 3)
            n += 1
    yield "decoder.head.0.gamma", (d, 1, 1, 1)
    yield from conv("decoder.head.2", 3, d, 3, 3, 3)


def encoder(d):
    """Encoder3d(dim=d, z_dim=32, dim_mult 1 2 4 4, 2 blocks)."""
    yield from conv("conv1", 32, 32, 1, 1, 1)
    yield from conv("encoder.conv1", d, 3, 3, 3, 3)
    n = 0
    for i, (a, b) in enumerate(((d, d), (d, 2 * d), (2 * d, 4 * d), (4 * d, 4 * d))):
        for from_ in (a, b):
            yield from residual(f"encoder.downsamples.{n}", from_, b)
            n += 1
        if i < 3:
            yield from conv(f"encoder.downsamples.{n}.resample.1", b, b, 3, 3)
            if i:
                yield from conv(f"encoder.downsamples.{n}.time_conv", b, b, 3, 1, 1)
            n += 1
    yield from middle("encoder", 4 * d)
    yield "encoder.head.0.gamma", (4 * d, 1, 1, 1)
    yield from conv("encoder.head.2", 32, 4 * d, 3, 3, 3)


def decoder_22(d):
    """Wan2.2 wan/modules/vae2_2.py Decoder3d(dim=d, z_dim=48)."""
    yield from conv("conv2", 48, 48, 1, 1, 1)
    yield from conv("decoder.conv1", 4 * d, 48, 3, 3, 3)
    yield from middle("decoder", 4 * d)
    for i, (a, b) in enumerate(((4 * d, 4 * d), (4 * d, 4 * d), (4 * d, 2 * d), (2 * d, d))):
        for n in range(3):
            yield from residual(f"decoder.upsamples.{i}.upsamples.{n}", b if n else a, b)
        if i < 3:
            yield from conv(f"decoder.upsamples.{i}.upsamples.3.resample.1", b, b, 3, 3)
        if i < 2:
            yield from conv(f"decoder.upsamples.{i}.upsamples.3.time_conv", 2 * b, b, 3, 1, 1)
    yield "decoder.head.0.gamma", (d, 1, 1, 1)
    yield from conv("decoder.head.2", 12, d, 3, 3, 3)


def umt5(words, width, heads, hidden, layers):
    yield "token_embedding.weight", (words, width)
    for i in range(layers):
        at = f"blocks.{i}."
        for p in "qkvo":
            yield f"{at}attn.{p}.weight", (width, width)
        yield at + "norm1.weight", (width,)
        yield at + "norm2.weight", (width,)
        yield at + "pos_embedding.embedding.weight", (32, heads)
        for p, rows, columns in (("fc1", hidden, width), ("gate.0", hidden, width), ("fc2", width, hidden)):
            yield f"{at}ffn.{p}.weight", (rows, columns)
    yield "norm.weight", (width,)


def clip(width, hidden, layers):
    """The image side of Wan2.1's CLIP ViT-H/14, pictures of 224 x 224."""
    yield "visual.patch_embedding.weight", (width, 3, 14, 14)
    yield "visual.cls_embedding", (1, 1, width)
    yield "visual.pos_embedding", (1, 257, width)
    yield "visual.pre_norm.weight", (width,)
    yield "visual.pre_norm.bias", (width,)
    for i in range(layers):
        at = f"visual.transformer.{i}."
        for name in ("norm1", "norm2"):
            yield f"{at}{name}.weight", (width,)
            yield f"{at}{name}.bias", (width,)
        yield from conv(at + "attn.to_qkv", 3 * width, width)
        yield from conv(at + "attn.proj", width, width)
        yield from conv(at + "mlp.0", hidden, width)
        yield from conv(at + "mlp.2", width, hidden)


def bf16(values):
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()


def write(path, tensors, empty=False):
    """`empty`: the file has its size but no values, and takes no room."""
    if os.path.exists(path):
        return
    tensors = list(tensors)
    at, header = 0, {}
    for name, shape in tensors:
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    if not empty and shutil.disk_usage(os.path.dirname(path)).free < at + (4 << 30):
        raise SystemExit(f"bench: {path} needs {at >> 30} GB and some more; the disk has not so many")
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    drawn = np.random.default_rng(1).standard_normal(BLOCK)
    small, ones = bf16(0.02 * drawn), bf16(1 + 0.02 * drawn[:65536])
    with open(path + ".part", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        if empty:
            f.truncate(8 + len(text) + at)
            tensors = []
        for name, shape in tensors:
            left = 2 * int(np.prod(shape))
            block = ones if "norm" in name and "weight" in name or "gamma" in name else small
            while left:
                f.write(block[:left])
                left -= min(left, len(block))
    os.rename(path + ".part", path)


def main():
    folder, quick = sys.argv[1], "--quick" in sys.argv
    os.makedirs(folder + "/dit", exist_ok=True)
    heads = 4 if quick else 12
    with open(folder + "/dit/config.json", "w") as f:
        json.dump({"num_heads": heads}, f)
    dit = transformer(512, 1024, 3, 256) if quick else transformer(1536, 8960, 30, 4096)
    write(folder + "/dit/diffusion_pytorch_model.safetensors", dit)
    write(folder + "/vae.safetensors", decoder(16 if quick else 96))
    t5 = umt5(1000, 256, 4, 512, 2) if quick else umt5(256384, 4096, 64, 10240, 24)
    write(folder + "/t5.safetensors", t5)


if __name__ == "__main__":
    main()
