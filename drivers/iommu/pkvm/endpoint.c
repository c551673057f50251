// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: gives endpoints, the streams of a device, to VMs.
 *
 * EL2 keeps the routes and decides about each call. The host only records which VM owns
 * a stream (assign.c).
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-endpoint.h>

#include "host.h"

/*
 * Another vCPU may use the pages that the host donated for this call, so one donation may
 * not suffice. More attempts than this are a bug.
 */
#define MAX_TRIES	16

/**
 * pkvm_iommu_master_of() - get the driver's data of a device
 * @dev: the device; the caller keeps its driver bound
 *
 * Return: the data, or NULL if the device is not behind an IOMMU that EL2 owns.
 */
struct pkvm_iommu_master *pkvm_iommu_master_of(struct device *dev)
{
	if (!dev->iommu || !dev->iommu->iommu_dev ||
	    dev->iommu->iommu_dev->ops != &pkvm_iommu_ops)
		return NULL;

	return dev_iommu_priv_get(dev);
}

/**
 * pkvm_iommu_num_endpoints() - count the endpoints of a device
 * @dev: the device; the caller keeps its driver bound
 *
 * Return: the number, 1 or more, or -ENODEV if EL2 does not own the IOMMU of the device.
 */
int pkvm_iommu_num_endpoints(struct device *dev)
{
	struct pkvm_iommu_master *master = pkvm_iommu_master_of(dev);

	return master ? master->nr_streams : -ENODEV;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_num_endpoints);

/**
 * pkvm_iommu_input_bits() - get the size of the IOVAs that a VM can map for a device
 * @dev: the device; the caller keeps its driver bound
 *
 * EL2 tells the guest the same number (PVIOMMU_OP_FEATURES). The VMM needs the number to
 * describe the bus of the device to a guest that does not ask EL2.
 *
 * Return: bits of an IOVA, or -ENODEV if EL2 does not own the IOMMU of the device.
 */
int pkvm_iommu_input_bits(struct device *dev)
{
	struct pkvm_iommu_master *master = pkvm_iommu_master_of(dev);

	return master ? master->iommu->ias : -ENODEV;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_input_bits);

/**
 * pkvm_iommu_topup_vm() - donate memory for a VM's routes, domains and tables to EL2
 * @vm: pKVM handle of the VM; the caller keeps it from being released
 * @account: account of the VM
 * @nr_pages: number of pages
 *
 * The pages are charged to the caller's memory cgroup and to @account. EL2 returns them
 * in pkvm_iommu_drain_vm().
 *
 * Context: may sleep; takes the mmap lock of the account's mm.
 * Return: 0, or an errno after which EL2 may have some of the pages: -ENOMEM, -EDQUOT
 * (more than @account or RLIMIT_MEMLOCK allows), -ESRCH (the VM does not exist, or is
 * dying), -ENODEV (EL2 owns no IOMMU), -EIO (EL2 refused a page).
 */
int pkvm_iommu_topup_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account,
			unsigned long nr_pages)
{
	unsigned long nr;
	int ret;

	for (; nr_pages; nr_pages -= nr) {
		nr = min(nr_pages, PKVM_IOMMU_TOPUP_MAX);
		ret = pkvm_iommu_donate_vm(vm, account, nr);
		switch (ret) {
		case 0:
			break;
		case -ENOMEM:
		case -EDQUOT:
			return ret;
		case -ENOENT:
			return -ESRCH;
		case -EOPNOTSUPP:
		case -ENODEV:
			return -ENODEV;
		default:
			return -EIO;
		}
	}

	return 0;
}

/* Make a route. Donate memory and repeat the call as long as EL2 asks for memory. */
static int route(pkvm_handle_t vm, struct pkvm_iommu_account *account,
		 u32 pviommu, u32 vsid, const struct pkvm_iommu *iommu, u32 sid,
		 u64 flags)
{
	unsigned long pages;
	bool known = false;
	unsigned int tries = 0;
	int ret, err;

	while (tries < MAX_TRIES) {
		ret = pkvm_iommu_hyp_vm_route(vm, pviommu, vsid, iommu->id, sid,
					      flags, &pages);
		switch (ret) {
		case -ENOENT:
			/* EL2 makes its state of the VM when it gets the first page */
			if (known)
				return -ENODEV;
			known = true;
			pages = 1;
			fallthrough;
		case -ENOMEM:
			err = pkvm_iommu_topup_vm(vm, account, max(pages, 1UL));
			if (err)
				return err == -EIO ? -ENOTRECOVERABLE : err;
			tries++;
			break;
		case -EOPNOTSUPP:
		case -ENODEV:
			return -ENODEV;
		case 0:
		case -EAGAIN:
			/* -EAGAIN: a concurrent call about the VM, or EL2 resets a device */
		case -EACCES:
		case -EPERM:
		case -EEXIST:
		case -EBUSY:
			return ret;
		default:
			return -ENOTRECOVERABLE;
		}
	}

	return ret == -ENOENT ? -ENODEV : ret;
}

/* EL2 assigns the whole group with the first endpoint of one of its devices */
static int set_vsid_in_group(pkvm_handle_t vm,
			     struct pkvm_iommu_account *account, u32 pviommu,
			     struct pkvm_iommu *iommu, u32 sid, u32 vsid,
			     unsigned int group)
{
	bool fresh;
	int ret;

	ret = pkvm_iommu_assign_group(group, vm, &fresh);
	if (ret)
		return ret;

	ret = route(vm, account, pviommu, vsid, iommu, sid,
		    PKVM_IOMMU_ROUTE_REGS);
	/* EL2 keeps the devices after these two errnos, until the VM is drained or for ever */
	if (ret && ret != -ENOTRECOVERABLE && ret != -EAGAIN && fresh)
		pkvm_iommu_return_group(group);

	return ret;
}

/**
 * pkvm_iommu_set_endpoint_vsid() - give an endpoint of a device to a VM
 * @vm: pKVM handle of the VM; the caller keeps it from being released
 * @account: account of the VM
 * @pviommu: number of the VM's pvIOMMU
 * @dev: the device; the caller keeps its driver bound
 * @index: index of the endpoint, less than pkvm_iommu_num_endpoints()
 * @vsid: virtual stream ID of the endpoint on that pvIOMMU; any value
 * @protected: whether the VM is protected
 *
 * The VM owns the endpoint until pkvm_iommu_drain_vm() returns 0. EL2 blocks the endpoint
 * until the VM attaches it. The other endpoints of the device stay blocked as well, and
 * can be given to the same VM only. EL2 may need memory for this, which is charged as
 * in pkvm_iommu_topup_vm().
 *
 * If the device is assignable and the VM is protected, EL2 assigns all devices of its
 * group to the VM: the host loses access to their registers, and EL2 resets them.
 *
 * EL2 resets a device in steps, one step per call. So the caller repeats the call while
 * this function returns -EAGAIN, and holds no lock in between. If the caller gives up, the
 * VM owns the device until pkvm_iommu_drain_vm() returns 0.
 *
 * Context: may sleep, but not for long. Takes the locks of the device, neither that of its
 * iommu group nor one of KVM. The caller may call this for different devices in parallel,
 * but not twice at a time for the same VM, nor while it drains that VM.
 * Return: 0, or an errno, after which, except for -EAGAIN, nothing has changed:
 *
 * * -ENODEV: EL2 does not own the IOMMU of the device
 * * -ERANGE: the device has no such endpoint
 * * -EACCES: the device, or another one of its group, is not in the blocking domain, or
 *   about to leave it; or EL2 cannot reset a device of the group, and must
 * * -EBUSY: the endpoint has a vSID, or another VM owns the device
 * * -EEXIST: the pvIOMMU has an endpoint with this vSID
 * * -EPERM: the VM has run, which froze its routes
 * * -ESRCH: the VM does not exist, or is dying
 * * -ENOMEM: out of memory
 * * -EDQUOT: @account or RLIMIT_MEMLOCK does not allow the memory that EL2 needs
 * * -EAGAIN: call again, EL2 is resetting a device
 * * -EINTR: the caller was killed
 * * -ENOTRECOVERABLE: the IOMMU is dead; or EL2 refused the memory; or EL2 failed to reset
 *   a device, which nobody can use until the machine is reset
 */
int pkvm_iommu_set_endpoint_vsid(pkvm_handle_t vm,
				 struct pkvm_iommu_account *account,
				 u32 pviommu, struct device *dev,
				 unsigned int index, u32 vsid, bool protected)
{
	struct pkvm_iommu_master *master = pkvm_iommu_master_of(dev);
	struct pkvm_iommu_stream *stream;
	u32 sid;
	int ret, group = -1;

	if (!master)
		return -ENODEV;
	if (index >= master->nr_streams)
		return -ERANGE;

	stream = master->streams[index].stream;
	sid = stream->sid;
	if (protected)
		group = pkvm_iommu_group_of(master->iommu, sid);
	if (group >= 0) {
		ret = set_vsid_in_group(vm, account, pviommu, master->iommu,
					sid, vsid, group);
	} else {
		ret = pkvm_iommu_assign_stream(master, index, vm);
		if (ret)
			return ret;

		ret = route(vm, account, pviommu, vsid, master->iommu, sid, 0);
		if (ret)
			pkvm_iommu_return_stream(master->iommu, stream);
	}
	if (!ret)
		pkvm_iommu_name_sid(master->iommu, sid, pviommu, vsid);

	return ret;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_set_endpoint_vsid);

static struct pkvm_iommu_stream *find_owned(struct pkvm_iommu *iommu,
					    pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream;
	unsigned long sid;

	guard(mutex)(&iommu->streams_lock);
	xa_for_each(&iommu->streams, sid, stream) {
		if (stream->vm == vm)
			return stream;
	}

	return NULL;
}

/* Only this function ends the ownership of a VM, so the stream found is not freed */
static void return_streams(pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream;
	struct pkvm_iommu *iommu = NULL;

	while ((iommu = pkvm_iommu_next(iommu))) {
		/* An IOMMU without a driver has no devices */
		if (!iommu->dev)
			continue;

		while ((stream = find_owned(iommu, vm)))
			pkvm_iommu_return_stream(iommu, stream);
	}
}

/**
 * pkvm_iommu_drain_vm() - get all endpoints of a VM, and its memory at EL2, back
 * @vm: pKVM handle of the VM, which is dying or never ran
 * @account: account of the VM, or NULL if the VM never had an endpoint
 *
 * EL2 blocks the endpoints before it returns anything. KVM calls this function before it
 * reclaims the first page of the VM, and once more before it releases the handle. The
 * function has no effect on a VM without endpoints.
 *
 * Context: may sleep; takes the locks of the VM's devices and of @account, and the mmap
 * lock of the account's mm if EL2 returns pages.
 * Return: 0, or an errno, after which the endpoints stay blocked and EL2 keeps the memory.
 */
int pkvm_iommu_drain_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account)
{
	struct kvm_hyp_memcache mc;
	bool known = false;
	int ret;

	do {
		ret = pkvm_iommu_hyp_vm_drain(vm, &mc);
		known |= mc.nr_pages;
		/* EL2 may be resetting a device: give the device time before the next step */
		if (ret == -EAGAIN && !mc.nr_pages)
			fsleep(100);
		pkvm_iommu_free_vm_pages(account, &mc);
		cond_resched();
	} while (ret == -EAGAIN);

	/* EL2 has no state of the VM, or no IOMMU */
	if (ret == -ENOENT || ret == -ENODEV || ret == -EOPNOTSUPP)
		ret = 0;
	if (ret) {
		pr_err("pkvm-iommu: EL2 failed to drain VM %#x (%pe), it keeps the VM's memory and devices until the machine is reset\n",
		       vm, ERR_PTR(ret));
		return ret;
	}

	/*
	 * A VM with streams has donated pages, of which EL2 returns the last one in the last
	 * step. So a VM without pages and groups has no streams to look for.
	 */
	known |= pkvm_iommu_return_groups(vm);
	if (known)
		return_streams(vm);

	return 0;
}
