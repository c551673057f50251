// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_memory [TEST]...: memory that a guest makes EL2 hold: how much, who pays, and
 * what the guest sees when there is no more.
 */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "guest_dma.h"

static struct vfio_dev pair;

/* Memory of this process that counts as locked, in pages */
static long locked_pages(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	long kib = -1;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmLck: %ld kB", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib < 0 ? -1 : kib * 1024 / (long)page_size;
}

/* Without it, limits are for this process too */
static void set_ipc_lock(bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		fatal("capget: errno %d", errno);
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	data[0].effective |= (uint32_t)on << CAP_IPC_LOCK;
	if (syscall(SYS_capset, &header, data))
		fatal("capset: errno %d", errno);
}

/* How much may be locked; the way back up needs no capability that is lost */
static void set_memlock(long pages)
{
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = pages < 0 ? limit.rlim_max : pages * page_size;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		fatal("setrlimit: errno %d", errno);
}

/* Domains until one is refused: how many there were */
static uint64_t use_up(struct guest *g)
{
	const uint64_t x[] = { PVIOMMU_OP, ALLOC_DOMAIN, 0, 0, 0, 0, 0 };
	struct answer a = hvc_many(g, x, 0, 100000);

	expect_eq(a.x0, REFUSED);
	expect_eq(a.x1, 0);
	return a.count;
}

static int set_max(struct guest *g, uint64_t size)
{
	return err(set_attr(g->kvm_vfio, KVM_DEV_VFIO_PVIOMMU, KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY,
			    &size));
}

/* What is refused changes nothing, and the rest of the VM goes on */
static void expect_goes_on(struct guest *g, uint64_t domain)
{
	long before = vm_pages();

	/* As often as that, and still no more */
	for (int i = 0; i < 3; i++)
		expect_refused(op(g, ALLOC_DOMAIN, 0, 0, 0, 0, 0));
	/* A page that was left may do for one more table, not for a second */
	map_once(g, domain, 1ULL << 31, page_ipa(0), page_size, RW);
	expect_eq(map_once(g, domain, 1ULL << 32, page_ipa(0), page_size, RW), 0);
	expect_eq(vm_pages(), before);
	/* Where there are tables there is no need for more */
	expect_eq(map_all(g, domain, IOVA, page_ipa(0), 2 * page_size), 2 * page_size);
	expect(dma_copies(g, 0, IOVA, 0, IOVA + page_size, 1), "no DMA");
	expect_eq(unmap_all(g, domain, IOVA, 2 * page_size), 2 * page_size);
}

/* A VM with two pages that it has touched, and a domain with tables for IOVA */
static uint64_t open_small(struct guest *g)
{
	uint64_t domain;

	if (!guest_open(g, &pair, 2, 2))
		return 0;
	touch(g, 0, 2);
	domain = alloc_domain(g);
	expect_eq(attach(g, 0, domain), SUCCESS);
	expect_eq(map_once(g, domain, IOVA, page_ipa(0), page_size, RW), page_size);
	expect_eq(unmap_once(g, domain, IOVA, page_size), page_size);
	return domain;
}

static void test_memory_cap(void)
{
	uint64_t domain, first, more, handle;
	struct guest g;

	domain = open_small(&g);
	if (!domain)
		return;
	expect_eq(err(set_attr(g.kvm_vfio, KVM_DEV_VFIO_PVIOMMU,
			       KVM_DEV_VFIO_PVIOMMU_MAX_MEMORY, NULL)), EFAULT);
	expect_eq(set_max(&g, page_size - 1), EINVAL);
	expect_eq(set_max(&g, 64 * page_size), 0);
	first = use_up(&g);
	expect(first > 10 && first < 32, "%" PRIu64 " domains", first);
	expect(vm_pages() <= 64 && vm_pages() > 56, "%ld", vm_pages());
	expect_goes_on(&g, domain);
	/* What it gives up it has again */
	for (handle = domain + 1; handle <= domain + 4; handle++)
		expect_eq(free_domain(&g, handle), SUCCESS);
	expect(use_up(&g) >= 4, "what was freed is not to be had");
	/* The VMM may change its mind, in both directions */
	expect_eq(set_max(&g, 128 * page_size), 0);
	more = use_up(&g);
	expect(more >= 28 && vm_pages() > 120 && vm_pages() <= 128, "%" PRIu64 ", %ld", more,
	       vm_pages());
	expect_eq(set_max(&g, page_size), 0);
	expect_goes_on(&g, domain);
	guest_close(&g);
	expect_all_returned();
}

/* Nobody has said how much: it ends, and grows with the memory of the VM */
static void test_memory_default_cap(void)
{
	long small, large;
	struct guest g;

	if (!open_small(&g))
		return;
	use_up(&g);
	small = vm_pages();
	guest_close(&g);
	expect_all_returned();
	if (!guest_open(&g, &pair, 64 * SZ_1M / page_size, 1))
		return;
	use_up(&g);
	large = vm_pages();
	expect(small > 4096 && large > small && large < 2 * small, "%ld, then %ld", small, large);
	guest_close(&g);
	expect_all_returned();
}

/* Each page counts once as locked memory of the VMM, and is given back */
static void test_memory_locked(void)
{
	long before = locked_pages(), own;
	uint64_t domain;
	struct guest g;

	domain = open_small(&g);
	if (!domain)
		return;
	own = locked_pages() - before - vm_pages();
	/* The code, the doorbell and two pages */
	expect(own >= 2 && own <= 4, "%ld", own);
	set_ipc_lock(false);
	set_memlock(locked_pages() + 20);
	use_up(&g);
	expect_goes_on(&g, domain);
	expect_eq(locked_pages() - before, own + vm_pages());
	set_memlock(locked_pages() + 200);
	expect(use_up(&g) >= 90, "the limit is not looked at again");
	expect_eq(locked_pages() - before, own + vm_pages());
	set_memlock(-1);
	set_ipc_lock(true);
	guest_close(&g);
	expect_all_returned();
	expect_eq(locked_pages(), before);
}

/* A VMM that may lock nothing gives no device to a VM; then it may */
static void test_memory_not_locked(void)
{
	long before = locked_pages();
	struct guest g;

	set_ipc_lock(false);
	/* Without engines: nothing of the device is named yet. It lifts the limit, too. */
	if (guest_prepare(&g, &pair, 2, 0)) {
		set_memlock(0);
		expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), ENOMEM);
		expect_eq(vm_pages(), 0);
		set_memlock(64);
		expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), 0);
		expect_eq(locked_pages() - before, vm_pages());
		guest_close(&g);
	}
	set_memlock(-1);
	set_ipc_lock(true);
	expect_all_returned();
	expect_eq(locked_pages(), before);
}

static const struct test tests[] = {
	{ "guest_memory_cap", test_memory_cap },
	{ "guest_memory_default_cap", test_memory_default_cap },
	{ "guest_memory_locked", test_memory_locked },
	{ "guest_memory_not_locked", test_memory_not_locked },
};

int main(int argc, char **argv)
{
	(void)argc;
	open_pair(&pair);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
