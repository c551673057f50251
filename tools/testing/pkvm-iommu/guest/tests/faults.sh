# SPDX-License-Identifier: GPL-2.0-only
# In a VM: faults of the platform device with two streams, vSIDs 0x1d and 0xfffffffe.

load_module
faults fault_in_log fault_handler fault_flood
platform platform_ram_to_ram
