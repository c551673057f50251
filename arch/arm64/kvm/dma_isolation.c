// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports whether pKVM isolates the memory of protected VMs from DMA (I11), and enforces
 * pkvm_iommu=required.
 *
 * The host driver of the IOMMUs knows the answer once EL2 has taken over the IOMMUs.
 * Users read it in /sys/kernel/pkvm/dma_isolation, VMMs with KVM_CAP_PKVM_DMA_ISOLATION.
 */
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include <asm/virt.h>

static_assert((int)KVM_PKVM_DMA_ISOLATION_NONE == (int)PKVM_IOMMU_ISOLATION_NONE);
static_assert((int)KVM_PKVM_DMA_ISOLATION_PARTIAL == (int)PKVM_IOMMU_ISOLATION_PARTIAL);
static_assert((int)KVM_PKVM_DMA_ISOLATION_FULL == (int)PKVM_IOMMU_ISOLATION_FULL);

static bool required __ro_after_init;

static const char * const names[] = {
	[PKVM_IOMMU_ISOLATION_NONE]	= "none",
	[PKVM_IOMMU_ISOLATION_PARTIAL]	= "partial",
	[PKVM_IOMMU_ISOLATION_FULL]	= "full",
};

static int __init parse_pkvm_iommu(char *arg)
{
	if (!arg)
		return -EINVAL;

	/* Take an unknown value for the strict one: a typo must not weaken isolation */
	required = strcmp(arg, "optional");
	if (required && strcmp(arg, "required"))
		pr_warn("kvm: pkvm_iommu=%s is unknown, using pkvm_iommu=required\n",
			arg);

	return 0;
}
early_param("pkvm_iommu", parse_pkvm_iommu);

/**
 * kvm_dma_isolation() - KVM_CHECK_EXTENSION of KVM_CAP_PKVM_DMA_ISOLATION
 *
 * Return: KVM_PKVM_DMA_ISOLATION_*.
 */
int kvm_dma_isolation(void)
{
	return pkvm_iommu_isolation();
}

/**
 * kvm_require_dma_isolation() - check whether pkvm_iommu= allows a new VM
 * @type: the argument of KVM_CREATE_VM
 *
 * Return: 0, or -EPERM if the VM is protected, EL2 does not isolate all DMA, and the
 * host was booted with pkvm_iommu=required.
 */
int kvm_require_dma_isolation(unsigned long type)
{
	if (!(type & KVM_VM_TYPE_ARM_PROTECTED) || !required ||
	    !is_protected_kvm_enabled() ||
	    pkvm_iommu_isolation() == PKVM_IOMMU_ISOLATION_FULL)
		return 0;

	pr_warn_once("kvm: protected VMs are refused: DMA isolation is %s, and pkvm_iommu=required\n",
		     names[pkvm_iommu_isolation()]);
	return -EPERM;
}

static ssize_t dma_isolation_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", names[pkvm_iommu_isolation()]);
}

static struct kobj_attribute dma_isolation_attr = __ATTR_RO(dma_isolation);

static int __init dma_isolation_sysfs_init(void)
{
	struct kobject *dir;

	if (!IS_ENABLED(CONFIG_SYSFS) || !is_protected_kvm_enabled() ||
	    !is_kvm_arm_initialised())
		return 0;

	dir = kobject_create_and_add("pkvm", kernel_kobj);
	return dir ? sysfs_create_file(dir, &dma_isolation_attr.attr) : -ENOMEM;
}
late_initcall(dma_isolation_sysfs_init);
