# SPDX-License-Identifier: GPL-2.0-only
# Protected VMs work at all: without this no attack on one means anything.
#
# test: pvm_runs
# test: pvm_memory_hidden_from_cpu
# test: pvm_memory_comes_back_zeroed
# test: plain_vms_share_the_zero_page

pvm
