// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages and the calls that a VMM cannot go on without.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vmm.h"

bool verbose;

/* One write for a line, so that it stays whole beside the guest's console */
static void message(const char *fmt, va_list ap, int err)
{
	char text[700], line[900];
	int len;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (err)
		len = snprintf(line, sizeof(line), "pkvm-vmm: %s: %s\n", text,
			       strerror(err));
	else
		len = snprintf(line, sizeof(line), "pkvm-vmm: %s\n", text);
	if (write(STDERR_FILENO, line, len) != len)
		return;		/* there is nowhere left to say so */
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap, 0);
	va_end(ap);
}

void info(const char *fmt, ...)
{
	va_list ap;

	if (!verbose)
		return;
	va_start(ap, fmt);
	message(fmt, ap, 0);
	va_end(ap);
}

/*
 * Setting up the VM failed. The kernel closes and releases all of it, in
 * whatever state it is: it must do so for a VMM that is killed, too.
 */
void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap, 0);
	va_end(ap);
	exit(EXIT_VMM);
}

void fail_errno(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	message(fmt, ap, err);
	va_end(ap);
	exit(EXIT_VMM);
}

int must_ioctl(int fd, unsigned long request, const void *arg, const char *what)
{
	int ret = ioctl(fd, request, arg);

	if (ret < 0)
		fail_errno("%s", what);
	return ret;
}

int must_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		fail_errno("cannot open %s", path);
	return fd;
}

void *must_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		fail("out of memory");
	return p;
}

/*
 * pKVM pins each page that a protected guest touches and charges it to
 * RLIMIT_MEMLOCK. A guest that hits the limit dies half-way, so lift it now.
 */
void unlimited_locked_memory(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (!setrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (!getrlimit(RLIMIT_MEMLOCK, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_MEMLOCK, &limit);
	}
	say("no right to lift RLIMIT_MEMLOCK, %llu KiB must do for the guest",
	    (unsigned long long)limit.rlim_cur / 1024);
}

uint32_t random_u32(void)
{
	uint32_t value;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		fail_errno("getrandom");
	return value;
}
