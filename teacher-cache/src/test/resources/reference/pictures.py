"""Writes pictures/: one small drawn scene in every kind of file that Stillhouse reads, and what other
decoders see in it.

    python -m venv /tmp/pictures && /tmp/pictures/bin/pip install \
        numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 imagecodecs==2026.3.6 opencv-python-headless==5.0.0.93
    /tmp/pictures/bin/python pictures.py

`pictures.json` names for each file the PNG with its pixels (8-bit RGB, written by Pillow), the decoder
that they are of, and the largest difference that may be: 0 for formats that lose nothing, some levels for
JPEG, whose decoders round differently. 16-bit samples come from tifffile and are rounded to 8 bits here,
round(v * 255 / 65535), as Stillhouse states it. A file without pixels must be refused for `reason`.
"""

import io
import json
import pathlib
import struct
import zlib

import cv2
import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageOps

OUT = pathlib.Path(__file__).parent / "pictures"
H, W = 22, 36
entries = {}
expected = {}


def scene():
    y, x = np.mgrid[0:H, 0:W]
    red = 20 + 5 * x
    green = 230 - 8 * y
    blue = np.where((x - 12) ** 2 + (y - 9) ** 2 < 40, 200, 60 + x + y)
    return np.stack([red, green, blue], -1).astype(np.uint8)


def picture(name, pixels, decoder, most=0):
    """Notes the pixels [H, W, 3] of the file `name`; equal pixels share a PNG."""
    pixels = np.ascontiguousarray(pixels, np.uint8)
    digest = f"{zlib.crc32(pixels.tobytes() + bytes(pixels.shape)):08x}"
    if digest not in expected:
        expected[digest] = f"seen-{len(expected):02d}.png"
        Image.fromarray(pixels).save(OUT / expected[digest], optimize=True)
    entries[name] = {"pixels": expected[digest], "decoder": decoder, "most": most}


def refused(name, data, reason):
    (OUT / name).write_bytes(data)
    entries[name] = {"reason": reason}


def pillow(name, most=0):
    """As Pillow sees it upright; its own conversion drops alpha and multiplies CMYK by black."""
    image = ImageOps.exif_transpose(Image.open(OUT / name))
    picture(name, np.asarray(image.convert("RGB")), "Pillow", most)


def rgb(samples):
    """Of tifffile's first page: gray repeated, alpha dropped, 16 bits rounded to 8."""
    if samples.dtype == np.uint16:
        samples = np.round(samples.astype(np.float64) * 255 / 65535).astype(np.uint8)
    return np.repeat(samples[..., None], 3, -1) if samples.ndim == 2 else samples[..., :3]


def tiff(name, data, **options):
    tifffile.imwrite(OUT / name, data, metadata=None, software="", **options)
    picture(name, rgb(tifffile.imread(OUT / name, key=0)), "tifffile")


def jpegs(colour):
    image = Image.fromarray(colour)
    image.save(OUT / "progressive.jpg", quality=90, progressive=True)
    image.save(OUT / "baseline.jpg", quality=90)
    image.save(OUT / "full-chroma.jpg", quality=90, subsampling=0)
    image.convert("L").save(OUT / "gray.jpg", quality=90)
    image.convert("CMYK").save(OUT / "cmyk.jpg", quality=95)
    cmyk = 255 - np.asarray(image.convert("CMYK"))
    cmyk[..., 3] -= (np.arange(W) * 2).astype(np.uint8)  # Pillow's own conversion leaves black at none
    (OUT / "cmyk-black.jpg").write_bytes(imagecodecs.jpeg8_encode(cmyk, level=95, colorspace="CMYK", outcolorspace="CMYK"))
    (OUT / "ycck.jpg").write_bytes(imagecodecs.jpeg8_encode(cmyk, level=95, colorspace="CMYK", outcolorspace="YCCK", subsampling="444"))
    for name in ("progressive", "baseline", "full-chroma", "gray", "cmyk", "cmyk-black", "ycck"):
        pillow(name + ".jpg", 3)
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(OUT / f"turned-{orientation}.jpg", quality=90, subsampling=0, exif=exif)
        pillow(f"turned-{orientation}.jpg", 3)


def pngs(colour, deep):
    image = Image.fromarray(colour)
    image.convert("RGBA").save(OUT / "alpha.png")
    image.convert("LA").save(OUT / "gray-alpha.png")
    image.quantize(16).save(OUT / "palette.png", bits=4)
    image.convert("1").save(OUT / "bilevel.png")
    for name in ("alpha", "gray-alpha", "palette", "bilevel"):
        pillow(name + ".png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(OUT / "turned-6.png", exif=exif)
    pillow("turned-6.png")
    for name, samples in (("rgb16", deep), ("gray16", deep[..., 1])):
        cv2.imwrite(str(OUT / f"{name}.png"), samples[..., ::-1] if samples.ndim == 3 else samples)
        picture(f"{name}.png", rgb(imagecodecs.png_decode((OUT / f"{name}.png").read_bytes())), "imagecodecs")


def tiffs(colour, deep):
    gray = colour[..., 0]
    tiff("strips.tif", colour, photometric="rgb", rowsperstrip=7)
    tiff("lzw.tif", colour, photometric="rgb", compression="lzw", predictor=True, rowsperstrip=8)
    tiff("lzw-plain-big-endian.tif", colour, photometric="rgb", compression="lzw", byteorder=">")
    tiff("deflate-tiles.tif", colour, photometric="rgb", compression="adobe_deflate", tile=(16, 16))
    tiff("deflate-predictor-tiles.tif", colour, photometric="rgb", compression="adobe_deflate", predictor=True, tile=(16, 32))
    tiff("packbits.tif", colour, photometric="rgb", compression="packbits", rowsperstrip=5)
    tiff("planes.tif", np.moveaxis(colour, -1, 0), photometric="rgb", planarconfig="separate")
    picture("planes.tif", colour, "tifffile")
    tiff("gray.tif", gray, photometric="minisblack", compression="lzw")
    tiff("gray16.tif", deep[..., 1], photometric="minisblack", compression="adobe_deflate", predictor=True)
    tiff("gray16-big-endian-tiles.tif", deep[..., 1], photometric="minisblack", tile=(16, 16), byteorder=">")
    tiff("rgb16.tif", deep, photometric="rgb", compression="lzw", predictor=True)
    tiff("alpha.tif", np.dstack([colour, np.full((H, W), 90, np.uint8)]), photometric="rgb", extrasamples=["unassalpha"])
    tiff("big.tif", colour, photometric="rgb", bigtiff=True, compression="adobe_deflate")
    tifffile.imwrite(OUT / "white-is-zero.tif", 255 - gray, photometric="miniswhite", metadata=None, software="")
    picture("white-is-zero.tif", rgb(gray), "the TIFF specification")
    with tifffile.TiffWriter(OUT / "pages.tif") as pages:
        pages.write(colour, photometric="rgb", metadata=None, software="")
        pages.write(255 - colour, photometric="rgb", metadata=None, software="")
    picture("pages.tif", rgb(tifffile.imread(OUT / "pages.tif", key=0)), "tifffile")
    image = Image.fromarray(colour)
    image.quantize(16).save(OUT / "palette.tif")
    image.convert("1").save(OUT / "group4.tif", compression="group4")
    pillow("palette.tif")
    pillow("group4.tif")
    image.save(OUT / "jpeg.tif", compression="jpeg", quality=90)
    pillow("jpeg.tif", 3)
    image.convert("CMYK").save(OUT / "cmyk.tif", compression="tiff_lzw")
    pillow("cmyk.tif", 1)
    for orientation in (3, 6):
        image.save(OUT / f"turned-{orientation}.tif", tiffinfo={0x0112: orientation}, compression="tiff_lzw")
        pillow(f"turned-{orientation}.tif")


def bmps(colour):
    image = Image.fromarray(colour)
    image.save(OUT / "rgb.bmp")
    image.convert("L").save(OUT / "gray.bmp")
    image.quantize(16).save(OUT / "palette.bmp")
    image.convert("1").save(OUT / "bilevel.bmp")
    for name in ("rgb", "gray", "palette", "bilevel"):
        pillow(name + ".bmp")
    flipped = bytearray((OUT / "rgb.bmp").read_bytes())
    flipped[22:26] = struct.pack("<i", -H)  # top row first
    (OUT / "top-down.bmp").write_bytes(flipped)
    pillow("top-down.bmp")
    cv2.imwrite(str(OUT / "alpha.bmp"), np.dstack([colour[..., ::-1], np.full((H, W), 255, np.uint8)]))
    picture("alpha.bmp", cv2.imread(str(OUT / "alpha.bmp"))[..., ::-1], "OpenCV")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, before=b"", rows=None):
    """An 8-bit gray PNG whose data inflate to `rows`, whatever the header says."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before
        + chunk(b"IDAT", zlib.compress(rows or bytes((width + 1) * height), 9)) + chunk(b"IEND", b"")
    )


def header(tags):
    """A little-endian TIFF: a directory of short-valued and long-valued tags, then 64 bytes of data."""
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4) + bytes(64)


def bombs(colour):
    plain = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8 + 2 + 12 * 9 + 4, 277: 1, 278: 8, 279: 64}
    huge = {**plain, 256: 60000, 257: 60000}
    refused("huge.tif", header(huge), "too-large")
    refused("huge-tile.tif", header({**plain, 322: 2**31 - 16, 323: 2**31 - 16}), "corrupt")
    refused("samples.tif", header({**plain, 277: 60000}), "unknown-format")
    refused("beyond-its-end.tif", header({**plain, 279: 2**31 - 1}), "truncated")
    refused("beyond-its-directory.tif", b"II*\0" + struct.pack("<IH", 8, 65535) + bytes(40), "truncated")
    refused("no-size.tif", header({k: v for k, v in plain.items() if k != 256}), "corrupt")
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, colour[..., 0].astype(np.float32), metadata=None, software="")
    refused("float.tif", buffer.getvalue(), "unknown-format")
    refused("huge.bmp", b"BM" + struct.pack("<IIIIiiHHIIiiII", 70, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(16), "too-large")
    refused("short.bmp", (OUT / "rgb.bmp").read_bytes()[:-40], "truncated")
    refused("short.tif", (OUT / "strips.tif").read_bytes()[:-300], "truncated")
    refused("huge.png", png(60000, 60000, rows=bytes(1 << 20)), "too-large")
    # More rows than the header has, and text that inflates to 4 MiB, are read no further than needed.
    (OUT / "inflates.png").write_bytes(png(8, 8, rows=bytes(8 << 20)))
    (OUT / "text.png").write_bytes(png(8, 8, before=chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(4 << 20), 9))))
    pillow_black = np.zeros((8, 8, 3), np.uint8)
    picture("inflates.png", pillow_black, "the PNG specification")
    picture("text.png", pillow_black, "the PNG specification")
    refused("lying.tif", b"not a picture at all", "unknown-format")


def main():
    OUT.mkdir(exist_ok=True)
    colour = scene()
    noise = np.random.default_rng(7).integers(0, 257, (H, W, 3))
    deep = np.minimum(colour.astype(np.int64) * 257 + noise - 128, 65535).clip(0).astype(np.uint16)
    jpegs(colour)
    pngs(colour, deep)
    tiffs(colour, deep)
    bmps(colour)
    bombs(colour)
    (OUT / "lying.jpg").write_bytes((OUT / "lzw.tif").read_bytes())  # the bytes count, not the ending
    picture("lying.jpg", colour, "tifffile")
    (OUT / "pictures.json").write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")


main()
