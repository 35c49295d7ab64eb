#!/usr/bin/env bash
# What each encoding of the teacher cache takes and keeps, on NEU-Seg with SAM 2 Hiera-Tiny (docs/results/cache-encodings.md).
#
#   benchmarks/cache-encodings.sh OUT NEU_SEG             bytes, errors, the teacher's own scores      (32 + 32 images)
#   benchmarks/cache-encodings.sh OUT NEU_SEG students [TRAIN TEST STEPS RECIPES]
#       then students by encoding, on 600 + 300 images for 1000 steps unless told otherwise; needs MLFLOW_TRACKING_URI
#
#   ENCODINGS="fp32 int8" leaves out the others.
#
# The teacher is asked once about each image: what it said is kept in OUT/maps (16 MiB an image).
set -euo pipefail
out=$(realpath -m "$1") neu=$(realpath "$2") what=${3:-bytes} # the program itself runs in another folder
cd "$(dirname "$0")/.."
train=${4:-600} test=${5:-300} steps=${6:-1000} recipes=${7:-sard,sard-logit,feature-aligned}
teacher=$PWD/conf/teachers/sam2-hiera-tiny.yaml
case $what in
  bytes) base=conf/datasets/neu-seg-slice.yaml limits='s/limit: 100/limit: 32/; s/limit: 40/limit: 32/; s/split: train-val/split: train/' ;;
  students) base=conf/datasets/neu-seg-study.yaml limits="s/limit: 600/limit: $train/; s/limit: 300/limit: $test/" ;;
  *) echo "usage: $0 OUT NEU_SEG [students]" >&2; exit 2 ;;
esac

declare -A cache=(
  [fp32]='{encoding: fp32}'
  [fp16]='{encoding: fp16}'
  [int8]='{encoding: int8}'
  [fp16-pca64]='{encoding: fp16, projection: {channels: 64, layers: [embedding]}}'
  [int8-pca64]='{encoding: int8, projection: {channels: 64, layers: [embedding]}}'
  [int8-pca32]='{encoding: int8, projection: {channels: 32, layers: [embedding]}}'
)
mkdir -p "$out/datasets"
files=()
for name in ${ENCODINGS:-fp32 fp16 int8 fp16-pca64 int8-pca64 int8-pca32}; do
  { sed -e 's/^name: .*/name: neu-seg-encodings/' -e "$limits" "$base"; echo "cache: ${cache[$name]}"; } >"$out/datasets/$name.yaml"
  files+=("$out/datasets/$name.yaml")
done

mvn -q -B -ntp -pl benchmarks -am process-classes -Dencodings.skip=false \
  -Dencodings.args="$out $teacher NEU_SEG=$neu ${files[*]}"

.venv/bin/python benchmarks/cache_encodings.py "$out" --json "$out/encodings.json"

[ "$what" = students ] || exit 0
for file in "${files[@]}"; do
  name=$(basename "$file" .yaml)
  common=(--data "$file" --set "NEU_SEG=$neu" --root "$out/$name")
  ./bin/stillhouse train "${common[@]}" --teacher sam2-hiera-tiny --student tiny-conv --recipe "$recipes" \
    --seed 0,1,2 --steps "$steps" --batch 8 --ranks 1 --learning-rate 1e-2
  ./bin/stillhouse export --root "$out/$name"
  ./bin/stillhouse evaluate "${common[@]}" --summary "$out/$name/summary.json"
done
