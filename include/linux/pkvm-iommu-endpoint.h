/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Endpoints: how the host gives the streams of a device to a VM under pKVM.
 *
 * A device has endpoints 0 to pkvm_iommu_num_endpoints() - 1, one for each of
 * its stream IDs. Each can be given a virtual stream ID (vSID) on a paravirtual
 * IOMMU (pvIOMMU) of one VM, before that VM runs for the first time. They come
 * back together when the VM dies. Nobody but EL2 and the driver of the IOMMU
 * ever needs the physical stream IDs.
 *
 * What a VM's devices do wrong is told to the VM by EL2, and to whoever listens for
 * it here: that there is a fault, not the address, which is the VM's own affair.
 *
 * A front end (KVM-VFIO, iommufd) holds the device in the blocking domain,
 * decides who may use it, and chooses the numbers of the pvIOMMUs. KVM tops the
 * VM up while it runs and drains it when it dies.
 */
#ifndef __LINUX_PKVM_IOMMU_ENDPOINT_H
#define __LINUX_PKVM_IOMMU_ENDPOINT_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/types.h>

struct device;

/**
 * enum pkvm_iommu_isolation - does EL2 isolate the DMA of the host's devices? (I11)
 * @PKVM_IOMMU_ISOLATION_NONE: no
 * @PKVM_IOMMU_ISOLATION_PARTIAL: behind some of the IOMMUs and PCI buses of the
 *	firmware's description
 * @PKVM_IOMMU_ISOLATION_FULL: behind all of them
 */
enum pkvm_iommu_isolation {
	PKVM_IOMMU_ISOLATION_NONE,
	PKVM_IOMMU_ISOLATION_PARTIAL,
	PKVM_IOMMU_ISOLATION_FULL,
};

#ifdef CONFIG_PKVM_IOMMU
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/mutex.h>

/* As EL2 gives them, see <linux/pkvm-iommu-guest.h> */
#define PKVM_IOMMU_EVENT_PRIV	BIT(0)	/* privileged access */
#define PKVM_IOMMU_EVENT_INSTR	BIT(1)	/* instruction fetch */
#define PKVM_IOMMU_EVENT_READ	BIT(2)	/* read, else write */
#define PKVM_IOMMU_EVENT_ACCESS	BIT(3)	/* the three above mean something */
/* The IOMMU failed: nothing of the endpoint gets through any more */
#define PKVM_IOMMU_EVENT_DEAD	BIT(4)

/**
 * struct pkvm_iommu_event - a fault of an endpoint that a VM has
 * @pviommu: number of the pvIOMMU
 * @vsid: what the VM calls the endpoint
 * @type: type of event as SMMUv3 numbers them, 0 with PKVM_IOMMU_EVENT_DEAD
 * @flags: PKVM_IOMMU_EVENT_*
 */
struct pkvm_iommu_event {
	u32	pviommu;
	u32	vsid;
	u32	type;
	u32	flags;
};

/**
 * struct pkvm_iommu_listener - who wants to know of the faults of a VM
 * @vm: pKVM handle of the VM
 * @event: called for each, may sleep, must not take what is held when a listener
 *	is added or removed
 * @node: entry in the list of listeners
 */
struct pkvm_iommu_listener {
	pkvm_handle_t		vm;
	void			(*event)(struct pkvm_iommu_listener *listener,
					 const struct pkvm_iommu_event *event);
	struct list_head	node;
};

/**
 * struct pkvm_iommu_account - memory that EL2 holds for a VM, and who pays for it
 * @mm: who: the pages count as locked memory, see RLIMIT_MEMLOCK
 * @max: most pages; may change at any time
 * @lock: guards @held
 * @held: pages
 *
 * Its user makes it, zeroed but for @mm and @lock, before the first endpoint of the VM,
 * and keeps it until pkvm_iommu_drain_vm() was called for the last time.
 */
struct pkvm_iommu_account {
	struct mm_struct	*mm;
	unsigned long		max;
	struct mutex		lock;	/* of @held */
	unsigned long		held;
};

void pkvm_iommu_listen(struct pkvm_iommu_listener *listener);
void pkvm_iommu_unlisten(struct pkvm_iommu_listener *listener);

bool pkvm_iommu_available(void);
enum pkvm_iommu_isolation pkvm_iommu_isolation(void);
int pkvm_iommu_num_endpoints(struct device *dev);
int pkvm_iommu_input_bits(struct device *dev);
int pkvm_iommu_set_endpoint_vsid(pkvm_handle_t vm,
				 struct pkvm_iommu_account *account,
				 u32 pviommu, struct device *dev,
				 unsigned int index, u32 vsid, bool protected);
int pkvm_iommu_topup_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account,
			unsigned long nr_pages);
int pkvm_iommu_drain_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account);
bool pkvm_iommu_registers_get(struct device *dev);
void pkvm_iommu_registers_put(struct device *dev);
bool pkvm_iommu_flush_lazy(void);
bool pkvm_iommu_has_hardware(void);
int pkvm_iommu_hide_hardware(void *fdt);
#else
static inline bool pkvm_iommu_available(void)
{
	return false;
}

static inline enum pkvm_iommu_isolation pkvm_iommu_isolation(void)
{
	return PKVM_IOMMU_ISOLATION_NONE;
}

static inline int pkvm_iommu_num_endpoints(struct device *dev)
{
	return -ENODEV;
}

static inline bool pkvm_iommu_registers_get(struct device *dev)
{
	return true;
}

static inline void pkvm_iommu_registers_put(struct device *dev)
{
}

static inline bool pkvm_iommu_flush_lazy(void)
{
	return false;
}

static inline bool pkvm_iommu_has_hardware(void)
{
	return false;
}

static inline int pkvm_iommu_hide_hardware(void *fdt)
{
	return 0;
}
#endif

#endif /* __LINUX_PKVM_IOMMU_ENDPOINT_H */
