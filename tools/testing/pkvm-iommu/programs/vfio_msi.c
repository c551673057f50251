// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio_msi TEST...: interrupts of a PCI device, with MSI and MSI-X, that VFIO has.
 */
#include <sys/eventfd.h>

#include "vfio_vm.h"

#define NEC		0x1033	/* vendor of the device */

static struct vfio_dev dev;

static int set_irq(int device, uint32_t index, int eventfd)
{
	struct {
		struct vfio_irq_set set;
		int32_t eventfd;
	} irq = {
		.set = {
			.argsz = sizeof(irq), .index = index, .count = 1,
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		},
		.eventfd = eventfd,
	};

	return err(ioctl(device, VFIO_DEVICE_SET_IRQS, &irq));
}

static int unset_irqs(int device, uint32_t index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .index = index,
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};

	return err(ioctl(device, VFIO_DEVICE_SET_IRQS, &set));
}

/* Either kind in turn, more often than the device has interrupts */
static void set_all(unsigned long type, int want)
{
	static const uint32_t kinds[] = { VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX };
	int container, group, device, event = eventfd(0, EFD_CLOEXEC);

	group = open_vfio_group(&dev, &container, type);
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, dev.name);
	if (!expect(device > 0, "errno %d", errno))
		goto out;
	for (int n = 0; n < 64 && !test_failed; n++) {
		expect_eq(set_irq(device, kinds[n % 2], event), want);
		if (!want)
			expect_eq(unset_irqs(device, kinds[n % 2]), 0);
	}
	close(device);
out:
	close(group);
	close(container);
	close(event);
}

/*
 * Nothing maps the doorbell of a device that is blocked. The PCI core says of each
 * failure to allocate that there are too few vectors.
 */
static void test_refused(void)
{
	set_all(VFIO_PKVM_IOMMU, ENOSPC);
}

static void test_mapped(void)
{
	set_all(VFIO_TYPE1v2_IOMMU, 0);
}

static const struct test tests[] = {
	{ "msi_refused", test_refused },
	{ "msi_mapped", test_mapped },
};

/* The only one with this vendor */
static void find_device(void)
{
	DIR *d = opendir("/sys/bus/pci/devices");
	unsigned int vendor = 0;
	struct dirent *entry;
	char path[512];
	FILE *f;

	while (d && vendor != NEC && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor",
			 entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%x", &vendor) == 1 && vendor == NEC)
			find_vfio_dev(&dev, "pci", entry->d_name);
		fclose(f);
	}
	if (vendor != NEC)
		fatal("no device of vendor %#x", NEC);
	closedir(d);
}

int main(int argc, char **argv)
{
	(void)argc;
	page_size = sysconf(_SC_PAGESIZE);
	find_device();
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
