"""Fine-tunes a small BERT on SST-2 with PyTorch and transformers, for comparison with ddp-train.

    python finetune_sst2.py prepare SST2 MODEL      writes a tokenizer and a model with fixed weights
    python finetune_sst2.py train SST2 MODEL        trains, and prints the loss of every 20th step

SST2 is a folder with train.txt and dev.txt, a label, a space and a text on each line. The same run:

    ddp-train finetune configs/finetune/sst2.yaml --model MODEL --data.train SST2/train.txt \
      --data.validation SST2/dev.txt --group-by-length false --max-length 64 --epochs 1 --lr 1e-3 \
      --log-every 20 --seed 42
"""
import sys
from collections import Counter

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, BertConfig,
                          BertForSequenceClassification, BertTokenizerFast,
                          get_linear_schedule_with_warmup)

command, data, folder = sys.argv[1:]


def records(name):
    lines = open(f"{data}/{name}.txt", encoding="utf-8").read().splitlines()
    return [(int(line[0]), line[2:]) for line in lines]


def batch(tokenizer, rows):
    encoded = tokenizer([text for _, text in rows], truncation=True, max_length=64, padding=True,
                        return_tensors="pt")
    return encoded, torch.tensor([label for label, _ in rows])


if command == "prepare":
    # Characters and the most frequent words: the same for everybody, which trained word pieces are not.
    words = Counter(word for _, text in records("train") for word in text.split())
    ranked = sorted((word for word in words if len(word) > 1), key=lambda word: (-words[word], word))
    letters = sorted(set("".join(words)))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters
    vocabulary += [f"##{letter}" for letter in letters]
    vocabulary += ranked[:4000 - len(vocabulary)]
    pieces = BertWordPieceTokenizer({piece: i for i, piece in enumerate(vocabulary)}, lowercase=True)
    pieces.save(f"{folder}.json")
    BertTokenizerFast(tokenizer_file=f"{folder}.json").save_pretrained(folder)
    torch.manual_seed(0)
    BertForSequenceClassification(BertConfig(
        vocab_size=len(vocabulary), hidden_size=64, num_hidden_layers=2,
        num_attention_heads=4, intermediate_size=128, max_position_embeddings=64,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)).save_pretrained(folder)
    sys.exit()

tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder)
training, held_out = records("train"), records("dev")
skip = ("bias", "LayerNorm")
named = list(model.named_parameters())
optimizer = torch.optim.AdamW([
    {"params": [p for n, p in named if not any(s in n for s in skip)], "weight_decay": 0.01},
    {"params": [p for n, p in named if any(s in n for s in skip)], "weight_decay": 0.0},
], lr=1e-3)
steps = -(-len(training) // 32)
schedule = get_linear_schedule_with_warmup(optimizer, -(-6 * steps // 100), steps)
order = torch.randperm(len(training), generator=torch.Generator().manual_seed(42)).tolist()
model.train()
for step in range(steps):
    encoded, labels = batch(tokenizer, [training[i] for i in order[step * 32:(step + 1) * 32]])
    loss = model(**encoded, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    if (step + 1) % 20 == 0 or step + 1 == steps:
        print(step + 1, f"{loss.item():.4f}")
model.eval()
with torch.no_grad():
    right, total = 0, 0.0
    for start in range(0, len(held_out), 32):
        encoded, labels = batch(tokenizer, held_out[start:start + 32])
        output = model(**encoded, labels=labels)
        right += (output.logits.argmax(-1) == labels).sum().item()
        total += output.loss.item() * len(labels)
print("validation", f"{total / len(held_out):.4f}", f"{right / len(held_out):.4f}")
