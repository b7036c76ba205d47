#!/usr/bin/env bash
# Training on several hosts, which are namespaces of this machine with 1 Gbit/s between them: results
# equal those of one host, unequal hosts, a host that is cut off and comes back, host files with mistakes, and
# a job that outlives its workers and rank 0's host by checkpoints in memory.
# Ends with 77 and the reason where the machine allows no such hosts.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/steps"

if [ -z "${TORUS_HOSTS:-}" ]; then
  [ -x "$root/.build/release/ddp-train" ] || {
    echo "ddp-train is not built: swift build -c release" >&2
    exit 77
  }
  exec "$here/with-hosts" 2 "$0"
fi

cd "$TORUS_HOSTS" || exit
bin=$root/.build/release
# Small enough for a second of work, and with every random draw that a run can have.
job=("$bin/ddp-train" digits-cnn --epochs 2 --evaluation.every_steps null)

# train RUN OPTION... — the job with the launcher's options.
train() {
  local run=$1
  shift
  timeout 120 "$bin/ddp-launch" "$@" "${job[@]}" --run-dir "$run" >"$run.log" 2>&1 && return
  tail -n 25 "$run.log" >&2
  return 1
}

two_hosts() {
  train one --nproc-per-node 4 && train two --hostfile hosts && trained two 4 &&
    close_to "$(value two test_loss)" "$(value one test_loss)"
}
again() { train again --hostfile hosts && same_model again two; }
invariant() {
  local job=("${job[@]}" --distributed.invariant true)
  train fixed3 --nproc-per-node 3 && train fixed4 --hostfile hosts && trained fixed4 4 &&
    same_model fixed4 fixed3
}
unequal() {
  printf '%s\n' "node1 slots=3" "node2 slots=1" >unequal
  train three --hostfile unequal && trained three 4 &&
    close_to "$(value three test_loss)" "$(value one test_loss)"
}
plain_mpirun() {
  # shellcheck source=/dev/null
  . "$root/launch/env" && timeout 120 mpirun --hostfile hosts -n 4 "${job[@]}" --run-dir plain \
    >plain.log 2>&1 && same_model plain two
}
places() {
  timeout 60 "$bin/ddp-launch" --hostfile unequal sh -c \
    'echo $RANK $LOCAL_RANK/$LOCAL_WORLD_SIZE $GROUP_RANK/$GROUP_WORLD_SIZE $(hostname) $MASTER_ADDR' \
    >places.log 2>&1
  sort places.log | diff - <(printf '%s\n' "[0] 0 0/3 0/2 node1 node1" "[1] 1 1/3 0/2 node1 node1" \
    "[2] 2 2/3 0/2 node1 node1" "[3] 3 0/1 1/2 node2 node1")
}

# plug up|down — node2's; up once both hosts reach each other again.
plug() {
  ./link node2 "$1"
  [ "$1" = down ] || within 30 reachable
}
# Nobody listens there, so a host that is reached refuses.
reachable() {
  local try='timeout 2 bash -c "</dev/tcp/10.77.0.$1/9" 2>&1 | grep -q refused'
  bash -c "$try" - 2 && ./agent node2 bash -c "'$try'" - 1
}

# A worker on the other host that is killed: nobody else is given time, but what others have left as the cause is
# reported, and of programs, of what they started, and of mpirun nothing remains.
struck() {
  local status=0
  timeout 60 "$bin/ddp-launch" --hostfile hosts bash -c '
    trap "touch told.$RANK" TERM
    sleep 4711 & echo > begun.$RANK
    until [ -e begun.0 ] && [ -e begun.1 ] && [ -e begun.2 ] && [ -e begun.3 ]; do sleep 0.02; done
    [ $RANK != 2 ] || { echo "{\"message\": \"no such shard\"}" >$TORUS_ERROR_FILE; touch said; }
    [ $RANK != 3 ] || { until [ -e said ]; do sleep 0.02; done; kill -KILL $$; }
    while :; do sleep 0.02; done' >struck.log 2>&1 || status=$?
  says struck.log "rank 2 failed first: no such shard (host node2, process " && [ $status != 0 ] &&
    ! ls told.* 2>/dev/null && within 30 nobody_left && ! ls "$TMPDIR"/torus-* 2>/dev/null
}
nobody_left() { ! pgrep -f 'orted|mpirun|keep-rank|sleep 4711' >/dev/null; }

# A host whose plug is pulled while four workers train; two go on from the last checkpoint.
cut_off() {
  OMPI_MCA_oob_tcp_keepalive_time=2 OMPI_MCA_oob_tcp_keepalive_intvl=1 \
    timeout 240 "$bin/ddp-launch" --hostfile hosts --nnodes 1:2 --max-restarts 1 \
    "$bin/ddp-train" digits-cnn --epochs 60 --checkpoint.every_steps 20 --run-dir cut \
    >cut.log 2>&1 &
  local launcher=$!
  within 60 has_checkpoint cut || { tail -n 25 cut.log; return 1; } >&2
  plug down
  wait $launcher
  local status=$?
  plug up
  [ $status = 0 ] || { tail -n 25 cut.log; return 1; } >&2
  says cut.log "host node2 was lost: " && says cut.log "ranks 2 to 3 ran there" &&
    says cut.log "host node2 does not answer" && says cut.log "resum" && ended cut 2
}
has_checkpoint() { ls "$1"/checkpoints/*/ >/dev/null 2>&1; }

# The same, but all four are needed: the job waits until the host is there again.
comes_back() {
  OMPI_MCA_oob_tcp_keepalive_time=2 OMPI_MCA_oob_tcp_keepalive_intvl=1 \
    timeout 240 "$bin/ddp-launch" --hostfile hosts --max-restarts 6 "$bin/ddp-train" digits-cnn \
    --epochs 40 --checkpoint.every_steps 20 --run-dir back >back.log 2>&1 &
  local launcher=$!
  within 60 has_checkpoint back || { tail -n 25 back.log; return 1; } >&2
  plug down
  within 90 grep -qF "2 hosts are needed and 1 is there" back.log
  plug up
  wait $launcher || { tail -n 25 back.log; return 1; } >&2
  says back.log "restart 2 of 6" && says back.log "resumed from" && ended back 4
}

# Without restarts a lost host is done without, and taken back when it answers again.
taken_back() {
  OMPI_MCA_oob_tcp_keepalive_time=2 OMPI_MCA_oob_tcp_keepalive_intvl=1 \
    timeout 300 "$bin/ddp-launch" --hostfile hosts --nnodes 1:2 --grow-interval 1 \
    "$bin/ddp-train" digits-cnn --epochs 100000 --checkpoint.every_steps 20 --run-dir taken \
    >taken.log 2>&1 &
  local launcher=$!
  within 60 has_checkpoint taken || { tail -n 25 taken.log; return 1; } >&2
  plug down
  within 90 grep -qF "going on without host node2, with at least 1" taken.log
  within 60 grep -qF "; 2 workers, " taken.log
  plug up
  within 120 grep -qF "host node2 answers: asked the workers to save and stop" taken.log
  within 60 begun_again
  kill -TERM $launcher
  wait $launcher
  local status=$?
  [ $status = 143 ] || { tail -n 25 taken.log; return 1; } >&2
  says taken.log "goes on from the checkpoint on disk of step " &&
    says taken.log "; 0 steps are done twice"
}
begun_again() { [ "$(grep -cF "; 4 workers, " taken.log)" = 2 ]; }

# refused CODE TEXT OPTION... — what cannot start says so at once.
refused() {
  local code=$1 text=$2 begin=$SECONDS status=0
  shift 2
  timeout 60 "$bin/ddp-launch" "$@" true >refused.log 2>&1 || status=$?
  says refused.log "$text" && [ $status = "$code" ] && [ $((SECONDS - begin)) -lt 30 ]
}
mistakes() {
  echo "node1 slots=two" >wrong
  : >empty
  refused 64 "wrong:1: 'slots=two' is no number from 1 to 65536" --hostfile wrong &&
    refused 64 "names no host" --hostfile empty &&
    refused 69 "host node7 does not answer: ssh: Could not resolve hostname node7" -H node1,node7 &&
    refused 69 "3 hosts are needed and 2 are there" --hostfile hosts --nnodes 3
}
unreachable() {
  plug down
  refused 69 "host node2 does not answer" --hostfile hosts
  local status=$?
  plug up
  return $status
}

# workers RUN — a run's worker processes on all hosts.
workers() {
  local process
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe")" = "$(readlink -f "$bin/ddp-train")" ] &&
      tr '\0' '\n' <"$process/cmdline" | grep -qx "$1" && echo "${process#/proc/}"
  done 2>/dev/null
}
at_step() { [ "$(steps_of "$1")" -ge "$2" ] 2>/dev/null; }
from_memory() { [ "$(grep -cE "checkpoint in memory of step [0-9]+; [01] steps? (is|are) done twice" "$1")" = "$2" ]; }

# All workers are killed, and then rank 0's host is cut off: what is left goes on from memory, both times
# within a step, with the bits of a run that nothing happened to. Neither host keeps anything in the end.
outlived() {
  local job=("${job[@]}" --epochs 10 --checkpoint.every_epochs null --distributed.invariant true --log_every 1)
  train lasting --nproc-per-node 1 || return
  printf '%s\n' "node2 slots=2" "node1 slots=2" >turned
  OMPI_MCA_oob_tcp_keepalive_time=2 OMPI_MCA_oob_tcp_keepalive_intvl=1 \
    timeout 240 "$bin/ddp-launch" --hostfile turned --nnodes 1:2 --max-restarts 1 --restart-delay 0.1 \
    "${job[@]}" --checkpoint.memory_every 1 --run-dir memory >memory.log 2>&1 &
  local launcher=$!
  within 60 at_step memory 20
  # shellcheck disable=SC2046
  kill -KILL $(workers memory)
  within 60 from_memory memory.log 1 && within 60 at_step memory 100
  plug down
  wait $launcher
  plug up
  says memory.log "host node2 was lost: " && from_memory memory.log 2 && ended memory 2 &&
    same_model memory lasting && within 30 forgotten && return
  grep -F ddp-launch memory.log >&2
  return 1
}
forgotten() { ! { ls /dev/shm && ./agent node2 ls /dev/shm; } | grep torus-memory; }

step "2 hosts × 2 workers train as 4 on one host do" two_hosts
step "2 hosts × 2 workers train to the same bits again" again
step "an invariant run on 2 hosts × 2 workers has the bits of 3 workers on one" invariant
step "3 + 1 workers train as 4 on one host do" unequal
step "plain mpirun with the host file trains to the same bits" plain_mpirun
step "workers know their places on unequal hosts" places
step "host files with mistakes and unknown hosts are refused by name" mistakes
step "a host that is cut off is named before anything starts" unreachable
step "a worker that is killed on another host ends the job at once, with others' words" struck
step "a host cut off in training is named, and the others go on from the checkpoint" cut_off
step "a job that needs the lost host goes on when it is back" comes_back
step "a job that can do without the lost host takes it back" taken_back
step "a job outlives its workers and rank 0's host by what is in memory" outlived
finish
