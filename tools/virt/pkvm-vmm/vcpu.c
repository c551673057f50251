// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs: one thread each, and what they leave the guest for.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm.h"

#define SIG_KICK	SIGUSR1

#define CORE_REG(r)	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | \
			 KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(r))
#define X_REG(n)	(CORE_REG(regs.regs[0]) + 2 * (n))
#define REG_MPIDR	ARM64_SYS_REG(3, 0, 0, 0, 5)
#define REG_ESR		ARM64_SYS_REG(3, 0, 5, 2, 0)
#define REG_FAR		ARM64_SYS_REG(3, 0, 6, 0, 0)

static int get_reg(struct vcpu *vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg);
}

static void set_reg(struct vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg))
		fail_errno("vCPU %u: KVM_SET_ONE_REG %#" PRIx64, vcpu->id, id);
}

/* The name by which PSCI and the device tree know a CPU */
uint64_t vcpu_mpidr(struct vcpu *vcpu)
{
	uint64_t mpidr;

	if (get_reg(vcpu, REG_MPIDR, &mpidr))
		fail_errno("vCPU %u: KVM_GET_ONE_REG of MPIDR_EL1", vcpu->id);
	return mpidr & 0xff00ffffff;
}

/* Only the first vCPU runs from the start, PSCI in the kernel starts the rest */
static void create_vcpu(struct vm *vm, struct vcpu *vcpu, unsigned int id)
{
	struct kvm_vcpu_init init;

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (vcpu->fd < 0)
		fail_errno("KVM_CREATE_VCPU %u", id);
	vcpu->run_size = must_ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL,
				    "KVM_GET_VCPU_MMAP_SIZE");
	vcpu->run = mmap(NULL, vcpu->run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		fail_errno("vCPU %u: mmap", id);

	memset(&init, 0, sizeof(init));
	must_ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init,
		   "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
	if (id)
		init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
	must_ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
}

/* All of them before the first runs: EL2 makes room for this many then */
void vcpus_create(struct vm *vm, unsigned int nr)
{
	int max = ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);

	if (nr < 1 || nr > MAX_CPUS || (int)nr > max)
		fail("%u vCPUs: 1 to %d are possible", nr,
		     max < MAX_CPUS ? max : MAX_CPUS);
	for (; vm->nr_cpus < nr; vm->nr_cpus++)
		create_vcpu(vm, &vm->cpus[vm->nr_cpus], vm->nr_cpus);
}

/*
 * The state of a protected VM's vCPU is the host's to see in Linux 7.3; say so
 * when that changes, rather than failing.
 */
static void dump_registers(struct vcpu *vcpu)
{
	static const struct {
		const char *name;
		uint64_t id;
	} regs[] = {
		{ "pc", CORE_REG(regs.pc) }, { "pstate", CORE_REG(regs.pstate) },
		{ "x0", X_REG(0) }, { "x1", X_REG(1) }, { "x2", X_REG(2) },
		{ "x3", X_REG(3) }, { "x29", X_REG(29) }, { "x30", X_REG(30) },
		{ "sp_el1", CORE_REG(sp_el1) }, { "elr_el1", CORE_REG(elr_el1) },
		{ "esr_el1", REG_ESR }, { "far_el1", REG_FAR },
	};
	char line[600];
	uint64_t value;
	size_t i, len = 0;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		if (get_reg(vcpu, regs[i].id, &value))
			len += snprintf(line + len, sizeof(line) - len,
					" %s (%s)", regs[i].name, strerror(errno));
		else
			len += snprintf(line + len, sizeof(line) - len,
					" %s %#" PRIx64, regs[i].name, value);
	}
	say("vCPU %u:%s", vcpu->id, line);
}

static void crash(struct vcpu *vcpu)
{
	dump_registers(vcpu);
	vm_stop(vcpu->vm, EXIT_CRASH);
}

static void system_event(struct vcpu *vcpu)
{
	uint32_t type = vcpu->run->system_event.type;

	switch (type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vm_stop(vcpu->vm, 0);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		say("the guest asks for a reset");
		vm_stop(vcpu->vm, EXIT_RESET);
		break;
	default:
		say("vCPU %u: system event %u", vcpu->id, type);
		crash(vcpu);
	}
}

static void handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		vm_access(vcpu->vm, run->mmio.phys_addr, run->mmio.is_write,
			  run->mmio.data, run->mmio.len);
		break;
	case KVM_EXIT_SYSTEM_EVENT:
		system_event(vcpu);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_FAIL_ENTRY:
		say("vCPU %u cannot enter the guest: hardware reason %#llx",
		    vcpu->id, run->fail_entry.hardware_entry_failure_reason);
		crash(vcpu);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		say("vCPU %u: internal error %u of KVM", vcpu->id,
		    run->internal.suberror);
		crash(vcpu);
		break;
	default:
		say("vCPU %u left the guest for unknown reason %u", vcpu->id,
		    run->exit_reason);
		crash(vcpu);
	}
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;

	while (!vm_stopping(vcpu->vm)) {
		if (!ioctl(vcpu->fd, KVM_RUN, 0)) {
			handle_exit(vcpu);
		} else if (errno != EINTR && errno != EAGAIN) {
			say("vCPU %u: KVM_RUN: %s", vcpu->id, strerror(errno));
			if (errno == EFAULT && vcpu->vm->protected)
				say("the host took a page of the guest, or has none left for it");
			crash(vcpu);
		}
	}
	return NULL;
}

/* It only has to interrupt KVM_RUN */
static void kicked(int sig)
{
	(void)sig;
}

void vcpus_start(struct vm *vm, uint64_t entry, uint64_t dtb)
{
	struct sigaction sa = { .sa_handler = kicked };
	unsigned int i;
	int err;

	sigaction(SIG_KICK, &sa, NULL);
	/* What arm64's boot protocol asks for; x1 to x3 are 0 already */
	set_reg(&vm->cpus[0], CORE_REG(regs.pc), entry);
	set_reg(&vm->cpus[0], X_REG(0), dtb);
	for (i = 0; i < vm->nr_cpus; i++) {
		err = pthread_create(&vm->cpus[i].thread, NULL, vcpu_thread,
				     &vm->cpus[i]);
		if (err)
			fail("vCPU %u: no thread: %s", i, strerror(err));
		vm->cpus[i].running = true;
	}
}

/*
 * With immediate_exit set before the signal, a vCPU leaves KVM_RUN whether it
 * is inside or just about to enter.
 */
void vcpus_stop(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_cpus; i++) {
		if (!vm->cpus[i].running)
			continue;
		__atomic_store_n(&vm->cpus[i].run->immediate_exit, 1,
				 __ATOMIC_SEQ_CST);
		pthread_kill(vm->cpus[i].thread, SIG_KICK);
	}
	for (i = 0; i < vm->nr_cpus; i++) {
		if (vm->cpus[i].running)
			pthread_join(vm->cpus[i].thread, NULL);
		vm->cpus[i].running = false;
	}
}

void vcpus_destroy(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_cpus; i++) {
		munmap(vm->cpus[i].run, vm->cpus[i].run_size);
		close(vm->cpus[i].fd);
	}
	vm->nr_cpus = 0;
}
