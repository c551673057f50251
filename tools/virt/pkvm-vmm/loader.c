// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel and the initramfs, in guest memory before any vCPU runs: later
 * the host cannot write to a protected guest any more.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm.h"

#define SZ_2M		0x200000ULL
#define IMAGE_MAGIC	"ARM\x64"

/* Documentation/arch/arm64/booting.rst */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset;
	uint64_t image_size;	/* in memory, with what is not in the file */
	uint64_t flags;
	uint64_t reserved[3];
	char magic[4];
	uint32_t pe_offset;
};

/* The whole file to guest address addr; its size */
static uint64_t load_file(struct vm *vm, const char *path, uint64_t addr)
{
	uint64_t offset = addr - RAM_BASE, done = 0;
	int fd = must_open(path, O_RDONLY);
	struct stat st;
	ssize_t len;

	if (fstat(fd, &st))
		fail_errno("%s", path);
	if (offset > vm->mem_size || vm->mem_size - offset < (uint64_t)st.st_size)
		fail("%s: %llu bytes do not fit into a guest of %" PRIu64 " MiB",
		     path, (unsigned long long)st.st_size, vm->mem_size >> 20);
	while (done < (uint64_t)st.st_size) {
		len = read(fd, vm->mem + offset + done, st.st_size - done);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			fail_errno("cannot read %s", path);
		if (!len)
			fail("%s became shorter", path);
		done += len;
	}
	close(fd);
	return done;
}

static struct image_header read_header(const char *path)
{
	struct image_header header = { };
	int fd = must_open(path, O_RDONLY);

	if (read(fd, &header, sizeof(header)) < 0)
		fail_errno("cannot read %s", path);
	close(fd);
	if (memcmp(header.magic, IMAGE_MAGIC, sizeof(header.magic)))
		fail("%s is not an uncompressed arm64 Image", path);
	return header;
}

/* From the bottom: the kernel, the device tree, the initramfs */
void load_images(struct vm *vm, const char *kernel, const char *initrd,
		 struct image *image)
{
	struct image_header header = read_header(kernel);
	uint64_t size = le64toh(header.image_size);

	image->entry = RAM_BASE + le64toh(header.text_offset);
	if (size > vm->mem_size ||
	    image->entry - RAM_BASE > vm->mem_size - size)
		fail("%s needs %" PRIu64 " MiB, the guest has %" PRIu64 " MiB",
		     kernel, size >> 20, vm->mem_size >> 20);
	load_file(vm, kernel, image->entry);

	image->dtb = align_up(image->entry + size, SZ_2M);
	if (image->dtb + DTB_MAX_SIZE > RAM_BASE + vm->mem_size)
		fail("no room for the device tree in %" PRIu64 " MiB",
		     vm->mem_size >> 20);
	image->initrd = image->dtb + SZ_2M;
	image->initrd_end = image->initrd;
	if (initrd)
		image->initrd_end += load_file(vm, initrd, image->initrd);
}
