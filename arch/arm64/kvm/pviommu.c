// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: the KVM-VFIO front end of the endpoint interface
 * in <linux/pkvm-iommu-endpoint.h>, and what KVM does for a VM that has pvIOMMUs.
 *
 * A pvIOMMU is a name, the number of its file descriptor when it was made, and
 * EL2 knows it from its first route on. Routes end with the VM, so from then on
 * the number is taken until the VM ends: closing the file does not free it, and
 * if the kernel would reuse the number for another pvIOMMU of this VM, that one
 * gets the next free number. A file that is open keeps the VM alive.
 *
 * Faults of its endpoints are read from the file, see pviommu_events.c.
 *
 * kvm->arch.config_lock guards all of this against the VM's first run, which
 * freezes the routes. It is not held while a device is reset, nor while user memory
 * is touched.
 */
#include <linux/anon_inodes.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-guest.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include <asm/kvm_emulate.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pkvm.h>
#include <asm/pkvm-iommu-host.h>

#include "pviommu.h"

/*
 * What the VM's pool gets when a guest's hypercall needs memory. More than one
 * call takes, so that the next ones do not have to ask.
 */
#define REFILL_PAGES	16
static_assert(REFILL_PAGES >= PKVM_IOMMU_GUEST_CALL_PAGES);

/* EL2 gives a device up long before, if it is asked often enough */
#define MAX_RESET	(60 * HZ)

/*
 * What EL2 holds for a VM at most, if the VMM does not say: some domains, and tables of
 * pages for all of the VM's memory, in as many domains.
 */
#define MAX_PAGES_BASE		8192
#define MAX_PAGES_DOMAINS	16

/* Most memory of a guest that is supplied at once: what one call can map */
#define SUPPLY_MAX	((u64)PAGE_SIZE * PTRS_PER_PTE)

/* Mark of an ID whose fd number is held for a moment so as not to get it again */
#define ID_SKIPPED	XA_MARK_1

/**
 * struct kvm_pviommus - the pvIOMMUs of a VM, kvm->arch.pkvm.pviommus
 * @ids: the IDs taken, and what has them: a struct kvm_pviommu, or a value if its
 *	file is closed. Changes under config_lock; its own lock keeps the pvIOMMU
 *	that was found
 * @devices: VFIO's files of the VM's devices, by device, each with a reference: they
 *	stay open, bound and powered until the VM is gone; guarded by config_lock
 * @routed: EL2 has a route for one of them: it handles the VM's calls. Constant once
 *	the VM has run
 * @stuck: EL2 could not block its devices when it died, and keeps what they may
 *	still reach
 * @listener: distributes faults
 * @max_pages: most pages that EL2 holds for the VM, 0: the default
 * @account: those that it holds
 *
 * Made with the first pvIOMMU, before the VM has run; stays until the VM is destroyed.
 */
struct kvm_pviommus {
	struct xarray			ids;
	struct xarray			devices;
	bool				routed;
	bool				stuck;
	struct pkvm_iommu_listener	listener;
	unsigned long			max_pages;
	struct pkvm_iommu_account	account;
};

/**
 * struct kvm_pviommu - a pvIOMMU, private data of its file
 * @kvm: its VM, with a reference
 * @id: what the guest and EL2 call it
 * @routed: EL2 has a route for it; guarded by config_lock
 * @events: faults of its endpoints
 */
struct kvm_pviommu {
	struct kvm			*kvm;
	u32				id;
	bool				routed;
	struct kvm_pviommu_events	events;
};

/*
 * Structs begin with their size, which is at least @min. A longer one must have
 * zeroes at the end.
 */
static int copy_args(void *args, size_t size, size_t min,
		     const void __user *uargs)
{
	u32 usize;

	if (get_user(usize, (const u32 __user *)uargs))
		return -EFAULT;
	if (usize < min)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;

	return copy_struct_from_user(args, size, uargs, usize);
}

/* The device stays where it is as long as @file is held */
static struct device *device_of_vm(struct kvm *kvm, struct file *file)
{
	struct device *(*fn)(struct file *file, struct kvm *kvm);
	struct device *dev;

	fn = symbol_get(vfio_file_device_of_kvm);
	if (!fn)
		return ERR_PTR(-ENODEV);

	dev = fn(file, kvm);
	symbol_put(vfio_file_device_of_kvm);

	return dev;
}

/*
 * Keep a device open. Returns 1 if that is new: the caller has @forget_vm() called, or
 * the device keeps the VM alive.
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

/* A VM that has a device keeps it open. So the device may not keep the VM. */
static void forget_vm(struct file *file)
{
	void (*fn)(struct file *file);

	/* It is there: @file is its */
	fn = symbol_get(vfio_file_forget_kvm);
	if (fn) {
		fn(file);
		symbol_put(vfio_file_forget_kvm);
	}
}

/* Of the VM's pvIOMMUs, with what it may have now; NULL: it has none */
static struct pkvm_iommu_account *account_of(const struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	unsigned long max;

	if (!pviommus)
		return NULL;
	max = READ_ONCE(pviommus->max_pages);
	if (!max)
		max = MAX_PAGES_BASE + MAX_PAGES_DOMAINS *
		      (READ_ONCE(kvm->nr_memslot_pages) / PTRS_PER_PTE);
	WRITE_ONCE(pviommus->account.max, max);

	return &pviommus->account;
}

/*
 * One step of SET_CONFIG: -EAGAIN while a device is being reset, which is the VM's
 * already. @held: the device is kept open since this or an earlier step.
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

	dev = device_of_vm(kvm, file);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	fresh = hold_device(pviommus, dev, file);
	if (fresh < 0)
		return fresh;

	ret = pkvm_iommu_set_endpoint_vsid(kvm->arch.pkvm.handle,
					   account_of(kvm), pviommu->id, dev,
					   args->sid_idx, args->vsid,
					   kvm_vm_is_protected(kvm));
	/* What RLIMIT_MEMLOCK does not allow is that elsewhere, too */
	if (ret == -EDQUOT)
		ret = -ENOMEM;
	/* The VM has the device, or with these two errors the hypervisor */
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

	ret = copy_args(&args, sizeof(args), sizeof(args), uargs);
	if (ret)
		return ret;
	if (args.__reserved)
		return -EOPNOTSUPP;

	CLASS(fd, f)(args.device_fd);
	if (fd_empty(f))
		return -EBADF;

	/* Nobody waits for the reset but the caller, and not if it is killed */
	while ((ret = try_config(pviommu, fd_file(f), &args, &held)) == -EAGAIN &&
	       time_before(jiffies, give_up)) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		usleep_range_state(1000, 2000, TASK_KILLABLE);
	}
	/* Not under config_lock: VFIO may have to end a VM under its own lock */
	if (held)
		forget_vm(fd_file(f));

	return ret;
}

static long pviommu_ioctl(struct file *file, unsigned int ioctl,
			  unsigned long arg)
{
	struct kvm_pviommu *pviommu = file->private_data;

	/* As for all ioctls of a VM */
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
		/* The entry is there: that takes no memory, and does not fail */
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

/* A fault of one of the VM's devices. Its pvIOMMU may have been closed. */
static void tell_pviommu(struct pkvm_iommu_listener *listener,
			 const struct pkvm_iommu_event *event)
{
	struct kvm_pviommus *pviommus = container_of(listener,
						     struct kvm_pviommus,
						     listener);
	void *entry;

	xa_lock(&pviommus->ids);
	entry = xa_load(&pviommus->ids, event->pviommu);
	if (entry && !xa_is_value(entry))
		kvm_pviommu_events_add(&((struct kvm_pviommu *)entry)->events,
				       event);
	xa_unlock(&pviommus->ids);
}

static void end_events(struct kvm_pviommus *pviommus)
{
	unsigned long id;
	void *entry;

	xa_lock(&pviommus->ids);
	xa_for_each(&pviommus->ids, id, entry) {
		if (!xa_is_value(entry))
			kvm_pviommu_events_end(&((struct kvm_pviommu *)entry)->events);
	}
	xa_unlock(&pviommus->ids);
}

static struct kvm_pviommus *get_pviommus(struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;

	if (pviommus)
		return pviommus;

	pviommus = kzalloc_obj(*pviommus, GFP_KERNEL_ACCOUNT);
	if (pviommus) {
		xa_init(&pviommus->ids);
		xa_init(&pviommus->devices);
		pviommus->listener.vm = kvm->arch.pkvm.handle;
		pviommus->listener.event = tell_pviommu;
		pviommus->account.mm = kvm->mm;
		mutex_init(&pviommus->account.lock);
		pkvm_iommu_listen(&pviommus->listener);
		kvm->arch.pkvm.pviommus = pviommus;
	}

	return pviommus;
}

/* An unused fd whose number is not, and will not be, another pvIOMMU's */
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

static int attach(struct kvm *kvm)
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

	pviommus = get_pviommus(kvm);
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
	/* The entry is there, as above */
	xa_store(&pviommus->ids, fd, pviommu, GFP_KERNEL);
	retain_and_null_ptr(pviommu);
	fd_install(fd, file);

	return fd;
}

static int get_info(struct kvm *kvm, struct kvm_vfio_iommu_info __user *uargs)
{
	struct kvm_vfio_iommu_info args;
	struct device *dev;
	int ret, bits;

	ret = copy_args(&args, sizeof(args), KVM_VFIO_IOMMU_INFO_SIZE_VER0,
			uargs);
	if (ret)
		return ret;
	if (args.__reserved || args.__reserved2)
		return -EOPNOTSUPP;

	CLASS(fd, f)(args.device_fd);
	if (fd_empty(f))
		return -EBADF;

	dev = device_of_vm(kvm, fd_file(f));
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	ret = pkvm_iommu_num_endpoints(dev);
	if (ret < 0)
		return ret;
	bits = pkvm_iommu_input_bits(dev);
	if (bits < 0)
		return bits;

	/* The outputs, as far as the caller knows them */
	if (args.size >= offsetofend(typeof(args), input_bits) &&
	    put_user((u32)bits, &uargs->input_bits))
		return -EFAULT;
	return put_user((u32)ret, &uargs->nr_sids);
}

static int set_max_memory(struct kvm *kvm, const u64 __user *uargs)
{
	struct kvm_pviommus *pviommus;
	u64 size;
	int ret;

	if (get_user(size, uargs))
		return -EFAULT;
	if (size < PAGE_SIZE)
		return -EINVAL;

	ACQUIRE(mutex_kill, lock)(&kvm->arch.config_lock);
	ret = ACQUIRE_ERR(mutex_kill, &lock);
	if (ret)
		return ret;
	pviommus = kvm->arch.pkvm.pviommus;
	if (!pviommus)
		return -ENOENT;
	WRITE_ONCE(pviommus->max_pages, size >> PAGE_SHIFT);

	return 0;
}

/**
 * kvm_pviommu_set_attr() - KVM_SET_DEVICE_ATTR of group KVM_DEV_VFIO_PVIOMMU
 * @kvm: the VM
 * @attr: the argument of the ioctl
 *
 * Return: a file descriptor, 0 or an errno, see
 * Documentation/virt/kvm/devices/vfio-pviommu.rst.
 */
int kvm_pviommu_set_attr(struct kvm *kvm, const struct kvm_device_attr *attr)
{
	switch (attr->attr) {
	case KVM_DEV_VFIO_PVIOMMU_ATTACH:
		return attach(kvm);
	case KVM_DEV_VFIO_PVIOMMU_GET_INFO:
		return get_info(kvm, u64_to_user_ptr(attr->addr));
	case KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY:
		return set_max_memory(kvm, u64_to_user_ptr(attr->addr));
	}

	return -ENXIO;
}

/**
 * kvm_pviommu_has_attr() - KVM_HAS_DEVICE_ATTR of group KVM_DEV_VFIO_PVIOMMU
 * @attr: the argument of the ioctl
 *
 * Return: 0, or -ENXIO: no such attribute, or EL2 owns no IOMMU.
 */
int kvm_pviommu_has_attr(const struct kvm_device_attr *attr)
{
	if (!pkvm_iommu_available())
		return -ENXIO;

	switch (attr->attr) {
	case KVM_DEV_VFIO_PVIOMMU_ATTACH:
	case KVM_DEV_VFIO_PVIOMMU_GET_INFO:
	case KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY:
		return 0;
	}

	return -ENXIO;
}

static bool is_supplied(struct kvm_vcpu *vcpu, gpa_t ipa)
{
	guard(read_lock)(&vcpu->kvm->mmu_lock);

	return pkvm_pgtable_stage2_is_mapped(vcpu->arch.hw_mmu->pgt, ipa, PAGE_SIZE, false);
}

/*
 * Do what KVM does when the guest touches a page that it lacks. Where it can have
 * none there is nothing to do: EL2 sees that it is still missing, and refuses the
 * call. It also sees whether the VM may write to the page.
 */
static int supply_page(struct kvm_vcpu *vcpu, gpa_t ipa)
{
	struct kvm_vcpu_fault_info *fault = &vcpu->arch.fault;
	unsigned long hva;
	int ret;

	scoped_guard(srcu, &vcpu->kvm->srcu)
		hva = gfn_to_hva_prot(vcpu->kvm, gpa_to_gfn(ipa), NULL);
	if (kvm_is_error_hva(hva))
		return 1;

	/*
	 * Registers that are not the VM's are missing as well. Without memory for their
	 * tables the handler of faults knows what else to do.
	 */
	ret = kvm_pviommu_request_registers(vcpu, ipa);
	if (ret <= 0 && ret != -ENOMEM)
		return 1;

	/*
	 * A translation fault, of level 3, of a read: what devices may write to is pinned
	 * to be written in any case, and a VM may have read-only memory without a device.
	 */
	fault->hpfar_el2 = HPFAR_EL2_NS | FIELD_PREP(HPFAR_EL2_FIPA, ipa >> 12);
	fault->esr_el2 = ESR_ELx_EC_DABT_LOW << ESR_ELx_EC_SHIFT | ESR_ELx_IL |
			 ESR_ELx_FSC_FAULT | FIELD_PREP(ESR_ELx_FSC_LEVEL, 3);
	fault->far_el2 = 0;

	ret = kvm_handle_guest_abort(vcpu);

	/* EL2 tells another vCPU that was slower from a poisoned page only after a fault */
	return ret == -EFAULT && is_supplied(vcpu, ipa) ? 1 : ret;
}

/*
 * The call waits for the first page, and is about more of them. What is not to be had
 * beyond the first one is for the guest to meet when it gets there.
 */
static int supply_pages(struct kvm_vcpu *vcpu, gpa_t ipa, u64 size)
{
	gpa_t end = ipa + min(size, SUPPLY_MAX);
	int ret = supply_page(vcpu, ipa);

	while (ret == 1 && is_supplied(vcpu, ipa)) {
		do {
			ipa += PAGE_SIZE;
		} while (ipa < end && is_supplied(vcpu, ipa));
		if (ipa >= end || signal_pending(current) || supply_page(vcpu, ipa) != 1)
			break;
		cond_resched();
	}

	return ret;
}

/* As much as one call takes, if that is all that the VM may have */
static int supply_memory(struct kvm *kvm)
{
	struct pkvm_iommu_account *account = account_of(kvm);
	pkvm_handle_t handle = kvm->arch.pkvm.handle;
	int ret;

	if (!account)
		return 1;
	ret = pkvm_iommu_topup_vm(handle, account, REFILL_PAGES);
	if (ret == -EDQUOT)
		ret = pkvm_iommu_topup_vm(handle, account,
					  PKVM_IOMMU_GUEST_CALL_PAGES);

	return !ret || ret == -EDQUOT ? 1 : ret;
}

/**
 * kvm_pviommu_hvc() - EL2 left a guest's hypercall about its DMA to the host
 * @vcpu: the vCPU, its PC at the HVC
 * @func_id: function of the call
 *
 * It does so to get something for the VM: pages that the guest has not touched
 * yet, or memory, which is charged to the VMM's memory cgroup and RLIMIT_MEMLOCK.
 * The guest then repeats the call without knowing. If it may have no more EL2 sees
 * that nothing came, and refuses the call.
 *
 * Or a protected VM takes back a page that it has shared, and that a flush queue of
 * the host may hold.
 *
 * Repeats are not counted here. EL2 asks for memory as long as there is less than one
 * call needs, and a few times more if none comes.
 *
 * Return: 1 if this was such a call and the guest goes on, 0 if it was not, or an
 * errno for the VMM: the host cannot supply it.
 */
int kvm_pviommu_hvc(struct kvm_vcpu *vcpu, u32 func_id)
{
	struct kvm *kvm = vcpu->kvm;
	gpa_t ipa;

	if (func_id != PVIOMMU_OP_FUNC_ID &&
	    func_id != PVIOMMU_DEV_REQ_MMIO_FUNC_ID &&
	    func_id != ARM_SMCCC_VENDOR_HYP_KVM_MEM_UNSHARE_FUNC_ID)
		return 0;
	if (kvm_vcpu_trap_get_class(vcpu) != ESR_ELx_EC_HVC64)
		return 0;
	if (func_id == ARM_SMCCC_VENDOR_HYP_KVM_MEM_UNSHARE_FUNC_ID) {
		if (!kvm_vm_is_protected(kvm))
			return 0;
		pkvm_iommu_flush_lazy();
		return 1;
	}
	/* EL2 answers all other calls of a protected VM, and none of such a plain one */
	if (!kvm_vm_is_protected(kvm) &&
	    !(kvm->arch.pkvm.pviommus && kvm->arch.pkvm.pviommus->routed))
		return 0;

	ipa = kvm_vcpu_get_fault_ipa(vcpu);
	if (ipa != INVALID_GPA)
		return supply_pages(vcpu, ipa, kvm_vcpu_get_hfar(vcpu));

	return supply_memory(kvm);
}

/**
 * kvm_pviommu_vm_dying() - a VM dies: block its devices
 * @kvm: the VM; it does not run any more, and none of its pages is reclaimed yet
 *
 * Context: may sleep.
 */
void kvm_pviommu_vm_dying(struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	int ret = pkvm_iommu_drain_vm(kvm->arch.pkvm.handle, account_of(kvm));

	if (!pviommus)
		return;

	pviommus->stuck = ret;
	end_events(pviommus);
}

/**
 * kvm_pviommu_is_stuck() - does EL2 keep a VM that is dead?
 * @kvm: the VM
 *
 * An SMMU that could not be switched off may still let the VM's devices reach its
 * memory. The host gets none of it back. It was told so, once.
 *
 * Return: true if nothing of the VM can be reclaimed.
 */
bool kvm_pviommu_is_stuck(const struct kvm *kvm)
{
	return kvm->arch.pkvm.pviommus && kvm->arch.pkvm.pviommus->stuck;
}

/**
 * kvm_pviommu_vm_destroy() - a VM ends: nothing of it is left afterwards
 * @kvm: the VM; nobody has a reference, and its handle is released next
 *
 * Context: may sleep.
 * Return: false if the VM is stuck, see kvm_pviommu_is_stuck().
 */
bool kvm_pviommu_vm_destroy(struct kvm *kvm)
{
	struct kvm_pviommus *pviommus = kvm->arch.pkvm.pviommus;
	bool stuck = kvm_pviommu_is_stuck(kvm);
	unsigned long index;
	struct file *file;

	/* Before its handle can be that of another VM */
	if (pviommus)
		pkvm_iommu_unlisten(&pviommus->listener);

	/* A VM that never ran was not drained when it died */
	if (kvm->arch.pkvm.handle && !stuck)
		pkvm_iommu_drain_vm(kvm->arch.pkvm.handle, account_of(kvm));

	if (!pviommus)
		return true;

	/* EL2 is done with the devices: now VFIO may close, reset and suspend them */
	xa_for_each(&pviommus->devices, index, file)
		fput(file);
	xa_destroy(&pviommus->devices);
	xa_destroy(&pviommus->ids);
	kfree(pviommus);
	kvm->arch.pkvm.pviommus = NULL;

	return !stuck;
}
