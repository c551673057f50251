/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole machines: memory, SMMUs, devices, and a host that boots pKVM on them and
 * then calls it.
 */
#ifndef NATIVE_MACHINE_H
#define NATIVE_MACHINE_H

#include "../smmu/sim.h"

#define MACHINE_MAX_DEVICES	4
#define MACHINE_MAX_GROUPS	8
#define MACHINE_MAX_RANGES	2

/**
 * struct machine_device - a device that may be assigned, as the host describes it
 * @group: with which it changes hands
 * @reset: enum pkvm_device_reset
 * @broken: the description is wrong somewhere
 * @nr_ranges: entries of @range
 * @nr_streams: entries of @stream
 * @range: registers
 * @stream: streams
 */
struct machine_device {
	u8	group, reset;
	bool	broken;
	u8	nr_ranges, nr_streams;
	struct {
		u64	base, size;
	} range[MACHINE_MAX_RANGES];
	struct {
		u8	smmu;
		u32	sid;
	} stream[MACHINE_MAX_RANGES];
};

/**
 * struct machine - a machine to boot
 * @name: for the names of tests
 * @mem: pieces of memory
 * @nr_mem: how many
 * @smmus: SMMUs
 * @flags: PKVM_IOMMU_F_* that the host passes for each
 * @nr_smmus: how many
 * @devices: devices that may be assigned
 * @nr_devices: how many
 * @policy: PKVM_IOMMU_FINALISE_*
 * @window: MMIO high up that the host's devices are to reach
 * @withheld: registers that nobody is to have
 */
struct machine {
	const char		*name;
	struct memblock_region	mem[NATIVE_MAX_PIECES];
	unsigned int		nr_mem;
	struct sim_config	smmus[SIM_MAX_SMMUS];
	u64			flags[SIM_MAX_SMMUS];
	unsigned int		nr_smmus;
	struct machine_device	devices[MACHINE_MAX_DEVICES];
	unsigned int		nr_devices;
	u64			policy;
	struct {
		u64	base, size;
	} window, withheld;
};

/* Machines that differ in what the product looks at; the first is the default */
unsigned int machine_count(void);
struct machine machine_get(unsigned int i);

/* Streams of the devices; every SMMU has them, several lie in one chunk */
#define NR_SIDS		8
extern const u32 machine_sids[NR_SIDS];

/* Boot up to and including the last call of the host that is trusted */
extern struct machine machine_now;
/* What the host reserves for EL2, at NATIVE_MEM_START */
extern unsigned long pkvm_iommu_reserve_nr;
void machine_prepare(const struct machine *m, u64 seed);
long machine_register(const struct machine *m, unsigned int smmu);
void machine_register_devices(const struct machine *m);
void machine_boot(const struct machine *m, u64 seed);

/* Pages of the host, full of what looks like page-table entries */
u64 host_page_get(void);
u64 host_pages_get(unsigned int nr);
void host_page_put(u64 phys);
unsigned int host_pages_left(void);

/* A list of pages, as the host makes it, and one that EL2 returned */
u64 host_list(unsigned int nr);
void host_list_put(u64 head, u64 nr);

/* Calls as the host's driver makes them: memory is lent when it is asked for */
int host_topup(unsigned int nr);
int host_vm_topup(u64 vm, unsigned int nr);
struct call_result host_do(u64 op, u64 x2, u64 x3, u64 x4, u64 x5, u64 x6);
int host_drain(u64 vm);

#endif /* NATIVE_MACHINE_H */
