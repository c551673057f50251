// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the registers of each hypercall.
 *
 * Nothing here decides anything: callers see errnos and values as EL2 gave
 * them.
 */
#include <linux/arm-smccc.h>
#include <linux/bitfield.h>
#include <linux/kvm_host.h>

#include <asm/kvm_asm.h>

#include "host.h"

/*
 * x0 tells only whether the hypervisor knows the call. It always does, unless
 * the host and EL2 were built apart, so that gets an errno that no op uses.
 */
static long hyp_result(unsigned long x0, unsigned long x1)
{
	if (WARN_ON_ONCE(x0 != SMCCC_RET_SUCCESS))
		return -EPROTO;

	return x1;
}

#define hyp_call(func, op, a2, a3, a4, a5, a6, res)			\
({									\
	struct arm_smccc_res *__r = (res);				\
									\
	arm_smccc_1_1_hvc(KVM_HOST_SMCCC_FUNC(func), (u64)(op),		\
			  (u64)(a2), (u64)(a3), (u64)(a4), (u64)(a5),	\
			  (u64)(a6), __r);				\
	hyp_result(__r->a0, __r->a1);					\
})

#define hyp_op(op, a2, a3, a4, a5, a6, res)				\
	hyp_call(__pkvm_iommu_op, PKVM_IOMMU_OP_##op, a2, a3, a4, a5, a6, res)

/**
 * pkvm_iommu_hyp_register() - hand an IOMMU to EL2
 * @base: physical address of its registers
 * @size: size of its registers
 * @flags: PKVM_IOMMU_F_*
 * @mem: first page of the memory for its queues and stream table
 * @nr_pages: number of pages, 0 to ask
 * @out: with -ENOMEM the pages needed, with -EOPNOTSUPP the reason
 *
 * Return: the number of the IOMMU or an errno.
 */
int pkvm_iommu_hyp_register(phys_addr_t base, u64 size, u64 flags,
			    phys_addr_t mem, unsigned long nr_pages, u64 *out)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_REGISTER, base, size,
		       flags, mem >> PAGE_SHIFT, nr_pages, &res);
	*out = res.a2;

	return ret;
}

/**
 * pkvm_iommu_hyp_finalise() - enable all IOMMUs that EL2 has
 * @flags: PKVM_IOMMU_FINALISE_*
 *
 * Return: 0 or an errno, all streams abort then.
 */
int pkvm_iommu_hyp_finalise(u64 flags)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_FINALISE, flags, 0,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_withhold() - nobody is to have these registers
 * @base: physical address
 * @size: size in bytes
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_withhold(phys_addr_t base, u64 size)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_WITHHOLD, base, size,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_window() - the host's devices are to reach some high MMIO
 * @base: physical address
 * @size: size in bytes
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_window(phys_addr_t base, u64 size)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_WINDOW, base, size,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_device() - name an assignable device
 * @group: the group with which it changes hands
 * @reset: how it is reset
 *
 * Return: its number or an errno.
 */
int pkvm_iommu_hyp_device(unsigned int group, enum pkvm_device_reset reset)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_DEVICE, group, reset,
			0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_device_mmio() - registers of an assignable device
 * @device: its number
 * @base: physical address
 * @size: size in bytes
 *
 * Return: 0 or an errno, the device cannot be assigned then.
 */
int pkvm_iommu_hyp_device_mmio(unsigned int device, phys_addr_t base, u64 size)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_DEVICE_MMIO, device,
			base, size, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_device_stream() - a stream of an assignable device
 * @device: its number
 * @iommu: number of the IOMMU
 * @sid: stream ID
 *
 * Return: 0 or an errno, the device cannot be assigned then.
 */
int pkvm_iommu_hyp_device_stream(unsigned int device, unsigned int iommu, u32 sid)
{
	struct arm_smccc_res res;

	return hyp_call(__pkvm_iommu_init, PKVM_IOMMU_INIT_DEVICE_STREAM,
			device, iommu, sid, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_get_info() - what an IOMMU can do
 * @iommu: its number
 * @sid_bits: bits of a stream ID
 * @info: PKVM_IOMMU_INFO_*
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_get_info(unsigned int iommu, unsigned int *sid_bits, u64 *info)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(GET_INFO, iommu, 0, 0, 0, 0, &res);
	if (ret < 0)
		return ret;

	*sid_bits = res.a2;
	*info = res.a3;
	return 0;
}

/**
 * pkvm_iommu_hyp_topup() - donate pages to the host's pool
 * @mc: the pages; what EL2 did not take is left in it, on errors too
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_topup(struct kvm_hyp_memcache *mc)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(TOPUP, mc->head, mc->nr_pages, 0, 0, 0, &res);
	if (ret != -EPROTO) {
		mc->head = res.a2;
		mc->nr_pages = res.a3;
	}

	return ret < 0 ? ret : 0;
}

/**
 * pkvm_iommu_hyp_reclaim() - take unused pages back
 * @max: most pages wanted
 * @mc: the pages
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_reclaim(unsigned long max, struct kvm_hyp_memcache *mc)
{
	struct arm_smccc_res res;
	int ret;

	*mc = (struct kvm_hyp_memcache) { };
	ret = hyp_op(RECLAIM, max, 0, 0, 0, 0, &res);
	if (ret < 0)
		return ret;

	mc->head = res.a2;
	mc->nr_pages = res.a3;
	return 0;
}

/**
 * pkvm_iommu_hyp_alloc_domain() - make a paging domain
 * @need: with -ENOMEM the pages needed
 *
 * Return: its handle or an errno.
 */
int pkvm_iommu_hyp_alloc_domain(unsigned long *need)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(ALLOC_DOMAIN, 0, 0, 0, 0, 0, &res);
	*need = res.a2;

	return ret;
}

/**
 * pkvm_iommu_hyp_free_domain() - free a paging domain, in steps
 * @handle: the domain
 *
 * Return: 0, -EAGAIN (repeat) or an errno.
 */
int pkvm_iommu_hyp_free_domain(u32 handle)
{
	struct arm_smccc_res res;

	return hyp_op(FREE_DOMAIN, handle, 0, 0, 0, 0, &res);
}

/**
 * pkvm_iommu_hyp_attach() - attach one stream
 * @iommu: number of the IOMMU
 * @sid: stream ID
 * @handle: a domain, or PKVM_IOMMU_DOMAIN_*
 * @need: with -ENOMEM the pages needed
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_attach(unsigned int iommu, u32 sid, u32 handle,
			  unsigned long *need)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(ATTACH, iommu, sid, handle, 0, 0, &res);
	*need = res.a2;

	return ret;
}

/**
 * pkvm_iommu_hyp_map() - map a range, or its beginning
 * @handle: the domain
 * @iova: where
 * @paddr: what
 * @size: bytes
 * @prot: IOMMU_READ and the like
 * @done: bytes mapped, on errors too
 * @need: with -ENOMEM the pages needed
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_map(u32 handle, unsigned long iova, phys_addr_t paddr,
		       size_t size, int prot, size_t *done, unsigned long *need)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(MAP, handle, iova, paddr, size, prot, &res);
	*done = ret == -EPROTO ? 0 : min(res.a2, size);
	*need = res.a3;

	return ret;
}

/**
 * pkvm_iommu_hyp_map_list() - map pieces of memory one after the other
 * @handle: the domain
 * @list: where, and which
 * @done: bytes mapped, also on error
 * @need: for -ENOMEM: number of pages EL2 asks for
 *
 * Return: 0 or an errno; 0 with less than the list means call again.
 */
int pkvm_iommu_hyp_map_list(u32 handle, const struct pkvm_map_list *list,
			    size_t *done, unsigned long *need)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
		.a1 = PKVM_IOMMU_OP_MAP_LIST,
		.a2 = handle,
		.a3 = list->iova,
		.a4 = FIELD_PREP(PKVM_IOMMU_LIST_PROT, list->prot) |
		      FIELD_PREP(PKVM_IOMMU_LIST_NR, list->nr),
	};

	pkvm_map_list_regs(list, &regs);
	arm_smccc_1_2_hvc(&regs, &regs);
	*done = regs.a2;
	*need = regs.a3;

	return hyp_result(regs.a0, regs.a1);
}

/**
 * pkvm_iommu_hyp_unmap() - unmap a range, or its beginning
 * @handle: the domain
 * @iova: where
 * @size: bytes
 * @done: bytes unmapped and gone from every TLB, 0 on errors
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_unmap(u32 handle, unsigned long iova, size_t size,
			 size_t *done)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(UNMAP, handle, iova, size, 0, 0, &res);
	*done = ret == -EPROTO ? 0 : min(res.a2, size);

	return ret;
}

/**
 * pkvm_iommu_hyp_unmap_list() - unmap ranges one after the other
 * @handle: the domain
 * @range: IOVAs and sizes, see &struct pkvm_lazy_set
 * @nr: how many, at most PKVM_IOMMU_LIST_MAX
 * @done: bytes unmapped and gone from every TLB, also on error
 *
 * Return: 0 or an errno; 0 with less than all ranges means call again.
 */
int pkvm_iommu_hyp_unmap_list(u32 handle, const unsigned long *range,
			      unsigned int nr, size_t *done)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
		.a1 = PKVM_IOMMU_OP_UNMAP_LIST,
		.a2 = handle,
		.a3 = nr,
	};
	int ret;

	memcpy(&regs.a5, range, nr * sizeof(*range));
	arm_smccc_1_2_hvc(&regs, &regs);
	ret = hyp_result(regs.a0, regs.a1);
	*done = ret == -EPROTO ? 0 : regs.a2;

	return ret;
}

/**
 * pkvm_iommu_hyp_poll() - handle global errors, take one fault record
 * @iommu: number of the IOMMU
 * @record: the record, if PKVM_IOMMU_POLL_EVENT is returned, or what there is to
 *	know of a VM's, if PKVM_IOMMU_POLL_VM_EVENT is
 *
 * Return: PKVM_IOMMU_POLL_* or an errno.
 */
long pkvm_iommu_hyp_poll(unsigned int iommu, u64 record[4])
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
		.a1 = PKVM_IOMMU_OP_POLL,
		.a2 = iommu,
	};

	arm_smccc_1_2_hvc(&regs, &regs);
	record[0] = regs.a2;
	record[1] = regs.a3;
	record[2] = regs.a4;
	record[3] = regs.a5;

	return hyp_result(regs.a0, regs.a1);
}

/**
 * pkvm_iommu_hyp_vm_topup() - donate pages to the pool of a VM
 * @vm: pKVM handle of the VM
 * @mc: the pages; what EL2 did not take is left in it, on errors too
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_vm_topup(pkvm_handle_t vm, struct kvm_hyp_memcache *mc)
{
	struct arm_smccc_res res;
	int ret;

	ret = hyp_op(VM_TOPUP, vm, mc->head, mc->nr_pages, 0, 0, &res);
	if (ret != -EPROTO && ret != -EOPNOTSUPP && ret != -ENODEV) {
		mc->head = res.a2;
		mc->nr_pages = res.a3;
	}

	return ret < 0 ? ret : 0;
}

/**
 * pkvm_iommu_hyp_vm_route() - make a (pvIOMMU, vSID) of a VM name a stream
 * @vm: pKVM handle of the VM
 * @pviommu: number of the pvIOMMU
 * @vsid: virtual stream ID
 * @iommu: number of the IOMMU
 * @sid: stream ID
 * @flags: PKVM_IOMMU_ROUTE_*
 * @need: with -ENOMEM the pages needed
 *
 * Return: 0 or an errno.
 */
int pkvm_iommu_hyp_vm_route(pkvm_handle_t vm, u32 pviommu, u32 vsid,
			    unsigned int iommu, u32 sid, u64 flags,
			    unsigned long *need)
{
	struct arm_smccc_1_2_regs regs = {
		.a0 = KVM_HOST_SMCCC_FUNC(__pkvm_iommu_op),
		.a1 = PKVM_IOMMU_OP_VM_ROUTE,
		.a2 = vm,
		.a3 = pviommu,
		.a4 = vsid,
		.a5 = iommu,
		.a6 = sid,
		.a7 = flags,
	};

	arm_smccc_1_2_hvc(&regs, &regs);
	*need = regs.a2;

	return hyp_result(regs.a0, regs.a1);
}

/**
 * pkvm_iommu_hyp_vm_drain() - take from a dying VM what it has here, in steps
 * @vm: pKVM handle of the VM
 * @mc: pages that are the host's again, with 0 and -EAGAIN
 *
 * Return: 0, -EAGAIN (repeat) or an errno.
 */
int pkvm_iommu_hyp_vm_drain(pkvm_handle_t vm, struct kvm_hyp_memcache *mc)
{
	struct arm_smccc_res res;
	int ret;

	*mc = (struct kvm_hyp_memcache) { };
	ret = hyp_op(VM_DRAIN, vm, 0, 0, 0, 0, &res);
	if (!ret || ret == -EAGAIN) {
		mc->head = res.a2;
		mc->nr_pages = res.a3;
	}

	return ret;
}
