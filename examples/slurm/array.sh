#!/bin/sh
# Measures a table of regions in 64 jobs:
#   mkdir parts; sbatch --array=0-63 array.sh regions.csv 64
# and, when they have ended, joins what they measured:
#   trephine merge features.parquet parts/*
# A job that was killed or ran out of time is given again and goes on (sbatch --array=7 array.sh
# regions.csv 64). SLURM calls a job failed (exit code 1) where some of its regions could not be
# measured: the job's output counts them by kind, and parts/7/log.jsonl has a line for each.
#SBATCH --job-name=trephine
#SBATCH --cpus-per-task=2
#SBATCH --mem=6G
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --output=parts/%a.out
#SBATCH --open-mode=append
set -eu
table=$1
jobs=$2
shift 2  # what follows goes to trephine: --settings ct.toml, for example
exec trephine extract "$table" --shard "$SLURM_ARRAY_TASK_ID/$jobs" \
    --store "parts/$SLURM_ARRAY_TASK_ID" --workers "${SLURM_CPUS_PER_TASK:-1}" --timeout 120 "$@"
