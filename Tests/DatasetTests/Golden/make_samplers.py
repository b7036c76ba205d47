"""Writes samplers.json: what PyTorch's samplers yield. Run with torch 2.13: python make_samplers.py"""
import json
import pathlib
import torch
from torch.utils.data import RandomSampler, SubsetRandomSampler, WeightedRandomSampler, random_split
from torch.utils.data.distributed import DistributedSampler


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def distributed():
    for length in (1, 2, 7, 10, 23, 102):
        for world in (1, 2, 3, 4, 5):
            for shuffle, drop_last, seed, epoch in ((False, False, 0, 0), (True, False, 3, 2),
                                                    (True, True, 3, 2), (False, True, 0, 1)):
                ranks = []
                for rank in range(world):
                    sampler = DistributedSampler(range(length), world, rank, shuffle, seed, drop_last)
                    sampler.set_epoch(epoch)
                    ranks.append(list(sampler))
                yield dict(length=length, world_size=world, shuffle=shuffle, drop_last=drop_last,
                           seed=seed, epoch=epoch, indices=ranks)


weights = [0.1, 3.0, 0.0, 2.5, 0.4, 1.0, 7.25]
cases = dict(
    distributed=list(distributed()),
    random=[dict(length=n, draws=k, replacement=r, seed=s,
                 indices=list(RandomSampler(range(n), replacement=r, num_samples=k, generator=seeded(s))))
            for n, k, r, s in ((1, 1, False, 0), (17, 17, False, 42), (17, 40, False, 5),
                               (1000, 20, False, 7), (17, 70, True, 42), (1000, 50, True, 2**40 + 1))],
    subset=list(SubsetRandomSampler([5, 9, 2, 40, 13], generator=seeded(11))),
    weights=weights,
    weighted=[dict(draws=k, replacement=r, seed=s,
                   indices=list(WeightedRandomSampler(weights, k, r, generator=seeded(s))))
              for k, r, s in ((30, True, 0), (30, True, 9), (6, False, 0), (3, False, 9))],
    split=[dict(lengths=lengths, seed=s,
                parts=[list(part.indices) for part in random_split(range(sum(lengths)), lengths, seeded(s))])
           for lengths, s in (([3, 7, 0, 1], 0), ([90, 10], 1234))],
    fractions=[list(part.indices) for part in random_split(range(11), [0.5, 0.3, 0.2], seeded(2))],
)
out = pathlib.Path(__file__).with_name("samplers.json")
out.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
