/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM with a device, whose guest makes exactly the hypercalls that a test wants. The
 * device's registers stay with the VMM, which is how a test has it do DMA; what it
 * reaches is up to the guest. It is a protected VM, but with GUEST_PLAIN=1 in the
 * environment.
 */
#ifndef PKVM_IOMMU_PROGRAMS_GUEST_H
#define PKVM_IOMMU_PROGRAMS_GUEST_H

#include "pvm.h"
#include "vfio_vm.h"

/*
 * Numbers of the ABI, as they are in guests that exist. Not from the kernel's
 * header: that must not change either.
 */
#define DEV_REQ_DMA	0xc600003dULL
#define PVIOMMU_OP	0xc600003eULL
#define DEV_REQ_MMIO	0xc600003fULL
#define HYP_MEMINFO	0xc6000002ULL

enum { ATTACH_DEV, DETACH_DEV, ALLOC_DOMAIN, FREE_DOMAIN, MAP_PAGES, UNMAP_PAGES,
       FEATURES = 0x10, GET_EVENT };

/* Results of GET_EVENT, in x3 */
#define EVENT_TYPE(x3)	((x3) & 0xff)
#define EVENT_PRIV	0x100
#define EVENT_INSTR	0x200
#define EVENT_READ	0x400
#define EVENT_IOVA	0x800
#define EVENT_VALID	0x1000
#define EVENT_LOST(x3)	((x3) >> 32)
#define F_TRANSLATION	0x10

#define PROT_DMA_READ	1
#define PROT_DMA_WRITE	2
#define PROT_CACHE	4
#define PROT_NOEXEC	8
#define PROT_MMIO	16
#define PROT_PRIV	32
#define RW		(PROT_DMA_READ | PROT_DMA_WRITE | PROT_CACHE)

#define SUCCESS		0
#define NOT_SUPPORTED	-1
#define REFUSED		-3	/* INVALID_PARAMETER */

/* Random, as VMMs choose them; the second one has all bits that can be lost */
#define VSID_0		0x1d
#define VSID_1		0xfffffffe

#define ENGINE_SIZE	0x100000ULL

/* Where tests map, clear of anything that is 0 or looks like an address */
#define IOVA		0x40000000ULL

struct guest {
	struct pvm pvm;
	const struct vfio_dev *dev;
	int container, group, kvm_vfio, device, pviommu;
	uint64_t id;			/* of the pvIOMMU */
	uint32_t nr_engines;
	uint32_t vsid[2];
	volatile uint8_t *regs[2];
	uint64_t sid[2];
	bool dead;		/* it did not come back from a call */
};

/* What a hypercall left in the registers */
struct answer {
	int64_t x0;
	uint64_t x1, x2, x3;
	uint64_t changed;	/* other than 0: x4 to x6 did */
	uint64_t count;		/* calls that succeeded */
};

bool guest_is_plain(void);
uint64_t page_ipa(size_t page);
struct answer hvc_many(struct guest *g, const uint64_t x[7], uint64_t step, uint64_t max);
struct answer hvc(struct guest *g, uint64_t func, uint64_t x1, uint64_t x2, uint64_t x3,
		  uint64_t x4, uint64_t x5, uint64_t x6);

#define op(g, nr, x2, x3, x4, x5, x6)					\
	hvc(g, PVIOMMU_OP, nr, x2, x3, x4, x5, x6)

/* What is refused gives nothing */
#define expect_status(got, status, fmt, ...)				\
	({								\
		struct answer __a = (got);				\
		expect(__a.x0 == (status) && !__a.x1 && !__a.x2 && !__a.x3, \
		       "%lld %#llx %#llx %#llx: " fmt, (long long)__a.x0, \
		       (long long)__a.x1, (long long)__a.x2,		\
		       (long long)__a.x3, ##__VA_ARGS__);		\
	})

#define expect_refused(got)	expect_status(got, REFUSED, "not refused")

int64_t alloc_domain(struct guest *g);
int64_t free_domain(struct guest *g, uint64_t domain);
int64_t attach(struct guest *g, unsigned int engine, uint64_t domain);
int64_t detach(struct guest *g, unsigned int engine, uint64_t domain);
uint64_t map_once(struct guest *g, uint64_t domain, uint64_t iova, uint64_t ipa,
		  uint64_t size, uint64_t prot);
uint64_t unmap_once(struct guest *g, uint64_t domain, uint64_t iova, uint64_t size);
uint64_t map_all(struct guest *g, uint64_t domain, uint64_t iova, uint64_t ipa,
		 uint64_t size);
uint64_t unmap_all(struct guest *g, uint64_t domain, uint64_t iova, uint64_t size);
void touch(struct guest *g, size_t first, size_t nr);
uint64_t block_size(struct guest *g);
void guest_close(struct guest *g);
void expect_all_returned(void);

/* What a test does to a VM that has no device yet */
extern void (*guest_before_devices)(const struct pvm *pvm);
bool guest_prepare(struct guest *g, const struct vfio_dev *dev, size_t nr_pages,
		   uint32_t nr_engines);
bool guest_open(struct guest *g, const struct vfio_dev *dev, size_t nr_pages,
		uint32_t nr_engines);

#endif
