// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dma_map and dma_unmap cost, as the kernel's own benchmark sees it. The
 * device must be bound to the driver dma_map_benchmark.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NSEC_PER_MSEC 1000000L
#include <linux/map_benchmark.h>

static int measure(int fd, unsigned int pages)
{
	struct map_benchmark bench = {
		.threads = 1,
		.seconds = 1,
		.node = -1,
		.dma_bits = 64,
		.dma_dir = DMA_MAP_BIDIRECTIONAL,
		.granule = pages,
	};

	if (ioctl(fd, DMA_MAP_BENCHMARK, &bench)) {
		perror("DMA_MAP_BENCHMARK");
		return 1;
	}
	/* Averages come in units of 100 ns */
	printf("# bench %u pages: map %llu unmap %llu\n", pages,
	       bench.avg_map_100ns * 100ULL, bench.avg_unmap_100ns * 100ULL);
	fflush(stdout);
	return 0;
}

int main(void)
{
	static const unsigned int sizes[] = { 1, 16, 512 };
	int fd = open("/sys/kernel/debug/dma_map_benchmark", O_RDWR);

	if (fd < 0) {
		perror("dma_map_benchmark");
		return 1;
	}
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (measure(fd, sizes[i]))
			return 1;
	return 0;
}
