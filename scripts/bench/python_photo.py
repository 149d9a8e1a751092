"""One photo in Python: what `python_scan.py` and `python_check.py` share.

The same bundle and the same steps as faunalens: EXIF orientation, RGB, PDQ on the
full picture, bilinear resize with antialiasing, softmax with temperature, thresholds.
Pillow's draft mode would decode a JPEG smaller and faster, but PDQ needs the pixels.
"""

import hashlib
import io
import json
import tomllib

import numpy as np
import pdqhash
from PIL import Image, ImageOps

ORDER = ("clear", "review", "flag")


class Bundle:
    """What `bundle.toml` says; faunalens-base's form of it only."""

    def __init__(self, folder: str) -> None:
        with open(f"{folder}/bundle.toml", "rb") as file:
            described = tomllib.load(file)
        shape = described["input"]
        known = {
            "layout": "nhwc",
            "dtype": "uint8",
            "colour": "rgb",
            "resize": "squash",
            "filter": "bilinear",
        }
        if {name: shape.get(name) for name in known} != known:
            raise SystemExit(f"{folder}: the Python side knows {', '.join(known.values())} only")
        self.model = f"{folder}/{described['model']['file']}"
        self.size = (shape["width"], shape["height"])
        self.input = shape["name"]
        self.logits = described["output"]["logits"]
        self.temperature = described["output"]["temperature"]
        self.labels = described["labels"]["names"]
        self.thresholds = described["thresholds"]
        self.stamp = {
            "name": described["name"],
            "version": described["version"],
            "sha256": described["model"]["sha256"],
        }


def prepare(bundle: Bundle, path: str) -> tuple[dict, np.ndarray]:
    """Reads and decodes a photo: its record so far, and its tensor (H, W, 3)."""
    with open(path, "rb") as file:
        return prepare_bytes(bundle, path, file.read())


def prepare_bytes(bundle: Bundle, path: str, data: bytes) -> tuple[dict, np.ndarray]:
    """The same of bytes at hand."""
    picture = Image.open(io.BytesIO(data))
    form = picture.format.lower()
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    vector, quality = pdqhash.compute(np.asarray(picture))
    record = {
        "file": path,
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": form,
        "width": picture.width,
        "height": picture.height,
        "pdq": np.packbits(vector.astype(np.uint8)).tobytes().hex(),
        "pdq_quality": quality,
        "model": bundle.stamp,
    }
    return record, np.asarray(picture.resize(bundle.size, Image.Resampling.BILINEAR))


def prepare_small(bundle: Bundle, path: str) -> tuple[dict, np.ndarray]:
    """The same without PDQ, so that a JPEG is decoded no larger than the network needs."""
    with open(path, "rb") as file:
        data = file.read()
    picture = Image.open(io.BytesIO(data))
    form, (width, height) = picture.format.lower(), picture.size
    picture.draft("RGB", bundle.size)
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    record = {
        "file": path,
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": form,
        "width": width,
        "height": height,
        "model": bundle.stamp,
    }
    return record, np.asarray(picture.resize(bundle.size, Image.Resampling.BILINEAR))


def prepare_simplejpeg(bundle: Bundle, path: str) -> tuple[dict, np.ndarray]:
    """As `prepare_small`, through libjpeg-turbo's own interface: `pip install simplejpeg` first."""
    import simplejpeg  # not locked with the others, as nothing else needs it

    with open(path, "rb") as file:
        data = file.read()
    if not simplejpeg.is_jpeg(data):
        return prepare_small(bundle, path)
    picture = Image.open(io.BytesIO(data))  # only for the header, and for how it is turned
    (width, height), orientation = picture.size, picture.getexif().get(0x0112, 1)
    pixels = simplejpeg.decode_jpeg(
        data,
        fastdct=True,
        fastupsample=True,
        min_width=bundle.size[0],
        min_height=bundle.size[1],
    )
    small = Image.fromarray(pixels)
    if orientation != 1:
        small.getexif()[0x0112] = orientation
        small = ImageOps.exif_transpose(small)
    record = {
        "file": path,
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": "jpeg",
        "width": width,
        "height": height,
        "model": bundle.stamp,
    }
    return record, np.asarray(small.resize(bundle.size, Image.Resampling.BILINEAR))


def conclude(bundle: Bundle, record: dict, logits: np.ndarray) -> str:
    """Puts scores and decision into the record and returns it as a line of JSON."""
    scores = np.exp((logits - logits.max()) / bundle.temperature)
    scores = dict(zip(bundle.labels, (scores / scores.sum()).tolist(), strict=True))
    decision = 0
    for label, threshold in bundle.thresholds.items():
        decision = max(
            decision,
            (scores[label] >= threshold["review"]) + (scores[label] >= threshold["flag"]),
        )
    record["decision"] = ORDER[decision]
    record["materials"] = [
        {"label": label, "score": round(score, 6)}
        for label, score in sorted(scores.items(), key=lambda item: -item[1])
    ]
    return json.dumps(record)
