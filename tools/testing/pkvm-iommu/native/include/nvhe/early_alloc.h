/* SPDX-License-Identifier: GPL-2.0-only */
/* hyp/boot_pool.c */
void *hyp_early_alloc_contig(unsigned int nr_pages);
