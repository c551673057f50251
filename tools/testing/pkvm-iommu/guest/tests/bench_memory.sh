# SPDX-License-Identifier: GPL-2.0-only
# In a VM: what memory costs. 64 MiB, see boot/bench_memory.py.

check memory bench_memory 64
