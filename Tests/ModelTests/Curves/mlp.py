"""A multilayer perceptron on noisy patterns, AdamW.

Writes mlp.csv: python mlp.py > mlp.csv"""

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
patterns = torch.randn(10, 64)
labels = torch.randint(0, 10, (512,))
inputs = patterns[labels] + 2 * torch.randn(512, 64)

model = nn.Sequential(
    nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.Tanh(), nn.Linear(64, 10)
)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)

print("step,loss")
for step in range(1, 101):
    rows = torch.randint(0, 512, (32,))
    optimizer.zero_grad()
    loss = F.cross_entropy(model(inputs[rows]), labels[rows])
    loss.backward()
    optimizer.step()
    scheduler.step()
    print(f"{step},{loss.item():.9g}")
