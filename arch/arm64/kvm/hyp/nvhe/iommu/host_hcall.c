// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of the host: decode the arguments and return the results.
 *
 * A handler reads each argument once, into a local variable, except for lists, and writes
 * each result once. Documentation/virt/kvm/arm/pkvm-iommu-host-abi.rst describes the calls.
 */
#include <asm/pkvm-iommu-host.h>

#include <linux/nospec.h>

#include <nvhe/iommu.h>
#include <nvhe/trap_handler.h>

#include <core/domain.h>
#include <core/vm.h>
#include <device/device.h>
#include <memory/ranges.h>

typedef long (*iommu_hcall_t)(struct kvm_cpu_context *ctxt);

static long hcall_register(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, base, ctxt, 2);
	DECLARE_REG(u64, size, ctxt, 3);
	DECLARE_REG(u64, flags, ctxt, 4);
	DECLARE_REG(u64, pfn, ctxt, 5);
	DECLARE_REG(u64, nr_pages, ctxt, 6);
	u64 out = 0;
	long ret;

	ret = iommu_register(base, size, flags, pfn, nr_pages, &out);
	cpu_reg(ctxt, 2) = out;

	return ret;
}

static long hcall_finalise(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, flags, ctxt, 2);

	return iommu_finalise(flags);
}

static long hcall_device(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, group, ctxt, 2);
	DECLARE_REG(u64, reset, ctxt, 3);

	return hyp_device_register(group, reset);
}

static long hcall_device_mmio(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, device, ctxt, 2);
	DECLARE_REG(u64, base, ctxt, 3);
	DECLARE_REG(u64, size, ctxt, 4);

	return hyp_device_register_mmio(device, base, size);
}

static long hcall_device_stream(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, device, ctxt, 2);
	DECLARE_REG(u64, iommu, ctxt, 3);
	DECLARE_REG(u64, sid, ctxt, 4);

	return hyp_device_register_stream(device, iommu, sid);
}

static long hcall_withhold(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, base, ctxt, 2);
	DECLARE_REG(u64, size, ctxt, 3);

	return host_idmap ? -EPERM : mmio_withhold(base, size);
}

static long hcall_window(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, base, ctxt, 2);
	DECLARE_REG(u64, size, ctxt, 3);

	return host_idmap_add_window(base, size);
}

static long hcall_get_info(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, id, ctxt, 2);
	struct hyp_iommu *iommu = iommu_by_id(id);

	if (!iommu)
		return -ENOENT;

	cpu_reg(ctxt, 2) = iommu->sid_bits;
	cpu_reg(ctxt, 3) = hw_info(iommu) |
		FIELD_PREP(PKVM_IOMMU_INFO_IAS, iommu_cfg.paging_ias) |
		FIELD_PREP(PKVM_IOMMU_INFO_STAGE, iommu_cfg.stage) |
		FIELD_PREP(PKVM_IOMMU_INFO_COHERENT, iommu->coherent) |
		FIELD_PREP(PKVM_IOMMU_INFO_BBML2, iommu->bbml2) |
		FIELD_PREP(PKVM_IOMMU_INFO_DEAD, READ_ONCE(iommu->state) != IOMMU_LIVE);

	return 0;
}

static void return_memcache(struct kvm_cpu_context *ctxt, const struct kvm_hyp_memcache *mc)
{
	cpu_reg(ctxt, 2) = mc->head;
	cpu_reg(ctxt, 3) = mc->nr_pages;
}

static long hcall_topup(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(phys_addr_t, head, ctxt, 2);
	DECLARE_REG(u64, nr_pages, ctxt, 3);
	struct kvm_hyp_memcache mc = { .head = head, .nr_pages = nr_pages };
	long ret = pool_topup(&iommu_host.pool, &mc);

	return_memcache(ctxt, &mc);

	return ret;
}

static long hcall_reclaim(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, max, ctxt, 2);
	struct kvm_hyp_memcache mc = {};

	pool_reclaim(&iommu_host.pool, &mc, min_t(u64, max, PKVM_IOMMU_TOPUP_MAX));
	return_memcache(ctxt, &mc);

	return 0;
}

static long hcall_alloc_domain(struct kvm_cpu_context *ctxt)
{
	u64 pages = 0;
	long ret = domain_alloc(&iommu_host, &pages);

	cpu_reg(ctxt, 2) = pages;

	return ret;
}

static long hcall_free_domain(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, handle, ctxt, 2);

	return domain_free(&iommu_host, handle);
}

static long hcall_attach(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, iommu, ctxt, 2);
	DECLARE_REG(u64, sid, ctxt, 3);
	DECLARE_REG(u64, handle, ctxt, 4);
	u64 pages = 0;
	long ret = stream_attach_host(iommu, sid, handle, &pages);

	cpu_reg(ctxt, 2) = pages;

	return ret;
}

static long hcall_map(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, handle, ctxt, 2);
	DECLARE_REG(u64, iova, ctxt, 3);
	DECLARE_REG(u64, phys, ctxt, 4);
	DECLARE_REG(u64, size, ctxt, 5);
	DECLARE_REG(u64, prot, ctxt, 6);
	u64 done = 0, pages = 0;
	long ret = domain_map(&iommu_host, handle, iova, phys, size, prot, &done, &pages);

	cpu_reg(ctxt, 2) = done;
	cpu_reg(ctxt, 3) = pages;

	return ret;
}

static long hcall_map_list(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, handle, ctxt, 2);
	DECLARE_REG(u64, iova, ctxt, 3);
	DECLARE_REG(u64, info, ctxt, 4);
	u64 done = 0, pages = 0;
	long ret;

	/* The host cannot change these registers while EL2 runs: use the list in place */
	ret = domain_map_list(&iommu_host, handle, iova, &cpu_reg(ctxt, 5),
			      FIELD_GET(PKVM_IOMMU_LIST_NR, info),
			      FIELD_GET(PKVM_IOMMU_LIST_PROT, info), &done, &pages);
	cpu_reg(ctxt, 2) = done;
	cpu_reg(ctxt, 3) = pages;

	return ret;
}

static long hcall_unmap(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, handle, ctxt, 2);
	DECLARE_REG(u64, iova, ctxt, 3);
	DECLARE_REG(u64, size, ctxt, 4);
	u64 done = 0;
	long ret = domain_unmap(&iommu_host, handle, iova, size, &done);

	cpu_reg(ctxt, 2) = done;

	return ret;
}

static long hcall_unmap_list(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, handle, ctxt, 2);
	DECLARE_REG(u64, nr, ctxt, 3);
	u64 done = 0;
	long ret;

	/* As in hcall_map_list() */
	ret = domain_unmap_list(&iommu_host, handle, &cpu_reg(ctxt, 5),
				min_t(u64, nr, U32_MAX), &done);
	cpu_reg(ctxt, 2) = done;

	return ret;
}

static long hcall_poll(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, id, ctxt, 2);
	struct hyp_iommu *iommu = iommu_by_id(id);
	u64 record[HW_EVENT_WORDS] = {};
	unsigned int i;
	long ret;

	if (!iommu)
		return -ENOENT;

	ret = events_poll(iommu, record);
	for (i = 0; i < HW_EVENT_WORDS; i++)
		cpu_reg(ctxt, 2 + i) = record[i];

	return ret;
}

static long hcall_vm_topup(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, vm, ctxt, 2);
	DECLARE_REG(phys_addr_t, head, ctxt, 3);
	DECLARE_REG(u64, nr_pages, ctxt, 4);
	struct kvm_hyp_memcache mc = { .head = head, .nr_pages = nr_pages };
	long ret = iommu_vm_topup(vm, &mc);

	return_memcache(ctxt, &mc);

	return ret;
}

static long hcall_vm_route(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, vm, ctxt, 2);
	DECLARE_REG(u64, pviommu, ctxt, 3);
	DECLARE_REG(u64, vsid, ctxt, 4);
	DECLARE_REG(u64, iommu, ctxt, 5);
	DECLARE_REG(u64, sid, ctxt, 6);
	DECLARE_REG(u64, flags, ctxt, 7);
	u64 pages = 0;
	long ret = -EINVAL;

	if (!upper_32_bits(pviommu) && !upper_32_bits(vsid))
		ret = iommu_vm_route(vm, pviommu, vsid, iommu, sid, flags, &pages);
	cpu_reg(ctxt, 2) = pages;

	return ret;
}

static long hcall_vm_drain(struct kvm_cpu_context *ctxt)
{
	DECLARE_REG(u64, vm, ctxt, 2);
	struct kvm_hyp_memcache mc = {};
	long ret = iommu_vm_drain(vm, &mc);

	return_memcache(ctxt, &mc);

	return ret;
}

static const iommu_hcall_t iommu_init_ops[PKVM_IOMMU_NR_INIT_OPS] = {
	[PKVM_IOMMU_INIT_REGISTER]	= hcall_register,
	[PKVM_IOMMU_INIT_FINALISE]	= hcall_finalise,
	[PKVM_IOMMU_INIT_DEVICE]	= hcall_device,
	[PKVM_IOMMU_INIT_DEVICE_MMIO]	= hcall_device_mmio,
	[PKVM_IOMMU_INIT_DEVICE_STREAM]	= hcall_device_stream,
	[PKVM_IOMMU_INIT_WITHHOLD]	= hcall_withhold,
	[PKVM_IOMMU_INIT_WINDOW]	= hcall_window,
};

static const iommu_hcall_t iommu_ops[PKVM_IOMMU_NR_OPS] = {
	[PKVM_IOMMU_OP_GET_INFO]	= hcall_get_info,
	[PKVM_IOMMU_OP_TOPUP]		= hcall_topup,
	[PKVM_IOMMU_OP_RECLAIM]		= hcall_reclaim,
	[PKVM_IOMMU_OP_ALLOC_DOMAIN]	= hcall_alloc_domain,
	[PKVM_IOMMU_OP_FREE_DOMAIN]	= hcall_free_domain,
	[PKVM_IOMMU_OP_ATTACH]		= hcall_attach,
	[PKVM_IOMMU_OP_MAP]		= hcall_map,
	[PKVM_IOMMU_OP_UNMAP]		= hcall_unmap,
	[PKVM_IOMMU_OP_POLL]		= hcall_poll,
	[PKVM_IOMMU_OP_VM_TOPUP]	= hcall_vm_topup,
	[PKVM_IOMMU_OP_VM_ROUTE]	= hcall_vm_route,
	[PKVM_IOMMU_OP_VM_DRAIN]	= hcall_vm_drain,
	[PKVM_IOMMU_OP_MAP_LIST]	= hcall_map_list,
	[PKVM_IOMMU_OP_UNMAP_LIST]	= hcall_unmap_list,
};

static void dispatch(struct kvm_cpu_context *ctxt, const iommu_hcall_t *ops, u64 nr)
{
	DECLARE_REG(u64, op, ctxt, 1);

	if (op < nr)
		cpu_reg(ctxt, 1) = ops[array_index_nospec(op, nr)](ctxt);
	else
		cpu_reg(ctxt, 1) = -EOPNOTSUPP;
}

void handle___pkvm_iommu_init(struct kvm_cpu_context *host_ctxt)
{
	dispatch(host_ctxt, iommu_init_ops, ARRAY_SIZE(iommu_init_ops));
}

void handle___pkvm_iommu_op(struct kvm_cpu_context *host_ctxt)
{
	/* Before FINALISE has built the identity map, page tables have no format */
	if (host_idmap)
		dispatch(host_ctxt, iommu_ops, ARRAY_SIZE(iommu_ops));
	else
		cpu_reg(host_ctxt, 1) = -ENODEV;
}
