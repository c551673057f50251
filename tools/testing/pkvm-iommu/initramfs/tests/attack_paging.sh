# SPDX-License-Identifier: GPL-2.0-only
# The same attacks from a DMA domain, where nothing at all is mapped yet.

load_module
attack engine_dma_api unmapped_host_page \
	read_el2_memory write_el2_memory io_page_tables \
	read_smmu_registers write_smmu_registers \
	read_pvm_memory write_pvm_memory
