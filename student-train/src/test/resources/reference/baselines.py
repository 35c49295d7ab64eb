"""Frozen figures for the baselines' losses: values and gradients in float64, by published packages where one has the loss.

  cwd, cwd-embedding  mmrazor 1.0.0, ChannelWiseDivergence.
  skd-pixel           torchdistill 1.1.4, losses.mid_level.KDLoss of the K + 1 logits (0 first) of all pixels, times T^2, which
                      it leaves out with alpha 0; sigmoids as pairs (s, 0), whose divergences add up.
  skd-pair            no package has it. optax 0.2.8, losses.cosine_similarity of all pairs of nodes; the mean square is here.
  dkd                 mmrazor, DKDLoss of the K + 1 logits of the pixels that count, which are its batch.
  mgd                 mmrazor, MGDConnector and MGDLoss; the latter sums, so it is divided by C g^2. torch.rand is given R.
  review              torchdistill, models.wrapper.AttentionBasedFusion, its BatchNorm at rest (mean 0, variance 1) and so a
                      bias, and losses.mid_level.HierarchicalContextLoss; the mean over levels.
  Dice of a softmax   segmentation-models-pytorch 0.6.0, DiceLoss of the foreground's probabilities, from_logits=False.
  cross-entropy       optax, losses.softmax_cross_entropy_with_integer_labels.

mmrazor's package imports mmcv, which has no wheel for this torch; its loss modules do not, so they are imported past the
packages' own __init__.

Made with: Python 3.11, torch 2.7.1 (CPU), numpy 2.4.6, mmengine 0.10.7 and the above.
Run:       python baselines.py     (writes baseline_losses.json beside itself, for LossReferenceTest)
"""

import importlib.util
import pathlib
import sys
import types
from unittest import mock

import numpy as np
import optax
import segmentation_models_pytorch as smp
import torch
import torch.nn.functional as F
from torchdistill.losses.mid_level import HierarchicalContextLoss, KDLoss
from torchdistill.models.wrapper import AttentionBasedFusion

import losses
import random_losses
from losses import Optax, dump, each, pack, regrid
from random_losses import case

losses.PACKAGES += ("mmrazor", "mmengine")


def bare(name, folder):
    """A package of that folder whose __init__ is not run."""
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module


MMRAZOR = pathlib.Path(importlib.util.find_spec("mmrazor").submodule_search_locations[0])
for part in ("", ".models", ".models.losses", ".models.architectures", ".models.architectures.connectors"):
    bare("mmrazor" + part, MMRAZOR.joinpath(*part.split(".")[1:]))

from mmrazor.models.architectures.connectors.mgd_connector import MGDConnector  # noqa: E402
from mmrazor.models.losses.cwd import ChannelWiseDivergence  # noqa: E402
from mmrazor.models.losses.decoupled_kd import DKDLoss  # noqa: E402
from mmrazor.models.losses.mgd_loss import MGDLoss  # noqa: E402


def beside(v, name):
    """Student's and teacher's embedding on one grid and, by the adapter where there is one, of as many channels."""
    t = v["teacherEmbedding"]
    x = regrid(v["embedding"], t.shape[2])
    adapter = f"loss.{name}.adapter."
    return (F.conv2d(x, v[adapter + "weight"], v[adapter + "bias"]) if adapter + "weight" in v else x), t


def both_logits(v):
    x = v["logits"]
    return x, F.interpolate(v["teacherLogits"], size=x.shape[2:], mode="bilinear", align_corners=False)


def categorical(logits):
    """The pixels of a sample, background first: [K, H, W] to [H W, K + 1]."""
    return torch.cat([torch.zeros_like(logits[:1]), logits]).flatten(1).T


def channel_wise(s, t, temperature):
    loss = ChannelWiseDivergence(tau=temperature)
    return each(lambda a, b: loss(a[None], b[None]), s, t)


def cwd(case, v):
    return channel_wise(*both_logits(v), case["settings"].get("temperature", 4.0))


def cwd_embedding(case, v):
    return channel_wise(*beside(v, "cwd-embedding"), case["settings"].get("temperature", 4.0))


def skd_pixel(case, v):
    temperature = case["settings"].get("temperature", 1.0)
    kd = KDLoss("student", "output", "teacher", "output", temperature, alpha=0)

    def divergence(a, b):
        return temperature**2 * kd({"student": {"output": a}}, {"teacher": {"output": b}})

    if case["settings"].get("distribution") == "sigmoid":
        return each(lambda a, b: sum(divergence(categorical(k[None]), categorical(m[None])) for k, m in zip(a, b)),
                    *both_logits(v))
    return each(lambda a, b: divergence(categorical(a), categorical(b)), *both_logits(v))


def alike(x):
    """Cosines of all pairs of nodes, [C, g, g] to [N, N]."""
    nodes = x.flatten(1).T
    n = len(nodes)
    first = nodes[:, None].expand(n, n, -1).reshape(n * n, -1)
    second = nodes[None].expand(n, n, -1).reshape(n * n, -1)
    # This gradient is by the first argument alone, hence each pair both ways round.
    twice = Optax.apply(optax.losses.cosine_similarity, first, second)
    twice = twice + Optax.apply(optax.losses.cosine_similarity, second, first)
    return (twice - twice.detach() / 2).reshape(n, n)


def skd_pair(case, v):
    t = v["teacherEmbedding"]
    nodes = min(case["settings"].get("nodes", 16), t.shape[2])

    s = regrid(v["embedding"], nodes)
    return each(lambda a, b: ((alike(a) - alike(b).detach()) ** 2).mean(), s, regrid(t, nodes))


def dkd(case, v):
    s = case["settings"]
    loss = DKDLoss(tau=s.get("temperature", 4.0), alpha=s.get("alpha", 1.0), beta=s.get("beta", 8.0))

    def pixels(a, b, y, keep):
        p, q = categorical(a), categorical(b)
        if s.get("target") == "teacher":
            return loss(p, q, q.argmax(dim=1))
        labels, kept = marks(y), keep.flatten() > 0
        return loss(p[kept], q[kept], labels[kept]) if kept.any() else torch.zeros(())

    return each(pixels, *both_logits(v), v["truth"], v["valid"])


def marks(truth):
    """The class of each pixel, 0 the background: [K, H, W] to [H W]."""
    return categorical(truth).argmax(dim=1) * (truth.sum(dim=0).flatten() > 0)


def cross_entropy(case, v):
    def labelled(x, y, keep):
        kept = keep.flatten() > 0
        if not kept.any():
            return torch.zeros(())
        ce = optax.losses.softmax_cross_entropy_with_integer_labels
        return Optax.apply(ce, categorical(x)[kept], marks(y)[kept]).mean()

    return each(labelled, v["logits"], v["truth"], v["valid"])


def mgd(case, v):
    t = v["teacherEmbedding"]
    x = regrid(v["embedding"], t.shape[2])
    connector = MGDConnector(x.shape[1], t.shape[1], lambda_mgd=case["settings"]["masked"])
    parts = {"align": "adapter", "generation.0": "generator0", "generation.2": "generator1"}
    learned = {
        f"{part}.{kind}": v[f"loss.mgd.{name}.{kind}"]
        for part, name in parts.items()
        for kind in ("weight", "bias")
        if f"loss.mgd.{name}.{kind}" in v
    }
    drawn = torch.tensor(case["noise"]["data"]).reshape(len(x), 1, *t.shape[2:])

    def made(a, r):
        with mock.patch("torch.rand", lambda shape: r.reshape(shape)):
            return torch.func.functional_call(connector, learned, (a[None],), {}, strict=True)

    connector.forward = connector.forward_train
    loss = MGDLoss(alpha_mgd=1.0)
    return each(lambda a, b, r: loss(made(a, r), b[None]) / b.numel(), x, t, drawn)


def fusion(v, i, last):
    """Level i's module with the weights of the case."""
    enter, leave = (v[f"loss.review.{part}{i}.weight"] for part in ("enter", "leave"))
    module = AttentionBasedFusion(enter.shape[1], enter.shape[0], leave.shape[0], uses_attention=not last).eval()
    learned = {}
    for name, part in (("enter", "conv1"), ("leave", "conv2")):
        learned[part + ".0.weight"] = v[f"loss.review.{name}{i}.weight"]
        learned[part + ".1.bias"] = v[f"loss.review.{name}{i}.bias"]
        learned[part + ".1.weight"] = torch.full_like(learned[part + ".1.bias"], (1 + module.conv1[1].eps) ** 0.5)
    if not last:
        for kind in ("weight", "bias"):
            learned["attention_conv.0." + kind] = v[f"loss.review.attention{i}.{kind}"]
    return lambda *args: torch.func.functional_call(module, learned, args)


def review(case, v):
    t = v["teacherEmbedding"]
    levels = [v[f"level{i}"] for i in range(len(v)) if f"level{i}" in v]
    context = HierarchicalContextLoss("student", "output", "teacher", "output")
    total, residual = 0, None
    for i in reversed(range(len(levels))):
        side = min(levels[i].shape[2], t.shape[2])
        module = fusion(v, i, residual is None)
        made, residual = module(regrid(levels[i], side), residual, side)
        total = total + each(
            lambda a, b: context({"student": {"output": (a[None], None)}}, {"teacher": {"output": b[None]}}),
            made,
            regrid(t, side),
        )
    return total / len(levels)


def dice(case, v):
    if case["settings"].get("distribution") != "softmax":
        return losses.dice(case, v)
    loss = smp.losses.DiceLoss("binary", from_logits=False, ignore_index=losses.IGNORED)

    def foreground(x, y, keep):
        p = torch.softmax(categorical(x), dim=1).T[1:].reshape(x.shape)
        marked = torch.where(keep.expand_as(y) > 0, y, losses.IGNORED)
        return loss(losses.side_by_side(p), losses.side_by_side(marked))

    return each(foreground, v["logits"], v["truth"], v["valid"])


LOGITS = ("embedding", "logits", "teacherLogits")
EMBEDDINGS = ("embedding", "logits", "teacherEmbedding")
LABELS = ("embedding", "logits", "truth", "valid")
ADDED = {
    "cwd": (cwd, LOGITS),
    "cwd-embedding": (cwd_embedding, EMBEDDINGS),
    "skd-pixel": (skd_pixel, LOGITS),
    "skd-pair": (skd_pair, EMBEDDINGS),
    "dkd": (dkd, (*LOGITS, "truth", "valid")),
    "cross-entropy": (cross_entropy, LABELS),
    "dice": (dice, LABELS),
    "mgd": (mgd, EMBEDDINGS),
    "review": (review, (*EMBEDDINGS, "level0", "level1", "level2")),
}
losses.LOSSES.update({name: loss for name, (loss, _) in ADDED.items()})
losses.READS.update({name: reads for name, (_, reads) in ADDED.items()})


def adapter(name, into=5, out=7):
    return {f"loss.{name}.adapter.weight": (out, into, 1, 1), f"loss.{name}.adapter.bias": (out,)}


def generator(channels, hidden):
    return {
        "loss.mgd.generator0.weight": (hidden, channels, 3, 3),
        "loss.mgd.generator0.bias": (hidden,),
        "loss.mgd.generator1.weight": (channels, hidden, 3, 3),
        "loss.mgd.generator1.bias": (channels,),
    }


def fusions(levels, width, channels):
    learned = {}
    for i, (from_level, _) in enumerate(levels):
        parts = {"enter": (width, from_level, 1, 1), "leave": (channels, width, 3, 3)}
        if i + 1 < len(levels):
            parts["attention"] = (2, 2 * width, 1, 1)
        for name, shape in parts.items():
            learned |= {f"loss.review.{name}{i}.weight": shape, f"loss.review.{name}{i}.bias": shape[:1]}
    return learned


def reviewed(name, levels, width, **sizes):
    learned = fusions(levels, width, sizes["ct"])
    return case(name, "review", {"width": width}, levels=levels, learned=learned, **sizes)


def drawn(grid):
    """R of three samples on a grid of 1/64: the same in float32, and never on the threshold's wrong side."""
    return pack(np.floor(64 * random_losses.RANDOM.random((3, 1, grid, grid))) / 64)


def cases():
    return [
        case("cwd", "cwd", {}),
        case("cwd, T 1, teacher logits coarser", "cwd", {"temperature": 1.0}, ht=3),
        case("cwd of embeddings", "cwd-embedding", {}),
        case("cwd of embeddings, T 1, through an adapter", "cwd-embedding", {"temperature": 1.0}, ct=7, hs=8,
             learned=adapter("cwd-embedding")),
        case("skd, pixels", "skd-pixel", {}),
        case("skd, pixels, T 3, teacher logits coarser", "skd-pixel", {"temperature": 3.0}, ht=3),
        case("skd, pixels, sigmoids", "skd-pixel", {"distribution": "sigmoid", "temperature": 2.0}),
        case("skd, pairs of all cells", "skd-pair", {}),
        case("skd, pairs of 2x2 nodes, finer student of fewer channels", "skd-pair", {"nodes": 2}, ct=7, hs=8),
        case("dkd", "dkd", {}),
        case("dkd, T 1, degenerate samples", "dkd", {"alpha": 0.5, "beta": 2.0, "temperature": 1.0}, valid="degenerate"),
        case("dkd, the teacher's classes", "dkd", {"target": "teacher", "temperature": 2.0}, ht=9),
        case("mgd", "mgd", {"masked": 0.75}, learned=generator(5, 5), draws=drawn(4)),
        case("mgd, a third masked, finer student through an adapter", "mgd", {"masked": 0.35}, ct=7, hs=8,
             learned=adapter("mgd") | generator(7, 7), draws=drawn(4)),
        reviewed("review, three levels, the first finer than the teacher", [(3, 16), (4, 8), (5, 4)], 4, ct=5, g=8),
        reviewed("review, sides that parts do not divide", [(3, 6), (4, 3)], 3, ct=7, g=6),
        case("Dice of a softmax", "dice", {"distribution": "softmax"}, valid="degenerate"),
        case("cross-entropy", "cross-entropy", {}, valid="degenerate"),
    ]


if __name__ == "__main__":
    dump("baseline_losses.json", {}, cases())
