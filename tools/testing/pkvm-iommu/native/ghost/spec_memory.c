// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ownership of pages and the life of VMs, where they meet DMA: what others change
 * only with the consent of the IOMMU code.
 */
#include "spec.h"

static ghost_verdict donate_guest(struct ghost *g, const struct ghost_call *c)
{
	u64 phys = c->arg[0] << PAGE_SHIFT, gfn = c->arg[1];
	struct ghost_page *page = page_at(g, phys);
	struct ghost_vm *vm = find_vm(g, c->arg[2]);
	long ret = c->result.ret;

	if (page->owner != GHOST_HOST || page->host != PKVM_PAGE_OWNED ||
	    gfn >= NATIVE_GUEST_PAGES || vm->gfn[gfn]) {
		ALLOWED(ret, "a page changes hands that is not the host's to give");
		return NULL;
	}
	if (page->dma) {
		ALLOWED(ret == -EBUSY, "I5: a page mapped for DMA is donated");
		return NULL;
	}
	if (ret) {
		ALLOWED((ret == -EIO && weather.hardware) ||
			(ret == -ENOMEM && weather.no_memory),
			"a donation fails without a reason");
		return NULL;
	}
	*page = (struct ghost_page) { GHOST_VM + vm_number(c->arg[2]), PKVM_NOPAGE };
	vm->gfn[gfn] = guest_pte(phys, PKVM_PAGE_OWNED);

	return NULL;
}

static ghost_verdict lend_guest(struct ghost *g, const struct ghost_call *c)
{
	u64 phys = c->arg[0] << PAGE_SHIFT, gfn = c->arg[1];
	struct ghost_page *page = page_at(g, phys);
	struct ghost_vm *vm = find_vm(g, c->arg[2]);

	/* What the host shares with EL2 it does not lend as well */
	if (page->owner != GHOST_HOST || gfn >= NATIVE_GUEST_PAGES || vm->gfn[gfn] ||
	    (page->host != PKVM_PAGE_OWNED && !page->lent)) {
		ALLOWED(c->result.ret, "a page is lent that is not the host's to lend");
		return NULL;
	}
	ALLOWED(!c->result.ret, "a page cannot be lent");
	page->host = PKVM_PAGE_SHARED_OWNED;
	page->lent++;
	vm->gfn[gfn] = lent_pte(phys, c->arg[3]);

	return NULL;
}

/* The page, or the right to write to it */
static ghost_verdict take_back(struct ghost *g, const struct ghost_call *c)
{
	struct ghost_vm *vm = find_vm(g, c->arg[0]);
	u64 gfn = c->arg[1];
	struct ghost_page *page;

	if (!kvm_pte_valid(vm->gfn[gfn])) {
		ALLOWED(c->result.ret || c->op == MEM_WRPROTECT, "what was not lent is taken back");
		return NULL;
	}
	if (!page_is_memory(kvm_pte_to_phys(vm->gfn[gfn]))) {
		ALLOWED(c->result.ret == -EPERM, "registers are taken back as memory");
		return NULL;
	}
	page = page_at(g, kvm_pte_to_phys(vm->gfn[gfn]));
	/* What is not pinned no device of the VM reaches: the DMA is the host's own */
	if (vm->served && page->dma && vm->gfn[gfn] & PKVM_PGTABLE_PROT_PINNED) {
		ALLOWED(c->result.ret == -EBUSY, "I5: a page mapped for DMA is taken back");
		return NULL;
	}
	ALLOWED(!c->result.ret, "a page cannot be taken back");
	if (c->op == MEM_WRPROTECT) {
		vm->gfn[gfn] &= ~(kvm_pte_t)GUEST_PTE_WRITE;
		return NULL;
	}
	vm->gfn[gfn] = 0;
	if (!--page->lent)
		page->host = PKVM_PAGE_OWNED;

	return NULL;
}

static ghost_verdict share(struct ghost *g, const struct ghost_call *c, bool on)
{
	u64 gfn = c->arg[1], phys;
	struct ghost_vm *vm = find_vm(g, c->arg[0]);
	enum pkvm_page_state from = on ? PKVM_PAGE_OWNED : PKVM_PAGE_SHARED_OWNED;
	long ret = c->result.ret;
	struct ghost_page *page;

	phys = kvm_pte_to_phys(vm->gfn[gfn]);
	if (!kvm_pte_valid(vm->gfn[gfn]) || vm->gfn[gfn] != guest_pte(phys, from) ||
	    !page_is_memory(phys)) {
		ALLOWED(ret, "a guest shares or unshares what it cannot");
		return NULL;
	}
	page = page_at(g, phys);
	/* I1: a page that the host has mapped for DMA stays shared; so does one of the guest's */
	if (!on && page->dma) {
		ALLOWED(ret == -EBUSY, "I5: a page mapped for DMA is unshared");
		return NULL;
	}
	if (ret) {
		ALLOWED(!on && ((ret == -EIO && weather.hardware) ||
				(ret == -ENOMEM && weather.no_memory)),
			"a guest cannot share its page");
		return NULL;
	}
	vm->gfn[gfn] = guest_pte(phys, on ? PKVM_PAGE_SHARED_OWNED : PKVM_PAGE_OWNED);
	page->host = on ? PKVM_PAGE_SHARED_BORROWED : PKVM_NOPAGE;
	page->idmap = on;

	return NULL;
}

static void back_to_host(struct ghost_page *page)
{
	page->owner = GHOST_HOST;
	page->host = PKVM_PAGE_OWNED;
	page->idmap = true;
}

static ghost_verdict force_reclaim(struct ghost *g, const struct ghost_call *c)
{
	struct ghost_page *page = page_at(g, c->arg[0]);
	struct ghost_vm *vm;
	unsigned int gfn;

	if (page->owner < GHOST_VM || page->host != PKVM_NOPAGE) {
		ALLOWED(c->result.ret, "a page is taken by force that is no guest's");
		return NULL;
	}
	if (page->dma) {
		ALLOWED(c->result.ret == -EBUSY, "I5: a page mapped for DMA is taken by force");
		return NULL;
	}
	ALLOWED(!c->result.ret, "a page cannot be taken by force");
	vm = &g->vm[page->owner - GHOST_VM];
	for (gfn = 0; gfn < NATIVE_GUEST_PAGES; gfn++) {
		if (kvm_pte_valid(vm->gfn[gfn]) && kvm_pte_to_phys(vm->gfn[gfn]) == c->arg[0])
			vm->gfn[gfn] = GUEST_PTE_POISONED;
	}
	back_to_host(page);

	return NULL;
}

static ghost_verdict reclaim_page(struct ghost *g, const struct ghost_call *c)
{
	struct ghost_vm *vm = find_vm(g, c->arg[0]);
	u64 gfn = c->arg[1];

	if (!vm || vm->life != VM_DYING) {
		ALLOWED(c->result.ret, "a page of a VM that runs is reclaimed");
		return NULL;
	}
	if (vm->context) {
		ALLOWED(c->result.ret == -EBUSY, "I6: a page is reclaimed before the VM is drained");
		return NULL;
	}
	if (!kvm_pte_valid(vm->gfn[gfn]))
		return NULL;
	if (!page_is_memory(kvm_pte_to_phys(vm->gfn[gfn]))) {
		ALLOWED(c->result.ret == -EPERM, "registers of a device are reclaimed as memory");
		return NULL;
	}
	ALLOWED(!c->result.ret, "a page of a dead VM cannot be reclaimed");
	back_to_host(page_at(g, kvm_pte_to_phys(vm->gfn[gfn])));
	vm->gfn[gfn] = 0;

	return NULL;
}

/* Of a plain VM: the host takes them back before it ends */
static bool sees_mmio(const struct ghost_vm *vm)
{
	unsigned int i;

	for (i = 0; i < NATIVE_GUEST_PAGES && vm->plain; i++) {
		if (kvm_pte_valid(vm->gfn[i]) && !page_is_memory(kvm_pte_to_phys(vm->gfn[i])))
			return true;
	}

	return false;
}

/* I3, I6: a VM's life, and its end only when nothing of it is left */
static ghost_verdict life(struct ghost *g, const struct ghost_call *c)
{
	struct ghost_vm *vm = find_vm(g, c->arg[0]);
	enum ghost_life is = vm ? vm->life : VM_NONE;

	switch (c->op) {
	case MEM_VM_UNRESERVE:
		if (is == VM_RESERVED && !vm->context)
			vm->life = VM_NONE;
		return NULL;
	case MEM_VM_INIT:
		ALLOWED(!c->result.ret == (is == VM_RESERVED), "a VM starts out of turn");
		if (!c->result.ret) {
			vm->life = VM_LIVE;
			vm->plain = c->arg[1];
			/*
			 * I1: nor is there DMA for a device that the host has in hand, but to
			 * a VM whose memory the host reaches anyway
			 */
			vm->served = vm->context && !vm->dead &&
				     (vm->plain || !vm->host_has_regs);
		}
		return NULL;
	case MEM_VM_DYING:
		ALLOWED(!c->result.ret == (is == VM_LIVE), "a VM dies out of turn");
		if (!c->result.ret)
			vm->life = VM_DYING;
		return NULL;
	default:
		ALLOWED(!c->result.ret == (is == VM_DYING && !vm->context && !sees_mmio(vm)),
			"I6: a VM's handle is released before it is drained, or not at all");
		if (!c->result.ret)
			memset(vm, 0, sizeof(*vm));
		return NULL;
	}
}

static ghost_verdict share_hyp(struct ghost *g, const struct ghost_call *c)
{
	struct ghost_page *page = page_at(g, c->arg[0] << PAGE_SHIFT);
	enum pkvm_page_state from = c->op == MEM_SHARE_HYP ? PKVM_PAGE_OWNED :
							     PKVM_PAGE_SHARED_OWNED;

	ALLOWED(!c->result.ret == (page->host == from && !page->lent),
		"sharing with EL2 goes wrong");
	if (!c->result.ret)
		page->host = c->op == MEM_SHARE_HYP ? PKVM_PAGE_SHARED_OWNED : PKVM_PAGE_OWNED;

	return NULL;
}

ghost_verdict spec_memory(struct ghost *g, const struct ghost_call *c, const struct ghost *post)
{
	if (weather.hardware)
		spec_after_failure(g, post);

	switch (c->op) {
	case MEM_SHARE_HYP:
	case MEM_UNSHARE_HYP:
		return share_hyp(g, c);
	case MEM_DONATE_GUEST:
		return donate_guest(g, c);
	case MEM_LEND_GUEST:
		return lend_guest(g, c);
	case MEM_TAKE_BACK:
	case MEM_WRPROTECT:
		return take_back(g, c);
	case MEM_GUEST_SHARE:
		return share(g, c, true);
	case MEM_GUEST_UNSHARE:
		return share(g, c, false);
	case MEM_FORCE_RECLAIM:
		return force_reclaim(g, c);
	case MEM_VM_RECLAIM:
		return reclaim_page(g, c);
	case MEM_MAP_REGISTERS:
		return spec_map_registers(g, c);
	case MEM_LEND_MMIO:
		return spec_lend_mmio(g, c);
	case MEM_TAKE_BACK_MMIO:
		return spec_take_back_mmio(g, c);
	case MEM_HOST_TOUCH:
	case MEM_VM_TOUCH:
		return spec_touch(g, c);
	case MEM_VM_RESERVE:
		ALLOWED(c->result.ret > 0 && !find_vm(g, c->result.ret), "no new VM");
		g->vm[vm_number(c->result.ret)].life = VM_RESERVED;
		return NULL;
	}

	return life(g, c);
}
