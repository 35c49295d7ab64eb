"""Weights and input of the small segmenter that both engines' fixtures share.

numpy's legacy RandomState draws the same numbers in every numpy version.
"""
import numpy as np


def weights():
    """Convolutions 3->8 (stride 2), 8->6 (stride 2: the embedding), 6->2 (1x1: the logits)."""
    r = np.random.RandomState(7)
    draw = lambda *shape: (r.standard_normal(shape) * 0.3).astype(np.float32)
    return {
        "w1": draw(8, 3, 3, 3), "b1": draw(8),
        "w2": draw(6, 8, 3, 3), "b2": draw(6),
        "w3": draw(2, 6, 1, 1), "b3": draw(2),
    }


def image(width, height):
    """uint8 [height, width, 3]: byte i is (37 i + 11 (i div 7)) mod 256."""
    i = np.arange(3 * width * height)
    return ((37 * i + 11 * (i // 7)) % 256).astype(np.uint8).reshape(height, width, 3)
