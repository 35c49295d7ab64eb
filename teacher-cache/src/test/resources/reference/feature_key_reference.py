"""The feature key of CacheViewsTest, made of its parts: SHA-256 over a purpose, names and values, each after its length.

Run: python feature_key_reference.py
"""
import hashlib


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(purpose, parts):
    digest = hashlib.sha256()
    for text in [purpose] + [word for part in parts for word in part]:
        digest.update(len(text.encode()).to_bytes(4, "big") + text.encode())
    return digest.hexdigest()


print(
    fingerprint(
        "feature",
        [
            ("content", sha("content")),
            ("preprocessing", sha("a")),
            ("encoder", sha("a")),
            ("view", "identity"),
            ("encoding", "fp16"),
            ("layers", "Embedding.0,logits"),
        ],
    )
)
