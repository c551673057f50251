// SPDX-License-Identifier: GPL-2.0-only
#include "hidden.h"

struct hidden hidden[512];
size_t nr_hidden;
uint64_t hidden_pages;

static void hidden_add(uint64_t phys)
{
	hidden_pages++;
	if (nr_hidden && hidden[nr_hidden - 1].end == phys) {
		hidden[nr_hidden - 1].end += page_size;
	} else if (nr_hidden < ARRAY_SIZE(hidden)) {
		hidden[nr_hidden].start = phys;
		hidden[nr_hidden++].end = phys + page_size;
	}
}

static void hidden_scan_range(uint64_t start, uint64_t end)
{
	uint8_t *mem = phys_map(start, end - start);
	uint32_t value;

	for (uint64_t off = 0; off < end - start; off += page_size) {
		if (try_read32(mem + off, &value))
			hidden_add(start + off);
	}
	munmap(mem, end - start);
}

/* Returns the number of pages */
uint64_t hidden_scan(void)
{
	FILE *f = fopen("/proc/iomem", "r");
	uint64_t start, end;
	char line[256];

	nr_hidden = 0;
	hidden_pages = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (line[0] != ' ' && strstr(line, "System RAM") &&
		    sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) == 2)
			hidden_scan_range(start, end + 1);
	}
	if (f)
		fclose(f);
	return hidden_pages;
}

bool is_hidden(uint64_t phys)
{
	for (size_t i = 0; i < nr_hidden; i++) {
		if (phys >= hidden[i].start && phys < hidden[i].end)
			return true;
	}
	return false;
}
