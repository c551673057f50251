// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest driver of the pKVM paravirtual IOMMU: reports the faults of devices.
 *
 * EL2 has one queue for the faults of all pvIOMMUs of the VM. The queue has room for a few
 * faults; EL2 counts the others. The host notifies the VMM of each fault, and the VMM raises
 * the interrupt of the pvIOMMU, if the pvIOMMU has one.
 */
#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/interrupt.h>
#include <linux/platform_device.h>
#include <linux/string_choices.h>

#include "pviommu.h"

/* Interval to poll for faults without an interrupt. Polling does not wake a CPU. */
#define POLL_INTERVAL		(2 * HZ)

/* All pvIOMMUs, by number. They are never unbound. */
static DEFINE_XARRAY(pviommus);

static const char *event_text(u32 type)
{
	switch (type) {
	case 0x10:
		return "F_TRANSLATION (not mapped)";
	case 0x11:
		return "F_ADDR_SIZE (address too large)";
	case 0x12:
		return "F_ACCESS (access flag)";
	case 0x13:
		return "F_PERMISSION (not permitted)";
	default:
		return "see the event in the SMMUv3 specification";
	}
}

static void log_event(struct device *dev, u32 pviommu, u32 vsid, u64 iova,
		      u64 info)
{
	u32 type = FIELD_GET(PVIOMMU_EVENT_TYPE, info);

	if (info & PVIOMMU_EVENT_IOVA)
		dev_err_ratelimited(dev, "fault: vSID %#x of pvIOMMU %u: %s%s%s of IOVA %#llx: %s\n",
				    vsid, pviommu,
				    info & PVIOMMU_EVENT_PRIV ? "privileged " : "",
				    info & PVIOMMU_EVENT_INSTR ? "instruction " : "",
				    str_read_write(info & PVIOMMU_EVENT_READ),
				    iova, event_text(type));
	else
		dev_err_ratelimited(dev, "fault: vSID %#x of pvIOMMU %u: %#x: %s\n",
				    vsid, pviommu, type, event_text(type));
}

static void handle_event(struct pviommu *asking, u64 name, u64 iova, u64 info)
{
	u32 id = lower_32_bits(name), vsid = upper_32_bits(name);
	struct pviommu *pviommu = xa_load(&pviommus, id);
	struct pviommu_master *master;
	int ret = -ENODEV;

	/* The VM has a pvIOMMU that its device tree does not name */
	if (!pviommu) {
		log_event(asking->dev, id, vsid, iova, info);
		return;
	}

	guard(mutex)(&pviommu->lock);
	master = xa_load(&pviommu->streams, vsid);
	if (master && master->domain && info & PVIOMMU_EVENT_IOVA)
		ret = report_iommu_fault(master->domain, master->dev, iova,
					 info & PVIOMMU_EVENT_READ ?
					 IOMMU_FAULT_READ : IOMMU_FAULT_WRITE);
	if (ret)
		log_event(master ? master->dev : pviommu->dev, id, vsid, iova,
			  info);
}

/*
 * Handle all faults in the queue. The loop ends: EL2 adds faults only when the host reads
 * the event queue of the SMMU, which the host does more slowly than this loop.
 */
static void drain(struct pviommu *pviommu)
{
	struct arm_smccc_res res;
	u64 lost;

	do {
		if (pviommu_call(PVIOMMU_OP_GET_EVENT, 0, 0, 0, 0, 0, &res))
			return;

		lost = FIELD_GET(PVIOMMU_EVENT_LOST, res.a3);
		if (lost)
			dev_err_ratelimited(pviommu->dev, "%llu faults were lost, EL2 had no room for them\n",
					    lost);
		if (res.a3 & PVIOMMU_EVENT_VALID)
			handle_event(pviommu, res.a1, res.a2, res.a3);
		cond_resched();
	} while (res.a3 & PVIOMMU_EVENT_VALID);
}

static irqreturn_t events_thread(int irq, void *data)
{
	drain(data);

	return IRQ_HANDLED;
}

static void events_poll(struct work_struct *work)
{
	struct pviommu *pviommu = container_of(work, struct pviommu, poll.work);

	drain(pviommu);
	queue_delayed_work(system_dfl_wq, &pviommu->poll, POLL_INTERVAL);
}

/**
 * pviommu_events_init() - begin to report the faults of devices
 * @pviommu: the pvIOMMU
 * @pdev: its platform device
 *
 * Return: 0, or an errno, after which the driver does not report faults.
 */
int pviommu_events_init(struct pviommu *pviommu, struct platform_device *pdev)
{
	int irq, ret;

	if (!pviommu->has_events)
		return -EOPNOTSUPP;
	ret = xa_insert(&pviommus, pviommu->id, pviommu, GFP_KERNEL);
	if (ret)
		return ret;

	irq = platform_get_irq_optional(pdev, 0);
	if (irq > 0)
		return devm_request_threaded_irq(&pdev->dev, irq, NULL,
						 events_thread, IRQF_ONESHOT,
						 dev_name(&pdev->dev), pviommu);

	INIT_DEFERRABLE_WORK(&pviommu->poll, events_poll);
	queue_delayed_work(system_dfl_wq, &pviommu->poll, POLL_INTERVAL);

	return 0;
}
