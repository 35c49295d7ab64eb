# Frozen figures of PcaTest: NumPy 1.26, float64. Run: python pca.py > pca.json
# Cells x = A z + m of 4 channels, z from a linear congruential sequence that the test repeats.
import json
import numpy as np


def cells(n):
    state, values = 12345, []
    for _ in range(n * 4):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(state / 2**31 - 0.5)
    z = np.array(values).reshape(n, 4)
    mix = np.array([[3, 0, 0, 0], [1, 2, 0, 0], [0.5, -1, 1, 0], [0, 0.25, 0.5, 0.1]])
    return (z @ mix.T + np.array([5, -2, 0.5, 0])).astype(np.float16).astype(np.float64)


x = cells(96)
values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
order = np.argsort(-values)
directions = vectors[:, order].T
directions *= np.sign(directions[np.arange(4), np.abs(directions).argmax(1)])[:, None]
print(
    json.dumps(
        {
            "numpy": np.__version__,
            "mean": x.mean(0).tolist(),
            "directions": directions.tolist(),
            "variances": (values[order] / values.sum()).tolist(),
        },
        indent=1,
    )
)
