// SPDX-License-Identifier: GPL-2.0-only
/*
 * Assignable devices: change their owner, continue resets, map and lend registers.
 */
#include <nvhe/iommu.h>
#include <nvhe/mem_protect.h>
#include <nvhe/pkvm.h>

#include <core/domain.h>
#include <device/device.h>

/* Pages of registers that VMs have mapped; guarded by host_mmu.lock */
static DECLARE_BITMAP(mapped, HYP_DEVICE_MAX_PAGES);

/* Owner of the streams of groups that are LOST */
static struct iommu_owner nobody;

/* Iterator over the streams of a group, in a fixed order; begins zeroed */
struct stream_iter {
	struct hyp_device	*dev;
	u32			i;
};

static struct hyp_device_stream *next_stream(const struct hyp_device_group *group,
					     struct stream_iter *iter)
{
	while (!iter->dev || iter->i == iter->dev->nr_streams) {
		iter->dev = hyp_device_next(group, iter->dev);
		iter->i = 0;
		if (!iter->dev)
			return NULL;
	}

	return &iter->dev->streams[iter->i++];
}

/* Pass the streams that @from owns to @to; after a failed claim these are only some */
static void disown_streams(struct hyp_device_group *group, struct iommu_owner *from,
			   struct iommu_owner *to)
{
	struct hyp_device_stream *stream;
	struct stream_iter iter = { };

	while ((stream = next_stream(group, &iter)))
		stream_disown(from, stream->iommu, stream->sid, to);
}

static int check_streams(struct hyp_device_group *group)
{
	struct hyp_device_stream *stream;
	struct stream_iter iter = { };
	int ret;

	while ((stream = next_stream(group, &iter))) {
		ret = stream_check_free(stream->iommu, stream->sid);
		if (ret)
			return ret;
	}

	return 0;
}

/*
 * Claim all streams or none. A claimed stream is blocked, so it is safe to undo a claim.
 * check_streams() has just found all of them free, and other claims need vm_table_lock.
 * So a claim fails only if the host attaches a stream meanwhile, or if an IOMMU fails.
 * Then faults of the streams that the host has not polled yet are lost.
 */
static int claim_streams(struct hyp_device_group *group, struct iommu_owner *owner)
{
	struct hyp_device_stream *stream;
	struct stream_iter iter = { };
	int ret = 0;

	while (!ret && (stream = next_stream(group, &iter)))
		ret = stream_claim(owner, stream->iommu, stream->sid);
	if (ret)
		disown_streams(group, owner, NULL);

	return ret;
}

/* Unmap the registers from the host's stage 2; later faults of the host map them again */
static int unmap_from_host(struct hyp_device_group *group)
{
	struct hyp_device *dev;
	int ret = 0;
	u32 i;

	hyp_assert_lock_held(&host_mmu.lock);
	for (dev = hyp_device_next(group, NULL); dev; dev = hyp_device_next(group, dev)) {
		for (i = 0; i < dev->nr_ranges && !ret; i++)
			ret = kvm_pgtable_stage2_unmap(&host_mmu.pgt, dev->ranges[i].mmio.base,
						       dev->ranges[i].mmio.size);
	}

	return ret;
}

static void start_reset(struct hyp_device_group *group)
{
	struct hyp_device *dev;

	for (dev = hyp_device_next(group, NULL); dev; dev = hyp_device_next(group, dev)) {
		dev->reset_step = 0;
		dev->reset_done = false;
		dev->reset_deadline = 0;
	}
}

static bool may_take(struct hyp_device_group *group)
{
	struct hyp_device *dev;

	for (dev = hyp_device_next(group, NULL); dev; dev = hyp_device_next(group, dev)) {
		if (!dev->reset && !hyp_device_may_skip_reset)
			return false;
	}

	return !group->broken;
}

static int take_from_host(struct hyp_device_group *group, struct iommu_owner *owner)
{
	int ret;

	if (!may_take(group))
		return -EACCES;
	/* I1: CPUs of a plain VM can access registers of the group */
	if (group->lent)
		return -EBUSY;
	/* Claim last, since undoing a claim loses faults */
	ret = check_streams(group) ?: unmap_from_host(group) ?:
	      claim_streams(group, owner);
	if (ret)
		return ret;

	group->state = DEVICE_TO_VM;
	group->owner = owner;
	start_reset(group);

	return -EAGAIN;
}

int hyp_device_assign(struct hyp_device_group *group, struct iommu_owner *owner)
{
	int ret = -EBUSY;

	hyp_assert_lock_held(&vm_table_lock);
	hyp_spin_lock(&host_mmu.lock);
	if (group->state == DEVICE_HOST)
		ret = take_from_host(group, owner);
	else if (group->state == DEVICE_LOST)
		ret = -EIO;
	else if (group->owner == owner)
		ret = group->state == DEVICE_VM ? 0 : -EAGAIN;
	hyp_spin_unlock(&host_mmu.lock);

	return ret;
}

static int reset_group(struct hyp_device_group *group)
{
	struct hyp_device *dev;
	bool more = false;
	int ret;

	for (dev = hyp_device_next(group, NULL); dev; dev = hyp_device_next(group, dev)) {
		ret = dev->reset_done ? 0 : hyp_device_reset_one(dev);
		if (ret && ret != -EAGAIN)
			return ret;
		dev->reset_done = !ret;
		more |= ret == -EAGAIN;
	}

	return more ? -EAGAIN : 0;
}

static void forget_mapped(struct hyp_device_group *group)
{
	struct hyp_device *dev;
	u32 i, page, end;

	for (dev = hyp_device_next(group, NULL); dev; dev = hyp_device_next(group, dev)) {
		for (i = 0; i < dev->nr_ranges; i++) {
			page = dev->ranges[i].first_page;
			end = page + (dev->ranges[i].mmio.size >> PAGE_SHIFT);
			for (; page < end; page++)
				__clear_bit(page, mapped);
		}
	}
}

/* End a reset. A group whose reset failed is LOST for good (I8). */
static void leave_reset(struct hyp_device_group *group, int result)
{
	/* No other CPU changes the state during a reset */
	bool to_vm = group->state == DEVICE_TO_VM && !result;

	if (!to_vm)
		disown_streams(group, group->owner, result ? &nobody : NULL);

	hyp_spin_lock(&host_mmu.lock);
	if (to_vm) {
		group->state = DEVICE_VM;
	} else {
		group->state = result ? DEVICE_LOST : DEVICE_HOST;
		group->owner = NULL;
		forget_mapped(group);
	}
	hyp_spin_unlock(&host_mmu.lock);
}

int hyp_device_reset(struct hyp_device_group *group, struct iommu_owner *owner)
{
	int ret = -EAGAIN;

	if (cmpxchg_acquire(&group->resetting, 0, 1))
		return -EAGAIN;

	switch (READ_ONCE(group->state)) {
	case DEVICE_TO_VM:
	case DEVICE_TO_HOST:
		if (READ_ONCE(group->owner) != owner)
			break;
		ret = reset_group(group);
		if (ret != -EAGAIN)
			leave_reset(group, ret);
		break;
	default:
		/* Another CPU ended the reset; hyp_device_assign() returns the result */
		break;
	}
	/* Pairs with the cmpxchg above: the next CPU sees the progress */
	smp_store_release(&group->resetting, 0);

	return ret;
}

int hyp_device_return_all(struct iommu_owner *owner)
{
	unsigned int i;

	for (i = 0; i < PKVM_DEVICE_MAX; i++) {
		struct hyp_device_group *group = &hyp_device_groups[i];

		/* Only calls about this VM change whether it owns a group */
		if (READ_ONCE(group->owner) != owner)
			continue;
		if (group->state != DEVICE_TO_HOST) {
			hyp_spin_lock(&host_mmu.lock);
			group->state = DEVICE_TO_HOST;
			start_reset(group);
			hyp_spin_unlock(&host_mmu.lock);
		}
		/* If the reset fails, the group is LOST; the drain goes on without it */
		hyp_device_reset(group, owner);

		return -EAGAIN;
	}

	return 0;
}

int hyp_device_page_get(struct iommu_owner *owner, u64 phys)
{
	struct hyp_device_range *range;
	struct hyp_device *dev;
	u32 page;

	hyp_assert_lock_held(&host_mmu.lock);
	range = hyp_device_find_range(phys, &dev);
	if (!owner || !range || dev->group->owner != owner || dev->group->state != DEVICE_VM)
		return -EPERM;

	page = range->first_page + ((phys - range->mmio.base) >> PAGE_SHIFT);
	if (test_bit(page, mapped))
		return -EBUSY;
	__set_bit(page, mapped);

	return 0;
}

static struct hyp_device_group *group_at(u64 phys)
{
	struct hyp_device *dev;

	hyp_assert_lock_held(&host_mmu.lock);

	return hyp_device_find_range(phys, &dev) ? dev->group : NULL;
}

int pkvm_iommu_mmio_clamp(u64 addr, u64 *start, u64 *end)
{
	const struct mmio_range *range = mmio_clamp(addr, start, end);

	hyp_assert_lock_held(&host_mmu.lock);
	if (!range)
		return 0;

	return range->kept || group_at(addr)->state != DEVICE_HOST ? -EPERM : 0;
}

int pkvm_iommu_lend_registers(phys_addr_t phys, u64 size)
{
	struct hyp_device_group *group = group_at(phys);
	u64 start = 0, end = U64_MAX;
	int ret;

	ret = pkvm_iommu_mmio_clamp(phys, &start, &end);
	if (ret)
		return ret;
	if (phys < start || phys >= end || size > end - phys)
		return -EPERM;
	/* One for each leaf; page tables cannot hold so many leaves that this wraps */
	if (group)
		group->lent++;

	return 0;
}

void pkvm_iommu_take_back_registers(phys_addr_t phys)
{
	struct hyp_device_group *group = group_at(phys);

	if (group)
		group->lent--;
}

bool hyp_device_owned_by(const struct iommu_owner *owner)
{
	unsigned int i;

	for (i = 0; i < PKVM_DEVICE_MAX; i++) {
		if (READ_ONCE(hyp_device_groups[i].owner) == owner)
			return true;
	}

	return false;
}
