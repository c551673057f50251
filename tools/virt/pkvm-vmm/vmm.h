/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pkvm-vmm: the core (a VM, its vCPUs, its bus) and what a device is to it.
 *
 * A device registers the guest addresses that it answers (vm_add_mmio) and
 * itself (vm_add_device) with a hook that writes its node of the device tree.
 * The core knows nothing else of any device.
 */
#ifndef PKVM_VMM_H
#define PKVM_VMM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/kvm.h>

/*
 * The guest's physical addresses. Everything below RAM_BASE is devices, in
 * steps of 64 KiB, so that no two share a page of any size.
 */
#define GICD_BASE	0x08000000ULL
#define GICR_BASE	0x080a0000ULL
#define UART_BASE	0x09000000ULL
#define EXIT_BASE	0x09010000ULL
#define WINDOW_BASE	0x10000000ULL	/* assigned devices, as they come */
#define WINDOW_END	0x80000000ULL
#define RAM_BASE	0x80000000ULL
#define SZ_64K		0x10000ULL

#define MAX_CPUS	16
#define NR_SPIS		224
#define SPI_UART	0

#define PHANDLE_GIC	1
#define PHANDLE_FIRST	0x100		/* for devices, see vm_new_phandle() */

/*
 * How the VMM ends, unless the guest says otherwise: below EXIT_FIRST_OWN the
 * number is the guest's (0: it switched itself off). 128 + N is signal N.
 */
enum {
	EXIT_FIRST_OWN	= 123,
	EXIT_RESET	= 123,	/* the guest asked for a reset */
	EXIT_CRASH	= 124,	/* a vCPU cannot go on */
	EXIT_VMM	= 125,	/* the VM could not be set up */
};

struct vm;

/* Guest addresses that a device answers; called with the bus lock held */
struct mmio {
	uint64_t base;
	uint64_t size;
	uint64_t (*read)(struct mmio *mmio, uint64_t offset, unsigned int len);
	void (*write)(struct mmio *mmio, uint64_t offset, uint64_t value,
		      unsigned int len);
	struct mmio *next;
};

/* Only destroy() is a must. It is called from the last device to the first */
struct device {
	void (*start)(struct device *dev);	/* the GIC works, no vCPU runs */
	void (*fdt)(struct device *dev, void *fdt);
	void (*destroy)(struct device *dev);	/* no vCPU is left */
	struct device *next;
};

struct vcpu {
	struct vm *vm;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	pthread_t thread;
	bool running;
};

struct vm {
	int kvm;
	int fd;
	bool protected;
	uint8_t *mem;
	uint64_t mem_size;
	uint32_t nr_slots;
	unsigned int nr_cpus;
	struct vcpu cpus[MAX_CPUS];
	struct device *devices;
	struct mmio *mmio;
	pthread_mutex_t bus_lock;
	unsigned int bad_accesses;
	uint64_t next_window;
	uint32_t next_spi;
	uint32_t next_phandle;
	int stop_fd;			/* readable: status is final */
	bool stopping;			/* see vm_stopping() */
	int status;
};

/* Must the host's devices be kept from the memory of a protected VM? */
enum isolation { ISOLATION_OPTIONAL, ISOLATION_REQUIRED };

/* vm.c */
void vm_create(struct vm *vm, bool protected, enum isolation isolation,
	       uint64_t mem_size);
void vm_destroy(struct vm *vm);
void vm_add_memory(struct vm *vm, uint64_t guest, uint64_t size, void *host);
void vm_add_device(struct vm *vm, struct device *dev);
void vm_add_mmio(struct vm *vm, struct mmio *mmio);
void vm_access(struct vm *vm, uint64_t addr, bool write, uint8_t *data,
	       unsigned int len);
uint64_t vm_new_window(struct vm *vm, uint64_t size);
uint32_t vm_new_spi(struct vm *vm);
uint32_t vm_new_phandle(struct vm *vm);
void vm_set_irq(struct vm *vm, uint32_t spi, bool level);
void vm_stop(struct vm *vm, int status);

/* vcpu.c */
void vcpus_create(struct vm *vm, unsigned int nr);
void vcpus_start(struct vm *vm, uint64_t entry, uint64_t dtb);
void vcpus_stop(struct vm *vm);
void vcpus_destroy(struct vm *vm);
uint64_t vcpu_mpidr(struct vcpu *vcpu);

/* loader.c */
struct image {
	uint64_t entry;
	uint64_t dtb;
	uint64_t initrd;
	uint64_t initrd_end;
};

#define DTB_MAX_SIZE	SZ_64K

void load_images(struct vm *vm, const char *kernel, const char *initrd,
		 struct image *image);

/* fdt.c */
void fdt_build(struct vm *vm, const struct image *image, const char *append);
void fdt_check(int err);
void fdt_node(void *fdt, const char *name, uint64_t addr);
void fdt_cells(void *fdt, const char *name, const uint32_t *cells, size_t nr);
void fdt_reg(void *fdt, const uint64_t *values, size_t nr);
void fdt_spi(void *fdt, const uint32_t *spis, const bool *level, size_t nr);

/* Devices */
void gic_create(struct vm *vm);
void exit_create(struct vm *vm);

struct uart;
struct uart *uart_create(struct vm *vm);
void uart_input(struct uart *uart, const uint8_t *data, size_t len);
size_t uart_room(struct uart *uart);

void vfio_add(struct vm *vm, const char *options);

/* From any thread */
static inline bool vm_stopping(struct vm *vm)
{
	return __atomic_load_n(&vm->stopping, __ATOMIC_ACQUIRE);
}

/* util.c */
extern bool verbose;

[[gnu::format(printf, 1, 2)]]
void say(const char *fmt, ...);
[[gnu::format(printf, 1, 2)]]
void info(const char *fmt, ...);
[[gnu::noreturn, gnu::format(printf, 1, 2)]]
void fail(const char *fmt, ...);
[[gnu::noreturn, gnu::format(printf, 1, 2)]]
void fail_errno(const char *fmt, ...);

int must_ioctl(int fd, unsigned long request, const void *arg,
	       const char *what);
int must_open(const char *path, int flags);
void *must_alloc(size_t size);
void unlimited_locked_memory(void);
uint32_t random_u32(void);

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* To a power of two */
static inline uint64_t align_up(uint64_t x, uint64_t to)
{
	return (x + to - 1) & ~(to - 1);
}

#endif
