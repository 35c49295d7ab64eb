"""Frozen figures of the student's layers, by PyTorch alone: student_layers.py > student_layers.txt

Made with Python 3.11, torch 2.7.1 (CPU). Inputs and weights are waves, scale * sin(i * step), so no data travels.
The attention follows TinyViT's published code (classes Attention and TinyViTBlock): tokens last, heads of [q, k, v].
"""
import math

import torch
import torch.nn.functional as F


def wave(step, scale, *shape):
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return (scale * torch.sin(i * step)).to(torch.float32).reshape(shape)


def show(name, tensor):
    print(name, *(f"{v:.9g}" for v in tensor.detach().reshape(-1).tolist()))


def batch_norm():
    norm = torch.nn.BatchNorm2d(3)
    with torch.no_grad():
        norm.weight.copy_(1 + wave(1.1, 0.5, 3))
        norm.bias.copy_(wave(0.9, 0.3, 3))
    norm(wave(0.7, 2.0, 2, 3, 2, 4))
    x = wave(0.31, 3.0, 2, 3, 2, 4).requires_grad_()
    y = norm(x)
    (y * wave(0.5, 1.0, 2, 3, 2, 4)).sum().backward()
    show("norm.training", y)
    show("norm.mean", norm.running_mean)
    show("norm.variance", norm.running_var)
    show("norm.gradient.x", x.grad)
    show("norm.gradient.gamma", norm.weight.grad)
    norm.eval()
    show("norm.inference", norm(x))


def convolution():
    y = F.conv2d(wave(0.3, 1.0, 1, 4, 7, 6), wave(0.17, 0.4, 6, 2, 3, 3), wave(0.8, 0.2, 6), stride=2, padding=2, dilation=2, groups=2)
    show("convolution", y)


def activations():
    x = wave(0.4, 4.0, 24)
    show("relu", F.relu(x))
    show("gelu", F.gelu(x))
    show("softplus", F.softplus(x))
    show("hard_swish", F.hardswish(x))


def attention():
    channels, heads, window, height, width = 6, 2, 4, 6, 7
    x = wave(0.23, 1.5, 2, channels, height, width).permute(0, 2, 3, 1)
    gamma, beta = 1 + wave(1.3, 0.3, channels), wave(0.6, 0.4, channels)
    qkv_weight, qkv_bias = wave(0.37, 0.6, 3 * channels, channels), wave(0.41, 0.2, 3 * channels)
    out_weight, out_bias = wave(0.53, 0.5, channels, channels), wave(0.7, 0.1, channels)
    table = wave(0.9, 0.8, heads, window * window)
    padded = F.pad(x, (0, 0, 0, -width % window, 0, -height % window))
    batch, tall, wide, _ = padded.shape
    rows, columns = tall // window, wide // window
    tokens = padded.view(batch, rows, window, columns, window, channels).transpose(2, 3).reshape(-1, window * window, channels)
    tokens = F.layer_norm(tokens, (channels,), gamma, beta)
    q, k, v = (t.permute(0, 2, 1, 3) for t in F.linear(tokens, qkv_weight, qkv_bias).view(len(tokens), window * window, heads, -1).chunk(3, dim=3))
    points = [(i, j) for i in range(window) for j in range(window)]
    index = torch.tensor([[abs(a[0] - b[0]) * window + abs(a[1] - b[1]) for b in points] for a in points])
    scores = q @ k.transpose(-2, -1) * (channels // heads) ** -0.5 + table[:, index]
    y = (scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(len(tokens), window * window, channels)
    y = F.linear(y, out_weight, out_bias)
    y = y.view(batch, rows, columns, window, window, channels).transpose(2, 3).reshape(batch, tall, wide, channels)
    show("attention", y[:, :height, :width].permute(0, 3, 1, 2))


batch_norm()
convolution()
activations()
attention()
