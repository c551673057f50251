// SPDX-License-Identifier: GPL-2.0-only
/*
 * pkvm-vmm: run an arm64 Linux as a protected or plain VM under KVM.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "vmm.h"

#define MAX_VFIO	32

struct options {
	const char *kernel;
	const char *initrd;
	const char *append;
	unsigned long mem_mib;
	unsigned long cpus;
	bool protected;
	const char *isolation;
	const char *vfio[MAX_VFIO];
	unsigned int nr_vfio;
};

static const char usage[] =
"usage: pkvm-vmm --kernel IMAGE [options]\n"
"  --kernel FILE     uncompressed arm64 Image\n"
"  --initrd FILE     initramfs\n"
"  --append TEXT     more kernel command line\n"
"  --mem MIB         memory, 256 by default\n"
"  --cpus N          vCPUs, 1 by default\n"
"  --protected       protected VM\n"
"  --vfio DIR[,...]  assign the platform device of sysfs folder DIR, which\n"
"                    vfio-platform drives; may be repeated. See README.rst for\n"
"                    node=NAME compatible=TEXT vsid=N[:N...] iommu=type1 map=no irq=no\n"
"                    faults=no\n"
"  --dma-isolation=required|optional\n"
"                    whether a protected VM starts where the hypervisor does not\n"
"                    isolate all DMA; by default required with --vfio\n"
"  --verbose         say what is done\n"
"Exit status: the guest's; 123 reset, 124 crashed vCPU, 125 no VM, 128+N signal N\n";

static unsigned long parse_number(const char *text, const char *option)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		fail("--%s: \"%s\" is not a number", option, text);
	return value;
}

static void parse_options(struct options *o, int argc, char **argv)
{
	enum {
		KERNEL, INITRD, APPEND, MEM, CPUS, PROTECTED, VFIO, ISOLATION, VERBOSE, HELP
	};
	static const struct option names[] = {
		{ "kernel", required_argument, NULL, KERNEL },
		{ "initrd", required_argument, NULL, INITRD },
		{ "append", required_argument, NULL, APPEND },
		{ "mem", required_argument, NULL, MEM },
		{ "cpus", required_argument, NULL, CPUS },
		{ "protected", no_argument, NULL, PROTECTED },
		{ "vfio", required_argument, NULL, VFIO },
		{ "dma-isolation", required_argument, NULL, ISOLATION },
		{ "verbose", no_argument, NULL, VERBOSE },
		{ "help", no_argument, NULL, HELP },
		{ }
	};
	int c;

	*o = (struct options){ .mem_mib = 256, .cpus = 1 };
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case KERNEL:
			o->kernel = optarg;
			break;
		case INITRD:
			o->initrd = optarg;
			break;
		case APPEND:
			o->append = optarg;
			break;
		case MEM:
			o->mem_mib = parse_number(optarg, "mem");
			break;
		case CPUS:
			o->cpus = parse_number(optarg, "cpus");
			break;
		case PROTECTED:
			o->protected = true;
			break;
		case VFIO:
			if (o->nr_vfio == MAX_VFIO)
				fail("more than %d --vfio", MAX_VFIO);
			o->vfio[o->nr_vfio++] = optarg;
			break;
		case ISOLATION:
			o->isolation = optarg;
			break;
		case VERBOSE:
			verbose = true;
			break;
		case HELP:
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(EXIT_VMM);
		}
	}
	if (optind < argc)
		fail("what is \"%s\"? --help lists the options", argv[optind]);
	if (!o->kernel)
		fail("--kernel is missing; --help lists the options");
	if (!o->mem_mib || o->mem_mib > (1UL << 19))
		fail("--mem %lu: 1 to %lu MiB", o->mem_mib, 1UL << 19);
}

/* By default the owner of a device says by it that DMA has to be isolated */
static enum isolation isolation_of(const struct options *o)
{
	if (!o->isolation)
		return o->nr_vfio ? ISOLATION_REQUIRED : ISOLATION_OPTIONAL;
	if (!strcmp(o->isolation, "required"))
		return ISOLATION_REQUIRED;
	if (strcmp(o->isolation, "optional"))
		fail("--dma-isolation=%s: required or optional", o->isolation);
	return ISOLATION_OPTIONAL;
}

/*
 * Keys go to the guest one by one and unseen; ctrl-C remains ours. Not when we
 * run in the background: the terminal is somebody else's then.
 */
static bool raw_terminal(struct termios *before)
{
	struct termios raw;

	if (tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, before))
		return false;
	raw = *before;
	raw.c_lflag &= ~(ICANON | ECHO);
	return !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static int block_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* Before the vCPUs' threads, which inherit it */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		fail_errno("signalfd");
	return fd;
}

/* Until a vCPU or a signal ends the VM */
static void event_loop(struct vm *vm, struct uart *uart, int signals)
{
	struct pollfd fds[] = {
		{ .fd = vm->stop_fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	struct signalfd_siginfo sig;
	uint8_t keys[16];
	ssize_t len;

	while (!vm_stopping(vm)) {
		/* A full UART is looked at again after 50 ms */
		bool room = uart_room(uart) >= sizeof(keys);

		if (poll(fds, room ? 3 : 2, room ? -1 : 50) < 0)
			continue;
		if (fds[1].revents & POLLIN &&
		    read(signals, &sig, sizeof(sig)) == sizeof(sig)) {
			say("ended by signal %u", sig.ssi_signo);
			vm_stop(vm, 128 + sig.ssi_signo);
		}
		if (room && fds[2].revents) {
			len = read(STDIN_FILENO, keys, sizeof(keys));
			if (len > 0)
				uart_input(uart, keys, len);
			else
				fds[2].fd = -1;
		}
	}
}

/* Or the first files of the VM would be taken for input and output */
static void open_standard_files(void)
{
	int fd;

	do {
		fd = must_open("/dev/null", O_RDWR);
	} while (fd <= STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	struct termios terminal;
	struct options options;
	struct image image;
	struct device *dev;
	struct uart *uart;
	static struct vm vm;
	unsigned int i;
	int signals;
	bool raw;

	open_standard_files();
	parse_options(&options, argc, argv);
	signals = block_signals();

	/*
	 * The order of crosvm: the VM and its memory, the assigned devices with
	 * their pvIOMMUs, the vCPUs. EL2 learns of the VM when its first vCPU
	 * first runs, and takes memory, vCPUs and routes as they are then.
	 */
	vm_create(&vm, options.protected, isolation_of(&options), options.mem_mib << 20);
	for (i = 0; i < options.nr_vfio; i++)
		vfio_add(&vm, options.vfio[i]);
	vcpus_create(&vm, options.cpus);
	gic_create(&vm);
	uart = uart_create(&vm);
	exit_create(&vm);
	for (dev = vm.devices; dev; dev = dev->next) {
		if (dev->start)
			dev->start(dev);
	}
	load_images(&vm, options.kernel, options.initrd, &image);
	fdt_build(&vm, &image, options.append);

	raw = raw_terminal(&terminal);
	vcpus_start(&vm, image.entry, image.dtb);
	event_loop(&vm, uart, signals);
	vcpus_stop(&vm);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal);
	vm_destroy(&vm);
	close(signals);
	return vm.status;
}
