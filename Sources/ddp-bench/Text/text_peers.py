"""Hugging Face's side of `ddp-bench generate`, `embed` and `tokenize`.

python text_peers.py generate FOLDER THREADS [DTYPE]
python text_peers.py embed FOLDER THREADS TEXTS BATCH_SIZE FILE
python text_peers.py tokenize TOKENIZER_JSON THREADS FILE

Every line of standard input names what to do once, and is answered by a line of JSON with the seconds that
it took.
"""

import json
import os
import sys
import time


def generating(folder, threads, dtype="auto"):
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(int(threads))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()

    def write(kind, count):
        prompt, new = (int(count), 1) if kind == "pp" else (1, int(count))
        ids = torch.randint(model.config.vocab_size, (1, prompt))
        model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=new, min_new_tokens=new,
            do_sample=False, num_beams=1)

    return write


def embedding(folder, threads, count, batch_size, file):
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(int(threads))
    model = SentenceTransformer(folder, device="cpu")
    with open(file, encoding="utf-8") as lines:
        texts = [line for line in lines.read().splitlines() if line][: int(count)]
    return lambda _: model.encode(texts, batch_size=int(batch_size), show_progress_bar=False)


def tokenizing(path, threads, file):
    os.environ["RAYON_NUM_THREADS"] = threads
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with open(file, encoding="utf-8", newline="") as text:
        content = text.read()
    lines = [line for line in content.splitlines() if line]
    ways = {
        "load": lambda: Tokenizer.from_file(path),
        "ids": lambda: tokenizer.encode_batch_fast([content], add_special_tokens=False),
        "offsets": lambda: tokenizer.encode(content),
        "lines": lambda: tokenizer.encode_batch_fast(lines),
    }
    return lambda way: ways[way]()


def main():
    kind, *arguments = sys.argv[1:]
    run = {"generate": generating, "embed": embedding, "tokenize": tokenizing}[kind](*arguments)
    for line in sys.stdin:
        began = time.perf_counter()
        run(*line.split())
        print(json.dumps({"median_s": time.perf_counter() - began}), flush=True)


main()
