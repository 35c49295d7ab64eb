"""Frozen answers of SAM's prompt encoder and mask decoder, by the package transformers: sam_decoder.py > sam_decoder.txt

Made with Python 3.11, transformers 4.52.4, torch 2.7.1 (CPU). Two networks of transformers' own classes, one small and one at SAM's
size. Every tensor is noise that follows from its name's CRC-32 and the index alone (function noise), so no data travels: the test
makes the same numbers. Printed are some values of the answers, evenly spread, and the mean of all absolute values.
"""
import math
import zlib

import numpy as np
import torch
from transformers import SamConfig, SamMaskDecoderConfig, SamModel, SamPromptEncoderConfig, SamVisionConfig

SHOWN = 64


def noise(name, *shape):
    """Uniform in -1...1, by a hash of 32 bits of the index and the name."""
    i = np.arange(math.prod(shape), dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    h = (i * np.uint64(2654435761) + np.uint64(zlib.crc32(name.encode()))) & mask
    for _ in range(2):
        h = ((h ^ (h >> np.uint64(16))) * np.uint64(0x45D9F3B)) & mask
    h ^= h >> np.uint64(16)
    return torch.from_numpy((h.astype(np.float64) / 2**31 - 1).astype(np.float32)).reshape(shape)


def values(name, shape):
    shape = tuple(shape)
    name = name.replace("prompt_encoder.shared_embedding", "shared_image_embedding")  # the same numbers twice
    if "norm" in name:
        return (1 if name.endswith("weight") else 0) + 0.2 * noise(name, *shape)
    if len(shape) == 1:
        return 0.1 * noise(name, *shape)
    if "embed" in name or "token" in name and "attn" not in name:
        return noise(name, *shape)
    if "upscale" in name:
        return math.sqrt(6 / shape[0]) * noise(name, *shape)
    return math.sqrt(3 / shape[1]) * noise(name, *shape)


def network(image, patch, channels, heads, mlp, mask, hidden):
    """SamModel with an image encoder of next to nothing; it is not asked."""
    return SamModel(
        SamConfig(
            vision_config=SamVisionConfig(
                image_size=image, patch_size=patch, output_channels=channels, num_pos_feats=channels // 2, hidden_size=8, mlp_dim=8,
                num_hidden_layers=1, num_attention_heads=1, window_size=2),
            prompt_encoder_config=SamPromptEncoderConfig(
                hidden_size=channels, image_size=image, patch_size=patch, mask_input_channels=mask, hidden_act="gelu"),
            # SAM's own LayerNorm of tokens has PyTorch's epsilon.
            mask_decoder_config=SamMaskDecoderConfig(
                hidden_size=channels, mlp_dim=mlp, num_attention_heads=heads, iou_head_hidden_dim=hidden, layer_norm_eps=1e-5),
        )
    ).eval()


def decoder_tensors(model):
    return {n: t for n, t in model.state_dict().items() if not n.startswith("vision_encoder.")}


def cases(side, grid):
    """Points, labels, boxes and masks of each question, in pixels of the input."""
    at = lambda *points: [[x * side, y * side] for x, y in points]
    box = [0.2 * side, 0.15 * side, 0.7 * side, 0.8 * side]
    mask = 6 * noise("mask", 2, 1, 4 * grid, 4 * grid)
    return {
        "points": ([at((0.3, 0.4), (0.8, 0.6)), at((0.1, 0.9), (0.55, 0.2))], [[1, 0], [1, -1]], None, None),
        "box": (None, None, [box, [0.0, 0.0, side, side]], None),
        "point-in-box": ([at((0.45, 0.5)), at((0.9, 0.1))], [[1], [0]], [box, box], None),
        "points-after-a-mask": ([at((0.3, 0.4)), at((0.7, 0.7))], [[1], [0]], None, mask),
    }


def show(name, tensor):
    flat = tensor.reshape(-1)
    step = max(1, len(flat) // SHOWN)
    print(name, f"{flat.abs().mean().item():.9g}", step, *(f"{v:.7g}" for v in flat[::step].tolist()))


@torch.no_grad()
def answers(name, model, embedding):
    side, grid = model.config.vision_config.image_size, embedding.shape[-1]
    for case, (points, labels, boxes, mask) in cases(side, grid).items():
        if name == "sam" and case in ("points", "box"):
            continue  # seconds of the test's; the others have points and boxes too
        masks, ious = [], []
        for i in range(2):  # one prompt at a time: an earlier mask is of one
            sparse, dense = model.prompt_encoder(
                input_points=None if points is None else torch.tensor([[points[i]]], dtype=torch.float32),
                input_labels=None if labels is None else torch.tensor([[labels[i]]]),
                input_boxes=None if boxes is None else torch.tensor([[boxes[i]]], dtype=torch.float32),
                input_masks=None if mask is None else mask[i : i + 1],
            )
            for several in (False, True):
                low, iou, _ = model.mask_decoder(
                    image_embeddings=embedding,
                    image_positional_embeddings=model.get_image_wide_positional_embeddings(),
                    sparse_prompt_embeddings=sparse,
                    dense_prompt_embeddings=dense,
                    multimask_output=several,
                )
                masks.append(low[0, 0])
                ious.append(iou[0, 0])
        show(f"{name} {case} masks", torch.cat(masks))
        show(f"{name} {case} ious", torch.cat(ious))


def main():
    for name, sizes in {"small": (64, 8, 32, 4, 48, 16, 24), "sam": (1024, 16, 256, 8, 2048, 16, 256)}.items():
        model = network(*sizes)
        model.load_state_dict({n: values(n, t.shape) for n, t in decoder_tensors(model).items()}, strict=False)
        if name == "small":
            for key, tensor in decoder_tensors(model).items():
                print("tensor", key, ",".join(map(str, tensor.shape)))
        print(name, "parameters", sum(p.numel() for n, p in model.named_parameters() if not n.startswith("vision_encoder.")))
        grid = sizes[0] // sizes[1]
        answers(name, model, noise("embedding", 1, sizes[2], grid, grid))


if __name__ == "__main__":
    main()
