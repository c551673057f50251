// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm-iommu-stat: whether the pKVM hypervisor isolates DMA, and behind what not;
 * which devices are behind its SMMUs, whose they are, what the VM calls them, what is
 * mapped for them, what they did wrong. All of that is known to the host: it is in
 * sysfs and debugfs, see Documentation/virt/kvm/arm/pkvm-iommu-host-abi.rst.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSFS		"/sys/kernel/pkvm"
#define DEBUGFS		"/sys/kernel/debug/pkvm-smmu"

/* A line of the file "streams"; "-" where there is nothing */
struct stream {
	char sid[24], device[64], domain[16], faults[24];
	char vm[24], pviommu[24], vsid[24], mapped[24];
};

/* A file with one number, or one word, as text */
static const char *number(const char *dir, const char *name, char *buf, size_t size)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f || !fgets(buf, size, f))
		snprintf(buf, size, "?");
	if (f)
		fclose(f);
	buf[strcspn(buf, "\n")] = 0;
	return buf;
}

static void owner_of(const struct stream *s, char *buf, size_t size)
{
	if (strcmp(s->vm, "-"))
		snprintf(buf, size, "VM %s", s->vm);
	else
		snprintf(buf, size, "host");
}

/* Bytes as people read them, if that loses nothing */
static void bytes_of(const struct stream *s, char *buf, size_t size)
{
	static const char * const unit[] = { "", " KiB", " MiB", " GiB" };
	unsigned long long bytes;
	unsigned int i = 0;
	char *end;

	bytes = strtoull(s->mapped, &end, 10);
	if (end == s->mapped || *end) {
		snprintf(buf, size, "-");
		return;
	}
	while (bytes && i < 3 && !(bytes % 1024)) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, size, "%llu%s", bytes, unit[i]);
}

static void print_row(const char *sid, const char *device, const char *owner,
		      const char *pviommu, const char *vsid, const char *domain,
		      const char *mapped, const char *faults)
{
	printf("  %-8s %-22s %-10s %-8s %-11s %-9s %-10s %s\n", sid, device, owner,
	       pviommu, vsid, domain, mapped, faults);
}

static void print_stream(const struct stream *s)
{
	char owner[32], mapped[32];

	owner_of(s, owner, sizeof(owner));
	bytes_of(s, mapped, sizeof(mapped));
	print_row(s->sid, s->device, owner, s->pviommu, s->vsid,
		  strcmp(s->domain, "vm") ? s->domain : "-", mapped, s->faults);
}

static bool print_smmu(const char *name)
{
	char dir[300], path[512], stage[24], ias[24], faults[24], line[512];
	struct stream s;
	FILE *f;

	snprintf(dir, sizeof(dir), "%s/%s", DEBUGFS, name);
	snprintf(path, sizeof(path), "%s/streams", dir);
	f = fopen(path, "r");
	if (!f)
		return false;
	printf("SMMU %s: stage %s, %s-bit addresses, %s faults\n", name,
	       number(dir, "stage", stage, sizeof(stage)),
	       number(dir, "ias", ias, sizeof(ias)),
	       number(dir, "faults", faults, sizeof(faults)));
	print_row("STREAM", "DEVICE", "OWNER", "PVIOMMU", "VSID", "DOMAIN", "MAPPED",
		  "FAULTS");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%23s %63s %15s %23s %23s %23s %23s %23s", s.sid,
			   s.device, s.domain, s.faults, s.vm, s.pviommu, s.vsid,
			   s.mapped) == 8)
			print_stream(&s);
	}
	fclose(f);
	return true;
}

/* "full", or what is missing, a line for each IOMMU or bus */
static void print_isolation(void)
{
	char level[24], state[16], node[256], why[128], line[512];
	FILE *f;

	printf("DMA isolation: %s\n", number(SYSFS, "dma_isolation", level, sizeof(level)));
	f = fopen(DEBUGFS "/isolation", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%15s %255s %127[^\n]", state, node, why) == 3 &&
		    strcmp(state, "isolated"))
			printf("  %-8s %s: %s\n", state, node, why);
	}
	if (f)
		fclose(f);
}

int main(void)
{
	char pages[24], vm_pages[24];
	struct dirent *entry;
	DIR *d;
	int nr = 0;

	print_isolation();
	d = opendir(DEBUGFS);
	if (!d) {
		fprintf(stderr, "pkvm-iommu-stat: " DEBUGFS ": %s\n", strerror(errno));
		return 1;
	}
	while ((entry = readdir(d))) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			nr += print_smmu(entry->d_name);
	}
	closedir(d);
	printf("Pages lent to EL2: %s by the host, %s for VMs\n",
	       number(DEBUGFS, "pages", pages, sizeof(pages)),
	       number(DEBUGFS, "vm_pages", vm_pages, sizeof(vm_pages)));
	return !nr;
}
