// SPDX-License-Identifier: GPL-2.0-only
/*
 * endpoints [TEST]...: how a VMM gives a device to a VM, with every call that
 * must be refused. The device is the platform device with two stream IDs, bound
 * to vfio-platform; see Documentation/virt/kvm/devices/vfio-pviommu.rst.
 */
#include <sys/wait.h>

#include "pvm.h"
#include "vfio_vm.h"

#define UNUSED_FD	1000

static struct vfio_dev device;

/* All that a VMM holds. 0: not open. In the order in which crosvm opens it. */
enum { CONTAINER, GROUP, VM, KVM_VFIO, DEVICE, PVIOMMU, NR_FILES };

struct vmm {
	int fd[NR_FILES];
};

static char host_states[64];

/* What a VM had is the host's again. VMs end after their last file is closed. */
static bool all_returned(void)
{
	char states[64];

	for (int i = 0; i < 100; i++) {
		stream_states(&device, states, sizeof(states));
		if (!vm_pages() && !strcmp(states, host_states))
			return true;
		usleep(20000);
	}
	return expect(false, "%ld held, streams %s not %s", vm_pages(), states,
		      host_states);
}

static bool streams_are(const char *want)
{
	char states[64];

	stream_states(&device, states, sizeof(states));
	return expect(!strcmp(states, want), "streams %s not %s", states, want);
}

static int create_vm(bool protected)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = ioctl(kvm, KVM_CREATE_VM,
		       protected ? KVM_VM_TYPE_ARM_PROTECTED : 0);

	close(kvm);
	return vm;
}

static int get_info(int kvm_vfio, void *info)
{
	return set_attr(kvm_vfio, KVM_DEV_VFIO_PVIOMMU,
			KVM_DEV_VFIO_PVIOMMU_GET_INFO, info);
}

static void vmm_close(struct vmm *v)
{
	for (int i = 0; i < NR_FILES; i++) {
		if (v->fd[i] > 0)
			close(v->fd[i]);
		v->fd[i] = 0;
	}
}

static bool open_group(struct vmm *v, unsigned long type)
{
	v->fd[GROUP] = open_vfio_group(&device, &v->fd[CONTAINER], type);
	return !test_failed;
}

/* Everything but vSIDs */
static bool vmm_open(struct vmm *v, bool protected, unsigned long type)
{
	memset(v, 0, sizeof(*v));
	if (!open_group(v, type))
		goto fail;
	v->fd[VM] = create_vm(protected);
	v->fd[KVM_VFIO] = create_kvm_vfio(v->fd[VM]);
	if (!expect(v->fd[VM] > 0 && v->fd[KVM_VFIO] > 0, "errno %d", errno) ||
	    !expect_eq(err(add_group(v->fd[KVM_VFIO], v->fd[GROUP])), 0))
		goto fail;
	v->fd[DEVICE] = ioctl(v->fd[GROUP], VFIO_GROUP_GET_DEVICE_FD, device.name);
	v->fd[PVIOMMU] = new_pviommu(v->fd[KVM_VFIO]);
	if (expect(v->fd[DEVICE] > 0 && v->fd[PVIOMMU] > 0, "errno %d", errno))
		return true;
fail:
	vmm_close(v);
	return false;
}

static bool give_both(struct vmm *v)
{
	return expect_eq(err(set_config(v->fd[PVIOMMU], v->fd[DEVICE], 0, 0)), 0) &&
	       expect_eq(err(set_config(v->fd[PVIOMMU], v->fd[DEVICE], 1, ~0U)), 0);
}

static void test_container(void)
{
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map) };
	struct vmm v = { };
	int c = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);

	expect_eq(ioctl(c, VFIO_CHECK_EXTENSION, VFIO_PKVM_IOMMU), 1);
	expect_eq(ioctl(c, VFIO_CHECK_EXTENSION, VFIO_PKVM_IOMMU + 1), 0);
	expect_eq(err(ioctl(c, VFIO_SET_IOMMU, VFIO_PKVM_IOMMU)), EINVAL);
	close(c);
	if (open_group(&v, VFIO_PKVM_IOMMU)) {
		c = v.fd[CONTAINER];
		expect_eq(ioctl(c, VFIO_CHECK_EXTENSION, VFIO_PKVM_IOMMU), 1);
		expect_eq(ioctl(c, VFIO_CHECK_EXTENSION, VFIO_TYPE1_IOMMU), 0);
		expect_eq(err(ioctl(c, VFIO_IOMMU_MAP_DMA, &map)), ENOTTY);
		streams_are("blocked blocked");
	}
	vmm_close(&v);
	all_returned();
}

static void test_capability(void)
{
	struct kvm_protected_vm_info info;
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_ARM_PROTECTED_VM,
		.flags = KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO,
		.args = { (uintptr_t)&info },
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int pvm = create_vm(true), vm = create_vm(false);

	expect_eq(ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PROTECTED_VM), 0);
	expect_eq(ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PROTECTED_VM), 0);
	expect_eq(ioctl(pvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_PROTECTED_VM), 1);

	memset(&info, 0xff, sizeof(info));
	expect_eq(err(ioctl(vm, KVM_ENABLE_CAP, &cap)), EINVAL);
	expect_eq(info.firmware_size, ~0ULL);
	expect_eq(err(ioctl(pvm, KVM_ENABLE_CAP, &cap)), 0);
	expect_eq(info.firmware_size, 0);
	expect_eq(info.reserved[6], 0);
	for (uint32_t flags = 0; flags < 4; flags += 2) {
		cap.flags = flags;
		expect_eq(err(ioctl(pvm, KVM_ENABLE_CAP, &cap)), EINVAL);
	}
	cap.flags = KVM_CAP_ARM_PROTECTED_VM_FLAGS_INFO;
	cap.args[3] = 1;
	expect_eq(err(ioctl(pvm, KVM_ENABLE_CAP, &cap)), EINVAL);
	cap.args[3] = 0;
	cap.args[0] = 8;
	expect_eq(err(ioctl(pvm, KVM_ENABLE_CAP, &cap)), EFAULT);
	close(pvm);
	close(vm);
	close(kvm);
}

static void test_attributes(void)
{
	static const struct {
		uint32_t group;
		uint64_t attr;
		int err;
	} cases[] = {
		{ 5, 0, ENXIO }, { 5, 1, 0 }, { 5, 2, 0 }, { 5, 3, 0 }, { 5, 4, ENXIO },
		{ 4, 1, ENXIO }, { 6, 1, ENXIO }, { 5, 1ULL << 32 | 1, ENXIO },
	};
	struct kvm_device_attr a = { };
	struct vmm v;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		a.group = cases[i].group;
		a.attr = cases[i].attr;
		expect_eq(err(ioctl(v.fd[KVM_VFIO], KVM_HAS_DEVICE_ATTR, &a)),
			  cases[i].err);
		if (cases[i].err)
			expect_eq(err(ioctl(v.fd[KVM_VFIO], KVM_SET_DEVICE_ATTR, &a)),
				  cases[i].err);
	}
	expect(fcntl(v.fd[PVIOMMU], F_GETFD) & FD_CLOEXEC, "not O_CLOEXEC");
	expect_eq(err(ioctl(v.fd[PVIOMMU], KVM_PVIOMMU_SET_CONFIG ^ 1, &a)), ENOTTY);
	vmm_close(&v);
	all_returned();
}

/*
 * Both structures begin with size and device_fd and end with __reserved. They
 * are followed by a tail, which a longer size covers.
 */
struct bad {
	const char *what;
	uint32_t size;		/* added to that of the structure */
	int device;		/* instead of the device */
	uint32_t reserved;
	uint32_t tail;
	int err;
};

static const struct bad bad_calls[] = {
	{ "size 0", -1000, 0, 0, 0, EINVAL },
	{ "size one less", -1, 0, 0, 0, EINVAL },
	{ "size more, tail not zero", 8, 0, 0, 1, E2BIG },
	{ "size absurd", 0x7fffff00, 0, 0, 0, E2BIG },
	{ "reserved", 0, 0, 1, 0, EOPNOTSUPP },
	{ "no such fd", 0, UNUSED_FD, 0, 0, EBADF },
	{ "fd -1", 0, -1, 0, 0, EBADF },
	{ "not VFIO", 0, STDOUT_FILENO, 0, 0, ENODEV },
	{ "size more, tail zero", 8, 0, 0, 0, 0 },
};

/* crosvm's structure ends where the first version did */
static void test_info(void)
{
	struct kvm_vfio_iommu_info info = {
		.size = KVM_VFIO_IOMMU_INFO_SIZE_VER0, .input_bits = 0x55,
		.__reserved2 = 0x66,
	};
	struct vmm v;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	info.device_fd = v.fd[DEVICE];
	expect_eq(err(get_info(v.fd[KVM_VFIO], &info)), 0);
	expect_eq(info.nr_sids, 2);
	expect_eq(info.input_bits, 0x55);
	expect_eq(info.__reserved2, 0x66);

	info.size = sizeof(info);
	expect_eq(err(get_info(v.fd[KVM_VFIO], &info)), EOPNOTSUPP);
	expect_eq(info.input_bits, 0x55);
	info.__reserved2 = 0;
	expect_eq(err(get_info(v.fd[KVM_VFIO], &info)), 0);
	expect_eq(info.input_bits, input_bits());
	vmm_close(&v);
	all_returned();
}

static void test_bad_info(void)
{
	struct {
		struct kvm_vfio_iommu_info info;
		uint32_t tail[2];
	} arg;
	struct vmm v;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(bad_calls); i++) {
		const struct bad *b = &bad_calls[i];

		memset(&arg, 0, sizeof(arg));
		arg.info.size = b->size == -1000U ? 0 : b->size +
				(b->size == -1U ? KVM_VFIO_IOMMU_INFO_SIZE_VER0 :
						  sizeof(arg.info));
		arg.info.device_fd = b->device ?: v.fd[DEVICE];
		arg.info.nr_sids = 77;
		arg.info.__reserved = b->reserved;
		arg.tail[1] = b->tail;
		expect(err(get_info(v.fd[KVM_VFIO], &arg)) == b->err,
		       "%s: errno %d", b->what, errno);
		expect_eq(arg.info.nr_sids, b->err ? 77 : 2);
		expect_eq(arg.tail[0], 0);
	}
	expect_eq(err(get_info(v.fd[KVM_VFIO], NULL)), EFAULT);
	expect_eq(err(get_info(v.fd[KVM_VFIO], (void *)8)), EFAULT);
	vmm_close(&v);
	all_returned();
}

static void test_bad_config(void)
{
	struct {
		struct kvm_vfio_iommu_config config;
		uint32_t tail[2];
	} arg;
	struct vmm v;
	int p;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	p = v.fd[PVIOMMU];
	for (size_t i = 0; i < ARRAY_SIZE(bad_calls); i++) {
		const struct bad *b = &bad_calls[i];

		memset(&arg, 0, sizeof(arg));
		arg.config.size = b->size == -1000U ? 0 : sizeof(arg.config) + b->size;
		arg.config.device_fd = b->device ?: v.fd[DEVICE];
		arg.config.__reserved = b->reserved;
		arg.tail[1] = b->tail;
		expect(err(ioctl(p, KVM_PVIOMMU_SET_CONFIG, &arg)) == b->err,
		       "%s: errno %d", b->what, errno);
	}
	expect_eq(err(ioctl(p, KVM_PVIOMMU_SET_CONFIG, NULL)), EFAULT);
	/* The last of them gave vSID 0 to endpoint 0, and only that */
	streams_are("vm blocked");
	vmm_close(&v);
	all_returned();
}

static void test_bad_names(void)
{
	struct vmm v;
	int p, q, dev;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	p = v.fd[PVIOMMU];
	dev = v.fd[DEVICE];
	q = new_pviommu(v.fd[KVM_VFIO]);
	expect_eq(err(set_config(p, dev, 2, 5)), ERANGE);
	expect_eq(err(set_config(p, dev, ~0U, 5)), ERANGE);
	streams_are("blocked blocked");
	expect_eq(err(set_config(p, dev, 0, 5)), 0);
	expect_eq(err(set_config(p, dev, 1, 5)), EEXIST);
	expect_eq(err(set_config(p, dev, 0, 5)), EBUSY);
	expect_eq(err(set_config(p, dev, 0, 6)), EBUSY);
	expect_eq(err(set_config(q, dev, 0, 6)), EBUSY);
	streams_are("vm blocked");
	/* The refused calls took nothing: index 1 is free, and 5 on another */
	expect_eq(err(set_config(q, dev, 1, 5)), 0);
	close(q);
	vmm_close(&v);
	all_returned();
}

static void test_extreme_vsids(void)
{
	struct vmm v;

	if (vmm_open(&v, true, VFIO_PKVM_IOMMU)) {
		give_both(&v);
		streams_are("vm vm");
		vmm_close(&v);
	}
	all_returned();
}

static void test_not_added(void)
{
	struct kvm_vfio_iommu_info info = { .size = sizeof(info) };
	struct vmm v;
	int vm, kvm_vfio, p;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	vm = create_vm(true);
	kvm_vfio = create_kvm_vfio(vm);
	p = new_pviommu(kvm_vfio);
	info.device_fd = v.fd[DEVICE];
	expect_eq(err(get_info(kvm_vfio, &info)), ENOENT);
	expect_eq(err(set_config(p, v.fd[DEVICE], 0, 1)), ENOENT);
	/* Removed again */
	expect_eq(err(set_attr(v.fd[KVM_VFIO], KVM_DEV_VFIO_GROUP,
			       KVM_DEV_VFIO_GROUP_DEL, &v.fd[GROUP])), 0);
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 0, 1)), ENOENT);
	expect_eq(err(add_group(v.fd[KVM_VFIO], v.fd[GROUP])), 0);
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 0, 1)), 0);
	/* A second VM cannot have any endpoint of the device */
	expect_eq(err(add_group(kvm_vfio, v.fd[GROUP])), 0);
	expect_eq(err(set_config(p, v.fd[DEVICE], 0, 1)), EBUSY);
	expect_eq(err(set_config(p, v.fd[DEVICE], 1, 1)), EBUSY);
	close(p);
	close(kvm_vfio);
	close(vm);
	vmm_close(&v);
	all_returned();
}

static void test_not_blocked(void)
{
	struct vmm v;

	if (!vmm_open(&v, true, VFIO_TYPE1v2_IOMMU))
		return;
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 0, 1)), EACCES);
	vmm_close(&v);
	all_returned();
}

static void test_frozen(void)
{
	struct vmm v = { };
	struct pvm pvm;

	if (!expect(!pvm_create(&pvm, 1, true), "errno %d", errno))
		return;
	if (!open_group(&v, VFIO_PKVM_IOMMU))
		goto out;
	v.fd[KVM_VFIO] = create_kvm_vfio(pvm.vm);
	expect_eq(err(add_group(v.fd[KVM_VFIO], v.fd[GROUP])), 0);
	v.fd[DEVICE] = ioctl(v.fd[GROUP], VFIO_GROUP_GET_DEVICE_FD, device.name);
	v.fd[PVIOMMU] = new_pviommu(v.fd[KVM_VFIO]);
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 0, 1)), 0);
	expect_eq(pvm_call(&pvm, PVM_FILL, 0, 1, 7), 0);
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 1, 2)), EPERM);
	expect_eq(err(new_pviommu(v.fd[KVM_VFIO])), EPERM);
	streams_are("vm blocked");
	vmm_close(&v);
out:
	pvm_destroy(&pvm);
	all_returned();
}

static void test_ids(void)
{
	struct vmm v;
	int old, new;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	old = v.fd[PVIOMMU];
	/* Nothing was named on it: the number is free again */
	close(old);
	v.fd[PVIOMMU] = new_pviommu(v.fd[KVM_VFIO]);
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 0, 1)), 0);
	/* Now it is not, though the kernel would give the number again */
	old = v.fd[PVIOMMU];
	close(old);
	new = new_pviommu(v.fd[KVM_VFIO]);
	v.fd[PVIOMMU] = new;
	expect(new > 0 && new != old, "%d again", new);
	expect_eq(err(set_config(new, v.fd[DEVICE], 1, 1)), 0);
	close(new);
	v.fd[PVIOMMU] = new_pviommu(v.fd[KVM_VFIO]);
	expect(v.fd[PVIOMMU] > 0 && v.fd[PVIOMMU] != old && v.fd[PVIOMMU] != new,
	       "%d again", v.fd[PVIOMMU]);
	/* The numbers that were passed over are free for others */
	expect_eq(dup(v.fd[VM]), old < new ? old : new);
	close(old < new ? old : new);
	vmm_close(&v);
	all_returned();
}

/* Device and group closed, VM alive: the device must wait for its end */
static void test_device_closed_first(void)
{
	struct vmm v, w;
	int p, group;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU))
		return;
	expect_eq(err(set_config(v.fd[PVIOMMU], v.fd[DEVICE], 0, 1)), 0);
	p = v.fd[PVIOMMU];
	v.fd[PVIOMMU] = 0;
	vmm_close(&v);
	usleep(100000);
	expect(vm_pages() > 0, "%ld", vm_pages());
	/* Another VM, or ordinary use, cannot have it yet, nor endpoint 1 */
	streams_are("vm blocked");
	group = open(device.group, O_RDWR | O_CLOEXEC);
	expect(group < 0 && errno == EBUSY, "errno %d", errno);
	close(p);
	all_returned();
	if (vmm_open(&w, true, VFIO_PKVM_IOMMU)) {
		expect_eq(err(set_config(w.fd[PVIOMMU], w.fd[DEVICE], 0, 1)), 0);
		vmm_close(&w);
	}
	all_returned();
}

/* The VM that has a device keeps it, so the device does not keep the VM */
static void test_vm_closed_first(void)
{
	struct vmm v, w = { };

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU) || !give_both(&v))
		return;
	for (int i = 0; i < NR_FILES; i++) {
		if (i != VM && i != KVM_VFIO && i != PVIOMMU)
			continue;
		close(v.fd[i]);
		v.fd[i] = 0;
	}
	for (int i = 0; vm_pages() && i < 100; i++)
		usleep(20000);
	expect_eq(vm_pages(), 0);
	streams_are("blocked blocked");
	/* It is open, and can go to another VM */
	w.fd[VM] = create_vm(true);
	w.fd[KVM_VFIO] = create_kvm_vfio(w.fd[VM]);
	expect_eq(err(add_group(w.fd[KVM_VFIO], v.fd[GROUP])), 0);
	w.fd[PVIOMMU] = new_pviommu(w.fd[KVM_VFIO]);
	for (unsigned int i = 0; i < 2; i++)
		expect_eq(err(set_config(w.fd[PVIOMMU], v.fd[DEVICE], i, i)), 0);
	vmm_close(&w);
	vmm_close(&v);
	all_returned();
}

static bool is_bound(void)
{
	char path[600];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/vfio-platform/%s",
		 device.name);
	return !access(path, F_OK);
}

static void write_name(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, device.name, strlen(device.name)) < 0)
		_exit(1);
	_exit(0);
}

/* No driver of the host gets a device that a VM has, closed as it may be */
static void test_stays_bound(void)
{
	struct pollfd done = { .events = POLLIN };
	int pipe_fds[2], p, status;
	struct vmm v;
	pid_t pid;

	if (!vmm_open(&v, true, VFIO_PKVM_IOMMU) || !give_both(&v))
		return;
	p = v.fd[PVIOMMU];
	v.fd[PVIOMMU] = 0;
	vmm_close(&v);

	if (pipe(pipe_fds))
		fatal("pipe");
	pid = fork();
	if (!pid) {
		/* It may not keep the VM alive, nor the parent waiting */
		close(p);
		write_name("/sys/bus/platform/drivers/vfio-platform/unbind");
	}
	/* The child has the other end, and closes it by ending */
	close(pipe_fds[1]);
	done.fd = pipe_fds[0];
	expect_eq(poll(&done, 1, 1000), 0);
	close(p);
	expect_eq(poll(&done, 1, 20000), 1);
	waitpid(pid, &status, 0);
	expect_eq(status, 0);
	expect(!is_bound(), "still bound without a VM");
	close(pipe_fds[0]);

	pid = fork();
	if (!pid)
		write_name("/sys/bus/platform/drivers_probe");
	waitpid(pid, &status, 0);
	expect(is_bound(), "status %#x", status);
	all_returned();
}

static void test_plain_vm(void)
{
	struct vmm v;

	if (vmm_open(&v, false, VFIO_PKVM_IOMMU)) {
		give_both(&v);
		streams_are("vm vm");
		vmm_close(&v);
	}
	all_returned();
}

/* Close the files in the order that number n stands for */
static void close_in_order(struct vmm *v, int n)
{
	for (int left = NR_FILES; left; left--) {
		int nth = n % left;

		n /= left;
		for (int i = 0; i < NR_FILES; i++) {
			if (v->fd[i] > 0 && !nth--) {
				close(v->fd[i]);
				v->fd[i] = 0;
				break;
			}
		}
	}
}

static void test_closed_in_any_order(void)
{
	struct vmm v;

	for (int n = 0; n < 720; n += 7) {
		if (!vmm_open(&v, n & 1, VFIO_PKVM_IOMMU) || !give_both(&v))
			break;
		close_in_order(&v, n);
		if (!all_returned()) {
			ktap_line("# order %d", n);
			break;
		}
	}
}

static void test_killed(void)
{
	for (int n = 0; n < 100; n++) {
		struct vmm v;
		int status;
		pid_t pid = fork();

		if (!pid) {
			for (;;) {
				if (!vmm_open(&v, true, VFIO_PKVM_IOMMU) ||
				    !give_both(&v))
					_exit(1);
				vmm_close(&v);
				if (!all_returned())
					_exit(2);
			}
		}
		usleep(rand() % 100000);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (!expect(WIFSIGNALED(status), "status %#x", status) ||
		    !all_returned())
			break;
	}
}

static const struct test tests[] = {
	{ "endpoints_container", test_container },
	{ "endpoints_capability", test_capability },
	{ "endpoints_attributes", test_attributes },
	{ "endpoints_info", test_info },
	{ "endpoints_bad_info", test_bad_info },
	{ "endpoints_bad_config", test_bad_config },
	{ "endpoints_bad_names", test_bad_names },
	{ "endpoints_extreme_vsids", test_extreme_vsids },
	{ "endpoints_not_added", test_not_added },
	{ "endpoints_not_blocked", test_not_blocked },
	{ "endpoints_frozen", test_frozen },
	{ "endpoints_ids", test_ids },
	{ "endpoints_device_closed_first", test_device_closed_first },
	{ "endpoints_vm_closed_first", test_vm_closed_first },
	{ "endpoints_stays_bound", test_stays_bound },
	{ "endpoints_plain_vm", test_plain_vm },
	{ "endpoints_closed_in_any_order", test_closed_in_any_order },
	{ "endpoints_killed", test_killed },
};

int main(int argc, char **argv)
{
	(void)argc;
	open_pair(&device);
	stream_states(&device, host_states, sizeof(host_states));
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
