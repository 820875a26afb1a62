"""What tests/model/test_text_encoder.c compares with: see make-text --golden."""
import ctypes
import json
import os
import subprocess

import numpy as np

PROMPTS = [
    "a puppy", "A red car drives through the snowy mountains at night.", "",
    "a penguin dances on the beach, slow motion; two cats watch (from above)",
    "一只小狗在草地上奔跑", "一隻企鵝在海邊跳舞，鏡頭慢慢拉遠。", "小火车 drives past 房子 at 12:30!",
    "ＦＵＬＬ－ｗｉｄｔｈ　ｔｅｘｔ，“quotes” and ellipsis…", "naïve café déjà vu № ½ ﬁne",
    "  many   spaces\tand\nlines", "🐧 and 🦖 🚂", "Antidisestablishmentarianism xqzptk 12345.678",
    " ".join(["a long prompt that goes on and on, over hills and far away,"] * 3),
]
WHOLE = [0, 1, 5, 6]  # prompts whose states are kept, not the pooled vector alone


def dequantize(blocks, rows):
    b = np.frombuffer(blocks, np.uint8).reshape(rows, -1, 18)
    d = b[:, :, :2].copy().view(np.float16).astype(np.float32)
    low, high = (b[:, :, 2:] & 15), (b[:, :, 2:] >> 4)
    q = np.concatenate([low, high], axis=2).astype(np.float32) - 8
    return (q * d).reshape(rows, -1)


class Model:
    """BertModel's forward in f32."""

    def __init__(self, package):
        self.p, self.cache = package, {}

    def get(self, name):
        if name not in self.cache:
            kind, data = self.p.tensor[name]
            if kind:
                rows = self.p.hidden if name.endswith("fi.w") else self.p.width
                self.cache[name] = dequantize(data, len(data) // 216 if name == "emb.word" else rows)
            else:
                self.cache[name] = np.frombuffer(data, np.float32)
        return self.cache[name]

    def linear(self, name, x):
        return x @ self.get(name + ".w").T + self.get(name + ".b")

    def norm(self, name, x):
        centred = x - x.mean(1, keepdims=True)
        scale = np.sqrt((centred ** 2).mean(1, keepdims=True) + self.p.eps)
        return centred / scale * self.get(name + ".w") + self.get(name + ".b")

    def forward(self, ids):
        n, width, heads = len(ids), self.p.width, self.p.heads
        x = self.get("emb.word")[ids] + self.get("emb.pos").reshape(-1, width)[:n]
        x = self.norm("emb.ln", x + self.get("emb.type")[:width])
        for i in range(self.p.layers):
            q, k, v = (self.linear(f"l{i}.{s}", x).reshape(n, heads, -1).transpose(1, 0, 2)
                       for s in "qkv")
            score = q @ k.transpose(0, 2, 1) / np.sqrt(np.float32(width // heads))
            score = np.exp(score - score.max(2, keepdims=True))
            mixed = (score / score.sum(2, keepdims=True)) @ v
            x = self.norm(f"l{i}.aln", x + self.linear(
                f"l{i}.ao", mixed.transpose(1, 0, 2).reshape(n, width)))
            x = self.norm(f"l{i}.oln", x + self.linear(f"l{i}.fo", gelu(self.linear(f"l{i}.fi", x))))
        return x.astype(np.float32)


def gelu(x):
    from math import erf
    return x * 0.5 * (1 + np.vectorize(erf, otypes=[np.float32])(x / np.sqrt(2)))


def build_engine(folder):
    """The package's own C file, with its tokenizer made visible."""
    shim, library = os.path.join(folder, "shim.c"), os.path.join(folder, "shim.so")
    with open(shim, "w") as f:
        f.write('#include "e5.c"\nint ids_of(e5_model *m, const char *s, int *out, int most)\n'
                "{ return tok_content(&m->tok, s, out, most); }\n")
    subprocess.run(["cc", "-O2", "-march=native", "-fopenmp", "-fPIC", "-shared", "-w", shim,
                    "-o", library, "-lm"], check=True)
    engine = ctypes.CDLL(library)
    engine.e5_load.restype = ctypes.c_void_p
    model = ctypes.c_void_p(engine.e5_load(os.path.join(folder, "e5-small-q4.bin").encode()))
    return engine, model


def entries(package, kept, folder):
    engine, handle = build_engine(folder)
    model, new = Model(package), {old: i for i, old in enumerate(kept)}
    out, prompts = [], []
    for i, prompt in enumerate(PROMPTS):
        ids = (ctypes.c_int * 1024)()
        text = ("query: " + prompt).rstrip()
        n = engine.ids_of(handle, text.encode(), ids, 1024)
        ids = [package.bos] + list(ids[:n]) + [package.eos]
        states = model.forward(ids)
        pooled = (ctypes.c_float * package.width)()
        engine.e5_embed(handle, prompt.rstrip().encode(), 1, pooled) # of "": with a space at the end
        pooled = np.array(pooled, np.float32)
        mean = states.mean(0) / np.linalg.norm(states.mean(0))
        print(f"{prompt[:40]!r}: {len(ids)} tokens, cosine of ours and the package's "
              f"{float(mean @ pooled):.5f}")
        prompts.append(prompt)
        out.append((f"{i:02}.ids", "I32", [len(ids)],
                    np.array([new[x] for x in ids], np.int32).tobytes()))
        if prompt:
            out.append((f"{i:02}.package", "F32", [package.width], pooled.tobytes()))
        out.append((f"{i:02}.pooled", "F32", [package.width], mean.astype(np.float32).tobytes()))
        if i in WHOLE:
            out.append((f"{i:02}.states", "F32", list(states.shape), states.tobytes()))
    return out, {"prompts": json.dumps(prompts, ensure_ascii=False)}
