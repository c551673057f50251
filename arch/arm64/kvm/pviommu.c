// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: the file descriptor of a pvIOMMU.
 *
 * The VMM makes a pvIOMMU with KVM_DEV_VFIO_PVIOMMU_ATTACH. The file descriptor that
 * it gets is the number by which the guest and EL2 name the pvIOMMU. The VMM then gives
 * endpoints of devices virtual stream IDs with KVM_PVIOMMU_SET_CONFIG, and reads the
 * faults of those devices from the file, see pviommu_events.c.
 *
 * EL2 keeps the routes of a pvIOMMU until the VM ends. So the number of a pvIOMMU with
 * a route stays reserved in this VM after the VMM has closed the file: if the kernel
 * reuses the file descriptor, the new pvIOMMU gets the next number that is free. An
 * open file keeps the VM alive.
 */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <asm/kvm_pkvm.h>

#include "pviommu.h"

/* EL2 gives a device up long before, if KVM repeats the call often enough */
#define MAX_RESET	(60 * HZ)

/* Marks an ID whose file descriptor get_id() holds so as not to get it again */
#define ID_SKIPPED	XA_MARK_1

/*
 * Keep the VFIO file of a device open until the VM is gone. Returns 1 if the VM did not
 * hold the file before. The caller must then call forget_vm(), or else the VM and the
 * device keep each other alive.
 */
static int hold_device(struct kvm_pviommus *pviommus, struct device *dev,
		       struct file *file)
{
	int ret = xa_insert(&pviommus->devices, (unsigned long)dev, file,
			    GFP_KERNEL_ACCOUNT);

	if (ret)
		return ret == -EBUSY ? 0 : ret;
	get_file(file);

	return 1;
}

/* Drop the reference that the device has to the VM: the VM has one to the device */
static void forget_vm(struct file *file)
{
	void (*fn)(struct file *file);

	/* VFIO is loaded: @file is one of its files */
	fn = symbol_get(vfio_file_forget_kvm);
	if (fn) {
		fn(file);
		symbol_put(vfio_file_forget_kvm);
	}
}

/*
 * One step of SET_CONFIG. Returns -EAGAIN while EL2 resets a device, which the VM owns
 * by then. Sets @held if this step made the VM hold the file of the device.
 */
static int try_config(struct kvm_pviommu *pviommu, struct file *file,
		      const struct kvm_vfio_iommu_config *args, bool *held)
{
	struct kvm *kvm = pviommu->kvm;
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	struct device *dev;
	int ret, fresh;

	ACQUIRE(mutex_kill, lock)(&kvm->arch.config_lock);
	ret = ACQUIRE_ERR(mutex_kill, &lock);
	if (ret)
		return ret;
	if (pkvm_hyp_vm_is_created(kvm))
		return -EPERM;

	dev = kvm_pviommu_device_of_vm(kvm, file);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	fresh = hold_device(pviommus, dev, file);
	if (fresh < 0)
		return fresh;

	ret = pkvm_iommu_set_endpoint_vsid(kvm->arch.pkvm.handle,
					   kvm_pviommu_account(kvm), pviommu->id, dev,
					   args->sid_idx, args->vsid,
					   kvm_vm_is_protected(kvm));
	/* KVM reports an exceeded RLIMIT_MEMLOCK as -ENOMEM elsewhere, too */
	if (ret == -EDQUOT)
		ret = -ENOMEM;
	/* The VM has the device, or EL2 keeps it after one of these two errors */
	if (!ret || ret == -ENOTRECOVERABLE || ret == -EAGAIN) {
		pviommu->routed |= !ret;
		pviommus->routed |= !ret;
		*held |= fresh;
	} else if (fresh) {
		xa_erase(&pviommus->devices, (unsigned long)dev);
		fput(file);
	}

	return ret;
}

static int set_config(struct kvm_pviommu *pviommu, void __user *uargs)
{
	unsigned long give_up = jiffies + MAX_RESET;
	struct kvm_vfio_iommu_config args;
	bool held = false;
	int ret;

	ret = kvm_pviommu_copy_args(&args, sizeof(args), sizeof(args), uargs);
	if (ret)
		return ret;
	if (args.__reserved)
		return -EOPNOTSUPP;

	CLASS(fd, f)(args.device_fd);
	if (fd_empty(f))
		return -EBADF;

	/* EL2 resets the device in steps, one per call. No lock is held in between. */
	while ((ret = try_config(pviommu, fd_file(f), &args, &held)) == -EAGAIN &&
	       time_before(jiffies, give_up)) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		usleep_range_state(1000, 2000, TASK_KILLABLE);
	}
	/* Not under config_lock: VFIO drops its last reference to a VM under its own lock */
	if (held)
		forget_vm(fd_file(f));

	return ret;
}

static long pviommu_ioctl(struct file *file, unsigned int ioctl,
			  unsigned long arg)
{
	struct kvm_pviommu *pviommu = file->private_data;

	/* As all ioctls of a VM: not from another process, and not on a dead VM */
	if (pviommu->kvm->mm != current->mm || pviommu->kvm->vm_dead)
		return -EIO;

	switch (ioctl) {
	case KVM_PVIOMMU_SET_CONFIG:
		return set_config(pviommu, (void __user *)arg);
	}

	return -ENOTTY;
}

static int pviommu_release(struct inode *inode, struct file *file)
{
	struct kvm_pviommu *pviommu = file->private_data;
	struct kvm *kvm = pviommu->kvm;

	scoped_guard(mutex, &kvm->arch.config_lock) {
		/* Replacing an entry allocates nothing and cannot fail */
		if (pviommu->routed)
			xa_store(&kvm->arch.pkvm.pviommus->ids, pviommu->id,
				 xa_mk_value(0), GFP_KERNEL);
		else
			xa_erase(&kvm->arch.pkvm.pviommus->ids, pviommu->id);
	}
	kfree(pviommu);
	kvm_put_kvm(kvm);

	return 0;
}

static ssize_t pviommu_read(struct file *file, char __user *buf, size_t count,
			    loff_t *pos)
{
	struct kvm_pviommu *pviommu = file->private_data;

	return kvm_pviommu_events_read(&pviommu->events, buf, count,
				       file->f_flags & O_NONBLOCK);
}

static __poll_t pviommu_poll(struct file *file, poll_table *wait)
{
	struct kvm_pviommu *pviommu = file->private_data;

	return kvm_pviommu_events_poll(&pviommu->events, file, wait);
}

static const struct file_operations pviommu_fops = {
	.owner		= THIS_MODULE,
	.release	= pviommu_release,
	.read		= pviommu_read,
	.poll		= pviommu_poll,
	.unlocked_ioctl	= pviommu_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

/*
 * Reserve a file descriptor whose number no other pvIOMMU of the VM has, or had when
 * EL2 got a route for it.
 */
static int get_id(struct kvm_pviommus *pviommus)
{
	struct xarray *ids = &pviommus->ids;
	unsigned long id;
	void *entry;
	int fd, ret;

	do {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0) {
			ret = fd;
			break;
		}

		ret = xa_insert(ids, fd, xa_mk_value(0), GFP_KERNEL_ACCOUNT);
		if (ret == -EBUSY)
			xa_set_mark(ids, fd, ID_SKIPPED);
		else if (ret)
			put_unused_fd(fd);
	} while (ret == -EBUSY);

	xa_for_each_marked(ids, id, entry, ID_SKIPPED) {
		xa_clear_mark(ids, id, ID_SKIPPED);
		put_unused_fd(id);
	}

	return ret ?: fd;
}

/**
 * kvm_pviommu_create() - make a pvIOMMU for a VM: KVM_DEV_VFIO_PVIOMMU_ATTACH
 * @kvm: the VM
 *
 * Return: its file descriptor or an errno.
 */
int kvm_pviommu_create(struct kvm *kvm)
{
	struct kvm_pviommu *pviommu __free(kfree) = NULL;
	struct kvm_pviommus *pviommus;
	struct file *file;
	int fd, ret;

	if (!pkvm_iommu_available())
		return -ENODEV;

	pviommu = kzalloc_obj(*pviommu, GFP_KERNEL_ACCOUNT);
	if (!pviommu)
		return -ENOMEM;

	ACQUIRE(mutex_kill, lock)(&kvm->arch.config_lock);
	ret = ACQUIRE_ERR(mutex_kill, &lock);
	if (ret)
		return ret;
	if (pkvm_hyp_vm_is_created(kvm))
		return -EPERM;

	pviommus = kvm_pviommus_get(kvm);
	if (!pviommus)
		return -ENOMEM;

	fd = get_id(pviommus);
	if (fd < 0)
		return fd;

	file = anon_inode_getfile("[pkvm-pviommu]", &pviommu_fops, pviommu,
				  O_RDWR);
	if (IS_ERR(file)) {
		xa_erase(&pviommus->ids, fd);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}

	kvm_get_kvm(kvm);
	pviommu->kvm = kvm;
	pviommu->id = fd;
	kvm_pviommu_events_init(&pviommu->events);
	/* get_id() made the entry: replacing it cannot fail */
	xa_store(&pviommus->ids, fd, pviommu, GFP_KERNEL);
	retain_and_null_ptr(pviommu);
	fd_install(fd, file);

	return fd;
}
