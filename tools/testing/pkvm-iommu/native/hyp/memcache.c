// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of pages. A page in a list of EL2's is unused: nothing may walk it.
 */
#include "hyp.h"

/* hyp/call.c */
struct kvm_hyp_memcache *native_host_pool(void);

/* Lists on the stack are the host's, on their way in or out */
static bool is_pool(const struct kvm_hyp_memcache *mc)
{
	u64 phys = hyp_virt_to_phys((void *)mc);

	return phys < NATIVE_PHYS_END || mc == native_host_pool();
}

void push_hyp_memcache(struct kvm_hyp_memcache *mc, phys_addr_t *p,
		       phys_addr_t (*to_pa)(void *virt))
{
	struct native_page *page = native_page(to_pa(p));

	if (!PAGE_ALIGNED(to_pa(p)) || page->owner != OWNER_HYP)
		native_fail("0x%lx is not a page of EL2", to_pa(p));
	if (page->free)
		native_fail("0x%lx is freed twice", to_pa(p));
	if (native_hooks.page_freed)
		native_hooks.page_freed(to_pa(p));
	page->free = is_pool(mc);
	*p = mc->head;
	mc->head = to_pa(p);
	mc->nr_pages++;
}

void *pop_hyp_memcache(struct kvm_hyp_memcache *mc, void *(*to_va)(phys_addr_t phys))
{
	phys_addr_t *p;

	if (is_pool(mc) && fault_hits(FAULT_ALLOC))
		return NULL;
	if (!mc->nr_pages)
		return NULL;

	p = to_va(mc->head & PAGE_MASK);
	if (is_pool(mc) && !native_page(mc->head)->free)
		native_fail("0x%lx is allocated twice", mc->head);
	native_page(mc->head & PAGE_MASK)->free = false;
	mc->head = *p;
	mc->nr_pages--;

	return p;
}
