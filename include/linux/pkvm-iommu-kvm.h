/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pvIOMMUs of VMs under pKVM: functions that KVM, KVM's VFIO device and VFIO offer to
 * each other.
 */
#ifndef __LINUX_PKVM_IOMMU_KVM_H
#define __LINUX_PKVM_IOMMU_KVM_H

#include <linux/errno.h>
#include <linux/types.h>

#include <uapi/linux/pkvm-iommu.h>

struct device;
struct file;
struct kvm;
struct kvm_device_attr;
struct kvm_enable_cap;
struct kvm_memory_slot;
struct kvm_vcpu;
struct page;

/**
 * struct kvm_pviommu_pin - memory that KVM has pinned for a VM
 * @page: the first page
 * @nr: number of contiguous pages: one page, or a block
 * @ipa: IPA at which KVM maps them
 * @prot: enum kvm_pgtable_prot with which KVM maps them
 */
struct kvm_pviommu_pin {
	struct page	*page;
	u64		nr;
	phys_addr_t	ipa;
	u64		prot;
};

/* arch/arm64/kvm/pvm_info.c */
int kvm_protected_vm_info(struct kvm *kvm, const struct kvm_enable_cap *cap);

/* arch/arm64/kvm/dma_isolation.c */
int kvm_dma_isolation(void);
int kvm_require_dma_isolation(unsigned long vm_type);

/* drivers/vfio/pkvm.c */
struct device *vfio_file_device_of_kvm(struct file *file, struct kvm *kvm);
void vfio_file_forget_kvm(struct file *file);

#ifdef CONFIG_PKVM_IOMMU
/* arch/arm64/kvm/pviommu_attr.c */
int kvm_pviommu_set_attr(struct kvm *kvm, const struct kvm_device_attr *attr);
int kvm_pviommu_has_attr(const struct kvm_device_attr *attr);

/* arch/arm64/kvm/pviommu_exit.c */
int kvm_pviommu_hvc(struct kvm_vcpu *vcpu, u32 func_id);

/* arch/arm64/kvm/pviommu_vm.c */
void kvm_pviommu_vm_dying(struct kvm *kvm);
bool kvm_pviommu_is_stuck(const struct kvm *kvm);
bool kvm_pviommu_vm_destroy(struct kvm *kvm);

/* arch/arm64/kvm/pviommu_mmio.c */
int kvm_pviommu_map_registers(struct kvm_vcpu *vcpu,
			      struct kvm_memory_slot *slot, phys_addr_t ipa);
int kvm_pviommu_request_registers(struct kvm_vcpu *vcpu, phys_addr_t ipa);

/* arch/arm64/kvm/pviommu_pin.c */
bool kvm_pviommu_pins_memory(const struct kvm *kvm);
int kvm_pviommu_pin(struct kvm *kvm, const struct kvm_memory_slot *slot, phys_addr_t ipa,
		    unsigned long hva, bool block, struct kvm_pviommu_pin *pin);
int kvm_pviommu_unpin(struct kvm *kvm, u64 pfn, u64 nr, int ret);
bool kvm_pviommu_pinned_near(struct kvm *kvm, phys_addr_t ipa);
int kvm_pviommu_prepare_slot(struct kvm *kvm, const struct kvm_memory_slot *old,
			     const struct kvm_memory_slot *new, bool leaves);
#else
static inline int kvm_pviommu_set_attr(struct kvm *kvm,
				       const struct kvm_device_attr *attr)
{
	return -ENXIO;
}

static inline int kvm_pviommu_has_attr(const struct kvm_device_attr *attr)
{
	return -ENXIO;
}

static inline int kvm_pviommu_hvc(struct kvm_vcpu *vcpu, u32 func_id)
{
	return 0;
}

static inline bool kvm_pviommu_pins_memory(const struct kvm *kvm)
{
	return false;
}

static inline int kvm_pviommu_pin(struct kvm *kvm, const struct kvm_memory_slot *slot,
				  phys_addr_t ipa, unsigned long hva, bool block,
				  struct kvm_pviommu_pin *pin)
{
	return 1;
}

static inline int kvm_pviommu_unpin(struct kvm *kvm, u64 pfn, u64 nr, int ret)
{
	return ret;
}

static inline bool kvm_pviommu_pinned_near(struct kvm *kvm, phys_addr_t ipa)
{
	return false;
}

static inline int kvm_pviommu_prepare_slot(struct kvm *kvm,
					   const struct kvm_memory_slot *old,
					   const struct kvm_memory_slot *new,
					   bool leaves)
{
	return 0;
}

static inline void kvm_pviommu_vm_dying(struct kvm *kvm)
{
}

static inline bool kvm_pviommu_is_stuck(const struct kvm *kvm)
{
	return false;
}

static inline bool kvm_pviommu_vm_destroy(struct kvm *kvm)
{
	return true;
}

static inline int kvm_pviommu_map_registers(struct kvm_vcpu *vcpu,
					    struct kvm_memory_slot *slot,
					    phys_addr_t ipa)
{
	return 1;
}
#endif

#endif /* __LINUX_PKVM_IOMMU_KVM_H */
