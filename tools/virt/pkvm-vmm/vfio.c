// SPDX-License-Identifier: GPL-2.0-only
/*
 * Assigned platform devices. The calls come in the order in which crosvm makes
 * them:
 *   1. the container, one for all devices; the group goes in; its IOMMU type
 *   2. the group is added to the VM: only devices of this VM get endpoints
 *   3. the device's file, its regions
 *   4. its pvIOMMU, and a vSID for each endpoint
 *   5. when the GIC works: interrupts
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "pkvm_abi.h"
#include "vfio.h"

struct vfio_group {
	char id[16];
	int fd;
	struct vfio_group *next;
};

/* What all assigned devices share; made for the first of them */
static struct {
	struct device dev;
	int container;
	int kvm_device;
	enum vfio_iommu iommu;
	struct vfio_group *groups;
} vfio = { .container = -1, .kvm_device = -1 };

int vfio_kvm_device(struct vm *vm)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_VFIO };

	if (vfio.kvm_device < 0) {
		must_ioctl(vm->fd, KVM_CREATE_DEVICE, &create,
			   "KVM_CREATE_DEVICE for VFIO");
		vfio.kvm_device = create.fd;
	}
	return vfio.kvm_device;
}

/* The devices reach all of a plain VM's memory, at the guest's addresses */
static void map_guest(struct vm *vm)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)vm->mem,
		.iova = RAM_BASE,
		.size = vm->mem_size,
	};

	must_ioctl(vfio.container, VFIO_IOMMU_MAP_DMA, &map,
		   "VFIO_IOMMU_MAP_DMA of the guest's memory");
}

/*
 * A container takes an IOMMU type once its first group is in. With type 30 it
 * maps nothing, and the devices reach nothing, until their guest maps.
 */
static void set_iommu(struct vm *vm, enum vfio_iommu iommu)
{
	int type = iommu == IOMMU_TYPE1 ? VFIO_TYPE1v2_IOMMU : VFIO_PKVM_IOMMU;

	if (ioctl(vfio.container, VFIO_CHECK_EXTENSION, type) != 1)
		fail("/dev/vfio/vfio: this kernel has no IOMMU type %d", type);
	if (ioctl(vfio.container, VFIO_SET_IOMMU, type))
		fail_errno("VFIO_SET_IOMMU %d", type);
	vfio.iommu = iommu;
	if (iommu == IOMMU_TYPE1)
		map_guest(vm);
}

/* As the first registered of VFIO's devices it goes when they are gone */
static void shared_destroy(struct device *dev)
{
	struct vfio_group *group, *next;

	(void)dev;
	if (vfio.kvm_device >= 0)
		close(vfio.kvm_device);
	for (group = vfio.groups; group; group = next) {
		next = group->next;
		close(group->fd);
		free(group);
	}
	close(vfio.container);
}

static void open_container(struct vm *vm)
{
	int version;

	vfio.dev.destroy = shared_destroy;
	vm_add_device(vm, &vfio.dev);
	vfio.container = must_open("/dev/vfio/vfio", O_RDWR);
	version = must_ioctl(vfio.container, VFIO_GET_API_VERSION, NULL,
			     "/dev/vfio/vfio: VFIO_GET_API_VERSION");
	if (version != VFIO_API_VERSION)
		fail("/dev/vfio/vfio: API version %d, not %d", version,
		     VFIO_API_VERSION);
}

static struct vfio_group *open_group(struct vfio_device *vdev, const char *id)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct vfio_group *group = must_alloc(sizeof(*group));
	struct kvm_device_attr add = {
		.group = KVM_DEV_VFIO_FILE,
		.attr = KVM_DEV_VFIO_FILE_ADD,
		.addr = (uintptr_t)&group->fd,
	};
	char path[64];

	snprintf(group->id, sizeof(group->id), "%s", id);
	snprintf(path, sizeof(path), "/dev/vfio/%s", id);
	group->fd = must_open(path, O_RDWR);
	if (ioctl(group->fd, VFIO_GROUP_GET_STATUS, &status))
		fail_errno("%s: VFIO_GROUP_GET_STATUS", path);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		fail("%s: another driver still has a device of this group", path);
	if (ioctl(group->fd, VFIO_GROUP_SET_CONTAINER, &vfio.container))
		fail_errno("%s: VFIO_GROUP_SET_CONTAINER", path);
	if (!vfio.groups)
		set_iommu(vdev->vm, vdev->iommu);
	if (ioctl(vfio_kvm_device(vdev->vm), KVM_SET_DEVICE_ATTR, &add))
		fail_errno("%s: KVM_DEV_VFIO_FILE_ADD", path);
	group->next = vfio.groups;
	vfio.groups = group;
	return group;
}

static struct vfio_group *find_group(struct vfio_device *vdev)
{
	char link[300], target[300];
	struct vfio_group *group;
	const char *id;
	ssize_t len;

	snprintf(link, sizeof(link), "%s/iommu_group", vdev->path);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		fail_errno("%s (is %s behind an IOMMU?)", link, vdev->name);
	target[len] = 0;
	id = basename(target);
	for (group = vfio.groups; group; group = group->next) {
		if (!strcmp(group->id, id))
			return group;
	}
	return open_group(vdev, id);
}

static void open_device(struct vfio_device *vdev)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_group *group;

	if (vfio.container < 0)
		open_container(vdev->vm);
	else if (vfio.iommu != vdev->iommu)
		fail("%s: all devices must have the same iommu=", vdev->name);
	group = find_group(vdev);
	vdev->fd = ioctl(group->fd, VFIO_GROUP_GET_DEVICE_FD, vdev->name);
	if (vdev->fd < 0)
		fail_errno("%s: VFIO_GROUP_GET_DEVICE_FD of group %s",
			   vdev->name, group->id);
	if (ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &info))
		fail_errno("%s: VFIO_DEVICE_GET_INFO", vdev->name);
	if (!(info.flags & VFIO_DEVICE_FLAGS_PLATFORM))
		fail("%s is not a platform device", vdev->name);
	vdev->nr_regions = info.num_regions;
	vdev->nr_irqs = vdev->may_interrupt ? info.num_irqs : 0;
}

static void vfio_start(struct device *dev)
{
	struct vfio_device *vdev = container_of(dev, struct vfio_device, dev);

	vfio_irqs_start(vdev);
	if (vdev->iommu == IOMMU_PVIOMMU)
		pviommu_event_start(vdev);
}

/* The device first, so that nothing of the guest is in use by it any more */
static void vfio_destroy(struct device *dev)
{
	struct vfio_device *vdev = container_of(dev, struct vfio_device, dev);

	vfio_regions_destroy(vdev);
	close(vdev->fd);
	vfio_irqs_destroy(vdev);
	pviommu_destroy(vdev);
	free(vdev->path);
	free(vdev);
}

static void set_option(struct vfio_device *vdev, char *option)
{
	char *value = strchr(option, '=');

	if (value)
		*value++ = 0;
	else
		fail("--vfio %s: \"%s\" has no value", vdev->path, option);
	if (!strcmp(option, "node"))
		vdev->node = value;
	else if (!strcmp(option, "compatible"))
		vdev->compatible = value;
	else if (!strcmp(option, "vsid"))
		vdev->vsid_option = value;
	else if (!strcmp(option, "tell"))
		vdev->tell_option = value;
	else if (!strcmp(option, "iommu") && !strcmp(value, "pkvm-iommu"))
		vdev->iommu = IOMMU_PVIOMMU;
	else if (!strcmp(option, "iommu") && !strcmp(value, "type1"))
		vdev->iommu = IOMMU_TYPE1;
	else if (!strcmp(option, "map") && !strcmp(value, "no"))
		vdev->may_map = false;
	else if (!strcmp(option, "irq") && !strcmp(value, "no"))
		vdev->may_interrupt = false;
	else if (!strcmp(option, "faults") && !strcmp(value, "no"))
		vdev->pviommu.tells = false;
	else
		fail("--vfio %s: what is %s=%s?", vdev->path, option, value);
}

/* DIR[,OPTION=VALUE]... */
void vfio_add(struct vm *vm, const char *options)
{
	struct vfio_device *vdev = must_alloc(sizeof(*vdev));
	char *rest = strdup(options), *option;

	if (!rest)
		fail("out of memory");
	vdev->vm = vm;
	vdev->pviommu.fd = -1;
	vdev->may_map = true;
	vdev->may_interrupt = true;
	vdev->pviommu.tells = true;
	vdev->path = strsep(&rest, ",");
	while ((option = strsep(&rest, ",")))
		set_option(vdev, option);
	vdev->name = strrchr(vdev->path, '/');
	if (!vdev->name++ || !*vdev->name)
		fail("--vfio %s: not a folder of sysfs", vdev->path);
	if (vdev->iommu == IOMMU_TYPE1 && vm->protected)
		fail("%s: iommu=type1 cannot reach a protected guest", vdev->name);

	open_device(vdev);
	vfio_regions_create(vdev);
	vfio_irqs_create(vdev);
	if (vdev->iommu == IOMMU_PVIOMMU)
		pviommu_create(vdev);
	vdev->dev.start = vfio_start;
	vdev->dev.fdt = vfio_fdt;
	vdev->dev.destroy = vfio_destroy;
	vm_add_device(vm, &vdev->dev);
}
