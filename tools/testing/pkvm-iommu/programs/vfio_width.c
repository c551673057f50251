// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_width [TEST]...: a VMM that emulates registers by pread() and pwrite() makes
 * one access of the device of each access of its guest. The device keeps what is
 * written to the address of a transfer; a write of four bytes clears the upper half.
 */
#include "edu.h"
#include "vfio_vm.h"

#define VALUE	0x0123456789abcdefULL

static struct vfio_dev pair;

struct region {
	int container, group, device;
	uint64_t offset;
};

static bool open_region(struct region *r)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	*r = (struct region) {};
	r->group = open_vfio_group(&pair, &r->container, VFIO_PKVM_IOMMU);
	r->device = ioctl(r->group, VFIO_GROUP_GET_DEVICE_FD, pair.name);
	if (!expect_eq(err(ioctl(r->device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0))
		return false;
	r->offset = info.offset;
	return true;
}

static void close_region(struct region *r)
{
	close(r->device);
	close(r->group);
	close(r->container);
}

static void test_eight_bytes(void)
{
	uint64_t value = VALUE, got = 0;
	struct region r;

	if (open_region(&r)) {
		expect_eq(pwrite(r.device, &value, 8, r.offset + EDU_SRC), 8);
		expect_eq(pread(r.device, &got, 8, r.offset + EDU_SRC), 8);
		expect_eq(got, value);
	}
	close_region(&r);
}

/* As ever: what is longer is a copy in words, however long its rest is */
static void test_copies(void)
{
	uint64_t values[2] = { VALUE, ~VALUE }, zero = 0, got = 0;
	struct region r;

	if (open_region(&r)) {
		expect_eq(pwrite(r.device, &zero, 4, r.offset + EDU_SRC), 4);
		expect_eq(pwrite(r.device, &zero, 4, r.offset + EDU_DST), 4);
		expect_eq(pwrite(r.device, values, 16, r.offset + EDU_SRC), 16);
		expect_eq(pread(r.device, &got, 4, r.offset + EDU_SRC), 4);
		expect_eq(got, (uint32_t)VALUE);
		expect_eq(pread(r.device, &got, 4, r.offset + EDU_DST), 4);
		expect_eq(got, (uint32_t)~VALUE);
	}
	close_region(&r);
}

static const struct test tests[] = {
	{ "vfio_width_eight_bytes", test_eight_bytes },
	{ "vfio_width_copies", test_copies },
};

int main(int argc, char **argv)
{
	(void)argc;
	open_pair(&pair);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
