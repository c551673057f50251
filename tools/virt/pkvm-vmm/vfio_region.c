// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of an assigned device.
 *
 * A plain VM gets them mapped, under pKVM as well, where EL2 lends them to it. A
 * protected VM gets those of devices that EL2 knows as a whole: from the first
 * endpoint on, their registers are the VM's, and nobody can access them here.
 * Otherwise each access leaves the guest and is done here, in the same size if the
 * region can be mapped into this process, else by pread/pwrite. EL2 does not tell
 * beforehand, so that a protected VM gets both: a slot, and somebody who answers if
 * it is not used.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "pkvm_abi.h"
#include "vfio.h"

/* One access of the guest is one access of the device, of the same size */
#define mmio_load(type, at)		__atomic_load_n((type *)(at), __ATOMIC_RELAXED)
#define mmio_store(type, at, value)	\
	__atomic_store_n((type *)(at), value, __ATOMIC_RELAXED)

static uint64_t map_read(struct mmio *mmio, uint64_t offset, unsigned int len)
{
	uint8_t *at = container_of(mmio, struct vfio_region, mmio)->map + offset;

	switch (len) {
	case 1:
		return mmio_load(uint8_t, at);
	case 2:
		return mmio_load(uint16_t, at);
	case 4:
		return mmio_load(uint32_t, at);
	default:
		return mmio_load(uint64_t, at);
	}
}

static void map_write(struct mmio *mmio, uint64_t offset, uint64_t value,
		      unsigned int len)
{
	uint8_t *at = container_of(mmio, struct vfio_region, mmio)->map + offset;

	switch (len) {
	case 1:
		mmio_store(uint8_t, at, value);
		break;
	case 2:
		mmio_store(uint16_t, at, value);
		break;
	case 4:
		mmio_store(uint32_t, at, value);
		break;
	default:
		mmio_store(uint64_t, at, value);
	}
}

static uint64_t file_read(struct mmio *mmio, uint64_t offset, unsigned int len)
{
	struct vfio_region *region = container_of(mmio, struct vfio_region, mmio);
	uint64_t value = 0;

	if (pread(region->vdev->fd, &value, len, region->offset + offset) !=
	    (ssize_t)len)
		say("%s: region %u: cannot read %u bytes at %#" PRIx64,
		    region->vdev->name, region->index, len, offset);
	return value;
}

static void file_write(struct mmio *mmio, uint64_t offset, uint64_t value,
		       unsigned int len)
{
	struct vfio_region *region = container_of(mmio, struct vfio_region, mmio);

	if (pwrite(region->vdev->fd, &value, len, region->offset + offset) !=
	    (ssize_t)len)
		say("%s: region %u: cannot write %u bytes at %#" PRIx64,
		    region->vdev->name, region->index, len, offset);
}

static void map_region(struct vfio_region *region)
{
	uint64_t mask = sysconf(_SC_PAGESIZE) - 1;
	void *map;

	if (region->mmio.size & mask)
		return;
	map = mmap(NULL, region->mmio.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   region->vdev->fd, region->offset);
	if (map == MAP_FAILED)
		info("%s: region %u: mmap: %s", region->vdev->name,
		     region->index, strerror(errno));
	else
		region->map = map;
}

static void create_region(struct vfio_device *vdev, uint32_t index)
{
	struct vfio_region_info get = {
		.argsz = sizeof(get), .index = index,
	};
	struct vfio_region *region = &vdev->regions[index];
	struct mmio *mmio = &region->mmio;
	const char *how;

	if (ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &get))
		fail_errno("%s: VFIO_DEVICE_GET_REGION_INFO %u", vdev->name, index);
	region->vdev = vdev;
	region->index = index;
	region->offset = get.offset;
	mmio->size = get.size;
	if (!get.size)
		return;
	mmio->base = vm_new_window(vdev->vm, get.size);

	if ((get.flags & VFIO_REGION_INFO_FLAG_MMAP) && vdev->may_map)
		map_region(region);
	if (region->map)
		vm_add_memory(vdev->vm, mmio->base, mmio->size, region->map);
	if (region->map && !vdev->vm->protected) {
		how = "mapped";
	} else {
		mmio->read = region->map ? map_read : file_read;
		mmio->write = region->map ? map_write : file_write;
		vm_add_mmio(vdev->vm, mmio);
		how = region->map ? "mapped if EL2 knows the device, else trapped" :
				    "trapped, by pread and pwrite";
	}
	info("%s: region %u: %#" PRIx64 " bytes at %#" PRIx64 ", %s",
	     vdev->name, index, mmio->size, mmio->base, how);
}

void vfio_regions_create(struct vfio_device *vdev)
{
	uint32_t i;

	vdev->regions = must_alloc((vdev->nr_regions + 1) *
				   sizeof(*vdev->regions));
	for (i = 0; i < vdev->nr_regions; i++)
		create_region(vdev, i);
}

void vfio_regions_destroy(struct vfio_device *vdev)
{
	uint32_t i;

	for (i = 0; i < vdev->nr_regions; i++) {
		if (vdev->regions[i].map)
			munmap(vdev->regions[i].map, vdev->regions[i].mmio.size);
	}
	free(vdev->regions);
}
