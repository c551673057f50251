// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_plain_memory [TEST]...: a plain VM with a device uses the memory that it could
 * use without one. Its device gets what stays where it is, and nothing else. Run it with
 * GUEST_PLAIN=1.
 */
#include "domain_api.h"
#include "guest_device.h"
#include "guest_plain.h"

#include <sys/mount.h>
#include <sys/stat.h>

#define SLOTS		0x100000000ULL	/* the IPA of the first slot, and from one to the next */
#define SLOT_STEP	0x10000000ULL
#define FS		"/tmp/plain"	/* a file system with page cache, and no swap */
#define OLD		0x6f6c64ULL
#define NEW		0x6e6577ULL
#define NO_FILE		-1

enum { ANONYMOUS, MEMFD, ON_FS };

/* A slot of one page: what is behind it, and whether that stays for devices */
struct kind {
	const char	*name;
	int		backing, prot, flags;
	uint32_t	slot;
	bool		empty, freed, pinned;
};

#define VMM_R	PROT_READ
#define VMM_RW	(PROT_READ | PROT_WRITE)
#define PRIVATE	MAP_PRIVATE
#define SHARED	MAP_SHARED
#define RO_SLOT	KVM_MEM_READONLY

static const struct kind kinds[] = {
	{ "anonymous", ANONYMOUS, VMM_RW, PRIVATE, .pinned = true },
	{ "anonymous, empty", ANONYMOUS, VMM_RW, PRIVATE, .empty = true, .pinned = true },
	{ "anonymous, freed lazily", ANONYMOUS, VMM_RW, PRIVATE, .freed = true, .pinned = true },
	{ "memfd", MEMFD, VMM_RW, SHARED, .pinned = true },
	{ "file", ON_FS, VMM_RW, SHARED, .pinned = false },
	{ "file, private", ON_FS, VMM_RW, PRIVATE, .pinned = true },
	{ "memfd that the VMM only reads", MEMFD, VMM_R, SHARED, .pinned = false },
	{ "file that the VMM only reads", ON_FS, VMM_R, SHARED, .pinned = false },
	{ "read-only slot, anonymous", ANONYMOUS, VMM_RW, PRIVATE, RO_SLOT, .pinned = true },
	{ "read-only slot, zero page", ANONYMOUS, VMM_R, PRIVATE, RO_SLOT, .empty = true },
	{ "read-only slot, memfd", MEMFD, VMM_RW, SHARED, RO_SLOT, .pinned = true },
	{ "read-only slot, memfd to read", MEMFD, VMM_R, SHARED, RO_SLOT, .pinned = true },
	{ "read-only slot, file to read", ON_FS, VMM_R, SHARED, RO_SLOT, .pinned = false },
	{ "read-only slot, private file", ON_FS, VMM_R, PRIVATE, RO_SLOT, .pinned = false },
};

/* A page of a new file that begins with a value */
static int make_file(int backing, uint64_t value)
{
	static unsigned int nr;
	char name[64];
	int fd;

	snprintf(name, sizeof(name), FS "/%u", nr++);
	fd = backing == MEMFD ? memfd_create("plain", 0) : open(name, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, page_size) || pwrite(fd, &value, 8, 0) != 8)
		fatal("%s", name);
	return fd;
}

static uint64_t *make_memory(const struct kind *kind)
{
	int fd = kind->backing == ANONYMOUS ? NO_FILE : make_file(kind->backing, OLD);
	int flags = kind->flags | (fd == NO_FILE ? MAP_ANONYMOUS : 0);
	uint64_t *mem = mmap(NULL, page_size, kind->prot, flags, fd, 0);

	if (mem == MAP_FAILED)
		fatal("%s", kind->name);
	if (fd != NO_FILE)
		close(fd);
	else if (!kind->empty)
		*mem = OLD;
	/* The second call finds the page where the first one has put it */
	for (int i = 0; kind->freed && i < 2; i++)
		expect_eq(err(madvise(mem, page_size, MADV_FREE)), 0);
	return mem;
}

static bool guest_has(struct guest *g, uint64_t ipa, uint64_t value)
{
	return !guest_access(g, PVM_COUNT_WRONG, ipa, value);
}

static void try_kind(struct guest *g, uint64_t domain, const struct kind *kind)
{
	uint64_t nr = kind - kinds, ipa = SLOTS + nr * SLOT_STEP;
	uint64_t iova = IOVA + (PAGES + nr) * page_size;
	uint64_t *mem = make_memory(kind), mapped = kind->pinned ? page_size : 0;
	bool write = !kind->slot && kind->prot & PROT_WRITE;

	expect_eq(set_slot(&g->pvm, 1 + nr, kind->slot, ipa, page_size, mem), 0);
	/* Before the guest has touched it, and then */
	expect_eq(map_once(g, domain, iova, ipa, page_size, PROT_DMA_READ | PROT_CACHE), mapped);
	if (kind->pinned)
		expect_eq(unmap_once(g, domain, iova, page_size), page_size);
	expect(guest_has(g, ipa, kind->empty ? 0 : OLD), "the guest does not see it");
	if (write) {
		expect_eq(guest_access(g, PVM_FILL, ipa, NEW), 0);
		expect_eq(*mem, NEW);
	}
	expect_eq(map_once(g, domain, iova, ipa, page_size, RW), write ? mapped : 0);
	/* What is the VM's for good keeps the slot where it is */
	expect_eq(set_slot(&g->pvm, 1 + nr, kind->slot, ipa + page_size, page_size, mem),
		  kind->pinned ? EPERM : 0);
	expect_eq(set_slot(&g->pvm, 1 + nr, kind->slot, ipa, 0, mem), kind->pinned ? EPERM : 0);
	munmap(mem, page_size);
	if (test_failed)
		ktap_line("# %s", kind->name);
}

static void test_kinds(void)
{
	struct guest g;
	uint64_t domain = open_mapped(&g, 2);

	if (!domain)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !test_failed; i++)
		try_kind(&g, domain, &kinds[i]);
	close_mapped(&g);
}

/* Another file where the VMM has had one: the guest sees what the VMM sees */
static void replace(uint64_t *mem, uint64_t value)
{
	int fd = make_file(ON_FS, value);

	expect(mmap(mem, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == mem,
	       "errno %d", errno);
	close(fd);
}

/* What is not pinned goes back when the host wants it, even in the middle of its own DMA */
static void test_comes_and_goes(void)
{
	uint64_t *mem, phys, p = page_size;
	int host, fd = make_file(ON_FS, OLD);
	struct guest g;

	if (!open_mapped(&g, 2))
		return;
	mem = mmap(NULL, p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect_eq(set_slot(&g.pvm, 1, 0, SLOTS, p, mem), 0);
	expect(guest_has(&g, SLOTS, OLD), "the guest does not see it");
	expect_eq(guest_access(&g, PVM_FILL, SLOTS, NEW), 0);
	phys = virt_to_phys(mem);
	host = domain_open();
	expect_eq(domain_map(host, IOVA, phys, p, 3), 0);
	replace(mem, OLD + 1);
	expect(guest_has(&g, SLOTS, OLD + 1), "the guest has the former page");
	expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, SLOTS, 1), 0);
	expect_eq(guest_access(&g, PVM_FILL, SLOTS, NEW + 1), 0);
	expect_eq(*mem, NEW + 1);
	expect_eq(domain_unmap(host, IOVA, p), p);
	close(host);
	/* What the guest wrote is in the file */
	expect(pread(fd, &phys, 8, 0) == 8 && phys == NEW, "%#" PRIx64, phys);
	close(fd);
	munmap(mem, p);
	close_mapped(&g);
}

/* The zero page is no target for devices; what the VMM puts in its place is */
static void test_pinned_later(void)
{
	uint64_t *mem, p = page_size, iova = IOVA + PAGES * p;
	struct guest g;
	uint64_t domain = open_mapped(&g, 1);

	if (!domain)
		return;
	mem = mmap(NULL, p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect_eq(set_slot(&g.pvm, 1, KVM_MEM_READONLY, SLOTS, p, mem), 0);
	expect_eq(map_once(&g, domain, iova, SLOTS, p, PROT_DMA_READ), 0);
	expect(guest_has(&g, SLOTS, 0), "not zero");
	for (size_t i = 0; i < p / 8; i++)
		mem[i] = NEW ^ (page_ipa(0) + i * 8);
	expect(guest_has(&g, SLOTS, *mem), "the guest has the zero page still");
	expect_eq(map_once(&g, domain, iova, SLOTS, p, PROT_DMA_READ | PROT_CACHE), p);
	edu_dma(&g, 0, false, iova, EDU_BYTES);
	edu_dma(&g, 0, true, IOVA, EDU_BYTES);
	expect_eq(guest_words(&g, PVM_COUNT_WRONG, 0, NEW), 0);
	munmap(mem, p);
	close_mapped(&g);
}

static uint64_t locked_bytes(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %llu", &kib);
	if (f)
		fclose(f);
	return kib * 1024;
}

/* Of one huge page; hugetlb ones are set aside first */
static void *make_block(size_t size, bool hugetlb)
{
	char *mem;

	if (hugetlb) {
		mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		return mem == MAP_FAILED ? NULL : mem;
	}
	mem = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	mem += -(uintptr_t)mem % size;
	madvise(mem, size, MADV_HUGEPAGE);
	return mem;
}

/* The guest touches one word of it, and has all of it, as its device has */
static void take_block(bool hugetlb)
{
	uint64_t domain, size, before, ipa = SLOTS;
	struct guest g;
	void *mem;

	domain = open_mapped(&g, 1);
	if (!domain)
		return;
	size = block_size(&g);
	mem = make_block(size, hugetlb);
	if (!expect(mem, "no huge page of %#" PRIx64 ", hugetlb %d", size, hugetlb))
		goto out;
	before = locked_bytes();
	expect_eq(set_slot(&g.pvm, 1, 0, ipa, size, mem), 0);
	expect_eq(guest_access(&g, PVM_FILL, ipa + size / 2, NEW), 0);
	expect_eq(locked_bytes() - before, size);
	expect_eq(map_once(&g, domain, 4 * size, ipa, size, RW), size);
	/* It is one entry, of which a device has all */
	expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_GUEST, ipa, 1), -E2BIG);
	expect_eq(raw_any(PKVM_TEST_HVC_UNSHARE_GUEST, ipa, size / page_size), -EBUSY);
	/* The VM and its device keep it, and the host must not have it for others */
	expect_eq(munmap(mem, size), 0);
	edu_dma(&g, 0, false, IOVA, 8);
	edu_dma(&g, 0, true, 4 * size + size / 2 + 8, 8);
	expect(guest_has(&g, ipa + size / 2, NEW), "another word than written");
	/* touch() left its address in the first word of a page */
	expect(guest_has(&g, ipa + size / 2 + 8, page_ipa(0)), "no DMA");
out:
	before = locked_bytes();
	close_mapped(&g);
	expect(locked_bytes() < before, "%" PRIu64 " bytes stay locked", locked_bytes());
}

/* The VMM has other memory where the guest keeps a page, from a block it only reads */
static void *put_block_around(char *mem, size_t size)
{
	if (mmap(mem, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != mem)
		fatal("errno %d", errno);
	madvise(mem, size, MADV_HUGEPAGE);
	memset(mem, 0, size);
	expect_eq(err(mprotect(mem, size, PROT_READ)), 0);
	return mem;
}

/* No block, pinned or not, takes the place of a page that is */
static void test_beside_pinned(void)
{
	uint64_t domain, size, before, p = page_size, ipa = SLOTS;
	struct guest g;
	char *mem;

	domain = open_mapped(&g, 1);
	if (!domain)
		return;
	size = block_size(&g);
	mem = make_block(size, false);
	madvise(mem, size, MADV_NOHUGEPAGE);
	before = locked_bytes();
	expect_eq(set_slot(&g.pvm, 1, 0, ipa, size, mem), 0);
	expect_eq(guest_access(&g, PVM_FILL, ipa + p, NEW), 0);
	put_block_around(mem, size);
	expect(guest_has(&g, ipa, 0), "the guest does not see it");
	expect(guest_has(&g, ipa + p, NEW), "the guest has lost its page");
	expect_eq(raw_any(PKVM_TEST_HVC_WRPROTECT_GUEST, ipa, 1), 0);
	expect_eq(map_once(&g, domain, IOVA + p, ipa, p, PROT_DMA_READ | PROT_CACHE), 0);
	expect_eq(map_once(&g, domain, IOVA + p, ipa + p, p, RW), p);
	expect_eq(locked_bytes() - before, p);
	expect_eq(err(mprotect(mem, size, PROT_READ | PROT_WRITE)), 0);
	expect_eq(guest_access(&g, PVM_FILL, ipa, NEW + 1), 0);
	expect_eq(*(uint64_t *)mem, NEW + 1);
	expect(guest_has(&g, ipa + p, NEW), "the guest has lost its page");
	expect_eq(map_once(&g, domain, IOVA + 2 * p, ipa, p, RW), p);
	expect_eq(locked_bytes() - before, 2 * p);
	munmap(mem, size);
	close_mapped(&g);
}

static void write_number(const char *name, unsigned int number)
{
	FILE *f = fopen(name, "w");

	if (!f || fprintf(f, "%u\n", number) < 0 || fclose(f))
		fatal("%s", name);
}

static void test_blocks(void)
{
	uint64_t locked = locked_bytes();

	take_block(false);
	write_number("/proc/sys/vm/nr_hugepages", 1);
	take_block(true);
	write_number("/proc/sys/vm/nr_hugepages", 0);
	expect_eq(locked_bytes(), locked);
}

static const struct test tests[] = {
	{ "plain_memory_kinds", test_kinds },
	{ "plain_memory_comes_and_goes", test_comes_and_goes },
	{ "plain_memory_pinned_later", test_pinned_later },
	{ "plain_memory_blocks", test_blocks },
	{ "plain_memory_beside_pinned", test_beside_pinned },
};

int main(int argc, char **argv)
{
	(void)argc;
	test_open();
	open_pair(&pair);
	if (!engine_get(0, &engine))
		fatal("no engine");
	mkdir(FS, 0700);
	if (mount("none", FS, "ramfs", 0, NULL))
		fatal("ramfs");
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
