# SPDX-License-Identifier: GPL-2.0-only
# The command that shows whose devices are, what is mapped, and what they did.
#
# test: stat_owners
# test: stat_faults
# test: stat_mapped

. /lib/guest.sh

vfio_bind edu-pair
load_module
iommu_stat stat_owners stat_faults stat_mapped
