# SPDX-License-Identifier: GPL-2.0-only
# In a VM whose pvIOMMU has no interrupt: its driver asks for faults now and then.

load_module
faults fault_in_log
