// SPDX-License-Identifier: GPL-2.0-only
/*
 * handover TEST...: a device goes from the host to a VM and back while others look
 * on: who waits for whom, and what comes first.
 */
#include "guest_device.h"
#include "held_page.h"

/* For clone() they come after _GNU_SOURCE */
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#define EDU_FACTORIAL	0x08
#define FACTORIAL_LONG	0x20000000	/* keeps the device busy for half a second or more */

static struct vfio_dev pair;

/* Where VFIO has the first register */
static uint64_t regs_offset(int device)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	expect_eq(err(ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info)), 0);
	return info.offset;
}

/* Another process, whose VM has no device */
static bool other_vm_ends(void)
{
	struct pollfd done = { .events = POLLIN };
	int fds[2], status;
	bool ends;
	pid_t pid;

	if (pipe(fds))
		fatal("pipe");
	pid = fork();
	if (!pid) {
		int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		int vm = ioctl(kvm, KVM_CREATE_VM, KVM_VM_TYPE_ARM_PROTECTED);

		_exit(vm < 0 || close(vm));
	}
	/* The child has the other end, and closes it by ending */
	close(fds[1]);
	done.fd = fds[0];
	ends = expect_eq(poll(&done, 1, 20000), 1);
	close(fds[0]);
	/* It may not end before the page arrives, killed or not */
	kill(pid, SIGKILL);
	if (ends)
		ends = expect_eq(waitpid(pid, &status, 0), pid) &&
		       expect_eq(status, 0);
	return ends;
}

/* A register that goes to or comes from a page that does not arrive */
struct held_access {
	struct held_page page;
	int device;
	bool write;
	ssize_t result;
	int err;
};

static void *access_register(void *arg)
{
	struct held_access *a = arg;
	uint64_t at = regs_offset(a->device) + EDU_SRC;

	a->result = a->write ? pwrite(a->device, a->page.page, 4, at) :
			       pread(a->device, a->page.page, 4, at);
	a->err = errno;
	return NULL;
}

/* The VM takes the device while somebody is about to access it */
static void held_access(struct held_access *a)
{
	pthread_t thread;
	struct guest g;

	if (!guest_prepare(&g, &pair, 1, 0))
		return;
	a->device = g.device;
	if (held_page_open(&a->page)) {
		pthread_create(&thread, NULL, access_register, a);
		held_page_wanted(&a->page);
		if (other_vm_ends())
			expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), 0);
		held_page_give(&a->page);
		pthread_join(thread, NULL);
		held_page_close(&a->page);
	}
	guest_close(&g);
	expect_all_returned();
}

static void test_read_held(void)
{
	struct held_access a = { };

	/* It has its value from before, and waits for a place to put it */
	held_access(&a);
	expect_eq(a.result, 4);
}

static void test_write_held(void)
{
	struct held_access a = { .write = true };

	/* The value comes too late */
	held_access(&a);
	expect_eq(a.result, -1);
	expect_eq(a.err, EIO);
}

/* It shares memory with the VMM, as it must, but dies alone */
struct helper {
	char stack[65536];
	struct guest *g;
	volatile bool done;
	char unused[7];
};

static int give_endpoint(void *arg)
{
	struct helper *h = arg;

	set_config(h->g->pviommu, h->g->device, 0, VSID_0);
	h->done = true;
	return 0;
}

static bool host_has_lost_registers(struct guest *g, uint64_t at)
{
	uint32_t value;

	return err(pread(g->device, &value, 4, at)) == EIO;
}

/* Give an endpoint of a device whose reset takes long: others do not wait for it */
static void reset_wait(struct guest *g, struct helper *h)
{
	uint64_t at = regs_offset(g->device);
	uint32_t value = FACTORIAL_LONG;
	int status, other;
	pid_t pid;

	expect_eq(pwrite(g->device, &value, 4, at + EDU_FACTORIAL), 4);
	pid = clone(give_endpoint, h->stack + sizeof(h->stack), CLONE_VM | SIGCHLD, h);
	if (!expect(pid > 0, "errno %d", errno))
		return;
	while (!h->done && !host_has_lost_registers(g, at))
		usleep(1000);
	/* What else the VMM does with its VM does not wait for the reset */
	other = new_pviommu(g->kvm_vfio);
	expect(other > 0, "errno %d", errno);
	expect(!h->done, "waited for the reset");
	close(other);
	/* Nor does the end of who waits */
	kill(pid, SIGKILL);
	expect_eq(waitpid(pid, &status, 0), pid);
	expect(WIFSIGNALED(status), "status %#x", status);
	expect(!h->done, "it was not killed");
}

static void test_reset_wait(void)
{
	struct helper *h = aligned_alloc(16, sizeof(*h));
	struct guest g;

	if (!guest_prepare(&g, &pair, 1, 0))
		return;
	h->g = &g;
	h->done = false;
	reset_wait(&g, h);
	/* The reset goes on where it was, and is over when this returns */
	expect_eq(err(set_config(g.pviommu, g.device, 0, VSID_0)), 0);
	expect_eq(err(set_config(g.pviommu, g.device, 1, VSID_1)), 0);
	guest_close(&g);
	expect_all_returned();
	free(h);
}

/* The device of the pair's group that has registers and no streams */
#define QUIET		"10200000.registers"
#define QUIET_REGS	0x10200000ULL
#define QUIET_DRIVER	"/sys/bus/platform/drivers/pkvm-registers"

static int write_name(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = err(write(fd, QUIET, strlen(QUIET)));

	close(fd);
	return ret;
}

/* 0, or a signal */
static int read_quiet(void)
{
	void *at = phys_map(QUIET_REGS, page_size);
	uint32_t value;
	int sig = try_read32(at, &value);

	munmap(at, page_size);
	return sig;
}

/* A VM would take the registers from a driver that uses them */
static void test_quiet_driver(void)
{
	struct guest g;

	if (!guest_prepare(&g, &pair, 1, 0))
		return;
	expect_eq(access(QUIET_DRIVER "/" QUIET, F_OK), 0);
	for (unsigned int i = 0; i < 2; i++)
		expect_eq(err(set_config(g.pviommu, g.device, i, i)), EBUSY);
	expect_eq(read_quiet(), 0);
	expect_eq(err(pread(g.device, &(uint32_t){ 0 }, 4, regs_offset(g.device))), 0);

	expect_eq(write_name(QUIET_DRIVER "/unbind"), 0);
	expect_eq(err(set_config(g.pviommu, g.device, 0, 0)), 0);
	expect_eq(read_quiet(), SIGSEGV);
	/* And does not give them to one */
	expect(write_name(QUIET_DRIVER "/bind"), "bound to registers of a VM");
	expect_eq(err(set_config(g.pviommu, g.device, 1, 1)), 0);
	guest_close(&g);
	expect_all_returned();

	expect_eq(read_quiet(), 0);
	expect_eq(write_name(QUIET_DRIVER "/bind"), 0);
}

static bool power_is(const char *want)
{
	char path[600], state[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/power/runtime_status",
		 pair.name);
	f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%31s", state) != 1)
			*state = 0;
		fclose(f);
	}
	return !strcmp(state, want);
}

static bool wait_for_power(const char *want, int tries)
{
	while (!power_is(want)) {
		if (!tries--)
			return false;
		usleep(10000);
	}
	return true;
}

static void close_fd(int *fd)
{
	close(*fd);
	*fd = 0;
}

/*
 * The VMM closes the device before its VM ends. It keeps its power until EL2 has reset
 * it, and only then comes the reset that the host has for it.
 */
static void test_closed_first(void)
{
	int log, other;
	struct guest g;

	if (!guest_open(&g, &pair, 1, 2))
		return;
	for (int i = 0; i < 2; i++) {
		add_slot(&g, 1 + i, regs_ipa(i, 0), g.regs[i], ENGINE_SIZE);
		guest_write(&g, i, EDU_SRC, 0x5ec2e7);
		munmap((void *)g.regs[i], ENGINE_SIZE);
		g.regs[i] = NULL;
	}
	log = klog_open();
	close_fd(&g.device);
	close_fd(&g.group);
	close_fd(&g.container);
	expect(!wait_for_power("suspended", 50), "no power while a VM has it");
	expect(!klog_wait(log, "host reset: ", ~0ULL, 0), "reset while a VM has it");
	/* It is open, and so is its group */
	other = open(pair.group, O_RDWR | O_CLOEXEC);
	expect(other < 0 && errno == EBUSY, "errno %d", errno);
	/* All of it works for the VM */
	for (int i = 0; i < 2; i++)
		expect(guest_reads(&g, i, EDU_SRC, 0x5ec2e7), "engine %d", i);

	guest_close(&g);
	expect_all_returned();
	expect(klog_wait(log, "host reset: powered, source 0", ~0ULL, 20000),
	       "no reset by the host");
	expect(wait_for_power("suspended", 2000), "it has power for ever");
	other = open(pair.group, O_RDWR | O_CLOEXEC);
	expect(other > 0, "errno %d", errno);
	close(other);
	close(log);
}

static const struct test tests[] = {
	{ "handover_read_held", test_read_held },
	{ "handover_write_held", test_write_held },
	{ "handover_reset_wait", test_reset_wait },
	{ "handover_quiet_driver", test_quiet_driver },
	{ "handover_closed_first", test_closed_first },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
