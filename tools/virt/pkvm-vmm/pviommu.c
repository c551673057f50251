// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pvIOMMU of one assigned device.
 *
 * A device masters the bus under one or more stream IDs that neither we nor
 * the guest ever learn. We ask how many there are and give each, by its index,
 * a virtual stream ID. The guest finds these in its device tree and names
 * (pvIOMMU, vSID) to EL2, which knows the rest.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <libfdt.h>

#include "pkvm_abi.h"
#include "vfio.h"

#define MAX_SIDS	65536

/* The new file's number is what the guest calls this pvIOMMU */
static int attach(struct vfio_device *vdev)
{
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_PVIOMMU,
		.attr = KVM_DEV_VFIO_PVIOMMU_ATTACH,
	};
	int fd = ioctl(vfio_kvm_device(vdev->vm), KVM_SET_DEVICE_ATTR, &attr);

	if (fd < 0 && errno == ENXIO)
		fail("%s: this kernel has no pvIOMMUs (KVM_DEV_VFIO_PVIOMMU)",
		     vdev->name);
	if (fd < 0)
		fail_errno("%s: KVM_DEV_VFIO_PVIOMMU_ATTACH", vdev->name);
	return fd;
}

static void get_info(struct vfio_device *vdev)
{
	struct kvm_vfio_iommu_info get = {
		.size = sizeof(get),
		.device_fd = vdev->fd,
	};
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_PVIOMMU,
		.attr = KVM_DEV_VFIO_PVIOMMU_GET_INFO,
		.addr = (uintptr_t)&get,
	};

	if (ioctl(vfio_kvm_device(vdev->vm), KVM_SET_DEVICE_ATTR, &attr))
		fail_errno("%s: KVM_DEV_VFIO_PVIOMMU_GET_INFO", vdev->name);
	if (!get.nr_sids || get.nr_sids > MAX_SIDS)
		fail("%s: %u endpoints?", vdev->name, get.nr_sids);
	vdev->pviommu.nr_sids = get.nr_sids;
	vdev->pviommu.input_bits = get.input_bits;
}

static bool is_taken(const uint32_t *vsids, uint32_t nr, uint32_t vsid)
{
	while (nr--) {
		if (vsids[nr] == vsid)
			return true;
	}
	return false;
}

/* From an option vsid=A:B:... or the like, which may be absent. Returns how many. */
static uint32_t parse_vsids(struct vfio_device *vdev, const char *option, char *text,
			    uint32_t *vsids)
{
	uint32_t nr_sids = vdev->pviommu.nr_sids, i;
	char *rest = text, *end;

	for (i = 0; i < nr_sids && rest && *rest; i++) {
		errno = 0;
		vsids[i] = strtoul(rest, &end, 0);
		if (errno || end == rest || (*end && *end != ':'))
			fail("%s: %s=%s: not numbers with : between them",
			     vdev->name, option, text);
		rest = *end ? end + 1 : end;
	}
	if (rest && *rest)
		fail("%s: %s=%s: the device has %u endpoints", vdev->name, option,
		     text, nr_sids);
	return i;
}

/* As the user says, and random ones from there on */
static void choose_vsids(struct vfio_device *vdev, struct pviommu *pviommu)
{
	uint32_t i = parse_vsids(vdev, "vsid", vdev->vsid_option, pviommu->vsids);
	uint32_t vsid;

	while (i < pviommu->nr_sids) {
		vsid = random_u32();
		if (!is_taken(pviommu->vsids, i, vsid))
			pviommu->vsids[i++] = vsid;
	}
	memcpy(pviommu->told, pviommu->vsids, i * sizeof(*pviommu->told));
	parse_vsids(vdev, "tell", vdev->tell_option, pviommu->told);
}

static void set_vsid(struct vfio_device *vdev, uint32_t index)
{
	struct pviommu *pviommu = &vdev->pviommu;
	struct kvm_vfio_iommu_config config = {
		.size = sizeof(config),
		.device_fd = vdev->fd,
		.sid_idx = index,
		.vsid = pviommu->vsids[index],
	};

	if (ioctl(pviommu->fd, KVM_PVIOMMU_SET_CONFIG, &config))
		fail_errno("%s: KVM_PVIOMMU_SET_CONFIG: endpoint %u as vSID %#x",
			   vdev->name, index, config.vsid);
	info("%s: pvIOMMU %d, endpoint %u is vSID %#x", vdev->name,
	     pviommu->fd, index, config.vsid);
}

/*
 * All of it before the first vCPU runs: EL2 freezes the routes when it first
 * sees the VM. The device's group must have been added to the VM before.
 */
void pviommu_create(struct vfio_device *vdev)
{
	struct pviommu *pviommu = &vdev->pviommu;
	uint32_t i;

	/* A plain VM's memory is locked too, from its first pvIOMMU on */
	unlimited_locked_memory();
	pviommu->fd = attach(vdev);
	pviommu->phandle = vm_new_phandle(vdev->vm);
	get_info(vdev);
	pviommu->vsids = must_alloc(pviommu->nr_sids * sizeof(uint32_t));
	pviommu->told = must_alloc(pviommu->nr_sids * sizeof(uint32_t));
	choose_vsids(vdev, pviommu);
	for (i = 0; i < pviommu->nr_sids; i++)
		set_vsid(vdev, i);
	pviommu_event_create(vdev);
}

/* The pvIOMMU's own node. It has no registers, so its id is its address */
void pviommu_fdt(struct vfio_device *vdev, void *fdt)
{
	struct pviommu *pviommu = &vdev->pviommu;
	char name[32];

	snprintf(name, sizeof(name), "pviommu-%d", pviommu->fd);
	fdt_check(fdt_begin_node(fdt, name));
	fdt_check(fdt_property_string(fdt, "compatible", "pkvm,pviommu"));
	fdt_check(fdt_property_u32(fdt, "id", pviommu->fd));
	fdt_check(fdt_property_u32(fdt, "#iommu-cells", 1));
	fdt_check(fdt_property_u32(fdt, "phandle", pviommu->phandle));
	if (pviommu->tells)
		fdt_spi(fdt, &pviommu->spi, &(bool){ false }, 1);
	fdt_check(fdt_end_node(fdt));
}

/*
 * A bus of its own for the device; fdt_end_node() ends it. Its dma-ranges say which
 * addresses the pvIOMMU translates: a guest driver that does not ask EL2 takes IOVAs
 * from the top of the device's DMA mask otherwise, where nothing can be mapped.
 */
void pviommu_fdt_bus(struct vfio_device *vdev, void *fdt)
{
	uint32_t bits = vdev->pviommu.input_bits;
	uint64_t size = bits && bits < 64 ? 1ULL << bits : 0;
	uint32_t range[] = { 0, 0, 0, 0, size >> 32, size };
	char name[32];

	snprintf(name, sizeof(name), "bus-%d", vdev->pviommu.fd);
	fdt_check(fdt_begin_node(fdt, name));
	fdt_check(fdt_property_string(fdt, "compatible", "simple-bus"));
	fdt_check(fdt_property_u32(fdt, "#address-cells", 2));
	fdt_check(fdt_property_u32(fdt, "#size-cells", 2));
	fdt_check(fdt_property(fdt, "ranges", NULL, 0));
	fdt_cells(fdt, "dma-ranges", range, size ? ARRAY_SIZE(range) : 0);
}

/* In the device's node: one entry for each endpoint, in order of their index */
void pviommu_fdt_iommus(struct vfio_device *vdev, void *fdt)
{
	struct pviommu *pviommu = &vdev->pviommu;
	uint32_t *cells, i;

	cells = must_alloc(2 * pviommu->nr_sids * sizeof(*cells));
	for (i = 0; i < pviommu->nr_sids; i++) {
		cells[2 * i] = pviommu->phandle;
		cells[2 * i + 1] = pviommu->told[i];
	}
	fdt_cells(fdt, "iommus", cells, 2 * pviommu->nr_sids);
	free(cells);
}

void pviommu_destroy(struct vfio_device *vdev)
{
	if (vdev->pviommu.fd >= 0) {
		pviommu_event_destroy(vdev);
		close(vdev->pviommu.fd);
	}
	free(vdev->pviommu.vsids);
	free(vdev->pviommu.told);
}
