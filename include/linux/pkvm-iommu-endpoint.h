/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of the host driver of the pKVM IOMMU: assigning endpoints, the streams of a
 * device, to a VM under pKVM.
 *
 * A device has endpoints 0 to pkvm_iommu_num_endpoints() - 1, one for each of its stream
 * IDs. Before a VM runs for the first time, its front end (KVM's VFIO device, or iommufd)
 * can give an endpoint a virtual stream ID (vSID) on a paravirtual IOMMU (pvIOMMU) of the
 * VM. The host gets all endpoints back together when the VM dies. Only EL2 and the host
 * driver know the physical stream IDs.
 *
 * EL2 reports a fault of a VM's device to the VM, and without the address to the host,
 * which calls the listeners of the VM.
 *
 * The front end keeps the device in the blocking domain, decides who may use it, and
 * chooses the numbers of the pvIOMMUs. KVM donates memory for the VM while it runs
 * (pkvm_iommu_topup_vm()), and has EL2 return everything when it dies
 * (pkvm_iommu_drain_vm()).
 */
#ifndef __LINUX_PKVM_IOMMU_ENDPOINT_H
#define __LINUX_PKVM_IOMMU_ENDPOINT_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/types.h>

struct device;

/**
 * enum pkvm_iommu_isolation - whether EL2 isolates the DMA of the host's devices (I11)
 * @PKVM_IOMMU_ISOLATION_NONE: it does not
 * @PKVM_IOMMU_ISOLATION_PARTIAL: it does behind some of the IOMMUs and PCI buses that
 *	firmware describes
 * @PKVM_IOMMU_ISOLATION_FULL: it does behind all of them
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

/* Flags of struct pkvm_iommu_event: PVIOMMU_EVENT_* of EL2, shifted */
#define PKVM_IOMMU_EVENT_PRIV	BIT(0)	/* privileged access */
#define PKVM_IOMMU_EVENT_INSTR	BIT(1)	/* instruction fetch */
#define PKVM_IOMMU_EVENT_READ	BIT(2)	/* read, else write */
#define PKVM_IOMMU_EVENT_ACCESS	BIT(3)	/* the three flags above are valid */
/* The IOMMU failed and blocks all DMA of the endpoint until the machine is reset */
#define PKVM_IOMMU_EVENT_DEAD	BIT(4)

/**
 * struct pkvm_iommu_event - a fault of an endpoint of a VM
 * @pviommu: number of the pvIOMMU
 * @vsid: virtual stream ID of the endpoint on that pvIOMMU
 * @type: number of the event in the SMMUv3 specification, 0 with PKVM_IOMMU_EVENT_DEAD
 * @flags: PKVM_IOMMU_EVENT_*
 */
struct pkvm_iommu_event {
	u32	pviommu;
	u32	vsid;
	u32	type;
	u32	flags;
};

/**
 * struct pkvm_iommu_listener - a callback for the faults of a VM
 * @vm: pKVM handle of the VM
 * @event: called for each fault. It may sleep, and must not take a lock that the caller
 *	of pkvm_iommu_listen() or pkvm_iommu_unlisten() holds
 * @node: entry in the list of listeners
 */
struct pkvm_iommu_listener {
	pkvm_handle_t		vm;
	void			(*event)(struct pkvm_iommu_listener *listener,
					 const struct pkvm_iommu_event *event);
	struct list_head	node;
};

/**
 * struct pkvm_iommu_account - account of the memory that EL2 holds for a VM
 * @mm: the pages count as locked memory of this mm, see RLIMIT_MEMLOCK
 * @max: limit, in pages; the front end may change it at any time
 * @lock: guards @held
 * @held: number of pages that EL2 holds
 *
 * The front end allocates it, zeroed except for @mm and @lock, before the first endpoint
 * of the VM, and keeps it until its last call of pkvm_iommu_drain_vm().
 */
struct pkvm_iommu_account {
	struct mm_struct	*mm;
	unsigned long		max;
	struct mutex		lock;	/* guards held */
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
