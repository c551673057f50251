// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machines that tests run on.
 */
#include "arm-smmu-v3.h"

#include "machine.h"

/* A block of memory at the last level that has blocks, and a bit */
#define BLOCK		(PAGE_SIZE * PTRS_PER_PTE)
#define GRAN_ALL	(IDR5_GRAN4K | IDR5_GRAN16K | IDR5_GRAN64K)

/* In two chunks of a 2-level stream table with any page size, the last in one of its own */
const u32 machine_sids[NR_SIDS] = { 0, 1, 2, 8, 9, 0x10, 0x18, 0x41f };

#define DEFAULT_SMMU(n)							\
	{								\
		.base		= 0x09000000 + (n) * 0x100000,		\
		.idr		= { SIM_IDR0, SIM_IDR1, 0, SIM_IDR3, 0, SIM_IDR5 }, \
		.coherent	= true,					\
		.lazy		= 4,					\
	}

#define REGISTERS(n)	(0x0a000000 + (n) * 0x100000)

/*
 * A group of two devices, one of them with two functions and two streams; one that
 * cannot be reset; one whose description is broken. Streams 0, 1, 2 are of devices
 * that nobody describes.
 */
#define DEVICES								\
	{ {								\
		.group		= 3,					\
		.reset		= PKVM_DEVICE_RESET_EDU,		\
		.nr_ranges	= 2,					\
		.range		= { { REGISTERS(0), 2 * PAGE_SIZE },	\
				    { REGISTERS(1), PAGE_SIZE } },	\
		.nr_streams	= 2,					\
		.stream		= { { 0, 8 }, { 0, 0x41f } },		\
	}, {								\
		.group		= 3,					\
		.reset		= PKVM_DEVICE_RESET_EDU,		\
		.nr_ranges	= 1,					\
		.range		= { { REGISTERS(2), PAGE_SIZE } },	\
		.nr_streams	= 2,					\
		.stream		= { { 0, 9 }, { 0, 8 } },		\
	}, {								\
		.group		= 5,					\
		.nr_ranges	= 1,					\
		.range		= { { REGISTERS(3), PAGE_SIZE } },	\
		.nr_streams	= 1,					\
		.stream		= { { 0, 0x10 } },			\
	}, {								\
		.group		= 6,					\
		.reset		= PKVM_DEVICE_RESET_EDU,		\
		.broken		= true,					\
		.nr_ranges	= 1,					\
		.range		= { { REGISTERS(4), PAGE_SIZE } },	\
		.nr_streams	= 2,					\
		.stream		= { { 0, 0x18 }, { 9, 0 } },		\
	} }

static struct machine make(const char *name)
{
	return (struct machine) {
		.name		= name,
		.mem		= {
			{ NATIVE_MEM_START, 2 * BLOCK + BLOCK / 4 },
			{ NATIVE_MEM_START + 4 * BLOCK, BLOCK / 4 },
		},
		.nr_mem		= 2,
		.smmus		= { DEFAULT_SMMU(0) },
		.flags		= { PKVM_IOMMU_F_COHERENT },
		.nr_smmus	= 1,
		.devices	= DEVICES,
		.nr_devices	= 4,
		/* As counters of an SMMU are, which write messages */
		.withheld	= { 0x0b410000, 2 * PAGE_SIZE },
	};
}

static struct machine nested(void)
{
	return make("nested");
}

static struct machine stage1(void)
{
	struct machine m = make("stage1");

	m.smmus[0].idr[0] &= ~IDR0_S2P;

	return m;
}

static struct machine linear(void)
{
	struct machine m = make("linear");

	m.flags[0] |= PKVM_IOMMU_F_NO_2LVL;

	return m;
}

static struct machine single(void)
{
	struct machine m = make("single");

	/* Single invalidations, no blocks, no EL2 world */
	m.smmus[0].idr[3] = 0;
	m.smmus[0].idr[0] &= ~IDR0_HYP;
	/* Devices that cannot be reset change hands nonetheless */
	m.policy = PKVM_IOMMU_FINALISE_NO_RESET;

	return m;
}

static struct machine noncoherent(void)
{
	struct machine m = make("noncoherent");

	m.smmus[0].coherent = false;
	m.smmus[0].idr[0] &= ~IDR0_COHACC;
	m.flags[0] = 0;

	return m;
}

/* 8 bits of ASID and VMID, small queues, few addresses, no ranges, stalls, messages, ATS */
static struct machine small(void)
{
	struct machine m = make("small");

	m.smmus[0].idr[0] &= ~(IDR0_ASID16 | IDR0_VMID16 | IDR0_STALL_MODEL);
	m.smmus[0].idr[0] |= IDR0_MSI | IDR0_ATS;
	m.smmus[0].idr[1] &= ~(IDR1_CMDQS | IDR1_EVTQS);
	m.smmus[0].idr[1] |= FIELD_PREP(IDR1_CMDQS, 3) | FIELD_PREP(IDR1_EVTQS, 3) |
			     IDR1_ATTR_TYPES_OVR;
	m.smmus[0].idr[5] = IDR5_OAS_40_BIT | GRAN_ALL;
	/* One command per page: more than the queue holds */
	m.smmus[0].idr[3] = 0;
	m.smmus[0].lazy = 2;

	return m;
}

/* Stage 1 without ranges and snooping: what shares no code with the default */
static struct machine stage1_single(void)
{
	struct machine m = noncoherent();

	m.name = "stage1-single";
	m.smmus[0].idr[0] &= ~IDR0_S2P;
	m.smmus[0].idr[3] = 0;

	return m;
}

/* Two SMMUs, the second of another make */
static struct machine two(void)
{
	struct machine m = make("two");

	m.smmus[1] = (struct sim_config)DEFAULT_SMMU(1);
	m.smmus[1].idr[0] &= ~IDR0_S1P;
	m.smmus[1].idr[3] &= ~IDR3_RIL;
	m.flags[1] = PKVM_IOMMU_F_COHERENT | PKVM_IOMMU_F_NO_2LVL;
	m.nr_smmus = 2;
	/* A device of both */
	m.devices[0].stream[1].smmu = 1;

	return m;
}

static struct machine (* const machines[])(void) = {
	nested, stage1, linear, single, noncoherent, small, stage1_single, two,
};

unsigned int machine_count(void)
{
	return ARRAY_SIZE(machines);
}

struct machine machine_get(unsigned int i)
{
	return machines[i]();
}
