"""A small GPT with dropout on walks around a ring, AdamW with warm-up.

Writes gpt.csv: python gpt.py > gpt.csv"""

import math

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(4)
tokens = torch.cumsum(torch.randint(1, 5, (4096,)), dim=0) % 48


class Block(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.fc = nn.Linear(width, 4 * width)
        self.out = nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(dropout)

    def attention(self, x):
        n, t, width = x.shape
        q, k, v = (
            part.view(n, t, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(width, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(n, t, width))

    def forward(self, x):
        x = x + self.dropout(self.attention(self.ln_1(x)))
        return x + self.dropout(self.out(F.gelu(self.fc(self.ln_2(x)))))


class GPT(nn.Module):
    def __init__(self, vocabulary, context, width, heads, layers, dropout):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, x):
        x = self.dropout(self.wte(x) + self.wpe.weight[: x.shape[1]])
        for block in self.blocks:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)


model = GPT(vocabulary=48, context=32, width=64, heads=4, layers=2, dropout=0.1)
decayed = [p for p in model.parameters() if p.dim() >= 2]
others = [p for p in model.parameters() if p.dim() < 2]
optimizer = torch.optim.AdamW(
    [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
    lr=3e-3, betas=(0.9, 0.95), eps=1e-6,
)
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer,
    lambda step: min(1, (step + 1) / 10) * 0.5 * (1 + math.cos(math.pi * step / 100)),
)

print("step,loss")
for step in range(1, 101):
    starts = torch.randint(0, 4096 - 32, (8,))
    windows = tokens[starts[:, None] + torch.arange(33)]
    optimizer.zero_grad()
    logits = model(windows[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, 48), windows[:, 1:].reshape(-1))
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    print(f"{step},{loss.item():.9g}")
