// SPDX-License-Identifier: GPL-2.0-only
/*
 * net FROM TO COUNT: send COUNT frames out of the network device whose driver is
 * FROM and compare what arrives at the one whose driver is TO. Both are plugged
 * into one hub, so that no stack in between has to be trusted or configured.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "test.h"

#define PROTOCOL	0x88b5		/* local experiments */
#define BURST		16
#define MAX_FRAME	1514
#define TIMEOUT_MS	5000

struct port {
	int fd;
	int index;
};

static bool find_by_driver(const char *driver, char *name, size_t size)
{
	char path[300], target[300];
	struct dirent *entry;
	DIR *dir = opendir("/sys/class/net");
	bool found = false;
	ssize_t len;

	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver",
			 entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = 0;
		if (!strcmp(strrchr(target, '/') + 1, driver)) {
			snprintf(name, size, "%.15s", entry->d_name);
			found = true;
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool wait_for_carrier(const char *name)
{
	uint64_t deadline = now_ms() + 20000;
	char path[300], state = '0';
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/carrier", name);
	while (now_ms() < deadline) {
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, &state, 1) == 1 && state == '1') {
			close(fd);
			return true;
		}
		close(fd);
		poll(NULL, 0, 50);
	}
	return false;
}

static bool port_open(struct port *port, const char *driver)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL),
	};
	struct ifreq ifr = { };
	char name[IFNAMSIZ];
	int size = 1 << 20;

	if (!expect(find_by_driver(driver, name, sizeof(name)), "%s", driver))
		return false;
	port->fd = socket(AF_PACKET, SOCK_RAW, htons(PROTOCOL));
	if (!expect(port->fd >= 0, "AF_PACKET: errno %d", errno))
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ioctl(port->fd, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP | IFF_PROMISC;
	if (!expect(!ioctl(port->fd, SIOCSIFFLAGS, &ifr), "%s: errno %d", name, errno))
		return false;
	ioctl(port->fd, SIOCGIFINDEX, &ifr);
	port->index = ifr.ifr_ifindex;
	addr.sll_ifindex = port->index;
	setsockopt(port->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return expect(!bind(port->fd, (struct sockaddr *)&addr, sizeof(addr)),
		      "%s: errno %d", name, errno) &&
	       expect(wait_for_carrier(name), "%s has no carrier", name);
}

/* The contents follow from the number */
static size_t make_frame(uint8_t *frame, uint32_t number)
{
	size_t size = 64 + number * 37 % (MAX_FRAME - 64);

	test_random_state = 0x9e3779b9 * (number + 1) | 1;
	fill_random(frame, MAX_FRAME & ~3);
	memset(frame, 0xff, 6);
	frame[6] = 0x02;
	frame[12] = PROTOCOL >> 8;
	frame[13] = PROTOCOL & 0xff;
	memcpy(frame + 14, &number, sizeof(number));
	return size;
}

static bool receive(struct port *port, uint32_t number)
{
	uint8_t want[MAX_FRAME], got[2048];
	struct pollfd pfd = { .fd = port->fd, .events = POLLIN };
	size_t size = make_frame(want, number);
	ssize_t len;

	if (!expect(poll(&pfd, 1, TIMEOUT_MS) == 1, "frame %u is lost", number))
		return false;
	len = recv(port->fd, got, sizeof(got), 0);
	return expect((size_t)len == size && !memcmp(got, want, size),
		      "frame %u: %zd bytes, not %zu, or other contents", number,
		      len, size);
}

static void transfer(struct port *from, struct port *to, uint32_t count)
{
	uint8_t frame[MAX_FRAME];
	uint32_t sent = 0, received = 0;

	while (received < count) {
		for (; sent < count && sent < received + BURST; sent++) {
			size_t size = make_frame(frame, sent);

			if (!expect(send(from->fd, frame, size, 0) == (ssize_t)size,
				    "send: errno %d", errno))
				return;
		}
		for (; received < sent; received++) {
			if (!receive(to, received))
				return;
		}
	}
}

int main(int argc, char **argv)
{
	struct port from, to;

	if (argc != 4)
		return 2;
	if (port_open(&from, argv[1]) && port_open(&to, argv[2]))
		transfer(&from, &to, atoi(argv[3]));
	return test_failed;
}
