// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: wrappers of the hypercalls that exist once pKVM is finalised.
 *
 * They only fill in registers. Callers get errnos and values as EL2 returns them.
 */
#include <linux/bitfield.h>

#include "host.h"
#include "hypercall.h"

/**
 * pkvm_iommu_hyp_get_info() - get the features of an IOMMU
 * @iommu: number of the IOMMU
 * @sid_bits: out: bits of a stream ID
 * @info: out: PKVM_IOMMU_INFO_*
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
 * @mc: the pages; on return, also with an errno, those that EL2 did not take
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
 * pkvm_iommu_hyp_reclaim() - get unused pages of the host's pool back
 * @max: most pages wanted
 * @mc: out: the pages
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
 * @need: out: with -ENOMEM the pages that EL2 needs
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
 * pkvm_iommu_hyp_free_domain() - free a paging domain, or a part of it
 * @handle: the domain
 *
 * Return: 0; -EAGAIN if the caller must repeat the call; or another errno.
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
 * @need: out: with -ENOMEM the pages that EL2 needs
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
 * @iova: start of the IOVA range
 * @paddr: start of the physical range
 * @size: size in bytes
 * @prot: IOMMU_READ and the like
 * @done: out: bytes mapped, also with an errno
 * @need: out: with -ENOMEM the pages that EL2 needs
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
 * pkvm_iommu_hyp_map_list() - map pieces of memory to consecutive IOVAs
 * @handle: the domain
 * @list: the pieces, and their IOVA
 * @done: out: bytes mapped, also with an errno
 * @need: out: with -ENOMEM the pages that EL2 needs
 *
 * Return: 0 or an errno. After 0 with @done less than the list, call again for the rest.
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
 * @iova: start of the range
 * @size: size in bytes
 * @done: out: bytes unmapped, for which no TLB has an entry any more, also with an errno
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
 * pkvm_iommu_hyp_unmap_list() - unmap ranges with one TLB invalidation
 * @handle: the domain
 * @range: the ranges, each as in &pkvm_lazy_set.range
 * @nr: number of ranges, at most PKVM_IOMMU_LIST_MAX
 * @done: out: bytes unmapped, for which no TLB has an entry any more, also with an errno
 *
 * Return: 0 or an errno. After 0 with @done less than all ranges, call again for the rest.
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
 * pkvm_iommu_hyp_poll() - handle global errors, and get one fault record
 * @iommu: number of the IOMMU
 * @record: out: with PKVM_IOMMU_POLL_EVENT the record; with PKVM_IOMMU_POLL_VM_EVENT what
 *	EL2 discloses of a record about a VM, see PKVM_IOMMU_OP_POLL
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
 * @mc: the pages; on return, also with an errno, those that EL2 did not take
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
 * pkvm_iommu_hyp_vm_route() - assign a stream to a VM as (pvIOMMU, vSID)
 * @vm: pKVM handle of the VM
 * @pviommu: number of the pvIOMMU
 * @vsid: virtual stream ID
 * @iommu: number of the IOMMU
 * @sid: stream ID
 * @flags: PKVM_IOMMU_ROUTE_*
 * @need: out: with -ENOMEM the pages that EL2 needs
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
 * pkvm_iommu_hyp_vm_drain() - take everything from a dying VM, or a part of it
 * @vm: pKVM handle of the VM
 * @mc: out: with 0 and -EAGAIN, pages that the host owns again
 *
 * Return: 0; -EAGAIN if the caller must repeat the call; or another errno.
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
