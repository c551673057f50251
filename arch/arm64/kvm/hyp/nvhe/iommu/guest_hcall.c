// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hypercalls of guests: decode the arguments, call the core, return the results.
 * <linux/pkvm-iommu-guest.h> describes the calls.
 *
 * A call can need what only the host has: a page that the guest's stage 2 does not map
 * yet, or memory for a table. EL2 then exits to the host, and the guest repeats the call,
 * which it does not notice. EL2 evaluates the repeated call from scratch; the host only
 * supplies memory.
 */
#include <kvm/arm_hypercalls.h>

#include <linux/iommu.h>
#include <linux/pkvm-iommu-guest.h>

#include <asm/kvm_emulate.h>

#include <nvhe/iommu.h>
#include <nvhe/pkvm.h>

#include <core/guest_page.h>
#include <core/vm.h>
#include <device/device.h>
#include <memory/pin.h>

/* PCIe: a PASID has at most 20 bits */
#define PASID_BITS_MAX		20

/* I7: most runs of one call. Each run of a guest's memory costs a walk or two. */
#define MAP_RUNS_MAX		512

/*
 * How often EL2 asks the host for the same page or memory before it refuses the call.
 * Once would do, but the host can be interrupted before it supplies it.
 */
#define REQUESTS_MAX	4

/**
 * struct guest_call - a call, copied from the guest's registers
 * @vcpu: vCPU that makes the call, for registers that only one op uses
 * @vm: context of the VM
 * @hyp_vm: the VM
 * @arg: x2 to x6
 * @out: x1 to x3 on success
 * @fault_ipa: with -EFAULT: page of the guest that the host must map
 * @fault_size: with -EFAULT: bytes from @fault_ipa on that the call needs, of which more
 *	are probably not mapped
 */
struct guest_call {
	struct kvm_vcpu		*vcpu;
	struct iommu_vm		*vm;
	struct pkvm_hyp_vm	*hyp_vm;
	u64			arg[5];
	u64			out[3];
	u64			fault_ipa;
	u64			fault_size;
};

static const struct iommu_route *find_route(const struct guest_call *call)
{
	u64 pviommu = call->arg[0], vsid = call->arg[1];

	if (upper_32_bits(pviommu) || upper_32_bits(vsid))
		return NULL;

	return iommu_vm_find_route(call->vm, pviommu, vsid);
}

/* A stream has one address space, so the PASID must be 0 for any pasid_bits */
static int attach_dev(struct guest_call *call, u64 max_pasid_bits, bool attach)
{
	const struct iommu_route *route = find_route(call);

	if (!route || call->arg[2] || call->arg[4] > max_pasid_bits)
		return -EINVAL;

	return stream_attach_guest(&call->vm->owner, route->iommu, route->sid, call->arg[3],
				   attach);
}

static bool all_zero(const struct guest_call *call, unsigned int from)
{
	for (; from < ARRAY_SIZE(call->arg); from++) {
		if (call->arg[from])
			return false;
	}

	return true;
}

static int alloc_domain(struct guest_call *call)
{
	u64 pages;
	long ret;

	if (!all_zero(call, 0))
		return -EINVAL;
	ret = domain_alloc(&call->vm->owner, &pages);
	if (ret < 0)
		return ret;
	call->out[0] = ret;

	return 0;
}

static int free_domain(struct guest_call *call)
{
	return all_zero(call, 1) ? domain_free(&call->vm->owner, call->arg[0]) : -EINVAL;
}

/*
 * Map a list of guest memory, no more than one large mapping does (I7). The call succeeds
 * if it has mapped anything: the guest then calls again with the rest.
 */
static int map_pieces(struct guest_call *call, const u64 *piece, unsigned int nr, int prot)
{
	struct hyp_iommu_domain *domain = domain_handle_get(&call->vm->owner.handles, call->arg[0]);
	struct guest_pages pages = { .piece = piece, .nr = nr };
	struct map_run runs[GUEST_RUNS_MAX] __uninitialized;
	unsigned int nr_runs, sum_runs = 0;
	u64 iova = call->arg[1], done = 0, len;
	int ret, err;

	if (!domain)
		return -ENOENT;

	do {
		ret = guest_pages_get(call->hyp_vm, &pages, iova + done,
				      IOMMU_PGTABLE_MAX_SIZE - done, prot, runs, &nr_runs);
		if (!nr_runs)
			break;
		err = domain_map_runs(domain, iova + done, runs, nr_runs, &len);
		done += len;
		sum_runs += nr_runs;
		ret = err ?: ret;
	} while (!ret && pages.nr && done < IOMMU_PGTABLE_MAX_SIZE && sum_runs < MAP_RUNS_MAX);
	domain_handle_put(domain);

	if (!done && ret == -ENOENT) {
		call->fault_ipa = LIST_ADDR(*pages.piece) + pages.at;
		call->fault_size = min(LIST_SIZE(*pages.piece) - pages.at,
				       IOMMU_PGTABLE_MAX_SIZE);
		return -EFAULT;
	}
	call->out[0] = done;

	return done ? 0 : ret;
}

static int map_pages(struct guest_call *call)
{
	u64 iova = call->arg[1], ipa = call->arg[2], size = call->arg[3], prot = call->arg[4];
	u64 piece;

	if (!prot_is_valid(prot) || !PAGE_ALIGNED(ipa) || ipa + size < ipa ||
	    iova_check_range(iova, size))
		return -EINVAL;
	piece = ipa | ((min_t(u64, size, IOMMU_PGTABLE_MAX_SIZE) >> PAGE_SHIFT) - 1);

	return map_pieces(call, &piece, 1, prot);
}

static void read_list(const struct guest_call *call, u64 *piece, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		piece[i] = vcpu_get_reg(call->vcpu, 5 + i);
}

static int map_list(struct guest_call *call)
{
	u64 prot = FIELD_GET(PVIOMMU_LIST_PROT, call->arg[2]);
	unsigned int nr = FIELD_GET(PVIOMMU_LIST_NR, call->arg[2]);
	u64 pieces[PVIOMMU_LIST_MAX] __uninitialized;

	if (!prot_is_valid(prot) || !nr || nr > PVIOMMU_LIST_MAX)
		return -EINVAL;
	read_list(call, pieces, nr);

	return map_pieces(call, pieces, nr, prot);
}

static int unmap_pages(struct guest_call *call)
{
	if (!all_zero(call, 3))
		return -EINVAL;

	return domain_unmap(&call->vm->owner, call->arg[0], call->arg[1], call->arg[2],
			    &call->out[0]);
}

static int unmap_list(struct guest_call *call)
{
	u64 ranges[PVIOMMU_LIST_MAX] __uninitialized, nr = call->arg[1];
	int ret;

	if (!nr || nr > PVIOMMU_LIST_MAX || call->arg[2])
		return -EINVAL;

	read_list(call, ranges, nr);
	ret = domain_unmap_list(&call->vm->owner, call->arg[0], ranges, nr, &call->out[0]);

	/* Success if anything is unmapped: the guest calls again with the rest */
	return call->out[0] ? 0 : ret;
}

static int features(struct guest_call *call)
{
	if (!all_zero(call, 0))
		return -EINVAL;

	call->out[0] = PVIOMMU_FEATURE_EVENTS | PVIOMMU_FEATURE_MAP_LIST |
		       PVIOMMU_FEATURE_UNMAP_LIST;
	call->out[1] = PAGE_SIZE | kvm_granule_size(IOMMU_BLOCK_LEVEL);
	call->out[2] = iommu_cfg.paging_ias;

	return 0;
}

static int get_event(struct guest_call *call)
{
	struct iommu_event event;
	u32 lost;

	if (!all_zero(call, 0))
		return -EINVAL;

	if (events_take(&call->vm->events, &event, &lost)) {
		call->out[0] = event.pviommu | (u64)event.vsid << 32;
		call->out[1] = event.iova;
		call->out[2] = event.reason | PVIOMMU_EVENT_VALID;
	}
	call->out[2] |= FIELD_PREP(PVIOMMU_EVENT_LOST, lost);

	return 0;
}

static int pviommu_op(struct guest_call *call, u64 op)
{
	switch (op) {
	case PVIOMMU_OP_ATTACH_DEV:
		return attach_dev(call, PASID_BITS_MAX, true);
	case PVIOMMU_OP_DETACH_DEV:
		return attach_dev(call, 0, false);
	case PVIOMMU_OP_ALLOC_DOMAIN:
		return alloc_domain(call);
	case PVIOMMU_OP_FREE_DOMAIN:
		return free_domain(call);
	case PVIOMMU_OP_MAP_PAGES:
		return map_pages(call);
	case PVIOMMU_OP_UNMAP_PAGES:
		return unmap_pages(call);
	case PVIOMMU_OP_FEATURES:
		return features(call);
	case PVIOMMU_OP_GET_EVENT:
		return get_event(call);
	case PVIOMMU_OP_MAP_LIST:
		return map_list(call);
	case PVIOMMU_OP_UNMAP_LIST:
		return unmap_list(call);
	default:
		return -EOPNOTSUPP;
	}
}

/* Return a token that guest firmware compares with its trusted device tree */
static int dev_req_dma(struct guest_call *call, u64 pviommu, u64 vsid)
{
	const struct iommu_route *route;

	call->arg[0] = pviommu;
	call->arg[1] = vsid;
	route = find_route(call);
	if (!route)
		return -EINVAL;

	call->out[0] = route->iommu->mmio.base;
	call->out[1] = route->sid;

	return 0;
}

/*
 * Return the physical page of registers at an IPA. EL2 alone maps registers into a
 * protected VM, and only those of a device that the VM owns, so the guest can rely on the
 * answer. The host maps the registers of a plain VM, which gets no answer.
 */
static int dev_req_mmio(struct guest_call *call, u64 ipa)
{
	int ret;

	if (!PAGE_ALIGNED(ipa) || !pkvm_hyp_vm_is_protected(call->hyp_vm) ||
	    !hyp_device_owned_by(&call->vm->owner))
		return -EINVAL;

	/* The host chooses the IPA of registers, so it maps them first */
	ret = guest_registers(call->hyp_vm, ipa, &call->out[0]);
	call->fault_ipa = ipa;
	call->fault_size = PAGE_SIZE;

	return ret == -ENOENT ? -EFAULT : ret;
}

/* Make the guest repeat its call, with its registers unchanged */
static void repeat_call(void)
{
	write_sysreg_el2(read_sysreg_el2(SYS_ELR) - AARCH64_INSN_SIZE, SYS_ELR);
}

/* Can the call wait for the thing once more, up to REQUESTS_MAX times in a row (I7)? */
static bool may_wait(struct pkvm_hyp_vcpu *vcpu, u64 thing)
{
	if (vcpu->dma_wait_for != thing) {
		vcpu->dma_wait_for = thing;
		vcpu->dma_waits = 0;
	}
	if (vcpu->dma_waits == REQUESTS_MAX)
		return false;
	vcpu->dma_waits++;

	return true;
}

/*
 * Does the call need the host? If so, the guest repeats it, and the fault registers tell
 * the host what is missing, see pkvm-iommu-host-abi.rst.
 */
static bool leave_to_host(struct pkvm_hyp_vcpu *vcpu, const struct guest_call *call, int ret)
{
	u64 hpfar = 0, thing;

	if (ret == -ENOMEM) {
		/* Odd, unlike a page. If the host gave memory, another vCPU took it. */
		thing = READ_ONCE(call->vm->owner.pool.given) << 1 | 1;
	} else if (ret == -EFAULT) {
		thing = call->fault_ipa;
		hpfar = (HPFAR_EL2_NS | thing >> 8) & HPFAR_MASK;
	} else {
		return false;
	}
	if (!may_wait(vcpu, thing))
		return false;
	vcpu->vcpu.arch.fault.hpfar_el2 = hpfar;
	vcpu->vcpu.arch.fault.far_el2 = call->fault_size;
	repeat_call();

	return true;
}

bool pkvm_pviommu_wait_unshare(struct pkvm_hyp_vcpu *vcpu, u64 ipa, int ret)
{
	/* Differs from what other calls wait for: pages and odd numbers */
	if (ret == -EBUSY && may_wait(vcpu, ipa | 2)) {
		repeat_call();
		return true;
	}
	vcpu->dma_waits = 0;

	return false;
}

bool pkvm_pviommu_hvc(struct kvm_vcpu *vcpu)
{
	struct pkvm_hyp_vcpu *hyp_vcpu = container_of(vcpu, struct pkvm_hyp_vcpu, vcpu);
	struct guest_call call = {
		.vcpu	= vcpu,
		.hyp_vm	= pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu),
	};
	u64 x1 = vcpu_get_reg(vcpu, 1), status = SMCCC_RET_INVALID_PARAMETER;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(call.arg); i++)
		call.arg[i] = vcpu_get_reg(vcpu, 2 + i);
	call.vm = call.hyp_vm->iommu;

	if (!call.vm)
		ret = -EOPNOTSUPP;
	else if (smccc_get_function(vcpu) == PVIOMMU_OP_FUNC_ID)
		ret = pviommu_op(&call, x1);
	else if (smccc_get_function(vcpu) == PVIOMMU_DEV_REQ_DMA_FUNC_ID)
		ret = dev_req_dma(&call, x1, call.arg[0]);
	else
		ret = dev_req_mmio(&call, x1);

	if (leave_to_host(hyp_vcpu, &call, ret))
		return false;
	hyp_vcpu->dma_waits = 0;

	switch (ret) {
	case -EAGAIN:
		repeat_call();
		return true;
	case 0:
		status = SMCCC_RET_SUCCESS;
		break;
	case -EOPNOTSUPP:
		status = SMCCC_RET_NOT_SUPPORTED;
		break;
	}
	if (ret)
		memset(call.out, 0, sizeof(call.out));
	smccc_set_retval(vcpu, status, call.out[0], call.out[1], call.out[2]);

	return true;
}

/* Drivers of deployed guests learn the granule from this call, as in a protected VM */
static bool hyp_meminfo(struct kvm_vcpu *vcpu)
{
	u64 status = PAGE_SIZE;

	if (smccc_get_arg1(vcpu) || smccc_get_arg2(vcpu) || smccc_get_arg3(vcpu))
		status = SMCCC_RET_INVALID_PARAMETER;
	smccc_set_retval(vcpu, status, 0, 0, 0);

	return true;
}

bool pkvm_pviommu_plain_hvc(struct kvm_vcpu *vcpu)
{
	struct pkvm_hyp_vcpu *hyp_vcpu = container_of(vcpu, struct pkvm_hyp_vcpu, vcpu);

	if (!pkvm_hyp_vcpu_to_hyp_vm(hyp_vcpu)->iommu)
		return false;

	switch (smccc_get_function(vcpu)) {
	case ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID:
		return hyp_meminfo(vcpu);
	case PVIOMMU_OP_FUNC_ID:
	case PVIOMMU_DEV_REQ_DMA_FUNC_ID:
	case PVIOMMU_DEV_REQ_MMIO_FUNC_ID:
		return pkvm_pviommu_hvc(vcpu);
	}

	return false;
}
