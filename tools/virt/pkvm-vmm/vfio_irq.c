// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupts of an assigned device: from VFIO to KVM by eventfd, without
 * passing through here.
 *
 * A level interrupt needs the way back as well. VFIO masks the physical one
 * when it comes, KVM signals the second eventfd when the guest has handled the
 * virtual one, and VFIO unmasks; if the line is still high it comes again.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "vfio.h"

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		fail_errno("eventfd");
	return fd;
}

void vfio_irqs_create(struct vfio_device *vdev)
{
	struct vfio_irq_info get = { .argsz = sizeof(get) };
	struct vfio_irq *irq;
	uint32_t i;

	vdev->irqs = must_alloc((vdev->nr_irqs + 1) * sizeof(*vdev->irqs));
	for (i = 0; i < vdev->nr_irqs; i++) {
		irq = &vdev->irqs[i];
		get.index = i;
		if (ioctl(vdev->fd, VFIO_DEVICE_GET_IRQ_INFO, &get))
			fail_errno("%s: VFIO_DEVICE_GET_IRQ_INFO %u",
				   vdev->name, i);
		irq->level = get.flags & VFIO_IRQ_INFO_AUTOMASKED;
		irq->spi = vm_new_spi(vdev->vm);
		irq->trigger = new_eventfd();
		irq->unmask = irq->level ? new_eventfd() : -1;
	}
}

static void set_irq(struct vfio_device *vdev, uint32_t index, uint32_t action,
		    int fd)
{
	struct {
		struct vfio_irq_set set;
		int32_t fd;
	} arg = {
		.set = {
			.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | action,
			.index = index,
			.count = 1,
		},
		.fd = fd,
	};

	if (ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &arg))
		fail_errno("%s: VFIO_DEVICE_SET_IRQS %u", vdev->name, index);
}

/*
 * KVM takes eventfds when the GIC is initialised. The way back is connected
 * before the way in, so that no interrupt is lost.
 */
void vfio_irqs_start(struct vfio_device *vdev)
{
	struct vfio_irq *irq;
	uint32_t i;

	for (i = 0; i < vdev->nr_irqs; i++) {
		struct kvm_irqfd irqfd = { };

		irq = &vdev->irqs[i];
		irqfd.fd = irq->trigger;
		irqfd.gsi = irq->spi;
		if (irq->level) {
			irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
			irqfd.resamplefd = irq->unmask;
		}
		if (ioctl(vdev->vm->fd, KVM_IRQFD, &irqfd))
			fail_errno("%s: KVM_IRQFD of interrupt %u", vdev->name, i);
		if (irq->level)
			set_irq(vdev, i, VFIO_IRQ_SET_ACTION_UNMASK, irq->unmask);
		set_irq(vdev, i, VFIO_IRQ_SET_ACTION_TRIGGER, irq->trigger);
		info("%s: interrupt %u is SPI %u, %s", vdev->name, i, irq->spi,
		     irq->level ? "level" : "edge");
	}
}

/* Closing the device's file has disconnected them */
void vfio_irqs_destroy(struct vfio_device *vdev)
{
	uint32_t i;

	for (i = 0; i < vdev->nr_irqs; i++) {
		close(vdev->irqs[i].trigger);
		if (vdev->irqs[i].level)
			close(vdev->irqs[i].unmask);
	}
	free(vdev->irqs);
}
