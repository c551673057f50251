// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio [TEST]...: in a VM, user space has the device by VFIO. The guest kernel
 * blocks it, gives it a domain of its own, and the other way round.
 */
#include <linux/vfio.h>

#include "edu.h"
#include "vfio_vm.h"

#define IOVA		0x7f000000ULL
#define REGS_SIZE	0x100000

static struct vfio_dev dev;

struct user {
	int container, group, device;
	volatile uint8_t *regs[2];
};

static bool user_open(struct user *u)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	u->group = open_vfio_group(&dev, &u->container, VFIO_TYPE1v2_IOMMU);
	u->device = ioctl(u->group, VFIO_GROUP_GET_DEVICE_FD, dev.name);
	for (info.index = 0; info.index < 2; info.index++) {
		if (!expect_eq(err(ioctl(u->device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0))
			return false;
		u->regs[info.index] = mmap(NULL, REGS_SIZE, PROT_READ | PROT_WRITE,
					   MAP_SHARED, u->device, info.offset);
		if (!expect(u->regs[info.index] != MAP_FAILED, "errno %d", errno))
			return false;
	}
	return !test_failed;
}

static void user_close(struct user *u)
{
	for (int i = 0; i < 2; i++)
		munmap((void *)u->regs[i], REGS_SIZE);
	close(u->device);
	close(u->group);
	close(u->container);
}

/* Through the buffer of one engine, from one half of the memory to the other */
static bool copies(struct user *u, int engine, uint8_t *mem)
{
	fill_random(mem, EDU_BYTES);
	memset(mem + EDU_BYTES, 0, EDU_BYTES);
	edu_transfer(u->regs[engine], false, IOVA, EDU_BYTES);
	edu_transfer(u->regs[engine], true, IOVA + EDU_BYTES, EDU_BYTES);
	return !memcmp(mem, mem + EDU_BYTES, EDU_BYTES);
}

static bool untouched(const uint8_t *mem)
{
	for (size_t i = 0; i < EDU_BYTES; i++) {
		if (mem[EDU_BYTES + i])
			return false;
	}
	return true;
}

static void test_own_domain(void)
{
	size_t size = 2 * EDU_BYTES > page_size ? 2 * EDU_BYTES : page_size;
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .iova = IOVA, .size = size,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	};
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = IOVA, .size = size,
	};
	uint8_t *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct user u = { };

	/* From the kernel's domain to none, to ours, and back, twice */
	for (int round = 0; round < 2; round++) {
		if (!user_open(&u))
			return;
		for (int engine = 0; engine < 2; engine++)
			expect(!copies(&u, engine, mem) && untouched(mem),
			       "engine %d reaches what is not mapped", engine);
		map.vaddr = (uintptr_t)mem;
		expect_eq(err(ioctl(u.container, VFIO_IOMMU_MAP_DMA, &map)), 0);
		for (int engine = 0; engine < 2; engine++)
			expect(copies(&u, engine, mem), "engine %d", engine);
		expect_eq(err(ioctl(u.container, VFIO_IOMMU_UNMAP_DMA, &unmap)), 0);
		for (int engine = 0; engine < 2; engine++)
			expect(!copies(&u, engine, mem) && untouched(mem),
			       "engine %d reaches what was mapped", engine);
		user_close(&u);
	}
	munmap(mem, size);
}

static const struct test tests[] = {
	{ "vfio_own_domain", test_own_domain },
};

int main(int argc, char **argv)
{
	(void)argc;
	page_size = sysconf(_SC_PAGESIZE);
	find_vfio_dev(&dev, "platform", "edu-pair");
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
