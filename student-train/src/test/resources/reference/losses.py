"""Frozen figures for the losses: values and gradients in float64, by published packages where one has the loss.

  Dice               segmentation-models-pytorch 0.6.0, losses.DiceLoss("binary"): a truth without foreground is 0 there too.
                     The classes of a sample are laid side by side as one map, since its multilabel mode takes the mean of
                     a Dice a class. It adds no 1e-6 to the denominator, which is 1e-6 / (sum p + sum y) apart.
  Dice, other empty  MONAI 1.5.2, losses.MaskedDiceLoss with smooth_dr=1e-6, and with 1 above and below for "penalised".
  BCE                optax 0.2.8, losses.sigmoid_binary_cross_entropy in JAX 0.10.2, mean over the valid pixels.
  BCE, weighted      segmentation-models-pytorch, losses.SoftBCEWithLogitsLoss(ignore_index, pos_weight), its sum over the
                     valid pixels' number: its own mean counts the ignored ones too.
  soft BCE           optax, the same with the labels sigmoid(t / T).
  soft BCE, both /T  torchdistill 1.1.4, losses.mid_level.KDLoss on the pair of logits (s, 0), whose softmax is the sigmoid.
                     It is a KL divergence, so the teacher's entropy (scipy 1.17.1) is added; with alpha 0 it has no T^2.
  cosine             optax, losses.cosine_distance, along space or channels; its mean over the rest.
  cosine, centred    torchmetrics 1.9.0, pearson_corrcoef of each channel's map: the cosine of what is centred.
                     (Its cosine_similarity casts to float32, so is not used.)
  adding up          the class of the feature-aligned article, copied as it stands.

SARD has no published package: feature consistency and the denoising score, the weights W among them, are written here from
the formulas in torch 2.7.1, with loops where a loop is plainer. Of feature consistency optax has the core, |u - v|^2 =
2 (1 - cos) for unit vectors, and is held against it here. The noise is drawn here and given to both sides. Bilinear
resizing is torch's F.interpolate. Inputs are rounded to float32 first, so that both sides start from
the same numbers.

Made with: Python 3.11, torch 2.7.1 (CPU), numpy 2.4.6 and the above.
Run:       random_losses.py and picture_losses.py, which call this. Nothing here reads a clock or a device.
"""

import importlib.metadata
import json
import math
import pathlib
import platform

import jax
import jax.numpy as jnp
import numpy as np
import optax
import segmentation_models_pytorch as smp
import torch
import torch.nn as nn
import torch.nn.functional as F
from monai.losses import MaskedDiceLoss
from scipy.special import expit
from scipy.stats import entropy
from torchdistill.losses.mid_level import KDLoss
from torchmetrics.functional.regression import pearson_corrcoef

torch.set_default_dtype(torch.float64)
jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent
PACKAGES = (
    *("torch", "numpy", "scipy", "segmentation-models-pytorch", "monai"),
    *("optax", "jax", "torchdistill", "torchmetrics", "scikit-image"),
)
IGNORED = 255


class SegmentationDistillationLoss(nn.Module):
    """As published, without its optional logging."""

    def __init__(self, feat_weight=0.4, soft_weight=0.3, dice_weight=0.3, temperature=2.0):
        super().__init__()
        self.feat_weight = feat_weight
        self.soft_weight = soft_weight
        self.dice_weight = dice_weight
        self.temperature = temperature

    def _cosine_feature_loss(self, student_emb, teacher_emb):
        s_flat = F.normalize(student_emb.flatten(2), dim=-1)
        t_flat = F.normalize(teacher_emb.flatten(2), dim=-1)
        return 1.0 - (s_flat * t_flat).sum(dim=-1).mean()

    def _soft_bce_loss(self, student_logits, teacher_logits):
        soft_targets = torch.sigmoid(teacher_logits / self.temperature)
        return F.binary_cross_entropy_with_logits(student_logits, soft_targets)

    def _dice_loss(self, student_logits, ground_truth):
        probs = torch.sigmoid(student_logits)
        intersection = (probs * ground_truth).sum(dim=(1, 2, 3))
        union = probs.sum(dim=(1, 2, 3)) + ground_truth.sum(dim=(1, 2, 3))
        return 1.0 - (2.0 * intersection / (union + 1e-6)).mean()

    def forward(self, student_emb, teacher_emb, student_logits, teacher_logits, ground_truth):
        feat_loss = self._cosine_feature_loss(student_emb, teacher_emb)
        soft_loss = self._soft_bce_loss(student_logits, teacher_logits)
        dice_loss = self._dice_loss(student_logits, ground_truth)
        return self.feat_weight * feat_loss + self.soft_weight * soft_loss + self.dice_weight * dice_loss


SEED = SegmentationDistillationLoss()


def each(loss, *batched):
    """A loss of one sample, a sample at a time: [B]."""
    return torch.stack([loss(*(x[b] for x in batched)) for b in range(len(batched[0]))])


class Optax(torch.autograd.Function):
    """A loss of optax as a node of torch's graph: value and gradient are JAX's."""

    @staticmethod
    def forward(ctx, loss, x, y):
        target = jnp.asarray(y.detach().numpy())
        value, ctx.back = jax.vjp(lambda a: loss(a, target), jnp.asarray(x.detach().numpy()))
        return torch.tensor(np.asarray(value))

    @staticmethod
    def backward(ctx, gradient):
        return None, torch.tensor(np.asarray(ctx.back(jnp.asarray(gradient.numpy()))[0])), None


def cosine_distance(x, y, axis):
    return Optax.apply(lambda a, b: optax.losses.cosine_distance(a, b, axis=axis), x, y)


def sigmoid_cross_entropy(x, y):
    return Optax.apply(optax.losses.sigmoid_binary_cross_entropy, x, y)


# --- noise -------------------------------------------------------------------------------------------------------------

NOISE = np.random.default_rng(20260703)  # its own, so that other cases do not depend on it


def noise(*shape):
    """Normal values on a grid of 1/64: short to write, and the same in float32."""
    return np.round(64 * NOISE.standard_normal(shape)) / 64


# --- SARD --------------------------------------------------------------------------------------------------------------

BETAS = {"uniform": (0, 0, 0), "E": (2, 0, 0), "C": (0, 1, 0), "D": (0, 0, 1), "E+C": (2, 1, 0), "full": (2, 1, 1)}


def importance(structure, weighting, components):
    """W [B, g, g] of E, C, D [B, 3, g, g], an image and a component at a time."""
    beta = BETAS[weighting] if isinstance(weighting, str) else tuple(weighting.get(k, 0) for k in "ECD")
    out = []
    for image in structure.numpy():
        s = np.zeros(image.shape[1:])
        largest = max(m.mean() for m in image)
        for share, m in zip(beta, image):
            if components == "raw":
                s += share * m
            elif m.mean() > 1e-6 * largest:
                s += share * m / m.mean()
        out.append(s / s.sum() if s.sum() > 0 else np.full(s.shape, 1 / s.size))
    return torch.tensor(np.stack(out))


def regrid(x, g):
    h = x.shape[2]
    if h % g == 0:
        k = h // g
        return x.reshape(x.shape[0], x.shape[1], g, k, g, k).mean(dim=(3, 5))
    return F.interpolate(x, size=(g, g), mode="bilinear", align_corners=False)


def normed(x):
    return math.sqrt(x.shape[1]) * x / x.norm(dim=1, keepdim=True)


def spread(x):
    return x.flatten(2).var(dim=2, correction=0)


def spaces(case, v):
    """F̂_T, F̂_S and the learned projection's penalty."""
    mean = torch.tensor(case["projection"]["mean"]).reshape(1, -1, 1, 1)
    centred = v["teacherEmbedding"] - mean
    kind = case["projectionSettings"]["teacherProjection"]
    dims = case["projectionSettings"]["dimensions"]
    if kind == "identity":
        projected = centred
    elif kind == "pca":
        directions = torch.tensor(case["projection"]["directions"])[:dims]
        projected = torch.einsum("dc,bcyx->bdyx", directions, centred)
    else:
        projected = F.conv2d(centred, v["loss.representation.teacher.weight"])
    ft = normed(projected)
    x = regrid(v["embedding"], centred.shape[2])
    fs = normed(F.conv2d(x, v["loss.representation.student.weight"], v["loss.representation.student.bias"]))
    penalty = torch.zeros(len(ft))
    if kind == "learned":
        own = spread(normed(centred)).sqrt().mean(dim=1, keepdim=True)
        floor = case["projectionSettings"]["varianceFloor"] * own
        penalty = F.relu(floor - (spread(ft) + 1e-4).sqrt()).mean(dim=1)
    return ft, fs, penalty


def feature_consistency(case, v):
    s = case["settings"]
    ft, fs, penalty = spaces(case, v)
    w = importance(v["structure"], s["weighting"], s["components"])
    loss = (w * ((ft - fs) ** 2).sum(dim=1)).sum(dim=(1, 2)) / ft.shape[1]
    torch.testing.assert_close(loss, 2 * (w * cosine_distance(fs, ft, 1)).sum(dim=(1, 2)), rtol=1e-9, atol=1e-12)
    return loss + penalty


def denoising_score(case, v):
    s = case["settings"]
    ft, fs, _ = spaces(case, v)
    eps = torch.tensor(case["noise"]["data"]).reshape(fs.shape)
    mixed = math.sqrt(s["alpha"]) * ft.detach() + math.sqrt(1 - s["alpha"]) * eps
    x = fs if s["conditioning"] == "student-only" else torch.cat([mixed, fs], dim=1)
    pad = s["kernel"] // 2
    h = "loss.denoising-score.head"
    y = F.gelu(F.conv2d(x, v[h + "0.weight"], v[h + "0.bias"], padding=pad))
    y = F.conv2d(y, v[h + "1.weight"], v[h + "1.bias"], padding=pad)
    w = importance(v["structure"], s["weighting"], s["components"])
    return (w * ((y - eps) ** 2).sum(dim=1)).sum(dim=(1, 2)) / eps.shape[1]


# --- the article's three, and BCE --------------------------------------------------------------------------------------


def cosine(case, v):
    s = case["settings"]
    t = v["teacherEmbedding"]
    x = regrid(v["embedding"], t.shape[2])
    if "loss.cosine.adapter.weight" in v:
        x = F.conv2d(x, v["loss.cosine.adapter.weight"], v["loss.cosine.adapter.bias"])
    if s.get("centre"):
        return each(lambda a, b: 1 - pearson_corrcoef(a.flatten(1).T, b.flatten(1).T).mean(), x, t)
    axis = {"space": 2, "channel": 1}[s.get("axis", "space")]
    return cosine_distance(x.flatten(2), t.flatten(2), axis).mean(dim=1)


def soft_bce(case, v):
    s = case["settings"]
    x = v["logits"]
    temperature = s.get("temperature", 2.0)
    t = F.interpolate(v["teacherLogits"], size=x.shape[2:], mode="bilinear", align_corners=False)
    y = expit(t.detach().numpy() / temperature)
    if not s.get("studentTemperature"):
        return sigmoid_cross_entropy(x, torch.tensor(y)).flatten(1).mean(dim=1)
    own = torch.tensor(entropy(np.stack([y, 1 - y])).mean(axis=(1, 2, 3)))
    kd = KDLoss("student", "output", "teacher", "output", temperature, alpha=0)
    return each(lambda a, b: kd(two_classes("student", a), two_classes("teacher", b)), x, t) + own


def two_classes(name, logits):
    flat = logits.flatten()
    return {name: {"output": torch.stack([flat, torch.zeros_like(flat)], dim=1)}}


def side_by_side(x):
    """The classes of a sample as one map, [K, H, W] to [1, 1, K H, W]."""
    return x.reshape(1, 1, -1, x.shape[-1])


def dice(case, v):
    empty = case["settings"].get("emptyTruth", "zero")
    valid = v["valid"].expand_as(v["truth"])
    if empty == "zero":
        marked = torch.where(valid > 0, v["truth"], IGNORED)
        loss = smp.losses.DiceLoss("binary", ignore_index=IGNORED)
        return each(lambda x, y: loss(side_by_side(x), side_by_side(y)), v["logits"], marked)

    def monai(x, y, keep):
        if not keep.any():
            return torch.zeros(())
        smooth = (1.0, 1.0) if empty == "penalised" and not (y * keep).any() else (0.0, 1e-6)
        loss = MaskedDiceLoss(smooth_nr=smooth[0], smooth_dr=smooth[1])  # of probabilities: it masks before its sigmoid
        return loss(side_by_side(torch.sigmoid(x)), side_by_side(y), side_by_side(keep))

    return each(monai, v["logits"], v["truth"], valid)


def bce(case, v):
    positive = case["settings"].get("positiveWeight")
    valid = v["valid"].expand_as(v["truth"])

    def plain(x, y, keep):
        return sigmoid_cross_entropy(x[keep > 0], y[keep > 0]).mean() if keep.any() else torch.zeros(())

    def weighted(x, y, keep):
        p = torch.tensor(positive, dtype=x.dtype).reshape(-1, 1, 1)
        loss = smp.losses.SoftBCEWithLogitsLoss(ignore_index=IGNORED, pos_weight=p, reduction="sum")
        return loss(x, torch.where(keep > 0, y, IGNORED)) / keep.sum()

    return each(plain if positive is None else weighted, v["logits"], v["truth"], valid)


LOSSES = {
    "cosine": cosine,
    "soft-bce": soft_bce,
    "dice": dice,
    "bce": bce,
    "feature-consistency": feature_consistency,
    "denoising-score": denoising_score,
}

SARD = ("embedding", "logits", "teacherEmbedding", "structure")
READS = {
    "cosine": ("embedding", "logits", "teacherEmbedding"),
    "soft-bce": ("embedding", "logits", "teacherLogits"),
    "dice": ("embedding", "logits", "truth", "valid"),
    "bce": ("embedding", "logits", "truth", "valid"),
    "feature-consistency": SARD,
    "denoising-score": SARD,
}

# --- figures -----------------------------------------------------------------------------------------------------------


def solve(result, inputs, learned):
    """A case's tensors, with the gradients of the summed loss on what moves, and its loss [B]."""
    v = {key: torch.tensor(x.astype(np.float64)) for key, x in {**inputs, **learned}.items()}
    for key in ("embedding", "logits", *learned, *(k for k in inputs if k.startswith("level"))):
        v[key].requires_grad_()
    per_sample = LOSSES[result["loss"]](result, v)
    per_sample.sum().backward()
    return v, per_sample


def pack(x):
    return {"shape": list(x.shape), "data": [float(f"{q:.9g}") for q in np.asarray(x).reshape(-1)]}


def dump(name, head, cases):
    """JSON with a case a line."""
    versions = {"python": platform.python_version()} | {p: importlib.metadata.version(p) for p in PACKAGES}
    lines = ",\n".join(json.dumps(v, separators=(",", ":")) for v in cases)
    (HERE / name).write_text(json.dumps({"made_with": versions} | head)[:-1] + ',\n"cases":[\n' + lines + "\n]}\n")
