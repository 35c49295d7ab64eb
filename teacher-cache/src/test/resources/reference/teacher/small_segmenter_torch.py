"""Makes small-segmenter.pt (returns a tuple), small-segmenter-dict.pt and small-segmenter.json.

Run with torch 2.7.1, numpy 2.4.6: python small_segmenter_torch.py
The figures are those of a 48x20 image, resized by F.interpolate(bilinear, align_corners=False).
"""
import json
from typing import Dict, Tuple

import torch
import torch.nn.functional as F

from small_segmenter_weights import image, weights


class Tuples(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for name, value in weights().items():
            self.register_buffer(name, torch.from_numpy(value))

    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        x = F.relu(F.conv2d(x, self.w1, self.b1, stride=2, padding=1))
        embedding = F.conv2d(x, self.w2, self.b2, stride=2, padding=1)
        return embedding, F.conv2d(F.relu(embedding), self.w3, self.b3)


class Dicts(Tuples):
    def forward(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        x = F.relu(F.conv2d(x, self.w1, self.b1, stride=2, padding=1))
        embedding = F.conv2d(x, self.w2, self.b2, stride=2, padding=1)
        return {"features": embedding, "classes": F.conv2d(F.relu(embedding), self.w3, self.b3)}


torch.jit.script(Tuples().eval()).save("small-segmenter.pt")
torch.jit.script(Dicts().eval()).save("small-segmenter-dict.pt")

pixels = torch.from_numpy(image(48, 20)).permute(2, 0, 1)[None].float() / 255
x = F.interpolate(pixels, (32, 32), mode="bilinear", align_corners=False)
x = (x - torch.tensor([0.4, 0.5, 0.6]).view(1, 3, 1, 1)) / torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1)
embedding, logits = Tuples()(x)
with open("small-segmenter.json", "w") as out:
    json.dump({"embedding": embedding.flatten().tolist(), "logits": logits.flatten().tolist()}, out)
