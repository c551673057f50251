# SPDX-License-Identifier: GPL-2.0-only
# In a VM with mem=256M and 512 MiB: mappings of memory that nobody touched yet.

load_module
maps
