// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_events [TEST]...: faults of a protected VM's device, and who learns what of
 * them: the guest all, by GET_EVENT; the VMM that there was one, by read() of the
 * pvIOMMU; the host's log its stream; and nobody what is another's.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "guest_dma.h"

#define PAGES		8
#define FAR		(IOVA + 0x123000)	/* nothing is mapped there */
#define SECRET		0x5ec2e7000ULL		/* nor there */

/* Room at EL2, and at the VMM's file */
#define GUEST_ROOM	16
#define VMM_ROOM	64

/*
 * QEMU tries an access that faults in pieces of 4 bytes, so that one transfer makes
 * many faults at once; this many bytes make fewer than its event queue has room for.
 */
#define BURST_BYTES	256

static struct vfio_dev pair, single;

/* A device at work, with one page mapped */
static bool setup(struct guest *g, const struct vfio_dev *dev, uint32_t engines)
{
	uint64_t domain;

	if (!guest_open(g, dev, PAGES, engines))
		return false;
	fcntl(g->pviommu, F_SETFL, O_NONBLOCK);
	domain = alloc_domain(g);
	expect_eq(map_all(g, domain, IOVA, page_ipa(0), page_size), page_size);
	for (uint32_t i = 0; i < engines; i++)
		expect_eq(attach(g, i, domain), SUCCESS);
	return !test_failed;
}

static void finish(struct guest *g)
{
	guest_close(g);
	expect_all_returned();
}

static bool readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 && pfd.revents == POLLIN;
}

static int read_event(int fd, struct kvm_pviommu_event *event)
{
	ssize_t len;

	memset(event, 0xff, sizeof(*event));
	len = read(fd, event, sizeof(*event));
	return len < 0 ? -errno : (int)len;
}

/* Until the host has read the last record that the SMMU wrote; how many it were */
static long faults_settle(struct guest *g, unsigned int engine, long before)
{
	long now = stream_faults(g->sid[engine]), last;

	for (int i = 0; now == before && i < 250; i++) {
		usleep(20000);
		now = stream_faults(g->sid[engine]);
	}
	do {
		last = now;
		usleep(300000);
		now = stream_faults(g->sid[engine]);
	} while (now != last);
	return now - before;
}

static long fault(struct guest *g, unsigned int engine, bool to_bus, uint64_t iova,
		  uint64_t bytes)
{
	long before = stream_faults(g->sid[engine]), nr;

	edu_dma(g, engine, to_bus, iova, bytes);
	nr = faults_settle(g, engine, before);
	expect(nr > 0, "no fault of stream %#" PRIx64, g->sid[engine]);
	return nr;
}

static struct answer get_event(struct guest *g)
{
	struct answer a = op(g, GET_EVENT, 0, 0, 0, 0, 0);

	expect_eq(a.x0, SUCCESS);
	return a;
}

static void expect_no_event(struct guest *g)
{
	struct answer a = get_event(g);
	struct kvm_pviommu_event event;

	expect(!a.x1 && !a.x2 && !a.x3, "%#" PRIx64 " %#" PRIx64 " %#" PRIx64, a.x1, a.x2,
	       a.x3);
	expect_eq(read_event(g->pviommu, &event), -EAGAIN);
}

/* All that the guest has, each about this; how many, and how many were lost */
static long take_all(struct guest *g, unsigned int engine, bool to_bus, uint64_t iova,
		     uint64_t *lost)
{
	struct answer a;
	long nr = 0;

	*lost = 0;
	while ((a = get_event(g)).x3 & EVENT_VALID) {
		expect_eq(a.x1, g->id | (uint64_t)g->vsid[engine] << 32);
		expect_eq(a.x2 & ~0xfffULL, iova);
		expect_eq(a.x3 & 0xffffffff, F_TRANSLATION | EVENT_IOVA | EVENT_VALID |
			  (to_bus ? 0 : EVENT_READ));
		*lost += EVENT_LOST(a.x3);
		nr++;
	}
	*lost += EVENT_LOST(a.x3);
	return nr;
}

/* The same for the VMM, which gets the number of those lost so far with each */
static long read_all(struct guest *g, unsigned int engine, bool to_bus, uint64_t *lost)
{
	struct kvm_pviommu_event event;
	long nr = 0;

	*lost = 0;
	while (read_event(g->pviommu, &event) > 0) {
		expect_eq(event.size, sizeof(event));
		expect_eq(event.vsid, g->vsid[engine]);
		expect_eq(event.type, F_TRANSLATION);
		expect_eq(event.flags, KVM_PVIOMMU_EVENT_ACCESS |
			  (to_bus ? 0 : KVM_PVIOMMU_EVENT_READ));
		expect_eq(event.__reserved, 0);
		*lost = event.lost;
		nr++;
	}
	return nr;
}

static void test_reach(void)
{
	uint64_t lost;
	struct guest g;

	if (!setup(&g, &pair, 2))
		return;
	expect_no_event(&g);
	expect(!readable(g.pviommu, 0), "readable");
	for (unsigned int engine = 0; engine < 2; engine++) {
		for (int to_bus = 0; to_bus < 2; to_bus++) {
			long nr = fault(&g, engine, to_bus, FAR, 8);

			expect(readable(g.pviommu, 5000), "not readable");
			expect_eq(take_all(&g, engine, to_bus, FAR, &lost), nr);
			expect_eq(lost, 0);
			expect_eq(read_all(&g, engine, to_bus, &lost), nr);
			expect_eq(lost, 0);
		}
	}
	/* What is mapped makes none */
	edu_dma(&g, 0, false, IOVA, 8);
	usleep(300000);
	expect_no_event(&g);
	finish(&g);
}

static void test_log(void)
{
	struct guest g;
	char line[400];
	int klog;

	if (!setup(&g, &pair, 2))
		return;
	klog = klog_open();
	fault(&g, 1, true, FAR, 8);
	/* VM, device and vSID; handles of VMs begin with 0x1000 */
	snprintf(line, sizeof(line),
		 "%s stream %#" PRIx64 " of VM 0x1", pair.name, g.sid[1]);
	expect(klog_wait(klog, line, ~0ULL, 5000), "no \"%s\"", line);
	close(klog);
	klog = klog_open();
	/* The limit for one device's messages is over by then */
	usleep(5500000);
	fault(&g, 0, false, FAR, 8);
	snprintf(line, sizeof(line), "pvIOMMU %d vSID %#x: read: F_TRANSLATION", g.pviommu,
		 VSID_0);
	expect(klog_wait(klog, line, ~0ULL, 5000), "no \"%s\"", line);
	close(klog);
	finish(&g);
}

static void test_read_errors(void)
{
	struct kvm_pviommu_event events[3];
	void *volatile nowhere = NULL;
	struct guest g;
	long nr;

	if (!setup(&g, &pair, 1))
		return;
	expect_eq(err(read(g.pviommu, events, sizeof(events))), EAGAIN);
	nr = fault(&g, 0, true, FAR, 8);
	nr += fault(&g, 0, true, FAR, 8);
	for (size_t len = 0; len < sizeof(events[0]); len += len ? len : 1)
		expect_eq(err(read(g.pviommu, events, len)), EINVAL);
	expect_eq(err(read(g.pviommu, events, sizeof(events[0]) - 1)), EINVAL);
	expect_eq(err(write(g.pviommu, events, sizeof(events[0]))), EINVAL);
	/* Whole events only */
	expect_eq(read(g.pviommu, events, 2 * sizeof(events[0]) + 8), 2 * sizeof(events[0]));
	expect_eq(events[1].vsid, VSID_0);
	expect_eq(events[1].size, sizeof(events[1]));
	for (nr -= 2; nr > 0; nr--)
		expect_eq(read(g.pviommu, events, sizeof(events[0])), sizeof(events[0]));
	expect_eq(err(read(g.pviommu, events, sizeof(events))), EAGAIN);
	/* Where it cannot be written; the event is gone */
	fault(&g, 0, true, FAR, 4);
	expect_eq(err(read(g.pviommu, nowhere, sizeof(events))), EFAULT);
	/* The file is closed, and the VM goes on */
	close(g.pviommu);
	g.pviommu = 0;
	fault(&g, 0, true, FAR, 4);
	expect(get_event(&g).x3 & EVENT_VALID, "no event for the guest");
	finish(&g);
}

static long fault_lines(void)
{
	FILE *f = popen("dmesg | grep -c 'smmu.*: fault:'", "r");
	long nr = -1;

	if (f) {
		if (fscanf(f, "%ld", &nr) != 1)
			nr = -1;
		pclose(f);
	}
	return nr;
}

static void test_flood(void)
{
	uint64_t lost;
	struct guest g;
	long total = 0, lines;

	if (!setup(&g, &pair, 1))
		return;
	lines = fault_lines();
	for (int i = 0; i < 4; i++)
		total += fault(&g, 0, true, FAR, BURST_BYTES);
	ktap_line("# %ld faults, %ld lines", total, fault_lines() - lines);
	expect(total > 2 * VMM_ROOM, "only %ld faults", total);
	expect(fault_lines() - lines <= total / 4, "%ld lines", fault_lines() - lines);
	/* Nobody asked: the oldest are there, the others were counted */
	expect_eq(take_all(&g, 0, true, FAR, &lost), GUEST_ROOM);
	expect_eq(lost, total - GUEST_ROOM);
	expect_eq(read_all(&g, 0, true, &lost), VMM_ROOM);
	expect_eq(lost, total - VMM_ROOM);
	/* There is room again */
	total = fault(&g, 0, true, FAR, 8);
	expect_eq(take_all(&g, 0, true, FAR, &lost), total);
	expect_eq(lost, 0);
	/* More than the SMMU has room for: the host says so, and all goes on */
	edu_dma(&g, 0, true, FAR, EDU_BYTES);
	usleep(500000);
	expect(get_event(&g).x3 & EVENT_VALID, "no event");
	finish(&g);
}

static void test_two_vms(void)
{
	struct guest g, other;
	uint64_t lost;
	long nr;

	if (!setup(&g, &pair, 2))
		return;
	if (setup(&other, &single, 1)) {
		nr = fault(&g, 0, true, FAR, 8);
		expect_no_event(&other);
		expect_eq(take_all(&g, 0, true, FAR, &lost), nr);
		expect_eq(read_all(&g, 0, true, &lost), nr);

		nr = fault(&other, 0, false, FAR + 0x5000, 8);
		expect_no_event(&g);
		expect_eq(take_all(&other, 0, false, FAR + 0x5000, &lost), nr);
		expect_eq(read_all(&other, 0, false, &lost), nr);

		/* One floods: the other has all its room */
		fault(&g, 0, true, FAR, BURST_BYTES);
		nr = fault(&other, 0, true, FAR, 8);
		expect_eq(take_all(&other, 0, true, FAR, &lost), nr);
		expect_eq(lost, 0);
		expect_eq(read_all(&other, 0, true, &lost), nr);
		expect_eq(lost, 0);
		guest_close(&other);
	}
	finish(&g);
}

/*
 * A host that asks EL2 itself: NULL (nothing seen), or whether it was told that a VM
 * has a fault, or where. A thread: pages of a VM cannot be copied by a fork.
 */
static const char told_that[] = "that", told_where[] = "where";

static void *poll_for_secret(void *unused)
{
	uint64_t end = now_ms() + 6000;
	const char *seen = NULL;

	(void)unused;
	while (now_ms() < end) {
		struct pkvm_test_hvc hvc = {
			.func = PKVM_TEST_HVC_IOMMU_OP, .regs = { OP_POLL, 0 },
		};

		if (ioctl(test_fd, PKVM_TEST_HVC, &hvc))
			return NULL;
		/* A record of the host's, or of a VM's */
		if (hvc.regs[1] & 0x1)
			return (void *)told_where;
		if (hvc.regs[1] & 0x10)
			seen = told_that;
		for (unsigned int i = 1; i < ARRAY_SIZE(hvc.regs); i++) {
			if (hvc.regs[i] >> 12 == SECRET >> 12)
				return (void *)told_where;
		}
	}
	return (void *)seen;
}

static void test_hide(void)
{
	char record[2048];
	struct guest g;
	void *seen = NULL;
	uint64_t lost;
	pthread_t poller;
	int klog;

	if (!setup(&g, &pair, 1))
		return;
	klog = klog_open();
	if (pthread_create(&poller, NULL, poll_for_secret, NULL))
		fatal("pthread_create");
	for (int i = 0; i < 8; i++)
		edu_dma(&g, 0, true, SECRET, BURST_BYTES / 2);
	pthread_join(poller, &seen);
	expect(seen == told_that, "told %s", seen ? (char *)seen : "nothing");
	/* The guest has it */
	expect_eq(take_all(&g, 0, true, SECRET, &lost), GUEST_ROOM);
	/* The log has not, though it has the faults that the host's driver read */
	fault(&g, 0, true, SECRET, BURST_BYTES);
	while (read(klog, record, sizeof(record) - 1) > 0 || errno == EPIPE) {
		char *text = strchr(record, ';');

		if (text && !is_own_line(text + 1))
			expect(!strstr(record, "5ec2e7"), "logged: %.80s", text);
		memset(record, 0, sizeof(record));
		errno = 0;
	}
	close(klog);
	finish(&g);
}

static void test_die(void)
{
	struct guest g;

	if (!setup(&g, &pair, 1))
		return;
	fault(&g, 0, true, FAR, BURST_BYTES);
	finish(&g);
	/* The handle, the pvIOMMU's number, the vSID and the stream are the same */
	if (!setup(&g, &pair, 1))
		return;
	expect_no_event(&g);
	finish(&g);
}

static void send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { }, byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	sendmsg(sock, &msg, 0);
}

static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* Another process has the file when the VMM dies */
static void test_outlive(void)
{
	struct kvm_pviommu_event event;
	int sock[2], fd, status;
	struct pollfd pfd;
	struct guest g;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		fatal("socketpair");
	pid = fork();
	if (!pid) {
		if (!setup(&g, &pair, 1))
			_exit(1);
		fault(&g, 0, true, FAR, 4);
		send_fd(sock[1], g.pviommu);
		pause();
		_exit(0);
	}
	close(sock[1]);
	fd = receive_fd(sock[0]);
	expect(fd >= 0 && readable(fd, 10000), "file %d not readable", fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	pfd = (struct pollfd) { .fd = fd, .events = 0 };
	expect(poll(&pfd, 1, 10000) == 1 && pfd.revents & POLLHUP, "revents %#x", pfd.revents);
	/* What was there can be read still, then the end; the VM is no more */
	expect_eq(read_event(fd, &event), sizeof(event));
	expect_eq(event.vsid, VSID_0);
	while (read_event(fd, &event) > 0)
		;
	expect_eq(read_event(fd, &event), 0);
	close(fd);
	close(sock[0]);
	for (int i = 0; vm_pages() && i < 200; i++)
		usleep(20000);
	expect_all_returned();
}

static const struct test tests[] = {
	{ "events_reach_guest_and_vmm", test_reach },
	{ "events_named_in_the_hosts_log", test_log },
	{ "events_read_errors", test_read_errors },
	{ "events_flood_is_counted", test_flood },
	{ "events_of_two_vms", test_two_vms },
	{ "events_hide_the_iova", test_hide },
	{ "events_die_with_the_vm", test_die },
	{ "events_file_outlives_the_vm", test_outlive },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	find_vfio_pci(&single);
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
