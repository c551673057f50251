// SPDX-License-Identifier: GPL-2.0-only
#include "guest.h"

bool guest_is_plain(void)
{
	return getenv("GUEST_PLAIN");
}

uint64_t page_ipa(size_t page)
{
	return PVM_IPA + page * page_size;
}

static void alarm_rang(int sig)
{
	(void)sig;
	pvm_give_up = 1;
}

/* Make a call up to max times with a larger x3, as long as it succeeds */
struct answer hvc_many(struct guest *g, const uint64_t x[7], uint64_t step, uint64_t max)
{
	struct sigaction sa = { .sa_handler = alarm_rang };
	uint64_t *bell = g->pvm.doorbell;
	struct answer a = { .x0 = INT64_MIN };

	bell[PVM_ORDER] = PVM_HVC;
	memcpy(&bell[PVM_CALL], x, 7 * sizeof(*x));
	bell[PVM_STEP] = step;
	bell[PVM_MAX] = max;
	bell[PVM_COUNT] = 0;
	/* A call that does not come back is a failure, not a hang */
	if (g->dead)
		return a;
	sigaction(SIGALRM, &sa, NULL);
	pvm_give_up = 0;
	alarm(60);
	bell[PVM_RESULT] = INT64_MIN;
	pvm_run(&g->pvm);
	alarm(0);
	if (!expect(bell[PVM_RESULT] != (uint64_t)INT64_MIN,
		    "call %" PRIx64 " %" PRIx64 ": KVM_RUN errno %d", x[0], x[1],
		    errno)) {
		g->dead = true;
		return a;
	}
	return (struct answer) {
		.x0 = bell[PVM_RESULT], .x1 = bell[PVM_X1], .x2 = bell[PVM_X2],
		.x3 = bell[PVM_X3], .changed = bell[PVM_CHANGED],
		.count = bell[PVM_COUNT],
	};
}

struct answer hvc(struct guest *g, uint64_t func, uint64_t x1, uint64_t x2, uint64_t x3,
		  uint64_t x4, uint64_t x5, uint64_t x6)
{
	const uint64_t x[] = { func, x1, x2, x3, x4, x5, x6 };
	struct answer a = hvc_many(g, x, 0, 1);

	/* Nothing but x0 to x3 is an output */
	expect_eq(a.changed, 0);
	return a;
}

int64_t alloc_domain(struct guest *g)
{
	struct answer a = op(g, ALLOC_DOMAIN, 0, 0, 0, 0, 0);

	expect(!a.x0 && a.x1, "%lld %#llx", (long long)a.x0, (long long)a.x1);
	return a.x1;
}

int64_t free_domain(struct guest *g, uint64_t domain)
{
	return op(g, FREE_DOMAIN, domain, 0, 0, 0, 0).x0;
}

int64_t attach(struct guest *g, unsigned int engine, uint64_t domain)
{
	return op(g, ATTACH_DEV, g->id, g->vsid[engine], 0, domain, 0).x0;
}

int64_t detach(struct guest *g, unsigned int engine, uint64_t domain)
{
	return op(g, DETACH_DEV, g->id, g->vsid[engine], 0, domain, 0).x0;
}

/* Bytes done by one call, 0 if it was refused, which it must say consistently */
uint64_t map_once(struct guest *g, uint64_t domain, uint64_t iova, uint64_t ipa,
		  uint64_t size, uint64_t prot)
{
	struct answer a = op(g, MAP_PAGES, domain, iova, ipa, size, prot);

	expect(a.x0 ? a.x0 == REFUSED && !a.x1 : a.x1 && a.x1 <= size,
	       "%lld %#llx", (long long)a.x0, (long long)a.x1);
	return a.x1;
}

uint64_t unmap_once(struct guest *g, uint64_t domain, uint64_t iova, uint64_t size)
{
	struct answer a = op(g, UNMAP_PAGES, domain, iova, size, 0, 0);

	expect(a.x0 ? a.x0 == REFUSED && !a.x1 : a.x1 && a.x1 <= size,
	       "%lld %#llx", (long long)a.x0, (long long)a.x1);
	return a.x1;
}

/* As drivers do it: again with the rest, until all is done or a call is refused */
uint64_t map_all(struct guest *g, uint64_t domain, uint64_t iova, uint64_t ipa,
		 uint64_t size)
{
	uint64_t done = 0, n;

	while (done < size && (n = map_once(g, domain, iova + done, ipa + done,
					    size - done, RW)))
		done += n;
	return done;
}

uint64_t unmap_all(struct guest *g, uint64_t domain, uint64_t iova, uint64_t size)
{
	uint64_t done = 0, n;

	while (done < size && (n = unmap_once(g, domain, iova + done, size - done)))
		done += n;
	return done;
}

/* Touch pages, so that a call need not wait for them */
void touch(struct guest *g, size_t first, size_t nr)
{
	expect_eq(pvm_call(&g->pvm, PVM_FILL, first, nr, 0), 0);
}

/* Block and page size that the guest is told */
uint64_t block_size(struct guest *g)
{
	uint64_t sizes = op(g, FEATURES, 0, 0, 0, 0, 0).x2;

	return 1ULL << (63 - __builtin_clzll(sizes | 1));
}

void guest_close(struct guest *g)
{
	int *fds[] = { &g->container, &g->group, &g->kvm_vfio, &g->device, &g->pviommu };

	for (size_t i = 0; i < g->nr_engines; i++) {
		if (g->regs[i])
			munmap((void *)g->regs[i], ENGINE_SIZE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (*fds[i] > 0)
			close(*fds[i]);
	}
	pvm_destroy(&g->pvm);
	for (int i = 0; vm_pages() > vm_pages_idle && i < 200; i++)
		usleep(20000);
}

/* The last VM is gone, and what was lent to EL2 for it is back */
void expect_all_returned(void)
{
	expect_eq(vm_pages(), vm_pages_idle);
}

/* VFIO opens PCI devices unable to do DMA; this is what a driver in the VM asks for */
static void allow_dma(struct guest *g)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	struct vfio_device_info device = { .argsz = sizeof(device) };
	uint16_t command = 0x6;		/* memory, bus master */

	if (!ioctl(g->device, VFIO_DEVICE_GET_INFO, &device) &&
	    device.flags & VFIO_DEVICE_FLAGS_PCI &&
	    !ioctl(g->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		expect_eq(pwrite(g->device, &command, 2, info.offset + 4), 2);
}

static bool open_engine(struct guest *g, unsigned int nr)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = nr };
	void *regs;

	if (!expect_eq(err(ioctl(g->device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0))
		return false;
	regs = mmap(NULL, ENGINE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, g->device,
		    info.offset);
	if (!expect(regs != MAP_FAILED, "errno %d", errno))
		return false;
	g->regs[nr] = regs;
	return expect_eq(err(set_config(g->pviommu, g->device, nr, g->vsid[nr])), 0);
}

void (*guest_before_devices)(const struct pvm *pvm);

/* A VM that has not run, so that it can have more vCPUs */
bool guest_prepare(struct guest *g, const struct vfio_dev *dev, size_t nr_pages,
		   uint32_t nr_engines)
{
	*g = (struct guest) {
		.dev = dev, .nr_engines = nr_engines, .vsid = { VSID_0, VSID_1 },
	};
	if (!expect(!pvm_create(&g->pvm, nr_pages, !guest_is_plain()), "errno %d", errno))
		return false;
	if (guest_before_devices)
		guest_before_devices(&g->pvm);
	g->kvm_vfio = create_kvm_vfio(g->pvm.vm);
	g->group = open_vfio_group(dev, &g->container, VFIO_PKVM_IOMMU);
	expect_eq(err(add_group(g->kvm_vfio, g->group)), 0);
	g->device = ioctl(g->group, VFIO_GROUP_GET_DEVICE_FD, dev->name);
	g->pviommu = new_pviommu(g->kvm_vfio);
	g->id = g->pviommu;
	if (!expect(g->device > 0 && g->pviommu > 0, "errno %d", errno))
		goto fail;
	allow_dma(g);
	for (unsigned int i = 0; i < nr_engines; i++) {
		if (!open_engine(g, i))
			goto fail;
	}
	return true;
fail:
	guest_close(g);
	return false;
}

/* A VM with nr_pages of memory that it has not touched, and the device */
bool guest_open(struct guest *g, const struct vfio_dev *dev, size_t nr_pages,
		uint32_t nr_engines)
{
	if (!guest_prepare(g, dev, nr_pages, nr_engines))
		return false;
	for (unsigned int i = 0; i < nr_engines; i++)
		g->sid[i] = hvc(g, DEV_REQ_DMA, g->id, g->vsid[i],
				0, 0, 0, 0).x2;
	if (!test_failed)
		return true;
	guest_close(g);
	return false;
}
