"""The losses on random inputs, degenerate ones among them: losses.json, for LossReferenceTest.

What is published and by which packages: losses.py.
Run:  python random_losses.py     (writes losses.json beside itself)
"""

import numpy as np
import torch

from losses import READS, SEED, dump, noise, pack, solve

RANDOM = np.random.default_rng(20260701)


def normal(*shape, scale=1.0):
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def case(name, loss, settings, *, cs=5, ct=5, hs=4, g=4, ht=6, learned=None, projection=None, dims=3, valid=None,
         draws=None, levels=()):
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
    for i, (channels, side) in enumerate(levels):
        inputs[f"level{i}"] = normal(b, channels, side, side)
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
    }
    if loss == "denoising-score":
        result["noise"] = pack(noise(b, dims, g, g))
    if draws is not None:
        result["noise"] = draws
    learned = {key: normal(*shape, scale=0.4) for key, shape in (learned or {}).items()}
    v, per_sample = solve(result, inputs, learned)
    result["inputs"] = {key: pack(x) for key, x in inputs.items() if key in READS[loss]}
    result["learned"] = {key: pack(x) for key, x in learned.items()}
    result["perSample"] = [float(f"{q:.12g}") for q in per_sample.detach()]
    result["gradients"] = {key: pack(x.grad.numpy()) for key, x in v.items() if x.grad is not None}
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


def cases():
    adapter = {"loss.cosine.adapter.weight": (7, 5, 1, 1), "loss.cosine.adapter.bias": (7,)}
    return [
        case("cosine as published", "cosine", {}),
        case("cosine centred", "cosine", {"centre": True}),
        case("cosine by channel", "cosine", {"axis": "channel"}),
        case("cosine, finer student by a whole factor", "cosine", {}, hs=8),
        case("cosine, finer student by a broken factor", "cosine", {}, hs=6),
        case("cosine, coarser student", "cosine", {}, hs=2),
        case("cosine through an adapter", "cosine", {"centre": True}, ct=7, learned=adapter),
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


if __name__ == "__main__":
    drawn = cases()  # before the article's batch: one generator draws both
    dump("losses.json", {"published": published()}, drawn)
