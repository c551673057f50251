// SPDX-License-Identifier: GPL-2.0-only
/*
 * ID registers (section 6.3): what can be driven, what cannot, and why; and the
 * arguments of the take-over.
 */
#include <device/device.h>
#include <smmu_v3/smmu.h>

#include "test.h"

static int decode(u32 idr0, u32 idr1, u32 idr3, u32 idr5, u64 flags, struct smmu_features *feat)
{
	u32 idr[6] = { idr0, idr1, 0, idr3, 0, idr5 };

	return smmu_features_decode(idr, flags, feat);
}

TEST(probe, qemu)
{
	struct smmu_features f;

	ASSERT_EQ(decode(SIM_IDR0, SIM_IDR1, SIM_IDR3, SIM_IDR5, PKVM_IOMMU_F_COHERENT, &f), 0);
	ASSERT(f.stage1 && f.stage2 && f.two_level && f.coherent && f.range_inv && f.bbml2);
	ASSERT_EQ(f.sid_bits, 16);
	ASSERT_EQ(f.oas, 44);
	ASSERT_EQ(f.asid_bits, 16);
	ASSERT_EQ(f.vmid_bits, 16);
}

TEST(probe, features_that_are_not_to_be_used_are_not)
{
	struct smmu_features f;

	ASSERT_EQ(decode(SIM_IDR0, SIM_IDR1, SIM_IDR3, SIM_IDR5, PKVM_IOMMU_F_NO_2LVL |
			 PKVM_IOMMU_F_NO_RIL | PKVM_IOMMU_F_NO_BBML2, &f), 0);
	ASSERT(!f.two_level && !f.range_inv && !f.bbml2 && !f.coherent);
	/* Coherent is what both the SMMU and the host say */
	ASSERT_EQ(decode(SIM_IDR0 & ~IDR0_COHACC, SIM_IDR1, SIM_IDR3, SIM_IDR5,
			 PKVM_IOMMU_F_COHERENT, &f), 0);
	ASSERT(!f.coherent);
}

TEST(probe, what_cannot_be_driven_says_why)
{
	static const struct {
		u32	clear, set;	/* of IDR0 */
		u32	set1, clear1;	/* of IDR1 */
		u32	clear5, set5;	/* of IDR5 */
		int	want;
	} cases[] = {
		{ .set1 = IDR1_TABLES_PRESET, .want = PKVM_IOMMU_BAD_PRESET },
		{ .set1 = IDR1_QUEUES_PRESET, .want = PKVM_IOMMU_BAD_PRESET },
		{ .set1 = IDR1_REL, .want = PKVM_IOMMU_BAD_PRESET },
		{ .clear = IDR0_TTF, .want = PKVM_IOMMU_BAD_TTF },
		{ .set = IDR0_TTENDIAN, .want = PKVM_IOMMU_BAD_ENDIAN },
		{ .clear = IDR0_S1P | IDR0_S2P, .want = PKVM_IOMMU_BAD_STAGE },
		{ .clear5 = IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K,
		  .want = PKVM_IOMMU_BAD_GRANULE },
		{ .set5 = IDR5_OAS, .want = PKVM_IOMMU_BAD_OAS },
		{ .clear5 = IDR5_OAS, .want = PKVM_IOMMU_BAD_OAS },	/* 32 bits */
		{ .clear = IDR0_STALL_MODEL, .set = 2 << 24, .want = PKVM_IOMMU_BAD_STALL },
		{ .clear1 = IDR1_CMDQS, .want = PKVM_IOMMU_BAD_QUEUE },
		{ .clear1 = IDR1_EVTQS, .want = PKVM_IOMMU_BAD_QUEUE },
	};
	struct smmu_features f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ASSERT_EQ(decode((SIM_IDR0 & ~cases[i].clear) | cases[i].set,
				 (SIM_IDR1 & ~cases[i].clear1) | cases[i].set1, SIM_IDR3,
				 (SIM_IDR5 & ~cases[i].clear5) | cases[i].set5, 0, &f),
			  cases[i].want);
}

static long reg(u64 base, u64 size, u64 flags, u64 pfn, u64 nr)
{
	return host_init_call(PKVM_IOMMU_INIT_REGISTER, base, size, flags, pfn, nr).ret;
}

TEST(probe, a_take_over_is_refused_that_makes_no_sense)
{
	u64 base = m->smmus[0].base, size = SIM_MMIO_SIZE, phys;
	struct call_result r;

	machine_prepare(m, seed);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret, -ENODEV);
	ASSERT_EQ(host_init_call(99, 0, 0, 0, 0, 0).ret, -EOPNOTSUPP);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_GET_INFO, 0, 0, 0, 0, 0).ret, -ENODEV);
	ASSERT_EQ(reg(base, size, 1 << 10, 0, 0), -EINVAL);
	ASSERT_EQ(reg(base + 1, size, 0, 0, 0), -EINVAL);
	ASSERT_EQ(reg(base, size / 2, 0, 0, 0), -EINVAL);
	ASSERT_EQ(reg(~0ULL << PAGE_SHIFT, size, 0, 0, 0), -EINVAL);
	ASSERT_EQ(reg(NATIVE_MEM_START, size, 0, 0, 0), -EINVAL);	/* memory */
	fault_arm(FAULT_DONATE, 1);
	ASSERT_EQ(reg(base, size, 0, 0, 0), -ENOSPC);			/* mapping fails */
	fault_disarm_all();
	r = host_init_call(PKVM_IOMMU_INIT_REGISTER, base, size, 0, 0, 0);
	ASSERT_EQ(r.ret, -ENOMEM);
	ASSERT(r.out[0] > 3);
	ASSERT_EQ(reg(base + PAGE_SIZE, size, 0, 0, 0), -EINVAL);	/* overlaps the first */
	phys = host_pages_get(roundup_pow_of_two(r.out[0]));
	ASSERT_EQ(reg(base, size, 0, hyp_phys_to_pfn(phys), r.out[0] | 1), -EINVAL);
	ASSERT_EQ(reg(base, size, 0, hyp_phys_to_pfn(phys) + 1, 64), -EINVAL);
	ASSERT_EQ(reg(base, size, 0, 0, roundup_pow_of_two(r.out[0])), -EPERM);	/* no memory */
	ASSERT_EQ(reg(base, size, 0, hyp_phys_to_pfn(phys), roundup_pow_of_two(r.out[0])), 0);
	ASSERT_EQ(reg(base, size, 0, 0, 0), -EBUSY);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret, 0);
	/* Once is enough: a call that is refused changes no policy */
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, PKVM_IOMMU_FINALISE_NO_RESET,
				 0, 0, 0, 0).ret, -EBUSY);
	ASSERT(!hyp_device_may_skip_reset);
}

TEST(probe, memory_that_the_smmu_cannot_address_is_a_reason)
{
	struct machine small = *m;

	small.smmus[0].idr[5] = IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K;	/* 32 bits */
	machine_prepare(&small, seed);
	ASSERT_EQ(machine_register(&small, 0), -EOPNOTSUPP);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
}

/* An SMMU that speaks another stage than the rest aborts; the rest go on */
TEST(probe, of_two_that_share_no_stage_one_is_left_out)
{
	struct machine two = *m;

	two.smmus[1] = two.smmus[0];
	two.smmus[1].base += 0x100000;
	two.smmus[0].idr[0] &= ~IDR0_S2P;
	two.smmus[1].idr[0] &= ~IDR0_S1P;
	two.flags[1] = two.flags[0];
	two.nr_smmus = 2;
	machine_boot(&two, seed);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_GET_INFO, 0, 0, 0, 0, 0).ret, -ENOENT);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_GET_INFO, 1, 0, 0, 0, 0).ret, 0);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
	attach(1, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
}

/* Tegra264: known by its name in the device tree */
TEST_EACH(probe, errata_of_tegra264)
{
	struct machine tegra = *m;
	u64 phys, done;
	unsigned int i;
	long domain;

	for (i = 0; i < tegra.nr_smmus; i++) {
		tegra.smmus[i].forgetful = true;
		tegra.flags[i] |= PKVM_IOMMU_F_REPEAT;
	}
	domain = boot_and_attach(&tegra, seed);
	phys = host_page_get();
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 0, 0, true, phys);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	expect_blocked(0, 0, 0, true);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 1), 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_BLOCKED);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
	/* What is in flight when it fails, too */
	attach(0, 0, domain);
	phys = host_page_get();
	ASSERT_EQ(map(domain, 0, phys, PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 0, 0, true, phys);
	fault_arm(FAULT_COMMAND, 1);
	ASSERT_EQ(unmap(domain, 0, PAGE_SIZE, &done), 0);
	ASSERT(sim_off(sim_smmus[0]));
}

/* By their control pages the host could make an SMMU read any memory as commands */
TEST_EACH(probe, other_command_queues_are_off_and_out_of_reach)
{
	u64 base = 0x0b000000, size = SIM_ECMDQ_PAGES * SZ_64K, page, done;
	struct machine ecmdq = *m;
	long domain;

	ecmdq.smmus[0].idr[1] |= BIT(31);
	ecmdq.smmus[0].ecmdq_base = base;
	domain = boot_and_attach(&ecmdq, seed);
	for (page = base; page < base + size; page += PAGE_SIZE) {
		ASSERT_EQ(host_touch(page), -EPERM);
		ASSERT_EQ(map(domain, page, page, PAGE_SIZE, RW, &done), -EPERM);
	}
	ASSERT(sim_ecmdqs_off(sim_smmus[0]));
	ASSERT_EQ(host_touch(base + size), 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_blocked(0, 0, base + size - 8, true);
	expect_dma(0, 0, base + size, true, base + size);
}

TEST(probe, other_command_queues_that_stay_on_are_a_reason)
{
	struct machine ecmdq = *m;

	ecmdq.smmus[0].idr[1] |= BIT(31);
	ecmdq.smmus[0].ecmdq_base = 0x0b000000;
	ecmdq.smmus[0].deaf_ecmdq = true;
	machine_prepare(&ecmdq, seed);
	ASSERT_EQ(machine_register(&ecmdq, 0), -EIO);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
}

TEST(probe, other_command_queues_in_memory_are_a_reason)
{
	struct machine ecmdq = *m;

	ecmdq.smmus[0].idr[1] |= BIT(31);
	ecmdq.smmus[0].ecmdq_base = NATIVE_MEM_START;
	machine_prepare(&ecmdq, seed);
	ASSERT_EQ(machine_register(&ecmdq, 0), -EPERM);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
}

TEST(probe, other_command_queues_that_are_apart_are_a_reason)
{
	struct machine ecmdq = *m;

	ecmdq.smmus[0].idr[1] |= BIT(31);
	ecmdq.smmus[0].ecmdq_base = 0x0b000000;
	ecmdq.smmus[0].ecmdq_gap = SZ_64K;
	/* There are other reasons, and yet the queues are what matters */
	ecmdq.smmus[0].idr[0] |= IDR0_STALL_MODEL;
	machine_prepare(&ecmdq, seed);
	ASSERT_EQ(machine_register(&ecmdq, 0), -EPERM);
	expect_blocked(0, 0, NATIVE_MEM_START, true);
}

/* More than the architecture has: nobody knows where they are */
TEST(probe, more_command_queues_than_there_can_be_are_a_reason)
{
	static const u32 idr6[] = { 9 << 24 | 2 << 16, 1 << 24 | 9 << 16 };
	struct machine ecmdq = *m;
	unsigned int i;

	ecmdq.nr_smmus = ARRAY_SIZE(idr6);
	for (i = 0; i < ARRAY_SIZE(idr6); i++) {
		ecmdq.smmus[i] = m->smmus[0];
		ecmdq.smmus[i].base += i * 0x100000;
		ecmdq.smmus[i].idr[1] |= BIT(31);
		ecmdq.smmus[i].ecmdq_base = 0x0b000000 + i * 0x100000;
		ecmdq.smmus[i].ecmdq_idr6 = idr6[i];
		ecmdq.flags[i] = m->flags[0];
	}
	machine_prepare(&ecmdq, seed);
	for (i = 0; i < ARRAY_SIZE(idr6); i++) {
		ASSERT_EQ(machine_register(&ecmdq, i), -EPERM);
		ASSERT(!sim_smmus[i]->ecmdq_va);
		expect_blocked(i, 0, NATIVE_MEM_START, true);
	}
}

/* An SMMU translates for software, too: addresses of VMs are not for the host */
TEST(probe, translation_for_software_is_out_of_reach)
{
	u64 page = m->smmus[0].base + SZ_128K + 3 * SZ_64K;
	struct machine vatos = *m;

	vatos.smmus[0].idr[0] |= BIT(20);
	vatos.smmus[0].idr[2] = 3;
	machine_prepare(&vatos, seed);
	ASSERT_EQ(host_touch(page), 0);
	ASSERT_EQ(machine_register(&vatos, 0), 0);
	ASSERT_EQ(host_touch(page - PAGE_SIZE), 0);
	ASSERT_EQ(host_touch(page), -EPERM);
	ASSERT_EQ(host_touch(page + SZ_64K - PAGE_SIZE), -EPERM);
	ASSERT_EQ(host_touch(page + SZ_64K), 0);
}

static long withhold(u64 base, u64 size)
{
	return host_init_call(PKVM_IOMMU_INIT_WITHHOLD, base, size, 0, 0, 0).ret;
}

/* Counters of an SMMU write messages to any address, and so nobody gets them */
TEST_EACH(probe, what_writes_beside_the_streams_is_withheld)
{
	u64 base = 0x0b000000, smmu = m->smmus[0].base, regs = m->devices[0].range[0].base;
	unsigned int i;

	machine_prepare(m, seed);
	for (i = 0; i < m->nr_smmus; i++)
		ASSERT_EQ(machine_register(m, i), i);
	machine_register_devices(m);
	ASSERT_EQ(host_touch(base), 0);
	ASSERT_EQ(withhold(base, 2 * PAGE_SIZE), 0);
	ASSERT_EQ(withhold(base, 2 * PAGE_SIZE), 0);
	ASSERT_EQ(withhold(smmu + SZ_64K, SZ_64K), 0);	/* EL2 has it anyway */
	ASSERT_EQ(withhold(base + PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
	ASSERT_EQ(withhold(base + 1, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(withhold(base, 0), -EINVAL);
	ASSERT_EQ(withhold(-PAGE_SIZE, 2 * PAGE_SIZE), -EINVAL);
	ASSERT_EQ(withhold(NATIVE_MEM_START, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(withhold(regs, PAGE_SIZE), -EINVAL);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, m->policy, 0, 0, 0, 0).ret, 0);
	ASSERT_EQ(withhold(base + 0x100000, PAGE_SIZE), -EPERM);
	ASSERT_EQ(host_touch(base), -EPERM);
	ASSERT_EQ(host_touch(base + PAGE_SIZE), -EPERM);
	ASSERT_EQ(host_touch(base + 2 * PAGE_SIZE), 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_blocked(0, 0, base, true);
	expect_blocked(0, 0, base + PAGE_SIZE, true);
	expect_dma(0, 0, base + 2 * PAGE_SIZE, true, base + 2 * PAGE_SIZE);
}

TEST(probe, one_range_more_than_can_be_withheld_stays_the_hosts)
{
	u64 base = 0x0b000000, step = 2 * PAGE_SIZE;
	unsigned int i;

	machine_prepare(m, seed);
	ASSERT_EQ(machine_register(m, 0), 0);
	for (i = 0; i < PKVM_WITHHELD_MAX; i++)
		ASSERT_EQ(withhold(base + i * step, PAGE_SIZE), 0);
	ASSERT_EQ(withhold(base + i * step, PAGE_SIZE), -ENOSPC);
	ASSERT_EQ(host_touch(base + i * step), 0);
	/* Those that are withheld stay so, and to ask once more takes no room */
	ASSERT_EQ(withhold(base, PAGE_SIZE), 0);
	ASSERT_EQ(host_touch(base), -EPERM);
	ASSERT_EQ(host_touch(base + (i - 1) * step), -EPERM);
	ASSERT_EQ(host_init_call(PKVM_IOMMU_INIT_FINALISE, m->policy, 0, 0, 0, 0).ret, 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	expect_blocked(0, 0, base + (i - 1) * step, true);
	expect_dma(0, 0, base + i * step, true, base + i * step);
}

/* Errata by IIDR, see smmu/errata.c: what one call leads to at most */
static void run_with(const struct machine *m, u64 seed, u32 iidr)
{
	struct machine old = *m;
	unsigned int i;
	u64 phys, done;
	long domain;

	for (i = 0; i < old.nr_smmus; i++)
		old.smmus[i].iidr = iidr;
	domain = boot_and_attach(&old, seed);
	phys = host_pages_get(64);
	ASSERT_EQ(map(domain, 0, phys, 64 * PAGE_SIZE, RW, &done), 0);
	expect_dma(0, 0, 0, true, phys);
	ASSERT_EQ(unmap(domain, 0, 64 * PAGE_SIZE, &done), 0);
	attach(0, 0, PKVM_IOMMU_DOMAIN_IDENTITY);
	ASSERT_EQ(__pkvm_host_donate_hyp(hyp_phys_to_pfn(phys), 64), 0);
	ASSERT_EQ(host_call(PKVM_IOMMU_OP_GET_INFO, 0, 0, 0, 0, 0).out[1] & PKVM_IOMMU_INFO_DEAD,
		  0);
}

TEST_EACH(probe, errata_of_mmu_600)
{
	run_with(m, seed, SIM_IIDR_MMU_600_R0P0);
}

TEST_EACH(probe, errata_of_mmu_700)
{
	run_with(m, seed, SIM_IIDR_MMU_700_R0P0);
}

TEST_EACH(probe, errata_of_mmu_s3)
{
	run_with(m, seed, SIM_IIDR_MMU_S3_R0P0);
}

/* Each allocation of the take-over fails once: all streams abort, no crash */
TEST_EACH(probe, a_take_over_that_runs_out_of_memory_leaves_all_aborting)
{
	unsigned int nth;

	machine_prepare(m, seed);
	for (nth = 0; nth < m->nr_smmus; nth++)
		ASSERT_EQ(machine_register(m, nth), nth);
	for (nth = 1; nth < 8; nth++) {
		fault_disarm_all();
		fault_arm(FAULT_ALLOC, nth);
		ASSERT(host_init_call(PKVM_IOMMU_INIT_FINALISE, 0, 0, 0, 0, 0).ret < 0);
		ASSERT_EQ(host_call(PKVM_IOMMU_OP_POLL, 0, 0, 0, 0, 0).ret, -ENODEV);
		expect_blocked(0, 0, NATIVE_MEM_START, true);
		/* What was allocated is gone for good: in the end there is none without a fault */
		if (!fault_fired())
			break;
	}
	ASSERT(nth > 1);
}
