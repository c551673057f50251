// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: endpoints, the streams of a device that are given to
 * a VM one by one.
 *
 * EL2 keeps the routes, and decides. The host remembers only which stream went
 * to which VM (stream.c).
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-endpoint.h>

#include "host.h"

/*
 * Another vCPU may use up what was donated for this call, and calls about one
 * VM may collide. More than this without success is a bug.
 */
#define MAX_TRIES	16

/**
 * pkvm_iommu_master_of() - find what is behind an IOMMU that EL2 owns
 * @dev: the device; the caller keeps its driver bound
 *
 * Return: the device, or NULL if it is not behind one.
 */
struct pkvm_iommu_master *pkvm_iommu_master_of(struct device *dev)
{
	if (!dev->iommu || !dev->iommu->iommu_dev ||
	    dev->iommu->iommu_dev->ops != &pkvm_iommu_ops)
		return NULL;

	return dev_iommu_priv_get(dev);
}

/**
 * pkvm_iommu_num_endpoints() - how many endpoints a device has
 * @dev: the device; the caller keeps its driver bound
 *
 * Return: the number, 1 or more, or -ENODEV: EL2 owns no IOMMU of the device.
 */
int pkvm_iommu_num_endpoints(struct device *dev)
{
	struct pkvm_iommu_master *master = pkvm_iommu_master_of(dev);

	return master ? master->nr_streams : -ENODEV;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_num_endpoints);

/**
 * pkvm_iommu_input_bits() - which addresses a VM can map for a device
 * @dev: the device; the caller keeps its driver bound
 *
 * The VM learns the same number from EL2 (PVIOMMU_OP_FEATURES). Its VMM needs the
 * number to describe the bus of the device to a guest that does not ask.
 *
 * Return: bits of an IOVA, or -ENODEV: EL2 owns no IOMMU of the device.
 */
int pkvm_iommu_input_bits(struct device *dev)
{
	struct pkvm_iommu_master *master = pkvm_iommu_master_of(dev);

	return master ? master->iommu->ias : -ENODEV;
}
EXPORT_SYMBOL_GPL(pkvm_iommu_input_bits);

/**
 * pkvm_iommu_topup_vm() - lend EL2 memory for what a VM does with its endpoints
 * @vm: pKVM handle of the VM; the caller keeps it from being released
 * @account: the VM's
 * @nr_pages: number of pages
 *
 * The pages are charged to the caller's memory cgroup and to @account, and come back
 * with pkvm_iommu_drain_vm().
 *
 * Context: may sleep; takes the mmap lock of who pays.
 * Return: 0, or an errno after which some of the pages may be EL2's: -ENOMEM,
 * -EDQUOT (more than @account or RLIMIT_MEMLOCK allows), -ESRCH (there is no such VM,
 * or it dies), -ENODEV (EL2 owns no IOMMU), -EIO (EL2 refused a page).
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

/* Repeats the call until it has the memory it needs */
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
			/* EL2 knows a VM only from its first page on */
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
			/* Collided with another call, or a device is being reset */
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

/* The first endpoint of a group takes all devices of the group with it */
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
	/* After these EL2 has the devices, until the VM is drained or for good */
	if (ret && ret != -ENOTRECOVERABLE && ret != -EAGAIN && fresh)
		pkvm_iommu_return_group(group);

	return ret;
}

/**
 * pkvm_iommu_set_endpoint_vsid() - give an endpoint of a device to a VM
 * @vm: pKVM handle of the VM; the caller keeps it from being released
 * @account: the VM's
 * @pviommu: number of the pvIOMMU that the VM will use
 * @dev: the device; the caller keeps its driver bound
 * @index: which of its endpoints, less than pkvm_iommu_num_endpoints()
 * @vsid: what the VM will call it on that pvIOMMU; any value
 * @protected: the VM is a protected one
 *
 * The endpoint is the VM's until pkvm_iommu_drain_vm() returns 0, and blocked
 * until the VM attaches it. So are the device's other endpoints: they can go to
 * the same VM or to nobody. Memory is charged as by pkvm_iommu_topup_vm().
 *
 * If the device is assignable and the VM is protected, then the VM gets all devices
 * of its group as a whole: the host loses their registers, and EL2 resets them.
 *
 * A reset takes its time, and EL2 does it step by step, one with each call. So the
 * caller repeats the call while it gets -EAGAIN, and holds no lock in between. It
 * may give up: such a device is the VM's until pkvm_iommu_drain_vm() returns 0.
 *
 * Context: may sleep, but not for long; takes the locks of the device, but neither its
 * iommu group's nor any of KVM's. Calls for different devices run in parallel; those
 * about one VM do not, nor does one while that VM is drained.
 * Return: 0, or an errno and, but for -EAGAIN, nothing changed:
 *
 * * -ENODEV: EL2 owns no IOMMU of the device
 * * -ERANGE: the device has no such endpoint
 * * -EACCES: the device, or another of its group, is not in the blocking domain,
 *   or on its way out of it; or EL2 cannot reset one and must
 * * -EBUSY: the endpoint has a vSID, or the device is another VM's
 * * -EEXIST: @vsid of @pviommu is an endpoint already
 * * -EPERM: the VM has run, its routes are frozen
 * * -ESRCH: there is no such VM, or it dies
 * * -ENOMEM: no memory
 * * -EDQUOT: more memory than @account or RLIMIT_MEMLOCK allows
 * * -EAGAIN: to be called again, a device is being reset
 * * -EINTR: the caller was killed
 * * -ENOTRECOVERABLE: the IOMMU is dead, or EL2 refused the memory, or a device did
 *   not come to rest in its reset: nobody gets it until the machine is reset
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

/* What was found stays: nobody else takes a stream from a VM */
static void return_streams(pkvm_handle_t vm)
{
	struct pkvm_iommu_stream *stream;
	struct pkvm_iommu *iommu = NULL;

	while ((iommu = pkvm_iommu_next(iommu))) {
		/* Without a driver there are no devices */
		if (!iommu->dev)
			continue;

		while ((stream = find_owned(iommu, vm)))
			pkvm_iommu_return_stream(iommu, stream);
	}
}

/**
 * pkvm_iommu_drain_vm() - release all endpoints of a VM, and its memory
 * @vm: pKVM handle of the VM; it dies or never ran
 * @account: the VM's, or NULL: it never had an endpoint
 *
 * EL2 blocks the endpoints first, so this comes before any page of the VM can
 * be reclaimed. Then the devices are the host's again. To be called once more
 * before the handle is released; for a VM without endpoints it does nothing.
 *
 * Context: may sleep; takes the locks of the VM's devices and of @account, and the mmap
 * lock of who pays if there are pages to give back.
 * Return: 0, or an errno: the endpoints stay blocked and EL2 keeps the memory.
 */
int pkvm_iommu_drain_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account)
{
	struct kvm_hyp_memcache mc;
	bool known = false;
	int ret;

	do {
		ret = pkvm_iommu_hyp_vm_drain(vm, &mc);
		known |= mc.nr_pages;
		/* A step without pages may be one of a device's reset */
		if (ret == -EAGAIN && !mc.nr_pages)
			fsleep(100);
		pkvm_iommu_free_vm_pages(account, &mc);
		cond_resched();
	} while (ret == -EAGAIN);

	/* EL2 knows nothing of the VM, or has no IOMMU: nothing to drain */
	if (ret == -ENOENT || ret == -ENODEV || ret == -EOPNOTSUPP)
		ret = 0;
	if (ret) {
		pr_err("pkvm-iommu: VM %#x not drained (%pe), its devices stay blocked\n",
		       vm, ERR_PTR(ret));
		return ret;
	}

	/* EL2 gives nothing to a VM of which it has no page, and that page comes last */
	known |= pkvm_iommu_return_groups(vm);
	if (known)
		return_streams(vm);

	return 0;
}
