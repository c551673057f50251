// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo attack [PID IPA]: the attack of "make run", told to a person. PID is a
 * pkvm-vmm, IPA a page of its VM with a secret. Nothing here decides whether the
 * attack fails: without an SMMU at EL2 it prints the secret.
 * How many attacks failed, and how many there were, goes to /tmp/attacks.
 *
 * demo owner PHYS: print who has the registers there.
 * demo left: print how many bytes the platform device's buffers hold that are not
 * zero. They are the host's now.
 */
#include "dt.h"
#include "hidden.h"

#define EDU_BASE	0x10000000ULL	/* boot/machine.py */
#define SECRET		"SECRET!!"	/* 8 bytes, guest/programs/secret.c */
#define RAM_BASE	0x80000000ULL	/* of a VM: tools/virt/pkvm-vmm/vmm.h */
#define VM_MEMORY	(256ULL << 20)	/* pkvm-vmm's default */

static struct pkvm_test_engine engine;
static unsigned int attacks, blocked_attacks;

static void say(const char *what, bool blocked, const char *fmt, ...)
{
	char text[100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("   %-38s %s: %s\n", what, blocked ? "blocked" : "SUCCEEDED", text);
	attacks++;
	blocked_attacks += blocked;
}

static void cpu_reads(const char *what, uint64_t phys)
{
	uint32_t *p = phys_map(phys & ~(page_size - 1), page_size), value = 0;
	int sig = try_read32(p, &value);

	munmap(p, page_size);
	if (sig == SIGSEGV)
		say(what, true, "SIGSEGV");
	else if (sig)
		say(what, true, "nothing is there");
	else
		say(what, false, "%#x", value);
}

/* The same through the kernel, which copies from the page for write() */
static void kernel_reads(const char *what, uint64_t phys)
{
	void *p = phys_map(phys & ~(page_size - 1), page_size);
	int fds[2];
	ssize_t len;

	if (pipe(fds))
		fatal("pipe");
	len = write(fds[1], p, 8);
	if (len < 0)
		say(what, true, "%s", errno == EFAULT ? "EFAULT" : strerror(errno));
	else
		say(what, false, "\"%.8s\"", (char *)p);
	close(fds[0]);
	close(fds[1]);
	munmap(p, page_size);
}

static void engine_reads(const char *what, uint64_t phys)
{
	uint8_t before[PKVM_TEST_BUFFER], after[PKVM_TEST_BUFFER], filler[8];
	bool leaked;

	memset(before, 'x', sizeof(before));
	if (buffer_set(engine.index, before) ||
	    dma_read(engine.index, phys, 8) || buffer_get(engine.index, after))
		fatal("DMA");
	memset(filler, after[0], sizeof(filler));
	leaked = memcmp(after, before, 8) && memcmp(after, filler, 8);
	if (leaked && !memcmp(after, SECRET, 8))
		say(what, false, "it has \"%.8s\"", after);
	else if (leaked)
		say(what, false, "%02x%02x%02x%02x...", after[0],
		    after[1], after[2], after[3]);
	else
		say(what, true, "nothing arrived");
}

/* Whether it did, the guest says later: no result here */
static void engine_writes(uint64_t phys)
{
	uint8_t junk[PKVM_TEST_BUFFER] = "junk from a hostile device";

	if (buffer_set(engine.index, junk) || dma_write(engine.index, phys, 8))
		fatal("DMA");
}

/* One line of the kernel log with the name of the device, without its time */
static void show_fault(int klog)
{
	uint64_t deadline = now_ms() + 5000;
	char record[1024], *text;
	ssize_t len;

	attacks++;	/* that one of them goes unseen is one more */
	while (now_ms() < deadline) {
		len = read(klog, record, sizeof(record) - 1);
		if (len <= 0) {
			poll(NULL, 0, 20);
			continue;
		}
		record[len] = 0;
		text = strchr(record, ';');
		if (text && strstr(text, engine.name) && strstr(text, "fault: ")) {
			text[strcspn(text, "\n")] = 0;
			printf("   logged: %s\n", strstr(text, "fault: "));
			blocked_attacks++;
			return;
		}
	}
	printf("   NO FAULT LOGGED\n");
}

/* Where the VMM has the memory of its VM, in its own address space */
static uint64_t vm_memory(const char *pid)
{
	uint64_t start, end, found = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) == 2 &&
		    end - start == VM_MEMORY)
			found = start;
	}
	if (f)
		fclose(f);
	return found;
}

static uint64_t vm_phys(const char *pid, uint64_t ipa)
{
	uint64_t entry = 0, memory = vm_memory(pid);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!memory || fd < 0 ||
	    pread(fd, &entry, sizeof(entry),
		  (memory + ipa - RAM_BASE) / page_size * 8) != 8)
		entry = 0;
	if (fd >= 0)
		close(fd);
	if (!(entry >> 63))
		fatal("cannot find the VM's memory");
	return (entry & ((1ULL << 55) - 1)) * page_size;
}

static int print_owner(uint64_t phys)
{
	uint32_t *p = phys_map(phys & ~(page_size - 1), page_size), value;

	puts(try_read32(p, &value) ? "the VM" : "the host");
	return 0;
}

static int print_left(void)
{
	uint8_t data[PKVM_TEST_BUFFER];
	struct pkvm_test_engine e;
	unsigned int left = 0, nr = 0;

	for (uint32_t i = 0; engine_get(i, &e); i++) {
		if (!e.platform)
			continue;
		if (buffer_get(i, data))
			fatal("DMA");
		for (size_t n = 0; n < sizeof(data); n++)
			left += !!data[n];
		nr++;
	}
	if (!nr)
		fatal("no engine");
	printf("%u\n", left);
	return 0;
}

static void attack_vm(uint64_t phys)
{
	printf("   The VM's page is at %#" PRIx64 " for it.\n", phys);
	cpu_reads("CPU reads the VM's page", phys);
	kernel_reads("write(2) from the VM's page", phys);
	engine_reads("device reads the VM's page", phys);
	engine_writes(phys);
	cpu_reads("CPU reads the VM's device", EDU_BASE);
}

static int attack(const char *pid, const char *ipa)
{
	FILE *f;
	int klog;

	if (!engine_get(0, &engine))
		fatal("no engine");
	printf("   It has root, and %s, a DMA engine, stream ID %#x.\n",
	       engine.name, engine.sid);
	printf("   Of %ld MiB of memory it cannot read %" PRIu64 " KiB: EL2's and VMs'.\n",
	       sysconf(_SC_PHYS_PAGES) * (long)page_size >> 20,
	       hidden_scan() * page_size >> 10);
	klog = klog_open();
	if (pid)
		attack_vm(vm_phys(pid, strtoull(ipa, NULL, 0)));
	cpu_reads("CPU reads EL2's memory", hyp_mem_base());
	engine_reads("device reads EL2's code",
		     ksym_phys("__kvm_nvhe___hyp_section_.hyp.text"));
	for (unsigned int n = 0; n < nr_smmus(); n++) {
		cpu_reads("CPU reads the SMMU's registers", smmus[n].base);
		engine_reads("device reads the SMMU's registers", smmus[n].base);
	}
	show_fault(klog);

	f = fopen("/tmp/attacks", "w");
	if (!f)
		fatal("/tmp/attacks");
	fprintf(f, "%u %u\n", blocked_attacks, attacks);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	test_open();
	access_init();
	if (!strcmp(what, "attack"))
		return attack(argc == 4 ? argv[2] : NULL, argc == 4 ? argv[3] : NULL);
	if (!strcmp(what, "owner") && argc == 3)
		return print_owner(strtoull(argv[2], NULL, 0));
	if (!strcmp(what, "left"))
		return print_left();
	fprintf(stderr, "usage: demo attack [PID IPA] | owner PHYS | left\n");
	return 2;
}
