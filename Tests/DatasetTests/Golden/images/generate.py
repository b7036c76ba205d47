"""Writes images and what torchvision 0.28 makes of them: python generate.py

The images are drawn here; each PNG stands beside its pixels in images.json, as Pillow reads them. transforms.json
holds results of torchvision.transforms on a float image, drawn by torch's generator at the seed of each case.
"""
import json
import struct
import zlib

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import transforms as V1
from torchvision.transforms import autoaugment

rng = np.random.default_rng(5)
rgb = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
smooth = np.stack([np.add.outer(np.arange(9) * 20, np.arange(11) * 5 + 10 * c) for c in range(3)], -1).astype(np.uint8)

Image.fromarray(rgb).save("rgb.png")
Image.fromarray(rgb[..., 0]).save("gray.png")
Image.fromarray(np.dstack([rgb, rgb[..., :1]])).save("rgba.png")
Image.fromarray(rgb).quantize(6).save("palette.png")
Image.fromarray(rgb[..., 0] > 99).save("bits.png")
Image.fromarray(rgb[..., 1].astype(np.uint16) * 257).save("wide.png")
Image.fromarray(smooth).save("smooth.png", optimize=True)
Image.fromarray(rgb).save("rgb.ppm")
Image.fromarray(rgb[..., 2]).save("gray.pgm")
Image.fromarray(smooth).save("smooth.jpg", quality=90)
Image.fromarray(smooth[..., 0]).save("gray.jpg", quality=90)


def interlaced(pixels, name):
    """Pillow writes no interlaced files: Adam7 by hand."""
    height, width, _ = pixels.shape
    rows = b""
    for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        part = pixels[y::dy, x::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    def block(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + block(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1))
                   + block(b"IDAT", zlib.compress(rows)) + block(b"IEND", b""))


interlaced(smooth, "interlaced.png")

names = ["rgb.png", "gray.png", "rgba.png", "palette.png", "bits.png", "smooth.png", "interlaced.png",
         "rgb.ppm", "gray.pgm", "smooth.jpg", "gray.jpg"]
cases = []
for name in names:
    image = Image.open(name)
    plain = image.convert("RGB") if image.mode == "P" else image.convert("L") if image.mode == "1" else image
    chw = lambda x: np.asarray(x).reshape(x.height, x.width, -1).transpose(2, 0, 1)
    cases.append({
        "name": name, "shape": list(chw(plain).shape), "pixels": chw(plain).ravel().tolist(),
        "rgb": chw(image.convert("RGB")).ravel().tolist(), "gray": chw(plain.convert("L")).ravel().tolist()})
json.dump(cases, open("images.json", "w"))

image = torch.from_numpy(rng.integers(0, 256, (3, 12, 16), dtype=np.uint8)).float() / 255
transforms = {
    "CenterCrop(6)": V1.CenterCrop(6), "CenterCrop(15)": V1.CenterCrop(15),
    "RandomCrop(8)": V1.RandomCrop(8), "RandomCrop(12, padding=4)": V1.RandomCrop(12, padding=4),
    "RandomCrop(10, reflect)": V1.RandomCrop(10, padding=3, padding_mode="reflect"),
    "RandomCrop(14, fill)": V1.RandomCrop(14, pad_if_needed=True, fill=0.5),
    "Resize(8)": V1.Resize(8), "Resize(20, 10)": V1.Resize([20, 10]),
    "Resize(5, no antialias)": V1.Resize(5, antialias=False),
    "RandomResizedCrop(9)": V1.RandomResizedCrop(9),
    "RandomResizedCrop(7, narrow)": V1.RandomResizedCrop(7, scale=(0.9, 1.0), ratio=(3.0, 4.0)),
    "RandomHorizontalFlip": V1.RandomHorizontalFlip(), "RandomVerticalFlip": V1.RandomVerticalFlip(0.3),
    "Normalize": V1.Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]),
    "ColorJitter(0.4, 0.3, 0.5, 0.1)": V1.ColorJitter(0.4, 0.3, 0.5, 0.1),
    "ColorJitter(hue=0.5)": V1.ColorJitter(hue=0.5),
    "RandomErasing": V1.RandomErasing(), "RandomErasing(random)": V1.RandomErasing(p=1, value="random"),
}
results = []
for name, transform in transforms.items():
    for seed in range(2):
        torch.manual_seed(seed)
        out = transform(image)
        results.append({"name": name, "seed": seed, "shape": list(out.shape), "values": [round(x, 5) for x in out.flatten().tolist()]})
for magnitude in [9, 24]:
    for seed in range(12):
        torch.manual_seed(seed)
        out = autoaugment.RandAugment(2, magnitude)((image * 255).round().to(torch.uint8))
        results.append({"name": f"RandAugment(2, {magnitude})", "seed": seed, "shape": list(out.shape), "values": out.flatten().tolist()})
json.dump({"shape": list(image.shape), "image": (image * 255).round().int().flatten().tolist(), "cases": results}, open("transforms.json", "w"))
