// SPDX-License-Identifier: GPL-2.0-only
/*
 * attack [TEST]...: a hostile host lets DMA engines reach for what is not its
 * own. The control_* tests are the same attacks with the opposite expectation,
 * for boots where nothing protects: they show that an attack would be seen.
 */
#include <glob.h>
#include <pthread.h>

#include "dt.h"
#include "hcall.h"
#include "hidden.h"
#include "pvm.h"

#define SMMU_IDR0	0x00
#define SMMU_CR0	0x20
#define SMMU_GBPA	0x44

#define SEED		(0xa77acULL << 36)
#define PVM_PAGES	8
#define FAULT_MS	10000

/*
 * QEMU takes a refused transfer apart: each 4 bytes fault again. The host driver
 * logs at most 10 faults of a device in 5 s, so transfers are short, and only
 * those that are among the first 10 after a while without faults must be in the
 * log. All must be counted.
 */
#define ATTACK_LEN	32
#define LOG_BURST	10
#define LOG_INTERVAL_MS	5000
#define LOG_MARGIN_MS	500

static struct pkvm_test_engine attacker_info;
static uint32_t attacker;		/* its index */
static uint64_t log_window, last_fault;	/* when they began and ended */
static long faults_in_window;

static void pick_attacker(uint32_t index)
{
	if (!engine_get(index, &attacker_info))
		fatal("no engine %u", index);
	attacker = index;
}

/* Call before an attack; fault_reported() then is about that attack */
static long faults_before;
static int klog = -1;

static void fault_prepare(void)
{
	if (klog >= 0)
		close(klog);
	klog = klog_open();
	faults_before = stream_faults(attacker_info.sid);
}

static bool fault_counted(void)
{
	uint64_t deadline = now_ms() + FAULT_MS;

	while (stream_faults(attacker_info.sid) <= faults_before) {
		if (faults_before < 0 || now_ms() > deadline)
			return false;
		poll(NULL, 0, 10);
	}
	return true;
}

static bool fault_reported(uint64_t addr)
{
	uint64_t now = now_ms();
	bool must_log;

	if (!fault_counted())
		return false;
	if (!last_fault || now - last_fault > LOG_INTERVAL_MS + LOG_MARGIN_MS) {
		log_window = now;
		faults_in_window = 0;
	}
	last_fault = now;
	must_log = faults_in_window < LOG_BURST &&
		   now - log_window < LOG_INTERVAL_MS - LOG_MARGIN_MS;
	faults_in_window += stream_faults(attacker_info.sid) - faults_before;
	return !must_log || klog_wait(klog, attacker_info.name, addr, FAULT_MS);
}

/*
 * What happened to one attack. An engine whose read was refused holds what it
 * held before, or a filler: anything else came from the target.
 */
struct outcome {
	bool leaked;
	bool logged;
	uint8_t data[PKVM_TEST_BUFFER];
};

static bool is_filler(const uint8_t *data, uint32_t len)
{
	if (data[0] != 0 && data[0] != 0xff)
		return false;
	for (uint32_t i = 1; i < len; i++) {
		if (data[i] != data[0])
			return false;
	}
	return true;
}

static void attack_read(uint64_t addr, uint32_t len, bool want_log,
			struct outcome *o)
{
	uint8_t before[PKVM_TEST_BUFFER];

	memset(o, 0, sizeof(*o));
	fill_random(before, sizeof(before));
	expect_eq(buffer_set(attacker, before), 0);
	fault_prepare();
	expect_eq(dma_read(attacker, addr, len), 0);
	o->logged = want_log && fault_reported(addr);
	expect_eq(buffer_get(attacker, o->data), 0);
	o->leaked = memcmp(o->data, before, len) && !is_filler(o->data, len);
}

/* The engine's buffer is what goes out; returns whether a fault was logged */
static bool attack_write(uint64_t addr, uint32_t len, const void *data,
			 bool want_log)
{
	uint8_t buffer[PKVM_TEST_BUFFER] = { };

	memcpy(buffer, data, len);
	expect_eq(buffer_set(attacker, buffer), 0);
	fault_prepare();
	expect_eq(dma_write(attacker, addr, len), 0);
	return want_log && fault_reported(addr);
}

static void expect_read_blocked(const char *what, uint64_t addr, uint32_t len)
{
	struct outcome o;

	attack_read(addr, len, true, &o);
	expect(!o.leaked, "%s at %#" PRIx64 " leaked %02x%02x%02x%02x...", what,
	       addr, o.data[0], o.data[1], o.data[2], o.data[3]);
	expect(o.logged, "no fault for a read of %s at %#" PRIx64, what, addr);
}

static void expect_write_blocked(const char *what, uint64_t addr, uint32_t len,
				 const void *data)
{
	expect(attack_write(addr, len, data, true),
	       "no fault for a write to %s at %#" PRIx64, what, addr);
}

/* Host memory: what an engine may do, and that it does what it is told */
static void engine_moves_host_memory(bool raw)
{
	uint8_t data[PKVM_TEST_BUFFER], back[PKVM_TEST_BUFFER];
	uint64_t phys;
	uint8_t *mem;

	fill_random(data, sizeof(data));
	if (!raw) {
		expect_eq(buffer_set(attacker, data), 0);
		expect_eq(buffer_get(attacker, back), 0);
		expect(!memcmp(data, back, sizeof(data)), "DMA API round trip");
		return;
	}
	phys = pages_alloc(page_size);
	mem = phys_map(phys, page_size);
	memcpy(mem, data, sizeof(data));
	expect_eq(dma_read(attacker, phys, sizeof(data)), 0);
	expect_eq(buffer_get(attacker, back), 0);
	expect(!memcmp(data, back, sizeof(data)), "raw read");
	memset(mem, 0, sizeof(data));
	expect_eq(dma_write(attacker, phys, sizeof(data)), 0);
	expect(!memcmp(data, mem, sizeof(data)), "raw write");
	munmap(mem, page_size);
	pages_free(phys);
}

static void test_engine_dma_api(void)
{
	engine_moves_host_memory(false);
}

static void test_engine_raw(void)
{
	engine_moves_host_memory(true);
}

/* Registers of a PCI device above @limit, as the kernel has put them there */
static uint64_t find_high_registers(uint64_t limit)
{
	uint64_t start = 0, found = 0;
	char line[128];
	glob_t files;
	FILE *f;

	if (glob("/sys/bus/pci/devices/*/resource", 0, NULL, &files))
		fatal("no PCI device");
	for (size_t i = 0; i < files.gl_pathc; i++) {
		f = fopen(files.gl_pathv[i], "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%" SCNx64, &start) == 1 && start >= limit)
				found = start;
		}
		if (f)
			fclose(f);
	}
	globfree(&files);
	return found;
}

/* DMA between devices works wherever the window of their registers is */
static void test_reach_high_registers(void)
{
	uint8_t back[PKVM_TEST_BUFFER];
	uint32_t words[4], value;
	uint64_t base;
	uint8_t *regs;

	base = find_high_registers(1ULL << 40);
	if (!base)
		fatal("no registers above 1 TiB");
	regs = phys_map(base, page_size);
	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++) {
		expect_eq(try_read32(regs + 4 * i, &value), 0);
		words[i] = value;
	}
	munmap(regs, page_size);
	memset(back, 0xa5, sizeof(back));
	expect_eq(buffer_set(attacker, back), 0);
	expect_eq(dma_read(attacker, base, sizeof(words)), 0);
	expect_eq(buffer_get(attacker, back), 0);
	expect(!memcmp(back, words, sizeof(words)), "registers at %#" PRIx64
	       " begin with %08x, a device reads %02x%02x%02x%02x", base, words[0], back[3],
	       back[2], back[1], back[0]);
}

/* In a DMA domain not even the host's own memory is there until it is mapped */
static void test_unmapped_host_page(void)
{
	uint64_t phys = pages_alloc(page_size);
	uint32_t *mem = phys_map(phys, page_size);
	uint32_t junk = 0xbad0bad0;

	fill_random(mem, page_size);
	expect_read_blocked("an unmapped page", phys, ATTACK_LEN);
	mem[0] = 1;
	expect_write_blocked("an unmapped page", phys, 4, &junk);
	expect_eq(mem[0], 1);
	munmap(mem, page_size);
	pages_free(phys);
}

#define MAX_TARGETS	12

/* Places that have a name, then both ends of what the scan found */
static size_t el2_targets(uint64_t *target)
{
	uint64_t phys = hyp_mem_base();
	size_t nr = 0;

	hidden_scan();
	ktap_line("# the host cannot read %" PRIu64 " pages in %zu places",
		  hidden_pages, nr_hidden);
	for (size_t i = 0; i < nr_hidden && i < 8; i++)
		ktap_line("# ... %#" PRIx64 "-%#" PRIx64, hidden[i].start,
			  hidden[i].end - 1);
	expect(hidden_pages, "EL2 owns no memory at all?");
	if (expect(phys, "where is EL2's memory?"))
		target[nr++] = phys;
	/* The CPU may read EL2's code, for the messages of a panic; DMA may not */
	target[nr++] = (ksym_phys("__hyp_text_start") + page_size) & ~(page_size - 1);
	for (size_t i = 0; i < nr_hidden && nr < MAX_TARGETS; i++)
		target[nr++] = hidden[i].end - ATTACK_LEN;
	return nr;
}

static void test_read_el2_memory(void)
{
	uint64_t target[MAX_TARGETS + 1];
	size_t nr = el2_targets(target);

	for (size_t i = 0; i < nr; i++)
		expect_read_blocked("EL2 memory", target[i], ATTACK_LEN);
}

static void test_write_el2_memory(void)
{
	uint64_t target[MAX_TARGETS + 1];
	size_t nr = el2_targets(target);
	uint8_t junk[ATTACK_LEN];

	memset(junk, 0xa5, sizeof(junk));
	for (size_t i = 0; i < nr; i++)
		expect_write_blocked("EL2 memory", target[i], sizeof(junk), junk);
	/* EL2 has survived: it answers, its page tables still work */
	hidden_scan();
	expect(is_hidden(target[0]), "EL2 memory is open now");
}

#define LENT_PAGES	16

/* What EL2 still uses of the pages that it was lent; the others are back */
static size_t still_lent(uint64_t *lent, size_t nr)
{
	size_t used = 0;

	reclaim_all();
	hidden_scan();
	for (size_t i = 0; i < nr; i++) {
		if (is_hidden(lent[i]))
			lent[used++] = lent[i];
	}
	return used;
}

/*
 * The tables of a domain are made of pages that the host has lent to EL2, so it
 * knows where they are: the best place for an entry of one's own.
 */
static void test_io_page_tables(void)
{
	uint64_t lent[LENT_PAGES], phys, domain, entry, head, next;
	struct answer a;
	size_t nr;

	domain = domain_new();
	phys = pages_alloc(page_size);
	reclaim_all();
	head = page_list(LENT_PAGES);
	next = head;
	for (nr = 0; nr < LENT_PAGES; nr++, next = page_list_next(next))
		lent[nr] = next;
	a = hcall(OP_TOPUP, head, LENT_PAGES, 0, 0, 0);
	if (!expect_eq(a.ret, 0))
		return;
	expect_eq(map(domain, page_size, phys, page_size, PROT_RW, NULL), 0);
	nr = still_lent(lent, LENT_PAGES);
	ktap_line("# %zu tables of lent pages", nr);
	expect(nr, "the tables are of other pages?");

	/* Read and write for all, of either stage's format, at the host's whim */
	entry = hyp_mem_base() | 0x4c3 | (3ULL << 53);
	for (size_t i = 0; i < nr; i++) {
		expect_read_blocked("an IO page table", lent[i], ATTACK_LEN);
		expect_write_blocked("an IO page table", lent[i] + 8,
				     sizeof(entry), &entry);
	}
	expect(is_mapped(domain, page_size, phys), "the mapping is gone");
	expect(!is_mapped(domain, 0, phys), "something is mapped at 0");
	expect(!is_mapped(domain, 2 * page_size, phys), "something is mapped behind it");

	expect_eq(unmap(domain, page_size, page_size), 0);
	expect_eq(domain_delete(domain), 0);
	expect_eq(still_lent(lent, nr), 0);
	pages_free(phys);
}

static void test_read_smmu_registers(void)
{
	expect(nr_smmus(), "no SMMU in the device tree");
	for (unsigned int n = 0; n < nr_smmus(); n++)
		expect_read_blocked("SMMU registers", smmus[n].base + SMMU_IDR0, 4);
}

static void test_write_smmu_registers(void)
{
	uint32_t off = 0, bypass = 0x80000000;

	expect(nr_smmus(), "no SMMU in the device tree");
	for (unsigned int n = 0; n < nr_smmus(); n++) {
		expect_write_blocked("SMMU registers", smmus[n].base + SMMU_CR0, 4, &off);
		expect_write_blocked("SMMU registers", smmus[n].base + SMMU_GBPA, 4,
				     &bypass);
	}
	engine_moves_host_memory(false);
}

/* A page that is donated while the engine is busy with it all the time */
struct guest_loop {
	struct pvm *pvm;
	volatile bool stop;
	int64_t wrong;
};

static void *guest_loop(void *arg)
{
	struct guest_loop *loop = arg;
	int64_t wrong;

	do {
		wrong = pvm_call(loop->pvm, PVM_COUNT_WRONG, 0, PVM_PAGES, SEED);
		if (wrong)
			loop->wrong = wrong;
	} while (!loop->stop);
	return NULL;
}

static bool start_pvm(struct pvm *pvm)
{
	if (!expect(!pvm_create(pvm, PVM_PAGES, true), "errno %d", errno))
		return false;
	for (size_t i = 0; i < PVM_PAGES; i++)
		expect(pvm->phys[i], "pagemap");
	return expect_eq(pvm_call(pvm, PVM_FILL, 0, PVM_PAGES, SEED), 0);
}

static bool page_leaked(const struct outcome *o, size_t page)
{
	for (size_t off = 0; off < sizeof(o->data); off += 8) {
		uint64_t word = pvm_word(page, off, SEED);

		if (!memcmp(o->data + off, &word, 8))
			return true;
	}
	return false;
}

static void test_read_pvm_memory(void)
{
	struct guest_loop loop = { };
	struct outcome o;
	struct pvm pvm;
	pthread_t thread;

	if (!start_pvm(&pvm))
		return;
	loop.pvm = &pvm;
	pthread_create(&thread, NULL, guest_loop, &loop);
	for (size_t i = 0; i < PVM_PAGES; i += 3) {
		attack_read(pvm.phys[i], ATTACK_LEN, true, &o);
		expect(!o.leaked && !page_leaked(&o, i), "page %zu leaked", i);
		expect(o.logged, "no fault at %#" PRIx64, pvm.phys[i]);
	}
	loop.stop = true;
	pthread_join(thread, NULL);
	expect_eq(loop.wrong, 0);
	pvm_destroy(&pvm);
}

static void test_write_pvm_memory(void)
{
	struct guest_loop loop = { };
	uint8_t junk[ATTACK_LEN];
	struct pvm pvm;
	pthread_t thread;

	if (!start_pvm(&pvm))
		return;
	memset(junk, 0xa5, sizeof(junk));
	loop.pvm = &pvm;
	pthread_create(&thread, NULL, guest_loop, &loop);
	for (size_t i = 0; i < PVM_PAGES; i += 3)
		expect_write_blocked("pVM memory", pvm.phys[i], sizeof(junk), junk);
	loop.stop = true;
	pthread_join(thread, NULL);
	expect_eq(loop.wrong, 0);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, PVM_PAGES, SEED), 0);
	pvm_destroy(&pvm);
}

/* The page was open to the engine until it was donated, and is again after */
static void test_pvm_page_before_and_after(void)
{
	uint8_t data[4096], back[4096];
	struct outcome o;
	struct pvm pvm;
	uint64_t phys;
	uint8_t *mem;

	if (!expect(!pvm_create(&pvm, PVM_PAGES, true), "errno %d", errno))
		return;
	mem = pvm.mem;
	phys = pvm.phys[0];
	fill_random(data, sizeof(data));
	memcpy(mem, data, sizeof(data));
	expect_eq(dma_read(attacker, phys, 4096), 0);
	expect_eq(buffer_get(attacker, back), 0);
	expect(!memcmp(data, back, 4096), "before the donation");

	expect_eq(pvm_call(&pvm, PVM_FILL, 0, PVM_PAGES, SEED), 0);
	attack_read(phys, ATTACK_LEN, true, &o);
	expect(!o.leaked && !page_leaked(&o, 0), "leaked while it was donated");
	expect(o.logged, "no fault");

	pvm.mem = NULL;		/* keep the memory, end the VM */
	pvm_destroy(&pvm);
	expect_eq(buffer_set(attacker, data), 0);
	expect_eq(dma_write(attacker, phys, 4096), 0);
	expect(!memcmp(mem, data, 4096), "after the VM has died");
	munmap(mem, (PVM_PAGES + 1) * page_size);
}

/*
 * A device may fault as fast as it can: each refused page is a thousand records,
 * more than the event queue holds. The host must stay alive, say that records
 * were lost, and hear of the next fault when it is over.
 */
static void test_fault_flood(void)
{
	uint64_t el2 = hyp_mem_base(), start = now_ms();
	long settled;

	for (int i = 0; i < 10; i++)
		expect_eq(dma_read(attacker, el2 + i * 4096, 4096), 0);
	/* until nothing is counted any more */
	do {
		settled = stream_faults(attacker_info.sid);
		poll(NULL, 0, 200);
	} while (settled != stream_faults(attacker_info.sid) &&
		 now_ms() - start < 60000);
	expect(settled > 100, "%ld faults counted", settled);
	fault_prepare();
	expect_eq(dma_read(attacker, el2, 4), 0);
	expect(fault_counted(), "faults are not reported any more");
	last_fault = now_ms();
	engine_moves_host_memory(false);
}

/* The same attacks where nothing is there to stop them */
static void test_control_kernel_page(void)
{
	uint64_t phys = ksym_phys("_stext") & ~(page_size - 1), page;
	uint32_t junk = 0x600d600d, *mem = phys_map(phys, page_size);
	struct outcome o;

	attack_read(phys, 4096, false, &o);
	expect(o.leaked && !memcmp(o.data, mem, 4096), "kernel code was not read");
	munmap(mem, page_size);

	page = pages_alloc(page_size);
	mem = phys_map(page, page_size);
	attack_write(page, 4, &junk, false);
	expect_eq(mem[0], junk);
	munmap(mem, page_size);
	pages_free(page);
}

static void test_control_el2_memory(void)
{
	struct outcome o;

	attack_read(ksym_phys("__hyp_text_start"), 4096, false, &o);
	expect(o.leaked, "EL2's text was not read");
}

static void test_control_smmu_registers(void)
{
	struct outcome o;
	uint32_t idr0;

	attack_read(dt_regs("arm,smmu-v3").base + SMMU_IDR0, 4, false, &o);
	memcpy(&idr0, o.data, 4);
	expect(o.leaked && (idr0 >> 24) == 0x0d, "IDR0 %#x", idr0);
}

static void test_control_pvm_memory(void)
{
	uint64_t junk[8] = { };
	struct outcome o;
	struct pvm pvm;

	if (!start_pvm(&pvm))
		return;
	attack_read(pvm.phys[1], 4096, false, &o);
	expect(page_leaked(&o, 1), "the guest's memory was not read");
	attack_write(pvm.phys[2], sizeof(junk), junk, false);
	expect_eq(pvm_call(&pvm, PVM_COUNT_WRONG, 0, PVM_PAGES, SEED), 8);
	pvm_destroy(&pvm);
}

static const struct test tests[] = {
	{ "engine_dma_api", test_engine_dma_api },
	{ "engine_raw", test_engine_raw },
	{ "reach_high_registers", test_reach_high_registers },
	{ "unmapped_host_page", test_unmapped_host_page },
	{ "read_el2_memory", test_read_el2_memory },
	{ "write_el2_memory", test_write_el2_memory },
	{ "io_page_tables", test_io_page_tables },
	{ "read_smmu_registers", test_read_smmu_registers },
	{ "write_smmu_registers", test_write_smmu_registers },
	{ "read_pvm_memory", test_read_pvm_memory },
	{ "write_pvm_memory", test_write_pvm_memory },
	{ "pvm_page_before_and_after", test_pvm_page_before_and_after },
	{ "fault_flood", test_fault_flood },
	{ "control_kernel_page", test_control_kernel_page },
	{ "control_el2_memory", test_control_el2_memory },
	{ "control_smmu_registers", test_control_smmu_registers },
	{ "control_pvm_memory", test_control_pvm_memory },
};

int main(int argc, char **argv)
{
	test_open();
	access_init();
	pick_attacker(0);
	if (argc < 2) {
		ktap_line("# usage: attack TEST...");
		return 2;
	}
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
