// SPDX-License-Identifier: GPL-2.0-only
/*
 * plain_nvme [TEST]...: a plain VM drives an NVMe controller that vfio-pci has, by
 * registers that are mapped into it: no access leaves the guest. The file in the
 * environment's NVME_KNOWN has what the disk begins with.
 */
#include "test.h"

#include <linux/iommufd.h>
#include <linux/pci_regs.h>

#include "pvm_access.h"
#include "vfio_vm.h"

/* Newer than the headers of some systems */
#ifndef VFIO_DEVICE_BIND_IOMMUFD
#define VFIO_DEVICE_BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define VFIO_DEVICE_ATTACH_IOMMUFD_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)
struct vfio_device_bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz, flags, pt_id;
};
#endif

#define BAR_IPA		0x20000000ULL
#define BAR_SLOT	1
#define CAP_HI		0x04
#define VS		0x08
#define CC		0x14
#define CSTS		0x1c
#define AQA		0x24
#define ASQ		0x28
#define ACQ		0x30
#define DOORBELLS	0x1000
#define NVME_VERSION(vs) ((vs) >> 16)

#define CREATE_SQ	0x01
#define CREATE_CQ	0x05
#define IO_READ		0x02

/* Two queues with so many entries, a page for each direction, then data */
#define ENTRIES		8
#define SQ_PAGE(q)	(2 * (q))
#define CQ_PAGE(q)	(2 * (q) + 1)
#define DATA_PAGE	4
#define NR_PAGES	6
#define DISK_BYTES	SZ_1M

struct nvme {
	struct pvm pvm;
	int container, group, iommufd, device, kvm_vfio;
	uint64_t config, size;
	void *bar;
	unsigned int stride, tail[2], head[2];
	bool phase[2];
};

struct command {
	uint32_t dw0, nsid;
	uint64_t unused[2], prp[2];
	uint32_t dw10, dw11, dw12, dw13, dw14, dw15;
};

static struct vfio_dev dev;

static uint32_t load(struct nvme *n, uint32_t reg)
{
	int64_t value = pvm_load32(&n->pvm, BAR_IPA + reg);

	expect(value >= 0, "register %#x: errno %d", reg, errno);
	return value;
}

static void store(struct nvme *n, uint32_t reg, uint32_t value)
{
	expect(!pvm_store32(&n->pvm, BAR_IPA + reg, value), "register %#x: errno %d", reg, errno);
}

static uint64_t page_at(unsigned int page)
{
	return PVM_IPA + page * page_size;
}

static void *memory(struct nvme *n, unsigned int page)
{
	return n->pvm.mem + page * page_size;
}

/* VFIO opens devices with their memory and DMA switched off */
static void set_command(struct nvme *n, uint16_t command)
{
	expect_eq(pwrite(n->device, &command, 2, n->config + PCI_COMMAND), 2);
}

static void open_type1(struct nvme *n)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)n->pvm.mem, .iova = PVM_IPA, .size = NR_PAGES * page_size,
	};

	n->group = open_vfio_group(&dev, &n->container, VFIO_TYPE1v2_IOMMU);
	expect_eq(err(add_group(n->kvm_vfio, n->group)), 0);
	n->device = ioctl(n->group, VFIO_GROUP_GET_DEVICE_FD, dev.name);
	expect_eq(err(ioctl(n->container, VFIO_IOMMU_MAP_DMA, &map)), 0);
}

/* The file of the device itself: /dev/vfio/devices/vfioN */
static int open_cdev(void)
{
	char path[600];
	struct dirent *entry;
	int fd = -1;
	DIR *d;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", dev.name);
	d = opendir(path);
	while (d && fd < 0 && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
		if (entry->d_name[0] == 'v')
			fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (d)
		closedir(d);
	return fd;
}

static void open_iommufd(struct nvme *n)
{
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.user_va = (uintptr_t)n->pvm.mem, .iova = PVM_IPA, .length = NR_PAGES * page_size,
	};

	n->iommufd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	n->device = open_cdev();
	if (!expect(n->iommufd > 0 && n->device > 0, "errno %d", errno))
		return;
	expect_eq(err(add_group(n->kvm_vfio, n->device)), 0);
	bind.iommufd = n->iommufd;
	expect_eq(err(ioctl(n->device, VFIO_DEVICE_BIND_IOMMUFD, &bind)), 0);
	expect_eq(err(ioctl(n->iommufd, IOMMU_IOAS_ALLOC, &alloc)), 0);
	attach.pt_id = alloc.out_ioas_id;
	expect_eq(err(ioctl(n->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach)), 0);
	map.ioas_id = alloc.out_ioas_id;
	expect_eq(err(ioctl(n->iommufd, IOMMU_IOAS_MAP, &map)), 0);
}

static void close_nvme(struct nvme *n)
{
	int fds[] = { n->device, n->group, n->container, n->iommufd, n->kvm_vfio };

	if (n->bar && n->bar != MAP_FAILED)
		munmap(n->bar, n->size);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] > 0)
			close(fds[i]);
	}
	pvm_destroy(&n->pvm);
}

static bool open_nvme(struct nvme *n, void (*open_device)(struct nvme *n))
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	*n = (struct nvme) {};
	if (!expect(!pvm_create(&n->pvm, NR_PAGES, false), "errno %d", errno))
		return false;
	n->kvm_vfio = create_kvm_vfio(n->pvm.vm);
	open_device(n);
	info.index = VFIO_PCI_CONFIG_REGION_INDEX;
	expect_eq(err(ioctl(n->device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0);
	n->config = info.offset;
	info.index = VFIO_PCI_BAR0_REGION_INDEX;
	expect_eq(err(ioctl(n->device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0);
	n->size = info.size;
	n->bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, n->device, info.offset);
	if (expect(n->bar != MAP_FAILED, "errno %d", errno))
		expect_eq(pvm_set_slot(&n->pvm, BAR_SLOT, 0, BAR_IPA, n->size, n->bar), 0);
	set_command(n, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if (!test_failed)
		return true;
	close_nvme(n);
	return false;
}

/* By interrupt, or as here by looking again */
static void wait_ready(struct nvme *n, uint32_t ready)
{
	uint64_t end = now_ms() + 20000;

	while ((load(n, CSTS) & 1) != ready && !test_failed) {
		expect(now_ms() < end, "not ready: %u", ready);
		usleep(1000);
	}
}

static void run(struct nvme *n, unsigned int q, struct command *command)
{
	volatile uint32_t *entry = memory(n, CQ_PAGE(q));
	uint64_t end = now_ms() + 20000;

	if (test_failed)
		return;
	memcpy((struct command *)memory(n, SQ_PAGE(q)) + n->tail[q], command, sizeof(*command));
	n->tail[q] = (n->tail[q] + 1) % ENTRIES;
	store(n, DOORBELLS + 2 * q * n->stride, n->tail[q]);
	entry += n->head[q] * 4;
	while (((entry[3] >> 16) & 1) == n->phase[q]) {
		if (!expect(now_ms() < end, "opcode %u does not end", command->dw0))
			return;
		usleep(100);
	}
	expect_eq(entry[3] >> 17, 0);
	n->head[q] = (n->head[q] + 1) % ENTRIES;
	n->phase[q] ^= !n->head[q];
	store(n, DOORBELLS + (2 * q + 1) * n->stride, n->head[q]);
}

static void start(struct nvme *n)
{
	uint32_t queue = (ENTRIES - 1) << 16 | 1;
	struct command create_cq = {
		.dw0 = CREATE_CQ, .prp[0] = page_at(CQ_PAGE(1)), .dw10 = queue, .dw11 = 1,
	};
	struct command create_sq = {
		.dw0 = CREATE_SQ, .prp[0] = page_at(SQ_PAGE(1)), .dw10 = queue, .dw11 = 1 << 16 | 1,
	};

	store(n, CC, 0);
	wait_ready(n, 0);
	n->stride = 4 << (load(n, CAP_HI) & 0xf);
	store(n, AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	store(n, ASQ, page_at(SQ_PAGE(0)));
	store(n, ASQ + 4, page_at(SQ_PAGE(0)) >> 32);
	store(n, ACQ, page_at(CQ_PAGE(0)));
	store(n, ACQ + 4, page_at(CQ_PAGE(0)) >> 32);
	store(n, CC, 1 | (__builtin_ctzll(page_size) - 12) << 7 | 6 << 16 | 4 << 20);
	wait_ready(n, 1);
	run(n, 0, &create_cq);
	run(n, 0, &create_sq);
}

static void read_disk(struct nvme *n)
{
	static uint8_t known[2 * 65536];
	const char *path = getenv("NVME_KNOWN");
	uint64_t step = 2 * page_size;
	int fd = open(path ?: "", O_RDONLY);

	for (uint64_t at = 0; at < DISK_BYTES && !test_failed; at += step) {
		struct command command = {
			.dw0 = IO_READ, .nsid = 1,
			.prp = { page_at(DATA_PAGE), page_at(DATA_PAGE + 1) },
			.dw10 = at / 512, .dw12 = step / 512 - 1,
		};

		memset(memory(n, DATA_PAGE), 0xa5, step);
		run(n, 1, &command);
		if (!expect_eq(pread(fd, known, step, at), (ssize_t)step))
			break;
		expect(!memcmp(known, memory(n, DATA_PAGE), step), "other data at %#" PRIx64, at);
	}
	close(fd);
}

static void read_through(void (*open_device)(struct nvme *n))
{
	struct nvme n;

	if (!open_nvme(&n, open_device))
		return;
	start(&n);
	read_disk(&n);
	close_nvme(&n);
}

static void test_type1(void)
{
	read_through(open_type1);
}

static void test_iommufd(void)
{
	read_through(open_iommufd);
}

/* The guest's access does not end, until the VMM can make it */
static void expect_waits(struct nvme *n, uint32_t reg)
{
	expect(pvm_load32(&n->pvm, BAR_IPA + reg) == -1 && errno == EFAULT, "errno %d", errno);
}

/*
 * VFIO takes its mappings away where the device would not answer, and the VMM may do so
 * at any time: the guest has the registers no longer than the VMM.
 */
static void test_taken_back(void)
{
	uint32_t version;
	struct nvme n;
	void *again;

	if (!open_nvme(&n, open_type1))
		return;
	version = load(&n, VS);
	expect(NVME_VERSION(version) == 1, "version %#x", version);
	set_command(&n, 0);
	expect_waits(&n, VS);
	set_command(&n, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	expect_eq(pvm_run(&n.pvm), version);
	expect_eq(load(&n, VS), version);

	start(&n);
	expect_eq(load(&n, CC) & 1, 1);
	expect_eq(err(ioctl(n.device, VFIO_DEVICE_RESET)), 0);
	set_command(&n, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	expect_eq(load(&n, CC) & 1, 0);

	/* Registers can be moved in the VMM, as all memory */
	again = mremap(n.bar, n.size, n.size, MREMAP_MAYMOVE | MREMAP_FIXED,
		       mmap(NULL, n.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	expect_waits(&n, VS);
	n.bar = again;
	expect_eq(pvm_set_slot(&n.pvm, BAR_SLOT, 0, BAR_IPA, 0, n.bar), 0);
	expect_eq(pvm_set_slot(&n.pvm, BAR_SLOT, 0, BAR_IPA, n.size, n.bar), 0);
	expect_eq(pvm_run(&n.pvm), version);
	close_nvme(&n);
}

/*
 * A VMM that maps a region after an access of the guest that it made itself, and would
 * do so after the next one: there is none, and no error for it to report.
 */
static void test_mapped_late(void)
{
	struct nvme n;

	if (!open_nvme(&n, open_type1))
		return;
	expect_eq(pvm_set_slot(&n.pvm, BAR_SLOT, 0, BAR_IPA, 0, n.bar), 0);
	if (pvm_traps(&n.pvm, BAR_IPA + VS)) {
		expect_eq(pvm_set_slot(&n.pvm, BAR_SLOT, 0, BAR_IPA, n.size, n.bar), 0);
		expect_eq(pvm_answer(&n.pvm, 0x1234), 0x1234);
	}
	for (unsigned int i = 0; i < 100 && !test_failed; i++)
		expect_eq(NVME_VERSION(load(&n, VS)), 1);
	start(&n);
	/* What any KVM returns for a second slot */
	expect_eq(pvm_set_slot(&n.pvm, BAR_SLOT + 1, 0, BAR_IPA, n.size, n.bar), EEXIST);
	close_nvme(&n);
}

static const struct test tests[] = {
	{ "plain_nvme_type1", test_type1 },
	{ "plain_nvme_iommufd", test_iommufd },
	{ "plain_nvme_taken_back", test_taken_back },
	{ "plain_nvme_mapped_late", test_mapped_late },
};

int main(int argc, char **argv)
{
	(void)argc;
	page_size = sysconf(_SC_PAGESIZE);
	access_init();
	find_vfio_pci(&dev);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
