// SPDX-License-Identifier: GPL-2.0-only
/*
 * net FROM TO COUNT [DROPS]: send COUNT frames out of the network device whose driver
 * is FROM and compare what arrives at the one whose driver is TO. Both are plugged
 * into one hub, so that no stack in between has to be trusted or configured.
 *
 * Each frame must arrive as it was sent. Network devices may change the order, and up
 * to DROPS frames may be dropped on the way and are sent again: if the driver of TO
 * has not got them. A frame that it got and nobody has seen is in the wrong place.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "net.h"
#include "test.h"

#define PROTOCOL	0x88b5		/* local experiments */
#define BURST		16
#define MAX_FRAME	1514
#define MAX_COUNT	4096
#define TIMEOUT_MS	5000

static uint32_t run;

/* What arrived: frames of ours by number, and how many of others */
static struct {
	bool seen[MAX_COUNT];
	uint32_t nr_seen, nr_others, nr_late, nr_resent;
	char others[8][100];
	uint8_t other[ETH_ALEN];	/* address of the device that sends */
} came;

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
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
	};
	struct ifreq ifr = { };
	char *name = port->name;
	int size = 1 << 20;

	if (!expect(find_by_driver(driver, name, sizeof(port->name)), "%s", driver))
		return false;
	port->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (!expect(port->fd >= 0, "AF_PACKET: errno %d", errno))
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ioctl(port->fd, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP | IFF_PROMISC;
	if (!expect(!ioctl(port->fd, SIOCSIFFLAGS, &ifr), "%s: errno %d", name, errno))
		return false;
	ioctl(port->fd, SIOCGIFINDEX, &ifr);
	addr.sll_ifindex = ifr.ifr_ifindex;
	ioctl(port->fd, SIOCGIFHWADDR, &ifr);
	memcpy(port->address, ifr.ifr_hwaddr.sa_data, sizeof(port->address));
	setsockopt(port->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return expect(!bind(port->fd, (struct sockaddr *)&addr, sizeof(addr)),
		      "%s: errno %d", name, errno) &&
	       expect(wait_for_carrier(name), "%s has no carrier", name);
}

/* The contents follow from the number, and differ from those of other runs */
static size_t make_frame(uint8_t *frame, uint32_t number)
{
	size_t size = 64 + number * 37 % (MAX_FRAME - 64);

	test_random_state = 0x9e3779b9 * (number + 1 + run) | 1;
	fill_random(frame, MAX_FRAME & ~3);
	memset(frame, 0xff, 6);
	frame[6] = 0x02;
	frame[12] = PROTOCOL >> 8;
	frame[13] = PROTOCOL & 0xff;
	memcpy(frame + 14, &number, sizeof(number));
	return size;
}

static bool send_frame(struct port *from, uint32_t number)
{
	uint8_t frame[MAX_FRAME];
	size_t size = make_frame(frame, number);

	return expect(send(from->fd, frame, size, 0) == (ssize_t)size, "send: errno %d",
		      errno);
}

/* Which frame of ours it is, if it is one to the last byte; else -1 */
static int64_t number_of(const uint8_t *got, size_t len, uint32_t sent)
{
	uint8_t want[MAX_FRAME];
	uint32_t number;

	if (len < 18)
		return -1;
	memcpy(&number, got + 14, sizeof(number));
	if (number >= sent || make_frame(want, number) != len || memcmp(got, want, len))
		return -1;
	return number;
}

/* What the kernel sends by itself out of the other device, and nothing else */
static bool is_foreign(const uint8_t *got, size_t len)
{
	uint16_t protocol = got[12] << 8 | got[13];

	return len >= 14 && !memcmp(got + 6, came.other, sizeof(came.other)) &&
	       (protocol == ETH_P_IP || protocol == ETH_P_ARP || protocol == ETH_P_IPV6);
}

static void describe(char *text, size_t size, const uint8_t *got, size_t len)
{
	size_t n = snprintf(text, size, "%zu bytes", len);

	for (size_t at = 0; at < len && at < 22; at++)
		n += snprintf(text + n, size - n, "%s%02x", at % 4 ? "" : " ", got[at]);
}

/* Where it differs from the frame that it says it is */
static void describe_difference(const uint8_t *got, size_t len, uint32_t sent)
{
	uint8_t want[MAX_FRAME];
	size_t size, at = 0;
	uint32_t number;

	memcpy(&number, got + 14, sizeof(number));
	if (len < 18 || number >= sent)
		return;
	size = make_frame(want, number);
	while (at < len && at < size && got[at] == want[at])
		at++;
	ktap_line("# it says %u, which has %zu bytes; byte %zu is the first that differs",
		  number, size, at);
}

static bool take(const uint8_t *got, size_t len, uint32_t sent)
{
	int64_t number = number_of(got, len, sent);
	char text[100];

	if (number < 0 && is_foreign(got, len)) {
		describe(came.others[came.nr_others++ % ARRAY_SIZE(came.others)],
			 sizeof(came.others[0]), got, len);
		return true;
	}
	describe(text, sizeof(text), got, len);
	if (!expect(number >= 0, "other contents: %s", text)) {
		describe_difference(got, len, sent);
		return false;
	}
	if (!expect(!came.seen[number], "frame %" PRId64 " came twice", number))
		return false;
	came.seen[number] = true;
	came.nr_late += number != came.nr_seen++;
	return true;
}

/* Whether something came that was right; *nothing: nothing did for so long */
static bool receive(struct port *port, uint32_t sent, int timeout, bool *nothing)
{
	struct sockaddr_ll addr;
	socklen_t addr_len = sizeof(addr);
	struct pollfd pfd = { .fd = port->fd, .events = POLLIN };
	uint8_t got[2048] = { };
	ssize_t len;

	*nothing = poll(&pfd, 1, timeout) != 1;
	if (*nothing)
		return true;
	len = recvfrom(port->fd, got, sizeof(got), 0, (struct sockaddr *)&addr, &addr_len);
	if (!expect(len >= 0, "recv: errno %d", errno))
		return false;
	return addr.sll_pkttype == PACKET_OUTGOING || take(got, len, sent);
}

/* They do not come any more. They may have been dropped, not too many */
static bool send_again(struct port *from, uint32_t sent, uint32_t drops)
{
	for (uint32_t number = 0; number < sent; number++) {
		if (came.seen[number])
			continue;
		ktap_line("# frame %u is lost, %u have come", number, came.nr_seen);
		if (!expect(came.nr_resent++ < drops, "%u may be dropped", drops) ||
		    !send_frame(from, number))
			return false;
	}
	return true;
}

static bool transfer(struct port *from, struct port *to, uint32_t count, uint32_t drops)
{
	uint32_t sent = 0;
	bool nothing;

	while (came.nr_seen < count) {
		for (; sent < count && sent < came.nr_seen + BURST; sent++) {
			if (!send_frame(from, sent))
				return false;
		}
		if (!receive(to, sent, TIMEOUT_MS, &nothing) ||
		    (nothing && !send_again(from, sent, drops)))
			return false;
	}
	return true;
}

/*
 * What the driver got beyond what was seen went elsewhere. A buffer that nobody has
 * written to may still hold what the kernel sent before: not more of that than is new.
 */
static void check_dropped(struct port *from, struct port *to, uint32_t sent)
{
	uint64_t got, seen, others, deadline = now_ms() + TIMEOUT_MS;
	bool nothing;

	do {
		if (!receive(to, sent, 100, &nothing))
			return;
		got = counter_added(to, "rx_packets");
		seen = came.nr_seen + came.nr_others + socket_drops(to);
	} while (got != seen && now_ms() < deadline);
	expect(got == seen, "%" PRIu64 " frames reached the driver of %s, %" PRIu64
	       " were seen", got, to->name, seen);
	others = counter_added(from, "tx_packets") - sent - came.nr_resent;
	expect(came.nr_others <= others, "%u others, %" PRIu64 " were sent",
	       came.nr_others, others);
}

/* From here on all that its driver gets must be seen */
static bool start(struct port *port)
{
	struct pollfd pfd = { .fd = port->fd, .events = POLLIN };
	uint8_t frame[2048];

	do {
		while (poll(&pfd, 1, 0) == 1)
			recv(port->fd, frame, sizeof(frame), 0);
		if (!expect(counters_read(port, &port->before), "%s: no counters",
			    port->name))
			return false;
	} while (poll(&pfd, 1, 0) == 1);
	socket_drops(port);
	port->drops = 0;
	return true;
}

static void explain(struct port *from, struct port *to)
{
	ktap_line("# %u frames came, %u not in order, %u were sent again, %u others",
		  came.nr_seen, came.nr_late, came.nr_resent, came.nr_others);
	for (uint32_t i = 0; i < came.nr_others && i < ARRAY_SIZE(came.others); i++)
		ktap_line("# other: %s", came.others[i]);
	counters_explain(from);
	counters_explain(to);
}

int main(int argc, char **argv)
{
	uint32_t count = argc > 3 ? atoi(argv[3]) : 0;
	static struct port from, to;

	if ((argc != 4 && argc != 5) || count > MAX_COUNT)
		return 2;
	run = getpid() * 0x10001 + now_ms();
	if (!port_open(&from, argv[1]) || !port_open(&to, argv[2]))
		return 1;
	memcpy(came.other, from.address, sizeof(came.other));
	if (start(&from) && start(&to) &&
	    transfer(&from, &to, count, argc == 5 ? atoi(argv[4]) : 0) &&
	    came.nr_resent)
		check_dropped(&from, &to, count);
	if (test_failed || came.nr_resent)
		explain(&from, &to);
	return test_failed;
}
