"""Writes safetensors.json: which files the reference reader (safetensors 0.8) takes, and as what,
and what the reference writer writes. Run: python make_safetensors.py"""
import json
import pathlib
import struct

import numpy as np
import safetensors as reference
import safetensors.numpy as reference_numpy

here = pathlib.Path(__file__).parent

A = '"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'


def tensor(dtype="U8", shape="[1]", offsets="[0,1]", extra="", name="a"):
    return '"%s":{"dtype":"%s","shape":%s,"data_offsets":%s%s}' % (name, dtype, shape, offsets, extra)


def obj(*members):
    return "{" + ",".join(members) + "}"


cases = {
    "one tensor": (obj(A), b"x"), "no tensors": ("{}", b""), "no tensors but data": ("{}", b"x"),
    "null metadata": (obj('"__metadata__":null', A), b"x"),
    "metadata": (obj('"__metadata__":{"k":"v","a":"b","k":"w"}', A), b"x"),
    "null in metadata": (obj('"__metadata__":{"a":null}', A), b"x"),
    "metadata twice": (obj('"__metadata__":{}', '"__metadata__":{}', A), b"x"),
    "metadata is a string": (obj('"__metadata__":"x"', A), b"x"),
    "metadata is a tensor": (obj(A.replace('"a"', '"__metadata__"')), b"x"),
    "same tensor twice": (obj(A, A), b"x"), "last of two counts": (obj(tensor(shape="[9]", offsets="[0,9]"), A), b"x"),
    "first of two malformed": (obj('"a":5', A), b"x"), "dtype twice": (obj(tensor(extra=',"dtype":"U8"')), b"x"),
    "extra field": (obj(tensor(extra=',"x":{"y":[1,-2.5e3,true,"\\n"]}')), b"x"), "extra field twice": (obj(tensor(extra=',"x":1,"x":2')), b"x"),
    "extra 01": (obj(tensor(extra=',"x":01')), b"x"), "extra 1.": (obj(tensor(extra=',"x":1.')), b"x"),
    "extra NaN": (obj(tensor(extra=',"x":NaN')), b"x"), "extra 1e999": (obj(tensor(extra=',"x":1e999')), b"x"),
    "extra -": (obj(tensor(extra=',"x":-')), b"x"), "extra -0": (obj(tensor(extra=',"x":-0')), b"x"),
    "trailing comma": (obj(A)[:-1] + ",}", b"x"), "comment": (obj(A)[:-1] + "/**/}", b"x"),
    "leading blanks": (" \n\r\t" + obj(A) + " \t", b"x"), "vertical tab": ("\x0b" + obj(A), b"x"),
    "trailing NUL": (obj(A) + "\0", b"x"), "byte-order mark": (b"\xef\xbb\xbf" + obj(A).encode(), b"x"),
    "two values": (obj(A) + "{}", b"x"), "array": ("[" + A[4:] + "]", b"x"), "entry as array": ('{"a":["U8",[1],[0,1]]}', b"x"),
    "offset -0": (obj(tensor(offsets="[-0,1]")), b"x"), "size 1.0": (obj(tensor(shape="[1.0]")), b"x"),
    "size 1e0": (obj(tensor(shape="[1e0]")), b"x"), "size -1": (obj(tensor(shape="[-1]")), b"x"),
    "size as string": (obj(tensor(shape='["1"]')), b"x"), "shape null": (obj(tensor(shape="null")), b"x"),
    "three offsets": (obj(tensor(offsets="[0,1,2]")), b"x"), "one offset": (obj(tensor(offsets="[0]")), b"x"),
    "offsets reversed": (obj(tensor(shape="[0]", offsets="[1,0]")), b"x"),
    "size 2^64-1": (obj(tensor(shape="[18446744073709551615]")), b"x"), "size 2^64": (obj(tensor(shape="[18446744073709551616]")), b"x"),
    "size overflows": (obj(tensor(shape="[4294967296,4294967296,4294967296]")), b"x"),
    "bits overflow": (obj(tensor(dtype="F64", shape="[2305843009213693952]", offsets="[0,0]")), b""),
    "overflow before zero": (obj(tensor(shape="[4294967296,4294967296,0]", offsets="[0,0]")), b""),
    "zero before overflow": (obj(tensor(shape="[0,4294967296,4294967296]", offsets="[0,0]")), b""),
    "escaped name twice": (obj(A, A.replace('"a"', '"\\u0061"')), b"x"), "slash escaped": (obj(A.replace('"a"', '"\\/"')), b"x"),
    "surrogate pair": (obj(A.replace('"a"', '"\\ud83d\\ude00"')), b"x"), "lone high surrogate": (obj(A.replace('"a"', '"\\ud83d"')), b"x"),
    "lone low surrogate": (obj(A.replace('"a"', '"\\ude00"')), b"x"), "surrogate in value": (obj(tensor(extra=',"x":"\\ud800"')), b"x"),
    "line break in name": (obj(A.replace('"a"', '"a\n"')), b"x"), "NUL escaped in name": (obj(A.replace('"a"', '"\\u0000"')), b"x"),
    "DEL in name": (obj(A.replace('"a"', '"\x7f"')), b"x"), "bad escape": (obj(A.replace('"a"', '"\\x"')), b"x"),
    "bad UTF-8": (obj(A).encode().replace(b'"a"', b'"\xff"'), b"x"), "empty name": (obj(A.replace('"a"', '""')), b"x"),
    "composed and decomposed": (obj(tensor(name="\u00e9"), tensor(name="e\u0301", offsets="[1,2]")), b"xy"),
    "two empty tensors": (obj(tensor(shape="[0]", offsets="[0,0]"), tensor(shape="[0]", offsets="[0,0]", name="b")), b""),
    "empty tensor at the end": (obj(A, tensor(shape="[3,0]", offsets="[1,1]", name="z")), b"x"),
    "empty tensor at the start": (obj(A, tensor(shape="[0]", offsets="[0,0]", name="z")), b"x"),
    "empty tensor past the end": (obj(A, tensor(shape="[0]", offsets="[2,2]", name="z")), b"x"),
    "scalar": (obj(tensor(shape="[]")), b"x"), "hole": (obj(A, tensor(offsets="[2,3]", name="b")), b"xyz"),
    "overlap": (obj(tensor(shape="[2]", offsets="[0,2]"), tensor(offsets="[1,2]", name="b")), b"xy"),
    "starts at 1": (obj(tensor(offsets="[1,2]")), b"xy"), "trailing byte": (obj(A), b"xy"), "data short": (obj(A), b""),
    "F4 half byte": (obj(tensor(dtype="F4", shape="[3]", offsets="[0,2]")), b"xy"), "F4": (obj(tensor(dtype="F4", shape="[4]", offsets="[0,2]")), b"xy"),
    "F6": (obj(tensor(dtype="F6_E3M2", shape="[4]", offsets="[0,3]")), b"xyz"), "lower-case dtype": (obj(tensor(dtype="u8")), b"x"),
    "unknown dtype": (obj(tensor(dtype="C128")), b"x"), "missing field": ('{"a":{"dtype":"U8","shape":[1]}}', b"x"),
    "nested 127": (obj(tensor(extra=',"x":' + "[" * 125 + "]" * 125)), b"x"), "nested 128": (obj(tensor(extra=',"x":' + "[" * 126 + "]" * 126)), b"x"),
    "cut short": (obj(A)[:-1], b""),
}
for name in "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 F16 BF16 I32 U32 F32 C64 F64 I64 U64".split():
    size = 6 if "6_" in name else 4 if name == "F4" else {"1": 16, "3": 32, "6": 64}.get(name.lstrip("BUIFC")[:1], 8)
    cases["dtype " + name] = (obj(tensor(dtype=name, shape="[8]", offsets="[0,%d]" % size)), b"\0" * size)

read = []
for name, (header, data) in cases.items():
    header = header if isinstance(header, bytes) else header.encode()
    contents = struct.pack("<Q", len(header)) + header + data
    try:
        tensors = [dict(name=n, dtype=t["dtype"], shape=t["shape"]) for n, t in reference.deserialize(contents)]
    except reference.SafetensorError:
        tensors = None
    read.append(dict(case=name, hex=contents.hex(), tensors=tensors))

arrays = {"b": np.arange(3, dtype="f4"), "a": np.arange(2, dtype="i8"), "é\n\x01\"\\": np.array(2.5), "c": np.array([True]),
          "d": np.zeros((0, 4), "f4"), "h": np.ones((1, 2), "f2"), "i": np.array([-5], "i4"), "u": np.array([9], "u1")}
written = [dict(hex=reference_numpy.save(chosen, metadata).hex(), metadata=metadata,
                tensors=[dict(name=n, dtype=str(t.dtype), shape=list(t.shape), hex=t.tobytes().hex()) for n, t in chosen.items()])
           for chosen, metadata in ((arrays, {"format": "b\u2028/"}), ({}, None), ({"a": arrays["a"]}, None))]
(here / "safetensors.json").write_text(json.dumps(dict(read=read, written=written), indent=0) + "\n")
print(sum(case["tensors"] is not None for case in read), "of", len(read), "are taken")
