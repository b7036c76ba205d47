"""Writes cases of operators and modules, with PyTorch's results and gradients, into ops and modules.

    python cases.py special.erfcx mvlgamma.mvlgamma_p_3 nn.AdaptiveLogSoftmaxWithLoss

(torch 2.13, expecttest and safetensors; from any folder.) An operator goes by its name in PyTorch's
operator database, with .VARIANT where it has variants; a module by its name in the module database,
or in MODULES below where the database lacks it. The README beside this file says what a case holds.
"""

import gzip, json, math, os, sys

import torch
from safetensors.torch import save
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = (torch.float32, torch.int64, torch.bool, torch.bfloat16)
MOST_BYTES, MOST_SAMPLES = 24_000, 6


def randn(*shape):
    return torch.randn(*shape, requires_grad=True)


# Modules that the database lacks: constructor's arguments and keywords, forward's arguments.
MODULES = {
    "AdaptiveLogSoftmaxWithLoss": lambda: [
        (([8, 12, [4, 8]], {}), [randn(6, 8), torch.tensor([0, 11, 4, 7, 3, 8])]),
        (([8, 20, [5, 10, 15]], {"div_value": 2.0}), [randn(5, 8), torch.tensor([19, 2, 9, 14, 0])]),
        (([8, 20, [5, 10, 15]], {"head_bias": True}), [randn(3, 8), torch.tensor([1, 2, 4])]),
        (([6, 9, [2]], {}), [randn(6), torch.tensor(7)]),
        (([6, 9, [2]], {"div_value": 1.5}), [randn(4, 6), torch.tensor([8, 8, 2, 3])]),
    ],
}


class NoForm(Exception):
    """A value that a case cannot hold, such as a function."""


class Case:
    """The tensors of one case by key, and the forms of its arguments."""

    def __init__(self, number, prefix):
        self.prefix, self.tensors, self.leaves = f"{number}.", {}, {}
        self.keys_have_prefix = prefix

    def put(self, key, tensor):
        self.tensors[self.prefix + key] = tensor.detach().clone().contiguous()
        return self.prefix + key if self.keys_have_prefix else key

    def form(self, value, key):
        if isinstance(value, torch.Tensor):
            name = self.put(f"{key}.{len([t for t in self.tensors if f'.{key}.' in t])}", value)
            if value.requires_grad:
                self.leaves[name] = value
            return {"tensor": name, "requires_grad": value.requires_grad}
        if value is None:
            return {"none": True}
        if isinstance(value, bool):
            return {"bool": value}
        if isinstance(value, int):
            return {"int": value}
        if isinstance(value, float):
            return {"float": value if math.isfinite(value) else str(value)}
        if isinstance(value, str):
            return {"str": value}
        if isinstance(value, torch.dtype):
            return {"dtype": str(value)[6:]}
        if isinstance(value, (list, tuple)):
            return {"list": [self.form(v, key) for v in value]}
        raise NoForm(type(value).__name__)

    def bytes(self):
        return sum(t.numel() * t.element_size() for t in self.tensors.values())


def flat(x):
    return [t for e in x for t in flat(e)] if isinstance(x, (tuple, list)) else [x]


def upstream(outputs):
    """A gradient for every output that has one."""
    return [torch.randn_like(t) if isinstance(t, torch.Tensor) and t.requires_grad else None
            for t in outputs]


def walked(outputs, cotangents, leaves):
    roots = [(o, c) for o, c in zip(outputs, cotangents) if c is not None]
    grads = torch.autograd.grad([o for o, _ in roots], list(leaves.values()), [c for _, c in roots],
                                allow_unused=True)
    return {k: torch.zeros_like(x) if g is None else g for (k, x), g in zip(leaves.items(), grads)}


def operator_cases(info):
    number, cases, tensors = 0, [], {}
    for dtype in DTYPES:
        if not info.supports_dtype(dtype, "cpu"):
            continue
        differentiated = info.supports_autograd and dtype == torch.float32
        for sample in list(info.sample_inputs("cpu", dtype, requires_grad=differentiated))[:MOST_SAMPLES]:
            case = Case(number, prefix=True)
            try:
                args = [case.form(v, "in") for v in (sample.input, *sample.args)]
                kwargs = {k: case.form(v, "in") for k, v in sample.kwargs.items()}
            except NoForm:
                continue
            torch.manual_seed(42)
            outputs = flat(info.op(sample.input, *sample.args, **sample.kwargs))
            item = {"id": number, "dtype": str(dtype)[6:], "args": args, "kwargs": kwargs,
                    "outputs": [case.form(o.detach() if isinstance(o, torch.Tensor) else o, "out")
                                for o in outputs]}
            for form in item["outputs"]:
                form.pop("requires_grad", None)
            if differentiated and case.leaves and any(t.requires_grad for t in outputs):
                cotangents = upstream(outputs)
                item["cotangents"] = [None if c is None else case.put(f"cot.{i}", c)
                                      for i, c in enumerate(cotangents)]
                item["grads"] = {k: case.put("grad." + k[len(case.prefix):], g)
                                 for k, g in walked(outputs, cotangents, case.leaves).items()}
            number += 1
            if case.bytes() <= MOST_BYTES:
                cases.append(item)
                tensors.update(case.tensors)
    return cases, tensors


def module_samples(name):
    """Constructors with their arguments, the calls' arguments, and whether the module trains."""
    if name in MODULES:
        for i, ((args, kwargs), inputs) in enumerate(MODULES[name]()):
            yield getattr(torch.nn, name), args, kwargs, inputs, {}, i % 2 == 0
        return
    info = next((m for m in module_db if m.name == "nn." + name), None)
    if info is None:
        sys.exit(f"nn.{name} is in neither the module database nor MODULES")
    for training in (True, False):
        samples = info.module_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=True, training=training)
        for s in samples[:MOST_SAMPLES]:
            made, call = s.constructor_input, s.forward_input
            if call is not None:
                yield info.module_cls, made.args, made.kwargs, call.args, call.kwargs, training


def module_cases(name):
    number, cases, tensors = 0, [], {}
    for cls, args, kwargs, inputs, options, training in module_samples(name):
        case = Case(number, prefix=False)
        try:
            constructor = {"args": [case.form(v, "made") for v in args],
                           "kwargs": {k: case.form(v, "made") for k, v in kwargs.items()}}
        except NoForm:
            continue
        module = cls(*args, **kwargs).train(training)
        before = {k: v.clone() for k, v in module.state_dict().items()}
        for key, value in before.items():
            case.put("state." + key, value)
        case.leaves = {}
        forward = {"args": [case.form(v, "in") for v in inputs],
                   "kwargs": {k: case.form(v, "in") for k, v in options.items()}}
        torch.manual_seed(42)
        outputs = flat(module(*inputs, **options))
        for i, output in enumerate(outputs):
            case.put(f"out.{i}", output)
        leaves = {**case.leaves, **dict(module.named_parameters())}
        cotangents = upstream(outputs)
        for i, c in enumerate(cotangents):
            if c is not None:
                case.put(f"cot.{i}", c)
        grads = walked(outputs, cotangents, leaves) if leaves and any(
            c is not None for c in cotangents) else {}
        for key, g in grads.items():
            case.put("grad." + key, g)
        after = [k for k, v in module.state_dict().items() if not torch.equal(v, before[k])]
        for key in after:
            case.put("after." + key, module.state_dict()[key])
        item = {"id": number, "training": training, "constructor": constructor, "forward": forward,
                "state": sorted(before), "outputs": len(outputs),
                "cotangents": [None if c is None else i for i, c in enumerate(cotangents)],
                "grads": sorted(grads)}
        if after:
            item["after"] = after
        number += 1
        if case.bytes() <= MOST_BYTES:
            cases.append(item)
            tensors.update(case.tensors)
    return cases, tensors


def write(folder, name, head, cases, tensors):
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    with open(f"{HERE}/{folder}/{name}.json", "w") as f:
        f.write(json.dumps(head)[:-1] + f', "cases": [\n{lines}\n]}}\n')
    with open(f"{HERE}/{folder}/{name}.safetensors.gz", "wb") as f:
        f.write(gzip.compress(save(tensors), mtime=0))
    print(f"{folder}/{name}: {len(cases)} cases")


def main(names):
    for name in names:
        torch.manual_seed(42)
        if name.startswith("nn."):
            write("modules", name[3:], {"module": name}, *module_cases(name[3:]))
            continue
        info = next((o for o in op_db if name in (o.name, f"{o.name}.{o.variant_test_name}")
                     and (o.variant_test_name == "" or name != o.name)), None)
        if info is None:
            sys.exit(f"{name} is not in PyTorch's operator database")
        head = {"op": info.name, "variant": info.variant_test_name or None}
        write("ops", name, head, *operator_cases(info))


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
