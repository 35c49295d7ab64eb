# shellcheck shell=bash
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
  --batch N            samples a step over all ranks (default: 8)
  --learning-rate F    of the students (default: 0.01, which suits convolutions; 0.001 for tinyvit)
  --labels F           share of training images whose labels may be used, 0 to 1 (default: 1)
  --ranks N            ranks a student trains on (default: 4)
  --seed N             seed of scenes and students (default: 0)
  --keep               leave the MLflow server up at the end
H
}

# serve_mlflow DIR: starts a server on a free port of 127.0.0.1; sets MLFLOW_TRACKING_URI and MLFLOW_PID.
serve_mlflow() {
  local dir=$1 port
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  port=$("$VENV/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  MLFLOW_TRACKING_URI="http://127.0.0.1:$port"
  export MLFLOW_TRACKING_URI
  set -m # a process group of its own, so that the server's workers can be ended with it
  (cd "$dir" && exec env PATH="$VENV/bin:$PATH" "$VENV/bin/mlflow" server --backend-store-uri "sqlite:///$dir/mlflow.db" \
    --artifacts-destination "$dir/artifacts" --serve-artifacts --host 127.0.0.1 --port "$port" --workers 1) >"$dir/server.log" 2>&1 &
  MLFLOW_PID=$!
  set +m
  for _ in $(seq 300); do # a first start migrates an empty database step by step
    if "$VENV/bin/python" - "$MLFLOW_TRACKING_URI" 2>/dev/null <<'P'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/health", timeout=2)
P
    then return 0; fi
    kill -0 "$MLFLOW_PID" 2>/dev/null || die "the MLflow server stopped at once; see $dir/server.log"
    sleep 1
  done
  die "the MLflow server did not answer within five minutes; see $dir/server.log"
}

stop_mlflow() {
  [ -n "${MLFLOW_PID:-}" ] || return 0
  kill -- "-$MLFLOW_PID" 2>/dev/null || true
  wait "$MLFLOW_PID" 2>/dev/null || true
  MLFLOW_PID=''
}

# mlflow DIR: serves a store until Ctrl-C.
mlflow() {
  [ $# -eq 1 ] || die "usage: stillhouse mlflow DIR"
  case $1 in -*) printf 'Usage: stillhouse mlflow DIR\n\nServes the MLflow store in DIR until Ctrl-C.\n'; return 0 ;; esac
  python_env
  serve_mlflow "$1"
  say "MLflow: $MLFLOW_TRACKING_URI (Ctrl-C ends it)"
  wait "$MLFLOW_PID"
}

# step KEY TEXT: what the demo does next, and where its output is kept.
step() {
  local now
  now=$(date +%s)
  STEP=$((STEP + 1))
  STEP_TEXT=$2
  STEP_LOG=$LOGS/$STEP-$1.log
  say "$(printf 'step %d, %3d s: %s' "$STEP" $((now - STARTED)) "$STEP_TEXT")"
}

# run JOB ARGS...: a job whose messages go to the console and to the step's log.
run() {
  local status=0 log_pid
  exec 4> >(exec tee -a "$STEP_LOG" >&2)
  log_pid=$!
  submit "$@" 2>&4 || status=$?
  exec 4>&-
  wait "$log_pid" || true # the log is whole before anything is said of it
  return "$status"
}

# demo_ended STATUS: says which step failed.
demo_ended() {
  [ "$1" -ne 0 ] && [ "${STEP:-0}" -gt 0 ] || return 0
  local how=failed
  [ "$1" -lt 128 ] || how=stopped
  printf '[stillhouse] error: step %d (%s) %s; its log is %s. The same command goes on from what is there.\n' \
    "$STEP" "$STEP_TEXT" "$how" "$STEP_LOG" >&2
}

demo() {
  local out=$PWD/out/demo images='' masks='' classes='' data='' teacher='' student=tiny-conv
  local recipes=naive-logit,feature-aligned,sard scenes=300 epochs=12 teacher_epochs=16 batch=8 labels=1 ranks=4 seed=0 rate='' keep=''
  local -a sets=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h) demo_help; return 0 ;;
      --keep) keep=yes; shift; continue ;;
      --out | --images | --masks | --classes | --data | --set | --teacher | --student | --recipes | --scenes | --epochs | --teacher-epochs | --batch | --learning-rate | --labels | --ranks | --seed)
        [ $# -ge 2 ] || die "$1 needs a value" ;;
      *) demo_help >&2; die "unknown option '$1'" ;;
    esac
    case "$1" in
      --out) out=$2 ;; --images) images=$2 ;; --masks) masks=$2 ;; --classes) classes=$2 ;; --data) data=$2 ;;
      --set) sets+=(--set "$2") ;; --teacher) teacher=$2 ;; --student) student=$2 ;; --recipes) recipes=$2 ;;
      --scenes) scenes=$2 ;; --epochs) epochs=$2 ;; --teacher-epochs) teacher_epochs=$2 ;; --batch) batch=$2 ;;
      --learning-rate) rate=$2 ;; --labels) labels=$2 ;; --ranks) ranks=$2 ;; --seed) seed=$2 ;;
    esac
    shift 2
  done
  [ -z "$images" ] || [ -n "$masks" ] || die "--images needs --masks too (a folder of index PNGs with the images' base names)"
  [ -z "$images" ] || [ -z "$data" ] || die "--images and --data exclude each other"
  case $student in tinyvit*) rate=${rate:-1e-3} ;; *) rate=${rate:-1e-2} ;; esac
  check_java
  python_env
  build
  work_dir
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  LOGS=$(mktemp -d "$out/logs-$(date +%Y%m%d-%H%M%S)-XXX") STARTED=$(date +%s) STEP=0
  step mlflow "MLflow server"
  STEP_LOG=$out/mlflow/server.log
  serve_mlflow "$out/mlflow"
  say "MLflow: $MLFLOW_TRACKING_URI"

  if [ -n "$images" ]; then
    data=$out/dataset.yaml
    step describe "describing $images"
    run describe --images "$images" --masks "$masks" ${classes:+--classes "$classes"} --out "$data"
  elif [ -z "$data" ]; then
    data=$HOME_DIR/conf/datasets/drawn-scenes.yaml
    sets+=(--set "SCENES=$out/scenes")
    step scenes "drawing $scenes scenes"
    run scenes --out "$out/scenes" --count "$scenes" --seed "$seed"
  fi

  step ingest "ingest"
  run ingest --data "$data" "${sets[@]}" --root "$out"
  if [ -z "$teacher" ]; then
    step teacher "training the teacher (wide-conv, labels only, $teacher_epochs epochs, $ranks ranks)"
    run train --data "$data" "${sets[@]}" --root "$out" --student wide-conv --recipe scratch --name teacher \
      --epochs "$teacher_epochs" --batch "$batch" --ranks "$ranks" --seed "$seed" --learning-rate 1e-2
    step freeze "freezing the teacher"
    run freeze --root "$out" --run teacher --out "$out/teacher"
    teacher=$out/teacher/teacher.yaml
  else
    step fetch "fetching the teacher $teacher"
    run teacher fetch "$teacher"
  fi
  step cache "asking the teacher once"
  run cache --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher"
  step train "distilling: $recipes ($student, $epochs epochs, $ranks ranks)"
  run train --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" --student "$student" --recipe "$recipes" \
    --epochs "$epochs" --batch "$batch" --ranks "$ranks" --seed "$seed" --labels "$labels" --learning-rate "$rate" \
    --names-out "$LOGS/runs.txt"
  local runs
  runs=$(paste -sd, "$LOGS/runs.txt")
  step export "export to ONNX"
  run export --root "$out" --run "$runs"
  step evaluate "evaluating what ships"
  run evaluate --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" --run "$runs" \
    --summary "$out/summary.json"
  say "$(printf 'done in %d s; figures in %s' $(($(date +%s) - STARTED)) "$out/summary.json")"
  if [ -n "$keep" ]; then
    say "MLflow stays up at $MLFLOW_TRACKING_URI (kill -- -$MLFLOW_PID ends it)"
    MLFLOW_PID=''
  else
    say "to look at the runs again: ./bin/stillhouse mlflow $out/mlflow"
  fi
}
