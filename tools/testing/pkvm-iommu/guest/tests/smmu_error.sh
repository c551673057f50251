# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the SMMU of its device fails when the host says so, by a line.

load_module
smmu_error dma_works
note "ready for the error"
read line
smmu_error dma_aborts attach_refused
