#!/usr/bin/env bash
# A sweep on one host with four GPUs, from images to table; the same command goes on from what is there. Not yet run on four GPUs (docs/gpu.md).
# Run:   conf/cluster/gpu-4.sh SWEEP DATASET TEACHER ROOT [options of the data set, such as --set NEU_SEG=/data/neu_seg]
# Needs: nvidia-smi; MLFLOW_TRACKING_URI; PYTORCH_LIBRARY_PATH, the lib folder of PyPI's torch==2.7.1 for Linux
set -euo pipefail

die() { printf 'error: %s\n' "$*" >&2; exit 2; }

[ $# -ge 4 ] || die "usage: conf/cluster/gpu-4.sh SWEEP DATASET TEACHER ROOT [--set NAME=VALUE]..."
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[ -n "${MLFLOW_TRACKING_URI:-}" ] || die "MLFLOW_TRACKING_URI is not set (bin/stillhouse mlflow DIR serves one on this machine)"
found=$("$home/conf/cluster/gpus.sh" | grep -o '"[0-9]*"' | wc -l) || die "no GPU was found (above)"
[ "$found" -ge 4 ] || die "this host has $found GPUs, and gpu-4 wants four"
torch=${PYTORCH_LIBRARY_PATH:-}
[ -e "$torch/libtorch_cuda.so" ] || die "PYTORCH_LIBRARY_PATH is '$torch', where there is no libtorch_cuda.so: python3 -m venv torch && torch/bin/pip install torch==2.7.1, then torch/lib/python3.*/site-packages/torch/lib"

sweep=$1 data=$2 teacher=$3 root=$4
shift 4
# Names of conf/ stay names; paths are made absolute, since Spark finds the discovery script from the repository's folder.
absolute() { case $1 in */* | *.yaml) realpath -m "$1" ;; *) printf '%s' "$1" ;; esac; }
sweep=$(absolute "$sweep") data=$(absolute "$data") teacher=$(absolute "$teacher") root=$(realpath -m "$root")
export STILLHOUSE_CLUSTER=gpu-4 OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
export STILLHOUSE_SUBMIT_ARGS="--conf spark.executorEnv.PYTORCH_LIBRARY_PATH=$torch ${STILLHOUSE_SUBMIT_ARGS:-}"
cd "$home"
bin/stillhouse ingest --data "$data" "$@" --root "$root"
bin/stillhouse cache --data "$data" "$@" --root "$root" --teacher "$teacher"
bin/stillhouse sweep "$sweep" --data "$data" "$@" --root "$root" --teacher "$teacher" --ranks 4
