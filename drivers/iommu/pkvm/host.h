/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host driver of the IOMMUs that the pKVM hypervisor owns: shared declarations.
 *
 * The host neither maps the registers nor sees a table: every change is a
 * hypercall (asm/pkvm-iommu-host.h), which EL2 checks and serialises. What depends on
 * the kind of IOMMU is in the driver of the hardware, which uses this one: see
 * drivers/iommu/arm/arm-smmu-v3/pkvm/.
 *
 * Files, in the order in which a boot meets them:
 *
 *	iommu.c		the IOMMUs that EL2 owns
 *	coverage.c	what EL2 isolates, and what not
 *	window.c	MMIO that devices reach, wherever it is
 *	assignable.c	tells EL2 which devices a VM may get as a whole
 *	quiet.c		those of them that do no DMA
 *	device.c	iommu_ops: devices and their domains
 *	stream.c	stream IDs of devices, attaching them at EL2
 *	domain.c	iommu_domain_ops: map, unmap
 *	event.c		fault records and errors
 *	endpoint.c	giving streams to a VM, and getting them back
 *	listener.c	who is told of the faults of VMs
 *	iova-map.c	what a domain maps
 *	map-list.c	scatterlists
 *	lazy.c		what a flush queue unmaps
 *	memory.c	pages lent to EL2 for its tables
 *	hypercall.c	registers of each call, and nothing else
 *	debugfs.c	counters for tests
 *
 * Locking, outermost first:
 *
 *	iommu_probe_device_lock (iommu core) serialises probe_device,
 *	of_xlate and device_group;
 *	pkvm_iommu_listeners_lock guards who is told of faults, and is held from
 *	asking EL2 for a record until it has been told;
 *	group->mutex (iommu core) serialises attach and release in one group;
 *	assignable_group.lock (assignable.c) guards whose a group of devices is;
 *	pkvm_iommu_stream.lock guards what EL2 has the stream attached to, and is
 *	held while that changes;
 *	pkvm_iommu.streams_lock guards pkvm_iommu.streams, the users and the VM of
 *	each stream, and pkvm_iommu_master.domain against the fault work, which passes
 *	the domain to its fault handler. The core frees a domain only after it
 *	attached another, so what the work sees under the lock is alive.
 *
 * Devices share a stream in one group only. No stream is attached under
 * streams_lock.
 *
 * None of these is held while user memory is touched or user space is waited for, and
 * a VM that has no device takes none of them.
 *
 * Map, unmap and iova_to_phys take no lock: callers own their IOVA range, EL2
 * serialises what they share, and they may be called in atomic context.
 * The list of IOMMUs is complete before the first driver can look.
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
 * struct pkvm_iommu_fault - what the generic driver has to know of a fault record
 * @sid: stream ID
 * @has_addr: the rest means something
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
 * struct pkvm_iommu_event_ops - what records and errors of some kind of IOMMU mean
 * @decode: fills a zeroed struct in from a record
 * @log: says what a record tells about a device, by name
 * @type_name: name of a type of event, of any number
 * @type_text: what it means
 * @error_text: what a bit of the global errors means, or NULL
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
 * @core: handle in the iommu core
 * @sid_bits: bits of a stream ID
 * @ias: input address bits of a paging domain
 * @info: PKVM_IOMMU_INFO_*
 * @streams: stream ID -> struct pkvm_iommu_stream
 * @streams_lock: see above
 * @event_ops: what its fault records mean
 * @event_work: drains the event queue
 * @wired: interrupts tell of faults and errors
 * @dead: the death of the IOMMU was logged
 * @faults: fault records seen
 * @unknown_rs: limits messages that belong to no device
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

/* In place of a VM: EL2 keeps the device for good, it could not be reset */
#define PKVM_IOMMU_NOBODY	((pkvm_handle_t)~0)

/**
 * struct pkvm_iommu_stream - one stream of an IOMMU
 * @sid: its stream ID
 * @lock: see the top of this file
 * @handle: what EL2 has attached it to; while a VM owns it, what the host will
 *	attach it to when the VM is gone
 * @vm: pKVM handle of the VM that owns it, 0 if the host does, PKVM_IOMMU_NOBODY;
 *	written under both locks
 * @named: the VM calls it @vsid on @pviommu
 * @pviommu: see @named
 * @vsid: see @named
 * @users: the devices that may use it, more than one with PCI aliases
 * @ref: one for having users or an owner, one for who returns it from a VM
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
 * @domain: what its streams are attached to, NULL before the first attach; for
 *	those that a VM owns, see &pkvm_iommu_stream.handle
 * @faults: fault records that name one of its streams
 * @rs: limits messages about it, so that it cannot hide the faults of others
 * @nr_streams: number of streams
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
 * @domain: handle in the iommu core
 * @handle: handle at EL2
 * @mapped: bytes mapped at EL2, for debugfs
 * @map: what is mapped, for iova_to_phys
 * @lazy: what is unmapped here, and not yet at EL2
 * @lazy_node: on a list since the first use of @lazy, or empty
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
 * struct pkvm_iommu_need - what one request may still ask for
 * @gfp: how to allocate
 * @pages: pages EL2 asked for
 * @tries: rounds without progress, so that no request goes on for ever
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
 * enum pkvm_iommu_state - what EL2 does with the DMA behind an IOMMU
 * @PKVM_IOMMU_OPEN: nothing, it is not isolated
 * @PKVM_IOMMU_BLOCKED: it has the registers, and all DMA aborts
 * @PKVM_IOMMU_ISOLATED: it drives the IOMMU
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
unsigned long pkvm_iommu_count_window_pages(void);
void pkvm_iommu_register_windows(void);

/* stream.c */
int pkvm_iommu_add_streams(struct pkvm_iommu_master *master,
			   const struct iommu_fwspec *fwspec);
void pkvm_iommu_remove_streams(struct pkvm_iommu_master *master);
bool pkvm_iommu_streams_in_group(struct pkvm_iommu_master *master,
				 const struct iommu_group *group);
struct pkvm_iommu_master *pkvm_iommu_stream_master(struct pkvm_iommu *iommu,
						   u32 sid);
int pkvm_iommu_attach(struct pkvm_iommu_master *master,
		      struct iommu_domain *domain, struct iommu_domain *old);
void pkvm_iommu_block(struct pkvm_iommu_master *master,
		      struct iommu_domain *domain);
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
void pkvm_iommu_tell(pkvm_handle_t vm, const struct pkvm_iommu_event *event);

/* memory.c */
extern atomic_long_t pkvm_iommu_lent_pages;
extern atomic_long_t pkvm_iommu_lent_vm_pages;
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

/* hypercall.c */
int pkvm_iommu_hyp_register(phys_addr_t base, u64 size, u64 flags,
			    phys_addr_t mem, unsigned long nr_pages, u64 *out);
int pkvm_iommu_hyp_finalise(u64 flags);
int pkvm_iommu_hyp_withhold(phys_addr_t base, u64 size);
int pkvm_iommu_hyp_window(phys_addr_t base, u64 size);
int pkvm_iommu_hyp_device(unsigned int group, enum pkvm_device_reset reset);
int pkvm_iommu_hyp_device_mmio(unsigned int device, phys_addr_t base, u64 size);
int pkvm_iommu_hyp_device_stream(unsigned int device, unsigned int iommu, u32 sid);
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
