// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: pages lent to EL2.
 *
 * EL2 has no allocator of its own. It takes tables and domains from a pool of
 * pages that the host donates when EL2 asks, and gives back what it no longer
 * uses once a domain is gone.
 */
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/vmstat.h>

#include <asm/kvm_mmu.h>

#include "host.h"

/*
 * Another CPU may use up what this one donated before its call is repeated, so
 * one round can be too few. More than this without progress is a bug.
 */
#define MAX_TRIES	16

/* Pages donated and not yet returned: to the host's pool, to those of VMs */
atomic_long_t pkvm_iommu_lent_pages = ATOMIC_LONG_INIT(0);
atomic_long_t pkvm_iommu_lent_vm_pages = ATOMIC_LONG_INIT(0);

static phys_addr_t to_pa(void *va)
{
	return __pa(va);
}

static void *to_va(phys_addr_t pa)
{
	return __va(pa);
}

/* A page counts as the IOMMU's from here to free_one(), whoever holds it */
static void *alloc_one(void *gfp)
{
	struct page *page = alloc_page(*(gfp_t *)gfp);

	if (!page)
		return NULL;

	inc_node_page_state(page, NR_IOMMU_PAGES);
	return page_address(page);
}

static void free_one(void *va, void *unused)
{
	struct page *page = virt_to_page(va);

	dec_node_page_state(page, NR_IOMMU_PAGES);
	__free_page(page);
}

static int topup(pkvm_handle_t vm, struct kvm_hyp_memcache *mc)
{
	return vm ? pkvm_iommu_hyp_vm_topup(vm, mc) : pkvm_iommu_hyp_topup(mc);
}

/* EL2 may have some of the pages after an errno, too: @nr becomes how many it took */
static int donate(pkvm_handle_t vm, unsigned long *nr, gfp_t gfp)
{
	atomic_long_t *count = vm ? &pkvm_iommu_lent_vm_pages : &pkvm_iommu_lent_pages;
	struct kvm_hyp_memcache mc = { };
	unsigned long taken = 0;
	int ret;

	ret = __topup_hyp_memcache(&mc, *nr, alloc_one, to_pa, &gfp);
	if (!ret) {
		ret = topup(vm, &mc);
		if (ret == -EBUSY) {
			pkvm_iommu_flush_lazy();
			ret = topup(vm, &mc);
		}
		taken = *nr - mc.nr_pages;
		atomic_long_add(taken, count);
		if (!ret && mc.nr_pages)
			ret = -EIO;
	}
	__free_hyp_memcache(&mc, free_one, to_va, NULL);
	*nr = taken;

	return ret;
}

static int charge(struct pkvm_iommu_account *account, unsigned long nr)
{
	guard(mutex)(&account->lock);
	if (account->held + nr > READ_ONCE(account->max) ||
	    account_locked_vm(account->mm, nr, true))
		return -EDQUOT;
	account->held += nr;

	return 0;
}

static void uncharge(struct pkvm_iommu_account *account, unsigned long nr)
{
	guard(mutex)(&account->lock);
	account_locked_vm(account->mm, nr, false);
	account->held -= nr;
}

/**
 * pkvm_iommu_donate_vm() - give pages to the pool that EL2 has for a VM
 * @vm: pKVM handle of the VM
 * @account: the VM's
 * @nr: number of pages, at most PKVM_IOMMU_TOPUP_MAX
 *
 * Return: 0, -EDQUOT (more than the VM may have), -ENOMEM, or the errno of the call;
 * EL2 may have some of them then.
 */
int pkvm_iommu_donate_vm(pkvm_handle_t vm, struct pkvm_iommu_account *account,
			 unsigned long nr)
{
	unsigned long taken = nr;
	int ret = charge(account, nr);

	if (ret)
		return ret;
	ret = donate(vm, &taken, GFP_KERNEL_ACCOUNT);
	uncharge(account, nr - taken);

	return ret;
}

/**
 * pkvm_iommu_supply() - give EL2 the memory that a call asked for
 * @need: number of pages and how to get them
 *
 * Return: true if the call is worth repeating.
 */
bool pkvm_iommu_supply(struct pkvm_iommu_need *need)
{
	unsigned long left = max(need->pages, 1UL);
	unsigned long nr;

	if (need->tries++ >= MAX_TRIES)
		return false;

	for (; left; left -= nr) {
		nr = min(left, PKVM_IOMMU_TOPUP_MAX);
		if (donate(0, &nr, need->gfp))
			return false;
	}

	return true;
}

/**
 * pkvm_iommu_reclaim() - return the unused pages of the pool to the host
 *
 * Context: may sleep.
 */
void pkvm_iommu_reclaim(void)
{
	struct kvm_hyp_memcache mc;

	while (!pkvm_iommu_hyp_reclaim(PKVM_IOMMU_TOPUP_MAX, &mc) &&
	       mc.nr_pages) {
		atomic_long_sub(mc.nr_pages, &pkvm_iommu_lent_pages);
		__free_hyp_memcache(&mc, free_one, to_va, NULL);
		cond_resched();
	}
}

/**
 * pkvm_iommu_free_vm_pages() - free pages that EL2 returned from the pool of a VM
 * @account: the VM's, or NULL: it never had any
 * @mc: the pages
 *
 * Context: may sleep.
 */
void pkvm_iommu_free_vm_pages(struct pkvm_iommu_account *account,
			      struct kvm_hyp_memcache *mc)
{
	if (account && mc->nr_pages)
		uncharge(account, mc->nr_pages);
	atomic_long_sub(mc->nr_pages, &pkvm_iommu_lent_vm_pages);
	__free_hyp_memcache(mc, free_one, to_va, NULL);
}
