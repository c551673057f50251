// SPDX-License-Identifier: GPL-2.0-only
#include "hcall.h"

struct answer hcall_func(enum pkvm_test_hvc_func func, uint64_t op, uint64_t a,
			 uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	struct pkvm_test_hvc hvc = {
		.func = func, .regs = { op, a, b, c, d, e },
	};

	if (ioctl(test_fd, PKVM_TEST_HVC, &hvc))
		fatal("hypercall");
	/* x0 is not 0 if EL2 does not know the function */
	if (hvc.regs[0])
		return (struct answer){ .ret = -ENOSYS };
	return (struct answer){ hvc.regs[1], hvc.regs[2], hvc.regs[3],
				hvc.regs[4], hvc.regs[5] };
}

struct answer hcall(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
		    uint64_t e)
{
	return hcall_func(PKVM_TEST_HVC_IOMMU_OP, op, a, b, c, d, e);
}

/*
 * A list of pages as EL2 takes it: each begins with the next one's address. They
 * are off the module's books at once: as soon as EL2 has one, another CPU may
 * get it back and free it.
 */
uint64_t page_list(uint64_t nr)
{
	uint64_t head = 0, phys;
	uint64_t *page;

	while (nr--) {
		phys = pages_alloc(page_size);
		if (!phys)
			fatal("no memory for EL2");
		page = phys_map(phys, page_size);
		*page = head;
		munmap(page, page_size);
		pages_forget(phys);
		head = phys;
	}
	return head;
}

uint64_t page_list_next(uint64_t phys)
{
	uint64_t *page = phys_map(phys, page_size), next = *page;

	munmap(page, page_size);
	return next;
}

/* Lend pages to EL2 */
void supply(uint64_t nr)
{
	struct answer a;
	uint64_t n;

	for (; nr; nr -= n) {
		n = nr < TOPUP_MAX ? nr : TOPUP_MAX;
		a = hcall(OP_TOPUP, page_list(n), n, 0, 0, 0);
		if (a.ret)
			fatal("topup: %" PRId64, a.ret);
	}
}

/* Take all that EL2 does not use; how many pages that were */
uint64_t reclaim_all(void)
{
	uint64_t head, next, nr = 0;
	struct answer a;

	for (;;) {
		a = hcall(OP_RECLAIM, TOPUP_MAX, 0, 0, 0, 0);
		if (a.ret || !a.x3)
			return nr;
		nr += a.x3;
		for (head = a.x2; a.x3--; head = next) {
			next = page_list_next(head);
			pages_free(head);
		}
	}
}

uint64_t domain_new(void)
{
	struct answer a;

	for (int i = 0; i < 100; i++) {
		a = hcall(OP_ALLOC_DOMAIN, 0, 0, 0, 0, 0);
		if (a.ret != -ENOMEM)
			break;
		supply(a.x2 ?: 1);
	}
	expect(a.ret > DOMAIN_IDENTITY, "new domain: %" PRId64, a.ret);
	return a.ret;
}

int64_t domain_delete(uint64_t domain)
{
	struct answer a;

	do {
		a = hcall(OP_FREE_DOMAIN, domain, 0, 0, 0, 0);
	} while (a.ret == -EAGAIN);
	return a.ret;
}

int64_t attach_stream(uint64_t smmu, uint32_t sid, uint64_t domain)
{
	struct answer a;

	for (int i = 0; i < 100; i++) {
		a = hcall(OP_ATTACH, smmu, sid, domain, 0, 0);
		if (a.ret != -ENOMEM)
			break;
		supply(a.x2 ?: 1);
	}
	return a.ret;
}

/* Until all is mapped or a call fails for more than lack of memory */
int64_t map(uint64_t domain, uint64_t iova, uint64_t phys, uint64_t size, uint64_t prot,
	    uint64_t *mapped)
{
	uint64_t done = 0, stuck = 0;
	struct answer a;

	do {
		a = hcall(OP_MAP, domain, iova + done, phys + done, size - done,
			  prot);
		done += a.x2;
		stuck = a.x2 ? 0 : stuck + 1;
		if (a.ret == -ENOMEM && stuck < 100) {
			supply(a.x3 ?: 1);
			a.ret = 0;
		}
	} while (!a.ret && done < size && stuck < 100);
	if (mapped)
		*mapped = done;
	return a.ret ?: done < size ? -ELOOP : 0;
}

int64_t unmap(uint64_t domain, uint64_t iova, uint64_t size)
{
	uint64_t done = 0, stuck = 0;
	struct answer a;

	do {
		a = hcall(OP_UNMAP, domain, iova + done, size - done, 0, 0);
		done += a.x2;
		stuck = a.x2 ? 0 : stuck + 1;
	} while (!a.ret && done < size && stuck < 3);
	return a.ret ?: done < size ? -ELOOP : 0;
}

/* EL2 refuses to map what is mapped already, and changes nothing then */
bool is_mapped(uint64_t domain, uint64_t iova, uint64_t phys)
{
	int64_t ret = map(domain, iova, phys, page_size, PROT_R, NULL);

	if (!ret)
		expect_eq(unmap(domain, iova, page_size), 0);
	return ret == -EEXIST;
}
