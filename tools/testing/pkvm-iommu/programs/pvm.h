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

void pvm_destroy(struct pvm *pvm);
int pvm_create(struct pvm *pvm, size_t nr_pages, bool protected);
int pvm_open_vcpu(struct pvm *pvm, const struct pvm *first, unsigned int nr);
void pvm_close_vcpu(struct pvm *pvm);

/* Set by whoever has a reason not to wait for the guest any longer */
extern volatile sig_atomic_t pvm_give_up;
int64_t pvm_run(struct pvm *pvm);
int64_t pvm_call(struct pvm *pvm, enum pvm_order order, size_t first, size_t nr,
		 uint64_t seed);
int64_t pvm_hvc(struct pvm *pvm, uint64_t func, uint64_t ipa);
uint64_t pvm_word(size_t page, size_t offset, uint64_t seed);

#endif
