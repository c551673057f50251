// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM IOMMU host driver: the state of IOMMUs and streams in debugfs.
 *
 *	pkvm-smmu/pages			pages that the host has donated to its pool
 *	pkvm-smmu/vm_pages		pages that the host has donated to pools of VMs
 *	pkvm-smmu/isolation		"<open|blocked|isolated> <node> <why>" for each
 *					IOMMU that firmware describes, and for each PCI
 *					bus behind no IOMMU
 *	pkvm-smmu/<iommu>/stage		stage in use
 *	pkvm-smmu/<iommu>/ias		input address bits of a paging domain
 *	pkvm-smmu/<iommu>/faults	number of fault records
 *	pkvm-smmu/<iommu>/streams	"<stream ID> <device> <domain> <faults> <VM>
 *					<pvIOMMU> <vSID> <bytes mapped>" for each
 *					stream; the domain is "vm" if a VM owns the
 *					stream. "-" stands for a field that does not
 *					apply, or that the host does not know
 */
#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "host.h"

static struct dentry *root;

static int pages_get(void *data, u64 *val)
{
	*val = atomic_long_read(&pkvm_iommu_donated_pages);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(pages_fops, pages_get, NULL, "%llu\n");

static int vm_pages_get(void *data, u64 *val)
{
	*val = atomic_long_read(&pkvm_iommu_donated_vm_pages);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(vm_pages_fops, vm_pages_get, NULL, "%llu\n");

static int isolation_show(struct seq_file *s, void *unused)
{
	pkvm_iommu_show_coverage(s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(isolation);

static int stage_get(void *data, u64 *val)
{
	struct pkvm_iommu *iommu = data;

	*val = FIELD_GET(PKVM_IOMMU_INFO_STAGE, iommu->info);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(stage_fops, stage_get, NULL, "%llu\n");

static const char *domain_str(const struct iommu_domain *domain)
{
	if (!domain || domain->type == IOMMU_DOMAIN_BLOCKED)
		return "blocked";
	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return "identity";

	return "paging";
}

static const char *stream_str(const struct pkvm_iommu_stream *stream,
			      const struct pkvm_iommu_master *master)
{
	if (stream->vm)
		return "vm";
	if (master)
		return domain_str(master->domain);

	/* The device was removed: the stream has kept its domain */
	return stream->handle == PKVM_IOMMU_DOMAIN_IDENTITY ? "identity" : "blocked";
}

/* The host knows the route of a VM's stream, but not what the VM maps */
static void show_stream(struct seq_file *s, const struct pkvm_iommu_stream *stream,
			const struct pkvm_iommu_master *master)
{
	struct iommu_domain *domain = master ? master->domain : NULL;

	seq_printf(s, "%#x %s %s %d", stream->sid,
		   master ? dev_name(master->dev) : "-", stream_str(stream, master),
		   master ? atomic_read(&master->faults) : 0);
	if (stream->vm)
		seq_printf(s, " %#x", stream->vm);
	else
		seq_puts(s, " -");
	if (stream->named)
		seq_printf(s, " %u %#x", stream->pviommu, stream->vsid);
	else
		seq_puts(s, " - -");
	if (!stream->vm && domain && domain->type & __IOMMU_DOMAIN_PAGING)
		seq_printf(s, " %ld\n",
			   atomic_long_read(&to_pkvm_iommu_domain(domain)->mapped));
	else
		seq_puts(s, " -\n");
}

static int streams_show(struct seq_file *s, void *unused)
{
	struct pkvm_iommu *iommu = s->private;
	struct pkvm_iommu_stream_user *user;
	struct pkvm_iommu_stream *stream;
	unsigned long sid;

	guard(mutex)(&iommu->streams_lock);
	xa_for_each(&iommu->streams, sid, stream) {
		if (list_empty(&stream->users))
			show_stream(s, stream, NULL);
		list_for_each_entry(user, &stream->users, node)
			show_stream(s, stream, user->master);
	}

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(streams);

/**
 * pkvm_iommu_debugfs_init() - make the files that are about all IOMMUs
 */
void pkvm_iommu_debugfs_init(void)
{
	root = debugfs_create_dir("pkvm-smmu", NULL);
	debugfs_create_file_unsafe("pages", 0444, root, NULL, &pages_fops);
	debugfs_create_file_unsafe("vm_pages", 0444, root, NULL, &vm_pages_fops);
	debugfs_create_file("isolation", 0444, root, NULL, &isolation_fops);
}

/**
 * pkvm_iommu_debugfs_add() - make the files of an IOMMU
 * @iommu: the IOMMU
 */
void pkvm_iommu_debugfs_add(struct pkvm_iommu *iommu)
{
	struct dentry *dir = debugfs_create_dir(dev_name(iommu->dev), root);

	debugfs_create_file_unsafe("stage", 0444, dir, iommu, &stage_fops);
	debugfs_create_u32("ias", 0444, dir, &iommu->ias);
	debugfs_create_atomic_t("faults", 0444, dir, &iommu->faults);
	debugfs_create_file("streams", 0444, dir, iommu, &streams_fops);
}
