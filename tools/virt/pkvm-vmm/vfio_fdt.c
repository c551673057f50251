// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node of an assigned device in the guest's device tree. What it is comes
 * from the host's node, where it is and how it interrupts is the guest's own.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfdt.h>

#include "vfio.h"

#define MAX_PROPERTY	4096

/* Properties that mean the same in the guest: text, or a flag */
static const char * const copied[] = {
	"dma-coherent", "dma-noncoherent", "reg-names", "interrupt-names",
};

/* A property of the host's node; -1 if it has no such property */
static ssize_t host_property(struct vfio_device *vdev, const char *name,
			     char *value)
{
	char path[400];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/of_node/%s", vdev->path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, value, MAX_PROPERTY);
	close(fd);
	return len;
}

/* The name of the host's node without its address */
static void node_name(struct vfio_device *vdev, char *name, size_t size)
{
	char path[400], target[400] = "device";
	const char *from = target;

	snprintf(path, sizeof(path), "%s/of_node", vdev->path);
	if (vdev->node)
		from = vdev->node;
	else if (readlink(path, target, sizeof(target) - 1) > 0)
		from = basename(target);
	snprintf(name, size, "%.*s", (int)strcspn(from, "@"), from);
}

static void compatible_property(struct vfio_device *vdev, void *fdt, char *value)
{
	ssize_t len;

	if (vdev->compatible) {
		fdt_check(fdt_property_string(fdt, "compatible",
					      vdev->compatible));
		return;
	}
	len = host_property(vdev, "compatible", value);
	if (len <= 0)
		fail("%s has no compatible in the host's device tree, give compatible=",
		     vdev->name);
	fdt_check(fdt_property(fdt, "compatible", value, len));
}

static void reg_property(struct vfio_device *vdev, void *fdt)
{
	uint64_t *reg = must_alloc(vdev->nr_regions * 2 * sizeof(*reg));
	uint32_t i;

	for (i = 0; i < vdev->nr_regions; i++) {
		reg[2 * i] = vdev->regions[i].mmio.base;
		reg[2 * i + 1] = vdev->regions[i].mmio.size;
	}
	fdt_reg(fdt, reg, 2 * vdev->nr_regions);
	free(reg);
}

static void interrupts_property(struct vfio_device *vdev, void *fdt)
{
	uint32_t *spis = must_alloc(vdev->nr_irqs * sizeof(*spis));
	bool *level = must_alloc(vdev->nr_irqs * sizeof(*level));
	uint32_t i;

	for (i = 0; i < vdev->nr_irqs; i++) {
		spis[i] = vdev->irqs[i].spi;
		level[i] = vdev->irqs[i].level;
	}
	fdt_spi(fdt, spis, level, vdev->nr_irqs);
	free(spis);
	free(level);
}

void vfio_fdt(struct device *dev, void *fdt)
{
	struct vfio_device *vdev = container_of(dev, struct vfio_device, dev);
	char *value = must_alloc(MAX_PROPERTY), name[100];
	ssize_t len;
	size_t i;

	if (vdev->iommu == IOMMU_PVIOMMU) {
		pviommu_fdt(vdev, fdt);
		pviommu_fdt_bus(vdev, fdt);
	}

	node_name(vdev, name, sizeof(name));
	fdt_node(fdt, name, vdev->nr_regions ? vdev->regions[0].mmio.base : 0);
	compatible_property(vdev, fdt, value);
	for (i = 0; i < ARRAY_SIZE(copied); i++) {
		len = host_property(vdev, copied[i], value);
		if (len >= 0)
			fdt_check(fdt_property(fdt, copied[i], value, len));
	}
	if (vdev->nr_regions)
		reg_property(vdev, fdt);
	if (vdev->nr_irqs)
		interrupts_property(vdev, fdt);
	if (vdev->iommu == IOMMU_PVIOMMU)
		pviommu_fdt_iommus(vdev, fdt);
	fdt_check(fdt_end_node(fdt));
	if (vdev->iommu == IOMMU_PVIOMMU)
		fdt_check(fdt_end_node(fdt));
	free(value);
}
