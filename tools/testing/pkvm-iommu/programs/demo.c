// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo: the attack of "make run", told to a person. Nothing here decides whether
 * the attack fails: without an SMMU at EL2 it prints the guest's secret.
 */
#include "hidden.h"
#include "pvm.h"

#define SMMU_BASE	0x09050000ULL	/* QEMU's virt machine */
#define SECRET		"SECRET!!"	/* 8 bytes, what the guest writes first */

static struct pkvm_test_engine engine;
static struct pvm pvm;

/* What somebody reached for, by whom, and whether it was reached */
enum target { GUEST, EL2, SMMU, NR_TARGETS };
enum attacker { CPU, DMA, NR_ATTACKERS };
static bool reached[NR_TARGETS][NR_ATTACKERS];

/* The guest writes address ^ seed: choose the seed for the first word we want */
static uint64_t secret_seed(void)
{
	uint64_t word;

	memcpy(&word, SECRET, sizeof(word));
	return word ^ PVM_IPA;
}

static void say(enum target target, enum attacker attacker, const char *what,
		bool blocked, const char *fmt, ...)
{
	char text[100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("   %-46s %s: %s\n", what, blocked ? "blocked" : "SUCCEEDED", text);
	reached[target][attacker] |= !blocked;
}

static void cpu_reads(enum target target, const char *what, uint64_t phys)
{
	uint32_t *p = phys_map(phys & ~(page_size - 1), page_size), value = 0;
	int sig = try_read32(p, &value);

	munmap(p, page_size);
	if (sig == SIGSEGV)
		say(target, CPU, what, true, "stage-2 abort");
	else if (sig)
		say(target, CPU, what, true, "nothing is there");
	else
		say(target, CPU, what, false, "%#x", value);
}

static void engine_reads(enum target target, const char *what, uint64_t phys)
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
		say(target, DMA, what, false, "it has \"%.8s\"", after);
	else if (leaked)
		say(target, DMA, what, false, "%02x%02x%02x%02x...", after[0],
		    after[1], after[2], after[3]);
	else
		say(target, DMA, what, true, "nothing arrived");
}

static void engine_writes(const char *what, uint64_t phys, uint64_t seed)
{
	uint8_t junk[PKVM_TEST_BUFFER] = "junk from a hostile device";
	int64_t wrong;

	if (buffer_set(engine.index, junk) || dma_write(engine.index, phys, 8))
		fatal("DMA");
	wrong = pvm_call(&pvm, PVM_COUNT_WRONG, 0, 4, seed);
	say(GUEST, DMA, what, !wrong, wrong ? "the guest's memory changed" :
				  "the guest finds its memory as it was");
}

/* One line of the kernel log with the name of the device, without its time */
static void show_fault(int klog)
{
	uint64_t deadline = now_ms() + 5000;
	char record[1024], *text;
	ssize_t len;

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
			printf("   kernel log: %s\n", strstr(text, "fault: "));
			return;
		}
	}
	printf("   kernel log: no fault reported\n");
}

static void row(enum target target, const char *what, uint64_t kib)
{
	printf("   %-30s %8" PRIu64 " KiB   %-10s %s\n", what, kib,
	       reached[target][CPU] ? "OPEN" : "blocked",
	       reached[target][DMA] ? "OPEN" : "blocked");
}

static bool table(uint64_t el2_pages)
{
	bool open = false;

	printf("\n What was protected                         size   from CPUs  from DMA\n");
	row(GUEST, "memory of the protected VM", (pvm.nr_pages + 1) * page_size >> 10);
	row(EL2, "memory of EL2, IOMMU tables too", el2_pages * page_size >> 10);
	row(SMMU, "registers of the SMMU", 128);
	for (int i = 0; i < NR_TARGETS; i++)
		open |= reached[i][CPU] || reached[i][DMA];
	return !open;
}

int main(void)
{
	uint64_t seed = secret_seed(), el2_pages;
	int klog, ret;

	test_open();
	access_init();
	if (!engine_get(0, &engine))
		fatal("no engine");
	el2_pages = hidden_scan();
	if (pvm_create(&pvm, 4, true)) {
		printf("   no protected VMs in this boot: %s\n", strerror(errno));
		return 1;
	}
	if (pvm_call(&pvm, PVM_FILL, 0, 4, seed))
		fatal("the guest does not run");
	printf("   A protected VM runs. It wrote \"" SECRET "\" to its page at %#" PRIx64 ".\n"
	       "   The host controls %s, a DMA engine, stream ID %#x.\n",
	       pvm.phys[0], engine.name, engine.sid);

	klog = klog_open();
	cpu_reads(GUEST, "CPU reads the guest's page", pvm.phys[0]);
	engine_reads(GUEST, "engine reads the guest's page", pvm.phys[0]);
	engine_writes("engine overwrites the guest's page", pvm.phys[0], seed);
	cpu_reads(EL2, "CPU reads EL2's memory", hyp_mem_base());
	engine_reads(EL2, "engine reads EL2's code", ksym_phys("__hyp_text_start") + page_size);
	cpu_reads(SMMU, "CPU reads the SMMU's registers", SMMU_BASE);
	engine_reads(SMMU, "engine reads the SMMU's registers", SMMU_BASE);
	show_fault(klog);
	ret = table(el2_pages) ? 0 : 1;
	pvm_destroy(&pvm);
	return ret;
}
