// SPDX-License-Identifier: GPL-2.0-only
/*
 * Take-over: at boot the host, still trusted, hands its IOMMUs to EL2. With the first
 * call about an IOMMU EL2 takes its registers from the host and makes it abort all DMA.
 */
#include <asm/kvm_mmu.h>

#include <linux/log2.h>
#include <linux/nospec.h>

#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/mm.h>

#include <core/domain.h>
#include <device/device.h>

#define IOMMU_MAX_NR		(PAGE_SIZE / sizeof(struct hyp_iommu *))

struct iommu_owner iommu_host;
struct iommu_pgtable_cfg iommu_cfg;

struct hyp_iommu **hyp_iommus;
unsigned int hyp_nr_iommus;

struct hyp_iommu *iommu_by_id(u64 id)
{
	if (id >= hyp_nr_iommus)
		return NULL;
	id = array_index_nospec(id, hyp_nr_iommus);

	return hyp_iommus[id]->ready ? hyp_iommus[id] : NULL;
}

static u64 end_of_memory(void)
{
	const struct memblock_region *last = &hyp_memory[hyp_memblock_nr - 1];

	return hyp_memblock_nr ? last->base + last->size : 0;
}

static bool range_is_free(u64 base, u64 size)
{
	struct hyp_iommu *iommu;
	unsigned int i;

	for (i = 0; i < hyp_memblock_nr; i++) {
		if (base < hyp_memory[i].base + hyp_memory[i].size &&
		    hyp_memory[i].base < base + size)
			return false;
	}
	for_each_iommu(iommu) {
		if (base < iommu->mmio.base + iommu->mmio.size && iommu->mmio.base < base + size)
			return false;
	}

	return true;
}

/* Map the registers at EL2 and unmap them from the host's stage 2 */
static long claim_registers(u64 base, u64 size)
{
	struct hyp_iommu *iommu;
	unsigned long va;

	if (!PAGE_ALIGNED(base | size) || size < HW_REGISTERS_MIN || base + size < base ||
	    !range_is_free(base, size))
		return -EINVAL;

	if (!hyp_iommus)
		hyp_iommus = host_idmap_alloc(1);
	if (!hyp_iommus || hyp_nr_iommus == IOMMU_MAX_NR)
		return -ENOSPC;
	iommu = host_idmap_alloc(1);
	if (!iommu)
		return -ENOSPC;
	/* -ENOSPC tells the host that EL2 has not taken the IOMMU, which can do DMA */
	if (__pkvm_create_private_mapping(base, size, PAGE_HYP_DEVICE, &va))
		return -ENOSPC;

	iommu->mmio = (struct mmio_range) { .base = base, .size = size };
	hyp_spin_lock_init(&iommu->lock);
	hw_init(iommu, (void __iomem *)va);
	hyp_iommus[hyp_nr_iommus] = iommu;

	return mmio_keep(&iommu->mmio) ? -ENOSPC : hyp_nr_iommus++;
}

static long find_registers(u64 base, u64 size)
{
	unsigned int i;

	for (i = 0; i < hyp_nr_iommus; i++) {
		if (hyp_iommus[i]->mmio.base == base && hyp_iommus[i]->mmio.size == size)
			return i;
	}

	return claim_registers(base, size);
}

/* Memory of an IOMMU: the driver's, then the core's streams, then the bitmap of IDs */
static size_t ids_size(const struct hyp_iommu *iommu)
{
	return PAGE_ALIGN(iommu->max_ids / BITS_PER_BYTE);
}

static size_t memory_size(const struct hyp_iommu *iommu)
{
	return iommu->mem_size + PAGE_ALIGN(stream_table_size(iommu)) + ids_size(iommu);
}

static int use_memory(struct hyp_iommu *iommu, void *mem)
{
	int ret;

	memset(mem, 0, memory_size(iommu));
	iommu->streams = mem + iommu->mem_size;
	iommu->ids = mem + memory_size(iommu) - ids_size(iommu);
	ret = hw_reset(iommu, mem);
	iommu->ready = !ret;

	return ret;
}

long iommu_register(u64 base, u64 size, u64 flags, u64 pfn, u64 nr_pages, u64 *out)
{
	struct hyp_iommu *iommu;
	long id;
	int ret;

	if (flags & ~(u64)PKVM_IOMMU_F_ALL)
		return -EINVAL;
	id = find_registers(base, size);
	if (id < 0)
		return id;
	iommu = hyp_iommus[id];
	if (iommu->ready)
		return -EBUSY;

	ret = hw_probe(iommu, flags, out);
	if (ret)
		return ret;
	if (!*out && end_of_memory() > BIT_ULL(iommu->oas))
		*out = PKVM_IOMMU_BAD_OAS;
	if (*out)
		return -EOPNOTSUPP;

	*out = memory_size(iommu) >> PAGE_SHIFT;
	if (nr_pages < *out)
		return -ENOMEM;
	if (!is_power_of_2(nr_pages) || !IS_ALIGNED(pfn, nr_pages))
		return -EINVAL;
	ret = __pkvm_host_donate_hyp(pfn, nr_pages);
	if (ret)
		return ret;

	return use_memory(iommu, hyp_phys_to_virt(hyp_pfn_to_phys(pfn))) ?: id;
}

/*
 * Choose one format for all IOMMUs, as a domain can be attached to any of them. Returns
 * true if the identity map can use blocks.
 */
static bool choose_format(void)
{
	bool s1 = true, s2 = true, coherent = true, blocks = true;
	u8 oas = IOMMU_MAX_BITS;
	struct hyp_iommu *iommu;

	for_each_iommu(iommu) {
		if (!iommu->ready)
			continue;
		s1 &= iommu->stage1;
		s2 &= iommu->stage2;
		coherent &= iommu->coherent;
		blocks &= iommu->bbml2;
		oas = min(oas, iommu->oas);
	}
	iommu_cfg = (struct iommu_pgtable_cfg) {
		.stage		= s1 && !s2 ? 1 : 2,
		.oas		= oas,
		.coherent	= coherent,
	};
	iommu_cfg.paging_ias = iommu_pgtable_paging_ias(&iommu_cfg);

	return blocks;
}

static bool speaks_format(const struct hyp_iommu *iommu)
{
	return iommu_cfg.stage == 1 ? iommu->stage1 : iommu->stage2;
}

bool pkvm_iommu_active(void)
{
	return hyp_nr_iommus;
}

void pkvm_iommu_resume(void)
{
	struct hyp_iommu *iommu;

	for_each_iommu(iommu)
		hw_resume(iommu);
}

int iommu_finalise(u64 flags)
{
	struct hyp_iommu *iommu;
	int ret;

	if (host_idmap)
		return -EBUSY;
	if (!hyp_nr_iommus)
		return -ENODEV;

	ret = hyp_device_set_policy(flags);
	if (!ret)
		ret = host_idmap_build(choose_format());
	if (ret)
		return ret;

	for_each_iommu(iommu) {
		/* If this fails, the IOMMU stays off and aborts; others go on (I8) */
		if (iommu->ready)
			iommu->ready = speaks_format(iommu) &&
				       !hw_enable(iommu, iommu_cfg.stage);
	}

	return 0;
}
