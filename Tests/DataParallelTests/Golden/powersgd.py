"""Writes powersgd.json: gradients that PyTorch's PowerSGD hooks give two ranks over Gloo.

    python powersgd.py > powersgd.json

Both ranks start with torch.manual_seed(3)'s weights; rank r's records are drawn with seed 100 + r.

PyTorch 2.13's batched hook hands its [n, rank] matrices to a function that insists on [count, n, rank],
and stops; here it gets them as a batch of one.
"""

import itertools
import json
import os
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks import powerSGD_hook as power
from torch.nn.parallel import DistributedDataParallel

PASSES = 6


orthogonalize = power._orthogonalize
power._orthogonalize = lambda matrices, epsilon=0: orthogonalize(
    matrices if matrices.dim() == 3 else matrices.unsqueeze(0), epsilon)


def rounded(tensor):
    return [float(f"{value:.6g}") for value in tensor.flatten().tolist()]


def train(rank, ports, batched, approximation, feedback, warm, results):
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", ports
    dist.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(12, 10), nn.Tanh(), nn.Linear(10, 8))
    parallel = DistributedDataParallel(model)
    state = power.PowerSGDState(
        process_group=None, matrix_approximation_rank=approximation, start_powerSGD_iter=2,
        min_compression_rate=1, use_error_feedback=feedback, warm_start=warm, random_seed=7)
    hook = power.batched_powerSGD_hook if batched else power.powerSGD_hook
    order = []

    def noting(state, bucket):
        places = {id(p): place for place, p in enumerate(model.parameters())}
        order[:] = [places[id(p)] for p in bucket.parameters()]
        return hook(state, bucket)

    parallel.register_comm_hook(state, noting)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    torch.manual_seed(100 + rank)
    x, y = torch.randn(16, 12), torch.randn(16, 8)
    gradients = []
    for _ in range(PASSES):
        optimizer.zero_grad()
        (parallel(x) - y).square().mean().backward()
        gradients.append([rounded(p.grad) for p in model.parameters()])
        optimizer.step()
    if rank == 0:
        results.put({
            "batched": batched, "rank": approximation, "error_feedback": feedback, "warm_start": warm,
            "order": order, "compression": list(state.compression_stats()), "gradients": gradients})
    dist.barrier()
    dist.destroy_process_group()


def main():
    context = mp.get_context("spawn")
    cases = []
    settings = [(1, True, True), (2, True, True), (3, True, True), (2, False, True), (2, True, False)]
    for number, (batched, (approximation, feedback, warm)) in enumerate(
            itertools.product([False, True], settings)):
        results = context.SimpleQueue()
        ranks = [
            context.Process(
                target=train,
                args=(rank, str(29611 + number), batched, approximation, feedback, warm, results))
            for rank in range(2)]
        for process in ranks:
            process.start()
        cases.append(results.get())
        for process in ranks:
            process.join()
    json.dump(cases, sys.stdout)
    print()


if __name__ == "__main__":
    main()
