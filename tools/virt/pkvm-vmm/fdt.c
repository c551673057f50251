// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's device tree: what belongs to no device, and helpers for the
 * devices' own nodes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "vmm.h"

#define IRQ_PPI		1
#define IRQ_SPI		0
#define EDGE_RISING	1
#define LEVEL_HIGH	4

void fdt_check(int err)
{
	if (err < 0)
		fail("device tree: %s", fdt_strerror(err));
}

/* NAME@ADDR; fdt_end_node() ends it */
void fdt_node(void *fdt, const char *name, uint64_t addr)
{
	char full[128];

	snprintf(full, sizeof(full), "%s@%llx", name, (unsigned long long)addr);
	fdt_check(fdt_begin_node(fdt, full));
}

void fdt_cells(void *fdt, const char *name, const uint32_t *cells, size_t nr)
{
	void *to;
	size_t i;

	fdt_check(fdt_property_placeholder(fdt, name, nr * 4, &to));
	for (i = 0; i < nr; i++)
		fdt32_st((uint8_t *)to + 4 * i, cells[i]);
}

/* Addresses and sizes have two cells each in the whole tree */
void fdt_reg(void *fdt, const uint64_t *values, size_t nr)
{
	void *to;
	size_t i;

	fdt_check(fdt_property_placeholder(fdt, "reg", nr * 8, &to));
	for (i = 0; i < nr; i++)
		fdt64_st((uint8_t *)to + 8 * i, values[i]);
}

void fdt_spi(void *fdt, const uint32_t *spis, const bool *level, size_t nr)
{
	uint8_t *to;
	void *start;
	size_t i;

	fdt_check(fdt_property_placeholder(fdt, "interrupts", nr * 12, &start));
	for (i = 0, to = start; i < nr; i++, to += 12) {
		fdt32_st(to, IRQ_SPI);
		fdt32_st(to + 4, spis[i]);
		fdt32_st(to + 8, level[i] ? LEVEL_HIGH : EDGE_RISING);
	}
}

static void chosen_node(void *fdt, const struct image *image,
			const char *append)
{
	char line[2048], console[32];
	uint32_t seed[16];
	size_t i;

	/* Seconds of waiting for entropy; a host can guess what it gave */
	for (i = 0; i < ARRAY_SIZE(seed); i++)
		seed[i] = random_u32();
	if (snprintf(line, sizeof(line), "console=ttyS0 panic=-1%s%s",
		     append ? " " : "", append ?: "") >= (int)sizeof(line))
		fail("--append: the guest's command line has %zu bytes",
		     sizeof(line));
	snprintf(console, sizeof(console), "/serial@%llx", UART_BASE);

	fdt_check(fdt_begin_node(fdt, "chosen"));
	fdt_check(fdt_property_string(fdt, "bootargs", line));
	fdt_check(fdt_property_string(fdt, "stdout-path", console));
	fdt_check(fdt_property(fdt, "rng-seed", seed, sizeof(seed)));
	if (image->initrd_end > image->initrd) {
		fdt_check(fdt_property_u64(fdt, "linux,initrd-start",
					   image->initrd));
		fdt_check(fdt_property_u64(fdt, "linux,initrd-end",
					   image->initrd_end));
	}
	fdt_check(fdt_end_node(fdt));
}

static void memory_node(void *fdt, struct vm *vm)
{
	fdt_node(fdt, "memory", RAM_BASE);
	fdt_check(fdt_property_string(fdt, "device_type", "memory"));
	fdt_reg(fdt, (uint64_t[]){ RAM_BASE, vm->mem_size }, 2);
	fdt_check(fdt_end_node(fdt));
}

static void cpu_nodes(void *fdt, struct vm *vm)
{
	uint64_t mpidr;
	unsigned int i;

	fdt_check(fdt_begin_node(fdt, "cpus"));
	fdt_check(fdt_property_u32(fdt, "#address-cells", 2));
	fdt_check(fdt_property_u32(fdt, "#size-cells", 0));
	for (i = 0; i < vm->nr_cpus; i++) {
		mpidr = vcpu_mpidr(&vm->cpus[i]);
		fdt_node(fdt, "cpu", mpidr);
		fdt_check(fdt_property_string(fdt, "device_type", "cpu"));
		fdt_check(fdt_property_string(fdt, "compatible", "arm,armv8"));
		fdt_check(fdt_property_string(fdt, "enable-method", "psci"));
		fdt_check(fdt_property_u64(fdt, "reg", mpidr));
		fdt_check(fdt_end_node(fdt));
	}
	fdt_check(fdt_end_node(fdt));
}

static void psci_node(void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	fdt_check(fdt_begin_node(fdt, "psci"));
	fdt_check(fdt_property(fdt, "compatible", compatible,
			       sizeof(compatible)));
	fdt_check(fdt_property_string(fdt, "method", "hvc"));
	fdt_check(fdt_end_node(fdt));
}

/* Secure, non-secure physical, virtual, hypervisor: KVM's own numbers */
static void timer_node(void *fdt)
{
	static const uint32_t interrupts[] = {
		IRQ_PPI, 13, LEVEL_HIGH, IRQ_PPI, 14, LEVEL_HIGH,
		IRQ_PPI, 11, LEVEL_HIGH, IRQ_PPI, 10, LEVEL_HIGH,
	};

	fdt_check(fdt_begin_node(fdt, "timer"));
	fdt_check(fdt_property_string(fdt, "compatible", "arm,armv8-timer"));
	fdt_cells(fdt, "interrupts", interrupts, ARRAY_SIZE(interrupts));
	fdt_check(fdt_property(fdt, "always-on", NULL, 0));
	fdt_check(fdt_end_node(fdt));
}

/* Built here and copied into the guest's memory: no vCPU has run yet */
void fdt_build(struct vm *vm, const struct image *image, const char *append)
{
	void *fdt = must_alloc(DTB_MAX_SIZE);
	struct device *dev;

	fdt_check(fdt_create(fdt, DTB_MAX_SIZE));
	fdt_check(fdt_finish_reservemap(fdt));
	fdt_check(fdt_begin_node(fdt, ""));
	fdt_check(fdt_property_string(fdt, "compatible", "linux,pkvm-vmm"));
	fdt_check(fdt_property_u32(fdt, "#address-cells", 2));
	fdt_check(fdt_property_u32(fdt, "#size-cells", 2));
	fdt_check(fdt_property_u32(fdt, "interrupt-parent", PHANDLE_GIC));

	chosen_node(fdt, image, append);
	memory_node(fdt, vm);
	cpu_nodes(fdt, vm);
	psci_node(fdt);
	timer_node(fdt);
	for (dev = vm->devices; dev; dev = dev->next) {
		if (dev->fdt)
			dev->fdt(dev, fdt);
	}
	fdt_check(fdt_end_node(fdt));
	fdt_check(fdt_finish(fdt));
	memcpy(vm->mem + (image->dtb - RAM_BASE), fdt, fdt_totalsize(fdt));
	free(fdt);
}
