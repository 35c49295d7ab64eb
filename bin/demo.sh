# The demo: every job in order, on drawn scenes or on the user's images. Sourced by bin/stillhouse.

demo_help() {
  cat <<'H'
Usage: stillhouse demo [options]

Draws inspection scenes, trains a teacher on them and freezes it, caches what it says, distils students
over four ranks, exports them to ONNX, evaluates the ONNX files, and logs everything to an MLflow server.

  --out DIR            where everything goes (default: out/demo); a second run goes on from what is there
  --images DIR --masks DIR [--classes a,b]   your own images, with index PNG masks of the same base names
  --data FILE          a data set's YAML (conf/datasets/…) in place of --images and --masks
  --set NAME=VALUE     a variable of the data set's YAML, such as NEU_SEG=/path (repeatable)
  --teacher NAME       a teacher of conf/teachers (sam2-hiera-tiny) in place of one trained here
  --student NAME       a student of conf/students (default: tiny-conv)
  --recipes a,b,c      recipes of conf/recipes (default: naive-logit,feature-aligned,sard)
  --scenes N           scenes to draw (default: 300)
  --epochs N           epochs a student trains (default: 12)
  --teacher-epochs N   epochs the demo's own teacher trains (default: 16)
  --batch N            samples a step over all ranks (default: 16)
  --labels F           share of training images whose labels may be used, 0 to 1 (default: 1)
  --ranks N            ranks a student trains on (default: 4)
  --seed N             seed of scenes and students (default: 0)
  --keep               leave the MLflow server up at the end
H
}

# serve_mlflow DIR: starts a server on a free port of 127.0.0.1; sets MLFLOW_TRACKING_URI and MLFLOW_PID.
serve_mlflow() {
  local dir=${1:?usage: stillhouse mlflow DIR} port
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  port=$("$VENV/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  MLFLOW_TRACKING_URI="http://127.0.0.1:$port"
  export MLFLOW_TRACKING_URI
  (cd "$dir" && exec env PATH="$VENV/bin:$PATH" "$VENV/bin/mlflow" server --backend-store-uri "sqlite:///$dir/mlflow.db" \
    --artifacts-destination "$dir/artifacts" --serve-artifacts --host 127.0.0.1 --port "$port" --workers 1) >"$dir/server.log" 2>&1 &
  MLFLOW_PID=$!
  for _ in $(seq 120); do
    if "$VENV/bin/python" - "$MLFLOW_TRACKING_URI" 2>/dev/null <<'P'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/health", timeout=2)
P
    then return 0; fi
    kill -0 "$MLFLOW_PID" 2>/dev/null || die "the MLflow server stopped at once; see $dir/server.log"
    sleep 1
  done
  die "the MLflow server did not answer within two minutes; see $dir/server.log"
}

stop_mlflow() {
  [ -n "${MLFLOW_PID:-}" ] || return 0
  kill "$MLFLOW_PID" 2>/dev/null || true
  wait "$MLFLOW_PID" 2>/dev/null || true
}

step() {
  local now
  now=$(date +%s)
  STEP=$((STEP + 1))
  say "$(printf 'step %d, %3d s: %s' "$STEP" $((now - STARTED)) "$*")"
}

demo() {
  local out=$PWD/out/demo images='' masks='' classes='' data='' teacher='' student=tiny-conv
  local recipes=naive-logit,feature-aligned,sard scenes=300 epochs=12 teacher_epochs=16 batch=16 labels=1 ranks=4 seed=0 keep=''
  local -a sets=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h) demo_help; return 0 ;;
      --keep) keep=yes; shift; continue ;;
      --out | --images | --masks | --classes | --data | --set | --teacher | --student | --recipes | --scenes | --epochs | --teacher-epochs | --batch | --labels | --ranks | --seed)
        [ $# -ge 2 ] || die "$1 needs a value" ;;
      *) demo_help >&2; die "unknown option '$1'" ;;
    esac
    case "$1" in
      --out) out=$2 ;; --images) images=$2 ;; --masks) masks=$2 ;; --classes) classes=$2 ;; --data) data=$2 ;;
      --set) sets+=(--set "$2") ;; --teacher) teacher=$2 ;; --student) student=$2 ;; --recipes) recipes=$2 ;;
      --scenes) scenes=$2 ;; --epochs) epochs=$2 ;; --teacher-epochs) teacher_epochs=$2 ;; --batch) batch=$2 ;;
      --labels) labels=$2 ;; --ranks) ranks=$2 ;; --seed) seed=$2 ;;
    esac
    shift 2
  done
  [ -z "$images" ] || [ -n "$masks" ] || die "--images needs --masks too (a folder of index PNGs with the images' base names)"
  [ -z "$images" ] || [ -z "$data" ] || die "--images and --data exclude each other"
  python_env
  build
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  STARTED=$(date +%s) STEP=0
  step "MLflow server"
  serve_mlflow "$out/mlflow"
  trap stop_mlflow EXIT
  say "MLflow: $MLFLOW_TRACKING_URI"

  if [ -n "$images" ]; then
    data=$out/dataset.yaml
    step "describing $images"
    submit describe --images "$images" --masks "$masks" ${classes:+--classes "$classes"} --out "$data"
  elif [ -z "$data" ]; then
    data=$HOME_DIR/conf/datasets/drawn-scenes.yaml
    sets+=(--set "SCENES=$out/scenes")
    step "drawing $scenes scenes"
    submit scenes --out "$out/scenes" --count "$scenes" --seed "$seed"
  fi

  step "ingest"
  submit ingest --data "$data" "${sets[@]}" --root "$out"
  if [ -z "$teacher" ]; then
    step "training the teacher (wide-conv, labels only, $teacher_epochs epochs, $ranks ranks)"
    submit train --data "$data" "${sets[@]}" --root "$out" --student wide-conv --recipe scratch --name teacher \
      --epochs "$teacher_epochs" --batch "$batch" --ranks "$ranks" --seed "$seed" --learning-rate 1e-3
    step "freezing the teacher"
    submit freeze --root "$out" --run teacher --out "$out/teacher"
    teacher=$out/teacher/teacher.yaml
  else
    step "fetching the teacher $teacher"
    submit teacher fetch "$teacher"
  fi
  step "asking the teacher once"
  submit cache --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher"
  step "distilling: $recipes ($student, $epochs epochs, $ranks ranks)"
  submit train --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" --student "$student" --recipe "$recipes" \
    --epochs "$epochs" --batch "$batch" --ranks "$ranks" --seed "$seed" --labels "$labels" --learning-rate 1e-3
  # The names that train gives its runs: student, recipe, labels where not all count, seed.
  local runs='' recipe part=''
  [ "$labels" = 1 ] || part=.l$(awk -v f="$labels" 'BEGIN { printf "%.0f", 100 * f }')
  for recipe in ${recipes//,/ }; do
    runs=${runs:+$runs,}$student.$(basename "$recipe" .yaml)$part.s$seed
  done
  step "export to ONNX"
  submit export --root "$out" --run "$runs"
  step "evaluating what ships"
  submit evaluate --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" --run "$runs" \
    --summary "$out/summary.json"
  say "$(printf 'done in %d s; figures in %s' $(($(date +%s) - STARTED)) "$out/summary.json")"
  if [ -n "$keep" ]; then
    trap - EXIT
    say "MLflow stays up at $MLFLOW_TRACKING_URI (kill $MLFLOW_PID to end it)"
  else
    say "to look at the runs again: ./bin/stillhouse mlflow $out/mlflow"
  fi
}
