// SPDX-License-Identifier: GPL-2.0-only
#include "pvm.h"

static int pvm_set_reg(struct pvm *pvm, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(pvm->vcpu, KVM_SET_ONE_REG, &reg);
}

void pvm_destroy(struct pvm *pvm)
{
	if (pvm->run && pvm->run != MAP_FAILED)
		munmap(pvm->run, pvm->run_size);
	if (pvm->vcpu > 0)
		close(pvm->vcpu);
	if (pvm->vm > 0)
		close(pvm->vm);
	if (pvm->mem && pvm->mem != MAP_FAILED)
		munmap(pvm->mem, (pvm->nr_pages + 1) * page_size);
	free(pvm->phys);
	memset(pvm, 0, sizeof(*pvm));
}

static int pvm_init_vcpu(struct pvm *pvm, int kvm, unsigned int nr)
{
	struct kvm_vcpu_init init = { };

	pvm->vcpu = ioctl(pvm->vm, KVM_CREATE_VCPU, nr);
	if (pvm->vcpu < 0)
		return -1;
	pvm->run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	pvm->run = mmap(NULL, pvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			pvm->vcpu, 0);
	if (pvm->run == MAP_FAILED)
		return -1;
	if (ioctl(pvm->vm, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(pvm->vcpu, KVM_ARM_VCPU_INIT, &init))
		return -1;
	return pvm_set_reg(pvm, PVM_REG(regs.pc), pvm->code_ipa);
}

/*
 * Memory that looks the same to the host and to the guest as far as the alignment
 * of large pages goes, and is made of them if there are.
 */
static uint8_t *pvm_memory(size_t size)
{
	size_t spare = size < SZ_2M ? 0 : SZ_2M;
	uint8_t *mem = mmap(NULL, size + spare, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t skip = spare ? -(uintptr_t)mem % spare : 0;

	if (mem == MAP_FAILED)
		return mem;
	if (skip)
		munmap(mem, skip);
	if (spare - skip)
		munmap(mem + skip + size, spare - skip);
	mem += skip;
	madvise(mem, size, MADV_HUGEPAGE);
	memset(mem, 0, size);
	return mem;
}

/* On failure errno says why and there is nothing left to destroy */
int pvm_create(struct pvm *pvm, size_t nr_pages, bool protected)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	size_t size = (nr_pages + 1) * page_size;
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = PVM_IPA, .memory_size = size,
	};
	int kvm, err;

	memset(pvm, 0, sizeof(*pvm));
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	pvm->nr_pages = nr_pages;
	pvm->code_ipa = PVM_IPA + nr_pages * page_size;
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return -1;
	pvm->vm = ioctl(kvm, KVM_CREATE_VM,
			protected ? KVM_VM_TYPE_ARM_PROTECTED : 0);
	if (pvm->vm < 0)
		goto fail;
	pvm->mem = pvm_memory(size);
	if (pvm->mem == MAP_FAILED)
		goto fail;
	memcpy(pvm->mem + nr_pages * page_size, pvm_code, PVM_CODE_SIZE);
	pvm->phys = calloc(nr_pages + 1, sizeof(*pvm->phys));
	for (size_t i = 0; i <= nr_pages; i++) {
		pvm->phys[i] = virt_to_phys(pvm->mem + i * page_size);
		if (!pvm->phys[i]) {
			errno = ENODATA;
			goto fail;
		}
	}
	slot.userspace_addr = (uintptr_t)pvm->mem;
	if (ioctl(pvm->vm, KVM_SET_USER_MEMORY_REGION, &slot))
		goto fail;
	if (pvm_init_vcpu(pvm, kvm, 0))
		goto fail;
	close(kvm);
	return 0;
fail:
	err = errno;
	close(kvm);
	pvm_destroy(pvm);
	errno = err;
	return -1;
}

/*
 * One more vCPU of a VM that has not run. It has a doorbell of its own, and nothing
 * else: the VM is the other's to destroy, after pvm_close_vcpu().
 */
int pvm_open_vcpu(struct pvm *pvm, const struct pvm *first, unsigned int nr)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), ret;

	*pvm = (struct pvm) { .vm = first->vm, .code_ipa = first->code_ipa };
	ret = pvm_init_vcpu(pvm, kvm, nr);
	close(kvm);
	return ret;
}

void pvm_close_vcpu(struct pvm *pvm)
{
	if (pvm->run && pvm->run != MAP_FAILED)
		munmap(pvm->run, pvm->run_size);
	if (pvm->vcpu > 0)
		close(pvm->vcpu);
	*pvm = (struct pvm) { };
}

volatile sig_atomic_t pvm_give_up;

/*
 * Have the guest carry out the order at its doorbell. Returns its result, or -1
 * with errno from KVM_RUN.
 */
int64_t pvm_run(struct pvm *pvm)
{
	struct kvm_run *run = pvm->run;
	uint64_t reg;

	for (;;) {
		if (pvm_give_up) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (ioctl(pvm->vcpu, KVM_RUN, 0)) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		reg = (run->mmio.phys_addr - PVM_DOORBELL) / 8;
		if (run->exit_reason != KVM_EXIT_MMIO || reg >= NR_PVM_DOORBELLS) {
			ktap_line("# pVM left with reason %u", run->exit_reason);
			errno = EPROTO;
			return -1;
		}
		if (!run->mmio.is_write) {
			memcpy(run->mmio.data, &pvm->doorbell[reg], 8);
			continue;
		}
		memcpy(&pvm->doorbell[reg], run->mmio.data, 8);
		if (reg == PVM_RESULT)
			return pvm->doorbell[reg];
	}
}

/* One order on pages [first, first + nr[ */
int64_t pvm_call(struct pvm *pvm, enum pvm_order order, size_t first, size_t nr,
		 uint64_t seed)
{
	uint64_t from = PVM_IPA + first * page_size;
	uint64_t args[] = { order, from, from + nr * page_size, seed };

	memcpy(&pvm->doorbell[PVM_ORDER], args, sizeof(args));
	return pvm_run(pvm);
}

/* One hypercall about an address: its status, or -1 */
int64_t pvm_hvc(struct pvm *pvm, uint64_t func, uint64_t ipa)
{
	pvm->doorbell[PVM_ORDER] = PVM_HVC;
	memset(&pvm->doorbell[PVM_CALL], 0, (NR_PVM_DOORBELLS - PVM_CALL) * sizeof(uint64_t));
	pvm->doorbell[PVM_CALL] = func;
	pvm->doorbell[PVM_CALL + 1] = ipa;
	pvm->doorbell[PVM_MAX] = 1;
	return pvm_run(pvm);
}

uint64_t pvm_word(size_t page, size_t offset, uint64_t seed)
{
	return (PVM_IPA + page * page_size + offset) ^ seed;
}
