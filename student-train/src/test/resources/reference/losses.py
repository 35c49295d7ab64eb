"""Frozen figures for the losses: values and gradients in float64, by autograd of another library.

Made with: Python 3.11, torch 2.7.1, numpy 2.4 (CPU).
Run:       python losses.py > losses.json        (deterministic: nothing here reads a clock or a device)

Cosine, soft BCE and Dice are the class of the feature-aligned article, copied as it stands; the rest is written here from
the formulas, with loops where a loop is plainer. The noise is drawn by a second implementation of the project's keyed
draws. Inputs are rounded to float32 first, so that both sides start from the same numbers.
"""

import json
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
EPS = 1e-6


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
    """A batch-mean loss, a sample at a time: [B]."""
    return torch.stack([loss(*(x[b : b + 1] for x in batched)) for b in range(len(batched[0]))])


# --- keyed draws -------------------------------------------------------------------------------------------------------

M64 = (1 << 64) - 1


def finalise(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def mix(z):
    return finalise((z + 0x9E3779B97F4A7C15) & M64)


def java_hash(text):
    h = 0
    for ch in text:
        h = (31 * h + ord(ch)) & 0xFFFFFFFF
    return h - (1 << 32) if h >> 31 else h


def gaussian(seed, epoch, sample_key, purpose, count):
    state = mix((mix(mix(mix(seed & M64) ^ epoch) ^ (sample_key & M64)) ^ java_hash(purpose)) & M64)
    out = []
    while len(out) < count:
        pair = []
        for _ in range(2):
            state = (state + 0x9E3779B97F4A7C15) & M64
            pair.append((finalise(state) >> 11) * 2.0**-53)
        radius = math.sqrt(-2 * math.log(1 - pair[0]))
        out += [radius * math.cos(2 * math.pi * pair[1]), radius * math.sin(2 * math.pi * pair[1])]
    return np.array(out[:count], dtype=np.float32).astype(np.float64)


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
    return (w * ((ft - fs) ** 2).sum(dim=1)).sum(dim=(1, 2)) / ft.shape[1] + penalty


def denoising_score(case, v):
    s = case["settings"]
    ft, fs, _ = spaces(case, v)
    draws = case["draws"]
    count = fs[0].numel()
    eps = np.stack([gaussian(draws["seed"], draws["epoch"], k, "denoising-score", count) for k in draws["sampleKeys"]])
    eps = torch.tensor(eps).reshape(fs.shape)
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
        x = x - x.mean(dim=(2, 3), keepdim=True)
        t = t - t.mean(dim=(2, 3), keepdim=True)
    if s.get("axis") == "channel":
        return 1 - F.cosine_similarity(x, t, dim=1).mean(dim=(1, 2))
    return each(SEED._cosine_feature_loss, x, t)


def soft_bce(case, v):
    s = case["settings"]
    x = v["logits"]
    t = F.interpolate(v["teacherLogits"], size=x.shape[2:], mode="bilinear", align_corners=False)
    loss = SegmentationDistillationLoss(temperature=s.get("temperature", 2.0))
    if s.get("studentTemperature"):
        x = x / loss.temperature
    return each(loss._soft_bce_loss, x, t)


def dice(case, v):
    """The published class on the pixels that count, gathered; the truth's zeros and the ignored pixels by hand."""
    out = []
    for b in range(len(v["logits"])):
        keep = v["valid"][b, 0] > 0
        x, y = v["logits"][b][:, keep], v["truth"][b][:, keep]
        if not keep.any():
            out.append(torch.zeros(()))
        elif y.sum() > 0 or case["settings"].get("emptyTruth") == "one":
            out.append(SEED._dice_loss(x[None, :, :, None], y[None, :, :, None]))
        elif case["settings"].get("emptyTruth") == "penalised":
            total = torch.sigmoid(x).sum()
            out.append(total / (total + 1))
        else:
            out.append(torch.zeros(()))
    return torch.stack(out)


def bce(case, v):
    positive = case["settings"].get("positiveWeight")
    out = []
    for b in range(len(v["logits"])):
        keep = v["valid"][b, 0] > 0
        x, y = v["logits"][b][:, keep], v["truth"][b][:, keep]
        p = None if positive is None else torch.tensor(positive, dtype=x.dtype).reshape(-1, 1)
        out.append(F.binary_cross_entropy_with_logits(x, y, pos_weight=p) if keep.any() else torch.zeros(()))
    return torch.stack(out)


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

# --- cases -------------------------------------------------------------------------------------------------------------

RANDOM = np.random.default_rng(20260701)


def normal(*shape, scale=1.0):
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def pack(x):
    return {"shape": list(x.shape), "data": [float(f"{q:.9g}") for q in np.asarray(x).reshape(-1)]}


def case(name, loss, settings, *, cs=5, ct=5, hs=4, g=4, ht=6, learned=None, projection=None, dims=3, valid=None):
    b, k, h = 3, 2, 6
    labels = RANDOM.integers(0, k + 1, (b, h, h))
    inputs = {
        "embedding": normal(b, cs, hs, hs),
        "logits": normal(b, k, h, h, scale=2),
        "truth": np.stack([labels == c + 1 for c in range(k)], axis=1).astype(np.float32),
        "valid": (RANDOM.random((b, 1, h, h)) > 0.2).astype(np.float32),
        "teacherLogits": normal(b, k, ht, ht, scale=3),
        "teacherEmbedding": normal(b, ct, g, g) + 0.5 * normal(1, ct, 1, 1),
        "structure": np.abs(normal(b, 3, g, g)) * np.array([9, 1, 3], np.float32).reshape(1, 3, 1, 1),
    }
    if valid == "all":
        inputs["valid"][:] = 1
    if valid == "degenerate":  # sample 0 as it is, 1 without foreground, 2 without a pixel that counts
        inputs["truth"][1] = 0
        inputs["valid"][2] = 0
    if loss in ("feature-consistency", "denoising-score"):
        inputs["structure"][1, 1] = 1e-6  # under the floor: rounding noise, to be left out
        inputs["structure"][2] = 0  # a constant image: uniform
    basis = np.linalg.qr(RANDOM.standard_normal((ct, ct)))[0].astype(np.float32)
    result = {
        "name": name,
        "loss": loss,
        "settings": settings,
        "grid": g,
        "projectionSettings": {"dimensions": dims, "teacherProjection": projection or "pca", "varianceFloor": 0.9},
        "projection": {"mean": normal(ct).tolist(), "directions": basis.tolist()},
        "draws": {"seed": 7, "epoch": 2, "sampleKeys": [11, -5, 123456789012345]},
    }
    learned = {key: normal(*shape, scale=0.4) for key, shape in (learned or {}).items()}
    v = {key: torch.tensor(x.astype(np.float64)) for key, x in {**inputs, **learned}.items()}
    moved = ["embedding", "logits", *learned]
    for key in moved:
        v[key].requires_grad_()
    per_sample = LOSSES[loss](result, v)
    per_sample.sum().backward()
    result["inputs"] = {key: pack(x) for key, x in inputs.items() if key in READS[loss]}
    result["learned"] = {key: pack(x) for key, x in learned.items()}
    result["perSample"] = [float(f"{q:.12g}") for q in per_sample.detach()]
    result["gradients"] = {key: pack(v[key].grad.numpy()) for key in moved if v[key].grad is not None}
    return result


def sard(name, loss, settings, *, kernel=1, hidden=4, projection="pca", dims=3, **sizes):
    cs, ct = 5, 6
    c = ct if projection == "identity" else dims
    learned = {"loss.representation.student.weight": (c, cs, 1, 1), "loss.representation.student.bias": (c,)}
    if projection == "learned":
        learned["loss.representation.teacher.weight"] = (c, ct, 1, 1)
    if loss == "denoising-score":
        into = c if settings["conditioning"] == "student-only" else 2 * c
        learned["loss.denoising-score.head0.weight"] = (hidden, into, kernel, kernel)
        learned["loss.denoising-score.head0.bias"] = (hidden,)
        learned["loss.denoising-score.head1.weight"] = (c, hidden, kernel, kernel)
        learned["loss.denoising-score.head1.bias"] = (c,)
        settings = {**settings, "kernel": kernel, "hidden": hidden, "alpha": settings.get("alpha", 0.5)}
    return case(name, loss, settings, cs=cs, ct=ct, learned=learned, projection=projection, dims=dims, **sizes)


def weighting(weighting, components="unit-mean", **more):
    return {"weighting": weighting, "components": components, **more}


def published():
    """The article's class whole: its total and gradients on one batch."""
    emb, t_emb = normal(3, 5, 4, 4), normal(3, 5, 4, 4)
    logits, t_logits = normal(3, 1, 6, 6, scale=2), normal(3, 1, 6, 6, scale=3)
    truth = (RANDOM.random((3, 1, 6, 6)) > 0.6).astype(np.float32)
    v = [torch.tensor(x.astype(np.float64)) for x in (emb, t_emb, logits, t_logits, truth)]
    v[0].requires_grad_()
    v[2].requires_grad_()
    total = SEED(*v)
    total.backward()
    return {
        "inputs": {
            "embedding": pack(emb),
            "teacherEmbedding": pack(t_emb),
            "logits": pack(logits),
            "teacherLogits": pack(t_logits),
            "truth": pack(truth),
            "valid": pack(np.ones((3, 1, 6, 6))),
        },
        "total": float(total.detach()),
        "gradients": {"embedding": pack(v[0].grad.numpy()), "logits": pack(v[2].grad.numpy())},
    }


ADAPTER = {"loss.cosine.adapter.weight": (7, 5, 1, 1), "loss.cosine.adapter.bias": (7,)}
CASES = [
    case("cosine as published", "cosine", {}),
    case("cosine centred", "cosine", {"centre": True}),
    case("cosine by channel", "cosine", {"axis": "channel"}),
    case("cosine, finer student by a whole factor", "cosine", {}, hs=8),
    case("cosine, finer student by a broken factor", "cosine", {}, hs=6),
    case("cosine, coarser student", "cosine", {}, hs=2),
    case("cosine through an adapter", "cosine", {"centre": True}, ct=7, learned=ADAPTER),
    case("soft BCE as published", "soft-bce", {}),
    case("soft BCE, T 3.5, teacher logits coarser", "soft-bce", {"temperature": 3.5}, ht=3),
    case("soft BCE, teacher logits finer", "soft-bce", {}, ht=9),
    case("soft BCE, both softened", "soft-bce", {"studentTemperature": True}),
    case("Dice as published", "dice", {}, valid="all"),
    case("Dice with ignored pixels", "dice", {}),
    case("Dice, empty truth 0", "dice", {"emptyTruth": "zero"}, valid="degenerate"),
    case("Dice, empty truth 1", "dice", {"emptyTruth": "one"}, valid="degenerate"),
    case("Dice, empty truth penalised", "dice", {"emptyTruth": "penalised"}, valid="degenerate"),
    case("BCE", "bce", {}, valid="degenerate"),
    case("BCE, one positive weight", "bce", {"positiveWeight": 3}),
    case("BCE, a positive weight a class", "bce", {"positiveWeight": [2.5, 0.5]}),
    sard("consistency, pca, full", "feature-consistency", weighting("full")),
    sard("consistency, pca, raw", "feature-consistency", weighting("full", "raw")),
    sard("consistency, pca, uniform", "feature-consistency", weighting("uniform")),
    sard("consistency, pca, E", "feature-consistency", weighting("E")),
    sard("consistency, pca, C", "feature-consistency", weighting("C")),
    sard("consistency, pca, D", "feature-consistency", weighting("D")),
    sard("consistency, pca, E+C", "feature-consistency", weighting("E+C")),
    sard("consistency, explicit betas", "feature-consistency", weighting({"E": 0.5, "D": 4})),
    sard("consistency, identity", "feature-consistency", weighting("full"), projection="identity"),
    sard("consistency, learned", "feature-consistency", weighting("full"), projection="learned", dims=2),
    sard("consistency, finer student", "feature-consistency", weighting("full"), hs=8),
    sard("denoising, given both", "denoising-score", weighting("full", conditioning="teacher-and-student")),
    sard("denoising, student only", "denoising-score", weighting("full", conditioning="student-only")),
    sard("denoising, 3x3, alpha 0.8", "denoising-score",
         weighting("E+C", "raw", conditioning="teacher-and-student", alpha=0.8), kernel=3, hs=8),
    sard("denoising, learned", "denoising-score", weighting("uniform", conditioning="teacher-and-student"),
         projection="learned"),
]

print(json.dumps({"torch": torch.__version__, "cases": CASES, "published": published()}, separators=(",", ":")))
