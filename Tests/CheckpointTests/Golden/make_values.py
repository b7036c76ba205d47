"""Writes values.pth: what torch.load reads with weights_only=True besides tensors and plain numbers,
and a model beside an object that it refuses (partly.pth), and archives with a member of text.
Run with torch 2.13 and numpy 2.4: python make_values.py"""
import argparse
import collections
import pathlib

import numpy as np
import torch

here = pathlib.Path(__file__).parent
model = torch.nn.Linear(2, 1)
with torch.no_grad():
    model.weight.copy_(torch.tensor([[1.0, 2.0]]))
    model.bias.copy_(torch.tensor([3.0]))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[2, 5, 5])
optimizer.step()
schedule.step()

values = dict(
    schedule=schedule.state_dict(), counter=collections.Counter("abca"), ordered=collections.OrderedDict(b=1, a=2),
    set={7}, bytes=b"\x00caf\xe9", bytearray=bytearray(b"ab\xff"), huge=2**100, minus=-(2**70),
    max=2**63 - 1, min=-(2**63), over=2**63, complex=1.5 - 2j, size=torch.Size([2, 3]), dtype=torch.bfloat16,
    device=torch.device("cuda", 1), layout=torch.strided, parameter=torch.nn.Parameter(torch.tensor([4.0])),
    model=model.state_dict())
torch.save(values, here / "values.pth")
assert torch.load(here / "values.pth", weights_only=True)["counter"] == values["counter"]
torch.save(dict(model=model.state_dict(), args=argparse.Namespace(lr=1), maker=collections.defaultdict(list, a=[1]),
                frozen=frozenset([3]), no_bytes=b"", longest=3**1500), here / "partly.pth")
# A model among whose tensors are some of types that are not read.
unknown = dict(a=torch.ones(2), wide=torch.ones(1, dtype=torch.complex128), b=torch.tensor([5]),
               few=torch.quantize_per_tensor(torch.ones(2), 0.5, 0, torch.quint8))
torch.save(dict(model=unknown, epoch=3), here / "unknown.pth")
np.savez(here / "labelled.npz", x=np.array([1, 2], "f4"), names=np.array(["a", "bc"]), y=np.array([3], "i8"))
