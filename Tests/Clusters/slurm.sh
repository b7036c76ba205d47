#!/usr/bin/env bash
# Training under a real Slurm of two nodes, which are namespaces of this machine: srun, launch/torus.sbatch
# from its start over a stop and another place in the queue to its end, and a cancelled job.
# Needs slurm-wlm and munge; with CI set, or --install, root installs them. Ends with 77 and the reason
# where Slurm cannot run here.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/steps"

skip() {
  echo "no Slurm: $*" >&2
  exit 77
}

if [ -z "${TORUS_HOSTS:-}" ]; then
  [ -x "$root/.build/release/ddp-train" ] || skip "ddp-train is not built: swift build -c release"
  # Its daemons change users, which only root may.
  [ "$(id -u)" = 0 ] || skip "only root can start its daemons"
  "$here/with-hosts" 2 true || exit
  PATH=$PATH:/usr/sbin
  if ! command -v slurmctld slurmd munged srun >/dev/null; then
    [ -n "${CI:-}" ] || [ "${1:-}" = --install ] ||
      skip "not installed (apt-get install slurm-wlm munge, or call this with --install)"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1 ||
      skip "slurm-wlm and munge cannot be installed here"
  fi
  exec "$here/with-hosts" 2 "$0"
fi

folder=$TORUS_HOSTS
export SLURM_CONF=$folder/slurm.conf
bin=$root/.build/release

# On the other host, as ssh would.
on_node2() { "$folder/agent" node2 "$@"; }

start_slurm() {
  # Nothing of a Slurm that this machine may have is touched.
  mkdir -p "$folder/munge" "$folder/state" "$folder"/{spool,tmp}-node{1,2}
  dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 2>/dev/null
  chmod 711 "$folder/munge" && chmod 400 "$folder/munge/key"
  chown -R munge: "$folder/munge" && chmod 711 "$folder"
  runuser -u munge -- munged --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" \
    || return
  cat >"$SLURM_CONF" <<END
ClusterName=torus
SlurmctldHost=node1
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmUser=root
MpiDefault=pmix
KillWait=5
StateSaveLocation=$folder/state
TmpFS=$folder/tmp-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdSpoolDir=$folder/spool-%n
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmdLogFile=$folder/slurmd-%n.log
NodeName=node[1-2] CPUs=$(nproc) RealMemory=1024
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE OverSubscribe=FORCE:4
END
  slurmctld && slurmd -N node1 && on_node2 slurmd -N node2 && within 30 idle && return
  tail -n 5 "$folder"/*.log >&2
  return 1
}
idle() { [ "$(sinfo -h -N -o %T 2>/dev/null | sort -u)" = idle ]; }

# Long enough to be met in the middle.
job=(digits-cnn --epochs 30 --checkpoint.every_steps 50)

# What srun itself starts is Open MPI's and PMIx's before it is ours: rarely tasks die of a signal within
# MPI_Init, before a first line is logged. That is shown with all frames, and tried once more.
run_srun() {
  local try
  for try in 1 2; do
    SWIFT_BACKTRACE=enable=yes,color=no timeout 120 srun "${@:2}" --mpi=pmix "$bin/ddp-train" "${job[@]}" \
      --run-dir "$1" >"$1.log" 2>&1 && trained "$1" 4 && return
    tail -n 100 "$1.log" >&2
    [ $try = 1 ] && [ ! -e "$1/metrics.jsonl" ] && grep -q "Segmentation fault" "$1.log" || return 1
    echo "The tasks died while they started; once more." >&2
    rm -rf "$1"
  done
}
two_nodes() { run_srun whole -N 2 -n 4; }
one_node() { run_srun crowded -N 1 -n 4 -O; }
without_mpi() {
  ! timeout 60 srun -n 2 --mpi=none "$bin/ddp-train" >none.log 2>&1 &&
    says none.log "srun started 2 tasks without MPI: use srun --mpi=pmix"
}

# queue RUN [OPTION...] — the batch script with its own limits but smaller; prints the job's number.
queue() {
  TORUS_ROOT=$root sbatch --parsable --nodes=2 --ntasks-per-node=2 --time=10 --output="$folder/$1.log" \
    "${@:2}" "$root/launch/torus.sbatch" "${job[@]}" --run-dir "$folder/$1"
}
at_step() { [ "$(steps_of "$1" || echo 0)" -ge "$2" ] 2>/dev/null; }
state() { scontrol show job "$1" 2>/dev/null | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p'; }
is() { [ "$(state "$1")" = "$2" ]; }
# Whether no process of a run is left; the pattern stands in a file, so that grep is none of them.
quiet() {
  echo "$folder/$1" >pattern
  ! grep -qsF -f pattern /proc/[0-9]*/cmdline
}

# The signal that Slurm sends before the time limit, and the rest of the way.
# Slurm starts it again after two minutes; at once, within the same second, nodes take it for the killed.
batch() {
  local id
  id=$(queue job) && within 90 at_step job 50 && scancel --batch --signal=USR1 "$id" &&
    within 90 is "$id" PENDING && says job.log "a checkpoint is saved, and job $id queues again" &&
    sleep 3 && scontrol update JobId="$id" StartTime=now && within 180 trained job 4 &&
    within 60 is "$id" COMPLETED && says job.log "resumed from" && return
  scontrol show job "$id" | head -n 12
  tail -n 25 job.log "$folder"/slurm*.log
  return 1
} >&2
same_as_whole() { same_model job whole; }
asked_to_stop() {
  local id
  id=$(queue asked) && within 90 at_step asked 50 && scancel --batch --signal=TERM "$id" &&
    within 90 is "$id" FAILED && within 60 quiet asked && says asked.log "stopped at step" && return
  scontrol show job "$id" | head -n 12
  tail -n 25 asked.log
  return 1
} >&2
cancelled() {
  local id
  id=$(queue gone) && within 90 at_step gone 50 && scancel "$id" && within 90 is "$id" CANCELLED &&
    within 60 quiet gone && [ -d gone/checkpoints ] && return
  scontrol show job "$id" | head -n 12
  tail -n 25 gone.log
  return 1
} >&2

# A worker of the other node is killed: the job goes on within its allocation from what both nodes have in memory.
struck() {
  local id
  id=$(sbatch --parsable --nodes=2 --ntasks-per-node=2 --time=10 --output="$folder/struck.log" --wrap="
    $bin/ddp-launch --max-restarts 1 --restart-delay 0 $bin/ddp-train ${job[*]} --epochs 4 --checkpoint.every_steps null \
      --checkpoint.every_epochs null --checkpoint.memory_every 1 --run-dir $folder/struck") &&
    within 90 at_step struck 50 && kill -KILL "$(worker 3)" && within 180 trained struck 4 &&
    within 60 is "$id" COMPLETED && says struck.log "goes on from the checkpoint in memory of step " &&
    within 30 forgotten && return
  scontrol show job "$id" | head -n 12
  tail -n 25 struck.log
  return 1
} >&2
# worker RANK — its process.
worker() {
  local process
  for process in $(pgrep -x ddp-train); do
    tr '\0' '\n' <"/proc/$process/environ" 2>/dev/null | grep -qx "RANK=$1" && echo "$process" && return
  done
}
forgotten() { ! { ls /dev/shm && on_node2 ls /dev/shm; } | grep torus-memory; }

cd "$folder" || exit
step "a Slurm of two nodes starts" start_slurm
[ "$failures" = 0 ] || finish
step "srun trains with 4 tasks on 2 nodes" two_nodes
step "srun trains with more tasks than cores on 1 node" one_node
step "srun without MPI is refused with the remedy" without_mpi
step "torus.sbatch stops before its limit, queues again and goes on" batch
step "the interrupted job ends with the bits of one that was not" same_as_whole
step "a job of which a worker is killed goes on from memory within its allocation" struck
step "a job that is asked to stop saves first, and leaves no process" asked_to_stop
step "a cancelled job leaves no process, and its last checkpoint" cancelled
finish
