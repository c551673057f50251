/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An assigned platform device: its registers (vfio_region.c), its interrupts
 * (vfio_irq.c), its pvIOMMU (pviommu.c), its faults (pviommu_event.c) and what holds
 * them together (vfio.c).
 */
#ifndef PKVM_VMM_VFIO_H
#define PKVM_VMM_VFIO_H

#include "vmm.h"

struct vfio_region {
	struct mmio mmio;	/* base and size are the guest's */
	struct vfio_device *vdev;
	uint32_t index;
	uint64_t offset;	/* in the device's file */
	uint8_t *map;		/* NULL if it cannot be mapped */
};

struct vfio_irq {
	uint32_t spi;
	bool level;
	int trigger;		/* eventfd: the device interrupts */
	int unmask;		/* eventfd: the guest has handled it */
};

struct pviommu {
	int fd;			/* -1: none. Its number is the guest's id */
	uint32_t phandle;
	uint32_t nr_sids;
	uint32_t input_bits;	/* of an IOVA; 0: the kernel does not say */
	uint32_t *vsids;	/* by index of the endpoint */
	uint32_t *told;		/* what the guest's device tree calls them */
	bool tells;		/* of faults, by the interrupt spi */
	bool started;
	uint32_t spi;
	int trigger;		/* eventfd: there is a fault */
	int stop;		/* eventfd: the thread is to end */
	pthread_t thread;
};

enum vfio_iommu {
	IOMMU_PVIOMMU,		/* the guest maps, through its pvIOMMU */
	IOMMU_TYPE1,		/* plain VMs: all of the guest, by the host */
};

struct vfio_device {
	struct device dev;
	struct vm *vm;
	char *path;		/* in sysfs */
	const char *name;	/* the last part of path */
	const char *node;	/* options, or NULL */
	const char *compatible;
	char *vsid_option;
	char *tell_option;
	enum vfio_iommu iommu;
	bool may_map;
	bool may_interrupt;
	int fd;
	uint32_t nr_regions;
	struct vfio_region *regions;
	uint32_t nr_irqs;
	struct vfio_irq *irqs;
	struct pviommu pviommu;
};

int vfio_kvm_device(struct vm *vm);
void vfio_fdt(struct device *dev, void *fdt);

void vfio_regions_create(struct vfio_device *vdev);
void vfio_regions_destroy(struct vfio_device *vdev);

void vfio_irqs_create(struct vfio_device *vdev);
void vfio_irqs_start(struct vfio_device *vdev);
void vfio_irqs_destroy(struct vfio_device *vdev);

void pviommu_create(struct vfio_device *vdev);
void pviommu_fdt(struct vfio_device *vdev, void *fdt);
void pviommu_fdt_bus(struct vfio_device *vdev, void *fdt);
void pviommu_fdt_iommus(struct vfio_device *vdev, void *fdt);
void pviommu_destroy(struct vfio_device *vdev);

void pviommu_event_create(struct vfio_device *vdev);
void pviommu_event_start(struct vfio_device *vdev);
void pviommu_event_destroy(struct vfio_device *vdev);

#endif
