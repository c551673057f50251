# SPDX-License-Identifier: GPL-2.0-only
# The host's CPUs reach for what is EL2's.

# The SMMU is one with an erratum, which the host tells EL2
erratum_is_known() {
	dmesg | grep -q "owned by EL2: .*, each invalidation twice"
}

load_module
check cpu_erratum erratum_is_known
cpu
