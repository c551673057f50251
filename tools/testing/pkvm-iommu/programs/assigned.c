// SPDX-License-Identifier: GPL-2.0-only
/*
 * assigned TEST...: a protected VM with the platform device, whose registers are
 * the VM's and not the host's; and control_*: what a host does if they are not.
 */
#include "domain_api.h"
#include "dt.h"
#include "guest_device.h"

#include <sys/wait.h>

#define OTHER_IPA	0x30000000ULL
#define SPARE_IPA	0x40000000ULL
#define SPARE_SLOTS	4
#define EDU_ID		0x010000ed

static struct vfio_dev pair;
static uint64_t bar[2];

/* A VM with its device, whose registers it finds at REGS_IPA */
static bool vm_open(struct guest *g, unsigned int nr_engines)
{
	if (!guest_open(g, &pair, 4, nr_engines))
		return false;
	for (unsigned int i = 0; i < nr_engines; i++)
		add_slot(g, 1 + i, regs_ipa(i, 0), g->regs[i], ENGINE_SIZE);
	return true;
}

/* Whoever has the registers does it */
static void owner_dma(struct guest *g, unsigned int engine, bool to_bus, uint64_t addr)
{
	if (access("/proc/device-tree/device-assignment", F_OK))
		edu_dma(g, engine, to_bus, addr, EDU_BYTES);
	else
		guest_dma(g, engine, to_bus, addr);
}

static bool is_zero(struct guest *g, size_t page)
{
	for (uint64_t at = 0; at < EDU_BYTES; at += EDU_BYTES / 32) {
		if (guest_access(g, PVM_COUNT_WRONG, page_ipa(page) + at, 0))
			return false;
	}
	return true;
}

/* All four pages at IOVA, for all engines */
static uint64_t map_memory(struct guest *g)
{
	uint64_t domain = alloc_domain(g);

	expect_eq(map_all(g, domain, IOVA, PVM_IPA, 4 * page_size), 4 * page_size);
	for (unsigned int i = 0; i < g->nr_engines; i++)
		expect_eq(attach(g, i, domain), 0);
	return domain;
}

/* What the host's kernel and its user space get at: 0, or a signal */
static int host_read(uint64_t phys, uint32_t *value)
{
	void *at = phys_map(phys & -page_size, page_size);
	int sig = try_read32((char *)at + (phys & (page_size - 1)), value);

	munmap(at, page_size);
	return sig;
}

static int host_write(uint64_t phys, uint32_t value)
{
	void *at = phys_map(phys & -page_size, page_size);
	int sig = try_write32((char *)at + (phys & (page_size - 1)), value);

	munmap(at, page_size);
	return sig;
}

static void expect_host_has_registers(void)
{
	for (int i = 0; i < 2; i++) {
		uint32_t value = 0;

		expect_eq(host_read(bar[i], &value), 0);
		expect_eq(value, EDU_ID);
	}
}

/* VFIO's own accesses for user space: 0 or an errno */
static int vfio_access(struct guest *g, bool write, uint64_t reg)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	uint32_t value = 0;

	expect_eq(err(ioctl(g->device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0);
	return err(write ? pwrite(g->device, &value, 4, info.offset + reg) :
			   pread(g->device, &value, 4, info.offset + reg));
}

static void expect_host_has_none(void)
{
	static const uint64_t offsets[] = { 0, EDU_SRC, ENGINE_SIZE / 2, ENGINE_SIZE - 4 };
	uint32_t value;

	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(offsets); j++) {
			expect_eq(host_read(bar[i] + offsets[j], &value), SIGSEGV);
			expect_eq(host_write(bar[i] + offsets[j], 0), SIGSEGV);
		}
	}
}

static void vm_close(struct guest *g)
{
	guest_close(g);
	expect_all_returned();
	expect_host_has_registers();
}

static void test_registers_taken(void)
{
	struct guest g;
	uint32_t value;

	expect_host_has_registers();
	if (!vm_open(&g, 2))
		return;
	expect_host_has_none();
	for (int i = 0; i < 2; i++)
		expect_eq(try_read32(g.regs[i], &value), SIGSEGV);
	expect_eq(vfio_access(&g, false, 0), EIO);
	expect_eq(vfio_access(&g, true, EDU_SRC), EIO);
	/* Also once the guest uses them, and after other MMIO has come and gone */
	expect(guest_reads(&g, 0, EDU_SRC, 0), "not as after a reset");
	for (uint64_t at = 0x3eff0000ULL; at > 0x38000000ULL; at -= SZ_2M)
		host_read(at, &value);
	expect_host_has_none();
	vm_close(&g);
}

static void test_tokens(void)
{
	static const uint64_t offsets[] = { 0, ENGINE_SIZE / 2, ENGINE_SIZE };
	struct guest g;
	struct answer a;
	uint64_t smmu;

	if (!vm_open(&g, 2))
		return;
	smmu_of("platform", pair.name, &smmu);
	for (int i = 0; i < 2; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(offsets); j++) {
			uint64_t at = offsets[j] ? offsets[j] - page_size : 0;

			/* Not touched yet, and then again */
			for (int n = 0; n < 2; n++) {
				a = hvc(&g, DEV_REQ_MMIO, regs_ipa(i, at), 0, 0, 0, 0, 0);
				expect_eq(a.x0, SUCCESS);
				expect_eq(a.x1, bar[i] + at);
			}
		}
		a = hvc(&g, DEV_REQ_DMA, g.id, g.vsid[i], 0, 0, 0, 0);
		expect_eq(a.x0, SUCCESS);
		expect_eq(a.x1, smmu);
		expect_eq(a.x2, stream_of(pair.name, i));
	}
	expect_refused(hvc(&g, DEV_REQ_MMIO, regs_ipa(0, 0) + 8, 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, regs_ipa(2, 0), 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, page_ipa(0), 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, PVM_DOORBELL, 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, -page_size, 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, DEV_REQ_MMIO, 1ULL << 52, 0, 0, 0, 0, 0));
	vm_close(&g);
}

static void test_guest_drives_device(void)
{
	struct guest g;

	if (!vm_open(&g, 2))
		return;
	map_memory(&g);
	expect(guest_copies(&g, 0, 0, 1), "engine 0");
	expect(guest_copies(&g, 1, 2, 3), "engine 1");
	vm_close(&g);
}

/* The host has the device read the guest's page 0 and write it to page 1 */
static bool host_drives(uint64_t base, bool to_bus, uint64_t addr)
{
	uint32_t cmd = 0;
	int sig = 0;

	sig |= host_write(base + EDU_SRC, to_bus ? EDU_BUFFER : addr);
	sig |= host_write(base + EDU_DST, to_bus ? addr : EDU_BUFFER);
	sig |= host_write(base + EDU_COUNT, EDU_BYTES);
	sig |= host_write(base + EDU_CMD, EDU_START | (to_bus ? EDU_TO_BUS : 0));
	do {
		sig |= host_read(base + EDU_CMD, &cmd);
	} while (!sig && cmd & EDU_START);
	return !sig;
}

static bool host_attack_works(void)
{
	uint64_t seed = next_seed(), other = next_seed();
	bool works = false;
	struct guest g;

	if (!vm_open(&g, 2))
		return false;
	map_memory(&g);
	for (int i = 0; i < 2; i++) {
		expect_eq(guest_words(&g, PVM_FILL, 0, seed), 0);
		expect_eq(guest_words(&g, PVM_FILL, 1, other), 0);
		host_drives(bar[i], false, IOVA);
		host_drives(bar[i], true, IOVA + page_size);
		works |= guest_words(&g, PVM_COUNT_WRONG, 1, other) != 0;
		expect_eq(guest_words(&g, PVM_COUNT_WRONG, 0, seed), 0);
	}
	guest_close(&g);
	return works;
}

static void test_host_cannot_drive_it(void)
{
	expect(!host_attack_works(), "the guest's memory changed");
}

static void test_control_host_drives_it(void)
{
	expect(host_attack_works(), "the attack is no attack");
}

/* The host's own use of the device, by VFIO: its DMA reaches one page at IOVA */
static bool host_open(struct guest *g, void **page)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .iova = IOVA, .size = page_size,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	};

	*g = (struct guest) { .dev = &pair };
	*page = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	map.vaddr = (uintptr_t)*page;
	g->group = open_vfio_group(&pair, &g->container, VFIO_TYPE1v2_IOMMU);
	expect_eq(err(ioctl(g->container, VFIO_IOMMU_MAP_DMA, &map)), 0);
	g->device = ioctl(g->group, VFIO_GROUP_GET_DEVICE_FD, pair.name);
	return expect(g->device > 0, "errno %d", errno);
}

static void host_transfer(uint8_t byte, bool to_bus, uint8_t first[2])
{
	struct guest g;
	uint8_t *page;

	if (!host_open(&g, (void **)&page))
		return;
	memset(page, byte, page_size);
	for (int i = 0; i < 2; i++) {
		expect(host_drives(bar[i], to_bus, IOVA), "engine %d", i);
		first[i] = 0;
		for (int n = 0; n < EDU_BYTES; n++)
			first[i] |= page[n];
	}
	close(g.device);
	close(g.group);
	close(g.container);
	munmap(page, page_size);
}

static void test_reset_before(void)
{
	struct guest g;
	uint8_t unused[2];

	host_transfer(0x5a, false, unused);
	if (!vm_open(&g, 2))
		return;
	map_memory(&g);
	for (unsigned int i = 0; i < 2; i++) {
		expect(guest_reads(&g, i, EDU_SRC, 0), "source");
		expect(guest_reads(&g, i, EDU_DST, 0), "destination");
		expect(guest_reads(&g, i, EDU_COUNT, 0), "count");
		expect_eq(guest_words(&g, PVM_FILL, 1, next_seed()), 0);
		guest_dma(&g, i, true, IOVA + page_size);
		expect(is_zero(&g, 1), "the buffer of engine %u", i);
	}
	vm_close(&g);
}

/* What the host finds in the device after a guest has used and left it */
static bool secret_stays(void)
{
	uint8_t left[2] = { };
	struct guest g;

	if (!vm_open(&g, 2))
		return false;
	map_memory(&g);
	for (unsigned int i = 0; i < 2; i++) {
		expect_eq(guest_words(&g, PVM_FILL, 0, next_seed()), 0);
		owner_dma(&g, i, false, IOVA);
	}
	vm_close(&g);
	host_transfer(0, true, left);
	expect(!left[0] == !left[1], "%#x %#x", left[0], left[1]);
	return left[0] || left[1];
}

static void test_reset_after(void)
{
	expect(!secret_stays(), "the guest's data is in the device");
}

static void test_control_secret_stays(void)
{
	expect(secret_stays(), "nobody resets it");
}

static bool states_are(const char *want)
{
	char states[64];

	stream_states(&pair, states, sizeof(states));
	return expect(!strcmp(states, want), "streams %s not %s", states, want);
}

static void test_as_a_whole(void)
{
	struct guest g;

	/* The guest gets one endpoint; nobody gets the rest */
	if (!vm_open(&g, 1))
		return;
	states_are("vm vm");
	expect_host_has_none();
	map_memory(&g);
	expect(guest_copies(&g, 0, 0, 1), "engine 0");
	/* Frozen: not even the VM can have it any more */
	expect_eq(err(set_config(g.pviommu, g.device, 1, VSID_1)), EPERM);
	expect_refused(op(&g, ATTACH_DEV, g.id, VSID_1, 0, alloc_domain(&g), 0));
	vm_close(&g);
}

/*
 * What a page table of the VM needs for registers may be memory that a flush queue of
 * the host has not let go of yet.
 */
static void test_lazy_memory(void)
{
	uint64_t step = page_size / 8 * page_size;
	uint8_t *mem = mmap(NULL, SPARE_SLOTS * page_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct guest g;
	int fd;

	if (!vm_open(&g, 1))
		return;
	/* Each of them needs a table, and leaves less for the next than a fault wants */
	for (int i = 0; i < SPARE_SLOTS; i++) {
		add_slot(&g, 6 + i, SPARE_IPA + i * step, mem + i * page_size, page_size);
		expect_eq(guest_access(&g, PVM_FILL, SPARE_IPA + i * step, 0), 0);
	}
	fd = domain_leave_lazy();
	expect(guest_reads(&g, 0, EDU_SRC, 0), "no registers, errno %d", errno);
	vm_close(&g);
	close(fd);
	munmap(mem, SPARE_SLOTS * page_size);
}

static void test_to_one_vm(void)
{
	struct guest g, h = { .dev = &pair };

	if (!vm_open(&g, 1))
		return;
	if (expect(!pvm_create(&h.pvm, 1, true), "errno %d", errno)) {
		h.kvm_vfio = create_kvm_vfio(h.pvm.vm);
		expect_eq(err(add_group(h.kvm_vfio, g.group)), 0);
		h.pviommu = new_pviommu(h.kvm_vfio);
		for (unsigned int i = 0; i < 2; i++)
			expect_eq(err(set_config(h.pviommu, g.device, i, 7)), EBUSY);
		close(h.pviommu);
		close(h.kvm_vfio);
		pvm_destroy(&h.pvm);
	}
	expect_host_has_none();
	vm_close(&g);
}

/* KVM_RUN fails, or the access leaves to the VMM: never a register for the guest */
static void expect_no_access(struct guest *g, uint64_t ipa, int err_run, const char *what)
{
	expect_refused(hvc(g, DEV_REQ_MMIO, ipa, 0, 0, 0, 0, 0));
	expect(guest_access(g, PVM_COUNT_WRONG, ipa + EDU_SRC, 0) < 0 &&
	       errno == err_run, "%s: errno %d", what, errno);
}

static void test_page_once(void)
{
	struct guest g;

	if (!vm_open(&g, 1))
		return;
	expect(guest_reads(&g, 0, EDU_SRC, 0), "registers");
	add_slot(&g, 5, OTHER_IPA, g.regs[0], ENGINE_SIZE);
	/* Where a page is does not matter, but it is there alone */
	expect_eq(hvc(&g, DEV_REQ_MMIO, OTHER_IPA + page_size, 0, 0, 0, 0, 0).x1,
		  bar[0] + page_size);
	expect_refused(hvc(&g, DEV_REQ_MMIO, regs_ipa(0, page_size), 0, 0, 0, 0, 0));
	expect_no_access(&g, OTHER_IPA, EFAULT, "again");
	vm_close(&g);
}

/* The registers of a PCI function of the same kind, which is another device */
static uint64_t other_bar(void)
{
	static const char dir[] = "/sys/bus/pci/devices";
	unsigned long long at = 0;
	struct dirent *entry;
	char path[512];
	unsigned int vendor;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		FILE *f;

		vendor = 0;
		at = 0;
		snprintf(path, sizeof(path), "%s/%s/vendor", dir, entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%x", &vendor) != 1)
			vendor = 0;
		fclose(f);
		snprintf(path, sizeof(path), "%s/%s/resource", dir, entry->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fscanf(f, "%llx", &at) != 1)
			at = 0;
		fclose(f);
		if (vendor == 0x1234 && at && at != bar[0] && at != bar[1])
			break;
		at = 0;
	}
	if (!at)
		fatal("no other engine");
	closedir(d);
	return at;
}

static void test_foreign_registers(void)
{
	uint64_t page = pages_alloc(page_size);
	const struct {
		const char *what;
		uint64_t phys;
	} pages[] = {
		{ "another device", other_bar() },
		{ "SMMU", dt_regs("arm,smmu-v3").base },
		{ "GIC", dt_regs("arm,gic-v3").base },
		{ "memory", page },
		{ "EL2", hyp_mem_base() },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		struct guest g;
		void *at;

		if (!vm_open(&g, 1))
			break;
		at = phys_map(pages[i].phys, page_size);
		add_slot(&g, 5, OTHER_IPA, at, page_size);
		expect_no_access(&g, OTHER_IPA, EPROTO, pages[i].what);
		expect_eq(g.pvm.run->mmio.phys_addr, OTHER_IPA + EDU_SRC);
		vm_close(&g);
		munmap(at, page_size);
	}
	pages_free(page);
}

static void test_registers_are_no_memory(void)
{
	struct guest g;
	uint64_t domain;

	if (!vm_open(&g, 2))
		return;
	domain = map_memory(&g);
	expect(guest_reads(&g, 0, EDU_SRC, 0), "registers");
	expect_refused(hvc(&g, MEM_SHARE, regs_ipa(0, 0), 0, 0, 0, 0, 0));
	expect_refused(hvc(&g, MEM_UNSHARE, regs_ipa(0, 0), 0, 0, 0, 0, 0));
	expect_eq(map_once(&g, domain, IOVA + SZ_2M, regs_ipa(0, 0), page_size, RW), 0);
	expect_eq(map_once(&g, domain, IOVA + SZ_2M, regs_ipa(0, 0), page_size,
			   RW | PROT_MMIO), 0);
	expect(guest_copies(&g, 0, 0, 1), "engine 0");
	vm_close(&g);
}

static int64_t hcall(enum pkvm_test_hvc_func func, uint64_t op, uint64_t x2, uint64_t x3,
		     uint64_t x4, uint64_t x5, uint64_t x6, uint64_t x7)
{
	struct pkvm_test_hvc hvc = {
		.func = func, .regs = { op, x2, x3, x4, x5, x6, x7 },
	};

	if (ioctl(test_fd, PKVM_TEST_HVC, &hvc))
		fatal("hypercall");
	return hvc.regs[0] ? -ENOSYS : (int64_t)hvc.regs[1];
}

static void test_bad_routes(void)
{
	struct guest g;

	if (!vm_open(&g, 2))
		return;
	/* Handles are small numbers: every VM there may be, dead, alive or reserved */
	for (uint64_t vm = 0; vm < 0x1200; vm++) {
		for (uint64_t flags = 0; flags < 4; flags++) {
			int64_t ret = hcall(PKVM_TEST_HVC_IOMMU_OP, OP_VM_ROUTE, vm, 1, vm,
					    0, 8, flags);

			expect(ret < 0, "VM %#" PRIx64 " flags %#" PRIx64, vm, flags);
		}
	}
	/* What a device is was said at boot */
	for (int op = INIT_FINALISE; op <= INIT_DEVICE_STREAM; op++)
		expect_eq(hcall(PKVM_TEST_HVC_IOMMU_INIT, op, 0, 0, 0, 0, 0, 0), -ENOSYS);
	expect_host_has_none();
	map_memory(&g);
	expect(guest_copies(&g, 1, 0, 1), "engine 1");
	vm_close(&g);
}

/* Handles are small numbers: the one that takes a page is the only VM's */
static uint64_t topup_only_vm(unsigned int nr_pages)
{
	uint64_t vm = 0;

	while (nr_pages) {
		uint64_t page = pages_alloc(page_size);

		for (uint64_t i = vm ?: 1; i < 0x2000; i++) {
			if (hcall(PKVM_TEST_HVC_IOMMU_OP, OP_VM_TOPUP, i, page, 1, 0, 0, 0))
				continue;
			pages_forget(page);
			vm = i;
			break;
		}
		if (!expect(vm, "no VM"))
			return 0;
		nr_pages--;
	}
	return vm;
}

/*
 * A host that routes a stream past its own driver keeps the registers, but then
 * the VM does not get the stream. Nobody but EL2 counts these pages: comes last.
 */
static void test_stream_alone(void)
{
	struct guest g = { .dev = &pair };
	uint64_t vm;

	if (!expect(!pvm_create(&g.pvm, 1, true), "errno %d", errno))
		return;
	g.group = open_vfio_group(&pair, &g.container, VFIO_PKVM_IOMMU);
	g.device = ioctl(g.group, VFIO_GROUP_GET_DEVICE_FD, pair.name);
	vm = topup_only_vm(3);
	expect_eq(hcall(PKVM_TEST_HVC_IOMMU_OP, OP_VM_ROUTE, vm, 1, VSID_0, 0, 8, 0), 0);
	expect_host_has_registers();
	/* A call without arguments that are wrong for any other reason */
	expect_status(hvc(&g, DEV_REQ_DMA, 1, VSID_0, 0, 0, 0, 0), NOT_SUPPORTED, "DMA");
	expect_status(op(&g, ALLOC_DOMAIN, 0, 0, 0, 0, 0), NOT_SUPPORTED, "domain");
	/* First the VM: the host's driver does not know that the stream is not its own */
	pvm_destroy(&g.pvm);
	guest_close(&g);
	expect_host_has_registers();
}

/* The host switches the decoding of a function's registers off */
static void decode(const char *function, bool on)
{
	char path[128];
	uint8_t command = on ? 6 : 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", function);
	fd = open(path, O_RDWR | O_CLOEXEC);
	expect_eq(pwrite(fd, &command, 1, 4), 1);
	close(fd);
}

/* A device that cannot be reset is nobody's; the VM's memory comes back */
static void test_lost(void)
{
	struct guest g;

	if (!vm_open(&g, 2))
		return;
	map_memory(&g);
	decode("0000:00:02.0", false);
	guest_close(&g);
	expect_all_returned();
	decode("0000:00:02.0", true);
	expect_host_has_none();

	/* For good, and for all */
	g = (struct guest) { .dev = &pair };
	if (!expect(!pvm_create(&g.pvm, 1, true), "errno %d", errno))
		return;
	g.kvm_vfio = create_kvm_vfio(g.pvm.vm);
	g.group = open_vfio_group(&pair, &g.container, VFIO_PKVM_IOMMU);
	expect_eq(err(add_group(g.kvm_vfio, g.group)), 0);
	g.device = ioctl(g.group, VFIO_GROUP_GET_DEVICE_FD, pair.name);
	g.pviommu = new_pviommu(g.kvm_vfio);
	for (unsigned int i = 0; i < 2; i++)
		expect_eq(err(set_config(g.pviommu, g.device, i, 1)), ENOTRECOVERABLE);
	/* Nor does VFIO touch them, on behalf of user space or of its own accord */
	expect_eq(vfio_access(&g, false, EDU_SRC), EIO);
	expect_eq(vfio_access(&g, true, EDU_SRC), EIO);
	guest_close(&g);
	expect_all_returned();
	expect_host_has_none();
}

static int64_t force_reclaim(uint64_t phys)
{
	struct pkvm_test_hvc hvc = {
		.func = PKVM_TEST_HVC_FORCE_RECLAIM, .regs = { phys },
	};

	if (ioctl(test_fd, PKVM_TEST_HVC, &hvc))
		fatal("hypercall");
	return hvc.regs[1];
}

static void test_force_reclaim(void)
{
	uint64_t seed = next_seed(), want, domain;
	struct guest g;

	if (!vm_open(&g, 1))
		return;
	domain = map_memory(&g);
	want = seed ^ page_ipa(0) ^ page_ipa(1);
	expect_eq(guest_words(&g, PVM_FILL, 0, seed), 0);
	expect_eq(guest_words(&g, PVM_FILL, 1, next_seed()), 0);
	guest_dma(&g, 0, false, IOVA);

	/* The device is writing to page 1 */
	guest_write(&g, 0, EDU_SRC, EDU_BUFFER);
	guest_write(&g, 0, EDU_DST, IOVA + page_size);
	guest_write(&g, 0, EDU_CMD, EDU_START | EDU_TO_BUS);
	do {
		expect_eq(force_reclaim(g.pvm.phys[1]), -EBUSY);
	} while (!test_failed && !guest_reads(&g, 0, EDU_CMD, EDU_TO_BUS));
	expect_eq(force_reclaim(g.pvm.phys[1]), -EBUSY);
	expect_eq(guest_words(&g, PVM_COUNT_WRONG, 1, want), 0);

	/* Its registers are no memory to reclaim */
	expect_eq(force_reclaim(bar[0]), -EFAULT);

	/* Out of reach of the device it can go, and nothing reaches it any more */
	expect_eq(unmap_all(&g, domain, IOVA + page_size, page_size), page_size);
	expect_eq(force_reclaim(g.pvm.phys[1]), 0);
	expect_eq(map_once(&g, domain, IOVA + page_size, page_ipa(1), page_size, RW), 0);
	guest_dma(&g, 0, true, IOVA + page_size);
	expect(*(volatile uint64_t *)(g.pvm.mem + page_size) == 0, "written to");
	vm_close(&g);
}

/* Its memory is the host's in any case, and so are the registers */
static void test_plain_vm(void)
{
	struct guest g = { .dev = &pair };
	int vm, kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	close(kvm);
	g.kvm_vfio = create_kvm_vfio(vm);
	g.group = open_vfio_group(&pair, &g.container, VFIO_PKVM_IOMMU);
	expect_eq(err(add_group(g.kvm_vfio, g.group)), 0);
	g.device = ioctl(g.group, VFIO_GROUP_GET_DEVICE_FD, pair.name);
	g.pviommu = new_pviommu(g.kvm_vfio);
	expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), 0);
	states_are("vm blocked");
	expect_host_has_registers();
	expect_eq(vfio_access(&g, false, 0), 0);
	expect_eq(vfio_access(&g, true, EDU_SRC), 0);
	close(vm);
	vm_close(&g);
}

static void test_killed(void)
{
	for (int n = 0; n < 40; n++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			struct guest g;

			for (;;) {
				if (!vm_open(&g, 2))
					_exit(1);
				map_memory(&g);
				guest_copies(&g, 0, 0, 1);
				guest_close(&g);
			}
		}
		usleep(test_random() % 400000);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		for (int i = 0; vm_pages() && i < 500; i++)
			usleep(20000);
		if (!expect(WIFSIGNALED(status), "status %#x", status))
			break;
		expect_all_returned();
		expect_host_has_registers();
	}
}

static void test_control_unverified(void)
{
	struct guest g;

	if (!vm_open(&g, 2))
		return;
	expect_refused(hvc(&g, DEV_REQ_MMIO, regs_ipa(0, 0), 0, 0, 0, 0, 0));
	/* What isolates its DMA is no matter of who has the registers */
	expect_eq(hvc(&g, DEV_REQ_DMA, g.id, g.vsid[0], 0, 0, 0, 0).x0, SUCCESS);
	vm_close(&g);
}

/* A slot with registers that the VM does not own is as good as none */
static void test_control_vmm_emulates(void)
{
	struct guest g;

	if (!vm_open(&g, 1))
		return;
	expect(guest_access(&g, PVM_FILL, regs_ipa(0, EDU_SRC), 77) < 0 && errno == EPROTO,
	       "errno %d", errno);
	expect_eq(g.pvm.run->exit_reason, KVM_EXIT_MMIO);
	expect_eq(g.pvm.run->mmio.phys_addr, regs_ipa(0, EDU_SRC));
	expect_eq(g.pvm.run->mmio.data[0], 77);
	vm_close(&g);
}

static void test_no_reset_refused(void)
{
	struct guest g = { .dev = &pair };

	if (!expect(!pvm_create(&g.pvm, 1, true), "errno %d", errno))
		return;
	g.kvm_vfio = create_kvm_vfio(g.pvm.vm);
	g.group = open_vfio_group(&pair, &g.container, VFIO_PKVM_IOMMU);
	expect_eq(err(add_group(g.kvm_vfio, g.group)), 0);
	g.device = ioctl(g.group, VFIO_GROUP_GET_DEVICE_FD, pair.name);
	g.pviommu = new_pviommu(g.kvm_vfio);
	expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), EACCES);
	states_are("blocked blocked");
	expect_host_has_registers();
	vm_close(&g);
}

/* User memory is not mapped for a device that would read what the caches hide */
static void test_noncoherent_refused(void)
{
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int group = open(pair.group, O_RDWR | O_CLOEXEC);

	expect_eq(err(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container)), 0);
	expect_eq(err(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU)), EINVAL);
	expect_eq(err(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU)), EINVAL);
	expect_eq(err(ioctl(container, VFIO_SET_IOMMU, VFIO_PKVM_IOMMU)), 0);
	close(group);
	close(container);
}

/* It works for a VM */
static void test_noncoherent_plain_vm(void)
{
	struct guest g;

	setenv("GUEST_PLAIN", "1", 1);
	if (guest_open(&g, &pair, 4, 2)) {
		uint64_t seed = next_seed();

		map_memory(&g);
		for (unsigned int i = 0; i < 2; i++) {
			expect_eq(guest_words(&g, PVM_FILL, 0, seed), 0);
			edu_dma(&g, i, false, IOVA, EDU_BYTES);
			expect_eq(guest_words(&g, PVM_FILL, 0, next_seed()), 0);
			edu_dma(&g, i, true, IOVA, EDU_BYTES);
			expect_eq(guest_words(&g, PVM_COUNT_WRONG, 0, seed), 0);
		}
		vm_close(&g);
	}
	unsetenv("GUEST_PLAIN");
}

static const struct test tests[] = {
	{ "assigned_registers_taken", test_registers_taken },
	{ "assigned_tokens", test_tokens },
	{ "assigned_guest_drives_device", test_guest_drives_device },
	{ "assigned_host_cannot_drive_it", test_host_cannot_drive_it },
	{ "assigned_reset_before", test_reset_before },
	{ "assigned_reset_after", test_reset_after },
	{ "assigned_as_a_whole", test_as_a_whole },
	{ "assigned_lazy_memory", test_lazy_memory },
	{ "assigned_to_one_vm", test_to_one_vm },
	{ "assigned_page_once", test_page_once },
	{ "assigned_foreign_registers", test_foreign_registers },
	{ "assigned_registers_are_no_memory", test_registers_are_no_memory },
	{ "assigned_bad_routes", test_bad_routes },
	{ "assigned_force_reclaim", test_force_reclaim },
	{ "assigned_plain_vm", test_plain_vm },
	{ "assigned_killed", test_killed },
	{ "assigned_stream_alone", test_stream_alone },
	{ "lost_for_good", test_lost },
	{ "control_host_drives_it", test_control_host_drives_it },
	{ "control_secret_stays", test_control_secret_stays },
	{ "control_unverified", test_control_unverified },
	{ "control_vmm_emulates", test_control_vmm_emulates },
	{ "no_reset_refused", test_no_reset_refused },
	{ "noncoherent_refused", test_noncoherent_refused },
	{ "noncoherent_plain_vm", test_noncoherent_plain_vm },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	bar[0] = strtoull(pair.name, NULL, 16);
	bar[1] = bar[0] + ENGINE_SIZE;
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
