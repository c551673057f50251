# SPDX-License-Identifier: GPL-2.0-only
# Scatterlists of devices in DMA domains.

load_module
sg sg_zero_page_70000_times sg_padded
