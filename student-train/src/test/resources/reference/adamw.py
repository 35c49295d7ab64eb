# Frozen figures of torch.optim.AdamW and of the learning rate's schedule, and clip_grad_norm_.
# Made with torch 2.7.1 (CPU), Python 3.11:  python adamw.py > adamw.json
# Two tensors: a matrix with weight decay and a vector without. Gradients are a fixed function of
# the step, so that no generator needs to agree.
import json
import math

import torch

PEAK, WARMUP, TOTAL, DECAY, CLIP = 0.01, 3, 12, 0.05, 1.0


def rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    return PEAK * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (TOTAL - WARMUP)))


def gradient(step, size, phase):
    return torch.tensor([3 * math.sin(0.7 * i + 0.9 * step + phase) for i in range(size)])


matrix = torch.nn.Parameter(torch.tensor([[0.5, -1.0, 2.0], [0.25, 0.0, -0.75]]))
vector = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
optimizer = torch.optim.AdamW(
    [{"params": [matrix], "weight_decay": DECAY}, {"params": [vector], "weight_decay": 0.0}], lr=PEAK
)
steps = []
for step in range(TOTAL):
    for group in optimizer.param_groups:
        group["lr"] = rate(step)
    matrix.grad = gradient(step, 6, 0.0).reshape(2, 3)
    vector.grad = gradient(step, 2, 1.0) * 1e-8  # so small that epsilon counts
    norm = torch.nn.utils.clip_grad_norm_([matrix, vector], CLIP)
    optimizer.step()
    steps.append(
        {
            "rate": rate(step),
            "norm": norm.item(),
            "matrix": matrix.detach().flatten().tolist(),
            "vector": vector.detach().tolist(),
        }
    )
print(json.dumps({"torch": torch.__version__, "steps": steps}, indent=1))
