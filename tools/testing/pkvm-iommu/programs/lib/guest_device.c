// SPDX-License-Identifier: GPL-2.0-only
#include "guest_device.h"

uint64_t regs_ipa(unsigned int engine, uint64_t reg)
{
	return REGS_IPA + engine * ENGINE_SIZE + reg;
}

/* A memory slot of what VFIO maps */
bool add_slot(struct guest *g, uint32_t slot, uint64_t ipa, volatile void *at,
	      uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = ipa, .memory_size = size,
		.userspace_addr = (uintptr_t)at,
	};

	return expect_eq(err(ioctl(g->pvm.vm, KVM_SET_USER_MEMORY_REGION, &region)), 0);
}

/* One load or store of 64 bits by the guest */
int64_t guest_access(struct guest *g, enum pvm_order order, uint64_t ipa, uint64_t value)
{
	uint64_t args[] = { order, ipa, ipa + 8, ipa ^ value };

	memcpy(&g->pvm.doorbell[PVM_ORDER], args, sizeof(args));
	return pvm_run(&g->pvm);
}

void guest_write(struct guest *g, unsigned int engine, uint64_t reg, uint64_t value)
{
	expect_eq(guest_access(g, PVM_FILL, regs_ipa(engine, reg), value), 0);
}

bool guest_reads(struct guest *g, unsigned int engine, uint64_t reg, uint64_t value)
{
	return !guest_access(g, PVM_COUNT_WRONG, regs_ipa(engine, reg), value);
}

/* As edu_dma(), but the guest does it */
void guest_dma(struct guest *g, unsigned int engine, bool to_bus, uint64_t addr)
{
	uint64_t end = now_ms() + 20000, dir = to_bus ? EDU_TO_BUS : 0;

	guest_write(g, engine, EDU_SRC, to_bus ? EDU_BUFFER : addr);
	guest_write(g, engine, EDU_DST, to_bus ? addr : EDU_BUFFER);
	guest_write(g, engine, EDU_COUNT, EDU_BYTES);
	guest_write(g, engine, EDU_CMD, EDU_START | dir);
	while (!guest_reads(g, engine, EDU_CMD, dir)) {
		if (!expect(now_ms() < end, "engine %u does not end", engine))
			return;
		usleep(1000);
	}
}

/* From one page to another, through the device; both are mapped at IOVA */
bool guest_copies(struct guest *g, unsigned int engine, size_t from, size_t to)
{
	uint64_t seed = next_seed(), want = seed ^ page_ipa(from) ^ page_ipa(to);

	expect_eq(guest_words(g, PVM_FILL, from, seed), 0);
	expect_eq(guest_words(g, PVM_FILL, to, next_seed()), 0);
	guest_dma(g, engine, false, IOVA + from * page_size);
	guest_dma(g, engine, true, IOVA + to * page_size);
	return !guest_words(g, PVM_COUNT_WRONG, to, want);
}
