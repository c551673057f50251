// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of guests: <linux/pkvm-iommu-guest.h>. A call ends in one of four ways: with a
 * status for the guest; with a replay, of which the guest knows nothing; with an
 * exit because the host must give memory to the VM's pool; with an exit because
 * the host must give the guest a page. Only the first and second change anything
 * but what is waited for.
 */
#include <linux/iommu.h>
#include <linux/pkvm-iommu-guest.h>

#include "spec.h"

#define PROT_ALL	(PVIOMMU_PROT_READ | PVIOMMU_PROT_WRITE | PVIOMMU_PROT_CACHE |	\
			 PVIOMMU_PROT_NOEXEC | PVIOMMU_PROT_MMIO | PVIOMMU_PROT_PRIV)
#define PASID_BITS	20
/* How often the host is asked for the same page, or for memory, at most */
#define REQUESTS	4

struct guest {
	const struct ghost_call	*c;
	struct ghost_vm		*vm;
	u8			owner;
	long			status;
	bool			wants_memory, wants_page, replay;
	u64			waited_for;
	unsigned int		waited;
};

static bool zero_from(const struct guest *me, unsigned int from)
{
	for (; from < 5; from++) {
		if (me->c->arg[from])
			return false;
	}

	return true;
}

/* The call is refused and nothing changed */
static ghost_verdict refused(const struct guest *me)
{
	ALLOWED(me->status == SMCCC_RET_INVALID_PARAMETER, "a guest's bad call is accepted");
	ALLOWED(!me->c->guest.x[1] && !me->c->guest.x[2] && !me->c->guest.x[3],
		"a refused call returns values");

	return NULL;
}

/* I7: the host is asked a few times for what is not there */
static ghost_verdict waits(const struct guest *me, u64 thing)
{
	if (me->vm->wait_for != thing)
		me->vm->waits = 0;
	ALLOWED(me->vm->waits < REQUESTS, "I7: a call waits for ever");
	me->vm->wait_for = thing;
	me->vm->waits++;

	return NULL;
}

static bool waited_enough(const struct guest *me, u64 thing)
{
	return me->waited >= REQUESTS && me->waited_for == thing;
}

/* Memory, beside what the VM had until now: no page has such an address */
static u64 memory(struct ghost *g, const struct guest *me)
{
	const struct ghost_pool *pool = pool_of(g, me->owner);

	/* But for the context, which is in no pool */
	return (pool->free + pool->used - 1) << 1 | 1;
}

static bool has_memory(struct ghost *g, const struct guest *me)
{
	return pool_of(g, me->owner)->free >= 4 && !weather.no_memory;
}

static ghost_verdict needs_memory(struct ghost *g, const struct guest *me)
{
	ALLOWED(!has_memory(g, me), "a guest waits for memory that it has");

	return waits(me, memory(g, me));
}

/* May a call be refused since the host gives no memory? */
static bool gets_no_memory(struct ghost *g, const struct guest *me)
{
	return !has_memory(g, me) && waited_enough(me, memory(g, me));
}

static struct ghost_domain *domain_of(struct ghost *g, const struct guest *me, u64 handle)
{
	struct ghost_domain *d = find_domain(g, me->owner, handle);

	return d && !d->dying ? d : NULL;
}

static ghost_verdict switch_dev(struct ghost *g, const struct guest *me, const struct ghost *post,
				bool on)
{
	u64 pviommu = me->c->arg[0], vsid = me->c->arg[1], handle = me->c->arg[3];
	struct ghost_route *r = find_route(me->vm, pviommu, vsid);
	struct ghost_stream *s;

	if (!r || me->c->arg[2] || me->c->arg[4] > (on ? PASID_BITS : 0) ||
	    !domain_of(g, me, handle))
		return refused(me);
	s = find_stream(g, r->smmu, r->sid);
	/* Replaces nothing; ends only what is there */
	if (s->domain != (on ? PKVM_IOMMU_DOMAIN_BLOCKED : handle))
		return refused(me);
	if (me->status == SMCCC_RET_INVALID_PARAMETER)
		return spec_switch(g, s, 0, post, r->smmu, r->sid, -EIO);
	ALLOWED(me->status == SMCCC_RET_SUCCESS, "ATTACH or DETACH has no status");

	return spec_switch(g, s, on ? handle : PKVM_IOMMU_DOMAIN_BLOCKED, post, r->smmu, r->sid,
			   0);
}

static ghost_verdict alloc_domain(struct ghost *g, const struct guest *me)
{
	if (!zero_from(me, 0))
		return refused(me);
	if (me->wants_memory)
		return needs_memory(g, me);
	if (me->status != SMCCC_RET_SUCCESS && gets_no_memory(g, me))
		return refused(me);
	ALLOWED(me->status == SMCCC_RET_SUCCESS, "ALLOC_DOMAIN fails");

	return spec_alloc_domain(g, me->owner, me->c->guest.x[1]);
}

static ghost_verdict free_domain(struct ghost *g, const struct guest *me, const struct ghost *post)
{
	struct ghost_domain *d = find_domain(g, me->owner, me->c->arg[0]);
	long ret = 0;

	if (!zero_from(me, 1))
		return refused(me);
	if (me->replay)
		ret = -EAGAIN;
	else if (me->status != SMCCC_RET_SUCCESS)
		ret = !d ? -ENOENT : d->wedged ? -EIO : -EBUSY;

	return spec_free_domain(g, me->owner, me->c->arg[0], ret, post);
}

/* May the VM map this page of its own? *phys if so; -ENOENT: the host has not given it */
static long own_page(struct ghost *g, const struct guest *me, u64 ipa, u64 *phys)
{
	u64 gfn = ipa >> PAGE_SHIFT;
	kvm_pte_t pte = gfn < NATIVE_GUEST_PAGES ? me->vm->gfn[gfn] : 0;

	if (ipa >> NATIVE_GUEST_IA_BITS)
		return -EPERM;
	if (!pte)
		return -ENOENT;
	if (!kvm_pte_valid(pte) || !page_is_memory(kvm_pte_to_phys(pte)))
		return -EPERM;
	/* A device gets no more than a plain VM was lent, and only what stays */
	if (me->vm->plain && !(pte & PKVM_PGTABLE_PROT_PINNED))
		return -EPERM;
	if (!(pte & GUEST_PTE_WRITE) && me->c->arg[4] & PVIOMMU_PROT_WRITE)
		return -EPERM;
	*phys = kvm_pte_to_phys(pte);
	if (page_at(g, *phys)->dma == 0x7fff)
		return -EBUSY;

	return 0;
}

/* Do two pages of the VM differ in their addresses alone? */
static bool alike(const struct guest *me, u64 a, u64 b)
{
	return !((me->vm->gfn[a >> PAGE_SHIFT] ^ me->vm->gfn[b >> PAGE_SHIFT]) &
		 ~KVM_PTE_ADDR_MASK);
}

/* Adds what was mapped: runs of like pages that are contiguous, each in pages and blocks */
static ghost_verdict add_runs(struct ghost *g, const struct guest *me, struct ghost_domain *d,
			      u64 done)
{
	u64 iova = me->c->arg[1], ipa = me->c->arg[2], prot = me->c->arg[4];
	u64 pos, start = 0, phys, next, first = 0;
	ghost_verdict v = NULL;

	for (pos = 0; pos < done && !v; pos += PAGE_SIZE) {
		ALLOWED(!own_page(g, me, ipa + pos, &phys), "I1: a guest maps what is not its own");
		if (pos == start)
			first = phys;
		if (pos + PAGE_SIZE < done && !own_page(g, me, ipa + pos + PAGE_SIZE, &next) &&
		    next == phys + PAGE_SIZE && alike(me, ipa + pos, ipa + pos + PAGE_SIZE))
			continue;
		v = spec_add_leaves(g, d, iova + start, first, pos + PAGE_SIZE - start, prot);
		start = pos + PAGE_SIZE;
	}

	return v;
}

static ghost_verdict needs_page(const struct guest *me, u64 ipa, u64 size)
{
	ALLOWED(me->c->guest.fault_ipa == ipa, "a guest waits for another page");
	ALLOWED(me->c->guest.fault_size == min(size, GHOST_MAX_STEP),
		"a guest waits for fewer pages than it maps, or for more");

	return waits(me, ipa);
}

static ghost_verdict map_pages(struct ghost *g, const struct guest *me, const struct ghost *post)
{
	u64 iova = me->c->arg[1], ipa = me->c->arg[2], size = me->c->arg[3], prot = me->c->arg[4];
	u64 done = me->c->guest.x[1], phys;
	struct ghost_domain *d = domain_of(g, me, me->c->arg[0]);
	long first;

	if (prot & ~(u64)PROT_ALL || !(prot & (PVIOMMU_PROT_READ | PVIOMMU_PROT_WRITE)) ||
	    !PAGE_ALIGNED(ipa) || ipa + size < ipa || !d ||
	    !size || !PAGE_ALIGNED(iova | size) || iova >> ghost_ias() ||
	    size > BIT(ghost_ias()) - iova)
		return refused(me);

	first = own_page(g, me, ipa, &phys);
	if (me->wants_page) {
		ALLOWED(first == -ENOENT, "a guest waits for a page that it has");
		return needs_page(me, ipa, size);
	}
	if (me->wants_memory)
		return needs_memory(g, me);
	if (me->status != SMCCC_RET_SUCCESS) {
		/* A page that the host does not give is none, after a while */
		if (first == -ENOENT)
			first = waited_enough(me, ipa) ? -EPERM : 0;
		ALLOWED(first || map_overlaps(&d->map, iova, PAGE_SIZE) ||
			map_overlaps(&d->map, iova, size) || weather.hardware ||
			gets_no_memory(g, me),
			"a guest cannot map its own page");
		if (weather.hardware)
			spec_after_failure(g, post);
		return refused(me);
	}
	ALLOWED(done && done <= size, "MAP_PAGES maps nothing, or too much");
	ALLOWED(done <= GHOST_MAX_STEP, "I7: MAP_PAGES maps more than it may in one step");

	return add_runs(g, me, d, done);
}

/* As many calls of MAP_PAGES, one after the other, and as long as one of them may be */
static ghost_verdict map_list(struct ghost *g, const struct guest *me, const struct ghost *post)
{
	u64 nr = me->c->arg[2] >> 32, done = me->c->guest.x[1], pos = 0;
	struct ghost_call one = *me->c;
	struct guest call = *me;
	ghost_verdict v = NULL;
	unsigned int i;

	call.c = &one;
	one.arg[4] = (u32)me->c->arg[2];
	if (!nr || nr > PVIOMMU_LIST_MAX)
		return refused(me);
	if (me->status != SMCCC_RET_SUCCESS || me->wants_page || me->wants_memory)
		done = 0;
	for (i = 0; i < nr && pos < GHOST_MAX_STEP && !v; i++) {
		u64 piece = list_piece(me->c->arg[3], me->c->arg[4], i), left = done - pos;

		/* Where it stopped after it did something, it may have met anything */
		if (i && !left)
			break;
		one.arg[1] = me->c->arg[1] + pos;
		one.arg[2] = piece & PAGE_MASK;
		one.arg[3] = min(((piece & ~PAGE_MASK) + 1) << PAGE_SHIFT, GHOST_MAX_STEP - pos);
		one.guest.x[1] = min(left, one.arg[3]);
		v = map_pages(g, &call, post);
		pos += one.guest.x[1];
	}
	ALLOWED(v || pos == done, "MAP_LIST says that it mapped more than the list");

	return v;
}

static ghost_verdict unmap_pages(struct ghost *g, const struct guest *me, const struct ghost *post)
{
	struct ghost_domain *d = domain_of(g, me, me->c->arg[0]);
	u64 iova = me->c->arg[1], size = me->c->arg[2];
	const struct ghost_leaf *leaf;
	long ret = 0;

	if (!zero_from(me, 3))
		return refused(me);
	if (me->status != SMCCC_RET_SUCCESS) {
		if (!d || !size || !PAGE_ALIGNED(iova | size) || iova >> ghost_ias() ||
		    size > BIT(ghost_ias()) - iova)
			return refused(me);
		leaf = map_find(&d->map, iova);
		ret = !leaf ? -ENXIO : leaf->size > PAGE_SIZE &&
		      (leaf->iova != iova || leaf->size > size) ? -EINVAL : -EIO;
	}

	return spec_unmap(g, me->owner, me->c->arg[0], iova, size, ret, me->c->guest.x[1], post);
}

static ghost_verdict unmap_list(struct ghost *g, const struct guest *me, const struct ghost *post)
{
	u64 nr = me->c->arg[1], piece = me->c->arg[3], iova = piece & PAGE_MASK;
	u64 size = ((piece & ~PAGE_MASK) + 1) << PAGE_SHIFT;
	struct ghost_domain *d = domain_of(g, me, me->c->arg[0]);
	const struct ghost_leaf *leaf;
	long ret;

	if (!nr || nr > PVIOMMU_LIST_MAX || me->c->arg[2] || !d)
		return refused(me);
	if (me->status == SMCCC_RET_SUCCESS) {
		ALLOWED(me->c->guest.x[1], "UNMAP_LIST succeeds and unmaps nothing");
		/* What it met after it did something, it keeps to itself */
		return spec_unmap_list(g, me->owner, me->c, SPEC_ANY, me->c->guest.x[1], post);
	}
	if (iova >> ghost_ias() || size > BIT(ghost_ias()) - iova)
		return refused(me);
	leaf = map_find(&d->map, iova);
	ret = !leaf ? -ENXIO : leaf->size > PAGE_SIZE &&
	      (leaf->iova != iova || leaf->size > size) ? -EINVAL : -EIO;

	return refused(me) ?: spec_unmap_list(g, me->owner, me->c, ret, 0, post);
}

static ghost_verdict features(const struct guest *me)
{
	if (!zero_from(me, 0))
		return refused(me);
	ALLOWED(me->status == SMCCC_RET_SUCCESS &&
		me->c->guest.x[1] == (PVIOMMU_FEATURE_EVENTS | PVIOMMU_FEATURE_MAP_LIST |
				       PVIOMMU_FEATURE_UNMAP_LIST) &&
		me->c->guest.x[2] == (PAGE_SIZE | GHOST_BLOCK) &&
		me->c->guest.x[3] == ghost_ias(), "FEATURES does not say what is there");

	return NULL;
}

static ghost_verdict get_event(const struct guest *me)
{
	if (!zero_from(me, 0))
		return refused(me);
	ALLOWED(me->status == SMCCC_RET_SUCCESS, "GET_EVENT fails");

	return spec_get_event(me->vm, me->c->guest.x);
}

static ghost_verdict req_dma(struct ghost *g, const struct guest *me)
{
	struct ghost_route *r = find_route(me->vm, me->c->op, me->c->arg[0]);

	if (!r)
		return refused(me);
	ALLOWED(me->status == SMCCC_RET_SUCCESS &&
		me->c->guest.x[1] == sim_smmus[r->smmu]->cfg.base && me->c->guest.x[2] == r->sid,
		"DEV_REQ_DMA names another stream");

	return NULL;
}

static ghost_verdict req_mmio(struct ghost *g, const struct guest *me)
{
	u64 ipa = me->c->op, phys = 0;
	long ret = spec_seen_registers(g, me->owner, ipa, &phys);

	/* The VMM answers for those of a plain VM, and vouches for none */
	if (me->vm->plain)
		return refused(me);

	if (me->wants_page) {
		ALLOWED(ret == -ENOENT, "a guest waits for registers that it sees");
		return needs_page(me, ipa, PAGE_SIZE);
	}
	if (ret == -ENOENT)
		ALLOWED(waited_enough(me, ipa), "registers that are missing are given up at once");
	if (ret)
		return refused(me);
	ALLOWED(me->status == SMCCC_RET_SUCCESS && me->c->guest.x[1] == phys,
		"DEV_REQ_MMIO names other registers");

	return NULL;
}

/* What protected VMs are told by the rest of pKVM */
static ghost_verdict hyp_meminfo(const struct guest *me)
{
	if (me->c->op || me->c->arg[0] || me->c->arg[1])
		return refused(me);
	ALLOWED(me->c->guest.handled && me->c->guest.x[0] == PAGE_SIZE && !me->c->guest.x[1] &&
		!me->c->guest.x[2] && !me->c->guest.x[3], "HYP_MEMINFO is not the page size");

	return NULL;
}

ghost_verdict spec_guest(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	struct guest me = {
		.c		= c,
		.vm		= &g->vm[c->caller - GHOST_VM],
		.owner		= c->caller,
		.status		= (int)c->guest.x[0],
		.replay		= c->guest.handled && c->guest.replay,
		.wants_page	= c->guest.wants_page,
		.wants_memory	= !c->guest.handled && !c->guest.wants_page && !c->guest.for_host,
	};
	bool done = c->guest.handled && !c->guest.replay;

	me.waited_for = me.vm->wait_for;
	me.waited = me.vm->waits;
	/* A call that ends waits no more; one that is not about DMA changes nothing */
	if (c->guest.handled && c->func != ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID)
		me.vm->waits = 0;
	if (weather.hardware)
		memcpy(g->smmu_dead, post->smmu_dead, sizeof(g->smmu_dead));
	ALLOWED(c->guest.for_host == (me.vm->plain && !me.vm->served),
		"a call of a plain VM goes to the host, or stays, against the rules");
	if (c->guest.for_host)
		return NULL;
	if (!me.vm->served) {
		ALLOWED(done && me.status == SMCCC_RET_NOT_SUPPORTED,
			"a VM without a pvIOMMU is served");
		return NULL;
	}
	if (c->func == ARM_SMCCC_VENDOR_HYP_KVM_HYP_MEMINFO_FUNC_ID)
		return hyp_meminfo(&me);
	if (c->func == PVIOMMU_DEV_REQ_MMIO_FUNC_ID) {
		ALLOWED(done || me.wants_page, "DEV_REQ_MMIO needs no memory");
		return req_mmio(g, &me);
	}
	ALLOWED(!me.wants_page ||
		(c->func == PVIOMMU_OP_FUNC_ID &&
		 (c->op == PVIOMMU_OP_MAP_PAGES || c->op == PVIOMMU_OP_MAP_LIST)),
		"a call that maps nothing waits for a page");
	ALLOWED(!me.replay || (c->func == PVIOMMU_OP_FUNC_ID && c->op == PVIOMMU_OP_FREE_DOMAIN),
		"a call is replayed that frees nothing");
	ALLOWED(!me.wants_memory ||
		(c->func == PVIOMMU_OP_FUNC_ID &&
		 (c->op == PVIOMMU_OP_MAP_PAGES || c->op == PVIOMMU_OP_MAP_LIST ||
		  c->op == PVIOMMU_OP_ALLOC_DOMAIN)),
		"a call that allocates nothing waits for memory");
	if (c->func == PVIOMMU_DEV_REQ_DMA_FUNC_ID)
		return req_dma(g, &me);

	switch (c->op) {
	case PVIOMMU_OP_ATTACH_DEV:
		return switch_dev(g, &me, post, true);
	case PVIOMMU_OP_DETACH_DEV:
		return switch_dev(g, &me, post, false);
	case PVIOMMU_OP_ALLOC_DOMAIN:
		return alloc_domain(g, &me);
	case PVIOMMU_OP_FREE_DOMAIN:
		return free_domain(g, &me, post);
	case PVIOMMU_OP_MAP_PAGES:
		return map_pages(g, &me, post);
	case PVIOMMU_OP_MAP_LIST:
		return map_list(g, &me, post);
	case PVIOMMU_OP_UNMAP_PAGES:
		return unmap_pages(g, &me, post);
	case PVIOMMU_OP_UNMAP_LIST:
		return unmap_list(g, &me, post);
	case PVIOMMU_OP_FEATURES:
		return features(&me);
	case PVIOMMU_OP_GET_EVENT:
		return get_event(&me);
	}
	ALLOWED(done && me.status == SMCCC_RET_NOT_SUPPORTED, "an unknown op is served");

	return NULL;
}
