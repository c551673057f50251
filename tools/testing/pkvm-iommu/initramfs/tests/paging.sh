# SPDX-License-Identifier: GPL-2.0-only
# Paging domains by raw hypercalls.
#
# test: map_sizes
# test: unmap_part_of_block
# test: map_over_mapping
# test: map_one_page_70000_times
# test: map_foreign_pages
# test: donate_while_mapped
# test: share_while_mapped
# test: no_stale_translation
# test: read_only
# test: attach_and_block
# test: partial_progress
# test: memory_comes_back
# test: last_page
# test: many_domains
# test: concurrent

load_module
paging
