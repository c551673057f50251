// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdump [TEST]...: load a crash kernel, in the two ways that there are.
 */
#include <linux/kexec.h>
#include <sys/syscall.h>

#include "test.h"

#define CMDLINE_MAX	2048
#define DELIMITERS	"\n "
#define CRASH_TEST	"pkvm_test=kdump_crash"

/* A crash kernel of one page would do: the call is refused before it matters */
static void test_kexec_load(void)
{
	static char page[4096];
	struct kexec_segment segment = {
		.buf = page, .bufsz = sizeof(page), .memsz = sizeof(page),
	};
	FILE *f = fopen("/proc/iomem", "r");
	unsigned long start = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "Crash kernel"))
			sscanf(line, " %lx-", &start);
	}
	if (f)
		fclose(f);
	if (!expect(start, "no memory for a crash kernel"))
		return;
	segment.mem = (void *)start;
	expect_eq(syscall(SYS_kexec_load, start, 1UL, &segment,
			  KEXEC_ON_CRASH | KEXEC_ARCH_AARCH64), -1);
	expect_eq(errno, EOPNOTSUPP);
}

/* As this one was started, but for the tests and the memory to set aside */
static void crash_cmdline(char *out, size_t size)
{
	char line[CMDLINE_MAX] = "", *word;
	int fd = open("/proc/cmdline", O_RDONLY);

	if (read(fd, line, sizeof(line) - 1) < 0)
		line[0] = 0;
	close(fd);
	out[0] = 0;
	for (word = strtok(line, DELIMITERS); word; word = strtok(NULL, DELIMITERS)) {
		if (!strncmp(word, "crashkernel=", 12) || !strncmp(word, "pkvm_test=", 10))
			continue;
		strncat(out, word, size - strlen(out) - 2);
		strcat(out, " ");
	}
	strncat(out, CRASH_TEST, size - strlen(out) - 1);
}

static void test_kexec_file_load(void)
{
	int kernel = open("/guest/Image", O_RDONLY), initrd = open("/crash.cpio", O_RDONLY);
	char cmdline[CMDLINE_MAX];

	crash_cmdline(cmdline, sizeof(cmdline));
	expect(!syscall(SYS_kexec_file_load, kernel, initrd, strlen(cmdline) + 1,
			cmdline, KEXEC_FILE_ON_CRASH), "errno %d", errno);
	close(initrd);
	close(kernel);
}

static const struct test tests[] = {
	{ "kexec_load_refused", test_kexec_load },
	{ "kexec_file_load", test_kexec_file_load },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
