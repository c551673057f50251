// SPDX-License-Identifier: GPL-2.0-only
#include "guest_plain.h"

struct vfio_dev pair;

/* The handle of a domain that engine 0 is attached to, with the first pages mapped */
uint64_t open_mapped(struct guest *g, size_t mapped)
{
	uint64_t domain;

	if (!guest_open(g, &pair, PAGES, 2))
		return 0;
	domain = alloc_domain(g);
	expect_eq(attach(g, 0, domain), SUCCESS);
	touch(g, 0, mapped);
	expect_eq(map_all(g, domain, IOVA, page_ipa(0), mapped * page_size), mapped * page_size);
	return test_failed ? 0 : domain;
}

void close_mapped(struct guest *g)
{
	guest_close(g);
	expect_all_returned();
}

int set_slot(const struct pvm *pvm, uint32_t slot, uint32_t flags, uint64_t ipa,
	     uint64_t size, void *mem)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = ipa, .memory_size = size,
		.userspace_addr = (uintptr_t)mem,
	};

	return err(ioctl(pvm->vm, KVM_SET_USER_MEMORY_REGION, &region));
}
