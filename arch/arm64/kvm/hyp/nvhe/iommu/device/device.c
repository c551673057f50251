// SPDX-License-Identifier: GPL-2.0-only
/*
 * Assignable devices: the descriptions that the host registers at boot.
 */
#include <asm/kvm_mmu.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include <core/domain.h>
#include <device/device.h>
#include <memory/ranges.h>

struct hyp_device_group hyp_device_groups[PKVM_DEVICE_MAX];
bool hyp_device_may_skip_reset;

static struct hyp_device devices[PKVM_DEVICE_MAX];
static unsigned int nr_devices;
static unsigned int nr_pages;

struct hyp_device *hyp_device_next(const struct hyp_device_group *group, struct hyp_device *dev)
{
	for (dev = dev ? dev + 1 : devices; dev < devices + nr_devices; dev++) {
		if (dev->group == group)
			return dev;
	}

	return NULL;
}

long hyp_device_register(u64 group, u64 reset)
{
	struct hyp_device *dev = &devices[nr_devices];

	if (host_idmap)
		return -EPERM;
	if (group >= PKVM_DEVICE_MAX || (reset && !hyp_device_can_reset(reset)))
		return -EINVAL;
	if (nr_devices == PKVM_DEVICE_MAX) {
		hyp_device_groups[group].broken = true;
		return -ENOSPC;
	}

	dev->group = &hyp_device_groups[group];
	dev->reset = reset;

	return nr_devices++;
}

static struct hyp_device *device_of(u64 id)
{
	return !host_idmap && id < nr_devices ? &devices[id] : NULL;
}

/* Is the range whole pages, outside memory and other registers that EL2 knows? */
static bool may_be_registers(u64 base, u64 size)
{
	if (!size || !PAGE_ALIGNED(base | size) || base + size < base ||
	    base + size > BIT_ULL(host_mmu.pgt.ia_bits))
		return false;

	return mmio_end_of(base) >= base + size;
}

static int add_registers(struct hyp_device *dev, u64 base, u64 size)
{
	struct hyp_device_range *range = &dev->ranges[dev->nr_ranges];
	unsigned long va;
	int ret;

	if (!may_be_registers(base, size))
		return -EINVAL;
	if (dev->nr_ranges == PKVM_DEVICE_MAX_RANGES ||
	    size >> PAGE_SHIFT > HYP_DEVICE_MAX_PAGES - nr_pages)
		return -ENOSPC;

	if (dev->reset) {
		ret = __pkvm_create_private_mapping(base, size, PAGE_HYP_DEVICE, &va);
		if (ret)
			return ret;
		range->regs = (void __iomem *)va;
	}
	range->mmio = (struct mmio_range) { .base = base, .size = size };
	range->first_page = nr_pages;
	nr_pages += size >> PAGE_SHIFT;
	dev->nr_ranges++;
	mmio_add(&range->mmio);

	return 0;
}

static int add_stream(struct hyp_device *dev, struct hyp_iommu *iommu, u64 sid)
{
	struct hyp_device_group *group = hyp_device_group_of(iommu, sid);

	if (sid >> iommu->sid_bits)
		return -ERANGE;
	/* Devices of one group can share a stream; only the first one lists it */
	if (group)
		return group == dev->group ? 0 : -EEXIST;
	if (dev->nr_streams == PKVM_DEVICE_MAX_STREAMS)
		return -ENOSPC;
	dev->streams[dev->nr_streams++] = (struct hyp_device_stream) { iommu, sid };

	return 0;
}

int hyp_device_register_mmio(u64 id, u64 base, u64 size)
{
	struct hyp_device *dev = device_of(id);
	int ret;

	if (!dev)
		return -EPERM;
	ret = add_registers(dev, base, size);
	dev->group->broken |= !!ret;

	return ret;
}

int hyp_device_register_stream(u64 id, u64 iommu_id, u64 sid)
{
	struct hyp_device *dev = device_of(id);
	struct hyp_iommu *iommu = iommu_by_id(iommu_id);
	int ret;

	if (!dev)
		return -EPERM;
	ret = iommu ? add_stream(dev, iommu, sid) : -ENOENT;
	dev->group->broken |= !!ret;

	return ret;
}

int hyp_device_set_policy(u64 flags)
{
	if (flags & ~(u64)PKVM_IOMMU_FINALISE_NO_RESET)
		return -EINVAL;
	hyp_device_may_skip_reset = flags & PKVM_IOMMU_FINALISE_NO_RESET;

	return 0;
}

struct hyp_device_range *hyp_device_find_range(u64 addr, struct hyp_device **found)
{
	struct hyp_device *dev;
	u32 i;

	for (dev = devices; dev < devices + nr_devices; dev++) {
		for (i = 0; i < dev->nr_ranges; i++) {
			struct hyp_device_range *range = &dev->ranges[i];

			if (addr >= range->mmio.base &&
			    addr - range->mmio.base < range->mmio.size) {
				*found = dev;
				return range;
			}
		}
	}

	return NULL;
}

struct hyp_device_group *hyp_device_group_of(const struct hyp_iommu *iommu, u64 sid)
{
	struct hyp_device *dev;
	u32 i;

	for (dev = devices; dev < devices + nr_devices; dev++) {
		for (i = 0; i < dev->nr_streams; i++) {
			if (dev->streams[i].iommu == iommu && dev->streams[i].sid == sid)
				return dev->group;
		}
	}

	return NULL;
}
