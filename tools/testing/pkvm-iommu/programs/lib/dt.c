// SPDX-License-Identifier: GPL-2.0-only
#include "dt.h"

static uint64_t dt_cells(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return be64toh(value);
}

static uint32_t dt_cell(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

/* Reads a whole file; the caller frees it */
static uint8_t *dt_read(const char *path, size_t *size)
{
	size_t room = 1 << 21;
	uint8_t *data = malloc(room);
	FILE *f = fopen(path, "re");

	if (!f || !data)
		fatal("%s", path);
	*size = fread(data, 1, room, f);
	fclose(f);
	return data;
}

static bool dt_has_string(const char *list, size_t len, const char *text)
{
	for (size_t at = 0; at < len; at += strlen(list + at) + 1) {
		if (!strcmp(list + at, text))
			return true;
	}
	return false;
}

static void dt_property(struct dt_node *node, const char *name, const uint8_t *data,
			size_t len, const char *compatible)
{
	if (!strcmp(name, "compatible"))
		node->wanted = dt_has_string((const char *)data, len, compatible);
	else if (!strcmp(name, "status"))
		node->off = strcmp((const char *)data, "okay");
	else if (!strcmp(name, "reg") && len >= sizeof(node->regs))
		node->regs = (struct dt_regs){ dt_cells(data), dt_cells(data + 8) };
}

/*
 * The nodes that are in use and compatible, in the order of the tree, which is that
 * of EL2's numbers; returns how many there are
 */
static unsigned int dt_find(const char *compatible, struct dt_regs *regs, unsigned int max)
{
	struct dt_node node = { };
	const uint8_t *at, *text;
	unsigned int found = 0;
	uint8_t *blob;
	uint32_t token;
	size_t size;

	blob = dt_read("/sys/firmware/fdt", &size);
	at = blob + dt_cell(blob + 8);
	text = blob + dt_cell(blob + 12);
	while ((token = dt_cell(at)) != FDT_END) {
		at += 4;
		if (token == FDT_PROP) {
			size = dt_cell(at);
			dt_property(&node, (const char *)text + dt_cell(at + 4), at + 8,
				    size, compatible);
			at += 8 + (size + 3) / 4 * 4;
		} else if (token != FDT_NOP) {
			if (node.open && node.wanted && !node.off && found < max)
				regs[found++] = node.regs;
			node = (struct dt_node){ .open = token == FDT_BEGIN_NODE };
			if (node.open)
				at += strlen((const char *)at) / 4 * 4 + 4;
		}
	}
	free(blob);
	return found;
}

/* The registers of the first node, or none */
struct dt_regs dt_regs(const char *compatible)
{
	struct dt_regs regs = { };

	dt_find(compatible, &regs, 1);
	return regs;
}

struct dt_regs smmus[MAX_SMMUS];

unsigned int nr_smmus(void)
{
	static unsigned int nr;

	if (!nr)
		nr = dt_find("arm,smmu-v3", smmus, MAX_SMMUS);
	return nr;
}

/* The number of the SMMU that a device of this bus is behind, and where that is */
unsigned int smmu_of(const char *bus, const char *name, uint64_t *base)
{
	char path[400];
	uint64_t found;
	uint8_t *regs;
	size_t size;

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/iommu/device/of_node/reg",
		 bus, name);
	regs = dt_read(path, &size);
	found = dt_cells(regs);
	free(regs);
	if (base)
		*base = found;
	for (unsigned int n = 0; n < nr_smmus(); n++) {
		if (smmus[n].base == found)
			return n;
	}
	fatal("%s is behind no SMMU", name);
}

unsigned int smmu_of_engine(const struct pkvm_test_engine *engine)
{
	return smmu_of(engine->platform ? "platform" : "pci", engine->name, NULL);
}

/* A stream ID of a platform device */
uint32_t stream_of(const char *name, unsigned int index)
{
	char path[400];
	uint8_t *iommus;
	uint32_t sid;
	size_t size;

	snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/of_node/iommus", name);
	iommus = dt_read(path, &size);
	if (size < 8 * (index + 1))
		fatal("%s has no stream %u", name, index);
	sid = dt_cell(iommus + 8 * index + 4);
	free(iommus);
	return sid;
}
