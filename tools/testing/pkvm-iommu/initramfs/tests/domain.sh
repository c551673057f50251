# SPDX-License-Identifier: GPL-2.0-only
# Paging domains through the kernel's IOMMU API, with any SMMUv3 driver.

load_module
if [ "$(param kvm-arm.mode)" = protected ]; then
	domain
else
	domain api_map_sizes api_scattered_pages api_free_with_mappings api_replace
	skip api_map_twice "the stock driver warns"
fi
