// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VM: its file, its memory, and the bus that leads to its devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pkvm_abi.h"
#include "vmm.h"

/*
 * crosvm's first question to a VM that it has just made protected, before
 * memory or vCPUs: is it, and how much memory does the guest's firmware take?
 * Linux 7.3 makes protected VMs without knowing the question.
 */
static void check_protected(struct vm *vm)
{
	struct kvm_protected_vm_info firmware = { };
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ARM_PROTECTED_VM,
		.flags = KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO,
		.args = { (uintptr_t)&firmware },
	};

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PROTECTED_VM) != 1) {
		info("the kernel does not know KVM_CAP_ARM_PROTECTED_VM; crosvm would stop here");
		return;
	}
	must_ioctl(vm->fd, KVM_ENABLE_CAP, &cap,
		   "KVM_ENABLE_CAP of KVM_CAP_ARM_PROTECTED_VM, for the firmware's size");
	if (firmware.firmware_size)
		say("the host has %llu bytes of guest firmware; not used",
		    (unsigned long long)firmware.firmware_size);
}

/*
 * Another device of the host, behind an IOMMU that is not the hypervisor's, reaches
 * all of the VM's memory. Who gives a VM a device expects DMA to be isolated.
 */
static void check_dma_isolation(struct vm *vm, enum isolation wanted)
{
	static const char * const levels[] = { "nowhere", "in part only" };
	int level = ioctl(vm->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PKVM_DMA_ISOLATION);

	if (level < 0 || level > KVM_PKVM_DMA_ISOLATION_PARTIAL)
		return;
	if (wanted == ISOLATION_REQUIRED)
		fail("DMA is isolated %s on this machine; --dma-isolation=optional accepts that",
		     levels[level]);
	say("DMA is isolated %s: the host's devices can reach the VM's memory", levels[level]);
}

static void open_kvm(struct vm *vm)
{
	int version;

	vm->kvm = must_open("/dev/kvm", O_RDWR);
	version = must_ioctl(vm->kvm, KVM_GET_API_VERSION, NULL,
			     "/dev/kvm: KVM_GET_API_VERSION");
	if (version != KVM_API_VERSION)
		fail("/dev/kvm: API version %d, not %d", version,
		     KVM_API_VERSION);
}

/*
 * Private anonymous memory: pKVM donates its pages to a protected guest one by
 * one, as the guest touches them, and takes no page of a file. From then on
 * the host, this process included, faults on them, so a core dump must not
 * try. No page is allocated before it is needed.
 */
static void create_memory(struct vm *vm, uint64_t size)
{
	vm->mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->mem == MAP_FAILED)
		fail_errno("%" PRIu64 " MiB of guest memory", size >> 20);
	vm->mem_size = size;
	madvise(vm->mem, size, MADV_DONTDUMP);
	vm_add_memory(vm, RAM_BASE, size, vm->mem);
}

void vm_create(struct vm *vm, bool protected, enum isolation isolation,
	       uint64_t mem_size)
{
	unsigned long type = protected ? KVM_VM_TYPE_ARM_PROTECTED : 0;

	memset(vm, 0, sizeof(*vm));
	vm->protected = protected;
	vm->next_window = WINDOW_BASE;
	vm->next_spi = SPI_UART + 1;
	vm->next_phandle = PHANDLE_FIRST;
	pthread_mutex_init(&vm->bus_lock, NULL);
	vm->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vm->stop_fd < 0)
		fail_errno("eventfd");
	if (protected)
		unlimited_locked_memory();

	open_kvm(vm);
	if (protected)
		check_dma_isolation(vm, isolation);
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, type);
	if (vm->fd < 0 && errno == EINVAL && protected)
		fail("no protected VMs here: the host was not booted with kvm-arm.mode=protected");
	if (vm->fd < 0 && errno == EPERM && protected)
		fail("no protected VMs here: DMA is not isolated, and pkvm_iommu=required");
	if (vm->fd < 0)
		fail_errno("KVM_CREATE_VM");
	if (protected)
		check_protected(vm);
	create_memory(vm, mem_size);
}

static void destroy_devices(struct device *dev)
{
	if (!dev)
		return;
	destroy_devices(dev->next);
	dev->destroy(dev);
}

/*
 * vCPUs first, then devices from the last to the first, then the VM. What is
 * still open when its own file is closed keeps the VM alive, and its memory.
 */
void vm_destroy(struct vm *vm)
{
	vcpus_destroy(vm);
	destroy_devices(vm->devices);
	close(vm->fd);
	close(vm->kvm);
	munmap(vm->mem, vm->mem_size);
	close(vm->stop_fd);
}

/*
 * The slots of a protected VM, or of one with a pvIOMMU, are final once it has run;
 * they can be added before.
 */
void vm_add_memory(struct vm *vm, uint64_t guest, uint64_t size, void *host)
{
	struct kvm_userspace_memory_region slot = {
		.slot = vm->nr_slots++,
		.guest_phys_addr = guest,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot))
		fail_errno("KVM_SET_USER_MEMORY_REGION of %#" PRIx64 " bytes at %#" PRIx64,
			   size, guest);
}

void vm_add_device(struct vm *vm, struct device *dev)
{
	struct device **end = &vm->devices;

	while (*end)
		end = &(*end)->next;
	*end = dev;
}

void vm_add_mmio(struct vm *vm, struct mmio *mmio)
{
	mmio->next = vm->mmio;
	vm->mmio = mmio;
}

static struct mmio *find_mmio(struct vm *vm, uint64_t addr, unsigned int len)
{
	struct mmio *mmio;

	for (mmio = vm->mmio; mmio; mmio = mmio->next) {
		if (addr >= mmio->base && addr - mmio->base < mmio->size &&
		    len <= mmio->size - (addr - mmio->base))
			return mmio;
	}
	return NULL;
}

/*
 * A vCPU left because of an access to an address without memory. Where there
 * is no device either, reads give 0 and writes go nowhere.
 */
void vm_access(struct vm *vm, uint64_t addr, bool write, uint8_t *data,
	       unsigned int len)
{
	struct mmio *mmio;
	uint64_t value = 0;

	if (len > sizeof(value))
		return;
	pthread_mutex_lock(&vm->bus_lock);
	mmio = find_mmio(vm, addr, len);
	if (!mmio) {
		if (vm->bad_accesses++ < 10)
			say("the guest %s %u bytes at %#" PRIx64 ", where nothing is",
			    write ? "writes" : "reads", len, addr);
	} else if (write) {
		memcpy(&value, data, len);
		mmio->write(mmio, addr - mmio->base, value, len);
	} else {
		value = mmio->read(mmio, addr - mmio->base, len);
	}
	if (!write)
		memcpy(data, &value, len);
	pthread_mutex_unlock(&vm->bus_lock);
}

/* Aligned to its size, so that the guest can map it with large pages */
uint64_t vm_new_window(struct vm *vm, uint64_t size)
{
	uint64_t align = SZ_64K, base;

	while (align < size)
		align <<= 1;
	base = align_up(vm->next_window, align);
	if (size > WINDOW_END - WINDOW_BASE || base + size > WINDOW_END)
		fail("no room for a device region of %#" PRIx64 " bytes", size);
	vm->next_window = base + size;
	return base;
}

uint32_t vm_new_spi(struct vm *vm)
{
	if (vm->next_spi >= NR_SPIS)
		fail("more than %d interrupts", NR_SPIS);
	return vm->next_spi++;
}

uint32_t vm_new_phandle(struct vm *vm)
{
	return vm->next_phandle++;
}

/* KVM wants the interrupt's number at the GIC here, 32 above the SPI's */
void vm_set_irq(struct vm *vm, uint32_t spi, bool level)
{
	struct kvm_irq_level irq = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT |
		       (spi + 32),
		.level = level,
	};

	if (ioctl(vm->fd, KVM_IRQ_LINE, &irq))
		say("KVM_IRQ_LINE of SPI %u: %s", spi, strerror(errno));
}

/* From any thread; the first status counts */
void vm_stop(struct vm *vm, int status)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (!vm->stopping) {
		vm->status = status;
		__atomic_store_n(&vm->stopping, true, __ATOMIC_RELEASE);
		eventfd_write(vm->stop_fd, 1);
	}
	pthread_mutex_unlock(&lock);
}
