// SPDX-License-Identifier: GPL-2.0-only
#include "net.h"

static void counter_add(struct counters *c, const char *name, uint64_t value)
{
	if (c->nr == MAX_COUNTERS)
		return;
	snprintf(c->of[c->nr].name, sizeof(c->of[0].name), "%.*s", ETH_GSTRING_LEN, name);
	c->of[c->nr++].value = value;
}

/* What every driver has */
static void counters_sysfs(struct port *port, struct counters *c)
{
	char path[400], text[32];
	struct dirent *entry;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics", port->name);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", port->name,
			 entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f && fgets(text, sizeof(text), f))
			counter_add(c, entry->d_name, strtoull(text, NULL, 10));
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
}

bool ethtool(struct port *port, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", port->name);
	return !ioctl(port->fd, SIOCETHTOOL, &ifr);
}

/* What this one has beyond that */
static void counters_ethtool(struct port *port, struct counters *c)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_gstrings *names;
	struct ethtool_stats *values;

	if (!ethtool(port, &info) || !info.n_stats || info.n_stats > MAX_COUNTERS)
		return;
	names = calloc(1, sizeof(*names) + info.n_stats * ETH_GSTRING_LEN);
	values = calloc(1, sizeof(*values) + info.n_stats * sizeof(uint64_t));
	if (!names || !values)
		fatal("memory");
	*names = (struct ethtool_gstrings){ ETHTOOL_GSTRINGS, ETH_SS_STATS, info.n_stats };
	*values = (struct ethtool_stats){ ETHTOOL_GSTATS, info.n_stats };
	if (ethtool(port, names) && ethtool(port, values)) {
		for (unsigned int i = 0; i < info.n_stats; i++)
			counter_add(c, (char *)names->data + i * ETH_GSTRING_LEN,
				    values->data[i]);
	}
	free(names);
	free(values);
}

bool counters_read(struct port *port, struct counters *c)
{
	c->nr = 0;
	counters_sysfs(port, c);
	counters_ethtool(port, c);
	return c->nr;
}

/* What a counter has grown by since the port was opened */
uint64_t counter_added(struct port *port, const char *name)
{
	static struct counters now;

	counters_read(port, &now);
	for (unsigned int i = 0; i < now.nr && i < port->before.nr; i++) {
		if (!strcmp(now.of[i].name, name))
			return now.of[i].value - port->before.of[i].value;
	}
	fatal("no counter %s", name);
}

/* What the socket had no room for */
uint64_t socket_drops(struct port *port)
{
	struct tpacket_stats stats = { };
	socklen_t len = sizeof(stats);

	if (!getsockopt(port->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		port->drops += stats.tp_drops;
	return port->drops;
}

/* All counters that are not what they were */
void counters_explain(struct port *port)
{
	static struct counters now;

	counters_read(port, &now);
	for (unsigned int i = 0; i < now.nr && i < port->before.nr; i++) {
		if (now.of[i].value != port->before.of[i].value)
			ktap_line("# %s: %s: %" PRIu64 " more", port->name, now.of[i].name,
				  now.of[i].value - port->before.of[i].value);
	}
	ktap_line("# %s: the socket dropped %" PRIu64, port->name, socket_drops(port));
}
