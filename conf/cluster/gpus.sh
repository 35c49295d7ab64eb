#!/usr/bin/env bash
# Spark's discovery script: prints this host's GPUs by the indices that CUDA gives them, as {"name": "gpu", "addresses": ["0", "1"]}.
# Named by spark.worker.resource.gpu.discoveryScript (standalone, local-cluster) or spark.executor.resource.gpu.discoveryScript (YARN,
# Kubernetes). Where CUDA_VISIBLE_DEVICES is set, CUDA counts what it names from 0, and nvidia-smi does not look at it.
set -euo pipefail

command -v nvidia-smi >/dev/null || { echo "no GPU can be found: nvidia-smi is not on the PATH" >&2; exit 1; }
if [ -n "${CUDA_VISIBLE_DEVICES:-}" ]; then
  count=$(awk -F, '{print NF}' <<<"$CUDA_VISIBLE_DEVICES")
else
  count=$(nvidia-smi --query-gpu=index --format=csv,noheader | grep -c '[0-9]') || { echo "no GPU can be found: nvidia-smi lists none" >&2; exit 1; }
fi
printf '{"name": "gpu", "addresses": [%s]}\n' "$(seq -s ', ' 0 $((count - 1)) | sed 's/[0-9][0-9]*/"&"/g')"
