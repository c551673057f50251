// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts of VMs: create them, add routes, drain them.
 */
#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/pkvm.h>

#include <asm/kvm_hypevents.h>

#include <core/vm.h>
#include <device/device.h>

/* Most streams that one VM_DRAIN blocks or returns to the host (I7) */
#define VM_DRAIN_STREAMS	16

/* The handle of a VM determines its slot, so one VM cannot take another's (I9) */
#define NR_CONTEXTS		roundup_pow_of_two(KVM_MAX_PVMS)

static struct iommu_vm *contexts[NR_CONTEXTS];

static struct iommu_vm **vm_slot(u64 handle)
{
	return &contexts[handle & (NR_CONTEXTS - 1)];
}

static struct iommu_vm *context_of(pkvm_handle_t handle)
{
	struct iommu_vm *vm = *vm_slot(handle);

	hyp_assert_lock_held(&vm_table_lock);

	return vm && vm->owner.vm == handle ? vm : NULL;
}

struct iommu_vm *pkvm_iommu_vm_freeze(pkvm_handle_t handle, bool protected)
{
	struct iommu_vm *vm = context_of(handle);

	hyp_assert_lock_held(&vm_table_lock);
	if (!vm || vm->dead)
		return NULL;

	/* I1: the host could program such a device to access what the VM maps for it */
	return protected && vm->host_has_regs ? NULL : vm;
}

int pkvm_iommu_check_vm_drained(pkvm_handle_t handle)
{
	return READ_ONCE(*vm_slot(handle)) ? -EBUSY : 0;
}

static void put_context(struct iommu_vm *vm)
{
	hyp_spin_lock(&vm_table_lock);
	vm->users--;
	hyp_spin_unlock(&vm_table_lock);
}

/* The host can donate memory for a VM from the reservation of its handle until it dies */
static bool vm_may_grow(u64 handle)
{
	struct pkvm_hyp_vm *vm;

	hyp_assert_lock_held(&vm_table_lock);
	if ((pkvm_handle_t)handle != handle)
		return false;
	if (pkvm_vm_is_reserved(handle))
		return true;
	vm = get_vm_by_handle(handle);

	return vm && !vm->kvm.arch.pkvm.is_dying;
}

/*
 * Make the first page of @mc the VM's context. The caller knows that the VM has none and
 * that it is allowed one, so a call that fails does not donate the page.
 */
static int make_context(u64 handle, struct kvm_hyp_memcache *mc)
{
	struct iommu_vm *vm;
	int ret;

	BUILD_BUG_ON(sizeof(*vm) > PAGE_SIZE);
	if (!mc || !mc->nr_pages)
		return -ENOENT;
	ret = __pkvm_host_donate_hyp(hyp_phys_to_pfn(mc->head), 1);
	if (ret)
		return ret;

	vm = memset(pop_hyp_memcache(mc, hyp_phys_to_virt), 0, PAGE_SIZE);
	vm->owner.vm = handle;
	vm->owner.events = &vm->events;
	*vm_slot(handle) = vm;

	return 0;
}

/*
 * Become a user of a VM's context. If there is none, make it from the first page of @mc,
 * which can be NULL. Returns -ENOENT if the VM has no context or cannot have one.
 */
static int get_context(u64 handle, struct kvm_hyp_memcache *mc, struct iommu_vm **vm)
{
	int ret = -ENOENT;

	hyp_spin_lock(&vm_table_lock);
	if (vm_may_grow(handle)) {
		ret = context_of(handle) ? 0 : make_context(handle, mc);
		*vm = context_of(handle);
		if (!ret && (*vm)->dead)
			ret = -ENOENT;
		if (!ret)
			(*vm)->users++;
	}
	hyp_spin_unlock(&vm_table_lock);

	return ret;
}

int iommu_vm_topup(u64 handle, struct kvm_hyp_memcache *mc)
{
	struct iommu_vm *vm;
	int ret;

	if (mc->nr_pages > PKVM_IOMMU_TOPUP_MAX)
		return -E2BIG;

	ret = get_context(handle, mc, &vm);
	if (ret)
		return ret;

	ret = pool_topup(&vm->owner.pool, mc);
	put_context(vm);

	return ret;
}

const struct iommu_route *iommu_vm_find_route(const struct iommu_vm *vm, u32 pviommu, u32 vsid)
{
	const struct iommu_route_page *page;
	u32 i;

	for (page = vm->routes; page; page = page->next) {
		for (i = 0; i < page->nr; i++) {
			if (page->routes[i].pviommu == pviommu && page->routes[i].vsid == vsid)
				return &page->routes[i];
		}
	}

	return NULL;
}

/* Get a page with room for one more route */
static struct iommu_route_page *route_page(struct iommu_vm *vm)
{
	struct iommu_route_page *page = vm->routes;

	if (page && page->nr < ROUTES_PER_PAGE)
		return page;

	page = pool_alloc(&vm->owner.pool);
	if (page) {
		page->next = vm->routes;
		vm->routes = page;
	}

	return page;
}

/* I2: does the VM have a route to this stream already? */
static bool has_route_to(const struct iommu_vm *vm, const struct iommu_route *route)
{
	const struct iommu_route_page *page;
	u32 i;

	for (page = vm->routes; page; page = page->next) {
		for (i = 0; i < page->nr; i++) {
			if (page->routes[i].iommu == route->iommu &&
			    page->routes[i].sid == route->sid)
				return true;
		}
	}

	return false;
}

/* Make the VM own the stream, or all devices of @group if that is not NULL */
static int claim(struct iommu_vm *vm, const struct iommu_route *route, u64 sid,
		 struct hyp_device_group *group)
{
	int ret;

	if (!group)
		return stream_claim(&vm->owner, route->iommu, sid);

	ret = hyp_device_assign(group, &vm->owner);
	if (!ret && has_route_to(vm, route))
		ret = -EBUSY;

	return ret;
}

/* Context: vm_table_lock held, so the VM's EL2 object is not created meanwhile (I3) */
static int add_route(struct iommu_vm *vm, const struct iommu_route *route, u64 sid,
		     struct hyp_device_group *group)
{
	struct iommu_route_page *page;
	int ret;

	if (!pkvm_vm_is_reserved(vm->owner.vm))
		return -EPERM;
	if (iommu_vm_find_route(vm, route->pviommu, route->vsid))
		return -EEXIST;
	page = route_page(vm);
	if (!page)
		return -ENOMEM;
	ret = claim(vm, route, sid, group);
	if (ret)
		return ret;

	page->routes[page->nr++] = *route;
	stream_set_vsid(&vm->owner, route->iommu, sid, route->pviommu, route->vsid);
	if (!group && hyp_device_group_of(route->iommu, sid))
		vm->host_has_regs = true;

	return 0;
}

int iommu_vm_route(u64 handle, u32 pviommu, u32 vsid, u64 iommu, u64 sid, u64 flags,
		   u64 *pages)
{
	struct iommu_route route = {
		.pviommu	= pviommu,
		.vsid		= vsid,
		.sid		= sid,
		.iommu		= iommu_by_id(iommu),
	};
	struct hyp_device_group *group = NULL;
	struct iommu_vm *vm;
	int ret;

	*pages = 1;
	if (flags & ~(u64)PKVM_IOMMU_ROUTE_REGS)
		return -EINVAL;
	if (!route.iommu)
		return -ENOENT;
	if (flags & PKVM_IOMMU_ROUTE_REGS)
		group = hyp_device_group_of(route.iommu, sid);
	ret = get_context(handle, NULL, &vm);
	if (ret)
		return ret;

	hyp_spin_lock(&vm_table_lock);
	ret = add_route(vm, &route, sid, group);
	hyp_spin_unlock(&vm_table_lock);
	/* Reset the devices without a lock, so that no other call waits for them (I9) */
	if (ret == -EAGAIN && group)
		ret = hyp_device_reset(group, &vm->owner) ?: -EAGAIN;
	put_context(vm);

	return ret;
}

/*
 * Step 1: make all streams abort, synchronised, before EL2 releases anything (I6). If an
 * IOMMU hangs, still block the streams of the other IOMMUs (I8).
 */
static int block_streams(struct iommu_vm *vm, unsigned int *budget)
{
	struct iommu_route_page *page;
	int ret = 0;
	u32 i;

	for (page = vm->routes; page; page = page->next) {
		for (i = 0; i < page->nr; i++) {
			struct iommu_route *route = &page->routes[i];

			if (!route->blocked && !route->hung) {
				if (!*budget)
					return -EAGAIN;
				--*budget;
				/* A hung IOMMU does not recover: do not try again */
				route->hung = stream_block(&vm->owner, route->iommu, route->sid);
				route->blocked = !route->hung;
			}
			if (route->hung)
				ret = -EIO;
		}
	}

	return ret;
}

/* Step 3: free the domains, which unpins their pages; domain_free() is bounded */
static int free_domains(struct iommu_vm *vm)
{
	u64 handle = domain_handle_first(&vm->owner.handles);
	int ret;

	if (!handle)
		return 0;
	ret = domain_free(&vm->owner, handle);

	return ret ?: -EAGAIN;
}

/* Step 4: return the streams to the host */
static int free_routes(struct iommu_vm *vm, unsigned int *budget)
{
	while (vm->routes) {
		struct iommu_route_page *page = vm->routes;

		while (page->nr) {
			struct iommu_route *route = &page->routes[page->nr - 1];

			if (!*budget)
				return -EAGAIN;
			--*budget;
			stream_disown(&vm->owner, route->iommu, route->sid, NULL);
			page->nr--;
		}
		vm->routes = page->next;
		pool_free(&vm->owner.pool, page);
	}

	return 0;
}

static int drain_step(struct iommu_vm *vm, struct kvm_hyp_memcache *mc)
{
	unsigned int budget = VM_DRAIN_STREAMS;
	int ret;

	/* Step 2 resets the devices and returns their registers to the host */
	ret = block_streams(vm, &budget) ?: hyp_device_return_all(&vm->owner) ?:
	      free_domains(vm) ?: free_routes(vm, &budget);
	if (ret)
		return ret;

	domain_handles_free(&vm->owner.handles, &vm->owner.pool);
	/* Leave room for the page of the context, which iommu_vm_drain() adds (I7) */
	pool_reclaim(&vm->owner.pool, mc, PKVM_IOMMU_TOPUP_MAX - 1);

	return pool_pages(&vm->owner.pool) ? -EAGAIN : 0;
}

/* Refuse to drain a VM that uses its context and is not dying */
static int start_drain(u64 handle, struct iommu_vm **vm)
{
	struct pkvm_hyp_vm *hyp_vm = get_vm_by_handle(handle);

	hyp_assert_lock_held(&vm_table_lock);
	*vm = context_of(handle);
	if (!*vm)
		return 0;
	if (hyp_vm && hyp_vm->iommu == *vm && !hyp_vm->kvm.arch.pkvm.is_dying)
		return -EBUSY;
	if ((*vm)->users || (*vm)->draining)
		return -EAGAIN;
	(*vm)->draining = true;
	(*vm)->dead = true;

	return 0;
}

int iommu_vm_drain(u64 handle, struct kvm_hyp_memcache *mc)
{
	struct iommu_vm *vm;
	int ret;

	if ((pkvm_handle_t)handle != handle)
		return 0;

	hyp_spin_lock(&vm_table_lock);
	ret = start_drain(handle, &vm);
	hyp_spin_unlock(&vm_table_lock);
	if (ret || !vm)
		return ret;

	ret = drain_step(vm, mc);
	trace_iommu_teardown(handle, ret);

	hyp_spin_lock(&vm_table_lock);
	vm->draining = false;
	if (!ret)
		WRITE_ONCE(*vm_slot(handle), NULL);
	hyp_spin_unlock(&vm_table_lock);
	if (!ret)
		return_page(mc, vm);

	return ret;
}
