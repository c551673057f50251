// SPDX-License-Identifier: GPL-2.0-only
#include "vfio_vm.h"

/* The first device of a bus whose name contains a word */
void find_vfio_dev(struct vfio_dev *dev, const char *bus, const char *word)
{
	char path[600], group[256];
	struct dirent *entry;
	ssize_t len = -1;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices", bus);
	d = opendir(path);
	while (d && len < 0 && (entry = readdir(d))) {
		if (!strstr(entry->d_name, word))
			continue;
		snprintf(dev->name, sizeof(dev->name), "%s", entry->d_name);
		snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/iommu_group",
			 bus, entry->d_name);
		len = readlink(path, group, sizeof(group) - 1);
	}
	if (len < 0)
		fatal("no device %s behind an SMMU", word);
	group[len] = 0;
	snprintf(dev->group, sizeof(dev->group), "/dev/vfio/%.32s",
		 strrchr(group, '/') + 1);
	closedir(d);
}

/* Below 0 if EL2 returned pages that a test gave it by a call of its own */
long vm_pages(void)
{
	FILE *f = fopen(DEBUGFS "/vm_pages", "r");
	unsigned long n = -1;

	if (f) {
		if (fscanf(f, "%lu", &n) != 1)
			n = -1;
		fclose(f);
	}
	return n;
}

long vm_pages_idle;

/* How main() begins: the platform device of two streams, which vfio-platform has */
void open_pair(struct vfio_dev *pair)
{
	page_size = sysconf(_SC_PAGESIZE);
	access_init();
	vm_pages_idle = vm_pages() < 0 ? vm_pages() : 0;
	find_vfio_dev(pair, "platform", "edu-pair");
}

/* The first PCI device that vfio-pci has */
void find_vfio_pci(struct vfio_dev *dev)
{
	DIR *d = opendir("/sys/bus/pci/drivers/vfio-pci");
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (strncmp(entry->d_name, "0000:", 5))
			continue;
		find_vfio_dev(dev, "pci", entry->d_name);
		closedir(d);
		return;
	}
	fatal("no device with vfio-pci");
}

/* What debugfs says of the device's streams: e.g. "identity identity" */
void stream_states(const struct vfio_dev *dev, char *buf, size_t size)
{
	char line[512], name[256], domain[32];
	size_t n = 0;
	FILE *f = popen("cat " DEBUGFS "/*/streams", "r");

	*buf = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %255s %31s", name, domain) == 2 &&
		    !strcmp(name, dev->name))
			n += snprintf(buf + n, size - n, "%s%s", n ? " " : "",
				      domain);
	}
	if (f)
		pclose(f);
}

/* Of the addresses that a VM can map for its devices */
long input_bits(void)
{
	FILE *f = popen("cat " DEBUGFS "/*/ias", "r");
	long n = -1;

	if (f) {
		if (fscanf(f, "%ld", &n) != 1)
			n = -1;
		pclose(f);
	}
	return n;
}

int create_kvm_vfio(int vm)
{
	struct kvm_create_device cd = { .type = KVM_DEV_TYPE_VFIO };

	return ioctl(vm, KVM_CREATE_DEVICE, &cd) ? -1 : (int)cd.fd;
}

int set_attr(int fd, uint32_t group, uint64_t attr, void *addr)
{
	struct kvm_device_attr a = {
		.group = group, .attr = attr, .addr = (uintptr_t)addr,
	};

	return ioctl(fd, KVM_SET_DEVICE_ATTR, &a);
}

int add_group(int kvm_vfio, int group)
{
	return set_attr(kvm_vfio, KVM_DEV_VFIO_GROUP, KVM_DEV_VFIO_GROUP_ADD, &group);
}

int new_pviommu(int kvm_vfio)
{
	return set_attr(kvm_vfio, KVM_DEV_VFIO_PVIOMMU,
			KVM_DEV_VFIO_PVIOMMU_ATTACH, NULL);
}

int set_config(int pviommu, int device, uint32_t index, uint32_t vsid)
{
	struct kvm_vfio_iommu_config config = {
		.size = sizeof(config), .device_fd = device,
		.sid_idx = index, .vsid = vsid,
	};

	return ioctl(pviommu, KVM_PVIOMMU_SET_CONFIG, &config);
}

int open_vfio_group(const struct vfio_dev *dev, int *container, unsigned long type)
{
	int group;

	*container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	group = open(dev->group, O_RDWR | O_CLOEXEC);
	if (expect(*container > 0 && group > 0, "errno %d", errno)) {
		expect_eq(err(ioctl(group, VFIO_GROUP_SET_CONTAINER, container)), 0);
		expect_eq(err(ioctl(*container, VFIO_SET_IOMMU, type)), 0);
	}
	return group;
}
