"""Writes a tiny model of a family as transformers saves it, with what it computes.

    python generate.py starcoder2 CausalLM starcoder2-lm num_key_value_heads=2 sliding_window=4
    python generate.py mt5 Seq2SeqLM mt5-seq2seq d_model=32 d_ff=64 d_kv=8 num_layers=2 num_heads=4

(transformers 5.24, torch 2.13 and safetensors; from any folder.) The family goes by its model_type, the
class by the end of its AutoModel's name: CausalLM, SequenceClassification, TokenClassification, Seq2SeqLM.
Then the folder, and fields of the configuration besides the sizes below, all of them for Seq2SeqLM, whose
families have names of their own. The README two folders above says what cases.safetensors holds.
"""

import ast, gzip, os, sys

import torch
import transformers
from safetensors.torch import save

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = dict(vocab_size=300, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
             num_attention_heads=4, max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
             pad_token_id=0, attn_implementation="eager")
ROWS, LENGTH, STEPS = 3, 12, 6


def inputs():
    ids = torch.randint(3, SIZES["vocab_size"], (ROWS, LENGTH))
    mask = torch.ones_like(ids)
    # Fewer than a window of four, so that every query sees a key: one that sees none is nobody's concern.
    mask[1, 10:], mask[2, 9:] = 0, 0
    return ids * mask, mask


def labels(task, ids, mask, model):
    if task == "CausalLM":
        return ids.masked_fill(mask == 0, -100)
    if task == "Seq2SeqLM":
        return torch.randint(3, SIZES["vocab_size"], (ROWS, 7))
    classes = model.config.num_labels
    if task == "TokenClassification":
        return torch.randint(0, classes, ids.shape).masked_fill(mask == 0, -100)
    return torch.randint(0, classes, (ROWS,))


def main(family, task, folder, *fields):
    torch.manual_seed(7)
    writes = task in ("CausalLM", "Seq2SeqLM")
    sizes = SIZES if task != "Seq2SeqLM" else {k: SIZES[k] for k in ("vocab_size", "attn_implementation")}
    settings = {**sizes, **{k: ast.literal_eval(v) for k, v in (f.split("=", 1) for f in fields)}}
    if not writes:
        settings["num_labels"] = 3
    config = transformers.AutoConfig.for_model(family, **settings)
    model = getattr(transformers, "AutoModelFor" + task).from_config(config)
    with torch.no_grad():
        # Fresh biases are zeros and norms ones, which would hide mistakes.
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.1)
    model.eval()
    model.save_pretrained(f"{HERE}/{folder}")
    ids, mask = inputs()
    target = labels(task, ids, mask, model)
    result = model(input_ids=ids, attention_mask=mask, labels=target)
    result.loss.backward()
    tensors = {"input_ids": ids, "attention_mask": mask, "labels": target,
               "output": result.logits, "loss": result.loss}
    tensors |= {f"grad.{n}": p.grad for n, p in model.named_parameters() if p.grad is not None}
    if task == "Seq2SeqLM":
        tensors["encoder_output"] = result.encoder_last_hidden_state
    if writes:
        start = ids[:1] if task == "Seq2SeqLM" else ids[:1, :5]
        tensors["greedy"] = model.generate(start, max_new_tokens=15, do_sample=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = model(input_ids=ids, attention_mask=mask, labels=target).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    tensors["finetune_losses"] = torch.stack(losses)
    data = save({k: v.detach().clone().contiguous() for k, v in tensors.items()})
    with open(f"{HERE}/{folder}/cases.safetensors.gz", "wb") as f:
        f.write(gzip.compress(data, mtime=0))
    print(f"{folder}: {type(model).__name__}, loss {result.loss.item():.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 3 else sys.exit(__doc__)
