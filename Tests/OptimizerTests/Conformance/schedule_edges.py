"""Fills in what PyTorch does with the cases of schedule_edges.json.

    python schedule_edges.py

A case is a schedule with its options on an SGD of one group at 0.1, and `add` the step before which a
group at 0.05 joins. `rates` are the groups' learning rates at first and after every step; `refused`
says that PyTorch raised an error after the last of them.
"""

import json
import pathlib
import warnings

import torch


def follow(case):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    if case["schedule"] == "SWALR":
        make = torch.optim.swa_utils.SWALR
    else:
        make = getattr(torch.optim.lr_scheduler, case["schedule"])
    rates = []
    try:
        scheduler = make(optimizer, **case["options"])
        rates.append([group["lr"] for group in optimizer.param_groups])
        for step in range(case["steps"]):
            if case["add"] == step:
                late = {"params": [torch.nn.Parameter(torch.ones(1))], "lr": 0.05}
                optimizer.add_param_group(late)
            optimizer.step()
            if case["schedule"] == "ReduceLROnPlateau":
                scheduler.step(1)
            else:
                scheduler.step()
            rates.append([group["lr"] for group in optimizer.param_groups])
    except Exception:
        return {**case, "rates": rates, "refused": True}
    return {**case, "rates": rates, "refused": False}


warnings.filterwarnings("ignore")
path = pathlib.Path(__file__).with_name("schedule_edges.json")
cases = [follow(case) for case in json.loads(path.read_text())["cases"]]
written = {"comment": f"torch {torch.__version__}", "cases": cases}
path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
