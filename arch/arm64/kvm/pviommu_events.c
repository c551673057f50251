// SPDX-License-Identifier: GPL-2.0-only
/*
 * pvIOMMUs of VMs under pKVM: the queue of device faults that the VMM reads.
 *
 * A device can cause faults at any rate. So the queue has a fixed size, and KVM counts
 * the faults for which it has no room.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "pviommu.h"

/* kvm_pviommu_events_add() copies the flags without translating them */
static_assert(!((KVM_PVIOMMU_EVENT_PRIV ^ PKVM_IOMMU_EVENT_PRIV) |
		(KVM_PVIOMMU_EVENT_INSTR ^ PKVM_IOMMU_EVENT_INSTR) |
		(KVM_PVIOMMU_EVENT_READ ^ PKVM_IOMMU_EVENT_READ) |
		(KVM_PVIOMMU_EVENT_ACCESS ^ PKVM_IOMMU_EVENT_ACCESS) |
		(KVM_PVIOMMU_EVENT_DEAD ^ PKVM_IOMMU_EVENT_DEAD)));

/**
 * kvm_pviommu_events_init() - set up the queue of a pvIOMMU
 * @events: the queue, zeroed
 */
void kvm_pviommu_events_init(struct kvm_pviommu_events *events)
{
	spin_lock_init(&events->lock);
	init_waitqueue_head(&events->wait);
	INIT_KFIFO(events->fifo);
}

/**
 * kvm_pviommu_events_add() - queue a fault and wake the readers
 * @events: queue of the pvIOMMU
 * @event: the fault
 */
void kvm_pviommu_events_add(struct kvm_pviommu_events *events,
			    const struct pkvm_iommu_event *event)
{
	const struct kvm_pviommu_event ev = {
		.size	= sizeof(ev),
		.vsid	= event->vsid,
		.type	= event->type,
		.flags	= event->flags,
	};

	scoped_guard(spinlock, &events->lock) {
		if (!kfifo_put(&events->fifo, ev))
			events->lost++;
	}
	wake_up_interruptible_poll(&events->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * kvm_pviommu_events_end() - mark the end of the faults and wake the readers
 * @events: queue of a pvIOMMU whose VM is gone
 */
void kvm_pviommu_events_end(struct kvm_pviommu_events *events)
{
	scoped_guard(spinlock, &events->lock)
		events->ended = true;
	wake_up_interruptible_poll(&events->wait,
				   EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

static bool dequeue(struct kvm_pviommu_events *events,
		    struct kvm_pviommu_event *ev)
{
	guard(spinlock)(&events->lock);
	if (!kfifo_get(&events->fifo, ev))
		return false;
	ev->lost = events->lost;

	return true;
}

/* read() need not wait: there is an event, or the end of the events */
static bool is_readable(struct kvm_pviommu_events *events)
{
	guard(spinlock)(&events->lock);
	return !kfifo_is_empty(&events->fifo) || events->ended;
}

static bool has_ended(struct kvm_pviommu_events *events)
{
	guard(spinlock)(&events->lock);
	return events->ended;
}

static int wait_for_event(struct kvm_pviommu_events *events, bool nonblock)
{
	if (nonblock)
		return is_readable(events) ? 0 : -EAGAIN;

	return wait_event_interruptible(events->wait, is_readable(events));
}

/**
 * kvm_pviommu_events_read() - read() of the file of a pvIOMMU
 * @events: its queue
 * @buf: buffer of the VMM
 * @count: size of the buffer
 * @nonblock: do not wait for an event
 *
 * Return: number of bytes, always whole events; 0 if no event will follow; or an errno.
 */
ssize_t kvm_pviommu_events_read(struct kvm_pviommu_events *events,
				char __user *buf, size_t count, bool nonblock)
{
	struct kvm_pviommu_event ev;
	size_t done = 0;
	int ret;

	if (count < sizeof(ev))
		return -EINVAL;

	while (count - done >= sizeof(ev)) {
		if (!dequeue(events, &ev)) {
			/* Do not wait for more if there is something to return */
			if (done || has_ended(events))
				break;
			ret = wait_for_event(events, nonblock);
			if (ret)
				return ret;
			continue;
		}
		if (copy_to_user(buf + done, &ev, sizeof(ev)))
			return done ?: -EFAULT;
		done += sizeof(ev);
	}

	return done;
}

/**
 * kvm_pviommu_events_poll() - poll() of the file of a pvIOMMU
 * @events: its queue
 * @file: its file
 * @wait: the poll table of the caller
 *
 * Return: EPOLLIN if there is an event, EPOLLHUP if no event will follow.
 */
__poll_t kvm_pviommu_events_poll(struct kvm_pviommu_events *events,
				 struct file *file, poll_table *wait)
{
	poll_wait(file, &events->wait, wait);

	guard(spinlock)(&events->lock);
	return (kfifo_is_empty(&events->fifo) ? 0 : EPOLLIN | EPOLLRDNORM) |
	       (events->ended ? EPOLLHUP : 0);
}
