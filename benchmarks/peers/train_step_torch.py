"""The peer of stillhouse.benchmarks.TrainSteps: the same students, losses and optimiser in eager PyTorch, as one who knows it writes them.

    python train_step_torch.py STUDENT.yaml SIDE BATCH STEPS      prints one line of JSON

Encoders are timm's (ResNet-50, TinyViT with the YAML's widths); the plain pyramid, the decoder and the head are written out here.
AdamW, clip_grad_norm_ and interpolate are torch's own.
"""

import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
import yaml
from timm.models.resnet import Bottleneck, ResNet
from timm.models.tiny_vit import TinyVit

CLASSES = 3
MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)


def conv_norm(inside, out, kernel, stride=1, groups=1):
    conv = nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out))


class Refine(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = conv_norm(channels, channels, 3)

    def forward(self, x):
        return F.relu(x + self.body(x))


class PlainPyramid(nn.Module):
    def __init__(self, channels, depths):
        super().__init__()
        ins = [3, *channels[:-1]]
        self.stages = nn.ModuleList(
            nn.Sequential(conv_norm(i, o, 3, 2), nn.ReLU(inplace=True), *(Refine(o) for _ in range(d)))
            for i, o, d in zip(ins, channels, depths)
        )

    def forward(self, x):
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps[1:]


class ResNetMaps(nn.Module):
    def __init__(self, depths):
        super().__init__()
        self.net = ResNet(Bottleneck, layers=depths, num_classes=0)

    def forward(self, x):
        n = self.net
        x = n.maxpool(n.act1(n.bn1(n.conv1(x))))
        maps = []
        for layer in (n.layer1, n.layer2, n.layer3, n.layer4):
            x = layer(x)
            maps.append(x)
        return maps


class TinyVitMaps(nn.Module):
    def __init__(self, config):
        super().__init__()
        heads, windows = config["heads"], config["windows"]
        self.net = TinyVit(
            embed_dims=config["channels"], depths=config["depths"], num_heads=[1, *heads],
            window_sizes=[windows[0], *windows], num_classes=0, drop_path_rate=0.0,
        )
        self.net.head = nn.Identity()

    def forward(self, x):
        x = self.net.patch_embed(x)
        maps = []
        for stage in self.net.stages:
            x = stage(x)
            maps.append(x)
        return maps


class Student(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels, decoder, embedding = config["channels"], config["decoder"], config["embedding"]
        separable = config["network"] == "tinyvit"
        self.act = nn.GELU() if separable else nn.ReLU()
        match config["network"]:
            case "conv-pyramid":
                self.encoder, channels = PlainPyramid(channels, config["depths"]), channels[1:]
            case "resnet":
                self.encoder = ResNetMaps(config["depths"])
            case "tinyvit":
                self.encoder = TinyVitMaps(config)
        self.laterals = nn.ModuleList(conv_norm(c, decoder, 1) for c in channels)
        if separable:
            self.fuse = nn.Sequential(conv_norm(decoder, decoder, 3, groups=decoder), self.act, conv_norm(decoder, embedding, 1))
        else:
            self.fuse = nn.Sequential(self.act, conv_norm(decoder, embedding, 3))
        self.head = nn.Conv2d(embedding, CLASSES, 1)

    def forward(self, image):
        maps = self.encoder((image - MEAN) / DEVIATION)
        top = self.laterals[-1](maps[-1])
        for lateral, below in zip(reversed(self.laterals[:-1]), reversed(maps[:-1])):
            top = lateral(below) + F.interpolate(top, scale_factor=2, mode="bilinear", align_corners=False)
        logits = self.head(self.act(self.fuse(top)))
        return F.interpolate(logits, scale_factor=4, mode="bilinear", align_corners=False)


def loss(logits, truth):
    """The recipe `scratch`: Dice over a sample's classes and pixels together, and BCE; means over samples."""
    p = logits.sigmoid()
    overlap = (p * truth).sum((1, 2, 3))
    dice = 1 - 2 * overlap / (p.sum((1, 2, 3)) + truth.sum((1, 2, 3)) + 1e-6)
    return dice.mean() + F.binary_cross_entropy_with_logits(logits, truth)


def main():
    config = yaml.safe_load(open(sys.argv[1]))
    side, batch, steps = map(int, sys.argv[2:])
    torch.manual_seed(1)
    student = Student(config).train()
    decay = [p for p in student.parameters() if p.dim() > 1]
    plain = [p for p in student.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=1e-3)
    image = torch.rand(batch, 3, side, side)
    half = torch.arange(side) < side // 2
    truth = (half[:, None] & half[None, :]).float().expand(batch, CLASSES, side, side).contiguous()
    seconds, losses = [], []
    for _ in range(steps):
        start = time.perf_counter()
        value = loss(student(image), truth)  # both sides find their batch ready in memory, as loaders make it on another thread
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        losses.append(value.item())
        seconds.append(time.perf_counter() - start)
    parameters = sum(p.numel() for p in student.parameters())
    print(json.dumps({"milliseconds": [1000 * s for s in seconds], "losses": losses, "parameters": parameters, "threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
