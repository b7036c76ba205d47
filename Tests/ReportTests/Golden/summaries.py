"""Writes summaries.json: TensorBoard summaries as PyTorch's own functions lay them out, in hexadecimal.

python3 summaries.py, with PyTorch and TensorBoard's package.
"""
import json

import numpy as np
from torch.utils.tensorboard import summary

values = np.array([0.0, 0.5, 0.5, -2.0, 3.25, 1e-13, -1e-7, 12345.0])

# SummaryWriter.default_bins.
limits = []
limit = 1e-12
while limit < 1e20:
    limits.append(limit)
    limit *= 1.1
tensorflow = [-limit for limit in reversed(limits)] + [0] + limits

labels = np.array([0, 1, 1, 0, 1, 0, 0, 1])
predictions = np.array([0.1, 0.9, 0.4, 0.6, 0.75, 0.0, 0.3, 1.0])
weights = np.array([1.0, 2.0, 0.5, 1.0, 1.0, 1.0, 3.0, 1.0])
exp, _, end = summary.hparams(
    {"batch": 32, "lr": 0.001, "optimizer": "adamw"},
    {"accuracy": 0.9},
    {"optimizer": ["sgd", "adamw"]},
)
_, one, _ = summary.hparams({"lr": 0.001}, {})
golden = {
    "scalar": summary.scalar("loss", 0.25),
    "scalar_nan": summary.scalar("loss", float("nan")),
    "scalar_tensor": summary.scalar("loss", np.float32(0.25), new_style=True),
    "scalar_double": summary.scalar("loss", np.float64(0.1), new_style=True, double_precision=True),
    "histogram": summary.histogram("weights", values, tensorflow),
    "histogram_edges": summary.histogram("weights", values, [-2, 0, 0.5, 3.25]),
    "text": summary.text("note", "a **bold** wörd"),
    "pr_curve": summary.pr_curve("pr", labels, predictions, 5),
    "pr_curve_weighted": summary.pr_curve("pr", labels, predictions, 11, weights),
    "hparams_experiment": exp,
    "hparams_start": one,
    "hparams_end": end,
}
with open("summaries.json", "w") as file:
    json.dump(
        {name: value.SerializeToString(deterministic=True).hex() for name, value in golden.items()},
        file, indent=1)
    file.write("\n")
