// SPDX-License-Identifier: GPL-2.0-only
/*
 * Comparing and copying abstract states.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ghost.h"

static char said[512];

static ghost_verdict differ(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);

	return said;
}

void ghost_copy(struct ghost *to, const struct ghost *from)
{
	struct ghost_map maps[GHOST_MAX_DOMAINS];
	unsigned int i;

	for (i = 0; i < GHOST_MAX_DOMAINS; i++)
		maps[i] = to->domain[i].map;
	*to = *from;
	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		const struct ghost_map *map = &from->domain[i].map;

		if (maps[i].max < map->nr) {
			maps[i].max = map->max;
			maps[i].leaf = realloc(maps[i].leaf, map->max * sizeof(*map->leaf));
		}
		maps[i].nr = from->domain[i].used ? map->nr : 0;
		if (maps[i].nr)
			memcpy(maps[i].leaf, map->leaf, map->nr * sizeof(*map->leaf));
		to->domain[i].map = maps[i];
	}
}

static ghost_verdict differ_map(const struct ghost_domain *want, const struct ghost_domain *have)
{
	unsigned int i;

	for (i = 0; i < want->map.nr && i < have->map.nr; i++) {
		const struct ghost_leaf *w = &want->map.leaf[i], *h = &have->map.leaf[i];

		if (w->iova != h->iova || w->phys != h->phys || w->size != h->size ||
		    w->read != h->read || w->write != h->write || w->stale != h->stale)
			return differ("domain %lu of %u maps 0x%lx+0x%lx at 0x%lx (%d%d%d), want 0x%lx+0x%lx at 0x%lx (%d%d%d)",
				      want->handle, want->owner, h->phys, h->size, h->iova,
				      h->read, h->write, h->stale, w->phys, w->size, w->iova,
				      w->read, w->write, w->stale);
	}
	if (want->map.nr != have->map.nr)
		return differ("domain %lu of %u maps %u leaves, want %u", want->handle,
			      want->owner, have->map.nr, want->map.nr);

	return NULL;
}

static ghost_verdict differ_domains(const struct ghost *want, const struct ghost *have)
{
	ghost_verdict v;
	unsigned int i;

	for (i = 0; i < GHOST_MAX_DOMAINS; i++) {
		const struct ghost_domain *w = &want->domain[i], *h;

		if (have->domain[i].used &&
		    !find_domain((struct ghost *)want, have->domain[i].owner,
				 have->domain[i].handle))
			return differ("there is a domain %lu of %u", have->domain[i].handle,
				      have->domain[i].owner);
		if (!w->used)
			continue;
		h = find_domain((struct ghost *)have, w->owner, w->handle);
		if (!h)
			return differ("domain %lu of %u is gone", w->handle, w->owner);
		if (w->dying != h->dying || w->wedged != h->wedged || w->streams != h->streams)
			return differ("domain %lu of %u: dying %d wedged %d streams %u, want %d %d %u",
				      w->handle, w->owner, h->dying, h->wedged, h->streams,
				      w->dying, w->wedged, w->streams);
		v = differ_map(w, h);
		if (v)
			return v;
	}

	return NULL;
}

static ghost_verdict differ_streams(const struct ghost *want, const struct ghost *have)
{
	unsigned int i, j;

	for (i = 0; i < sim_nr_smmus; i++) {
		for (j = 0; j < NR_SIDS; j++) {
			const struct ghost_stream *w = &want->stream[i][j];
			const struct ghost_stream *h = &have->stream[i][j];

			if (w->known != h->known || w->owner != h->owner ||
			    w->domain != h->domain || w->live != h->live)
				return differ("stream 0x%x of SMMU %u: known %d owner %u domain %lu live %d, want %d %u %lu %d",
					      machine_sids[j], i, h->known, h->owner, h->domain,
					      h->live, w->known, w->owner, w->domain, w->live);
		}
		if (want->smmu_dead[i] != have->smmu_dead[i])
			return differ("SMMU %u is %s", i, have->smmu_dead[i] ? "dead" : "alive");
	}

	return NULL;
}

static ghost_verdict differ_groups(const struct ghost *want, const struct ghost *have)
{
	unsigned int i;

	for (i = 0; i < MACHINE_MAX_GROUPS; i++) {
		const struct ghost_group *w = &want->group[i], *h = &have->group[i];

		if (w->state != h->state || w->owner != h->owner || w->clean != h->clean ||
		    w->host != h->host)
			return differ("group %u: state %d owner %u clean %d host %d, want %d %u %d %d",
				      i, h->state, h->owner, h->clean, h->host, w->state,
				      w->owner, w->clean, w->host);
	}

	return NULL;
}

static ghost_verdict differ_vms(const struct ghost *want, const struct ghost *have)
{
	unsigned int i;

	for (i = 0; i < GHOST_MAX_VMS; i++) {
		const struct ghost_vm *w = &want->vm[i], *h = &have->vm[i];

		if (w->life != h->life || w->context != h->context || w->dead != h->dead ||
		    w->served != h->served || w->plain != h->plain ||
		    w->host_has_regs != h->host_has_regs)
			return differ("VM %u: life %d context %d dead %d served %d plain %d host_has_regs %d, want %d %d %d %d %d %d",
				      i, h->life, h->context, h->dead, h->served, h->plain,
				      h->host_has_regs, w->life, w->context, w->dead, w->served,
				      w->plain, w->host_has_regs);
		if (w->waits != h->waits || (w->waits && w->wait_for != h->wait_for))
			return differ("VM %u: waits %u times for 0x%lx, want %u times for 0x%lx",
				      i, h->waits, h->wait_for, w->waits, w->wait_for);
		if (w->nr_routes != h->nr_routes ||
		    memcmp(w->routes, h->routes, sizeof(w->routes)))
			return differ("VM %u: its %u routes are not the %u that it should have", i,
				      h->nr_routes, w->nr_routes);
		if (w->nr_events != h->nr_events || w->lost != h->lost ||
		    memcmp(w->events, h->events, w->nr_events * sizeof(*w->events)))
			return differ("VM %u: it has other faults than it should: %u and %u lost, want %u and %u",
				      i, h->nr_events, h->lost, w->nr_events, w->lost);
		if (memcmp(w->gfn, h->gfn, sizeof(w->gfn)))
			return differ("VM %u: its memory changed", i);
	}

	return NULL;
}

ghost_verdict ghost_differ(const struct ghost *want, const struct ghost *have)
{
	unsigned int i;

	for (i = 0; i < want->nr_pages; i++) {
		const struct ghost_page *w = &want->page[i], *h = &have->page[i];

		if (w->owner != h->owner || w->host != h->host || w->idmap != h->idmap ||
		    w->dma != h->dma || w->lent != h->lent)
			return differ("page 0x%lx: owner %u host %u idmap %d dma %u lent %u, want %u %u %d %u %u",
				      page_phys(i), h->owner, h->host, h->idmap, h->dma, h->lent,
				      w->owner, w->host, w->idmap, w->dma, w->lent);
	}
	for (i = 0; i <= GHOST_MAX_VMS; i++) {
		u64 w = want->pool[i].free + want->pool[i].used;
		u64 h = have->pool[i].free + have->pool[i].used;

		/* How much of it is in use is the implementation's affair */
		if (w != h)
			return differ("pool %u holds %lu pages, want %lu", i, h, w);
	}

	return differ_domains(want, have) ?: differ_streams(want, have) ?:
	       differ_groups(want, have) ?: differ_vms(want, have);
}
