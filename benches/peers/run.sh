#!/usr/bin/env bash
# The same model in SimPy and in mqscript, one after the other, so that the ratio is of one machine and one hour.
# Installs SimPy into a folder of its own under target/.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/peers/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import simpy' 2>/dev/null || "$venv/bin/pip" install --quiet 'simpy==4.1.*'
"$venv/bin/python" benches/peers/nine_agents.py "${1:-200000}"
cargo bench --quiet --bench throughput -- nine_agents
