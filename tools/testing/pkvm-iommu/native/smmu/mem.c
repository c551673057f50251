// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SMMU's accesses to its tables and queues: all of them are EL2's, in use.
 */
#include "../hyp/sanitizer.h"
#include "sim.h"

/* That a page is EL2's is published with the table, in ways that are not C's */
SAN_OUTSIDE u64 sim_read64(struct sim_smmu *smmu, u64 phys, const char *what)
{
	if (phys >= NATIVE_PHYS_END || native_page(phys)->owner != OWNER_HYP)
		native_fail("the SMMU reads a %s at 0x%lx, which is not EL2's", what, phys);
	if (native_page(phys)->free)
		native_fail("the SMMU reads a %s at 0x%lx, which is unused", what, phys);

	return smmu->cfg.coherent ? outside_read64(phys) : poc_read64(phys);
}

SAN_OUTSIDE void sim_write64(struct sim_smmu *smmu, u64 phys, u64 val)
{
	if (phys >= NATIVE_PHYS_END || native_page(phys)->owner != OWNER_HYP)
		native_fail("the SMMU writes to 0x%lx, which is not EL2's", phys);
	if (smmu->cfg.coherent)
		outside_write64(phys, val);
	else
		poc_write64(phys, val);
}
