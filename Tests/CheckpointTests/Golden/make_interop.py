"""Writes PyTorch and NumPy files and interop.json, which says what is in them.
Run with torch 2.13 and numpy 2.4: python make_interop.py"""
import collections
import json
import os
import pathlib

import numpy as np
import torch

here = pathlib.Path(__file__).parent
torch.manual_seed(0)


def described(tensor):
    flat = tensor.detach().contiguous()
    data = flat.reshape(-1).view(torch.uint8).numpy().tobytes() if flat.numel() else b""
    return dict(dtype=str(tensor.dtype).removeprefix("torch."), shape=list(tensor.shape), hex=data.hex())


model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
torch.save(model.state_dict(), here / "state.pth")

base = torch.arange(12, dtype=torch.float32)
tensors = collections.OrderedDict(
    tied=base, also_tied=base, transposed=base.view(3, 4).t(), sliced=base[2:9:3], expanded=base[:1].expand(2, 3),
    offset=base[5:7], scalar=torch.tensor(2.5, dtype=torch.float64), empty=torch.zeros(0, 4),
    half=torch.tensor([1.5, -2], dtype=torch.float16), brain=torch.tensor([1.5, -2], dtype=torch.bfloat16),
    long=torch.tensor([-2**63, 7]), int=torch.tensor([-5], dtype=torch.int32), short=torch.tensor([-5], dtype=torch.int16),
    char=torch.tensor([-5], dtype=torch.int8), byte=torch.tensor([200], dtype=torch.uint8), truth=torch.tensor([True, False]),
    complex=torch.tensor([1 + 2j], dtype=torch.complex64), uint16=torch.tensor([65535], dtype=torch.uint16),
    float8=torch.tensor([1.5], dtype=torch.float8_e4m3fn), parameter=torch.nn.Parameter(torch.tensor([3.0])))
tensors["caf\u00e9"] = torch.tensor([1.0])
torch.save(dict(model=tensors, epoch=300, big=2**40, negative=-70000, rate=1e-3, flags=(True, False, None),
                names=["a", "\u20ac"], nested={"x": {1: [2, (3,)]}}, size=torch.Size([2, 3]), dtype=torch.float32,
                none=(), one=(1,), two=(1, 2), many=(1, 2, 3, 4)), here / "mixed.pth")

optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
model(torch.randn(4, 3)).sum().backward()
optimizer.step()
torch.save(optimizer.state_dict(), here / "optimizer.pth")


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


torch.save({"a": Evil()}, here / "evil.pth")
torch.save({"a": torch.tensor([1.0])}, here / "legacy.pth", _use_new_zipfile_serialization=False)

arrays = dict(f4=np.array([[1, 2, 3], [4, 5, 6]], "f4"), column=np.asfortranarray(np.arange(24, dtype="f8").reshape(2, 3, 4)),
              big=np.array([1, -2, 300], ">i4"), truth=np.array([True, False]), scalar=np.array(7, "i8"),
              empty=np.zeros((0, 3), "u1"), half=np.array([1.5], "f2"), complex=np.array([1 + 2j], "c8"),
              big_complex=np.array([1 + 2j], ">c8"), bigcolumn=np.asfortranarray(np.arange(6, dtype=">u2").reshape(2, 3)))
np.savez(here / "stored.npz", **arrays)
np.savez_compressed(here / "compressed.npz", **arrays)
np.save(here / "matrix.npy", arrays["f4"])
np.save(here / "vector.npy", arrays["f4"][0])
np.save(here / "object.npy", np.array([None, 1], object))
np.save(here / "record.npy", np.zeros(2, [("a", "f4"), ("b", "i4")]))

optimizer_tensors = {f"{i}.{k}": v for i, s in optimizer.state_dict()["state"].items() for k, v in s.items()}
json.dump(dict(
    state={k: described(v) for k, v in torch.load(here / "state.pth").items()},
    mixed={k: described(v) for k, v in tensors.items()},
    optimizer={k: described(v) for k, v in optimizer_tensors.items()},
    arrays={k: dict(dtype=v.dtype.newbyteorder("=").name, shape=list(v.shape),
                    hex=v.astype(v.dtype.newbyteorder("<")).tobytes("C").hex()) for k, v in arrays.items()},
), open(here / "interop.json", "w"), indent=0)
