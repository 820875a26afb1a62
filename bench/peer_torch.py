"""PyTorch as a contestant of bench: peer_torch.py THREADS.

Reads lines, answers each with one. "NAME ARGUMENTS..." calls prepare_NAME, which returns what
"run TIMES" shall repeat; the answer is "ready" or "no: why". "run" answers with seconds."""

import sys
import time

import torch

TYPES = {"bf16": torch.bfloat16, "f32": torch.float32}


def prepare_gemm(kind, form, m, n, k):
    """C = A B as a linear layer meets it: nt is X W^T, nn is dY W, tn is dY^T X."""
    m, n, k = int(m), int(n), int(k)
    a = torch.rand((m, k) if form[0] == "n" else (k, m)).sub_(0.5).to(TYPES[kind])
    b = torch.rand((k, n) if form[1] == "n" else (n, k)).sub_(0.5).to(TYPES[kind])
    a = a if form[0] == "n" else a.t()
    b = b if form[1] == "n" else b.t()
    c = torch.empty((m, n), dtype=TYPES[kind])
    return lambda: torch.mm(a, b, out=c)


def prepare_conv3d(kind, way, channels_in, channels_out, height, width):
    """One frame of a causal convolution that looks two frames back, and its gradients."""
    sizes = [int(x) for x in (channels_in, channels_out, height, width)]
    x = torch.rand((1, sizes[0], 3, sizes[2], sizes[3])).sub_(0.5).to(TYPES[kind])
    w = torch.rand((sizes[1], sizes[0], 3, 3, 3)).sub_(0.5).to(TYPES[kind])
    b = torch.rand(sizes[1]).to(TYPES[kind])
    conv = torch.nn.functional.conv3d
    if way == "forward":
        return lambda: conv(x, w, b, padding=(0, 1, 1))
    dy = torch.rand((1, sizes[1], 1, sizes[2], sizes[3])).sub_(0.5).to(TYPES[kind])
    both = torch.ops.aten.convolution_backward
    one, pad, none = [1, 1, 1], [0, 1, 1], [0, 0, 0]
    return lambda: both(dy, x, w, None, one, pad, one, False, none, 1, [True, True, False])


def prepare_attention(way, sequences, queries, keys, heads, width):
    """Heads lie side by side in a token, as linear layers leave them."""
    batch, n, m, heads, width = (int(x) for x in (sequences, queries, keys, heads, width))

    def drawn(tokens):
        x = torch.randn(batch, tokens, heads * width).bfloat16()
        return x.requires_grad_(way == "both")

    def split(x):
        return x.unflatten(-1, (heads, width)).transpose(1, 2)

    q, k, v, dy = drawn(n), drawn(m), drawn(m), torch.randn(batch, heads, n, width).bfloat16()
    attention = torch.nn.functional.scaled_dot_product_attention
    if way == "forward":
        return lambda: attention(split(q), split(k), split(v)).transpose(1, 2).flatten(-2)

    def both():
        with torch.enable_grad():
            torch.autograd.grad(attention(split(q), split(k), split(v)), (q, k, v), dy)

    return both


def prepare_train_step(what, how):
    from peer_torch_model import training_step

    step = training_step(*{"images": (64, 1, 25), "clips": (16, 7, 32)}[what], how == "compiled")
    step()  # compiles here, or says that it cannot
    return step


def seconds(work, times):
    start = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - start


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.set_grad_enabled(False)
    work = None
    print("ready", flush=True)
    for line in sys.stdin:
        name, *arguments = line.split()
        try:
            if name == "run":
                print(seconds(work, int(arguments[0])), flush=True)
                continue
            work = None  # frees the last one's memory
            work = globals()["prepare_" + name](*arguments)
            print("ready", flush=True)
        except Exception as error:  # whatever torch cannot do, it says and the bench goes on
            print("no:", str(error).splitlines()[0], flush=True)


main()
