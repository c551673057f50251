// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of an assigned device. EL2 keeps them for the guest, which asks for them
 * by hypercall. It cannot interrupt the guest: for that the kernel tells us that
 * there is one, and no more than what kind it is.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "pkvm_abi.h"
#include "vfio.h"

#define BATCH	16

static int new_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		fail_errno("eventfd");
	return fd;
}

static const char *what(const struct kvm_pviommu_event *event)
{
	if (event->flags & KVM_PVIOMMU_EVENT_DEAD)
		return "the IOMMU failed, no DMA of the device works any more";
	if (!(event->flags & KVM_PVIOMMU_EVENT_ACCESS))
		return "event";
	return event->flags & KVM_PVIOMMU_EVENT_READ ? "read" : "write";
}

/* One line for many: a device can cause faults faster than anybody reads */
static void report(struct vfio_device *vdev, const struct kvm_pviommu_event *event,
		   size_t nr)
{
	say("%s: fault: vSID %#x: %s, type %#x (and %zu more, %llu lost so far)",
	    vdev->name, event->vsid, what(event), event->type, nr - 1,
	    (unsigned long long)event->lost);
}

/* Until there are no more; false at the end of them all */
static bool read_events(struct vfio_device *vdev)
{
	struct kvm_pviommu_event events[BATCH];
	ssize_t len = read(vdev->pviommu.fd, events, sizeof(events));

	if (len < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!len)
		return false;
	/* A kernel of another age would have larger ones, of which this is the first */
	report(vdev, &events[0], events[0].size ? len / events[0].size : 1);
	eventfd_write(vdev->pviommu.trigger, 1);
	return true;
}

static void *events_thread(void *arg)
{
	struct vfio_device *vdev = arg;
	struct pollfd fds[] = {
		{ .fd = vdev->pviommu.fd, .events = POLLIN },
		{ .fd = vdev->pviommu.stop, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents || (fds[0].revents && !read_events(vdev)))
			return NULL;
	}
}

void pviommu_event_create(struct vfio_device *vdev)
{
	struct pviommu *pviommu = &vdev->pviommu;

	if (!pviommu->tells)
		return;
	pviommu->spi = vm_new_spi(vdev->vm);
	pviommu->trigger = new_eventfd();
	pviommu->stop = new_eventfd();
}

/* KVM takes the eventfd when the GIC is initialised */
void pviommu_event_start(struct vfio_device *vdev)
{
	struct pviommu *pviommu = &vdev->pviommu;
	struct kvm_irqfd irqfd = { .fd = pviommu->trigger, .gsi = pviommu->spi };

	if (!pviommu->tells)
		return;
	if (ioctl(vdev->vm->fd, KVM_IRQFD, &irqfd))
		fail_errno("%s: KVM_IRQFD of its pvIOMMU", vdev->name);
	errno = pthread_create(&pviommu->thread, NULL, events_thread, vdev);
	if (errno)
		fail_errno("%s: a thread for its faults", vdev->name);
	pviommu->started = true;
	info("%s: pvIOMMU %d tells of faults by SPI %u", vdev->name, pviommu->fd,
	     pviommu->spi);
}

void pviommu_event_destroy(struct vfio_device *vdev)
{
	struct pviommu *pviommu = &vdev->pviommu;

	if (pviommu->started) {
		eventfd_write(pviommu->stop, 1);
		pthread_join(pviommu->thread, NULL);
	}
	if (!pviommu->tells)
		return;
	close(pviommu->stop);
	close(pviommu->trigger);
}
