// SPDX-License-Identifier: GPL-2.0-only
#include "pvm_access.h"

/* One store or load of 32 bits at an address; -1 and errno if KVM_RUN ends */
int64_t pvm_store32(struct pvm *pvm, uint64_t ipa, uint32_t value)
{
	uint64_t args[] = { PVM_STORE32, ipa, 0, value };

	memcpy(&pvm->doorbell[PVM_ORDER], args, sizeof(args));
	return pvm_run(pvm);
}

int64_t pvm_load32(struct pvm *pvm, uint64_t ipa)
{
	uint64_t args[] = { PVM_LOAD32, ipa };

	memcpy(&pvm->doorbell[PVM_ORDER], args, sizeof(args));
	return pvm_run(pvm);
}

/* The guest loads 32 bits; does that leave to the VMM? */
bool pvm_traps(struct pvm *pvm, uint64_t ipa)
{
	return expect(pvm_load32(pvm, ipa) == -1 && errno == EPROTO, "errno %d", errno) &&
	       expect_eq(pvm->run->exit_reason, (unsigned int)KVM_EXIT_MMIO) &&
	       expect_eq(pvm->run->mmio.phys_addr, ipa) &&
	       expect(!pvm->run->mmio.is_write, "a store");
}

/* ... which answers, and the guest goes on */
int64_t pvm_answer(struct pvm *pvm, uint32_t value)
{
	memcpy(pvm->run->mmio.data, &value, sizeof(value));
	return pvm_run(pvm);
}

int pvm_set_slot(struct pvm *pvm, uint32_t slot, uint32_t flags, uint64_t ipa,
		 uint64_t size, volatile void *at)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = ipa, .memory_size = size,
		.userspace_addr = (uintptr_t)at,
	};

	return ioctl(pvm->vm, KVM_SET_USER_MEMORY_REGION, &region) ? errno : 0;
}
