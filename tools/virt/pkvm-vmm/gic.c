// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GICv3, which KVM emulates. No ITS: platform devices have no MSIs.
 */
#include <stdlib.h>
#include <unistd.h>

#include <libfdt.h>

#include "vmm.h"

#define GICD_SIZE	SZ_64K
#define GICR_SIZE	(2 * SZ_64K)	/* for each vCPU */

struct gic {
	struct device dev;
	struct vm *vm;
	int fd;
};

static void set_attr(struct gic *gic, uint32_t group, uint64_t attr,
		     void *value, const char *what)
{
	struct kvm_device_attr set = {
		.group = group, .attr = attr, .addr = (uintptr_t)value,
	};

	must_ioctl(gic->fd, KVM_SET_DEVICE_ATTR, &set, what);
}

static void gic_fdt(struct device *dev, void *fdt)
{
	struct gic *gic = container_of(dev, struct gic, dev);
	const uint64_t reg[] = {
		GICD_BASE, GICD_SIZE,
		GICR_BASE, gic->vm->nr_cpus * GICR_SIZE,
	};

	fdt_node(fdt, "interrupt-controller", GICD_BASE);
	fdt_check(fdt_property_string(fdt, "compatible", "arm,gic-v3"));
	fdt_check(fdt_property_u32(fdt, "#interrupt-cells", 3));
	fdt_check(fdt_property(fdt, "interrupt-controller", NULL, 0));
	fdt_reg(fdt, reg, ARRAY_SIZE(reg));
	fdt_check(fdt_property_u32(fdt, "phandle", PHANDLE_GIC));
	fdt_check(fdt_end_node(fdt));
}

static void gic_destroy(struct device *dev)
{
	struct gic *gic = container_of(dev, struct gic, dev);

	close(gic->fd);
	free(gic);
}

/* The vCPUs exist already: each has its redistributor from the initialisation on */
void gic_create(struct vm *vm)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	struct gic *gic = must_alloc(sizeof(*gic));
	uint64_t dist = GICD_BASE, redist = GICR_BASE;
	uint32_t nr_irqs = 32 + NR_SPIS;

	must_ioctl(vm->fd, KVM_CREATE_DEVICE, &create,
		   "KVM_CREATE_DEVICE of a GICv3");
	gic->vm = vm;
	gic->fd = create.fd;
	set_attr(gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST,
		 &dist, "GIC: distributor's address");
	set_attr(gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		 &redist, "GIC: redistributors' address");
	set_attr(gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &nr_irqs,
		 "GIC: number of interrupts");
	set_attr(gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT,
		 NULL, "GIC: initialisation");

	gic->dev.fdt = gic_fdt;
	gic->dev.destroy = gic_destroy;
	vm_add_device(vm, &gic->dev);
}
