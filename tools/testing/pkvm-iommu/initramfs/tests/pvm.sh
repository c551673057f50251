# SPDX-License-Identifier: GPL-2.0-only
# Protected VMs work at all: without this no attack on one means anything.

pvm
