// SPDX-License-Identifier: GPL-2.0-only
/*
 * isolation [TEST]...: what a VMM is told of the isolation of DMA, and which VMs it can
 * make.
 */
#include <linux/kvm.h>
#include <linux/pkvm-iommu.h>

#include "test.h"

#ifndef KVM_VM_TYPE_ARM_PROTECTED
#define KVM_VM_TYPE_ARM_PROTECTED	0x80000000UL
#endif

/* In Android's kernels: where the hypervisor loads the guest's firmware */
#define PROTECTED_VM_FLAGS_SET_FW_IPA	0

/* As in headers that are newer than those of the C library may be */
#define VM_SMCCC_CTRL			0
#define VM_SMCCC_FILTER			0
#define SMCCC_FWD_TO_USER		2

struct smccc_filter {
	uint32_t base, nr_functions;
	uint8_t action, pad[15];
};

/* What crosvm's HvcDevicePowerManager would have the kernel pass on to it */
#define HVC_DEVICE_POWER		0xc600003c

/* The result of a system call, or -errno */
static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int create_vm(bool protected)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;

	vm = result(ioctl(kvm, KVM_CREATE_VM,
			  protected ? KVM_VM_TYPE_ARM_PROTECTED : 0));
	close(kvm);
	return vm;
}

/* The answer is the machine's, whichever file is asked */
static void expect_level(int level)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = create_vm(false);

	expect_eq(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_PKVM_DMA_ISOLATION), level);
	expect_eq(ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_PKVM_DMA_ISOLATION), level);
	close(vm);
	close(kvm);
}

static void test_none(void)
{
	expect_level(KVM_PKVM_DMA_ISOLATION_NONE);
}

static void test_partial(void)
{
	expect_level(KVM_PKVM_DMA_ISOLATION_PARTIAL);
}

static void test_full(void)
{
	expect_level(KVM_PKVM_DMA_ISOLATION_FULL);
}

/* Twice, so that the log shows whether it is flooded */
static void test_refused(void)
{
	expect_eq(create_vm(true), -EPERM);
	expect_eq(create_vm(true), -EPERM);
}

static void test_allowed(void)
{
	int vm = create_vm(true);

	expect(vm >= 0, "a protected VM: %d", vm);
	close(vm);
}

static void test_plain(void)
{
	int vm = create_vm(false);

	expect(vm >= 0, "a plain VM: %d", vm);
	close(vm);
}

static int set_smccc_filter(int vm)
{
	struct smccc_filter filter = {
		.base = HVC_DEVICE_POWER, .nr_functions = 1, .action = SMCCC_FWD_TO_USER,
	};
	struct kvm_device_attr attr = {
		.group = VM_SMCCC_CTRL, .attr = VM_SMCCC_FILTER,
		.addr = (uintptr_t)&filter,
	};

	return result(ioctl(vm, KVM_SET_DEVICE_ATTR, &attr));
}

/* As the VMM page says: no firmware, and no hypercalls passed on to the VMM */
static void test_without_firmware(void)
{
	struct kvm_protected_vm_info info = { .firmware_size = ~0ULL };
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ARM_PROTECTED_VM,
		.flags = KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO,
		.args = { (uintptr_t)&info },
	};
	int vm = create_vm(true), plain = create_vm(false);

	expect_eq(result(ioctl(vm, KVM_ENABLE_CAP, &cap)), 0);
	expect_eq(info.firmware_size, 0);
	expect_eq(result(ioctl(plain, KVM_ENABLE_CAP, &cap)), -EINVAL);
	cap.flags = PROTECTED_VM_FLAGS_SET_FW_IPA;
	cap.args[0] = 0x80000000;
	expect_eq(result(ioctl(vm, KVM_ENABLE_CAP, &cap)), -EINVAL);

	expect_eq(set_smccc_filter(vm), -EINVAL);
	expect_eq(set_smccc_filter(plain), 0);
	close(plain);
	close(vm);
}

static const struct test tests[] = {
	{ "vmm_told_none", test_none },
	{ "vmm_told_partial", test_partial },
	{ "vmm_told_full", test_full },
	{ "protected_vm_refused", test_refused },
	{ "protected_vm_allowed", test_allowed },
	{ "plain_vm_allowed", test_plain },
	{ "vm_without_firmware", test_without_firmware },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
