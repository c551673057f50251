// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that does not arrive before the test says so: /dev/pkvm_held_page. Whoever
 * touches where it is mapped waits, in the kernel too, without any lock of its address
 * space. read() returns when somebody does, write() lets the page arrive.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

struct held_page {
	wait_queue_head_t	wait;
	struct page		*page;
	bool			wanted;
	bool			given;
};

static int held_open(struct inode *inode, struct file *file)
{
	struct held_page *held = kzalloc_obj(*held);

	if (!held)
		return -ENOMEM;
	held->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!held->page) {
		kfree(held);
		return -ENOMEM;
	}
	init_waitqueue_head(&held->wait);
	file->private_data = held;

	return 0;
}

static int held_release(struct inode *inode, struct file *file)
{
	struct held_page *held = file->private_data;

	put_page(held->page);
	kfree(held);

	return 0;
}

static ssize_t held_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	struct held_page *held = file->private_data;
	int ret = wait_event_interruptible(held->wait, READ_ONCE(held->wanted));

	return ret ?: count;
}

static ssize_t held_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	struct held_page *held = file->private_data;

	WRITE_ONCE(held->given, true);
	wake_up_all(&held->wait);

	return count;
}

static vm_fault_t held_fault(struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	struct held_page *held = file->private_data;

	if (READ_ONCE(held->given)) {
		get_page(held->page);
		vmf->page = held->page;
		return 0;
	}
	if (!fault_flag_allow_retry_first(vmf->flags))
		return VM_FAULT_SIGBUS;

	get_file(file);
	release_fault_lock(vmf);
	WRITE_ONCE(held->wanted, true);
	wake_up_all(&held->wait);
	wait_event_killable(held->wait, READ_ONCE(held->given));
	fput(file);

	return VM_FAULT_RETRY;
}

static const struct vm_operations_struct held_vm_ops = {
	.fault	= held_fault,
};

static int held_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &held_vm_ops;

	return 0;
}

static const struct file_operations held_fops = {
	.owner		= THIS_MODULE,
	.open		= held_open,
	.release	= held_release,
	.read		= held_read,
	.write		= held_write,
	.mmap		= held_mmap,
};

static struct miscdevice held_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "pkvm_held_page",
	.fops	= &held_fops,
};
module_misc_device(held_device);

MODULE_DESCRIPTION("A page that does not arrive, for tests of the pKVM IOMMU");
MODULE_LICENSE("GPL");
