/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The smallest protected VM: one vCPU without MMU, one page of code and as many
 * pages of data as the test wants. Every page that the guest touches is donated
 * to it, that is all the tests need.
 */
#ifndef PKVM_IOMMU_PROGRAMS_PVM_H
#define PKVM_IOMMU_PROGRAMS_PVM_H

#include <linux/kvm.h>
#include <sys/resource.h>

#include "test.h"

#ifndef KVM_VM_TYPE_ARM_PROTECTED
#define KVM_VM_TYPE_ARM_PROTECTED	(1UL << 31)
#endif

#define PVM_IPA		0x80000000ULL
#define PVM_DOORBELL	0x09000000ULL
/* Hypercalls of any protected VM */
#define MEM_SHARE	0xc6000003ULL
#define MEM_UNSHARE	0xc6000004ULL

#define PVM_REG(r)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
			 KVM_REG_ARM_CORE_REG(r))

/*
 * The guest. Nothing is behind the doorbell's address: each access leaves to
 * the VMM, which answers reads with the next order and takes the result.
 * Order 0 writes the pattern to [x1, x2[, order 1 counts the words that differ.
 * Order 2 makes a hypercall, again and again with a larger x3 while the status is
 * 0, up to a number; it gives x1, x2, x3, whether x4 to x6 changed, the number of
 * calls that succeeded, and x0.
 * Order 3 makes hypercalls at random, x3 of them, from the table at x1 and the seed
 * x2: struct pvm_calls. It gives the number of those that succeeded, and of those
 * that gave something back though refused, or changed what is no result.
 * Order 4 reads a word at each x3 bytes of [x1, x2[ and counts those that are not 0.
 * Order 5 stores the low half of x3 at x1, order 6 gives the 32 bits there.
 */
extern const char pvm_code[] __attribute__((visibility("hidden")));
extern const char pvm_code_end[] __attribute__((visibility("hidden")));
#define PVM_CODE_SIZE	(pvm_code_end - pvm_code)

asm(".pushsection .rodata\n"
    ".balign 4\n"
    "pvm_code:\n"
    "	mov	x19, #0x09000000\n"
    "1:	ldr	x0, [x19]\n"
    "	ldr	x1, [x19, #8]\n"
    "	ldr	x2, [x19, #16]\n"
    "	ldr	x3, [x19, #24]\n"
    "	mov	x4, #0\n"
    "	cmp	x0, #2\n"
    "	b.eq	6f\n"
    "	b.hi	9f\n"
    "2:	cmp	x1, x2\n"
    "	b.hs	4f\n"
    "	eor	x5, x1, x3\n"
    "	cbz	x0, 3f\n"
    "	ldr	x6, [x1]\n"
    "	cmp	x5, x6\n"
    "	cinc	x4, x4, ne\n"
    "	b	5f\n"
    "3:	str	x5, [x1]\n"
    "5:	add	x1, x1, #8\n"
    "	b	2b\n"
    "4:	str	x4, [x19, #32]\n"
    "	b	1b\n"
    "6:	ldr	x20, [x19, #80]\n"
    "	ldr	x21, [x19, #88]\n"
    "	ldr	x22, [x19, #96]\n"
    "	ldr	x23, [x19, #104]\n"
    "	ldr	x24, [x19, #112]\n"
    "	ldr	x25, [x19, #120]\n"
    "	ldr	x26, [x19, #128]\n"
    "	ldr	x27, [x19, #136]\n"
    "	ldr	x28, [x19, #144]\n"
    "	mov	x29, #0\n"
    "7:	mov	x0, x20\n"
    "	mov	x1, x21\n"
    "	mov	x2, x22\n"
    "	mov	x3, x23\n"
    "	mov	x4, x24\n"
    "	mov	x5, x25\n"
    "	mov	x6, x26\n"
    "	hvc	#0\n"
    "	cbnz	x0, 8f\n"
    "	add	x29, x29, #1\n"
    "	add	x23, x23, x27\n"
    "	cmp	x29, x28\n"
    "	b.lo	7b\n"
    "8:	str	x1, [x19, #40]\n"
    "	str	x2, [x19, #48]\n"
    "	str	x3, [x19, #56]\n"
    "	eor	x4, x4, x24\n"
    "	eor	x5, x5, x25\n"
    "	eor	x6, x6, x26\n"
    "	orr	x4, x4, x5\n"
    "	orr	x4, x4, x6\n"
    "	str	x4, [x19, #64]\n"
    "	str	x29, [x19, #72]\n"
    "	str	x0, [x19, #32]\n"
    "	b	1b\n"
    "9:	cmp	x0, #4\n"
    "	b.eq	13f\n"
    "	b.hi	15f\n"
    "	mov	x20, x1\n"
    "	mov	x21, x2\n"
    "	mov	x22, x3\n"
    "	mov	x28, #0\n"
    "	mov	x29, #0\n"
    "10:	eor	x21, x21, x21, lsl #13\n"
    "	eor	x21, x21, x21, lsr #7\n"
    "	eor	x21, x21, x21, lsl #17\n"
    "	and	x23, x21, #15\n"
    "	add	x23, x20, x23, lsl #8\n"
    "	ubfx	x24, x21, #8, #2\n"
    "	ldr	x0, [x23, x24, lsl #3]\n"
    "	add	x23, x23, #32\n"
    "	ubfx	x24, x21, #10, #2\n"
    "	ldr	x1, [x23, x24, lsl #3]\n"
    "	add	x23, x23, #32\n"
    "	ubfx	x24, x21, #12, #2\n"
    "	ldr	x2, [x23, x24, lsl #3]\n"
    "	add	x23, x23, #32\n"
    "	ubfx	x24, x21, #14, #2\n"
    "	ldr	x3, [x23, x24, lsl #3]\n"
    "	add	x23, x23, #32\n"
    "	ubfx	x24, x21, #16, #2\n"
    "	ldr	x4, [x23, x24, lsl #3]\n"
    "	add	x23, x23, #32\n"
    "	ubfx	x24, x21, #18, #2\n"
    "	ldr	x5, [x23, x24, lsl #3]\n"
    "	add	x23, x23, #32\n"
    "	ubfx	x24, x21, #20, #2\n"
    "	ldr	x6, [x23, x24, lsl #3]\n"
    "	ubfx	x24, x21, #32, #4\n"
    "	cmp	x24, #0\n"
    "	csel	x3, x21, x3, eq\n"
    "	cmp	x24, #1\n"
    "	csel	x4, x21, x4, eq\n"
    "	cmp	x24, #2\n"
    "	csel	x5, x21, x5, eq\n"
    "	mov	x25, x4\n"
    "	mov	x26, x5\n"
    "	mov	x27, x6\n"
    "	hvc	#0\n"
    "	cbz	x0, 11f\n"
    "	orr	x1, x1, x2\n"
    "	orr	x1, x1, x3\n"
    "	cmp	x1, #0\n"
    "	cinc	x28, x28, ne\n"
    "	b	12f\n"
    "11:	add	x29, x29, #1\n"
    "12:	eor	x4, x4, x25\n"
    "	eor	x5, x5, x26\n"
    "	eor	x6, x6, x27\n"
    "	orr	x4, x4, x5\n"
    "	orr	x4, x4, x6\n"
    "	cmp	x4, #0\n"
    "	cinc	x28, x28, ne\n"
    "	subs	x22, x22, #1\n"
    "	b.ne	10b\n"
    "	str	x29, [x19, #72]\n"
    "	str	x28, [x19, #32]\n"
    "	b	1b\n"
    "13:	cmp	x1, x2\n"
    "	b.hs	14f\n"
    "	ldr	x6, [x1]\n"
    "	cmp	x6, #0\n"
    "	cinc	x4, x4, ne\n"
    "	add	x1, x1, x3\n"
    "	b	13b\n"
    "14:	str	x4, [x19, #32]\n"
    "	b	1b\n"
    "15:	cmp	x0, #5\n"
    "	b.hi	16f\n"
    "	str	w3, [x1]\n"
    "	b	14b\n"
    "16:	ldr	w4, [x1]\n"
    "	b	14b\n"
    "pvm_code_end:\n"
    ".popsection\n");

enum pvm_order { PVM_FILL, PVM_COUNT_WRONG, PVM_HVC, PVM_HVC_RANDOM, PVM_COUNT_READ,
		 PVM_STORE32, PVM_LOAD32 };

/* Calls to choose from, and for each of x0 to x6 four values */
struct pvm_calls {
	struct pvm_call {
		uint64_t x[7][4];
		uint64_t unused[4];
	} call[16];
};

/* The doorbell's registers: what the guest reads, what it writes */
enum {
	PVM_ORDER,
	PVM_RESULT = 4, PVM_X1, PVM_X2, PVM_X3, PVM_CHANGED, PVM_COUNT,
	PVM_CALL, PVM_STEP = PVM_CALL + 7, PVM_MAX, NR_PVM_DOORBELLS
};

struct pvm {
	int vm;
	int vcpu;
	struct kvm_run *run;
	size_t run_size;
	uint8_t *mem;		/* nr_pages of data, then the page of code */
	size_t nr_pages;
	uint64_t *phys;		/* of each page, from before it was donated */
	uint64_t code_ipa;
	uint64_t doorbell[NR_PVM_DOORBELLS];
};

static int pvm_set_reg(struct pvm *pvm, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(pvm->vcpu, KVM_SET_ONE_REG, &reg);
}

static void pvm_destroy(struct pvm *pvm)
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
static int pvm_create(struct pvm *pvm, size_t nr_pages, bool protected)
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
static int __unused_fn pvm_open_vcpu(struct pvm *pvm, const struct pvm *first,
				     unsigned int nr)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), ret;

	*pvm = (struct pvm) { .vm = first->vm, .code_ipa = first->code_ipa };
	ret = pvm_init_vcpu(pvm, kvm, nr);
	close(kvm);
	return ret;
}

static void __unused_fn pvm_close_vcpu(struct pvm *pvm)
{
	if (pvm->run && pvm->run != MAP_FAILED)
		munmap(pvm->run, pvm->run_size);
	if (pvm->vcpu > 0)
		close(pvm->vcpu);
	*pvm = (struct pvm) { };
}

/* Set by whoever has a reason not to wait for the guest any longer */
static volatile sig_atomic_t pvm_give_up;

/*
 * Have the guest carry out the order at its doorbell. Returns its result, or -1
 * with errno from KVM_RUN.
 */
static int64_t pvm_run(struct pvm *pvm)
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
static int64_t __unused_fn pvm_call(struct pvm *pvm, enum pvm_order order,
				    size_t first, size_t nr, uint64_t seed)
{
	uint64_t from = PVM_IPA + first * page_size;
	uint64_t args[] = { order, from, from + nr * page_size, seed };

	memcpy(&pvm->doorbell[PVM_ORDER], args, sizeof(args));
	return pvm_run(pvm);
}

/* One hypercall about an address: its status, or -1 */
static int64_t __unused_fn pvm_hvc(struct pvm *pvm, uint64_t func, uint64_t ipa)
{
	pvm->doorbell[PVM_ORDER] = PVM_HVC;
	memset(&pvm->doorbell[PVM_CALL], 0, (NR_PVM_DOORBELLS - PVM_CALL) * sizeof(uint64_t));
	pvm->doorbell[PVM_CALL] = func;
	pvm->doorbell[PVM_CALL + 1] = ipa;
	pvm->doorbell[PVM_MAX] = 1;
	return pvm_run(pvm);
}

static uint64_t __unused_fn pvm_word(size_t page, size_t offset, uint64_t seed)
{
	return (PVM_IPA + page * page_size + offset) ^ seed;
}

#endif
