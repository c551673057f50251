# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the platform device accesses what nobody mapped for it.

load_module
faults fault_told
