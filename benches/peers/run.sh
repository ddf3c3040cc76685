#!/usr/bin/env bash
# One model in several programs, in turns, so that ratios are of one machine and one hour: mqscript, the yardstick mini,
# plain loops over a heap in Rust and C++, NeXosim, SimPy. Fails if they do not play the same model.
# `run.sh [ROUNDS]`; what it builds and installs lies in target/peers/.
set -euo pipefail
cd "$(dirname "$0")/../.."
peers=target/peers

cargo build --release --quiet
cargo build --release --quiet --manifest-path benches/peers/Cargo.toml --target-dir $peers
[ -x $peers/venv/bin/python ] || python3 -m venv $peers/venv
$peers/venv/bin/python -c 'import simpy' 2>/dev/null || $peers/venv/bin/pip install --quiet 'simpy==4.1.*'

programs=(
  "mini=all records=3e6=$peers/release/mini MESSAGES SEED"
  "mqscript=all records=3e6=target/release/mqscript run -q --in-process --format json --seed SEED --param messages=MESSAGES benches/peers/nine_agents.rhai"
  "Rust BinaryHeap=sums=3e6=$peers/release/heap MESSAGES SEED"
)
if command -v c++ >/dev/null; then
  c++ -O3 -o $peers/heap_cpp benches/peers/heap.cpp
  programs+=("C++ priority_queue=sums=3e6=$peers/heap_cpp MESSAGES SEED")
else
  echo "no C++ compiler here: the loop over a priority_queue is left out"
fi
programs+=(
  "NeXosim=sums=1e6=$peers/release/nexosim MESSAGES SEED"
  "SimPy=sums=1e5=$peers/venv/bin/python benches/peers/nine_agents.py MESSAGES SEED"
)
python3 benches/peers/compare.py "${1:-5}" "${programs[@]}"
