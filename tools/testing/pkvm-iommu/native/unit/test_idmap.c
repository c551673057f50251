// SPDX-License-Identifier: GPL-2.0-only
/*
 * The identity map: what the host owns, at every moment, without a gap.
 */
#include <nvhe/iommu.h>

#include <core/domain.h>
#include <memory/ranges.h>

#include "arm-smmu-v3.h"

#include "../ghost/ghost.h"
#include "test.h"

#define STREAM	0

/* A page of the host next to one that is donated, in the same block */
static u64 neighbour;
static unsigned int looks;

static void neighbour_is_reachable(void)
{
	static bool busy;
	struct sim_dma dma;

	if (busy)
		return;
	busy = true;
	looks++;
	dma = sim_dma(sim_smmus[0], STREAM, neighbour, true);
	if (!dma.ok || dma.fault || dma.pa != neighbour)
		native_fail("the device faults at a page that nobody touches");
	busy = false;
}

/* Devices cannot repeat: no live page faults while others change hands */
TEST_EACH(idmap, a_split_is_never_seen)
{
	u64 phys;

	machine_boot(m, seed);
	attach(0, STREAM, PKVM_IOMMU_DOMAIN_IDENTITY);
	phys = NATIVE_MEM_START + PAGE_SIZE * PTRS_PER_PTE;
	neighbour = phys + 2 * PAGE_SIZE;
	expect_dma(0, STREAM, neighbour, true, neighbour);
	native_hooks.dma = neighbour_is_reachable;
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys + PAGE_SIZE), 1), 0);
	memset(hyp_phys_to_virt(phys), 0, PAGE_SIZE);
	kvm_flush_dcache_to_poc(hyp_phys_to_virt(phys), PAGE_SIZE);
	ASSERT_EQ(__pkvm_hyp_donate_host(hyp_phys_to_pfn(phys), 1), 0);
	native_hooks.dma = NULL;
	ASSERT(looks > 8);
	expect_dma(0, STREAM, phys, true, phys);
	expect_blocked(0, STREAM, phys + PAGE_SIZE, true);
}

/* Memory for the table has run out: the block stays, and so does its owner */
TEST_EACH(idmap, a_split_that_fails_changes_nothing)
{
	u64 phys, pfn;
	int ret;

	machine_boot(m, seed);
	attach(0, STREAM, PKVM_IOMMU_DOMAIN_IDENTITY);
	phys = NATIVE_MEM_START + PAGE_SIZE * PTRS_PER_PTE;
	pfn = hyp_phys_to_pfn(phys);
	fault_arm(FAULT_ALLOC, 1);
	ret = __pkvm_host_donate_hyp(pfn, 1);
	/* A machine that does not use blocks needs no table */
	if (fault_fired()) {
		ASSERT_EQ(ret, -ENOMEM);
		expect_dma(0, STREAM, phys, true, phys);
		expect_dma(0, STREAM, phys + PAGE_SIZE, true, phys + PAGE_SIZE);
		fault_disarm_all();
		ret = __pkvm_host_donate_hyp(pfn, 1);
	}
	ASSERT_EQ(ret, 0);
	expect_blocked(0, STREAM, phys, true);
	expect_dma(0, STREAM, phys + PAGE_SIZE, true, phys + PAGE_SIZE);
}

/* As after the ownership selftest: an entry of the host's stage 2 is no mark of another owner */
TEST_EACH(idmap, what_came_back_before_the_map_was_made_is_in_it)
{
	unsigned int i;
	u64 phys, pfn;

	machine_prepare(m, seed);
	for (i = 0; i < m->nr_smmus; i++)
		ASSERT_EQ(machine_register(m, i), i);
	phys = host_pages_get(2);
	pfn = hyp_phys_to_pfn(phys);
	ASSERT_EQ(__pkvm_host_donate_hyp(pfn, 2), 0);
	memset(hyp_phys_to_virt(phys), 0, PAGE_SIZE);
	kvm_flush_dcache_to_poc(hyp_phys_to_virt(phys), PAGE_SIZE);
	ASSERT_EQ(__pkvm_hyp_donate_host(pfn, 1), 0);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, m->policy, 0, 0, 0, 0).ret, 0);
	attach(0, STREAM, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_dma(0, STREAM, phys, true, phys);
	expect_blocked(0, STREAM, phys + PAGE_SIZE, true);
	ASSERT_EQ(__pkvm_host_donate_hyp(pfn, 1), 0);
	expect_blocked(0, STREAM, phys, true);
}

TEST_EACH(idmap, mmio_is_the_hosts_but_for_the_registers_of_smmus)
{
	u64 base = m->smmus[0].base;

	machine_boot(m, seed);
	attach(0, STREAM, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_dma(0, STREAM, base - PAGE_SIZE, true, base - PAGE_SIZE);
	expect_blocked(0, STREAM, base, false);
	expect_blocked(0, STREAM, base + SIM_MMIO_SIZE - 8, true);
	expect_dma(0, STREAM, base + SIM_MMIO_SIZE, false, base + SIM_MMIO_SIZE);
	expect_dma(0, STREAM, 0x80000000, true, 0x80000000);
}

TEST(idmap, a_range_of_mmio_is_cut_around_registers)
{
	u64 base = m->smmus[0].base, start, end;
	u64 last = m->withheld.base + m->withheld.size;
	struct machine plain = *m;

	plain.nr_devices = 0;
	machine_boot(&plain, seed);
	start = 0;
	end = ~0ULL;
	hyp_spin_lock(&host_mmu.lock);
	ASSERT_EQ(pkvm_iommu_mmio_clamp(base - 1, &start, &end), 0);
	ASSERT_EQ(start, 0);
	ASSERT_EQ(end, base);
	end = ~0ULL;
	ASSERT_EQ(pkvm_iommu_mmio_clamp(base + SIM_MMIO_SIZE, &start, &end), 0);
	ASSERT_EQ(start, base + SIM_MMIO_SIZE);
	ASSERT_EQ(end, plain.withheld.base);
	end = ~0ULL;
	ASSERT_EQ(pkvm_iommu_mmio_clamp(last, &start, &end), 0);
	ASSERT_EQ(start, last);
	ASSERT_EQ(end, ~0ULL);
	ASSERT_EQ(pkvm_iommu_mmio_clamp(last - 1, &start, &end), -EPERM);
	ASSERT_EQ(pkvm_iommu_mmio_clamp(base, &start, &end), -EPERM);
	ASSERT_EQ(pkvm_iommu_mmio_clamp(base + SIM_MMIO_SIZE - 1, &start, &end), -EPERM);
	hyp_spin_unlock(&host_mmu.lock);
}

TEST(idmap, a_range_of_mmio_is_cut_around_devices)
{
	u64 base = m->devices[0].range[0].base, size = m->devices[0].range[0].size;
	u64 start = 0, end = ~0ULL;

	machine_boot(m, seed);
	hyp_spin_lock(&host_mmu.lock);
	ASSERT_EQ(pkvm_iommu_mmio_clamp(base - 1, &start, &end), 0);
	ASSERT_EQ(start, m->smmus[0].base + SIM_MMIO_SIZE);
	ASSERT_EQ(end, base);
	start = 0;
	end = ~0ULL;
	/* As a whole, or not at all */
	ASSERT_EQ(pkvm_iommu_mmio_clamp(base + size - 1, &start, &end), 0);
	ASSERT_EQ(start, base);
	ASSERT_EQ(end, base + size);
	hyp_spin_unlock(&host_mmu.lock);
}

TEST(idmap, a_page_that_two_pieces_of_memory_share_belongs_to_the_first)
{
	struct machine odd = *m;
	u64 half = PAGE_SIZE / 2, end;

	/* The second begins in the middle of the page in which the first ends */
	odd.mem[0].size += half;
	odd.mem[1].base = odd.mem[0].base + odd.mem[0].size;
	odd.mem[1].size = half;
	machine_boot(&odd, seed);
	end = odd.mem[1].base + half;
	ASSERT_EQ(mem_region_after(0)->end, end);
	ASSERT_EQ(mem_region_near(odd.mem[1].base, NULL)->end, end);
	ASSERT_EQ(mmio_end_of(end - 1), 0);
	ASSERT(!mem_region_near(end, NULL));
	ASSERT(mmio_end_of(end) > end);
}

static long window(u64 base, u64 size)
{
	return host_init_call(PKVM_IOMMU_INIT_WINDOW, base, size, 0, 0, 0).ret;
}

/* BARs and doorbells above the limit, where the device tree says that there are some */
TEST_EACH(idmap, mmio_high_up_is_reachable_where_it_is_named)
{
	u64 limit = PKVM_IOMMU_IDMAP_MMIO_LIMIT, end;
	struct machine high = *m;

	/* As large as PCI windows are, and not aligned to anything; too high on "small" */
	high.window.base = 3 * limit + 3 * PAGE_SIZE;
	high.window.size = limit - PAGE_SIZE;
	machine_boot(&high, seed);
	ghost_watch_devices();
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	end = BIT_ULL(ghost_oas());
	expect_dma(0, 0, limit - PAGE_SIZE, true, limit - PAGE_SIZE);
	if (end <= high.window.base) {
		expect_blocked(0, 0, high.window.base, true);
		return;
	}
	expect_dma(0, 0, high.window.base, true, high.window.base);
	expect_dma(0, 0, 4 * limit + 2 * PAGE_SIZE - 8, true, 4 * limit + 2 * PAGE_SIZE - 8);
	expect_blocked(0, 0, high.window.base - 8, true);
	expect_blocked(0, 0, high.window.base + high.window.size, true);
}

TEST(idmap, windows_that_make_no_sense_are_refused)
{
	u64 limit = PKVM_IOMMU_IDMAP_MMIO_LIMIT, i;

	machine_prepare(m, seed);
	ASSERT_EQ(machine_register(m, 0), 0);
	ASSERT_EQ(window(limit, 0), -EINVAL);
	ASSERT_EQ(window(limit + 1, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(window(-PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
	/* Is there anyway */
	ASSERT_EQ(window(0, limit), 0);
	for (i = 0; i < PKVM_IOMMU_WINDOWS_MAX; i++)
		ASSERT_EQ(window(limit + 2 * i * PAGE_SIZE, PAGE_SIZE), 0);
	ASSERT_EQ(window(2 * limit, PAGE_SIZE), -ENOSPC);
	ASSERT_EQ(window(limit, 2 * limit), -EEXIST);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret, 0);
	ASSERT_EQ(window(3 * limit, PAGE_SIZE), -EPERM);
}
