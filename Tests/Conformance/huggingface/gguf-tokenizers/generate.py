"""Writes small tokenizers into GGUF files, and what the tokenizers they come from make of texts.

    pip install gguf tokenizers
    python generate.py [FOLDER]

Each file has the keys that llama.cpp's converter writes for a tokenizer.json of its kind. The answers are
those of the tokenizers library for that tokenizer.json, not for the file. FOLDER holds the tokenizers
(NAME/tokenizer.json); by default the folder beside this one.
"""

import json
import pathlib
import sys

import gguf
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent
SOURCE = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "tokenizers"
TARGET = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else HERE
TYPES = gguf.TokenType
KEYS = {"unk": "unknown", "sep": "seperator", "pad": "padding"}

TEXTS = [
    "Hello world", "", " leading and  double  spaces ", "The quick brown fox's 12345 jumps, isn't it?",
    "Grüße aus Köln — naïve café", "日本語のテキスト と 한국어", "tabs\tand\nnew\n\nlines\r\n", "🙂 emoji 👩‍👩‍👧",
    "def f(x):\n    return x ** 2  # ok", "UPPER lower MiXeD HTTPServer", "3.14159 and 1,000,000",
    "don't DON'T we'LL I'm", "<s>inside</s> [MASK] <|endoftext|>x<|im_start|>", "e\u0301 and é",
]


def entries(tokenizer, kind):
    """Tokens, types and scores as the converter would list them."""
    model = tokenizer["model"]
    added = {token["id"]: token for token in tokenizer["added_tokens"]}
    if kind == "t5":
        tokens = {index: piece for index, (piece, _) in enumerate(model["vocab"])}
        scores = [score for _, score in model["vocab"]]
    else:
        tokens = {index: token for token, index in model["vocab"].items()}
        ranks = {"".join(pair): rank for rank, pair in reversed(list(enumerate(merges(model))))}
        scores = [-float(ranks.get(tokens[i], 0)) for i in range(len(tokens))]
    # One token of filling, as for models whose embeddings have more rows than the vocabulary.
    count = len(tokens)
    texts, types = [], []
    for i in range(count):
        text, type = tokens[i], TYPES.NORMAL
        if i in added:
            type = TYPES.CONTROL if added[i]["special"] else TYPES.USER_DEFINED
        if kind in ("llama", "t5") and text == "<unk>":
            type = TYPES.UNKNOWN
        if kind == "llama" and len(text) == 6 and text.startswith("<0x"):
            type = TYPES.BYTE
        if kind == "bert" and type == TYPES.NORMAL:
            text = text[2:] if text.startswith("##") else "\u2581" + text
        texts.append(text)
        types.append(type)
    texts.append(f"[PAD{count}]")
    types.append(TYPES.UNUSED)
    return texts, types, scores + [-1000.0]


def merges(model):
    return [pair if isinstance(pair, list) else pair.split(" ") for pair in model.get("merges", [])]


def write(name, kind, source=None, pre=None, architecture="llama", special={}, flags={}, change=None, template=None):
    path = SOURCE / (source or name) / "tokenizer.json"
    if not path.exists():
        return
    tokenizer = json.loads(path.read_text())
    if change:
        change(tokenizer)
    texts, types, scores = entries(tokenizer, kind)
    folder = TARGET / name
    folder.mkdir(exist_ok=True)
    writer = gguf.GGUFWriter(str(folder / "model.gguf"), architecture)
    writer.add_tokenizer_model(kind)
    if pre:
        writer.add_tokenizer_pre(pre)
    writer.add_token_list(texts)
    writer.add_token_types(types)
    if kind in ("llama", "t5"):
        writer.add_token_scores(scores)
    if kind == "gpt2":
        writer.add_token_merges([" ".join(pair) for pair in merges(tokenizer["model"])])
    for key, token in special.items():
        writer.add_uint32(f"tokenizer.ggml.{KEYS.get(key, key)}_token_id", texts.index(token))
    for key, flag in flags.items():
        getattr(writer, f"add_{key}")(flag)
    if template:
        writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    library = Tokenizer.from_str(json.dumps(tokenizer))
    library.no_truncation()
    library.no_padding()
    cases = []
    for number, text in enumerate(TEXTS):
        pair = TEXTS[(number + 3) % len(TEXTS)] if number % 4 == 3 else None
        whole, plain = library.encode(text, pair), library.encode(text, add_special_tokens=False)
        case = {"text": text, "ids": whole.ids, "type_ids": whole.type_ids}
        if pair is not None:
            case["pair"] = pair
        case["plain_ids"] = plain.ids
        case["decoded"] = library.decode(whole.ids, skip_special_tokens=False)
        case["decoded_skip"] = library.decode(whole.ids)
        cases.append(case)
    facts = {f"{key}_token": token for key, token in special.items()}
    (folder / "cases.json").write_text(
        json.dumps({"special": facts, "cases": cases}, ensure_ascii=False, indent=1) + "\n")


def without_byte_tokens(tokenizer):
    """Published tokenizers do not list their bytes among the added tokens."""
    tokenizer["added_tokens"] = [t for t in tokenizer["added_tokens"] if not t["content"].startswith("<0x")]


def as_t5(tokenizer):
    """T5's pipeline around the same pieces."""
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    tokenizer["normalizer"] = None
    tokenizer["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}


ends = {"bos": "<s>", "eos": "</s>", "unk": "<unk>"}
pieces = {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"}
write("gpt2", "gpt2", pre="gpt-2", architecture="gpt2", special={"bos": "<|endoftext|>", "eos": "<|endoftext|>"})
write("llama3", "gpt2", pre="llama-bpe", special={"bos": "<|begin_of_text|>", "eos": "<|end_of_text|>"},
      template="{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
write("sp-bpe", "llama", pre="default", special=ends, flags={"add_bos_token": True, "add_space_prefix": True},
      change=without_byte_tokens)
write("bert-cased", "bert", architecture="bert", special=pieces)
write("bert-uncased", "bert", architecture="bert", special=pieces)
write("unigram", "t5", architecture="t5", special={"eos": "</s>", "unk": "<unk>", "pad": "<pad>"},
      flags={"add_bos_token": False, "add_eos_token": True}, change=as_t5)
write("roberta", "gpt2", pre="roberta-bpe", architecture="roberta",
      special={"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>", "pad": "<pad>", "cls": "<s>", "mask": "<mask>"},
      flags={"add_bos_token": True, "add_eos_token": True})
