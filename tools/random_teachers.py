#!/usr/bin/env python3
"""Makes small networks with the interfaces of real teachers: the same tensors, shapes and prompts, random weights.

Run:     .venv/bin/python tools/random_teachers.py FOLDER         (onnx 1.18.0, numpy 1.26.4)
         python tools/random_teachers.py FOLDER --torchscript     (torch 2.7.1: the TorchScript ones alone)
Writes:  FOLDER/NAME.encoder.onnx and NAME.decoder.onnx of each promptable teacher, NAME.onnx of each segmenter,
         one of them a second time with its weights in a file beside it
Why:     the real weights of these teachers are in no package registry. What reads and asks such files is tested on these.

An encoder averages over each cell and mixes the three means into as many channels as the real one has. A decoder's
candidates are ellipses over the prompt's own box, or around its point, whose edge bends a little with the embedding: so
where a mask lies shows how the prompt entered, and its size which candidate was taken. Their predicted IoU are the same
for every prompt, and the greatest is not at the edge of the list. The same names give the same bytes.
"""

import argparse
import pathlib
import zlib

import numpy as np

SIDE, CELL = 1024, 16  # of a promptable teacher's input, and of one cell of its embedding
GRID = SIDE // CELL
MASK = 4 * GRID
POINT_RADIUS = 100.0  # of the ellipse around a lone point, in the input's pixels
SIZES = [1.0, 0.8, 0.6, 1.2]  # of the candidates
IOUS = [0.95, 0.6, 0.9, 0.7]  # the first is not an answer to one prompt in SAM, and not there in others
OPSET = 17


def draws(name):
    return np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)


class Graph:
    """An ONNX graph under construction: each operator's result gets a name."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, value, dtype=np.float32):
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def op(self, kind, *inputs, out=None, **attributes):
        from onnx import helper

        self.count += 1
        name = out or f"n{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def save(self, file, inputs, outputs):
        import onnx
        from onnx import TensorProto, helper

        kinds = {"f": TensorProto.FLOAT, "i": TensorProto.INT64}
        value = lambda v: helper.make_tensor_value_info(v[0], kinds[v[2] if len(v) > 2 else "f"], v[1])
        graph = helper.make_graph(
            self.nodes, "random", [value(v) for v in inputs], [value(v) for v in outputs], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(file))
        print(f"{file.stat().st_size:7d} bytes  {file}")


def maps(g, image, cell, channels, random, out):
    """[1, 3, H, W] -> [1, channels, H / cell, W / cell]: means over cells, mixed."""
    pooled = g.op("AveragePool", image, kernel_shape=[cell, cell], strides=[cell, cell])
    weights = (random.standard_normal((channels, 3, 1, 1)) * 0.5).astype(np.float32)
    bias = (random.standard_normal(channels) * 0.1).astype(np.float32)
    return g.op("Conv", pooled, g.constant(weights), g.constant(bias), out=out)


def encoder(file, name, image, layers, shape=(1, 3, SIDE, SIDE)):
    """layers: output -> (cell, channels)"""
    g, random = Graph(), draws(name)
    for output, (cell, channels) in layers.items():
        maps(g, image, cell, channels, random, output)
    g.save(file, [(image, list(shape))],
           [(o, [shape[0], c, "h", "w"] if isinstance(shape[2], str) else [shape[0], c, shape[2] // k, shape[3] // k])
            for o, (k, c) in layers.items()])


def padding_encoder(file, name, image, output):
    """An image [h, w, 3] of any size up to the whole input, in 0...255: normalised and padded by the file itself."""
    g, random = Graph(), draws(name)
    mean = g.constant([123.675, 116.28, 103.53])
    std = g.constant([58.395, 57.12, 57.375])
    planes = g.op("Transpose", g.op("Div", g.op("Sub", image, mean), std), perm=[2, 0, 1])
    size = g.op("Shape", planes)
    missing = g.op("Sub", g.constant([3, SIDE, SIDE], np.int64), size)
    pads = g.op("Concat", g.constant([0, 0, 0], np.int64), missing, axis=0)
    padded = g.op("Unsqueeze", g.op("Pad", planes, pads), g.constant([0], np.int64))
    maps(g, padded, CELL, 256, random, output)
    g.save(file, [(image, ["image_height", "image_width", 3])], [(output, [1, 256, GRID, GRID])])


def ellipses(g, embedding, coords, labels, units, candidates, random):
    """[1, P, 2], [1, P] -> logits [1, M, MASK, MASK]; the prompt in pixels of an input of the side `units`."""
    axis = lambda n: g.constant([n], np.int64)
    there = g.op("Cast", g.op("GreaterOrEqual", labels, g.constant(0.0)), to=1)  # the padding point is not
    weight = g.op("Unsqueeze", there, axis(2))
    count = g.op("ReduceSum", there, axis(1), keepdims=1)
    far = g.op("Mul", g.op("Sub", g.constant(1.0), weight), g.constant(1e6))
    low = g.op("ReduceMin", g.op("Add", coords, far), axes=[1], keepdims=0)  # [1, 2]
    high = g.op("ReduceMax", g.op("Sub", coords, far), axes=[1], keepdims=0)
    centre = g.op("Mul", g.op("Add", low, high), g.constant(0.5))
    lone = g.op("Cast", g.op("Less", count, g.constant(1.5)), to=1)
    radius = g.op("Add", g.op("Mul", g.op("Sub", high, low), g.constant(0.5)),
                  g.op("Mul", lone, g.constant(POINT_RADIUS * units / SIDE)))
    cells = (np.arange(MASK) + 0.5) * units / MASK
    squares = None
    for i, line in enumerate([cells.reshape(1, 1, 1, MASK), cells.reshape(1, 1, MASK, 1)]):
        pick = g.constant([i], np.int64)
        c = g.op("Unsqueeze", g.op("Gather", centre, pick, axis=1), g.constant([2, 3], np.int64))
        r = g.op("Unsqueeze", g.op("Gather", radius, pick, axis=1), g.constant([2, 3], np.int64))
        off = g.op("Div", g.op("Sub", g.constant(line), c), r)
        squares = g.op("Mul", off, off) if squares is None else g.op("Add", squares, g.op("Mul", off, off))
    limits = np.array([s * s for s in SIZES[-candidates:]]).reshape(1, candidates, 1, 1)
    logits = g.op("Mul", g.op("Sub", g.constant(limits), squares), g.constant(5.0))
    mix = (random.standard_normal((candidates, 256, 1, 1)) * 0.01).astype(np.float32)
    scales = g.constant([1, 1, 4, 4])
    bend = g.op("Resize", g.op("Tanh", g.op("Conv", embedding, g.constant(mix))), "", scales, mode="linear")
    return g.op("Add", logits, g.op("Mul", bend, g.constant(0.2)))


def unused(g, result, *inputs):
    """Adds nothing, but reads the inputs: an exporter drops those that nothing reads."""
    for name in inputs:
        total = g.op("ReduceSum", g.op("Cast", name, to=1), keepdims=0)
        result = g.op("Add", result, g.op("Mul", total, g.constant(0.0)))
    return result


def predicted(g, coords, candidates, out):
    return unused_as(g, g.constant(np.array(IOUS[-candidates:], np.float32).reshape(1, candidates)), coords, out)


def unused_as(g, value, by, out):
    return g.op("Add", value, g.op("Mul", g.op("ReduceSum", by, keepdims=0), g.constant(0.0)), out=out)


EMBEDDING = [1, 256, GRID, GRID]
POINTS = ["point_coords", [1, "num_points", 2]], ["point_labels", [1, "num_points"]]
MASK_INPUT = ["mask_input", [1, 1, MASK, MASK]], ["has_mask_input", [1]]


def sam_decoder(file, name, candidates):
    g, random = Graph(), draws(name)
    coords = g.op("Add", "point_coords", g.constant(0.0))
    logits = ellipses(g, "image_embeddings", coords, "point_labels", SIDE, candidates, random)
    g.op("Identity", unused(g, logits, "mask_input", "has_mask_input"), out="low_res_masks")
    predicted(g, coords, candidates, "iou_predictions")
    # As SAM's export does: enlarged, the padding cut away, brought to the image's size.
    size = g.op("Cast", "orig_im_size", to=7)
    longest = g.op("ReduceMax", "orig_im_size", keepdims=1)
    covered = g.op("Cast", g.op("Floor", g.op("Add", g.op("Mul", g.op(
        "Div", g.constant([float(MASK)]), longest), "orig_im_size"), g.constant(0.5))), to=7)
    cut = g.op("Slice", "low_res_masks", g.constant([0, 0], np.int64), covered, g.constant([2, 3], np.int64))
    whole = g.op("Concat", g.constant([1, candidates], np.int64), size, axis=0)
    g.op("Resize", cut, "", "", whole, mode="linear", out="masks")
    g.save(file, [["image_embeddings", EMBEDDING], *POINTS, *MASK_INPUT, ["orig_im_size", [2]]],
           [["masks", [1, candidates, "height", "width"]], ["iou_predictions", [1, candidates]],
            ["low_res_masks", [1, candidates, MASK, MASK]]])


def sam2_decoder(file, name):
    g, random = Graph(), draws(name)
    logits = ellipses(g, "image_embed", "point_coords", "point_labels", SIDE, 3, random)
    g.op("Identity", unused(g, logits, "high_res_feats_0", "high_res_feats_1", "mask_input", "has_mask_input"), out="masks")
    predicted(g, "point_coords", 3, "iou_predictions")
    g.save(file, [["image_embed", EMBEDDING], ["high_res_feats_0", [1, 32, 4 * GRID, 4 * GRID]],
                  ["high_res_feats_1", [1, 64, 2 * GRID, 2 * GRID]], *POINTS, *MASK_INPUT],
           [["masks", [1, 3, MASK, MASK]], ["iou_predictions", [1, 3]]])


def efficient_sam_decoder(file, name):
    """One query a call is asked; its points are in pixels of an image of orig_im_size."""
    g, random = Graph(), draws(name)
    size = g.op("Cast", "orig_im_size", to=1)  # height, width
    wide = g.op("Gather", size, g.constant([1, 0], np.int64))
    coords = g.op("Div", g.op("Mul", "batched_point_coords", g.constant(float(SIDE))), wide)
    coords = g.op("Squeeze", coords, g.constant([1], np.int64))
    labels = g.op("Squeeze", "batched_point_labels", g.constant([1], np.int64))
    logits = ellipses(g, "image_embeddings", coords, labels, SIDE, 3, random)
    whole = g.op("Concat", g.constant([1, 3], np.int64), "orig_im_size", axis=0)
    resized = g.op("Resize", logits, "", "", whole, mode="linear")
    g.op("Unsqueeze", resized, g.constant([1], np.int64), out="output_masks")
    ious = predicted(g, coords, 3, "ious")
    g.op("Unsqueeze", ious, g.constant([1], np.int64), out="iou_predictions")
    g.save(file, [["image_embeddings", ["batch", 256, GRID, GRID]],
                  ["batched_point_coords", [1, "num_queries", "num_points", 2]],
                  ["batched_point_labels", [1, "num_queries", "num_points"]], ["orig_im_size", [2], "i"]],
           [["output_masks", [1, 1, 3, "height", "width"]], ["iou_predictions", [1, 1, 3]]])


def edge_sam_decoder(file, name):
    g, random = Graph(), draws(name)
    logits = ellipses(g, "image_embeddings", "point_coords", "point_labels", SIDE, 4, random)
    g.op("Identity", logits, out="masks")
    predicted(g, "point_coords", 4, "scores")
    g.save(file, [["image_embeddings", EMBEDDING], *POINTS],
           [["scores", [1, 4]], ["masks", [1, 4, MASK, MASK]]])


def segmenter(file, name, image, side, layers, logits, classes):
    """layers: output -> (cell, channels); dense logits at the input's own size."""
    g, random = Graph(), draws(name)
    for output, (cell, channels) in layers.items():
        maps(g, image, cell, channels, random, output)
    cell = 4
    coarse = maps(g, image, cell, classes, random, None)
    g.op("Resize", coarse, "", g.constant([1, 1, cell, cell]), mode="linear", out=logits)
    g.save(file, [[image, [1, 3, side, side]]],
           [[o, [1, c, side // k, side // k]] for o, (k, c) in layers.items()] + [[logits, [1, classes, side, side]]])


def outside(file, copy, weights):
    """The same network with its weights in a file beside it, as exporters do beyond 2 GiB."""
    import onnx

    (copy.parent / weights).unlink(missing_ok=True)  # onnx appends to it
    onnx.save(onnx.load(str(file)), str(copy), save_as_external_data=True, location=weights, size_threshold=64)
    print(f"{copy.stat().st_size:7d} bytes  {copy}, its weights in {weights}")


def onnx_teachers(folder):
    file = lambda name: folder / f"{name}.onnx"
    for name in ("sam-vit-h", "sam-vit-b"):
        encoder(file(name + ".encoder"), name, "input_image", {"image_embeddings": (CELL, 256)})
        sam_decoder(file(name + ".decoder"), name, 4)
    padding_encoder(file("sam-vit-b-hwc.encoder"), "sam-vit-b", "input_image", "image_embeddings")
    encoder(file("sam2-hiera-small.encoder"), "sam2-hiera-small", "image",
            {"high_res_feats_0": (4, 32), "high_res_feats_1": (8, 64), "image_embed": (CELL, 256)})
    sam2_decoder(file("sam2-hiera-small.decoder"), "sam2-hiera-small")
    for name in ("efficient-sam-ti", "efficient-sam-s"):
        encoder(file(name + ".encoder"), name, "batched_images", {"image_embeddings": (CELL, 256)},
                ("batch", 3, "height", "width"))
        efficient_sam_decoder(file(name + ".decoder"), name)
    encoder(file("edge-sam.encoder"), "edge-sam", "image", {"image_embeddings": (CELL, 256)})
    edge_sam_decoder(file("edge-sam.decoder"), "edge-sam")
    segmenter(file("upernet-swin-large"), "upernet-swin-large", "pixel_values", 512, {"embedding": (4, 512)}, "logits", 150)
    segmenter(file("plain-segmenter"), "plain-segmenter", "image", 256, {"embedding": (8, 64)}, "logits", 3)
    outside(file("plain-segmenter"), file("plain-segmenter-outside"), "plain-segmenter_data.bin")


def torchscript_teacher(file):
    """SAM 2 as DJL's model zoo traces it: encode, and forward for a prompt, in one file."""
    import torch
    from torch import nn

    class Sam2(nn.Module):
        def __init__(self):
            super().__init__()
            random = draws("sam2-hiera-tiny-djl")
            self.mix = nn.ParameterList(
                torch.from_numpy((random.standard_normal((c, 3, 1, 1)) * 0.5).astype(np.float32)) for c in (32, 64, 256))
            self.register_buffer("sizes", torch.tensor(SIZES[1:]).reshape(1, 3, 1, 1))
            self.register_buffer("ious", torch.tensor([IOUS[1:]]))
            self.register_buffer("cells", (torch.arange(MASK) + 0.5) * SIDE / MASK)

        def encode(self, image: torch.Tensor):
            pooled = [nn.functional.avg_pool2d(image, k) for k in (4, 8, CELL)]
            h0, h1, embed = (nn.functional.conv2d(p, w) for p, w in zip(pooled, self.mix))
            return h0, h1, embed

        def forward(self, image_embed, high_res_feats_0, high_res_feats_1, point_coords, point_labels, mask_input,
                    has_mask_input):
            read = 0 * (high_res_feats_0.sum() + high_res_feats_1.sum() + mask_input.sum() + has_mask_input.sum())
            far = (point_labels < 0).unsqueeze(2) * 1e6
            low, high = (point_coords + far).amin(1), (point_coords - far).amax(1)
            lone = ((point_labels >= 0).sum() < 2).float()
            centre, radius = (low + high) / 2, (high - low) / 2 + lone * POINT_RADIUS
            x = (self.cells.reshape(1, 1, 1, -1) - centre[0, 0]) / radius[0, 0]
            y = (self.cells.reshape(1, 1, -1, 1) - centre[0, 1]) / radius[0, 1]
            masks = 5 * (self.sizes ** 2 - x * x - y * y) + 0.2 * torch.tanh(image_embed.mean()) + read
            return masks, self.ious + read

    network = Sam2().eval()
    image = torch.zeros(1, 3, SIDE, SIDE)
    h0, h1, embed = network.encode(image)
    points = torch.tensor([[[1.0, 1.0], [2.0, 2.0]]]), torch.tensor([[2.0, 3.0]])
    traced = torch.jit.trace_module(network, {
        "encode": image, "forward": (embed, h0, h1, *points, torch.zeros(1, 1, MASK, MASK), torch.zeros(1))})
    torch.jit.save(traced, str(file))
    print(f"{file.stat().st_size:7d} bytes  {file}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--torchscript", action="store_true", help="the TorchScript teachers alone")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.torchscript:
        torchscript_teacher(asked.folder / "sam2-hiera-tiny-djl.pt")
    else:
        onnx_teachers(asked.folder)
