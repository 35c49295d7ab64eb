# shellcheck shell=bash
# The demo: every job in order, on drawn scenes or on the user's images. Sourced by bin/stillhouse.

demo_help() {
  cat <<'H'
Usage: stillhouse demo [options]

Draws inspection scenes, trains a teacher on them and freezes it, caches what it says, distils students
over four ranks, exports them to ONNX, evaluates the ONNX files, writes a report, and logs everything to an MLflow server.

  --out DIR            where everything goes (default: out/demo); a second run goes on from what is there
  --images DIR --masks DIR [--classes a,b]   your own images, with index PNG masks of the same base names
  --data FILE          a data set's YAML (conf/datasets/…) in place of --images and --masks
  --set NAME=VALUE     a variable of the data set's YAML, such as NEU_SEG=/path (repeatable)
  --teacher NAME       a teacher of conf/teachers (sam2-hiera-tiny) in place of one trained here
  --student NAME       a student of conf/students (default: tiny-conv)
  --recipes a,b,c      recipes of conf/recipes (default: naive-logit,feature-aligned,sard)
  --scenes N           scenes to draw (default: 300)
  --epochs N           epochs a student trains (default: what 300 steps take)
  --teacher-epochs N   epochs the demo's own teacher trains (default: what 500 steps of 8 samples take)
  --batch N            samples a step over all ranks (default: 16)
  --learning-rate F    of the students (default: 0.01, which suits tiny-conv; 0.001 for tinyvit, repvit, r50, swin)
  --labels F           share of training images whose labels may be used, 0 to 1 (default: 1)
  --ranks N            ranks a student trains on (default: 4)
  --seed N             seed of scenes and students (default: 0)
  --keep               leave the MLflow server up at the end

  --promptable         the same of networks that answer points and boxes: cuts scenes of metal into tiles of 64×64, trains a small
                       SAM-shaped teacher on their objects, caches it, distils students from it and asks all of them about
                       the objects of the test tiles. Takes --out (default: out/promptable), --scenes (default: 300), --recipes
                       (default: kd-sam-prompts,edge-sam,mobile-sam,sam2-dense-point; also edge-sam-prior), --epochs (default: what 900 steps take),
                       --teacher-epochs (default: what 1500 steps take), --batch, --learning-rate (default: 0.002), --ranks,
                       --seed N[,N...] (a student each; the first is that of scenes and teacher) and --keep
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

# job TITLE WORD...: one more job of the batch.
job() {
  local title=$1 word words=''
  shift
  for word in "$@"; do words+=${words:+, }$(quoted "$word"); done
  printf '  - {title: %s, run: [%s]}\n' "$(quoted "$title")" "$words" >>"$BATCH"
}

# quoted TEXT: as a YAML string.
quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# run ARGS...: one spark-submit whose messages go to the console and to the demo's log.
run() {
  local status=0
  # What tells the launcher to stop is not for tee: the job's last words go to the log too.
  exec 4> >(trap '' HUP INT TERM; exec tee -a "$DEMO_LOG" >&2)
  LOG_PID=$! LOG_FD=4
  submit "$@" || status=$?
  end_log
  return "$status"
}

# The log is whole before anything is said of it.
end_log() {
  [ -n "${LOG_PID:-}" ] || return 0
  exec 4>&-
  wait "$LOG_PID" || true
  LOG_PID='' LOG_FD=''
}

# demo_ended STATUS: where to look, and what to do.
demo_ended() {
  [ "$1" -ne 0 ] && [ -n "${DEMO_LOG:-}" ] || return 0
  local how=failed then='The same command goes on from what is there.'
  [ "$1" -lt 128 ] || how=stopped
  [ "$1" -ne 2 ] || then='What is to be mended is said above.'
  printf '[stillhouse] error: the demo %s; its log is %s. %s\n' "$how" "$DEMO_LOG" "$then" >&2
}

# Jobs of the demo as it is without --promptable. This and the next read and set what `demo` has as its own.
plain_jobs() {
  if [ -n "$images" ]; then
    data=$out/dataset.yaml
    job "describing $images" describe --images "$images" --masks "$masks" ${classes:+--classes "$classes"} --out "$data"
  elif [ -z "$data" ]; then
    data=$HOME_DIR/conf/datasets/drawn-scenes.yaml
    sets+=(--set "SCENES=$out/scenes")
    job "drawing $scenes scenes" scenes --out "$out/scenes" --count "$scenes" --seed "$seed"
  fi
  job ingest ingest --data "$data" "${sets[@]}" --root "$out" --need train,test
  if [ -z "$teacher" ]; then
    # BatchNorm wants more than two images a rank: fewer ranks than the students have.
    job "training the teacher (wide-conv, labels only)" train --data "$data" "${sets[@]}" --root "$out" --student wide-conv \
      --recipe scratch --name teacher "${teacher_length[@]}" --batch 8 --ranks "$((ranks < 2 ? ranks : 2))" --seed "$seed" \
      --learning-rate 1e-2
    job "freezing the teacher" freeze --root "$out" --run teacher --out "$out/teacher"
    teacher=$out/teacher/teacher.yaml
  else
    job "fetching the teacher $teacher" teacher fetch "$teacher"
  fi
  job "asking the teacher once" cache --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher"
  job "distilling: $recipes ($student, $ranks ranks)" train --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" \
    --student "$student" --recipe "$recipes" "${length[@]}" --batch "$batch" --ranks "$ranks" --seed "$seed" --labels "$labels" \
    --learning-rate "$rate" --names-out "$logs/runs.txt"
  job "exporting to ONNX" export --root "$out" --runs-from "$logs/runs.txt"
  job "evaluating what ships" evaluate --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" --runs-from "$logs/runs.txt" \
    --summary "$out/summary.json"
  job "writing the report" report --data "$data" "${sets[@]}" --root "$out" --teacher "$teacher" --runs-from "$logs/runs.txt" \
    --out "$out/report.html"
  shown="figures in $out/summary.json, and as a page in $out/report.html"
}

# Jobs of the demo with --promptable.
promptable_jobs() {
  local -a data=(--data "$HOME_DIR/conf/datasets/drawn-tiles.yaml" --set "SCENES=$out/scenes" --root "$out")
  local asked=$out/runs/teacher/promptable.yaml recipe one files='' each
  job "drawing $scenes scenes of metal" scenes --out "$out/scenes" --count "$scenes" --seed "${seed%%,*}" --surface metal
  job ingest ingest "${data[@]}" --need train,test
  job "training the teacher (wide-conv-prompt, labels only)" train "${data[@]}" --student wide-conv-prompt --recipe prompt-labels \
    --name teacher "${teacher_length[@]}" --batch "$batch" --ranks "$((ranks < 2 ? ranks : 2))" --seed "${seed%%,*}" \
    --learning-rate "$rate"
  job "exporting the teacher" export --root "$out" --run teacher
  job "asking the teacher by points, clicks and boxes" prompts "${data[@]}" --teacher "$asked"
  job "asking the teacher once" cache "${data[@]}" --teacher "$asked"
  for recipe in ${recipes//,/ }; do
    one=tiny-conv-prompt
    [ "$recipe" != sam2-dense-point ] || one=tiny-conv-points
    [ "$recipe" != edge-sam-prior ] || one=tiny-conv-prompt-prior
    job "distilling: $recipe ($one, $ranks ranks)" train "${data[@]}" --teacher "$asked" --student "$one" \
      --recipe "$recipe" "${length[@]}" --batch "$batch" --ranks "$ranks" --seed "$seed" --learning-rate "$rate" \
      --names-out "$logs/$recipe.txt"
    job "exporting: $recipe" export --root "$out" --runs-from "$logs/$recipe.txt"
    for each in ${seed//,/ }; do files+=,$out/runs/$one.$recipe.s$each/promptable.yaml; done
  done
  # Who proposes boxes for lone points is also asked without them.
  job "asking all by points, clicks and boxes" prompts "${data[@]}" --teacher "$asked$files" --granularity both \
    --summary "$out/summary.json"
  shown="figures in $out/summary.json, answers as pictures in $out/runs/_prompts"
}

demo() {
  local out=$PWD/out/demo images='' masks='' classes='' data='' teacher='' student=tiny-conv
  local recipes=naive-logit,feature-aligned,sard scenes=300 batch=16 labels=1 ranks=4 seed=0 rate='' keep='' promptable='' shown='' option
  local -a sets=() length=(--steps 300) teacher_length=(--steps 500)
  for option in "$@"; do
    [ "$option" != --promptable ] || promptable=yes
  done
  if [ -n "$promptable" ]; then
    out=$PWD/out/promptable recipes=kd-sam-prompts,edge-sam,mobile-sam,sam2-dense-point rate=2e-3
    length=(--steps 900) teacher_length=(--steps 1500)
  fi
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h) demo_help; return 0 ;;
      --keep) keep=yes; shift; continue ;;
      --promptable) shift; continue ;;
      --images | --masks | --classes | --data | --set | --teacher | --student | --labels)
        [ -z "$promptable" ] || die "--promptable draws its own scenes and trains its own teacher and students: leave out $1"
        [ $# -ge 2 ] || die "$1 needs a value" ;;
      --out | --recipes | --scenes | --epochs | --teacher-epochs | --batch | --learning-rate | --ranks | --seed)
        [ $# -ge 2 ] || die "$1 needs a value" ;;
      *) die "unknown option '$1'; './bin/stillhouse demo --help' lists the options" ;;
    esac
    case "$1" in
      --out) out=$2 ;; --images) images=$2 ;; --masks) masks=$2 ;; --classes) classes=$2 ;; --data) data=$2 ;;
      --set) sets+=(--set "$2") ;; --teacher) teacher=$2 ;; --student) student=$2 ;; --recipes) recipes=$2 ;;
      --scenes) scenes=$2 ;; --epochs) length=(--epochs "$2") ;; --teacher-epochs) teacher_length=(--epochs "$2") ;; --batch) batch=$2 ;;
      --learning-rate) rate=$2 ;; --labels) labels=$2 ;; --ranks) ranks=$2 ;; --seed) seed=$2 ;;
    esac
    shift 2
  done
  [ -z "$images" ] || [ -n "$masks" ] || die "--images needs --masks too (a folder of index PNGs with the images' base names)"
  [ -z "$images" ] || [ -z "$data" ] || die "--images and --data exclude each other"
  case $ranks in '' | *[!0-9]* | 0) die "--ranks must be a number of ranks, not '$ranks'" ;; esac
  for option in ${promptable:+${recipes//,/ }}; do
    case $option in
      kd-sam-prompts | edge-sam | edge-sam-prior | mobile-sam | sam2-dense-point) ;;
      *) die "--promptable distils by kd-sam-prompts, edge-sam, edge-sam-prior, mobile-sam and sam2-dense-point, not by '$option'" ;;
    esac
  done
  case $student in tinyvit* | repvit* | r50* | swin*) rate=${rate:-1e-3} ;; *) rate=${rate:-1e-2} ;; esac
  check_java
  python_env
  build
  work_dir
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  local logs started
  logs=$(mktemp -d "$out/logs-$(date +%Y%m%d-%H%M%S)-XXX") started=$(date +%s)
  DEMO_LOG=$out/mlflow/server.log
  serve_mlflow "$out/mlflow"
  say "MLflow: $MLFLOW_TRACKING_URI"
  DEMO_LOG=$logs/jobs.log BATCH=$logs/jobs.yaml
  printf 'name: demo\njobs:\n' >"$BATCH"

  if [ -n "$promptable" ]; then promptable_jobs; else plain_jobs; fi
  run batch "$BATCH"
  say "$(printf 'done in %d s; %s' $(($(date +%s) - started)) "$shown")"
  if [ -n "$keep" ]; then
    say "MLflow stays up at $MLFLOW_TRACKING_URI (kill -- -$MLFLOW_PID ends it)"
    MLFLOW_PID=''
  else
    say "to look at the runs again: ./bin/stillhouse mlflow $out/mlflow; jobs that are to report there take the address that it prints: export MLFLOW_TRACKING_URI=..."
  fi
}
