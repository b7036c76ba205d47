# Writes printing.json: tensors and how PyTorch 2.13 prints them. python printing.py > printing.json
import json, math
import torch

cases = []


def add(values, shape=None, dtype="float32", grad=None):
    """grad: "leaf", or the operation that is printed of a leaf. values may be [start, step, count]."""
    ramp = isinstance(values, dict)
    flat = [values["start"] + values["step"] * i for i in range(values["count"])] if ramp else values
    x = torch.tensor(flat, dtype=getattr(torch, dtype)).reshape(shape if shape is not None else [len(flat)])
    if grad:
        x.requires_grad_()
    y = {None: lambda: x, "leaf": lambda: x, "relu": x.relu, "mul": lambda: x * 2, "exp": x.exp, "sum": x.sum,
         "mm": lambda: x @ x.T, "log_softmax": lambda: x.log_softmax(-1)}[grad]()
    case = {"shape": list(x.shape), "dtype": dtype, "text": repr(y)}
    if ramp:
        case["ramp"] = [values["start"], values["step"], values["count"]]
    else:
        case["values"] = [v if math.isfinite(v) else str(v) for v in flat]
    if grad:
        case["grad"] = grad
    cases.append(case)


def ramp(start, step, count):
    return {"start": start, "step": step, "count": count}


nan, inf = math.nan, math.inf
for dtype in ["float32", "float64", "bfloat16", "float16"]:
    add([1, 2.5], dtype=dtype)
    add([1, -2, 3], dtype=dtype)
    add([3.25], [], dtype)
    add([0.5, 100.25, -7.125], dtype=dtype)
for dtype in ["int64", "int32", "uint8", "int16", "int8"]:
    add([1, 20, 100], dtype=dtype)
    add([], [0], dtype)
add([-5, 1000000007, 0], dtype="int64")
add([2**53 + 1, -(2**62)], dtype="int64")
add([1, 0, 1], dtype="bool")
add([1, 1, 1, 1], [2, 2], "bool")
add([], [0], "bool")
for values in ([0, 0], [nan], [nan, 1], [nan, 1.5], [inf, -inf, 2], [inf, nan], [0, 0.5], [-0.0, 1], [1, 1001],
               [1, 1000], [1e9], [1e8], [100000001.0], [1e-5, 1], [1e-4], [2e-4, 0.1], [0.001, 1.5], [0.001, 0.9],
               [1e10, 1e-10, nan, inf, 0], [123456.789, 234567.5], [1e-30], [3.4e38], [0.99999], [1.00004999],
               [-1.5, -22.75, 333.125], [99999.5, 12345.25]):
    add(values)
add([], [0])
add([], [2, 0])
add([], [0, 3], "int64")
add([], [2, 0, 3], "float64")
add([7], [], "int64")
add([1], [], "bool")
add([nan], [])
add(ramp(0, 1, 6), [2, 3])
add(ramp(-4, 0.5, 24), [2, 3, 4])
add(ramp(0, 1, 16), [2, 2, 2, 2], "int64")
add(ramp(0, 1, 5), [1, 1, 5])
add(ramp(0, 1.5, 30))
add(ramp(0, 1, 60), dtype="int64")
add(ramp(0, 0.25, 60), [3, 20])
add(ramp(-30, 1, 60), [2, 30], "int64")
add(ramp(0, 1, 1000), dtype="int64")
add(ramp(0, 1, 1001), dtype="int64")
add(ramp(0, 1, 1001))
add(ramp(0, 0.5, 1200), [30, 40])
add(ramp(0, 1, 1400), [2, 700], "int64")
add(ramp(0, 1, 1400), [700, 2], "int64")
add(ramp(0, 1, 2048), [2, 4, 16, 16], "int64")
add(ramp(0, 0.5, 4096), [16, 16, 16], "float64")
add([0.5, -1.5], grad="leaf")
add(ramp(0, 1, 4), [2, 2], "float64", "leaf")
add(ramp(0, 0.5, 8), grad="leaf")
add(ramp(0, 0.5, 7), grad="leaf")
add(ramp(-1, 0.5, 6), [2, 3], grad="relu")
add(ramp(-1, 0.5, 8), grad="mul")
add([0.25], [], grad="exp")
add([0.25, 4], grad="sum")
add(ramp(0, 1, 4), [2, 2], grad="mm")
add(ramp(0, 1, 4), [2, 2], grad="log_softmax")
add([], [0, 2], grad="leaf")
print(json.dumps(cases, indent=None).replace("}, {", "},\n{"))
