"""PyTorch's side of `ddp-bench compare`: the models of StepModels.swift.

python torch_step.py MODEL THREADS PRECISION     (f32, or autocast to bf16 or f16; plain: f32 without oneDNN)

Every line of standard input is answered by a line of JSON. A number of seconds: the median time of a
training step (forward, loss, backward, optimizer) over that time and the most memory held.
`losses STEPS FILE`: the losses of so many steps from the parameters and the batch of a safetensors file
of Torus, whose parameters come in the order of these.
"""

import json
import resource
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class LastState(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 128)
        self.lstm = nn.LSTM(128, 256, batch_first=True)
        self.head = nn.Linear(256, 2)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0][:, -1])


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln1 = nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.ln2 = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        shape = x.shape
        heads = [
            t.view(shape[0], shape[1], self.heads, -1).transpose(1, 2)
            for t in self.qkv(self.ln1(x)).chunk(3, dim=-1)
        ]
        y = F.scaled_dot_product_attention(*heads, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(shape))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class GPT(nn.Module):
    def __init__(self, layers, heads, width, context, words=65):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(words, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, 0, 0.02)

    def forward(self, x):
        x = self.norm(self.blocks(self.wte(x) + self.wpe.weight[: x.shape[1]]))
        return F.linear(x, self.wte.weight).flatten(0, 1)


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        from transformers import BertConfig, BertForSequenceClassification

        self.model = BertForSequenceClassification(
            BertConfig(
                vocab_size=30522, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
                intermediate_size=1536,
            )
        )

    def forward(self, x):
        return self.model(input_ids=x, attention_mask=torch.ones_like(x)).logits


def mlp():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def digits():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 2 * 2, 128), nn.ReLU(), nn.Linear(128, 10),
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10),
    )


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    width = 64
    for outputs, stride in (64, 1), (128, 2), (256, 2), (512, 2):
        layers += [Residual(width, outputs, stride), Residual(outputs, outputs, 1)]
        width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def adamw(parameters):
    return torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01)


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


def momentum(parameters):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=5e-4)


# model, optimizer, shape of the inputs, how many words they are of (None: images), classes, targets
MODELS = {
    "mlp_sgd": (mlp, sgd, (64, 784), None, 10, 64),
    "mlp_adam": (mlp, adam, (64, 784), None, 10, 64),
    "digits": (digits, adamw, (64, 1, 8, 8), None, 10, 64),
    "cnn": (cnn, sgd, (64, 1, 28, 28), None, 10, 64),
    "r18": (resnet18, momentum, (64, 3, 32, 32), None, 10, 64),
    "lstm": (LastState, adamw, (32, 64), 10000, 2, 32),
    "gptb": (lambda: GPT(4, 4, 128, 64), adamw, (12, 64), 65, 65, 12 * 64),
    "gpt": (lambda: GPT(6, 6, 384, 256), adamw, (8, 256), 65, 65, 8 * 256),
    "bert": (Bert, adamw, (16, 128), 30522, 2, 16),
}


def stored(path):
    """The tensors of a safetensors file by name, as they lie in it."""
    types = {"F32": torch.float32, "I64": torch.int64}
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    return {
        name: torch.frombuffer(
            data, dtype=types[entry["dtype"]], offset=entry["data_offsets"][0],
            count=(entry["data_offsets"][1] - entry["data_offsets"][0]) // types[entry["dtype"]].itemsize,
        ).view(entry["shape"]).clone()
        for name, entry in header.items() if name != "__metadata__"
    }


def take(model, path):
    """Gives a model the parameters of a file, and returns its batch."""
    tensors = stored(path)
    parameters = list(model.named_parameters())
    for place, (name, parameter) in enumerate(parameters):
        value = tensors[f"parameters.{place:04}"]
        if value.shape != parameter.shape:
            raise SystemExit(f"{name} is {tuple(parameter.shape)} here and {tuple(value.shape)} in Torus")
        parameter.data.copy_(value)
    if f"parameters.{len(parameters):04}" in tensors:
        raise SystemExit("Torus has more parameters")
    # No dropout, whose draws differ: only batch norm keeps the mode of training.
    model.train(any(isinstance(m, nn.BatchNorm2d) for m in model.modules()))
    return tensors["batch.x"], tensors["batch.y"]


def main():
    name, threads, precision = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(threads)
    if precision == "plain":
        torch.backends.mkldnn.enabled = False
    torch.manual_seed(0)
    make, make_optimizer, shape, words, classes, targets = MODELS[name]
    model = make()
    optimizer = make_optimizer(list(model.parameters()))
    x = torch.randn(shape) if words is None else torch.randint(0, words, shape)
    y = torch.randint(0, classes, (targets,))
    reduced = {"f32": None, "plain": None, "bf16": torch.bfloat16, "f16": torch.float16}[precision]
    scaler = torch.amp.GradScaler("cpu", enabled=precision == "f16")

    def step(x=x, y=y):
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=reduced or torch.bfloat16, enabled=reduced is not None):
            loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return time.perf_counter() - start, loss

    for line in sys.stdin:
        if line.startswith("losses"):
            _, steps, path = line.rstrip("\n").split(" ", 2)
            x, y = take(model, path)
            losses = [step(x, y)[1].item() for _ in range(int(steps))]
            print(json.dumps({"losses": losses, "version": torch.__version__}), flush=True)
            continue
        for _ in range(3):
            step()
        times, end = [], time.perf_counter() + float(line)
        while time.perf_counter() < end or len(times) < 5:
            times.append(step()[0])
        times.sort()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = {
            "median_s": times[len(times) // 2],
            "min_s": times[0],
            "peak_mb": peak // (1024 if sys.platform == "linux" else 1024 * 1024),
            "version": torch.__version__,
        }
        print(json.dumps(answer), flush=True)


main()
