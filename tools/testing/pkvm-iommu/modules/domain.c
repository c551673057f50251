// SPDX-License-Identifier: GPL-2.0-only
/* Paging domains, through the API that every IOMMU driver serves. */
#include <linux/iommu.h>
#include <linux/rwsem.h>

#include "internal.h"

static int domain_fault(struct iommu_domain *domain, struct device *dev,
			unsigned long iova, int flags, void *token)
{
	if (iova >> 12 != PKVM_TEST_HANDLED_IOVA >> 12)
		return -EFAULT;

	dev_info(dev, "test handler: %s of %#lx\n",
		 flags & IOMMU_FAULT_WRITE ? "write" : "read", iova);
	return 0;
}

static int domain_alloc(struct test_file *file, struct device *dev)
{
	struct iommu_domain *domain;

	if (file->domain)
		return -EBUSY;
	domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	iommu_set_fault_handler(domain, domain_fault, NULL);
	file->domain = domain;
	return 0;
}

static int domain_attach(struct test_file *file, struct device *dev)
{
	int ret;

	if (file->attached)
		return -EBUSY;
	ret = iommu_attach_device(file->domain, dev);
	if (!ret)
		file->attached = dev;
	return ret;
}

static int domain_detach(struct test_file *file)
{
	if (!file->attached)
		return -ENODEV;
	iommu_detach_device(file->domain, file->attached);
	file->attached = NULL;
	return 0;
}

static int domain_free(struct test_file *file)
{
	if (file->attached)
		return -EBUSY;
	iommu_domain_free(file->domain);
	file->domain = NULL;
	return 0;
}

static size_t unmap_lazy(struct iommu_domain *domain, unsigned long iova,
			 size_t size)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	gather.queued = true;

	return iommu_unmap_fast(domain, iova, size, &gather);
}

/* Mappings may change at the same time, as in any driver */
static int domain_mapping(struct test_file *file, unsigned int cmd,
			  struct pkvm_test_map *map)
{
	guard(rwsem_read)(&file->domain_lock);
	if (!file->domain)
		return -ENOENT;

	switch (cmd) {
	case PKVM_TEST_MAP:
		return iommu_map(file->domain, map->iova, map->phys, map->size,
				 map->prot, GFP_KERNEL);
	case PKVM_TEST_UNMAP:
		map->size = iommu_unmap(file->domain, map->iova, map->size);
		return 0;
	case PKVM_TEST_UNMAP_LAZY:
		map->size = unmap_lazy(file->domain, map->iova, map->size);
		return 0;
	case PKVM_TEST_FLUSH:
		iommu_flush_iotlb_all(file->domain);
		return 0;
	default:
		map->phys = iommu_iova_to_phys(file->domain, map->iova);
		return 0;
	}
}

int domain_ioctl(struct test_file *file, unsigned int cmd,
		 struct pkvm_test_map *map)
{
	struct device *dev = engine_device(map->engine);

	if (cmd == PKVM_TEST_MAP || cmd == PKVM_TEST_UNMAP ||
	    cmd == PKVM_TEST_UNMAP_LAZY || cmd == PKVM_TEST_FLUSH ||
	    cmd == PKVM_TEST_IOVA_TO_PHYS)
		return domain_mapping(file, cmd, map);

	guard(rwsem_write)(&file->domain_lock);
	if (cmd == PKVM_TEST_DOMAIN_ALLOC)
		return dev ? domain_alloc(file, dev) : -ENODEV;
	if (!file->domain)
		return -ENOENT;

	switch (cmd) {
	case PKVM_TEST_DOMAIN_FREE:
		return domain_free(file);
	case PKVM_TEST_DOMAIN_ATTACH:
		return dev ? domain_attach(file, dev) : -ENODEV;
	case PKVM_TEST_DOMAIN_DETACH:
		return domain_detach(file);
	default:
		return -ENOTTY;
	}
}

void domain_release(struct test_file *file)
{
	if (!file->domain)
		return;
	if (file->attached)
		domain_detach(file);
	domain_free(file);
}
