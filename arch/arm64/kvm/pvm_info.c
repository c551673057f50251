// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers KVM_CAP_ARM_PROTECTED_VM: what a VMM can ask about a protected VM.
 */
#include <linux/kvm_host.h>
#include <linux/pkvm-iommu-kvm.h>
#include <linux/uaccess.h>

/**
 * kvm_protected_vm_info() - KVM_ENABLE_CAP of KVM_CAP_ARM_PROTECTED_VM
 * @kvm: the VM
 * @cap: the argument of the ioctl
 *
 * Return: 0; -EINVAL if the VM is not protected, a flag is unknown, or an unused
 * argument is not 0; or -EFAULT.
 */
int kvm_protected_vm_info(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	/* pKVM loads no firmware: the VMM sets the entry point of the VM */
	const struct kvm_protected_vm_info info = { };

	if (!kvm_vm_is_protected(kvm))
		return -EINVAL;
	if (cap->flags != KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO)
		return -EINVAL;
	if (cap->args[1] || cap->args[2] || cap->args[3])
		return -EINVAL;

	if (copy_to_user(u64_to_user_ptr(cap->args[0]), &info, sizeof(info)))
		return -EFAULT;

	return 0;
}
