# SPDX-License-Identifier: GPL-2.0-only
# Random calls about the ownership of pages. KVM takes the module's memory as a VM's only
# on a CPU whose caches need no maintenance, which a Cortex-A72 is not.

load_module
own
