// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: donates pages to EL2 and gets them back.
 *
 * EL2 allocates tables and domains from pools of pages: one for the host, and one for each
 * VM. The host donates pages to a pool when a call returns -ENOMEM. It reclaims unused
 * pages of its own pool when it has freed a domain, and those of a VM when the VM dies.
 */
#include <linux/gfp.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pkvm-iommu-endpoint.h>
#include <linux/vmstat.h>

#include <asm/kvm_mmu.h>

#include "host.h"

/*
 * Another CPU may use the pages that this CPU donated before it repeats its call, so one
 * donation may not suffice. More attempts than this without progress are a bug.
 */
#define MAX_TRIES	16

/* Pages that the host has donated to its own pool, and to the pools of VMs */
atomic_long_t pkvm_iommu_donated_pages = ATOMIC_LONG_INIT(0);
atomic_long_t pkvm_iommu_donated_vm_pages = ATOMIC_LONG_INIT(0);

static phys_addr_t to_pa(void *va)
{
	return __pa(va);
}

static void *to_va(phys_addr_t pa)
{
	return __va(pa);
}

/* A page counts as NR_IOMMU_PAGES until free_one(), also while the host owns it */
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

/*
 * Donate *@nr pages to the pool of a VM, or of the host if @vm is 0. Sets *@nr to the
 * number of pages that EL2 has taken, which may be some of them after an errno.
 */
static int donate(pkvm_handle_t vm, unsigned long *nr, gfp_t gfp)
{
	atomic_long_t *count = vm ? &pkvm_iommu_donated_vm_pages : &pkvm_iommu_donated_pages;
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
 * pkvm_iommu_donate_vm() - donate pages to the pool of a VM
 * @vm: pKVM handle of the VM
 * @account: account of the VM
 * @nr: number of pages, at most PKVM_IOMMU_TOPUP_MAX
 *
 * Return: 0; -EDQUOT if @account or RLIMIT_MEMLOCK does not allow the pages; -ENOMEM; or
 * the errno of the hypercall, after which EL2 may have some of the pages.
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
 * pkvm_iommu_supply() - donate pages to the host's pool after EL2 returned -ENOMEM
 * @need: number of pages that EL2 asked for, how to allocate them, attempts so far
 *
 * Return: true if EL2 has taken the pages: the caller should repeat the hypercall. false
 * if there is no memory, EL2 refused a page, or there were MAX_TRIES attempts.
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
 * pkvm_iommu_reclaim() - get the unused pages of the host's pool back
 *
 * Context: may sleep.
 */
void pkvm_iommu_reclaim(void)
{
	struct kvm_hyp_memcache mc;

	while (!pkvm_iommu_hyp_reclaim(PKVM_IOMMU_TOPUP_MAX, &mc) &&
	       mc.nr_pages) {
		atomic_long_sub(mc.nr_pages, &pkvm_iommu_donated_pages);
		__free_hyp_memcache(&mc, free_one, to_va, NULL);
		cond_resched();
	}
}

/**
 * pkvm_iommu_free_vm_pages() - free pages that EL2 returned from the pool of a VM
 * @account: account of the VM, or NULL if the VM never had a page
 * @mc: the pages
 *
 * Context: may sleep.
 */
void pkvm_iommu_free_vm_pages(struct pkvm_iommu_account *account,
			      struct kvm_hyp_memcache *mc)
{
	if (account && mc->nr_pages)
		uncharge(account, mc->nr_pages);
	atomic_long_sub(mc->nr_pages, &pkvm_iommu_donated_vm_pages);
	__free_hyp_memcache(mc, free_one, to_va, NULL);
}
