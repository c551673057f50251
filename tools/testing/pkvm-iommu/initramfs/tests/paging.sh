# SPDX-License-Identifier: GPL-2.0-only
# Paging domains by raw hypercalls.

load_module
paging
