/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host driver of the IOMMUs that the pKVM hypervisor owns: shared declarations.
 *
 * EL2 owns the registers and the tables of the IOMMU. The host driver makes every change
 * by a hypercall (asm/pkvm-iommu-host.h), which EL2 checks and serialises. What depends on
 * the kind of IOMMU is in the driver of the hardware, which uses this one: see
 * drivers/iommu/arm/arm-smmu-v3/pkvm/.
 *
 * Files, in the order in which a boot uses them:
 *
 *	iommu.c			the IOMMUs that EL2 owns
 *	coverage.c		whether EL2 isolates all DMA
 *	window.c		high MMIO in the identity map
 *	assignable.c		describes assignable devices to EL2
 *	group.c			owners of groups of assignable devices
 *	quiet.c			assignable devices without streams
 *	device.c		iommu_ops: devices and their domains
 *	stream.c		records of streams and the devices that use them
 *	attach.c		attaching the streams of a device to a domain
 *	domain.c		iommu_domain_ops: map, unmap
 *	event.c			fault records and errors
 *	endpoint.c		giving endpoints to a VM, and getting them back
 *	assign.c		which VM owns a stream
 *	listener.c		callbacks for the faults of VMs
 *	iova-map.c		what a domain maps
 *	map-list.c		scatterlists
 *	lazy.c			what a flush queue unmaps
 *	memory.c		pages donated to EL2 for its tables
 *	hypercall-init.c	wrappers of the hypercalls until pKVM is finalised
 *	hypercall.c		wrappers of the hypercalls after that
 *	debugfs.c		counters for tests
 *
 * Locking, outermost first:
 *
 *	iommu_probe_device_lock (iommu core) serialises probe_device, of_xlate and
 *	device_group;
 *	pkvm_iommu_listeners_lock guards the list of listeners. The fault work holds it
 *	from asking EL2 for a record until it has called the listeners;
 *	group->mutex (iommu core) serialises attach and release in one group;
 *	assignable_group.lock (group.c) guards the owner of a group of devices;
 *	pkvm_iommu_stream.lock guards the domain to which EL2 has attached the stream.
 *	Whoever changes the domain holds the lock during the hypercall;
 *	pkvm_iommu.streams_lock guards pkvm_iommu.streams, the users and the owner of each
 *	stream, and pkvm_iommu_master.domain against the fault work, which passes the
 *	domain to its fault handler. The iommu core attaches another domain before it frees
 *	one, so the domain exists while the work holds the lock.
 *
 * Only devices of one group share a stream. The driver attaches no stream under
 * streams_lock.
 *
 * The driver holds none of these locks while it accesses user memory or waits for user
 * space. A VM without devices takes none of them.
 *
 * Map, unmap and iova_to_phys may be called in atomic context and take no lock: callers own
 * their IOVA range, and EL2 serialises accesses to shared state. The list of IOMMUs is
 * complete before any driver reads it.
 */
#ifndef __PKVM_IOMMU_HOST_H__
#define __PKVM_IOMMU_HOST_H__

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <asm/pkvm-iommu-host.h>

#include "iova-map.h"
#include "lazy.h"
#include "map-list.h"

struct device_node;
struct kvm_hyp_memcache;
struct pkvm_iommu_account;
struct pkvm_iommu_event;
struct seq_file;

struct pkvm_iommu;

/**
 * struct pkvm_iommu_fault - a fault record, decoded as far as the generic driver uses it
 * @sid: stream ID
 * @has_addr: @read and @addr are valid
 * @read: read, else write
 * @addr: IOVA
 */
struct pkvm_iommu_fault {
	u32	sid;
	bool	has_addr;
	bool	read;
	u64	addr;
};

/**
 * struct pkvm_iommu_event_ops - decoders of the records and errors of a kind of IOMMU
 * @decode: fills a zeroed &struct pkvm_iommu_fault from a record
 * @log: logs a record about a device, which @device names
 * @type_name: returns the name of a type of event, for any number
 * @type_text: returns the meaning of a type of event, for any number
 * @error_text: returns the meaning of a bit of the global errors, or NULL
 */
struct pkvm_iommu_event_ops {
	void		(*decode)(const u64 *rec, struct pkvm_iommu_fault *fault);
	void		(*log)(const struct pkvm_iommu *iommu, const char *device,
			       const u64 *rec);
	const char	*(*type_name)(unsigned int type);
	const char	*(*type_text)(unsigned int type);
	const char	*(*error_text)(unsigned int bit);
};

/**
 * struct pkvm_iommu - an IOMMU that EL2 owns
 * @node: entry in the list of iommu.c
 * @fwnode: its firmware node
 * @id: its number at EL2
 * @base: physical address of its registers, for its name in sysfs
 * @dev: the platform device; NULL until its driver is bound
 * @core: its registration in the iommu core
 * @sid_bits: bits of a stream ID
 * @ias: input address bits of a paging domain
 * @info: PKVM_IOMMU_INFO_*
 * @streams: stream ID -> struct pkvm_iommu_stream
 * @streams_lock: see the top of this file
 * @event_ops: decoders of its fault records
 * @event_work: drains the event queue and handles global errors, repeatedly
 * @wired: the IOMMU has interrupts for faults and errors
 * @dead: the driver has logged that the IOMMU is dead
 * @faults: number of fault records
 * @unknown_rs: limits messages about streams that no device uses
 */
struct pkvm_iommu {
	struct list_head	node;
	struct fwnode_handle	*fwnode;
	unsigned int		id;
	phys_addr_t		base;

	struct device		*dev;
	struct iommu_device	core;
	unsigned int		sid_bits;
	unsigned int		ias;
	u64			info;

	struct xarray		streams;
	struct mutex		streams_lock;	/* see the top of this file */

	const struct pkvm_iommu_event_ops *event_ops;
	struct delayed_work	event_work;
	bool			wired;
	bool			dead;
	atomic_t		faults;
	struct ratelimit_state	unknown_rs;
};

/* Owner of a device that EL2 could not reset, and keeps until the machine is reset */
#define PKVM_IOMMU_NOBODY	((pkvm_handle_t)~0)

/**
 * struct pkvm_iommu_stream - one stream of an IOMMU
 * @sid: its stream ID
 * @lock: see the top of this file
 * @handle: handle of the domain to which EL2 has attached it; while a VM owns it, of the
 *	domain to which the host will attach it when the VM is gone
 * @vm: its owner: pKVM handle of a VM, 0 for the host, or PKVM_IOMMU_NOBODY; written
 *	under both @lock and streams_lock
 * @named: @pviommu and @vsid are valid
 * @pviommu: number of the VM's pvIOMMU in its route
 * @vsid: its virtual stream ID on @pviommu
 * @users: the devices that use it, more than one with PCI aliases
 * @ref: one reference while it is in pkvm_iommu.streams, and one per caller of
 *	pkvm_iommu_find_stream()
 */
struct pkvm_iommu_stream {
	u32			sid;
	struct mutex		lock;	/* see the top of this file */
	u32			handle;
	pkvm_handle_t		vm;
	bool			named;
	u32			pviommu;
	u32			vsid;
	struct list_head	users;
	struct kref		ref;
};

/**
 * struct pkvm_iommu_stream_user - link between a stream and a device
 * @node: entry in &pkvm_iommu_stream.users
 * @stream: the stream
 * @master: the device
 */
struct pkvm_iommu_stream_user {
	struct list_head	node;
	struct pkvm_iommu_stream	*stream;
	struct pkvm_iommu_master	*master;
};

/**
 * struct pkvm_iommu_master - a device behind an IOMMU
 * @dev: the device
 * @iommu: its IOMMU
 * @domain: the domain to which its streams are attached, NULL before the first attach; for
 *	streams that a VM owns see &pkvm_iommu_stream.handle
 * @faults: number of fault records about its streams
 * @rs: limits messages about it, so that it cannot suppress those about other devices
 * @nr_streams: number of its streams
 * @streams: its streams, each once
 */
struct pkvm_iommu_master {
	struct device		*dev;
	struct pkvm_iommu	*iommu;
	struct iommu_domain	*domain;
	atomic_t		faults;
	struct ratelimit_state	rs;
	unsigned int		nr_streams;
	struct pkvm_iommu_stream_user streams[] __counted_by(nr_streams);
};

/**
 * struct pkvm_iommu_domain - a paging domain
 * @domain: the domain in the iommu core
 * @handle: handle of the domain at EL2
 * @mapped: bytes mapped at EL2, for debugfs
 * @map: its mappings, for iova_to_phys
 * @lazy: ranges that a flush queue has unmapped, and that EL2 has still mapped
 * @lazy_node: entry in the list of domains that have used @lazy
 */
struct pkvm_iommu_domain {
	struct iommu_domain	domain;
	u32			handle;
	atomic_long_t		mapped;
	struct pkvm_iova_map	map;
	struct pkvm_lazy	lazy;
	struct list_head	lazy_node;
};

static inline struct pkvm_iommu_domain *
to_pkvm_iommu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct pkvm_iommu_domain, domain);
}

/**
 * struct pkvm_iommu_need - memory that EL2 needs for a request
 * @gfp: flags to allocate it with
 * @pages: number of pages that EL2 asked for
 * @tries: donations without progress so far; their number is limited
 */
struct pkvm_iommu_need {
	gfp_t		gfp;
	unsigned long	pages;
	unsigned int	tries;
};

/* iommu.c */
void pkvm_iommu_add(struct pkvm_iommu *iommu, struct device_node *np);
void pkvm_iommu_forget_all(void);
struct pkvm_iommu *pkvm_iommu_find(const struct fwnode_handle *fwnode);
struct pkvm_iommu *pkvm_iommu_next(struct pkvm_iommu *iommu);

/**
 * enum pkvm_iommu_state - what EL2 does about the DMA behind an IOMMU
 * @PKVM_IOMMU_OPEN: EL2 does not isolate it
 * @PKVM_IOMMU_BLOCKED: EL2 owns the registers, and all DMA aborts
 * @PKVM_IOMMU_ISOLATED: EL2 drives the IOMMU
 */
enum pkvm_iommu_state {
	PKVM_IOMMU_OPEN,
	PKVM_IOMMU_BLOCKED,
	PKVM_IOMMU_ISOLATED,
};

int pkvm_iommu_bind(struct pkvm_iommu *iommu, struct device *dev,
		    const struct pkvm_iommu_event_ops *event_ops);

/* coverage.c */
void pkvm_iommu_cover(struct device_node *np, enum pkvm_iommu_state state,
		      const char *why);
void pkvm_iommu_report_coverage(void);
void pkvm_iommu_show_coverage(struct seq_file *s);

/* window.c */
unsigned long pkvm_iommu_reserve_for_windows(void);
void pkvm_iommu_register_windows(void);

/* stream.c */
int pkvm_iommu_add_streams(struct pkvm_iommu_master *master,
			   const struct iommu_fwspec *fwspec);
void pkvm_iommu_remove_streams(struct pkvm_iommu_master *master);
bool pkvm_iommu_streams_in_group(struct pkvm_iommu_master *master,
				 const struct iommu_group *group);
struct pkvm_iommu_master *pkvm_iommu_stream_master(struct pkvm_iommu *iommu,
						   u32 sid);
struct pkvm_iommu_stream *pkvm_iommu_find_stream(struct pkvm_iommu *iommu, u32 sid);
void pkvm_iommu_put_stream(struct pkvm_iommu_stream *stream);
void pkvm_iommu_drop_stream(struct pkvm_iommu *iommu, struct pkvm_iommu_stream *stream);

/* attach.c */
int pkvm_iommu_attach(struct pkvm_iommu_master *master,
		      struct iommu_domain *domain, struct iommu_domain *old);
void pkvm_iommu_block(struct pkvm_iommu_master *master,
		      struct iommu_domain *domain);
int pkvm_iommu_attach_stream_locked(struct pkvm_iommu *iommu,
				    struct pkvm_iommu_stream *stream, u32 handle);

/* assign.c */
int pkvm_iommu_assign_stream(struct pkvm_iommu_master *master, unsigned int index,
			     pkvm_handle_t vm);
void pkvm_iommu_return_stream(struct pkvm_iommu *iommu,
			      struct pkvm_iommu_stream *stream);
int pkvm_iommu_assign_sid(struct pkvm_iommu *iommu, u32 sid, pkvm_handle_t vm);
void pkvm_iommu_return_sid(struct pkvm_iommu *iommu, u32 sid, pkvm_handle_t vm);
void pkvm_iommu_lose_sid(struct pkvm_iommu *iommu, u32 sid);
void pkvm_iommu_name_sid(struct pkvm_iommu *iommu, u32 sid, u32 pviommu, u32 vsid);

/* assignable.c */
unsigned int pkvm_iommu_count_assignable(void);
u64 pkvm_iommu_register_assignable(void);
int pkvm_iommu_group_of(const struct pkvm_iommu *iommu, u32 sid);

/* group.c */
int pkvm_iommu_assign_group(unsigned int group, pkvm_handle_t vm, bool *fresh);
void pkvm_iommu_return_group(unsigned int group);
bool pkvm_iommu_return_groups(pkvm_handle_t vm);
pkvm_handle_t pkvm_iommu_group_owner(const struct pkvm_iommu *iommu, u32 sid);

/* quiet.c */
int pkvm_iommu_note_quiet(struct device_node *np, unsigned int group);
int pkvm_iommu_quiet_init(void);
int pkvm_iommu_claim_quiet(unsigned int group);
void pkvm_iommu_release_quiet(unsigned int group);

/* endpoint.c */
struct pkvm_iommu_master *pkvm_iommu_master_of(struct device *dev);

/* device.c */
extern const struct iommu_ops pkvm_iommu_ops;

/* domain.c */
extern const struct iommu_domain_ops pkvm_iommu_paging_ops;
struct iommu_domain *pkvm_iommu_domain_alloc_paging(struct device *dev);

/* event.c */
void pkvm_iommu_event_work(struct work_struct *work);
void pkvm_iommu_poll_now(struct pkvm_iommu *iommu);

/* listener.c */
extern struct mutex pkvm_iommu_listeners_lock;
void pkvm_iommu_notify(pkvm_handle_t vm, const struct pkvm_iommu_event *event);

/* memory.c */
extern atomic_long_t pkvm_iommu_donated_pages;
extern atomic_long_t pkvm_iommu_donated_vm_pages;
int pkvm_iommu_donate_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account,
			 unsigned long nr);
void pkvm_iommu_free_vm_pages(struct pkvm_iommu_account *account,
			      struct kvm_hyp_memcache *mc);
bool pkvm_iommu_supply(struct pkvm_iommu_need *need);
void pkvm_iommu_reclaim(void);

/* debugfs.c */
#ifdef CONFIG_DEBUG_FS
void pkvm_iommu_debugfs_init(void);
void pkvm_iommu_debugfs_add(struct pkvm_iommu *iommu);
#else
static inline void pkvm_iommu_debugfs_init(void) { }
static inline void pkvm_iommu_debugfs_add(struct pkvm_iommu *iommu) { }
#endif

/* hypercall-init.c */
int pkvm_iommu_hyp_register(phys_addr_t base, u64 size, u64 flags,
			    phys_addr_t mem, unsigned long nr_pages, u64 *out);
int pkvm_iommu_hyp_finalise(u64 flags);
int pkvm_iommu_hyp_withhold(phys_addr_t base, u64 size);
int pkvm_iommu_hyp_window(phys_addr_t base, u64 size);
int pkvm_iommu_hyp_device(unsigned int group, enum pkvm_device_reset reset);
int pkvm_iommu_hyp_device_mmio(unsigned int device, phys_addr_t base, u64 size);
int pkvm_iommu_hyp_device_stream(unsigned int device, unsigned int iommu, u32 sid);

/* hypercall.c */
int pkvm_iommu_hyp_get_info(unsigned int iommu, unsigned int *sid_bits,
			    u64 *info);
int pkvm_iommu_hyp_topup(struct kvm_hyp_memcache *mc);
int pkvm_iommu_hyp_reclaim(unsigned long max, struct kvm_hyp_memcache *mc);
int pkvm_iommu_hyp_alloc_domain(unsigned long *need);
int pkvm_iommu_hyp_free_domain(u32 handle);
int pkvm_iommu_hyp_attach(unsigned int iommu, u32 sid, u32 handle,
			  unsigned long *need);
int pkvm_iommu_hyp_map(u32 handle, unsigned long iova, phys_addr_t paddr,
		       size_t size, int prot, size_t *done, unsigned long *need);
int pkvm_iommu_hyp_map_list(u32 handle, const struct pkvm_map_list *list,
			    size_t *done, unsigned long *need);
int pkvm_iommu_hyp_unmap(u32 handle, unsigned long iova, size_t size,
			 size_t *done);
int pkvm_iommu_hyp_unmap_list(u32 handle, const unsigned long *range,
			      unsigned int nr, size_t *done);
long pkvm_iommu_hyp_poll(unsigned int iommu, u64 record[4]);
int pkvm_iommu_hyp_vm_topup(pkvm_handle_t vm, struct kvm_hyp_memcache *mc);
int pkvm_iommu_hyp_vm_route(pkvm_handle_t vm, u32 pviommu, u32 vsid,
			    unsigned int iommu, u32 sid, u64 flags,
			    unsigned long *need);
int pkvm_iommu_hyp_vm_drain(pkvm_handle_t vm, struct kvm_hyp_memcache *mc);

#endif /* __PKVM_IOMMU_HOST_H__ */
