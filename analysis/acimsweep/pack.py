# SPDX-License-Identifier: Apache-2.0
"""Packs a folder or a list of images into one HDF5 file for `workload.data: {format: hdf5}`.

Run as `acimsweep-pack FOLDER -o OUT.h5` or `python3 -m acimsweep.pack FOLDER -o OUT.h5`. FOLDER has
one folder per class; the classes are numbered in the order of their sorted names, which has to be
the order of the network's outputs. Images are resized and cropped as torchvision's
Resize(256), CenterCrop(224) do it on PIL images, to the byte. The file holds /images (bytes,
[N, C, H, W]), /labels, /classes and /files. Images of all classes alternate, so that the first n
(`workload.images: n`) are a fair sample.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from acimsweep.atomic import atomic_path

try:
    import h5py
    import numpy as np
    from PIL import Image
except ImportError as error:
    if __name__ != "__main__":
        raise
    print(f"acimsweep-pack: {error}. On Debian: apt-get install python3-numpy python3-h5py "
          "python3-pil", file=sys.stderr)
    sys.exit(2)

EXTENSIONS = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}


class PackError(Exception):
    """What is wrong with the input, in one line for people."""


@dataclass(frozen=True)
class Form:
    """How an image becomes an array: colours, shorter side [pixel] and crop [pixel], or None."""

    mode: str = "RGB"  # or "L", grey
    resize: int | None = 256
    crop: int | None = 224


@dataclass(frozen=True)
class Listing:
    """Files to pack in their order, the class of each, and the names of the classes if known."""

    files: list[Path]
    labels: list[int]
    classes: list[str]
    root: Path


def list_folder(root: Path, per_class: int | None = None) -> Listing:
    """Images below root/CLASS/, at most per_class of each; PackError where a class has none."""
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    if not classes:
        raise PackError(f"{root}: has no folders. Give one folder per class")
    columns = []
    for label, name in enumerate(classes):
        found = [Path(folder, file)
                 for folder, _, files in sorted(os.walk(root / name, followlinks=True))
                 for file in sorted(files) if Path(file).suffix.lower() in EXTENSIONS]
        if not found:
            raise PackError(f"{root / name}: has no images. Remove the folder, which would count "
                            "as a class, or fill it")
        columns.append([(file, label) for file in found[:per_class]])
    rows = itertools.zip_longest(*columns)
    pairs = [pair for row in rows for pair in row if pair is not None]
    return Listing([file for file, _ in pairs], [label for _, label in pairs], classes, root)


def list_file(path: Path, per_class: int | None = None) -> Listing:
    """Lines "FILE LABEL", files relative to the list; at most per_class lines of each label."""
    files: list[Path] = []
    labels: list[int] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, label = line.strip().rpartition(" ")
        if not name or not label.isdecimal() or int(label) > 2**31 - 1:
            raise PackError(f"{path}:{number}: is no line of the form FILE LABEL, with a label "
                            f"from 0 on ({line.strip()[:80]!r})")
        seen[label] = seen.get(label, 0) + 1
        if per_class is None or seen[label] <= per_class:
            files.append(path.parent / name.strip())
            labels.append(int(label))
    if not files:
        raise PackError(f"{path}: lists no images")
    return Listing(files, labels, [], path.parent)


def shaped(image: Image.Image, form: Form) -> Image.Image:
    """The image resized and cropped, by the rounding rules of torchvision."""
    image = image.convert(form.mode)
    if form.resize is not None:
        width, height = image.size
        short, long = sorted((width, height))
        other = int(form.resize * long / short)
        size = (form.resize, other) if width <= height else (other, form.resize)
        image = image.resize(size, Image.BILINEAR)
    if form.crop is not None:
        width, height = image.size
        if min(width, height) < form.crop:
            raise PackError(f"{width}x{height} pixels are too few for a crop of {form.crop}")
        left = int(round((width - form.crop) / 2.0))
        top = int(round((height - form.crop) / 2.0))
        image = image.crop((left, top, left + form.crop, top + form.crop))
    return image


def load(path: Path, form: Form) -> np.ndarray:
    """One image as uint8 [C, H, W]; PackError names the file."""
    try:
        with Image.open(path) as image:
            pixels = np.asarray(shaped(image, form))
    except (OSError, ValueError, SyntaxError, EOFError, PackError,
            Image.DecompressionBombError) as error:
        raise PackError(f"{path}: {error}") from None
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels[np.newaxis])
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


class Bar:
    """Progress on stderr: a bar with the time left on a terminal, a line every ten seconds else."""

    def __init__(self, total: int, quiet: bool) -> None:
        self.total, self.quiet = total, quiet
        self.terminal = sys.stderr.isatty()
        self.start = self.shown = time.monotonic()

    def show(self, done: int) -> None:
        now = time.monotonic()
        last = done == self.total
        if self.quiet or (now - self.shown < (0.2 if self.terminal else 10.0)
                          and not (last and self.terminal)):
            return
        self.shown = now
        left = (now - self.start) * (self.total - done) / done
        text = (f"{done} of {self.total} images, {done / self.total:.0%}, "
                f"{int(left) // 60}:{int(left) % 60:02} left")
        if self.terminal:
            cells = 30 * done // self.total
            end = "\n" if last else ""
            print(f"\r[{'#' * cells:<30}] {text}\033[K", end=end, file=sys.stderr, flush=True)
        else:
            print(f"acimsweep-pack: {text}", file=sys.stderr, flush=True)


@contextmanager
def loaded(files: list[Path], form: Form, jobs: int) -> Iterator[Iterable[np.ndarray]]:
    """The images of the files in order, by so many processes."""
    if jobs <= 1 or len(files) < 32:
        yield map(partial(load, form=form), files)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield pool.imap(partial(load, form=form), files, chunksize=8)


def relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def pack(listing: Listing, out: Path, form: Form = Form(), jobs: int = 1,
         compress: bool = False, quiet: bool = True) -> None:
    """Writes the images of a listing into the HDF5 file `out`, whole or not at all.

    The file has /images uint8 [N, C, H, W] with the attribute layout = "NCHW", /labels int32 [N],
    /files, and /classes where the listing has names. Raises PackError for images that cannot be
    read or, without a crop, differ in size.
    """
    total = len(listing.files)
    bar = Bar(total, quiet)
    with atomic_path(out) as temporary, loaded(listing.files, form, jobs) as arrays, \
            h5py.File(temporary, "w") as file:
        images = None
        for i, array in enumerate(arrays):
            if images is None:
                chunks = {"chunks": (1, *array.shape), "compression": "gzip", "shuffle": False}
                images = file.create_dataset("images", (total, *array.shape), np.uint8,
                                             **(chunks if compress else {}))
                images.attrs["layout"] = "NCHW"
            elif images.shape[1:] != array.shape:
                raise PackError(f"{listing.files[i]}: is {list(array.shape)}, but the first image "
                                f"is {list(images.shape[1:])}. Crop all to one size (--crop)")
            images[i] = array
            bar.show(i + 1)
        text = h5py.string_dtype()
        file["labels"] = np.asarray(listing.labels, dtype=np.int32)
        names = [relative(path, listing.root) for path in listing.files]
        file.create_dataset("files", data=names, dtype=text)
        if listing.classes:
            file.create_dataset("classes", data=listing.classes, dtype=text)


def pixels_or_none(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"{text} is neither a number from 1 to 4096 nor none")
    return int(text)


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="acimsweep-pack", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("source", type=Path,
                        help="folder with one folder per class, or a text file of lines FILE LABEL")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.h5")
    parser.add_argument("--resize", type=pixels_or_none, default=256, metavar="N",
                        help="length of the shorter side before the crop, or none (%(default)s)")
    parser.add_argument("--crop", type=pixels_or_none, default=224, metavar="N",
                        help="side of the square cut from the centre, or none (%(default)s)")
    parser.add_argument("--grey", action="store_true", help="one channel instead of RGB")
    parser.add_argument("--per-class", type=positive, metavar="N",
                        help="the first N images of each class")
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N images of all")
    parser.add_argument("--compress", action="store_true",
                        help="gzip each image: smaller, and slower to read")
    parser.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="N",
                        help="processes that decode images (%(default)s)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Packs as the arguments say; returns the exit code (0, 2 for bad input, 4 for the disk)."""
    options = parse(arguments)
    try:
        if options.resize and options.crop and options.crop > options.resize:
            raise PackError(f"--crop {options.crop} is larger than --resize {options.resize}")
        if not options.source.exists():
            raise PackError(f"{options.source}: no such file or folder")
        make = list_folder if options.source.is_dir() else list_file
        listing = make(options.source, options.per_class)
        count = options.limit or len(listing.files)
        listing = Listing(listing.files[:count], listing.labels[:count], listing.classes,
                          listing.root)
        form = Form("L" if options.grey else "RGB", options.resize, options.crop)
        pack(listing, options.out, form, options.jobs, options.compress, options.quiet)
    except (PackError, UnicodeDecodeError) as error:
        print(f"acimsweep-pack: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"acimsweep-pack: {options.out}: {error}", file=sys.stderr)
        return 4
    print(f"{options.out}: {len(listing.files)} images"
          + (f" of {len(listing.classes)} classes" if listing.classes else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
