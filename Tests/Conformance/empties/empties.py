"""Writes ops.jsonl.gz and modules.jsonl.gz: what PyTorch answers where a dimension is empty.

    python empties.py            (torch 2.13, expecttest and safetensors; from any folder)

Each line is one operator or module with some calls. A call is a case of ../ops or ../modules some of
whose tensors have another, empty shape (`empty`: key to shape), or one of EXTRA, which stand here.
Results are told by shape, dtype, whether they require a gradient, and values; gradients are those of
the sum of all results. Values of what PyTorch leaves uninitialised are left out: the calls run in
two processes that fill fresh memory differently, and where they disagree only shapes are compared.
Calls that crash PyTorch are left out.
"""

import gzip, json, math, os, subprocess, sys, tempfile, warnings

import torch
from safetensors.torch import load as load_safetensors
from torch.testing._internal.common_methods_invocations import op_db

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_CASES, MOST_CALLS, MOST_VALUES = 4, 10, 24
# Calls of a unit that PyTorch refuses: each costs the runner a process.
MOST_REFUSED = 2
RANDOM = ("dropout", "rrelu", "multinomial", "bernoulli", "fractional_max_pool")
# What the number of PyTorch's threads or its private interface decides.
SKIPPED = ("empty", "new_empty", "empty_like", "empty_strided", "new_empty_strided", "empty_permuted")
# Modules that the module cases lack: constructor, forward shapes (None: ids), keywords.
EXTRA = {
    "Dropout": [([0.5], [[0, 5]], {}), ([0.5], [[3, 0]], {})],
    "Dropout1d": [([0.5], [[0, 3, 4]], {}), ([0.5], [[2, 0, 4]], {}), ([0.5], [[2, 3, 0]], {})],
    "Dropout2d": [([0.5], [[0, 3, 4, 4]], {}), ([0.5], [[2, 3, 0, 4]], {})],
    "Dropout3d": [([0.5], [[0, 3, 4, 4, 2]], {}), ([0.5], [[2, 0, 4, 4, 2]], {})],
    "AlphaDropout": [([0.5], [[0, 5]], {}), ([0.5], [[2, 0]], {})],
    "FeatureAlphaDropout": [([0.5], [[0, 5, 2]], {}), ([0.5], [[2, 0, 2]], {})],
    "Flatten": [([], [[0, 3, 4]], {}), ([], [[2, 0, 4]], {}), ([], [[0, 0]], {})],
    "BatchNorm1d": [([5], [[0, 5]], {}), ([5], [[0, 5, 3]], {}), ([5], [[2, 5, 0]], {}),
                    ([5, 1e-5, None], [[0, 5]], {}), ([5, 1e-5, 0.1, False], [[0, 5]], {}),
                    ([5, 1e-5, 0.1, True, False], [[0, 5]], {})],
    "BatchNorm2d": [([5], [[0, 5, 2, 3]], {}), ([5], [[2, 5, 0, 3]], {})],
    "BatchNorm3d": [([5], [[0, 5, 2, 3, 2]], {})],
    "InstanceNorm1d": [([5, 1e-5, 0.1, True, True], [[0, 5, 3]], {}),
                       ([5, 1e-5, 0.1, True, True], [[2, 5, 0]], {})],
    "InstanceNorm2d": [([5, 1e-5, 0.1, True, True], [[0, 5, 3, 2]], {}),
                       ([5, 1e-5, 0.1, True], [[2, 5, 3, 0]], {})],
    "LayerNorm": [([[5]], [[0, 5]], {}), ([[0]], [[3, 0]], {}), ([[4, 5]], [[2, 0, 4, 5]], {})],
    "RMSNorm": [([[5]], [[0, 5]], {}), ([[0]], [[3, 0]], {})],
    "GroupNorm": [([2, 4], [[0, 4]], {}), ([2, 4], [[3, 4, 0]], {})],
    "Embedding": [([7, 3], [("ids", [0])], {}), ([7, 3], [("ids", [2, 0])], {}),
                  ([7, 3, 1], [("ids", [0, 4])], {})],
    "RNN": [([4, 3], [[0, 2, 4]], {}), ([4, 3], [[5, 0, 4]], {}),
            ([4, 3], [[0, 5, 4]], {"batch_first": True})],
    "LSTM": [([4, 3, 2], [[5, 0, 4]], {}), ([4, 3], [[0, 2, 4]], {}),
             ([4, 3], [[0, 5, 4]], {"batch_first": True, "bidirectional": True})],
    "GRU": [([4, 3, 2], [[5, 0, 4]], {}), ([4, 3], [[0, 2, 4]], {}),
            ([4, 3], [[0, 5, 4]], {"batch_first": True, "bidirectional": True})],
    "MultiheadAttention": [([4, 2], [[3, 0, 4]] * 3, {}), ([4, 2], [[0, 3, 4]] * 3, {}),
                           ([4, 2], [[2, 3, 4], [0, 3, 4], [0, 3, 4]], {})],
    "TransformerEncoderLayer": [([4, 2, 8, 0.0], [[3, 0, 4]], {}), ([4, 2, 8, 0.0], [[0, 3, 4]], {})],
    "TransformerDecoderLayer": [([4, 2, 8, 0.0], [[3, 0, 4], [2, 0, 4]], {}),
                                ([4, 2, 8, 0.0], [[0, 3, 4], [2, 3, 4]], {})],
    "Unfold": [([2], [[0, 3, 4, 4]], {}), ([2], [[2, 0, 4, 4]], {})],
    "Fold": [([[4, 4], 2], [[0, 12, 9]], {})],
    "Upsample": [([None, 2.0], [[0, 3, 4]], {}), ([[8]], [[2, 0, 4]], {})],
    "Softmax2d": [([], [[0, 3, 4, 4]], {})],
    "Linear": [([5, 3], [[0, 5]], {}), ([0, 3], [[2, 0]], {}), ([5, 0], [[2, 5]], {}),
               ([5, 3], [[2, 0, 5]], {}), ([5, 3], [[0, 2, 5]], {})],
    "CrossEntropyLoss": [([], [[0, 4], ("ids", [0])], {}),
                         ([], [[0, 4], ("ids", [0])], {"reduction": "sum"}),
                         ([], [[0, 4], ("ids", [0])], {"reduction": "none"})],
}


def number(value):
    value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "nan", "inf": "inf", "-inf": "-inf"}[str(value)]
    return value


def described(t, graph=False):
    out = {"shape": list(t.shape), "dtype": str(t.dtype)[6:]}
    if graph:
        out["graph"] = bool(t.requires_grad)
    if t.numel() > 0:
        flat = t.detach().reshape(-1)
        values = [number(v) for v in flat[:4096]]
        if all(v == values[0] for v in values):
            out["values"] = values[:1]
        elif len(values) <= MOST_VALUES:
            out["values"] = values
    return out


def tensors_of(form):
    if "tensor" in form:
        return [form]
    return [t for f in form.get("list", []) for t in tensors_of(f)]


def value_of(form, make, as_tuple=False):
    if "tensor" in form:
        return make(form["tensor"], form.get("requires_grad", False))
    if "none" in form:
        return None
    if "dtype" in form:
        return getattr(torch, form["dtype"])
    if "slice" in form:
        return slice(*form["slice"])
    if "ellipsis" in form:
        return Ellipsis
    if "list" in form:
        items = [value_of(f, make) for f in form["list"]]
        return tuple(items) if as_tuple else items
    if "float" in form:
        return float(form["float"])
    return next(iter(form.values()))


def flat(x):
    if isinstance(x, (tuple, list)):
        return [t for e in x for t in flat(e)]
    return [x]


def shapes_to_try(keys, shapes):
    """Ways to make dimensions of some of these tensors empty."""
    tries = []

    def add(change):
        change = {k: s for k, s in change.items() if s != shapes[k]}
        if change and change not in tries:
            tries.append(change)

    def emptied(shape, dims):
        return [0 if d in dims else n for d, n in enumerate(shape)]

    ranked = [k for k in keys if shapes[k]]
    if not ranked:
        return tries
    first = ranked[0]
    for dim in range(len(shapes[first])):
        size = shapes[first][dim]
        # The same place in every tensor, counted from the left; counted from the right; every
        # dimension of that size; the first tensor alone.
        add({k: emptied(shapes[k], {dim}) for k in ranked
             if dim < len(shapes[k]) and shapes[k][dim] == size})
        back = dim - len(shapes[first])
        add({k: emptied(shapes[k], {len(shapes[k]) + back}) for k in ranked
             if len(shapes[k]) + back >= 0 and shapes[k][back] == size})
        add({k: emptied(shapes[k], {d for d, n in enumerate(shapes[k]) if n == size})
             for k in ranked})
        add({first: emptied(shapes[first], {dim})})
    for k in ranked[1:]:
        add({k: emptied(shapes[k], {0})})
        add({k: emptied(shapes[k], {len(shapes[k]) - 1})})
    return tries[:MOST_CALLS]


def gradients(outputs, wanted):
    roots = [t for t in outputs if isinstance(t, torch.Tensor) and t.requires_grad]
    if not roots or not wanted:
        return {}
    grads = torch.autograd.grad(
        roots, list(wanted.values()), [torch.ones_like(t) for t in roots], allow_unused=True)
    return {k: described(g if g is not None else torch.zeros_like(x))
            for (k, x), g in zip(wanted.items(), grads)}


def read(kind, name):
    with open(f"{HERE}/../{kind}/{name}.json") as f:
        file = json.load(f)
    with gzip.open(f"{HERE}/../{kind}/{name}.safetensors.gz") as f:
        return file, load_safetensors(f.read())


def made(key, requires, base, change, leaves, name=None):
    t = base.clone() if key not in change else torch.zeros(change[key], dtype=base.dtype)
    if requires:
        leaves[name or key] = t.requires_grad_()
    return t


def apart(function, *arguments):
    """The result from a process of its own; None where it crashes."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as f:
            json.dump(function(*arguments), f)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as f:
        text = f.read()
    return json.loads(text) if os.waitpid(child, 0)[1] == 0 else None


def all_apart(function, calls):
    """The results of some calls: in one process, or where that crashes in one each."""
    together = apart(lambda: [function(*c) for c in calls])
    return together if together is not None else [
        apart(function, *c) or {"skip": True} for c in calls]


def operator_calls(name):
    file, tensors = read("ops", name)
    info = next((o for o in op_db
                 if o.name == file["op"] and o.variant_test_name == (file["variant"] or "")), None)
    if info is None or file["op"] in SKIPPED:
        return []
    floats = [c for c in file["cases"] if c["dtype"] == "float32"]
    graded = [c for c in floats if c.get("grads")] or floats
    others = [c for c in file["cases"] if c["dtype"] != "float32"]
    step = max(1, len(graded) // MOST_CASES)
    cases = graded[::step][:MOST_CASES] + others[:1]
    calls, seen = [], set()
    for case in cases:
        forms = [t for f in case["args"] for t in tensors_of(f)]
        forms += [t for f in case["kwargs"].values() for t in tensors_of(f)]
        keys = [f["tensor"] for f in forms]
        shapes = {k: list(tensors[k].shape) for k in keys}
        for change in shapes_to_try(keys, shapes):
            scalars = json.dumps([[f for f in case["args"] if "tensor" not in f], case["kwargs"]])
            mark = (case["dtype"], scalars, str([change.get(k, shapes[k]) for k in keys]))
            if mark in seen:
                continue
            seen.add(mark)
            calls.append((info, case, tensors, change))
    return all_apart(operator_call, calls)


def operator_call(info, case, tensors, change):
    call, leaves = {"case": case["id"], "empty": change}, {}
    make = lambda key, requires: made(key, requires, tensors[key], change, leaves)
    try:
        args = [value_of(f, make, info.name == "__getitem__" and i == 1)
                for i, f in enumerate(case["args"])]
        kwargs = {k: value_of(f, make) for k, f in case["kwargs"].items()}
        torch.manual_seed(42)
        outputs = flat(info.op(*args, **kwargs))
        if not all(isinstance(o, torch.Tensor) for o in outputs):
            raise NotImplementedError
        call["outputs"] = [described(o, graph=True) for o in outputs]
        if case.get("compare") == "shape" or any(w in info.name for w in RANDOM):
            for o in call["outputs"]:
                o.pop("values", None)
        call["grads"] = gradients(outputs, leaves)
    except NotImplementedError:
        return {**call, "skip": True}
    except Exception:
        return {"case": case["id"], "empty": change, "raises": True}
    return call


def module_call(name, case, tensors, change, training):
    call, leaves = {"case": case["id"], "empty": change, "training": training}, {}
    prefix = f"{case['id']}."
    make = lambda key, requires: made(
        prefix + key, requires, tensors[prefix + key], change, leaves, key)
    try:
        c, f = case["constructor"], case["forward"]
        module = getattr(torch.nn, name)(
            *[value_of(x, make) for x in c["args"]],
            **{k: value_of(x, make) for k, x in c["kwargs"].items()})
        module.load_state_dict({k: tensors[f"{prefix}state.{k}"] for k in case["state"]})
        finish(call, module, [value_of(x, make) for x in f["args"]],
               {k: value_of(x, make) for k, x in f["kwargs"].items()}, leaves, training)
    except Exception as error:
        return {"case": case["id"], "empty": change, "training": training, "raises": True}
    return call


def finish(call, module, args, kwargs, leaves, training):
    module.train(training)
    before = {k: v.clone() for k, v in module.named_buffers()}
    torch.manual_seed(42)
    outputs = [o for o in flat(module(*args, **kwargs)) if isinstance(o, torch.Tensor)]
    call["outputs"] = [described(o, graph=True) for o in outputs]
    wanted = {**leaves, **dict(module.named_parameters())}
    call["grads"] = gradients(outputs, wanted)
    call["after"] = {k: described(v) for k, v in module.named_buffers()}


def form_of(value):
    if value is None:
        return {"none": True}
    if isinstance(value, list):
        return {"list": [form_of(v) for v in value]}
    return {{bool: "bool", int: "int", float: "float", str: "str"}[type(value)]: value}


def module_calls(name):
    calls = []
    if os.path.exists(f"{HERE}/../modules/{name}.json"):
        file, tensors = read("modules", name)
        step = max(1, len(file["cases"]) // MOST_CASES)
        for case in file["cases"][::step][:MOST_CASES]:
            forms = [t for f in case["forward"]["args"] for t in tensors_of(f)]
            keys = [f"{case['id']}.{f['tensor']}" for f in forms]
            shapes = {k: list(tensors[k].shape) for k in keys}
            for change in shapes_to_try(keys, shapes):
                for training in (True, False):
                    calls.append((name, case, tensors, change, training))
    calls = all_apart(module_call, calls)
    for args, shapes, kwargs in EXTRA.get(name, []):
        for training in (True, False):
            forward, leaves, inputs = [], {}, []
            for i, shape in enumerate(shapes):
                ids = isinstance(shape, tuple)
                forward.append({"shape": shape[1] if ids else shape, "ids": ids})
                t = torch.zeros(forward[-1]["shape"], dtype=torch.int64 if ids else torch.float32)
                inputs.append(t if ids else t.requires_grad_())
                if not ids:
                    leaves[f"in.{i}"] = inputs[-1]
            call = {"constructor": {"args": [form_of(a) for a in args],
                                    "kwargs": {k: form_of(v) for k, v in kwargs.items()}},
                    "forward": forward, "training": training}
            result = dict(call)
            try:
                module = getattr(torch.nn, name)(*args, **kwargs)
                with torch.no_grad():
                    for p in module.parameters():
                        p.fill_(0.25)
                finish(result, module, inputs, {}, leaves, training)
            except Exception:
                result = {**call, "raises": True}
            calls.append(result)
    return calls


def everything(kind):
    folder = sorted(f[:-5] for f in os.listdir(f"{HERE}/../{kind}") if f.endswith(".json"))
    if kind == "modules":
        names = sorted(set(folder) | {n for n, calls in EXTRA.items() if calls})
        return {n: module_calls(n) for n in names if hasattr(torch.nn, n)}
    return {n: operator_calls(n) for n in folder}


def without_chance(a, b):
    """What both runs agree on; values that differ come from uninitialised memory."""
    if isinstance(a, dict):
        return {k: without_chance(v, b[k]) for k, v in a.items()
                if k in b and not (k == "values" and json.dumps(v) != json.dumps(b[k]))}
    if isinstance(a, list) and len(a) == len(b):
        return [without_chance(x, y) for x, y in zip(a, b)]
    return a


def main():
    if len(sys.argv) > 1:
        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        result = everything(sys.argv[1])
        with open(sys.argv[2], "w") as f:
            json.dump(result, f)
        return
    for kind in ("ops", "modules"):
        runs = []
        for fill in ("1", "170"):
            with tempfile.NamedTemporaryFile() as f:
                subprocess.run(
                    [sys.executable, __file__, kind, f.name], check=True,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env={**os.environ, "MALLOC_PERTURB_": fill})
                runs.append(json.load(f))
        lines = []
        for name, calls in without_chance(*runs).items():
            refused = [c for c in calls if "raises" in c]
            calls = [c for c in calls if "skip" not in c and c not in refused[MOST_REFUSED:]]
            if calls:
                lines.append(json.dumps({"unit": name, "calls": calls}, separators=(",", ":")))
        with open(f"{HERE}/{kind}.jsonl.gz", "wb") as f:
            f.write(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


main()
