// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host side of the pKVM IOMMU boot tests: gives root the means to attack, see
 * pkvm_iommu_test.h. Never load it outside a test machine.
 */
#include <linux/arm-smccc.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/psci.h>

#include <asm/kvm_asm.h>
#ifdef PKVM_IOMMU_OP	/* set by Kbuild where the kernel has the hypercalls */
#include <asm/pkvm-iommu-host.h>
#endif

#include "internal.h"

static const u32 hvc_func[PKVM_TEST_NR_HVC] = {
#ifdef PKVM_IOMMU_OP
	[PKVM_TEST_HVC_IOMMU_OP] = KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
	[PKVM_TEST_HVC_IOMMU_INIT] = KVM_HOST_SMCCC_FUNC(__pkvm_iommu_init),
	[PKVM_TEST_HVC_SHARE_MMIO_GUEST] =
		KVM_HOST_SMCCC_FUNC(__pkvm_host_share_mmio_guest),
	[PKVM_TEST_HVC_UNSHARE_MMIO_GUEST] =
		KVM_HOST_SMCCC_FUNC(__pkvm_host_unshare_mmio_guest),
#endif
	[PKVM_TEST_HVC_SHARE_HYP] = KVM_HOST_SMCCC_FUNC(__pkvm_host_share_hyp),
	[PKVM_TEST_HVC_UNSHARE_HYP] = KVM_HOST_SMCCC_FUNC(__pkvm_host_unshare_hyp),
	[PKVM_TEST_HVC_FORCE_RECLAIM] =
		KVM_HOST_SMCCC_FUNC(__pkvm_force_reclaim_guest_page),
	[PKVM_TEST_HVC_UNSHARE_GUEST] =
		KVM_HOST_SMCCC_FUNC(__pkvm_host_unshare_guest),
	[PKVM_TEST_HVC_WRPROTECT_GUEST] =
		KVM_HOST_SMCCC_FUNC(__pkvm_host_wrprotect_guest),
	[PKVM_TEST_HVC_CLEAR_YOUNG_GUEST] =
		KVM_HOST_SMCCC_FUNC(__pkvm_host_test_clear_young_guest),
	[PKVM_TEST_HVC_RESERVE_VM] = KVM_HOST_SMCCC_FUNC(__pkvm_reserve_vm),
	[PKVM_TEST_HVC_UNRESERVE_VM] = KVM_HOST_SMCCC_FUNC(__pkvm_unreserve_vm),
	[PKVM_TEST_SMC_CPU_SUSPEND] = PSCI_0_2_FN64_CPU_SUSPEND,
};

#ifdef PKVM_IOMMU_OP
#define same_op(name)	static_assert((int)OP_##name == (int)PKVM_IOMMU_OP_##name)
#define same_init(name)	static_assert((int)INIT_##name == (int)PKVM_IOMMU_INIT_##name)
same_op(GET_INFO);
same_op(RECLAIM);
same_op(ATTACH);
same_op(MAP);
same_op(UNMAP);
same_op(POLL);
same_op(VM_DRAIN);
same_op(UNMAP_LIST);
same_init(REGISTER);
same_init(DEVICE_STREAM);
static_assert(PKVM_IOMMU_TOPUP_MAX == 64);
#endif

static int test_hvc(struct pkvm_test_hvc *hvc)
{
	struct arm_smccc_1_2_regs regs = { };

	if (hvc->func >= PKVM_TEST_NR_HVC || hvc->reserved)
		return -EINVAL;
	if (!hvc_func[hvc->func])
		return -EOPNOTSUPP;
	regs.a0 = hvc_func[hvc->func];
	memcpy(&regs.a1, hvc->regs, 7 * sizeof(u64));
	if (hvc->func == PKVM_TEST_SMC_CPU_SUSPEND)
		arm_smccc_1_2_smc(&regs, &regs);
	else
		arm_smccc_1_2_hvc(&regs, &regs);
	memcpy(hvc->regs, &regs.a0, 8 * sizeof(u64));
	return 0;
}

static int test_kva(struct pkvm_test_kva *kva)
{
	if (__is_lm_address(kva->addr))
		kva->phys = __lm_to_phys(kva->addr);
	else
		kva->phys = __kimg_to_phys(kva->addr);
	if (copy_from_kernel_nofault(&kva->value, (void *)kva->addr,
				     sizeof(kva->value)))
		kva->value = 0;
	return 0;
}

static long test_ioctl(struct file *filp, unsigned int cmd, unsigned long uarg)
{
	struct test_file *file = filp->private_data;
	void __user *user = (void __user *)uarg;
	union {
		struct pkvm_test_engine engine;
		struct pkvm_test_dma dma;
		struct pkvm_test_buffer copy;
		struct pkvm_test_pages pages;
		struct pkvm_test_kva kva;
		struct pkvm_test_hvc hvc;
		struct pkvm_test_map map;
		struct pkvm_test_hostile hostile;
		struct pkvm_test_sg sg;
	} arg = { };
	size_t size = _IOC_SIZE(cmd);
	long ret;

	if (_IOC_TYPE(cmd) != PKVM_TEST_IO || size > sizeof(arg))
		return -ENOTTY;
	if ((_IOC_DIR(cmd) & _IOC_WRITE) && copy_from_user(&arg, user, size))
		return -EFAULT;

	switch (cmd) {
	case PKVM_TEST_ENGINE:
		ret = engine_info(&arg.engine);
		break;
	case PKVM_TEST_DMA:
		ret = engine_dma(&arg.dma);
		break;
	case PKVM_TEST_COPY:
		ret = engine_copy(&arg.copy);
		break;
	case PKVM_TEST_ALLOC:
		ret = pages_alloc(file, &arg.pages);
		break;
	case PKVM_TEST_FREE:
		ret = pages_free(file, arg.pages.phys, false);
		break;
	case PKVM_TEST_FORGET:
		ret = pages_free(file, arg.pages.phys, true);
		break;
	case PKVM_TEST_KVA:
		ret = test_kva(&arg.kva);
		break;
	case PKVM_TEST_HVC:
		ret = test_hvc(&arg.hvc);
		break;
	case PKVM_TEST_HOSTILE:
		ret = hostile_run(&arg.hostile);
		break;
	case PKVM_TEST_HOSTILE_END:
		ret = hostile_end(&arg.hostile);
		break;
	case PKVM_TEST_SG_MAP:
		ret = sg_map(file, &arg.sg);
		break;
	case PKVM_TEST_SG_UNMAP:
		sg_unmap(file);
		ret = 0;
		break;
	default:
		ret = domain_ioctl(file, cmd, &arg.map);
		break;
	}

	if (!ret && (_IOC_DIR(cmd) & _IOC_READ) && copy_to_user(user, &arg, size))
		ret = -EFAULT;
	return ret;
}

static int test_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (!pfn_valid(vma->vm_pgoff))
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int test_open(struct inode *inode, struct file *filp)
{
	struct test_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	init_rwsem(&file->domain_lock);
	INIT_LIST_HEAD(&file->chunks);
	filp->private_data = file;
	return 0;
}

static int test_release(struct inode *inode, struct file *filp)
{
	struct test_file *file = filp->private_data;

	sg_unmap(file);
	domain_release(file);
	pages_release(file);
	kfree(file);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
	.mmap = test_mmap,
};

static struct miscdevice test_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pkvm_iommu_test",
	.fops = &test_fops,
	.mode = 0600,
};

static int __init test_init(void)
{
	int ret = engines_init();

	if (ret)
		return ret;
	ret = misc_register(&test_misc);
	if (ret)
		engines_exit();
	return ret;
}
module_init(test_init);

static void __exit test_exit(void)
{
	misc_deregister(&test_misc);
	engines_exit();
}
module_exit(test_exit);

MODULE_DESCRIPTION("Hostile host for the pKVM IOMMU boot tests");
MODULE_LICENSE("GPL");
