# SPDX-License-Identifier: GPL-2.0-only
# Unmapping as a flush queue does it, with any SMMUv3 driver.

load_module
if [ "$(param kvm-arm.mode)" = protected ]; then
	lazy lazy_flush lazy_many lazy_neighbours lazy_free lazy_donate lazy_tables \
		lazy_unshare
else
	lazy lazy_flush lazy_many lazy_neighbours lazy_free
	skip lazy_donate "no protected VMs"
	skip lazy_tables "no protected VMs"
	skip lazy_unshare "no protected VMs"
fi
