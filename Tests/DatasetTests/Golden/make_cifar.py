"""Writes tiny files in the layout of CIFAR's Python version.

python2.pkl is what Python 2 wrote, which is how the data sets are distributed: the opcodes are put
together here, since Python 3 does not write strings of bytes. The others are Python 3's pickles of
protocols 2, 4 and 5 with keys of bytes. Every file has two images of one value each; a file of
CIFAR-100 has both kinds of classes.
"""

import gzip
import pickle
import struct

import numpy as np

pixels = np.repeat(np.array([[51], [255]], dtype=np.uint8), 3072, axis=1)
pixels[0, 1024] = 102


def text(value):
    return b"U" + bytes([len(value)]) + value


def python2(members, shape):
    out = b"\x80\x02}q\x01("
    for name, labels in members:
        out += text(name) + b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    data = pixels.tobytes()
    out += text(b"data") + b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08"
    out += b"K\x00\x85U\x01b\x87Rq\x09(K\x01K\x02M" + struct.pack("<H", shape) + b"\x86"
    out += b"cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b(K\x03U\x01|NNN"
    out += b"J\xff\xff\xff\xff" * 2 + b"K\x00tb\x89T" + struct.pack("<I", len(data)) + data + b"tb"
    return out + b"u."


def names(key, prefix, count):
    return {key: [b"%s %d" % (prefix, index) for index in range(count)]}


files = {
    "python2": python2([(b"labels", [3, 9])], 3072),
    "python2-wide": python2([(b"labels", [3, 9])], 3071),
    "protocol2": pickle.dumps({b"labels": [3, 9], b"data": pixels}, protocol=2),
    "protocol4": pickle.dumps({b"labels": [3, 9], b"data": np.asfortranarray(pixels)}, protocol=4),
    "protocol5": pickle.dumps({b"labels": [3, 9], b"data": pixels}, protocol=5),
    "hundred": python2([(b"coarse_labels", [19, 4]), (b"fine_labels", [99, 40])], 3072),
    "meta10": pickle.dumps(names(b"label_names", b"thing", 10), protocol=2),
    "meta100": pickle.dumps(
        names(b"fine_label_names", b"fine", 100) | names(b"coarse_label_names", b"coarse", 20),
        protocol=2),
    "one-label": pickle.dumps({b"labels": [3], b"data": pixels}, protocol=2),
    "big-label": pickle.dumps({b"labels": [3, 10], b"data": pixels}, protocol=2),
    "negative-label": pickle.dumps({b"labels": [3, -1], b"data": pixels}, protocol=2),
    "floats": pickle.dumps({b"labels": [3, 9], b"data": pixels.astype(">f4")}, protocol=2),
    "no-data": pickle.dumps({b"labels": [3, 9]}, protocol=2),
}
with gzip.GzipFile("cifar.pickles.gz", "wb", mtime=0) as out:
    for name, content in files.items():
        out.write(f"{name} {len(content)}\n".encode() + content)
