#!/usr/bin/env bash
# A Slurm of two nodes on this machine alone, for tests: slurm.sh start FOLDER, slurm.sh stop FOLDER.
# Needs Debian's slurmctld, slurmd, slurm-client and munge; runs as any user, with a key, ports and state of its own.
# Then SLURM_CONF=FOLDER/slurm.conf for sbatch, squeue and Snakemake, and FOLDER/bin before all else in PATH.
set -euo pipefail
action=${1:?start or stop} folder=$(realpath -m "${2:?a folder}")
PATH=$PATH:/usr/sbin
export SLURM_CONF=$folder/slurm.conf
port=${SLURM_TEST_PORT:-16817}

start() {
  mkdir -p "$folder"/{state,node1,node2,bin}
  head -c 128 /dev/urandom > "$folder/munge.key"
  chmod 700 "$folder"
  chmod 600 "$folder/munge.key"
  munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
  # Cores are counted twice, so that both nodes have two; memory is not enforced, only booked.
  cat > "$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=10
KillWait=2
MinJobAge=300
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=16000
NodeName=node2 NodeHostname=$(hostname) NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 RealMemory=16000
PartitionName=test Nodes=node1,node2 Default=YES MaxTime=INFINITE State=UP
CONF
  # Inside a job Snakemake takes SLURM_CONF away, as where there is one in /etc.
  printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" > "$folder/bin/srun"
  chmod +x "$folder/bin/srun"
  slurmctld
  slurmd -N node1
  slurmd -N node2
  for _ in $(seq 30); do
    [ "$(sinfo --noheader --format=%T --states=idle | head -1)" = idle ] && return
    sleep 1
  done
  echo "Slurm did not start; see $folder/*.log" >&2
  exit 1
}

stop() {
  for daemon in node1 node2 slurmctld munged; do
    [ -f "$folder/$daemon.pid" ] && kill "$(cat "$folder/$daemon.pid")" 2> /dev/null || true
  done
}

"$action"
