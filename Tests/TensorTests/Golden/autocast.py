"""Writes autocast.json: what torch.autocast("cpu") makes of operations and small models (PyTorch 2.13).

Run it beside this file: python autocast.py
"""

import json
import pathlib
import warnings

import torch
import torch.nn.functional as F

warnings.filterwarnings("ignore")
torch.manual_seed(0)
torch.set_num_threads(1)


def R(*shape):
    return torch.randn(*shape)


def P(*shape):
    return torch.rand(*shape) + 0.1


def spd():
    return torch.eye(3) * 3 + 0.1


# Each takes what turns its float32 operands into those of the case.
ops = {
    "matmul": lambda c: torch.matmul(c(R(3,4)),c(R(4,2))),
    "dot": lambda c: torch.dot(c(R(4)),c(R(4))),
    "addmm": lambda c: torch.addmm(c(R(2)),c(R(3,4)),c(R(4,2))),
    "addr": lambda c: torch.addr(c(R(3,4)),c(R(3)),c(R(4))),
    "addbmm": lambda c: torch.addbmm(c(R(3,2)),c(R(2,3,4)),c(R(2,4,2))),
    "baddbmm": lambda c: torch.baddbmm(c(R(2,3,2)),c(R(2,3,4)),c(R(2,4,2))),
    "linear": lambda c: F.linear(c(R(3,4)),c(R(2,4)),c(R(2))),
    "conv1d": lambda c: F.conv1d(c(R(1,2,5)),c(R(3,2,2))),
    "conv2d": lambda c: F.conv2d(c(R(1,2,5,5)),c(R(3,2,2,2))),
    "conv3d": lambda c: F.conv3d(c(R(1,2,3,3,3)),c(R(3,2,2,2,2))),
    "conv_transpose1d": lambda c: F.conv_transpose1d(c(R(1,2,5)),c(R(2,3,2))),
    "conv_transpose2d": lambda c: F.conv_transpose2d(c(R(1,2,5,5)),c(R(2,3,2,2))),
    "conv_transpose3d": lambda c: F.conv_transpose3d(c(R(1,2,3,3,3)),c(R(2,3,2,2,2))),
    "prelu": lambda c: F.prelu(c(R(3,4)),c(P(1))),
    "sdpa": lambda c: F.scaled_dot_product_attention(c(R(1,2,3,4)),c(R(1,2,3,4)),c(R(1,2,3,4))),
    "einsum": lambda c: torch.einsum('ij,jk->ik',c(R(3,4)),c(R(4,2))),
    "tensordot": lambda c: torch.tensordot(c(R(3,4)),c(R(4,2)),1),
    "outer": lambda c: torch.outer(c(R(3)),c(R(2))),
    "vecdot": lambda c: torch.linalg.vecdot(c(R(3,4)),c(R(3,4))),
    "avg_pool1d": lambda c: F.avg_pool1d(c(R(1,2,4)),2),
    "avg_pool2d": lambda c: F.avg_pool2d(c(R(1,2,4,4)),2),
    "avg_pool3d": lambda c: F.avg_pool3d(c(R(1,2,4,4,4)),2),
    "max_pool1d": lambda c: F.max_pool1d(c(R(1,2,4)),2),
    "max_pool2d": lambda c: F.max_pool2d(c(R(1,2,4,4)),2),
    "max_pool3d": lambda c: F.max_pool3d(c(R(1,2,4,4,4)),2),
    "adaptive_avg_pool1d": lambda c: F.adaptive_avg_pool1d(c(R(1,2,4)),2),
    "adaptive_avg_pool2d": lambda c: F.adaptive_avg_pool2d(c(R(1,2,4,4)),2),
    "adaptive_avg_pool3d": lambda c: F.adaptive_avg_pool3d(c(R(1,2,4,4,4)),2),
    "adaptive_max_pool1d": lambda c: F.adaptive_max_pool1d(c(R(1,2,4)),2),
    "adaptive_max_pool3d": lambda c: F.adaptive_max_pool3d(c(R(1,2,4,4,4)),2),
    "fractional_max_pool2d": lambda c: F.fractional_max_pool2d(c(R(1,2,6,6)),2,output_size=3),
    "max_unpool2d": lambda c: F.max_unpool2d(*[(c(a) if a.is_floating_point() else a) for a in F.max_pool2d(R(1,2,4,4),2,return_indices=True)],2),
    "grid_sample": lambda c: F.grid_sample(c(R(1,2,4,4)),c(R(1,3,3,2)),align_corners=False),
    "pad_reflect1d": lambda c: F.pad(c(R(1,2,4)),(1,1),mode='reflect'),
    "pad_reflect2d": lambda c: F.pad(c(R(1,2,4,4)),(1,1,1,1),mode='reflect'),
    "pad_replicate1d": lambda c: F.pad(c(R(1,2,4)),(1,1),mode='replicate'),
    "pad_replicate2d": lambda c: F.pad(c(R(1,2,4,4)),(1,1,1,1),mode='replicate'),
    "pad_constant": lambda c: F.pad(c(R(1,2,4)),(1,1)),
    "batch_norm": lambda c: F.batch_norm(c(R(3,4)),None,None,training=True),
    "layer_norm": lambda c: F.layer_norm(c(R(3,4)),(4,)),
    "group_norm": lambda c: F.group_norm(c(R(3,4)),2),
    "instance_norm": lambda c: F.instance_norm(c(R(3,4,5))),
    "rms_norm": lambda c: F.rms_norm(c(R(3,4)),(4,)),
    "local_response_norm": lambda c: F.local_response_norm(c(R(1,4,3)),2),
    "normalize": lambda c: F.normalize(c(R(3,4))),
    "softmax": lambda c: F.softmax(c(R(3,4)),-1),
    "log_softmax": lambda c: F.log_softmax(c(R(3,4)),-1),
    "softmin": lambda c: F.softmin(c(R(3,4)),-1),
    "exp": lambda c: torch.exp(c(R(3))),
    "log": lambda c: torch.log(c(P(3))),
    "pow": lambda c: torch.pow(c(P(3)),2.5),
    "sqrt": lambda c: c(P(3)).sqrt(),
    "rsqrt": lambda c: c(P(3)).rsqrt(),
    "tanh": lambda c: c(P(3)).tanh(),
    "sigmoid": lambda c: c(P(3)).sigmoid(),
    "sum": lambda c: c(P(3)).sum(),
    "mean": lambda c: c(P(3)).mean(),
    "prod": lambda c: c(P(3)).prod(),
    "cumsum": lambda c: c(P(3)).cumsum(0),
    "cumprod": lambda c: c(P(3)).cumprod(0),
    "var": lambda c: c(P(3)).var(),
    "std": lambda c: c(P(3)).std(),
    "norm": lambda c: c(P(3)).norm(),
    "logsumexp": lambda c: c(P(3,2)).logsumexp(1),
    "max": lambda c: c(P(3)).max(),
    "median": lambda c: c(P(3)).median(),
    "quantile": lambda c: torch.quantile(c(P(3)),0.5),
    "nanquantile": lambda c: torch.nanquantile(c(P(3)),0.5),
    "trace": lambda c: torch.trace(c(R(3,3))),
    "cdist": lambda c: torch.cdist(c(R(3,4)),c(R(2,4))),
    "pairwise_distance": lambda c: F.pairwise_distance(c(R(3,4)),c(R(3,4))),
    "cosine_similarity": lambda c: F.cosine_similarity(c(R(3,4)),c(R(3,4))),
    "relu": lambda c: F.relu(c(R(3))),
    "gelu": lambda c: F.gelu(c(R(3))),
    "silu": lambda c: F.silu(c(R(3))),
    "softplus": lambda c: F.softplus(c(R(3))),
    "dropout": lambda c: F.dropout(c(R(3))),
    "embedding": lambda c: F.embedding(torch.tensor([0,1]),c(R(3,4))),
    "mse_loss": lambda c: F.mse_loss(c(R(3,4)),c(R(3,4))),
    "l1_loss": lambda c: F.l1_loss(c(R(3,4)),c(R(3,4))),
    "smooth_l1_loss": lambda c: F.smooth_l1_loss(c(R(3,4)),c(R(3,4))),
    "huber_loss": lambda c: F.huber_loss(c(R(3,4)),c(R(3,4))),
    "cross_entropy": lambda c: F.cross_entropy(c(R(3,4)),torch.tensor([0,1,2])),
    "cross_entropy_soft": lambda c: F.cross_entropy(c(R(3,4)),c(P(3,4))),
    "nll_loss": lambda c: F.nll_loss(c(R(3,4)),torch.tensor([0,1,2])),
    "kl_div": lambda c: F.kl_div(c(R(3,4)),c(P(3,4)),reduction='batchmean'),
    "poisson_nll_loss": lambda c: F.poisson_nll_loss(c(R(3,4)),c(P(3,4))),
    "gaussian_nll_loss": lambda c: F.gaussian_nll_loss(c(R(3,4)),c(P(3,4)),c(P(3,4))),
    "binary_cross_entropy": lambda c: F.binary_cross_entropy(c(torch.full((3,),.4)),c(torch.full((3,),.6))),
    "binary_cross_entropy_with_logits": lambda c: F.binary_cross_entropy_with_logits(c(R(3)),c(torch.full((3,),.6))),
    "hinge_embedding_loss": lambda c: F.hinge_embedding_loss(c(R(3)),c(torch.ones(3))),
    "cosine_embedding_loss": lambda c: F.cosine_embedding_loss(c(R(3,4)),c(R(3,4)),torch.ones(3)),
    "margin_ranking_loss": lambda c: F.margin_ranking_loss(c(R(3)),c(R(3)),torch.ones(3)),
    "triplet_margin_loss": lambda c: F.triplet_margin_loss(c(R(3,4)),c(R(3,4)),c(R(3,4))),
    "soft_margin_loss": lambda c: F.soft_margin_loss(c(R(3)),torch.ones(3)),
    "multi_margin_loss": lambda c: F.multi_margin_loss(c(R(3,4)),torch.tensor([0,1,2])),
    "multilabel_margin_loss": lambda c: F.multilabel_margin_loss(c(R(3,4)),torch.tensor([[0,-1,0,0]]*3)),
    "multilabel_soft_margin_loss": lambda c: F.multilabel_soft_margin_loss(c(R(3,4)),torch.ones(3,4)),
    "ctc_loss": lambda c: F.ctc_loss(c(R(5,2,4)).log_softmax(2),torch.ones(2,2,dtype=torch.long),torch.tensor([5,5]),torch.tensor([2,2])),
    "inverse": lambda c: torch.inverse(c(spd())),
    "linalg_solve": lambda c: torch.linalg.solve(c(spd()),c(R(3,1))),
    "cholesky": lambda c: torch.linalg.cholesky(c(torch.eye(3)*3+.1)),
    "qr": lambda c: torch.linalg.qr(c(R(3,3))),
    "svd": lambda c: torch.linalg.svd(c(R(3,3))),
    "svdvals": lambda c: torch.linalg.svdvals(c(R(3,3))),
    "eigh": lambda c: torch.linalg.eigh(c(spd())),
    "eigvalsh": lambda c: torch.linalg.eigvalsh(c(spd())),
    "lstsq": lambda c: torch.linalg.lstsq(c(R(3,2)),c(R(3,1)))[0],
}


def wave(shape, phase, scale=1.0):
    """The operands of the models, made alike on both sides: scale * sin(0.7 i + phase)."""
    count = 1
    for size in shape:
        count *= size
    steps = torch.arange(count, dtype=torch.float64) * 0.7 + phase
    return (torch.sin(steps) * scale).float().reshape(shape)


def mlp(p):
    x = wave([8, 12], 0.1)
    hidden = F.gelu(F.layer_norm(F.linear(x, p[0], p[1]), [16], p[2], p[3]))
    return F.cross_entropy(F.linear(hidden, p[4]), torch.arange(8) % 5)


def convolution(p):
    x = wave([4, 3, 10, 10], 0.2)
    x = F.relu(F.batch_norm(F.conv2d(x, p[0], p[1], padding=1), None, None, p[2], p[3], True))
    x = F.relu(F.conv2d(F.max_pool2d(x, 2), p[4], stride=2)).flatten(1)
    return F.mse_loss(F.linear(x, p[5]), wave([4, 2], 0.5))


def attention(p):
    x = F.embedding(torch.arange(12).reshape(2, 6) % 7, p[0])
    q, k, v = F.linear(x, p[1]).reshape(2, 6, 3, 2, 8).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + F.linear(y.transpose(1, 2).reshape(2, 6, 16), p[2])
    logits = F.rms_norm(x, [16], p[3]) @ p[0].t()
    return F.cross_entropy(logits.flatten(0, 1), torch.arange(12) % 7)


models = {
    "mlp": (mlp, [[16, 12], [16], [16], [16], [5, 16]]),
    "convolution": (convolution, [[8, 3, 3, 3], [8], [8], [8], [8, 8, 2, 2], [2, 32]]),
    "attention": (attention, [[7, 16], [48, 16], [16, 16], [16]]),
}


def step(name, precision):
    function, shapes = models[name]
    parameters = [
        wave(shape, 1 + index, 0.4).add_(1.0 if len(shape) == 1 else 0.0).requires_grad_()
        for index, shape in enumerate(shapes)
    ]
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        loss = function(parameters)
    loss.backward()
    return {
        "loss": loss.item(),
        "dtype": str(loss.dtype).replace("torch.", ""),
        "gradients": [p.grad.flatten().tolist() for p in parameters],
        "gradientDTypes": [str(p.grad.dtype).replace("torch.", "") for p in parameters],
    }


def dtype_of(function, source):
    with torch.autocast("cpu", torch.bfloat16):
        try:
            result = function(lambda x: x.to(source))
        except (RuntimeError, TypeError):
            return None
    while isinstance(result, (tuple, list)):
        result = result[0]
    return str(result.dtype).replace("torch.", "")


if __name__ == "__main__":
    answers = {
        "dtypes": {
            name: [dtype_of(f, torch.float32), dtype_of(f, torch.bfloat16)] for name, f in ops.items()
        },
        "models": {
            name: {"shapes": shapes} | {p: step(name, p) for p in ("f32", "bf16")}
            for name, (_, shapes) in models.items()
        },
    }
    path = pathlib.Path(__file__).with_name("autocast.json")
    path.write_text(json.dumps(answers) + "\n")
