// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a guest ends. PSCI is in the kernel and comes out as a system event, see
 * vcpu.c; it has no status. A guest that wants to give one writes it to the
 * register here, 32 bits, which ends the VM at once.
 */
#include <stdlib.h>

#include <libfdt.h>

#include "vmm.h"

struct exit_reg {
	struct device dev;
	struct mmio mmio;
	struct vm *vm;
};

static uint64_t exit_read(struct mmio *mmio, uint64_t offset, unsigned int len)
{
	(void)mmio;
	(void)offset;
	(void)len;
	return 0;
}

static void exit_write(struct mmio *mmio, uint64_t offset, uint64_t value,
		       unsigned int len)
{
	struct exit_reg *reg = container_of(mmio, struct exit_reg, mmio);

	if (offset || len != 4)
		return;
	vm_stop(reg->vm, value < EXIT_FIRST_OWN ? value : EXIT_FIRST_OWN - 1);
}

static void exit_fdt(struct device *dev, void *fdt)
{
	(void)dev;
	fdt_node(fdt, "exit", EXIT_BASE);
	fdt_check(fdt_property_string(fdt, "compatible", "linux,pkvm-vmm-exit"));
	fdt_reg(fdt, (uint64_t[]){ EXIT_BASE, SZ_64K }, 2);
	fdt_check(fdt_end_node(fdt));
}

static void exit_destroy(struct device *dev)
{
	free(container_of(dev, struct exit_reg, dev));
}

void exit_create(struct vm *vm)
{
	struct exit_reg *reg = must_alloc(sizeof(*reg));

	reg->vm = vm;
	reg->mmio.base = EXIT_BASE;
	reg->mmio.size = SZ_64K;
	reg->mmio.read = exit_read;
	reg->mmio.write = exit_write;
	reg->dev.fdt = exit_fdt;
	reg->dev.destroy = exit_destroy;
	vm_add_mmio(vm, &reg->mmio);
	vm_add_device(vm, &reg->dev);
}
