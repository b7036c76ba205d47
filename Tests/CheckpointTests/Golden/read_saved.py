"""Goes on in PyTorch from a file that save(_:to:) wrote, and checks two more steps.

python3 read_saved.py FILE, with the expected parameters in FILE's "after".
"""
import sys

import torch

saved = torch.load(sys.argv[1], weights_only=True)
assert saved["epoch"] == 3 and saved["name"] == "a" and saved["done"] is False
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
model.load_state_dict(saved["model"])
optimizer = torch.optim.AdamW(model.parameters(), lr=7)
optimizer.load_state_dict(saved["optimizer"])
schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=9)
schedule.load_state_dict(saved["schedule"])
for _ in range(2):
    optimizer.zero_grad()
    model(torch.ones(2, 3)).square().sum().backward()
    optimizer.step()
    schedule.step()
for name, value in model.state_dict().items():
    torch.testing.assert_close(value, saved["after"][name], rtol=1e-5, atol=1e-6)
