"""The reference model (docs of bench) as someone would write it in PyTorch: a batch of clips of one
size as [batch, tokens, width], scaled_dot_product_attention, bf16 autocast, torch.optim's Muon and
fused AdamW, clipping and an average of the weights."""

import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, LAYERS, HIDDEN, VALUES, BOTTLENECK, TEXT = 256, 4, 8, 704, 768, 128, 384
HEAD = WIDTH // HEADS


def rotate(x, cos, sin):
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
        self.norm_q, self.norm_k = nn.RMSNorm(HEAD, 1e-6), nn.RMSNorm(HEAD, 1e-6)

    def heads(self, x):
        return x.unflatten(-1, (HEADS, HEAD)).transpose(1, 2)

    def forward(self, x, context, turn=None):
        q, k = self.norm_q(self.heads(self.q(x))), self.norm_k(self.heads(self.k(context)))
        if turn is not None:
            q, k = rotate(q, *turn), rotate(k, *turn)
        v = self.heads(self.v(context))
        y = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v)
        return self.o(y.transpose(1, 2).flatten(-2))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.modulation = nn.Parameter(torch.randn(6, WIDTH) / WIDTH**0.5)
        self.norm = nn.LayerNorm(WIDTH, 1e-6, elementwise_affine=False)
        self.self_attn, self.cross_attn = Attention(), Attention()
        self.up = nn.Linear(WIDTH, 2 * HIDDEN, bias=False)
        self.down = nn.Linear(HIDDEN, WIDTH, bias=False)

    def forward(self, x, table, row, text, turn):
        m = (table + self.modulation)[:, row].unbind(2)  # [batch, tokens, width] each
        h = self.norm(x) * (1 + m[1]) + m[0]
        x = x + m[2] * self.self_attn(h, h, turn)
        x = x + self.cross_attn(self.norm(x), text)
        gate, up = self.up(self.norm(x) * (1 + m[4]) + m[3]).chunk(2, -1)
        return x + m[5] * self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Sequential(nn.Linear(VALUES + 4, BOTTLENECK, bias=False),
                                   nn.Linear(BOTTLENECK, WIDTH))
        self.place = nn.Linear(18, WIDTH, bias=False)
        self.time = nn.Sequential(nn.Linear(512, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.table = nn.Linear(WIDTH, 6 * WIDTH)
        self.pooled = nn.Sequential(nn.LayerNorm(TEXT), nn.Linear(TEXT, WIDTH))
        self.text = nn.Sequential(nn.LayerNorm(TEXT), nn.Linear(TEXT, WIDTH),
                                  nn.GELU(approximate="tanh"), nn.Linear(WIDTH, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.modulation = nn.Parameter(torch.randn(2, WIDTH) / WIDTH**0.5)
        self.norm = nn.LayerNorm(WIDTH, 1e-6, elementwise_affine=False)
        self.head = nn.Linear(WIDTH, VALUES)

    def forward(self, z, place, time, row, text, pooled, turn):
        x = self.patch(z) + self.place(place)
        e = self.time(time) + self.pooled(pooled).unsqueeze(1)  # [batch, frames, width]
        table, text = self.table(F.silu(e)).unflatten(-1, (6, WIDTH)), self.text(text)
        for block in self.blocks:
            x = block(x, table, row, text, turn)
        m = (e.unsqueeze(2) + self.modulation)[:, row].unbind(2)
        return self.head(self.norm(x) * (1 + m[1]) + m[0])


def training_step(batch, frames, text_tokens, compiled):
    """A function that does one step on `batch` clips of `frames` latent frames of 64 tokens."""
    model, tokens = Model(), 64 * frames
    hidden = [p for n, p in model.named_parameters() if n.startswith("blocks.") and p.dim() == 2
              and "modulation" not in n]
    known = {id(p) for p in hidden}
    rest = [p for p in model.parameters() if id(p) not in known]
    muon = torch.optim.Muon(hidden, lr=2e-3, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(rest, lr=8e-4, fused=True)
    average = [p.detach().clone() for p in model.parameters()]
    clean, place = torch.rand(batch, tokens, VALUES) * 2 - 1, torch.rand(tokens, 18)
    text, pooled = torch.randn(batch, text_tokens, TEXT), torch.randn(batch, TEXT)
    angle = torch.rand(tokens, HEAD // 2)
    turn, row = (angle.cos(), angle.sin()), torch.arange(frames).repeat_interleave(64)
    frequency = 10000.0 ** (-torch.arange(128) / 128)

    def loss_of(noise, t):
        at = t[:, row].unsqueeze(-1)
        z = at * clean + (1 - at) * noise
        angles = 1000 * (1 - t).unsqueeze(-1) * frequency
        time = torch.cat([angles.cos(), angles.sin(), torch.zeros(batch, frames, 256)], -1)
        with torch.autocast("cpu", torch.bfloat16):
            x = model(F.pad(z, (0, 4)), place, time, row, text, pooled, turn)
        return (((x.float() - clean) / (1 - at).clamp(min=0.05)) ** 2).mean()

    forward = torch.compile(loss_of) if compiled else loss_of

    def step():
        with torch.enable_grad():
            loss = forward(torch.randn_like(clean), torch.rand(batch, frames))
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in (muon, adam):
            o.step()
            o.zero_grad(set_to_none=True)
        torch._foreach_lerp_(average, [p.detach() for p in model.parameters()], 0.0005)

    return step
