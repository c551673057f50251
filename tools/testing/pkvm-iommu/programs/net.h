/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network devices and what their drivers count, by sysfs and by ethtool.
 */
#ifndef PKVM_IOMMU_PROGRAMS_NET_H
#define PKVM_IOMMU_PROGRAMS_NET_H

#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/socket.h>

#include "test.h"

#define MAX_COUNTERS	512

struct counters {
	unsigned int nr;
	struct {
		char name[ETH_GSTRING_LEN + 1];
		uint64_t value;
	} of[MAX_COUNTERS];
};

struct port {
	int fd;
	char name[IFNAMSIZ];
	uint8_t address[6];
	struct counters before;
	uint64_t drops;		/* of the socket: reading the number resets it */
};

bool ethtool(struct port *port, void *command);
bool counters_read(struct port *port, struct counters *c);
uint64_t counter_added(struct port *port, const char *name);
uint64_t socket_drops(struct port *port);
void counters_explain(struct port *port);

#endif
